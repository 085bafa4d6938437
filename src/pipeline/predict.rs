//! Prediction: one path, whether a text comes alone, in a batch or from an article.

use std::sync::{Mutex, OnceLock, PoisonError};

use rayon::prelude::*;

use super::{Pipeline, Prediction, multilabel};
use crate::classify::LinearModel;
use crate::error::Result;
use crate::features::vectorizer;
use crate::scorer::{self, Scorer};
use crate::text::sentence::Sentence;

/// Texts that one task of a parallel prediction takes; the result does not depend on it.
const CHUNK: usize = 256;

/// What prediction makes of a pipeline when it is first asked, and what it keeps from text to text. A copy of a pipeline makes
/// its own.
#[derive(Default)]
pub(crate) struct Fast {
    scorer: OnceLock<Option<Scorer>>,
    /// As many as threads have predicted at once.
    spare: Mutex<Vec<Workspace>>,
}

/// Buffers for one text after another.
#[derive(Default)]
struct Workspace {
    fast: scorer::Scratch,
    plain: vectorizer::Scratch,
    decision: Vec<f64>,
    both: Vec<f64>,
}

impl Clone for Fast {
    fn clone(&self) -> Self {
        Fast::default()
    }
}

impl PartialEq for Fast {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl std::fmt::Debug for Fast {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fast").field("made", &self.scorer.get().is_some()).finish_non_exhaustive()
    }
}

/// What a pipeline says about texts, one after the other, in memory that can be filled again.
///
/// ```
/// # use tasnif::{Dataset, PipelineParams, dataset::Example};
/// # let data: Dataset = [("قصف", "strike"), ("قصف جوي", "strike"), ("بيان", "statement"), ("بيان وزاري", "statement")]
/// #     .map(|(text, label)| Example::new(text, label)).into_iter().collect();
/// # let pipeline = PipelineParams::default().fit(&data)?;
/// let mut predictions = tasnif::pipeline::Predictions::default();
/// for chunk in [["قصف مدفعي", "بيان"], ["", "قصف"]] {
///     pipeline.predict_into(&chunk, &mut predictions)?;
///     assert_eq!(predictions.len(), 2);
///     let last = predictions.get(&pipeline, 1).unwrap();
///     assert_eq!(last, pipeline.predict(chunk[1])?);
///     assert_eq!(predictions.scores(1), last.scores);
/// }
/// # Ok::<(), tasnif::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Predictions {
    labels: usize,
    best: Vec<u32>,
    /// One row of `labels` scores a text.
    scores: Vec<f32>,
}

impl Predictions {
    /// The number of texts.
    pub fn len(&self) -> usize {
        self.best.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.best.is_empty()
    }

    /// The place in [`Pipeline::labels`] of the label with the highest score of a text; the first where there is no such text.
    pub fn best(&self, text: usize) -> usize {
        self.best.get(text).map_or(0, |&best| best as usize)
    }

    /// The score of each label of a text, in the order of [`Pipeline::labels`]; empty where there is no such text.
    pub fn scores(&self, text: usize) -> &[f32] {
        let start = text.saturating_mul(self.labels);
        self.scores.get(start..start.saturating_add(self.labels)).unwrap_or_default()
    }

    /// What `pipeline`, which has to be the one that predicted, says about a text.
    pub fn get<'a>(&self, pipeline: &'a Pipeline, text: usize) -> Option<Prediction<'a>> {
        let (best, scores) = (*self.best.get(text)? as usize, self.scores(text));
        let label = pipeline.labels.get(best)?;
        Some(Prediction { label, score: *scores.get(best)?, scores: scores.to_vec() })
    }

    fn clear(&mut self, labels: usize) {
        self.labels = labels;
        self.best.clear();
        self.scores.clear();
    }
}

impl Pipeline {
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
    /// [`crate::Error::Tokenizer`] when the model's subword tokenizer refuses the text.
    pub fn predict(&self, text: &str) -> Result<Prediction<'_>> {
        let mut predictions = Predictions::default();
        self.predict_into(&[text], &mut predictions)?;
        Ok(self.prediction(&predictions, 0))
    }

    /// Labels texts, one prediction each, in order: the same to the bit as one by one, for any number of threads.
    ///
    /// # Errors
    /// As [`Pipeline::predict`].
    pub fn predict_batch<T: AsRef<str> + Sync>(&self, texts: &[T]) -> Result<Vec<Prediction<'_>>> {
        let parts: Vec<Result<Vec<Prediction<'_>>>> = texts
            .par_chunks(CHUNK)
            .map(|texts| {
                let mut predictions = Predictions::default();
                self.predict_into(texts, &mut predictions)?;
                Ok((0..texts.len()).map(|text| self.prediction(&predictions, text)).collect())
            })
            .collect();
        let mut all = Vec::with_capacity(texts.len());
        for part in parts {
            all.extend(part?);
        }
        Ok(all)
    }

    /// [`Pipeline::predict_batch`] on the calling thread alone, into memory that is used again: nothing is allocated once
    /// `predictions` and the pipeline's own buffers have their size (a subword tokenizer, and texts of more than 64 KB, aside).
    /// Any number of threads may call it at once, each with its own `predictions`.
    ///
    /// # Errors
    /// As [`Pipeline::predict`]; `predictions` then hold the texts before the one refused.
    pub fn predict_into<T: AsRef<str>>(&self, texts: &[T], predictions: &mut Predictions) -> Result<()> {
        predictions.clear(self.labels.len());
        let mut workspace = self.spare().pop().unwrap_or_default();
        let result = texts.iter().try_for_each(|text| {
            self.probabilities(text.as_ref(), &mut workspace)?;
            let probabilities = &workspace.decision;
            predictions.best.push(LinearModel::most(probabilities) as u32);
            predictions.scores.extend(probabilities.iter().map(|&probability| probability as f32));
            Ok(())
        });
        self.spare().push(workspace);
        result
    }

    fn spare(&self) -> std::sync::MutexGuard<'_, Vec<Workspace>> {
        // Buffers are fit for use whatever happened to another thread.
        self.fast.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Of a text that was predicted.
    fn prediction(&self, predictions: &Predictions, text: usize) -> Prediction<'_> {
        let (best, scores) = (predictions.best(text), predictions.scores(text).to_vec());
        Prediction { label: &self.labels[best], score: scores[best], scores }
    }

    /// Leaves the probability of each label in `workspace.decision`.
    fn probabilities(&self, text: &str, workspace: &mut Workspace) -> Result<()> {
        let Workspace { fast, plain, decision, both } = workspace;
        let linear = self.classifier.linear();
        let made = || Scorer::new(&self.vectorizer, linear?);
        match (self.fast.scorer.get_or_init(made), linear) {
            (Some(scorer), Some(linear)) => scorer.score(&self.vectorizer, linear, text, fast, decision)?,
            _ => {
                self.vectorizer.row(text, plain)?;
                let row = crate::features::csr::Row { columns: &plain.columns, values: &plain.values };
                self.classifier.decide(row, decision);
            }
        }
        match &self.rules {
            Some(rules) => multilabel::apply(rules, decision, both),
            None => self.calibration.apply(decision, self.labels.len()),
        }
        Ok(())
    }
}
