//! One-vs-rest SVMs by dual coordinate descent (Hsieh, Chang, Lin, Keerthi & Sundararajan 2008), several classes at a time.
//!
//! The dual variable of record `i` and class `k` is `0 ≤ α ≤ U`; the weights are always `w_k = Σ α_ik y_ik x_i`. A visit finds the best
//! `α_ik` while all others stay. A group of classes shares each reading of a row: their weights lie side by side, so
//! that one feature costs one cache line for all of them. Each class still takes the very steps that it would take
//! alone: groups, and with them the number of threads, leave no trace in the result.
//!
//! A variable that is at a bound, and will stay there as far as one can see, is left out (shrinking). The duality gap is a
//! sum over records of terms that are never negative, `α(m − 1) + loss + ½Dα²` with `m` the margin, so that the visits
//! add it up on their way; when it looks small enough, one more pass looks at all records at rest.

use super::{Limits, SvmLoss};
use crate::classify::weights::Problem;
use crate::features::csr::{Csr, Row};
use crate::random::SplitMix64;

/// Where the descent ended, for one class.
pub(super) struct Solution {
    /// By column of the problem.
    pub(super) weights: Vec<f32>,
    pub(super) bias_weight: f64,
    pub(super) objective: f64,
    pub(super) epochs: usize,
    pub(super) converged: bool,
}

/// What is the same for every class.
pub(super) struct Setting<'a> {
    pub(super) problem: &'a Problem,
    /// C times the weight of each record.
    pub(super) costs: &'a [f64],
    /// The value of the bias feature: 0 or 1.
    pub(super) bias: f64,
    pub(super) loss: SvmLoss,
    pub(super) limits: Limits,
    /// The squared length of each row, the bias feature included.
    pub(super) squares: Vec<f64>,
}

/// The most classes that share a reading.
pub(super) const MOST_LANES: usize = 8;

/// The squared length of each row, the bias feature included.
pub(super) fn squares(rows: &Csr, bias: f64) -> Vec<f64> {
    let square =
        |row: Row<'_>| row.values.iter().map(|&value| f64::from(value) * f64::from(value)).sum::<f64>();
    rows.iter().map(|row| square(row) + bias * bias).collect()
}

/// Solves for each of `classes`, at most [`MOST_LANES`], against all others.
pub(super) fn solve(setting: &Setting<'_>, classes: &[u32]) -> Vec<Solution> {
    match classes.len() {
        0 => Vec::new(),
        1 => Group::<1>::new(setting, classes).run(),
        2 => Group::<2>::new(setting, classes).run(),
        // Lanes beyond the classes stand still.
        3 | 4 => Group::<4>::new(setting, classes).run(),
        _ => Group::<8>::new(setting, classes).run(),
    }
}

struct Group<'a, const K: usize> {
    setting: &'a Setting<'a>,
    classes: &'a [u32],
    weights: Vec<[f32; K]>,
    /// The weights of the bias feature.
    bias_weights: [f64; K],
    /// By record.
    alpha: Vec<[f32; K]>,
    /// By record: a bit for each class that has not left the record out.
    active: Vec<u8>,
    lanes: [Lane; K],
}

/// The state of one class.
#[derive(Clone, Copy)]
struct Lane {
    /// Visits are over.
    done: bool,
    converged: bool,
    epochs: usize,
    objective: f64,
    /// The largest and the smallest projected gradient of this epoch, and bounds from the last.
    high: f64,
    low: f64,
    high_before: f64,
    low_before: f64,
    /// The gap and the objective, added up on the way.
    gap: f64,
    sum: f64,
}

impl Lane {
    fn new(done: bool) -> Self {
        Lane {
            done,
            converged: false,
            epochs: 0,
            objective: 0.0,
            high: f64::NEG_INFINITY,
            low: f64::INFINITY,
            high_before: f64::INFINITY,
            low_before: f64::NEG_INFINITY,
            gap: 0.0,
            sum: 0.0,
        }
    }

    /// Readies the bounds of shrinking for the next epoch; `all` forgets them.
    fn next_epoch(&mut self, all: bool) {
        self.high_before = if self.high > 0.0 && !all { self.high } else { f64::INFINITY };
        self.low_before = if self.low < 0.0 && !all { self.low } else { f64::NEG_INFINITY };
        (self.high, self.low) = (f64::NEG_INFINITY, f64::INFINITY);
        (self.gap, self.sum) = (0.0, 0.0);
    }
}

impl<'a, const K: usize> Group<'a, K> {
    fn new(setting: &'a Setting<'a>, classes: &'a [u32]) -> Self {
        let records = setting.costs.len();
        let mut lanes = [Lane::new(true); K];
        lanes[..classes.len()].fill(Lane::new(false));
        Group {
            setting,
            classes,
            weights: vec![[0.0; K]; setting.problem.rows.width()],
            bias_weights: [0.0; K],
            alpha: vec![[0.0; K]; records],
            active: vec![0; records],
            lanes,
        }
    }

    fn run(mut self) -> Vec<Solution> {
        let setting = self.setting;
        let mut random = SplitMix64::new(setting.limits.seed);
        // Records without weight or without features have nothing to say.
        let mut order: Vec<u32> = (0..setting.costs.len() as u32)
            .filter(|&row| setting.costs[row as usize] > 0.0 && setting.squares[row as usize] > 0.0)
            .collect();
        for lane in 0..K {
            self.activate(lane, &order);
        }
        while self.lanes.iter().any(|lane| !lane.done) {
            // The order is that of the epoch, whatever the classes have left out.
            random.shuffle(&mut order);
            for &row in &order {
                if self.active[row as usize] != 0 {
                    self.visit(row as usize);
                }
            }
            self.end_epoch(&order);
        }
        let column = |lane: usize| self.weights.iter().map(|weights| weights[lane]).collect();
        let solution = |lane: usize| Solution {
            weights: column(lane),
            bias_weight: self.bias_weights[lane],
            objective: self.lanes[lane].objective,
            epochs: self.lanes[lane].epochs,
            converged: self.lanes[lane].converged,
        };
        (0..self.classes.len()).map(solution).collect()
    }

    /// Takes every record back in for a class.
    fn activate(&mut self, lane: usize, order: &[u32]) {
        if !self.lanes[lane].done {
            order.iter().for_each(|&row| self.active[row as usize] |= 1 << lane);
        }
    }

    fn sign(&self, lane: usize, row: usize) -> f64 {
        if self.setting.problem.targets[row] == self.classes[lane] { 1.0 } else { -1.0 }
    }

    /// The diagonal that the squared hinge adds to the dual, and the upper bound of `α`.
    fn bounds(&self, row: usize) -> (f64, f64) {
        let cost = self.setting.costs[row];
        match self.setting.loss {
            SvmLoss::SquaredHinge => (0.5 / cost, f64::INFINITY),
            // As it can be held.
            SvmLoss::Hinge => (0.0, f64::from(cost as f32)),
        }
    }

    /// What a record adds to the objective and to the duality gap.
    fn terms(&self, row: usize, margin: f64, alpha: f64, diagonal: f64) -> (f64, f64) {
        let short = (1.0 - margin).max(0.0);
        let loss =
            self.setting.costs[row] * if self.setting.loss == SvmLoss::Hinge { short } else { short * short };
        let gap = alpha * (margin - 1.0) + loss + 0.5 * diagonal * alpha * alpha;
        (0.5 * alpha * margin + loss, gap.max(0.0))
    }

    fn visit(&mut self, row: usize) {
        let values = dots(&self.weights, self.setting.problem.rows.row(row));
        let (diagonal, upper) = self.bounds(row);
        let square = self.setting.squares[row] + diagonal;
        let mut steps = [0.0f32; K];
        let mut moves = false;
        for lane in 0..self.classes.len() {
            if self.active[row] & (1 << lane) == 0 {
                continue;
            }
            let sign = self.sign(lane, row);
            let bias = self.setting.bias;
            let margin = sign * (f64::from(values[lane]) + self.bias_weights[lane] * bias);
            let alpha = f64::from(self.alpha[row][lane]);
            let gradient = margin - 1.0 + diagonal * alpha;
            let (sum, gap) = self.terms(row, margin, alpha, diagonal);
            let state = &mut self.lanes[lane];
            state.sum += sum;
            state.gap += gap;
            let projected = if alpha == 0.0 {
                if gradient > state.high_before {
                    self.active[row] &= !(1 << lane);
                    continue;
                }
                gradient.min(0.0)
            } else if alpha >= upper {
                if gradient < state.low_before {
                    self.active[row] &= !(1 << lane);
                    continue;
                }
                gradient.max(0.0)
            } else {
                gradient
            };
            (state.high, state.low) = (state.high.max(projected), state.low.min(projected));
            if projected.abs() > 1e-12 {
                let new = (alpha - gradient / square).clamp(0.0, upper) as f32;
                let step = (f64::from(new) - alpha) * sign;
                self.alpha[row][lane] = new;
                self.bias_weights[lane] += step * bias;
                steps[lane] = step as f32;
                moves |= steps[lane] != 0.0;
            }
        }
        if moves {
            add(&mut self.weights, self.setting.problem.rows.row(row), &steps);
        }
    }

    fn end_epoch(&mut self, order: &[u32]) {
        let setting = self.setting;
        let Limits { epochs, tolerance, .. } = setting.limits;
        let mut looks = 0u8;
        for (lane, state) in self.lanes.iter_mut().enumerate().filter(|(_, state)| !state.done) {
            state.epochs += 1;
            if state.gap <= tolerance * state.sum || state.epochs >= epochs {
                looks |= 1 << lane;
            }
        }
        let seen = if looks == 0 { [(0.0, 0.0); K] } else { self.look() };
        for (lane, seen) in seen.into_iter().enumerate() {
            if self.lanes[lane].done {
                continue;
            }
            let looked = looks & (1 << lane) != 0;
            let state = &mut self.lanes[lane];
            if looked {
                let (objective, gap) = seen;
                state.objective = objective;
                state.converged = gap <= tolerance * objective;
                state.done = state.converged || state.epochs >= epochs;
            }
            state.next_epoch(looked);
            if state.done {
                order.iter().for_each(|&row| self.active[row as usize] &= !(1 << lane));
            } else if looked {
                self.activate(lane, order);
            }
        }
    }

    /// The objective and the duality gap of each class, over all records at rest.
    fn look(&self) -> [(f64, f64); K] {
        let mut sums = [(0.0, 0.0); K];
        for (lane, sum) in sums.iter_mut().enumerate() {
            let square: f64 = self.weights.iter().map(|w| f64::from(w[lane]) * f64::from(w[lane])).sum();
            sum.0 = 0.5 * (square + self.bias_weights[lane] * self.bias_weights[lane]);
            // ‖w‖² here and Σ α m below are the same number, but for rounding.
        }
        for row in 0..self.setting.costs.len() {
            let values = dots(&self.weights, self.setting.problem.rows.row(row));
            let (diagonal, _) = self.bounds(row);
            for lane in 0..self.classes.len() {
                let margin = self.sign(lane, row)
                    * (f64::from(values[lane]) + self.bias_weights[lane] * self.setting.bias);
                let alpha = f64::from(self.alpha[row][lane]);
                let (sum, gap) = self.terms(row, margin, alpha, diagonal);
                sums[lane].0 += sum - 0.5 * alpha * margin;
                // A record without features costs the same whatever the weights are.
                sums[lane].1 += if self.setting.squares[row] == 0.0 { 0.0 } else { gap };
            }
        }
        sums
    }
}

/// `w_k·x` for each class, in four sums that do not wait for one another; the same to the bit for any number of classes.
#[inline]
fn dots<const K: usize>(weights: &[[f32; K]], row: Row<'_>) -> [f32; K] {
    let mut sums = [[0.0f32; K]; 4];
    let (columns, values) = (row.columns.chunks_exact(4), row.values.chunks_exact(4));
    let mut rest = [0.0f32; K];
    for (&column, &value) in columns.remainder().iter().zip(values.remainder()) {
        let weights = &weights[column as usize];
        for k in 0..K {
            rest[k] += weights[k] * value;
        }
    }
    for (columns, values) in columns.zip(values) {
        for part in 0..4 {
            let weights = &weights[columns[part] as usize];
            for k in 0..K {
                sums[part][k] += weights[k] * values[part];
            }
        }
    }
    for k in 0..K {
        rest[k] += (sums[0][k] + sums[1][k]) + (sums[2][k] + sums[3][k]);
    }
    rest
}

#[inline]
fn add<const K: usize>(weights: &mut [[f32; K]], row: Row<'_>, steps: &[f32; K]) {
    for (&column, &value) in row.columns.iter().zip(row.values) {
        let weights = &mut weights[column as usize];
        for k in 0..K {
            weights[k] += value * steps[k];
        }
    }
}
