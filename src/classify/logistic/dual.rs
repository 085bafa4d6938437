//! Dual coordinate ascent for L2-regularised logistic regression.
//!
//! Each record `i` has a distribution `q_i` over the classes, and the weights are always `W = Σ_i C_i (y_i − q_i) x_iᵀ`. At
//! the optimum `q_i` is the softmax of the record's own margins. Records are visited in random order; a visit solves for the
//! `q_i` that is best while all others stay (Yu, Huang & Lin 2011; Shalev-Shwartz & Zhang 2013). The distance from the
//! optimum, for given intercepts, is at most `Σ_i C_i KL(q_i ‖ p_i)`, which the visits add up on their way and which says
//! when to stop.
//!
//! Intercepts are not regularised, which in the dual is a constraint: `r = Σ_i C_i (y_i − q_i)` must be 0. It is met by the method
//! of multipliers (Hestenes 1969; Powell 1969): the margins have `b + ρ·r` for an intercept, as if there were one more
//! feature of value √ρ, and `b` takes up `ρ·r` after every epoch.
//!
//! Memory: the weights and two numbers a record and class, in `f32`. An epoch reads each row twice.

use super::super::linear::{LinearModel, sigmoid};
use super::super::rows;
use super::super::weights::Problem;
use crate::random::SplitMix64;

/// Where the ascent ended.
pub(super) struct Solution {
    /// Feature by feature.
    pub(super) weights: Vec<f32>,
    pub(super) intercept: Vec<f32>,
    pub(super) objective: f64,
    pub(super) epochs: usize,
    pub(super) converged: bool,
}

/// When to stop, and chance.
pub(super) struct Limits {
    pub(super) epochs: usize,
    /// The largest distance from the minimum, as a share of the objective.
    pub(super) tolerance: f64,
    pub(super) seed: u64,
}

/// Solves from no knowledge, or from the weights of a former model.
pub(super) fn solve(
    problem: &Problem,
    c: f64,
    intercept: bool,
    former: Option<&LinearModel>,
    limits: &Limits,
) -> Solution {
    let mut state = State::new(problem, c, if intercept { RHO } else { 0.0 }, former);
    let mut order: Vec<u32> = (0..problem.rows.rows() as u32).collect();
    let mut random = SplitMix64::new(limits.seed);
    let (mut epochs, mut converged) = (0, false);
    while epochs < limits.epochs && !converged {
        random.shuffle(&mut order);
        let mut sums = Sums::default();
        for &row in &order {
            state.visit(row as usize, &mut sums);
        }
        epochs += 1;
        // The sums were taken while the weights moved. When they look good, look once more, at rest.
        if sums.gap <= limits.tolerance * sums.loss.max(f64::MIN_POSITIVE) {
            let at_rest = state.look();
            // What is left of the constraint, times a distance in log-odds that the intercepts are well within by now.
            let slack: f64 = if intercept { state.residual.iter().map(|r| r.abs()).sum() } else { 0.0 };
            converged = at_rest.gap + slack <= limits.tolerance * (at_rest.loss + state.half_square());
        }
        if !converged {
            state.move_intercept();
        }
    }
    let objective = state.look().loss + state.half_square();
    Solution {
        intercept: (0..state.outputs).map(|k| state.intercept_of(k) as f32).collect(),
        weights: state.weights,
        objective,
        epochs,
        converged,
    }
}

/// What the records say of the present weights, added up.
#[derive(Default)]
struct Sums {
    /// `Σ C_i (−ln p_i)`
    loss: f64,
    /// `Σ C_i KL(q_i ‖ p_i)`
    gap: f64,
}

struct State<'a> {
    problem: &'a Problem,
    c: f64,
    outputs: usize,
    weights: Vec<f32>,
    /// The part of the intercepts that is settled.
    intercept: Vec<f64>,
    rho: f64,
    /// `r`, which is to become 0.
    residual: Vec<f64>,
    /// `q_i` and its logarithm; with two classes, the probability of the second and its log-odds.
    q: Vec<f32>,
    log_q: Vec<f32>,
    squares: Vec<f64>,
    /// Buffers of one visit: margins, probabilities, change.
    margins: Vec<f32>,
    p: Vec<f64>,
    log_p: Vec<f64>,
    step: Step,
    change: Vec<f32>,
}

/// Of the method of multipliers: about the squared length of a row, so that the intercepts keep pace with the weights and do
/// not make the steps shorter.
const RHO: f64 = 2.0;

/// The share of its probability that a record's own class begins with.
const START: f64 = 0.999;

impl<'a> State<'a> {
    fn new(problem: &'a Problem, c: f64, rho: f64, former: Option<&LinearModel>) -> Self {
        let outputs = LinearModel::outputs_for(problem.classes);
        let records = problem.rows.rows();
        let mut state = State {
            problem,
            c,
            outputs,
            weights: vec![0.0; problem.rows.width() * outputs],
            intercept: vec![0.0; outputs],
            // Not before every record has its say.
            rho: 0.0,
            residual: vec![0.0; outputs],
            q: vec![0.0; records * outputs],
            log_q: vec![0.0; records * outputs],
            squares: problem
                .rows
                .iter()
                .map(|row| row.values.iter().map(|&value| f64::from(value) * f64::from(value)).sum())
                .collect(),
            margins: vec![0.0; outputs],
            p: vec![0.0; outputs],
            log_p: vec![0.0; outputs],
            step: Step::new(outputs),
            change: vec![0.0; outputs],
        };
        let former = former.map(|former| {
            state.intercept = former.intercept().iter().map(|&b| f64::from(b)).collect();
            problem.gather(former.weights(), outputs)
        });
        for row in 0..records {
            let class = problem.targets[row] as usize;
            match &former {
                Some(former) => {
                    rows::multiply(former, problem.rows.row(row), &mut state.margins);
                    state.probabilities();
                }
                None if outputs == 1 => state.p[0] = if class == 1 { START } else { 1.0 - START },
                None => {
                    state.p.fill((1.0 - START) / (outputs - 1) as f64);
                    state.p[class] = START;
                }
            }
            let q = &mut state.q[row * outputs..][..outputs];
            let log_q = &mut state.log_q[row * outputs..][..outputs];
            for k in 0..outputs {
                let p = state.p[k].clamp(1e-30, 1.0);
                (q[k], log_q[k]) = if outputs == 1 {
                    (p as f32, (libm::log(p) - libm::log1p(-p.min(1.0 - 1e-12))) as f32)
                } else {
                    (p as f32, libm::log(p) as f32)
                };
                let own = if outputs == 1 { class == 1 } else { class == k };
                state.change[k] =
                    (c * problem.weights[row] * (f64::from(u8::from(own)) - f64::from(q[k]))) as f32;
            }
            state.apply_change(row);
        }
        state.rho = rho;
        state
    }

    /// Fills `p` and its logarithm from the margins and the intercepts. With two classes there is one margin, and `log_p`
    /// holds it as it is: the log-odds.
    fn probabilities(&mut self) {
        for k in 0..self.outputs {
            self.log_p[k] = f64::from(self.margins[k]) + self.intercept_of(k);
        }
        if let ([p], [margin]) = (&mut self.p[..], &self.log_p[..]) {
            *p = sigmoid(*margin);
            return;
        }
        let most = self.log_p.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut sum = 0.0;
        for (p, log_p) in self.p.iter_mut().zip(&self.log_p) {
            *p = libm::exp(log_p - most);
            sum += *p;
        }
        let log_sum = most + libm::log(sum);
        self.p.iter_mut().for_each(|p| *p /= sum);
        self.log_p.iter_mut().for_each(|log_p| *log_p -= log_sum);
    }

    /// Gives record `row` its best `q` while all others stay.
    fn visit(&mut self, row: usize, sums: &mut Sums) {
        let weight = self.c * self.problem.weights[row];
        if weight == 0.0 {
            return;
        }
        self.read(row, weight, sums);
        let a = weight * (self.squares[row] + self.rho);
        let (q, log_q) = (
            &mut self.q[row * self.outputs..][..self.outputs],
            &mut self.log_q[row * self.outputs..][..self.outputs],
        );
        let largest = if self.outputs == 1 {
            let (new, log_odds) = best_of_two(self.log_p[0], a, f64::from(q[0]), f64::from(log_q[0]));
            self.change[0] = (weight * (f64::from(q[0]) - new)) as f32;
            (q[0], log_q[0]) = (new as f32, log_odds as f32);
            self.change[0].abs()
        } else {
            self.step.solve(a, &self.p, &self.log_p, q, log_q);
            let mut largest = 0.0f32;
            for k in 0..self.outputs {
                let new = self.step.q[k] as f32;
                self.change[k] = (weight * (f64::from(q[k]) - f64::from(new))) as f32;
                largest = largest.max(self.change[k].abs());
                (q[k], log_q[k]) = (new, self.step.log_q[k] as f32);
            }
            largest
        };
        if f64::from(largest) > 1e-7 * weight {
            self.apply_change(row);
        }
    }

    /// Adds `change ⊗ x` to the weights, and `change` to what is left of the constraint.
    fn apply_change(&mut self, row: usize) {
        rows::add(&mut self.weights, self.problem.rows.row(row), &self.change);
        self.residual.iter_mut().zip(&self.change).for_each(|(r, &change)| *r += f64::from(change));
    }

    fn intercept_of(&self, k: usize) -> f64 {
        self.intercept[k] + self.rho * self.residual[k]
    }

    fn move_intercept(&mut self) {
        for k in 0..self.outputs {
            self.intercept[k] = self.intercept_of(k);
        }
    }

    /// Fills margins and `p` for a record and adds up what they say.
    fn read(&mut self, row: usize, weight: f64, sums: &mut Sums) {
        rows::multiply(&self.weights, self.problem.rows.row(row), &mut self.margins);
        self.probabilities();
        let class = self.problem.targets[row] as usize;
        let (q, log_q) = (
            &self.q[row * self.outputs..][..self.outputs],
            &self.log_q[row * self.outputs..][..self.outputs],
        );
        if self.outputs == 1 {
            let margin = self.log_p[0];
            let (q, log_odds) = (f64::from(q[0]), f64::from(log_q[0]));
            let own = f64::from(u8::from(class == 1));
            sums.loss += weight * (softplus(margin) - own * margin);
            // KL of two Bernoulli distributions by their log-odds.
            sums.gap += weight * (q * (log_odds - margin) + softplus(margin) - softplus(log_odds)).max(0.0);
            return;
        }
        sums.loss -= weight * self.log_p[class];
        let mut gap = 0.0;
        for k in 0..self.outputs {
            gap += f64::from(q[k]) * (f64::from(log_q[k]) - self.log_p[k]);
        }
        sums.gap += weight * gap.max(0.0);
    }

    /// Adds up what all records say, at rest.
    fn look(&mut self) -> Sums {
        let mut sums = Sums::default();
        for row in 0..self.problem.rows.rows() {
            let weight = self.c * self.problem.weights[row];
            if weight > 0.0 {
                self.read(row, weight, &mut sums);
            }
        }
        sums
    }

    fn half_square(&self) -> f64 {
        self.weights.iter().map(|&w| f64::from(w) * f64::from(w)).sum::<f64>() / 2.0
    }
}

/// ln(1 + e^x), without overflow.
fn softplus(x: f64) -> f64 {
    if x > 0.0 { x + libm::log1p(libm::exp(-x)) } else { libm::log1p(libm::exp(x)) }
}

/// The root of `t + a·σ(t) = margin + a·q`, by Newton's method between the two ends that bracket it: the best log-odds.
fn best_of_two(margin: f64, a: f64, q: f64, log_odds: f64) -> (f64, f64) {
    let goal = margin + a * q;
    let (mut low, mut high) = (margin.min(log_odds), margin.max(log_odds));
    let mut t = if a < 1.0 { margin } else { log_odds };
    for _ in 0..20 {
        let p = sigmoid(t);
        let miss = t + a * p - goal;
        if miss.abs() < 1e-9 * (1.0 + a) {
            break;
        }
        if miss > 0.0 {
            high = t
        } else {
            low = t
        }
        let next = t - miss / (1.0 + a * p * (1.0 - p));
        t = if next > low && next < high { next } else { (low + high) / 2.0 };
    }
    (sigmoid(t), t)
}

/// The best distribution of one record among many classes: the `q` that solves `ln q_k + a·q_k = ln p_k + a·q'_k − λ` with
/// `Σ q_k = 1`, where `q'` is the present one.
struct Step {
    goal: Vec<f64>,
    q: Vec<f64>,
    log_q: Vec<f64>,
}

impl Step {
    fn new(outputs: usize) -> Self {
        Step { goal: vec![0.0; outputs], q: vec![0.0; outputs], log_q: vec![0.0; outputs] }
    }

    /// Newton's method on the logarithms and λ together. It starts at the larger of `q'` and `p`, to the right of the
    /// solution, where it does not overshoot.
    fn solve(&mut self, a: f64, p: &[f64], log_p: &[f64], q: &[f32], log_q: &[f32]) {
        let classes = p.len();
        for k in 0..classes {
            let before = f64::from(q[k]);
            self.goal[k] = log_p[k] + a * before;
            (self.q[k], self.log_q[k]) =
                if before > p[k] { (before, f64::from(log_q[k])) } else { (p[k], log_p[k]) };
        }
        let mut lambda = 0.0;
        for _ in 0..12 {
            let (mut sum, mut lean, mut slope, mut worst) = (0.0, 0.0, 0.0, 0.0f64);
            for k in 0..classes {
                let miss = self.goal[k] - lambda - self.log_q[k] - a * self.q[k];
                let part = self.q[k] / (1.0 + a * self.q[k]);
                sum += self.q[k];
                lean += part * miss;
                slope += part;
                worst = worst.max(part * miss.abs());
            }
            if worst < 1e-5 && (sum - 1.0).abs() < 1e-5 {
                break;
            }
            let step = (sum - 1.0 + lean) / slope;
            for k in 0..classes {
                let miss = self.goal[k] - lambda - self.log_q[k] - a * self.q[k];
                self.log_q[k] = (self.log_q[k] + (miss - step) / (1.0 + a * self.q[k])).min(0.0);
                self.q[k] = libm::exp(self.log_q[k]);
            }
            lambda += step;
        }
        let sum: f64 = self.q.iter().sum();
        let log_sum = libm::log(sum);
        self.q.iter_mut().for_each(|q| *q /= sum);
        self.log_q.iter_mut().for_each(|log_q| *log_q -= log_sum);
    }
}
