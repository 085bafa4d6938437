//! Training: features, classifier, calibration, in this order, from one data set.

use linfa::DatasetBase;
use ndarray::Array1;
use rayon::prelude::*;

use super::multilabel::{self, Learned};
use super::{CalibrationParams, Fast, Pipeline, PipelineParams, Provenance};
use crate::classify::{Calibration, CalibrationMethod, ClassWeight, Classifier, ClassifierParams};
use crate::dataset::{Dataset, Fold, folds};
use crate::error::{Error, Result};
use crate::features::csr::Csr;
use crate::features::vectorizer::Vectorizer;
use crate::stream::StreamOptions;

impl PipelineParams {
    /// Trains a pipeline. Where records have several labels, or none, every label is learned against the rest, and a
    /// text may get any number of them.
    ///
    /// # Errors
    /// [`Error::Parameter`] for options that make no sense; [`Error::Dataset`] for data that cannot be learned from.
    pub fn fit(&self, data: &Dataset) -> Result<Pipeline> {
        self.check()?;
        if let ClassifierParams::Online(_) = self.classifier {
            // One path for records in memory and records as they come.
            let records = data.examples.iter().cloned().map(Ok);
            let mut pipeline = self.fit_stream(records, StreamOptions::default())?.pipeline;
            pipeline.add_sources(data.sources.iter().cloned());
            return Ok(pipeline);
        }
        if data.is_empty() {
            return Err(Error::Dataset("there are no records to train on: the files are empty".into()));
        }
        let labels: Vec<String> = data.labels().into_iter().map(str::to_owned).collect();
        let multilabel = data.is_multilabel() || self.training.multilabel;
        match labels.as_slice() {
            [] => return Err(Error::Dataset("no record has a label: there is nothing to learn".into())),
            [only] if !multilabel => {
                return Err(Error::Dataset(format!(
                    "all {} records have the label '{only}': a classifier needs at least two labels to tell apart",
                    data.len()
                )));
            }
            _ => {}
        }
        let (mut vectorizer, mut rows) = self.vectorizer()?.fit_transform(&data.texts())?;
        if multilabel {
            let mut learned = multilabel::learn(self, data, &labels, &vectorizer, &rows)?;
            if self.prune(&mut vectorizer, &learned.classifier)? {
                rows = vectorizer.transform(&data.texts())?;
                // The rules are those from before: the choice of n-grams knows the labels of the records that they were held out on.
                let rules = learned.rules;
                learned = Learned { rules, ..multilabel::learn(self, data, &labels, &vectorizer, &rows)? };
            }
            let Learned { classifier, convergence, rules } = learned;
            let (vectorizer, classifier) = self.fold(vectorizer, classifier)?;
            let provenance = Provenance::new(data, &vectorizer, convergence);
            let calibration = Calibration::None;
            let (rules, conformal) = (Some(rules), None);
            let params = self.clone();
            return Ok(Pipeline {
                params,
                vectorizer,
                classifier,
                calibration,
                labels,
                rules,
                conformal,
                provenance,
                fast: Fast::default(),
            });
        }
        let class =
            |label: &str| labels.binary_search_by(|known| known.as_str().cmp(label)).unwrap_or_default();
        let targets = data.examples.iter().map(|example| class(example.label())).collect();
        let weights = data.examples.iter().map(|example| example.weight).collect();
        let mut dataset = DatasetBase::new(rows, targets).with_weights(weights);
        let class_weight = self.training.class_weight.resolve(&labels)?;
        let fit = |dataset: &DatasetBase<Csr, Array1<usize>>| {
            self.classifier.fit(dataset, labels.len(), class_weight.clone())
        };
        let calibrate = || match self.calibration.method {
            CalibrationMethod::None => Ok(self.classifier.own_calibration(labels.len())),
            _ => self.calibrate(data, &vectorizer, &dataset, labels.len(), class_weight.clone()),
        };
        // Before pruning, whose choice of n-grams knows the labels of the records that are held out here.
        let (fitted, calibration) = rayon::join(|| fit(&dataset), calibrate);
        let ((mut classifier, mut convergence), calibration) = (fitted?, calibration?);
        if self.prune(&mut vectorizer, &classifier)? {
            dataset.records = vectorizer.transform(&data.texts())?;
            (classifier, convergence) = fit(&dataset)?;
        }
        let (vectorizer, classifier) = self.fold(vectorizer, classifier)?;
        let provenance = Provenance::new(data, &vectorizer, convergence);
        Ok(Pipeline {
            params: self.clone(),
            vectorizer,
            classifier,
            calibration,
            labels,
            rules: None,
            conformal: None,
            provenance,
            fast: Fast::default(),
        })
    }

    /// Leaves the n-grams that a linear classifier weighs most, if there are more than asked for.
    fn prune(&self, vectorizer: &mut Vectorizer, classifier: &Classifier) -> Result<bool> {
        let (Some(most), Some(linear)) = (self.training.max_features, classifier.linear()) else {
            return Ok(false);
        };
        let fewer = vectorizer.keep_best(linear.weights(), linear.outputs(), most)?;
        Ok(fewer.map(|fewer| *vectorizer = fewer).is_some())
    }

    /// Word vectors under a linear classifier become one weight a word and class.
    fn fold(&self, vectorizer: Vectorizer, classifier: Classifier) -> Result<(Vectorizer, Classifier)> {
        let Some(linear) = classifier.linear() else { return Ok((vectorizer, classifier)) };
        match vectorizer.fold(linear.weights(), linear.intercept()) {
            None => Ok((vectorizer, classifier)),
            Some((folded, weights, intercept)) => {
                let linear = linear.with_weights(weights, intercept)?;
                Ok(match Classifier::from_linear(&self.classifier, linear) {
                    Some(classifier) => (folded, classifier),
                    None => (vectorizer, classifier),
                })
            }
        }
    }

    /// Fits the calibration on what the classifier of each fold says of the records it did not see; none where there are too
    /// few records to hold any out.
    fn calibrate(
        &self,
        data: &Dataset,
        vectorizer: &Vectorizer,
        dataset: &DatasetBase<Csr, Array1<usize>>,
        classes: usize,
        class_weight: ClassWeight,
    ) -> Result<Calibration> {
        let CalibrationParams { method, folds: count, seed } = self.calibration;
        let count = count.min(data.groups());
        // A fold whose training records have one label teaches nothing.
        let several = |fold: &Fold| {
            let first = fold.train.first().map(|&record| dataset.targets[record]);
            fold.train.iter().any(|&record| Some(dataset.targets[record]) != first)
        };
        let folds: Vec<Fold> = match count {
            0 | 1 => Vec::new(),
            _ => folds(data, count, seed)?.into_iter().filter(several).collect(),
        };
        if folds.is_empty() {
            return Ok(self.classifier.own_calibration(classes));
        }
        let held_out = |fold: &Fold| -> Result<Vec<f64>> {
            let part = |records: &[usize]| {
                records.iter().map(|&record| dataset.targets[record]).collect::<Array1<_>>()
            };
            let weights = fold.train.iter().map(|&record| dataset.weights[record]).collect();
            let rows = vectorizer.fold_rows(&dataset.records, &fold.train, &fold.train);
            let train = DatasetBase::new(rows, part(&fold.train)).with_weights(weights);
            let (classifier, _) = self.classifier.fit(&train, classes, class_weight.clone())?;
            let (mut all, mut decision) = (Vec::new(), Vec::new());
            for row in vectorizer.fold_rows(&dataset.records, &fold.train, &fold.test).iter() {
                classifier.decide(row, &mut decision);
                all.extend_from_slice(&decision);
            }
            Ok(all)
        };
        let parts: Vec<Result<Vec<f64>>> = folds.par_iter().map(held_out).collect();
        let (mut decisions, mut targets) = (Vec::new(), Vec::new());
        for (fold, part) in folds.iter().zip(parts) {
            decisions.extend(part?);
            targets.extend(fold.test.iter().map(|&record| dataset.targets[record] as u32));
        }
        let weights = data.calibration_weights(folds.iter().flat_map(|fold| fold.test.iter().copied()))?;
        Calibration::fit(method, &decisions, &targets, &weights, classes)
    }
}
