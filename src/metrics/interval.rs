//! A range of a figure, and the percentiles it is cut from.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A range of a figure; in JSON `[low, high]`.
///
/// ```
/// use tasnif::metrics::Interval;
///
/// let interval = Interval { low: 0.71, high: 0.83 };
/// assert!(interval.contains(0.8));
/// assert_eq!(interval.to_string(), "0.710–0.830");
/// assert_eq!(serde_json::to_string(&interval)?, "[0.71,0.83]");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 2]", into = "[f64; 2]")]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// Whether `value` lies in the range, ends included.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// The central `level` of `values`: what lies between their (1−level)/2 and (1+level)/2
    /// percentiles, with linear interpolation between neighbours (as `numpy.percentile`).
    pub(super) fn central(mut values: Vec<f64>, level: f64) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        Interval {
            low: percentile(&values, (1.0 - level) / 2.0),
            high: percentile(&values, (1.0 + level) / 2.0),
        }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}–{:.3}", self.low, self.high)
    }
}

impl From<[f64; 2]> for Interval {
    fn from([low, high]: [f64; 2]) -> Self {
        Interval { low, high }
    }
}

impl From<Interval> for [f64; 2] {
    fn from(interval: Interval) -> Self {
        [interval.low, interval.high]
    }
}

/// The value below which the share `at` of the sorted values lies; 0 of no values.
fn percentile(sorted: &[f64], at: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let place = at.clamp(0.0, 1.0) * last as f64;
    let below = (place as usize).min(last);
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}

/// An error unless `level` is strictly between 0 and 1 and there is at least one repetition.
pub(super) fn check(repetitions: usize, level: f64) -> Result<()> {
    if repetitions == 0 {
        return Err(Error::Parameter("0 resamples give no interval: ask for 1000 or more".into()));
    }
    if !(level > 0.0 && level < 1.0) {
        return Err(Error::Parameter(format!(
            "the level of an interval is a share between 0 and 1, such as 0.95, not {level}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_numpy() {
        // numpy.percentile([3, 1, 4, 1, 5, 9, 2, 6], [2.5, 97.5]) -> [1.0, 8.475]
        let interval = Interval::central(vec![3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0], 0.95);
        assert!((interval.low - 1.0).abs() < 1e-12 && (interval.high - 8.475).abs() < 1e-12);
        // numpy.percentile([3, 1, 4, 1, 5, 9, 2, 6], [25, 75]) -> [1.75, 5.25]
        let interval = Interval::central(vec![3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0], 0.5);
        assert!((interval.low - 1.75).abs() < 1e-12 && (interval.high - 5.25).abs() < 1e-12);
        assert_eq!(Interval::central(vec![], 0.95), Interval { low: 0.0, high: 0.0 });
        assert_eq!(Interval::central(vec![0.3], 0.95), Interval { low: 0.3, high: 0.3 });
    }

    #[test]
    fn a_senseless_level_is_an_error() {
        for level in [0.0, 1.0, -1.0, f64::NAN, f64::INFINITY, 95.0] {
            assert!(check(1000, level).is_err());
        }
        assert!(check(0, 0.95).is_err());
    }
}
