//! How much more often two words stand near each other than chance would have it: a sparse symmetric matrix.
//!
//! The entry of words i and j is the positive part of log(C·T / (s(i)·s(j))): C counts how often they stand within a
//! window of each other, nearer pairs counting more, and s is how often each occurs, raised to a power below 1 so that
//! rare contexts do not look more telling than they are (Levy, Goldberg & Dagan, "Improving distributional similarity with
//! lessons learned from word embeddings", TACL 3, 2015). That paper smooths the context alone; smoothing both words by half
//! as much keeps the matrix symmetric, which halves the work of factorizing it.
//!
//! Counting takes no more memory than the result: the rows are cut in ranges, and each range reads the text once more.
//! Counts are whole numbers, so their sums are exact.

use std::ops::Range;

use rayon::prelude::*;

use super::params::{PpmiParams, Progress, Stage, TrainParams};
use super::tokens::Tokens;
use crate::error::Result;

/// Neighbours (or dense counts) that a range holds in memory at once: 64 MB.
const ROOM: u64 = 1 << 24;
/// Bits of a neighbour that hold its weight; the rest hold its place.
const WEIGHT_BITS: u32 = 6;

/// The rows of a sparse matrix, in blocks that follow one another.
pub(super) struct Matrix {
    pub(super) blocks: Vec<Block>,
}

/// Some rows.
pub(super) struct Block {
    /// Where each row ends in `columns` and `values`.
    pub(super) ends: Vec<usize>,
    pub(super) columns: Vec<u32>,
    pub(super) values: Vec<f32>,
}

impl Matrix {
    /// Counts the neighbours of every word and weighs them.
    ///
    /// # Errors
    /// [`crate::Error::Io`] when the temporary file of the corpus cannot be read.
    pub(super) fn of_neighbours(
        tokens: &Tokens,
        params: &TrainParams,
        options: &PpmiParams,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self> {
        let weigh = Weigh::new(tokens, params.window, options);
        let ranges = ranges(&tokens.counts, params.window);
        let mut blocks = Vec::with_capacity(ranges.len());
        // A range a thread at a time: what is held in memory then depends on the threads, not on the corpus.
        let together = rayon::current_num_threads();
        for some in ranges.chunks(together) {
            let done: Vec<Result<Block>> = some
                .par_iter()
                .map(|range| match range {
                    Rows::Dense(rows) => dense(tokens, params.window, rows.clone(), &weigh),
                    Rows::Sparse(rows) => sparse(tokens, params.window, rows.clone(), &weigh),
                })
                .collect();
            for block in done {
                blocks.push(block?);
            }
            let (done, total) = (blocks.len() as u64, ranges.len() as u64);
            progress(Progress { stage: Stage::Counting, done, total });
        }
        Ok(Matrix { blocks })
    }
}

/// Turns a count into an entry.
struct Weigh {
    /// Half of the logarithm of everything that does not depend on the words, and of the shift.
    constant: f64,
    /// For each word, the logarithm of its smoothed frequency.
    frequency: Vec<f64>,
    /// Pairs that count less are chance.
    least: u32,
}

impl Weigh {
    fn new(tokens: &Tokens, window: usize, options: &PpmiParams) -> Self {
        // s(w) = √(n·n^a·Z) with Z = Σn / Σn^a: the geometric mean of the plain frequency and the smoothed one.
        let power = options.smoothing;
        let plain: f64 = tokens.counts.iter().map(|&count| count as f64).sum();
        let smoothed: f64 = tokens.counts.iter().map(|&count| libm::pow(count as f64, power)).sum();
        let half = |count: u64| 0.5 * ((1.0 + power) * libm::log(count as f64) + libm::log(plain / smoothed));
        // A word has window·(window + 1) neighbours by weight, both sides together.
        let pairs = plain * (window * (window + 1)) as f64;
        let constant = 2.0 * libm::log(plain) - libm::log(pairs) - libm::log(options.shift);
        let frequency = tokens.counts.iter().map(|&count| half(count)).collect();
        Weigh { constant, frequency, least: options.min_pair.saturating_mul(window as u32).div_ceil(2) }
    }

    /// Adds an entry when it is positive.
    #[inline]
    fn push(&self, block: &mut Block, row: usize, column: u32, count: u32) {
        if count >= self.least.max(1) {
            let chance = self.frequency[row] + self.frequency[column as usize];
            let value = (libm::log(f64::from(count)) + self.constant - chance) as f32;
            if value > 0.0 {
                block.columns.push(column);
                block.values.push(value);
            }
        }
    }
}

/// Rows that are counted together, and how.
enum Rows {
    /// Frequent words: a counter for every possible neighbour.
    Dense(Range<usize>),
    /// Other words: a list of the neighbours.
    Sparse(Range<usize>),
}

fn ranges(counts: &[u64], window: usize) -> Vec<Rows> {
    let words = counts.len() as u64;
    let neighbours = |word: usize| counts[word] * 2 * window as u64;
    // Counts descend.
    let frequent = (0..counts.len()).take_while(|&word| neighbours(word) > words / 2).count();
    let mut ranges = Vec::new();
    let step = (ROOM / words).max(1) as usize;
    ranges.extend((0..frequent).step_by(step).map(|start| Rows::Dense(start..(start + step).min(frequent))));
    let mut start = frequent;
    while start < counts.len() {
        let (mut end, mut held) = (start, 0);
        while end < counts.len() && (held == 0 || held + neighbours(end) <= ROOM) {
            held += neighbours(end);
            end += 1;
        }
        ranges.push(Rows::Sparse(start..end));
        start = end;
    }
    ranges
}

/// Calls `pair` with every word of `rows`, each neighbour and its weight: `window` next to it, 1 at the edge.
fn each_pair(
    tokens: &Tokens,
    window: usize,
    rows: &Range<usize>,
    mut pair: impl FnMut(usize, u32, u32),
) -> Result<()> {
    let (mut lines, mut line) = (tokens.lines()?, Vec::new());
    while lines.next_line(&mut line)? {
        for (at, &word) in line.iter().enumerate() {
            if rows.contains(&(word as usize)) {
                for (distance, &other) in line[at + 1..].iter().take(window).enumerate() {
                    pair(word as usize, other, (window - distance) as u32);
                }
                for (distance, &other) in line[..at].iter().rev().take(window).enumerate() {
                    pair(word as usize, other, (window - distance) as u32);
                }
            }
        }
        line.clear();
    }
    Ok(())
}

fn dense(tokens: &Tokens, window: usize, rows: Range<usize>, weigh: &Weigh) -> Result<Block> {
    let words = tokens.words.len();
    let mut counts = vec![0u32; rows.len() * words];
    each_pair(tokens, window, &rows, |row, other, weight| {
        let count = &mut counts[(row - rows.start) * words + other as usize];
        *count = count.saturating_add(weight);
    })?;
    let mut block = Block { ends: Vec::new(), columns: Vec::new(), values: Vec::new() };
    for (row, counts) in rows.zip(counts.chunks_exact(words)) {
        counts.iter().zip(0..).for_each(|(&count, column)| weigh.push(&mut block, row, column, count));
        block.ends.push(block.columns.len());
    }
    Ok(block)
}

fn sparse(tokens: &Tokens, window: usize, rows: Range<usize>, weigh: &Weigh) -> Result<Block> {
    let mut starts = vec![0usize];
    for row in rows.clone() {
        starts.push(starts[row - rows.start] + tokens.counts[row] as usize * 2 * window);
    }
    let mut next = starts.clone();
    let mut neighbours = vec![0u32; starts[rows.len()]];
    each_pair(tokens, window, &rows, |row, other, weight| {
        let next = &mut next[row - rows.start];
        neighbours[*next] = other << WEIGHT_BITS | weight;
        *next += 1;
    })?;
    let mut block = Block { ends: Vec::new(), columns: Vec::new(), values: Vec::new() };
    let mut counts = vec![0u32; tokens.words.len()];
    let mut seen = Vec::new();
    for row in rows.clone() {
        for &neighbour in &neighbours[starts[row - rows.start]..next[row - rows.start]] {
            let count = &mut counts[(neighbour >> WEIGHT_BITS) as usize];
            if *count == 0 {
                seen.push(neighbour >> WEIGHT_BITS);
            }
            *count = count.saturating_add(neighbour & ((1 << WEIGHT_BITS) - 1));
        }
        // In the order of the text, which does not depend on threads.
        for column in seen.drain(..) {
            weigh.push(&mut block, row, column, std::mem::take(&mut counts[column as usize]));
        }
        block.ends.push(block.columns.len());
    }
    Ok(block)
}
