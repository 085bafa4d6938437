//! Pooled word vectors from training to file: folded or carried, and the same scores either way.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tasnif::dataset::{Dataset, Example};
use tasnif::features::pooled::{Pool, VectorParams};
use tasnif::pipeline::{FeatureParams, Pipeline, PipelineParams};

const WORDS: [&str; 12] =
    ["قصفت", "أغارت", "الطائرات", "المدينة", "أدان", "ندد", "الوزير", "المبعوث", "هدنة", "خرق", "مطر", "سوق"];

/// A `.vec` file with numbers that look like chance.
fn vectors(folder: &Path) -> PathBuf {
    let mut text = format!("{} 6\n", WORDS.len());
    for (place, word) in WORDS.iter().enumerate() {
        text.push_str(word);
        for d in 0..6usize {
            let x = ((place * 7 + d * 13 + place * place * d) * 2_654_435_761 % 1000) as f32 / 500.0 - 1.0;
            write!(text, " {x}").unwrap();
        }
        text.push('\n');
    }
    let path = folder.join("words.vec");
    std::fs::write(&path, text).unwrap();
    path
}

fn data(records: usize) -> Dataset {
    (0..records)
        .map(|i| {
            let word = |j: usize| WORDS[(i * 5 + j * 3 + i / 7) % WORDS.len()];
            let label = ["a", "b", "c"][(i * 5 + i / 7) % WORDS.len() / 4];
            Example::new(format!("{} {} {} {}", word(0), word(1), word(4), word(2)), label)
        })
        .collect()
}

fn params(file: &Path, fold: bool, pool: Pool) -> PipelineParams {
    let mut params = PipelineParams::default();
    let whole = VectorParams { fold, pool, ..VectorParams::new(file) };
    let start = VectorParams { window: Some("0:2".parse().unwrap()), sif: None, ..whole.clone() };
    params.features.extend([whole, start].map(FeatureParams::Vectors));
    params
}

#[test]
fn a_folded_pipeline_scores_as_the_one_that_carries_its_vectors() {
    let folder = tempfile::tempdir().unwrap();
    let file = vectors(folder.path());
    let fit = |fold| params(&file, fold, Pool::Mean).fit(&data(90)).unwrap();
    let (folded, carried) = (fit(true), fit(false));
    assert!(folded.vectorizer().pooled().all(|(_, columns, folded)| folded && columns == WORDS.len()));
    assert!(carried.vectorizer().pooled().all(|(_, columns, folded)| !folded && columns == 6));
    let config = ProptestConfig::with_cases(300);
    let words = prop::collection::vec(prop::sample::select(WORDS.to_vec()), 0..9);
    proptest!(config, |(words in words, other in "[a-c ]{0,6}")| {
        let text = format!("{} {other}", words.join(" "));
        let (a, b) = (folded.predict(&text).unwrap(), carried.predict(&text).unwrap());
        for (a, b) in a.scores.iter().zip(&b.scores) {
            prop_assert!((a - b).abs() < 1e-5, "{text}: {a} {b}");
        }
    });
}

#[test]
fn what_is_saved_is_what_predicts() {
    let folder = tempfile::tempdir().unwrap();
    let file = vectors(folder.path());
    for (fold, pool) in [(true, Pool::Mean), (false, Pool::Mean), (true, Pool::Max)] {
        let pipeline = params(&file, fold, pool).fit(&data(60)).unwrap();
        let bytes = pipeline.to_bytes().unwrap();
        let loaded = Pipeline::from_bytes(&bytes, Path::new("m")).unwrap();
        assert_eq!(loaded, pipeline);
        assert_eq!(loaded.to_bytes().unwrap(), bytes);
        for text in ["قصفت الطائرات المدينة", "", "ندد المبعوث بخرق الهدنة"]
        {
            assert_eq!(loaded.predict(text).unwrap(), pipeline.predict(text).unwrap());
        }
        let fold = fold && pool == Pool::Mean;
        assert!(
            pipeline.vectorizer().pooled().all(|(_, _, folded)| folded == fold),
            "a maximum cannot be folded"
        );
    }
}

#[test]
fn training_is_the_same_for_any_number_of_threads_and_a_batch_for_any_text_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = vectors(folder.path());
    let fit = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| params(&file, true, Pool::Mean).fit(&data(700)).unwrap())
    };
    let pipeline = fit(1);
    assert_eq!(pipeline.to_bytes().unwrap(), fit(3).to_bytes().unwrap());
    let data = data(70);
    let texts = data.texts();
    for (text, together) in texts.iter().zip(pipeline.predict_batch(&texts).unwrap()) {
        assert_eq!(pipeline.predict(text).unwrap(), together);
    }
}

#[test]
fn words_that_training_never_saw_are_labelled_by_their_vectors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("near.vec");
    std::fs::write(&path, "4 2\nqasafat 1 0\naghaarat 0.9 0.1\nadaana 0 1\nnaddada 0.1 0.9\n").unwrap();
    let data: Dataset = (0..20)
        .map(|i| if i % 2 == 0 { Example::new("qasafat", "strike") } else { Example::new("adaana", "talks") })
        .collect();
    let vectors = VectorParams { scale: 1.0, ..VectorParams::new(&path) };
    let params =
        PipelineParams { features: vec![FeatureParams::Vectors(vectors)], ..PipelineParams::default() };
    let pipeline = params.fit(&data).unwrap();
    assert_eq!(pipeline.predict("aghaarat").unwrap().label, "strike");
    assert_eq!(pipeline.predict("naddada").unwrap().label, "talks");
}

#[test]
fn missing_and_useless_vectors_are_errors_that_name_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.vec");
    let fit = || params(&path, true, Pool::Mean).fit(&data(20)).unwrap_err().to_string();
    assert!(fit().contains("none.vec"));
    std::fs::write(&path, "1 2\n!! 1 0\n").unwrap();
    assert!(fit().contains("no word of the vectors"), "{}", fit());
    std::fs::write(&path, "not vectors at all").unwrap();
    assert!(fit().contains("none.vec"), "{}", fit());
}
