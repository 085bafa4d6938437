//! Whether one classifier is better than another on the same records, by resampling.

use std::collections::BTreeMap;

use super::bootstrap::resample;
use super::encode::{code, same_length, sorted_union};
use super::statistic::{Statistic, Tally};
use super::{Interval, interval};
use crate::Result;

/// The difference of two classifiers in one figure, and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedBootstrap {
    /// The figure of the first minus that of the second, on the records as they are.
    pub difference: f64,
    /// The range of the difference over the resamples.
    pub interval: Interval,
    /// Two-sided: the chance of a difference this sure if neither were better. Between 0 and 1.
    pub p: f64,
}

/// Compares classifiers `a` and `b` by drawing records, each with both its predictions.
///
/// `p` is 2·(1 + m) / (1 + resamples), at most 1, where m counts the resamples in which the
/// difference is not on the side of the majority (zero counts on both sides): so 0 lies outside a
/// 95 % interval about when p < 0.05, and p is never 0 (Efron and Tibshirani 1993, chapter 16;
/// Davison and Hinkley, *Bootstrap Methods and their Application*, 1997, section 4.2.5).
///
/// The order of the records and the number of threads do not matter.
///
/// # Errors
/// If there are no records, not as many predictions as gold labels, no resamples, or a level that
/// is not between 0 and 1.
///
/// ```
/// use tasnif::metrics::{Statistic, paired_bootstrap};
///
/// let gold = ["strike"; 200];
/// let a: Vec<_> = (0..200).map(|i| (i % 10 != 0).then_some("strike")).collect();
/// let b: Vec<_> = (0..200).map(|i| (i % 5 != 0).then_some("strike")).collect();
/// let test = paired_bootstrap(&gold, &a, &b, Statistic::Accuracy, 1000, 42, 0.95)?;
/// assert!((test.difference - 0.1).abs() < 1e-9);
/// assert!(test.interval.low > 0.0 && test.p < 0.01);
/// # Ok::<(), tasnif::Error>(())
/// ```
pub fn paired_bootstrap(
    gold: &[impl AsRef<str>],
    a: &[Option<impl AsRef<str>>],
    b: &[Option<impl AsRef<str>>],
    statistic: Statistic,
    resamples: usize,
    seed: u64,
    level: f64,
) -> Result<PairedBootstrap> {
    same_length(gold.len(), a.len())?;
    same_length(gold.len(), b.len())?;
    interval::check(resamples, level)?;

    let names = gold.iter().map(AsRef::as_ref);
    let names = names.chain(a.iter().flatten().map(AsRef::as_ref));
    let labels = sorted_union(names.chain(b.iter().flatten().map(AsRef::as_ref)));
    let mut cells: BTreeMap<[usize; 3], u64> = BTreeMap::new();
    for ((gold, a), b) in gold.iter().zip(a).zip(b) {
        let cell = [
            code(&labels, Some(gold.as_ref())),
            code(&labels, a.as_ref().map(AsRef::as_ref)),
            code(&labels, b.as_ref().map(AsRef::as_ref)),
        ];
        *cells.entry(cell).or_insert(0) += 1;
    }
    let (cells, counts): (Vec<_>, Vec<_>) = cells.into_iter().unzip();

    let scratch = || [Tally::new(labels.len()), Tally::new(labels.len())];
    let difference = |[of_a, of_b]: &mut [Tally; 2], counts: &[u64]| {
        of_a.clear();
        of_b.clear();
        for (&[gold, a, b], &count) in cells.iter().zip(counts) {
            of_a.add(gold, a, count);
            of_b.add(gold, b, count);
        }
        of_a.statistic(statistic) - of_b.statistic(statistic)
    };
    let differences = resample(&counts, resamples, seed, scratch, difference)?;
    let not_above = differences.iter().filter(|&&difference| difference <= 0.0).count();
    let not_below = differences.iter().filter(|&&difference| difference >= 0.0).count();
    let p = 2.0 * (1 + not_above.min(not_below)) as f64 / (1 + resamples) as f64;
    Ok(PairedBootstrap {
        difference: difference(&mut scratch(), &counts),
        interval: Interval::central(differences, level),
        p: p.min(1.0),
    })
}
