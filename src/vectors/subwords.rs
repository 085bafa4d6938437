//! The character n-grams of words, hashed to buckets.

use std::ops::Range;

/// The rows of the n-grams of every word.
pub(super) struct Subwords {
    buckets: usize,
    /// Where the rows of each word end in `rows`.
    ends: Vec<usize>,
    rows: Vec<u32>,
}

impl Subwords {
    /// Cuts every word; the rows of n-grams follow those of the words.
    pub(super) fn new(words: &[String], [shortest, longest]: [usize; 2], bits: u32) -> Self {
        let mut all = Subwords { buckets: 0, ends: Vec::with_capacity(words.len()), rows: Vec::new() };
        if longest > 0 {
            all.buckets = 1 << bits;
        }
        for word in words {
            if longest > 0 {
                let start = all.rows.len();
                let bordered = format!("<{word}>");
                for span in ngrams(&bordered, shortest, longest) {
                    let bucket = hash(&bordered.as_bytes()[span]) >> (64 - bits);
                    all.rows.push(words.len() as u32 + bucket as u32);
                }
                // An n-gram that comes twice counts once.
                all.rows[start..].sort_unstable();
                let mut kept = start;
                for at in start..all.rows.len() {
                    if at == start || all.rows[at] != all.rows[kept - 1] {
                        all.rows[kept] = all.rows[at];
                        kept += 1;
                    }
                }
                all.rows.truncate(kept);
            }
            all.ends.push(all.rows.len());
        }
        all
    }

    /// How many rows n-grams have in all.
    pub(super) fn buckets(&self) -> usize {
        self.buckets
    }

    /// The rows of the n-grams of a word.
    #[inline]
    pub(super) fn of(&self, word: u32) -> &[u32] {
        let word = word as usize;
        let start = if word == 0 { 0 } else { self.ends[word - 1] };
        &self.rows[start..self.ends[word]]
    }
}

/// The spans of all runs of `shortest` to `longest` characters, but for the whole and for lone borders.
fn ngrams(bordered: &str, shortest: usize, longest: usize) -> impl Iterator<Item = Range<usize>> {
    let starts: Vec<usize> = bordered.char_indices().map(|(at, _)| at).chain([bordered.len()]).collect();
    let chars = starts.len() - 1;
    (0..chars).flat_map(move |from| {
        let starts = starts.clone();
        (from + shortest..=(from + longest).min(chars))
            .filter(move |&to| to - from < chars && !(to - from == 1 && (from == 0 || to == chars)))
            .map(move |to| starts[from]..starts[to])
    })
}

/// FNV-1a, with a last mix so that the high bits depend on every byte.
fn hash(bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_the_ngrams_of_the_paper() {
        let cut = |word: &str, shortest, longest| -> Vec<String> {
            let bordered = format!("<{word}>");
            ngrams(&bordered, shortest, longest).map(|span| bordered[span].to_owned()).collect()
        };
        assert_eq!(cut("where", 3, 3), ["<wh", "whe", "her", "ere", "re>"]);
        assert_eq!(cut("قصف", 3, 4), ["<قص", "<قصف", "قصف", "قصف>", "صف>"]);
        assert_eq!(cut("a", 1, 6), ["<a", "a", "a>"]);
    }

    #[test]
    fn rows_follow_those_of_the_words() {
        let words: Vec<String> = ["where", "aaaaaa", "x"].map(String::from).into();
        let subwords = Subwords::new(&words, [3, 3], 10);
        assert_eq!(subwords.buckets(), 1024);
        assert_eq!(subwords.of(0).len(), 5);
        assert_eq!(subwords.of(1).len(), 3, "<aa aaa aa>");
        assert_eq!(subwords.of(2).len(), 0, "<x> is the whole");
        assert!((0..3).all(|word| subwords.of(word).iter().all(|row| (3..3 + 1024).contains(row))));
        assert_eq!(Subwords::new(&words, [0, 0], 10).of(0).len(), 0);
    }
}
