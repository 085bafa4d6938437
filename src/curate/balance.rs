//! How often each label occurs.

use std::collections::BTreeMap;

use crate::dataset::{Dataset, count_labels};
use crate::text::normalize::Normalizer;

/// The labels of a data set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Balance {
    /// Training records by label.
    pub counts: BTreeMap<String, usize>,
    /// Test records by label.
    pub test_counts: BTreeMap<String, usize>,
    /// Labels with fewer training records than asked for.
    pub rare: Vec<String>,
    /// Labels that only spelling tells apart: upper case, white space, underscores and hyphens, vowel marks.
    pub alike: Vec<Vec<String>>,
    /// Labels of the test data that the training data lack.
    pub untrained: Vec<String>,
}

/// Counts the labels of training data (the first `train` records) and of test data (the others).
///
/// ```
/// use tasnif::curate::balance;
/// use tasnif::dataset::{Dataset, Example};
///
/// let data: Dataset = ["aid", "aid", "Aid ", "talks"].map(|label| Example::new("x", label)).into_iter().collect();
/// let found = balance(&data, 3, 2);
/// assert_eq!(found.rare, ["Aid "]);
/// assert_eq!(found.alike, [["Aid ", "aid"]]);
/// assert_eq!(found.untrained, ["talks"]);
/// ```
pub fn balance(data: &Dataset, train: usize, fewest: usize) -> Balance {
    let (train, test) = data.examples.split_at(train.min(data.len()));
    let owned = |counts: BTreeMap<&str, usize>| -> BTreeMap<String, usize> {
        counts.into_iter().map(|(label, count)| (label.to_owned(), count)).collect()
    };
    let (counts, test_counts) = (owned(count_labels(train)), owned(count_labels(test)));

    let normalizer = Normalizer::default();
    let mut spellings: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for label in counts.keys().chain(test_counts.keys().filter(|label| !counts.contains_key(*label))) {
        let key = normalizer.normalize(&label.replace(['_', '-'], " ")).into_owned();
        spellings.entry(key).or_default().push(label.clone());
    }
    let rare = counts.iter().filter(|(_, count)| **count < fewest).map(|(label, _)| label.clone()).collect();
    let untrained = test_counts.keys().filter(|label| !counts.contains_key(*label)).cloned().collect();
    let alike = spellings.into_values().filter(|labels| labels.len() > 1).collect();
    Balance { counts, test_counts, rare, alike, untrained }
}
