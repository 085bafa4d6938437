//! How good a classifier is, and how sure one may be of that.
//!
//! Three questions, in the order in which they are asked:
//!
//! 1. **How often is it right?** [`ConfusionMatrix`] counts which label was taken for which;
//!    [`Report`] is the same as figures, to print or to keep as JSON.
//! 2. **Would another sample say the same?** [`bootstrap_interval`] gives the range of a figure,
//!    [`paired_bootstrap`] and [`mcnemar()`] tell whether one model is better than another.
//! 3. **Can its scores be believed?** [`brier_score`], [`expected_calibration_error`] and
//!    [`calibrated_ece_range`], the calibration error that chance alone would show.
//!
//! A prediction may be `None`: the classifier gave no label. That counts as an error, and stands
//! in a column of its own, [`NO_LABEL`].
//!
//! ```
//! use tasnif::metrics::{ConfusionMatrix, Statistic, bootstrap_interval};
//!
//! let gold = ["strike", "strike", "aid", "talks"];
//! let predicted = [Some("strike"), Some("aid"), Some("aid"), None];
//!
//! let matrix = ConfusionMatrix::new(gold, predicted)?;
//! assert_eq!(matrix.accuracy(), 0.5);
//! assert_eq!(matrix.count("strike", Some("aid")), 1);
//!
//! let interval = bootstrap_interval(&gold, &predicted, Statistic::Accuracy, 1000, 42, 0.95)?;
//! assert!(interval.low < 0.5 && 0.5 < interval.high);
//! println!("{}", matrix.report());
//! # Ok::<(), tasnif::Error>(())
//! ```
//!
//! Everything here is the same to the bit for any number of threads. Why not linfa's own: in 0.8.1
//! its precision and recall swap when a matrix is taken against an array, and its macro F1 is NaN
//! for a label that is never predicted.

mod bootstrap;
mod calibration;
mod confusion;
mod encode;
mod interval;
mod mcnemar;
mod multilabel;
mod paired;
mod report;
mod statistic;
mod table;
#[cfg(test)]
mod tests;

pub use bootstrap::bootstrap_interval;
pub use calibration::{brier_score, calibrated_ece_range, expected_calibration_error};
pub use confusion::{ConfusionMatrix, NO_LABEL};
pub use interval::Interval;
pub use mcnemar::{McNemar, mcnemar};
pub use multilabel::{MultilabelFigures, multilabel_report};
pub use paired::{PairedBootstrap, paired_bootstrap};
pub use report::{Intervals, LabelFigures, Report};
pub use statistic::Statistic;
