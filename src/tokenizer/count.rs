//! The words of a corpus and how often each occurs, in memory that does not grow with the corpus.

use std::path::Path;

use ahash::AHashMap;
use rayon::prelude::*;

use super::TrainParams;
use crate::corpus::{Blocks, pieces, total_bytes};
use crate::error::{Error, Result};
use crate::text::normalize::Normalizer;
use crate::text::tokenize::Split;

/// Bytes of text that one task cuts.
const PIECE: usize = 1 << 16;
/// When so many distinct words are known, the rarest are forgotten.
const TABLE: usize = 1 << 21;
/// Longer words are passed over, in bytes: they are addresses and noise, and trainers need quadratic time for them.
const LONGEST: usize = 256;

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The corpus is read and its words are counted; progress is in bytes of the files as they lie on the disk, how many is 0 for
    /// standard input.
    Count,
    /// The vocabulary is learned; progress is in rounds, how many is an estimate, 0 where it is not known.
    Learn,
}

/// How far the training is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub step: Step,
    /// How much of it is done.
    pub done: u64,
    /// How much there is to do.
    pub total: u64,
}

/// What was counted.
pub(super) struct Counts {
    /// The words, in the spelling of the pre-tokenizer: the most frequent first, ties in code point order.
    pub(super) words: Vec<(String, u64)>,
    /// All words of the corpus.
    pub(super) total: u64,
    /// Bytes of text.
    pub(super) bytes: u64,
    /// Lines of text.
    pub(super) lines: u64,
}

/// Reads files of text, `-` for standard input, and counts the pieces that `split` cuts them into.
pub(super) fn count<P: AsRef<Path>>(
    paths: &[P],
    params: &TrainParams,
    split: &Split,
    mut progress: impl FnMut(Progress),
) -> Result<Counts> {
    let normalizer = Normalizer::new(params.normalize);
    let (mut before, all) = (0, total_bytes(paths));
    let mut table: AHashMap<Box<str>, u64> = AHashMap::new();
    let (mut total, mut bytes, mut lines, mut forgotten) = (0, 0, 0, 0);
    for path in paths {
        let mut blocks = Blocks::once(path.as_ref(), params.lossy)?;
        while let Some(block) = blocks.next_block()? {
            bytes += block.len() as u64;
            lines += block.lines().count() as u64;
            let parts: Vec<AHashMap<Box<str>, u64>> =
                pieces(&block, PIECE).into_par_iter().map(|text| words(text, &normalizer, split)).collect();
            for part in parts {
                for (word, count) in part {
                    total += count;
                    match table.get_mut(&word) {
                        Some(known) => *known += count,
                        None => {
                            table.insert(word, count);
                        }
                    }
                }
                while table.len() > TABLE {
                    forgotten += 1;
                    table.retain(|_, count| *count > forgotten);
                }
            }
            progress(Progress { step: Step::Count, done: before + blocks.bytes_read(), total: all });
        }
        before += blocks.bytes_read();
    }
    let mut words: Vec<(Box<str>, u64)> = table.into_iter().collect();
    words.par_sort_unstable_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
    words.truncate(params.max_words);
    words.shrink_to_fit();
    if words.is_empty() {
        return Err(Error::Dataset("no words in this corpus: give text files with text in them".into()));
    }
    let words = words.into_iter().map(|(word, count)| {
        let mut spelled = String::new();
        split.spell(&word, &mut spelled);
        (spelled, count)
    });
    Ok(Counts { words: merge(words.collect()), total, bytes, lines })
}

/// Pieces that are spelled the same are one word: a word at the start of a line has no space before it.
fn merge(mut words: Vec<(String, u64)>) -> Vec<(String, u64)> {
    words.sort_unstable();
    words.dedup_by(|(word, count), (before, sum)| {
        let same = word == before;
        *sum += if same { *count } else { 0 };
        same
    });
    words.sort_unstable_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
    words
}

/// Words of a piece of a corpus, by line.
fn words(text: &str, normalizer: &Normalizer, split: &Split) -> AHashMap<Box<str>, u64> {
    let (mut table, mut normalized) = (AHashMap::<Box<str>, u64>::new(), String::new());
    for line in text.lines() {
        normalized.clear();
        if split.wants_space() {
            normalized.push(' ');
        }
        normalizer.normalize_into(line, &mut normalized);
        let counted: Result<(), std::convert::Infallible> = split.each(&normalized, |piece| {
            if piece.len() <= LONGEST {
                match table.get_mut(piece) {
                    Some(count) => *count += 1,
                    None => {
                        table.insert(piece.into(), 1);
                    }
                }
            }
            Ok(())
        });
        let Ok(()) = counted;
    }
    table
}
