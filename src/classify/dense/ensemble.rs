//! `linfa-forest` and `linfa-adaboost`: many trees that vote.

use super::params::{dense_params, within};
use super::tree::{SplitCriterion, check_tree};
use crate::error::Result;

dense_params! {
    /// Unchecked options of `linfa-forest`: linfa's `RandomForest`, each tree on records drawn with replacement and a share
    /// of the columns; every tree is one-vs-rest.
    LinfaForestParams, LinfaForestValidParams, "linfa-forest", features = 500,
    /// The number of trees. Default 50.
    trees: usize = 50,
    /// The most splits from root to leaf, 1 to 64. Default 20.
    depth: usize = 20,
    /// The least number of records in a leaf, from 1. Default 1.
    min_leaf: f64 = 1.0,
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
    LinfaAdaboostParams, LinfaAdaboostValidParams, "linfa-adaboost", features = 500,
    /// The most trees; fewer when one makes no mistake, or no better guesses than chance. Default 50.
    trees: usize = 50,
    /// The most splits from root to leaf, 1 to 64. Default 2.
    depth: usize = 2,
    /// The least number of records in a leaf, from 1. Default 1.
    min_leaf: f64 = 1.0,
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
}

impl LinfaAdaboostValidParams {
    fn check_options(&self) -> Result<()> {
        within("trees", self.trees, 1..=10_000)?;
        check_tree(self.depth, self.min_leaf)?;
        within("learning_rate", self.learning_rate, 1e-4..=10.0)
    }
}

#[cfg(feature = "linfa-classifiers")]
mod learn {
    use linfa::traits::Fit;
    use linfa_ensemble::{AdaBoostParams, EnsembleLearnerParams};

    use super::super::generator::Generator;
    use super::super::grow::Grower;
    use super::super::matrix::Matrix;
    use super::super::tree::{Rule, Trees};
    use super::super::{DenseModel, Form};
    use super::{LinfaAdaboostValidParams, LinfaForestValidParams};
    use crate::classify::Convergence;
    use crate::error::Result;
    use crate::random::SplitMix64;

    const CURE: &str = "train on fewer records";

    impl LinfaForestValidParams {
        pub(super) fn learn(&self, mut matrix: Matrix) -> Result<(DenseModel, Convergence)> {
            matrix.equal_weights()?;
            let (columns, outputs) = (matrix.x.ncols(), matrix.outputs().len());
            let grower = Grower::new(self.depth, self.min_leaf, self.criterion, outputs);
            let fitted = EnsembleLearnerParams::new_fixed_rng(grower, Generator(SplitMix64::new(self.seed)))
                .ensemble_size(self.trees)
                .bootstrap_proportion(self.record_share)
                .feature_proportion(self.feature_share)
                .fit(&matrix.take_dataset())
                .map_err(|error| matrix.failed(error, CURE))?;
            let mut trees = Trees::new(Rule::Votes, outputs);
            for (grown, features) in fitted.models.into_iter().zip(fitted.model_features) {
                let grown = grown.0.map_err(|error| matrix.failed(error, CURE))?;
                trees.push(&grown, 1.0, |column| features[column as usize] as u32)?;
            }
            let form = Form::Trees(trees.checked(columns)?);
            Ok((matrix.model(form)?, grown(self.trees)))
        }
    }

    impl LinfaAdaboostValidParams {
        pub(super) fn learn(&self, mut matrix: Matrix) -> Result<(DenseModel, Convergence)> {
            matrix.equal_weights()?;
            let (columns, outputs) = (matrix.x.ncols(), matrix.outputs().len());
            let grower = Grower::new(self.depth, self.min_leaf, self.criterion, outputs);
            let cure = "give a larger depth, more features, or a smaller learning_rate";
            let fitted = AdaBoostParams::new_fixed_rng(grower, Generator(SplitMix64::new(self.seed)))
                .n_estimators(self.trees)
                .learning_rate(self.learning_rate)
                .fit(&matrix.take_dataset())
                .map_err(|error| matrix.failed(error, cure))?;
            let (mut trees, count) = (Trees::new(Rule::WeightedVotes, outputs), fitted.models.len());
            for (grown, weight) in fitted.models.into_iter().zip(fitted.model_weights) {
                let grown = grown.0.map_err(|error| matrix.failed(error, CURE))?;
                trees.push(&grown, weight, |column| column)?;
            }
            let form = Form::Trees(trees.checked(columns)?);
            Ok((matrix.model(form)?, grown(count)))
        }
    }

    /// Trees are grown until they are grown.
    fn grown(trees: usize) -> Convergence {
        Convergence { iterations: trees, converged: true, objective: 0.0 }
    }
}
