//! `linfa-forest` and `linfa-adaboost`: many trees that vote.

use linfa::traits::Fit;
use linfa_ensemble::{AdaBoostParams, EnsembleLearnerParams};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use super::grow::Grower;
use super::matrix::Matrix;
use super::params::{dense_params, within};
use super::tree::{SplitCriterion, Trees, check_tree};
use super::{DenseModel, Form};
use crate::classify::Convergence;
use crate::error::Result;

dense_params! {
    /// Unchecked options of `linfa-forest`: linfa's `RandomForest`, each tree on records drawn with replacement and a share
    /// of the columns; every tree is one-vs-rest.
    LinfaForestParams, LinfaForestValidParams, "linfa-forest" => DenseModel, features = 500,
    /// The number of trees. Default 50.
    trees: usize = 50,
    /// The most splits from root to leaf, 1 to 50. Default 20.
    depth: usize = 20,
    /// The least number of records in a leaf. Default 1.
    min_leaf: usize = 1,
    /// What splits are to lower. Default Gini impurity.
    criterion: SplitCriterion = SplitCriterion::Gini,
    /// The share of the kept columns that a tree is given (drawn with replacement). Default 0.3.
    feature_share: f64 = 0.3,
    /// How many records a tree is given (drawn with replacement), as a share of all. Default 1.
    record_share: f64 = 1.0,
    /// The seed of the draws. Default 42.
    seed: u64 = 42,
}

dense_params! {
    /// Unchecked options of `linfa-adaboost`: linfa's `AdaBoost` (SAMME), whose small trees each see more of the records
    /// that the trees before got wrong; every tree is one-vs-rest.
    LinfaAdaboostParams, LinfaAdaboostValidParams, "linfa-adaboost" => DenseModel, features = 500,
    /// The most trees; fewer when one makes no mistake, or no better guesses than chance. Default 50.
    trees: usize = 50,
    /// The most splits from root to leaf, 1 to 50. Default 2.
    depth: usize = 2,
    /// The least number of records in a leaf. Default 1.
    min_leaf: usize = 1,
    /// What splits are to lower. Default Gini impurity.
    criterion: SplitCriterion = SplitCriterion::Gini,
    /// How far each tree moves the weights of the records, up to 10. Default 1.
    learning_rate: f64 = 1.0,
    /// The seed of the draws. Default 42.
    seed: u64 = 42,
}

impl LinfaForestValidParams {
    fn check_options(&self) -> Result<()> {
        within("trees", self.trees, 1..=10_000)?;
        check_tree(self.depth, self.min_leaf)?;
        within("feature_share", self.feature_share, 1e-4..=1.0)?;
        within("record_share", self.record_share, 1e-4..=1.0)
    }

    fn learn(&self, mut matrix: Matrix) -> Result<(DenseModel, Convergence)> {
        let grower = Grower::new(&matrix, self.depth, self.min_leaf, self.criterion)?;
        let fitted = EnsembleLearnerParams::new_fixed_rng(grower, StdRng::seed_from_u64(self.seed))
            .ensemble_size(self.trees)
            .bootstrap_proportion(self.record_share)
            .feature_proportion(self.feature_share)
            .fit(&matrix.take_dataset())
            .map_err(|error| matrix.failed(error, "train on fewer records"))?;
        let vote = |(mut trees, columns): (Trees, Vec<usize>)| {
            trees.rename(&columns);
            Vote { weight: 1.0, trees }
        };
        model(matrix, fitted.models.into_iter().zip(fitted.model_features).map(vote).collect())
    }
}

impl LinfaAdaboostValidParams {
    fn check_options(&self) -> Result<()> {
        within("trees", self.trees, 1..=10_000)?;
        check_tree(self.depth, self.min_leaf)?;
        within("learning_rate", self.learning_rate, 1e-4..=10.0)
    }

    fn learn(&self, mut matrix: Matrix) -> Result<(DenseModel, Convergence)> {
        let grower = Grower::new(&matrix, self.depth, self.min_leaf, self.criterion)?;
        let cure = "give a larger depth, more features, or a smaller learning_rate";
        let fitted = AdaBoostParams::new_fixed_rng(grower, StdRng::seed_from_u64(self.seed))
            .n_estimators(self.trees)
            .learning_rate(self.learning_rate)
            .fit(&matrix.take_dataset())
            .map_err(|error| matrix.failed(error, cure))?;
        let vote = |(trees, weight)| Vote { weight, trees };
        model(matrix, fitted.models.into_iter().zip(fitted.model_weights).map(vote).collect())
    }
}

/// Trees are grown until they are grown.
fn model(matrix: Matrix, votes: Vec<Vote>) -> Result<(DenseModel, Convergence)> {
    let convergence = Convergence { iterations: votes.len(), converged: true, objective: 0.0 };
    Ok((matrix.model(Form::Votes(votes))?, convergence))
}

/// Trees that vote together, and what their vote counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Vote {
    weight: f64,
    trees: Trees,
}

impl Vote {
    pub(super) fn fit(votes: &[Vote], columns: usize, outputs: usize) -> bool {
        let all: f64 = votes.iter().map(|vote| vote.weight).sum();
        all > 0.0
            && all.is_finite()
            && votes.iter().all(|vote| vote.weight >= 0.0 && vote.trees.fit(columns, outputs))
    }

    /// The log of each class's share of the votes, one more vote shared among all classes.
    pub(super) fn scores(votes: &[Vote], classes: usize, x: &[f64]) -> Vec<f64> {
        let all: f64 = votes.iter().map(|vote| vote.weight).sum();
        let mut counts = vec![1.0 / classes as f64; classes];
        for vote in votes {
            counts[vote.trees.vote(x)] += votes.len() as f64 * vote.weight / all;
        }
        counts.iter().map(|count| libm::log(count / (votes.len() as f64 + 1.0))).collect()
    }
}
