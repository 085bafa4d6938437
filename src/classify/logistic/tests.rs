use super::loss::log_loss;
use super::*;
use crate::classify::compact::by_frequency;
use crate::random::SplitMix64;
use ndarray::array;

fn dataset() -> DatasetBase<Csr, Array1<usize>> {
    let mut rows = Csr::new(3);
    let targets = [0, 0, 1, 1, 2, 2, 0];
    for (index, &target) in targets.iter().enumerate() {
        rows.push_row([(target as u32, 1.0 + index as f32 / 10.0)]).unwrap();
    }
    DatasetBase::new(rows, Array1::from(targets.to_vec()))
}

#[test]
fn the_derivative_is_that_of_the_loss() {
    for (margins, class) in [(vec![0.3, -1.2, 2.0], 1), (vec![0.7], 0), (vec![-0.4], 1)] {
        let mut derivative = vec![0.0; margins.len()];
        let loss = log_loss(&margins, class, 1.0, &mut derivative);
        for output in 0..margins.len() {
            let mut moved = margins.clone();
            moved[output] += 1e-6;
            let change = (log_loss(&moved, class, 1.0, &mut vec![0.0; margins.len()]) - loss) / 1e-6;
            assert!((change - derivative[output]).abs() < 1e-5, "{margins:?} {output}");
        }
    }
}

#[test]
fn weights_count_as_repetition() {
    let plain = dataset();
    let repeated = DatasetBase::new(
        plain.records.select(&[0, 1, 2, 3, 4, 5, 6, 6, 6]),
        array![0, 0, 1, 1, 2, 2, 0, 0, 0],
    );
    let weighted = plain.clone().with_weights(array![1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 3.0]);
    let params = LogisticParams::default().tolerance(1e-9);
    let (repeated, weighted) = (params.fit(&repeated).unwrap(), params.fit(&weighted).unwrap());
    for (a, b) in repeated.linear().weights().iter().zip(weighted.linear().weights()) {
        assert!((a - b).abs() < 1e-3);
    }
}

#[test]
fn a_warm_start_ends_in_the_same_place_sooner() {
    let data = dataset();
    let params = LogisticParams::default().tolerance(1e-5).check().unwrap();
    let cold = params.fit(&data).unwrap();
    let warm = params.fit_with(Some(&cold), &data).unwrap();
    assert!(warm.convergence().iterations < cold.convergence().iterations);
    assert!((warm.convergence().objective - cold.convergence().objective).abs() < 1e-4);
    let other = DatasetBase::new(Csr::new(5), array![]);
    assert!(params.fit_with(Some(&cold), &other).is_err());
    let mut wider = Csr::new(4);
    wider.push_row([(3, 1.0)]).unwrap();
    wider.push_row([]).unwrap();
    let error = params.fit_with(Some(&cold), &DatasetBase::new(wider, array![0, 2])).unwrap_err();
    assert!(error.to_string().contains("cannot start"), "{error}");
}

#[test]
fn the_number_of_threads_does_not_show() {
    let data = dataset();
    for params in [LogisticParams::default(), LogisticParams::default().l1_ratio(0.5)] {
        let fit = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| params.fit(&data).unwrap())
        };
        assert_eq!(fit(1), fit(3));
    }
}

/// Rows with many columns in common and classes that overlap.
fn noisy(records: usize, classes: usize) -> DatasetBase<Csr, Array1<usize>> {
    let mut random = SplitMix64::new(3);
    let (mut rows, mut targets) = (Csr::new(40), Vec::new());
    for record in 0..records {
        let class = record % classes;
        let row = (0..40u32).filter_map(|column| {
            let rate = if column == 0 || column as usize % classes == class { 0.5 } else { 0.1 };
            (random.uniform() < rate).then(|| (column, random.uniform() as f32))
        });
        rows.push_row(row.collect::<Vec<_>>()).unwrap();
        targets.push(if random.uniform() < 0.1 { random.below(classes) } else { class });
    }
    DatasetBase::new(rows, targets.into())
}

#[test]
fn the_dual_solver_reaches_the_minimum_of_the_primal_one() {
    for classes in [2, 3, 9] {
        for c in [0.01, 1.0, 100.0] {
            for intercept in [false, true] {
                let data = noisy(200, classes);
                let params = LogisticParams::default().c(c).intercept(intercept).check().unwrap();
                let ours = params.fit(&data).unwrap().convergence();
                let problem = Problem::new(&data, None, &ClassWeight::None, by_frequency).unwrap();
                let outputs = LinearModel::outputs_for(classes);
                let loss = SoftmaxLoss::new(&problem, c);
                let penalty = Penalty { l1: 0.0, l2: 1.0, weights: 40 * outputs };
                let start = vec![0.0; 40 * outputs + if intercept { outputs } else { 0 }];
                let oracle = minimise(&loss, penalty, start, 5000, 1e-12);
                let relative = (ours.objective - oracle.value) / oracle.value;
                assert!(
                    ours.converged && (-1e-9..1e-4).contains(&relative),
                    "{classes} {c} {intercept}: {relative}"
                );
            }
        }
    }
}

#[test]
fn an_l1_penalty_leaves_few_weights() {
    let data = noisy(200, 3);
    let zeros = |params: LogisticParams| {
        let model = params.c(0.5).fit(&data).unwrap();
        model.linear().weights().iter().filter(|weight| **weight == 0.0).count()
    };
    assert_eq!(zeros(LogisticParams::default()), 0);
    let (some, many) =
        (zeros(LogisticParams::default().l1_ratio(0.5)), zeros(LogisticParams::default().l1_ratio(1.0)));
    assert!(some > 10 && many > some, "{some} {many}");
}

#[test]
fn a_class_that_is_missing_can_be_named() {
    let model = LogisticParams::default().classes(5).fit(&dataset()).unwrap();
    let probabilities = model.probabilities(&dataset().records);
    assert_eq!(probabilities.dim(), (7, 5));
    assert!(probabilities.row(0)[4] < probabilities.row(0)[0]);
    assert!(probabilities.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-9));
}

#[test]
fn senseless_options_and_no_convergence_are_told() {
    for params in [
        LogisticParams::default().c(0.0),
        LogisticParams::default().c(f64::NAN),
        LogisticParams::default().tolerance(-1.0),
        LogisticParams::default().max_iterations(0),
        LogisticParams::default().l1_ratio(1.5),
    ] {
        assert!(matches!(params.fit(&dataset()), Err(Error::Parameter(_))));
    }
    let short = LogisticParams::default().max_iterations(1).tolerance(1e-12).fit(&dataset()).unwrap();
    assert!(!short.convergence().converged);
    let absurd = LogisticParams::default().c(1e12).fit(&dataset()).unwrap();
    assert!(absurd.linear().weights().iter().all(|weight| weight.is_finite()));
}

#[test]
fn one_vs_rest_is_a_model_of_each_class_against_all_others() {
    let params = LogisticParams::default().multiclass(LogisticMulticlass::OneVsRest).c(3.0).tolerance(1e-8);
    let data = dataset();
    let classes = data.targets.iter().max().unwrap() + 1;
    assert!(classes > 2, "the example tells apart more than two classes");
    let model = params.fit(&data).unwrap();
    for class in 0..classes {
        let targets = data.targets.mapv(|target| usize::from(target == class));
        let alone = DatasetBase::new(data.records.clone(), targets);
        let alone = LogisticParams::default().c(3.0).tolerance(1e-8).fit(&alone).unwrap();
        for feature in 0..model.linear().features() {
            let (joint, own) = (model.linear().weight(feature, class), alone.linear().weight(feature, 1));
            assert!((joint - own).abs() < 1e-3, "{joint} {own}");
        }
    }
    let probabilities = model.probabilities(&data.records);
    assert!(probabilities.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-12));
    let again = params.check().unwrap().fit_with(Some(&model), &data).unwrap();
    assert!(again.convergence().iterations <= model.convergence().iterations);
}
