use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::features::csr::Row;
use crate::features::ngram::{NgramRange, Unit, unit_key};
use crate::features::pooled::{Pooled, VectorParams};
use crate::features::vectorizer::{self, NgramParams, Norm, VectorizerParams, Weight};
use crate::text::normalize::Switches;
use crate::text::tokenize::WordParams;

const WEIGHTS: [Weight; 6] =
    [Weight::Binary, Weight::Tf, Weight::LogTf, Weight::BinaryIdf, Weight::TfIdf, Weight::LogTfIdf];

/// Text with few letters, so that n-grams repeat and are known, among anything else.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => prop::sample::select(vec!["a", "ab", "ba", "abab", "قصف", "قصفت", "أعلنَ", " ", "  ", "\n", "\u{2003}", ".", "3.5", "aaaaaaaa"])
            .prop_map(str::to_owned),
        1 => "\\PC{0,6}",
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn block() -> impl Strategy<Value = NgramParams> {
    let analyzer = prop::sample::select(vec![Analyzer::Word, Analyzer::Char, Analyzer::CharWb]);
    let window = prop::option::of(prop::sample::select(vec!["0:3", "-2:", "1:4"]));
    let rest = (1usize..4, 0usize..3, prop::sample::select(WEIGHTS.to_vec()), any::<bool>());
    (analyzer, rest, prop::option::of(2u32..9), 0.1f32..3.0, window).prop_map(
        |(analyzer, (min, more, weight, l2), hash_bits, scale, window)| NgramParams {
            ngrams: NgramRange::new(min, min + more).unwrap(),
            weight,
            norm: if l2 { Norm::L2 } else { Norm::None },
            hash_bits,
            scale,
            window: window.filter(|_| analyzer == Analyzer::Word).map(|window| window.parse().unwrap()),
            ..NgramParams::new(analyzer)
        },
    )
}

/// Two folded blocks over the same words.
fn pooled() -> Vec<Pooled> {
    let words: Vec<(String, u64)> =
        ["a", "ab", "قصف"].map(|word| (word.to_owned(), unit_key(&Unit::of_word(word)))).to_vec();
    let words = Arc::new(Vocabulary::new(words).unwrap());
    [None, Some("0:2".parse().unwrap())]
        .map(|window| Pooled {
            params: VectorParams { window, ..VectorParams::new("none") },
            words: Arc::clone(&words),
            kind: Kind::Folded,
        })
        .to_vec()
}

/// A number from -2 to 2 that depends on `seed` and `place`.
fn number(seed: u64, place: usize) -> f32 {
    (crate::random::mix(seed ^ (place as u64) << 20) % 4001) as f32 / 1000.0 - 2.0
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn decision_values_are_those_of_the_stages(
        blocks in prop::collection::vec(block(), 1..4),
        with_pooled: bool,
        classes in prop_oneof![2usize..12, 13usize..20],
        bits in any::<u32>(),
        seed: u64,
        train in prop::collection::vec(text(), 2..8),
        texts in prop::collection::vec(text(), 1..8),
    ) {
        let params = VectorizerParams {
            normalize: Switches::of_bits(bits),
            words: WordParams { punctuation: bits >> 13 & 1 == 1, min_chars: 1 + (bits >> 14 & 1) as usize },
            features: blocks,
            ..VectorizerParams::default()
        };
        let fitted = params.fit(&train);
        prop_assume!(fitted.is_ok());
        let mut vectorizer = fitted.unwrap();
        if with_pooled {
            vectorizer.pooled = pooled();
        }
        let outputs = LinearModel::outputs_for(classes);
        let weights = (0..vectorizer.width() * outputs).map(|place| number(seed, place)).collect();
        let intercept = (0..outputs).map(|place| number(!seed, place)).collect();
        let linear = LinearModel::new(classes, weights, intercept).unwrap();
        let scorer = Scorer::new(&vectorizer, &linear).unwrap();
        let (mut used, mut plain, mut expected) = (Scratch::default(), vectorizer::Scratch::default(), Vec::new());
        let (mut first, mut again, mut got) = (Vec::new(), Vec::new(), Vec::new());
        for text in texts.iter().chain(&train) {
            vectorizer.row(text, &mut plain).unwrap();
            linear.decide(Row { columns: &plain.columns, values: &plain.values }, &mut expected);
            scorer.score(&vectorizer, &linear, text, &mut Scratch::default(), &mut first).unwrap();
            scorer.score(&vectorizer, &linear, text, &mut used, &mut again).unwrap();
            scorer.score(&vectorizer, &linear, text, &mut used, &mut got).unwrap();
            let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&first), bits(&again), "buffers that were used change nothing");
            prop_assert_eq!(bits(&first), bits(&got), "nor does what is remembered of this text");
            let sum: f64 = plain.values.iter().map(|value| 2.0 * f64::from(value.abs())).sum();
            for (got, expected) in got.iter().zip(&expected) {
                prop_assert!((got - expected).abs() <= 1e-5 * (1.0 + sum), "{} {} in {:?}", got, expected, text);
            }
            prop_assert_eq!(got.len(), expected.len());
        }
    }
}

#[test]
fn long_texts_and_long_words_agree_too() {
    let params = VectorizerParams {
        features: vec![
            NgramParams::new(Analyzer::Word),
            NgramParams::new(Analyzer::CharWb),
            NgramParams::new(Analyzer::Char),
        ],
        ..VectorizerParams::default()
    };
    let vectorizer = params.fit(&["abc abd قصف", "b c abc d"]).unwrap();
    let weights = (0..vectorizer.width() * 3).map(|place| number(1, place)).collect();
    let linear = LinearModel::new(3, weights, vec![0.1, 0.2, 0.3]).unwrap();
    let scorer = Scorer::new(&vectorizer, &linear).unwrap();
    let (mut scratch, mut plain) = (Scratch::default(), vectorizer::Scratch::default());
    let (mut got, mut expected) = (Vec::new(), Vec::new());
    for text in ["abc ".repeat(20_000), "abc".repeat(20_000), "abc d".repeat(3)] {
        vectorizer.row(&text, &mut plain).unwrap();
        linear.decide(Row { columns: &plain.columns, values: &plain.values }, &mut expected);
        scorer.score(&vectorizer, &linear, &text, &mut scratch, &mut got).unwrap();
        for (got, expected) in got.iter().zip(&expected) {
            assert!((got - expected).abs() < 1e-5, "{got} {expected}");
        }
    }
}
