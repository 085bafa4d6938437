//! All classes at once (Crammer & Singer 2001), by visits to one record at a time (Keerthi, Sundararajan, Chang, Hsieh & Lin
//! 2008).
//!
//! `½‖W‖² + Σ_i C_i max_m (δ(m ≠ y_i) − (w_{y_i} − w_m)·x_i)_+`. Record `i` has one dual variable a class, `α_i^m ≤ C_i δ(m = y_i)`, which add up to
//! 0; the weights are `w_m = Σ_i α_i^m x_i`. A visit solves for all of a record's variables exactly.

use super::super::linear::LinearModel;
use super::super::logistic::Convergence;
use super::super::rows;
use super::Limits;
use super::dual::squares;
use crate::classify::weights::Problem;
use crate::random::SplitMix64;

/// Where the descent ended.
pub(super) struct Solution {
    /// Feature by feature.
    pub(super) weights: Vec<f32>,
    pub(super) intercept: Vec<f32>,
    pub(super) convergence: Convergence,
}

pub(super) fn solve(problem: &Problem, costs: &[f64], bias: f64, limits: Limits) -> Solution {
    let classes = problem.classes;
    let squares = squares(&problem.rows, bias);
    let mut weights = vec![0.0f32; problem.rows.width() * classes];
    let mut bias_weights = vec![0.0f64; classes];
    let mut alpha = vec![0.0f32; costs.len() * classes];
    let mut order: Vec<u32> = (0..costs.len() as u32)
        .filter(|&row| costs[row as usize] > 0.0 && squares[row as usize] > 0.0)
        .collect();
    let mut random = SplitMix64::new(limits.seed);
    let (mut margins, mut change) = (vec![0.0f32; classes], vec![0.0f32; classes]);
    let (mut b, mut sorted) = (vec![0.0f64; classes], Vec::with_capacity(classes));
    let mut convergence = Convergence { iterations: 0, converged: false, objective: 0.0 };
    // Records whose variables stopped moving are visited every fourth epoch alone.
    let mut still = vec![0u8; costs.len()];
    while convergence.iterations < limits.epochs && !convergence.converged {
        random.shuffle(&mut order);
        let full = convergence.iterations.is_multiple_of(4);
        for &row in &order {
            let row = row as usize;
            if !full && still[row] >= 2 {
                continue;
            }
            let (own, cost, square) = (problem.targets[row] as usize, costs[row], squares[row]);
            rows::multiply(&weights, problem.rows.row(row), &mut margins);
            let before = &mut alpha[row * classes..][..classes];
            for m in 0..classes {
                let gradient = f64::from(margins[m]) + bias_weights[m] * bias + f64::from(u8::from(m != own));
                b[m] = gradient - square * f64::from(before[m]);
            }
            let beta = threshold(&b, own, square * cost, &mut sorted);
            let mut largest = 0.0f32;
            for m in 0..classes {
                let upper = if m == own { cost } else { 0.0 };
                let new = ((beta - b[m]) / square).min(upper) as f32;
                change[m] = new - before[m];
                before[m] = new;
                largest = largest.max(change[m].abs());
            }
            still[row] = if f64::from(largest) <= 1e-6 * cost { still[row].saturating_add(1) } else { 0 };
            if largest > 0.0 {
                rows::add(&mut weights, problem.rows.row(row), &change);
                for (weight, change) in bias_weights.iter_mut().zip(&change) {
                    *weight += f64::from(*change) * bias;
                }
            }
        }
        convergence.iterations += 1;
        // The objective costs half an epoch, so it is not taken every time.
        if convergence.iterations % 4 == 1 || convergence.iterations == limits.epochs {
            let square = weights.iter().map(|&w| f64::from(w) * f64::from(w)).sum::<f64>()
                + bias_weights.iter().map(|w| w * w).sum::<f64>();
            let (mut losses, mut dual) = (0.0, -0.5 * square);
            for row in 0..costs.len() {
                let own = problem.targets[row] as usize;
                rows::multiply(&weights, problem.rows.row(row), &mut margins);
                let score = |m: usize| f64::from(margins[m]) + bias_weights[m] * bias;
                let worst = (0..classes).filter(|&m| m != own).map(score).fold(f64::NEG_INFINITY, f64::max);
                let loss = costs[row] * (1.0 + worst - score(own)).max(0.0);
                losses += loss;
                // The variables of the other classes add up to minus that of its own. A record without features costs
                // the same whatever the weights are.
                dual += if squares[row] == 0.0 { loss } else { f64::from(alpha[row * classes + own]) };
            }
            convergence.objective = 0.5 * square + losses;
            convergence.converged = convergence.objective - dual <= limits.tolerance * convergence.objective;
        }
    }
    // Two classes have one decision value, the second class's lead.
    let intercept: Vec<f32> = bias_weights.iter().map(|&weight| (weight * bias) as f32).collect();
    if LinearModel::outputs_for(classes) == 1 {
        let lead = |both: &[f32]| both[1] - both[0];
        let weights = weights.chunks_exact(2).map(lead).collect();
        return Solution { weights, intercept: vec![lead(&intercept)], convergence };
    }
    Solution { weights, intercept, convergence }
}

/// The number that makes `Σ_m min(C δ(m = own), (β − b_m)/A) = 0`, by sorting; `bound` is `A·C`.
fn threshold(b: &[f64], own: usize, bound: f64, sorted: &mut Vec<f64>) -> f64 {
    sorted.clear();
    sorted.extend_from_slice(b);
    sorted[own] += bound;
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let mut beta = sorted[0] - bound;
    let mut count = 1;
    while count < sorted.len() && beta < count as f64 * sorted[count] {
        beta += sorted[count];
        count += 1;
    }
    beta / count as f64
}
