//! Classifiers on sparse rows, each a linfa citizen: parameters with a `ParamGuard`, `Fit` on the checked ones alone,
//! `PredictInplace` and `Predict` on the model.

mod lbfgs;
pub mod linear;
pub mod logistic;
mod weights;

pub use linear::LinearModel;
pub use logistic::{LogisticParams, LogisticRegression};
pub use weights::ClassWeight;
