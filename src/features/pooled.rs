//! Word vectors pooled over a text, or over a window of it, as features beside the n-grams.
//!
//! The feature values of a text are the weighted mean (or the maximum) of the vectors of its words, number by number,
//! brought to mean 0 and deviation 1 over the training texts and scaled. Weights follow smooth inverse frequency,
//! `a / (a + p(word))` (Arora, Liang and Ma, "A simple but tough-to-beat baseline for sentence embeddings", ICLR 2017,
//! without its removal of the first component), or are all 1.
//!
//! A linear classifier over means is a table with one weight a word and class: training makes it when it ends, so that a
//! trained pipeline carries no vectors and a word costs one look-up. A folded block has one column a word, whose value
//! is the share of the word among the words of the window.

use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::ngram::{Unit, unit_key};
use super::vocabulary::{Names, Vocabulary};
use super::window::Window;
use crate::error::{Error, Result};
use crate::text::normalize::Normalizer;
use crate::text::tokenize::WordTokenizer;
use crate::vectors::WordVectors;

/// How the vectors of words become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pool {
    /// Their weighted mean.
    #[default]
    Mean,
    /// The largest of each number. Cannot be folded: the model then carries the vectors.
    Max,
}

/// One block of pooled word vectors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VectorParams {
    /// The vectors: a file of `tasnif vectors train`, or word2vec's and fastText's `.vec`.
    pub file: PathBuf,
    /// The words that count, by their places; all when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// `a` of smooth inverse frequency, usually 1e-3; without it every word weighs the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sif: Option<f64>,
    /// How vectors become one.
    #[serde(default)]
    pub pool: Pool,
    /// The most frequent so many words alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_words: Option<usize>,
    /// The deviation of each number over the training texts.
    #[serde(default = "scale")]
    pub scale: f32,
    /// Whether a linear classifier is folded into one weight a word and class when training ends.
    #[serde(default = "yes")]
    pub fold: bool,
}

fn scale() -> f32 {
    0.05
}

fn yes() -> bool {
    true
}

impl VectorParams {
    /// The usual options: the mean over all words, by smooth inverse frequency.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        VectorParams {
            file: file.into(),
            window: None,
            sif: Some(1e-3),
            pool: Pool::Mean,
            max_words: None,
            scale: scale(),
            fold: true,
        }
    }

    /// Whether the options make sense.
    ///
    /// # Errors
    /// [`Error::Parameter`] that names the option.
    pub fn check(&self) -> Result<()> {
        if !(self.scale.is_finite() && self.scale > 0.0) {
            return Err(Error::Parameter(format!("scale {}: give a number above 0", self.scale)));
        }
        if let Some(a) = self.sif
            && !(a.is_finite() && a > 0.0)
        {
            return Err(Error::Parameter(format!("sif {a}: give a number above 0, usually 1e-3")));
        }
        if self.max_words == Some(0) {
            return Err(Error::Parameter("max_words 0 leaves no word: give 1 or more".into()));
        }
        Ok(())
    }

    fn folds(&self) -> bool {
        self.fold && self.pool == Pool::Mean
    }
}

/// Word vectors by column, as the normaliser of a pipeline writes the words.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    pub(crate) words: Arc<Vocabulary>,
    dim: usize,
    /// One row of `dim` numbers a word.
    rows: Arc<Vec<f32>>,
    /// The share of each word in the corpus of the vectors.
    probabilities: Arc<Vec<f64>>,
}

impl Table {
    /// The words that stay one word when they are normalised and cut; of several that become the same, the most
    /// frequent.
    pub(crate) fn new(
        vectors: &WordVectors,
        normalizer: &Normalizer,
        tokenizer: &WordTokenizer,
    ) -> Result<Self> {
        let mut words: Vec<(String, usize)> = (0..vectors.len())
            .into_par_iter()
            .filter_map(|place| {
                let word = normalizer.normalize(vectors.word(place)).into_owned();
                let whole = tokenizer.spans(&word).next() == Some(0..word.len());
                (whole && !word.is_empty()).then_some((word, place))
            })
            .collect();
        words.sort_unstable();
        words.dedup_by(|later, first| later.0 == first.0);
        if words.is_empty() {
            return Err(Error::Dataset(
                "no word of the vectors is a word to this pipeline's normaliser and tokenizer".into(),
            ));
        }
        let names = Names::collect(words.iter().map(|(word, _)| word.as_str()))?;
        let keys = words.iter().map(|(word, _)| Unit::of_word(word)).map(|unit| unit_key(&unit)).collect();
        Ok(Table {
            words: Arc::new(Vocabulary::from_parts(names, keys)?),
            dim: vectors.dim(),
            rows: Arc::new(words.iter().flat_map(|&(_, place)| vectors.row(place)).copied().collect()),
            probabilities: Arc::new(words.iter().map(|&(_, place)| vectors.probability(place)).collect()),
        })
    }
}

/// A fitted block of pooled vectors.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pooled {
    pub(crate) params: VectorParams,
    pub(crate) words: Arc<Vocabulary>,
    pub(crate) kind: Kind,
}

/// What the columns of a block are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// One a number of the vectors.
    Dense(Dense),
    /// One a word.
    Folded,
}

/// What unfolded pooling needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dense {
    pub(crate) dim: usize,
    /// One row a word.
    pub(crate) rows: Arc<Vec<f32>>,
    /// The weight of each word.
    pub(crate) factors: Vec<f32>,
    /// Of each number over the training texts.
    pub(crate) mean: Vec<f32>,
    pub(crate) deviation: Vec<f32>,
}

impl Dense {
    /// Stored parts, for `words` words.
    pub(crate) fn from_parts(
        words: usize,
        rows: Vec<f32>,
        factors: Vec<f32>,
        mean: Vec<f32>,
        deviation: Vec<f32>,
    ) -> Result<Self> {
        let dim = mean.len();
        let fits = dim > 0
            && deviation.len() == dim
            && factors.len() == words
            && words.checked_mul(dim) == Some(rows.len());
        let parts = [&rows, &factors, &mean, &deviation];
        if !fits || parts.into_iter().flatten().any(|x| !x.is_finite()) || deviation.contains(&0.0) {
            return Err(Error::Parameter("the word vectors do not fit their words".into()));
        }
        Ok(Dense { dim, rows: Arc::new(rows), factors, mean, deviation })
    }
}

/// Texts that one task takes; sums do not depend on the number of threads.
const CHUNK: usize = 256;

impl Pooled {
    /// Learns mean and deviation over texts that are given as the keys of their words.
    pub(crate) fn fit(params: &VectorParams, table: &Table, texts: &[Vec<u64>]) -> Result<Self> {
        params.check()?;
        let factor = |&p: &f64| params.sif.map_or(1.0, |a| (a / (a + p)) as f32);
        let dense = Dense {
            dim: table.dim,
            rows: Arc::clone(&table.rows),
            factors: table.probabilities.iter().map(factor).collect(),
            mean: vec![0.0; table.dim],
            deviation: vec![1.0; table.dim],
        };
        let mut pooled =
            Pooled { params: params.clone(), words: Arc::clone(&table.words), kind: Kind::Dense(dense) };
        let sums: Vec<Vec<f64>> = texts
            .par_chunks(CHUNK)
            .map(|texts| {
                let (mut sums, mut pool) = (vec![0.0; 2 * table.dim], Vec::new());
                for text in texts {
                    pooled.pool(text, &mut pool);
                    for (d, &x) in pool.iter().enumerate() {
                        sums[d] += f64::from(x);
                        sums[table.dim + d] += f64::from(x) * f64::from(x);
                    }
                }
                sums
            })
            .collect();
        let Kind::Dense(dense) = &mut pooled.kind else { return Ok(pooled) };
        let n = texts.len().max(1) as f64;
        for d in 0..dense.dim {
            let (sum, square): (f64, f64) =
                sums.iter().fold((0.0, 0.0), |(s, q), part| (s + part[d], q + part[dense.dim + d]));
            let mean = sum / n;
            let deviation = (square / n - mean * mean).max(0.0).sqrt();
            dense.mean[d] = mean as f32;
            // A number that is the same everywhere tells nothing, whatever it is divided by.
            dense.deviation[d] = if deviation > 1e-9 { deviation as f32 } else { 1.0 };
        }
        Ok(pooled)
    }

    /// The number of columns.
    pub(crate) fn width(&self) -> usize {
        match &self.kind {
            Kind::Dense(dense) => dense.dim,
            Kind::Folded => self.words.len(),
        }
    }

    /// The name of a column: `vectors[0:4]:#7` or, folded, `vectors[0:4]:word`.
    pub(crate) fn name(&self, column: usize) -> Option<String> {
        let window = self.params.window.map_or(String::new(), |window| format!("[{window}]"));
        match &self.kind {
            Kind::Dense(_) => Some(format!("vectors{window}:#{column}")),
            Kind::Folded => self.words.names().get(column).map(|word| format!("vectors{window}:{word}")),
        }
    }

    fn in_window<'a>(&self, keys: &'a [u64]) -> &'a [u64] {
        self.params.window.map_or(keys, |window| &keys[window.of(keys.len())])
    }

    /// Leaves the pooled vector of a text in `out`: zeros where none of its words has a vector.
    fn pool(&self, keys: &[u64], out: &mut Vec<f32>) {
        let Kind::Dense(dense) = &self.kind else { return };
        out.clear();
        out.resize(dense.dim, 0.0);
        let mut known = 0u32;
        for &key in self.in_window(keys) {
            let Some(word) = self.words.get(key).map(|word| word as usize) else { continue };
            let row = &dense.rows[word * dense.dim..][..dense.dim];
            let factor = dense.factors[word];
            match self.params.pool {
                Pool::Mean => out.iter_mut().zip(row).for_each(|(sum, x)| *sum += factor * x),
                Pool::Max if known == 0 => out.iter_mut().zip(row).for_each(|(most, x)| *most = factor * x),
                Pool::Max => out.iter_mut().zip(row).for_each(|(most, x)| *most = most.max(factor * x)),
            }
            known += 1;
        }
        if self.params.pool == Pool::Mean && known > 0 {
            out.iter_mut().for_each(|sum| *sum /= known as f32);
        }
    }

    /// Appends the columns, from `offset` on, and the values of a text, given as the keys of its words.
    pub(crate) fn append(
        &self,
        keys: &[u64],
        offset: u32,
        seen: &mut Vec<u32>,
        pool: &mut Vec<f32>,
        columns: &mut Vec<u32>,
        values: &mut Vec<f32>,
    ) {
        match &self.kind {
            Kind::Dense(dense) => {
                self.pool(keys, pool);
                for (d, &x) in pool.iter().enumerate() {
                    columns.push(offset + d as u32);
                    values.push((x - dense.mean[d]) / dense.deviation[d] * self.params.scale);
                }
            }
            Kind::Folded => {
                seen.clear();
                seen.extend(self.in_window(keys).iter().filter_map(|&key| self.words.get(key)));
                seen.sort_unstable();
                let known = seen.len() as f32;
                for run in seen.chunk_by(|a, b| a == b) {
                    columns.push(offset + run[0]);
                    values.push(run.len() as f32 / known);
                }
            }
        }
    }

    /// The block with one column a word, if it can be had, given the weights of a linear classifier: `weights` those of
    /// this block's columns, one row of `intercept.len()` a column. `intercept` takes up what is the same for every text.
    pub(crate) fn fold(&self, weights: &[f32], intercept: &mut [f64]) -> Option<(Pooled, Vec<f32>)> {
        let Kind::Dense(dense) = &self.kind else { return None };
        if !self.params.folds() {
            return None;
        }
        let outputs = intercept.len();
        // The weight of each number of a vector, before standardisation.
        let mut plain = vec![0.0f64; dense.dim * outputs];
        for d in 0..dense.dim {
            let unit = f64::from(self.params.scale) / f64::from(dense.deviation[d]);
            for k in 0..outputs {
                let weight = unit * f64::from(weights[d * outputs + k]);
                plain[d * outputs + k] = weight;
                intercept[k] -= weight * f64::from(dense.mean[d]);
            }
        }
        let mut table = vec![0.0f32; self.words.len() * outputs];
        table.par_chunks_mut(outputs).enumerate().for_each(|(word, out)| {
            let mut sums = vec![0.0f64; outputs];
            let row = &dense.rows[word * dense.dim..][..dense.dim];
            for (d, &x) in row.iter().enumerate() {
                for (sum, weight) in sums.iter_mut().zip(&plain[d * outputs..]) {
                    *sum += f64::from(x) * weight;
                }
            }
            let factor = f64::from(dense.factors[word]);
            out.iter_mut().zip(sums).for_each(|(out, sum)| *out = (factor * sum) as f32);
        });
        let folded =
            Pooled { params: self.params.clone(), words: Arc::clone(&self.words), kind: Kind::Folded };
        Some((folded, table))
    }
}
