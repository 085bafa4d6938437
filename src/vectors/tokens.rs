//! A corpus as numbers: its words counted, its text spilled to a temporary file of word numbers that every later pass
//! reads, however large the corpus.

use std::collections::HashMap;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

use rayon::prelude::*;
use tempfile::NamedTempFile;

use super::{Progress, Stage, TrainParams};
use crate::corpus::{Blocks, pieces};
use crate::dataset::Source;
use crate::error::{Error, Result};
use crate::text::tokenize::FoldedWords;

/// The number of no word: it ends a line in the temporary file, and stands for words that were left out.
const NONE: u32 = u32::MAX;
/// Bytes of text that one task cuts into words.
const PIECE: usize = 1 << 16;
/// When so many distinct words are known, the rarest are forgotten: the table must not grow with the corpus.
const TABLE: usize = 1 << 23;

/// The words of a corpus and its text as word numbers.
pub(super) struct Tokens {
    /// The words that are kept, the most frequent first, ties in code point order.
    pub(super) words: Vec<String>,
    /// How often each occurs.
    pub(super) counts: Vec<u64>,
    /// All words of the corpus, whether kept or not.
    pub(super) total: u64,
    /// The files they came from; `records` counts their lines.
    pub(super) sources: Vec<Source>,
    file: NamedTempFile,
    /// From the number in the file to the place in `words`, or [`NONE`].
    places: Vec<u32>,
}

impl Tokens {
    /// Reads files of text, a paragraph a line.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Data`] as the files give cause; [`Error::Dataset`] when no word is left.
    pub(super) fn read<P: AsRef<Path>>(
        paths: &[P],
        params: &TrainParams,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self> {
        let folded = FoldedWords::new(params.normalize, params.words);
        let spill = |error| Error::io(std::env::temp_dir(), error);
        let mut out = BufWriter::with_capacity(1 << 16, NamedTempFile::new().map_err(spill)?);
        let mut table = Table::default();
        let size = |path: &P| std::fs::metadata(path).map_or(0, |data| data.len());
        let (mut before, all) = (0, paths.iter().map(size).sum());
        let (mut total, mut sources) = (0, Vec::new());
        for path in paths {
            let path = path.as_ref();
            let mut blocks = Blocks::open(path, params.lossy)?;
            let mut lines = 0;
            while let Some(block) = blocks.next_block()? {
                let pieces: Vec<Piece> =
                    pieces(&block, PIECE).into_par_iter().map(|text| Piece::cut(text, &folded)).collect();
                for piece in &pieces {
                    lines += piece
                        .each(|word| {
                            total += u64::from(word.is_some());
                            let number = word.map_or(NONE, |word| table.number(word));
                            out.write_all(&number.to_le_bytes())
                        })
                        .map_err(spill)?;
                }
                progress(Progress { stage: Stage::Reading, done: before + blocks.bytes_read(), total: all });
            }
            before += blocks.bytes_read();
            let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            sources.push(Source { name, sha256: blocks.sha256(), records: lines });
        }
        let file = out.into_inner().map_err(|error| spill(error.into_error()))?;
        let numbers = table.issued;
        let kept = table.finish(params.min_count, params.max_words);
        if kept.is_empty() {
            return Err(Error::Dataset(format!(
                "no word occurs {} times in this corpus of {total} words: give more text, or a lower min_count",
                params.min_count
            )));
        }
        let mut places = vec![NONE; numbers as usize];
        kept.iter().zip(0..).for_each(|((_, entry), place)| places[entry.number as usize] = place);
        let counts = kept.iter().map(|(_, entry)| entry.count).collect();
        let words = kept.into_iter().map(|(word, _)| word.into()).collect();
        Ok(Tokens { words, counts, total, sources, file, places })
    }

    /// How many words of the corpus are kept ones.
    pub(super) fn kept(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The lines again, from the first.
    ///
    /// # Errors
    /// [`Error::Io`] when the temporary file cannot be opened again.
    pub(super) fn lines(&self) -> Result<Lines<'_>> {
        let fail = |error| Error::io(self.file.path(), error);
        let mut file = self.file.reopen().map_err(fail)?;
        file.rewind().map_err(fail)?;
        Ok(Lines { tokens: self, reader: BufReader::with_capacity(1 << 16, file) })
    }
}

/// The lines of a corpus as places in [`Tokens::words`].
pub(super) struct Lines<'a> {
    tokens: &'a Tokens,
    reader: BufReader<std::fs::File>,
}

impl Lines<'_> {
    /// Appends the kept words of the next line; false after the last line.
    ///
    /// # Errors
    /// [`Error::Io`] when the temporary file cannot be read.
    pub(super) fn next_line(&mut self, line: &mut Vec<u32>) -> Result<bool> {
        let mut number = [0; 4];
        loop {
            match self.reader.read_exact(&mut number) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
                Err(error) => return Err(Error::io(self.tokens.file.path(), error)),
            }
            match u32::from_le_bytes(number) {
                NONE => return Ok(true),
                number => match self.tokens.places.get(number as usize) {
                    Some(&place) if place != NONE => line.push(place),
                    _ => {}
                },
            }
        }
    }
}

/// The words of a piece of text, normalised.
struct Piece {
    text: String,
    /// Where each word starts and ends in `text`; an empty span ends a line.
    spans: Vec<(u32, u32)>,
}

impl Piece {
    fn cut(text: &str, folded: &FoldedWords) -> Piece {
        let mut piece = Piece { text: String::with_capacity(text.len()), spans: Vec::new() };
        let mut words = Vec::new();
        for line in text.lines() {
            words.clear();
            folded.cut(line, &mut piece.text, &mut words);
            piece.spans.extend(words.iter().map(|span| (span.start as u32, span.end as u32)));
            piece.spans.push((0, 0));
        }
        piece
    }

    /// Hands on every word, and nothing at the end of each line; gives the number of lines.
    fn each(&self, mut word: impl FnMut(Option<&str>) -> io::Result<()>) -> io::Result<usize> {
        let mut lines = 0;
        for &(start, end) in &self.spans {
            lines += usize::from(start == end);
            word((start < end).then(|| &self.text[start as usize..end as usize]))?;
        }
        Ok(lines)
    }
}

/// A number and a count for every word seen.
#[derive(Default)]
struct Table {
    entries: HashMap<Box<str>, Entry>,
    issued: u32,
    /// Words that occurred so often or less were forgotten.
    forgotten: u64,
}

#[derive(Clone, Copy)]
struct Entry {
    number: u32,
    count: u64,
}

impl Table {
    fn number(&mut self, word: &str) -> u32 {
        if let Some(entry) = self.entries.get_mut(word) {
            entry.count += 1;
            return entry.number;
        }
        while self.entries.len() >= TABLE {
            self.forgotten += 1;
            self.entries.retain(|_, entry| entry.count > self.forgotten);
        }
        let number = self.issued;
        // Beyond four billion distinct words new ones go uncounted.
        if number < NONE - 1 {
            self.issued += 1;
            self.entries.insert(word.into(), Entry { number, count: 1 });
        }
        number
    }

    /// The words with `min_count` or more, the `max_words` most frequent of them.
    fn finish(self, min_count: u64, max_words: usize) -> Vec<(Box<str>, Entry)> {
        let mut kept: Vec<(Box<str>, Entry)> =
            self.entries.into_iter().filter(|(_, entry)| entry.count >= min_count).collect();
        kept.par_sort_unstable_by(|(a, x), (b, y)| y.count.cmp(&x.count).then_with(|| a.cmp(b)));
        kept.truncate(max_words);
        kept
    }
}
