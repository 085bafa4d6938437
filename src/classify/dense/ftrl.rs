//! `linfa-ftrl`.

use linfa::traits::FitWith;
use linfa::{DatasetBase, ParamGuard};
use linfa_ftrl::FtrlParams;
use ndarray::{Array2, Axis, concatenate};
use rand::rngs::mock::StepRng;

use super::matrix::Matrix;
use super::params::{dense_params, within};
use crate::classify::{Convergence, LinearModel};
use crate::error::Result;

dense_params! {
    /// Unchecked options of `linfa-ftrl`: linfa's `Ftrl`, logistic regression by the regularised leader (McMahan et al.,
    /// "Ad click prediction", KDD 2013), one-vs-rest; each step sees all records.
    ///
    /// linfa has no intercept and starts from random `z`: here a column of ones is the intercept, and `z` starts from zero,
    /// as published.
    LinfaFtrlParams, LinfaFtrlValidParams, "linfa-ftrl" => LinearModel, features = 2_000,
    /// The learning rate. Default 1.
    alpha: f64 = 1.0,
    /// What slows learning at the start. Default 1.
    beta: f64 = 1.0,
    /// The L1 penalty, 0 to 1: larger leaves more weights at 0. Default 0.1.
    l1: f64 = 0.1,
    /// The L2 penalty, up to 1. Default 0.1.
    l2: f64 = 0.1,
    /// The number of steps. Default 100.
    epochs: usize = 100,
}

const CURE: &str = "give a smaller alpha, or rows of unit length (norm = \"l2\")";

impl LinfaFtrlValidParams {
    fn check_options(&self) -> Result<()> {
        within("alpha", self.alpha, 1e-6..=1e3)?;
        within("beta", self.beta, 0.0..=1e6)?;
        within("l1", self.l1, 0.0..=1.0)?;
        // 0 would let the first step divide by 0.
        within("l2", self.l2, 1e-6..=1.0)?;
        within("epochs", self.epochs, 1..=100_000)
    }

    fn learn(&self, matrix: Matrix) -> Result<(LinearModel, Convergence)> {
        // The start that linfa draws at random is 0 from a generator that gives nothing else.
        let params = FtrlParams::new(self.alpha, self.beta, self.l1, self.l2, StepRng::new(0, 0))
            .check()
            .map_err(|error| matrix.failed(error, CURE))?;
        let ones = Array2::ones((matrix.x.nrows(), 1));
        let x = concatenate(Axis(1), &[matrix.x.view(), ones.view()])
            .map_err(|error| matrix.failed(error, CURE))?;
        let train = |hits| {
            let dataset = DatasetBase::new(x.view(), hits);
            let mut fitted = params.fit_with(None, &dataset);
            for _ in 1..self.epochs {
                fitted = fitted.and_then(|fitted| params.fit_with(Some(fitted), &dataset));
            }
            let weights = fitted.map_err(|error| matrix.failed(error, CURE))?.get_weights().to_vec();
            let (intercept, weights) =
                weights.split_last().map_or((f64::NAN, &[][..]), |(last, rest)| (*last, rest));
            Ok((weights.to_vec(), intercept))
        };
        let outputs = matrix.one_vs_rest().map(train).collect::<Result<Vec<_>>>()?;
        // It takes the steps it is told to take.
        let convergence = Convergence { iterations: self.epochs, converged: true, objective: 0.0 };
        Ok((matrix.linear(&outputs, CURE)?, convergence))
    }
}
