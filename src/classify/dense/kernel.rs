//! Scores by likeness to support vectors: the Gaussian kernel of `linfa-kernel-svm`.

use linfa_svm::Svm;
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// Support vectors, and what each counts for each output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kernel {
    /// `exp(-‖x - x'‖² / width)` is the likeness of two records.
    width: f64,
    support: Vec<Support>,
    intercept: Vec<f64>,
}

/// The kept columns of a record that are not 0, and its weight in each output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Support {
    x: Vec<(u32, f64)>,
    weights: Vec<f64>,
}

/// linfa's own threshold for a support vector.
const SUPPORTS: f64 = 100.0 * f64::EPSILON;

impl Kernel {
    /// The records of `x` that support any of the machines that were trained on them.
    pub(super) fn new(width: f64, x: &Array2<f64>, fitted: &[Svm<f64, bool>]) -> Self {
        let support = |(record, row): (usize, ndarray::ArrayView1<'_, f64>)| {
            let weight =
                |svm: &Svm<f64, bool>| Some(svm.alpha[record]).filter(|alpha| alpha.abs() > SUPPORTS);
            fitted.iter().any(|svm| weight(svm).is_some()).then(|| Support {
                x: (0..).zip(row.iter().copied()).filter(|(_, value)| *value != 0.0).collect(),
                weights: fitted.iter().map(|svm| weight(svm).unwrap_or(0.0)).collect(),
            })
        };
        Kernel {
            width,
            support: x.rows().into_iter().enumerate().filter_map(support).collect(),
            intercept: fitted.iter().map(|svm| -svm.rho).collect(),
        }
    }

    pub(super) fn is_finite(&self) -> bool {
        let weights = self.support.iter().flat_map(|support| &support.weights);
        weights.chain(&self.intercept).all(|number| number.is_finite())
    }

    pub(super) fn fits(&self, columns: usize, outputs: usize) -> bool {
        let fits = |support: &Support| {
            support.weights.len() == outputs
                && support.x.iter().all(|&(column, _)| (column as usize) < columns)
        };
        self.width > 0.0 && self.intercept.len() == outputs && self.support.iter().all(fits)
    }

    pub(super) fn scores(&self, x: &[f64]) -> Vec<f64> {
        let mut scores = self.intercept.clone();
        let norm: f64 = x.iter().map(|value| value * value).sum();
        for support in &self.support {
            // Of ‖x - x'‖², what lies outside of the support vector's own columns is in ‖x‖² already.
            let difference = |&(column, value): &(u32, f64)| {
                let x = x[column as usize];
                (x - value) * (x - value) - x * x
            };
            let own: f64 = support.x.iter().map(difference).sum();
            let likeness = libm::exp(-(norm + own).max(0.0) / self.width);
            scores.iter_mut().zip(&support.weights).for_each(|(score, weight)| *score += weight * likeness);
        }
        scores
    }
}
