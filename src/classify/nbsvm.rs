//! NBSVM (Wang & Manning 2012, "Baselines and bigrams"): naive Bayes log-count ratios in front of a linear classifier.
//!
//! For each class against the rest, with `f` the binary features of a record: `p = α + Σ_{own} f`, `q = α + Σ_{others} f`,
//! `r = ln (p/‖p‖₁) − ln (q/‖q‖₁)`. A linear SVM (squared hinge, as published) or a logistic regression is trained on `r ∘ f`; its weights
//! are drawn to their mean magnitude, `w' = (1−β)·mean|w| + β·w`, and folded with the ratios: `r ∘ w'` is what predicts. As published, rows are
//! binary, in training and prediction; with `weighted` they may hold any values (tf-idf): the ratios still count presence,
//! and scale the values. Columns with values below 0, those of word vectors, count nothing and are left out.

use linfa::traits::Fit;
use linfa::{DatasetBase, ParamGuard};
use ndarray::Array1;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::compact;
use super::linear::{LinearModel, predicts_by_its_weights};
use super::logistic::{Convergence, LogisticParams};
use super::svm::SvmParams;
use super::weights::{ClassWeight, Problem};
use crate::error::{Error, Result};
use crate::features::csr::{Csr, Row};

/// The classifier behind the ratios.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NbsvmBase {
    /// A linear SVM with squared hinge loss, as published.
    #[default]
    Svm,
    /// Logistic regression.
    Logistic,
}

/// Unchecked options of NBSVM.
///
/// ```
/// use linfa::DatasetBase;
/// use linfa::traits::{Fit, Predict};
/// use ndarray::array;
/// use tasnif::classify::NbsvmParams;
/// use tasnif::features::csr::Csr;
///
/// let mut rows = Csr::new(2);
/// for column in [0, 0, 1, 1] {
///     rows.push_row([(column, 1.0)])?;
/// }
/// let dataset = DatasetBase::new(rows, array![0, 0, 1, 1]);
/// assert_eq!(NbsvmParams::default().fit(&dataset)?.predict(&dataset), array![0, 0, 1, 1]);
/// # Ok::<(), tasnif::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NbsvmParams(NbsvmValidParams);

/// Checked options of NBSVM.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NbsvmValidParams {
    c: f64,
    alpha: f64,
    beta: f64,
    base: NbsvmBase,
    weighted: bool,
    #[serde(skip)]
    class_weight: ClassWeight,
    #[serde(skip)]
    classes: Option<usize>,
}

impl Default for NbsvmValidParams {
    fn default() -> Self {
        NbsvmValidParams {
            c: 1.0,
            alpha: 1.0,
            beta: 0.25,
            base: NbsvmBase::default(),
            weighted: false,
            class_weight: ClassWeight::None,
            classes: None,
        }
    }
}

impl NbsvmParams {
    /// The inverse regularisation strength of the classifier behind. Default 1.
    pub fn c(mut self, c: f64) -> Self {
        self.0.c = c;
        self
    }

    /// What is added to every count. Default 1.
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.0.alpha = alpha;
        self
    }

    /// From 0, the ratios alone, to 1, the classifier alone. Default 0.25.
    pub fn beta(mut self, beta: f64) -> Self {
        self.0.beta = beta;
        self
    }

    /// The classifier behind the ratios. Default SVM.
    pub fn base(mut self, base: NbsvmBase) -> Self {
        self.0.base = base;
        self
    }

    /// What does well on tf-idf rows: they are taken as they are, the weights are not drawn to their mean, C is 0.5.
    pub fn on_weighted_rows() -> Self {
        NbsvmParams::default().weighted(true).beta(1.0).c(0.5)
    }

    /// Whether rows may hold other values than 0 and 1. Default no, as published.
    pub fn weighted(mut self, weighted: bool) -> Self {
        self.0.weighted = weighted;
        self
    }

    pub(super) fn wants_binary_rows(&self) -> bool {
        !self.0.weighted
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

impl ParamGuard for NbsvmParams {
    type Checked = NbsvmValidParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&Self::Checked> {
        let NbsvmValidParams { c, alpha, beta, .. } = self.0;
        if !(c.is_finite() && c > 0.0) {
            return Err(Error::Parameter(format!("c {c}: give a finite number above 0, usually 0.1 to 10")));
        }
        if !(alpha.is_finite() && alpha > 0.0) {
            return Err(Error::Parameter(format!("alpha {alpha}: give a finite number above 0, usually 1")));
        }
        if !(0.0..=1.0).contains(&beta) {
            return Err(Error::Parameter(format!("beta {beta}: give a number from 0 to 1, usually 0.25")));
        }
        Ok(&self.0)
    }

    fn check(self) -> Result<Self::Checked> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// A trained NBSVM.
#[derive(Debug, Clone, PartialEq)]
pub struct Nbsvm {
    linear: LinearModel,
    convergence: Convergence,
}

impl Nbsvm {
    /// The weights, ratios included.
    pub fn linear(&self) -> &LinearModel {
        &self.linear
    }

    /// How the solvers ended: the objective is summed over the classes, the iterations are those of the slowest.
    pub fn convergence(&self) -> Convergence {
        self.convergence
    }

    /// The weights alone.
    pub fn into_linear(self) -> LinearModel {
        self.linear
    }
}

impl Fit<Csr, Array1<usize>, Error> for NbsvmValidParams {
    type Object = Nbsvm;

    /// Targets are class indices; weights of the dataset are sample weights.
    ///
    /// # Errors
    /// [`Error::Dataset`] for what cannot be trained on, rows that are not binary among it.
    fn fit(&self, dataset: &DatasetBase<Csr, Array1<usize>>) -> Result<Nbsvm> {
        let problem = Problem::new(dataset, self.classes, &self.class_weight, compact::joined)?;
        let binary = |row: Row<'_>| row.values.iter().all(|&value| value == 1.0);
        if !self.weighted && !dataset.records.iter().all(binary) {
            return Err(Error::Dataset(
                "a feature value is neither 0 nor 1: NBSVM takes binary rows (weight = \"binary\", norm = \"none\"), or weighted = true".into(),
            ));
        }
        let outputs = LinearModel::outputs_for(problem.classes);
        let class = |output| if outputs == 1 { 1 } else { output };
        let left_out = below_zero(&dataset.records);
        let parts: Vec<Result<(Vec<f32>, f32, Convergence)>> = (0..outputs)
            .into_par_iter()
            .map(|output| self.one_class(dataset, &problem, class(output), &left_out))
            .collect();
        let width = dataset.records.width();
        let (mut weights, mut intercept) = (vec![0.0; width * outputs], vec![0.0; outputs]);
        let mut convergence = Convergence { iterations: 0, converged: true, objective: 0.0 };
        for (output, part) in parts.into_iter().enumerate() {
            let (part, b, how) = part?;
            part.iter()
                .enumerate()
                .for_each(|(feature, &weight)| weights[feature * outputs + output] = weight);
            intercept[output] = b;
            convergence.iterations = convergence.iterations.max(how.iterations);
            convergence.converged &= how.converged;
            convergence.objective += how.objective;
        }
        Ok(Nbsvm { linear: LinearModel::new(problem.classes, weights, intercept)?, convergence })
    }
}

impl NbsvmValidParams {
    /// The folded weights and the intercept of one class against the rest.
    fn one_class(
        &self,
        dataset: &DatasetBase<Csr, Array1<usize>>,
        problem: &Problem,
        class: usize,
        left_out: &[bool],
    ) -> Result<(Vec<f32>, f32, Convergence)> {
        let width = dataset.records.width();
        let own: Vec<bool> = problem.targets.iter().map(|&target| target as usize == class).collect();
        if !own.contains(&true) {
            // A class without records in this fold: nothing speaks for it.
            let how = Convergence { iterations: 0, converged: true, objective: 0.0 };
            return Ok((vec![0.0; width], -1.0, how));
        }
        let Ratios { of_columns, of_absent } = self.ratios(dataset, problem, &own, left_out);
        let scaled = problem.against_rest(class).scaled(&of_columns);
        let (linear, convergence) = match self.base {
            NbsvmBase::Svm => {
                let model = SvmParams::default().c(self.c).seed(class as u64).check()?.solve(&scaled)?;
                let convergence = model.convergence();
                (model.into_linear(), convergence)
            }
            NbsvmBase::Logistic => {
                let params = LogisticParams::default().c(self.c).seed(class as u64).check()?;
                let model = params.solve(&scaled, None)?;
                let convergence = model.convergence();
                (model.into_linear(), convergence)
            }
        };
        let magnitudes: f64 = linear.weights().iter().map(|&weight| f64::from(weight.abs())).sum();
        let mean = magnitudes / width.max(1) as f64;
        let mut folded = vec![((1.0 - self.beta) * mean * f64::from(of_absent)) as f32; width];
        for (column, solved) in problem.columns() {
            let weight = (1.0 - self.beta) * mean + self.beta * f64::from(linear.weights()[column]);
            folded[column] = (weight * f64::from(of_columns[solved])) as f32;
        }
        Ok((folded, (self.beta * f64::from(linear.intercept()[0])) as f32, convergence))
    }

    /// The log-count ratios. Columns that are solved for as one occur in the same records, and so have the same ratio.
    fn ratios(
        &self,
        dataset: &DatasetBase<Csr, Array1<usize>>,
        problem: &Problem,
        own: &[bool],
        left_out: &[bool],
    ) -> Ratios {
        let width = problem.rows.width();
        let (mut p, mut q) = (vec![self.alpha; width], vec![self.alpha; width]);
        let counted = left_out.iter().filter(|&&out| !out).count();
        let all = self.alpha * counted.max(1) as f64;
        let (mut p_sum, mut q_sum) = (all, all);
        for (row, (compact, full)) in problem.rows.iter().zip(dataset.records.iter()).enumerate() {
            let (side, sum) = if own[row] { (&mut p, &mut p_sum) } else { (&mut q, &mut q_sum) };
            let weight = problem.weights[row];
            compact.columns.iter().for_each(|&column| side[column as usize] += weight);
            *sum += weight * full.columns.iter().filter(|&&column| !left_out[column as usize]).count() as f64;
        }
        let ratio = |(p, q): (&f64, &f64)| libm::log((p / p_sum) / (q / q_sum)) as f32;
        let mut of_columns: Vec<f32> = p.iter().zip(&q).map(ratio).collect();
        for (_, solved) in problem.columns().filter(|&(column, _)| left_out[column]) {
            of_columns[solved] = 0.0;
        }
        Ratios { of_columns, of_absent: libm::log(q_sum / p_sum) as f32 }
    }
}

/// Which columns have a value below 0.
fn below_zero(rows: &Csr) -> Vec<bool> {
    let mut below = vec![false; rows.width()];
    for row in rows.iter() {
        row.iter().filter(|&(_, value)| value < 0.0).for_each(|(column, _)| below[column] = true);
    }
    below
}

/// Log-count ratios.
struct Ratios {
    /// By column of the problem.
    of_columns: Vec<f32>,
    /// That of a column that occurs nowhere.
    of_absent: f32,
}

predicts_by_its_weights!(Nbsvm);

#[cfg(test)]
mod tests {
    use super::*;
    use linfa::traits::Predict;
    use ndarray::array;

    fn data() -> DatasetBase<Csr, Array1<usize>> {
        scaled(1.0)
    }

    fn scaled(value: f32) -> DatasetBase<Csr, Array1<usize>> {
        let mut rows = Csr::new(4);
        for row in [[0, 3], [0, 2], [1, 3], [1, 2], [2, 3], [0, 1]] {
            rows.push_row(row.map(|column| (column, value))).unwrap();
        }
        DatasetBase::new(rows, array![0, 0, 1, 1, 2, 0])
    }

    #[test]
    fn both_bases_learn_and_take_missing_classes() {
        for base in [NbsvmBase::Svm, NbsvmBase::Logistic] {
            let model = NbsvmParams::default().c(10.0).base(base).classes(4).fit(&data()).unwrap();
            let predicted = model.predict(&data().records);
            assert_eq!(predicted.to_vec()[..5], [0, 0, 1, 1, 2], "{base:?}");
            assert!(model.convergence().converged);
        }
    }

    #[test]
    fn with_beta_zero_the_ratios_decide() {
        let model = NbsvmParams::default().beta(0.0).fit(&data()).unwrap();
        // Feature 0 speaks for class 0: p = (4, 2, 2, 2)/10, q = (1, 3, 3, 3)/10.
        let (own, other) = (model.linear().weight(0, 0), model.linear().weight(1, 0));
        assert!((own / other - (4.0f32).ln() / (2.0f32 / 3.0).ln()).abs() < 1e-3, "{own} {other}");
    }

    #[test]
    fn weighted_rows_of_ones_are_binary_ones_and_values_count() {
        let (plain, weighted) = (NbsvmParams::default(), NbsvmParams::default().weighted(true));
        assert_eq!(plain.fit(&data()).unwrap(), weighted.fit(&data()).unwrap());
        let halves = scaled(0.5);
        assert_ne!(plain.fit(&data()).unwrap(), weighted.fit(&halves).unwrap());
        let model = weighted.clone().c(40.0).fit(&halves).unwrap();
        assert_eq!(model.predict(&halves.records), halves.targets);
    }

    #[test]
    fn columns_with_values_below_zero_are_left_out() {
        let mut rows = Csr::new(5);
        for (place, row) in data().records.iter().enumerate() {
            let vector = (4, if place % 2 == 0 { -1.5 } else { 0.5 });
            rows.push_row(row.columns.iter().map(|&column| (column, 1.0)).chain([vector])).unwrap();
        }
        let weighted = NbsvmParams::default().weighted(true);
        let with = weighted.fit(&DatasetBase::new(rows, data().targets)).unwrap();
        let without = weighted.fit(&data()).unwrap();
        for class in 0..3 {
            assert_eq!(with.linear().weight(4, class), 0.0);
            for column in 0..4 {
                let (a, b) = (with.linear().weight(column, class), without.linear().weight(column, class));
                assert!(a.signum() == b.signum() && (a - b).abs() < 0.1, "{a} {b}");
            }
        }
    }

    #[test]
    fn what_it_does_not_take_is_refused() {
        let mut rows = Csr::new(1);
        rows.push_row([(0, 0.5)]).unwrap();
        rows.push_row([]).unwrap();
        let error =
            NbsvmParams::default().fit(&DatasetBase::new(rows, array![0, 1])).unwrap_err().to_string();
        assert!(error.contains("binary"), "{error}");
        for params in [
            NbsvmParams::default().beta(2.0),
            NbsvmParams::default().c(0.0),
            NbsvmParams::default().alpha(0.0),
        ] {
            assert!(matches!(params.fit(&data()), Err(Error::Parameter(_))));
        }
    }
}
