//! Label names to numbers, once, so that the resampling that follows counts integers.

use std::collections::BTreeSet;

use crate::{Error, Result};

/// The names that occur, each once, sorted.
pub(super) fn sorted_union<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let names: BTreeSet<&str> = names.collect();
    names.into_iter().map(str::to_owned).collect()
}

/// The number of `name` in `labels`; one past the last for no label (and for a name that is not there).
pub(super) fn code(labels: &[String], name: Option<&str>) -> usize {
    name.and_then(|name| position(labels, name)).unwrap_or(labels.len())
}

/// Where `name` stands in the sorted `labels`.
pub(super) fn position(labels: &[String], name: &str) -> Option<usize> {
    labels.binary_search_by(|label| label.as_str().cmp(name)).ok()
}

/// An error unless there are as many predictions as gold labels.
pub(super) fn same_length(gold: usize, predicted: usize) -> Result<()> {
    if gold == predicted {
        return Ok(());
    }
    Err(Error::Dataset(format!(
        "{gold} gold labels but {predicted} predictions: give one prediction for each record, in the same order"
    )))
}
