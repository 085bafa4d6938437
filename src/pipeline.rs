//! The trained whole: text in, labelled sentences out.
//!
//! [`PipelineParams`] is what a pipeline file holds; fitting it on a [`Dataset`] gives a [`Pipeline`], which labels text
//! and can be saved. Training and prediction cut text with the same [`Vectorizer`].

mod fit;
mod multilabel;
mod params;
mod predict;
mod provenance;
mod shrink;

use crate::classify::{Calibration, Classifier, ConformalMethod, ConformalScores};
use crate::dataset::Dataset;
use crate::error::{Error, Result};
use crate::features::vectorizer::Vectorizer;
use crate::text::sentence::Splitter;

pub use multilabel::LabelRule;
pub use params::{
    CalibrationParams, FeatureParams, LabelWeights, PipelineParams, Threshold, TokenizeParams, TrainingParams,
};
pub(crate) use predict::Fast;
pub use predict::Predictions;
pub use provenance::Provenance;
pub use shrink::{ShrinkLoss, ShrinkParams, Shrunk};

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
    pub(crate) fast: Fast,
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
}
