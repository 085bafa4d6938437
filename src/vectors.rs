//! Word vectors learned from raw text: words that stand among the same words get similar vectors.
//!
//! A classifier that has seen قصفت in training but never أغارت can still label the second, when both have vectors and
//! the vectors come from a corpus far larger than the labelled data.
//!
//! ```
//! use tasnif::vectors::{TrainParams, WordVectors};
//!
//! let file = tempfile::NamedTempFile::new()?;
//! let text = "قصفت الطائرات مواقع شرق المدينة\nأغارت الطائرات على مواقع شرق المدينة\n".repeat(50);
//! std::fs::write(file.path(), text)?;
//! let params = TrainParams { dim: 8, min_count: 1, ..TrainParams::default() };
//! let vectors = WordVectors::train(&[file.path()], &params, |_| {})?;
//! assert_eq!(vectors.dim(), 8);
//! let row = vectors.get("اغارت").expect("words are normalised: أغارت is اغارت");
//! assert_eq!(vectors.neighbours(row, 1)[0].0, "اغارت");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod alias;
mod binary;
mod cooccurrence;
mod dense;
mod factorize;
mod kernel;
mod neighbours;
mod params;
mod skipgram;
mod table;
mod text;
mod tokens;

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::text::normalize::Normalizer;
use crate::text::tokenize::WordTokenizer;

pub use params::{Method, PpmiParams, Progress, SkipGramParams, Stage, TrainParams, Training};

/// Words, how often each occurs, and a vector for each.
///
/// Words come the most frequent first, as their corpus had them after normalisation: look up words that went through
/// [`WordVectors::normalizer`] and [`WordVectors::tokenizer`].
#[derive(Debug, Clone, PartialEq)]
pub struct WordVectors {
    words: Vec<String>,
    counts: Vec<u64>,
    total: u64,
    dim: usize,
    /// One row of `dim` numbers a word.
    rows: Vec<f32>,
    /// The size of a step in each row, where the rows were shortened to bytes.
    scales: Option<Vec<f32>>,
    places: HashMap<String, u32>,
    training: Training,
}

impl WordVectors {
    /// Puts vectors together from their parts: `rows` holds `dim` numbers for each word.
    ///
    /// `total` counts all words of the corpus, those without a vector too.
    ///
    /// # Errors
    /// [`Error::Parameter`] when the sizes differ, a word occurs twice or is empty or has white space in it, a number is
    /// not finite, or counts do not descend.
    pub fn new(
        words: Vec<String>,
        counts: Vec<u64>,
        total: u64,
        dim: usize,
        rows: Vec<f32>,
        training: Training,
    ) -> Result<Self> {
        let fail = |message: String| Err(Error::Parameter(message));
        if dim == 0 || words.is_empty() {
            return fail(format!("{} words with vectors of {dim} numbers: nothing to look up", words.len()));
        }
        if counts.len() != words.len()
            || words.len().checked_mul(dim) != Some(rows.len())
            || words.len() > 1 << 31
        {
            return fail(format!(
                "{} words, {} counts and {} numbers do not make vectors of {dim}",
                words.len(),
                counts.len(),
                rows.len()
            ));
        }
        if !counts.is_sorted_by(|a, b| a >= b) {
            return fail("the words are not sorted by count".into());
        }
        if counts.iter().try_fold(0u64, |sum, &count| sum.checked_add(count)).is_none_or(|sum| sum > total) {
            return fail(format!("the counts of the words add up to more than {total}"));
        }
        let mut places = HashMap::with_capacity(words.len());
        for (word, place) in words.iter().zip(0..) {
            if word.is_empty() || word.contains(char::is_whitespace) {
                return fail(format!("'{word}' is not a word"));
            }
            if places.insert(word.clone(), place).is_some() {
                return fail(format!("the word '{word}' has two vectors"));
            }
        }
        if let Some(at) = rows.iter().position(|value| !value.is_finite()) {
            return fail(format!("the vector of '{}' holds {}", words[at / dim], rows[at]));
        }
        Ok(WordVectors { words, counts, total, dim, rows, scales: None, places, training })
    }

    /// How many words have a vector.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether no word has one, which [`WordVectors::new`] rules out.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How many numbers a vector has.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The vector of a word.
    pub fn get(&self, word: &str) -> Option<&[f32]> {
        self.index(word).map(|index| self.row(index))
    }

    /// The place of a word: 0 for the most frequent.
    pub fn index(&self, word: &str) -> Option<usize> {
        self.places.get(word).map(|&place| place as usize)
    }

    /// The word at a place.
    ///
    /// # Panics
    /// When there is no such place.
    pub fn word(&self, index: usize) -> &str {
        &self.words[index]
    }

    /// The vector at a place.
    ///
    /// # Panics
    /// When there is no such place.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.rows[index * self.dim..(index + 1) * self.dim]
    }

    /// How often the word at a place occurs in the corpus; 0 when the file that it came from does not say.
    ///
    /// # Panics
    /// When there is no such place.
    pub fn count(&self, index: usize) -> u64 {
        self.counts[index]
    }

    /// The share of the word at a place among all words of the corpus. Where counts are not known (`.vec` files), the one
    /// that Zipf's law gives its place.
    ///
    /// # Panics
    /// When there is no such place.
    pub fn probability(&self, index: usize) -> f64 {
        if self.total > 0 {
            self.counts[index] as f64 / self.total as f64
        } else {
            // Σ 1/i over n places is ln n + 0.577…
            1.0 / ((index + 1) as f64 * (libm::log(self.len() as f64) + 0.577_215_664_9))
        }
    }

    /// How many words the corpus has, those without a vector too; 0 when not known.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// What they were learned from, and how.
    pub fn training(&self) -> &Training {
        &self.training
    }

    /// The folds that words went through.
    pub fn normalizer(&self) -> Normalizer {
        Normalizer::new(self.training.params.normalize)
    }

    /// What cut the corpus into words.
    pub fn tokenizer(&self) -> WordTokenizer {
        WordTokenizer::new(self.training.params.words)
    }

    /// The `max_words` most frequent words alone.
    pub fn truncate(&mut self, max_words: usize) {
        for word in self.words.iter().skip(max_words.max(1)) {
            self.places.remove(word);
        }
        self.words.truncate(max_words.max(1));
        self.counts.truncate(self.words.len());
        self.rows.truncate(self.words.len() * self.dim);
        if let Some(scales) = &mut self.scales {
            scales.truncate(self.words.len());
        }
    }
}

#[cfg(test)]
mod tests;
