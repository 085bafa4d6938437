//! `linfa-svm` and `linfa-kernel-svm`.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_svm::{Svm, SvmParams};
use ndarray::{Array1, Array2};

use super::kernel::Kernel;
use super::matrix::Matrix;
use super::params::{dense_params, within};
use super::{DenseModel, Form};
use crate::classify::{Convergence, LinearModel};
use crate::error::{Error, Result};

dense_params! {
    /// Unchecked options of `linfa-svm`: linfa's `Svm` with C-penalty and a linear kernel, one-vs-rest; SMO on the whole
    /// kernel matrix, so for 10,000 records at most.
    LinfaSvmParams, LinfaSvmValidParams, "linfa-svm" => LinearModel, features = 1_000,
    /// What a record on the wrong side costs; larger fits closer. Default 1.
    c: f64 = 1.0,
    /// Stop when no pair of records violates the optimum by more. Default 1e-3; linfa's is 1e-7.
    tolerance: f64 = 1e-3,
}

dense_params! {
    /// Unchecked options of `linfa-kernel-svm`: as [`LinfaSvmParams`], with the Gaussian kernel `exp(-‖x − x'‖² / width)`.
    ///
    /// ```
    /// use linfa::DatasetBase;
    /// use linfa::traits::{Fit, Predict};
    /// use ndarray::array;
    /// use tasnif::classify::dense::LinfaKernelSvmParams;
    /// use tasnif::features::csr::Csr;
    ///
    /// let mut rows = Csr::new(2);
    /// for (x, y) in [(0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.0)] {
    ///     rows.push_row([(0, x), (1, y)])?;
    /// }
    /// let exclusive_or = DatasetBase::new(rows, array![0, 0, 1, 1]);
    /// let model = LinfaKernelSvmParams::default().c(10.0).fit(&exclusive_or)?;
    /// assert_eq!(model.predict(&exclusive_or), exclusive_or.targets);
    /// # Ok::<(), tasnif::Error>(())
    /// ```
    LinfaKernelSvmParams, LinfaKernelSvmValidParams, "linfa-kernel-svm" => DenseModel, features = 1_000,
    /// What a record on the wrong side costs; larger fits closer. Default 1.
    c: f64 = 1.0,
    /// The squared distance at which the kernel falls to 1/e. Default 1; rows of unit length are 2 apart at most.
    width: f64 = 1.0,
    /// Stop when no pair of records violates the optimum by more. Default 1e-3; linfa's is 1e-7.
    tolerance: f64 = 1e-3,
}

/// SMO takes some multiple of `c` times the squared length of the rows in steps. Beyond this it does not end before the ten
/// million that linfa allows, which take minutes on eighty records.
const MAX_STRETCH: f64 = 1e5;

/// The kernel matrix of this many records takes 800 MB.
const MAX_RECORDS: usize = 10_000;

const CURE: &str = "give a smaller c, or rows of unit length (norm = \"l2\")";

impl LinfaSvmValidParams {
    fn check_options(&self) -> Result<()> {
        check(self.c, self.tolerance)
    }

    fn learn(&self, matrix: Matrix) -> Result<(LinearModel, Convergence)> {
        let longest = matrix.x.rows().into_iter().map(|row| row.dot(&row)).fold(0.0, f64::max);
        if self.c * longest > MAX_STRETCH {
            let reason = format!(
                "c times the squared length of a row is {:e}, above {MAX_STRETCH:e}",
                self.c * longest
            );
            return Err(matrix.failed(reason, CURE));
        }
        let params = Svm::params().pos_neg_weights(self.c, self.c).eps(self.tolerance).linear_kernel();
        let fitted = one_vs_rest(&matrix, &params)?;
        // Its weights are private: a row with a single 1 gives one of them.
        let units = Array2::eye(matrix.x.ncols());
        let weights =
            |svm: &Svm<f64, bool>| units.rows().into_iter().map(|unit| svm.weighted_sum(&unit)).collect();
        let outputs: Vec<(Vec<f64>, f64)> = fitted.iter().map(|svm| (weights(svm), -svm.rho)).collect();
        Ok((matrix.linear(&outputs, CURE)?, convergence(&fitted)))
    }
}

impl LinfaKernelSvmValidParams {
    fn check_options(&self) -> Result<()> {
        within("width", self.width, 1e-9..=1e9)?;
        check(self.c, self.tolerance)
    }

    fn learn(&self, matrix: Matrix) -> Result<(DenseModel, Convergence)> {
        let params =
            Svm::params().pos_neg_weights(self.c, self.c).eps(self.tolerance).gaussian_kernel(self.width);
        let fitted = one_vs_rest(&matrix, &params)?;
        let kernel = Kernel::new(self.width, &matrix.x, &fitted);
        if !kernel.is_finite() {
            return Err(matrix.failed("the solver diverged", CURE));
        }
        Ok((matrix.model(Form::Kernel(kernel))?, convergence(&fitted)))
    }
}

fn check(c: f64, tolerance: f64) -> Result<()> {
    within("c", c, 1e-6..=1e6)?;
    within("tolerance", tolerance, 1e-12..=1.0)
}

/// Trains each output, one after the other: each has a kernel matrix of its own.
fn one_vs_rest(matrix: &Matrix, params: &SvmParams<f64, bool>) -> Result<Vec<Svm<f64, bool>>> {
    let records = matrix.x.nrows();
    if records > MAX_RECORDS {
        return Err(Error::Dataset(format!(
            "{records} records are too many for linfa's SVM, which compares each with each: train on {MAX_RECORDS} at most, or take svm"
        )));
    }
    let train = |hits: Array1<bool>| {
        let fitted = params.fit(&DatasetBase::new(matrix.x.view(), hits.view()));
        fitted.map_err(|error| matrix.failed(error, CURE))
    };
    matrix.one_vs_rest().map(train).collect()
}

/// How the solvers ended, which is private but for their display: `Exited after 12 iterations …` or `Reached maximal
/// iterations 12 …`.
fn convergence(fitted: &[Svm<f64, bool>]) -> Convergence {
    let ends: Vec<String> = fitted.iter().map(|svm| svm.to_string()).collect();
    let iterations = |end: &String| end.split(' ').find_map(|word| word.parse::<usize>().ok());
    Convergence {
        iterations: ends.iter().filter_map(iterations).max().unwrap_or(0),
        converged: ends.iter().all(|end| end.starts_with("Exited")),
        objective: 0.0,
    }
}
