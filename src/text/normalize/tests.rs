use super::*;
use proptest::prelude::*;

fn arabic(text: &str) -> String {
    Normalizer::default().normalize(text).into_owned()
}

#[test]
fn each_fold_does_what_its_switch_says() {
    for (switch, text, folded) in [
        ("nfc", "cafe\u{301} مسو\u{654}ول", "café مسؤول"),
        ("presentation_forms", "ﻻ ﷲ ﺳﻼم", "لا الله سلام"),
        ("tatweel", "الـ14 سـلام", "ال14 سلام"),
        ("tashkeel", "ذٰلِكَ الكِتَابُ مُحَمَّدٌ", "ذلك الكتاب محمد"),
        ("alef", "أحمد إلى آخر ٱلكتاب", "احمد الى اخر الكتاب"),
        ("alef_maksura", "فى على", "في علي"),
        ("teh_marbuta", "هدنة", "هدنه"),
        ("persian", "کی", "كي"),
        ("digits", "٢٠١٧ ۳٫۵ ١٬٠٠٠ ٥٪", "2017 3.5 1,000 5%"),
        ("mask_digits", "سو 34 في 2017", "سو 00 في 0000"),
        ("invisibles", "\u{200F}قال\u{061C} \u{202B}إن\u{202C}\u{200D}\u{FEFF}", "قال إن"),
        ("whitespace", "  قال\u{00A0}\t إن\r\n", "قال إن"),
        ("lowercase", "NATO حلف İ", "nato حلف i\u{307}"),
    ] {
        let mut value = serde_json::to_value(Switches::none()).unwrap();
        value[switch] = true.into();
        let switches: Switches = serde_json::from_value(value).unwrap();
        assert_eq!(Normalizer::new(switches).normalize(text), folded, "{switch}");
    }
}

#[test]
fn hamza_on_waw_and_ya_stays() {
    assert_eq!(arabic("المسؤول بئر شؤون"), "المسؤول بئر شؤون");
    assert_eq!(
        arabic("المسو\u{64E}\u{654}ول بي\u{654}ر"),
        "المسؤول بئر",
        "composed before marks are counted"
    );
    assert_eq!(arabic("ا\u{653}خر ا\u{654}حمد ا\u{655}لى"), "اخر احمد الي");
}

#[test]
fn a_hamza_without_its_letter_goes_with_the_marks() {
    // Regression: once the orphan was gone, what stood behind it composed only on the second round.
    assert_eq!(arabic("a\u{653}\u{30a}"), "å");
    assert_eq!(arabic("أ\u{654}"), "ا");
}

#[test]
fn text_that_stays_is_not_copied() {
    let normalizer = Normalizer::default();
    for text in ["", "قال ان الجيش", "plain words 27.8", "«قال» – “نعم”…"] {
        assert!(matches!(normalizer.normalize(text), Cow::Borrowed(same) if same == text), "{text}");
    }
    assert!(matches!(Normalizer::new(Switches::none()).normalize("  أ\u{64E} "), Cow::Borrowed(_)));
}

#[test]
fn unknown_switches_are_errors() {
    let error = serde_json::from_str::<Switches>(r#"{"tashkil": true}"#).unwrap_err().to_string();
    assert!(error.contains("tashkil") && error.contains("tashkeel"), "{error}");
}

#[test]
fn spans_lead_back_to_the_original() {
    let text = "قالَ  المُتَحدِّثُ: ﻻ";
    let aligned = Normalizer::default().align(text);
    assert_eq!(aligned.text(), "قال المتحدث: لا");
    let word = aligned.text().find("المتحدث").unwrap();
    let original = aligned.original(word..word + "المتحدث".len());
    assert_eq!(&text[original], "المُتَحدِّثُ", "with the marks of its last letter");
    let ligature = aligned.text().len() - "لا".len();
    assert_eq!(&text[aligned.original(ligature..aligned.text().len())], "ﻻ");
    assert_eq!(aligned.original(3..3), 0..0);
    assert_eq!(aligned.original(3..999), 0..0);
}

/// Strings dense in what the folds look at.
pub(crate) fn nasty() -> impl Strategy<Value = String> {
    let special = prop::sample::select(
        "اأإآٱىيیئؤوهةۀكک\u{640}\u{64E}\u{651}\u{653}\u{654}\u{655}\u{670}\u{6D6}٣۳٫٬٪09 \u{200F}\u{61C}\u{200D}\u{FEFF}\t\r\n\u{A0}\u{2003}\u{2028}HW\u{331}\u{30A}İÅK\u{212B}\u{F73}\u{344}ﻻﷺﹽ\u{1100}\u{1161}\u{11A8}.«»…"
            .chars()
            .collect::<Vec<_>>(),
    );
    prop::collection::vec(prop_oneof![9 => special, 1 => any::<char>()], 0..40)
        .prop_map(|chars| chars.into_iter().collect())
}

pub(crate) fn switches() -> impl Strategy<Value = Switches> {
    prop_oneof![
        Just(Switches::arabic()),
        prop::array::uniform13(any::<bool>()).prop_map(|on| Switches {
            nfc: on[0],
            presentation_forms: on[1],
            tatweel: on[2],
            tashkeel: on[3],
            alef: on[4],
            alef_maksura: on[5],
            teh_marbuta: on[6],
            persian: on[7],
            digits: on[8],
            mask_digits: on[9],
            invisibles: on[10],
            whitespace: on[11],
            lowercase: on[12],
        })
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn normalising_twice_is_normalising_once(text in nasty(), switches in switches()) {
        let normalizer = Normalizer::new(switches);
        let once = normalizer.normalize(&text).into_owned();
        prop_assert_eq!(normalizer.normalize(&once), once.as_str());
    }

    #[test]
    fn the_fast_path_agrees_with_the_plain_one(text in nasty(), switches in switches()) {
        let normalizer = Normalizer::new(switches);
        let aligned = normalizer.align(&text);
        prop_assert_eq!(normalizer.normalize(&text), aligned.text());
        let mut out = String::from("before ");
        normalizer.normalize_into(&text, &mut out);
        prop_assert_eq!(&out["before ".len()..], aligned.text());
    }

    #[test]
    fn nfc_alone_is_unicode_nfc(text in nasty()) {
        use unicode_normalization::UnicodeNormalization;
        let normalizer = Normalizer::new(Switches { nfc: true, ..Switches::none() });
        prop_assert_eq!(normalizer.normalize(&text).into_owned(), text.nfc().collect::<String>());
    }

    #[test]
    fn marks_and_controls_do_not_matter(text in nasty(), at in any::<prop::sample::Index>(),
                                        mark in prop::sample::select(vec!['\u{640}', '\u{64E}', '\u{651}', '\u{670}', '\u{200F}', '\u{61C}', '\u{2066}'])) {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let mut marked = text.clone();
        marked.insert(places[at.index(places.len())], mark);
        prop_assert_eq!(arabic(&marked), arabic(&text));
    }

    #[test]
    fn spans_are_char_boundaries_in_order(text in nasty(), switches in switches()) {
        let aligned = Normalizer::new(switches).align(&text);
        let mut last = 0;
        for (at, c) in aligned.text().char_indices() {
            let original = aligned.original(at..at + c.len_utf8());
            prop_assert!(text.get(original.clone()).is_some());
            prop_assert!(original.start >= last);
            last = original.start;
        }
    }
}
