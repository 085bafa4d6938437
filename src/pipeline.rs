//! The trained whole: text in, labelled sentences out.
//!
//! [`PipelineParams`] is what a pipeline file holds; fitting it on a [`Dataset`] gives a [`Pipeline`], which labels text
//! and can be saved. Training and prediction cut text with the same [`Vectorizer`].

mod fit;
mod multilabel;
mod params;
mod provenance;

use rayon::prelude::*;

use crate::classify::{Calibration, Classifier, ConformalMethod, ConformalScores, LinearModel};
use crate::dataset::Dataset;
use crate::error::{Error, Result};
use crate::features::vectorizer::{Scratch, Vectorizer};
use crate::text::sentence::{Sentence, Splitter};

pub use multilabel::LabelRule;
pub use params::{
    CalibrationParams, FeatureParams, LabelWeights, PipelineParams, Threshold, TokenizeParams, TrainingParams,
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
    /// When a record may have any number of labels: how each of them is given.
    pub(crate) rules: Option<Vec<LabelRule>>,
    /// What label sets of a given coverage are drawn from.
    pub(crate) conformal: Option<ConformalScores>,
    pub(crate) provenance: Provenance,
}

/// What a pipeline says about one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction<'a> {
    /// The label with the highest score; the first in order among equals.
    pub label: &'a str,
    /// Its score: the probability that the classifier gives it, between 0 and 1.
    pub score: f32,
    /// The score of each label, in the order of [`Pipeline::labels`]. They add up to 1, but where a record may have any
    /// number of labels: there each is a probability of its own.
    pub scores: Vec<f32>,
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

    /// Whether a text may get any number of labels; see [`Pipeline::given`].
    pub fn is_multilabel(&self) -> bool {
        self.rules.is_some()
    }

    /// How each label is given, in the order of [`Pipeline::labels`], when a text may have any number.
    pub fn rules(&self) -> Option<&[LabelRule]> {
        self.rules.as_deref()
    }

    /// The labels that a prediction gives, the most probable first: the one with the highest score, or, of a multi-label
    /// pipeline, every label whose score reaches its threshold. None below `min_score`.
    pub fn given<'a>(&'a self, prediction: &Prediction<'a>, min_score: f32) -> Vec<&'a str> {
        let Some(rules) = &self.rules else {
            return if prediction.score >= min_score { vec![prediction.label] } else { Vec::new() };
        };
        let mut given: Vec<(f32, &str)> = (prediction.scores.iter().zip(rules).zip(&self.labels))
            .filter(|((score, rule), _)| **score >= rule.threshold() && **score >= min_score)
            .map(|((&score, _), label)| (score, label.as_str()))
            .collect();
        given.sort_by(|a, b| b.0.total_cmp(&a.0));
        given.into_iter().map(|(_, label)| label).collect()
    }

    /// What label sets are drawn from, if [`Pipeline::fit_conformal`] was called.
    pub fn conformal(&self) -> Option<&ConformalScores> {
        self.conformal.as_ref()
    }

    /// Learns from records that were neither trained nor calibrated on how large label sets must be: see
    /// [`crate::classify::conformal`].
    ///
    /// # Errors
    /// [`Error::Dataset`] on no records, or when records may have any number of labels; as [`Pipeline::predict`].
    pub fn fit_conformal(&mut self, held_out: &Dataset, method: ConformalMethod) -> Result<()> {
        if self.is_multilabel() || held_out.is_multilabel() {
            return Err(Error::Dataset(
                "label sets of a given coverage are for data with one label a record".into(),
            ));
        }
        let (mut probabilities, mut targets) = (Vec::new(), Vec::new());
        for (prediction, example) in self.predict_batch(&held_out.texts())?.iter().zip(&held_out.examples) {
            let label = example.label();
            let class = self.labels.binary_search_by(|known| known.as_str().cmp(label)).map_err(|_| {
                Error::Dataset(format!(
                    "the held-out records have the label '{label}', which the training records lack"
                ))
            })?;
            targets.push(class as u32);
            probabilities.extend(prediction.scores.iter().map(|&score| f64::from(score)));
        }
        self.conformal = Some(ConformalScores::fit(method, &probabilities, &targets, self.labels.len())?);
        Ok(())
    }

    /// The labels that together hold the true one with a probability of at least `coverage`, the most probable first;
    /// `None` where the pipeline has nothing to draw them from.
    pub fn label_set<'a>(&'a self, prediction: &Prediction<'a>, coverage: f64) -> Option<Vec<&'a str>> {
        let probabilities: Vec<f64> = prediction.scores.iter().map(|&score| f64::from(score)).collect();
        let set = self.conformal.as_ref()?.label_set(&probabilities, coverage);
        Some(set.into_iter().map(|class| self.labels[class].as_str()).collect())
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
        match &self.rules {
            Some(rules) => multilabel::apply(rules, decision),
            None => self.calibration.apply(decision, self.labels.len()),
        }
        let best = LinearModel::most(decision);
        let scores: Vec<f32> = decision.iter().map(|&probability| probability as f32).collect();
        Ok(Prediction { label: &self.labels[best], score: scores[best], scores })
    }
}
