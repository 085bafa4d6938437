//! One temperature for all classes: the minimum of a convex function of one number.

use rayon::prelude::*;

use super::HeldOut;
use crate::classify::linear::sigmoid;

/// Records that one task takes: fixed, so that sums do not depend on the number of threads.
const CHUNK: usize = 2048;

/// The largest temperature, as a multiple of the largest decision value.
const HOTTEST: f64 = 1e3;

/// The smallest one, so.
const COLDEST: f64 = 1e-12;

/// The temperature of least log loss.
///
/// In the inverse temperature β the loss is convex, with the derivative `Σ w (E_p[z] − z_y)` and the second derivative
/// `Σ w Var_p[z]`: Newton's method, kept inside a bracket that halves (in the logarithm) when a step would leave it.
pub(super) fn fit(held_out: &HeldOut<'_>) -> f64 {
    let scale = held_out.decisions.iter().fold(0.0, |scale: f64, value| scale.max(value.abs()));
    if scale == 0.0 {
        return 1.0;
    }
    let records = held_out.weights.iter().sum::<f64>().max(0.0);
    let records = if held_out.weights.is_empty() { held_out.targets.len() as f64 } else { records };
    // How much of the target lies on other classes: nothing, unless log loss has no minimum otherwise.
    let smoothing = if separated(held_out) { 1.0 / (records + 2.0) } else { 0.0 };
    let slope = |beta: f64| slope(held_out, beta, scale, smoothing);

    let (mut low, mut high) = (1.0 / HOTTEST, 1.0 / COLDEST);
    if slope(low).0 >= 0.0 {
        return (scale * HOTTEST).min(f64::MAX);
    }
    // A temperature of 1, when that is inside, is a good guess for log-odds.
    let mut beta = if scale > low && scale < high { scale } else { 1.0 };
    for _ in 0..200 {
        let (first, second) = slope(beta);
        if first < 0.0 {
            low = beta;
        } else {
            high = beta;
        }
        let newton = beta - first / second;
        let next = if newton > low && newton < high { newton } else { (low * high).sqrt() };
        let step = (next - beta).abs();
        beta = next;
        if step <= 1e-13 * beta || first == 0.0 {
            break;
        }
    }
    (scale / beta).clamp(f64::MIN_POSITIVE, f64::MAX)
}

/// Whether no record has a larger decision value for another class than for its own, and some a smaller one: then log
/// loss falls for ever with the temperature.
fn separated(held_out: &HeldOut<'_>) -> bool {
    let rows = held_out.decisions.chunks_exact(held_out.outputs).zip(held_out.targets);
    rows.enumerate().filter(|&(record, _)| held_out.weight(record) > 0.0).all(|(_, (row, &target))| match row
    {
        [one] => (*one >= 0.0) == (target == 1) || *one == 0.0,
        many => many.iter().all(|value| *value <= many[target as usize]),
    })
}

/// The first and second derivative of log loss by β, at decision values divided by `scale`.
fn slope(held_out: &HeldOut<'_>, beta: f64, scale: f64, smoothing: f64) -> (f64, f64) {
    let outputs = held_out.outputs;
    let parts: Vec<(f64, f64)> = held_out
        .decisions
        .par_chunks(CHUNK * outputs)
        .zip(held_out.targets.par_chunks(CHUNK))
        .enumerate()
        .map(|(chunk, (decisions, targets))| {
            let (mut first, mut second) = (0.0, 0.0);
            let mut probabilities = vec![0.0; outputs];
            for (index, (row, &target)) in decisions.chunks_exact(outputs).zip(targets).enumerate() {
                let weight = held_out.weight(chunk * CHUNK + index);
                let (mean, variance, own, others) = if let [one] = row {
                    // The classes have 0 and z.
                    let z = one / scale;
                    let p = sigmoid(beta * z);
                    let (own, others) = if target == 1 { (z, 0.0) } else { (0.0, z) };
                    (p * z, p * (1.0 - p) * z * z, own, others)
                } else {
                    moments(row, beta, scale, target as usize, &mut probabilities)
                };
                first += weight * (mean - (1.0 - smoothing) * own - smoothing * others);
                second += weight * variance;
            }
            (first, second)
        })
        .collect();
    parts.iter().fold((0.0, 0.0), |sum, part| (sum.0 + part.0, sum.1 + part.1))
}

/// The mean and variance of a row's scaled decision values under softmax at β, the value of the own class and the mean
/// of the other classes' values.
fn moments(
    row: &[f64],
    beta: f64,
    scale: f64,
    target: usize,
    probabilities: &mut [f64],
) -> (f64, f64, f64, f64) {
    let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max) / scale;
    let mut sum = 0.0;
    for (probability, value) in probabilities.iter_mut().zip(row) {
        *probability = libm::exp(beta * (value / scale - most));
        sum += *probability;
    }
    let mean = row.iter().zip(&*probabilities).map(|(value, p)| p / sum * (value / scale)).sum::<f64>();
    let spread = |value: f64| (value / scale - mean) * (value / scale - mean);
    let variance = row.iter().zip(&*probabilities).map(|(value, p)| p / sum * spread(*value)).sum();
    let own = row[target] / scale;
    let all: f64 = row.iter().map(|value| value / scale).sum();
    (mean, variance, own, (all - own) / (row.len() - 1) as f64)
}

/// `softmax(z / temperature)`, or the logistic function of `z / temperature` and of its negative for one value.
pub(super) fn apply(decision: &mut Vec<f64>, temperature: f64) {
    if let [one] = decision[..] {
        let z = one / temperature;
        decision.clear();
        decision.extend([sigmoid(-z), sigmoid(z)]);
        return;
    }
    let most = decision.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // The difference of two infinities of one sign is a tie, not a NaN.
    let of = |value: f64| if value == most { 1.0 } else { libm::exp((value - most) / temperature) };
    decision.iter_mut().for_each(|value| *value = of(*value));
    let sum: f64 = decision.iter().sum();
    decision.iter_mut().for_each(|value| *value /= sum);
}
