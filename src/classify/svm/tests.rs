use super::*;
use crate::random::SplitMix64;
use ndarray::array;

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

fn all() -> Vec<SvmParams> {
    let params = SvmParams::default();
    vec![
        params.clone(),
        params.clone().loss(SvmLoss::Hinge),
        params.clone().multiclass(SvmMulticlass::CrammerSinger),
        params.intercept(false),
    ]
}

#[test]
fn every_kind_converges_at_every_strength() {
    for params in all() {
        for classes in [2, 3, 7] {
            for c in [0.01, 1.0, 10.0] {
                let model = params.clone().max_iterations(20_000).c(c).fit(&noisy(150, classes)).unwrap();
                assert!(model.convergence().converged, "{params:?} {classes} {c} {:?}", model.convergence());
                assert_eq!(model.linear().classes(), classes);
            }
        }
    }
}

#[test]
fn the_number_of_threads_does_not_show() {
    for params in all() {
        let fit = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| params.fit(&noisy(100, 4)).unwrap())
        };
        assert_eq!(fit(1), fit(3));
    }
}

#[test]
fn classes_that_share_a_reading_take_the_steps_that_each_takes_alone() {
    let problem = Problem::new(&noisy(100, 5), None, &ClassWeight::None, compact::joined).unwrap();
    for loss in [SvmLoss::SquaredHinge, SvmLoss::Hinge] {
        let limits = Limits { epochs: 1000, tolerance: 1e-4, seed: 0 };
        let squares = dual::squares(&problem.rows, 1.0);
        let setting =
            dual::Setting { problem: &problem, costs: &[0.5; 100], bias: 1.0, loss, limits, squares };
        let grouped = |groups: &[&[u32]]| {
            let solutions = groups.iter().flat_map(|classes| dual::solve(&setting, classes));
            let parts = |end: dual::Solution| (end.weights, end.bias_weight, end.epochs);
            solutions.map(parts).collect::<Vec<_>>()
        };
        let alone = grouped(&[&[0], &[1], &[2], &[3], &[4]]);
        assert_eq!(alone.len(), 5);
        assert_eq!(grouped(&[&[0, 1, 2, 3, 4]]), alone);
        assert_eq!(grouped(&[&[0, 1], &[2, 3, 4]]), alone);
    }
}

#[test]
fn a_tighter_tolerance_goes_lower() {
    for params in all() {
        let objective = |tolerance| {
            params.clone().tolerance(tolerance).fit(&noisy(150, 3)).unwrap().convergence().objective
        };
        let (loose, tight) = (objective(1e-2), objective(1e-6));
        assert!(tight <= loose + 1e-6 * loose && loose <= tight * 1.01 + 1e-9, "{params:?} {loose} {tight}");
    }
}

#[test]
fn weights_count_as_repetition() {
    for params in all() {
        let plain = noisy(60, 3);
        let rows: Vec<usize> = (0..60).chain([5, 5]).collect();
        let targets = rows.iter().map(|&row| plain.targets[row]).collect();
        let repeated = DatasetBase::new(plain.records.select(&rows), targets);
        let weights = (0..60).map(|row| if row == 5 { 3.0 } else { 1.0 }).collect();
        let weighted = plain.with_weights(weights);
        let params = params.tolerance(1e-6);
        let objective =
            |data: &DatasetBase<Csr, Array1<usize>>| params.fit(data).unwrap().convergence().objective;
        let (a, b) = (objective(&repeated), objective(&weighted));
        assert!((a - b).abs() < 1e-4 * a, "{a} {b}");
    }
}

#[test]
fn empty_rows_missing_classes_and_rare_classes_are_no_trouble() {
    let mut rows = Csr::new(2);
    rows.push_row([(0, 1.0)]).unwrap();
    rows.push_row([]).unwrap();
    rows.push_row([(1, 1.0)]).unwrap();
    let data = DatasetBase::new(rows, array![0, 0, 3]);
    for params in all() {
        let model = params.classes(6).fit(&data).unwrap();
        assert_eq!(model.linear().classes(), 6);
        assert!(model.convergence().converged);
    }
    let mut empty = Csr::new(2);
    (0..4).for_each(|_| empty.push_row([]).unwrap());
    for params in all() {
        params.fit(&DatasetBase::new(empty.clone(), array![0, 1, 1, 1])).unwrap();
    }
}

#[test]
fn senseless_options_are_refused() {
    for params in [
        SvmParams::default().c(-1.0),
        SvmParams::default().tolerance(0.0),
        SvmParams::default().max_iterations(0),
    ] {
        assert!(matches!(params.fit(&noisy(10, 2)), Err(Error::Parameter(_))));
    }
    let absurd = SvmParams::default().c(1e12).max_iterations(20).fit(&noisy(60, 3)).unwrap();
    assert!(absurd.linear().weights().iter().all(|weight| weight.is_finite()));
}
