//! linfa's own classifiers behind sparse rows: each trains, predicts, saves and loads, agrees with linfa where linfa is
//! right, and differs where its traps are.

#![cfg(feature = "linfa-classifiers")]

use std::collections::BTreeSet;
use std::path::Path;

use linfa::traits::{Fit, Predict};
use linfa::{Dataset as LinfaDataset, DatasetBase};
use ndarray::{Array1, Array2};
use tasnif::classify::dense::{
    LinfaAdaboostParams, LinfaBernoulliNbParams, LinfaForestParams, LinfaFtrlParams, LinfaGaussianNbParams,
    LinfaLogisticParams, LinfaSvmParams, LinfaTreeParams, Select, SplitCriterion, SvmKernel,
};
use tasnif::classify::{ClassWeight, ClassifierParams, DenseModel, LinearModel, NaiveBayesParams};
use tasnif::dataset::{Dataset, Example};
use tasnif::features::csr::Csr;
use tasnif::pipeline::{LabelWeights, Pipeline, PipelineParams};

/// Every kind, and the training accuracy that it reaches on [`sentences`] at least.
const KINDS: [(&str, f64); 9] = [
    ("kind = \"linfa-gaussian-nb\"", 0.95),
    ("kind = \"linfa-bernoulli-nb\"", 0.95),
    ("kind = \"linfa-logistic\"", 1.0),
    ("kind = \"linfa-svm\"", 1.0),
    ("kind = \"linfa-svm\"\nkernel = \"gaussian\"", 1.0),
    ("kind = \"linfa-tree\"", 1.0),
    ("kind = \"linfa-forest\"\ntrees = 15", 0.95),
    ("kind = \"linfa-adaboost\"\ntrees = 15", 0.95),
    ("kind = \"linfa-ftrl\"", 0.95),
];

/// Invented sentences of five kinds, `each` of a kind.
fn sentences(each: usize) -> Dataset {
    let words = [
        ("market", ["shares", "rates", "bank", "bonds", "profit"]),
        ("match", ["goal", "striker", "league", "draw", "coach"]),
        ("rain", ["storm", "clouds", "flood", "wind", "frost"]),
        ("statement", ["minister", "envoy", "talks", "treaty", "summit"]),
        ("strike", ["shells", "depot", "jets", "raid", "front"]),
    ];
    let filler = ["today", "again", "near", "after", "the", "east"];
    (0..each * words.len())
        .map(|i| {
            let (label, words) = words[i % words.len()];
            let pick = |k: usize| words[(i * 7 + k * (i / 5 + 1)) % words.len()];
            let text =
                format!("{} {} {} {} {}", pick(0), filler[i % 6], pick(1), filler[i * 5 % 7 % 6], pick(2));
            Example::new(text, label)
        })
        .collect()
}

fn pipeline(classifier: &str) -> PipelineParams {
    PipelineParams::from_toml(&format!(
        "[classifier]\n{classifier}\nfeatures = 60\n[[features]]\nkind = \"ngrams\"\nanalyzer = \"word\"\nngrams = [1, 2]\n"
    ))
    .unwrap()
}

fn bits(pipeline: &Pipeline, texts: &[&str]) -> Vec<(String, Vec<u32>)> {
    let predictions = pipeline.predict_batch(texts).unwrap();
    let bits = |scores: &[f32]| scores.iter().map(|score| score.to_bits()).collect();
    predictions.iter().map(|prediction| (prediction.label.to_owned(), bits(&prediction.scores))).collect()
}

#[test]
fn every_kind_trains_predicts_saves_and_loads_to_the_bit() {
    let data = sentences(16);
    let texts = data.texts();
    for (kind, accuracy) in KINDS {
        let train = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| pipeline(kind).fit(&data).unwrap())
        };
        let trained = train(1);
        let bytes = trained.to_bytes().unwrap();
        assert!(train(3).to_bytes().unwrap() == bytes, "{kind} depends on the threads");
        let loaded = Pipeline::from_bytes(&bytes, Path::new("m.tasnif")).unwrap();
        assert_eq!(loaded, trained, "{kind}");
        let predicted = bits(&trained, &texts);
        assert_eq!(predicted, bits(&loaded, &texts), "{kind}");
        for (text, in_batch) in texts.iter().zip(&predicted) {
            assert_eq!(bits(&loaded, &[text]), [in_batch.clone()], "{kind}");
            let sum: f32 = in_batch.1.iter().map(|&score| f32::from_bits(score)).sum();
            assert!((sum - 1.0).abs() < 1e-5, "{kind}: {sum}");
        }
        let right = predicted.iter().zip(&data.examples).filter(|(got, example)| got.0 == example.label());
        let share = right.count() as f64 / data.len() as f64;
        assert!(share >= accuracy, "{kind}: {share}");
        // Texts without a known feature are no trouble.
        assert_eq!(trained.predict("").unwrap().scores.len(), 5);
    }
}

#[test]
fn every_kind_is_calibrated_on_folds_that_lack_a_label() {
    // One record of a sixth label: no fold but one has it in training.
    let mut data = sentences(6);
    data.examples.push(Example::new("a lone record", "zero"));
    for (kind, _) in KINDS {
        let mut params = pipeline(kind);
        params.calibration.method = tasnif::classify::CalibrationMethod::Temperature;
        let trained = params.fit(&data).unwrap();
        let loaded = Pipeline::from_bytes(&trained.to_bytes().unwrap(), Path::new("m.tasnif")).unwrap();
        let prediction = loaded.predict("shares and rates").unwrap();
        assert_eq!(prediction.scores.len(), 6, "{kind}");
    }
}

/// Rows of `width` columns, most of them 0, whose class shows in a column of its own; no two values are alike.
fn rows(count: usize, width: u32, classes: usize) -> (Csr, Array1<usize>) {
    let mut random = Generator(11);
    let mut uniform = move || (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    let (mut rows, mut targets) = (Csr::new(width as usize), Vec::new());
    for row in 0..count {
        // A few records lie.
        let class = if row % 11 == 10 { (row + 1) % classes } else { row % classes };
        let mut entries = Vec::new();
        for column in 0..width {
            if uniform() < 0.3 || column as usize == row % classes {
                let strength = if column as usize == row % classes { 0.5 } else { 0.0 };
                entries.push((column, (strength + uniform()) as f32));
            }
        }
        rows.push_row(entries).unwrap();
        targets.push(class);
    }
    (rows, targets.into())
}

fn decisions(model: &DenseModel, rows: &Csr) -> Vec<Vec<f64>> {
    let mut decision = Vec::new();
    let decide = |row| {
        model.decide(row, &mut decision);
        decision.clone()
    };
    rows.iter().map(decide).collect()
}

fn assert_near(got: f64, expected: f64, within: f64) {
    assert!((got - expected).abs() <= within * expected.abs().max(1.0), "{got} is not {expected}");
}

#[test]
fn gaussian_naive_bayes_is_linfas() {
    use linfa_bayes::{GaussianNbParams, NaiveBayes};
    let (rows, targets) = rows(120, 8, 4);
    let dense = LinfaDataset::new(rows.to_dense(), targets.clone());
    let theirs = GaussianNbParams::new().var_smoothing(1e-3).fit(&dense).unwrap();
    let ours = LinfaGaussianNbParams::default().smoothing(1e-3).fit(&DatasetBase::new(rows.clone(), targets));
    let ours = ours.unwrap();
    assert_eq!(ours.predict(&rows), theirs.predict(&dense));
    let expected = theirs.joint_log_likelihood(dense.records.view());
    for (row, decision) in decisions(&ours, &rows).into_iter().enumerate() {
        for (class, value) in decision.into_iter().enumerate() {
            assert_near(value, expected[&class][row], 1e-12);
        }
    }
}

#[test]
fn bernoulli_naive_bayes_is_linfas() {
    use linfa_bayes::BernoulliNbParams;
    for classes in [2, 4] {
        let (rows, targets) = rows(120, 8, classes);
        let dense = LinfaDataset::new(rows.to_dense(), targets.clone());
        let theirs = BernoulliNbParams::new().alpha(0.5).fit(&dense).unwrap();
        let ours = LinfaBernoulliNbParams::default().alpha(0.5).fit(&DatasetBase::new(rows.clone(), targets));
        assert_eq!(ours.unwrap().predict(&rows), theirs.predict(&dense));
    }
}

/// linfa's own prints its parameters here, which is why there is no `linfa-multinomial-nb`.
#[test]
fn our_multinomial_naive_bayes_is_linfas() {
    let (rows, targets) = rows(60, 5, 3);
    let dense = LinfaDataset::new(rows.to_dense(), targets.clone());
    let theirs = linfa_bayes::MultinomialNbParams::new().alpha(0.5).fit(&dense).unwrap();
    let ours = NaiveBayesParams::default().alpha(0.5).fit(&DatasetBase::new(rows.clone(), targets)).unwrap();
    assert_eq!(ours.predict(&rows), theirs.predict(&dense));
}

#[test]
fn long_documents_have_finite_scores_where_linfas_are_infinite() {
    use linfa_bayes::{BernoulliNbParams, NaiveBayes};
    let width = 1_500;
    let mut rows = Csr::new(width);
    let mut targets = Vec::new();
    for row in 0..20u32 {
        rows.push_row((0..width as u32).filter(|column| column % 2 == row % 2).map(|column| (column, 1.0)))
            .unwrap();
        targets.push((row % 2) as usize);
    }
    let targets = Array1::from(targets);
    let dense = LinfaDataset::new(rows.to_dense(), targets.clone());
    let theirs = BernoulliNbParams::new().fit(&dense).unwrap();
    // A document of everything: far from both classes.
    let all = Array2::ones((1, width));
    assert!(theirs.predict_log_proba(all.view()).0.iter().any(|value| !value.is_finite()));
    let ours = LinfaBernoulliNbParams::default().fit(&DatasetBase::new(rows, targets)).unwrap();
    let mut document = Csr::new(width);
    document.push_row((0..width as u32).map(|column| (column, 1.0))).unwrap();
    let mut scores = decisions(&ours, &document).remove(0);
    LinearModel::softmax(&mut scores);
    assert_near(scores[0], 0.5, 1e-9);
}

#[test]
fn logistic_regression_is_linfas() {
    use linfa_logistic::{LogisticRegression, MultiLogisticRegression};
    let params = LinfaLogisticParams::default().c(2.0);
    let (rows4, targets4) = rows(120, 8, 4);
    let dense = LinfaDataset::new(rows4.to_dense(), targets4.clone());
    let theirs = MultiLogisticRegression::default().alpha(0.5).max_iterations(200).fit(&dense).unwrap();
    let ours = params.clone().fit(&DatasetBase::new(rows4.clone(), targets4)).unwrap();
    assert_eq!(ours.predict(&rows4), theirs.predict(&dense));
    let expected = theirs.predict_probabilities(&dense.records);
    for (row, mut decision) in decisions(&ours, &rows4).into_iter().enumerate() {
        LinearModel::softmax(&mut decision);
        (0..4).for_each(|class| assert_near(decision[class], expected[(row, class)], 1e-12));
    }
    // The positive class of the binary one is the more frequent: each in turn.
    let (rows2, targets2) = rows(121, 8, 2);
    for targets in [targets2.clone(), targets2.mapv(|class| 1 - class)] {
        let dense = LinfaDataset::new(rows2.to_dense(), targets.clone());
        let theirs = LogisticRegression::default().alpha(0.5).max_iterations(200).fit(&dense).unwrap();
        let ours = params.clone().fit(&DatasetBase::new(rows2.clone(), targets)).unwrap();
        assert_eq!(ours.predict(&rows2), theirs.predict(&dense));
    }
}

#[test]
fn support_vector_machines_are_linfas() {
    use linfa_svm::Svm;
    let (rows, targets) = rows(90, 8, 3);
    let two = targets.mapv(|class| class.min(1));
    for kernel in [SvmKernel::Linear, SvmKernel::Gaussian] {
        let params = LinfaSvmParams::default().c(3.0).kernel(kernel).kernel_width(1.5);
        let theirs = |hits: Array1<bool>| {
            let params = Svm::<f64, bool>::params().pos_neg_weights(3.0, 3.0).eps(1e-3);
            let params = match kernel {
                SvmKernel::Linear => params.linear_kernel(),
                SvmKernel::Gaussian => params.gaussian_kernel(1.5),
            };
            let dense = LinfaDataset::new(rows.to_dense(), hits);
            let svm = params.fit(&dense).unwrap();
            let margins: Vec<f64> =
                dense.records.rows().into_iter().map(|row| svm.weighted_sum(&row) - svm.rho).collect();
            (svm.predict(&dense), margins)
        };
        let (hits, margins) = theirs(two.mapv(|class| class == 1));
        let ours = params.clone().fit(&DatasetBase::new(rows.clone(), two.clone())).unwrap();
        assert_eq!(ours.predict(&rows).mapv(|class| class == 1), hits, "{kernel:?}");
        for (decision, margin) in decisions(&ours, &rows).into_iter().zip(margins) {
            assert_near(decision[0], margin, 1e-12);
        }
        let ours = params.fit(&DatasetBase::new(rows.clone(), targets.clone())).unwrap();
        for class in 0..3 {
            let (_, margins) = theirs(targets.mapv(|target| target == class));
            for (decision, margin) in decisions(&ours, &rows).into_iter().zip(margins) {
                assert_near(decision[class], margin, 1e-12);
            }
        }
    }
}

#[test]
fn ftrl_is_linfas_from_a_start_at_zero() {
    use linfa::ParamGuard;
    use linfa::traits::FitWith;
    let (rows, targets) = rows(90, 8, 2);
    // Its column of ones is the intercept.
    let x = ndarray::concatenate![ndarray::Axis(1), rows.to_dense(), Array2::ones((90, 1))];
    let dense = LinfaDataset::new(x, targets.mapv(|class| class == 1));
    let params = linfa_ftrl::FtrlParams::new(0.5, 1.0, 0.2, 0.3, Zeros).check().unwrap();
    let theirs = (0..30).fold(None, |model, _| Some(params.fit_with(model, &dense).unwrap())).unwrap();
    let expected = dense.records.dot(&theirs.get_weights());
    let params = LinfaFtrlParams::default().alpha(0.5).beta(1.0).l1(0.2).l2(0.3).epochs(30);
    let ours = params.fit(&DatasetBase::new(rows.clone(), targets.clone())).unwrap();
    for (decision, expected) in decisions(&ours, &rows).into_iter().zip(expected) {
        assert_near(decision[0], expected, 1e-12);
    }
    let right = ours.predict(&rows).iter().zip(&targets).filter(|(a, b)| a == b).count();
    assert!(right > 75, "{right}");
}

/// linfa's tree of the same rows with their signs turned.
fn linfas_tree(x: &Array2<f64>, targets: &Array1<usize>, depth: usize) -> Array1<usize> {
    let turned = LinfaDataset::new(-x, targets.clone());
    linfa_trees::DecisionTree::params().max_depth(Some(depth)).fit(&turned).unwrap().predict(&turned)
}

#[test]
fn a_tree_of_two_classes_is_linfas_but_where_linfa_ties() {
    let (rows, targets) = rows(300, 8, 2);
    let x = rows.to_dense();
    for depth in [1, 3, 6, 20] {
        let ours =
            LinfaTreeParams::default().depth(depth).fit(&DatasetBase::new(rows.clone(), targets.clone()));
        let ours = ours.unwrap().predict(&rows);
        // Leaves that tie are labelled by chance.
        let theirs: Vec<Array1<usize>> = (0..12).map(|_| linfas_tree(&x, &targets, depth)).collect();
        let mut compared = 0;
        for row in 0..rows.rows() {
            if theirs.iter().all(|one| one[row] == theirs[0][row]) {
                assert_eq!(ours[row], theirs[0][row], "depth {depth}, record {row}");
                compared += 1;
            }
        }
        assert!(compared > 250, "{compared}");
    }
}

#[test]
fn a_forest_of_two_classes_is_linfas_but_where_linfa_ties() {
    let (rows, targets) = rows(120, 8, 2);
    let turned = LinfaDataset::new(-rows.to_dense(), targets.clone());
    let tree = linfa_trees::DecisionTree::params().max_depth(Some(20));
    let theirs = |_| {
        linfa_ensemble::EnsembleLearnerParams::new_fixed_rng(tree.clone(), Generator(5))
            .ensemble_size(9)
            .feature_proportion(0.5)
            .fit(&turned)
            .unwrap()
            .predict(&turned)
    };
    let theirs: Vec<Array1<usize>> = (0..5).map(theirs).collect();
    let params = LinfaForestParams::default().trees(9).feature_share(0.5).seed(5);
    let ours = params.fit(&DatasetBase::new(rows.clone(), targets)).unwrap().predict(&rows);
    let same: Vec<usize> =
        (0..120).filter(|&row| theirs.iter().all(|one| one[row] == theirs[0][row])).collect();
    assert!(same.len() > 100, "{}", same.len());
    same.iter().for_each(|&row| assert_eq!(ours[row], theirs[0][row], "record {row}"));
}

#[test]
fn boosting_of_two_classes_is_linfas() {
    let (rows, targets) = rows(120, 8, 2);
    let turned = LinfaDataset::new(-rows.to_dense(), targets.clone());
    // Deep enough that no leaf ties; no value is in two records.
    let tree = linfa_trees::DecisionTree::params().max_depth(Some(30));
    let theirs = linfa_ensemble::AdaBoostParams::new_fixed_rng(tree, Generator(5))
        .n_estimators(6)
        .fit(&turned)
        .unwrap();
    let params = LinfaAdaboostParams::default().trees(6).depth(30).seed(5);
    let ours = params.fit(&DatasetBase::new(rows.clone(), targets)).unwrap();
    assert_eq!(ours.predict(&rows), theirs.predict(&turned));
}

/// The trap that one-vs-rest trees and exact ties are for.
#[test]
fn linfas_tree_breaks_ties_by_chance_and_ours_does_not() {
    // Four alike records of four labels: any label is as good.
    let targets: Array1<usize> = (0..4).collect();
    let x = Array2::ones((4, 1));
    let labels: BTreeSet<usize> = (0..200).map(|_| linfas_tree(&x, &targets, 3)[0]).collect();
    assert!(labels.len() > 1, "linfa may have mended this: {labels:?}");
    let mut rows = Csr::new(1);
    (0..4).for_each(|_| rows.push_row([(0, 1.0)]).unwrap());
    let dataset = DatasetBase::new(rows, targets);
    let first = LinfaTreeParams::default().fit(&dataset).unwrap();
    for _ in 0..50 {
        assert_eq!(LinfaTreeParams::default().fit(&dataset).unwrap(), first);
    }
    assert_eq!(first.predict(&dataset), ndarray::array![0, 0, 0, 0]);
}

#[test]
fn trees_are_the_same_again_and_again_on_many_ties() {
    // Binary columns and contradicting records: ties everywhere.
    let (mut rows, mut random) = (Csr::new(6), Generator(3));
    let mut targets = Vec::new();
    for _ in 0..150 {
        let bits = random.next_u64();
        rows.push_row((0..6).filter(|column| bits >> column & 1 == 1).map(|column| (column, 1.0))).unwrap();
        targets.push((bits >> 20) as usize % 3);
    }
    for classes in [2, 3] {
        let targets = targets.iter().map(|&class| class % classes).collect::<Array1<usize>>();
        let weights = (0..150).map(|row| [1.0, 0.5, 3.0][row % 3]).collect::<Array1<f32>>();
        let plain = DatasetBase::new(rows.clone(), targets.clone());
        let weighted = DatasetBase::new(rows.clone(), targets).with_weights(weights);
        for depth in [2, 4, 9] {
            for dataset in [&plain, &weighted] {
                for criterion in [SplitCriterion::Gini, SplitCriterion::Entropy] {
                    let train =
                        || LinfaTreeParams::default().depth(depth).criterion(criterion).fit(dataset).unwrap();
                    let first = train();
                    (0..15).for_each(|_| assert_eq!(train(), first));
                }
            }
            let boost = || LinfaAdaboostParams::default().trees(4).depth(depth).fit(&plain).unwrap();
            assert_eq!(boost(), boost());
        }
    }
}

/// The trap that turned signs are for.
#[test]
fn linfas_tree_misses_splits_behind_zeros_and_ours_does_not() {
    // Class 1 has column 1 and lacks column 0. The last record, the last zero of column 1, has column 0.
    let (mut rows, mut targets) = (Csr::new(2), Vec::new());
    for i in 0..20 {
        let noise = 0.001 * i as f32;
        match i % 4 {
            0 => rows.push_row([(1, 0.5 + noise)]).unwrap(),
            1 => rows.push_row([]).unwrap(),
            2 => rows.push_row([(0, 0.5 + noise), (1, 0.5 + noise)]).unwrap(),
            _ => rows.push_row([(0, 0.5 + noise)]).unwrap(),
        }
        targets.push(usize::from(i % 4 == 0));
    }
    let targets = Array1::from(targets);
    let dense = LinfaDataset::new(rows.to_dense(), targets.clone());
    let theirs = linfa_trees::DecisionTree::params().fit(&dense).unwrap().predict(&dense);
    assert!(theirs != targets, "linfa may have mended this");
    let ours = LinfaTreeParams::default().fit(&DatasetBase::new(rows, targets.clone())).unwrap();
    assert_eq!(ours.predict(&(DatasetBase::new(rows_of(&dense.records), targets.clone()))), targets);
}

fn rows_of(x: &Array2<f64>) -> Csr {
    let mut rows = Csr::new(x.ncols());
    for row in x.rows() {
        let entries = row.iter().enumerate().filter(|(_, value)| **value != 0.0);
        rows.push_row(entries.map(|(column, &value)| (column as u32, value as f32))).unwrap();
    }
    rows
}

#[test]
fn the_tree_takes_weights_and_the_others_say_that_they_do_not() {
    let mut rows = Csr::new(1);
    (0..6).for_each(|i| rows.push_row([(0, if i < 3 { 1.0 } else { 2.0 })]).unwrap());
    let targets = ndarray::array![0, 1, 1, 1, 0, 0];
    let weights = |weights: [f32; 6]| {
        DatasetBase::new(rows.clone(), targets.clone()).with_weights(Array1::from(weights.to_vec()))
    };
    let heavy = weights([5.0, 1.0, 1.0, 5.0, 1.0, 1.0]);
    let tree = LinfaTreeParams::default().fit(&heavy).unwrap();
    assert_eq!(tree.predict(&rows), ndarray::array![0, 0, 0, 1, 1, 1]);
    let message = LinfaLogisticParams::default().fit(&heavy).unwrap_err().to_string();
    assert!(message.contains("linfa-logistic counts every record the same"), "{message}");
    // Equal weights, and records that do not count, are fine.
    let same = LinfaLogisticParams::default().fit(&weights([2.0; 6])).unwrap();
    assert_eq!(same, LinfaLogisticParams::default().fit(&weights([1.0; 6])).unwrap());
    let few = LinfaLogisticParams::default().fit(&weights([1.0, 0.0, 0.0, 1.0, 0.0, 0.0])).unwrap();
    assert_eq!(few.predict(&rows), ndarray::array![0, 0, 0, 1, 1, 1]);
    let message =
        LinfaTreeParams::default().fit(&weights([1.0, 0.0, 0.0, 0.0, 1.0, 1.0])).unwrap_err().to_string();
    assert!(message.contains("at least two labels"), "{message}");
    let balanced = ClassWeight::Given(vec![1.0, 3.0]);
    assert!(LinfaFtrlParams::default().class_weight(balanced).fit(&weights([1.0; 6])).is_err());
    let mut params = pipeline("kind = \"linfa-forest\"\ntrees = 3");
    params.training.class_weight = LabelWeights::Given([("rain".to_owned(), 2.0)].into());
    assert!(params.fit(&sentences(3)).unwrap_err().to_string().contains("class_weight"));
}

/// Trains each kind on rows and says what came of it.
fn each_kind(dataset: &DatasetBase<Csr, Array1<usize>>, select: Select) -> Vec<Result<DenseModel, String>> {
    let text = |error: tasnif::Error| error.to_string();
    vec![
        LinfaGaussianNbParams::default().select(select).fit(dataset).map_err(text),
        LinfaBernoulliNbParams::default().select(select).fit(dataset).map_err(text),
        LinfaLogisticParams::default().select(select).fit(dataset).map_err(text),
        LinfaSvmParams::default().select(select).fit(dataset).map_err(text),
        LinfaSvmParams::default().select(select).kernel(SvmKernel::Gaussian).fit(dataset).map_err(text),
        LinfaTreeParams::default().select(select).fit(dataset).map_err(text),
        LinfaForestParams::default().select(select).trees(3).fit(dataset).map_err(text),
        LinfaAdaboostParams::default().select(select).trees(3).fit(dataset).map_err(text),
        LinfaFtrlParams::default().select(select).fit(dataset).map_err(text),
    ]
}

#[test]
fn bad_data_is_refused_by_every_kind_with_a_reason() {
    let one_column = |values: &[f32]| {
        let mut rows = Csr::new(2);
        values.iter().for_each(|&value| rows.push_row([(0, value)]).unwrap());
        rows
    };
    let empty = {
        let mut rows = Csr::new(2);
        (0..4).for_each(|_| rows.push_row([]).unwrap());
        rows
    };
    let four = ndarray::array![0, 1, 0, 1];
    let weights = |weight: f32| {
        DatasetBase::new(one_column(&[1.0, 2.0, 1.0, 2.0]), four.clone())
            .with_weights(ndarray::array![1.0, 1.0, 1.0, weight])
    };
    for (dataset, select, reason) in [
        (
            DatasetBase::new(one_column(&[1.0, 2.0]), ndarray::array![1, 1]),
            Select::Chi2,
            "at least two labels",
        ),
        (DatasetBase::new(Csr::new(2), ndarray::array![]), Select::Chi2, "no records"),
        (
            DatasetBase::new(one_column(&[1.0]), ndarray::array![0, 1]),
            Select::Chi2,
            "1 records but 2 targets",
        ),
        (DatasetBase::new(empty.clone(), four.clone()), Select::Chi2, "every row is empty"),
        (DatasetBase::new(empty.clone(), four.clone()), Select::MutualInformation, "every row is empty"),
        (DatasetBase::new(empty, four.clone()), Select::None, "every row is empty"),
        (weights(f32::NAN), Select::Chi2, "record 3 has weight NaN"),
        (weights(f32::INFINITY), Select::Chi2, "record 3 has weight inf"),
        (weights(-1.0), Select::Chi2, "record 3 has weight -1"),
        (DatasetBase::new(one_column(&[1.0, f32::NAN, 1.0, 1.0]), four.clone()), Select::None, "finite"),
        (DatasetBase::new(one_column(&[1.0, -1.0, 1.0, 1.0]), four.clone()), Select::Chi2, "negative"),
        (
            DatasetBase::new(Csr::new(2_001).with_rows(4), four.clone()),
            Select::None,
            "select by chi2 or mutual-information",
        ),
    ] {
        for result in each_kind(&dataset, select) {
            let message = result.unwrap_err();
            assert!(message.contains(reason), "{message}");
        }
    }
}

trait WithRows {
    fn with_rows(self, count: u32) -> Self;
}

impl WithRows for Csr {
    /// Rows with a value each.
    fn with_rows(mut self, count: u32) -> Self {
        (0..count).for_each(|row| self.push_row([(row, 1.0)]).unwrap());
        self
    }
}

#[test]
fn odd_data_trains_every_kind_and_predicts_finite_scores() {
    // Labels with a single record each, values below 0, of any size, all alike, and empty records among others.
    let table: [(&[[f32; 2]], &[usize]); 6] = [
        (&[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], &[0, 1, 2]),
        (&[[1.0, 0.0], [0.0, 1.0]], &[4, 7]),
        (&[[-1.0, -5.0], [0.5, 1.0], [-2.0, -4.0], [1.0, 2.0]], &[0, 1, 0, 1]),
        (&[[3e38, 0.0], [0.0, -3e38], [1e-38, 2.0], [1.0, 1e30]], &[0, 1, 0, 1]),
        (&[[1.0, 1.0]; 5], &[0, 1, 0, 1, 1]),
        (&[[0.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 1.0], [0.0, 0.0]], &[0, 1, 0, 1, 2]),
    ];
    for (values, targets) in table {
        let mut rows = Csr::new(2);
        for [x, y] in values {
            let entries = [(0, *x), (1, *y)].into_iter().filter(|(_, value)| *value != 0.0);
            rows.push_row(entries).unwrap();
        }
        let dataset = DatasetBase::new(rows.clone(), Array1::from(targets.to_vec()));
        for (kind, result) in each_kind(&dataset, Select::None).into_iter().enumerate() {
            // AdaBoost gives up where its first tree is no better than chance, and solvers on numbers that no solver
            // can bear: with a reason.
            let model = match result {
                Ok(model) => model,
                Err(message) => {
                    assert!(message.contains("linfa-") && message.contains(": give"), "{kind} {message}");
                    continue;
                }
            };
            for decision in decisions(&model, &rows) {
                assert!(decision.iter().all(|value| value.is_finite()), "{kind} {decision:?}");
            }
            assert!(model.predict(&rows).iter().all(|class| *class <= *targets.iter().max().unwrap()));
        }
    }
}

#[test]
fn absurd_but_allowed_options_end_in_a_model_or_a_reason() {
    let (rows, targets) = rows(40, 6, 3);
    let dataset = DatasetBase::new(rows.clone(), targets);
    let text = |error: tasnif::Error| error.to_string();
    for result in [
        LinfaLogisticParams::default().c(1e9).max_iterations(5_000).fit(&dataset).map_err(text),
        LinfaLogisticParams::default().c(1e-9).fit(&dataset).map_err(text),
        LinfaLogisticParams::default().max_iterations(1).fit(&dataset).map_err(text),
        LinfaSvmParams::default().c(1e-6).fit(&dataset).map_err(text),
        LinfaSvmParams::default().c(1e4).tolerance(1.0).fit(&dataset).map_err(text),
        LinfaSvmParams::default().kernel(SvmKernel::Gaussian).kernel_width(1e-9).fit(&dataset).map_err(text),
        LinfaSvmParams::default().kernel(SvmKernel::Gaussian).kernel_width(1e9).fit(&dataset).map_err(text),
        LinfaGaussianNbParams::default().smoothing(1e-12).fit(&dataset).map_err(text),
        LinfaBernoulliNbParams::default().alpha(1e-9).fit(&dataset).map_err(text),
        LinfaTreeParams::default().min_leaf(1e6).fit(&dataset).map_err(text),
        LinfaTreeParams::default().depth(64).features(1).fit(&dataset).map_err(text),
        LinfaForestParams::default()
            .trees(2)
            .feature_share(1e-4)
            .record_share(1e-4)
            .fit(&dataset)
            .map_err(text),
        LinfaAdaboostParams::default().learning_rate(10.0).depth(3).fit(&dataset).map_err(text),
        LinfaAdaboostParams::default().learning_rate(1e-4).trees(5).fit(&dataset).map_err(text),
        LinfaFtrlParams::default()
            .alpha(1e3)
            .beta(0.0)
            .l1(0.0)
            .l2(1e-6)
            .epochs(300)
            .fit(&dataset)
            .map_err(text),
        LinfaFtrlParams::default().alpha(1e-6).beta(1e6).l1(1.0).l2(1.0).fit(&dataset).map_err(text),
    ] {
        match result {
            Ok(model) => assert!(decisions(&model, &rows).iter().flatten().all(|value| value.is_finite())),
            Err(message) => assert!(message.contains(": give"), "{message}"),
        }
    }
}

#[test]
fn too_many_records_for_a_kernel_matrix_are_refused() {
    let mut rows = Csr::new(1);
    (0..10_001).for_each(|row| rows.push_row([(0, (row % 2) as f32 + 1.0)]).unwrap());
    let targets = (0..10_001).map(|row| row % 2).collect();
    let message = LinfaSvmParams::default().fit(&DatasetBase::new(rows, targets)).unwrap_err().to_string();
    assert!(message.contains("10001 records") && message.contains("or take svm"), "{message}");
}

#[test]
fn dense_rows_keep_every_column() {
    let (mut rows, mut targets) = (Csr::new(50), Vec::new());
    let mut random = Generator(9);
    for row in 0..60u32 {
        let noise = (0..50).map(|column| {
            let noise = (random.next_u64() >> 40) as f32 / (1 << 24) as f32 - 0.5;
            (column, noise + if column == row % 3 { 2.0 } else { 0.0 })
        });
        rows.push_row(noise).unwrap();
        targets.push((row % 3) as usize);
    }
    let dataset = DatasetBase::new(rows.clone(), Array1::from(targets));
    for result in each_kind(&dataset, Select::None) {
        let model = result.unwrap();
        assert_eq!(model.columns().len(), 50);
        let right = model.predict(&rows).iter().zip(&dataset.targets).filter(|(a, b)| a == b).count();
        // Presence says nothing of dense rows; bernoulli-nb sees the sign alone.
        assert!(right >= 45, "{right} {model:?}");
    }
}

#[test]
fn pipeline_files_name_every_option() {
    for classifier in [
        "kind = \"linfa-gaussian-nb\"\nfeatures = 7\nselect = \"mutual-information\"\nsmoothing = 0.5",
        "kind = \"linfa-bernoulli-nb\"\nfeatures = 7\nselect = \"none\"\nalpha = 0.5",
        "kind = \"linfa-logistic\"\nfeatures = 7\nselect = \"chi2\"\nc = 0.5\nmax_iterations = 9\ntolerance = 0.5",
        "kind = \"linfa-svm\"\nfeatures = 7\nselect = \"chi2\"\nc = 0.5\nkernel = \"gaussian\"\nkernel_width = 0.5\ntolerance = 0.5",
        "kind = \"linfa-tree\"\nfeatures = 7\nselect = \"chi2\"\ndepth = 3\nmin_leaf = 1.5\ncriterion = \"entropy\"",
        "kind = \"linfa-forest\"\nfeatures = 7\nselect = \"chi2\"\ntrees = 5\ndepth = 3\nmin_leaf = 1.5\ncriterion = \"entropy\"\nfeature_share = 0.5\nrecord_share = 0.5\nseed = 7",
        "kind = \"linfa-adaboost\"\nfeatures = 7\nselect = \"chi2\"\ntrees = 5\ndepth = 3\nmin_leaf = 1.5\ncriterion = \"entropy\"\nlearning_rate = 0.5\nseed = 7",
        "kind = \"linfa-ftrl\"\nfeatures = 7\nselect = \"chi2\"\nalpha = 0.5\nbeta = 0.5\nl1 = 0.5\nl2 = 0.5\nepochs = 7",
    ] {
        let block = "[[features]]\nkind = \"ngrams\"\nanalyzer = \"word\"\nngrams = [1, 1]\n";
        let params = PipelineParams::from_toml(&format!("[classifier]\n{classifier}\n{block}")).unwrap();
        let toml = params.to_toml();
        for line in classifier.lines() {
            assert!(toml.contains(line), "{line} is not in\n{toml}");
        }
        assert_eq!(PipelineParams::from_toml(&toml).unwrap(), params);
        assert!(!matches!(params.classifier, ClassifierParams::Logistic(_)));
        let unknown = format!("[classifier]\n{classifier}\ngamma = 1.0\n{block}");
        assert!(PipelineParams::from_toml(&unknown).unwrap_err().to_string().contains("gamma"));
    }
}

/// The crate's generator, SplitMix64, as linfa wants it.
#[derive(Debug, Clone)]
struct Generator(u64);

impl Generator {
    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Always 0.
#[derive(Debug, Clone)]
struct Zeros;

macro_rules! generates {
    ($generator:ty, $self:ident, $next:expr) => {
        impl rand_core::RngCore for $generator {
            fn next_u32(&mut self) -> u32 {
                (rand_core::RngCore::next_u64(self) >> 32) as u32
            }

            fn next_u64(&mut $self) -> u64 {
                $next
            }

            fn fill_bytes(&mut self, bytes: &mut [u8]) {
                rand_core::impls::fill_bytes_via_next(self, bytes);
            }

            fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
                rand_core::RngCore::fill_bytes(self, bytes);
                Ok(())
            }
        }
    };
}

generates!(Generator, self, Generator::next_u64(self));
generates!(Zeros, self, 0);
