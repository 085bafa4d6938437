//! Scores that are linear in the kept columns, or in their presence.

use super::{Parts, check_finite, check_length};
use crate::error::Result;

/// Weights column by column, one an output.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Linear {
    /// Whether a value counts as 1 when it is above 0, and as nothing else.
    presence: bool,
    weights: Vec<f64>,
    intercept: Vec<f64>,
}

impl Linear {
    pub(super) fn new(
        presence: bool,
        columns: usize,
        outputs: usize,
        weights: Vec<f64>,
        intercept: Vec<f64>,
    ) -> Result<Self> {
        check_length("intercepts", intercept.len(), outputs)?;
        check_length("weights", weights.len(), columns * outputs)?;
        check_finite("weights", &weights)?;
        check_finite("intercepts", &intercept)?;
        Ok(Linear { presence, weights, intercept })
    }

    /// From the weights and the intercept of each class; with two classes, what sets the second apart from the first.
    #[cfg(feature = "linfa-classifiers")]
    pub(super) fn of_classes(presence: bool, columns: usize, classes: &[(Vec<f64>, f64)]) -> Result<Self> {
        if let [first, second] = classes {
            let weights = second.0.iter().zip(&first.0).map(|(second, first)| second - first).collect();
            return Self::new(presence, columns, 1, weights, vec![second.1 - first.1]);
        }
        Self::of_outputs(presence, columns, classes)
    }

    /// From the weights and the intercept of each output.
    #[cfg(feature = "linfa-classifiers")]
    pub(super) fn of_outputs(presence: bool, columns: usize, outputs: &[(Vec<f64>, f64)]) -> Result<Self> {
        for (weights, _) in outputs {
            check_length("weights", weights.len(), columns)?;
        }
        let weights =
            (0..columns).flat_map(|column| outputs.iter().map(move |output| output.0[column])).collect();
        let intercept = outputs.iter().map(|output| output.1).collect();
        Self::new(presence, columns, outputs.len(), weights, intercept)
    }

    pub(super) fn parts(&self, parts: &mut Parts) {
        parts.numbers.insert("weights", self.weights.clone());
        parts.numbers.insert("intercept", self.intercept.clone());
    }

    pub(super) fn scores(&self, x: &[f64]) -> Vec<f64> {
        let mut scores = self.intercept.clone();
        for (&value, weights) in x.iter().zip(self.weights.chunks_exact(scores.len())) {
            let value = if self.presence { f64::from(u8::from(value > 0.0)) } else { value };
            if value != 0.0 {
                scores.iter_mut().zip(weights).for_each(|(score, weight)| *score += value * weight);
            }
        }
        scores
    }

    /// The weight of a column for a seen class.
    pub(super) fn weight(&self, column: usize, class: usize) -> f64 {
        let weights = &self.weights[column * self.intercept.len()..][..self.intercept.len()];
        match (weights, class) {
            ([second], 0) => -second,
            ([second], _) => *second,
            _ => weights[class],
        }
    }
}
