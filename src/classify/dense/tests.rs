//! Models put together by hand: what they say, and what is refused.

use super::*;

/// A model of three classes for each form, on columns 1 and 4 of rows of 5.
fn examples() -> [String; 4] {
    let stump = r#"{"split":{"column":1,"threshold":0.5,"above":{"leaf":{"yes":3,"no":1}},"below":{"leaf":{"yes":0,"no":5}}}}"#;
    let trees = format!(r#"[{stump},{{"leaf":{{"yes":1,"no":1}}}},{{"leaf":{{"yes":0,"no":2}}}}]"#);
    let second = r#"[{"leaf":{"yes":0,"no":0}},{"leaf":{"yes":1,"no":0}},{"leaf":{"yes":0,"no":0}}]"#;
    let gaussian = r#"{"gaussian":[{"constant":-1.0,"mean":[0.0,0.0],"variance":[1.0,1.0]},
        {"constant":-2.0,"mean":[1.0,0.0],"variance":[0.5,1.0]},{"constant":-3.0,"mean":[0.0,1.0],"variance":[1.0,2.0]}]}"#;
    let kernel = r#"{"kernel":{"width":2.0,"support":[{"x":[[0,1.0]],"weights":[1.0,0.0,-1.0]},
        {"x":[[0,1.0],[1,-1.0]],"weights":[0.0,2.0,0.0]}],"intercept":[0.0,0.1,0.2]}}"#;
    let tree = format!(r#"{{"tree":{trees}}}"#);
    let votes =
        format!(r#"{{"votes":[{{"weight":3.0,"trees":{trees}}},{{"weight":1.0,"trees":{second}}}]}}"#);
    [gaussian.into(), kernel.into(), tree, votes]
        .map(|form| format!(r#"[{{"all":3,"seen":[0,1,2]}},[1,4],{form}]"#))
}

fn read(json: &str) -> Result<DenseModel> {
    DenseModel::from_json(json.as_bytes(), 3, 5)
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
    let third = 1.0 / 3.0f64;
    let expected: [[f64; 3]; 4] = [
        [-1.0 - 2.5, -2.0 - 1.5, -3.0 - 2.0],
        // Squared distances 1 + 1 to (1, 0), 1 + 4 to (1, -1).
        [(-1.0f64).exp(), 0.1 + 2.0 * (-2.5f64).exp(), 0.2 - (-1.0f64).exp()],
        [4.0f64 / 6.0, 2.0 / 4.0, 1.0 / 4.0].map(f64::ln),
        // Two votes that weigh 1.5 and 0.5.
        [1.5 + third, 0.5 + third, third].map(|count| (count / 3.0).ln()),
    ];
    for (json, expected) in examples().iter().zip(expected) {
        assert_near(&decide(&read(json).unwrap()), &expected);
    }
}

#[test]
fn what_is_written_is_read_back() {
    for json in examples() {
        let model = read(&json).unwrap();
        assert_eq!(DenseModel::from_json(&model.to_json(), 3, 5).unwrap(), model);
    }
}

#[test]
fn trees_as_deep_as_options_allow_are_read_back() {
    let leaf = r#"{"leaf":{"yes":0,"no":1}}"#;
    let split = |below: String, _| {
        format!(r#"{{"split":{{"column":0,"threshold":0.5,"above":{leaf},"below":{below}}}}}"#)
    };
    let deep = (0..50).fold(leaf.to_owned(), split);
    assert!(tree::check_tree(50, 1).is_ok() && tree::check_tree(51, 1).is_err());
    let votes = format!(r#"{{"votes":[{{"weight":1.0,"trees":[{deep},{leaf},{leaf}]}}]}}"#);
    assert!(read(&format!(r#"[{{"all":3,"seen":[0,1,2]}},[1,4],{votes}]"#)).is_ok());
}

#[test]
fn a_class_that_was_never_seen_has_a_probability_of_a_billionth_at_most() {
    for json in examples() {
        let json = json.replace(r#""all":3,"seen":[0,1,2]"#, r#""all":5,"seen":[0,2,4]"#);
        let mut decision = decide(&DenseModel::from_json(json.as_bytes(), 5, 5).unwrap());
        LinearModel::softmax(&mut decision);
        assert!(decision.len() == 5 && decision[1] <= 1e-9 && decision[3] <= 1e-9, "{decision:?}");
    }
}

#[test]
fn two_classes_have_one_decision_value() {
    let two = |classes: &str, trees: &str| {
        DenseModel::from_json(format!(r#"[{classes},[1,4],{{"tree":{trees}}}]"#).as_bytes(), 2, 5)
    };
    let leaf = r#"{"leaf":{"yes":2,"no":0}}"#;
    let model = two(r#"{"all":2,"seen":[0,1]}"#, &format!("[{leaf}]")).unwrap();
    assert_near(&decide(&model), &[3f64.ln()]);
    assert!(two(r#"{"all":2,"seen":[0,1]}"#, &format!("[{leaf},{leaf}]")).is_err());
    assert!(two(r#"{"all":2,"seen":[1]}"#, &format!("[{leaf}]")).is_err());
}

#[test]
fn parts_that_do_not_fit_together_are_refused() {
    let mut refused = 0;
    for json in examples() {
        for (sound, damaged) in [
            ("[1,4]", "[4,1]"),
            ("[1,4]", "[1,1]"),
            ("[1,4]", "[1,5]"),
            ("[1,4]", "[1]"),
            ("[0,1,2]", "[0,1]"),
            ("[0,1,2]", "[0,2,1]"),
            ("[0,1,2]", "[0,1,3]"),
            ("\"all\":3", "\"all\":4"),
            ("[0.5,1.0]", "[0.0,1.0]"),
            ("[0.5,1.0]", "[0.5]"),
            ("\"mean\":[0.0,0.0]", "\"mean\":[]"),
            ("-2.0", "null"),
            ("-2.0", "-2e999"),
            ("\"width\":2.0", "\"width\":0.0"),
            ("[0,1.0]", "[2,1.0]"),
            ("[1.0,0.0,-1.0]", "[1.0,0.0]"),
            ("[0.0,0.1,0.2]", "[0.0,0.1]"),
            ("\"column\":1", "\"column\":2"),
            ("\"yes\":3", "\"yes\":-3"),
            ("\"weight\":3.0", "\"weight\":-3.0"),
            ("\"weight\":3.0", "\"weight\":1e999"),
            ("\"threshold\"", "\"treshold\""),
        ] {
            if json.contains(sound) {
                assert!(read(&json.replacen(sound, damaged, 1)).is_err(), "{sound} {damaged} {json}");
                refused += 1;
            }
        }
        assert!(DenseModel::from_json(json.as_bytes(), 2, 5).is_err(), "a class too many");
        assert!(DenseModel::from_json(json.as_bytes(), 3, 4).is_err(), "a column too many");
        assert!(DenseModel::from_json(&json.as_bytes()[..json.len() - 1], 3, 5).is_err(), "cut short");
    }
    assert!(refused > 40, "{refused}");
}

#[test]
fn senseless_options_are_named() {
    use linfa::ParamGuard;
    fn message<P: ParamGuard<Error = Error>>(params: P) -> String {
        params.check_ref().err().unwrap().to_string()
    }
    let few = message(LinfaLogisticParams::default().features(0));
    assert!(few.contains("features 0: give a number from 1 to 2000"), "{few}");
    assert!(message(LinfaLogisticParams::default().features(2_001)).contains("features 2001"));
    assert!(message(LinfaLogisticParams::default().c(f64::NAN)).contains("c NaN"));
    assert!(message(LinfaLogisticParams::default().max_iterations(0)).contains("max_iterations 0"));
    assert!(message(LinfaLogisticParams::default().tolerance(0.0)).contains("tolerance 0"));
    assert!(message(LinfaGaussianNbParams::default().smoothing(0.0)).contains("smoothing 0"));
    assert!(message(LinfaBernoulliNbParams::default().alpha(-1.0)).contains("alpha -1"));
    assert!(message(LinfaSvmParams::default().c(0.0)).contains("c 0"));
    assert!(message(LinfaKernelSvmParams::default().width(f64::INFINITY)).contains("width inf"));
    assert!(message(LinfaTreeParams::default().depth(51)).contains("depth 51"));
    assert!(message(LinfaTreeParams::default().min_leaf(0)).contains("min_leaf 0"));
    assert!(message(LinfaForestParams::default().trees(0)).contains("trees 0"));
    assert!(message(LinfaForestParams::default().feature_share(1.5)).contains("feature_share 1.5"));
    assert!(message(LinfaAdaboostParams::default().learning_rate(0.0)).contains("learning_rate 0"));
    assert!(message(LinfaFtrlParams::default().l2(0.0)).contains("l2 0"));
    assert!(message(LinfaFtrlParams::default().epochs(0)).contains("epochs 0"));
}
