//! Options of training, and what is kept of them.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::cooccurrence::Matrix;
use super::factorize::factorize;
use super::tokens::Tokens;
use super::{WordVectors, skipgram};
use crate::dataset::Source;
use crate::error::{Error, Result};
use crate::text::normalize::Switches;
use crate::text::tokenize::WordParams;

/// How word vectors are learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainParams {
    /// The folds that the text goes through: those of the pipeline that is to use the vectors.
    pub normalize: Switches,
    /// What counts as a word.
    pub words: WordParams,
    /// Read bytes that are not UTF-8 as replacement characters.
    pub lossy: bool,
    /// Numbers in a vector.
    pub dim: usize,
    /// Words up to this far to the left and the right are context; nearer ones count more.
    pub window: usize,
    /// Words that occur less often get no vector.
    pub min_count: u64,
    /// The so many most frequent words get vectors.
    pub max_words: usize,
    /// Seed of all that is left to chance.
    pub seed: u64,
    /// What the vectors are fitted to.
    pub method: Method,
}

impl Default for TrainParams {
    fn default() -> Self {
        TrainParams {
            normalize: Switches::default(),
            words: WordParams::default(),
            lossy: false,
            dim: 128,
            window: 5,
            min_count: 5,
            max_words: 100_000,
            seed: 42,
            method: Method::SkipGram(SkipGramParams::default()),
        }
    }
}

/// What the vectors are fitted to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Method {
    /// How often words stand near each other, against chance: positive pointwise mutual information, factorized.
    Ppmi(PpmiParams),
    /// Telling the neighbours of a word from random words: skip-gram with negative sampling.
    SkipGram(SkipGramParams),
}

/// Options of a factorized matrix of positive pointwise mutual information (Levy & Goldberg 2014; Levy, Goldberg & Dagan
/// 2015).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PpmiParams {
    /// The power that frequencies of contexts are raised to.
    pub smoothing: f64,
    /// Pairs must be so many times likelier than chance to count at all; 1 for as likely.
    pub shift: f64,
    /// Pairs that stand near each other less often are left out. Pairs at the edge of the window count for less than one.
    pub min_pair: u32,
    /// Passes over the matrix after the first: more find its directions more exactly.
    pub iterations: usize,
    /// The power of the eigenvalues that scale the columns: 0 for columns of one length, 1 for the matrix itself.
    pub eigenvalue_power: f64,
}

impl Default for PpmiParams {
    fn default() -> Self {
        PpmiParams { smoothing: 0.75, shift: 1.0, min_pair: 0, iterations: 3, eigenvalue_power: 0.5 }
    }
}

impl PpmiParams {
    fn check(&self) -> Result<()> {
        let fail = |message: String| Err(Error::Parameter(message));
        if !(0.0..=1.0).contains(&self.smoothing) {
            return fail(format!("smoothing {}: give 0 to 1, usually 0.75", self.smoothing));
        }
        if !(self.shift >= 1e-3 && self.shift <= 1e3) {
            return fail(format!("shift {}: give 1, or a little more", self.shift));
        }
        if !(1..=100).contains(&self.iterations) {
            return fail(format!("iterations {}: give 1 to 100, usually 3", self.iterations));
        }
        if !(0.0..=1.0).contains(&self.eigenvalue_power) {
            return fail(format!("eigenvalue_power {}: give 0 to 1, usually 0.5", self.eigenvalue_power));
        }
        Ok(())
    }
}

/// Options of skip-gram with negative sampling (Mikolov et al. 2013).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SkipGramParams {
    /// Passes over the corpus.
    pub epochs: usize,
    /// Random words against each word.
    pub negatives: usize,
    /// The learning rate at the start; it falls to zero in a straight line.
    pub rate: f32,
    /// Words more frequent than this share are skipped now and then; 0 skips none.
    pub subsample: f64,
}

impl Default for SkipGramParams {
    fn default() -> Self {
        SkipGramParams { epochs: 5, negatives: 5, rate: 0.05, subsample: 1e-4 }
    }
}

/// What vectors were learned from, and how.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// The version of this library; empty when another program made the vectors.
    pub version: String,
    /// The options.
    pub params: TrainParams,
    /// The files of the corpus; `records` counts their lines.
    pub sources: Vec<Source>,
}

/// How far training is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// How much of it is done.
    pub done: u64,
    /// How much there is to do; 0 when not known.
    pub total: u64,
}

/// A part of training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reading the corpus, in bytes on the disk.
    Reading,
    /// Counting neighbours, in parts of the words.
    Counting,
    /// Multiplying by the matrix of neighbours, in passes.
    Factorizing,
    /// Passing over the text, in words.
    Learning,
}

impl TrainParams {
    /// Whether the options make sense.
    ///
    /// # Errors
    /// [`Error::Parameter`] that names the option.
    pub fn check(&self) -> Result<()> {
        let fail = |message: String| Err(Error::Parameter(message));
        if !(1..=4096).contains(&self.dim) {
            return fail(format!("dim {}: give 1 to 4096, usually 100 to 300", self.dim));
        }
        if !(1..=63).contains(&self.window) {
            return fail(format!("window {}: give 1 to 63, usually 5 to 10", self.window));
        }
        if self.max_words == 0 || self.max_words > 1 << 26 {
            return fail(format!("max_words {}: give 1 to {}", self.max_words, 1 << 26));
        }
        match &self.method {
            Method::Ppmi(params) => params.check(),
            Method::SkipGram(params) => params.check(),
        }
    }
}

impl SkipGramParams {
    fn check(&self) -> Result<()> {
        let fail = |message: String| Err(Error::Parameter(message));
        if self.epochs == 0 {
            return fail("epochs 0: give 1 or more, usually 5".into());
        }
        if !(1..=64).contains(&self.negatives) {
            return fail(format!("negatives {}: give 1 to 64, usually 5", self.negatives));
        }
        if !(self.rate > 0.0 && self.rate <= 1.0) {
            return fail(format!("rate {}: give a number above 0, usually 0.05", self.rate));
        }
        if !(0.0..1.0).contains(&self.subsample) {
            return fail(format!("subsample {}: give 0 or a small share such as 1e-4", self.subsample));
        }
        Ok(())
    }
}

impl WordVectors {
    /// Learns vectors from files of text, a paragraph a line: plain, gzip or Zstandard, told apart by content.
    ///
    /// The text is read once and never held in memory as a whole; a temporary file of four bytes a word takes its place.
    /// The same files and options give the same vectors to the bit, for any number of threads.
    ///
    /// # Errors
    /// [`Error::Parameter`] for options that make no sense, [`Error::Io`] and [`Error::Data`] for files that cannot be
    /// read, [`Error::Dataset`] when no word occurs `min_count` times.
    pub fn train<P: AsRef<Path>>(
        paths: &[P],
        params: &TrainParams,
        mut progress: impl FnMut(Progress),
    ) -> Result<WordVectors> {
        params.check()?;
        let tokens = Tokens::read(paths, params, &mut progress)?;
        let rows = match &params.method {
            Method::SkipGram(options) => skipgram::train(&tokens, params, options, &mut progress)?,
            Method::Ppmi(options) => {
                let matrix = Matrix::of_neighbours(&tokens, params, options, &mut progress)?;
                factorize(&matrix, tokens.words.len(), params, options, &mut progress)
            }
        };
        let training = Training {
            version: env!("CARGO_PKG_VERSION").into(),
            params: params.clone(),
            sources: tokens.sources.clone(),
        };
        let Tokens { words, counts, total, .. } = tokens;
        WordVectors::new(words, counts, total, params.dim, rows, training)
    }
}
