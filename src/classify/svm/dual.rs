//! Two-class SVM: dual coordinate descent with shrinking (Hsieh, Chang, Lin, Keerthi & Sundararajan 2008).
//!
//! The dual variable of record `i` is `0 ≤ α_i ≤ U_i`; the weights are always `w = Σ α_i y_i x_i`. A visit finds the best `α_i` while all
//! others stay. Records whose `α` is at a bound, and will stay there as far as one can see, are left out until the end
//! of a round.

use super::{Limits, SvmLoss};
use crate::classify::weights::Problem;
use crate::features::csr::{Csr, Row};
use crate::random::SplitMix64;

/// Where the descent ended.
pub(super) struct Solution {
    pub(super) weights: Vec<f32>,
    pub(super) bias_weight: f64,
    pub(super) objective: f64,
    pub(super) epochs: usize,
    pub(super) converged: bool,
}

/// The squared length of each row, the bias feature included.
pub(super) fn squares(rows: &Csr, bias: f64) -> Vec<f64> {
    let square =
        |row: Row<'_>| row.values.iter().map(|&value| f64::from(value) * f64::from(value)).sum::<f64>();
    rows.iter().map(|row| square(row) + bias * bias).collect()
}

/// Solves for the class `class` against all others.
pub(super) fn solve(
    problem: &Problem,
    class: usize,
    costs: &[f64],
    squares: &[f64],
    bias: f64,
    loss: SvmLoss,
    limits: Limits,
) -> Solution {
    let mut state = State {
        problem,
        class: class as u32,
        costs,
        squares,
        bias,
        loss,
        weights: vec![0.0; problem.rows.width()],
        bias_weight: 0.0,
        alpha: vec![0.0; costs.len()],
    };
    let mut random = SplitMix64::new(limits.seed);
    // Records without weight or without features have nothing to say.
    let mut order: Vec<u32> = (0..costs.len() as u32)
        .filter(|&row| costs[row as usize] > 0.0 && squares[row as usize] > 0.0)
        .collect();
    let mut epochs = 0;
    // How far from their best the variables may be at the end of a round.
    let mut round = 0.1;
    loop {
        epochs += state.round(&mut order, &mut random, round, limits.epochs - epochs);
        let (objective, gap) = state.objective();
        let converged = gap <= limits.tolerance * objective;
        if converged || epochs >= limits.epochs {
            let State { weights, bias_weight, .. } = state;
            return Solution { weights, bias_weight, objective, epochs, converged };
        }
        round /= 4.0;
    }
}

struct State<'a> {
    problem: &'a Problem,
    class: u32,
    costs: &'a [f64],
    squares: &'a [f64],
    bias: f64,
    loss: SvmLoss,
    weights: Vec<f32>,
    /// The weight of the bias feature.
    bias_weight: f64,
    alpha: Vec<f64>,
}

impl State<'_> {
    fn sign(&self, row: usize) -> f64 {
        if self.problem.targets[row] == self.class { 1.0 } else { -1.0 }
    }

    /// The diagonal that the squared hinge adds to the dual, and the upper bound of `α`.
    fn bounds(&self, row: usize) -> (f64, f64) {
        match self.loss {
            SvmLoss::SquaredHinge => (0.5 / self.costs[row], f64::INFINITY),
            SvmLoss::Hinge => (0.0, self.costs[row]),
        }
    }

    /// `y(w·x + b)`
    fn margin(&self, row: usize) -> f64 {
        self.sign(row)
            * (f64::from(dot(&self.weights, self.problem.rows.row(row))) + self.bias_weight * self.bias)
    }

    /// Visits records until no projected gradient exceeds `goal`; returns the epochs it took.
    fn round(&mut self, order: &mut [u32], random: &mut SplitMix64, goal: f64, epochs: usize) -> usize {
        let mut active = order.len();
        let (mut high_before, mut low_before) = (f64::INFINITY, f64::NEG_INFINITY);
        for epoch in 1..=epochs {
            random.shuffle(&mut order[..active]);
            let (mut high, mut low) = (f64::NEG_INFINITY, f64::INFINITY);
            let mut place = 0;
            while place < active {
                let row = order[place] as usize;
                let (diagonal, upper) = self.bounds(row);
                let alpha = self.alpha[row];
                let gradient = self.margin(row) - 1.0 + diagonal * alpha;
                let projected = if alpha == 0.0 {
                    if gradient > high_before {
                        active -= 1;
                        order.swap(place, active);
                        continue;
                    }
                    gradient.min(0.0)
                } else if alpha == upper {
                    if gradient < low_before {
                        active -= 1;
                        order.swap(place, active);
                        continue;
                    }
                    gradient.max(0.0)
                } else {
                    gradient
                };
                (high, low) = (high.max(projected), low.min(projected));
                if projected.abs() > 1e-12 {
                    let new = (alpha - gradient / (self.squares[row] + diagonal)).clamp(0.0, upper);
                    let step = (new - alpha) * self.sign(row);
                    self.alpha[row] = new;
                    add(&mut self.weights, self.problem.rows.row(row), step as f32);
                    self.bias_weight += step * self.bias;
                }
                place += 1;
            }
            if high - low <= goal {
                if active == order.len() {
                    return epoch;
                }
                // What was left out has its say before the round ends.
                active = order.len();
                (high_before, low_before) = (f64::INFINITY, f64::NEG_INFINITY);
                continue;
            }
            high_before = if high > 0.0 { high } else { f64::INFINITY };
            low_before = if low < 0.0 { low } else { f64::NEG_INFINITY };
        }
        epochs
    }

    /// The primal objective, and how much the dual falls short of it.
    fn objective(&self) -> (f64, f64) {
        let square: f64 = self.weights.iter().map(|&w| f64::from(w) * f64::from(w)).sum::<f64>();
        let square = square + self.bias_weight * self.bias_weight;
        let (mut losses, mut dual) = (0.0, -0.5 * square);
        for row in 0..self.costs.len() {
            let short = (1.0 - self.margin(row)).max(0.0);
            let loss = self.costs[row] * if self.loss == SvmLoss::Hinge { short } else { short * short };
            losses += loss;
            if self.squares[row] == 0.0 {
                // A record without features costs the same whatever the weights are.
                dual += loss;
            } else if self.alpha[row] > 0.0 {
                let (diagonal, _) = self.bounds(row);
                dual += self.alpha[row] - 0.5 * diagonal * self.alpha[row] * self.alpha[row];
            }
        }
        let primal = 0.5 * square + losses;
        (primal, primal - dual)
    }
}

/// In four lanes, which do not wait for one another.
#[inline]
fn dot(weights: &[f32], row: Row<'_>) -> f32 {
    let mut lanes = [0.0f32; 4];
    let (columns, values) = (row.columns.chunks_exact(4), row.values.chunks_exact(4));
    let rest = columns.remainder().iter().zip(values.remainder());
    let rest: f32 = rest.map(|(&column, value)| weights[column as usize] * value).sum();
    for (columns, values) in columns.zip(values) {
        for lane in 0..4 {
            lanes[lane] += weights[columns[lane] as usize] * values[lane];
        }
    }
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]) + rest
}

#[inline]
fn add(weights: &mut [f32], row: Row<'_>, factor: f32) {
    for (&column, value) in row.columns.iter().zip(row.values) {
        weights[column as usize] += factor * value;
    }
}
