//! A unigram language model over pieces, learned the same to the bit on any number of threads.
//!
//! The method is that of Kudo, "Subword Regularization" (2018), as SentencePiece does it: more pieces than wanted are taken from the
//! frequent substrings of the words, their probabilities are fitted by expectation maximisation over all cuts of all words, and the
//! pieces whose loss costs the least are given up, a quarter a round, until the vocabulary has its size. Three things differ:
//! substrings are counted as often as their words occur, not once a word, and one that never stands without the same
//! character before it is left to the longer one; the last cut goes by what a piece is worth
//! rather than by its probability; and the probabilities are fitted once more after it, without the prior, so that they sum to one.
//!
//! Sums go over words in the order of their counts, in [`CHUNKS`] parts joined in order; logarithms and exponentials come from
//! `libm`. Nothing goes through a hash table.

mod estimate;
mod lattice;
mod prune;
mod seed;
mod words;

use estimate::{Prior, expect, maximise};
use prune::prune;
use words::Words;

/// Parts that the words are dealt with in, whatever the number of threads.
const CHUNKS: usize = 16;
/// Symbols of the longest piece.
const LONGEST_PIECE: usize = 16;
/// Pieces to begin with.
const SEEDS: usize = 1_000_000;
/// Rounds of expectation maximisation between two cuts of the vocabulary.
const SUB_ITERATIONS: usize = 2;
/// What a cut leaves.
const SHRINKING: f64 = 0.75;

/// The pieces of a model while it is learned: all single characters first, in code point order.
struct Pieces {
    /// Where one occurrence of each piece begins in the symbols of the words.
    at: Vec<u32>,
    /// Symbols of each piece, 1 to [`LONGEST_PIECE`].
    len: Vec<u8>,
    /// Natural logarithm of the probability of each piece.
    log: Vec<f64>,
    /// How many of them are single characters, which are never given up.
    characters: usize,
}

impl Pieces {
    fn len(&self) -> usize {
        self.at.len()
    }

    /// Keeps the pieces that `keep` says.
    fn retain(&mut self, keep: &[bool]) {
        let mut kept = keep.iter();
        self.at.retain(|_| kept.next() == Some(&true));
        let mut kept = keep.iter();
        self.len.retain(|_| kept.next() == Some(&true));
        let mut kept = keep.iter();
        self.log.retain(|_| kept.next() == Some(&true));
    }
}

/// Learns at most `size` pieces from words with counts, without the strings in `special` and without what occurs less than
/// `min_frequency` times; all characters of the words are among them. Returned are the pieces with the natural logarithms of their
/// probabilities, the likeliest first. `size` is at least the number of characters, and the counts times the lengths sum to less
/// than 2³¹. `progress` gets the rounds done and their expected number.
pub(super) fn train(
    words: &[(String, u64)],
    size: usize,
    min_frequency: u64,
    special: &[String],
    mut progress: impl FnMut(u64, u64),
) -> Vec<(String, f64)> {
    let words = Words::new(words);
    let (mut pieces, mut lattice) = seed::seed(&words, SEEDS.max(size), min_frequency, special);
    let (enough, mut done) = (size + size / 10, 0);
    loop {
        for _ in 0..SUB_ITERATIONS {
            let expected = expect(&words, &lattice, &pieces.log);
            maximise(&mut pieces, &mut lattice, &expected, Prior::Sparse { least: size });
            done += 1;
            progress(done, done + rounds_left(pieces.len(), enough));
        }
        if pieces.len() <= enough {
            break;
        }
        let target = enough.max((pieces.len() as f64 * SHRINKING) as usize);
        prune(&words, &mut lattice, &mut pieces, target);
    }
    prune(&words, &mut lattice, &mut pieces, size);
    for _ in 0..SUB_ITERATIONS {
        let expected = expect(&words, &lattice, &pieces.log);
        maximise(&mut pieces, &mut lattice, &expected, Prior::None);
    }
    let spelled = (0..pieces.len()).map(|id| (words.text(pieces.at[id], pieces.len[id]), pieces.log[id]));
    let mut learned: Vec<(String, f64)> = spelled.filter(|(piece, _)| !special.contains(piece)).collect();
    learned.sort_by(|(a, x), (b, y)| y.total_cmp(x).then_with(|| a.cmp(b)));
    learned
}

/// How many more rounds it takes from `pieces` to `enough`, about.
fn rounds_left(pieces: usize, enough: usize) -> u64 {
    let cuts = (libm::log(enough as f64 / pieces as f64) / libm::log(SHRINKING)).ceil();
    cuts.max(0.0) as u64 * SUB_ITERATIONS as u64
}

#[cfg(test)]
mod tests;
