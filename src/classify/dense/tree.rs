//! `linfa-tree`, and what trees say once they are grown.

use serde::{Deserialize, Serialize};

use super::grow::Grower;
use super::matrix::Matrix;
use super::params::{dense_params, within};
use super::{DONE, DenseModel, Form};
use crate::classify::{Convergence, LinearModel};
use crate::error::Result;

/// How impure a set of records is, which splits are to lower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SplitCriterion {
    /// `1 − Σ p²`
    #[default]
    Gini,
    /// `−Σ p log₂ p`
    Entropy,
}

dense_params! {
    /// Unchecked options of `linfa-tree`: linfa's `DecisionTree`, one-vs-rest.
    ///
    /// With two classes there is one tree, for the second; with more there is one a class, and a record's class is the one
    /// whose tree says yes with the largest share, `(yes + 1) / (yes + no + 2)` over the training records of the leaf; the
    /// first among equals.
    ///
    /// ```
    /// use linfa::DatasetBase;
    /// use linfa::traits::{Fit, Predict};
    /// use ndarray::array;
    /// use tasnif::classify::dense::LinfaTreeParams;
    /// use tasnif::features::csr::Csr;
    ///
    /// let mut rows = Csr::new(1);
    /// for x in [0.1, 0.2, 1.1, 1.2, 2.1, 2.2] {
    ///     rows.push_row([(0, x)])?;
    /// }
    /// let between = DatasetBase::new(rows, array![0, 0, 1, 1, 0, 0]);
    /// let model = LinfaTreeParams::default().fit(&between)?;
    /// assert_eq!(model.predict(&between), between.targets, "no line parts them");
    /// # Ok::<(), tasnif::Error>(())
    /// ```
    LinfaTreeParams, LinfaTreeValidParams, "linfa-tree" => DenseModel, features = 500,
    /// The most splits from root to leaf, 1 to 50. Default 20.
    depth: usize = 20,
    /// The least number of records in a leaf. Default 1.
    min_leaf: usize = 1,
    /// What splits are to lower. Default Gini impurity.
    criterion: SplitCriterion = SplitCriterion::Gini,
}

impl LinfaTreeValidParams {
    fn check_options(&self) -> Result<()> {
        check_tree(self.depth, self.min_leaf)
    }

    fn learn(&self, matrix: Matrix) -> Result<(DenseModel, Convergence)> {
        let grower = Grower::new(&matrix, self.depth, self.min_leaf, self.criterion)?;
        let trees = grower
            .grow(matrix.x.view(), &matrix.targets)
            .map_err(|error| matrix.failed(error, "train on fewer records"))?;
        Ok((matrix.model(Form::Tree(trees))?, DONE))
    }
}

/// Refuses options of trees that cannot be grown, or are nested deeper than a model file can be.
pub(super) fn check_tree(depth: usize, min_leaf: usize) -> Result<()> {
    within("depth", depth, 1..=50)?;
    within("min_leaf", min_leaf, 1..=1_000_000)
}

/// One tree an output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Trees(pub(super) Vec<Tree>);

/// A tree that tells one class from the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Tree {
    /// The training records that came to it: of the class, and others.
    Leaf { yes: u32, no: u32 },
    /// By whether the value of a column is above a threshold.
    Split { column: u32, threshold: f64, above: Box<Tree>, below: Box<Tree> },
}

impl Tree {
    /// The share of the class among records like this, one more of either kind counted.
    fn share(&self, x: &[f64]) -> f64 {
        match self {
            Tree::Leaf { yes, no } => (f64::from(*yes) + 1.0) / (f64::from(*yes) + f64::from(*no) + 2.0),
            Tree::Split { column, threshold, above, below } => {
                if x[*column as usize] > *threshold {
                    above.share(x)
                } else {
                    below.share(x)
                }
            }
        }
    }

    fn fits(&self, columns: usize) -> bool {
        match self {
            Tree::Leaf { .. } => true,
            Tree::Split { column, above, below, .. } => {
                (*column as usize) < columns && above.fits(columns) && below.fits(columns)
            }
        }
    }

    /// Its columns are places in `columns`, from which they are to be taken.
    fn rename(&mut self, columns: &[usize]) {
        if let Tree::Split { column, above, below, .. } = self {
            *column = columns[*column as usize] as u32;
            above.rename(columns);
            below.rename(columns);
        }
    }
}

impl Trees {
    pub(super) fn fit(&self, columns: usize, outputs: usize) -> bool {
        self.0.len() == outputs && self.0.iter().all(|tree| tree.fits(columns))
    }

    pub(super) fn rename(&mut self, columns: &[usize]) {
        self.0.iter_mut().for_each(|tree| tree.rename(columns));
    }

    /// The log of the share that each tree gives its class; of a single one, the log-odds.
    pub(super) fn scores(&self, x: &[f64]) -> Vec<f64> {
        match self.0.as_slice() {
            [only] => {
                let share = only.share(x);
                vec![libm::log(share / (1.0 - share))]
            }
            trees => trees.iter().map(|tree| libm::log(tree.share(x))).collect(),
        }
    }

    /// The place of the class that they speak for, among those that training saw.
    pub(super) fn vote(&self, x: &[f64]) -> usize {
        LinearModel::best(&self.scores(x))
    }
}
