//! Cutting a data set in parts that look alike and do not share a group.
//!
//! Groups are dealt out greedily, the largest first in seeded random order, each to the part that lacks its labels
//! most (the idea of scikit-learn's `StratifiedGroupKFold`). Records without a group are dealt alone, which makes
//! the split of ungrouped data stratified to within one record a label.

use std::collections::HashMap;

use super::Dataset;
use crate::error::{Error, Result};
use crate::random::SplitMix64;

/// Places of the records to train on and of those to test on, each ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// Records to train on.
    pub train: Vec<usize>,
    /// Records to test on.
    pub test: Vec<usize>,
}

/// Splits off a test part of about `fraction` of the records.
///
/// # Errors
/// [`Error::Parameter`] unless the fraction lies between 0 and 1; [`Error::Dataset`] when a part would be empty.
pub fn train_test_split(data: &Dataset, fraction: f64, seed: u64) -> Result<Fold> {
    if !(fraction > 0.0 && fraction < 1.0) {
        return Err(Error::Parameter(format!(
            "a test part of {fraction}: give a fraction between 0 and 1, such as 0.2"
        )));
    }
    let part = deal(data, &[1.0 - fraction, fraction], seed);
    let fold = fold(&part, 1);
    if fold.train.is_empty() || fold.test.is_empty() {
        return Err(Error::Dataset(format!(
            "{} records in {} groups cannot be split into train and test",
            data.len(),
            groups(data).len()
        )));
    }
    Ok(fold)
}

/// Cuts the records in `count` folds: each record is tested on once.
///
/// ```
/// use tasnif::dataset::{Dataset, Example, folds};
///
/// let data: Dataset = (0..20).map(|i| Example::new(format!("text {i}"), ["a", "b"][i % 2])).collect();
/// for fold in folds(&data, 5, 42)? {
///     assert_eq!(data.select(&fold.test).label_counts().into_values().collect::<Vec<_>>(), [2, 2]);
/// }
/// # Ok::<(), tasnif::Error>(())
/// ```
///
/// # Errors
/// [`Error::Parameter`] for fewer than two folds; [`Error::Dataset`] for more folds than groups.
pub fn folds(data: &Dataset, count: usize, seed: u64) -> Result<Vec<Fold>> {
    if count < 2 {
        return Err(Error::Parameter(format!("{count} folds: give 2 or more, usually 5 or 10")));
    }
    let groups = groups(data).len();
    if groups < count {
        return Err(Error::Dataset(format!(
            "{count} folds of {groups} groups ({} records): give fewer folds, or more data",
            data.len()
        )));
    }
    let part = deal(data, &vec![1.0 / count as f64; count], seed);
    Ok((0..count).map(|test| fold(&part, test)).collect())
}

fn fold(part: &[usize], test: usize) -> Fold {
    let (test, train) = (0..part.len()).partition(|&record| part[record] == test);
    Fold { train, test }
}

/// The records of each group, groups by their first record.
fn groups(data: &Dataset) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut by_name: HashMap<&str, usize> = HashMap::new();
    for (record, example) in data.examples.iter().enumerate() {
        let place = match &example.group {
            Some(name) => *by_name.entry(name).or_insert(groups.len()),
            None => groups.len(),
        };
        if place == groups.len() {
            groups.push(Vec::new());
        }
        groups[place].push(record);
    }
    groups
}

/// The part of each record; part `p` is to have the share `shares[p]` of each label.
fn deal(data: &Dataset, shares: &[f64], seed: u64) -> Vec<usize> {
    let labels: HashMap<&str, usize> =
        data.labels().into_iter().chain([""]).enumerate().map(|(index, label)| (label, index)).collect();
    let label = |record: usize| labels[data.examples[record].label()];
    let mut totals = vec![0.0f64; labels.len()];
    (0..data.len()).for_each(|record| totals[label(record)] += 1.0);

    let mut groups = groups(data);
    SplitMix64::new(seed).shuffle(&mut groups);
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let mut have = vec![vec![0.0f64; labels.len()]; shares.len()];
    let mut sizes = vec![0.0f64; shares.len()];
    let mut part = vec![0; data.len()];
    for group in groups {
        let lack = |part: usize| -> (f64, f64) {
            let lacks = group.iter().map(|&record| {
                let label = label(record);
                shares[part] - have[part][label] / totals[label]
            });
            (lacks.sum(), shares[part] * data.len() as f64 - sizes[part])
        };
        let best = (1..shares.len()).fold(0, |best, next| if lack(next) > lack(best) { next } else { best });
        for &record in &group {
            part[record] = best;
            have[best][label(record)] += 1.0;
        }
        sizes[best] += group.len() as f64;
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Example;
    use proptest::prelude::*;

    fn data(records: &[(usize, Option<usize>)]) -> Dataset {
        let examples = records.iter().map(|&(label, group)| Example {
            group: group.map(|group| group.to_string()),
            ..Example::new("", format!("label {label}"))
        });
        examples.collect()
    }

    #[test]
    fn impossible_splits_are_refused() {
        let two = data(&[(0, Some(1)), (1, Some(1))]);
        assert!(train_test_split(&two, 0.5, 0).unwrap_err().to_string().contains("1 groups"));
        assert!(folds(&two, 2, 0).is_err());
        assert!(folds(&data(&[(0, None), (1, None)]), 1, 0).is_err());
        for bad in [0.0, 1.0, f64::NAN] {
            assert!(train_test_split(&two, bad, 0).is_err());
        }
    }

    #[test]
    fn another_seed_is_another_split() {
        let many = data(&[(0, None); 40]);
        assert_ne!(folds(&many, 4, 1).unwrap(), folds(&many, 4, 2).unwrap());
        assert_eq!(folds(&many, 4, 1).unwrap(), folds(&many, 4, 1).unwrap());
    }

    proptest! {
        #[test]
        fn ungrouped_records_are_dealt_evenly(labels in prop::collection::vec(0usize..4, 10..80), k in 2usize..6, seed: u64) {
            let data = data(&labels.iter().map(|&label| (label, None)).collect::<Vec<_>>());
            for fold in folds(&data, k, seed).unwrap() {
                let test = data.select(&fold.test);
                for (label, total) in data.label_counts() {
                    let count = test.label_counts().get(label).copied().unwrap_or(0);
                    prop_assert!(count == total / k || count == total.div_ceil(k), "{} of {} in {}", count, total, k);
                }
            }
        }

        #[test]
        fn no_group_is_cut_and_each_record_is_tested_once(
            records in prop::collection::vec((0usize..3, prop::option::of(0usize..15)), 20..80), k in 2usize..5, seed: u64
        ) {
            let data = data(&records);
            prop_assume!(groups(&data).len() >= k);
            let mut tested = vec![0; data.len()];
            for fold in folds(&data, k, seed).unwrap() {
                prop_assert_eq!(fold.train.len() + fold.test.len(), data.len());
                fold.test.iter().for_each(|&record| tested[record] += 1);
                for (&a, &b) in fold.train.iter().flat_map(|a| fold.test.iter().map(move |b| (a, b))) {
                    prop_assert!(records[a].1.is_none() || records[a].1 != records[b].1);
                }
            }
            prop_assert!(tested.iter().all(|&times| times == 1));
        }

        #[test]
        fn a_test_part_has_its_share(labels in prop::collection::vec(0usize..3, 30..90), seed: u64) {
            let data = data(&labels.iter().map(|&label| (label, None)).collect::<Vec<_>>());
            let fold = train_test_split(&data, 0.2, seed).unwrap();
            prop_assert!((fold.test.len() as f64 - 0.2 * data.len() as f64).abs() <= 3.0);
        }
    }
}
