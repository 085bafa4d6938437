//! `linfa-gaussian-nb` and `linfa-bernoulli-nb`.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use linfa::traits::Fit;
use linfa_bayes::{BernoulliNbParams, GaussianNbParams, NaiveBayes};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::matrix::Matrix;
use super::params::{dense_params, within};
use super::{DONE, DenseModel, Form};
use crate::classify::{Convergence, LinearModel};
use crate::error::Result;

dense_params! {
    /// Unchecked options of `linfa-gaussian-nb`: linfa's `GaussianNb`, a normal curve for each column in each class.
    ///
    /// n-grams are nothing like normal: most values are 0, and a column that a class never has is a needle at 0 there.
    /// [`smoothing`](LinfaGaussianNbParams::smoothing) widens it.
    ///
    /// ```
    /// use linfa::DatasetBase;
    /// use linfa::traits::{Fit, Predict};
    /// use ndarray::array;
    /// use tasnif::classify::dense::LinfaGaussianNbParams;
    /// use tasnif::features::csr::Csr;
    ///
    /// let mut rows = Csr::new(2);
    /// for (x, y) in [(-1.0, 0.1), (-1.2, 0.4), (1.1, 0.2), (0.8, 0.3)] {
    ///     rows.push_row([(0, x), (1, y)])?;
    /// }
    /// let dataset = DatasetBase::new(rows, array![0, 0, 1, 1]);
    /// let model = LinfaGaussianNbParams::default().fit(&dataset)?;
    /// assert_eq!(model.predict(&dataset), array![0, 0, 1, 1]);
    /// # Ok::<(), tasnif::Error>(())
    /// ```
    LinfaGaussianNbParams, LinfaGaussianNbValidParams, "linfa-gaussian-nb" => DenseModel, features = 1_000,
    /// What is added to every variance, as a share of the largest over all records. Default 0.1; linfa's is 1e-9.
    smoothing: f64 = 0.1,
}

dense_params! {
    /// Unchecked options of `linfa-bernoulli-nb`: linfa's `BernoulliNb`, on binary rows.
    LinfaBernoulliNbParams, LinfaBernoulliNbValidParams, "linfa-bernoulli-nb" => LinearModel, features = 2_000,
    /// What is added to every count. Default 1.
    alpha: f64 = 1.0,
}

/// The normal densities of one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Normal {
    /// The log density at the mean plus the log prior.
    constant: f64,
    mean: Vec<f64>,
    variance: Vec<f64>,
}

impl Normal {
    pub(super) fn fits(&self, columns: usize) -> bool {
        self.mean.len() == columns
            && self.variance.len() == columns
            && self.variance.iter().all(|&variance| variance > 0.0)
    }

    /// The log density plus the log prior.
    pub(super) fn score(&self, x: &[f64]) -> f64 {
        let columns = x.iter().zip(&self.mean).zip(&self.variance);
        self.constant
            - 0.5 * columns.map(|((x, mean), variance)| (x - mean) * (x - mean) / variance).sum::<f64>()
    }
}

/// The least variance, for rows that are all the same.
const LEAST_VARIANCE: f64 = 1e-30;

/// linfa's `GaussianNb` as it serialises, for its fields are private.
#[derive(Deserialize)]
struct Fitted {
    class_info: BTreeMap<usize, FittedClass>,
}

#[derive(Deserialize)]
struct FittedClass {
    prior: f64,
    theta: FittedArray,
    sigma: FittedArray,
}

#[derive(Deserialize)]
struct FittedArray {
    data: Vec<f64>,
}

impl LinfaGaussianNbValidParams {
    fn check_options(&self) -> Result<()> {
        within("smoothing", self.smoothing, 1e-12..=1e6)
    }

    fn learn(&self, matrix: Matrix) -> Result<(DenseModel, Convergence)> {
        let cure = "give a larger smoothing";
        let fitted = GaussianNbParams::new()
            .var_smoothing(self.smoothing)
            .fit(&matrix.dataset())
            .map_err(|error| matrix.failed(error, cure))?;
        let fitted: Fitted = serde_json::to_value(&fitted)
            .and_then(serde_json::from_value)
            .map_err(|error| matrix.failed(error, cure))?;
        let normal = |class: FittedClass| {
            let variance: Vec<f64> =
                class.sigma.data.into_iter().map(|variance| variance.max(LEAST_VARIANCE)).collect();
            let log: f64 = variance.iter().map(|variance| libm::log(2.0 * PI * variance)).sum();
            Normal { constant: libm::log(class.prior) - 0.5 * log, mean: class.theta.data, variance }
        };
        let densities = fitted.class_info.into_values().map(normal).collect();
        Ok((matrix.model(Form::Gaussian(densities))?, DONE))
    }
}

impl LinfaBernoulliNbValidParams {
    fn check_options(&self) -> Result<()> {
        within("alpha", self.alpha, 1e-9..=1e6)
    }

    fn learn(&self, matrix: Matrix) -> Result<(LinearModel, Convergence)> {
        let cure = "give a larger alpha";
        let fitted = BernoulliNbParams::new()
            .alpha(self.alpha)
            .fit(&matrix.dataset())
            .map_err(|error| matrix.failed(error, cure))?;
        // Its parameters are private, but it is linear in binary rows: the row of zeros gives the intercepts, and each
        // row with a single 1 what its column adds.
        let columns = matrix.x.ncols();
        let mut probes = Array2::zeros((columns + 1, columns));
        (0..columns).for_each(|column| probes[(column + 1, column)] = 1.0);
        let likelihood = fitted.joint_log_likelihood(probes.view());
        let class = |class: usize| {
            let scores = &likelihood[&class];
            (scores.iter().skip(1).map(|score| score - scores[0]).collect(), scores[0])
        };
        let classes: Vec<(Vec<f64>, f64)> = (0..matrix.classes.seen.len()).map(class).collect();
        Ok((matrix.linear(&classes, cure)?, DONE))
    }
}
