//! The trained form of every linear classifier: one row of weights a feature, one column an output.

use linfa::traits::{Predict, PredictInplace};
use ndarray::Array1;

use crate::error::{Error, Result};
use crate::features::csr::{Csr, Row};

/// Weights of a linear classifier, in `f32`, and the decision values they give.
///
/// With two classes there is one output, the decision value of the second class; with more there is one a class.
/// Weights lie by feature, so that a feature that is met costs one run of memory.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearModel {
    classes: usize,
    /// `features · outputs` numbers, feature by feature.
    weights: Vec<f32>,
    intercept: Vec<f32>,
}

impl LinearModel {
    /// A model of `classes` classes from its weights, feature by feature, and its intercepts.
    ///
    /// # Errors
    /// [`Error::Parameter`] when the lengths do not fit or a number is not finite.
    pub fn new(classes: usize, weights: Vec<f32>, intercept: Vec<f32>) -> Result<Self> {
        let outputs = Self::outputs_for(classes);
        if classes < 2 || intercept.len() != outputs || !weights.len().is_multiple_of(outputs) {
            return Err(Error::Parameter(format!(
                "{} weights and {} intercepts do not make a model of {classes} classes",
                weights.len(),
                intercept.len()
            )));
        }
        Self::finite(classes, weights, intercept)
    }

    /// A model with one decision value for each of `labels` labels, which a record may have in any number.
    ///
    /// # Errors
    /// As [`LinearModel::new`].
    pub fn independent(labels: usize, weights: Vec<f32>, intercept: Vec<f32>) -> Result<Self> {
        if labels == 0 || intercept.len() != labels || !weights.len().is_multiple_of(labels) {
            return Err(Error::Parameter(format!(
                "{} weights and {} intercepts do not make a model of {labels} independent labels",
                weights.len(),
                intercept.len()
            )));
        }
        Self::finite(labels, weights, intercept)
    }

    fn finite(classes: usize, weights: Vec<f32>, intercept: Vec<f32>) -> Result<Self> {
        // All are looked at, many at a time: there is hardly ever one.
        let finite = |numbers: &[f32]| numbers.iter().fold(true, |all, number| all & number.is_finite());
        if !finite(&weights) || !finite(&intercept) {
            return Err(Error::Parameter("a weight of the model is not a finite number".into()));
        }
        Ok(LinearModel { classes, weights, intercept })
    }

    /// The same classes with other features.
    pub(crate) fn with_weights(&self, weights: Vec<f32>, intercept: Vec<f32>) -> Result<Self> {
        if self.outputs() == self.classes {
            return Self::independent(self.classes, weights, intercept);
        }
        Self::new(self.classes, weights, intercept)
    }

    /// The number of classes, the weights and the intercepts.
    pub(super) fn into_parts(self) -> (usize, Vec<f32>, Vec<f32>) {
        (self.classes, self.weights, self.intercept)
    }

    /// The number of decision values for a number of classes: one for two, else one each.
    pub fn outputs_for(classes: usize) -> usize {
        if classes == 2 { 1 } else { classes }
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The number of decision values.
    pub fn outputs(&self) -> usize {
        self.intercept.len()
    }

    /// The number of features.
    pub fn features(&self) -> usize {
        self.weights.len() / self.outputs()
    }

    /// All weights, feature by feature.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// The intercept of each output.
    pub fn intercept(&self) -> &[f32] {
        &self.intercept
    }

    /// What a feature adds to the decision value of a class, for a value of 1. With two classes, the first class has
    /// minus the weight of the second.
    pub fn weight(&self, feature: usize, class: usize) -> f32 {
        let weights = &self.weights[feature * self.outputs()..][..self.outputs()];
        match (self.outputs() == self.classes, class) {
            (true, _) => weights[class],
            (false, 0) => -weights[0],
            (false, _) => weights[0],
        }
    }

    /// The decision values of a row, which replace what `out` holds. Columns beyond the model's features, which it
    /// never saw, add nothing.
    pub fn decide(&self, row: Row<'_>, out: &mut Vec<f64>) {
        let outputs = self.outputs();
        out.clear();
        out.extend(self.intercept.iter().map(|&intercept| f64::from(intercept)));
        for (column, value) in row.iter() {
            if let Some(weights) = self.weights.get(column * outputs..(column + 1) * outputs) {
                let value = f64::from(value);
                for (out, &weight) in out.iter_mut().zip(weights) {
                    *out += value * f64::from(weight);
                }
            }
        }
    }

    /// The class that decision values speak for; the first among equals.
    pub fn best(decision: &[f64]) -> usize {
        match decision {
            [one] => usize::from(*one > 0.0),
            many => Self::most(many),
        }
    }

    /// The place of the largest number; the first among equals.
    pub(crate) fn most(values: &[f64]) -> usize {
        let mut most = 0;
        for (place, value) in values.iter().enumerate() {
            if *value > values[most] {
                most = place;
            }
        }
        most
    }

    /// Turns decision values into probabilities by the logistic function or softmax, as logistic regression means
    /// them. `out` then holds one probability a class.
    pub fn softmax(decision: &mut Vec<f64>) {
        if let [one] = decision[..] {
            let second = sigmoid(one);
            *decision = vec![sigmoid(-one), second];
            return;
        }
        let most = decision.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        decision.iter_mut().for_each(|value| *value = libm::exp(*value - most));
        let sum: f64 = decision.iter().sum();
        decision.iter_mut().for_each(|value| *value /= sum);
    }
}

/// 1 / (1 + e^-x), without overflow.
pub(super) fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + libm::exp(-x))
    } else {
        let e = libm::exp(x);
        e / (1.0 + e)
    }
}

impl PredictInplace<Csr, Array1<usize>> for LinearModel {
    fn predict_inplace<'a>(&'a self, rows: &'a Csr, classes: &mut Array1<usize>) {
        let mut decision = Vec::new();
        *classes = rows
            .iter()
            .map(|row| {
                self.decide(row, &mut decision);
                Self::best(&decision)
            })
            .collect();
    }

    fn default_target(&self, rows: &Csr) -> Array1<usize> {
        Array1::zeros(rows.rows())
    }
}

impl Predict<&Csr, Array1<usize>> for LinearModel {
    fn predict(&self, rows: &Csr) -> Array1<usize> {
        let mut classes = self.default_target(rows);
        self.predict_inplace(rows, &mut classes);
        classes
    }
}

/// Makes a model with a field `linear: LinearModel` a linfa classifier.
macro_rules! predicts_by_its_weights {
    ($model:ty) => {
        impl linfa::traits::PredictInplace<Csr, Array1<usize>> for $model {
            fn predict_inplace<'a>(&'a self, rows: &'a Csr, classes: &mut Array1<usize>) {
                self.linear.predict_inplace(rows, classes);
            }

            fn default_target(&self, rows: &Csr) -> Array1<usize> {
                self.linear.default_target(rows)
            }
        }

        impl linfa::traits::Predict<&Csr, Array1<usize>> for $model {
            fn predict(&self, rows: &Csr) -> Array1<usize> {
                self.linear.predict(rows)
            }
        }
    };
}
pub(super) use predicts_by_its_weights;

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn two_classes_have_one_decision_value() {
        let model = LinearModel::new(2, vec![2.0, -1.0], vec![0.5]).unwrap();
        let mut rows = Csr::new(2);
        rows.push_row([(0, 1.0)]).unwrap();
        rows.push_row([(1, 1.0)]).unwrap();
        let mut decision = Vec::new();
        model.decide(rows.row(0), &mut decision);
        assert_eq!(decision, [2.5]);
        assert_eq!(model.predict(&rows), array![1, 0]);
        assert_eq!((model.weight(0, 0), model.weight(0, 1)), (-2.0, 2.0));
        LinearModel::softmax(&mut decision);
        assert!((decision[1] - 1.0 / (1.0 + (-2.5f64).exp())).abs() < 1e-12);
        assert!((decision.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn more_classes_have_one_each() {
        let model = LinearModel::new(3, vec![1.0, 0.0, 0.0, 0.0, 0.0, 3.0], vec![0.0; 3]).unwrap();
        let mut rows = Csr::new(9);
        rows.push_row([(0, 1.0), (1, 1.0)]).unwrap();
        rows.push_row([(0, 1.0), (8, 7.0)]).unwrap();
        assert_eq!(model.predict(&rows), array![2, 0], "columns the model never saw add nothing");
        assert_eq!(model.features(), 2);
    }

    #[test]
    fn softmax_does_not_overflow() {
        let mut decision = vec![1e6, 0.0, -1e6];
        LinearModel::softmax(&mut decision);
        assert_eq!(decision, [1.0, 0.0, 0.0]);
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        assert!(LinearModel::new(3, vec![0.0; 4], vec![0.0; 3]).is_err());
        assert!(LinearModel::new(1, vec![0.0], vec![0.0]).is_err());
        assert!(LinearModel::new(2, vec![f32::NAN], vec![0.0]).is_err());
    }
}
