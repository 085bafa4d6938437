//! The trained whole: text in, labelled sentences out.
//!
//! [`PipelineParams`] is what a pipeline file holds; fitting it on a [`Dataset`] gives a [`Pipeline`], which labels text
//! and can be saved. Training and prediction cut text with the same [`Vectorizer`].

mod params;
mod provenance;

use linfa::DatasetBase;
use ndarray::Array1;
use rayon::prelude::*;

use crate::classify::{
    Calibration, CalibrationMethod, ClassWeight, Classifier, ClassifierParams, LinearModel,
};
use crate::dataset::{Dataset, Fold, folds};
use crate::error::{Error, Result};
use crate::features::csr::Csr;
use crate::features::vectorizer::{Scratch, Vectorizer};
use crate::stream::StreamOptions;
use crate::text::sentence::{Sentence, Splitter};

pub use params::{
    CalibrationParams, FeatureParams, LabelWeights, PipelineParams, TokenizeParams, TrainingParams,
};
pub use provenance::Provenance;

/// Texts that one task of a parallel prediction takes; the result does not depend on it.
const CHUNK: usize = 64;

/// A trained classifier with all that it needs, from raw text to label.
///
/// ```
/// use tasnif::dataset::{Dataset, Example};
/// use tasnif::pipeline::PipelineParams;
///
/// let data: Dataset = [
///     Example::new("قصفت الطائرات المدينة فجرا", "strike"),
///     Example::new("قصفت المدفعية اطراف البلدة", "strike"),
///     Example::new("أدان الوزير القصف", "statement"),
///     Example::new("دعا الوزير إلى الحوار", "statement"),
/// ]
/// .into_iter()
/// .collect();
/// let pipeline = PipelineParams::default().fit(&data)?;
/// let prediction = pipeline.predict("قصفت الطائرات البلدة")?;
/// assert_eq!(prediction.label, "strike");
/// assert!(prediction.score > 0.5);
/// # Ok::<(), tasnif::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    pub(crate) params: PipelineParams,
    pub(crate) vectorizer: Vectorizer,
    pub(crate) classifier: Classifier,
    pub(crate) calibration: Calibration,
    pub(crate) labels: Vec<String>,
    pub(crate) provenance: Provenance,
}

/// What a pipeline says about one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction<'a> {
    /// The label with the highest score; the first in order among equals.
    pub label: &'a str,
    /// Its score: the probability that the classifier gives it, between 0 and 1.
    pub score: f32,
    /// The score of each label, in the order of [`Pipeline::labels`]; they add up to 1.
    pub scores: Vec<f32>,
}

impl PipelineParams {
    /// Trains a pipeline.
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
        if data.is_multilabel() {
            return Err(Error::Dataset(
                "some records have several labels, or none: this classifier gives each record exactly one"
                    .into(),
            ));
        }
        let labels: Vec<String> = data.labels().into_iter().map(str::to_owned).collect();
        if let [only] = labels.as_slice() {
            return Err(Error::Dataset(format!(
                "all {} records have the label '{only}': a classifier needs at least two labels to tell apart",
                data.len()
            )));
        }
        let (vectorizer, rows) = self.vectorizer()?.fit_transform(&data.texts())?;
        let class =
            |label: &str| labels.binary_search_by(|known| known.as_str().cmp(label)).unwrap_or_default();
        let targets = data.examples.iter().map(|example| class(example.label())).collect();
        let weights = data.examples.iter().map(|example| example.weight).collect();
        let dataset = DatasetBase::new(rows, targets).with_weights(weights);
        let class_weight = self.training.class_weight.resolve(&labels)?;
        let (classifier, convergence) = self.classifier.fit(&dataset, labels.len(), class_weight.clone())?;
        let calibration = match self.calibration.method {
            CalibrationMethod::None => Calibration::None,
            _ => self.calibrate(data, &vectorizer, &dataset, labels.len(), class_weight)?,
        };
        let provenance = Provenance::new(data, &vectorizer, convergence);
        Ok(Pipeline { params: self.clone(), vectorizer, classifier, calibration, labels, provenance })
    }

    /// Fits the calibration on what the classifier of each fold says of the records it did not see.
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
        if count < 2 {
            return Err(Error::Dataset(
                "one group of records cannot be calibrated on: give more groups, or calibration none".into(),
            ));
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
        let folds = folds(data, count, seed)?;
        let parts: Vec<Result<Vec<f64>>> = folds.par_iter().map(held_out).collect();
        let (mut decisions, mut targets, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        for (fold, part) in folds.iter().zip(parts) {
            decisions.extend(part?);
            targets.extend(fold.test.iter().map(|&record| dataset.targets[record] as u32));
            weights.extend(fold.test.iter().map(|&record| f64::from(dataset.weights[record])));
        }
        Calibration::fit(method, &decisions, &targets, &weights, classes)
    }
}

impl Pipeline {
    /// The labels it can give, sorted.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The options it was trained with.
    pub fn params(&self) -> &PipelineParams {
        &self.params
    }

    /// What it learned from, and how well it did.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Notes the scores that were measured on held-out records, for [`Provenance::validation`].
    pub fn set_validation(&mut self, report: crate::metrics::Report) {
        self.provenance.validation = Some(report);
    }

    /// Notes the files that were read, for [`Provenance::sources`], behind those that are noted.
    pub fn add_sources(&mut self, sources: impl IntoIterator<Item = crate::dataset::Source>) {
        self.provenance.sources.extend(sources);
    }

    /// The map from text to features.
    pub fn vectorizer(&self) -> &Vectorizer {
        &self.vectorizer
    }

    /// The classifier on those features.
    pub fn classifier(&self) -> &Classifier {
        &self.classifier
    }

    /// How decision values become probabilities.
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// How it cuts articles into sentences.
    pub fn splitter(&self) -> &Splitter {
        &self.params.split
    }

    /// The sentences of an article with their predictions, in order.
    ///
    /// # Errors
    /// As [`Pipeline::predict`].
    pub fn predict_article<'a>(&'a self, article: &'a str) -> Result<Vec<(Sentence<'a>, Prediction<'a>)>> {
        let sentences: Vec<Sentence<'a>> =
            self.params.split.split(article).filter(|s| !s.is_blank()).collect();
        let texts: Vec<&str> = sentences.iter().map(|sentence| sentence.text).collect();
        let predictions = self.predict_batch(&texts)?;
        Ok(sentences.into_iter().zip(predictions).collect())
    }

    /// Labels one text, whole.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] when the model's subword tokenizer refuses the text.
    pub fn predict(&self, text: &str) -> Result<Prediction<'_>> {
        self.predict_with(text, &mut Scratch::default(), &mut Vec::new())
    }

    /// Labels texts, one prediction each, in order: the same to the bit as one by one, for any number of threads.
    ///
    /// # Errors
    /// As [`Pipeline::predict`].
    pub fn predict_batch<T: AsRef<str> + Sync>(&self, texts: &[T]) -> Result<Vec<Prediction<'_>>> {
        let parts: Vec<Result<Vec<Prediction<'_>>>> = texts
            .par_chunks(CHUNK)
            .map(|texts| {
                let (mut scratch, mut decision) = (Scratch::default(), Vec::new());
                texts
                    .iter()
                    .map(|text| self.predict_with(text.as_ref(), &mut scratch, &mut decision))
                    .collect()
            })
            .collect();
        let mut all = Vec::with_capacity(texts.len());
        for part in parts {
            all.extend(part?);
        }
        Ok(all)
    }

    fn predict_with(
        &self,
        text: &str,
        scratch: &mut Scratch,
        decision: &mut Vec<f64>,
    ) -> Result<Prediction<'_>> {
        self.vectorizer.row(text, scratch)?;
        let row = crate::features::csr::Row { columns: &scratch.columns, values: &scratch.values };
        self.classifier.decide(row, decision);
        self.calibration.apply(decision, self.labels.len());
        let best = LinearModel::best(decision);
        let scores: Vec<f32> = decision.iter().map(|&probability| probability as f32).collect();
        Ok(Prediction { label: &self.labels[best], score: scores[best], scores })
    }
}
