//! Decision values to probabilities one can act on: of the records scored 0.8, four in five are right.
//!
//! A classifier is trained to separate, not to be honest about its doubts: its softmax is too sure on its own training
//! records, and a support vector machine's margins are no log-odds at all. A [`Calibration`] is a small map from
//! decision values to probabilities, fitted on records that the classifier was *not* trained on (held-out folds) and
//! stored in the model.
//!
//! | method | per class | parameters | keeps the label | choose it when |
//! |---|---|---|---|---|
//! | [`Temperature`](CalibrationMethod::Temperature) | no | 1 | yes | there are few held-out records; the default choice for log-odds |
//! | [`Platt`](CalibrationMethod::Platt) | yes | 2 a class | no | margins are no log-odds (support vector machines) |
//! | [`Isotonic`](CalibrationMethod::Isotonic) | yes | up to the records | no | there are thousands of held-out records |
//!
//! The per-class methods see each class against the rest and divide the results by their sum, so the most probable
//! class may be another than the one with the largest decision value; equal probabilities (isotonic curves have flat
//! stretches) go to the first class.
//!
//! Fitting is deterministic and does not depend on the number of threads.

mod isotonic;
mod platt;
mod temperature;

use serde::{Deserialize, Serialize};

pub use isotonic::IsotonicCurve;

use super::linear::LinearModel;
use crate::error::{Error, Result};

/// How decision values become probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CalibrationMethod {
    /// Softmax (the logistic function for two classes) of the decision values as they are.
    #[default]
    None,
    /// Softmax after a division by one number.
    Temperature,
    /// A logistic curve for each class.
    Platt,
    /// A rising curve of straight stretches for each class.
    Isotonic,
}

/// A fitted map from the decision values of a record to probabilities.
///
/// ```
/// use tasnif::classify::{Calibration, CalibrationMethod};
///
/// // Decision values of the second of two classes, far too sure: a quarter of them are wrong.
/// let held_out = [8.0, 8.0, 8.0, 8.0, -8.0, -8.0, -8.0, -8.0];
/// let targets = [1, 1, 1, 0, 0, 0, 0, 1];
/// let calibration = Calibration::fit(CalibrationMethod::Temperature, &held_out, &targets, &[], 2)?;
/// let mut decision = vec![8.0];
/// calibration.apply(&mut decision, 2);
/// assert!((decision[1] - 0.75).abs() < 1e-9);
/// assert!((decision.iter().sum::<f64>() - 1.0).abs() < 1e-12);
/// # Ok::<(), tasnif::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Calibration {
    /// Softmax of the decision values; for two classes, the logistic function of the one decision value.
    #[default]
    None,
    /// `softmax(z / temperature)`: Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks",
    /// ICML 2017. The temperature has the least log loss on the held-out records.
    Temperature {
        /// Above 0; 1 changes nothing, more makes less sure.
        temperature: f64,
    },
    /// `1 / (1 + exp(a z + b))` for each output: Platt, "Probabilistic outputs for support vector machines", 1999,
    /// with the smoothed targets and the Newton method of Lin, Lin and Weng, "A note on Platt's probabilistic outputs
    /// for support vector machines", Machine Learning 68, 2007.
    Platt {
        /// The slope of each output; negative when larger decision values are more probable.
        a: Vec<f64>,
        /// The intercept of each output.
        b: Vec<f64>,
    },
    /// The non-decreasing curve nearest to the held-out outcomes for each output: Zadrozny and Elkan, "Transforming
    /// classifier scores into accurate multiclass probability estimates", KDD 2002.
    Isotonic {
        /// The curve of each output.
        curves: Vec<IsotonicCurve>,
    },
}

impl Calibration {
    /// Fits on held-out records.
    ///
    /// `decisions` holds the decision values record by record: one a record (that of the second class) or two when
    /// there are two classes, else one a class. `targets` are class indices; `weights` say how much each record
    /// counts, all the same when empty.
    ///
    /// Where the held-out records leave something open:
    /// - *No record is on the wrong side* (log loss falls for ever as the temperature falls): the temperature is
    ///   fitted to targets that are smoothed as in Platt's method, `(n + 1) / (n + 2)` for the right class.
    /// - *Decision values that speak against their labels, or that are all the same*: the temperature ends at 1,000
    ///   times the largest decision value (1 when all are 0), so that labels stay and scores are near uniform; Platt's
    ///   slope may turn, and is 0 where all values are the same; isotonic curves are flat.
    /// - *A class that the held-out records lack*: its Platt probability is `1 / (n + 2)`, its isotonic one 0, both
    ///   before the division by the sum.
    ///
    /// # Errors
    /// [`Error::Dataset`] on no records or no weight, lengths that do not fit, targets that are no class, and decision
    /// values or weights that are not finite numbers.
    pub fn fit(
        method: CalibrationMethod,
        decisions: &[f64],
        targets: &[u32],
        weights: &[f64],
        classes: usize,
    ) -> Result<Self> {
        let held_out = HeldOut::new(decisions, targets, weights, classes)?;
        Ok(match method {
            CalibrationMethod::None => Calibration::None,
            CalibrationMethod::Temperature => {
                Calibration::Temperature { temperature: temperature::fit(&held_out) }
            }
            CalibrationMethod::Platt => {
                let (a, b) = held_out.each_output(platt::fit).into_iter().unzip();
                Calibration::Platt { a, b }
            }
            CalibrationMethod::Isotonic => {
                Calibration::Isotonic { curves: held_out.each_output(IsotonicCurve::fit) }
            }
        })
    }

    /// The method behind it.
    pub fn method(&self) -> CalibrationMethod {
        match self {
            Calibration::None => CalibrationMethod::None,
            Calibration::Temperature { .. } => CalibrationMethod::Temperature,
            Calibration::Platt { .. } => CalibrationMethod::Platt,
            Calibration::Isotonic { .. } => CalibrationMethod::Isotonic,
        }
    }

    /// Turns the decision values of a record into one probability a class, which sum to 1.
    ///
    /// Any number is taken: an infinite decision value is the limit (what +∞ is shared by, shares the whole), a NaN
    /// anywhere gives the uniform distribution, and so do per-class probabilities that are all 0.
    pub fn apply(&self, decision: &mut Vec<f64>, classes: usize) {
        if decision.iter().any(|value| value.is_nan()) {
            return uniform(decision, classes);
        }
        match self {
            Calibration::None => temperature::apply(decision, 1.0),
            Calibration::Temperature { temperature } => temperature::apply(decision, *temperature),
            Calibration::Platt { a, b } => {
                decision
                    .iter_mut()
                    .zip(a.iter().zip(b))
                    .for_each(|(value, (&a, &b))| *value = platt::apply(*value, a, b));
                normalise(decision, classes);
            }
            Calibration::Isotonic { curves } => {
                decision.iter_mut().zip(curves).for_each(|(value, curve)| *value = curve.at(*value));
                normalise(decision, classes);
            }
        }
    }

    /// Whether it is a calibration for decision values of `classes` classes: for one that was read from a file.
    ///
    /// # Errors
    /// [`Error::Parameter`] when a number is out of range or the outputs are not as many as the classes ask for.
    pub fn check(&self, classes: usize) -> Result<()> {
        let outputs = |outputs: usize| {
            if outputs == classes || outputs == LinearModel::outputs_for(classes) {
                return Ok(());
            }
            Err(Error::Parameter(format!(
                "a calibration of {outputs} outputs does not fit {classes} classes"
            )))
        };
        let sound = match self {
            Calibration::None => true,
            Calibration::Temperature { temperature } => temperature.is_finite() && *temperature > 0.0,
            Calibration::Platt { a, b } => {
                outputs(a.len())?;
                a.len() == b.len() && a.iter().chain(b).all(|number| number.is_finite())
            }
            Calibration::Isotonic { curves } => {
                outputs(curves.len())?;
                curves.iter().all(IsotonicCurve::is_sound)
            }
        };
        if !sound {
            return Err(Error::Parameter("a number of the calibration is out of range".into()));
        }
        Ok(())
    }
}

/// Per-class probabilities to a distribution: one output is that of the second class.
fn normalise(probabilities: &mut Vec<f64>, classes: usize) {
    if let (&[second], 2) = (&probabilities[..], classes) {
        probabilities.clear();
        probabilities.extend([1.0 - second, second]);
        return;
    }
    let sum: f64 = probabilities.iter().sum();
    if sum > 0.0 {
        probabilities.iter_mut().for_each(|probability| *probability /= sum);
    } else {
        uniform(probabilities, classes);
    }
}

fn uniform(probabilities: &mut Vec<f64>, classes: usize) {
    probabilities.clear();
    probabilities.resize(classes, 1.0 / classes as f64);
}

/// Held-out decision values after their checks.
struct HeldOut<'a> {
    /// Record by record.
    decisions: &'a [f64],
    outputs: usize,
    targets: &'a [u32],
    /// Empty when all records count the same.
    weights: &'a [f64],
}

impl<'a> HeldOut<'a> {
    fn new(decisions: &'a [f64], targets: &'a [u32], weights: &'a [f64], classes: usize) -> Result<Self> {
        let records = targets.len();
        let wrong = |message: String| Err(Error::Dataset(message));
        if records == 0 {
            return wrong("there are no held-out records to calibrate on".into());
        }
        let outputs = decisions.len() / records;
        if classes < 2
            || !decisions.len().is_multiple_of(records)
            || (outputs != classes && (outputs, classes) != (1, 2))
        {
            return wrong(format!(
                "{} decision values for {records} records of {classes} classes",
                decisions.len()
            ));
        }
        if let Some(target) = targets.iter().find(|&&target| target as usize >= classes) {
            return wrong(format!("held-out class {target} of only {classes}"));
        }
        if let Some(at) = decisions.iter().position(|value| !value.is_finite()) {
            return wrong(format!(
                "held-out record {} has decision value {}: calibrate on finite numbers",
                at / outputs,
                decisions[at]
            ));
        }
        if !weights.is_empty() && weights.len() != records {
            return wrong(format!("{records} held-out records but {} weights", weights.len()));
        }
        if let Some(at) = weights.iter().position(|weight| !(weight.is_finite() && *weight >= 0.0)) {
            return wrong(format!(
                "held-out record {at} has weight {}: give finite numbers from 0",
                weights[at]
            ));
        }
        let sum: f64 = weights.iter().sum();
        let usable = sum > 0.0 && sum.is_finite();
        if !weights.is_empty() && !usable {
            return wrong(format!(
                "the weights of the held-out records sum to {sum}: nothing can be calibrated on them"
            ));
        }
        Ok(HeldOut { decisions, outputs, targets, weights })
    }

    fn weight(&self, record: usize) -> f64 {
        self.weights.get(record).copied().unwrap_or(1.0)
    }

    /// Fits each output to "is it this class": the second class where there is one output.
    fn each_output<T>(&self, fit: impl Fn(&[Outcome]) -> T) -> Vec<T> {
        let fit_one = |output: usize| {
            let class = if self.outputs == 1 { 1 } else { output };
            let outcomes: Vec<Outcome> = self
                .targets
                .iter()
                .enumerate()
                .filter(|&(record, _)| self.weight(record) > 0.0)
                .map(|(record, &target)| Outcome {
                    value: self.decisions[record * self.outputs + output],
                    hit: target as usize == class,
                    weight: self.weight(record),
                })
                .collect();
            fit(&outcomes)
        };
        (0..self.outputs).map(fit_one).collect()
    }
}

/// A held-out record as one class sees it.
#[derive(Debug, Clone, Copy)]
struct Outcome {
    /// The decision value of the class.
    value: f64,
    /// Whether the record is of the class.
    hit: bool,
    weight: f64,
}

#[cfg(test)]
mod tests;
