//! Naive Bayes on sparse rows: multinomial, complement and Bernoulli.
//!
//! Each is linear in its row, so that what is trained is a [`LinearModel`], and its softmax (computed by
//! log-sum-exp: documents of any length are no trouble) is the posterior. They are scikit-learn's `MultinomialNB`,
//! `ComplementNB` and `BernoulliNB`. With `N_kj` the weighted sum of feature `j` over the records of class `k`:
//!
//! - multinomial: `w_kj = ln (N_kj + α) − ln Σ_j (N_kj + α)`, the intercept is the log prior;
//! - complement (Rennie et al. 2003): `w_kj = ln Σ_j (N'_kj + α) − ln (N'_kj + α)`, where `N'` sums over all *other* classes; no prior;
//! - Bernoulli: `p_kj = (n_kj + α) / (n_k + 2α)` over presence, `w_kj = ln p_kj − ln (1 − p_kj)`, the absent features in the intercept. It
//!   reads every positive value as 1 in training; rows to predict must hold 0 and 1.

use linfa::traits::Fit;
use linfa::{DatasetBase, ParamGuard};
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::compact;
use super::linear::{LinearModel, predicts_by_its_weights};
use super::weights::{ClassWeight, Problem};
use crate::error::{Error, Result};
use crate::features::csr::Csr;

/// What naive Bayes takes a text for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EventModel {
    /// A bag of n-grams drawn by the class.
    #[default]
    Multinomial,
    /// A bag of n-grams *not* drawn by the other classes: better where classes differ in size.
    Complement,
    /// A set of n-grams, each present or not.
    Bernoulli,
}

/// Unchecked options of naive Bayes.
///
/// ```
/// use linfa::DatasetBase;
/// use linfa::traits::{Fit, Predict};
/// use ndarray::array;
/// use tasnif::classify::{EventModel, NaiveBayesParams};
/// use tasnif::features::csr::Csr;
///
/// let mut rows = Csr::new(3);
/// for column in [0, 0, 1, 1, 2, 2] {
///     rows.push_row([(column, 1.0)])?;
/// }
/// let dataset = DatasetBase::new(rows, array![0, 0, 1, 1, 2, 2]);
/// let model = NaiveBayesParams::new(EventModel::Complement).fit(&dataset)?;
/// assert_eq!(model.predict(&dataset), array![0, 0, 1, 1, 2, 2]);
/// # Ok::<(), tasnif::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NaiveBayesParams(NaiveBayesValidParams);

/// Checked options of naive Bayes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NaiveBayesValidParams {
    alpha: f64,
    #[serde(skip)]
    event: EventModel,
    #[serde(skip)]
    class_weight: ClassWeight,
    #[serde(skip)]
    classes: Option<usize>,
}

impl Default for NaiveBayesValidParams {
    fn default() -> Self {
        NaiveBayesValidParams {
            alpha: 1.0,
            event: EventModel::default(),
            class_weight: ClassWeight::None,
            classes: None,
        }
    }
}

impl NaiveBayesParams {
    /// The usual options of one kind.
    pub fn new(event: EventModel) -> Self {
        NaiveBayesParams(NaiveBayesValidParams { event, ..NaiveBayesValidParams::default() })
    }

    /// The kind.
    pub fn event(mut self, event: EventModel) -> Self {
        self.0.event = event;
        self
    }

    /// What is added to every count. Default 1.
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.0.alpha = alpha;
        self
    }

    /// Weights by class. Default none.
    pub fn class_weight(mut self, class_weight: ClassWeight) -> Self {
        self.0.class_weight = class_weight;
        self
    }

    /// The number of classes, where the largest may be missing from the training records (in a fold).
    pub fn classes(mut self, classes: usize) -> Self {
        self.0.classes = Some(classes);
        self
    }
}

impl ParamGuard for NaiveBayesParams {
    type Checked = NaiveBayesValidParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&Self::Checked> {
        let alpha = self.0.alpha;
        if !(alpha.is_finite() && alpha > 0.0) {
            return Err(Error::Parameter(format!(
                "alpha {alpha}: give a finite number above 0, usually 0.01 to 1"
            )));
        }
        Ok(&self.0)
    }

    fn check(self) -> Result<Self::Checked> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// A trained naive Bayes classifier.
#[derive(Debug, Clone, PartialEq)]
pub struct NaiveBayes {
    linear: LinearModel,
}

impl NaiveBayes {
    /// The weights: softmax of the decision values is the posterior.
    pub fn linear(&self) -> &LinearModel {
        &self.linear
    }

    /// The weights alone.
    pub fn into_linear(self) -> LinearModel {
        self.linear
    }
}

/// The share of all records that a class without any is taken to have, so that its log prior is a number.
const NO_RECORDS: f64 = 1e-9;

impl Fit<Csr, Array1<usize>, Error> for NaiveBayesValidParams {
    type Object = NaiveBayes;

    /// Targets are class indices; weights of the dataset are sample weights.
    ///
    /// # Errors
    /// [`Error::Dataset`] for what cannot be trained on, negative feature values among it.
    fn fit(&self, dataset: &DatasetBase<Csr, Array1<usize>>) -> Result<NaiveBayes> {
        let problem = Problem::new(dataset, self.classes, &self.class_weight, compact::by_frequency)?;
        if dataset.records.iter().any(|row| row.values.iter().any(|&value| value < 0.0)) {
            return Err(Error::Dataset("a feature value is negative: naive Bayes counts".into()));
        }
        let (classes, width) = (problem.classes, dataset.records.width());
        let mut counts = vec![0.0f64; width * classes];
        let mut sizes = vec![0.0f64; classes];
        for (row, record) in dataset.records.iter().enumerate() {
            let (class, weight) = (problem.targets[row] as usize, problem.weights[row]);
            sizes[class] += weight;
            for (column, value) in record.iter() {
                let value = if self.event == EventModel::Bernoulli {
                    f64::from(value.signum())
                } else {
                    f64::from(value)
                };
                counts[column * classes + class] += weight * value;
            }
        }
        let total: f64 = sizes.iter().sum();
        let prior = sizes.iter().map(|size| libm::log((size / total).max(NO_RECORDS))).collect();
        let (weights, intercept) = match self.event {
            EventModel::Multinomial => (self.multinomial(&mut counts, classes), prior),
            EventModel::Complement => (self.complement(&mut counts, classes), vec![0.0; classes]),
            EventModel::Bernoulli => self.bernoulli(&counts, &sizes, prior),
        };
        let narrow = |values: Vec<f64>| -> Vec<f32> {
            let lead = |both: &[f64]| (both[1] - both[0]) as f32;
            match LinearModel::outputs_for(classes) {
                1 => values.chunks_exact(2).map(lead).collect(),
                _ => values.into_iter().map(|value| value as f32).collect(),
            }
        };
        Ok(NaiveBayes { linear: LinearModel::new(classes, narrow(weights), narrow(intercept))? })
    }
}

impl NaiveBayesValidParams {
    fn multinomial(&self, counts: &mut [f64], classes: usize) -> Vec<f64> {
        let sums = self.smooth(counts, classes);
        let log = |(at, count): (usize, &f64)| libm::log(*count) - libm::log(sums[at % classes]);
        counts.iter().enumerate().map(log).collect()
    }

    fn complement(&self, counts: &mut [f64], classes: usize) -> Vec<f64> {
        for counts in counts.chunks_exact_mut(classes) {
            let all: f64 = counts.iter().sum();
            counts.iter_mut().for_each(|count| *count = all - *count);
        }
        self.multinomial(counts, classes).into_iter().map(|log| -log).collect()
    }

    fn bernoulli(&self, counts: &[f64], sizes: &[f64], prior: Vec<f64>) -> (Vec<f64>, Vec<f64>) {
        let mut intercept = prior;
        let classes = sizes.len();
        let weight = |(at, count): (usize, &f64)| {
            let class = at % classes;
            let present = (count + self.alpha) / (sizes[class] + 2.0 * self.alpha);
            let absent = libm::log1p(-present);
            intercept[class] += absent;
            libm::log(present) - absent
        };
        let weights = counts.iter().enumerate().map(weight).collect();
        (weights, intercept)
    }

    /// Adds α to every count; the sum of each class.
    fn smooth(&self, counts: &mut [f64], classes: usize) -> Vec<f64> {
        let mut sums = vec![0.0; classes];
        for (at, count) in counts.iter_mut().enumerate() {
            // What is left of a subtraction may be a hair below 0.
            *count = count.max(0.0) + self.alpha;
            sums[at % classes] += *count;
        }
        sums
    }
}

predicts_by_its_weights!(NaiveBayes);

#[cfg(test)]
mod tests {
    use super::*;
    use linfa::traits::Predict;
    use ndarray::array;

    fn data() -> DatasetBase<Csr, Array1<usize>> {
        let mut rows = Csr::new(3);
        for row in [vec![(0, 2.0), (1, 1.0)], vec![(0, 1.0)], vec![(1, 3.0)], vec![(2, 1.0)]] {
            rows.push_row(row).unwrap();
        }
        DatasetBase::new(rows, array![0, 0, 1, 2])
    }

    #[test]
    fn every_kind_learns_and_takes_missing_classes_and_empty_rows() {
        for event in [EventModel::Multinomial, EventModel::Complement, EventModel::Bernoulli] {
            let model = NaiveBayesParams::new(event).fit(&data()).unwrap();
            assert_eq!(model.predict(&data().records), array![0, 0, 1, 2], "{event:?}");
            let wider = NaiveBayesParams::new(event).classes(5).fit(&data()).unwrap();
            assert_eq!(wider.linear().classes(), 5);
            let mut empty = Csr::new(3);
            empty.push_row([]).unwrap();
            assert!(wider.predict(&empty)[0] < 5);
        }
    }

    #[test]
    fn a_long_document_has_finite_probabilities() {
        let model = NaiveBayesParams::default().fit(&data()).unwrap();
        let mut rows = Csr::new(3);
        rows.push_row([(0, 1e6)]).unwrap();
        let mut decision = Vec::new();
        model.linear().decide(rows.row(0), &mut decision);
        LinearModel::softmax(&mut decision);
        assert_eq!(decision, [1.0, 0.0, 0.0]);
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        let mut rows = Csr::new(1);
        rows.push_row([(0, -1.0)]).unwrap();
        rows.push_row([(0, 1.0)]).unwrap();
        let error =
            NaiveBayesParams::default().fit(&DatasetBase::new(rows, array![0, 1])).unwrap_err().to_string();
        assert!(error.contains("negative"), "{error}");
        for alpha in [0.0, -1.0, f64::INFINITY] {
            assert!(matches!(
                NaiveBayesParams::default().alpha(alpha).fit(&data()),
                Err(Error::Parameter(_))
            ));
        }
    }
}
