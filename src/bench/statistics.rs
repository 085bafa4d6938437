//! Figures of many runs.

use serde::{Deserialize, Serialize};

use crate::random::SplitMix64;

/// Resamples of an interval.
const RESAMPLES: usize = 2_000;

/// How long one sentence takes, in seconds: every text of the sample was timed alone.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Latency {
    /// Half of the sentences take no longer.
    pub p50: f64,
    /// 95 of 100 take no longer.
    pub p95: f64,
    /// 99 of 100 take no longer.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

impl Latency {
    /// The percentiles of some times.
    pub(super) fn of(mut seconds: Vec<f64>) -> Latency {
        seconds.sort_unstable_by(f64::total_cmp);
        let at = |share| quantile(&seconds, share);
        Latency { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1.0) }
    }
}

/// The quantile of sorted values, between neighbours in proportion (type 7 of Hyndman and Fan 1996, as numpy has it); 0 for none.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let place = share * last as f64;
    let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    low + (high - low) * place.fract()
}

/// First quartile, median, third quartile.
pub(super) fn quartiles(values: &[f64]) -> (f64, f64, f64) {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    (quantile(&sorted, 0.25), quantile(&sorted, 0.5), quantile(&sorted, 0.75))
}

/// A 95 % interval of median(`a`) / median(`b`): percentile bootstrap, seeded.
pub(super) fn ratio_interval(a: &[f64], b: &[f64]) -> (f64, f64) {
    let mut random = SplitMix64::new(0);
    let mut draw = |values: &[f64]| {
        let drawn: Vec<f64> = values.iter().map(|_| values[random.below(values.len())]).collect();
        quartiles(&drawn).1
    };
    let mut ratios: Vec<f64> = (0..RESAMPLES).map(|_| draw(a) / draw(b)).collect();
    ratios.sort_unstable_by(f64::total_cmp);
    (quantile(&ratios, 0.025), quantile(&ratios, 0.975))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_numpy() {
        // numpy.quantile([1, 2, 4, 8], [0.25, 0.5, 0.75, 0.95])
        let values = [8.0, 1.0, 4.0, 2.0];
        assert_eq!(quartiles(&values), (1.75, 3.0, 5.0));
        let latency = Latency::of(values.to_vec());
        assert!((latency.p95 - 7.4).abs() < 1e-12 && latency.max == 8.0);
        assert_eq!(Latency::of(Vec::new()), Latency::default());
    }

    #[test]
    fn an_interval_of_a_ratio_holds_it() {
        let b: Vec<f64> = (0..15).map(|i| 1.0 + f64::from(i % 5) * 0.01).collect();
        let a: Vec<f64> = b.iter().map(|x| x * 2.0).collect();
        let (low, high) = ratio_interval(&a, &b);
        assert!(low <= 2.0 && 2.0 <= high && high - low < 0.1, "{low} {high}");
        assert_eq!(ratio_interval(&a, &b), (low, high), "seeded");
    }
}
