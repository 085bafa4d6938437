//! Whether scores can be read as probabilities: of the records scored 0.8, are four in five right?

use rayon::prelude::*;

use super::encode::same_length;
use super::{Interval, interval};
use crate::random::SplitMix64;
use crate::{Error, Result};

/// The mean squared distance between the probabilities and the truth: 0 is perfect, 2 the worst.
///
/// `probabilities` has a row a record and a column a label; `gold` has the column of each record's
/// label, or `None` if it is a label that the model lacks. Summed over all labels of a record (Brier,
/// "Verification of forecasts expressed in terms of probability", 1950; scikit-learn's
/// `brier_score_loss` with `scale_by_half=False`). A missing label adds the 1 that its own column,
/// had it one with probability 0, would add.
///
/// # Errors
/// If there are no records, not one row for each gold label, a probability outside 0..=1, or a
/// gold column past the end of its row.
///
/// ```
/// use tasnif::metrics::brier_score;
///
/// let sure_and_right = [[0.0, 1.0]];
/// assert_eq!(brier_score(&sure_and_right, &[Some(1)])?, 0.0);
/// assert_eq!(brier_score(&sure_and_right, &[Some(0)])?, 2.0);
/// assert_eq!(brier_score(&[[0.5, 0.5]], &[Some(0)])?, 0.5);
/// # Ok::<(), tasnif::Error>(())
/// ```
pub fn brier_score(probabilities: &[impl AsRef<[f64]>], gold: &[Option<usize>]) -> Result<f64> {
    same_length(gold.len(), probabilities.len())?;
    some_records(gold.len())?;
    let mut sum = 0.0;
    for (row, &gold) in probabilities.iter().zip(gold) {
        let row = row.as_ref();
        if let Some(gold) = gold.filter(|&gold| gold >= row.len()) {
            return Err(Error::Dataset(format!(
                "a gold label has number {gold} but there are {} probabilities: give None for a label that the model lacks",
                row.len()
            )));
        }
        row.iter().try_for_each(|&p| share(p))?;
        let off =
            |(label, &p): (usize, &f64)| if Some(label) == gold { (1.0 - p) * (1.0 - p) } else { p * p };
        sum += row.iter().enumerate().map(off).sum::<f64>();
        sum += if gold.is_none() { 1.0 } else { 0.0 };
    }
    Ok(sum / gold.len() as f64)
}

/// How far scores are from how often they are right, averaged over `bins` bins of equally many records.
///
/// `scores` has the probability of each record's predicted label, `correct` whether that label was
/// right. The mean over the bins, by size, of |mean score − share that is right|: between 0 and 1.
/// Bins hold equally many records, not equal stretches of the scale, so that none is empty (Nguyen
/// and O'Connor, "Posterior calibration and exploratory analysis for natural language processing
/// models", EMNLP 2015, with the absolute distance of Naeini, Cooper and Hauskrecht, AAAI 2015).
/// Equal scores are never split between bins, so the order of the records does not matter.
///
/// The figure is never 0 on finitely many records: hold it against [`calibrated_ece_range`].
///
/// # Errors
/// If there are no records, not as many scores as outcomes, no bins, or a score outside 0..=1.
///
/// ```
/// use tasnif::metrics::expected_calibration_error;
///
/// // Two right of four scored 0.5, four right of four scored 0.9.
/// let scores = [0.5, 0.5, 0.5, 0.5, 0.9, 0.9, 0.9, 0.9];
/// let correct = [true, false, true, false, true, true, true, true];
/// let ece = expected_calibration_error(&scores, &correct, 2)?;
/// assert!((ece - 0.05).abs() < 1e-12);
/// # Ok::<(), tasnif::Error>(())
/// ```
pub fn expected_calibration_error(scores: &[f64], correct: &[bool], bins: usize) -> Result<f64> {
    same_length(correct.len(), scores.len())?;
    let mut records: Vec<(f64, bool)> = scores.iter().copied().zip(correct.iter().copied()).collect();
    records.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let (scores, correct): (Vec<f64>, Vec<bool>) = records.into_iter().unzip();
    let bins = equal_mass(&scores, bins)?;
    let mut correct = correct.into_iter();
    Ok(error_of(&bins, |_| correct.next().unwrap_or(false), &scores))
}

/// The range that holds the expected calibration error of a perfectly calibrated model with these
/// scores 95 times in 100.
///
/// Each simulation lets every record be right with the probability of its score, and takes the
/// error of that. A measured error within the range is no sign of bad calibration; one above it is.
/// The order of the records and the number of threads do not matter.
///
/// # Errors
/// If there are no records, no bins, no simulations, or a score outside 0..=1.
///
/// ```
/// use tasnif::metrics::calibrated_ece_range;
///
/// let scores: Vec<f64> = (0..400).map(|i| 0.5 + f64::from(i) / 1000.0).collect();
/// let range = calibrated_ece_range(&scores, 10, 1000, 42)?;
/// assert!(range.low > 0.01 && range.high < 0.12);
/// # Ok::<(), tasnif::Error>(())
/// ```
pub fn calibrated_ece_range(scores: &[f64], bins: usize, simulations: usize, seed: u64) -> Result<Interval> {
    interval::check(simulations, 0.95)?;
    let mut scores = scores.to_vec();
    scores.sort_unstable_by(f64::total_cmp);
    let bins = equal_mass(&scores, bins)?;
    let simulate = |simulation: usize| {
        let mut random = SplitMix64::stream(seed, simulation as u64);
        error_of(&bins, |score| random.uniform() < score, &scores)
    };
    let errors = (0..simulations).into_par_iter().map(simulate).collect();
    Ok(Interval::central(errors, 0.95))
}

/// A bin of the sorted scores: where it ends, and the sum of its scores.
struct Bin {
    end: usize,
    sum: f64,
}

/// Cuts sorted scores into at most `bins` bins of equal size, each cut moved past scores equal to
/// the one before it.
fn equal_mass(scores: &[f64], bins: usize) -> Result<Vec<Bin>> {
    some_records(scores.len())?;
    scores.iter().try_for_each(|&score| share(score))?;
    if bins == 0 {
        return Err(Error::Parameter("calibration error over 0 bins: ask for 10 or 15".into()));
    }
    let bins = bins.min(scores.len());
    let mut cut: Vec<Bin> = Vec::new();
    for bin in 1..=bins {
        let start = cut.last().map_or(0, |bin| bin.end);
        // As `bin * len / bins`, without overflow.
        let mut end = (bin as u128 * scores.len() as u128 / bins as u128) as usize;
        while end > start && end < scores.len() && scores[end] == scores[end - 1] {
            end += 1;
        }
        if end > start {
            cut.push(Bin { end, sum: scores[start..end].iter().sum() });
        }
    }
    Ok(cut)
}

/// The calibration error, where `right` is asked for each of the sorted scores in turn.
fn error_of(bins: &[Bin], mut right: impl FnMut(f64) -> bool, scores: &[f64]) -> f64 {
    let mut start = 0;
    let mut error = 0.0;
    for bin in bins {
        let correct = scores[start..bin.end].iter().filter(|&&score| right(score)).count();
        error += (bin.sum - correct as f64).abs();
        start = bin.end;
    }
    error / scores.len() as f64
}

fn some_records(n: usize) -> Result<()> {
    if n > 0 {
        return Ok(());
    }
    Err(Error::Dataset("no records to measure: give at least one scored record".into()))
}

/// An error unless `p` is between 0 and 1, give or take what rounding leaves of a softmax.
fn share(p: f64) -> Result<()> {
    if (-1e-9..=1.0 + 1e-9).contains(&p) {
        return Ok(());
    }
    Err(Error::Dataset(format!(
        "{p} is no probability: calibrate the classifier before measuring its scores"
    )))
}
