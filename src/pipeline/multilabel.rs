//! Any number of labels a record: each label against the rest (binary relevance), with a threshold of its own.
//!
//! Every label has one linear classifier of the pipeline's kind; their weights lie side by side in one
//! [`LinearModel`]. Its decision value becomes a probability by the label's own calibration, and the label is
//! given when that reaches the label's threshold. Thresholds are chosen for the best F1 on held-out folds (the "SCut" of
//! Yang, "A study of thresholding strategies for text categorization", SIGIR 2001).

use linfa::DatasetBase;
use ndarray::Array1;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::params::Threshold;
use super::{CalibrationParams, PipelineParams};
use crate::classify::{Calibration, CalibrationMethod, ClassWeight, Classifier, Convergence, LinearModel};
use crate::dataset::{Dataset, folds};
use crate::error::{Error, Result};
use crate::features::csr::Csr;
use crate::features::vectorizer::Vectorizer;

/// How one label of a multi-label pipeline is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelRule {
    calibration: Calibration,
    threshold: f32,
}

impl LabelRule {
    /// How its decision value becomes a probability: a calibration of two classes, the second "has the label".
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// The probability, from 0 to 1, from which on the label is given.
    pub fn threshold(&self) -> f32 {
        self.threshold
    }

    /// Whether it is a rule that training could have made.
    pub(crate) fn check(&self) -> Result<()> {
        self.calibration.check(2)?;
        if !(0.0..=1.0).contains(&self.threshold) {
            return Err(Error::Parameter(format!("a label threshold of {}", self.threshold)));
        }
        Ok(())
    }
}

/// Turns one decision value a label into one probability a label.
pub(super) fn apply(rules: &[LabelRule], decision: &mut [f64], both: &mut Vec<f64>) {
    for (value, rule) in decision.iter_mut().zip(rules) {
        both.clear();
        both.push(*value);
        rule.calibration.apply(both, 2);
        *value = both[1];
    }
}

/// What training gives.
pub(super) struct Learned {
    pub(super) classifier: Classifier,
    pub(super) convergence: Convergence,
    pub(super) rules: Vec<LabelRule>,
}

/// A threshold is chosen where a label has so many records; with fewer, one half is as good a guess.
const FEWEST: usize = 5;

/// Learns every label of `data`, whose rows are `rows`.
pub(super) fn learn(
    params: &PipelineParams,
    data: &Dataset,
    labels: &[String],
    vectorizer: &Vectorizer,
    rows: &Csr,
) -> Result<Learned> {
    let task = Task::new(params, data, labels)?;
    let everything: Vec<usize> = (0..data.len()).collect();
    let (linear, convergence) = task.fit(rows.clone(), &everything)?;
    let CalibrationParams { method, folds: count, seed } = params.calibration;
    let by_f1 = params.training.threshold == Threshold::F1;
    let fixed = match params.training.threshold {
        Threshold::F1 => 0.5,
        Threshold::Fixed(threshold) => threshold,
    };
    let mut rules = vec![LabelRule { calibration: Calibration::None, threshold: fixed }; labels.len()];
    let count = count.min(data.groups());
    if (by_f1 || method != CalibrationMethod::None) && count >= 2 {
        let mut decisions = vec![0.0; data.len() * labels.len()];
        for fold in folds(data, count, seed)? {
            let (linear, _) = task.fit(vectorizer.fold_rows(rows, &fold.train, &fold.train), &fold.train)?;
            let test = vectorizer.fold_rows(rows, &fold.train, &fold.test);
            let mut decision = Vec::new();
            for (row, &record) in test.iter().zip(&fold.test) {
                linear.decide(row, &mut decision);
                decisions[record * labels.len()..][..labels.len()].copy_from_slice(&decision);
            }
        }
        let weights = data.calibration_weights(0..data.len())?;
        let outputs = labels.len();
        let rule = |(label, rule): (usize, &mut LabelRule)| -> Result<()> {
            let own: Vec<f64> = decisions.iter().skip(label).step_by(outputs).copied().collect();
            let targets: Vec<u32> = task.has[label].iter().map(|&has| u32::from(has)).collect();
            rule.calibration = Calibration::fit(method, &own, &targets, &weights, 2)?;
            if by_f1 && targets.iter().filter(|&&has| has == 1).count() >= FEWEST {
                let mut scored: Vec<(f64, bool)> = Vec::with_capacity(own.len());
                for (value, &has) in own.into_iter().zip(&targets) {
                    let mut both = vec![value];
                    rule.calibration.apply(&mut both, 2);
                    scored.push((both[1], has == 1));
                }
                rule.threshold = best_threshold(scored);
            }
            Ok(())
        };
        rules.par_iter_mut().enumerate().map(rule).collect::<Result<()>>()?;
    }
    let classifier = Classifier::from_linear(&params.classifier, linear).ok_or_else(one_label)?;
    Ok(Learned { classifier, convergence, rules })
}

/// Labels lie side by side as weights.
fn one_label() -> Error {
    Error::Parameter(
        "this classifier gives each record exactly one label: choose logistic, svm or naive Bayes".into(),
    )
}

/// The threshold with the best F1 on scored records; half way between the scores that it parts.
fn best_threshold(mut scored: Vec<(f64, bool)>) -> f32 {
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let positives = scored.iter().filter(|(_, has)| *has).count();
    let (mut right, mut best, mut threshold) = (0usize, 0.0, 0.5);
    for (place, &(score, has)) in scored.iter().enumerate() {
        right += usize::from(has);
        let next = scored.get(place + 1).map_or(0.0, |next| next.0);
        if next == score {
            continue;
        }
        let f1 = 2.0 * right as f64 / (place + 1 + positives) as f64;
        if f1 > best {
            (best, threshold) = (f1, (score + next) / 2.0);
        }
    }
    threshold as f32
}

/// The labels as targets of their own.
struct Task<'a> {
    params: &'a PipelineParams,
    /// By label, then by record.
    has: Vec<Vec<bool>>,
    weights: Vec<f32>,
    class_weights: Vec<ClassWeight>,
}

impl<'a> Task<'a> {
    fn new(params: &'a PipelineParams, data: &Dataset, labels: &[String]) -> Result<Self> {
        if !params.classifier.is_linear() {
            return Err(one_label());
        }
        let has = labels
            .iter()
            .map(|label| data.examples.iter().map(|example| example.labels.contains(label)).collect())
            .collect();
        let class_weights = match params.training.class_weight.resolve(labels)? {
            ClassWeight::Given(weights) => {
                weights.into_iter().map(|weight| ClassWeight::Given(vec![1.0, weight])).collect()
            }
            same => vec![same; labels.len()],
        };
        let weights = data.examples.iter().map(|example| example.weight).collect();
        Ok(Task { params, has, weights, class_weights })
    }

    /// Learns every label from the given records, whose rows are `rows`.
    fn fit(&self, rows: Csr, records: &[usize]) -> Result<(LinearModel, Convergence)> {
        let weights: Array1<f32> = records.iter().map(|&record| self.weights[record]).collect();
        let mut dataset = DatasetBase::new(rows, Array1::zeros(records.len())).with_weights(weights);
        let (width, outputs) = (dataset.records.width(), self.has.len());
        let mut joint = vec![0.0; width * outputs];
        let mut intercept = vec![0.0; outputs];
        let mut convergence = Convergence { iterations: 0, converged: true, objective: 0.0 };
        for (label, has) in self.has.iter().enumerate() {
            dataset.targets = records.iter().map(|&record| usize::from(has[record])).collect();
            let count = dataset.targets.sum();
            if count == 0 || count == records.len() {
                // Nothing to tell apart: the log-odds of what was seen, as if one record more spoke either way.
                let odds = (count as f64 + 1.0) / ((records.len() - count) as f64 + 1.0);
                intercept[label] = libm::log(odds) as f32;
                continue;
            }
            let (classifier, how) =
                self.params.classifier.fit(&dataset, 2, self.class_weights[label].clone())?;
            let linear = classifier.linear().ok_or_else(one_label)?;
            intercept[label] = linear.intercept()[0];
            linear.weights().iter().enumerate().for_each(|(f, &w)| joint[f * outputs + label] = w);
            convergence.iterations = convergence.iterations.max(how.iterations);
            convergence.converged &= how.converged;
            convergence.objective += how.objective;
        }
        Ok((LinearModel::independent(outputs, joint, intercept)?, convergence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::{ClassifierParams, NaiveBayesParams, SvmParams};
    use crate::dataset::Example;
    use crate::features::vectorizer::{Norm, Weight};
    use crate::pipeline::{FeatureParams, Pipeline};

    fn data() -> Dataset {
        let kinds: [(&str, &[&str]); 5] = [
            ("jets struck the depot", &["strike"]),
            ("the envoy called for talks", &["talks"]),
            ("after the jets struck the envoy called for talks", &["strike", "talks"]),
            ("rain fell on the coast", &[]),
            ("shares fell again in the market", &["economy"]),
        ];
        (0..60)
            .map(|i| {
                let (text, labels) = kinds[i % 5];
                let labels = labels.iter().map(|&label| label.to_owned()).collect();
                Example { labels, ..Example::new(format!("{text} number {i}"), "") }
            })
            .collect()
    }

    fn given<'a>(pipeline: &'a Pipeline, text: &str) -> Vec<&'a str> {
        let prediction = pipeline.predict(text).unwrap();
        let mut given = pipeline.given(&prediction, 0.0);
        given.sort_unstable();
        given
    }

    #[test]
    fn every_label_is_given_on_its_own_by_every_linear_classifier() {
        let binary = |classifier| {
            let mut params = PipelineParams { classifier, ..PipelineParams::default() };
            for block in params.features.iter_mut().filter_map(FeatureParams::ngrams_mut) {
                (block.weight, block.norm, block.scale) = (Weight::Binary, Norm::None, 1.0);
            }
            params
        };
        let svm = PipelineParams {
            classifier: ClassifierParams::Svm(SvmParams::default()),
            calibration: CalibrationParams { method: CalibrationMethod::Platt, ..Default::default() },
            ..PipelineParams::default()
        };
        let nb = binary(ClassifierParams::BernoulliNb(NaiveBayesParams::default()));
        let nbsvm = binary(ClassifierParams::Nbsvm(Default::default()));
        for params in [PipelineParams::default(), svm, nb, nbsvm] {
            let pipeline = params.fit(&data()).unwrap();
            assert!(pipeline.is_multilabel());
            let kind = &params.classifier;
            assert_eq!(
                given(&pipeline, "jets struck, the envoy called for talks"),
                ["strike", "talks"],
                "{kind:?}"
            );
            assert_eq!(given(&pipeline, "the envoy called for talks"), ["talks"], "{kind:?}");
            assert_eq!(given(&pipeline, "rain on the coast"), [""; 0], "{kind:?}");
            let bytes = pipeline.to_bytes().unwrap();
            let loaded = Pipeline::from_bytes(&bytes, "m".as_ref()).unwrap();
            assert_eq!(loaded, pipeline);
        }
    }

    #[test]
    fn thresholds_are_those_with_the_best_f1() {
        let scored = vec![(0.9, true), (0.6, false), (0.4, true), (0.3, true), (0.1, false)];
        assert_eq!(best_threshold(scored), 0.2);
        assert_eq!(best_threshold(vec![(0.5, false)]), 0.5, "nothing to find");
    }

    #[test]
    fn a_single_label_that_some_records_lack_can_be_learned() {
        let data: Dataset = (0..20)
            .map(|i| {
                let (text, labels) = if i % 2 == 0 {
                    ("jets struck", vec!["strike".to_owned()])
                } else {
                    ("rain fell", vec![])
                };
                Example { labels, ..Example::new(format!("{text} {i}"), "") }
            })
            .collect();
        let pipeline = PipelineParams::default().fit(&data).unwrap();
        assert_eq!(given(&pipeline, "jets struck"), ["strike"]);
        assert_eq!(given(&pipeline, "rain"), [""; 0]);
        let text = pipeline.predict("jets struck").unwrap();
        assert!(text.score > 0.5 && text.scores.len() == 1);
    }

    #[test]
    fn a_label_of_every_record_and_one_of_a_single_record_do_no_harm() {
        let mut data = data();
        data.examples.iter_mut().for_each(|example| example.labels.push("news".into()));
        data.examples[3].labels.push("once".into());
        let pipeline = PipelineParams::default().fit(&data).unwrap();
        assert!(given(&pipeline, "rain on the coast").contains(&"news"));
    }

    #[test]
    fn the_number_of_threads_does_not_show() {
        let fit = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| PipelineParams::default().fit(&data()).unwrap())
        };
        assert_eq!(fit(1), fit(3));
    }
}
