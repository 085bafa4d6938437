//! Limited-memory BFGS (Liu & Nocedal 1989) for objectives of the form ½‖w‖² + loss(X·w).
//!
//! The line search walks along the direction in the space of margins X·w, where a step costs no pass over X: each
//! iteration reads X twice (once for the margins of the direction, once for the gradient) however many steps it
//! tries.

/// What is minimised: a regulariser on the weights and a loss on the margins, which are linear in the weights.
pub(super) trait Objective {
    /// The margins of `weights`.
    fn margins(&self, weights: &[f64]) -> Vec<f64>;
    /// The loss at `margins`, and its derivative by each margin.
    fn loss(&self, margins: &[f64], derivative: &mut [f64]) -> f64;
    /// Adds the gradient of the loss by the weights, given its derivative by the margins.
    fn add_gradient(&self, derivative: &[f64], gradient: &mut [f64]);
    /// How many weights, from the first, are regularised; the rest are intercepts.
    fn regularised(&self) -> usize;
}

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) iterations: usize,
    /// Stop when no component of the gradient exceeds this share of the largest at the start.
    pub(super) tolerance: f64,
}

/// Where the search ended.
#[derive(Debug, Clone)]
pub(super) struct Minimum {
    pub(super) weights: Vec<f64>,
    pub(super) value: f64,
    pub(super) iterations: usize,
    pub(super) converged: bool,
}

/// Pairs of steps and gradient changes that are remembered.
const MEMORY: usize = 8;

/// Minimises `objective` from `weights`.
pub(super) fn minimise(objective: &impl Objective, mut weights: Vec<f64>, limits: Limits) -> Minimum {
    let regularised = objective.regularised();
    let square = |weights: &[f64]| dot(&weights[..regularised], &weights[..regularised]) / 2.0;
    let gradient_at = |weights: &[f64], derivative: &[f64]| {
        let mut gradient = weights.to_vec();
        gradient[regularised..].fill(0.0);
        objective.add_gradient(derivative, &mut gradient);
        gradient
    };

    let mut margins = objective.margins(&weights);
    let mut derivative = vec![0.0; margins.len()];
    let mut value = square(&weights) + objective.loss(&margins, &mut derivative);
    let mut gradient = gradient_at(&weights, &derivative);
    // The gradient at zero weights is the scale, so that a warm start is held to the same standard as a cold one.
    let scale = {
        let mut at_zero = vec![0.0; margins.len()];
        objective.loss(&vec![0.0; margins.len()], &mut at_zero);
        largest(&gradient_at(&vec![0.0; weights.len()], &at_zero))
    };
    let goal = limits.tolerance * scale;
    let mut history: std::collections::VecDeque<(Vec<f64>, Vec<f64>, f64)> = Default::default();
    for iteration in 0..limits.iterations {
        if largest(&gradient) <= goal {
            return Minimum { weights, value, iterations: iteration, converged: true };
        }
        let mut direction = descent(&gradient, &history);
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 {
            history.clear();
            direction = gradient.iter().map(|g| -g).collect();
            slope = -dot(&gradient, &gradient);
        }
        let ahead = objective.margins(&direction);
        let first = if history.is_empty() { (1.0 / largest(&gradient)).min(1.0) } else { 1.0 };
        let (ww, wd, dd) = (
            square(&weights),
            dot(&weights[..regularised], &direction[..regularised]),
            dot(&direction[..regularised], &direction[..regularised]),
        );
        let mut trial = vec![0.0; margins.len()];
        let mut evaluate = |step: f64, derivative: &mut [f64]| {
            for ((trial, at), ahead) in trial.iter_mut().zip(&margins).zip(&ahead) {
                *trial = at + step * ahead;
            }
            let value = ww + step * wd + step * step * dd / 2.0 + objective.loss(&trial, derivative);
            (value, wd + step * dd + dot(derivative, &ahead))
        };
        let Some((step, next)) = search(&mut evaluate, &mut derivative, value, slope, first) else {
            // No step improves on what rounding can tell apart: this is the minimum.
            let converged = largest(&gradient) <= goal.max(1e-6 * scale);
            return Minimum { weights, value, iterations: iteration, converged };
        };
        for (margin, ahead) in margins.iter_mut().zip(&ahead) {
            *margin += step * ahead;
        }
        let moved: Vec<f64> = direction.iter().map(|d| step * d).collect();
        weights.iter_mut().zip(&moved).for_each(|(w, m)| *w += m);
        let after = gradient_at(&weights, &derivative);
        let turned: Vec<f64> = after.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        let curvature = dot(&moved, &turned);
        if curvature > 1e-12 * dot(&turned, &turned) {
            if history.len() == MEMORY {
                history.pop_front();
            }
            history.push_back((moved, turned, curvature));
        }
        (value, gradient) = (next, after);
    }
    let converged = largest(&gradient) <= goal;
    Minimum { weights, value, iterations: limits.iterations, converged }
}

/// The two-loop recursion: minus the inverse Hessian, as the history knows it, times the gradient.
fn descent(gradient: &[f64], history: &std::collections::VecDeque<(Vec<f64>, Vec<f64>, f64)>) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut alphas = Vec::with_capacity(history.len());
    for (moved, turned, curvature) in history.iter().rev() {
        let alpha = dot(moved, &direction) / curvature;
        direction.iter_mut().zip(turned).for_each(|(d, t)| *d -= alpha * t);
        alphas.push(alpha);
    }
    if let Some((_, turned, curvature)) = history.back() {
        let scale = curvature / dot(turned, turned);
        direction.iter_mut().for_each(|d| *d *= scale);
    }
    for ((moved, turned, curvature), alpha) in history.iter().zip(alphas.into_iter().rev()) {
        let beta = dot(turned, &direction) / curvature;
        direction.iter_mut().zip(moved).for_each(|(d, m)| *d += (alpha - beta) * m);
    }
    direction
}

/// A step that satisfies the weak Wolfe conditions, by bisection and doubling (Lewis & Overton 2013), and the value
/// there; `derivative` is left at that step.
fn search(
    evaluate: &mut impl FnMut(f64, &mut [f64]) -> (f64, f64),
    derivative: &mut [f64],
    value: f64,
    slope: f64,
    first: f64,
) -> Option<(f64, f64)> {
    const DECREASE: f64 = 1e-4;
    const CURVATURE: f64 = 0.9;
    let (mut low, mut high, mut step) = (0.0, f64::INFINITY, first);
    for _ in 0..50 {
        let (at_step, slope_at_step) = evaluate(step, derivative);
        if at_step.is_nan() || at_step > value + DECREASE * step * slope {
            high = step;
        } else if slope_at_step < CURVATURE * slope {
            low = step;
        } else {
            return Some((step, at_step));
        }
        step = if high.is_finite() { (low + high) / 2.0 } else { 2.0 * step };
    }
    if low > 0.0 {
        let (at_low, _) = evaluate(low, derivative);
        return Some((low, at_low));
    }
    None
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

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ½‖w‖² + Σ (w_i - i)^4 with an unregularised last weight.
    struct Quartic(usize);

    impl Objective for Quartic {
        fn margins(&self, weights: &[f64]) -> Vec<f64> {
            weights.to_vec()
        }
        fn loss(&self, margins: &[f64], derivative: &mut [f64]) -> f64 {
            for (i, (d, m)) in derivative.iter_mut().zip(margins).enumerate() {
                *d = 4.0 * (m - i as f64).powi(3);
            }
            margins.iter().enumerate().map(|(i, m)| (m - i as f64).powi(4)).sum()
        }
        fn add_gradient(&self, derivative: &[f64], gradient: &mut [f64]) {
            gradient.iter_mut().zip(derivative).for_each(|(g, d)| *g += d);
        }
        fn regularised(&self) -> usize {
            self.0 - 1
        }
    }

    #[test]
    fn it_finds_the_minimum_of_a_convex_function() {
        let minimum = minimise(&Quartic(9), vec![3.0; 9], Limits { iterations: 200, tolerance: 1e-10 });
        assert!(minimum.converged, "{minimum:?}");
        for (i, w) in minimum.weights[..8].iter().enumerate() {
            assert!((w + 4.0 * (w - i as f64).powi(3)).abs() < 1e-6, "{i} {w}");
        }
        assert!((minimum.weights[8] - 8.0).abs() < 1e-2);
    }

    #[test]
    fn too_few_iterations_are_reported() {
        let minimum = minimise(&Quartic(9), vec![3.0; 9], Limits { iterations: 2, tolerance: 1e-10 });
        assert!(!minimum.converged);
        assert_eq!(minimum.iterations, 2);
    }
}
