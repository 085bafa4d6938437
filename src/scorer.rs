//! Text to decision values in one pass, for every classifier that is linear in its rows.
//!
//! Stage by stage, a text becomes a row (sorted columns, their values in norm) and the row meets the weights. What comes out is a
//! sum, so the row need not be built. A [`Scorer`] has a table in which a feature's key, idf and weights stand in one cache
//! line; it adds them up as the n-grams go by, with the squares of their values, and scales the sums of a block at its end.
//! An n-gram that occurs `c` times is at first added `c` times over; what its weight (say `1 + ln c`) differs by is put right at the
//! end, for the few that repeat. The n-grams within a word are added up once and kept ([`pieces`]).
//!
//! Every prediction of a linear pipeline comes from here. The order of the sums depends on the text alone, so a prediction is the same to
//! the bit alone and in a batch. The stages stay as the oracle: their decision values differ by rounding, less than 1e-5 of the
//! sum of what all features give (tests).

mod block;
mod counter;
mod pieces;
mod table;

use std::ops::Range;
use std::sync::Arc;

use crate::classify::LinearModel;
use crate::error::Result;
use crate::features::ngram::{Analyzer, Units, hash_bytes, whole_key};
use crate::features::pooled::Kind;
use crate::features::vectorizer::Vectorizer;
use crate::features::vocabulary::Vocabulary;
use crate::features::window::Window;
use block::{Block, Buffers, within_words};
use pieces::Pieces;
use table::Table;

/// The tables of a vectorizer and the linear classifier on its rows, which every call has to give again.
#[derive(Debug)]
pub(crate) struct Scorer {
    blocks: Vec<Block>,
    pooled: Vec<PooledBlock>,
    /// From the key of a word to its column in blocks of pooled vectors.
    words: Vec<Table>,
    /// Whether anything is made of words.
    cuts_words: bool,
}

/// A folded block of pooled vectors: the mean of the weights of the words in its window.
#[derive(Debug)]
struct PooledBlock {
    window: Option<Window>,
    words: usize,
    first: usize,
}

/// Buffers for one text after another, of one scorer.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    normalized: String,
    spans: Vec<Range<usize>>,
    /// Of each word.
    hashes: Vec<u64>,
    subwords: Units,
    buffers: Buffers,
    /// By block; what characters within words remember.
    pieces: Vec<Pieces>,
    heads: Vec<(u32, u32)>,
    found: Vec<u32>,
    /// The column of each word, for each of the vocabularies.
    columns: Vec<u32>,
}

/// No column: a word without a vector.
const NONE: u32 = u32::MAX;

impl Scorer {
    /// The scorer of a vectorizer and a classifier; nothing where word vectors are pooled at prediction.
    pub(crate) fn new(vectorizer: &Vectorizer, linear: &LinearModel) -> Option<Self> {
        let mut first = 0;
        let mut blocks = Vec::with_capacity(vectorizer.blocks.len());
        for block in &vectorizer.blocks {
            blocks.push(Block::new(block, linear, first));
            first += block.columns.len();
        }
        let (mut pooled, mut known) = (Vec::new(), Vec::<&Arc<Vocabulary>>::new());
        for block in &vectorizer.pooled {
            if let Kind::Dense(_) = block.kind {
                return None;
            }
            let place = known.iter().position(|known| Arc::ptr_eq(known, &block.words));
            let words = place.unwrap_or(known.len());
            if place.is_none() {
                known.push(&block.words);
            }
            pooled.push(PooledBlock { window: block.params.window, words, first });
            first += block.width();
        }
        let table = |words: &&Arc<Vocabulary>| Table::new(words.keys(), &[], 1, |column| [column as u32]);
        let words: Vec<Table> = known.iter().map(table).collect();
        let cuts_words =
            !pooled.is_empty() || blocks.iter().any(|block| block.params.analyzer == Analyzer::Word);
        Some(Scorer { blocks, pooled, words, cuts_words })
    }

    /// Leaves the decision values of `text` in `out`: those that [`LinearModel::decide`] gives of its row, but for rounding.
    ///
    /// # Errors
    /// [`crate::Error::Tokenizer`] when a subword tokenizer refuses the text.
    pub(crate) fn score(
        &self,
        vectorizer: &Vectorizer,
        linear: &LinearModel,
        text: &str,
        scratch: &mut Scratch,
        out: &mut Vec<f64>,
    ) -> Result<()> {
        let Scratch { normalized, spans, hashes, subwords, buffers, pieces, .. } = scratch;
        out.clear();
        out.extend(linear.intercept().iter().map(|&intercept| f64::from(intercept)));
        normalized.clear();
        hashes.clear();
        if self.cuts_words {
            spans.clear();
            vectorizer.folded.cut(text, normalized, spans);
            let bytes = normalized.as_bytes();
            hashes.extend(spans.iter().map(|span| hash_bytes(&bytes[span.clone()])));
        } else {
            vectorizer.normalizer.normalize_into(text, normalized);
        }
        if pieces.len() < self.blocks.len() {
            pieces.resize_with(self.blocks.len(), Pieces::default);
        }
        let folded = vectorizer.normalizer.switches().whitespace;
        for (block, pieces) in self.blocks.iter().zip(pieces) {
            if within_words(&block.params) {
                block.add_words(linear, normalized, folded, pieces, buffers, out);
                continue;
            }
            let mut units = std::mem::take(&mut buffers.units);
            let hashes = match block.params.analyzer {
                Analyzer::Word => &*hashes,
                analyzer => {
                    units.clear();
                    units_of(analyzer, vectorizer, normalized, subwords, &mut units)?;
                    &units
                }
            };
            let places = block.params.window.map_or(0..hashes.len(), |window| window.of(hashes.len()));
            block.add_units(linear, &hashes[places], buffers, out);
            buffers.units = units;
        }
        if !self.pooled.is_empty() {
            self.add_pooled(linear, scratch, out);
        }
        Ok(())
    }

    fn add_pooled(&self, linear: &LinearModel, scratch: &mut Scratch, out: &mut [f64]) {
        let Scratch { hashes, heads, found, columns, .. } = scratch;
        columns.clear();
        for table in &self.words {
            columns.extend(hashes.iter().map(|&hash| {
                found.clear();
                table.find(&[whole_key(&[hash])], heads, found);
                found.first().map_or(NONE, |&slot| table.get(slot).1[0])
            }));
        }
        for block in &self.pooled {
            let columns = &columns[block.words * hashes.len()..][..hashes.len()];
            let places = block.window.map_or(0..columns.len(), |window| window.of(columns.len()));
            let known = || columns[places.clone()].iter().filter(|&&column| column != NONE);
            let share = 1.0 / known().count() as f64;
            for &column in known() {
                let row = linear.weights().get((block.first + column as usize) * out.len()..);
                for (out, &weight) in out.iter_mut().zip(row.unwrap_or_default()) {
                    *out += share * f64::from(weight);
                }
            }
        }
    }
}

/// The hashes of the characters or subwords of a normalised text.
fn units_of(
    analyzer: Analyzer,
    vectorizer: &Vectorizer,
    normalized: &str,
    subwords: &mut Units,
    units: &mut Vec<u64>,
) -> Result<()> {
    if analyzer == Analyzer::Char {
        units.extend(normalized.chars().map(crate::features::ngram::hash_char));
        return Ok(());
    }
    subwords.cut_for_keys(analyzer, &[], vectorizer.subwords.as_ref(), normalized)?;
    units.extend(subwords.all().iter().map(|unit| unit.hash));
    Ok(())
}

#[cfg(test)]
mod tests;
