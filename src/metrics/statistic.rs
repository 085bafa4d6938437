//! The figures that are resampled, computed from counts.

use serde::{Deserialize, Serialize};

/// A figure of a classifier on a set of records, between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// The share of the records whose predicted label is the gold one.
    Accuracy,
    /// The mean F1 over the labels that occur in the gold labels.
    MacroF1,
}

/// Per-label counts: all that the figures need to know of a set of records.
#[derive(Debug, Clone)]
pub(crate) struct Tally {
    /// Records by label, where gold and predicted agree.
    correct: Vec<u64>,
    /// Records by gold label.
    gold: Vec<u64>,
    /// Records by predicted label; the last entry is of those without one.
    predicted: Vec<u64>,
}

impl Tally {
    pub(crate) fn new(labels: usize) -> Self {
        Tally { correct: vec![0; labels], gold: vec![0; labels], predicted: vec![0; labels + 1] }
    }

    pub(crate) fn clear(&mut self) {
        self.correct.fill(0);
        self.gold.fill(0);
        self.predicted.fill(0);
    }

    /// Adds `count` records of label number `gold` that were given label number `predicted`.
    pub(crate) fn add(&mut self, gold: usize, predicted: usize, count: u64) {
        self.gold[gold] += count;
        self.predicted[predicted] += count;
        if gold == predicted {
            self.correct[gold] += count;
        }
    }

    pub(crate) fn statistic(&self, statistic: Statistic) -> f64 {
        match statistic {
            Statistic::Accuracy => ratio(self.correct.iter().sum(), self.gold.iter().sum()),
            Statistic::MacroF1 => {
                let present = (0..self.gold.len()).filter(|&label| self.gold[label] > 0);
                let (sum, n) = present.fold((0.0, 0u64), |(sum, n), label| (sum + self.f1(label), n + 1));
                if n == 0 { 0.0 } else { sum / n as f64 }
            }
        }
    }

    pub(super) fn precision(&self, label: usize) -> f64 {
        ratio(self.correct[label], self.predicted[label])
    }

    pub(super) fn recall(&self, label: usize) -> f64 {
        ratio(self.correct[label], self.gold[label])
    }

    /// 2·correct / (gold + predicted), the harmonic mean of precision and recall.
    pub(super) fn f1(&self, label: usize) -> f64 {
        ratio(2 * self.correct[label], self.gold[label] + self.predicted[label])
    }

    pub(super) fn support(&self, label: usize) -> u64 {
        self.gold[label]
    }
}

/// `part / whole`, and 0 for 0/0.
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
