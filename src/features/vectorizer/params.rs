//! The options of a vectorizer, as they stand in a pipeline file.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::fit::fit;
use super::{Block, Columns, Vectorizer};
use crate::error::{Error, Result};
use crate::features::csr::Csr;
use crate::features::ngram::{Analyzer, NgramRange};
use crate::features::pooled::VectorParams;
use crate::features::window::Window;
use crate::text::normalize::{Normalizer, Switches};
use crate::text::tokenize::{SubwordTokenizer, WordParams, WordTokenizer};
use crate::vectors::WordVectors;

/// Everything between raw text and rows.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorizerParams {
    /// Folds before anything is matched.
    pub normalize: Switches,
    /// Options of the word tokenizer.
    pub words: WordParams,
    /// The tokenizer of the subword analyzer.
    pub subwords: Option<SubwordTokenizer>,
    /// The blocks of n-grams, in the order of their columns.
    pub features: Vec<NgramParams>,
    /// The blocks of pooled word vectors, whose columns follow, and the vectors of each.
    pub vectors: Vec<(VectorParams, Arc<WordVectors>)>,
}

impl Default for VectorizerParams {
    /// Words 1–2 and characters within words 2–5.
    fn default() -> Self {
        VectorizerParams {
            normalize: Switches::default(),
            words: WordParams::default(),
            subwords: None,
            features: vec![NgramParams::new(Analyzer::Word), NgramParams::new(Analyzer::CharWb)],
            vectors: Vec::new(),
        }
    }
}

impl VectorizerParams {
    /// Learns the n-grams of `texts` and how rare each is.
    ///
    /// # Errors
    /// [`Error::Parameter`] for options that make no sense, [`Error::Dataset`] when no n-gram is left.
    pub fn fit<T: AsRef<str> + Sync>(&self, texts: &[T]) -> Result<Vectorizer> {
        self.check()?;
        Ok(fit(self, texts, false)?.0)
    }

    /// [`VectorizerParams::fit`], and the rows of the same texts.
    ///
    /// # Errors
    /// As [`VectorizerParams::fit`].
    pub fn fit_transform<T: AsRef<str> + Sync>(&self, texts: &[T]) -> Result<(Vectorizer, Csr)> {
        self.check()?;
        let (vectorizer, rows) = fit(self, texts, true)?;
        let rows = rows.unwrap_or_else(|| Csr::new(vectorizer.width()));
        Ok((vectorizer, rows))
    }

    /// The vectorizer itself, where nothing has to be learned from texts: every block is hashed and without idf.
    ///
    /// ```
    /// use tasnif::features::ngram::Analyzer;
    /// use tasnif::features::vectorizer::{NgramParams, VectorizerParams, Weight};
    ///
    /// let words = NgramParams { hash_bits: Some(18), weight: Weight::LogTf, ..NgramParams::new(Analyzer::Word) };
    /// let params = VectorizerParams { features: vec![words], ..VectorizerParams::default() };
    /// let vectorizer = params.hashed()?;
    /// assert_eq!(vectorizer.width(), 1 << 18);
    /// assert_eq!(vectorizer, params.fit(&["any text"])?);
    /// # Ok::<(), tasnif::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Parameter`] for options that make no sense, and where texts have to be seen.
    pub fn hashed(&self) -> Result<Vectorizer> {
        self.check()?;
        if !self.vectors.is_empty() {
            return Err(Error::Parameter(
                "the scale of pooled word vectors has to be learned from the texts: leave them out".into(),
            ));
        }
        let block = |params: &NgramParams| match params.hash_bits {
            Some(bits) if !params.weight.uses_idf() => {
                Ok(Block { params: params.clone(), columns: Columns::Hashed { bits }, idf: Vec::new() })
            }
            _ => Err(Error::Parameter(format!(
                "{} n-grams without hash_bits, or with a weight of idf, have to be learned from the texts: give the block \
                 hash_bits = 22 and weight = \"log-tf\"",
                params.analyzer
            ))),
        };
        Vectorizer::from_parts(
            Normalizer::new(self.normalize),
            WordTokenizer::new(self.words),
            self.subwords.clone(),
            self.features.iter().map(block).collect::<Result<_>>()?,
            Vec::new(),
        )
    }

    /// Whether the options make sense.
    ///
    /// # Errors
    /// [`Error::Parameter`] that names the option.
    pub fn check(&self) -> Result<()> {
        if self.features.is_empty() && self.vectors.is_empty() {
            return Err(Error::Parameter("no features: give at least one analyzer ([[features]])".into()));
        }
        if self.subwords.is_none() && self.features.iter().any(|block| block.analyzer == Analyzer::Subword) {
            return Err(Error::Parameter(
                "the subword analyzer needs a tokenizer.json: --subwords FILE, or [tokenize] subwords = \"FILE\""
                    .into(),
            ));
        }
        self.vectors.iter().try_for_each(|(params, _)| params.check())?;
        self.features.iter().try_for_each(NgramParams::check)
    }
}

/// One block of n-gram features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NgramParams {
    /// What the n-grams are made of.
    pub analyzer: Analyzer,
    /// Their lengths, in words, characters or pieces.
    pub ngrams: NgramRange,
    /// n-grams in fewer texts are left out: a count, or a fraction of the texts.
    #[serde(default = "Frequency::one")]
    pub min_df: Frequency,
    /// n-grams in more texts are left out: a count, or a fraction of the texts.
    #[serde(default = "Frequency::all")]
    pub max_df: Frequency,
    /// Keep the so many most frequent n-grams (by occurrences; ties by name).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_features: Option<usize>,
    /// The weight of an n-gram in a text.
    #[serde(default)]
    pub weight: Weight,
    /// How the weights of a text are scaled together.
    #[serde(default)]
    pub norm: Norm,
    /// Hash n-grams to 2^bits columns in place of a vocabulary: no names, constant memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash_bits: Option<u32>,
    /// The weight of this block beside the others.
    #[serde(default = "one")]
    pub scale: f32,
    /// n-grams of the words or pieces in this window alone: marked by position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
}

fn one() -> f32 {
    1.0
}

impl NgramParams {
    /// The usual options for an analyzer: words 1–2, characters 2–5, subwords 1–2; `log-tf-idf`, L2, no bounds.
    pub fn new(analyzer: Analyzer) -> Self {
        let ngrams = match analyzer {
            Analyzer::Word | Analyzer::Subword => [1, 2],
            Analyzer::Char | Analyzer::CharWb => [2, 5],
        };
        NgramParams {
            analyzer,
            ngrams: NgramRange::try_from(ngrams).unwrap_or_else(|_| unreachable!("1-2 and 2-5 are ranges")),
            min_df: Frequency::one(),
            max_df: Frequency::all(),
            max_features: None,
            weight: Weight::default(),
            norm: Norm::default(),
            hash_bits: None,
            scale: one(),
            window: None,
        }
    }

    /// Whether the options make sense.
    ///
    /// # Errors
    /// [`Error::Parameter`] that names the option.
    pub fn check(&self) -> Result<()> {
        self.min_df.check("min_df")?;
        self.max_df.check("max_df")?;
        if self.window.is_some() && !matches!(self.analyzer, Analyzer::Word | Analyzer::Subword) {
            return Err(Error::Parameter(format!(
                "a window of the {} analyzer: windows count words or subwords",
                self.analyzer
            )));
        }
        if self.max_features == Some(0) {
            return Err(Error::Parameter("max_features 0 leaves no feature: give 1 or more".into()));
        }
        if let Some(bits) = self.hash_bits {
            if !(1..=30).contains(&bits) {
                return Err(Error::Parameter(format!("hash_bits {bits}: give 1 to 30, usually 18 to 22")));
            }
            let chosen = self.min_df != Frequency::one() || self.max_df != Frequency::all();
            if chosen || self.max_features.is_some() {
                return Err(Error::Parameter(
                    "hashed n-grams are not counted one by one: leave out min_df, max_df and max_features, or hash_bits"
                        .into(),
                ));
            }
        }
        if !(self.scale.is_finite() && self.scale > 0.0) {
            return Err(Error::Parameter(format!("scale {}: give a number above 0", self.scale)));
        }
        Ok(())
    }

    /// Brings weights that were scaled before, and of which some were left out, to their norm again.
    pub(super) fn scale_row_again(&self, values: &mut [f32]) {
        if self.norm == Norm::L2 {
            self.scale_row(values);
        }
    }

    /// Brings the weights of one text to their norm and scale.
    pub(super) fn scale_row(&self, values: &mut [f32]) {
        let factor = match self.norm {
            Norm::None => f64::from(self.scale),
            Norm::L2 => {
                let squares: f64 = values.iter().map(|&value| f64::from(value) * f64::from(value)).sum();
                if squares == 0.0 {
                    return;
                }
                f64::from(self.scale) / squares.sqrt()
            }
        };
        for value in values {
            *value = (f64::from(*value) * factor) as f32;
        }
    }
}

/// A number of texts: absolute, or as a fraction of all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Frequency {
    /// So many texts.
    Count(u32),
    /// This fraction of the texts, from 0 to 1.
    Fraction(f64),
}

impl Frequency {
    fn one() -> Self {
        Frequency::Count(1)
    }

    fn all() -> Self {
        Frequency::Fraction(1.0)
    }

    /// In texts, of `total`; not rounded, as in scikit-learn.
    pub(super) fn of(self, total: usize) -> f64 {
        match self {
            Frequency::Count(count) => f64::from(count),
            Frequency::Fraction(fraction) => fraction * total as f64,
        }
    }

    fn check(self, name: &str) -> Result<()> {
        match self {
            Frequency::Fraction(fraction) if !(0.0..=1.0).contains(&fraction) => Err(Error::Parameter(
                format!("{name} {fraction}: give a whole number of texts, or a fraction from 0.0 to 1.0"),
            )),
            _ => Ok(()),
        }
    }
}

/// The weight of an n-gram that occurs `tf` times in a text; idf is `ln((1 + texts) / (1 + df)) + 1`, as scikit-learn has it
/// with `smooth_idf`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// 1
    Binary,
    /// `tf`
    Tf,
    /// `1 + ln(tf)`
    LogTf,
    /// `idf`
    BinaryIdf,
    /// `tf · idf`
    TfIdf,
    /// `(1 + ln(tf)) · idf`
    #[default]
    LogTfIdf,
}

impl Weight {
    /// Whether document frequencies enter.
    pub fn uses_idf(self) -> bool {
        matches!(self, Weight::BinaryIdf | Weight::TfIdf | Weight::LogTfIdf)
    }

    /// The weight without idf.
    #[inline]
    pub(crate) fn of(self, tf: u32) -> f64 {
        match self {
            Weight::Binary | Weight::BinaryIdf => 1.0,
            Weight::Tf | Weight::TfIdf => f64::from(tf),
            Weight::LogTf | Weight::LogTfIdf if tf == 1 => 1.0,
            Weight::LogTf | Weight::LogTfIdf => 1.0 + libm::log(f64::from(tf)),
        }
    }
}

/// How the weights of one text are scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Norm {
    /// As they are.
    None,
    /// To Euclidean length 1.
    #[default]
    L2,
}
