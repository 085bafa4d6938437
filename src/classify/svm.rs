//! Linear support vector machines by dual coordinate descent.
//!
//! One-vs-rest, each class against all others:
//! `½(‖w‖² + b²) + C · Σ_i s_i · max(0, 1 − y_i(w·x_i + b))^p`, with p = 2 (`squared-hinge`) or 1 (`hinge`); or all classes at once as Crammer
//! and Singer (2001) have it. The intercept is regularised with the weights, as the weight of one more feature of value 1,
//! which is what LIBLINEAR and scikit-learn's `LinearSVC` do.
//!
//! Solvers: Hsieh et al. 2008 with shrinking, one problem a class, the classes in parallel; Keerthi et al. 2008 for
//! Crammer–Singer. Both stop when the duality gap, a bound on the distance from the minimum, is a small enough share of the
//! objective.

mod crammer_singer;
mod dual;

use linfa::traits::Fit;
use linfa::{DatasetBase, ParamGuard};
use ndarray::Array1;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::linear::{LinearModel, predicts_by_its_weights};
use super::logistic::Convergence;
use super::weights::{ClassWeight, Problem};
use crate::error::{Error, Result};
use crate::features::csr::Csr;

/// The loss of a linear SVM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SvmLoss {
    /// `max(0, 1 − m)²`
    #[default]
    SquaredHinge,
    /// `max(0, 1 − m)`
    Hinge,
}

/// How more than two classes are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SvmMulticlass {
    /// Each class against all others.
    #[default]
    OneVsRest,
    /// All at once: a record's own class is to win by 1 over every other. Always with the plain hinge.
    CrammerSinger,
}

/// Unchecked options of a linear SVM.
///
/// ```
/// use linfa::DatasetBase;
/// use linfa::traits::{Fit, Predict};
/// use ndarray::array;
/// use tasnif::classify::SvmParams;
/// use tasnif::features::csr::Csr;
///
/// let mut rows = Csr::new(3);
/// for column in [0, 0, 1, 1, 2, 2] {
///     rows.push_row([(column, 1.0)])?;
/// }
/// let dataset = DatasetBase::new(rows, array![0, 0, 1, 1, 2, 2]);
/// let model = SvmParams::default().c(1.0).fit(&dataset)?;
/// assert_eq!(model.predict(&dataset), array![0, 0, 1, 1, 2, 2]);
/// # Ok::<(), tasnif::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SvmParams(SvmValidParams);

/// Checked options of a linear SVM.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SvmValidParams {
    c: f64,
    loss: SvmLoss,
    multiclass: SvmMulticlass,
    intercept: bool,
    max_iterations: usize,
    tolerance: f64,
    seed: u64,
    #[serde(skip)]
    class_weight: ClassWeight,
    #[serde(skip)]
    classes: Option<usize>,
}

impl Default for SvmValidParams {
    fn default() -> Self {
        SvmValidParams {
            c: 1.0,
            loss: SvmLoss::default(),
            multiclass: SvmMulticlass::default(),
            intercept: true,
            max_iterations: 1000,
            tolerance: 1e-4,
            seed: 0,
            class_weight: ClassWeight::None,
            classes: None,
        }
    }
}

impl SvmParams {
    /// The inverse of the regularisation strength; larger fits closer. Default 1.
    pub fn c(mut self, c: f64) -> Self {
        self.0.c = c;
        self
    }

    /// The loss. Default squared hinge.
    pub fn loss(mut self, loss: SvmLoss) -> Self {
        self.0.loss = loss;
        self
    }

    /// How more than two classes are told apart. Default one-vs-rest.
    pub fn multiclass(mut self, multiclass: SvmMulticlass) -> Self {
        self.0.multiclass = multiclass;
        self
    }

    /// Whether each class has an intercept. Default true.
    pub fn intercept(mut self, intercept: bool) -> Self {
        self.0.intercept = intercept;
        self
    }

    /// How many epochs to allow. Default 1000.
    pub fn max_iterations(mut self, iterations: usize) -> Self {
        self.0.max_iterations = iterations;
        self
    }

    /// Stop when the duality gap is at most this share of the objective. Default 1e-4.
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.0.tolerance = tolerance;
        self
    }

    /// The seed of the order in which records are visited. Default 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }

    /// Weights by class. Default none.
    pub fn class_weight(mut self, class_weight: ClassWeight) -> Self {
        self.0.class_weight = class_weight;
        self
    }

    /// The number of classes, where the largest may be missing from the training records (in a fold).
    pub fn classes(mut self, classes: usize) -> Self {
        self.0.classes = Some(classes);
        self
    }
}

impl ParamGuard for SvmParams {
    type Checked = SvmValidParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&Self::Checked> {
        let SvmValidParams { c, tolerance, max_iterations, .. } = &self.0;
        if !(c.is_finite() && *c > 0.0) {
            return Err(Error::Parameter(format!("c {c}: give a finite number above 0, usually 0.1 to 10")));
        }
        if !(tolerance.is_finite() && *tolerance > 0.0) {
            return Err(Error::Parameter(format!(
                "tolerance {tolerance}: give a number above 0, such as 1e-4"
            )));
        }
        if *max_iterations == 0 {
            return Err(Error::Parameter("max_iterations 0: give 1 or more".into()));
        }
        Ok(&self.0)
    }

    fn check(self) -> Result<Self::Checked> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// A trained linear SVM. Its decision values are distances from the border, not log-odds.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearSvm {
    linear: LinearModel,
    convergence: Convergence,
}

impl LinearSvm {
    /// The weights.
    pub fn linear(&self) -> &LinearModel {
        &self.linear
    }

    /// How the solver ended: the objective is summed over the classes, the iterations are those of the slowest.
    pub fn convergence(&self) -> Convergence {
        self.convergence
    }

    /// The weights alone.
    pub fn into_linear(self) -> LinearModel {
        self.linear
    }
}

/// What the solvers take besides the problem.
#[derive(Clone, Copy)]
struct Limits {
    epochs: usize,
    tolerance: f64,
    seed: u64,
}

impl Fit<Csr, Array1<usize>, Error> for SvmValidParams {
    type Object = LinearSvm;

    /// Targets are class indices; weights of the dataset are sample weights.
    fn fit(&self, dataset: &DatasetBase<Csr, Array1<usize>>) -> Result<LinearSvm> {
        let problem = Problem::new(dataset, self.classes, &self.class_weight)?;
        let limits = Limits { epochs: self.max_iterations, tolerance: self.tolerance, seed: self.seed };
        let costs: Vec<f64> = problem.weights.iter().map(|weight| self.c * weight).collect();
        let bias = if self.intercept { 1.0 } else { 0.0 };
        match self.multiclass {
            SvmMulticlass::CrammerSinger => {
                let solution = crammer_singer::solve(&problem, &costs, bias, limits);
                Ok(LinearSvm {
                    linear: LinearModel::new(
                        problem.classes,
                        problem.spread(&solution.weights, solution.intercept.len()),
                        solution.intercept,
                    )?,
                    convergence: solution.convergence,
                })
            }
            SvmMulticlass::OneVsRest => one_vs_rest(&problem, &costs, bias, self.loss, limits),
        }
    }
}

fn one_vs_rest(
    problem: &Problem,
    costs: &[f64],
    bias: f64,
    loss: SvmLoss,
    limits: Limits,
) -> Result<LinearSvm> {
    let squares = dual::squares(&problem.rows, bias);
    let outputs = LinearModel::outputs_for(problem.classes);
    let solve = |output: usize| {
        // With two classes, the one problem is that of the second class.
        let class = if outputs == 1 { 1 } else { output };
        let limits = Limits { seed: limits.seed.wrapping_add(output as u64), ..limits };
        dual::solve(problem, class, costs, &squares, bias, loss, limits)
    };
    let solutions: Vec<dual::Solution> = (0..outputs).into_par_iter().map(solve).collect();
    let mut weights = vec![0.0; problem.rows.width() * outputs];
    weights.par_chunks_mut(4096 * outputs).enumerate().for_each(|(chunk, weights)| {
        for (feature, weights) in weights.chunks_exact_mut(outputs).enumerate() {
            for (weight, solution) in weights.iter_mut().zip(&solutions) {
                *weight = solution.weights[chunk * 4096 + feature];
            }
        }
    });
    let convergence = Convergence {
        iterations: solutions.iter().map(|solution| solution.epochs).max().unwrap_or(0),
        converged: solutions.iter().all(|solution| solution.converged),
        objective: solutions.iter().map(|solution| solution.objective).sum(),
    };
    let intercept: Vec<f32> = solutions.iter().map(|solution| (solution.bias_weight * bias) as f32).collect();
    let weights = problem.spread(&weights, outputs);
    Ok(LinearSvm { linear: LinearModel::new(problem.classes, weights, intercept)?, convergence })
}

predicts_by_its_weights!(LinearSvm);

#[cfg(test)]
mod tests {
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
                    assert!(
                        model.convergence().converged,
                        "{params:?} {classes} {c} {:?}",
                        model.convergence()
                    );
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
    fn a_tighter_tolerance_goes_lower() {
        for params in all() {
            let objective = |tolerance| {
                params.clone().tolerance(tolerance).fit(&noisy(150, 3)).unwrap().convergence().objective
            };
            let (loose, tight) = (objective(1e-2), objective(1e-6));
            assert!(
                tight <= loose + 1e-6 * loose && loose <= tight * 1.01 + 1e-9,
                "{params:?} {loose} {tight}"
            );
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
}
