//! What the hot loops allocate: nothing, once the buffers have their size. The allocator that counts is that of
//! `allocation-counter`, which takes the place of the system's in this test alone.

use tasnif::PipelineParams;
use tasnif::dataset::{Dataset, ReadOptions};
use tasnif::pipeline::Predictions;
use tasnif::text::normalize::Switches;
use tasnif::text::tokenize::{FoldedWords, SubwordTokenizer, WordParams};

fn sentences() -> Dataset {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data/written-3.jsonl");
    Dataset::read(path, &ReadOptions::default()).unwrap()
}

#[test]
fn normalising_and_cutting_words_allocates_nothing() {
    let data = sentences();
    let texts = data.texts();
    for params in [WordParams::default(), WordParams { punctuation: true, min_chars: 1 }] {
        let folded = FoldedWords::new(Switches::arabic(), params);
        let (mut text, mut spans) = (String::new(), Vec::new());
        let mut pass = || {
            let mut tokens = 0;
            for one in &texts {
                text.clear();
                spans.clear();
                folded.cut(one, &mut text, &mut spans);
                tokens += spans.len();
            }
            tokens
        };
        let warm = pass();
        let mut tokens = 0;
        let counted = allocation_counter::measure(|| tokens = pass());
        assert!(tokens == warm && tokens > 5_000, "{tokens}");
        assert_eq!(counted.count_total, 0, "for {tokens} tokens");
    }
}

#[test]
fn ids_of_pieces_seen_before_allocate_nothing() {
    let data = sentences();
    let fixture: serde_json::Value =
        serde_json::from_str(include_str!("fixtures/hugging_face.json")).unwrap();
    for name in ["byte_bpe", "wordpiece"] {
        let json = fixture["tokenizers"][name]["json"].as_str().unwrap();
        let tokenizer = SubwordTokenizer::from_json(json.into()).unwrap();
        let mut ids = Vec::new();
        let mut pass = || {
            ids.clear();
            data.texts().iter().for_each(|text| tokenizer.ids_into(text, &mut ids).unwrap());
            ids.len()
        };
        let warm = pass();
        // The list of texts is the only thing that is made anew.
        let counted = allocation_counter::measure(|| assert_eq!(pass(), warm));
        assert!(counted.count_total <= 2, "{name}: {counted:?}");
    }
}

#[test]
fn predicting_allocates_nothing() {
    let mut data = sentences();
    data.examples.truncate(400);
    let texts: Vec<String> = data.texts().into_iter().map(str::to_owned).collect();
    let words_alone = PipelineParams::from_toml(
        "[[features]]\nkind = \"ngrams\"\nanalyzer = \"word\"\nngrams = [1, 2]\n[classifier]\nkind = \"nb\"",
    );
    for params in [PipelineParams::default(), words_alone.unwrap()] {
        let pipeline = params.fit(&data).unwrap();
        let mut predictions = Predictions::default();
        pipeline.predict_into(&texts, &mut predictions).unwrap();
        let warm = predictions.clone();
        let counted =
            allocation_counter::measure(|| pipeline.predict_into(&texts, &mut predictions).unwrap());
        assert_eq!(predictions, warm);
        assert_eq!((predictions.len(), counted.count_total), (texts.len(), 0), "{counted:?}");
    }
}
