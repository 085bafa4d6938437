//! Label sets that hold the true label as often as the user asks: split-conformal prediction.
//!
//! A score says how badly a label suits a record. On held-out records the scores of the *true* labels are known; a new
//! record's true label is no more surprising than theirs, so the set of all labels whose score is at most the
//! `⌈(n + 1) · coverage⌉`-th smallest of `n` held-out scores holds the true label with a probability of at least
//! `coverage` (Vovk, Gammerman and Shafer, *Algorithmic Learning in a Random World*, 2005; Papadopoulos et al. 2002
//! for the split version). That needs nothing of the classifier; it needs held-out records that are exchangeable with
//! the new ones and on which neither classifier nor calibration was fitted. The promise is about the average over
//! records, not about each label or each kind of record.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How badly a label suits a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConformalMethod {
    /// `1 − p_y`: Sadinle, Lei and Wasserman, "Least ambiguous set-valued classifiers with bounded error levels",
    /// JASA 114, 2019. The default, since no other score gives smaller sets on average when the probabilities are
    /// right, and since an empty set means something: no label is likely enough, so a person should look.
    #[default]
    Lac,
    /// The sum of the probabilities of all labels that are at least as probable as `y`: Romano, Sesia and Candès,
    /// "Classification with valid and adaptive coverage", NeurIPS 2020, without its randomisation, so that a record
    /// has one answer. Larger sets, which grow more evenly on hard records; where the
    /// least probable label is often the true one, they hold it more often than asked.
    Aps,
}

impl ConformalMethod {
    /// How badly `label` suits a record with these probabilities.
    fn score(self, probabilities: &[f64], label: usize) -> f64 {
        let own = probabilities[label];
        match self {
            ConformalMethod::Lac => 1.0 - own,
            // Exactly 1 for the least probable label, whatever the rounding of the sum.
            ConformalMethod::Aps if probabilities.iter().all(|&p| p >= own) => 1.0,
            // In the order of the labels, so that it is the same sum for every label of one probability.
            ConformalMethod::Aps => probabilities.iter().filter(|&&p| p >= own).sum::<f64>().min(1.0),
        }
    }
}

/// Held-out scores are kept whole up to this number, else as this many of them, evenly spaced.
const KEPT: usize = 1001;

/// The scores of held-out records' true labels, and the label sets that follow from them.
///
/// Coverage is named at prediction time. Up to 1,001 held-out records their scores are kept as they are; of more, 1,001
/// at even ranks, and a rank between two takes the larger one: sets may then cover up to 0.1 % more than asked.
///
/// ```
/// use tasnif::classify::{ConformalMethod, ConformalScores};
///
/// // Two classes; the true one had probability 0.91, 0.92, … 0.99.
/// let right: Vec<f64> = (1..10).map(|i| 0.9 + f64::from(i) / 100.0).collect();
/// let probabilities: Vec<f64> = right.iter().flat_map(|p| [*p, 1.0 - p]).collect();
/// let scores = ConformalScores::fit(ConformalMethod::Lac, &probabilities, &[0; 9], 2)?;
/// assert_eq!(scores.label_set(&[0.95, 0.05], 0.8), [0]);
/// assert!(scores.label_set(&[0.6, 0.4], 0.8).is_empty(), "no label is as likely as the true ones were");
/// assert_eq!(scores.label_set(&[0.6, 0.4], 0.95), [0, 1], "nine records cannot promise 95 %");
/// # Ok::<(), tasnif::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConformalScores {
    method: ConformalMethod,
    /// How many held-out records there were.
    records: usize,
    /// Ascending.
    scores: Vec<f64>,
}

impl ConformalScores {
    /// The scores of held-out records: `probabilities` record by record, one a class; `targets` the class of each.
    ///
    /// # Errors
    /// [`Error::Dataset`] on no records, lengths that do not fit, targets that are no class, and probabilities outside
    /// 0..=1.
    pub fn fit(
        method: ConformalMethod,
        probabilities: &[f64],
        targets: &[u32],
        classes: usize,
    ) -> Result<Self> {
        let records = targets.len();
        if records == 0 {
            return Err(Error::Dataset("there are no held-out records to draw label sets from".into()));
        }
        if classes == 0 || records.checked_mul(classes) != Some(probabilities.len()) {
            return Err(Error::Dataset(format!(
                "{} probabilities for {records} records of {classes} classes",
                probabilities.len()
            )));
        }
        if let Some(target) = targets.iter().find(|&&target| target as usize >= classes) {
            return Err(Error::Dataset(format!("held-out class {target} of only {classes}")));
        }
        if let Some(at) = probabilities.iter().position(|p| !(0.0..=1.0).contains(p)) {
            return Err(Error::Dataset(format!(
                "held-out record {} has probability {}: give numbers from 0 to 1",
                at / classes,
                probabilities[at]
            )));
        }
        let rows = probabilities.chunks_exact(classes).zip(targets);
        let mut scores: Vec<f64> = rows.map(|(row, &target)| method.score(row, target as usize)).collect();
        scores.sort_unstable_by(f64::total_cmp);
        if records > KEPT {
            scores = (0..KEPT).map(|level| scores[kept_rank(level, records) - 1]).collect();
        }
        Ok(ConformalScores { method, records, scores })
    }

    /// The score that was chosen.
    pub fn method(&self) -> ConformalMethod {
        self.method
    }

    /// How many held-out records there were.
    pub fn records(&self) -> usize {
        self.records
    }

    /// The largest score that a label of the set may have: the `⌈(n + 1) · coverage⌉`-th smallest held-out score.
    ///
    /// Infinite (all labels) when there are too few held-out records for that coverage, `coverage > n / (n + 1)`, and
    /// when it is no number; minus infinity (no label) for a coverage of 0 or less.
    pub fn threshold(&self, coverage: f64) -> f64 {
        // A product such as 10 · 0.7 may come out a rounding error above the whole number that it is.
        let rank = ((self.records as f64 + 1.0) * coverage - 1e-9).ceil();
        if rank <= 0.0 {
            return f64::NEG_INFINITY;
        }
        if rank.is_nan() || rank > self.records as f64 {
            return f64::INFINITY;
        }
        let rank = rank as usize;
        let index = if self.records <= KEPT {
            rank - 1
        } else {
            (rank as u64 * (KEPT as u64 - 1)).div_ceil(self.records as u64) as usize
        };
        self.scores.get(index).copied().unwrap_or(f64::INFINITY)
    }

    /// The labels of a record that together hold the true one with a probability of at least `coverage`, the most
    /// probable first, equally probable ones in order.
    ///
    /// The set of a larger coverage holds that of a smaller one. It may be empty: then no label is as likely as the
    /// true labels were on the held-out records. It is all labels where [`ConformalScores::threshold`] is infinite.
    pub fn label_set(&self, probabilities: &[f64], coverage: f64) -> Vec<usize> {
        let threshold = self.threshold(coverage);
        let mut labels: Vec<usize> = (0..probabilities.len())
            .filter(|&label| {
                let score = self.method.score(probabilities, label);
                // Of a NaN nothing is known: it is left in.
                score.is_nan() && threshold > f64::NEG_INFINITY || score <= threshold
            })
            .collect();
        labels.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
        labels
    }

    /// Whether these are scores that [`ConformalScores::fit`] could have made: for some that were read from a file.
    ///
    /// # Errors
    /// [`Error::Parameter`] when they are not.
    pub fn check(&self) -> Result<()> {
        let sound = self.records > 0
            && self.scores.len() == self.records.min(KEPT)
            && self.scores.is_sorted()
            && self.scores.iter().all(|score| score.is_finite());
        if sound {
            return Ok(());
        }
        Err(Error::Parameter("the held-out scores of the label sets are damaged".into()))
    }
}

/// The rank, from 1, of the score that is kept at a level.
fn kept_rank(level: usize, records: usize) -> usize {
    ((level as u64 * records as u64 / (KEPT as u64 - 1)) as usize).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SplitMix64;
    use proptest::prelude::*;

    /// Records whose class is drawn from random probabilities, and probabilities that are wrong about it on purpose.
    fn simulated(random: &mut SplitMix64, records: usize) -> (Vec<f64>, Vec<u32>) {
        let (mut probabilities, mut targets) = (Vec::new(), Vec::new());
        for _ in 0..records {
            let raw: Vec<f64> = (0..4).map(|_| libm::exp(4.0 * random.uniform())).collect();
            let sum: f64 = raw.iter().sum();
            let mut left = random.uniform() * sum;
            let class = raw.iter().position(|p| {
                left -= p;
                left < 0.0
            });
            targets.push(class.unwrap_or(3) as u32);
            // Too sure by a square.
            let squares: f64 = raw.iter().map(|p| p * p).sum();
            probabilities.extend(raw.iter().map(|p| p * p / squares));
        }
        (probabilities, targets)
    }

    /// Seeds of simulated held-out and new records, and the share of new ones whose set holds their label, by seed.
    fn covered(method: ConformalMethod, held_out: usize, coverage: f64) -> f64 {
        const SEEDS: u64 = 200;
        const NEW: usize = 100;
        let mut held = 0;
        for seed in 0..SEEDS {
            let mut random = SplitMix64::new(seed);
            let (probabilities, targets) = simulated(&mut random, held_out);
            let scores = ConformalScores::fit(method, &probabilities, &targets, 4).unwrap();
            let (probabilities, targets) = simulated(&mut random, NEW);
            held += probabilities
                .chunks(4)
                .zip(targets)
                .filter(|(row, target)| scores.label_set(row, coverage).contains(&(*target as usize)))
                .count();
        }
        held as f64 / (SEEDS as usize * NEW) as f64
    }

    #[test]
    fn coverage_is_what_was_asked_for_on_exchangeable_records() {
        for method in [ConformalMethod::Lac, ConformalMethod::Aps] {
            for held_out in [50, 500, 2500] {
                for coverage in [0.8, 0.9, 0.95] {
                    let got = covered(method, held_out, coverage);
                    // Exactly ⌈(n + 1) c⌉ / (n + 1) in expectation, up to 0.1 % more for the scores that are not kept. The
                    // share over 200 seeds of 100 records has the variance of binomial draws and of the held-out scores.
                    let n = held_out as f64;
                    let expected = ((n + 1.0) * coverage - 1e-9).ceil() / (n + 1.0);
                    let deviation = (expected * (1.0 - expected) / 200.0 * (1.0 / 100.0 + 1.0 / n)).sqrt();
                    let more = match method {
                        ConformalMethod::Lac if held_out > KEPT => 1e-3,
                        ConformalMethod::Lac => 0.0,
                        // Least probable labels all score 1: where more of them are true than may be missed, sets hold
                        // every label.
                        ConformalMethod::Aps => 1.0,
                    };
                    let most = expected + 4.0 * deviation + more;
                    assert!(
                        got > expected - 4.0 * deviation && got < most,
                        "{method:?} {held_out} {coverage}: {got} is not {expected} ± {deviation}"
                    );
                }
            }
        }
    }

    #[test]
    fn too_few_records_give_all_labels() {
        let scores = ConformalScores::fit(ConformalMethod::Lac, &[0.9, 0.1].repeat(9), &[0; 9], 2).unwrap();
        assert_eq!(scores.threshold(0.9), 1.0 - 0.9, "nine records are just enough for 90 %");
        assert_eq!(scores.threshold(0.91), f64::INFINITY);
        assert_eq!(scores.label_set(&[0.2, 0.8], 0.91), [1, 0]);
        assert_eq!(scores.label_set(&[0.2, 0.8], 1.0), [1, 0]);
        assert_eq!(scores.label_set(&[0.2, 0.8], f64::NAN), [1, 0]);
        assert_eq!(scores.label_set(&[1.0, 0.0], 0.0), [0; 0]);
    }

    #[test]
    fn kept_scores_promise_no_less_than_all_of_them() {
        let records = 54_321;
        let mut random = SplitMix64::new(9);
        let (probabilities, targets) = simulated(&mut random, records);
        let kept = ConformalScores::fit(ConformalMethod::Lac, &probabilities, &targets, 4).unwrap();
        let mut all: Vec<f64> =
            probabilities.chunks(4).zip(&targets).map(|(row, &y)| 1.0 - row[y as usize]).collect();
        all.sort_unstable_by(f64::total_cmp);
        assert_eq!(kept.scores.len(), KEPT);
        for step in 1..1000 {
            let coverage = f64::from(step) / 1000.0;
            let rank = ((records as f64 + 1.0) * coverage - 1e-9).ceil() as usize;
            let more = (rank + records / (KEPT - 1)).min(records - 1);
            let threshold = kept.threshold(coverage);
            assert!(threshold >= all[rank - 1] && threshold <= all[more], "{coverage}");
        }
        assert_eq!(kept.threshold(0.9999), *all.last().unwrap());
    }

    #[test]
    fn aps_is_the_sum_of_what_is_as_probable() {
        let score = |label| ConformalMethod::Aps.score(&[0.2, 0.5, 0.2, 0.1], label);
        let expected = [0.9, 0.5, 0.9, 1.0];
        assert!((0..4).all(|label| (score(label) - expected[label]).abs() < 1e-12));
        assert_eq!(score(0), score(2));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let fit = |probabilities: &[f64], targets: &[u32], classes| {
            ConformalScores::fit(ConformalMethod::Lac, probabilities, targets, classes)
                .unwrap_err()
                .to_string()
        };
        assert!(fit(&[], &[], 2).contains("no held-out records"));
        assert!(fit(&[0.5, 0.5, 0.5], &[0, 1], 2).contains("3 probabilities"));
        assert!(fit(&[0.5, 0.5], &[2], 2).contains("class 2 of only 2"));
        assert!(fit(&[0.5, f64::NAN], &[0], 2).contains("record 0 has probability NaN"));
        let scores = ConformalScores::fit(ConformalMethod::Aps, &[0.25, 0.75], &[0], 2).unwrap();
        let text = serde_json::to_string(&scores).unwrap();
        assert_eq!(text, r#"{"method":"aps","records":1,"scores":[1.0]}"#);
        assert_eq!(serde_json::from_str::<ConformalScores>(&text).unwrap(), scores);
        scores.check().unwrap();
        let damaged: ConformalScores = serde_json::from_str(&text.replace(":1,", ":2,")).unwrap();
        assert!(damaged.check().is_err());
        assert_eq!(damaged.threshold(0.6), f64::INFINITY, "and cannot make it panic");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn sets_are_nested_in_coverage(
            seed in any::<u64>(), records in 1usize..1500, aps in any::<bool>(), levels in prop::array::uniform2(0.0..1.0f64)
        ) {
            let mut random = SplitMix64::new(seed);
            let (probabilities, targets) = simulated(&mut random, records);
            let method = if aps { ConformalMethod::Aps } else { ConformalMethod::Lac };
            let scores = ConformalScores::fit(method, &probabilities, &targets, 4).unwrap();
            let (low, high) = (levels[0].min(levels[1]), levels[0].max(levels[1]));
            for row in simulated(&mut random, 5).0.chunks(4) {
                let (small, large) = (scores.label_set(row, low), scores.label_set(row, high));
                prop_assert!(large.starts_with(&small), "{small:?} {large:?}");
            }
        }
    }
}
