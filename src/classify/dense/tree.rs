//! `linfa-tree`, and the form that trees of all kinds have once they are grown.

use serde::{Deserialize, Serialize};

use super::params::{dense_params, within};
use super::{Parts, check_finite, check_length};
use crate::classify::LinearModel;
use crate::error::{Error, Result};

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
    /// Unchecked options of `linfa-tree`: linfa's `DecisionTree`, one-vs-rest; the one dense classifier that takes sample
    /// weights.
    ///
    /// With two classes there is one tree, for the second; with more there is one a class, and a record's class is the one
    /// whose tree says yes with the best odds, `(yes + 1) / (no + 1)` over the training records of the leaf; the first
    /// among equals.
    ///
    /// ```
    /// # #[cfg(feature = "linfa-classifiers")] {
    /// use linfa::DatasetBase;
    /// use linfa::traits::{Fit, Predict};
    /// use ndarray::array;
    /// use tasnif::classify::dense::LinfaTreeParams;
    /// use tasnif::features::csr::Csr;
    ///
    /// let mut rows = Csr::new(2);
    /// for (x, y) in [(0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.0)] {
    ///     rows.push_row([(0, x + 0.5), (1, y)])?;
    ///     rows.push_row([(0, x + 0.6), (1, y)])?;
    /// }
    /// let exclusive_or = DatasetBase::new(rows, array![0, 0, 0, 0, 1, 1, 1, 1]);
    /// let model = LinfaTreeParams::default().fit(&exclusive_or)?;
    /// assert_eq!(model.predict(&exclusive_or), exclusive_or.targets);
    /// # }
    /// # Ok::<(), tasnif::Error>(())
    /// ```
    LinfaTreeParams, LinfaTreeValidParams, "linfa-tree", features = 500,
    /// The most splits from root to leaf, 1 to 64. Default 20.
    depth: usize = 20,
    /// The least number of records in a leaf (by weight, where the mean weight is 1), from 1. Default 1.
    min_leaf: f64 = 1.0,
    /// What splits are to lower. Default Gini impurity.
    criterion: SplitCriterion = SplitCriterion::Gini,
}

impl LinfaTreeValidParams {
    fn check_options(&self) -> Result<()> {
        check_tree(self.depth, self.min_leaf)
    }
}

/// Refuses options of trees that cannot be grown, or that could overflow the stack.
pub(super) fn check_tree(depth: usize, min_leaf: f64) -> Result<()> {
    within("depth", depth, 1..=64)?;
    within("min_leaf", min_leaf, 1.0..=1e6)
}

/// What trees say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// There is one (for each output): the log of the share that its leaf gives the class, or with one output the log-odds.
    Odds,
    /// The log of a class's share of the votes, one vote shared among all classes added.
    Votes,
    /// A class's share of the votes by weight.
    WeightedVotes,
}

/// In place of a column: this node is a leaf.
pub(super) const LEAF: u32 = u32::MAX;

/// Trees, node after node, root first; a node's first child follows it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Trees {
    rule: Rule,
    /// Trees that vote together, one an output.
    outputs: usize,
    /// Where each tree starts, and the end of the last.
    starts: Vec<u32>,
    /// The column that a node splits by, or [`LEAF`].
    features: Vec<u32>,
    /// The node of the records that are *not* above the threshold; those above it go to the next node. 0 for leaves.
    others: Vec<u32>,
    /// The threshold of a split; the log-odds of a leaf.
    values: Vec<f64>,
    /// The weight of each vote.
    weights: Vec<f64>,
}

impl Trees {
    /// No trees yet.
    #[cfg(feature = "linfa-classifiers")]
    pub(super) fn new(rule: Rule, outputs: usize) -> Self {
        Trees {
            rule,
            outputs,
            starts: vec![0],
            features: Vec::new(),
            others: Vec::new(),
            values: Vec::new(),
            weights: Vec::new(),
        }
    }

    pub(super) fn from_parts(rule: Rule, columns: usize, outputs: usize, parts: &mut Parts) -> Result<Self> {
        let trees = Trees {
            rule,
            outputs,
            starts: parts.integers("starts"),
            features: parts.integers("features"),
            others: parts.integers("others"),
            values: parts.numbers("values"),
            weights: parts.numbers("weights"),
        };
        trees.checked(columns)
    }

    /// Itself, if every path through it ends.
    pub(super) fn checked(self, columns: usize) -> Result<Self> {
        let nodes = self.features.len();
        check_length("thresholds", self.values.len(), nodes)?;
        check_length("children", self.others.len(), nodes)?;
        check_length("trees", self.starts.len(), self.weights.len() * self.outputs + 1)?;
        check_finite("thresholds", &self.values)?;
        check_finite("weights of the trees", &self.weights)?;
        let whole = self.starts.first() == Some(&0)
            && self.starts.is_sorted_by(|a, b| a < b)
            && self.starts.last().is_some_and(|&last| last as usize == nodes)
            && !self.weights.is_empty();
        // Children come later than their parents and before the next tree.
        let sound = |(start, end): (usize, usize)| {
            (start..end).all(|node| {
                self.features[node] == LEAF
                    || ((self.features[node] as usize) < columns
                        && (node + 2..end).contains(&(self.others[node] as usize)))
            })
        };
        let spans = self.starts.windows(2).map(|span| (span[0] as usize, span[1] as usize));
        if !whole || self.weights.iter().any(|&weight| weight < 0.0) || !spans.into_iter().all(sound) {
            return Err(Error::Parameter("a tree of the model is not a tree".into()));
        }
        Ok(self)
    }

    pub(super) fn parts(&self, parts: &mut Parts) {
        parts.integers.insert("starts", self.starts.clone());
        parts.integers.insert("features", self.features.clone());
        parts.integers.insert("others", self.others.clone());
        parts.numbers.insert("values", self.values.clone());
        parts.numbers.insert("weights", self.weights.clone());
    }

    /// Adds one tree an output, with columns renamed.
    #[cfg(feature = "linfa-classifiers")]
    pub(super) fn push(
        &mut self,
        trees: &[super::grow::Tree],
        weight: f64,
        column: impl Fn(u32) -> u32,
    ) -> Result<()> {
        for tree in trees {
            let offset = self.features.len();
            for node in &tree.nodes {
                let split = node.feature != LEAF;
                self.features.push(if split { column(node.feature) } else { LEAF });
                self.others.push(if split { node.other + offset as u32 } else { 0 });
                self.values.push(node.value);
            }
            let end = u32::try_from(self.features.len()).map_err(|_| {
                Error::Dataset("the trees are too large: give fewer, or a smaller depth".into())
            })?;
            self.starts.push(end);
        }
        self.weights.push(weight);
        Ok(())
    }

    /// The log-odds of the leaf that a record comes to.
    fn leaf(&self, tree: usize, x: &[f64]) -> f64 {
        let mut node = self.starts[tree] as usize;
        while self.features[node] != LEAF {
            let above = x[self.features[node] as usize] > self.values[node];
            node = if above { node + 1 } else { self.others[node] as usize };
        }
        self.values[node]
    }

    pub(super) fn scores(&self, x: &[f64]) -> Vec<f64> {
        let odds = |vote: usize| -> Vec<f64> {
            (0..self.outputs).map(|output| self.leaf(vote * self.outputs + output, x)).collect()
        };
        if self.rule == Rule::Odds {
            let odds = odds(0);
            return if self.outputs == 1 { odds } else { odds.into_iter().map(log_share).collect() };
        }
        let classes = self.outputs.max(2);
        let mut votes = vec![0.0; classes];
        for (vote, weight) in self.weights.iter().enumerate() {
            votes[LinearModel::best(&odds(vote))] += weight;
        }
        let all: f64 = self.weights.iter().sum();
        match self.rule {
            Rule::Votes => {
                let share = |votes: f64| (votes + 1.0 / classes as f64) / (all + 1.0);
                votes.iter().map(|&votes| libm::log(share(votes))).collect()
            }
            _ if all > 0.0 => votes.iter().map(|votes| votes / all).collect(),
            _ => votes,
        }
    }
}

/// Log-odds to the log of the share.
fn log_share(odds: f64) -> f64 {
    if odds >= 0.0 { -libm::log1p(libm::exp(-odds)) } else { odds - libm::log1p(libm::exp(odds)) }
}

#[cfg(feature = "linfa-classifiers")]
mod learn {
    use super::super::grow::Grower;
    use super::super::matrix::Matrix;
    use super::super::{DenseModel, Form};
    use super::{LinfaTreeValidParams, Rule, Trees};
    use crate::classify::Convergence;
    use crate::error::Result;

    impl LinfaTreeValidParams {
        pub(super) fn learn(&self, matrix: Matrix) -> Result<(DenseModel, Convergence)> {
            let outputs = matrix.outputs().len();
            let grower = Grower::new(self.depth, self.min_leaf, self.criterion, outputs);
            let grown = grower
                .grow(matrix.x.view(), &matrix.targets, &matrix.weights)
                .map_err(|error| matrix.failed(error, "train on fewer records"))?;
            let mut trees = Trees::new(Rule::Odds, outputs);
            trees.push(&grown, 1.0, |column| column)?;
            let form = Form::Trees(trees.checked(matrix.x.ncols())?);
            let convergence = Convergence { iterations: 1, converged: true, objective: 0.0 };
            Ok((matrix.model(form)?, convergence))
        }
    }
}
