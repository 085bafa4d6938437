//! `linfa-ftrl`.

use super::params::{dense_params, within};
use crate::error::Result;

dense_params! {
    /// Unchecked options of `linfa-ftrl`: linfa's `Ftrl`, logistic regression by the regularised leader (McMahan et al.
    /// 2013), one-vs-rest; each step sees all records.
    ///
    /// linfa has no intercept and starts from random `z`: a column of ones is the intercept, and `z` starts from zero,
    /// as published.
    LinfaFtrlParams, LinfaFtrlValidParams, "linfa-ftrl", features = 2_000,
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

impl LinfaFtrlValidParams {
    fn check_options(&self) -> Result<()> {
        within("alpha", self.alpha, 1e-6..=1e3)?;
        within("beta", self.beta, 0.0..=1e6)?;
        within("l1", self.l1, 0.0..=1.0)?;
        // 0 would let the first step divide by 0.
        within("l2", self.l2, 1e-6..=1.0)?;
        within("epochs", self.epochs, 1..=100_000)
    }
}

#[cfg(feature = "linfa-classifiers")]
mod learn {
    use linfa::traits::FitWith;
    use linfa::{DatasetBase, ParamGuard};
    use linfa_ftrl::FtrlParams;
    use ndarray::{Array1, Axis, concatenate};

    use super::super::generator::Zeros;
    use super::super::linear::Linear;
    use super::super::matrix::Matrix;
    use super::super::{DenseModel, Form};
    use super::LinfaFtrlValidParams;
    use crate::classify::Convergence;
    use crate::error::Result;

    impl LinfaFtrlValidParams {
        pub(super) fn learn(&self, matrix: Matrix) -> Result<(DenseModel, Convergence)> {
            matrix.equal_weights()?;
            let cure = "give a smaller alpha, or rows of unit length (norm = \"l2\")";
            let params = FtrlParams::new(self.alpha, self.beta, self.l1, self.l2, Zeros)
                .check()
                .map_err(|error| matrix.failed(error, cure))?;
            let (records, columns) = matrix.x.dim();
            let ones = Array1::ones(records).insert_axis(Axis(1));
            let x = concatenate(Axis(1), &[matrix.x.view(), ones.view()])
                .map_err(|error| matrix.failed(error, cure))?;
            let outputs = matrix.one_vs_rest(usize::MAX, |targets| {
                let dataset = DatasetBase::new(x.view(), targets);
                let mut fitted = None;
                for _ in 0..self.epochs {
                    let next = params.fit_with(fitted, &dataset);
                    fitted = Some(next.map_err(|error| matrix.failed(error, cure))?);
                }
                let mut weights = fitted.map(|fitted| fitted.get_weights().to_vec()).unwrap_or_default();
                let intercept = weights.pop().unwrap_or(f64::NAN);
                Ok((weights, intercept))
            })?;
            let form =
                Linear::of_outputs(false, columns, &outputs).map_err(|error| matrix.failed(error, cure))?;
            // It takes the steps it is told to take.
            let convergence = Convergence { iterations: self.epochs, converged: true, objective: 0.0 };
            Ok((matrix.model(Form::Linear(form))?, convergence))
        }
    }
}
