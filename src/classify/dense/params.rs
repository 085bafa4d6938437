//! What the options of all dense classifiers have in common.

use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::error::{Error, Result};

/// Refuses a value outside of `range`, NaN among them.
pub(super) fn within<T: PartialOrd + Display>(name: &str, value: T, range: RangeInclusive<T>) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    let (from, to) = range.into_inner();
    Err(Error::Parameter(format!("{name} {value}: give a number from {from} to {to}")))
}

/// Defines the unchecked and the checked options of a dense classifier: those below, and which columns it is given.
///
/// The checked options need `fn check_options(&self) -> Result<()>` and
/// `fn learn(&self, Matrix) -> Result<(Model, Convergence)>`.
macro_rules! dense_params {
    (
        $(#[$doc:meta])*
        $unchecked:ident, $valid:ident, $kind:literal => $model:ty, features = $features:literal,
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
            select: $crate::classify::Selection,
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
                    select: $crate::classify::Selection::default(),
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

            /// How columns are ranked. Default χ². Columns with values below 0 are kept whatever their rank.
            pub fn select(mut self, select: $crate::classify::Selection) -> Self {
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

            /// Weights by class, which must come out the same for every record. Default none.
            pub fn class_weight(mut self, class_weight: $crate::classify::ClassWeight) -> Self {
                self.0.class_weight = class_weight;
                self
            }

            /// The number of classes, where the largest may be missing from the training records (in a fold).
            pub fn classes(mut self, classes: usize) -> Self {
                self.0.classes = Some(classes);
                self
            }

            /// Trains on rows whose targets are indices below `classes`, and says how it ended.
            pub(in crate::classify) fn train(
                &self,
                dataset: &linfa::DatasetBase<$crate::features::csr::Csr, ndarray::Array1<usize>>,
                classes: usize,
                class_weight: $crate::classify::ClassWeight,
            ) -> $crate::error::Result<($model, $crate::classify::Convergence)> {
                let params = self.clone().classes(classes).class_weight(class_weight);
                linfa::ParamGuard::check(params)?.train(dataset)
            }
        }

        impl linfa::ParamGuard for $unchecked {
            type Checked = $valid;
            type Error = $crate::error::Error;

            fn check_ref(&self) -> $crate::error::Result<&$valid> {
                let most = $crate::classify::dense::MAX_FEATURES;
                $crate::classify::dense::params::within("features", self.0.features, 1..=most)?;
                self.0.check_options()?;
                Ok(&self.0)
            }

            fn check(self) -> $crate::error::Result<$valid> {
                self.check_ref()?;
                Ok(self.0)
            }
        }

        impl $valid {
            fn train(
                &self,
                dataset: &linfa::DatasetBase<$crate::features::csr::Csr, ndarray::Array1<usize>>,
            ) -> $crate::error::Result<($model, $crate::classify::Convergence)> {
                self.learn($crate::classify::dense::matrix::Matrix::new(
                    $kind,
                    dataset,
                    (self.select, self.features),
                    self.classes,
                    &self.class_weight,
                )?)
            }
        }

        impl linfa::traits::Fit<$crate::features::csr::Csr, ndarray::Array1<usize>, $crate::error::Error>
            for $valid
        {
            type Object = $model;

            /// Targets are class indices; weights of the dataset, if any, must be the same for every record.
            ///
            /// # Errors
            /// [`Error::Dataset`]($crate::Error::Dataset) for what cannot be trained on.
            fn fit(
                &self,
                dataset: &linfa::DatasetBase<$crate::features::csr::Csr, ndarray::Array1<usize>>,
            ) -> $crate::error::Result<$model> {
                Ok(self.train(dataset)?.0)
            }
        }
    };
}
pub(super) use dense_params;
