use linfa::traits::Predict;
use ndarray::array;

use super::*;

/// `records` rows of `classes` classes: a feature of the class's own, one of chance, and one that all have.
fn data(records: usize, classes: usize, seed: u64) -> DatasetBase<Csr, Array1<usize>> {
    let mut random = SplitMix64::new(seed);
    let (mut rows, mut targets) = (Csr::new(100), Vec::new());
    for record in 0..records {
        let class = record % classes;
        let noise = 50 + random.below(49) as u32;
        rows.push_row([(class as u32, 0.6), (noise, 0.6), (99, 0.5)]).unwrap();
        targets.push(class);
    }
    DatasetBase::new(rows, targets.into())
}

fn params() -> OnlineParams {
    OnlineParams::default().shuffle_buffer(64)
}

/// The step as it is written at the head of the module, in `f64`, with a weight for each of two classes too.
fn plain(dataset: &DatasetBase<Csr, Array1<usize>>, classes: usize, params: &OnlineValidParams) -> Vec<f64> {
    let width = dataset.records.width() + 1;
    let (mut weights, mut squares) = (vec![0.0; width * classes], vec![0.0; width]);
    for (block, start) in (0..dataset.records.rows()).step_by(params.shuffle_buffer).enumerate() {
        let records = params.shuffle_buffer.min(dataset.records.rows() - start);
        for place in params.order(block as u64, 0, records) {
            let record = start + place as usize;
            let row: Vec<(usize, f64)> =
                dataset.records.row(record).iter().map(|(f, v)| (f, f64::from(v))).collect();
            let row = [row, vec![(width - 1, 1.0)]].concat();
            let margin = |k: usize| row.iter().map(|&(f, v)| v * weights[f * classes + k]).sum::<f64>();
            let exps: Vec<f64> = (0..classes).map(|k| margin(k).exp()).collect();
            let sum: f64 = exps.iter().sum();
            let gradient: Vec<f64> = (0..classes)
                .map(|k| exps[k] / sum - f64::from(u8::from(dataset.targets[record] == k)))
                .collect();
            let square: f64 = gradient.iter().map(|g| g * g).sum();
            for (f, v) in row {
                squares[f] += v * v * square;
                let by = params.alpha * v / (params.beta + squares[f].sqrt());
                (0..classes).for_each(|k| weights[f * classes + k] -= by * gradient[k]);
            }
        }
    }
    weights
}

#[test]
fn the_steps_are_those_of_the_formula() {
    for classes in [2, 3, 9] {
        let dataset = data(200, classes, 1);
        let params = params().check().unwrap();
        let model = params.fit(&dataset).unwrap();
        let expected = plain(&dataset, classes, &params);
        for feature in 0..100 {
            for class in 0..classes {
                let weight = |class| expected[feature * classes + class];
                let expected = if classes == 2 { weight(class) - weight(1 - class) } else { weight(class) };
                let got = f64::from(model.linear().weight(feature, class));
                assert!((got - expected).abs() < 1e-4, "{classes} {feature} {class}: {got} {expected}");
            }
        }
    }
}

#[test]
fn one_pass_tells_classes_apart_even_when_they_come_sorted() {
    for classes in [2, 3, 5, 12] {
        let dataset = data(600, classes, 3);
        let mut order: Vec<usize> = (0..600).collect();
        order.sort_by_key(|&record| dataset.targets[record]);
        let targets = order.iter().map(|&record| dataset.targets[record]).collect();
        let sorted = DatasetBase::new(dataset.records.select(&order), targets);
        let share = |params: OnlineParams| {
            let model = params.fit(&sorted).unwrap();
            let found = model.predict(&sorted);
            found.iter().zip(&sorted.targets).filter(|(a, b)| a == b).count() as f64 / 600.0
        };
        assert!(share(params().shuffle_buffer(600)) > 0.99, "{classes}");
    }
}

#[test]
fn a_model_goes_on_exactly_where_it_stopped() {
    let params = params().check().unwrap();
    for classes in [2, 3] {
        let dataset = data(256, classes, 5);
        let part = |records: std::ops::Range<usize>| {
            let places: Vec<usize> = records.collect();
            let targets = places.iter().map(|&place| dataset.targets[place]).collect();
            DatasetBase::new(dataset.records.select(&places), targets)
        };
        // Blocks are shuffled by their number in a call, so two of one block each are compared.
        let first = params.fit(&part(0..64)).unwrap();
        let both = params.fit_with(Some(first.clone()), &part(64..128)).unwrap();
        let mut learner = Learner::new(100, classes).unwrap();
        let mut seen = Foresight::default();
        for block in [0, 64] {
            for place in params.order(0, 0, 64) {
                let record = block + place as usize;
                let (row, class) = (dataset.records.row(record), dataset.targets[record]);
                learner.learn(row, class, 1.0, params.rate(), &mut seen).unwrap();
            }
        }
        let whole = learner.into_model(&Vec::from_iter(0..classes)).unwrap();
        assert_eq!(both, whole);
        assert_ne!(both, first);
    }
}

#[test]
fn late_classes_leave_the_others_where_they_stood() {
    for (before, after) in [(1, 2), (1, 3), (2, 3), (2, 9), (3, 4)] {
        let mut learner = Learner::new(100, before).unwrap();
        let (dataset, mut seen) = (data(64, before, 7), Foresight::default());
        let rate = OnlineValidParams::default().rate();
        for (row, &class) in dataset.records.iter().zip(&dataset.targets) {
            learner.learn(row, class, 1.0, rate, &mut seen).unwrap();
        }
        let mut wider = learner.clone();
        wider.widen(after).unwrap();
        let (narrow, wide) = (learner.clone(), wider.clone());
        let decide = |learner: &Learner, row| {
            let mut margins = vec![0.0; learner.intercept.len()];
            rows_multiply(learner, row, &mut margins);
            margins
        };
        for row in dataset.records.iter() {
            let (narrow, wide) = (decide(&narrow, row), decide(&wide, row));
            if narrow.len() == wide.len() {
                assert_eq!(narrow, wide);
            } else if let [margin] = narrow[..] {
                assert!((wide[1] - wide[0] - margin).abs() < 1e-5);
                assert!(wide[2..].iter().all(|&margin| margin == 0.0));
            } else {
                assert_eq!(narrow, wide[..before]);
                assert!(wide[before..].iter().all(|&margin| margin == 0.0));
            }
        }
    }
}

fn rows_multiply(learner: &Learner, row: crate::features::csr::Row<'_>, out: &mut [f32]) {
    crate::classify::rows::multiply(&learner.weights, row, out);
    out.iter_mut().zip(&learner.intercept).for_each(|(margin, intercept)| *margin += intercept);
}

#[test]
fn classes_are_put_in_order() {
    for classes in [2, 3] {
        let dataset = data(64, classes, 9);
        let fit = |class_of: &dyn Fn(usize) -> usize, order: &[usize]| {
            let mut learner = Learner::new(100, classes).unwrap();
            for (row, &class) in dataset.records.iter().zip(&dataset.targets) {
                let rate = OnlineValidParams::default().rate();
                learner.learn(row, class_of(class), 1.0, rate, &mut Foresight::default()).unwrap();
            }
            learner.into_model(order).unwrap()
        };
        let backwards = |class: usize| classes - 1 - class;
        let order: Vec<usize> = (0..classes).map(backwards).collect();
        let (plain, turned) = (fit(&|class| class, &Vec::from_iter(0..classes)), fit(&backwards, &order));
        for (a, b) in plain.linear().weights().iter().zip(turned.linear().weights()) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
        assert_eq!(turned.predict(&dataset.records), dataset.targets);
    }
}

#[test]
fn weights_scale_the_gradient_and_never_the_longest_step() {
    let mut rows = Csr::new(2);
    rows.push_row([(0, 1.0)]).unwrap();
    rows.push_row([(1, 1.0)]).unwrap();
    let fit = |weights: Array1<f32>| {
        let dataset = DatasetBase::new(rows.clone(), array![0, 1]).with_weights(weights);
        params().fit(&dataset).unwrap()
    };
    let longest = 2.0 * 0.8 / 2f32.sqrt();
    let of = |weight: f32| fit(array![1.0, weight]).linear().weight(1, 1);
    assert!(
        of(0.01) < of(1.0) && of(1.0) < of(1000.0) && of(1000.0) <= longest + 1e-5,
        "{} {}",
        of(1.0),
        of(1000.0)
    );
    assert_eq!(of(0.0), 0.0, "a record of weight 0 is not learned");
}

#[test]
fn what_cannot_be_learned_from_is_refused() {
    let message = |result: Result<OnlineModel>| result.unwrap_err().to_string();
    let empty = DatasetBase::new(Csr::new(3), Array1::zeros(0));
    assert!(message(params().fit(&empty)).contains("no records"));
    let mut rows = Csr::new(3);
    rows.push_row([(0, 1.0)]).unwrap();
    rows.push_row([(1, 1.0)]).unwrap();
    let one = DatasetBase::new(rows.clone(), array![1, 1]);
    assert!(message(params().fit(&one)).contains("at least two"));
    assert!(message(params().classes(1).fit(&one)).contains("class 1 of only 1"));
    let good = params().fit(&DatasetBase::new(rows.clone(), array![0, 1])).unwrap();
    let checked = params().check().unwrap();
    assert!(checked.fit_with(Some(good.clone()), &one).is_ok(), "one class is enough to go on with");
    assert!(message(checked.fit_with(Some(good), &data(4, 2, 1))).contains("cannot go on"));
    let heavy = DatasetBase::new(rows.clone(), array![0, 1]).with_weights(array![f32::MAX, f32::MAX]);
    assert!(message(params().passes(3).fit(&heavy)).contains("out of bounds"));
    let mut infinite = Csr::new(1);
    infinite.push_row([(0, f32::INFINITY)]).unwrap();
    assert!(message(params().classes(2).fit(&DatasetBase::new(infinite, array![0]))).contains("finite"));
    for bad in [
        params().alpha(0.0),
        params().alpha(f64::NAN),
        params().beta(-1.0),
        params().passes(0),
        params().shuffle_buffer(0),
    ] {
        assert!(matches!(bad.check_ref(), Err(Error::Parameter(_))));
    }
    assert!(
        matches!(Learner::new(1 << 30, 1000), Err(Error::Parameter(message)) if message.contains("--hash-bits"))
    );
}

#[test]
fn parts_make_the_same_learner_or_none() {
    for classes in [1, 2, 3] {
        let dataset = data(100, classes, 2);
        let mut learner = Learner::new(100, classes).unwrap();
        for (row, &class) in dataset.records.iter().zip(&dataset.targets) {
            let rate = OnlineValidParams::default().rate();
            learner.learn(row, class, 1.0, rate, &mut Foresight::default()).unwrap();
        }
        // What the last record left in the buffer is no part of what was learned.
        learner.gradient.fill(0.0);
        let outputs = learner.intercept.len();
        for cut in 0..6 {
            let mut met = learner.met();
            let mut squares: Vec<f32> = met.iter().map(|&f| learner.squares[f as usize]).collect();
            let row = |&f: &u32| learner.weights[f as usize * outputs..][..outputs].to_vec();
            let mut rows: Vec<f32> = met.iter().flat_map(row).collect();
            let mut intercept = learner.intercept.clone();
            match cut {
                1 => met.swap(0, 1),
                2 => squares[0] = f32::NAN,
                3 => rows.truncate(1),
                4 => intercept.push(0.0),
                5 => met[0] = u32::MAX,
                _ => {}
            }
            let parts = Parts {
                met: &met,
                rows: Box::new(rows.into_iter()),
                squares: Box::new(squares.into_iter()),
                intercept,
                intercept_square: learner.intercept_square,
            };
            match (cut, Learner::from_parts(100, classes, parts)) {
                (0, read) => assert_eq!(format!("{:?}", read.unwrap()), format!("{learner:?}")),
                (cut, read) => assert!(read.is_err(), "{cut}"),
            }
        }
    }
}
