//! Orthant-wise limited-memory quasi-Newton (Andrew & Gao 2007): for penalties with an ℓ1 part, which the dual solver does
//! not take. Without one it is L-BFGS (Liu & Nocedal 1989), and serves as the oracle of the dual solver's tests.

use std::collections::VecDeque;

/// A smooth loss of the weights; the penalty is added by the solver.
pub(super) trait Loss {
    /// The loss at `weights`; its gradient is added to `gradient`.
    fn evaluate(&self, weights: &[f64], gradient: &mut [f64]) -> f64;
}

/// `l1·‖w‖₁ + l2/2·‖w‖²` on the first `weights` weights; the rest are intercepts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Penalty {
    pub(super) l1: f64,
    pub(super) l2: f64,
    pub(super) weights: usize,
}

/// Where the search ended.
pub(super) struct Minimum {
    pub(super) weights: Vec<f64>,
    pub(super) value: f64,
    pub(super) iterations: usize,
    pub(super) converged: bool,
}

/// Pairs of steps and gradient changes that are remembered.
const MEMORY: usize = 10;
/// Iterations over which the objective must have stopped falling.
const PATIENCE: usize = 10;

/// Minimises from `weights`; converged when the last ten iterations together gained less than `tolerance` times the objective.
pub(super) fn minimise(
    loss: &impl Loss,
    penalty: Penalty,
    mut weights: Vec<f64>,
    iterations: usize,
    tolerance: f64,
) -> Minimum {
    let evaluate = |weights: &[f64], gradient: &mut Vec<f64>| {
        gradient.clear();
        gradient.extend(
            weights.iter().enumerate().map(|(i, w)| if i < penalty.weights { penalty.l2 * w } else { 0.0 }),
        );
        let (mut absolute, mut squares) = (0.0, 0.0);
        for w in &weights[..penalty.weights] {
            absolute += w.abs();
            squares += w * w;
        }
        loss.evaluate(weights, gradient) + penalty.l1 * absolute + penalty.l2 / 2.0 * squares
    };
    let mut gradient = Vec::new();
    let mut value = evaluate(&weights, &mut gradient);
    let mut history = VecDeque::new();
    let mut values = VecDeque::from([value]);
    for iteration in 0..iterations {
        let steepest = pseudo_gradient(&penalty, &weights, &gradient);
        let mut direction = descend(&steepest, &history);
        if penalty.l1 > 0.0 {
            for i in 0..penalty.weights {
                if direction[i] * steepest[i] >= 0.0 {
                    direction[i] = 0.0;
                }
            }
        }
        let length = dot(&steepest, &steepest).sqrt();
        if length == 0.0 {
            return Minimum { weights, value, iterations: iteration, converged: true };
        }
        let mut step = if history.is_empty() { 1.0 / length.max(1.0) } else { 1.0 };
        let mut next = Vec::new();
        let mut turned = Vec::new();
        let mut reached = None;
        for _ in 0..40 {
            next = advance(&penalty, &weights, &steepest, &direction, step);
            let at_next = evaluate(&next, &mut turned);
            let promised: f64 =
                steepest.iter().zip(next.iter().zip(&weights)).map(|(s, (n, w))| s * (n - w)).sum();
            if at_next <= value + 1e-4 * promised && promised < 0.0 {
                reached = Some(at_next);
                break;
            }
            step /= 2.0;
        }
        let Some(at_next) = reached else {
            // No step improves on what rounding can tell apart.
            return Minimum { weights, value, iterations: iteration, converged: true };
        };
        let moved: Vec<f64> = next.iter().zip(&weights).map(|(n, w)| n - w).collect();
        let change: Vec<f64> = turned.iter().zip(&gradient).map(|(t, g)| t - g).collect();
        let curvature = dot(&moved, &change);
        if curvature > 1e-12 * dot(&change, &change) {
            if history.len() == MEMORY {
                history.pop_front();
            }
            history.push_back((moved, change, curvature));
        }
        (weights, value) = (next, at_next);
        std::mem::swap(&mut gradient, &mut turned);
        values.push_back(value);
        if values.len() > PATIENCE {
            let before = values.pop_front().unwrap_or(value);
            if before - value <= tolerance * value.abs() {
                return Minimum { weights, value, iterations: iteration + 1, converged: true };
            }
        }
    }
    Minimum { weights, value, iterations, converged: false }
}

/// The gradient of the whole objective where it has one, and where a weight is 0 the one-sided derivative that leads down,
/// if any does.
fn pseudo_gradient(penalty: &Penalty, weights: &[f64], gradient: &[f64]) -> Vec<f64> {
    let l1 = penalty.l1;
    let at = |(i, (&w, &g)): (usize, (&f64, &f64))| match () {
        () if i >= penalty.weights || l1 == 0.0 => g,
        () if w > 0.0 => g + l1,
        () if w < 0.0 => g - l1,
        () if g + l1 < 0.0 => g + l1,
        () if g - l1 > 0.0 => g - l1,
        () => 0.0,
    };
    weights.iter().zip(gradient).enumerate().map(at).collect()
}

/// A step along the direction that does not leave the orthant: weights that would change sign become 0.
fn advance(penalty: &Penalty, weights: &[f64], steepest: &[f64], direction: &[f64], step: f64) -> Vec<f64> {
    let mut next: Vec<f64> = weights.iter().zip(direction).map(|(w, d)| w + step * d).collect();
    if penalty.l1 > 0.0 {
        for i in 0..penalty.weights {
            let side = if weights[i] == 0.0 { -steepest[i] } else { weights[i] };
            if next[i] * side <= 0.0 {
                next[i] = 0.0;
            }
        }
    }
    next
}

/// The two-loop recursion: minus the inverse Hessian, as the history knows it, times the gradient.
fn descend(gradient: &[f64], history: &VecDeque<(Vec<f64>, Vec<f64>, f64)>) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut alphas = Vec::with_capacity(history.len());
    for (moved, change, curvature) in history.iter().rev() {
        let alpha = dot(moved, &direction) / curvature;
        direction.iter_mut().zip(change).for_each(|(d, c)| *d -= alpha * c);
        alphas.push(alpha);
    }
    if let Some((_, change, curvature)) = history.back() {
        let scale = curvature / dot(change, change);
        direction.iter_mut().for_each(|d| *d *= scale);
    }
    for ((moved, change, curvature), alpha) in history.iter().zip(alphas.into_iter().rev()) {
        let beta = dot(change, &direction) / curvature;
        direction.iter_mut().zip(moved).for_each(|(d, m)| *d += (alpha - beta) * m);
    }
    direction
}

/// Summed in eight lanes: fast, and the same on every machine.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (a_chunks, b_chunks) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(x, y)| x * y).sum();
    for (a, b) in a_chunks.zip(b_chunks) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    lanes.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Σ (w_i − i)⁴
    struct Quartic;

    impl Loss for Quartic {
        fn evaluate(&self, weights: &[f64], gradient: &mut [f64]) -> f64 {
            for (i, (g, w)) in gradient.iter_mut().zip(weights).enumerate() {
                *g += 4.0 * (w - i as f64).powi(3);
            }
            weights.iter().enumerate().map(|(i, w)| (w - i as f64).powi(4)).sum()
        }
    }

    #[test]
    fn the_minimum_meets_the_optimality_conditions() {
        for (l1, l2) in [(0.0, 1.0), (5.0, 0.0), (3.0, 0.5)] {
            let penalty = Penalty { l1, l2, weights: 8 };
            let minimum = minimise(&Quartic, penalty, vec![3.0; 9], 500, 1e-14);
            assert!(minimum.converged);
            let weights = &minimum.weights;
            for (i, w) in weights[..8].iter().enumerate() {
                let smooth = l2 * w + 4.0 * (w - i as f64).powi(3);
                if *w == 0.0 {
                    assert!(smooth.abs() <= l1 + 1e-6, "{l1} {l2} {i}");
                } else {
                    assert!((smooth + l1 * w.signum()).abs() < 1e-3, "{l1} {l2} {i}: {w}");
                }
            }
            assert!(l1 == 0.0 || weights[0] == 0.0);
            assert!((weights[8] - 8.0).abs() < 0.05, "the intercept is not penalised");
        }
    }

    #[test]
    fn too_few_iterations_are_reported() {
        let penalty = Penalty { l1: 0.0, l2: 1.0, weights: 9 };
        let minimum = minimise(&Quartic, penalty, vec![30.0; 9], 2, 1e-14);
        assert!(!minimum.converged && minimum.iterations == 2);
    }
}
