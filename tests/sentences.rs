//! What the sentence splitter takes for a sentence. In the examples `¦` stands where one span ends and the next starts.

use proptest::prelude::*;
use tasnif::text::sentence::{LineEnds, Splitter};

#[track_caller]
fn check_with(splitter: &Splitter, marked: &str) {
    let text = marked.replace('¦', "");
    let spans: Vec<&str> = splitter.split(&text).map(|sentence| &text[sentence.span]).collect();
    assert_eq!(spans.join("¦"), marked);
}

#[track_caller]
fn check(marked: &str) {
    check_with(&Splitter::default(), marked);
}

#[test]
fn a_stop_before_a_new_word_ends_a_sentence() {
    check("هدأت الجبهة صباحاً. ¦عاد السكان ظهراً. ¦وفتحت المدارس.");
    check("هدأت الجبهة صباحاً");
}

#[test]
fn a_stop_glued_to_the_next_word_ends_a_sentence() {
    check("عاد الهدوء إلى البلدة.¦وقال شاهد إن السوق فتح.¦من جهته رحب العمدة.");
    check("أصيب حارسان بجروح طفيفةً.¦وانسحبت الدورية.");
    check("توقفت الرحلات عام 2014.¦وعادت بعد سنة.");
    check("أعلن عن برنامج Horizon.¦وقالت الوزيرة إنه مجاني.");
    check("زار الوفد المعرض.¦BBC نقلت الخبر.");
}

#[test]
fn a_stop_set_before_the_next_word_ends_a_sentence() {
    check("قصفت بلدتان (غرب) .¦ولفت المرصد إلى هدوء .¦وأضاف أن الطريق سالك .");
    check("وصل الوفد . ¦وغادر مساء . ¦ثم عاد");
}

#[test]
fn question_and_exclamation_marks_end_a_sentence_with_their_repeats() {
    check("من يحمي المدنيين؟ ¦لا أحد يجيب! ¦كفى!! ¦ماذا بعد؟! ¦سننتظر.");
    check("إلى متى ؟؟ ¦لا جواب ! ! ¦انتهى");
    check("هل وصلت القافلة؟¦نعم وصلت!¦شكراً");
    check("ماذا جرى؟.. ¦لا نعلم.");
    check("Who did it? ¦Nobody knows! ¦they left.");
}

#[test]
fn a_remark_in_brackets_ends_nothing() {
    check("سماها نصراً (!) وغادر القاعة.");
    check("وصفه بالبطل (؟) أمام الحضور.");
    check("قال إن بلاده (...) لن تتراجع.");
    check("سأل القائد (من فتح الباب؟) ثم سكت.");
}

#[test]
fn commas_colons_and_semicolons_end_nothing() {
    check("قال: لن نغادر، وسنبقى؛ فالأرض لنا; والبيت لنا.");
    check("هل نبقى؟، هل نرحل؟، لا ندري.");
    check("أغلقت المعابر.، وفتحت لاحقاً.");
}

#[test]
fn semicolons_end_a_sentence_when_asked_to() {
    let splitter = Splitter { semicolon: true, ..Splitter::default() };
    check_with(&splitter, "بقي الأهالي؛ ¦فالطريق مقطوع؛¦ولا وقود; ¦ولا ماء.");
    check_with(&splitter, "قال &quot;نعم&quot; ثم &#34; لا &#34; وغادر a;b.");
}

#[test]
fn an_ellipsis_is_a_pause() {
    check("وقالت.. إن الوفد عاد.");
    check("الوزير.. لا حوار قبل الانسحاب");
    check("انتظرنا… ثم رحلنا... ولم نعد . . أبداً .. قط.");
    check("لا ماء.. لا كهرباء..\n¦لا أحد");
    check("He waited... ¦Then he left... and slept.");
}

#[test]
fn an_ellipsis_ends_a_sentence_when_asked_to_or_when_it_is_long() {
    let splitter = Splitter { ellipsis_after: 0, ..Splitter::default() };
    check_with(&splitter, "انتظرنا… ¦ثم رحلنا.. ¦ولم نعد.");
    let long = "سارت القافلة طويلاً ".repeat(20);
    check(&format!("{long}في الليل.. ¦ثم وصلت.. وعادت."));
}

#[test]
fn numbers_are_not_split() {
    check("ارتفع 27.8 في المئة، أي ٣٫٥ أو ٣.٥ أو 1.234.567 ليرة.");
    check("في 12.5.2016 عند 10.30 بدأت الجلسة.");
    check("بلغت نسبة 22. 5 في المئة، ثم 228. 320. 91 سهماً.");
    check("تراجع السهم .5 نقطة وبلغ 8 .3 ملايين.");
    check("عاد عام 2010. ¦15 جندياً استقبلوه.");
    check("أسقطت طائرة Su-34. ¦ونجا الطيار من طراز (سو 34). ¦وعاد إلى القاعدة الـ14. ¦ثم أقلع.");
    check("صعد المؤشر 3%. ¦وهبط بعدها.");
}

#[test]
fn addresses_are_not_split() {
    check("زوروا www.example.org/a.html?q=1.2!x أو http://example.com. ¦وقال الموقع إنه مجاني.");
    check("راسلونا على news.desk@example.gov.sy أو example.com، وشكراً.");
    check("يعمل البرنامج مع node.js و .NET فقط.");
    check("الموقع www. example. org مفتوح.");
    check("انتهى المقال.¦writer@example.com");
}

#[test]
fn titles_and_initials_are_not_split() {
    check("وصف د. سامر الوضع، ود. ليلى الخطة، وحضر م. وائل وأ.د. كريم.");
    check("قال د.عماد إن د . هدى وافقت.");
    check("نقلت (أ. ف. ب.) و(ا.ف.ب) ود. ب. أ الخبر. ¦(أ. ف. ب)");
    check("كتب ت. س. إليوت وج. ك. رولينغ.");
    check("صندوق ص. ب 4321 وص.ب 12 مفتوح.");
    check("شركة البناء (ش.م.ع.) في المدينة.");
    check("محطة بي.بي.سي ووكالة يو. بي. آي وجهاز إم. آي 5 وسي إن إن. ¦وقال المذيع ذلك.");
    check("Mr. Smith met Dr. Jones of the U.S. Army and J. R. Brown. ¦They left.");
    check("See No. 5 of vol. 3 by Smith Jr. and others. ¦No. ¦We left at 5 p.m. ¦He stayed.");
}

#[test]
fn an_abbreviation_ends_a_sentence_before_a_clear_new_one() {
    check("نشرته أ. ف. ب. ¦وقال المصدر إنه صحيح.");
    check("يعود إلى القرن الثالث ق.م. ¦وكان ملكاً.");
    check("في العام 390 ق.م. التي شهدت الحرب.");
    check("عاد سنة 2019م. ¦ثم سافر سنة 1436هـ. ¦وقال إنه تعب.");
    check("خبز وماء إلخ. ¦ثم تحركت القافلة.");
    check("خبز وماء إلخ. التي وصلت أمس، ومدارس... إلخ.");
    check("هل نذكر القرى؟ .. إلخ.");
    check("تبعد 40 كلم. شمال البلدة. ¦وتبعد القرية 50 كم. ¦من جهة أخرى، هدأت الجبهة.");
}

#[test]
fn latin_sentences_between_arabic_ones_are_split() {
    check("قال السفير كلمة. ¦Mr. Hill said no. ¦He left at once. ¦ثم صمت الجميع.");
    check("كتب أن it was said. and done. ¦وقال ذلك.");
}

#[test]
fn closing_marks_and_footnotes_stay_with_their_sentence() {
    check("قال «لن نرحل.» ¦وأضاف “سنبقى.” ¦وختم \"انتهى.\" ¦وغادر (كما وعد.) ¦ثم عاد.");
    check("قال «لن نرحل».¦وأضاف «سنبقى.»¦وختم \"انتهى.\"¦وعاد.");
    check("وصل الوفد (أمس). ¦ثم غادر [اليوم]. ¦وعاد.");
    check("كما ورد في التقرير.[12] ¦وأكد المصدر.(3) ¦ونفى آخر.¹ ¦ثم سكت.");
    check("قال \"لن نرحل . \" ¦ثم سكت.");
    check("أغلقت الطرق. ¦«المرصد» نفى. ¦\"الشرق\" نقلت. ¦“الغد” علقت.");
}

#[test]
fn a_quotation_of_several_sentences_is_one_sentence_with_its_reporting_verb() {
    check("قال «الطريق مغلق. لن نمر. عودوا». ¦وأضاف كلمة.");
    check("قال \"الطريق مغلق. لن نمر.\" ¦وأضاف \"عودوا. الآن\" ثم صمت. ¦وغادر.");
    check("سأل “أين نحن؟ إلى أين؟” ثم بكى.");
}

#[test]
fn quotations_are_known_in_all_their_marks() {
    check("قال “الطريق مغلق. لن نمر”. ¦ثم سكت.");
    check("قال ”الطريق مغلق. لن نمر“. ¦ثم سكت.");
    check("قال ”الطريق مغلق. لن نمر”. ¦ثم سكت.");
    check("قال „الطريق مغلق. لن نمر“. ¦ثم سكت.");
    check("قال »الطريق مغلق. لن نمر«. ¦ثم سكت.");
    check("قال ‹الطريق مغلق. لن نمر›. ¦ثم سكت.");
    check("قال \" الطريق مغلق. لن نمر \". ¦ثم سكت.");
    check("نقل لـ”الغد” أن “الطريق مغلق. لن نمر\". ¦ثم سكت.");
    check("قال «الطريق إلى «تل الزيت» مغلق. لن نمر». ¦ثم سكت.");
    check("قال «كتبت “الغد” كلمة. ثم سكتت». ¦ثم سكت.");
    check("قال 'الطريق مغلق.' ¦ثم سكت.");
}

#[test]
fn an_unbalanced_quotation_mark_does_no_harm() {
    check("قال «الطريق مغلق. ¦لن نمر. ¦ثم سكت.");
    check("الطريق مغلق». ¦لن نمر. ¦قال «عودوا». ¦ثم سكت.");
    check("قال \"الطريق مغلق. ¦وأضاف \"لن نمر\". ¦ثم سكت.");
    check("طولها 42\" تقريباً. ¦ثم 50\" أخرى. ¦انتهى.");
    check("قال «الطريق مغلق. ¦لن نمر\n¦عودوا. ¦الآن» ثم سكت.");
}

#[test]
fn a_long_quotation_is_split() {
    let sentence = "نحن هنا منذ الصباح ولم يصل أحد بعد. ";
    check(&format!("قال «{}انتهى». ¦ثم سكت.", sentence.repeat(3)));
    let split = format!("{sentence}¦").repeat(20);
    check(&format!("قال «{split}انتهى». ¦ثم سكت. ¦وقال «لا. لا»."));
    let splitter = Splitter { longest_quotation: 0, ..Splitter::default() };
    check_with(&splitter, "قال «الطريق مغلق. ¦لن نمر». ¦ثم سكت.");
}

#[test]
fn a_quoted_question_belongs_to_the_sentence_around_it() {
    check("سألت «متى ينتهي هذا؟» قبل أن تغادر.");
    check("هتفوا «يسقط الحصار!» في الساحة.");
    check("سألت «متى ينتهي هذا؟» ¦وأضافت أنها تعبت.");
    check("كتاب «من نحن؟» و«إلى أين؟» في السوق.");
    check("\"Why?\" he asked. ¦\"Why?\" ¦She left.");
}

#[test]
fn lines_end_sentences() {
    let ends = [
        "\n",
        "\r\n",
        "\r",
        "\u{2028}",
        "\u{2029}",
        "\u{85}",
        "\u{C}",
        "\u{B}",
        "\n\n",
        "\r\n \r\n",
        " \n\t",
    ];
    for end in ends {
        check(&format!(
            "غارتان على أطراف البلدة{end}¦دمشق (خاص){end}¦بقلم: سامر علي{end}¦قصفت البلدة. ¦وقتل حارس.{end}"
        ));
    }
}

#[test]
fn wrapped_lines_end_nothing_when_asked_to() {
    let splitter = Splitter { line_ends: LineEnds::BlankLines, ..Splitter::default() };
    check_with(
        &splitter,
        "غارتان على\nأطراف البلدة.\n¦وقتل\r\nحارس\n\n¦عنوان\r\n\r\n¦نص\u{C}¦نص «أول.\n\n¦ثان» ثالث.",
    );
    check_with(&splitter, "قال «الطريق\nمغلق. لن\nنمر». ¦ثم سكت");
}

#[test]
fn list_markers_stay_with_their_items() {
    check("1. فتح الطريق.\n¦2. سحب السلاح. ¦3. عودة الأهالي.\n¦١. أولاً\n¦(1). ثانياً\n¦- 4. ثالثاً");
    check("- فتح الطريق\n¦• سحب السلاح\n¦* عودة الأهالي\n¦1- أولاً\n¦١- ثانياً\n¦أ- ثالثاً\n¦(1) رابعاً\n¦أ. خامساً");
    check("وتنص على ما يأتي: 1. فتح الطريق.");
    check("فتح الطريق أولاً.¦2- سحب السلاح ثانياً. ¦- عودة الأهالي. ¦* انتهى");
    check("- أين كنت؟ ¦- في البيت.");
}

#[test]
fn an_agency_glued_to_the_next_item_is_a_sentence() {
    check("عادت القافلة إلى المدينة . ¦(وكالات)¦الوزير يزور المعبر");
    check("عادت القافلة إلى المدينة. ¦(د .ب .أ)¦\"الغد\": المعبر مفتوح. ¦(أ. ف. ب)\n¦انتهى");
    check("عادت القافلة. ¦(وكالات) قال مصدر. ¦(1)راجع الخبر.");
}

#[test]
fn other_scripts_have_their_stops() {
    check("یہ پہلا جملہ ہے۔ ¦یہ دوسرا ہے۔¦ختم");
    check("这是第一句。¦第二句！¦第三句？¦完。");
    check("पहला वाक्य। ¦दूसरा वाक्य॥ ¦अंत");
    check("Ｔｈｅ ｅｎｄ． ¦Ｎｅｘｔ．");
}

#[test]
fn what_nobody_reads_ends_nothing() {
    check("انتهت الجولة. 😀\n¦بدأت أخرى 🚀 اليوم. ¦🔴 عاجل");
    check("انتهت الجولة. \u{200F}«».\n¦---\n¦بدأت أخرى");
    check("\u{FEFF}\u{202B}انتهت الجولة\u{202C}.\u{200F} \u{202B}¦بدأت أخرى\u{202C}");
    check("تفكيك حمـ.ـاء القرية.");
    check("? ?عاد? ?السكان? ?إلى? ?البلدة?");
}

#[test]
fn blank_text_is_one_blank_sentence_and_no_other_is_blank() {
    let splitter = Splitter::default();
    assert_eq!(splitter.split("").count(), 0);
    let all: Vec<_> = splitter.split(" \n\u{FEFF}\t").collect();
    assert_eq!(all.len(), 1);
    assert!(all[0].is_blank());
    assert_eq!(all[0].span, 0..6);
    check(" \n خبر. \n \n¦خبر \n ");
}

#[test]
fn the_text_of_a_sentence_is_its_span_without_blanks() {
    let text = "\u{FEFF} خبر أول. \u{200F}\n  خبر ثان\u{202C}\u{A0}";
    let splitter = Splitter::default();
    let texts: Vec<_> = splitter.split(text).map(|s| (s.text, &text[s.text_span()])).collect();
    assert_eq!(texts, [("خبر أول.", "خبر أول."), ("خبر ثان", "خبر ثان")]);
}

#[test]
fn the_switches_are_read_and_written_by_name() {
    let splitter: Splitter = serde_json::from_str(r#"{"line_ends":"blank-lines","semicolon":true}"#).unwrap();
    let expected = Splitter { line_ends: LineEnds::BlankLines, semicolon: true, ..Splitter::default() };
    assert_eq!(splitter, expected);
    let text = serde_json::to_string(&splitter).unwrap();
    assert_eq!(serde_json::from_str::<Splitter>(&text).unwrap(), splitter);
    assert!(serde_json::from_str::<Splitter>(r#"{"semicolons":true}"#).is_err());
}

/// A text for each rule of UAX #29 that decides anything.
#[test]
fn the_sentence_boundary_rules_of_uax_29_hold() {
    let table = [
        ("SB3: CR LF is one line end", "one\r\n¦Two"),
        ("SB4: a paragraph separator ends all", "one\u{2029}¦two\u{85}¦three\u{2028}¦four"),
        (
            "SB5: format characters and marks are not seen",
            "It ended.\u{200D}\u{301} ¦Then\u{301} more.\u{2060}",
        ),
        ("SB5: not in a number either", "It is 3\u{2060}.\u{2060}4 m."),
        ("SB6: a stop before a digit", "It was 3.4 or x.5 m."),
        ("SB7: a stop between letters", "The U.S.A.F flew."),
        ("SB7: with lower case before", "see c.d and c.D there"),
        ("SB8: lower case goes on", "the resp. leaders are here"),
        ("SB8: through closing and opening marks", "bread, etc.)’ ‘(the rest"),
        ("SB8: through a quotation", "\"It ended.\" he said"),
        ("SB8a: a comma goes on", "It ended., he said!, and left"),
        ("SB8a: stops join", "Really?! . ¦Yes"),
        ("SB9: closing marks belong to the sentence", "(It ended.)” ¦Next"),
        ("SB10: and so do spaces", "It ended.   \u{A0} ¦Next"),
        ("SB11: upper case starts", "the resp. ¦Leaders are here"),
        ("SB11: a letter without case starts", "It ended. ¦القادة هنا"),
        ("SB11: an opening mark starts", "It ended. ¦‘(“The end”"),
        ("SB998: nothing else does", "one two, three - four"),
    ];
    for (rule, marked) in table {
        println!("{rule}");
        check(marked);
    }
}

/// Where news reads otherwise than UAX #29 says, and why.
#[test]
fn the_splitter_departs_from_uax_29_on_purpose() {
    let table = [
        ("SB4 makes sentences of blank lines, which nobody would label", "one\n\n\n¦two"),
        ("SB6 joins what papers glue: list items", "سحب السلاح ثانياً.¦3- عودة الأهالي"),
        ("SB8 looks for lower case beyond digits; a number starts a sentence", "It ended. ¦12 people left."),
        ("SB8 goes on before a brand or address in Arabic", "انتهى العرض. ¦iPhone جديد"),
        ("SB8 is not for question marks; a quoted question goes on", "\"Really?\" he said"),
        ("SB8a goes on before a dash; in papers it opens an item or a turn", "انتهى العرض. ¦- عرض آخر"),
        ("SB9 does not know footnotes", "انتهى العرض.[2] ¦عرض آخر"),
        ("SB11 splits titles and initials", "Mr. Smith met ت. س. إليوت"),
        ("SB11 splits after addresses with marks", "see example.com/a?B=C and Wow!B"),
        ("SB11 splits Arabic pauses", "قالت.. إن العرض انتهى"),
        ("SB11 splits reported quotations", "قال «انتهى. عودوا»"),
        ("SB11 splits inline list markers", "البنود: 1. السلاح"),
    ];
    for (rule, marked) in table {
        println!("{rule}");
        check(marked);
    }
}

fn assert_lossless(splitter: &Splitter, text: &str) -> Result<(), TestCaseError> {
    let mut end = 0;
    for sentence in splitter.split(text) {
        prop_assert_eq!(sentence.span.start, end);
        end = sentence.span.end;
        prop_assert_eq!(sentence.text, &text[sentence.text_span()]);
        prop_assert!(sentence.span.start <= sentence.text_span().start);
        prop_assert!(sentence.text_span().end <= sentence.span.end);
        prop_assert_eq!(sentence.text, sentence.text.trim());
        prop_assert!(!sentence.is_blank() || sentence.span == (0..text.len()));
    }
    prop_assert_eq!(end, text.len());
    Ok(())
}

fn any_splitter() -> impl Strategy<Value = Splitter> {
    let lengths = || prop_oneof![Just(0_usize), Just(20), Just(600)];
    (any::<bool>(), any::<bool>(), lengths(), lengths()).prop_map(
        |(wrapped, semicolon, ellipsis_after, longest_quotation)| Splitter {
            line_ends: if wrapped { LineEnds::BlankLines } else { LineEnds::All },
            semicolon,
            ellipsis_after,
            longest_quotation,
        },
    )
}

/// Everything that means something to the splitter.
const NASTY: &str = "[.!?؟۔…。\"“”«»‹›„'’()\\[\\]{}،؛;:\\-– \u{A0}\n\r\u{85}\u{2029}\u{200F}\u{FEFF}\u{301}\u{64B}\u{640}\u{61F}دموقابA-Ca-c0-9٣😀¹*•&#]{0,80}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_sentences_of_any_text_join_up_to_it(splitter in any_splitter(), text in any::<String>()) {
        assert_lossless(&splitter, &text)?;
    }

    #[test]
    fn the_sentences_of_a_nasty_text_join_up_to_it(splitter in any_splitter(), text in NASTY) {
        assert_lossless(&splitter, &text)?;
    }

    /// A line end ends every state, so a text splits as its lines do, and can be split line by line.
    #[test]
    fn a_line_splits_alone_as_in_its_text(lines in prop::collection::vec("[.؟\"«» دمقاA-Ca-c0-9]{0,40}", 0..5)) {
        let splitter = Splitter::default();
        let texts = |text: &str| -> Vec<String> {
            splitter.split(text).filter(|s| !s.is_blank()).map(|s| s.text.to_owned()).collect()
        };
        let alone: Vec<String> = lines.iter().flat_map(|line| texts(line)).collect();
        prop_assert_eq!(texts(&lines.join("\n")), alone);
    }
}
