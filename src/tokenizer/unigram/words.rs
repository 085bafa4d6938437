//! The words of a corpus as numbers, a symbol a character.

use std::collections::{BTreeMap, BTreeSet};

/// Symbols of the longest stretch that is cut as a whole; longer words are parted. It keeps the product of as many probabilities, each
/// at least e^[`FLOOR`](super::estimate::FLOOR), within the range of a double.
pub(super) const LONGEST: usize = 28;
/// The symbol after each word.
pub(super) const END: u32 = 0;

/// Words one after the other, each with [`END`] after it.
pub(super) struct Words {
    /// The characters, in code point order: symbol `n` is the one at `n - 1`.
    pub(super) alphabet: Vec<char>,
    /// The symbols of all words.
    pub(super) symbols: Vec<u32>,
    /// Where each word begins, and where a next one would.
    starts: Vec<u32>,
    /// How often each word occurs.
    counts: Vec<u64>,
}

impl Words {
    /// Words with their counts, in this order.
    pub(super) fn new(words: &[(String, u64)]) -> Words {
        let characters: BTreeSet<char> = words.iter().flat_map(|(word, _)| word.chars()).collect();
        let alphabet: Vec<char> = characters.into_iter().collect();
        let symbol: BTreeMap<char, u32> = alphabet.iter().copied().zip(1..).collect();
        let (mut symbols, mut starts, mut counts) = (Vec::new(), vec![0], Vec::new());
        for (word, count) in words {
            let spelled: Vec<u32> = word.chars().filter_map(|c| symbol.get(&c).copied()).collect();
            for part in spelled.chunks(LONGEST) {
                symbols.extend_from_slice(part);
                symbols.push(END);
                // Two million words of 256 bytes at most come in: it fits.
                starts.push(symbols.len() as u32);
                counts.push(*count);
            }
        }
        Words { alphabet, symbols, starts, counts }
    }

    /// How many words there are.
    pub(super) fn len(&self) -> usize {
        self.counts.len()
    }

    /// Where a word begins, how many symbols it has, and how often it occurs.
    pub(super) fn word(&self, word: usize) -> (usize, usize, u64) {
        let (start, next) = (self.starts[word] as usize, self.starts[word + 1] as usize);
        (start, next - start - 1, self.counts[word])
    }

    /// `len` symbols from `at` on, as text.
    pub(super) fn text(&self, at: u32, len: u8) -> String {
        let symbols = &self.symbols[at as usize..at as usize + usize::from(len)];
        symbols.iter().filter_map(|&symbol| self.alphabet.get((symbol as usize).checked_sub(1)?)).collect()
    }
}
