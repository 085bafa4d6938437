//! `linfa-gaussian-nb` and `linfa-bernoulli-nb`.

use super::params::{dense_params, within};
use super::{Parts, check_finite, check_length};
use crate::error::{Error, Result};

dense_params! {
    /// Unchecked options of `linfa-gaussian-nb`: linfa's `GaussianNb`, a normal curve for each column in each class.
    ///
    /// n-grams are nothing like normal: most values are 0, and a column that a class never has is a needle at 0 there.
    /// [`smoothing`](LinfaGaussianNbParams::smoothing) widens it.
    ///
    /// ```
    /// # #[cfg(feature = "linfa-classifiers")] {
    /// use linfa::DatasetBase;
    /// use linfa::traits::{Fit, Predict};
    /// use ndarray::array;
    /// use tasnif::classify::dense::{LinfaGaussianNbParams, Select};
    /// use tasnif::features::csr::Csr;
    ///
    /// let mut rows = Csr::new(2);
    /// for (x, y) in [(-1.0, 0.1), (-1.2, 0.4), (1.1, 0.2), (0.8, 0.3)] {
    ///     rows.push_row([(0, x), (1, y)])?;
    /// }
    /// let dataset = DatasetBase::new(rows, array![0, 0, 1, 1]);
    /// let model = LinfaGaussianNbParams::default().select(Select::None).fit(&dataset)?;
    /// assert_eq!(model.predict(&dataset), array![0, 0, 1, 1]);
    /// # }
    /// # Ok::<(), tasnif::Error>(())
    /// ```
    LinfaGaussianNbParams, LinfaGaussianNbValidParams, "linfa-gaussian-nb", features = 1_000,
    /// What is added to every variance, as a share of the largest over all records. Default 0.1; linfa's is 1e-9.
    smoothing: f64 = 0.1,
}

dense_params! {
    /// Unchecked options of `linfa-bernoulli-nb`: linfa's `BernoulliNb`, on whether a value is above 0.
    LinfaBernoulliNbParams, LinfaBernoulliNbValidParams, "linfa-bernoulli-nb", features = 2_000,
    /// What is added to every count. Default 1.
    alpha: f64 = 1.0,
}

impl LinfaGaussianNbValidParams {
    fn check_options(&self) -> Result<()> {
        within("smoothing", self.smoothing, 1e-12..=1e6)
    }
}

impl LinfaBernoulliNbValidParams {
    fn check_options(&self) -> Result<()> {
        within("alpha", self.alpha, 1e-9..=1e6)
    }
}

/// A normal density for each class and column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Gaussian {
    /// For each class, the log density at its mean plus the log prior.
    constant: Vec<f64>,
    /// Class by class.
    mean: Vec<f64>,
    variance: Vec<f64>,
}

impl Gaussian {
    pub(super) fn new(
        columns: usize,
        constant: Vec<f64>,
        mean: Vec<f64>,
        variance: Vec<f64>,
        classes: usize,
    ) -> Result<Self> {
        check_length("constants", constant.len(), classes)?;
        check_length("means", mean.len(), columns * classes)?;
        check_length("variances", variance.len(), columns * classes)?;
        check_finite("constants", &constant)?;
        check_finite("means", &mean)?;
        check_finite("variances", &variance)?;
        if variance.iter().any(|&variance| variance <= 0.0) {
            return Err(Error::Parameter("a variance of the model is not above 0".into()));
        }
        Ok(Gaussian { constant, mean, variance })
    }

    pub(super) fn parts(&self, parts: &mut Parts) {
        parts.numbers.insert("constant", self.constant.clone());
        parts.numbers.insert("mean", self.mean.clone());
        parts.numbers.insert("variance", self.variance.clone());
    }

    /// Log densities plus log priors.
    pub(super) fn scores(&self, x: &[f64]) -> Vec<f64> {
        let columns = x.len().max(1);
        let class = |((constant, mean), variance): ((&f64, &[f64]), &[f64])| {
            let squares = x.iter().zip(mean).zip(variance).map(|((x, m), v)| (x - m) * (x - m) / v);
            constant - 0.5 * squares.sum::<f64>()
        };
        let rows = self.mean.chunks_exact(columns).zip(self.variance.chunks_exact(columns));
        self.constant
            .iter()
            .zip(rows)
            .map(|(constant, (mean, variance))| class(((constant, mean), variance)))
            .collect()
    }
}

#[cfg(feature = "linfa-classifiers")]
mod learn {
    use std::collections::BTreeMap;

    use linfa::traits::Fit;
    use linfa_bayes::{BernoulliNbParams, GaussianNbParams, NaiveBayes};
    use ndarray::Array2;
    use serde::Deserialize;

    use super::super::linear::Linear;
    use super::super::matrix::Matrix;
    use super::super::{DenseModel, Form};
    use super::{Gaussian, LinfaBernoulliNbValidParams, LinfaGaussianNbValidParams};
    use crate::classify::Convergence;
    use crate::error::Result;

    /// Counting ends when it ends.
    const COUNTED: Convergence = Convergence { iterations: 1, converged: true, objective: 0.0 };

    /// The least variance, for rows that are all the same.
    const LEAST_VARIANCE: f64 = 1e-30;

    /// linfa's `GaussianNb`, whose fields are private, as it serialises.
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
        pub(super) fn learn(&self, matrix: Matrix) -> Result<(DenseModel, Convergence)> {
            matrix.equal_weights()?;
            let cure = "give a larger smoothing";
            let fitted = GaussianNbParams::new()
                .var_smoothing(self.smoothing)
                .fit(&matrix.dataset())
                .map_err(|error| matrix.failed(error, cure))?;
            let fitted: Fitted = serde_json::to_value(&fitted)
                .and_then(serde_json::from_value)
                .map_err(|error| matrix.failed(error, cure))?;
            let (mut constant, mut mean, mut variance) = (Vec::new(), Vec::new(), Vec::new());
            for class in fitted.class_info.into_values() {
                let sigma = class.sigma.data.iter().map(|sigma| sigma.max(LEAST_VARIANCE));
                let sigma: Vec<f64> = sigma.collect();
                let log: f64 = sigma.iter().map(|sigma| libm::log(2.0 * std::f64::consts::PI * sigma)).sum();
                constant.push(libm::log(class.prior) - 0.5 * log);
                mean.extend(class.theta.data);
                variance.extend(sigma);
            }
            let form = Gaussian::new(matrix.x.ncols(), constant, mean, variance, matrix.seen())?;
            Ok((matrix.model(Form::Gaussian(form))?, COUNTED))
        }
    }

    impl LinfaBernoulliNbValidParams {
        pub(super) fn learn(&self, matrix: Matrix) -> Result<(DenseModel, Convergence)> {
            matrix.equal_weights()?;
            let cure = "give a larger alpha";
            let fitted = BernoulliNbParams::new()
                .alpha(self.alpha)
                .fit(&matrix.dataset())
                .map_err(|error| matrix.failed(error, cure))?;
            // It has no way to its parameters, but it is linear in presence: the row of zeros gives the intercepts, and
            // each row with a single 1 what its column adds.
            let columns = matrix.x.ncols();
            let mut probes = Array2::zeros((columns + 1, columns));
            (0..columns).for_each(|column| probes[(column + 1, column)] = 1.0);
            let likelihood = fitted.joint_log_likelihood(probes.view());
            let class = |class: usize| {
                let rows = likelihood.get(&class).map(|rows| rows.to_vec()).unwrap_or_default();
                let intercept = rows.first().copied().unwrap_or(f64::NAN);
                (rows.iter().skip(1).map(|row| row - intercept).collect(), intercept)
            };
            let classes: Vec<(Vec<f64>, f64)> = (0..matrix.seen()).map(class).collect();
            let form =
                Linear::of_classes(true, columns, &classes).map_err(|error| matrix.failed(error, cure))?;
            Ok((matrix.model(Form::Linear(form))?, COUNTED))
        }
    }
}
