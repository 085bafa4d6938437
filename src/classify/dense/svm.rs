//! `linfa-svm`.

use serde::{Deserialize, Serialize};

use super::params::{dense_params, within};
use crate::error::Result;

/// The kernel of `linfa-svm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SvmKernel {
    /// `x · x'`
    #[default]
    Linear,
    /// `exp(-‖x − x'‖² / kernel_width)`
    Gaussian,
}

dense_params! {
    /// Unchecked options of `linfa-svm`: linfa's `Svm` with C-penalty, one-vs-rest; SMO on the whole kernel matrix, so for
    /// 10,000 records at most.
    LinfaSvmParams, LinfaSvmValidParams, "linfa-svm", features = 1_000,
    /// What a record on the wrong side costs; larger fits closer. Default 1.
    c: f64 = 1.0,
    /// The kernel. Default linear.
    kernel: SvmKernel = SvmKernel::Linear,
    /// The squared distance at which the Gaussian kernel falls to 1/e. Default 1; rows of unit length are 2 apart at
    /// most.
    kernel_width: f64 = 1.0,
    /// Stop when no pair of records violates the optimum by more. Default 1e-3; linfa's is 1e-7.
    tolerance: f64 = 1e-3,
}

impl LinfaSvmValidParams {
    fn check_options(&self) -> Result<()> {
        within("c", self.c, 1e-6..=1e6)?;
        within("kernel_width", self.kernel_width, 1e-9..=1e9)?;
        within("tolerance", self.tolerance, 1e-12..=1.0)
    }

    /// The form of its models.
    pub(super) fn form(&self) -> super::FormKind {
        match self.kernel {
            SvmKernel::Linear => super::FormKind::Linear,
            SvmKernel::Gaussian => super::FormKind::Kernel,
        }
    }
}

impl LinfaSvmParams {
    pub(crate) fn form(&self) -> super::FormKind {
        self.0.form()
    }
}

#[cfg(feature = "linfa-classifiers")]
mod learn {
    use linfa::DatasetBase;
    use linfa::traits::Fit;
    use linfa_svm::Svm;
    use ndarray::Array1;

    use super::super::kernel::Kernel;
    use super::super::linear::Linear;
    use super::super::matrix::Matrix;
    use super::super::{DenseModel, Form};
    use super::{LinfaSvmValidParams, SvmKernel};
    use crate::classify::Convergence;
    use crate::error::{Error, Result};

    /// The kernel matrix of this many records takes 800 MB.
    const MAX_RECORDS: usize = 10_000;

    /// Numbers in all the kernel matrices that exist together: a gigabyte.
    const MAX_CELLS: usize = 1 << 27;

    /// linfa's own threshold for a support vector.
    const SUPPORTS: f64 = 100.0 * f64::EPSILON;

    impl LinfaSvmValidParams {
        pub(super) fn learn(&self, matrix: Matrix) -> Result<(DenseModel, Convergence)> {
            matrix.equal_weights()?;
            let (records, columns) = matrix.x.dim();
            if records > MAX_RECORDS {
                return Err(Error::Dataset(format!(
                    "{records} records are too many for linfa-svm, which compares each with each: train on {MAX_RECORDS} at most, or take svm"
                )));
            }
            let params = Svm::<f64, bool>::params().pos_neg_weights(self.c, self.c).eps(self.tolerance);
            let params = match self.kernel {
                SvmKernel::Linear => params.linear_kernel(),
                SvmKernel::Gaussian => params.gaussian_kernel(self.kernel_width),
            };
            let cure = "give a smaller c, or rows of unit length (norm = \"l2\")";
            let together = MAX_CELLS / (records * records);
            let fitted = matrix.one_vs_rest(together, |targets: Array1<bool>| {
                let dataset = DatasetBase::new(matrix.x.view(), targets.view());
                params.fit(&dataset).map_err(|error| matrix.failed(error, cure))
            })?;
            let form = match self.kernel {
                SvmKernel::Linear => {
                    let outputs: Vec<(Vec<f64>, f64)> =
                        fitted.iter().map(|svm| (hyperplane(svm, columns), -svm.rho)).collect();
                    Linear::of_outputs(false, columns, &outputs).map(Form::Linear)
                }
                SvmKernel::Gaussian => self.kernel(&matrix, &fitted).map(Form::Kernel),
            };
            let form = form.map_err(|error| matrix.failed(error, cure))?;
            Ok((matrix.model(form)?, convergence(&fitted)))
        }

        /// The records that support any output.
        fn kernel(&self, matrix: &Matrix, fitted: &[Svm<f64, bool>]) -> Result<Kernel> {
            let alpha = |svm: &Svm<f64, bool>, record: usize| {
                svm.alpha.get(record).copied().filter(|alpha| alpha.abs() > SUPPORTS).unwrap_or(0.0)
            };
            let supports = |&record: &usize| fitted.iter().any(|svm| alpha(svm, record) != 0.0);
            let records: Vec<usize> = (0..matrix.x.nrows()).filter(supports).collect();
            let coefficients =
                records.iter().flat_map(|&record| fitted.iter().map(move |svm| alpha(svm, record))).collect();
            let intercept = fitted.iter().map(|svm| -svm.rho).collect();
            let vectors = records.iter().map(|&record| matrix.x.row(record));
            Kernel::new(self.kernel_width, vectors, coefficients, intercept)
        }
    }

    /// The weights of a linear machine, which are private: what each row with a single 1 gives.
    fn hyperplane(svm: &Svm<f64, bool>, columns: usize) -> Vec<f64> {
        let mut probe = Array1::zeros(columns);
        let weight = |column: usize| {
            probe[column] = 1.0;
            let weight = svm.weighted_sum(&probe);
            probe[column] = 0.0;
            weight
        };
        (0..columns).map(weight).collect()
    }

    /// How the solvers ended is private too, but for their display: `Exited after 12 iterations …` or `Reached maximal
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
}
