//! The percentile bootstrap: how far a figure would move on another sample of the same size.
//!
//! Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7(1), 1979;
//! Efron and Tibshirani, *An Introduction to the Bootstrap*, 1993, chapter 13.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::statistic::{Statistic, Tally};
use super::{ConfusionMatrix, Interval, interval};
use crate::random::SplitMix64;
use crate::{Error, Result};

/// The range in which `statistic` falls in `level` (0.95, say) of `resamples` samples drawn with
/// replacement from the records.
///
/// A label that a resample happens to leave out is no term of that resample's macro F1, as it is
/// none of the whole's. The order of the records and the number of threads do not matter; the same
/// `seed` gives the same interval. 1000 resamples of 10,000 records take a tenth of a second.
///
/// # Errors
/// If there are no records, not as many predictions as gold labels, a label named
/// [`NO_LABEL`](super::NO_LABEL), no resamples, or a level that is not between 0 and 1.
///
/// ```
/// use tasnif::metrics::{Statistic, bootstrap_interval};
///
/// let gold = ["strike"; 100];
/// let predicted: Vec<_> = (0..100).map(|i| Some(if i < 80 { "strike" } else { "aid" })).collect();
/// let interval = bootstrap_interval(&gold, &predicted, Statistic::Accuracy, 1000, 42, 0.95)?;
/// assert!(interval.contains(0.8));
/// // The normal approximation gives 0.8 ± 1.96·√(0.8·0.2/100) = 0.722–0.878.
/// assert!((interval.low - 0.722).abs() < 0.02 && (interval.high - 0.878).abs() < 0.02);
/// # Ok::<(), tasnif::Error>(())
/// ```
pub fn bootstrap_interval(
    gold: &[impl AsRef<str>],
    predicted: &[Option<impl AsRef<str>>],
    statistic: Statistic,
    resamples: usize,
    seed: u64,
    level: f64,
) -> Result<Interval> {
    let predicted = predicted.iter().map(Option::as_ref);
    ConfusionMatrix::new(gold, predicted)?.interval(statistic, resamples, seed, level)
}

/// The same from the cells of a confusion matrix over `labels` labels.
pub(super) fn of_cells(
    labels: usize,
    cells: &BTreeMap<(usize, usize), u64>,
    statistic: Statistic,
    resamples: usize,
    seed: u64,
    level: f64,
) -> Result<Interval> {
    interval::check(resamples, level)?;
    let counts: Vec<u64> = cells.values().copied().collect();
    let cells: Vec<(usize, usize)> = cells.keys().copied().collect();
    let scratch = || Tally::new(labels);
    let values = resample(&counts, resamples, seed, scratch, |tally, counts| {
        tally.clear();
        for (&(gold, predicted), &count) in cells.iter().zip(counts) {
            tally.add(gold, predicted, count);
        }
        tally.statistic(statistic)
    })?;
    Ok(Interval::central(values, level))
}

/// What `figure` makes of each of `resamples` samples, in order.
///
/// Records that fall in the same cell are alike, so a sample is told by how many of each cell were
/// drawn: `counts` holds that for the data, and `figure` is given it for a sample. Sample `i` draws
/// from stream `i` of `seed`, whichever thread makes it.
pub(super) fn resample<S, T: Send>(
    counts: &[u64],
    resamples: usize,
    seed: u64,
    scratch: impl Fn() -> S + Sync + Send,
    figure: impl Fn(&mut S, &[u64]) -> T + Sync + Send,
) -> Result<Vec<T>> {
    let records: Vec<usize> =
        counts.iter().enumerate().flat_map(|(cell, &count)| (0..count).map(move |_| cell)).collect();
    if records.is_empty() {
        return Err(Error::Dataset("no records to resample: an interval needs at least one".into()));
    }
    let draw = |(drawn, scratch): &mut (Vec<u64>, S), sample: usize| {
        let mut random = SplitMix64::stream(seed, sample as u64);
        drawn.fill(0);
        for _ in 0..records.len() {
            drawn[records[random.below(records.len())]] += 1;
        }
        figure(scratch, drawn)
    };
    let samples = (0..resamples).into_par_iter();
    Ok(samples.map_init(|| (vec![0; counts.len()], scratch()), draw).collect())
}
