//! The figures of an evaluation, as they are kept and exchanged.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Interval, MultilabelFigures};

/// All figures of a classifier on labelled records.
///
/// [`Display`](std::fmt::Display) prints it as a table. As JSON it is what `tasnif evaluate
/// --format json` prints:
///
/// ```
/// use tasnif::metrics::{ConfusionMatrix, Report};
///
/// let report = ConfusionMatrix::new(["aid", "aid"], [Some("aid"), None])?.report();
/// let json = concat!(
///     r#"{"n":2,"accuracy":0.5,"macro_f1":0.6666666666666666,"#,
///     r#""labels":{"aid":{"precision":1.0,"recall":0.5,"f1":0.6666666666666666,"support":2}},"#,
///     r#""confusion":{"aid":{"(none)":1,"aid":1}}}"#,
/// );
/// assert_eq!(serde_json::to_string(&report).unwrap(), json);
/// assert_eq!(serde_json::from_str::<Report>(json).unwrap(), report);
/// # Ok::<(), tasnif::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The number of records.
    pub n: u64,
    /// The share of records whose predicted label is the gold one.
    pub accuracy: f64,
    /// The mean F1 over the labels with support above 0.
    pub macro_f1: f64,
    /// Figures by label: every gold and every predicted one.
    pub labels: BTreeMap<String, LabelFigures>,
    /// Counts by gold label, then by predicted label, with [`NO_LABEL`](super::NO_LABEL) for records
    /// without one (left out if there are none). Up to 256 labels every cell is there; above, only
    /// those that are not 0.
    pub confusion: BTreeMap<String, BTreeMap<String, u64>>,
    /// What is measured besides where records may have any number of labels; `accuracy` then counts label sets that are right
    /// to the last label, and `confusion` is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multilabel: Option<MultilabelFigures>,
    /// 95 % intervals, if they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intervals: Option<Intervals>,
    /// The Brier score, if the classifier gives probabilities: see [`brier_score`](super::brier_score).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brier: Option<f64>,
    /// The calibration error, if the classifier gives probabilities: see
    /// [`expected_calibration_error`](super::expected_calibration_error).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ece: Option<f64>,
}

/// The figures of one label; a ratio of nothing to nothing is 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LabelFigures {
    /// Of the records given this label, the share that has it.
    pub precision: f64,
    /// Of the records that have this label, the share that was given it.
    pub recall: f64,
    /// The harmonic mean of precision and recall.
    pub f1: f64,
    /// The number of records that have this label.
    pub support: u64,
}

/// 95 % percentile bootstrap intervals of the overall figures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Intervals {
    /// That of the accuracy.
    pub accuracy: Interval,
    /// That of the macro F1.
    pub macro_f1: Interval,
}
