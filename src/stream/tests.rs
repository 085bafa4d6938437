use std::path::Path;

use super::*;
use crate::Dataset;
use crate::classify::OnlineParams;
use crate::features::ngram::Analyzer;
use crate::features::vectorizer::{NgramParams, Weight};
use crate::pipeline::{CalibrationParams, FeatureParams};

fn params(buffer: usize) -> PipelineParams {
    let words =
        NgramParams { hash_bits: Some(12), weight: Weight::LogTf, ..NgramParams::new(Analyzer::Word) };
    PipelineParams {
        features: vec![FeatureParams::Ngrams(words)],
        classifier: ClassifierParams::Online(OnlineParams::default().shuffle_buffer(buffer)),
        calibration: CalibrationParams::default(),
        ..PipelineParams::default()
    }
}

/// Records of three labels, which come in no order; `truce` for the first time behind record 60.
fn examples(count: usize) -> Vec<Example> {
    let record = |i: usize| match i.wrapping_mul(2_654_435_761) >> 7 & 3 {
        0 if i > 60 => Example::new(format!("observers counted {} breaches of the truce", i % 7), "truce"),
        1 => Example::new(format!("the envoy {} called for talks", i % 11), "statement"),
        _ => Example::new(format!("jets struck depot {} at dawn", i % 13), "strike"),
    };
    (0..count).map(record).collect()
}

fn records(examples: &[Example]) -> impl Iterator<Item = Result<Example>> + Send + use<> {
    let owned: Vec<Example> = examples.to_vec();
    owned.into_iter().map(Ok)
}

fn fit(params: &PipelineParams, examples: &[Example]) -> Learned {
    params.fit_stream(records(examples), StreamOptions::default()).unwrap()
}

fn with_checkpoint(path: &Path, every: u64) -> StreamOptions<'static> {
    StreamOptions {
        checkpoint: Some(Checkpoint { path: path.to_owned(), every }),
        ..StreamOptions::default()
    }
}

fn accuracy(pipeline: &Pipeline, examples: &[Example]) -> f64 {
    let right = examples.iter().filter(|e| pipeline.predict(&e.text).unwrap().label == e.label()).count();
    right as f64 / examples.len() as f64
}

#[test]
fn a_stream_is_learned_and_its_model_is_an_ordinary_one() {
    let data = examples(2000);
    let learned = fit(&params(64), &data);
    assert_eq!(learned.pipeline.labels(), ["statement", "strike", "truce"]);
    assert!(accuracy(&learned.pipeline, &data) > 0.99 && learned.foreseen > 0.9, "{}", learned.foreseen);
    assert_eq!((learned.blocks, learned.uneven_blocks), (31, 0));
    let bytes = learned.pipeline.to_bytes().unwrap();
    let loaded = Pipeline::from_bytes(&bytes, Path::new("m")).unwrap();
    assert_eq!(loaded, learned.pipeline);
    assert_eq!(loaded.to_bytes().unwrap(), bytes);
    assert!(bytes.len() < 20_000, "{} bytes: features that no record had are not in the file", bytes.len());
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let data = examples(5000);
    for passes in [1, 2] {
        let mut params = params(3000);
        params.classifier =
            ClassifierParams::Online(OnlineParams::default().shuffle_buffer(3000).passes(passes));
        let train = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| fit(&params, &data).pipeline.to_bytes().unwrap())
        };
        let one = train(1);
        assert!([2, 3, 5].into_iter().all(|threads| train(threads) == one));
    }
}

#[test]
fn records_in_memory_give_the_same_model() {
    let data: Dataset = examples(500).into_iter().collect();
    assert_eq!(params(64).fit(&data).unwrap(), fit(&params(64), &data.examples).pipeline);
}

#[test]
fn seeds_and_buffers_give_other_orders() {
    let data = examples(500);
    let seeded = |seed| PipelineParams {
        classifier: ClassifierParams::Online(OnlineParams::default().shuffle_buffer(64).seed(seed)),
        ..params(64)
    };
    let weights =
        |params: &PipelineParams| fit(params, &data).pipeline.classifier.linear().unwrap().weights().to_vec();
    assert_ne!(weights(&seeded(1)), weights(&seeded(2)));
    assert_ne!(weights(&params(64)), weights(&params(65)));
}

#[test]
fn a_run_that_was_stopped_anywhere_ends_as_if_it_had_not_been() {
    let (data, params) = (examples(1000), params(64));
    let whole = fit(&params, &data).pipeline.to_bytes().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (every, stops) in
        [(64, vec![700]), (200, vec![1, 300, 301, 999]), (1, vec![64, 128, 130]), (9999, vec![500])]
    {
        let path = folder.path().join(format!("{every}.state"));
        for stop in stops {
            // A reader that breaks off.
            let broken = records(&data[..stop]).chain([Err(Error::Dataset("broken".into()))]);
            let error = params.fit_stream(broken, with_checkpoint(&path, every)).unwrap_err().to_string();
            assert_eq!(error, "broken");
        }
        let learned = params.fit_stream(records(&data), with_checkpoint(&path, every)).unwrap();
        assert!(learned.resumed > 0 && learned.resumed.is_multiple_of(64), "{}", learned.resumed);
        assert_eq!(learned.pipeline.to_bytes().unwrap(), whole, "every {every}");
        // And once more, with nothing left but what stands behind the last whole block.
        let again = params.fit_stream(records(&data), with_checkpoint(&path, every)).unwrap();
        assert_eq!((again.resumed, again.pipeline.to_bytes().unwrap()), (960, whole.clone()));
    }
}

#[test]
fn data_that_have_grown_are_learned_as_if_they_had_never_been_shorter() {
    let (data, params) = (examples(1000), params(64));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    for count in [10, 64, 65, 500, 512, 1000] {
        let learned = params.fit_stream(records(&data[..count]), with_checkpoint(&path, 100)).unwrap();
        assert_eq!(learned.pipeline, fit(&params, &data[..count]).pipeline, "{count} records");
    }
}

#[test]
fn a_checkpoint_of_other_options_or_data_is_refused() {
    let (data, params) = (examples(300), params(64));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    params.fit_stream(records(&data), with_checkpoint(&path, 64)).unwrap();
    let before = std::fs::read(&path).unwrap();
    let message = |params: &PipelineParams, data: &[Example]| {
        params.fit_stream(records(data), with_checkpoint(&path, 64)).unwrap_err().to_string()
    };
    let other = message(&super::tests::params(65), &data);
    assert!(other.contains("state: the checkpoint was made with other options (classifier)"), "{other}");
    let mut folded = params.clone();
    folded.normalize.teh_marbuta = !folded.normalize.teh_marbuta;
    assert!(message(&folded, &data).contains("(normalize)"));
    let mut changed = data.clone();
    changed[10].text.push('!');
    assert!(message(&params, &changed).contains("first 256 records are not those"));
    // Behind the last whole block, too.
    let mut changed = data.clone();
    changed[290].labels = vec!["strike".into()];
    changed[290].weight = 2.0;
    assert!(message(&params, &changed).contains("first 300 records are not those"));
    assert!(message(&params, &data[..280]).contains("end after 280 records"));
    assert_eq!(std::fs::read(&path).unwrap(), before, "what was refused left the checkpoint as it was");
}

#[test]
fn a_damaged_or_foreign_checkpoint_is_named() {
    let (data, params) = (examples(200), params(64));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    params.fit_stream(records(&data), with_checkpoint(&path, 64)).unwrap();
    let good = std::fs::read(&path).unwrap();
    let message = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        params.fit_stream(records(&data), with_checkpoint(&path, 64)).unwrap_err().to_string()
    };
    for at in (0..good.len()).step_by(97) {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        assert!(message(&bytes).contains("state: "), "byte {at}");
    }
    for keep in [good.len() - 1, good.len() / 2, 70] {
        assert!(message(&good[..keep]).contains("damaged checkpoint"), "{keep} bytes");
    }
    assert!(message(b"").contains("not a checkpoint"));
    assert!(message(&fit(&params, &data).pipeline.to_bytes().unwrap()).contains("not a checkpoint"));
    let error = Pipeline::from_bytes(&good, Path::new("m")).unwrap_err().to_string();
    assert!(error.contains("not a tasnif model"), "{error}");
}

#[test]
fn the_state_does_not_grow_with_the_records() {
    let folder = tempfile::tempdir().unwrap();
    let size = |count: usize| {
        let path = folder.path().join(count.to_string());
        let learned = params(64).fit_stream(records(&examples(count)), with_checkpoint(&path, 64)).unwrap();
        (std::fs::metadata(&path).unwrap().len() / 256, learned.pipeline.to_bytes().unwrap().len() / 256)
    };
    assert_eq!(size(1000), size(20_000));
}

#[test]
fn sorted_data_are_learned_when_the_buffer_holds_many_labels_and_noticed_when_not() {
    let mut data = examples(1000);
    data.sort_by(|a, b| a.label().cmp(b.label()));
    let shuffled = fit(&params(1000), &data);
    assert!(accuracy(&shuffled.pipeline, &data) > 0.99);
    assert_eq!(shuffled.uneven_blocks, 0);
    assert!(fit(&params(50), &data).uneven_blocks > 10);
}

#[test]
fn a_model_goes_on_with_new_data() {
    let (params, data) = (params(64), examples(1000));
    let (first, more) = data.split_at(60);
    let model = fit(&params, first).pipeline;
    assert_eq!(model.labels(), ["statement", "strike"]);
    let warm =
        |model: &Pipeline| StreamOptions { warm_start: Some(model.clone()), ..StreamOptions::default() };
    let learned = params.fit_stream(records(more), warm(&model)).unwrap();
    assert_eq!(learned.pipeline.labels(), ["statement", "strike", "truce"]);
    assert!(accuracy(&learned.pipeline, &data) > 0.99);
    let provenance = learned.pipeline.provenance();
    assert_eq!(
        (provenance.records, provenance.labels["strike"]),
        (1000, data.iter().filter(|e| e.label() == "strike").count())
    );
    // What it knew is still there after a few records of one label that it knew.
    let few: Vec<Example> = (0..3).map(|_| Example::new("jets struck", "strike")).collect();
    let again = params.fit_stream(records(&few), warm(&learned.pipeline)).unwrap();
    assert!(accuracy(&again.pipeline, &data) > 0.95);
    // A loaded model goes on as the one that was saved.
    let loaded = Pipeline::from_bytes(&model.to_bytes().unwrap(), Path::new("m")).unwrap();
    assert_eq!(params.fit_stream(records(more), warm(&loaded)).unwrap().pipeline, learned.pipeline);
    // And with a checkpoint, too.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let both =
        |model: &Pipeline| StreamOptions { warm_start: Some(model.clone()), ..with_checkpoint(&path, 64) };
    let broken = records(&more[..200]).chain([Err(Error::Dataset("broken".into()))]);
    params.fit_stream(broken, both(&model)).unwrap_err();
    let resumed = params.fit_stream(records(more), both(&model)).unwrap();
    assert_eq!((resumed.pipeline, resumed.resumed), (learned.pipeline.clone(), 192));
    let error = params.fit_stream(records(more), both(&again.pipeline)).unwrap_err().to_string();
    assert!(error.contains("(warm start)"), "{error}");
}

#[test]
fn a_model_that_cannot_go_on_is_refused() {
    let data = examples(200);
    let message = |params: &PipelineParams, model: Pipeline| {
        let options = StreamOptions { warm_start: Some(model), ..StreamOptions::default() };
        params.fit_stream(records(&data), options).unwrap_err().to_string()
    };
    let batch = PipelineParams { classifier: ClassifierParams::default(), ..params(64) };
    let model = batch.fit(&data.iter().cloned().collect()).unwrap();
    assert!(message(&params(64), model).contains("not trained by the online learner"));
    let mut wider = params(64);
    let block = wider.features[0].ngrams_mut().unwrap();
    block.hash_bits = Some(13);
    assert!(message(&wider, fit(&params(64), &data).pipeline).contains("other features"));
}

#[test]
fn given_class_weights_count_and_unknown_ones_are_named() {
    // Two labels for one text: the weight decides.
    let data: Vec<Example> =
        (0..400).map(|i| Example::new("the same text", if i % 2 == 0 { "a" } else { "b" })).collect();
    let score = |weights: &[(&str, f64)]| {
        let mut params = params(64);
        let weights = weights.iter().map(|&(label, weight)| (label.to_owned(), weight)).collect();
        params.training.class_weight = LabelWeights::Given(weights);
        let learned = fit(&params, &data);
        (learned.pipeline.predict("the same text").unwrap().scores[0], learned.weights_of_no_label)
    };
    assert!(score(&[("a", 9.0)]).0 > 0.75 && score(&[("b", 9.0)]).0 < 0.25);
    assert_eq!(score(&[("c", 2.0), ("a", 1.0)]).1, ["c"]);
}

#[test]
fn record_weights_count() {
    let data = |weight: f32| -> Vec<Example> {
        let record = |i| match i % 2 {
            0 => Example { weight, ..Example::new("the same text", "a") },
            _ => Example::new("the same text", "b"),
        };
        (0..400).map(record).collect()
    };
    let score = |weight| fit(&params(64), &data(weight)).pipeline.predict("the same text").unwrap().scores[0];
    assert!(score(9.0) > 0.75 && score(0.1) < 0.25, "{} {}", score(9.0), score(0.1));
}

#[test]
fn what_cannot_be_learned_from_a_stream_is_refused() {
    let message = |params: &PipelineParams, data: &[Example]| {
        params.fit_stream(records(data), StreamOptions::default()).unwrap_err().to_string()
    };
    let data = examples(100);
    assert!(message(&params(64), &[]).contains("no records"));
    let one: Vec<Example> = (0..100).map(|_| Example::new("x", "a")).collect();
    assert!(message(&params(64), &one).contains("all 100 records have the label 'a'"));
    let weightless: Vec<Example> = data.iter().map(|e| Example { weight: 0.0, ..e.clone() }).collect();
    assert!(message(&params(64), &weightless).contains("weight 0"));
    assert!(message(&PipelineParams::default(), &data).contains("--classifier online"));
    let changed = |change: &dyn Fn(&mut PipelineParams)| {
        let mut params = params(64);
        change(&mut params);
        message(&params, &data)
    };
    let block = |change: &dyn Fn(&mut NgramParams)| {
        changed(&|params| {
            let block = params.features[0].ngrams_mut().unwrap();
            change(block);
        })
    };
    assert!(block(&|block| block.hash_bits = None).contains("hash_bits = 22"));
    assert!(block(&|block| block.weight = Weight::LogTfIdf).contains("log-tf"));
    assert!(block(&|block| block.hash_bits = Some(31)).contains("1 to 30"));
    assert!(
        changed(&|params| params.training.class_weight = LabelWeights::Balanced)
            .contains("in place of balanced")
    );
    assert!(
        changed(&|params| params.calibration.method = crate::classify::CalibrationMethod::Platt)
            .contains("calibration none")
    );
}

#[test]
fn every_text_and_number_of_labels_is_taken() {
    let mut data: Vec<Example> = (0..300)
        .map(|i| Example::new(if i % 3 == 0 { "" } else { "x y" }, format!("label {}", i % 12)))
        .collect();
    data.push(Example::new("long ".repeat(20_000), "label 99"));
    let learned = fit(&params(100), &data);
    assert_eq!(learned.pipeline.labels().len(), 13);
    assert!((learned.pipeline.predict("").unwrap().scores.iter().sum::<f32>() - 1.0).abs() < 1e-5);
}

#[test]
fn progress_is_told_after_each_block() {
    let mut told = Vec::new();
    let mut progress = |progress: Progress| told.push(progress.records);
    let options = StreamOptions { progress: Some(&mut progress), ..StreamOptions::default() };
    params(64).fit_stream(records(&examples(200)), options).unwrap();
    assert_eq!(told, [64, 128, 192, 200]);
}
