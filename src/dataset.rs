//! Labelled records: what a model learns from and is measured on.
//!
//! [`Dataset::read`] takes TSV, CSV, JSONL, fastText, Parquet and Arrow files, plain or compressed; [`split`] cuts a data set so that the parts have the same
//! mix of labels and no group (an article, a cluster of near duplicates) stands on both sides.

#[cfg(feature = "columnar")]
pub mod columnar;
mod encoding;
pub mod format;
mod input;
mod inputs;
mod read;
mod reading;
mod record_weight;
pub mod records;
pub mod split;
mod stream;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::disjoint::DisjointSets;
use crate::error::{Error, Result};

pub use encoding::Encoding;
pub use format::Format;
pub use input::{Input, Meter};
pub use inputs::expand;
pub use read::{ReadOptions, read_text, text_of};
pub(crate) use reading::Reading;
pub use record_weight::RecordWeight;
pub use records::{Record, Records};
pub use split::{Fold, folds, train_test_split};
pub use stream::Stream;

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
    /// How much it counts when scores are calibrated; 1 unless the file says otherwise.
    pub calibration_weight: f32,
}

impl Example {
    /// A text with one label, on its own, of weight 1.
    pub fn new(text: impl Into<String>, label: impl Into<String>) -> Self {
        Example {
            text: text.into(),
            labels: vec![label.into()],
            group: None,
            weight: 1.0,
            calibration_weight: 1.0,
        }
    }

    /// The first label, or the empty string when there is none.
    pub fn label(&self) -> &str {
        self.labels.first().map_or("", String::as_str)
    }
}

impl From<Record> for Example {
    fn from(record: Record) -> Self {
        let Record { text, labels, group, weight, .. } = record;
        Example { text, labels, group, weight, calibration_weight: weight }
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
        count_labels(&self.examples)
    }

    /// The number of groups; a record without one is a group of its own.
    pub fn groups(&self) -> usize {
        let named: std::collections::BTreeSet<&str> =
            self.examples.iter().filter_map(|example| example.group.as_deref()).collect();
        named.len() + self.examples.iter().filter(|example| example.group.is_none()).count()
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

    /// Joins groups whose texts are near duplicates (Jaccard similarity of their character 5-grams of `threshold` or more),
    /// so that no split puts a text in training and its twin in the test.
    ///
    /// # Errors
    /// As [`crate::minhash::clusters`].
    pub fn group_near_duplicates(&mut self, threshold: f64) -> crate::Result<()> {
        let clusters = crate::minhash::clusters(&self.texts(), threshold)?;
        self.join_groups(&clusters);
        Ok(())
    }

    /// Joins the groups of records that are in one cluster, given by its smallest record.
    pub(crate) fn join_groups(&mut self, clusters: &[usize]) {
        // A record without a group is a group of its own; a cluster joins the groups of its texts.
        let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
        let mut sets = DisjointSets::new(self.len());
        for (record, example) in self.examples.iter().enumerate() {
            let first =
                example.group.as_deref().map_or(record, |name| *by_name.entry(name).or_insert(record));
            sets.join(record, first);
            sets.join(record, clusters[record]);
        }
        for (example, root) in self.examples.iter_mut().zip(sets.into_roots()) {
            example.group = Some(format!("near-duplicates-{root}"));
        }
    }

    /// What these records count when scores are calibrated.
    ///
    /// # Errors
    /// [`Error::Dataset`] when they count nothing.
    pub(crate) fn calibration_weights(&self, records: impl Iterator<Item = usize>) -> Result<Vec<f64>> {
        let weights: Vec<f64> =
            records.map(|record| f64::from(self.examples[record].calibration_weight)).collect();
        if weights.iter().all(|&weight| weight == 0.0) {
            return Err(Error::Dataset(
                "no record counts in calibration: give some a weight above 0, or calibrate by none".into(),
            ));
        }
        Ok(weights)
    }

    /// Adds the records and sources of another data set.
    pub fn extend(&mut self, other: Dataset) {
        self.examples.extend(other.examples);
        self.sources.extend(other.sources);
    }
}

/// How many records have each label.
pub(crate) fn count_labels<'a>(examples: impl IntoIterator<Item = &'a Example>) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for label in examples.into_iter().flat_map(|example| &example.labels) {
        *counts.entry(label.as_str()).or_default() += 1;
    }
    counts
}

impl FromIterator<Example> for Dataset {
    fn from_iter<I: IntoIterator<Item = Example>>(examples: I) -> Self {
        Dataset { examples: examples.into_iter().collect(), sources: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_duplicates_join_the_groups_they_stand_in() {
        let twin = "the jets struck the depot near the river at dawn on friday";
        let record = |text: &str, group: Option<&str>| Example {
            group: group.map(str::to_owned),
            ..Example::new(text, "x")
        };
        let mut data: Dataset = [
            record(twin, Some("a")),
            record("rain fell on the coast", Some("a")),
            record(&format!("{twin}."), Some("b")),
            record("the envoy called for talks", Some("b")),
            record("a match ended in a draw", None),
            record("shares fell for a third day", None),
        ]
        .into_iter()
        .collect();
        data.group_near_duplicates(0.8).unwrap();
        let groups: Vec<&str> = data.examples.iter().filter_map(|example| example.group.as_deref()).collect();
        assert!(groups[..4].iter().all(|group| *group == groups[0]), "{groups:?}");
        assert!(groups[4] != groups[0] && groups[5] != groups[4]);
    }
}
