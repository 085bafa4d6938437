//! Labelled records: what a model learns from and is measured on.
//!
//! [`Dataset::read`] takes TSV, CSV, JSONL and fastText files; [`split`] cuts a data set so that the parts have the same
//! mix of labels and no group (an article, a cluster of near duplicates) stands on both sides.

pub mod format;
mod read;
pub mod records;
pub mod split;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use format::Format;
pub use read::{ReadOptions, open, read_text};
pub use records::{Record, Records};
pub use split::{Fold, folds, train_test_split};

/// A labelled text.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// The text, as it was written.
    pub text: String,
    /// One label; none or several only in multi-label data.
    pub labels: Vec<String>,
    /// What must not be cut apart, such as an article.
    pub group: Option<String>,
    /// How much it counts in training; 1 unless the file says otherwise.
    pub weight: f32,
}

impl Example {
    /// A text with one label, on its own, of weight 1.
    pub fn new(text: impl Into<String>, label: impl Into<String>) -> Self {
        Example { text: text.into(), labels: vec![label.into()], group: None, weight: 1.0 }
    }

    /// The first label, or the empty string when there is none.
    pub fn label(&self) -> &str {
        self.labels.first().map_or("", String::as_str)
    }
}

/// Where records came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The name of the file, without its folder.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// The records it gave.
    pub records: usize,
}

/// Labelled records and where they came from.
///
/// ```
/// use tasnif::dataset::{Dataset, Example};
///
/// let data: Dataset = [Example::new("قصفت الطائرات المدينة", "strike"), Example::new("أدان الوزير القصف", "statement")]
///     .into_iter()
///     .collect();
/// assert_eq!(data.labels(), ["statement", "strike"]);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dataset {
    /// The records, in the order of the files.
    pub examples: Vec<Example>,
    /// The files.
    pub sources: Vec<Source>,
}

impl Dataset {
    /// The number of records.
    pub fn len(&self) -> usize {
        self.examples.len()
    }

    /// Whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.examples.is_empty()
    }

    /// The texts, in order.
    pub fn texts(&self) -> Vec<&str> {
        self.examples.iter().map(|example| example.text.as_str()).collect()
    }

    /// The different labels, sorted.
    pub fn labels(&self) -> Vec<&str> {
        self.label_counts().into_keys().collect()
    }

    /// How many records have each label.
    pub fn label_counts(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for label in self.examples.iter().flat_map(|example| &example.labels) {
            *counts.entry(label.as_str()).or_default() += 1;
        }
        counts
    }

    /// Whether any record has several labels or none.
    pub fn is_multilabel(&self) -> bool {
        self.examples.iter().any(|example| example.labels.len() != 1)
    }

    /// The records at these places, in this order; the sources are those of the whole.
    ///
    /// # Panics
    /// When there is no such place.
    pub fn select(&self, places: &[usize]) -> Dataset {
        Dataset {
            examples: places.iter().map(|&place| self.examples[place].clone()).collect(),
            sources: self.sources.clone(),
        }
    }

    /// Adds the records and sources of another data set.
    pub fn extend(&mut self, other: Dataset) {
        self.examples.extend(other.examples);
        self.sources.extend(other.sources);
    }
}

impl FromIterator<Example> for Dataset {
    fn from_iter<I: IntoIterator<Item = Example>>(examples: I) -> Self {
        Dataset { examples: examples.into_iter().collect(), sources: Vec::new() }
    }
}
