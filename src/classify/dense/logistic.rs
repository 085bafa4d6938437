//! `linfa-logistic`.

use super::params::{dense_params, within};
use crate::error::Result;

dense_params! {
    /// Unchecked options of `linfa-logistic`: linfa's `LogisticRegression` for two classes, `MultiLogisticRegression` for
    /// more; L-BFGS on `Σ −ln p + ‖W‖² / 2C`.
    ///
    /// ```
    /// # #[cfg(feature = "linfa-classifiers")] {
    /// use linfa::DatasetBase;
    /// use linfa::traits::{Fit, Predict};
    /// use ndarray::array;
    /// use tasnif::classify::dense::LinfaLogisticParams;
    /// use tasnif::features::csr::Csr;
    ///
    /// let mut rows = Csr::new(9_000);
    /// for column in [100, 100, 2_000, 2_000, 8_999, 8_999] {
    ///     rows.push_row([(7, 1.0), (column, 1.0)])?;
    /// }
    /// let dataset = DatasetBase::new(rows, array![0, 0, 1, 1, 2, 2]);
    /// let model = LinfaLogisticParams::default().features(3).fit(&dataset)?;
    /// assert_eq!(model.columns(), [100, 2_000, 8_999], "column 7 tells nothing apart");
    /// assert_eq!(model.predict(&dataset), array![0, 0, 1, 1, 2, 2]);
    /// # }
    /// # Ok::<(), tasnif::Error>(())
    /// ```
    LinfaLogisticParams, LinfaLogisticValidParams, "linfa-logistic", features = 1_000,
    /// The inverse of the regularisation strength; larger fits closer. Default 10, which does best on rows of unit
    /// length; linfa's `alpha` is its inverse.
    c: f64 = 10.0,
    /// How many iterations to allow. Default 200.
    max_iterations: u64 = 200,
    /// Stop when the gradient is shorter than this, on rows that are scaled to a curvature of 1. Default 1e-4.
    tolerance: f64 = 1e-4,
}

impl LinfaLogisticValidParams {
    fn check_options(&self) -> Result<()> {
        within("c", self.c, 1e-9..=1e9)?;
        within("max_iterations", self.max_iterations, 1..=1_000_000)?;
        within("tolerance", self.tolerance, 1e-12..=1.0)
    }
}

#[cfg(feature = "linfa-classifiers")]
mod learn {
    use std::cmp::Ordering;

    use linfa::traits::Fit;
    use linfa_logistic::{LogisticRegression, MultiLogisticRegression};
    use ndarray::{Array1, Array2, Axis};

    use super::super::linear::Linear;
    use super::super::matrix::Matrix;
    use super::super::{DenseModel, Form};
    use super::LinfaLogisticValidParams;
    use crate::classify::{Convergence, LinearModel};
    use crate::error::Result;

    const CURE: &str = "give a smaller c, or rows of unit length (norm = \"l2\")";

    /// A gradient this much shorter than the one at zero is that of a minimum.
    const SHORT: f64 = 1e-3;

    impl LinfaLogisticValidParams {
        pub(super) fn learn(&self, mut matrix: Matrix) -> Result<(DenseModel, Convergence)> {
            matrix.equal_weights()?;
            // linfa's first step is the whole gradient, and its line search has no end: from a start too far from the
            // minimum, or after a step far over it, training hangs. Scaled to a curvature of 1 and started at the log
            // priors, the first step is no longer than it should be. The minimum is the same.
            let squares: f64 = matrix.x.iter().map(|value| value * value).sum();
            let scale = (squares / 2.0 + 1.0 / self.c).sqrt();
            matrix.x /= scale;
            let alpha = 1.0 / self.c / (scale * scale);
            let mut outputs =
                if matrix.seen() == 2 { self.two(&matrix, alpha)? } else { self.more(&matrix, alpha)? };
            let convergence = self.convergence(&matrix, alpha, &outputs);
            for (weights, _) in &mut outputs {
                weights.iter_mut().for_each(|weight| *weight /= scale);
            }
            let columns = matrix.x.ncols();
            let form =
                Linear::of_outputs(false, columns, &outputs).map_err(|error| matrix.failed(error, CURE))?;
            Ok((matrix.model(Form::Linear(form))?, convergence))
        }

        fn two(&self, matrix: &Matrix, alpha: f64) -> Result<Vec<(Vec<f64>, f64)>> {
            let priors = log_priors(matrix);
            // Its positive class is the more frequent one, of equals the one that comes first.
            let positive = match priors[1].total_cmp(&priors[0]) {
                Ordering::Greater => 1,
                Ordering::Less => 0,
                Ordering::Equal => matrix.targets[0],
            };
            let sign = if positive == 1 { 1.0 } else { -1.0 };
            let mut start = Array1::zeros(matrix.x.ncols() + 1);
            start[matrix.x.ncols()] = sign * (priors[1] - priors[0]);
            let fitted = LogisticRegression::default()
                .alpha(alpha)
                .max_iterations(self.max_iterations)
                .gradient_tolerance(self.tolerance)
                .initial_params(start)
                .fit(&matrix.dataset())
                .map_err(|error| matrix.failed(error, CURE))?;
            debug_assert_eq!(fitted.labels().pos.class, positive);
            let weights = fitted.params().iter().map(|weight| sign * weight).collect();
            Ok(vec![(weights, sign * fitted.intercept())])
        }

        fn more(&self, matrix: &Matrix, alpha: f64) -> Result<Vec<(Vec<f64>, f64)>> {
            let mut start = Array2::zeros((matrix.x.ncols() + 1, matrix.seen()));
            start.row_mut(matrix.x.ncols()).assign(&Array1::from(log_priors(matrix)));
            let fitted = MultiLogisticRegression::default()
                .alpha(alpha)
                .max_iterations(self.max_iterations)
                .gradient_tolerance(self.tolerance)
                .initial_params(start)
                .fit(&matrix.dataset())
                .map_err(|error| matrix.failed(error, CURE))?;
            // Its classes are sorted, and ours count from 0 without gaps.
            let columns = fitted.params().axis_iter(Axis(1)).zip(fitted.intercept());
            Ok(columns.map(|(weights, &intercept)| (weights.to_vec(), intercept)).collect())
        }

        /// linfa does not say how its solver ended; the gradient where it did does.
        fn convergence(&self, matrix: &Matrix, alpha: f64, outputs: &[(Vec<f64>, f64)]) -> Convergence {
            let zero = vec![(vec![0.0; matrix.x.ncols()], 0.0); outputs.len()];
            let (start, end) = (gradient(matrix, alpha, &zero), gradient(matrix, alpha, outputs));
            let converged = end <= self.tolerance.max(SHORT * start);
            Convergence {
                iterations: if converged { 0 } else { self.max_iterations as usize },
                converged,
                objective: 0.0,
            }
        }
    }

    /// The log of each class's share of the records.
    fn log_priors(matrix: &Matrix) -> Vec<f64> {
        let count = |class| matrix.targets.iter().filter(|&&target| target == class).count() as f64;
        (0..matrix.seen()).map(|class| libm::log(count(class) / matrix.targets.len() as f64)).collect()
    }

    /// The length of the gradient.
    fn gradient(matrix: &Matrix, alpha: f64, outputs: &[(Vec<f64>, f64)]) -> f64 {
        let shape = (matrix.x.ncols(), outputs.len());
        let weights = Array2::from_shape_fn(shape, |(column, output)| outputs[output].0[column]);
        let intercept: Array1<f64> = outputs.iter().map(|output| output.1).collect();
        let mut error = matrix.x.dot(&weights) + &intercept;
        for (mut row, &target) in error.rows_mut().into_iter().zip(&matrix.targets) {
            let mut probabilities = row.to_vec();
            LinearModel::softmax(&mut probabilities);
            probabilities[target] -= 1.0;
            // With one output, that of the second class.
            let skip = probabilities.len() - row.len();
            row.iter_mut().zip(&probabilities[skip..]).for_each(|(error, by)| *error = *by);
        }
        let by_weight = matrix.x.t().dot(&error) + weights * alpha;
        let by_intercept = error.sum_axis(Axis(0));
        by_weight.iter().chain(&by_intercept).map(|slope| slope * slope).sum::<f64>().sqrt()
    }
}
