//! What the options of all dense classifiers have in common.

use std::fmt::Display;
use std::ops::RangeInclusive;

use super::MAX_FEATURES;
use crate::error::{Error, Result};

/// Refuses numbers of features that cannot be kept.
pub(super) fn check_features(features: usize) -> Result<()> {
    within("features", features, 1..=MAX_FEATURES)
}

/// Refuses a value outside of `range`, NaN among them.
pub(super) fn within<T: PartialOrd + Display>(name: &str, value: T, range: RangeInclusive<T>) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    let (from, to) = range.into_inner();
    Err(Error::Parameter(format!("{name} {value}: give a number from {from} to {to}")))
}

/// The error of a build that cannot train.
#[cfg(not(feature = "linfa-classifiers"))]
pub(super) fn untrainable(kind: &str) -> Error {
    Error::Parameter(format!(
        "this build of tasnif cannot train {kind}: build it with the Cargo feature linfa-classifiers (models load and predict without)"
    ))
}

/// Defines the unchecked and the checked options of a dense classifier: those below, and which columns it is given.
///
/// The checked options need `fn check_options(&self) -> Result<()>` and, with the feature `linfa-classifiers`,
/// `fn learn(&self, Matrix) -> Result<(DenseModel, Convergence)>`.
macro_rules! dense_params {
    (
        $(#[$doc:meta])*
        $unchecked:ident, $valid:ident, $kind:literal, features = $features:literal,
        $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr,)*
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $unchecked($valid);

        #[doc = concat!("Checked options of `", $kind, "`.")]
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $valid {
            features: usize,
            select: $crate::classify::dense::Select,
            $($field: $type,)*
            #[serde(skip)]
            class_weight: $crate::classify::ClassWeight,
            #[serde(skip)]
            classes: Option<usize>,
        }

        impl Default for $valid {
            fn default() -> Self {
                $valid {
                    features: $features,
                    select: $crate::classify::dense::Select::default(),
                    $($field: $default,)*
                    class_weight: $crate::classify::ClassWeight::None,
                    classes: None,
                }
            }
        }

        impl $unchecked {
            #[doc = concat!("How many columns to keep at most, 1 to 2,000. Default ", $features, ".")]
            pub fn features(mut self, features: usize) -> Self {
                self.0.features = features;
                self
            }

            /// Which columns to keep. Default the best by χ².
            pub fn select(mut self, select: $crate::classify::dense::Select) -> Self {
                self.0.select = select;
                self
            }

            $(
                $(#[$field_doc])*
                pub fn $field(mut self, $field: $type) -> Self {
                    self.0.$field = $field;
                    self
                }
            )*

            /// Weights by class. Default none.
            pub fn class_weight(mut self, class_weight: $crate::classify::ClassWeight) -> Self {
                self.0.class_weight = class_weight;
                self
            }

            /// The number of classes, where the largest may be missing from the training records (in a fold).
            pub fn classes(mut self, classes: usize) -> Self {
                self.0.classes = Some(classes);
                self
            }
        }

        impl linfa::ParamGuard for $unchecked {
            type Checked = $valid;
            type Error = $crate::error::Error;

            fn check_ref(&self) -> $crate::error::Result<&$valid> {
                $crate::classify::dense::params::check_features(self.0.features)?;
                self.0.check_options()?;
                Ok(&self.0)
            }

            fn check(self) -> $crate::error::Result<$valid> {
                self.check_ref()?;
                Ok(self.0)
            }
        }

        impl $valid {
            /// Trains, and says how it ended.
            pub(crate) fn train(
                &self,
                dataset: &linfa::DatasetBase<$crate::features::csr::Csr, ndarray::Array1<usize>>,
            ) -> $crate::error::Result<($crate::classify::dense::DenseModel, $crate::classify::Convergence)> {
                #[cfg(feature = "linfa-classifiers")]
                {
                    let columns = (self.select, self.features);
                    let matrix = $crate::classify::dense::matrix::Matrix::new(
                        $kind, dataset, columns, self.classes, &self.class_weight,
                    )?;
                    self.learn(matrix)
                }
                #[cfg(not(feature = "linfa-classifiers"))]
                {
                    let _ = dataset;
                    Err($crate::classify::dense::params::untrainable($kind))
                }
            }
        }

        impl linfa::traits::Fit<$crate::features::csr::Csr, ndarray::Array1<usize>, $crate::error::Error>
            for $valid
        {
            type Object = $crate::classify::dense::DenseModel;

            /// Targets are class indices; weights of the dataset are sample weights.
            ///
            /// # Errors
            /// [`Error::Dataset`]($crate::Error::Dataset) for what cannot be trained on.
            fn fit(
                &self,
                dataset: &linfa::DatasetBase<$crate::features::csr::Csr, ndarray::Array1<usize>>,
            ) -> $crate::error::Result<$crate::classify::dense::DenseModel> {
                Ok(self.train(dataset)?.0)
            }
        }
    };
}
pub(super) use dense_params;
