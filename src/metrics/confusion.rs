//! Which label was taken for which.

use std::collections::BTreeMap;

use super::encode::{code, position, same_length, sorted_union};
use super::report::{Intervals, LabelFigures, Report};
use super::statistic::{Statistic, Tally};
use super::{Interval, bootstrap};
use crate::{Error, Result};

/// The name under which records without a predicted label are counted.
pub const NO_LABEL: &str = "(none)";

/// Up to this many labels a report holds every cell of the matrix, zeros too; above it only what occurred.
const FULL_MATRIX: usize = 256;

/// Counts of records by gold and by predicted label.
///
/// Only the cells that occur are kept, so a data set with thousands of labels costs no square of them.
/// A ratio of nothing to nothing (the precision of a label never predicted, the recall of a label
/// that never occurs) is 0, as scikit-learn has it with `zero_division=0`.
///
/// ```
/// use tasnif::metrics::ConfusionMatrix;
///
/// let gold = ["قصف", "قصف", "إغاثة"];
/// let predicted = [Some("قصف"), Some("إغاثة"), Some("إغاثة")];
/// let matrix = ConfusionMatrix::new(gold, predicted)?;
/// let bombing = matrix.label("قصف").unwrap();
/// assert_eq!((bombing.precision, bombing.recall, bombing.support), (1.0, 0.5, 2));
/// # Ok::<(), tasnif::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ConfusionMatrix {
    labels: Vec<String>,
    /// Count by (gold, predicted); predicted is `labels.len()` for no label.
    cells: BTreeMap<(usize, usize), u64>,
    tally: Tally,
}

impl ConfusionMatrix {
    /// Counts gold labels against predictions, record by record; `None` is a record that got no label.
    ///
    /// The labels are the sorted union of both. No records give an empty matrix, whose figures are 0.
    ///
    /// # Errors
    /// If there are more of one than of the other, or a label is named [`NO_LABEL`], which could not
    /// be told from a missing one.
    pub fn new<G, P>(
        gold: impl IntoIterator<Item = G>,
        predicted: impl IntoIterator<Item = Option<P>>,
    ) -> Result<Self>
    where
        G: AsRef<str>,
        P: AsRef<str>,
    {
        let gold: Vec<G> = gold.into_iter().collect();
        let predicted: Vec<Option<P>> = predicted.into_iter().collect();
        same_length(gold.len(), predicted.len())?;
        let names = gold.iter().map(AsRef::as_ref);
        let labels = sorted_union(names.chain(predicted.iter().flatten().map(AsRef::as_ref)));
        if position(&labels, NO_LABEL).is_some() {
            return Err(Error::Dataset(format!(
                "a label is named {NO_LABEL}, which stands for records that got no label: rename it"
            )));
        }
        let mut cells = BTreeMap::new();
        for (gold, predicted) in gold.iter().zip(&predicted) {
            let gold = code(&labels, Some(gold.as_ref()));
            let predicted = code(&labels, predicted.as_ref().map(AsRef::as_ref));
            *cells.entry((gold, predicted)).or_insert(0) += 1;
        }
        let mut tally = Tally::new(labels.len());
        for (&(gold, predicted), &count) in &cells {
            tally.add(gold, predicted, count);
        }
        Ok(ConfusionMatrix { labels, cells, tally })
    }

    /// The labels, sorted: every gold and every predicted one.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The number of records.
    pub fn n(&self) -> u64 {
        self.cells.values().sum()
    }

    /// The number of records labelled `gold` that were given `predicted` (`None`: no label).
    pub fn count(&self, gold: &str, predicted: Option<&str>) -> u64 {
        let Some(gold) = position(&self.labels, gold) else { return 0 };
        let predicted = match predicted {
            None => self.labels.len(),
            Some(name) => match position(&self.labels, name) {
                Some(predicted) => predicted,
                None => return 0,
            },
        };
        self.cells.get(&(gold, predicted)).copied().unwrap_or(0)
    }

    /// The share of records whose predicted label is the gold one.
    pub fn accuracy(&self) -> f64 {
        self.statistic(Statistic::Accuracy)
    }

    /// The mean F1 over the labels with support above 0.
    ///
    /// A label that is only ever predicted lowers the F1 of the others, but is no term of its own.
    pub fn macro_f1(&self) -> f64 {
        self.statistic(Statistic::MacroF1)
    }

    /// Either figure by name.
    pub fn statistic(&self, statistic: Statistic) -> f64 {
        self.tally.statistic(statistic)
    }

    /// Precision, recall, F1 and support of one label; `None` for a label that does not occur.
    pub fn label(&self, name: &str) -> Option<LabelFigures> {
        position(&self.labels, name).map(|label| self.figures(label))
    }

    /// The percentile bootstrap interval of a figure: see [`bootstrap_interval`](super::bootstrap_interval).
    ///
    /// # Errors
    /// If the matrix is empty, `resamples` is 0 or `level` is not between 0 and 1.
    pub fn interval(
        &self,
        statistic: Statistic,
        resamples: usize,
        seed: u64,
        level: f64,
    ) -> Result<Interval> {
        bootstrap::of_cells(self.labels.len(), &self.cells, statistic, resamples, seed, level)
    }

    /// All figures, without intervals.
    pub fn report(&self) -> Report {
        let full = self.labels.len() <= FULL_MATRIX;
        let abstained = self.cells.keys().any(|&(_, predicted)| predicted == self.labels.len());
        let mut empty_row = BTreeMap::new();
        if full {
            empty_row.extend(self.labels.iter().map(|label| (label.clone(), 0)));
            if abstained {
                empty_row.insert(NO_LABEL.to_owned(), 0);
            }
        }
        let mut confusion: BTreeMap<String, BTreeMap<String, u64>> =
            self.labels.iter().map(|label| (label.clone(), empty_row.clone())).collect();
        for (&(gold, predicted), &count) in &self.cells {
            let predicted = self.labels.get(predicted).map_or(NO_LABEL, String::as_str);
            if let Some(row) = confusion.get_mut(&self.labels[gold]) {
                row.insert(predicted.to_owned(), count);
            }
        }
        let figures = |(label, name): (usize, &String)| (name.clone(), self.figures(label));
        Report {
            n: self.n(),
            accuracy: self.accuracy(),
            macro_f1: self.macro_f1(),
            labels: self.labels.iter().enumerate().map(figures).collect(),
            confusion,
            intervals: None,
            multilabel: None,
            brier: None,
            ece: None,
        }
    }

    /// All figures, with 95 % bootstrap intervals of accuracy and macro F1.
    ///
    /// # Errors
    /// If the matrix is empty or `resamples` is 0.
    pub fn report_with_intervals(&self, resamples: usize, seed: u64) -> Result<Report> {
        let interval = |statistic| self.interval(statistic, resamples, seed, 0.95);
        let intervals =
            Intervals { accuracy: interval(Statistic::Accuracy)?, macro_f1: interval(Statistic::MacroF1)? };
        Ok(Report { intervals: Some(intervals), ..self.report() })
    }

    fn figures(&self, label: usize) -> LabelFigures {
        LabelFigures {
            precision: self.tally.precision(label),
            recall: self.tally.recall(label),
            f1: self.tally.f1(label),
            support: self.tally.support(label),
        }
    }
}
