//! A corpus read once: what there is to say about all of it, and a seeded sample of its lines.

use std::collections::{BTreeMap, BinaryHeap};
use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::corpus::{Blocks, pieces, total_bytes};
use crate::curate::scripts::script;
use crate::error::{Error, Result};
use crate::random::SplitMix64;
use crate::text::sentence::Splitter;

/// Bytes of text that one task counts.
const PIECE: usize = 1 << 16;
/// Characters below this are most of all text; their scripts are looked up once.
const NEAR: u32 = 0x800;

/// One file of a corpus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its name, without the folder.
    pub name: String,
    /// Bytes on the disk.
    pub bytes: u64,
    /// SHA-256 of these, in hexadecimal.
    pub sha256: String,
}

/// A whole corpus, decompressed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CorpusStatistics {
    /// Its files.
    pub files: Vec<Source>,
    /// Bytes of text.
    pub bytes: u64,
    /// Characters (Unicode scalar values).
    pub characters: u64,
    /// Lines.
    pub lines: u64,
    /// Sentences, as our splitter cuts them.
    pub sentences: u64,
    /// Words: what stands between white space.
    pub words: u64,
    /// The share of each script in the letters, from 0 to 1, the largest first.
    pub scripts: Vec<(String, f64)>,
}

/// What was drawn from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleStatistics {
    /// Bytes of text, of its sentences alone.
    pub bytes: u64,
    /// Characters.
    pub characters: u64,
    /// Lines.
    pub lines: u64,
    /// Sentences.
    pub sentences: u64,
    /// Words: what stands between white space.
    pub words: u64,
    /// The seed it was drawn with.
    pub seed: u64,
    /// SHA-256 of its lines, each with a line feed, in hexadecimal.
    pub sha256: String,
}

/// Lines drawn from a corpus, and the statistics of both.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The lines, in the order of the corpus; none is blank.
    pub lines: Vec<Box<str>>,
    /// The whole corpus.
    pub corpus: CorpusStatistics,
    /// The sample.
    pub statistics: SampleStatistics,
}

/// A line in the draw: the lines with the smallest keys stay, whatever order they come in.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Drawn {
    key: u64,
    place: u64,
    line: Box<str>,
}

impl Sample {
    /// Reads files of text, plain, gzip or Zstandard, `-` for standard input, once from start to end, and draws whole lines of at
    /// most `limit` bytes together, every line with the same chance; all lines for no limit. `progress` gets the bytes read and their
    /// total, 0 where standard input is among them.
    /// The sample depends on the seed and the text, not on threads; memory holds the sample alone.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Data`] as the files give cause; [`Error::Dataset`] when there is no line, or none that is short
    /// enough.
    pub fn draw<P: AsRef<Path>>(
        paths: &[P],
        limit: Option<u64>,
        seed: u64,
        lossy: bool,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Sample> {
        let (mut before, all) = (0, total_bytes(paths));
        let splitter = Splitter::default();
        let near: Vec<Option<&'static str>> = (0..NEAR).map(|code| script(char::from_u32(code)?)).collect();
        let (mut counts, mut files) = (Counts::default(), Vec::new());
        let mut random = SplitMix64::new(seed);
        let (mut heap, mut held, mut place) = (BinaryHeap::<Drawn>::new(), 0u64, 0u64);
        for path in paths {
            let path = path.as_ref();
            let mut blocks = Blocks::once(path, lossy)?;
            while let Some(block) = blocks.next_block()? {
                let parts: Vec<Counts> = pieces(&block, PIECE)
                    .into_par_iter()
                    .map(|text| Counts::of(text, &splitter, &near))
                    .collect();
                parts.into_iter().for_each(|part| counts.add(part));
                for line in block.lines().filter(|line| !line.trim().is_empty()) {
                    let key = random.next_u64();
                    place += 1;
                    let full = limit.is_some_and(|limit| held + line.len() as u64 >= limit);
                    if full && heap.peek().is_some_and(|last| last.key < key) {
                        continue;
                    }
                    held += line.len() as u64 + 1;
                    heap.push(Drawn { key, place, line: line.into() });
                    while limit.is_some_and(|limit| held > limit) {
                        held -= heap.pop().map_or(held, |drawn| drawn.line.len() as u64 + 1);
                    }
                }
                progress(before + blocks.bytes_read(), all);
            }
            let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            files.push(Source { name, bytes: blocks.bytes_read(), sha256: blocks.sha256() });
            before += blocks.bytes_read();
        }
        let mut drawn = heap.into_vec();
        drawn.sort_unstable_by_key(|drawn| drawn.place);
        let lines: Vec<Box<str>> = drawn.into_iter().map(|drawn| drawn.line).collect();
        if lines.is_empty() {
            return Err(Error::Dataset(match place {
                0 => "no text in this corpus: every line is blank".into(),
                _ => "the sample is smaller than a line of this corpus: give a larger one, or all".into(),
            }));
        }
        Ok(Sample { statistics: statistics(&lines, &splitter, seed), corpus: counts.finish(files), lines })
    }

    /// Its sentences, in order, without the white space around them.
    pub fn sentences(&self) -> Vec<&str> {
        let splitter = Splitter::default();
        let of_line =
            |line: &'_ str| splitter.split(line).map(|sentence| sentence.text_span()).collect::<Vec<_>>();
        self.lines
            .iter()
            .flat_map(|line| of_line(line).into_iter().map(move |span| &line[span]))
            .filter(|sentence| !sentence.is_empty())
            .collect()
    }
}

fn statistics(lines: &[Box<str>], splitter: &Splitter, seed: u64) -> SampleStatistics {
    let mut hash = Sha256::new();
    let (mut bytes, mut characters, mut sentences, mut words) = (0, 0, 0, 0);
    for line in lines {
        hash.update(line.as_bytes());
        hash.update(b"\n");
        for sentence in splitter.split(line).filter(|sentence| !sentence.is_blank()) {
            bytes += sentence.text.len() as u64;
            characters += sentence.text.chars().count() as u64;
            words += sentence.text.split_whitespace().count() as u64;
            sentences += 1;
        }
    }
    let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    SampleStatistics { bytes, characters, lines: lines.len() as u64, sentences, words, seed, sha256 }
}

/// What is counted in a piece of a corpus.
#[derive(Default)]
struct Counts {
    bytes: u64,
    characters: u64,
    lines: u64,
    sentences: u64,
    words: u64,
    scripts: BTreeMap<&'static str, u64>,
}

impl Counts {
    /// `near` has the scripts of the first characters.
    fn of(text: &str, splitter: &Splitter, near: &[Option<&'static str>]) -> Counts {
        let mut counts = Counts {
            bytes: text.len() as u64,
            lines: text.lines().count() as u64,
            sentences: splitter.split(text).filter(|sentence| !sentence.is_blank()).count() as u64,
            words: text.split_whitespace().count() as u64,
            ..Counts::default()
        };
        // Letters of one script follow one another: looked up once a run.
        let mut run: (Option<&'static str>, u64) = (None, 0);
        for c in text.chars() {
            counts.characters += 1;
            let known = near.get(c as usize).copied();
            let Some(name) = known.unwrap_or_else(|| script(c)) else { continue };
            if run.0 != Some(name) {
                counts.letters(run);
                run = (Some(name), 0);
            }
            run.1 += 1;
        }
        counts.letters(run);
        counts
    }

    fn letters(&mut self, (name, count): (Option<&'static str>, u64)) {
        if let Some(name) = name {
            *self.scripts.entry(name).or_default() += count;
        }
    }

    fn add(&mut self, other: Counts) {
        self.bytes += other.bytes;
        self.characters += other.characters;
        self.lines += other.lines;
        self.sentences += other.sentences;
        self.words += other.words;
        other.scripts.into_iter().for_each(|(name, count)| self.letters((Some(name), count)));
    }

    fn finish(self, files: Vec<Source>) -> CorpusStatistics {
        let letters: u64 = self.scripts.values().sum();
        let share = |(name, count): (&str, u64)| (name.to_owned(), count as f64 / letters as f64);
        let mut scripts: Vec<(String, f64)> = self.scripts.into_iter().map(share).collect();
        scripts.sort_by(|(a, m), (b, n)| n.total_cmp(m).then_with(|| a.cmp(b)));
        let Counts { bytes, characters, lines, sentences, words, .. } = self;
        CorpusStatistics { files, bytes, characters, lines, sentences, words, scripts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus(lines: usize) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text: String = (0..lines).map(|line| format!("السطر {line} of many.\n\n")).collect();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    fn draw(lines: usize, limit: Option<u64>, seed: u64) -> Sample {
        Sample::draw(&[corpus(lines).path()], limit, seed, false, |_, _| {}).unwrap()
    }

    #[test]
    fn a_sample_has_its_size_its_order_and_comes_again_with_its_seed() {
        let sample = draw(5_000, Some(20_000), 1);
        let held: usize = sample.lines.iter().map(|line| line.len() + 1).sum();
        assert!((19_900..=20_000).contains(&held), "{held}");
        let number = |line: &str| line.split(' ').nth(1).unwrap().parse::<usize>().unwrap();
        assert!(sample.lines.windows(2).all(|pair| number(&pair[0]) < number(&pair[1])));
        let mean = sample.lines.iter().map(|line| number(line)).sum::<usize>() / sample.lines.len();
        assert!((2_200..2_800).contains(&mean), "drawn from all of it: {mean}");
        assert!(draw(5_000, Some(20_000), 1).lines == sample.lines);
        assert_ne!(draw(5_000, Some(20_000), 2).statistics.sha256, sample.statistics.sha256);
    }

    #[test]
    fn statistics_are_of_the_whole_corpus() {
        let sample = draw(100, Some(300), 0);
        let corpus = &sample.corpus;
        assert_eq!((corpus.lines, corpus.sentences, corpus.words), (200, 100, 400));
        assert!((corpus.bytes, corpus.files[0].bytes) == (corpus.files[0].bytes, corpus.bytes));
        // Five Arabic letters and six Latin ones a line.
        assert_eq!(corpus.scripts[0].0, "Latin");
        assert!((corpus.scripts[1].1 - 5.0 / 11.0).abs() < 1e-9, "{:?}", corpus.scripts);
        assert!(sample.lines.len() < 20);
        assert_eq!(draw(100, None, 0).lines.len(), 100);
    }

    #[test]
    fn no_text_and_too_small_a_sample_are_errors() {
        let error = |limit| Sample::draw(&[corpus(3).path()], Some(limit), 0, false, |_, _| {}).unwrap_err();
        assert!(error(5).to_string().contains("larger"), "{}", error(5));
        let blank = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(blank.path(), "\n \n").unwrap();
        let error = Sample::draw(&[blank.path()], None, 0, false, |_, _| {}).unwrap_err().to_string();
        assert!(error.contains("blank"), "{error}");
    }
}
