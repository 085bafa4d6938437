use super::*;
use proptest::prelude::*;

const VALUES: [f64; 12] = [-3.0, -2.0, -1.5, -1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 2.0, 3.0, 4.0];
const HITS: [u32; 12] = [0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1, 1];

fn second(calibration: &Calibration, value: f64) -> f64 {
    let mut decision = vec![value];
    calibration.apply(&mut decision, 2);
    decision[1]
}

const ISOTONIC: [(f64, f64); 7] = [
    (-5.0, 0.0),
    (-1.75, 0.16666666666666666),
    (-1.2, 0.3333333333333333),
    (0.1, 0.5),
    (0.6, 0.5),
    (1.5, 0.75),
    (9.0, 1.0),
];
const PLATT: [(f64, f64); 3] =
    [(-1.0, 0.3537600266210483), (0.5, 0.5396243738876813), (2.0, 0.7150855519982674)];
const TEMPERATURE: f64 = 1.5125410006308433;

#[test]
fn isotonic_is_that_of_scikit_learn() {
    // IsotonicRegression(out_of_bounds='clip').fit(VALUES, HITS).predict([...])
    let calibration = Calibration::fit(CalibrationMethod::Isotonic, &VALUES, &HITS, &[], 2).unwrap();
    for (value, expected) in ISOTONIC {
        assert!(
            (second(&calibration, value) - expected).abs() < 1e-9,
            "{value}: {}",
            second(&calibration, value)
        );
    }
}

#[test]
fn platt_is_that_of_scikit_learn() {
    // sklearn.calibration._SigmoidCalibration().fit(VALUES, HITS).predict([...])
    let calibration = Calibration::fit(CalibrationMethod::Platt, &VALUES, &HITS, &[], 2).unwrap();
    for (value, expected) in PLATT {
        assert!(
            (second(&calibration, value) - expected).abs() < 1e-4,
            "{value}: {}",
            second(&calibration, value)
        );
    }
}

#[test]
fn the_temperature_has_the_least_log_loss() {
    let decisions = [
        4.0, 0.0, 1.0, 3.0, 1.0, 0.0, 0.0, 5.0, 1.0, 2.0, 3.0, 0.0, 1.0, 0.0, 6.0, 5.0, 1.0, 4.0, 0.0, 2.0,
        1.0, 3.0, 2.0, 2.5,
    ];
    let targets = [0, 1, 1, 0, 2, 2, 1, 0];
    // scipy.optimize.minimize_scalar over the log loss of softmax(Z / t)
    match Calibration::fit(CalibrationMethod::Temperature, &decisions, &targets, &[], 3).unwrap() {
        Calibration::Temperature { temperature } => {
            assert!((temperature - TEMPERATURE).abs() < 1e-6, "{temperature}")
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn weights_count_as_repetition() {
    for method in [CalibrationMethod::Temperature, CalibrationMethod::Isotonic] {
        let repeated: Vec<f64> = VALUES.iter().copied().chain([VALUES[4], VALUES[4]]).collect();
        let hits: Vec<u32> = HITS.iter().copied().chain([HITS[4], HITS[4]]).collect();
        let weights: Vec<f64> = (0..12).map(|at| if at == 4 { 3.0 } else { 1.0 }).collect();
        let a = Calibration::fit(method, &repeated, &hits, &[], 2).unwrap();
        let b = Calibration::fit(method, &VALUES, &HITS, &weights, 2).unwrap();
        for value in [-1.0, 0.1, 2.5] {
            assert!((second(&a, value) - second(&b, value)).abs() < 1e-9, "{method:?} {value}");
        }
    }
}

#[test]
fn degenerate_records_have_the_stated_outcome() {
    // All on the right side: smoothed, not infinitely sure.
    let sure =
        Calibration::fit(CalibrationMethod::Temperature, &[2.0, -2.0, 2.0], &[1, 0, 1], &[], 2).unwrap();
    assert!(second(&sure, 2.0) > 0.7 && second(&sure, 2.0) < 0.999);
    // All on the wrong side: labels stay, scores are near one half.
    let wrong = Calibration::fit(CalibrationMethod::Temperature, &[2.0, -2.0], &[0, 1], &[], 2).unwrap();
    assert!(second(&wrong, 2.0) > 0.5 && second(&wrong, 2.0) < 0.501);
    for method in [CalibrationMethod::Temperature, CalibrationMethod::Platt, CalibrationMethod::Isotonic] {
        // No margins to speak of, and a class that is missing.
        let flat = Calibration::fit(method, &[0.0; 9], &[0, 1, 0], &[], 3).unwrap();
        let mut decision = vec![0.0; 3];
        flat.apply(&mut decision, 3);
        assert!((decision.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{method:?} {decision:?}");
        flat.check(3).unwrap();
    }
}

#[test]
fn what_cannot_be_calibrated_on_is_refused() {
    let fit = |decisions: &[f64], targets: &[u32], weights: &[f64], classes| {
        Calibration::fit(CalibrationMethod::Platt, decisions, targets, weights, classes)
            .unwrap_err()
            .to_string()
    };
    assert!(fit(&[], &[], &[], 2).contains("no held-out records"));
    assert!(fit(&[1.0, 2.0, 3.0], &[0, 1], &[], 2).contains("3 decision values for 2 records"));
    assert!(fit(&[1.0, f64::NAN], &[0, 1], &[], 2).contains("record 1 has decision value NaN"));
    assert!(fit(&[1.0, 2.0], &[0, 5], &[], 2).contains("class 5 of only 2"));
    assert!(fit(&[1.0, 2.0], &[0, 1], &[1.0], 2).contains("but 1 weights"));
    assert!(fit(&[1.0, 2.0], &[0, 1], &[0.0, 0.0], 2).contains("weight 0"));
    assert!(Calibration::Temperature { temperature: -1.0 }.check(2).is_err());
    assert!(Calibration::Platt { a: vec![1.0; 2], b: vec![0.0; 2] }.check(5).is_err());
}

proptest! {
    #[test]
    fn probabilities_add_up_and_survive_a_file(
        decisions in prop::collection::vec(-20.0f64..20.0, 30), targets in prop::collection::vec(0u32..3, 10), at in prop::collection::vec(any::<f64>(), 3)
    ) {
        for method in [CalibrationMethod::None, CalibrationMethod::Temperature, CalibrationMethod::Platt, CalibrationMethod::Isotonic] {
            let calibration = Calibration::fit(method, &decisions, &targets, &[], 3).unwrap();
            let mut out = at.clone();
            calibration.apply(&mut out, 3);
            prop_assert!((out.iter().sum::<f64>() - 1.0).abs() < 1e-9 && out.iter().all(|p| (0.0..=1.0).contains(p)), "{:?} {:?}", method, out);
            let json = serde_json::to_string(&calibration).unwrap();
            let loaded: Calibration = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(&loaded, &calibration);
            prop_assert_eq!(calibration.method(), method);
        }
    }

    #[test]
    fn a_temperature_keeps_the_label(decisions in prop::collection::vec(-9.0f64..9.0, 12), targets in prop::collection::vec(0u32..4, 3)) {
        let calibration = Calibration::fit(CalibrationMethod::Temperature, &decisions, &targets, &[], 4).unwrap();
        for row in decisions.chunks(4) {
            let mut out = row.to_vec();
            calibration.apply(&mut out, 4);
            prop_assert!(out[LinearModel::best(row)] >= out.iter().copied().fold(0.0, f64::max) - 1e-12);
        }
    }
}
