//! Linear support vector machines by dual coordinate descent.
//!
//! One-vs-rest, each class against all others:
//! `½(‖w‖² + b²) + C · Σ_i s_i · max(0, 1 − y_i(w·x_i + b))^p`, with p = 2 (`squared-hinge`) or 1 (`hinge`); or all classes at once as Crammer
//! and Singer (2001) have it. The intercept is regularised with the weights, as the weight of one more feature of value 1,
//! which is what LIBLINEAR and scikit-learn's `LinearSVC` do.
//!
//! Solvers: Hsieh et al. 2008 with shrinking, groups of classes in parallel; Keerthi et al. 2008 for
//! Crammer–Singer. Both stop when the duality gap, a bound on the distance from the minimum, is a small enough share of the
//! objective.

mod crammer_singer;
mod dual;

use linfa::traits::Fit;
use linfa::{DatasetBase, ParamGuard};
use ndarray::Array1;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::compact;
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
        self.solve(&Problem::new(dataset, self.classes, &self.class_weight, compact::joined)?)
    }
}

impl SvmValidParams {
    pub(super) fn solve(&self, problem: &Problem) -> Result<LinearSvm> {
        let limits = Limits { epochs: self.max_iterations, tolerance: self.tolerance, seed: self.seed };
        let costs: Vec<f64> = problem.weights.iter().map(|weight| self.c * weight).collect();
        let bias = if self.intercept { 1.0 } else { 0.0 };
        match self.multiclass {
            SvmMulticlass::CrammerSinger => {
                let solution = crammer_singer::solve(problem, &costs, bias, limits);
                Ok(LinearSvm {
                    linear: LinearModel::new(
                        problem.classes,
                        problem.spread(&solution.weights, solution.intercept.len()),
                        solution.intercept,
                    )?,
                    convergence: solution.convergence,
                })
            }
            SvmMulticlass::OneVsRest => one_vs_rest(problem, &costs, bias, self.loss, limits),
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
    let outputs = LinearModel::outputs_for(problem.classes);
    // With two classes, the one problem is that of the second class.
    let classes: Vec<u32> = if outputs == 1 { vec![1] } else { (0..outputs as u32).collect() };
    let squares = dual::squares(&problem.rows, bias);
    let setting = dual::Setting { problem, costs, bias, loss, limits, squares };
    // As many classes as can share a reading do: with fewer, each thread would read the same rows. The result does not
    // depend on the grouping.
    let groups = outputs.div_ceil(dual::MOST_LANES);
    let lanes = outputs.div_ceil(groups);
    let solutions: Vec<dual::Solution> =
        classes.par_chunks(lanes).flat_map_iter(|classes| dual::solve(&setting, classes)).collect();
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
mod tests;
