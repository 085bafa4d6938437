//! Models put together by hand: what they say, and what is refused.

use super::*;

fn parts(integers: &[(&'static str, &[u32])], numbers: &[(&'static str, &[f64])]) -> Parts {
    Parts {
        integers: integers.iter().map(|(name, values)| (*name, values.to_vec())).collect(),
        numbers: numbers.iter().map(|(name, values)| (*name, values.to_vec())).collect(),
    }
}

/// A model of three classes for each form, on columns 1 and 4 of rows of 5.
fn examples() -> Vec<(FormKind, Parts)> {
    let kept: [(&'static str, &[u32]); 2] = [("columns", &[1, 4]), ("seen", &[0, 1, 2])];
    let weights: [(&'static str, &[f64]); 2] =
        [("weights", &[1.0, 2.0, 3.0, -1.0, 0.0, 0.5]), ("intercept", &[0.0, 0.1, 0.2])];
    // One tree an output: a stump on the second column, then two leaves.
    let stump: [(&'static str, &[u32]); 5] = [
        kept[0],
        kept[1],
        ("starts", &[0, 3, 4, 5]),
        ("features", &[1, u32::MAX, u32::MAX, u32::MAX, u32::MAX]),
        ("others", &[2, 0, 0, 0, 0]),
    ];
    let leaves: [(&'static str, &[f64]); 2] = [("values", &[0.5, 2.0, -2.0, 0.0, -1.0]), ("weights", &[1.0])];
    let gaussian: [(&'static str, &[f64]); 3] = [
        ("constant", &[-1.0, -2.0, -3.0]),
        ("mean", &[0.0, 0.0, 1.0, 0.0, 0.0, 1.0]),
        ("variance", &[1.0, 1.0, 0.5, 1.0, 1.0, 2.0]),
    ];
    let kernel: [(&'static str, &[f64]); 4] = [
        ("width", &[2.0]),
        ("values", &[1.0, 1.0, -1.0]),
        ("coefficients", &[1.0, 0.0, -1.0, 0.0, 2.0, 0.0]),
        ("intercept", &[0.0, 0.1, 0.2]),
    ];
    let vectors: [(&'static str, &[u32]); 4] =
        [kept[0], kept[1], ("starts", &[0, 1, 3]), ("support", &[0, 0, 1])];
    vec![
        (FormKind::Linear, parts(&kept, &weights)),
        (FormKind::Presence, parts(&kept, &weights)),
        (FormKind::Gaussian, parts(&kept, &gaussian)),
        (FormKind::Kernel, parts(&vectors, &kernel)),
        (FormKind::Trees(Rule::Odds), parts(&stump, &leaves)),
        (FormKind::Trees(Rule::Votes), parts(&stump, &leaves)),
        (FormKind::Trees(Rule::WeightedVotes), parts(&stump, &leaves)),
    ]
}

/// The decision values of the row 0, 2, 7, 0, 1.
fn decide(model: &DenseModel) -> Vec<f64> {
    let row = Row { columns: &[1, 2, 4], values: &[2.0, 7.0, 1.0] };
    let mut decision = Vec::new();
    model.decide(row, &mut decision);
    decision
}

fn assert_near(got: &[f64], expected: &[f64]) {
    let near = got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12);
    assert!(got.len() == expected.len() && near, "{got:?} is not {expected:?}");
}

#[test]
fn every_form_says_what_its_numbers_mean() {
    let expected: [&[f64]; 7] = [
        &[2.0 - 1.0, 4.0 + 0.1, 6.0 + 0.5 + 0.2],
        &[1.0 - 1.0, 2.0 + 0.1, 3.0 + 0.5 + 0.2],
        &[-1.0 - 2.5, -2.0 - 1.5, -3.0 - 2.0],
        // Squared distances 1 + 1 to (1, 0), 1 + 4 to (1, -1).
        &[(-1.0f64).exp(), 0.1 + 2.0 * (-2.5f64).exp(), 0.2 - (-1.0f64).exp()],
        &[-(-2.0f64).exp().ln_1p(), 0.5f64.ln(), -1.0 - (-1.0f64).exp().ln_1p()],
        &[(4.0f64 / 6.0).ln(), (1.0f64 / 6.0).ln(), (1.0f64 / 6.0).ln()],
        &[1.0, 0.0, 0.0],
    ];
    for ((kind, parts), expected) in examples().into_iter().zip(expected) {
        assert_near(&decide(&DenseModel::from_parts(kind, 3, 5, parts).unwrap()), expected);
    }
}

#[test]
fn what_is_taken_apart_is_put_together_again() {
    for (kind, parts) in examples() {
        let model = DenseModel::from_parts(kind, 3, 5, parts.clone()).unwrap();
        assert_eq!(model.parts(), parts);
        let names = |names: &[&'static str]| names.iter().copied().collect::<std::collections::BTreeSet<_>>();
        assert_eq!(names(kind.integers()), parts.integers.keys().copied().collect());
        assert_eq!(names(kind.numbers()), parts.numbers.keys().copied().collect());
    }
}

#[test]
fn a_class_that_was_never_seen_comes_last() {
    for (kind, mut parts) in examples() {
        parts.integers.insert("seen", vec![0, 2, 4]);
        let model = DenseModel::from_parts(kind, 5, 5, parts).unwrap();
        let decision = decide(&model);
        assert_eq!(decision.len(), 5);
        let seen = [0, 2, 4].map(|class: usize| decision[class]);
        let least = seen.iter().copied().fold(f64::INFINITY, f64::min);
        assert_near(&[decision[1], decision[3]], &[least + UNSEEN; 2]);
        let mut probabilities = decision;
        LinearModel::softmax(&mut probabilities);
        assert!(probabilities[1] < 1e-9 && probabilities[3] < 1e-9);
    }
}

#[test]
fn two_of_three_seen_classes_are_told_apart_by_one_number() {
    let kept: [(&'static str, &[u32]); 2] = [("columns", &[1, 4]), ("seen", &[0, 2])];
    let parts = parts(&kept, &[("weights", &[1.0, 1.0]), ("intercept", &[-0.5])]);
    let model = DenseModel::from_parts(FormKind::Linear, 3, 5, parts).unwrap();
    assert_near(&decide(&model), &[0.0, UNSEEN, 2.5]);
    assert_eq!((model.weight(4, 0), model.weight(4, 1), model.weight(4, 2)), (Some(-1.0), None, Some(1.0)));
    assert_eq!(model.weight(2, 2), Some(0.0), "a column that was not kept");
}

/// Each damage to a model of each form that has the array.
#[test]
fn damaged_arrays_are_refused() {
    let integers: [(&'static str, &[u32]); 21] = [
        ("columns", &[]),
        ("columns", &[1]),
        ("columns", &[4, 1]),
        ("columns", &[1, 5]),
        ("columns", &[1, 1]),
        ("columns", &[0, 1, 4]),
        ("seen", &[]),
        ("seen", &[0]),
        ("seen", &[0, 2, 1]),
        ("seen", &[0, 1, 3]),
        ("starts", &[]),
        ("starts", &[0, 3, 4, 6]),
        ("starts", &[1, 3, 4, 5]),
        ("starts", &[0, 4, 3, 5]),
        ("starts", &[0, 3, 3, 5]),
        ("support", &[0, 0, 2]),
        ("support", &[0, 0]),
        ("features", &[2, u32::MAX, u32::MAX, u32::MAX, u32::MAX]),
        ("features", &[1, 0, u32::MAX, u32::MAX, u32::MAX]),
        ("others", &[0, 0, 0, 0, 0]),
        ("others", &[3, 0, 0, 0, 0]),
    ];
    let numbers: [(&'static str, &[f64]); 16] = [
        ("weights", &[]),
        ("weights", &[f64::NAN, 2.0, 3.0, -1.0, 0.0, 0.5]),
        ("weights", &[-1.0]),
        ("intercept", &[0.0, 0.1]),
        ("intercept", &[0.0, 0.1, f64::INFINITY]),
        ("constant", &[0.0]),
        ("constant", &[f64::NAN; 3]),
        ("mean", &[0.0; 5]),
        ("mean", &[f64::NEG_INFINITY; 6]),
        ("variance", &[0.0; 6]),
        ("variance", &[f64::NAN; 6]),
        ("width", &[]),
        ("width", &[0.0]),
        ("values", &[1.0, 1.0]),
        ("values", &[f64::NAN, 1.0, 1.0]),
        ("coefficients", &[1.0]),
    ];
    let mut refused = 0;
    for (kind, sound) in examples() {
        let damaged_integers = integers.iter().map(|&(name, values)| {
            let mut parts = sound.clone();
            parts.integers.get_mut(name).map(|array| *array = values.to_vec());
            (name, parts)
        });
        let damaged_numbers = numbers.iter().map(|&(name, values)| {
            let mut parts = sound.clone();
            parts.numbers.get_mut(name).map(|array| *array = values.to_vec());
            (name, parts)
        });
        for (name, parts) in damaged_integers.chain(damaged_numbers).filter(|(_, parts)| *parts != sound) {
            assert!(DenseModel::from_parts(kind, 3, 5, parts.clone()).is_err(), "{kind:?} {name} {parts:?}");
            refused += 1;
        }
        let missing = Parts { integers: sound.integers.clone(), ..Parts::default() };
        assert!(DenseModel::from_parts(kind, 3, 5, missing).is_err());
        assert!(DenseModel::from_parts(kind, 2, 5, sound.clone()).is_err(), "a class too many");
        assert!(DenseModel::from_parts(kind, 3, 4, sound).is_err(), "a column too many");
    }
    assert!(refused > 100, "{refused}");
}

#[test]
fn senseless_options_are_named() {
    use linfa::ParamGuard;
    let message = |error: Error| error.to_string();
    let logistic = |params: LinfaLogisticParams| message(params.check().unwrap_err());
    assert!(
        logistic(LinfaLogisticParams::default().features(0))
            .contains("features 0: give a number from 1 to 2000")
    );
    assert!(logistic(LinfaLogisticParams::default().features(2_001)).contains("features 2001"));
    assert!(logistic(LinfaLogisticParams::default().c(f64::NAN)).contains("c NaN"));
    assert!(logistic(LinfaLogisticParams::default().max_iterations(0)).contains("max_iterations 0"));
    assert!(logistic(LinfaLogisticParams::default().tolerance(0.0)).contains("tolerance 0"));
    assert!(
        message(LinfaGaussianNbParams::default().smoothing(0.0).check().unwrap_err()).contains("smoothing 0")
    );
    assert!(message(LinfaBernoulliNbParams::default().alpha(-1.0).check().unwrap_err()).contains("alpha -1"));
    assert!(message(LinfaSvmParams::default().c(0.0).check().unwrap_err()).contains("c 0"));
    assert!(
        message(LinfaSvmParams::default().kernel_width(f64::INFINITY).check().unwrap_err()).contains("inf")
    );
    assert!(message(LinfaTreeParams::default().depth(65).check().unwrap_err()).contains("depth 65"));
    assert!(message(LinfaTreeParams::default().min_leaf(0.5).check().unwrap_err()).contains("min_leaf 0.5"));
    assert!(message(LinfaForestParams::default().trees(0).check().unwrap_err()).contains("trees 0"));
    assert!(
        message(LinfaForestParams::default().feature_share(1.5).check().unwrap_err())
            .contains("feature_share")
    );
    assert!(
        message(LinfaAdaboostParams::default().learning_rate(0.0).check().unwrap_err())
            .contains("learning_rate 0")
    );
    assert!(message(LinfaFtrlParams::default().l2(0.0).check().unwrap_err()).contains("l2 0"));
    assert!(message(LinfaFtrlParams::default().epochs(0).check().unwrap_err()).contains("epochs 0"));
}

#[cfg(not(feature = "linfa-classifiers"))]
#[test]
fn a_build_without_linfas_classifiers_says_so() {
    use linfa::DatasetBase;
    use linfa::traits::Fit;
    use ndarray::array;
    let mut rows = Csr::new(1);
    rows.push_row([(0, 1.0)]).unwrap();
    rows.push_row([]).unwrap();
    let error =
        LinfaTreeParams::default().fit(&DatasetBase::new(rows, array![0, 1])).unwrap_err().to_string();
    assert!(error.contains("linfa-tree") && error.contains("Cargo feature linfa-classifiers"), "{error}");
}
