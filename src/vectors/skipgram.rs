//! Skip-gram with negative sampling, the same to the bit on any number of threads.
//!
//! Mikolov et al., "Distributed representations of words and phrases and their compositionality", NIPS 2013: the vector of a
//! word is fitted to tell the words around it from random words.
//!
//! The usual programs let threads write over each other ("Hogwild"), so that no two runs agree. Here the text goes by in
//! batches of [`BATCH`] words. All gradients of a batch are taken at the vectors as they stood before it, in chunks of fixed
//! size; then each part of the table adds up what is its own, in the order of the text. All words of a window share
//! their random words (Ji et al., "Parallelizing word2vec in shared and distributed memory", 2016), which turns most of the
//! work into products of rows that are in the cache.
//!
//! Vectors of character n-grams (Bojanowski et al. 2017) are left out: n-grams are few and frequent, so that the gradients of
//! a batch overshoot, and rows for them are most of a model file. Words never seen have no vector.

use rayon::prelude::*;

use super::alias::Alias;
use super::kernel::{add, add_rows, dot, padded};
use super::params::{Progress, SkipGramParams, Stage, TrainParams};
use super::table::{PARTS, Table, part_of};
use super::tokens::{Lines, Tokens};
use crate::error::{Error, Result};
use crate::random::SplitMix64;

/// Words whose gradients are taken together, at most: a larger batch costs less to share out between threads, but uses older
/// vectors.
const BATCH: usize = 2048;
/// How many gradients of one word a batch may hold, times the learning rate: they are all taken at the same place, and the sum
/// of too many overshoots. On text of two dozen words, 8 still converges and 10 does not.
const STEP: f64 = 5.0;
/// Words that one task takes.
const CHUNK: usize = 128;
/// Batches between two reports of progress.
const REPORT: u64 = 16;

/// Learns one row of `params.dim` numbers for each word of `tokens`, in their order.
///
/// # Errors
/// [`Error::Io`] when the temporary file of the corpus cannot be read; [`Error::Dataset`] when the rate was too high for the text.
pub(super) fn train(
    tokens: &Tokens,
    params: &TrainParams,
    options: &SkipGramParams,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<f32>> {
    let words = tokens.words.len();
    let mut random = SplitMix64::stream(params.seed, 0);
    let keep = keep_chances(tokens, options.subsample);
    let noise: Vec<f64> = tokens.counts.iter().map(|&count| noise(count)).collect();
    let mut model = Model {
        inputs: Table::random(words, params.dim, padded(params.dim), &mut random),
        outputs: Table::zeros(words, padded(params.dim)),
        noise: Alias::new(&noise),
        sigmoid: Sigmoid::new(),
        window: params.window,
        negatives: options.negatives,
    };
    let mut chunks: Vec<Chunk> = (0..BATCH.div_ceil(CHUNK)).map(|_| Chunk::default()).collect();
    let (per_epoch, mut seen, mut batches) = (tokens.kept(), 0u64, 0u64);
    let size = batch_size(tokens, &keep, params.window, options);
    let total = per_epoch * options.epochs as u64;
    for _ in 0..options.epochs {
        let mut text = Text { lines: tokens.lines()?, line: Vec::new(), at: 0 };
        loop {
            let batch = text.next_batch(size, &keep, &mut random)?;
            if batch.read == 0 {
                break;
            }
            let rate = options.rate * (1.0 - seen as f32 / total as f32).max(1e-4);
            let used = batch.words.len().div_ceil(CHUNK);
            chunks[..used].par_iter_mut().enumerate().for_each(|(index, chunk)| {
                let stream = batches * chunks_of_a_batch() + index as u64;
                chunk.gradients(
                    &model,
                    &batch,
                    index * CHUNK,
                    rate,
                    SplitMix64::stream(params.seed ^ 1, stream),
                );
            });
            model.apply(&chunks[..used]);
            seen += batch.read;
            batches += 1;
            if batches % REPORT == 0 {
                progress(Progress { stage: Stage::Learning, done: seen, total });
            }
        }
    }
    progress(Progress { stage: Stage::Learning, done: total, total });
    let mut rows = vec![0f32; words * params.dim];
    rows.par_chunks_mut(params.dim).enumerate().for_each(|(word, row)| {
        row.copy_from_slice(&model.inputs.row(word as u32)[..params.dim]);
    });
    bounded(rows)
}

/// The rows, unless a step was so long that they left the numbers.
fn bounded(rows: Vec<f32>) -> Result<Vec<f32>> {
    if rows.iter().all(|value| value.is_finite()) {
        return Ok(rows);
    }
    Err(Error::Dataset(
        "the vectors have grown out of bounds: give a lower rate, or text with more different words".into(),
    ))
}

const fn chunks_of_a_batch() -> u64 {
    BATCH.div_ceil(CHUNK) as u64
}

/// For each word, the chance that an occurrence is used: √(t/p) + t/p for a word of share p, at most 1.
fn keep_chances(tokens: &Tokens, subsample: f64) -> Vec<f32> {
    let total = tokens.kept() as f64;
    let chance = |&count: &u64| {
        let ratio = subsample * total / count as f64;
        if subsample > 0.0 { (ratio.sqrt() + ratio).min(1.0) as f32 } else { 1.0 }
    };
    tokens.counts.iter().map(chance).collect()
}

/// How often a word is drawn against others: its count to the power of 0.75, as in the paper.
fn noise(count: u64) -> f64 {
    libm::pow(count as f64, 0.75)
}

/// How many words are taken together: fewer where one word makes up much of the text, as in small vocabularies.
fn batch_size(tokens: &Tokens, keep: &[f32], window: usize, options: &SkipGramParams) -> usize {
    let used = |(&count, &keep): (&u64, &f32)| count as f64 * f64::from(keep);
    let all: f64 = tokens.counts.iter().zip(keep).map(used).sum();
    let most = tokens.counts.iter().zip(keep).map(used).fold(0.0, f64::max);
    let gradients_of_a_word = ((window + 1) * (options.negatives + 1)) as f64;
    let size = STEP / (f64::from(options.rate) * gradients_of_a_word * most / all);
    (size as usize).clamp(1, BATCH)
}

/// What is learned.
struct Model {
    /// A row a word: what is kept.
    inputs: Table,
    /// A row a word: what the others are told from.
    outputs: Table,
    noise: Alias,
    sigmoid: Sigmoid,
    window: usize,
    negatives: usize,
}

impl Model {
    /// Adds the gradients of a batch, in the order of the text.
    fn apply(&mut self, chunks: &[Chunk]) {
        let dim = self.inputs.dim();
        let inputs = self.inputs.parts_mut().map(|part| (part, true));
        let outputs = self.outputs.parts_mut().map(|part| (part, false));
        let parts: Vec<_> = inputs.chain(outputs).collect();
        parts.into_par_iter().for_each(|((index, mut part), is_input)| {
            for chunk in chunks {
                let (moves, gradients) = match is_input {
                    true => (&chunk.input_moves[index], &chunk.input_gradients),
                    false => (&chunk.output_moves[index], &chunk.output_gradients),
                };
                for &(row, gradient) in moves {
                    let at = gradient as usize * dim;
                    add(part.row_mut(row), &gradients[at..at + dim]);
                }
            }
        });
    }
}

/// A stretch of text.
struct Batch {
    /// The words that were not skipped.
    words: Vec<u32>,
    /// For each, where its line starts and ends in `words`.
    lines: Vec<(u32, u32)>,
    /// How many words were read, the skipped ones too.
    read: u64,
}

/// The text, batch by batch.
struct Text<'a> {
    lines: Lines<'a>,
    /// The line that is being read, and how far.
    line: Vec<u32>,
    at: usize,
}

impl Text<'_> {
    fn next_batch(&mut self, size: usize, keep: &[f32], random: &mut SplitMix64) -> Result<Batch> {
        let mut batch = Batch { words: Vec::with_capacity(size), lines: Vec::with_capacity(size), read: 0 };
        while batch.words.len() < size {
            if self.at == self.line.len() {
                self.line.clear();
                self.at = 0;
                if !self.lines.next_line(&mut self.line)? {
                    break;
                }
            }
            let start = batch.words.len();
            while self.at < self.line.len() && batch.words.len() < size {
                let word = self.line[self.at];
                self.at += 1;
                batch.read += 1;
                let chance = keep[word as usize];
                if chance >= 1.0 || (random.uniform() as f32) < chance {
                    batch.words.push(word);
                }
            }
            let line = (start as u32, batch.words.len() as u32);
            batch.lines.resize(batch.words.len(), line);
        }
        Ok(batch)
    }
}

/// The gradients of some words of a batch, and the room to take them in.
#[derive(Default)]
struct Chunk {
    /// Rows of the words of the chunk and of a window to each side.
    inputs: Vec<f32>,
    /// By how much each of these moves.
    input_gradients: Vec<f32>,
    /// The word at hand, then its random words.
    drawn: Vec<u32>,
    /// Their rows.
    outputs: Vec<f32>,
    /// For each neighbour, how far its row moves along each of these rows, and they along it.
    by_neighbour: Vec<f32>,
    /// The same numbers, row by row.
    by_output: Vec<f32>,
    /// By how much the word itself and its random words move, for each word of the chunk.
    output_gradients: Vec<f32>,
    /// For each part of the inputs, which row moves by which gradient.
    input_moves: [Vec<(u32, u32)>; PARTS],
    /// The same for the outputs.
    output_moves: [Vec<(u32, u32)>; PARTS],
}

impl Chunk {
    /// Takes the gradients of the words from `start` on.
    fn gradients(&mut self, model: &Model, batch: &Batch, start: usize, rate: f32, mut random: SplitMix64) {
        let (dim, sigmoid) = (model.inputs.dim(), &model.sigmoid);
        let end = (start + CHUNK).min(batch.words.len());
        let (first, last) = (start.saturating_sub(model.window), (end + model.window).min(batch.words.len()));
        self.inputs.resize((last - first) * dim, 0.0);
        for (row, &word) in self.inputs.chunks_exact_mut(dim).zip(&batch.words[first..last]) {
            row.copy_from_slice(model.inputs.row(word));
        }
        refill(&mut self.input_gradients, (last - first) * dim);
        refill(&mut self.output_gradients, (end - start) * (model.negatives + 1) * dim);
        self.input_moves.iter_mut().chain(&mut self.output_moves).for_each(Vec::clear);
        self.outputs.resize((model.negatives + 1) * dim, 0.0);
        for (at, own) in (start..end).zip(self.output_gradients.chunks_exact_mut((model.negatives + 1) * dim))
        {
            let (line_start, line_end) = batch.lines[at];
            let reach = 1 + random.below(model.window);
            let left = at.saturating_sub(reach).max(line_start as usize);
            let right = (at + reach + 1).min(line_end as usize);
            let word = batch.words[at];
            self.drawn.clear();
            self.drawn.push(word);
            self.drawn.extend((0..model.negatives).map(|_| model.noise.draw(&mut random)));
            for (row, &word) in self.outputs.chunks_exact_mut(dim).zip(&self.drawn) {
                row.copy_from_slice(model.outputs.row(word));
            }
            // The word itself stands among its neighbours with factors of zero: one stretch of rows in place of two.
            let span = (left - first) * dim..(right - first) * dim;
            let inputs = &self.inputs[span.clone()];
            let (width, height) = (self.drawn.len(), right - left);
            self.by_neighbour.clear();
            self.by_neighbour.resize(width * height, 0.0);
            self.by_output.resize(width * height, 0.0);
            for (neighbour, input) in inputs.chunks_exact(dim).enumerate() {
                for (place, (output, &drawn)) in self.outputs.chunks_exact(dim).zip(&self.drawn).enumerate() {
                    let factor = match place {
                        _ if left + neighbour == at => 0.0,
                        0 => rate * (1.0 - sigmoid.of(dot(input, output))),
                        // A random word that is the word itself says nothing.
                        _ if drawn == word => 0.0,
                        _ => -rate * sigmoid.of(dot(input, output)),
                    };
                    self.by_neighbour[neighbour * width + place] = factor;
                    self.by_output[place * height + neighbour] = factor;
                }
            }
            let moved = self.input_gradients[span].chunks_exact_mut(dim);
            for (moved, factors) in moved.zip(self.by_neighbour.chunks_exact(width)) {
                add_rows(moved, factors, &self.outputs);
            }
            for (moved, factors) in own.chunks_exact_mut(dim).zip(self.by_output.chunks_exact(height)) {
                add_rows(moved, factors, inputs);
            }
            if right - left > 1 {
                let index = ((at - start) * self.drawn.len()) as u32;
                for (&word, index) in self.drawn.iter().zip(index..) {
                    self.output_moves[part_of(word)].push((word, index));
                }
            }
        }
        for (&word, index) in batch.words[first..last].iter().zip(0u32..) {
            self.input_moves[part_of(word)].push((word, index));
        }
    }
}

/// `len` zeros, in the same memory.
fn refill(values: &mut Vec<f32>, len: usize) {
    values.clear();
    values.resize(len, 0.0);
}

/// The logistic function 1 / (1 + e⁻ˣ), from a table that stays in the cache; flat beyond ±8.
struct Sigmoid(Vec<f32>);

impl Sigmoid {
    const STEPS: usize = 2048;
    const REACH: f32 = 8.0;

    fn new() -> Self {
        let middle = |step| (step as f64 + 0.5) / Self::STEPS as f64 * 2.0 - 1.0;
        let value = |step| (1.0 / (1.0 + libm::exp(-middle(step) * f64::from(Self::REACH)))) as f32;
        Sigmoid((0..Self::STEPS).map(value).collect())
    }

    #[inline]
    fn of(&self, x: f32) -> f32 {
        let step = (x + Self::REACH) * (Self::STEPS as f32 / (2.0 * Self::REACH));
        self.0[(step as i32).clamp(0, Self::STEPS as i32 - 1) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::bounded;

    #[test]
    fn rows_that_left_the_numbers_are_an_error_with_its_cure() {
        assert_eq!(bounded(vec![1.0, -2.0]).unwrap(), [1.0, -2.0]);
        for lost in [f32::NAN, f32::INFINITY] {
            let error = bounded(vec![1.0, lost]).unwrap_err().to_string();
            assert!(error.contains("lower rate"), "{error}");
        }
    }
}
