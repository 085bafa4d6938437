//! The non-decreasing curve nearest to the outcomes of one class, by pooling adjacent violators.

use serde::{Deserialize, Serialize};

use super::Outcome;

/// A non-decreasing curve of straight stretches, flat beyond its ends.
///
/// The points are scikit-learn's `IsotonicRegression(out_of_bounds="clip")` thresholds: the least-squares
/// non-decreasing values at the distinct decision values (pool-adjacent-violators: Ayer et al. 1955), without the
/// points inside flat stretches, joined by straight lines.
///
/// ```
/// use tasnif::classify::{Calibration, CalibrationMethod};
///
/// let held_out = [-2.0, -1.0, 0.0, 1.0, 2.0];
/// let fitted = Calibration::fit(CalibrationMethod::Isotonic, &held_out, &[0, 1, 0, 1, 1], &[], 2)?;
/// let Calibration::Isotonic { curves } = fitted else { unreachable!() };
/// assert_eq!(curves[0].points().collect::<Vec<_>>(), [(-2.0, 0.0), (-1.0, 0.5), (0.0, 0.5), (1.0, 1.0), (2.0, 1.0)]);
/// assert_eq!((curves[0].at(-9.0), curves[0].at(-1.5), curves[0].at(0.5)), (0.0, 0.25, 0.75));
/// # Ok::<(), tasnif::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IsotonicCurve {
    /// Decision values, ascending.
    x: Vec<f64>,
    /// Probabilities, never descending.
    y: Vec<f64>,
}

/// Neighbouring values that share one probability.
struct Block {
    first: f64,
    last: f64,
    hits: f64,
    weight: f64,
}

impl Block {
    fn share(&self) -> f64 {
        self.hits / self.weight
    }
}

impl IsotonicCurve {
    pub(super) fn fit(outcomes: &[Outcome]) -> Self {
        let mut outcomes = outcomes.to_vec();
        // Stable, so that equal values are summed in the order of the records.
        outcomes.sort_by(|a, b| a.value.total_cmp(&b.value));
        let mut blocks: Vec<Block> = Vec::new();
        for same in outcomes.chunk_by(|a, b| a.value == b.value) {
            let weight = same.iter().map(|outcome| outcome.weight).sum();
            let hits = same.iter().filter(|outcome| outcome.hit).map(|outcome| outcome.weight).sum();
            let mut block = Block { first: same[0].value, last: same[0].value, hits, weight };
            while let Some(before) = blocks.pop_if(|before| before.share() >= block.share()) {
                block = Block {
                    first: before.first,
                    last: block.last,
                    hits: before.hits + block.hits,
                    weight: before.weight + block.weight,
                };
            }
            blocks.push(block);
        }
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for block in blocks {
            let share = block.share();
            x.push(block.first);
            y.push(share);
            if block.last > block.first {
                x.push(block.last);
                y.push(share);
            }
        }
        IsotonicCurve { x, y }
    }

    /// The points where the curve bends, from left to right, and its ends.
    pub fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.x.iter().copied().zip(self.y.iter().copied())
    }

    /// The probability at a decision value; that of the nearer end beyond the ends.
    pub fn at(&self, value: f64) -> f64 {
        let after = self.x.partition_point(|&x| x <= value);
        let point = |index: usize| Some((*self.x.get(index)?, *self.y.get(index)?));
        match (after.checked_sub(1).and_then(point), point(after)) {
            (Some((x0, y0)), Some((x1, y1))) => {
                // Halved, so that the width of the stretch cannot overflow.
                let share = (value / 2.0 - x0 / 2.0) / (x1 / 2.0 - x0 / 2.0);
                if share.is_finite() { y0 + share * (y1 - y0) } else { y0 }
            }
            (Some((_, y)), None) | (None, Some((_, y))) => y,
            (None, None) => 0.0,
        }
    }

    /// Whether it is a curve that [`IsotonicCurve::fit`] could have made.
    pub(super) fn is_sound(&self) -> bool {
        !self.x.is_empty()
            && self.x.len() == self.y.len()
            && self.x.iter().all(|x| x.is_finite())
            && self.x.is_sorted_by(|a, b| a < b)
            && self.y.iter().all(|y| (0.0..=1.0).contains(y))
            && self.y.is_sorted()
    }
}
