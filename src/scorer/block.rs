//! What one block of n-grams adds to the decision values of a text.

use super::counter::Counter;
use super::table::{Index, frequent_first};
use crate::classify::LinearModel;
use crate::features::hash::hash_char;
use crate::features::ngram::{Analyzer, NgramRange, keys, whole_key};
use crate::features::vectorizer::{self, Columns, NgramParams, Norm};

/// Keys that are looked up together: enough for their reads to overlap, few enough to stay in the nearest cache.
const TOGETHER: usize = 256;

/// Counts whose weights are at hand.
const USUAL: u32 = 64;

/// A block of n-grams with its weights.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) params: NgramParams,
    /// Whether n-grams of a chunk between spaces depend on nothing outside it: characters within words, and single words.
    pub(super) within: bool,
    features: Features,
    /// Whether repetitions change anything but the sum of all occurrences.
    counts: bool,
    /// The weight of an n-gram by how often it occurs, for the usual counts.
    weights: Vec<f64>,
}

/// How a key finds its idf and its weights.
#[derive(Debug)]
enum Features {
    /// By way of an index to a row of idf and weights.
    Index { index: Index, rows: Vec<f32> },
    /// By way of an index to idf and column; so many weights stay where the classifier has them.
    Wide { index: Index, rows: Vec<(f32, u32)> },
    /// The key is the column, and weights stay where the classifier has them.
    Hashed { bits: u32, first: usize, idf: Vec<f32> },
}

/// With more outputs than this, weights are not copied.
const WIDE: usize = 15;

/// What the n-grams of a text have come to in a block.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The sum of the squares of the values, and what each output gets, before they are scaled.
    pub(super) sums: Vec<f64>,
    /// Features that are to be counted.
    pub(super) found: Vec<u32>,
    counter: Counter,
}

/// Features that wait to be counted, at most about so many.
const WAITING: usize = 4096;

impl State {
    /// Counts what waits, if it is much: texts may be long.
    #[inline(always)]
    pub(super) fn count_many(&mut self) {
        if self.found.len() > WAITING {
            self.count();
        }
    }

    fn count(&mut self) {
        self.counter.count(&self.found);
        self.found.clear();
    }
}

/// Buffers for one text after another.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    /// Hashes of characters or subwords.
    pub(super) units: Vec<u64>,
    keys: Vec<u64>,
    pub(super) found: Vec<u32>,
}

impl Block {
    /// The block whose columns begin at `first` in `linear`.
    pub(super) fn new(block: &vectorizer::Block, linear: &LinearModel, first: usize) -> Self {
        let outputs = linear.outputs();
        let features = match &block.columns {
            Columns::Hashed { bits } => Features::Hashed { bits: *bits, first, idf: block.idf.clone() },
            Columns::Vocabulary(vocabulary) => {
                let places = frequent_first(vocabulary.len(), &block.idf);
                let index = Index::new(vocabulary.keys(), places.iter().copied());
                let idf = |column: usize| block.idf.get(column).copied().unwrap_or(1.0);
                if outputs > WIDE {
                    let mut rows = vec![(1.0, 0); places.len()];
                    for (column, &place) in places.iter().enumerate() {
                        rows[place as usize] = (idf(column), (first + column) as u32);
                    }
                    Features::Wide { index, rows }
                } else {
                    let mut rows = vec![0.0; places.len() * (outputs + 1)];
                    let weights = linear.weights().get(first * outputs..).unwrap_or_default();
                    for ((column, &place), weights) in
                        places.iter().enumerate().zip(weights.chunks_exact(outputs))
                    {
                        let row = &mut rows[place as usize * (outputs + 1)..][..outputs + 1];
                        row[0] = idf(column);
                        row[1..].copy_from_slice(weights);
                    }
                    Features::Index { index, rows }
                }
            }
        };
        let counts = block.params.weight.of(2) != 2.0 || block.params.norm == Norm::L2;
        let weights = (0..USUAL).map(|count| block.params.weight.of(count.max(1))).collect();
        let params = block.params.clone();
        let within = match params.analyzer {
            Analyzer::CharWb => true,
            Analyzer::Word => params.window.is_none() && params.ngrams.min() == 1,
            Analyzer::Char | Analyzer::Subword => false,
        };
        Block { params, within, features, counts, weights }
    }

    /// The lengths of the n-grams that cross the borders of chunks, for a block of words.
    pub(super) fn across_chunks(&self) -> Option<NgramRange> {
        let range = self.params.ngrams;
        if self.within { NgramRange::new(2, range.max()).ok() } else { Some(range) }
    }

    /// The number of features.
    fn size(&self) -> usize {
        match &self.features {
            Features::Index { index, .. } => index.len(),
            Features::Wide { rows, .. } => rows.len(),
            Features::Hashed { bits, .. } => 1 << bits,
        }
    }

    /// Begins a text of so many bytes.
    pub(super) fn begin(&self, bytes: usize, outputs: usize, state: &mut State) {
        state.sums.clear();
        state.sums.resize(outputs + 1, 0.0);
        state.found.clear();
        if self.counts {
            // Within words there are two spaces for a word of one byte or more.
            let lengths = self.params.ngrams.max() - self.params.ngrams.min() + 1;
            let most = bytes.saturating_mul(3).saturating_add(3).saturating_mul(lengths);
            let unit = if self.params.analyzer == Analyzer::Word { 6 } else { 1 };
            state.counter.begin(self.size(), most, bytes.saturating_mul(lengths) / unit);
        }
    }

    /// Adds the n-grams of `units`.
    pub(super) fn add(
        &self,
        linear: &LinearModel,
        units: &[u64],
        range: NgramRange,
        buffers: &mut Buffers,
        state: &mut State,
    ) {
        let ready = &mut buffers.keys;
        let mut flush = |ready: &mut Vec<u64>| {
            self.look_up(linear, ready, &mut state.found, &mut state.sums);
            ready.clear();
            if self.counts {
                state.count_many();
            } else {
                state.found.clear();
            }
        };
        ready.clear();
        if (range.min(), range.max()) == (2, 2) {
            for start in (0..units.len()).step_by(TOGETHER) {
                let end = units.len().min(start + TOGETHER + 1);
                ready.extend(units[start..end].windows(2).map(|pair| whole_key(pair.iter().copied())));
                flush(ready);
            }
            return;
        }
        keys(units, range, |key| {
            ready.push(key);
            if ready.len() == TOGETHER {
                flush(ready);
            }
        });
        flush(ready);
    }

    /// Adds the n-grams within a chunk of normalised text, whose words have the hashes `words`, to `sums`, and appends the
    /// features that are then to be counted to `buffers.found`.
    pub(super) fn add_chunk(
        &self,
        linear: &LinearModel,
        chunk: &str,
        words: &[u64],
        buffers: &mut Buffers,
        sums: &mut [f64],
    ) {
        let Buffers { units, keys: ready, found } = buffers;
        let start = found.len();
        ready.clear();
        if self.params.analyzer == Analyzer::Word {
            ready.extend(words.iter().map(|&word| whole_key([word])));
        } else {
            for word in chunk.split_whitespace() {
                units.clear();
                units.push(hash_char(' '));
                units.extend(word.chars().map(hash_char));
                units.push(hash_char(' '));
                if units.len() < self.params.ngrams.min() {
                    ready.push(whole_key(units.iter().copied()));
                    continue;
                }
                keys(units, self.params.ngrams, |key| {
                    ready.push(key);
                    if ready.len() >= TOGETHER {
                        self.look_up(linear, ready, found, sums);
                        ready.clear();
                    }
                });
            }
        }
        self.look_up(linear, ready, found, sums);
        if !self.counts {
            found.truncate(start);
        }
    }

    /// Appends the features of `keys` to `found`, and adds to `sums` what they give if each occurs once.
    fn look_up(&self, linear: &LinearModel, keys: &mut [u64], found: &mut Vec<u32>, sums: &mut [f64]) {
        let start = found.len();
        match &self.features {
            Features::Index { index, .. } | Features::Wide { index, .. } => {
                index.get_all(keys, found);
            }
            Features::Hashed { bits, .. } => {
                found.extend(keys.iter().map(|&key| vectorizer::hashed(key, *bits)));
            }
        }
        let found = &found[start..];
        match (&self.features, sums.len()) {
            (Features::Index { rows, .. }, 2) => add_fixed::<2>(rows, found, sums),
            (Features::Index { rows, .. }, 3) => add_fixed::<3>(rows, found, sums),
            (Features::Index { rows, .. }, 4) => add_fixed::<4>(rows, found, sums),
            (Features::Index { rows, .. }, 5) => add_fixed::<5>(rows, found, sums),
            (Features::Index { rows, .. }, 6) => add_fixed::<6>(rows, found, sums),
            (Features::Index { rows, .. }, 7) => add_fixed::<7>(rows, found, sums),
            (Features::Index { rows, .. }, 8) => add_fixed::<8>(rows, found, sums),
            (Features::Index { rows, .. }, 9) => add_fixed::<9>(rows, found, sums),
            _ => found.iter().for_each(|&feature| self.add_one(linear, feature, 1.0, 1.0, sums)),
        }
    }

    /// Adds what a feature gives: `value` times its idf to the outputs, `square` times that of its idf to the squares.
    #[inline]
    fn add_one(&self, linear: &LinearModel, feature: u32, value: f64, square: f64, sums: &mut [f64]) {
        let Some((squares, sums)) = sums.split_first_mut() else { return };
        let outputs = sums.len();
        let row = |column: usize| linear.weights().get(column * outputs..).unwrap_or_default();
        let place = feature as usize;
        let (idf, weights) = match &self.features {
            Features::Index { rows, .. } => {
                let row = &rows[place * (outputs + 1)..][..outputs + 1];
                (row[0], &row[1..])
            }
            Features::Wide { rows, .. } => (rows[place].0, row(rows[place].1 as usize)),
            Features::Hashed { first, idf, .. } => {
                (idf.get(place).copied().unwrap_or(1.0), row(first + place))
            }
        };
        let idf = f64::from(idf);
        *squares += square * idf * idf;
        for (sum, &weight) in sums.iter_mut().zip(weights) {
            *sum += value * idf * f64::from(weight);
        }
    }

    /// Ends a text: puts the sums right for features that occur more than once, and adds them to `out` in the norm and scale of the
    /// block.
    pub(super) fn end(&self, linear: &LinearModel, state: &mut State, out: &mut [f64]) {
        state.count();
        let State { sums, counter, .. } = state;
        let mut factor = f64::from(self.params.scale);
        if self.counts {
            counter.repeated(|feature, count| {
                let known = self.weights.get(count as usize).copied();
                let weight = known.unwrap_or_else(|| self.params.weight.of(count));
                let times = f64::from(count);
                self.add_one(linear, feature, weight - times, weight * weight - times, sums);
            });
        }
        if self.params.norm == Norm::L2 && sums[0] > 0.0 {
            factor /= sums[0].sqrt();
        }
        out.iter_mut().zip(&sums[1..]).for_each(|(out, sum)| *out += factor * sum);
    }
}

/// [`Block::add_one`] of features once each, for rows of a length that the compiler knows: sums stay in registers.
fn add_fixed<const N: usize>(rows: &[f32], found: &[u32], sums: &mut [f64]) {
    let mut fixed = [0.0f64; N];
    fixed.copy_from_slice(sums);
    for &feature in found {
        let row = &rows[feature as usize * N..][..N];
        let idf = f64::from(row[0]);
        fixed[0] += idf * idf;
        for (sum, &weight) in fixed[1..].iter_mut().zip(&row[1..]) {
            *sum += idf * f64::from(weight);
        }
    }
    sums.copy_from_slice(&fixed);
}
