//! linfa's own classifiers behind sparse rows: each trains, predicts, saves and loads, agrees with linfa where linfa is
//! right, and differs where its traps are.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use linfa::traits::{Fit, Predict};
use linfa::{Dataset as LinfaDataset, DatasetBase};
use ndarray::{Array1, Array2, array};
use rand::rngs::StdRng;
use rand::rngs::mock::StepRng;
use rand::{Rng, SeedableRng};
use tasnif::classify::dense::{
    LinfaAdaboostParams, LinfaBernoulliNbParams, LinfaForestParams, LinfaFtrlParams, LinfaGaussianNbParams,
    LinfaKernelSvmParams, LinfaLogisticParams, LinfaSvmParams, LinfaTreeParams, SplitCriterion,
};
use tasnif::classify::{ClassWeight, DenseModel, LinearModel, NaiveBayesParams, Selection};
use tasnif::dataset::{Dataset, Example};
use tasnif::features::csr::Csr;
use tasnif::pipeline::{Pipeline, PipelineParams};

/// Every kind, and the training accuracy that it reaches on [`sentences`] at least.
const KINDS: [(&str, f64); 9] = [
    ("linfa-gaussian-nb", 0.95),
    ("linfa-bernoulli-nb", 0.95),
    ("linfa-logistic", 1.0),
    ("linfa-svm", 1.0),
    ("linfa-kernel-svm", 1.0),
    ("linfa-tree", 1.0),
    ("linfa-forest", 0.95),
    ("linfa-adaboost", 0.95),
    ("linfa-ftrl", 0.95),
];

/// Those whose models are weights, one a feature and class.
const LINEAR: [&str; 4] = ["linfa-bernoulli-nb", "linfa-logistic", "linfa-svm", "linfa-ftrl"];

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

/// A pipeline of words into a classifier on 60 features; few trees where there are trees.
fn pipeline(kind: &str) -> PipelineParams {
    let trees = if matches!(kind, "linfa-forest" | "linfa-adaboost") { "trees = 10" } else { "" };
    PipelineParams::from_toml(&format!(
        "[classifier]\nkind = \"{kind}\"\nfeatures = 60\n{trees}\n[[features]]\nkind = \"ngrams\"\nanalyzer = \"word\"\nngrams = [1, 1]\nweight = \"binary\"\nnorm = \"none\"\n"
    ))
    .unwrap()
}

fn loaded(pipeline: &Pipeline) -> Pipeline {
    Pipeline::from_bytes(&pipeline.to_bytes().unwrap(), Path::new("m.tasnif")).unwrap()
}

fn bits(pipeline: &Pipeline, texts: &[&str]) -> Vec<(String, Vec<u32>)> {
    let predictions = pipeline.predict_batch(texts).unwrap();
    let bits = |scores: &[f32]| scores.iter().map(|score| score.to_bits()).collect();
    predictions.iter().map(|prediction| (prediction.label.to_owned(), bits(&prediction.scores))).collect()
}

#[test]
fn every_kind_trains_predicts_saves_and_loads_to_the_bit() {
    let data = sentences(12);
    let texts = data.texts();
    for (kind, accuracy) in KINDS {
        let train = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| pipeline(kind).fit(&data).unwrap())
        };
        let trained = train(1);
        assert!(train(3).to_bytes().unwrap() == trained.to_bytes().unwrap(), "{kind} depends on the threads");
        let loaded = loaded(&trained);
        assert_eq!(loaded, trained, "{kind}");
        let predicted = bits(&trained, &texts);
        assert_eq!(predicted, bits(&loaded, &texts), "{kind}");
        for (text, in_batch) in texts.iter().zip(&predicted) {
            assert_eq!(bits(&loaded, &[text])[0], *in_batch, "{kind}");
            let sum: f32 = in_batch.1.iter().map(|&score| f32::from_bits(score)).sum();
            assert!((sum - 1.0).abs() < 1e-5, "{kind}: {sum}");
        }
        let right = predicted.iter().zip(&data.examples).filter(|(got, example)| got.0 == example.label());
        let share = right.count() as f64 / data.len() as f64;
        assert!(share >= accuracy, "{kind}: {share}");
        // Texts without a known feature are no trouble.
        assert_eq!(trained.predict("").unwrap().scores.len(), 5);
        assert_eq!(trained.classifier().linear().is_some(), LINEAR.contains(&kind), "{kind}");
    }
}

#[test]
fn every_kind_is_calibrated_on_folds_that_lack_a_label() {
    // One record of a sixth label: no fold but one has it in training.
    let mut data = sentences(4);
    data.examples.push(Example::new("a lone record", "zero"));
    for (kind, _) in KINDS {
        let mut params = pipeline(kind);
        params.calibration.method = tasnif::classify::CalibrationMethod::Temperature;
        params.calibration.folds = 3;
        let prediction = params.fit(&data).unwrap();
        let prediction = prediction.predict("shares rates bank").unwrap();
        assert_eq!((prediction.scores.len(), prediction.label), (6, "market"), "{kind}");
        assert!(prediction.scores.iter().all(|score| score.is_finite()), "{kind}");
    }
}

#[test]
fn linear_kinds_give_any_number_of_labels_and_the_others_say_that_they_do_not() {
    let mut data = sentences(6);
    let both = ("shares rates goal striker", ["market", "match"]);
    for i in 0..8 {
        let labels = both.1.map(str::to_owned).to_vec();
        data.examples.push(Example { labels, ..Example::new(format!("{} {i}", both.0), "") });
    }
    for (kind, _) in KINDS {
        match pipeline(kind).fit(&data) {
            Ok(trained) => {
                assert!(LINEAR.contains(&kind), "{kind}");
                let loaded = loaded(&trained);
                assert_eq!(loaded, trained);
                let mut given = loaded.given(&loaded.predict(both.0).unwrap(), 0.0);
                given.sort_unstable();
                assert_eq!(given, both.1, "{kind}");
            }
            Err(error) => {
                assert!(!LINEAR.contains(&kind), "{kind}: {error}");
                assert!(error.to_string().contains("exactly one label: choose logistic"), "{kind}: {error}");
            }
        }
    }
}

#[test]
fn linear_kinds_are_pruned_and_the_others_say_that_they_are_not() {
    for (kind, _) in KINDS {
        let mut params = pipeline(kind);
        params.training.max_features = Some(20);
        match params.fit(&sentences(6)) {
            Ok(trained) => assert!(trained.vectorizer().width() == 20 && LINEAR.contains(&kind), "{kind}"),
            Err(error) => {
                assert!(!LINEAR.contains(&kind), "{kind}: {error}");
                assert!(error.to_string().contains("give features in [classifier]"), "{error}");
            }
        }
    }
}

#[test]
fn every_kind_learns_from_pooled_vectors_alone() {
    // Words of one label point one way, give or take.
    let data = sentences(8);
    let words: BTreeSet<&str> = data.examples.iter().flat_map(|example| example.text.split(' ')).collect();
    let mut file = format!("{} 6\n", words.len());
    let mut random = StdRng::seed_from_u64(1);
    for word in words {
        let of = |example: &&Example| example.text.contains(word);
        let labels: BTreeSet<&str> = data.examples.iter().filter(of).map(Example::label).collect();
        let place = "amrst".find(labels.first().unwrap().split_at(1).0).unwrap();
        file.push_str(word);
        for d in 0..6 {
            let own = labels.len() == 1 && (d == place || labels.contains("match") && d == 5);
            write!(file, " {}", random.gen_range(-0.3..0.3) + if own { 1.0 } else { 0.0 }).unwrap();
        }
        file.push('\n');
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("words.vec");
    std::fs::write(&path, file).unwrap();
    for (kind, _) in KINDS {
        let mut params = pipeline(kind);
        params.features = vec![tasnif::pipeline::FeatureParams::Vectors(
            tasnif::features::pooled::VectorParams::new(&path),
        )];
        if kind == "linfa-bernoulli-nb" {
            assert!(params.fit(&data).unwrap_err().to_string().contains("binary rows"));
            continue;
        }
        let trained = params.fit(&data).unwrap();
        let texts = data.texts();
        let predicted = bits(&trained, &texts);
        assert_eq!(predicted, bits(&loaded(&trained), &texts), "{kind}");
        let right = predicted.iter().zip(&data.examples).filter(|(got, example)| got.0 == example.label());
        assert!(right.count() >= 30, "{kind}");
        let folded = trained.vectorizer().pooled().all(|(_, _, folded)| folded);
        assert_eq!(folded, LINEAR.contains(&kind), "{kind}");
    }
}

#[test]
fn columns_below_zero_are_kept_beside_the_best_counts() {
    let mut rows = Csr::new(4);
    for class in [0, 1, 0, 1, 0, 1] {
        // Column 0 says nothing, column 1 a little, column 2 everything, column 3 has a sign.
        let sign = if class == 0 { -0.1 } else { 0.1 };
        rows.push_row([(0, 1.0), (1, 1.0 + 0.1 * class as f32), (2, class as f32), (3, sign)]).unwrap();
    }
    let dataset = DatasetBase::new(rows, array![0, 1, 0, 1, 0, 1]);
    for select in [Selection::Chi2, Selection::MutualInformation] {
        let model = LinfaTreeParams::default().features(2).select(select).fit(&dataset).unwrap();
        assert_eq!(model.columns(), [2, 3]);
        let model = LinfaTreeParams::default().features(1).select(select).fit(&dataset).unwrap();
        assert_eq!(model.columns(), [3]);
    }
}

/// Rows of `width` columns, most of them 0, whose class shows in a column of its own; no two values are alike.
fn rows(count: usize, width: usize, classes: usize) -> (Csr, Array1<usize>) {
    let mut random = StdRng::seed_from_u64(11);
    let (mut rows, mut targets) = (Csr::new(width), Vec::new());
    for row in 0..count {
        let own = row % classes;
        let mut entries = Vec::new();
        for column in 0..width {
            if random.r#gen::<f32>() < 0.3 || column == own {
                let strength = if column == own { 0.5 } else { 0.0 };
                entries.push((column as u32, strength + random.r#gen::<f32>()));
            }
        }
        rows.push_row(entries).unwrap();
        // A few records lie.
        targets.push(if row % 11 == 10 { (row + 1) % classes } else { own });
    }
    (rows, targets.into())
}

/// A model of either sort.
#[derive(Debug)]
enum Model {
    Linear(LinearModel),
    Dense(DenseModel),
}

impl From<LinearModel> for Model {
    fn from(model: LinearModel) -> Self {
        Model::Linear(model)
    }
}

impl From<DenseModel> for Model {
    fn from(model: DenseModel) -> Self {
        Model::Dense(model)
    }
}

impl Model {
    fn decisions(&self, rows: &Csr) -> Vec<Vec<f64>> {
        let mut decision = Vec::new();
        let decide = |row| {
            match self {
                Model::Linear(model) => model.decide(row, &mut decision),
                Model::Dense(model) => model.decide(row, &mut decision),
            }
            decision.clone()
        };
        rows.iter().map(decide).collect()
    }

    fn predict(&self, rows: &Csr) -> Array1<usize> {
        match self {
            Model::Linear(model) => model.predict(rows),
            Model::Dense(model) => model.predict(rows),
        }
    }
}

/// What comes of training with each of some options.
macro_rules! fit_each {
    ($dataset:expr, $($params:expr),* $(,)?) => {
        vec![$($params.fit($dataset).map(Model::from).map_err(|error| error.to_string())),*]
    };
}

/// Trains each kind on rows and says what came of it.
fn each_kind(dataset: &DatasetBase<Csr, Array1<usize>>) -> Vec<Result<Model, String>> {
    fit_each!(
        dataset,
        LinfaGaussianNbParams::default(),
        LinfaBernoulliNbParams::default(),
        LinfaLogisticParams::default(),
        LinfaSvmParams::default(),
        LinfaKernelSvmParams::default(),
        LinfaTreeParams::default(),
        LinfaForestParams::default().trees(3),
        LinfaAdaboostParams::default().trees(3),
        LinfaFtrlParams::default(),
    )
}

/// Linear models are kept in `f32`.
fn assert_near(got: f64, expected: f64) {
    assert!((got - expected).abs() <= 2e-6 * expected.abs().max(1.0), "{got} is not {expected}");
}

#[test]
fn gaussian_naive_bayes_is_linfas() {
    use linfa_bayes::{GaussianNbParams, NaiveBayes};
    let (rows, targets) = rows(120, 8, 4);
    let dense = LinfaDataset::new(rows.to_dense(), targets.clone());
    let theirs = GaussianNbParams::new().var_smoothing(1e-3).fit(&dense).unwrap();
    let ours = LinfaGaussianNbParams::default().smoothing(1e-3).fit(&DatasetBase::new(rows.clone(), targets));
    let expected = theirs.joint_log_likelihood(dense.records.view());
    for (row, decision) in Model::from(ours.unwrap()).decisions(&rows).into_iter().enumerate() {
        for (class, value) in decision.into_iter().enumerate() {
            assert_near(value, expected[&class][row]);
        }
    }
}

#[test]
fn bernoulli_naive_bayes_is_linfas() {
    for classes in [2, 4] {
        let (some, targets) = rows(120, 8, classes);
        let mut rows = Csr::new(8);
        some.iter().for_each(|row| rows.push_row(row.columns.iter().map(|&column| (column, 1.0))).unwrap());
        let dense = LinfaDataset::new(rows.to_dense(), targets.clone());
        let theirs = linfa_bayes::BernoulliNbParams::new().alpha(0.5).fit(&dense).unwrap();
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
    for row in 0..20u32 {
        let own = (0..width as u32).filter(|column| column % 2 == row % 2);
        rows.push_row(own.map(|column| (column, 1.0))).unwrap();
    }
    let targets: Array1<usize> = (0..20).map(|row| row % 2).collect();
    let dense = LinfaDataset::new(rows.to_dense(), targets.clone());
    let theirs = BernoulliNbParams::new().fit(&dense).unwrap();
    // A document of everything: far from both classes.
    let all = Array2::ones((1, width));
    assert!(theirs.predict_log_proba(all.view()).0.iter().any(|value| !value.is_finite()));
    let ours = LinfaBernoulliNbParams::default().fit(&DatasetBase::new(rows, targets)).unwrap();
    let mut document = Csr::new(width);
    document.push_row((0..width as u32).map(|column| (column, 1.0))).unwrap();
    let mut scores = Model::from(ours).decisions(&document).remove(0);
    LinearModel::softmax(&mut scores);
    assert_near(scores[0], 0.5);
}

#[test]
fn logistic_regression_is_linfas() {
    use linfa_logistic::{LogisticRegression, MultiLogisticRegression};
    let params = LinfaLogisticParams::default().c(2.0).tolerance(1e-8);
    let (more, targets) = rows(120, 8, 4);
    let dense = LinfaDataset::new(more.to_dense(), targets.clone());
    let theirs = MultiLogisticRegression::default().alpha(0.5).gradient_tolerance(1e-8).max_iterations(200);
    let theirs = theirs.fit(&dense).unwrap().predict_probabilities(&dense.records);
    let ours = params.clone().fit(&DatasetBase::new(more.clone(), targets)).unwrap();
    for (row, mut decision) in Model::from(ours).decisions(&more).into_iter().enumerate() {
        LinearModel::softmax(&mut decision);
        (0..4).for_each(|class| assert_near(decision[class], theirs[(row, class)]));
    }
    let (two, targets) = rows(121, 8, 2);
    let dense = LinfaDataset::new(two.to_dense(), targets.clone());
    let theirs = LogisticRegression::default().alpha(0.5).gradient_tolerance(1e-8).max_iterations(200);
    let theirs = theirs.fit(&dense).unwrap();
    let second = if theirs.labels().pos.class == 1 { 1.0 } else { -1.0 };
    let ours = params.fit(&DatasetBase::new(two.clone(), targets)).unwrap();
    let expected = (dense.records.dot(theirs.params()) + theirs.intercept()) * second;
    for (decision, expected) in Model::from(ours).decisions(&two).into_iter().zip(expected) {
        assert_near(decision[0], expected);
    }
}

#[test]
fn support_vector_machines_are_linfas() {
    use linfa_svm::Svm;
    let (rows, targets) = rows(90, 8, 3);
    let dense = rows.to_dense();
    for gaussian in [false, true] {
        let margins = |targets: &Array1<usize>, class: usize| {
            let params = Svm::<f64, bool>::params().pos_neg_weights(3.0, 3.0).eps(1e-3);
            let params = if gaussian { params.gaussian_kernel(1.5) } else { params.linear_kernel() };
            let hits = targets.mapv(|target| target == class);
            let svm = params.fit(&LinfaDataset::new(dense.clone(), hits)).unwrap();
            dense.rows().into_iter().map(|row| svm.weighted_sum(&row) - svm.rho).collect::<Vec<f64>>()
        };
        let ours = |targets: &Array1<usize>| {
            let dataset = DatasetBase::new(rows.clone(), targets.clone());
            if gaussian {
                Model::from(LinfaKernelSvmParams::default().c(3.0).width(1.5).fit(&dataset).unwrap())
            } else {
                Model::from(LinfaSvmParams::default().c(3.0).fit(&dataset).unwrap())
            }
        };
        let decisions = ours(&targets).decisions(&rows);
        for class in 0..3 {
            for (decision, margin) in decisions.iter().zip(margins(&targets, class)) {
                assert_near(decision[class], margin);
            }
        }
        let two = targets.mapv(|class| class.min(1));
        for (decision, margin) in ours(&two).decisions(&rows).iter().zip(margins(&two, 1)) {
            assert_near(decision[0], margin);
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
    let params = linfa_ftrl::FtrlParams::new(0.5, 1.0, 0.2, 0.3, StepRng::new(0, 0)).check().unwrap();
    let theirs = (0..30).fold(None, |model, _| Some(params.fit_with(model, &dense).unwrap())).unwrap();
    let expected = dense.records.dot(&theirs.get_weights());
    let params = LinfaFtrlParams::default().alpha(0.5).beta(1.0).l1(0.2).l2(0.3).epochs(30);
    let ours = params.fit(&DatasetBase::new(rows.clone(), targets.clone())).unwrap();
    let right = ours.predict(&rows).iter().zip(&targets).filter(|(a, b)| a == b).count();
    assert!(right > 75, "{right}");
    for (decision, expected) in Model::from(ours).decisions(&rows).into_iter().zip(expected) {
        assert_near(decision[0], expected);
    }
}

/// linfa's tree of the same rows with their signs turned.
fn linfas_tree(x: &Array2<f64>, targets: &Array1<usize>, depth: usize) -> Array1<usize> {
    let turned = LinfaDataset::new(-x, targets.clone());
    linfa_trees::DecisionTree::params().max_depth(Some(depth)).fit(&turned).unwrap().predict(&turned)
}

#[test]
fn a_tree_of_two_classes_is_linfas_but_where_linfa_ties() {
    let (rows, targets) = rows(150, 8, 2);
    let x = rows.to_dense();
    for depth in [1, 3, 20] {
        let params = LinfaTreeParams::default().depth(depth);
        let ours = params.fit(&DatasetBase::new(rows.clone(), targets.clone())).unwrap().predict(&rows);
        // Leaves that tie are labelled by chance.
        let theirs: Vec<Array1<usize>> = (0..12).map(|_| linfas_tree(&x, &targets, depth)).collect();
        let same: Vec<usize> =
            (0..150).filter(|&row| theirs.iter().all(|one| one[row] == theirs[0][row])).collect();
        assert!(same.len() > 120, "{}", same.len());
        same.iter().for_each(|&row| assert_eq!(ours[row], theirs[0][row], "depth {depth}, record {row}"));
    }
}

#[test]
fn a_forest_of_two_classes_is_linfas_but_where_linfa_ties() {
    let (rows, targets) = rows(120, 8, 2);
    let turned = LinfaDataset::new(-rows.to_dense(), targets.clone());
    let tree = linfa_trees::DecisionTree::params().max_depth(Some(20));
    let theirs = |_| {
        linfa_ensemble::EnsembleLearnerParams::new_fixed_rng(tree, StdRng::seed_from_u64(5))
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
    let theirs = linfa_ensemble::AdaBoostParams::new_fixed_rng(tree, StdRng::seed_from_u64(5))
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
    assert_eq!(first.predict(&dataset), array![0, 0, 0, 0]);
}

#[test]
fn trees_are_the_same_again_and_again_on_many_ties() {
    // Binary columns and contradicting records: ties everywhere.
    let (mut rows, mut random) = (Csr::new(6), StdRng::seed_from_u64(3));
    let mut targets = Vec::new();
    for _ in 0..100 {
        let columns = (0..6).filter(|_| random.r#gen()).map(|column| (column, 1.0));
        rows.push_row(columns.collect::<Vec<_>>()).unwrap();
        targets.push(random.gen_range(0..3));
    }
    for classes in [2, 3] {
        let targets = targets.iter().map(|&class: &usize| class % classes).collect::<Array1<usize>>();
        let dataset = DatasetBase::new(rows.clone(), targets);
        for depth in [2, 4, 9] {
            for criterion in [SplitCriterion::Gini, SplitCriterion::Entropy] {
                let params = LinfaTreeParams::default().depth(depth).criterion(criterion);
                let first = params.clone().fit(&dataset).unwrap();
                (0..10).for_each(|_| assert_eq!(params.clone().fit(&dataset).unwrap(), first));
            }
            let boost = || LinfaAdaboostParams::default().trees(4).depth(depth).fit(&dataset).unwrap();
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
    let ours = LinfaTreeParams::default().fit(&DatasetBase::new(rows.clone(), targets.clone())).unwrap();
    assert_eq!(ours.predict(&rows), targets);
}

#[test]
fn weights_that_differ_are_refused_and_equal_ones_are_not() {
    let (rows, targets) = rows(30, 4, 2);
    let with = |weight: f32| {
        let weights = (0..30).map(|row| if row == 7 { weight } else { 2.0 }).collect();
        DatasetBase::new(rows.clone(), targets.clone()).with_weights(weights)
    };
    for result in each_kind(&with(1.0)) {
        let message = result.unwrap_err();
        assert!(message.contains("counts every record the same") && message.contains("take"), "{message}");
    }
    assert!(each_kind(&with(2.0)).iter().all(Result::is_ok));
    let heavy = LinfaFtrlParams::default().class_weight(ClassWeight::Given(vec![1.0, 3.0]));
    assert!(heavy.fit(&with(2.0)).unwrap_err().to_string().contains("class_weight = \"none\""));
}

#[test]
fn bad_data_is_refused_by_every_kind_with_a_reason() {
    let one_column = |values: &[f32]| {
        let mut rows = Csr::new(2);
        values.iter().for_each(|&value| rows.push_row([(0, value)]).unwrap());
        rows
    };
    let four = array![0, 1, 0, 1];
    let mut signed = Csr::new(2_001);
    (0..4).for_each(|_| signed.push_row((0..2_001).map(|column| (column, -1.0))).unwrap());
    for (dataset, reason) in [
        (DatasetBase::new(one_column(&[1.0, 2.0]), array![1, 1]), "at least two labels"),
        (DatasetBase::new(Csr::new(2), array![]), "no records"),
        (DatasetBase::new(one_column(&[1.0]), array![0, 1]), "1 records but 2 targets"),
        (DatasetBase::new(one_column(&[0.0; 4]), four.clone()), "every row is empty"),
        (DatasetBase::new(one_column(&[1.0, f32::NAN, 1.0, 1.0]), four.clone()), "finite"),
        (DatasetBase::new(signed, four.clone()), "2001 columns hold values below 0"),
    ] {
        for result in each_kind(&dataset) {
            let message = result.unwrap_err();
            assert!(message.contains(reason), "{message}");
        }
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
        for (kind, result) in each_kind(&dataset).into_iter().enumerate() {
            // AdaBoost gives up where its first tree is no better than chance, and solvers on numbers that no solver
            // can bear: with a reason.
            match result {
                Ok(model) => {
                    assert!(model.decisions(&rows).iter().flatten().all(|value| value.is_finite()), "{kind}");
                    assert!(model.predict(&rows).iter().all(|class| class <= targets.iter().max().unwrap()));
                }
                Err(message) => {
                    assert!(message.contains("linfa-") && message.contains(": give"), "{kind} {message}");
                }
            }
        }
    }
}

#[test]
fn rows_of_any_width_predict() {
    let (rows, targets) = rows(30, 6, 3);
    let mut other = Csr::new(90);
    other.push_row([(0, 1.0), (80, 5.0)]).unwrap();
    let mut narrow = Csr::new(1);
    narrow.push_row([(0, 1.0)]).unwrap();
    for model in each_kind(&DatasetBase::new(rows, targets)) {
        let model = model.unwrap();
        assert_eq!(model.decisions(&other), model.decisions(&narrow));
    }
}

#[test]
fn absurd_but_allowed_options_end_in_a_model_or_a_reason() {
    let (rows, targets) = rows(40, 6, 3);
    let dataset = DatasetBase::new(rows.clone(), targets);
    for result in fit_each!(
        &dataset,
        LinfaLogisticParams::default().c(1e9).max_iterations(500),
        LinfaLogisticParams::default().c(1e-9),
        LinfaLogisticParams::default().max_iterations(1),
        LinfaSvmParams::default().c(1e-6),
        LinfaSvmParams::default().c(1e4).tolerance(1.0),
        LinfaKernelSvmParams::default().width(1e-9),
        LinfaKernelSvmParams::default().width(1e9),
        LinfaGaussianNbParams::default().smoothing(1e-12),
        LinfaBernoulliNbParams::default().alpha(1e-9),
        LinfaTreeParams::default().min_leaf(1_000_000),
        LinfaTreeParams::default().depth(50).features(1),
        LinfaForestParams::default().trees(2).feature_share(1e-4).record_share(1e-4),
        LinfaAdaboostParams::default().learning_rate(10.0).depth(3),
        LinfaAdaboostParams::default().learning_rate(1e-4).trees(5),
        LinfaFtrlParams::default().alpha(1e3).beta(0.0).l1(0.0).l2(1e-6).epochs(300),
        LinfaFtrlParams::default().alpha(1e-6).beta(1e6).l1(1.0).l2(1.0),
    ) {
        match result {
            Ok(model) => assert!(model.decisions(&rows).iter().flatten().all(|value| value.is_finite())),
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
fn pipeline_files_name_every_option() {
    for classifier in [
        "kind = \"linfa-gaussian-nb\"\nfeatures = 7\nselect = \"mutual-information\"\nsmoothing = 0.5",
        "kind = \"linfa-bernoulli-nb\"\nfeatures = 7\nselect = \"chi2\"\nalpha = 0.5",
        "kind = \"linfa-logistic\"\nfeatures = 7\nselect = \"chi2\"\nc = 0.5\nmax_iterations = 9\ntolerance = 0.5",
        "kind = \"linfa-svm\"\nfeatures = 7\nselect = \"chi2\"\nc = 0.5\ntolerance = 0.5",
        "kind = \"linfa-kernel-svm\"\nfeatures = 7\nselect = \"chi2\"\nc = 0.5\nwidth = 0.5\ntolerance = 0.5",
        "kind = \"linfa-tree\"\nfeatures = 7\nselect = \"chi2\"\ndepth = 3\nmin_leaf = 2\ncriterion = \"entropy\"",
        "kind = \"linfa-forest\"\nfeatures = 7\nselect = \"chi2\"\ntrees = 5\ndepth = 3\nmin_leaf = 2\ncriterion = \"entropy\"\nfeature_share = 0.5\nrecord_share = 0.5\nseed = 7",
        "kind = \"linfa-adaboost\"\nfeatures = 7\nselect = \"chi2\"\ntrees = 5\ndepth = 3\nmin_leaf = 2\ncriterion = \"entropy\"\nlearning_rate = 0.5\nseed = 7",
        "kind = \"linfa-ftrl\"\nfeatures = 7\nselect = \"chi2\"\nalpha = 0.5\nbeta = 0.5\nl1 = 0.5\nl2 = 0.5\nepochs = 7",
    ] {
        let block = "[[features]]\nkind = \"ngrams\"\nanalyzer = \"word\"\nngrams = [1, 1]\nweight = \"binary\"\nnorm = \"none\"\n";
        let params = PipelineParams::from_toml(&format!("[classifier]\n{classifier}\n{block}")).unwrap();
        let toml = params.to_toml();
        for line in classifier.lines() {
            assert!(toml.contains(line), "{line} is not in\n{toml}");
        }
        assert_eq!(PipelineParams::from_toml(&toml).unwrap(), params);
        let unknown = format!("[classifier]\n{classifier}\ngamma = 1.0\n{block}");
        assert!(PipelineParams::from_toml(&unknown).unwrap_err().to_string().contains("gamma"));
    }
}
