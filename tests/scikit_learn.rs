//! The vectorizer and the logistic regression against scikit-learn, on texts that both cut into the same tokens.
//!
//! Where the two differ, on purpose, on other text (scikit-learn's token pattern being `\w+`):
//! - its `\w` holds no marks, so that it cuts a vocalised Arabic word at every vowel; here marks stay in the word;
//! - numbers keep their separators here (27.8 is one token, there two);
//! - `@name` and `#tag` are one token with their sign here;
//! - Arabic letters and digits part here (ال14 gives ال and 14), Latin ones do not in either;
//! - an apostrophe between letters stays in the word here (don't).

use std::collections::{BTreeMap, HashMap};

use linfa::DatasetBase;
use linfa::traits::Fit;
use serde::Deserialize;
use tasnif::classify::{
    ClassWeight, EventModel, LinearModel, LogisticParams, NaiveBayesParams, NbsvmParams, SvmLoss,
    SvmMulticlass, SvmParams,
};
use tasnif::features::csr::Csr;
use tasnif::features::ngram::{Analyzer, NgramRange};
use tasnif::features::vectorizer::{Frequency, NgramParams, Norm, VectorizerParams, Weight};
use tasnif::text::normalize::Switches;

#[derive(Deserialize)]
struct Fixture {
    texts: Vec<String>,
    labels: Vec<String>,
    vectorizers: BTreeMap<String, Rows>,
    logistic: Vec<Logistic>,
    svm: Vec<Svm>,
    bayes: Vec<Bayes>,
    nbsvm: Vec<Nbsvm>,
}

#[derive(Deserialize)]
struct Rows {
    features: usize,
    rows: Vec<HashMap<String, f32>>,
}

#[derive(Deserialize)]
struct Logistic {
    name: String,
    c: f64,
    classes: Vec<String>,
    weighted: bool,
    balanced: bool,
    objective: f64,
    probabilities: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Svm {
    name: String,
    c: f64,
    classes: Vec<String>,
    weighted: bool,
    hinge: bool,
    crammer_singer: bool,
    objective: f64,
    decisions: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Bayes {
    name: String,
    classes: Vec<String>,
    log_probabilities: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Nbsvm {
    classes: Vec<String>,
    decisions: Vec<Vec<f64>>,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("fixtures/scikit_learn.json")).unwrap()
}

/// The folds that scikit-learn does too.
fn like_scikit_learn(block: NgramParams) -> VectorizerParams {
    let normalize = Switches { lowercase: true, whitespace: true, ..Switches::none() };
    VectorizerParams { normalize, features: vec![block], ..VectorizerParams::default() }
}

fn block(analyzer: Analyzer, min: usize, max: usize, weight: Weight) -> NgramParams {
    NgramParams { ngrams: NgramRange::new(min, max).unwrap(), weight, ..NgramParams::new(analyzer) }
}

#[test]
fn weights_agree_with_tfidf_vectorizer() {
    use Analyzer::{Char, CharWb, Word};
    let options = [
        ("word 1-1 tf-idf", block(Word, 1, 1, Weight::TfIdf)),
        ("word 1-2 log-tf-idf", block(Word, 1, 2, Weight::LogTfIdf)),
        ("word 1-3 tf none", NgramParams { norm: Norm::None, ..block(Word, 1, 3, Weight::Tf) }),
        (
            "word 1-2 binary min_df 2",
            NgramParams { min_df: Frequency::Count(2), ..block(Word, 1, 2, Weight::Binary) },
        ),
        (
            "word 1-1 log-tf-idf max_df 0.3",
            NgramParams { max_df: Frequency::Fraction(0.3), ..block(Word, 1, 1, Weight::LogTfIdf) },
        ),
        ("char 2-3 tf-idf", block(Char, 2, 3, Weight::TfIdf)),
        ("char_wb 2-5 log-tf-idf", block(CharWb, 2, 5, Weight::LogTfIdf)),
        ("char_wb 6-7 tf-idf", block(CharWb, 6, 7, Weight::TfIdf)),
    ];
    let fixture = fixture();
    assert_eq!(options.len(), fixture.vectorizers.len());
    for (name, block) in options {
        let expected = &fixture.vectorizers[name];
        let prefix = format!("{}:", block.analyzer);
        let (vectorizer, rows) = like_scikit_learn(block).fit_transform(&fixture.texts).unwrap();
        let names: Vec<String> =
            vectorizer.feature_names().map(|name| name[prefix.len()..].to_owned()).collect();
        assert_eq!(names.len(), expected.features, "{name}");
        for (index, (row, expected)) in rows.iter().zip(&expected.rows).enumerate() {
            assert_eq!(row.columns.len(), expected.len(), "{name}, text {index}");
            for (column, value) in row.iter() {
                let difference = (value - expected[&names[column]]).abs();
                assert!(difference < 1e-5, "{name}, text {index}, {}: {difference}", names[column]);
            }
        }
    }
}

#[test]
fn the_objective_and_the_probabilities_agree_with_logistic_regression() {
    let fixture = fixture();
    let (_, rows) = like_scikit_learn(block(Analyzer::Word, 1, 2, Weight::LogTfIdf))
        .fit_transform(&fixture.texts)
        .unwrap();
    for expected in &fixture.logistic {
        let kept: Vec<usize> =
            (0..rows.rows()).filter(|&row| expected.classes.contains(&fixture.labels[row])).collect();
        let class =
            |row: &usize| expected.classes.iter().position(|class| *class == fixture.labels[*row]).unwrap();
        let mut dataset = DatasetBase::new(rows.select(&kept), kept.iter().map(class).collect());
        if expected.weighted {
            dataset = dataset.with_weights((0..kept.len()).map(|row| 1.0 + (row % 3) as f32).collect());
        }
        let class_weight = if expected.balanced { ClassWeight::Balanced } else { ClassWeight::None };
        // At the default tolerance: what users get is what is held to the reference.
        let model = LogisticParams::default().c(expected.c).class_weight(class_weight).fit(&dataset).unwrap();
        let relative = (model.convergence().objective - expected.objective) / expected.objective;
        assert!(relative.abs() < 1e-4, "{}: {relative}", expected.name);
        let probabilities = model.probabilities(&dataset.records);
        for (ours, theirs) in probabilities.rows().into_iter().zip(&expected.probabilities) {
            for (ours, theirs) in ours.iter().zip(theirs) {
                assert!((ours - theirs).abs() < 2e-3, "{}: {ours} {theirs}", expected.name);
            }
        }
    }
}

/// The records of these classes, their rows and class indices; weighted 1, 2, 3, 1, … if so asked.
fn records(
    fixture: &Fixture,
    rows: &Csr,
    classes: &[String],
    weighted: bool,
) -> DatasetBase<Csr, ndarray::Array1<usize>> {
    let kept: Vec<usize> = (0..rows.rows()).filter(|&row| classes.contains(&fixture.labels[row])).collect();
    let class = |row: &usize| classes.iter().position(|class| *class == fixture.labels[*row]).unwrap();
    let dataset = DatasetBase::new(rows.select(&kept), kept.iter().map(class).collect());
    let weights = (0..kept.len()).map(|row| if weighted { 1.0 + (row % 3) as f32 } else { 1.0 });
    dataset.with_weights(weights.collect())
}

fn decisions(model: &LinearModel, rows: &Csr) -> Vec<Vec<f64>> {
    rows.iter()
        .map(|row| {
            let mut decision = Vec::new();
            model.decide(row, &mut decision);
            decision
        })
        .collect()
}

fn assert_close(ours: &[Vec<f64>], theirs: &[Vec<f64>], tolerance: f64, name: &str) {
    assert_eq!(ours.len(), theirs.len(), "{name}");
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert_eq!(ours.len(), theirs.len(), "{name}");
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert!((ours - theirs).abs() <= tolerance * theirs.abs().max(1.0), "{name}: {ours} {theirs}");
        }
    }
}

#[test]
fn the_objective_and_the_decisions_agree_with_linear_svc() {
    let fixture = fixture();
    let (_, rows) = like_scikit_learn(block(Analyzer::Word, 1, 2, Weight::LogTfIdf))
        .fit_transform(&fixture.texts)
        .unwrap();
    for expected in &fixture.svm {
        let dataset = records(&fixture, &rows, &expected.classes, expected.weighted);
        let loss = if expected.hinge { SvmLoss::Hinge } else { SvmLoss::SquaredHinge };
        let multiclass =
            if expected.crammer_singer { SvmMulticlass::CrammerSinger } else { SvmMulticlass::OneVsRest };
        let model =
            SvmParams::default().c(expected.c).loss(loss).multiclass(multiclass).fit(&dataset).unwrap();
        let relative = (model.convergence().objective - expected.objective) / expected.objective;
        assert!(relative.abs() < 1e-4, "{}: {relative}", expected.name);
        assert_close(&decisions(model.linear(), &dataset.records), &expected.decisions, 2e-2, &expected.name);
    }
}

/// Rows of 0 and 1.
fn binary_rows(fixture: &Fixture) -> Csr {
    let block = NgramParams { norm: Norm::None, ..block(Analyzer::Word, 1, 2, Weight::Binary) };
    like_scikit_learn(block).fit_transform(&fixture.texts).unwrap().1
}

#[test]
fn the_log_probabilities_agree_with_naive_bayes() {
    let fixture = fixture();
    let rows = binary_rows(&fixture);
    for expected in &fixture.bayes {
        let event = match expected.name.split(',').next().unwrap() {
            "multinomial" => EventModel::Multinomial,
            "complement" => EventModel::Complement,
            _ => EventModel::Bernoulli,
        };
        let model =
            NaiveBayesParams::new(event).fit(&records(&fixture, &rows, &expected.classes, false)).unwrap();
        let ours: Vec<Vec<f64>> = decisions(model.linear(), &rows)
            .into_iter()
            .map(|mut decision| {
                LinearModel::softmax(&mut decision);
                decision.iter().map(|probability| probability.ln()).collect()
            })
            .collect();
        assert_close(&ours, &expected.log_probabilities, 1e-5, &expected.name);
    }
}

#[test]
fn the_decisions_agree_with_nbsvm_as_published() {
    let fixture = fixture();
    let rows = binary_rows(&fixture);
    for expected in &fixture.nbsvm {
        let dataset = records(&fixture, &rows, &expected.classes, false);
        let model = NbsvmParams::default().fit(&dataset).unwrap();
        assert_close(&decisions(model.linear(), &dataset.records), &expected.decisions, 1e-2, "NBSVM");
    }
}
