//! The figures against scikit-learn's and hand-computed ones, and the laws of the resampling.

use proptest::prelude::*;

use super::*;

const GOLD: [&str; 10] = ["a", "a", "a", "a", "b", "b", "b", "c", "c", "d"];
const PREDICTED: [&str; 10] = ["a", "a", "b", "c", "b", "b", "a", "c", "e", "c"];

fn some(names: &[&'static str]) -> Vec<Option<&'static str>> {
    names.iter().copied().map(Some).collect()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

fn in_pool<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

#[test]
fn figures_are_those_of_scikit_learn() {
    // gold, pred = "a a a a b b b c c d".split(), "a a b c b b a c e c".split()
    // precision_recall_fscore_support(gold, pred, labels=list("abcde"), zero_division=0)
    // accuracy_score(gold, pred)
    // f1_score(gold, pred, labels=list("abcd"), average="macro", zero_division=0)
    let matrix = ConfusionMatrix::new(GOLD, some(&PREDICTED)).unwrap();
    let expected = [
        ("a", 2.0 / 3.0, 0.5, 0.5714285714285714, 4),
        ("b", 2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0, 3),
        ("c", 1.0 / 3.0, 0.5, 0.4, 2),
        ("d", 0.0, 0.0, 0.0, 1),
        ("e", 0.0, 0.0, 0.0, 0),
    ];
    assert_eq!(matrix.labels(), expected.map(|of| of.0));
    for (name, precision, recall, f1, support) in expected {
        let of = matrix.label(name).unwrap();
        assert!(close(of.precision, precision) && close(of.recall, recall) && close(of.f1, f1), "{name}");
        assert_eq!(of.support, support);
    }
    assert!(close(matrix.accuracy(), 0.5));
    assert!(close(matrix.macro_f1(), 0.4095238095238095));
    assert_eq!((matrix.n(), matrix.label("z")), (10, None));
}

#[test]
fn a_missing_prediction_is_an_error_in_its_own_column() {
    // As above with pred = "a a b - b b a c e -".split(), where "-" is no label.
    let predicted = PREDICTED.into_iter().enumerate().map(|(i, name)| (i != 3 && i != 9).then_some(name));
    let matrix = ConfusionMatrix::new(GOLD, predicted).unwrap();
    assert!(close(matrix.accuracy(), 0.5));
    assert!(close(matrix.macro_f1(), 0.47619047619047616));
    assert!(close(matrix.label("c").unwrap().precision, 1.0));
    assert_eq!(
        (matrix.count("a", None), matrix.count("a", Some("b")), matrix.count("a", Some("z"))),
        (1, 1, 0)
    );
    let report = matrix.report();
    assert_eq!(report.confusion["d"][NO_LABEL], 1);
    assert_eq!(report.confusion["b"][NO_LABEL], 0);
}

#[test]
fn the_report_of_nothing_is_zero_and_not_nan() {
    let report = ConfusionMatrix::new([""; 0], [None::<&str>; 0]).unwrap().report();
    assert_eq!((report.n, report.accuracy, report.macro_f1), (0, 0.0, 0.0));
    assert!(report.to_string().contains("records            0"));
    assert!(bootstrap_interval(&[""; 0], &[None::<&str>; 0], Statistic::MacroF1, 10, 1, 0.95).is_err());
}

#[test]
fn what_cannot_be_counted_is_an_error_with_its_cure() {
    let message = ConfusionMatrix::new(["a"], [None::<&str>; 2]).unwrap_err().to_string();
    assert!(message.contains("1 gold labels but 2 predictions"), "{message}");
    let message = ConfusionMatrix::new([NO_LABEL], [Some("a")]).unwrap_err().to_string();
    assert!(message.contains("rename"), "{message}");
}

#[test]
fn thousands_of_labels_cost_no_square() {
    let names: Vec<String> = (0..20_000).map(|i| format!("label {i}")).collect();
    let next = names.iter().cycle().skip(1).take(names.len()).map(Some);
    let report = ConfusionMatrix::new(&names, next).unwrap().report();
    assert_eq!(report.confusion.values().map(|row| row.len()).sum::<usize>(), 20_000);
    assert!(report.to_string().contains("most frequent errors"));
}

#[test]
fn the_json_has_the_keys_of_the_manual_in_their_order() {
    let matrix = ConfusionMatrix::new(["x", "y"], [Some("x"), Some("x")]).unwrap();
    let mut report = matrix.report();
    report.intervals = Some(Intervals { accuracy: [0.0, 1.0].into(), macro_f1: [0.0, 0.5].into() });
    report.brier = Some(0.25);
    report.ece = Some(0.125);
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(
        json,
        concat!(
            r#"{"n":2,"accuracy":0.5,"macro_f1":0.3333333333333333,"labels":{"#,
            r#""x":{"precision":0.5,"recall":1.0,"f1":0.6666666666666666,"support":1},"#,
            r#""y":{"precision":0.0,"recall":0.0,"f1":0.0,"support":1}},"#,
            r#""confusion":{"x":{"x":1,"y":0},"y":{"x":1,"y":0}},"#,
            r#""intervals":{"accuracy":[0.0,1.0],"macro_f1":[0.0,0.5]},"brier":0.25,"ece":0.125}"#,
        )
    );
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
}

#[test]
fn the_table_is_aligned_by_characters() {
    let gold = ["قَصْف", "قَصْف", "إغاثة", "x\ny"];
    let predicted = [Some("قَصْف"), Some("إغاثة"), Some("إغاثة"), None];
    let report = ConfusionMatrix::new(gold, predicted).unwrap().report_with_intervals(200, 1).unwrap();
    let table = report.to_string();
    let expected = r"label  precision  recall     F1  support
x\ny       0.000   0.000  0.000        1
إغاثة      0.500   1.000  0.667        1
قَصْف        1.000   0.500  0.667        2

macro F1           0.444  (95 % interval 0.000–1.000)
accuracy           0.500  (95 % interval 0.000–1.000)
records            4

confusion: gold in rows, predicted in columns
       x\ny  إغاثة  قَصْف  (none)
x\ny      0      0    0       1
إغاثة     0      1    0       0
قَصْف       0      1    1       0
";
    assert_eq!(table, expected, "\n{table}");
}

#[test]
fn bootstrap_intervals_are_those_of_numpy() {
    // rng = np.random.default_rng(0)
    // gold, pred = np.array(list("aaaabbbccd" * 30)), np.array(list("aabcbbacec" * 30))
    // for _ in range(20000):
    //     i = rng.integers(0, 300, 300)
    //     macro.append(macro F1 of gold[i], pred[i] over np.unique(gold[i]))
    //     accuracy.append((gold[i] == pred[i]).mean())
    // np.percentile(macro, [2.5, 97.5])     -> [0.3663333  0.45138745]
    // np.percentile(accuracy, [2.5, 97.5])  -> [0.44333333 0.55666667]
    let (gold, predicted) = (GOLD.repeat(30), some(&PREDICTED).repeat(30));
    let interval = |statistic| bootstrap_interval(&gold, &predicted, statistic, 20_000, 1, 0.95).unwrap();
    let macro_f1 = interval(Statistic::MacroF1);
    assert!((macro_f1.low - 0.36633).abs() < 0.002 && (macro_f1.high - 0.45139).abs() < 0.002, "{macro_f1}");
    let accuracy = interval(Statistic::Accuracy);
    assert!((accuracy.low - 0.44333).abs() < 0.004 && (accuracy.high - 0.55667).abs() < 0.004, "{accuracy}");
}

#[test]
fn resampling_does_not_depend_on_threads_or_on_the_order_of_records() {
    let (gold, predicted) = (GOLD.repeat(5), some(&PREDICTED).repeat(5));
    let other: Vec<Option<&str>> = gold.iter().map(|&name| (name != "b").then_some(name)).collect();
    let scores: Vec<f64> = (0..50).map(|i| f64::from(i) / 50.0).collect();
    let all = || {
        let interval = bootstrap_interval(&gold, &predicted, Statistic::MacroF1, 300, 9, 0.9).unwrap();
        let paired = paired_bootstrap(&gold, &predicted, &other, Statistic::MacroF1, 300, 9, 0.9).unwrap();
        (interval, paired, calibrated_ece_range(&scores, 5, 300, 9).unwrap())
    };
    let alone = in_pool(1, all);
    assert_eq!(alone, in_pool(2, all));
    assert_eq!(alone, in_pool(5, all));

    let backwards = |names: &[Option<&'static str>]| -> Vec<_> { names.iter().rev().copied().collect() };
    let gold: Vec<&str> = gold.iter().rev().copied().collect();
    let (predicted, other) = (backwards(&predicted), backwards(&other));
    let again = paired_bootstrap(&gold, &predicted, &other, Statistic::MacroF1, 300, 9, 0.9).unwrap();
    assert_eq!(again, alone.1);
}

#[test]
fn equal_classifiers_do_not_differ() {
    let predicted = some(&PREDICTED);
    let test = paired_bootstrap(&GOLD, &predicted, &predicted, Statistic::Accuracy, 100, 1, 0.95).unwrap();
    assert_eq!((test.difference, test.p, test.interval), (0.0, 1.0, [0.0, 0.0].into()));
}

#[test]
fn the_brier_score_is_that_of_scikit_learn() {
    // brier_score_loss([0, 1, 2, 1], rows)  -> 0.45375
    let rows = [[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.3, 0.3, 0.4], [0.5, 0.25, 0.25]];
    assert!(close(brier_score(&rows, &[Some(0), Some(1), Some(2), Some(1)]).unwrap(), 0.45375));
    // A label that the model lacks: 0.49 + 0.04 + 0.01 + 1.
    assert!(close(brier_score(&rows[..1], &[None]).unwrap(), 1.54));
    assert!(brier_score(&rows, &[Some(0), Some(1), Some(3), Some(1)]).is_err());
    assert!(brier_score(&[[f64::NAN]], &[Some(0)]).is_err());
    assert!(brier_score(&[[0.5]; 0], &[]).is_err());
}

#[test]
fn the_calibration_error_is_that_of_numpy() {
    // s = np.array([0.35, 0.41, ...]); c = np.array([0, 1, ...])
    // sum(abs(a.sum() - b.sum()) for a, b in zip(np.array_split(s, 4), np.array_split(c, 4))) / 12
    let scores = [0.35, 0.41, 0.52, 0.55, 0.61, 0.68, 0.74, 0.8, 0.86, 0.9, 0.95, 0.99];
    let correct = [0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 1].map(|right| right == 1);
    let ece = expected_calibration_error(&scores, &correct, 4).unwrap();
    assert!(close(ece, 0.08333333333333331), "{ece}");
}

#[test]
fn a_calibrated_model_shows_the_error_that_numpy_simulates() {
    // rng = np.random.default_rng(0); s = np.array([0.5 + i / 1000 for i in range(400)])
    // ece of s and (rng.random(400) < s) over 10 bins as above, 20000 times
    // np.percentile(ece, [2.5, 97.5])  -> [0.0316 0.0838]
    let scores: Vec<f64> = (0..400).map(|i| 0.5 + f64::from(i) / 1000.0).collect();
    let range = calibrated_ece_range(&scores, 10, 20_000, 3).unwrap();
    assert!((range.low - 0.0316).abs() < 0.001 && (range.high - 0.0838).abs() < 0.001, "{range}");
}

#[test]
fn scores_that_are_no_probabilities_are_an_error() {
    for score in [f64::NAN, f64::INFINITY, -0.1, 1.1] {
        assert!(expected_calibration_error(&[score], &[true], 1).is_err());
        assert!(calibrated_ece_range(&[score], 1, 10, 1).is_err());
    }
    assert!(expected_calibration_error(&[0.5], &[true], 0).is_err());
    assert!(expected_calibration_error(&[0.5], &[], 1).is_err());
    assert!(expected_calibration_error(&[], &[], 1).is_err());
    assert!(expected_calibration_error(&[0.5], &[true], usize::MAX).is_ok());
}

proptest! {
    #[test]
    fn the_calibration_error_does_not_depend_on_the_order_of_the_records(
        records in prop::collection::vec((0u8..8, any::<bool>()), 1..60),
        bins in 1usize..12,
        turn in 0usize..60,
    ) {
        let of = |records: &[(u8, bool)]| {
            let scores: Vec<f64> = records.iter().map(|of| f64::from(of.0) / 8.0).collect();
            let correct: Vec<bool> = records.iter().map(|of| of.1).collect();
            expected_calibration_error(&scores, &correct, bins).unwrap()
        };
        let mut turned = records.clone();
        turned.rotate_left(turn % records.len());
        prop_assert_eq!(of(&records), of(&turned));
        prop_assert!((0.0..=1.0).contains(&of(&records)));
    }

    #[test]
    fn the_figures_of_any_labels_are_between_0_and_1_and_their_table_prints(
        records in prop::collection::vec((".{0,3}", prop::option::of(".{0,3}")), 0..40),
    ) {
        let (gold, predicted): (Vec<String>, Vec<Option<String>>) = records.into_iter().unzip();
        let matrix = ConfusionMatrix::new(&gold, predicted.iter().map(Option::as_ref)).unwrap();
        let report = matrix.report();
        prop_assert!((0.0..=1.0).contains(&report.accuracy) && (0.0..=1.0).contains(&report.macro_f1));
        prop_assert_eq!(report.confusion.values().flat_map(|row| row.values()).sum::<u64>(), report.n);
        prop_assert_eq!(report.labels.values().map(|of| of.support).sum::<u64>(), report.n);
        prop_assert!(report.to_string().lines().count() >= report.labels.len());
        let json = serde_json::to_string(&report).unwrap();
        prop_assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
    }
}
