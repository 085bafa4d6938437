//! linfa's own classifiers, behind the sparse rows of this crate.
//!
//! No linfa classifier takes sparse rows. The bridge keeps the columns that tell the classes apart best, at most
//! [`MAX_FEATURES`], writes their zeros out, has linfa train on that, and copies what it learned into a [`DenseModel`]:
//! checked arrays that predict by themselves. Without the Cargo feature `linfa-classifiers` nothing of linfa's is
//! compiled; models still load and predict, and training says what is missing.
//!
//! | kind | linfa's | more than two classes | sample weights | scores |
//! |---|---|---|---|---|
//! | `linfa-gaussian-nb` | `GaussianNb` | its own | all the same | posteriors, too sure |
//! | `linfa-bernoulli-nb` | `BernoulliNb` | its own | all the same | posteriors, too sure |
//! | `linfa-logistic` | `LogisticRegression`, `MultiLogisticRegression` | its own | all the same | probabilities |
//! | `linfa-svm` | `Svm`, linear or Gaussian kernel | one-vs-rest | all the same | margins: calibrate |
//! | `linfa-tree` | `DecisionTree` | one-vs-rest | any | shares of the leaf |
//! | `linfa-forest` | `RandomForest` | votes of one-vs-rest trees | all the same | shares of the votes |
//! | `linfa-adaboost` | `AdaBoost` (SAMME) | votes of one-vs-rest trees | all the same | votes: calibrate |
//! | `linfa-ftrl` | `Ftrl` | one-vs-rest | all the same | log-odds: calibrate |
//!
//! `MultinomialNb` is left out: linfa-bayes 0.8.1 prints every parameter of it to standard error while it trains (a
//! `dbg!`). [`NaiveBayes`](super::NaiveBayes) is the same model.
//!
//! What is done about the traps of linfa 0.8.1:
//!
//! - *Trees with three or more classes are not reproducible*: impurities are summed, and ties broken, in the order of a
//!   hash map, which differs from run to run. With two classes the sums commute, so trees see one class against the
//!   rest; leaves that tie are pruned, and labelled, by a rule of ours.
//! - *Trees miss splits* that follow a run of equal values whose last record is in another node. The zeros of sparse
//!   rows are such a run, in every column; trees get every value with its sign turned, so that zeros come last.
//! - *Naive Bayes without log-sum-exp* gives infinite scores for long documents; ours is [`LinearModel::softmax`].
//!   `BernoulliNb` forgets to binarise for probabilities; ours does not.
//! - *FTRL starts from random weights and has no intercept*: it starts from zero, as published, with a column of ones.
//! - *Sample weights are ignored* by all but the tree: other weights than equal ones are an error.
//! - *Widths are asserted, results come out of hash maps*: nothing of linfa's runs at prediction.
//!
//! Training is the same to the bit for any number of threads and on every run. Other machines may differ in the last
//! bits even at one target triple: linfa multiplies matrices by the processor's widest instructions and takes `exp` and
//! `ln` from the system.

mod ensemble;
mod ftrl;
#[cfg(feature = "linfa-classifiers")]
mod generator;
#[cfg(feature = "linfa-classifiers")]
mod grow;
mod kernel;
mod linear;
mod logistic;
#[cfg(feature = "linfa-classifiers")]
mod matrix;
mod naive_bayes;
mod params;
mod svm;
mod tree;

use std::collections::BTreeMap;

use linfa::traits::{Predict, PredictInplace};
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::linear::LinearModel;
use crate::error::{Error, Result};
use crate::features::csr::{Csr, Row};
use kernel::Kernel;
use linear::Linear;
use naive_bayes::Gaussian;
pub(crate) use tree::Rule;
use tree::Trees;

pub use ensemble::{
    LinfaAdaboostParams, LinfaAdaboostValidParams, LinfaForestParams, LinfaForestValidParams,
};
pub use ftrl::{LinfaFtrlParams, LinfaFtrlValidParams};
pub use logistic::{LinfaLogisticParams, LinfaLogisticValidParams};
pub use naive_bayes::{
    LinfaBernoulliNbParams, LinfaBernoulliNbValidParams, LinfaGaussianNbParams, LinfaGaussianNbValidParams,
};
pub use svm::{LinfaSvmParams, LinfaSvmValidParams, SvmKernel};
pub use tree::{LinfaTreeParams, LinfaTreeValidParams, SplitCriterion};

/// The most columns that a dense classifier is given.
pub const MAX_FEATURES: usize = 2_000;

/// How far the decision value of a class that training never saw lies below the least of the others: ln 10⁻⁹.
const UNSEEN: f64 = -20.72326583694641;

/// Which columns a dense classifier is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Select {
    /// The best by [`Selection::Chi2`](super::Selection::Chi2): for n-grams. Values must not be negative.
    #[default]
    Chi2,
    /// The best by [`Selection::MutualInformation`](super::Selection::MutualInformation).
    MutualInformation,
    /// All of them, [`MAX_FEATURES`] at most: for rows that are dense by nature.
    None,
}

/// What linfa learned, and which columns it learned from.
///
/// Rows of any width predict: columns that were not kept add nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct DenseModel {
    classes: usize,
    /// The columns that were kept, ascending.
    columns: Vec<u32>,
    /// The classes that training saw, ascending; two of them at least.
    seen: Vec<u32>,
    form: Form,
}

/// How scores are computed from the kept columns: one a seen class, or one in all (of the second) where two are seen.
#[derive(Debug, Clone, PartialEq)]
enum Form {
    Linear(Linear),
    Gaussian(Gaussian),
    Kernel(Kernel),
    Trees(Trees),
}

/// The [`Form`] that a kind of classifier has, without its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FormKind {
    Linear,
    /// Linear in whether a value is above 0.
    Presence,
    Gaussian,
    Kernel,
    Trees(Rule),
}

impl FormKind {
    /// The arrays of whole numbers that a model file keeps of it.
    pub(crate) fn integers(self) -> &'static [&'static str] {
        match self {
            FormKind::Linear | FormKind::Presence | FormKind::Gaussian => &["columns", "seen"],
            FormKind::Kernel => &["columns", "seen", "starts", "support"],
            FormKind::Trees(_) => &["columns", "seen", "starts", "features", "others"],
        }
    }

    /// The arrays of other numbers.
    pub(crate) fn numbers(self) -> &'static [&'static str] {
        match self {
            FormKind::Linear | FormKind::Presence => &["weights", "intercept"],
            FormKind::Gaussian => &["constant", "mean", "variance"],
            FormKind::Kernel => &["width", "values", "coefficients", "intercept"],
            FormKind::Trees(_) => &["values", "weights"],
        }
    }
}

/// The arrays of a model by name, as a model file keeps them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Parts {
    pub(crate) integers: BTreeMap<&'static str, Vec<u32>>,
    pub(crate) numbers: BTreeMap<&'static str, Vec<f64>>,
}

impl Parts {
    fn integers(&mut self, name: &str) -> Vec<u32> {
        self.integers.remove(name).unwrap_or_default()
    }

    fn numbers(&mut self, name: &str) -> Vec<f64> {
        self.numbers.remove(name).unwrap_or_default()
    }
}

impl DenseModel {
    fn new(classes: usize, columns: Vec<u32>, seen: Vec<u32>, form: Form) -> Result<Self> {
        let ascend = |indices: &[u32], below: usize| {
            indices.is_sorted_by(|a, b| a < b) && indices.last().is_some_and(|&last| (last as usize) < below)
        };
        if !ascend(&columns, usize::MAX) || columns.len() > MAX_FEATURES {
            return Err(Error::Parameter("the columns of a dense model are out of order".into()));
        }
        if !ascend(&seen, classes) || seen.len() < 2 {
            return Err(Error::Parameter("the classes of a dense model are out of order".into()));
        }
        Ok(DenseModel { classes, columns, seen, form })
    }

    /// Puts a model of `classes` classes on rows of `width` columns together from its arrays.
    ///
    /// # Errors
    /// [`Error::Parameter`] when an array does not fit the others or a number is out of its range.
    pub(crate) fn from_parts(kind: FormKind, classes: usize, width: usize, mut parts: Parts) -> Result<Self> {
        let (columns, seen) = (parts.integers("columns"), parts.integers("seen"));
        if columns.last().is_some_and(|&last| last as usize >= width) {
            return Err(Error::Parameter(format!("a column of the model is past its {width} features")));
        }
        let (kept, outputs) = (columns.len(), LinearModel::outputs_for(seen.len()));
        let form = match kind {
            FormKind::Linear | FormKind::Presence => Form::Linear(Linear::new(
                kind == FormKind::Presence,
                kept,
                outputs,
                parts.numbers("weights"),
                parts.numbers("intercept"),
            )?),
            FormKind::Gaussian => Form::Gaussian(Gaussian::new(
                kept,
                parts.numbers("constant"),
                parts.numbers("mean"),
                parts.numbers("variance"),
                seen.len(),
            )?),
            FormKind::Kernel => Form::Kernel(Kernel::from_parts(kept, outputs, &mut parts)?),
            FormKind::Trees(rule) => Form::Trees(Trees::from_parts(rule, kept, outputs, &mut parts)?),
        };
        Self::new(classes, columns, seen, form)
    }

    /// Its arrays by name.
    pub(crate) fn parts(&self) -> Parts {
        let mut parts = Parts::default();
        parts.integers.insert("columns", self.columns.clone());
        parts.integers.insert("seen", self.seen.clone());
        match &self.form {
            Form::Linear(form) => form.parts(&mut parts),
            Form::Gaussian(form) => form.parts(&mut parts),
            Form::Kernel(form) => form.parts(&mut parts),
            Form::Trees(form) => form.parts(&mut parts),
        }
        parts
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The columns that were kept, ascending.
    pub fn columns(&self) -> &[u32] {
        &self.columns
    }

    /// What a column adds to the decision value of a class, for a value of 1; nothing when the classifier is not linear
    /// in its columns, or never saw the class. With two classes, the first has minus the weight of the second.
    pub fn weight(&self, column: usize, class: usize) -> Option<f32> {
        let Form::Linear(linear) = &self.form else { return None };
        let output = self.seen.binary_search(&u32::try_from(class).ok()?).ok()?;
        let Ok(column) = self.columns.binary_search(&u32::try_from(column).ok()?) else { return Some(0.0) };
        Some(linear.weight(column, output) as f32)
    }

    /// The decision values of a row, which replace what `out` holds: one a class, or with two classes that of the second.
    ///
    /// A class that training never saw (in a fold) comes last, at a probability of at most 10⁻⁹.
    pub fn decide(&self, row: Row<'_>, out: &mut Vec<f64>) {
        let x = self.project(row);
        let mut scores = match &self.form {
            Form::Linear(form) => form.scores(&x),
            Form::Gaussian(form) => form.scores(&x),
            Form::Kernel(form) => form.scores(&x),
            Form::Trees(form) => form.scores(&x),
        };
        if let [second] = scores[..] {
            scores = vec![0.0, second];
        }
        out.clear();
        if let ([first, second], 2) = (&scores[..], self.classes) {
            out.push(second - first);
            return;
        }
        let least = scores.iter().copied().fold(f64::INFINITY, f64::min);
        out.resize(self.classes, least + UNSEEN);
        for (&class, score) in self.seen.iter().zip(scores) {
            out[class as usize] = score;
        }
    }

    /// The kept columns of a row, zeros written out.
    fn project(&self, row: Row<'_>) -> Vec<f64> {
        let mut x = vec![0.0; self.columns.len()];
        for (&column, &value) in row.columns.iter().zip(row.values) {
            if let Ok(place) = self.columns.binary_search(&column) {
                x[place] = f64::from(value);
            }
        }
        x
    }
}

impl PredictInplace<Csr, Array1<usize>> for DenseModel {
    fn predict_inplace<'a>(&'a self, rows: &'a Csr, classes: &mut Array1<usize>) {
        let mut decision = Vec::new();
        let class = |row| {
            self.decide(row, &mut decision);
            LinearModel::best(&decision)
        };
        *classes = rows.iter().map(class).collect();
    }

    fn default_target(&self, rows: &Csr) -> Array1<usize> {
        Array1::zeros(rows.rows())
    }
}

impl Predict<&Csr, Array1<usize>> for DenseModel {
    fn predict(&self, rows: &Csr) -> Array1<usize> {
        let mut classes = self.default_target(rows);
        self.predict_inplace(rows, &mut classes);
        classes
    }
}

/// Refuses an array of another length than it should have.
fn check_length(name: &str, length: usize, expected: usize) -> Result<()> {
    if length == expected {
        return Ok(());
    }
    Err(Error::Parameter(format!("{length} {name} in place of {expected}")))
}

/// Refuses numbers that are not finite.
fn check_finite(name: &str, numbers: &[f64]) -> Result<()> {
    if numbers.iter().all(|number| number.is_finite()) {
        return Ok(());
    }
    Err(Error::Parameter(format!("one of the {name} is not a finite number")))
}

#[cfg(test)]
mod tests;
