//! `linfa-logistic`.

use linfa::traits::Fit;
use linfa_logistic::MultiLogisticRegression;
use ndarray::{Array1, Array2, Axis};

use super::matrix::Matrix;
use super::params::{dense_params, within};
use crate::classify::{Convergence, LinearModel};
use crate::error::Result;

dense_params! {
    /// Unchecked options of `linfa-logistic`: linfa's `MultiLogisticRegression`, L-BFGS on `Σ −ln p + ‖W‖² / 2C`. With two
    /// classes `W` is the one row of weights that linfa's `LogisticRegression` has too.
    ///
    /// ```
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
    /// assert_eq!(model.predict(&dataset.records), array![0, 0, 1, 1, 2, 2]);
    /// assert_eq!(model.weight(7, 0), 0.0, "column 7 tells nothing apart and was not kept");
    /// # Ok::<(), tasnif::Error>(())
    /// ```
    LinfaLogisticParams, LinfaLogisticValidParams, "linfa-logistic" => LinearModel, features = 1_000,
    /// The inverse of the regularisation strength; larger fits closer. Default 10, which does best on rows of unit
    /// length; linfa's `alpha` is its inverse.
    c: f64 = 10.0,
    /// How many iterations to allow. Default 200.
    max_iterations: u64 = 200,
    /// Stop when the gradient is shorter than this, on rows that are scaled to a curvature of 1. Default 1e-4.
    tolerance: f64 = 1e-4,
}

const CURE: &str = "give a smaller c, or rows of unit length (norm = \"l2\")";

/// A gradient this much shorter than the one at zero is that of a minimum.
const SHORT: f64 = 1e-3;

impl LinfaLogisticValidParams {
    fn check_options(&self) -> Result<()> {
        within("c", self.c, 1e-9..=1e9)?;
        within("max_iterations", self.max_iterations, 1..=1_000_000)?;
        within("tolerance", self.tolerance, 1e-12..=1.0)
    }

    fn learn(&self, mut matrix: Matrix) -> Result<(LinearModel, Convergence)> {
        let classes = matrix.classes.seen.len();
        // Two rows of weights share what would be one, and count half of its square.
        let alpha = if classes == 2 { 2.0 } else { 1.0 } / self.c;
        // linfa's first step is the whole gradient, and its line search has no end: from a start too far from the
        // minimum, or after a step far over it, training hangs. Scaled to a curvature of 1 and started at the log
        // priors, the first step is no longer than it should be. The minimum is the same.
        let squares: f64 = matrix.x.iter().map(|value| value * value).sum();
        let scale = (squares / 2.0 + alpha).sqrt();
        matrix.x /= scale;
        let alpha = alpha / (scale * scale);
        let mut start = Array2::zeros((matrix.x.ncols() + 1, classes));
        for &target in &matrix.targets {
            start[(matrix.x.ncols(), target)] += 1.0 / matrix.targets.len() as f64;
        }
        start.row_mut(matrix.x.ncols()).mapv_inplace(libm::log);
        let fitted = MultiLogisticRegression::default()
            .alpha(alpha)
            .max_iterations(self.max_iterations)
            .gradient_tolerance(self.tolerance)
            .initial_params(start)
            .fit(&matrix.dataset())
            .map_err(|error| matrix.failed(error, CURE))?;
        // linfa does not say how its solver ended; the gradient where it did does.
        let zero = (Array2::zeros(fitted.params().dim()), Array1::zeros(classes));
        let first = gradient(&matrix, alpha, &zero.0, &zero.1);
        let last = gradient(&matrix, alpha, fitted.params(), fitted.intercept());
        let converged = last <= self.tolerance.max(SHORT * first);
        let iterations = if converged { 0 } else { self.max_iterations as usize };
        // Its classes are sorted, as ours are.
        let columns = fitted.params().axis_iter(Axis(1)).zip(fitted.intercept());
        let outputs: Vec<(Vec<f64>, f64)> = columns
            .map(|(weights, &intercept)| (weights.iter().map(|weight| weight / scale).collect(), intercept))
            .collect();
        Ok((matrix.linear(&outputs, CURE)?, Convergence { iterations, converged, objective: 0.0 }))
    }
}

/// The length of the gradient.
fn gradient(matrix: &Matrix, alpha: f64, weights: &Array2<f64>, intercept: &Array1<f64>) -> f64 {
    let mut error = matrix.x.dot(weights) + intercept;
    for (mut row, &target) in error.rows_mut().into_iter().zip(&matrix.targets) {
        let most = row.fold(f64::NEG_INFINITY, |a, &b| a.max(b));
        row.mapv_inplace(|value| libm::exp(value - most));
        let sum = row.sum();
        row /= sum;
        row[target] -= 1.0;
    }
    let by_weight = matrix.x.t().dot(&error) + weights * alpha;
    let by_intercept = error.sum_axis(Axis(0));
    by_weight.iter().chain(&by_intercept).map(|slope| slope * slope).sum::<f64>().sqrt()
}
