//! What one block of n-grams adds to the decision values of a text.

use super::counter::Counter;
use super::table::Table;
use crate::classify::LinearModel;
use crate::features::ngram::{Analyzer, NgramRange, hash_char, keys, whole_key};
use crate::features::vectorizer::{self, Columns, NgramParams, Norm};

/// Keys that are looked up together: enough for their reads to overlap, few enough to stay in the nearest cache.
const TOGETHER: usize = 256;

/// Counts whose weights are at hand.
const USUAL: u32 = 64;

/// A block of n-grams with its weights.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) params: NgramParams,
    features: Features,
    /// Whether repetitions change anything but the sum of all occurrences.
    counts: bool,
    /// The weight of an n-gram by how often it occurs, for the usual counts.
    weights: Vec<f64>,
}

/// How a key finds its idf and its weights.
#[derive(Debug)]
enum Features {
    /// In one place, or by way of the column that stands there.
    Table { table: Table, first: usize, inside: bool },
    /// The key is the column, and weights stay where the classifier has them.
    Hashed { bits: u32, first: usize, idf: Vec<f32> },
}

/// What the n-grams of a text have come to in a block.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The sum of the squares of the values, and what each output gets, before they are scaled.
    pub(super) sums: Vec<f64>,
    pub(super) counter: Counter,
}

/// Buffers for one text after another.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    /// Hashes of characters or subwords.
    pub(super) units: Vec<u64>,
    keys: Vec<u64>,
    heads: Vec<(u32, u32)>,
    pub(super) found: Vec<u32>,
}

impl Block {
    /// The block whose columns begin at `first` in `linear`.
    pub(super) fn new(block: &vectorizer::Block, linear: &LinearModel, first: usize) -> Self {
        let outputs = linear.outputs();
        let inside = outputs <= Table::MOST;
        let features = match &block.columns {
            Columns::Hashed { bits } => Features::Hashed { bits: *bits, first, idf: block.idf.clone() },
            Columns::Vocabulary(vocabulary) if inside => {
                let weights = |column: usize| {
                    let mut words = [0u32; Table::MOST];
                    let row = linear.weights().get((first + column) * outputs..).unwrap_or_default();
                    words[..outputs].iter_mut().zip(row).for_each(|(word, weight)| *word = weight.to_bits());
                    words
                };
                let table = Table::new(vocabulary.keys(), &block.idf, outputs, weights);
                Features::Table { table, first, inside }
            }
            Columns::Vocabulary(vocabulary) => {
                let table = Table::new(vocabulary.keys(), &block.idf, 1, |column| [column as u32]);
                Features::Table { table, first, inside }
            }
        };
        let counts = block.params.weight.of(2) != 2.0 || block.params.norm == Norm::L2;
        let weights = (0..USUAL).map(|count| block.params.weight.of(count.max(1))).collect();
        Block { params: block.params.clone(), features, counts, weights }
    }

    /// Whether n-grams of a chunk between spaces depend on nothing outside it: characters within words, and single words.
    pub(super) fn within_chunks(&self) -> bool {
        match self.params.analyzer {
            Analyzer::CharWb => true,
            Analyzer::Word => self.params.window.is_none() && self.params.ngrams.min() == 1,
            Analyzer::Char | Analyzer::Subword => false,
        }
    }

    /// The lengths of the n-grams that cross the borders of chunks, for a block of words.
    pub(super) fn across_chunks(&self) -> Option<NgramRange> {
        let range = self.params.ngrams;
        if self.within_chunks() { NgramRange::new(2, range.max()).ok() } else { Some(range) }
    }

    fn size(&self) -> usize {
        match &self.features {
            Features::Table { table, .. } => table.slots(),
            Features::Hashed { bits, .. } => 1 << bits,
        }
    }

    /// Begins a text of so many bytes.
    pub(super) fn begin(&self, bytes: usize, outputs: usize, state: &mut State) {
        state.sums.clear();
        state.sums.resize(outputs + 1, 0.0);
        if self.counts {
            // Within words there are two spaces for a word of one byte or more.
            let lengths = self.params.ngrams.max() - self.params.ngrams.min() + 1;
            let most = bytes.saturating_mul(3).saturating_add(3).saturating_mul(lengths);
            state.counter.begin(self.size(), most);
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
        let Buffers { keys: ready, heads, found, .. } = buffers;
        let mut flush = |ready: &mut Vec<u64>| {
            found.clear();
            self.look_up(linear, ready, heads, found, &mut state.sums);
            ready.clear();
            if self.counts {
                state.counter.count(found);
            }
        };
        ready.clear();
        keys(units, range, |key| {
            ready.push(key);
            if ready.len() == TOGETHER {
                flush(ready);
            }
        });
        flush(ready);
    }

    /// Adds the n-grams within a chunk of normalised text, whose words have the hashes `words`, to `sums`, and appends the
    /// features that [`Block::count`] then wants to `buffers.found`.
    pub(super) fn add_chunk(
        &self,
        linear: &LinearModel,
        chunk: &str,
        words: &[u64],
        buffers: &mut Buffers,
        sums: &mut [f64],
    ) {
        let Buffers { units, keys: ready, heads, found } = buffers;
        let start = found.len();
        ready.clear();
        if self.params.analyzer == Analyzer::Word {
            ready.extend(words.iter().map(|&word| whole_key(&[word])));
        } else {
            for word in chunk.split_whitespace() {
                units.clear();
                units.push(hash_char(' '));
                units.extend(word.chars().map(hash_char));
                units.push(hash_char(' '));
                if units.len() < self.params.ngrams.min() {
                    ready.push(whole_key(units));
                    continue;
                }
                keys(units, self.params.ngrams, |key| {
                    ready.push(key);
                    if ready.len() >= TOGETHER {
                        self.look_up(linear, ready, heads, found, sums);
                        ready.clear();
                    }
                });
            }
        }
        self.look_up(linear, ready, heads, found, sums);
        if !self.counts {
            found.truncate(start);
        }
    }

    /// Appends the features of `keys` to `found`, and adds to `sums` what they give if each occurs once.
    fn look_up(
        &self,
        linear: &LinearModel,
        keys: &[u64],
        heads: &mut Vec<(u32, u32)>,
        found: &mut Vec<u32>,
        sums: &mut [f64],
    ) {
        let start = found.len();
        match &self.features {
            Features::Table { table, inside, .. } => {
                table.find(keys, heads, found);
                let found = &found[start..];
                match (inside, sums.len()) {
                    (true, 2) => add_fixed::<1>(table, found, sums),
                    (true, 3) => add_fixed::<2>(table, found, sums),
                    (true, 4) => add_fixed::<3>(table, found, sums),
                    (true, 5) => add_fixed::<4>(table, found, sums),
                    (true, 6) => add_fixed::<5>(table, found, sums),
                    (true, 7) => add_fixed::<6>(table, found, sums),
                    (true, 8) => add_fixed::<7>(table, found, sums),
                    (true, 9) => add_fixed::<8>(table, found, sums),
                    _ => found.iter().for_each(|&feature| self.add_one(linear, feature, 1.0, 1.0, sums)),
                }
            }
            Features::Hashed { bits, .. } => {
                found.extend(keys.iter().map(|&key| vectorizer::hashed(key, *bits)));
                found[start..].iter().for_each(|&feature| self.add_one(linear, feature, 1.0, 1.0, sums));
            }
        }
    }

    /// Adds what a feature gives: `value` times its idf to the outputs, `square` times that of its idf to the squares.
    #[inline]
    fn add_one(&self, linear: &LinearModel, feature: u32, value: f64, square: f64, sums: &mut [f64]) {
        let Some((squares, sums)) = sums.split_first_mut() else { return };
        let outputs = sums.len();
        let row = |column: usize| linear.weights().get(column * outputs..).unwrap_or_default();
        let (idf, weights) = match &self.features {
            Features::Hashed { first, idf, .. } => {
                (idf.get(feature as usize).copied().unwrap_or(1.0), row(first + feature as usize))
            }
            Features::Table { table, first, inside } => {
                let (idf, words) = table.get(feature);
                if *inside {
                    let idf = f64::from(idf);
                    *squares += square * idf * idf;
                    for (sum, &word) in sums.iter_mut().zip(words) {
                        *sum += value * idf * f64::from(f32::from_bits(word));
                    }
                    return;
                }
                (idf, row(first + words[0] as usize))
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
        let State { sums, counter } = state;
        let mut factor = f64::from(self.params.scale);
        if self.counts {
            for (feature, count) in counter.repeated() {
                let known = self.weights.get(count as usize).copied();
                let weight = known.unwrap_or_else(|| self.params.weight.of(count));
                let times = f64::from(count);
                self.add_one(linear, feature, weight - times, weight * weight - times, sums);
            }
        }
        if self.params.norm == Norm::L2 && sums[0] > 0.0 {
            factor /= sums[0].sqrt();
        }
        out.iter_mut().zip(&sums[1..]).for_each(|(out, sum)| *out += factor * sum);
    }
}

/// [`Block::add_one`] of features once each, for a number of outputs that the compiler knows: sums stay in registers.
fn add_fixed<const K: usize>(table: &Table, found: &[u32], sums: &mut [f64]) {
    let mut squares = sums[0];
    let mut fixed = [0.0f64; K];
    fixed.copy_from_slice(&sums[1..]);
    for &feature in found {
        let (idf, words) = table.get(feature);
        let (idf, words) = (f64::from(idf), &words[..K]);
        squares += idf * idf;
        for (sum, &word) in fixed.iter_mut().zip(words) {
            *sum += idf * f64::from(f32::from_bits(word));
        }
    }
    sums[0] = squares;
    sums[1..].copy_from_slice(&fixed);
}
