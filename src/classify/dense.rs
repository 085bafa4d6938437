//! linfa's own classifiers, behind the sparse rows of this crate.
//!
//! No linfa classifier takes sparse rows. The bridge keeps the columns that tell the classes apart best, at most
//! [`MAX_FEATURES`], writes their zeros out, and has linfa train on that. What it learned is copied out of linfa's model:
//! weights into a [`LinearModel`] on the sparse rows, everything else into a [`DenseModel`]. Nothing of linfa's runs at
//! prediction, so rows of any width are no trouble, and scores do not depend on the batch.
//!
//! | kind | linfa's | more than two classes | model | decision values |
//! |---|---|---|---|---|
//! | `linfa-gaussian-nb` | `GaussianNb` | its own | [`DenseModel`] | log posteriors, too sure |
//! | `linfa-bernoulli-nb` | `BernoulliNb` | its own | [`LinearModel`] | log posteriors, too sure |
//! | `linfa-logistic` | `MultiLogisticRegression` | its own | [`LinearModel`] | log probabilities |
//! | `linfa-svm` | `Svm`, linear kernel | one-vs-rest | [`LinearModel`] | margins: calibrate |
//! | `linfa-kernel-svm` | `Svm`, Gaussian kernel | one-vs-rest | [`DenseModel`] | margins: calibrate |
//! | `linfa-tree` | `DecisionTree` | one-vs-rest | [`DenseModel`] | log shares of the leaf |
//! | `linfa-forest` | `RandomForest` | votes of one-vs-rest trees | [`DenseModel`] | log shares of the votes |
//! | `linfa-adaboost` | `AdaBoost` (SAMME) | votes of one-vs-rest trees | [`DenseModel`] | log shares of the votes: calibrate |
//! | `linfa-ftrl` | `Ftrl` | one-vs-rest | [`LinearModel`] | log-odds: calibrate |
//!
//! `MultinomialNb` is left out: linfa-bayes 0.8.1 prints all its parameters to standard error as it trains (a `dbg!`).
//! [`NaiveBayes`](super::NaiveBayes) is the same model.
//!
//! What is done about the traps of linfa 0.8.1:
//!
//! - *Trees with three classes or more are not reproducible*: impurities are summed, and ties broken, in the order of a
//!   hash map. With two classes the sums commute, so trees see one class against the rest; leaves that tie are merged by a
//!   rule of ours.
//! - *Trees miss splits* behind a run of equal values whose last record is in another node. The zeros of sparse rows are
//!   such a run, in every column; trees are given every value with its sign turned, so that zeros come last.
//! - *Naive Bayes has no log-sum-exp*, so that long documents score infinite: ours is [`LinearModel::softmax`].
//! - *Logistic regression can hang* in a line search that has no end: it is scaled, and started where that does not happen.
//! - *SMO all but hangs* where `c` times the squared length of the rows is large: an error.
//! - *FTRL starts from random weights and has no intercept*: it starts from zero, as published, with a column of ones.
//! - *Record weights are ignored* by all but the tree: weights that differ are an error.
//! - *Widths are asserted and results come out of hash maps* at prediction: see above.
//!
//! Training is the same to the bit for any number of threads and on every run. Another processor may differ in the last
//! bits: linfa multiplies matrices by the widest instructions there are, and takes `exp` and `ln` from the system.

mod ensemble;
mod ftrl;
mod grow;
mod kernel;
mod logistic;
mod matrix;
mod naive_bayes;
mod params;
mod svm;
mod tree;

use linfa::traits::{Predict, PredictInplace};
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::linear::LinearModel;
use super::logistic::Convergence;
use crate::error::{Error, Result};
use crate::features::csr::{Csr, Row};
use ensemble::Vote;
use kernel::Kernel;
use naive_bayes::Normal;
use tree::Trees;

pub use ensemble::{
    LinfaAdaboostParams, LinfaAdaboostValidParams, LinfaForestParams, LinfaForestValidParams,
};
pub use ftrl::{LinfaFtrlParams, LinfaFtrlValidParams};
pub use logistic::{LinfaLogisticParams, LinfaLogisticValidParams};
pub use naive_bayes::{
    LinfaBernoulliNbParams, LinfaBernoulliNbValidParams, LinfaGaussianNbParams, LinfaGaussianNbValidParams,
};
pub use svm::{LinfaKernelSvmParams, LinfaKernelSvmValidParams, LinfaSvmParams, LinfaSvmValidParams};
pub use tree::{LinfaTreeParams, LinfaTreeValidParams, SplitCriterion};

/// The most columns that one of linfa's classifiers is given.
pub const MAX_FEATURES: usize = 2_000;

/// How far a class that training never saw lies below the mean of those it saw: ln 10⁹.
const UNSEEN: f64 = 20.72326583694641;

/// Of what ends by itself, and searches for nothing.
const DONE: Convergence = Convergence { iterations: 1, converged: true, objective: 0.0 };

/// What linfa learned where that is no row of weights, and the columns that it learned from.
#[derive(Debug, Clone, PartialEq)]
pub struct DenseModel {
    classes: Classes,
    /// The columns that were kept, ascending.
    columns: Vec<u32>,
    form: Form,
}

/// How scores are computed from the kept columns: one a seen class, or one in all (of the second) where two are seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Form {
    /// A normal density a class.
    Gaussian(Vec<Normal>),
    Kernel(Kernel),
    Tree(Trees),
    Votes(Vec<Vote>),
}

impl DenseModel {
    fn new(classes: Classes, columns: Vec<u32>, form: Form) -> Result<Self> {
        let outputs = classes.outputs();
        let sound = match &form {
            Form::Gaussian(densities) => {
                densities.len() == classes.seen.len() && densities.iter().all(|one| one.fits(columns.len()))
            }
            Form::Kernel(kernel) => kernel.fits(columns.len(), outputs),
            Form::Tree(trees) => trees.fit(columns.len(), outputs),
            Form::Votes(votes) => Vote::fit(votes, columns.len(), outputs),
        };
        if !(sound && classes.fit() && columns.is_sorted_by(|a, b| a < b) && columns.len() <= MAX_FEATURES) {
            return Err(Error::Parameter("the parts of the dense model do not fit together".into()));
        }
        Ok(DenseModel { classes, columns, form })
    }

    /// Its parts as JSON, which [`DenseModel::from_json`] reads.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(&(&self.classes, &self.columns, &self.form)).unwrap_or_default()
    }

    /// A model of `classes` classes on rows of `width` columns.
    ///
    /// # Errors
    /// [`Error::Parameter`] for what is no such model.
    pub(crate) fn from_json(json: &[u8], classes: usize, width: usize) -> Result<Self> {
        let (own, columns, form): (Classes, Vec<u32>, Form) =
            serde_json::from_slice(json).map_err(|error| Error::Parameter(error.to_string()))?;
        if own.all != classes || columns.last().is_some_and(|&last| last as usize >= width) {
            return Err(Error::Parameter(format!(
                "the dense model is not one of {classes} labels and {width} features"
            )));
        }
        Self::new(own, columns, form)
    }

    /// The columns that were kept, ascending.
    pub fn columns(&self) -> &[u32] {
        &self.columns
    }

    /// The decision values of a row, which replace what `out` holds: one a class, or with two classes that of the second.
    /// Columns that were not kept add nothing.
    pub fn decide(&self, row: Row<'_>, out: &mut Vec<f64>) {
        let mut x = vec![0.0; self.columns.len()];
        for (&column, &value) in row.columns.iter().zip(row.values) {
            if let Ok(place) = self.columns.binary_search(&column) {
                x[place] = f64::from(value);
            }
        }
        let scores = match &self.form {
            Form::Gaussian(densities) => densities.iter().map(|density| density.score(&x)).collect(),
            Form::Kernel(kernel) => kernel.scores(&x),
            Form::Tree(trees) => trees.scores(&x),
            Form::Votes(votes) => Vote::scores(votes, self.classes.seen.len(), &x),
        };
        *out = self.classes.spread(scores, UNSEEN);
    }
}

/// The classes of a model, and those that training saw: a fold may lack some.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Classes {
    all: usize,
    /// Ascending, at least two.
    seen: Vec<u32>,
}

impl Classes {
    fn fit(&self) -> bool {
        self.seen.is_sorted_by(|a, b| a < b)
            && self.seen.len() >= 2
            && self.seen.last().is_some_and(|&last| (last as usize) < self.all)
    }

    /// The number of scores: one for the second of two seen classes, or one for each of more.
    fn outputs(&self) -> usize {
        LinearModel::outputs_for(self.seen.len())
    }

    /// Decision values of all classes from the scores of the seen ones; the others lie `below` their mean.
    fn spread(&self, scores: Vec<f64>, below: f64) -> Vec<f64> {
        let scores = if let [second] = scores[..] { vec![0.0, second] } else { scores };
        if self.all == 2 {
            return vec![scores[1] - scores[0]];
        }
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        let mut all = vec![mean - below; self.all];
        for (&class, score) in self.seen.iter().zip(scores) {
            all[class as usize] = score;
        }
        all
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

#[cfg(test)]
mod tests;
