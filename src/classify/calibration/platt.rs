//! A logistic curve through the outcomes of one class, by the Newton method of Lin, Lin and Weng (2007), algorithm 1.

use super::Outcome;
use crate::classify::linear::sigmoid;

/// `a` and `b` of `1 / (1 + exp(a z + b))`.
///
/// The targets are Platt's: `(hits + 1) / (hits + 2)` for records of the class and `1 / (others + 2)` for the rest, so
/// that the curve is finite even for separated values. Values are centred and scaled first and the result moved back,
/// which leaves the minimum where it is and makes the Hessian well conditioned.
pub(super) fn fit(outcomes: &[Outcome]) -> (f64, f64) {
    let hits: f64 = outcomes.iter().filter(|outcome| outcome.hit).map(|outcome| outcome.weight).sum();
    let others: f64 = outcomes.iter().filter(|outcome| !outcome.hit).map(|outcome| outcome.weight).sum();
    let target = |hit: bool| if hit { (hits + 1.0) / (hits + 2.0) } else { 1.0 / (others + 2.0) };
    let (centre, spread) = range(outcomes);
    let value = |outcome: &Outcome| if spread > 0.0 { (outcome.value - centre) / spread } else { 0.0 };

    let loss = |a: f64, b: f64| -> f64 {
        let terms = outcomes.iter().map(|outcome| {
            let (t, z) = (target(outcome.hit), a * value(outcome) + b);
            // t ln(1 + e^z) + (1 - t) ln(1 + e^-z), without overflow.
            let tail = libm::log1p(libm::exp(-z.abs()));
            outcome.weight * (tail + if z >= 0.0 { t * z } else { (t - 1.0) * z })
        });
        terms.sum()
    };

    let (mut a, mut b) = (0.0, libm::log((others + 1.0) / (hits + 1.0)));
    let mut at = loss(a, b);
    for _ in 0..100 {
        // A ridge keeps the Hessian invertible when all values are the same.
        let (mut haa, mut hab, mut hbb, mut ga, mut gb) = (1e-12, 0.0, 1e-12, 0.0, 0.0);
        for outcome in outcomes {
            let x = value(outcome);
            let p = sigmoid(-(a * x + b));
            let curve = outcome.weight * p * (1.0 - p);
            haa += curve * x * x;
            hab += curve * x;
            hbb += curve;
            let off = outcome.weight * (target(outcome.hit) - p);
            ga += off * x;
            gb += off;
        }
        if ga.abs().max(gb.abs()) <= 1e-12 * (hits + others) {
            break;
        }
        let determinant = haa * hbb - hab * hab;
        let (da, db) = ((hab * gb - hbb * ga) / determinant, (hab * ga - haa * gb) / determinant);
        let slope = ga * da + gb * db;
        let mut step = 1.0;
        let moved = loop {
            let next = loss(a + step * da, b + step * db);
            if next < at + 1e-4 * step * slope {
                (a, b, at) = (a + step * da, b + step * db, next);
                break true;
            }
            step /= 2.0;
            if step < 1e-10 {
                break false;
            }
        };
        if !moved {
            break;
        }
    }
    if spread > 0.0 {
        let (a, b) = (a / spread, b - a / spread * centre);
        if a.is_finite() && b.is_finite() {
            return (a, b);
        }
    }
    // All values are the same, as far as these numbers can tell: the share of the class.
    (0.0, if spread > 0.0 { libm::log((others + 1.0) / (hits + 1.0)) } else { b })
}

/// The middle and half the width of the range of values.
fn range(outcomes: &[Outcome]) -> (f64, f64) {
    let least = outcomes.iter().map(|outcome| outcome.value).fold(f64::INFINITY, f64::min);
    let most = outcomes.iter().map(|outcome| outcome.value).fold(f64::NEG_INFINITY, f64::max);
    (least / 2.0 + most / 2.0, most / 2.0 - least / 2.0)
}

/// `1 / (1 + exp(a z + b))`; a slope of 0 holds for infinite values too.
pub(super) fn apply(value: f64, a: f64, b: f64) -> f64 {
    sigmoid(-(if a == 0.0 { 0.0 } else { a * value } + b))
}
