//! Text to decision values in one pass, for every classifier that is linear in its rows.
//!
//! Stage by stage, a text becomes a row (sorted columns, their values in norm) and the row meets the weights. What comes out is a
//! sum, so the row need not be built. A [`Scorer`] has tables in which one cache line leads from a feature's key to another, where its idf and
//! weights stand; it adds them up as the n-grams go by, with the squares of their values, and scales the sums of a block at its end.
//! An n-gram that occurs `c` times is at first added `c` times over; what its weight (say `1 + ln c`) differs by is put right at the
//! end, for the few that repeat. What lies between two spaces, its words and the n-grams within, is worked out once and kept ([`chunks`]).
//!
//! Every prediction of a linear pipeline comes from here. The order of the sums depends on the text alone, so a prediction is the same to
//! the bit alone and in a batch. The stages stay as the oracle: their decision values differ by rounding, less than 1e-5 of the
//! sum of what all features give (tests).

mod block;
mod chunks;
mod counter;
mod table;

use std::ops::Range;
use std::sync::Arc;

use crate::classify::LinearModel;
use crate::error::Result;
use crate::features::hash::{hash_char, hash_part};
use crate::features::ngram::{Analyzer, Units, whole_key};
use crate::features::pooled::Kind;
use crate::features::vectorizer::Vectorizer;
use crate::features::vocabulary::Vocabulary;
use crate::features::window::Window;
use block::{Block, Buffers, State};
use chunks::{Chunks, Piece, next_piece};
use table::Index;

/// The tables of a vectorizer and the linear classifier on its rows, which every call has to give again.
#[derive(Debug)]
pub(crate) struct Scorer {
    blocks: Vec<Block>,
    pooled: Vec<PooledBlock>,
    /// From the key of a word to its column in blocks of pooled vectors.
    words: Vec<Index>,
    /// Whether anything is made of words.
    cuts_words: bool,
    /// Whether what is kept of chunks between spaces pays: there are n-grams of characters, and none that go across a space. Words alone
    /// are cut sooner than a chunk is found.
    in_chunks: bool,
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
    /// By block.
    states: Vec<State>,
    chunks: Chunks,
    /// What a chunk comes to, as it is kept.
    numbers: Vec<u32>,
    words: Vec<u64>,
    own: Vec<f64>,
    /// By block of pooled vectors, for those of the whole text: the number of words that have a vector, and the sums of their weights.
    pooled: Vec<f64>,
    /// The columns of each word, one for each of the vocabularies.
    columns: Vec<u32>,
    pieces: Vec<Piece>,
}

/// No column: a word without a vector.
const NONE: u32 = u32::MAX;

/// Longer chunks, in bytes, are no words: the sums of their n-grams, which are kept in single precision, could be too large.
const LONGEST: usize = 256;

/// Texts of more bytes than this are rare: the memory that one took is given back.
const LONG: usize = 1 << 16;

/// In place of a number of words: a chunk of which neighbours matter, or that is too long, so that the text has to be taken as a whole.
const PLAIN: u32 = u32::MAX;

/// Chunks that are looked up together: a short text, of which all stays in the nearest cache.
const TOGETHER: usize = 64;

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
        let index = |words: &&Arc<Vocabulary>| Index::new(words.keys(), 0..words.len() as u32);
        let words: Vec<Index> = known.iter().map(index).collect();
        let of =
            |analyzers: &[Analyzer]| blocks.iter().any(|block| analyzers.contains(&block.params.analyzer));
        let cuts_words = !pooled.is_empty() || of(&[Analyzer::Word]);
        let in_chunks = of(&[Analyzer::CharWb]) && !of(&[Analyzer::Char, Analyzer::Subword]);
        Some(Scorer { blocks, pooled, words, cuts_words, in_chunks })
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
        out.clear();
        out.extend(linear.intercept().iter().map(|&intercept| f64::from(intercept)));
        scratch.states.resize_with(self.blocks.len(), State::default);
        if !self.in_chunks || !self.add_chunks(vectorizer, linear, text, scratch) {
            self.add_whole(vectorizer, linear, text, scratch)?;
        }
        for (block, state) in self.blocks.iter().zip(&mut scratch.states) {
            block.end(linear, state, out);
        }
        self.add_pooled(linear, scratch, out);
        if text.len() > LONG {
            *scratch = Scratch { chunks: std::mem::take(&mut scratch.chunks), ..Scratch::default() };
        }
        Ok(())
    }

    /// The blocks of vectors that are pooled over the whole text.
    fn whole(&self) -> impl Iterator<Item = &PooledBlock> {
        self.pooled.iter().filter(|block| block.window.is_none())
    }

    /// Begins a text in every block.
    fn begin(&self, bytes: usize, linear: &LinearModel, scratch: &mut Scratch) {
        scratch.hashes.clear();
        scratch.columns.clear();
        scratch.pooled.clear();
        scratch.pooled.resize(self.whole().count() * (linear.outputs() + 1), 0.0);
        for (block, state) in self.blocks.iter().zip(&mut scratch.states) {
            block.begin(bytes, linear.outputs(), state);
        }
    }

    /// Adds up what the blocks get, chunk by chunk between spaces. False, with nothing done, where neighbours matter.
    fn add_chunks(
        &self,
        vectorizer: &Vectorizer,
        linear: &LinearModel,
        text: &str,
        scratch: &mut Scratch,
    ) -> bool {
        self.begin(text.len(), linear, scratch);
        let mut pieces = std::mem::take(&mut scratch.pieces);
        let mut done = true;
        let mut at = 0;
        while done {
            pieces.clear();
            while pieces.len() < TOGETHER
                && let Some(piece) = next_piece(text.as_bytes(), at)
            {
                at = piece.end;
                pieces.push(piece);
            }
            if pieces.is_empty() {
                break;
            }
            scratch.chunks.find(&mut pieces);
            done = pieces.iter().all(|piece| self.add_piece(vectorizer, linear, text, piece, scratch));
        }
        scratch.pieces = pieces;
        if !done {
            return false;
        }
        let Scratch { states, hashes, buffers, .. } = scratch;
        for (block, state) in self.blocks.iter().zip(states) {
            if let (Analyzer::Word, Some(range)) = (block.params.analyzer, block.across_chunks()) {
                let places = block.params.window.map_or(0..hashes.len(), |window| window.of(hashes.len()));
                block.add(linear, &hashes[places], range, buffers, state);
            }
        }
        true
    }

    /// Adds what a chunk comes to. False where neighbours matter.
    #[inline]
    fn add_piece(
        &self,
        vectorizer: &Vectorizer,
        linear: &LinearModel,
        text: &str,
        piece: &Piece,
        scratch: &mut Scratch,
    ) -> bool {
        let Scratch { chunks, states, hashes, columns, pooled, .. } = scratch;
        if let Some(numbers) = chunks.get(piece) {
            return self.take(numbers, hashes, columns, states, pooled);
        }
        // Cut at ASCII, so at borders of characters.
        self.learn(vectorizer, linear, text.get(piece.start..piece.end).unwrap_or_default(), scratch);
        let Scratch { chunks, states, hashes, columns, pooled, numbers, .. } = scratch;
        chunks.put(piece, numbers);
        self.take(numbers, hashes, columns, states, pooled)
    }

    /// Leaves what a chunk comes to in `scratch.numbers`: the number of its words, for each its hash (two numbers) and its column in each
    /// of the vocabularies, then what it adds to the sums of vectors of the whole text, then for each block what it adds to the sums, the
    /// number of its features, and those.
    fn learn(&self, vectorizer: &Vectorizer, linear: &LinearModel, chunk: &str, scratch: &mut Scratch) {
        let Scratch { normalized, spans, buffers, numbers, words, own, .. } = scratch;
        numbers.clear();
        if chunk.len() > LONGEST || vectorizer.folded.neighbours_matter(chunk) {
            return numbers.push(PLAIN);
        }
        normalized.clear();
        spans.clear();
        if self.cuts_words {
            vectorizer.folded.cut(chunk, normalized, spans);
        } else {
            vectorizer.normalizer.normalize_into(chunk, normalized);
        }
        words.clear();
        words.extend(spans.iter().map(|span| hash_part(normalized.as_bytes(), span.clone())));
        numbers.push(words.len() as u32);
        for &word in &*words {
            numbers.extend([word as u32, (word >> 32) as u32]);
            numbers.extend(self.columns_of(word));
        }
        for block in self.whole() {
            own.clear();
            own.resize(linear.outputs() + 1, 0.0);
            words
                .iter()
                .filter_map(|&word| self.column(block, word))
                .for_each(|column| block.add(linear, column, own));
            numbers.extend(own.iter().map(|&sum| (sum as f32).to_bits()));
        }
        for block in self.blocks.iter().filter(|block| block.within) {
            own.clear();
            own.resize(linear.outputs() + 1, 0.0);
            buffers.found.clear();
            block.add_chunk(linear, normalized, words, buffers, own);
            numbers.extend(own.iter().map(|&sum| (sum as f32).to_bits()));
            numbers.push(buffers.found.len() as u32);
            numbers.extend_from_slice(&buffers.found);
        }
    }

    /// Adds what [`Scorer::learn`] learned of a chunk. False, with nothing added, where that is [`PLAIN`].
    #[inline]
    fn take(
        &self,
        numbers: &[u32],
        hashes: &mut Vec<u64>,
        columns: &mut Vec<u32>,
        states: &mut [State],
        pooled: &mut [f64],
    ) -> bool {
        let Some((&words, mut rest)) = numbers.split_first() else { return false };
        if words == PLAIN {
            return false;
        }
        let each = 2 + self.words.len();
        for _ in 0..words {
            let (word, behind) = rest.split_at(each);
            hashes.push(u64::from(word[0]) | u64::from(word[1]) << 32);
            for &column in &word[2..] {
                columns.push(column);
            }
            rest = behind;
        }
        let (own, mut rest) = rest.split_at(pooled.len());
        add_kept(pooled, own);
        for (_, state) in self.blocks.iter().zip(states).filter(|(block, _)| block.within) {
            let (own, behind) = rest.split_at(state.sums.len());
            add_kept(&mut state.sums, own);
            let Some((&count, behind)) = behind.split_first() else { return false };
            let (found, behind) = behind.split_at(count as usize);
            state.found.extend_from_slice(found);
            state.count_many();
            rest = behind;
        }
        true
    }

    /// Adds up what the blocks get of a text that is normalised as a whole.
    fn add_whole(
        &self,
        vectorizer: &Vectorizer,
        linear: &LinearModel,
        text: &str,
        scratch: &mut Scratch,
    ) -> Result<()> {
        scratch.normalized.clear();
        scratch.spans.clear();
        if self.cuts_words {
            vectorizer.folded.cut(text, &mut scratch.normalized, &mut scratch.spans);
        } else {
            vectorizer.normalizer.normalize_into(text, &mut scratch.normalized);
        }
        self.begin(scratch.normalized.len(), linear, scratch);
        let Scratch { normalized, spans, hashes, columns, subwords, buffers, states, own, pooled, .. } =
            scratch;
        hashes.extend(spans.iter().map(|span| hash_part(normalized.as_bytes(), span.clone())));
        columns.extend(hashes.iter().flat_map(|&hash| self.columns_of(hash)));
        for (block, sums) in self.whole().zip(pooled.chunks_exact_mut(linear.outputs() + 1)) {
            block.columns_in(columns, self.words.len()).for_each(|column| block.add(linear, column, sums));
        }
        for (block, state) in self.blocks.iter().zip(states) {
            let range = block.params.ngrams;
            match block.params.analyzer {
                Analyzer::Word => {
                    let places =
                        block.params.window.map_or(0..hashes.len(), |window| window.of(hashes.len()));
                    block.add(linear, &hashes[places], range, buffers, state);
                }
                Analyzer::CharWb => {
                    for word in normalized.split_whitespace() {
                        own.clear();
                        own.resize(linear.outputs() + 1, 0.0);
                        buffers.found.clear();
                        block.add_chunk(linear, word, &[], buffers, own);
                        state.sums.iter_mut().zip(&*own).for_each(|(sum, own)| *sum += own);
                        state.found.extend_from_slice(&buffers.found);
                        state.count_many();
                    }
                }
                analyzer => {
                    let mut units = std::mem::take(&mut buffers.units);
                    units.clear();
                    let cut = units_of(analyzer, vectorizer, normalized, subwords, &mut units);
                    let places = block.params.window.map_or(0..units.len(), |window| window.of(units.len()));
                    block.add(linear, &units[places], range, buffers, state);
                    buffers.units = units;
                    cut?;
                }
            }
        }
        Ok(())
    }

    /// The column of a word in each of the vocabularies.
    fn columns_of(&self, hash: u64) -> impl Iterator<Item = u32> {
        let key = whole_key([hash]);
        self.words.iter().map(move |index| index.get(key).unwrap_or(NONE))
    }

    /// The column of a word in a block of pooled vectors.
    fn column(&self, block: &PooledBlock, hash: u64) -> Option<u32> {
        self.words.get(block.words)?.get(whole_key([hash]))
    }

    /// Adds the means of all blocks of pooled vectors.
    fn add_pooled(&self, linear: &LinearModel, scratch: &mut Scratch, out: &mut [f64]) {
        let Scratch { hashes, columns, own, pooled, .. } = scratch;
        let each = self.words.len();
        let within = |window: Window| {
            let places = window.of(hashes.len());
            &columns[places.start * each..places.end * each]
        };
        // The rows of all windows are asked for before the first is added, so that their reads overlap.
        let windows = self.pooled.iter().filter_map(|block| Some((block, block.window?)));
        let near = windows
            .flat_map(|(block, window)| {
                block.columns_in(within(window), each).map(move |column| (block, column))
            })
            .fold(0, |sum, (block, column)| {
                sum ^ block.row(linear, column).first().map_or(0, |w| w.to_bits())
            });
        std::hint::black_box(near);
        let mut whole = pooled.chunks_exact(out.len() + 1);
        for block in &self.pooled {
            let sums = match block.window {
                None => whole.next().unwrap_or_default(),
                Some(window) => {
                    own.clear();
                    own.resize(out.len() + 1, 0.0);
                    let columns = block.columns_in(within(window), each);
                    columns.for_each(|column| block.add(linear, column, own));
                    &*own
                }
            };
            if let Some((&known, sums)) = sums.split_first()
                && known > 0.0
            {
                out.iter_mut().zip(sums).for_each(|(out, sum)| *out += sum / known);
            }
        }
    }
}

impl PooledBlock {
    /// The columns of this block that are known of some words; `each` word has so many.
    fn columns_in<'a>(&self, columns: &'a [u32], each: usize) -> impl Iterator<Item = u32> + use<'a> {
        columns.iter().skip(self.words).step_by(each).copied().filter(|&column| column != NONE)
    }

    /// The weights of a column.
    #[inline(always)]
    fn row<'a>(&self, linear: &'a LinearModel, column: u32) -> &'a [f32] {
        let outputs = linear.outputs();
        let start = (self.first + column as usize) * outputs;
        linear.weights().get(start..start + outputs).unwrap_or_default()
    }

    /// Adds one to the number of words, and the weights of a word to the sums.
    #[inline]
    fn add(&self, linear: &LinearModel, column: u32, sums: &mut [f64]) {
        let Some((known, sums)) = sums.split_first_mut() else { return };
        *known += 1.0;
        sums.iter_mut().zip(self.row(linear, column)).for_each(|(sum, &weight)| *sum += f64::from(weight));
    }
}

/// Adds sums that were kept in single precision.
#[inline(always)]
fn add_kept(sums: &mut [f64], kept: &[u32]) {
    sums.iter_mut().zip(kept).for_each(|(sum, &kept)| *sum += f64::from(f32::from_bits(kept)));
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
        units.extend(normalized.chars().map(hash_char));
        return Ok(());
    }
    subwords.cut_for_keys(analyzer, &[], vectorizer.subwords.as_ref(), normalized)?;
    units.extend(subwords.all().iter().map(|unit| unit.hash));
    Ok(())
}

#[cfg(test)]
mod tests;
