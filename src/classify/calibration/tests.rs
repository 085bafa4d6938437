//! Against scikit-learn 1.9.1 and SciPy 1.17.1, and at the edges.
//!
//! The reference numbers are the output of:
//!
//! ```python
//! import numpy as np
//! from scipy.optimize import minimize_scalar
//! from scipy.special import logsumexp
//! from sklearn.calibration import _SigmoidCalibration
//! from sklearn.isotonic import IsotonicRegression
//!
//! def held_out(classes):
//!     i, k = np.arange(60)[:, None], np.arange(classes)[None, :]
//!     z = (i * (7 + 4 * k) + 5 * k) % 29 / 5 - 2.5
//!     y = np.where(np.arange(60) % 3 > 0, z.argmax(1), np.arange(60) // 3 % classes)
//!     return z, y, 1 + np.arange(60) % 4 / 2
//!
//! def temperature(z, y, w):
//!     loss = lambda t: np.sum(w * (logsumexp(z / np.exp(t), axis=1) - z[range(60), y] / np.exp(t)))
//!     return np.exp(minimize_scalar(loss, bounds=(-5, 5), method="bounded", options={"xatol": 1e-12}).x)
//!
//! z, y, w = held_out(2)
//! d = z[:, 1] - z[:, 0]
//! print(temperature(np.stack([0 * d, d], 1), y, 1 + 0 * w), temperature(np.stack([0 * d, d], 1), y, w))
//! z, y, w = held_out(3)
//! print(temperature(z, y, 1 + 0 * w), temperature(z, y, w))
//! platt = lambda k: _SigmoidCalibration().fit(z[:, k], (y == k).astype(float), w)
//! isotonic = lambda k: IsotonicRegression(out_of_bounds="clip").fit(z[:, k], (y == k).astype(float), w)
//! print([(platt(k).a_, platt(k).b_) for k in range(3)])
//! print(isotonic(0).X_thresholds_, isotonic(0).y_thresholds_)
//! for k in range(3):
//!     print(isotonic(k).predict([-9, -1.23, 0.05, 0.61, 9]))
//! for fit in platt, isotonic:  # the rows as CalibratedClassifierCV normalises them
//!     p = np.stack([fit(k).predict(z[[0, 1, 20], k]) for k in range(3)], 1)
//!     print(p / p.sum(1, keepdims=True))
//! ```

use super::*;
use CalibrationMethod::{Isotonic, Platt, Temperature};
use proptest::prelude::*;

fn held_out(classes: usize) -> (Vec<f64>, Vec<u32>, Vec<f64>) {
    let (mut decisions, mut targets) = (Vec::new(), Vec::new());
    for i in 0..60 {
        let row: Vec<f64> =
            (0..classes).map(|k| ((i * (7 + 4 * k) + 5 * k) % 29) as f64 / 5.0 - 2.5).collect();
        let best = (0..classes).fold(0, |best, k| if row[k] > row[best] { k } else { best });
        targets.push(if i % 3 > 0 { best } else { i / 3 % classes } as u32);
        decisions.extend(row);
    }
    (decisions, targets, (0..60).map(|i| 1.0 + (i % 4) as f64 / 2.0).collect())
}

fn temperature(decisions: &[f64], targets: &[u32], weights: &[f64], classes: usize) -> f64 {
    match Calibration::fit(Temperature, decisions, targets, weights, classes).unwrap() {
        Calibration::Temperature { temperature } => temperature,
        other => panic!("{other:?}"),
    }
}

fn applied(calibration: &Calibration, decision: &[f64], classes: usize) -> Vec<f64> {
    let mut decision = decision.to_vec();
    calibration.apply(&mut decision, classes);
    decision
}

fn assert_near(got: impl IntoIterator<Item = f64>, expected: &[f64], tolerance: f64) {
    let got: Vec<f64> = got.into_iter().collect();
    let near = got.iter().zip(expected).all(|(a, b)| (a - b).abs() <= tolerance);
    assert!(got.len() == expected.len() && near, "{got:?} is not {expected:?}");
}

#[test]
fn the_temperature_is_that_of_scipys_minimum() {
    let (z, y, w) = held_out(3);
    assert_near([temperature(&z, &y, &[], 3), temperature(&z, &y, &w, 3)], &[1.374362464, 1.409280111], 1e-7);
    let (z, y, w) = held_out(2);
    let second: Vec<f64> = z.chunks(2).map(|row| row[1] - row[0]).collect();
    let expected = [1.250443138, 1.277180155];
    assert_near([temperature(&second, &y, &[], 2), temperature(&second, &y, &w, 2)], &expected, 1e-7);
    assert_near([temperature(&z, &y, &[], 2), temperature(&z, &y, &w, 2)], &expected, 1e-7);
}

#[test]
fn platt_is_that_of_scikit_learn() {
    let (z, y, w) = held_out(3);
    let calibration = Calibration::fit(Platt, &z, &y, &w, 3).unwrap();
    let Calibration::Platt { a, b } = &calibration else { panic!() };
    assert_near(a.iter().copied(), &[-0.46132194, -0.76830250, -0.47073715], 1e-6);
    assert_near(b.iter().copied(), &[0.91822290, 1.45234699, 0.59893812], 1e-6);
    let rows = z[..6].iter().chain(&z[60..63]).copied().collect::<Vec<_>>();
    let expected = [
        [0.23144630119584, 0.14236964599883026, 0.6261840528053296],
        [0.1729451883471479, 0.2553237903001767, 0.5717310213526755],
        [0.34242479732397396, 0.32082561172646623, 0.33674959094955975],
    ];
    for (row, expected) in rows.chunks(3).zip(&expected) {
        assert_near(applied(&calibration, row, 3), expected, 1e-6);
    }
}

#[test]
fn isotonic_is_that_of_scikit_learn() {
    let (z, y, w) = held_out(3);
    let calibration = Calibration::fit(Isotonic, &z, &y, &w, 3).unwrap();
    let Calibration::Isotonic { curves } = &calibration else { panic!() };
    let (x, y): (Vec<f64>, Vec<f64>) = curves[0].points().unzip();
    assert_near(x, &[-2.5, -0.1, 0.1, 0.3, 0.5, 1.9, 2.1, 2.3, 3.1], 1e-12);
    let (low, fourth, seven) = (0.14814814814814814, 0.2777777777777778, 0.3888888888888889);
    assert_near(y, &[low, low, fourth, fourth, seven, seven, 0.6, 0.8, 0.8], 1e-12);
    let expected = [
        [0.14814814814814814, 0.14814814814814814, 0.24537037037037035, 0.3888888888888889, 0.8],
        [0.0, 0.0967741935483871, 0.12727272727272726, 0.2406060606060605, 1.0],
        [0.0, 0.23214285714285715, 0.27450980392156865, 0.27450980392156865, 0.8571428571428571],
    ];
    for (curve, expected) in curves.iter().zip(&expected) {
        assert_near([-9.0, -1.23, 0.05, 0.61, 9.0].map(|value| curve.at(value)), expected, 1e-12);
    }
    let rows = z[..6].iter().chain(&z[60..63]).copied().collect::<Vec<_>>();
    let expected = [
        [0.2852117440129887, 0.18630767149235555, 0.5284805844946556],
        [0.12745762711864406, 0.28677966101694913, 0.5857627118644068],
        [0.4756756756756757, 0.22702702702702704, 0.2972972972972973],
    ];
    for (row, expected) in rows.chunks(3).zip(&expected) {
        assert_near(applied(&calibration, row, 3), expected, 1e-12);
    }
}

#[test]
fn no_calibration_is_the_softmax_of_the_linear_models() {
    for decision in [vec![0.3], vec![-40.0], vec![1.0, -2.0, 0.25]] {
        let mut expected = decision.clone();
        LinearModel::softmax(&mut expected);
        assert_eq!(applied(&Calibration::None, &decision, expected.len()), expected);
    }
}

#[test]
fn separated_values_get_a_finite_temperature() {
    let sure = temperature(&[3.0, 5.0, -4.0, -6.0], &[1, 1, 0, 0], &[], 2);
    assert!(sure > 0.1 && sure < 10.0, "{sure}");
    let probability = applied(&Calibration::Temperature { temperature: sure }, &[3.0], 2)[1];
    assert!(probability > 0.5 && probability < 0.95, "four records are no proof: {probability}");
    let three = temperature(&[9.0, 0.0, 0.0, 0.0, 9.0, 0.0], &[0, 1], &[], 3);
    // The smoothed target is 3/4 for two records, whatever the margin.
    assert_near(
        applied(&Calibration::Temperature { temperature: three }, &[9.0, 0.0, 0.0], 3),
        &[0.75, 0.125, 0.125],
        1e-9,
    );
}

#[test]
fn values_that_speak_against_their_labels_get_near_uniform_scores() {
    let calibration = Calibration::fit(Temperature, &[5.0, -5.0], &[0, 1], &[], 2).unwrap();
    let probabilities = applied(&calibration, &[5.0], 2);
    assert!(probabilities[1] > 0.5 && probabilities[1] < 0.501, "{probabilities:?}");
    let platt = Calibration::fit(Platt, &[5.0, -5.0], &[0, 1], &[], 2).unwrap();
    assert!(applied(&platt, &[5.0], 2)[1] < 0.5, "the slope turns");
    let isotonic = Calibration::fit(Isotonic, &[5.0, -5.0], &[0, 1], &[], 2).unwrap();
    assert_eq!(applied(&isotonic, &[5.0], 2), [0.5, 0.5]);
}

#[test]
fn values_that_are_all_the_same_give_the_shares_of_the_classes() {
    for value in [0.0, 7.0, -1e300, 5e-324] {
        let (decisions, targets) = ([value; 8], [1, 1, 1, 1, 1, 1, 0, 0]);
        let platt = Calibration::fit(Platt, &decisions, &targets, &[], 2).unwrap();
        let Calibration::Platt { a, .. } = &platt else { panic!() };
        assert_eq!(a, &[0.0]);
        // (6 · 7/8 + 2 · 1/4) / 8, by Platt's targets.
        assert_near(applied(&platt, &[value], 2), &[1.0 - 5.75 / 8.0, 5.75 / 8.0], 1e-9);
        let isotonic = Calibration::fit(Isotonic, &decisions, &targets, &[], 2).unwrap();
        assert_eq!(applied(&isotonic, &[3.0], 2), [0.25, 0.75]);
        let probabilities =
            applied(&Calibration::fit(Temperature, &decisions, &targets, &[], 2).unwrap(), &[value], 2);
        assert_near([probabilities.iter().sum::<f64>()], &[1.0], 1e-12);
    }
}

#[test]
fn a_class_that_was_never_held_out_gets_little() {
    let decisions = [2.0, 1.0, 0.0, 0.0, 2.0, 1.0, 1.0, 0.0, 0.5, 0.0, 1.0, 0.5];
    let targets = [0, 1, 0, 1];
    let Calibration::Platt { a, b } = Calibration::fit(Platt, &decisions, &targets, &[], 3).unwrap() else {
        panic!()
    };
    assert_near([platt::apply(0.7, a[2], b[2])], &[1.0 / 6.0], 1e-6);
    let isotonic = Calibration::fit(Isotonic, &decisions, &targets, &[], 3).unwrap();
    assert_eq!(applied(&isotonic, &[2.0, 0.0, 9.0], 3), [1.0, 0.0, 0.0]);
    assert_eq!(applied(&isotonic, &[-9.0, -9.0, 9.0], 3), [1.0 / 3.0; 3], "0/0 is uniform");
}

#[test]
fn infinite_decision_values_are_limits_and_nan_is_uniform() {
    let (z, y, _) = held_out(3);
    for method in [CalibrationMethod::None, Temperature, Platt, Isotonic] {
        let calibration = Calibration::fit(method, &z, &y, &[], 3).unwrap();
        assert_eq!(applied(&calibration, &[f64::NAN, 1.0, 2.0], 3), [1.0 / 3.0; 3]);
        let sure = applied(&calibration, &[f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY], 3);
        assert!(sure[0] > 0.7, "{method:?} {sure:?}");
    }
    let tie = applied(&Calibration::None, &[f64::INFINITY, f64::INFINITY, 0.0], 3);
    assert_eq!(tie, [0.5, 0.5, 0.0]);
    assert_eq!(applied(&Calibration::None, &[f64::NEG_INFINITY; 4], 4), [0.25; 4]);
    assert_eq!(applied(&Calibration::None, &[f64::INFINITY], 2), [0.0, 1.0]);
}

#[test]
fn what_cannot_be_calibrated_on_is_refused() {
    let fit = |decisions: &[f64], targets: &[u32], weights: &[f64], classes| {
        Calibration::fit(Temperature, decisions, targets, weights, classes).unwrap_err().to_string()
    };
    assert!(fit(&[], &[], &[], 2).contains("no held-out records"));
    assert!(fit(&[1.0, 2.0, 3.0], &[0, 1], &[], 2).contains("3 decision values"));
    assert!(fit(&[1.0, 2.0], &[0, 1], &[], 3).contains("3 classes"));
    assert!(fit(&[1.0], &[0], &[], 1).contains("1 classes"));
    assert!(fit(&[1.0, 2.0], &[0, 2], &[], 2).contains("class 2 of only 2"));
    assert!(
        fit(&[1.0, 2.0, 3.0, f64::INFINITY, 0.0, 0.0], &[0, 1], &[], 3)
            .contains("record 1 has decision value inf")
    );
    assert!(fit(&[1.0, 2.0], &[0, 1], &[1.0], 2).contains("1 weights"));
    assert!(fit(&[1.0, 2.0], &[0, 1], &[1.0, -1.0], 2).contains("record 1 has weight -1"));
    assert!(fit(&[1.0, 2.0], &[0, 1], &[0.0, 0.0], 2).contains("sum to 0"));
    assert!(fit(&[1.0, 2.0], &[0, 1], &[f64::MAX, f64::MAX], 2).contains("sum to inf"));
}

#[test]
fn it_is_the_same_after_saving_and_loading_and_damage_is_seen() {
    let (z, y, w) = held_out(3);
    for method in [CalibrationMethod::None, Temperature, Platt, Isotonic] {
        let calibration = Calibration::fit(method, &z, &y, &w, 3).unwrap();
        let text = serde_json::to_string(&calibration).unwrap();
        assert_eq!(serde_json::from_str::<Calibration>(&text).unwrap(), calibration);
        assert_eq!(calibration.method(), method);
        calibration.check(3).unwrap();
        assert_eq!(calibration.check(4).is_err(), matches!(method, Platt | Isotonic));
    }
    for damaged in [
        r#"{"method":"temperature","temperature":0.0}"#,
        r#"{"method":"platt","a":[1.0,1.0,1.0],"b":[1.0]}"#,
        r#"{"method":"isotonic","curves":[{"x":[1.0],"y":[2.0]},{"x":[1.0],"y":[0.5]},{"x":[1.0],"y":[0.5]}]}"#,
        r#"{"method":"isotonic","curves":[{"x":[],"y":[]},{"x":[1.0],"y":[0.5]},{"x":[1.0],"y":[0.5]}]}"#,
    ] {
        assert!(serde_json::from_str::<Calibration>(damaged).unwrap().check(3).is_err(), "{damaged}");
    }
}

#[test]
fn the_number_of_threads_does_not_show() {
    let decisions: Vec<f64> = (0..30_000).map(|i| f64::from(i * 7919 % 1000) / 100.0 - 5.0).collect();
    let targets: Vec<u32> = (0..10_000).map(|i| i * 31 % 3).collect();
    let fit = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Calibration::fit(Temperature, &decisions, &targets, &[], 3).unwrap())
    };
    assert_eq!(fit(1), fit(3));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_was_held_out_the_result_is_a_distribution(
        rows in prop::collection::vec((prop::array::uniform3(any::<f64>()), 0u32..3, 0.0..2.0f64), 1..40),
        asked in prop::array::uniform3(any::<f64>()),
    ) {
        let finite = |value: f64| if value.is_finite() { value } else { 0.0 };
        let decisions: Vec<f64> = rows.iter().flat_map(|(row, ..)| row.map(finite)).collect();
        let targets: Vec<u32> = rows.iter().map(|(_, target, _)| *target).collect();
        let weights: Vec<f64> = rows.iter().map(|(.., weight)| *weight).collect();
        let seconds: Vec<f64> = decisions.iter().step_by(3).copied().collect();
        let of_two: Vec<u32> = targets.iter().map(|target| target % 2).collect();
        for method in [CalibrationMethod::None, Temperature, Platt, Isotonic] {
            let three = Calibration::fit(method, &decisions, &targets, &weights, 3).unwrap();
            let two = Calibration::fit(method, &seconds, &of_two, &weights, 2).unwrap();
            prop_assert!(three.check(3).is_ok() && two.check(2).is_ok(), "{three:?} {two:?}");
            for probabilities in [applied(&three, &asked, 3), applied(&three, &decisions[..3], 3), applied(&two, &asked[..1], 2)] {
                prop_assert!(probabilities.iter().all(|p| (0.0..=1.0).contains(p)), "{three:?} {probabilities:?}");
                prop_assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{three:?} {probabilities:?}");
            }
        }
    }

    #[test]
    fn a_temperature_keeps_the_label(row in prop::collection::vec(-9.0..9.0f64, 2..6), temperature in 0.01..50.0f64) {
        let best = |values: &[f64]| (0..values.len()).fold(0, |best, k| if values[k] > values[best] { k } else { best });
        let scores = applied(&Calibration::Temperature { temperature }, &row, row.len());
        prop_assert_eq!(scores[best(&row)], scores[best(&scores)]);
    }
}
