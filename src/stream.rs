//! Training from a stream that is larger than memory: one pass, constant memory, the same to the bit for any number of
//! threads, and resumable.
//!
//! ```text
//! records ─ blocks (shuffled, seeded) ─ hashed rows ─ online learner ─ pipeline
//!                    └──────── checkpoint after a block ────────┘
//! ```
//!
//! Records are read a block at a time (`shuffle_buffer` of [`OnlineParams`](crate::classify::OnlineParams), or as many KiB of text),
//! and each block is shuffled by the seed and its number. While one block is learned, the next one is read and its texts are
//! turned into rows. In memory are two blocks of text and the weights: `4 · columns · (labels + 1)` bytes, with two labels 8
//! bytes a column; 2^22 columns and five labels take 101 MB.
//!
//! Data that come sorted by label must be mixed within a block: [`Learned::uneven_blocks`] tells when they were not.
//! [`crate::dataset::Stream`] mixes the files it reads.
//!
//! A label may come for the first time anywhere: from then on it has weights, which start at 0, and the others go on from
//! where they are. The labels of the model are sorted.

mod block;
mod checkpoint;
mod learn;

use std::collections::BTreeMap;

use serde_json::json;

use crate::classify::online::{Learner, OnlineValidParams};
use crate::classify::{Calibration, Classifier, ClassifierParams, Convergence};
use crate::dataset::Example;
use crate::error::{Error, Result};
use crate::features::vectorizer::Vectorizer;
use crate::pipeline::{Fast, LabelWeights, Pipeline, PipelineParams, Provenance};
use block::{Block, Reader};
pub use checkpoint::Checkpoint;
use checkpoint::State;
use linfa::ParamGuard;

/// What a run may have besides its records.
#[derive(Default)]
pub struct StreamOptions<'a> {
    /// Where to keep the state of the run.
    pub checkpoint: Option<Checkpoint>,
    /// A model to go on from. Its features must be those of the run; its weights, step sizes, labels and what is known of
    /// its data are taken over.
    pub warm_start: Option<Pipeline>,
    /// Called after each block.
    pub progress: Option<&'a mut dyn FnMut(Progress)>,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Records read, those of a former run included.
    pub records: u64,
    /// The share of records whose label was foreseen before they were learned.
    pub foreseen: f64,
}

/// The end of a run.
#[derive(Debug, Clone)]
pub struct Learned {
    /// The model.
    pub pipeline: Pipeline,
    /// Records that a former run had learned: what the checkpoint saved.
    pub resumed: u64,
    /// The share of records whose label was foreseen before they were learned: an estimate of the accuracy from one
    /// pass, low since it includes the first records.
    pub foreseen: f64,
    /// Full blocks.
    pub blocks: u64,
    /// Full blocks whose labels were of quite another mix than those of the records before, or a single one: the data come
    /// sorted, and the model favours the last labels.
    pub uneven_blocks: u64,
    /// Labels with a class weight that no record had.
    pub weights_of_no_label: Vec<String>,
}

impl PipelineParams {
    /// Trains the online learner on records as they come.
    ///
    /// ```
    /// use tasnif::PipelineParams;
    /// use tasnif::dataset::Example;
    /// use tasnif::stream::StreamOptions;
    ///
    /// let params = PipelineParams::from_toml(r#"
    ///     [[features]]
    ///     kind = "ngrams"
    ///     analyzer = "word"
    ///     ngrams = [1, 2]
    ///     weight = "log-tf"
    ///     hash_bits = 18
    ///
    ///     [classifier]
    ///     kind = "online"
    /// "#)?;
    /// let records = (0..1000).map(|i| Ok(match i % 2 {
    ///     0 => Example::new(format!("raid {i} at dawn"), "strike"),
    ///     _ => Example::new(format!("talks {i} go on"), "statement"),
    /// }));
    /// let learned = params.fit_stream(records, StreamOptions::default())?;
    /// assert_eq!(learned.pipeline.predict("a raid")?.label, "strike");
    /// assert!(learned.foreseen > 0.9);
    /// # Ok::<(), tasnif::Error>(())
    /// ```
    ///
    /// # Errors
    /// The first error of the records; [`Error::Parameter`] for a classifier or features that need to see the data more than
    /// once; [`Error::Dataset`] for data that cannot be learned from, or that are not those of the checkpoint;
    /// [`Error::Model`] for a checkpoint that is damaged or of other options. What was learned before an error is in the
    /// checkpoint.
    pub fn fit_stream<I>(&self, records: I, options: StreamOptions<'_>) -> Result<Learned>
    where
        I: IntoIterator<Item = Result<Example>>,
        I::IntoIter: Send,
    {
        self.check()?;
        let ClassifierParams::Online(online) = &self.classifier else {
            return Err(Error::Parameter(
                "this classifier needs all records at once: for a stream, kind = \"online\" (--classifier online)".into(),
            ));
        };
        let class_weights = match &self.training.class_weight {
            LabelWeights::Given(weights) => weights.clone(),
            _ => BTreeMap::new(),
        };
        let StreamOptions { checkpoint, warm_start, progress } = options;
        let online = online.check_ref()?;
        let reader = Reader::new(records.into_iter(), online.block(), class_weights);
        let mut run = Run::start(self, online, reader, checkpoint, warm_start)?;
        run.go(progress)?;
        run.finish()
    }
}

/// A run of the learner over a stream.
struct Run<'a, I> {
    params: &'a PipelineParams,
    online: &'a OnlineValidParams,
    vectorizer: Vectorizer,
    reader: Reader<I>,
    learner: Option<Learner>,
    state: State,
    checkpoint: Option<Checkpoint>,
    /// Records that the checkpoint holds.
    saved: u64,
    resumed: u64,
    /// What the model that the run started from had learned from.
    before: Option<Provenance>,
}

impl<'a, I: Iterator<Item = Result<Example>> + Send> Run<'a, I> {
    fn start(
        params: &'a PipelineParams,
        online: &'a OnlineValidParams,
        mut reader: Reader<I>,
        checkpoint: Option<Checkpoint>,
        warm_start: Option<Pipeline>,
    ) -> Result<Self> {
        let (mut learner, mut before, mut labels, mut subwords) = (None, None, Vec::new(), None);
        if let Some(model) = warm_start {
            if model.params.feature_key() != params.feature_key() {
                return Err(Error::Parameter(
                    "the model to start from has other features: give the same analyzers, n-grams, hash_bits and folds".into(),
                ));
            }
            let Classifier::Online(online) = model.classifier else {
                return Err(Error::Parameter(
                    "the model to start from was not trained by the online learner: only its models can go on learning".into(),
                ));
            };
            (learner, before) = (Some(Learner::from_model(online)), Some(model.provenance));
            (labels, subwords) = (model.labels, model.vectorizer.subwords);
            reader = reader.with_labels(&labels);
        }
        let vectorizer = match subwords {
            // The model carries its tokenizer; the file it was read from may be gone.
            Some(subwords) => params.vectorizer_with(Some(subwords), Vec::new()),
            None => params.vectorizer()?,
        };
        let vectorizer = vectorizer.hashed()?;
        let options = json!({
            "normalize": params.normalize,
            "tokenize": params.tokenize,
            "features": params.features,
            "classifier": params.classifier,
            "training": params.training,
            "warm start": before,
        });
        let mut state = State::new(vectorizer.width(), options, labels);
        if let Some(Checkpoint { path, .. }) = &checkpoint {
            if let Some((former, weights)) = State::load(path)? {
                former.fits(&state.options, path)?;
                reader.skip(&former.learned, former.end.as_ref())?;
                if reader.labels != former.labels {
                    return Err(Error::Dataset(
                        "the labels are not those of the checkpoint: give the same data again, or delete it"
                            .into(),
                    ));
                }
                (state, learner) = (former, weights);
            }
            // Asked for now rather than after the first million records.
            crate::output::AtomicFile::create(path)?;
        }
        let resumed = state.learned.records;
        Ok(Run {
            params,
            online,
            vectorizer,
            reader,
            learner,
            state,
            checkpoint,
            saved: resumed,
            resumed,
            before,
        })
    }

    /// Learns all blocks: one while the next one is read.
    fn go(&mut self, mut progress: Option<&mut dyn FnMut(Progress)>) -> Result<()> {
        let (mut block, mut next) = (Block::default(), Block::default());
        self.reader.fill(&mut block)?;
        loop {
            if !block.is_whole {
                self.state.end = Some(block.end.clone());
                self.save()?;
            }
            if block.len() == 0 {
                return Ok(());
            }
            let labels = block.end.counts.len();
            let mut learner = match self.learner.take() {
                Some(learner) => learner,
                None => Learner::new(self.vectorizer.width(), labels)?,
            };
            learner.widen(labels)?;
            let Run { online, vectorizer, reader, state, .. } = self;
            let (learned, read) = rayon::join(
                || learn::learn(&block, state.blocks, online, vectorizer, &mut learner, &mut state.foresight),
                || match block.is_whole {
                    true => reader.fill(&mut next),
                    false => Ok(()),
                },
            );
            self.learner = Some(learner);
            learned?;
            self.state.labels = self.reader.labels[..labels].to_vec();
            let uneven = block.is_whole && block.end.is_uneven(&self.state.learned);
            self.state.uneven += u64::from(uneven);
            self.state.learned.clone_from(&block.end);
            self.state.blocks += u64::from(block.is_whole);
            if let Some(progress) = &mut progress {
                progress(Progress { records: block.end.records, foreseen: self.foreseen() });
            }
            if !block.is_whole {
                return Ok(());
            }
            let due = |checkpoint: &Checkpoint| self.state.learned.records - self.saved >= checkpoint.every;
            if read.is_err() || self.checkpoint.as_ref().is_some_and(due) {
                self.save()?;
            }
            read?;
            std::mem::swap(&mut block, &mut next);
        }
    }

    fn save(&mut self) -> Result<()> {
        if let Some(Checkpoint { path, .. }) = &self.checkpoint {
            self.state.save(self.learner.as_ref(), path)?;
            self.saved = self.state.learned.records;
        }
        Ok(())
    }

    fn foreseen(&self) -> f64 {
        self.state.foresight.hits as f64 / (self.state.foresight.records as f64).max(1.0)
    }

    /// The pipeline, with its labels sorted.
    fn finish(self) -> Result<Learned> {
        let (weights_of_no_label, foreseen) = (self.reader.weights_of_no_label(), self.foreseen());
        let State { learned, labels, foresight, blocks, uneven, .. } = self.state;
        if learned.records == 0 {
            return Err(Error::Dataset("there are no records to train on: the files are empty".into()));
        }
        if let [only] = labels.as_slice() {
            return Err(Error::Dataset(format!(
                "all {} records have the label '{only}': a classifier needs at least two labels to tell apart",
                learned.records
            )));
        }
        if foresight.records == 0 {
            return Err(Error::Dataset("every record has weight 0: nothing is left to learn from".into()));
        }
        let mut order: Vec<usize> = (0..labels.len()).collect();
        order.sort_by(|&a, &b| labels[a].cmp(&labels[b]));
        let Some(learner) = self.learner else {
            return Err(Error::Dataset("there are no records to train on".into()));
        };
        let model = learner.into_model(&order)?;
        let convergence = Convergence {
            iterations: self.online.passes(),
            converged: true,
            objective: foresight.loss / foresight.records as f64,
        };
        let counts = labels.iter().cloned().zip(learned.counts.iter().map(|&count| count as usize)).collect();
        let mut provenance = Provenance::of_stream(counts, &self.vectorizer, convergence);
        if let Some(before) = self.before {
            provenance.go_on_from(before);
        }
        let pipeline = Pipeline {
            params: self.params.clone(),
            vectorizer: self.vectorizer,
            classifier: Classifier::Online(model),
            calibration: Calibration::None,
            labels: order.into_iter().map(|class| labels[class].clone()).collect(),
            rules: None,
            conformal: None,
            provenance,
            fast: Fast::default(),
        };
        Ok(Learned {
            pipeline,
            resumed: self.resumed,
            foreseen,
            blocks,
            uneven_blocks: uneven,
            weights_of_no_label,
        })
    }
}

#[cfg(test)]
mod tests;
