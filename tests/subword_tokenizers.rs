//! Vocabularies trained by Python's `tokenizers`, read by us: the ids are the same, on the fast path and on the slow one.
//!
//! `tests/fixtures/hugging_face.py` made the fixture.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;
use tasnif::features::ngram::Analyzer;
use tasnif::features::vectorizer::{NgramParams, VectorizerParams};
use tasnif::text::normalize::Normalizer;
use tasnif::text::tokenize::SubwordTokenizer;

#[derive(Deserialize)]
struct Fixture {
    texts: Vec<String>,
    tokenizers: BTreeMap<String, Expected>,
}

#[derive(Deserialize)]
struct Expected {
    json: String,
    ids: Vec<Vec<u32>>,
    decoded: Vec<String>,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("fixtures/hugging_face.json")).unwrap()
}

fn slow(tokenizer: &SubwordTokenizer, text: &str) -> Vec<u32> {
    tokenizer.encode(text).unwrap().into_iter().map(|(id, _)| id).collect()
}

#[test]
fn ids_and_decoded_texts_are_those_of_python() {
    let Fixture { texts, tokenizers } = fixture();
    assert_eq!(tokenizers.keys().collect::<Vec<_>>(), ["byte_bpe", "unigram", "wordpiece"]);
    for (name, expected) in tokenizers {
        let tokenizer = SubwordTokenizer::from_json(expected.json).unwrap();
        let batch = tokenizer.ids_of_batch(&texts).unwrap();
        for (index, text) in texts.iter().enumerate() {
            let ids = &expected.ids[index];
            assert_eq!(&batch[index], ids, "{name}, batch: {text:?}");
            assert_eq!(&tokenizer.ids(text).unwrap(), ids, "{name}, alone: {text:?}");
            assert_eq!(&slow(&tokenizer, text), ids, "{name}, with offsets: {text:?}");
            assert_eq!(tokenizer.decode(ids).unwrap(), expected.decoded[index], "{name}: {text:?}");
        }
    }
}

#[test]
fn pieces_lie_where_they_stand_in_the_text() {
    for (name, expected) in fixture().tokenizers {
        let tokenizer = SubwordTokenizer::from_json(expected.json).unwrap();
        let text = "قصفت الطائرات the depot";
        for (_, token) in tokenizer.encode(text).unwrap() {
            let slice = text.get(token.span.clone());
            assert!(slice.is_some() || name == "byte_bpe", "{name}: {token:?}");
        }
    }
}

#[test]
fn a_model_carries_its_tokenizer_and_predicts_the_same() {
    use tasnif::dataset::{Dataset, Example};
    use tasnif::{Pipeline, PipelineParams};
    let folder = tempfile::tempdir().unwrap();
    let Fixture { texts, tokenizers } = fixture();
    let examples = texts.iter().enumerate().take(80);
    let data: Dataset = examples
        .map(|(index, text)| Example::new(text.as_str(), if index % 2 == 0 { "a" } else { "b" }))
        .collect();
    for (name, expected) in tokenizers {
        let file = folder.path().join(format!("{name}.json"));
        std::fs::write(&file, &expected.json).unwrap();
        let toml = format!(
            "[tokenize]\nsubwords = {file:?}\n[[features]]\nkind = \"ngrams\"\nanalyzer = \"subword\"\nngrams = [1, 2]\n"
        );
        let params = PipelineParams::from_toml(&toml).unwrap();
        let pipeline = params.fit(&data).unwrap();
        // The model stands alone.
        std::fs::remove_file(&file).unwrap();
        let loaded = Pipeline::from_bytes(&pipeline.to_bytes().unwrap(), "model".as_ref()).unwrap();
        for text in &texts {
            assert_eq!(loaded.predict(text).unwrap(), pipeline.predict(text).unwrap(), "{name}: {text:?}");
        }
    }
}

#[test]
fn rows_of_subwords_are_those_of_the_pieces() {
    let expected = fixture().tokenizers.remove("wordpiece").unwrap();
    let tokenizer = SubwordTokenizer::from_json(expected.json).unwrap();
    let params = VectorizerParams {
        subwords: Some(tokenizer.clone()),
        features: vec![NgramParams::new(Analyzer::Subword)],
        ..VectorizerParams::default()
    };
    let text = "قصفت الطائرات المدينة";
    let vectorizer = params.fit(&[text]).unwrap();
    let pieces = tokenizer.ids(&Normalizer::default().normalize(text)).unwrap().len();
    assert_eq!(vectorizer.width(), 2 * pieces - 1, "every piece and every pair, each once");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_fast_path_gives_the_ids_of_the_crate(
        texts in prop::collection::vec("[ \t'a-zA-Z0-9.,!\u{610}-\u{6D5}\u{200B}-\u{200F}]{0,40}|\\PC{0,20}|(\\[UNK\\]|<unk>|[a ]){0,4}", 1..6)
    ) {
        for (name, expected) in fixture().tokenizers {
            let tokenizer = SubwordTokenizer::from_json(expected.json).unwrap();
            for text in &texts {
                prop_assert_eq!(tokenizer.ids(text).unwrap(), slow(&tokenizer, text), "{}: {:?}", name, text);
            }
        }
    }
}

/// `tests/fixtures/normalizer.py` asked Python.
#[test]
fn the_exported_normaliser_does_in_python_what_ours_does() {
    #[derive(Deserialize)]
    struct Exported {
        normalizer: serde_json::Value,
        texts: Vec<(String, String)>,
    }
    let fixture: Exported = serde_json::from_str(include_str!("fixtures/normalizer.json")).unwrap();
    let exported = Normalizer::default().to_tokenizers().unwrap();
    assert_eq!(
        serde_json::to_value(&exported).unwrap(),
        fixture.normalizer,
        "the fixture is of another export"
    );
    assert!(fixture.texts.len() > 100);
    for (text, by_python) in fixture.texts {
        assert_eq!(Normalizer::default().normalize(&text), by_python, "{text:?}");
    }
}
