//! The loss of multinomial logistic regression as a function of all weights, for solvers that want its gradient.

use rayon::prelude::*;

use super::owlqn::Loss;
use crate::classify::linear::{LinearModel, sigmoid};
use crate::classify::weights::Problem;
use crate::features::csr::Csr;

/// Rows or columns that one task takes: fixed, so that sums do not depend on the number of threads.
const CHUNK: usize = 512;

/// The loss of multinomial logistic regression over the rows of a problem.
pub(super) struct SoftmaxLoss<'a> {
    problem: &'a Problem,
    /// The rows by feature, for the gradient: each feature's sum has one fixed order.
    columns: Csr,
    outputs: usize,
    c: f64,
}

impl<'a> SoftmaxLoss<'a> {
    pub(super) fn new(problem: &'a Problem, c: f64) -> Self {
        let outputs = LinearModel::outputs_for(problem.classes);
        SoftmaxLoss { problem, columns: problem.rows.transpose(), outputs, c }
    }
}

impl Loss for SoftmaxLoss<'_> {
    fn evaluate(&self, weights: &[f64], gradient: &mut [f64]) -> f64 {
        let margins = self.margins(weights);
        let mut derivative = vec![0.0; margins.len()];
        let loss = self.derive(&margins, &mut derivative);
        self.add_gradient(&derivative, gradient);
        loss
    }
}

impl SoftmaxLoss<'_> {
    /// The decision values of every row, with the intercepts that stand behind the weights.
    fn margins(&self, weights: &[f64]) -> Vec<f64> {
        let outputs = self.outputs;
        let intercept = &weights[self.columns.rows() * outputs..];
        let mut margins = vec![0.0; self.problem.rows.rows() * outputs];
        margins.par_chunks_mut(CHUNK * outputs).enumerate().for_each(|(chunk, margins)| {
            for (index, margins) in margins.chunks_exact_mut(outputs).enumerate() {
                margins[..intercept.len()].copy_from_slice(intercept);
                for (column, value) in self.problem.rows.row(chunk * CHUNK + index).iter() {
                    add_scaled(margins, &weights[column * outputs..][..outputs], f64::from(value));
                }
            }
        });
        margins
    }

    /// The loss at these decision values, and its derivative by each.
    fn derive(&self, margins: &[f64], derivative: &mut [f64]) -> f64 {
        let outputs = self.outputs;
        let size = CHUNK * outputs;
        let losses: Vec<f64> = margins
            .par_chunks(size)
            .zip(derivative.par_chunks_mut(size))
            .enumerate()
            .map(|(chunk, (margins, derivative))| {
                let rows =
                    margins.chunks_exact(outputs).zip(derivative.chunks_exact_mut(outputs)).enumerate();
                rows.map(|(index, (margins, derivative))| {
                    let row = chunk * CHUNK + index;
                    let class = self.problem.targets[row] as usize;
                    let weight = self.c * self.problem.weights[row];
                    weight * log_loss(margins, class, weight, derivative)
                })
                .sum::<f64>()
            })
            .collect();
        losses.iter().sum()
    }

    /// Adds the gradient by the weights, given the derivative by the decision values.
    fn add_gradient(&self, derivative: &[f64], gradient: &mut [f64]) {
        let outputs = self.outputs;
        let (weights, intercept) = gradient.split_at_mut(self.columns.rows() * outputs);
        weights.par_chunks_mut(CHUNK * outputs).enumerate().for_each(|(chunk, gradient)| {
            for (index, gradient) in gradient.chunks_exact_mut(outputs).enumerate() {
                for (row, value) in self.columns.row(chunk * CHUNK + index).iter() {
                    add_scaled(gradient, &derivative[row * outputs..][..outputs], f64::from(value));
                }
            }
        });
        if !intercept.is_empty() {
            derivative.chunks_exact(outputs).for_each(|derivative| add_scaled(intercept, derivative, 1.0));
        }
    }
}

#[inline]
fn add_scaled(to: &mut [f64], from: &[f64], factor: f64) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}

/// −ln of the probability of `class`; `derivative` receives its derivative by each margin, times `weight`.
pub(super) fn log_loss(margins: &[f64], class: usize, weight: f64, derivative: &mut [f64]) -> f64 {
    if let ([margin], [derivative]) = (margins, &mut *derivative) {
        let sign = if class == 1 { 1.0 } else { -1.0 };
        let wrong = sigmoid(-sign * margin);
        *derivative = -sign * weight * wrong;
        // ln(1 + e^-m), without overflow.
        let m = sign * margin;
        return if m > 0.0 { libm::log1p(libm::exp(-m)) } else { libm::log1p(libm::exp(m)) - m };
    }
    let most = margins.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for (derivative, margin) in derivative.iter_mut().zip(margins) {
        *derivative = libm::exp(margin - most);
        sum += *derivative;
    }
    derivative.iter_mut().for_each(|derivative| *derivative *= weight / sum);
    derivative[class] -= weight;
    libm::log(sum) + most - margins[class]
}
