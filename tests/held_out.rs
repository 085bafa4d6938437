//! The classifiers against scikit-learn's on records that neither learned from: 2,000 to learn, 1,000 to label, of five classes
//! that are hard to tell apart. Both sides make the records by one rule (`tests/fixtures/held_out.py` has the other half).

use linfa::DatasetBase;
use linfa::traits::{Fit, Predict};
use ndarray::Array1;
use serde::Deserialize;
use tasnif::classify::{
    ClassifierParams, EventModel, LogisticParams, NaiveBayesParams, SvmLoss, SvmMulticlass, SvmParams,
};
use tasnif::features::csr::Csr;

const CLASSES: u64 = 5;
const COMMON: u64 = 4096;
const OWN: u64 = 96;
const TRAIN: u64 = 2000;
const HELD_OUT: u64 = 1000;

#[derive(Deserialize)]
struct Fixture {
    stored: usize,
    models: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    name: String,
    objective: Option<f64>,
    predicted: String,
}

/// The output function of SplitMix64.
fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The class of a record and its words, as `words` in held_out.py.
fn words(record: u64) -> (usize, Vec<u32>) {
    let label = mix(record) % CLASSES;
    let word = |place: u64| {
        let draw = mix(record * 64 + place + 1_000_000_000);
        if (draw / 12).is_multiple_of(5) {
            let of = (label + u64::from((draw / 60).is_multiple_of(3))) % CLASSES;
            return (COMMON + of * OWN + (draw >> 32) % OWN) as u32;
        }
        let size = 1 << (draw % 12);
        (size - 1 + (draw >> 32) % size) as u32
    };
    let mut found: Vec<u32> = (0..12 + mix(record + 1_000_000) % 20).map(word).collect();
    found.sort_unstable();
    found.dedup();
    (label as usize, found)
}

fn dataset(records: std::ops::Range<u64>) -> DatasetBase<Csr, Array1<usize>> {
    let mut rows = Csr::new((COMMON + CLASSES * OWN) as usize);
    let mut labels = Vec::new();
    for (label, found) in records.map(words) {
        let value = 1.0 / (found.len() as f32).sqrt();
        rows.push_row(found.into_iter().map(|word| (word, value))).unwrap();
        labels.push(label);
    }
    DatasetBase::new(rows, labels.into())
}

fn params(name: &str) -> ClassifierParams {
    let svm = SvmParams::default().c(1.0);
    let nb = |event| NaiveBayesParams::new(event).alpha(0.5);
    match name {
        "logistic 1" => ClassifierParams::Logistic(LogisticParams::default().c(1.0)),
        "logistic 10" => ClassifierParams::Logistic(LogisticParams::default().c(10.0)),
        "svm" => ClassifierParams::Svm(svm),
        "svm hinge" => ClassifierParams::Svm(svm.loss(SvmLoss::Hinge)),
        "crammer-singer" => ClassifierParams::Svm(svm.multiclass(SvmMulticlass::CrammerSinger)),
        "nb" => ClassifierParams::Nb(nb(EventModel::Multinomial)),
        "complement-nb" => ClassifierParams::ComplementNb(nb(EventModel::Complement)),
        _ => unreachable!("{name}"),
    }
}

/// The labels of `held_out`, and where the solver ended.
fn learn(
    params: &ClassifierParams,
    train: &DatasetBase<Csr, Array1<usize>>,
    held_out: &Csr,
) -> (Array1<usize>, Option<f64>) {
    match params {
        ClassifierParams::Logistic(params) => {
            let model = params.clone().fit(train).unwrap();
            (model.predict(held_out), Some(model.convergence().objective))
        }
        ClassifierParams::Svm(params) => {
            let model = params.clone().fit(train).unwrap();
            (model.predict(held_out), Some(model.convergence().objective))
        }
        ClassifierParams::Nb(params) | ClassifierParams::ComplementNb(params) => {
            (params.clone().fit(train).unwrap().predict(held_out), None)
        }
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn labels_of_records_never_seen_agree_with_scikit_learn() {
    let fixture: Fixture = serde_json::from_str(include_str!("fixtures/held_out.json")).unwrap();
    let (train, held_out) = (dataset(0..TRAIN), dataset(TRAIN..TRAIN + HELD_OUT));
    assert_eq!(train.records.stored(), fixture.stored, "both make the same records");
    for model in &fixture.models {
        let (predicted, objective) = learn(&params(&model.name), &train, &held_out.records);
        let agree = predicted
            .iter()
            .zip(model.predicted.bytes())
            .filter(|&(&ours, theirs)| ours == usize::from(theirs - b'0'))
            .count();
        assert!(agree >= 995, "{}: {agree} of {HELD_OUT} labels agree", model.name);
        assert_eq!(objective.is_some(), model.objective.is_some());
        if let (Some(ours), Some(theirs)) = (objective, model.objective) {
            let relative = (ours - theirs) / theirs;
            assert!(relative.abs() < 1e-4, "{}: objective {ours}, scikit-learn's {theirs}", model.name);
        }
        println!("{}: {agree} of {HELD_OUT} agree", model.name);
    }
}
