//! Labelled records one after the other, from files that need not fit in memory.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use super::reading::Reading;
use super::records::Record;
use super::{Example, ReadOptions, Source};
use crate::error::{Error, Result};

/// Files that are open together.
const OPEN: usize = 64;
/// Records that come from one file before another has its turn.
const TURN: usize = 16;

/// The records of several files, mixed: at any time, about the same share of each file has been read. A file for each label
/// thus gives no long runs of one label. Files that are pipes, standard input among them, have no known size and are
/// read first, one after the other.
///
/// A record with several labels, or none, is an error that names its line.
pub struct Stream {
    options: ReadOptions,
    /// Files still to be opened, and their places.
    waiting: VecDeque<(usize, PathBuf)>,
    open: Vec<Open>,
    /// The open file whose turn it is, and the records it still may give.
    turn: (usize, usize),
    /// The files that were read to their end, and their places.
    done: Vec<(usize, Source)>,
}

struct Open {
    place: usize,
    /// Size in bytes; 0 when it is not known.
    size: u64,
    reading: Reading,
}

impl Open {
    /// Whether a smaller share of it has been read than of `other`.
    fn is_behind(&self, other: &Open) -> bool {
        // bytes / size < other.bytes / other.size
        u128::from(self.reading.bytes()) * u128::from(other.size)
            < u128::from(other.reading.bytes()) * u128::from(self.size)
    }
}

impl Stream {
    /// Opens labelled files; `-` is standard input.
    ///
    /// # Errors
    /// As [`super::Dataset::read`], for the first files; whether the others exist is asked too.
    pub fn open<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>, options: &ReadOptions) -> Result<Self> {
        let waiting: VecDeque<(usize, PathBuf)> =
            paths.into_iter().map(|path| path.as_ref().to_owned()).enumerate().collect();
        for (_, path) in waiting.iter().filter(|(_, path)| path.as_os_str() != "-") {
            std::fs::metadata(path).map_err(|error| Error::io(path, error))?;
        }
        let mut stream =
            Stream { options: options.clone(), waiting, open: Vec::new(), turn: (0, 0), done: Vec::new() };
        stream.fill()?;
        Ok(stream)
    }

    /// Opens files while there is room.
    fn fill(&mut self) -> Result<()> {
        while self.open.len() < OPEN
            && let Some((place, path)) = self.waiting.pop_front()
        {
            let size = match std::fs::metadata(&path) {
                Ok(metadata) if metadata.is_file() => metadata.len(),
                _ => 0,
            };
            self.open.push(Open { place, size, reading: Reading::open(&path, &self.options)? });
        }
        Ok(())
    }

    /// The files that were read to their end, in the order in which they were given.
    pub fn into_sources(mut self) -> Vec<Source> {
        self.done.sort_by_key(|&(place, _)| place);
        self.done.into_iter().map(|(_, source)| source).collect()
    }

    fn read(&mut self) -> Result<Option<Example>> {
        loop {
            let (mut file, mut left) = self.turn;
            if left == 0 || file >= self.open.len() {
                file = (1..self.open.len()).fold(0, |best, file| {
                    if self.open[file].is_behind(&self.open[best]) { file } else { best }
                });
                left = TURN;
            }
            let Some(open) = self.open.get_mut(file) else { return Ok(None) };
            self.turn = (file, left - 1);
            if let Some(record) = open.reading.next() {
                let record = record?;
                if record.labels.len() != 1 {
                    return Err(several(open.reading.path(), &record));
                }
                return Ok(Some(self.options.example(record)));
            }
            let Open { place, reading, .. } = self.open.remove(file);
            self.done.push((place, reading.into_source()));
            self.turn = (0, 0);
            self.fill()?;
        }
    }
}

impl Iterator for Stream {
    type Item = Result<Example>;

    fn next(&mut self) -> Option<Result<Example>> {
        self.read().transpose()
    }
}

fn several(path: &Path, record: &Record) -> Error {
    let what = if record.labels.is_empty() { "no label" } else { "several labels" };
    Error::data(path, record.line, format!("{what}: this classifier gives each record exactly one"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Dataset;

    fn folder(files: &[(&str, String)]) -> (tempfile::TempDir, Vec<PathBuf>) {
        let folder = tempfile::tempdir().unwrap();
        let paths = files.iter().map(|(name, content)| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        });
        let paths = paths.collect();
        (folder, paths)
    }

    fn lines(label: &str, count: usize) -> String {
        (0..count).map(|i| format!("{label}\ttext number {i}\n")).collect()
    }

    #[test]
    fn one_file_comes_in_its_order_and_knows_its_source() {
        let (_folder, paths) = folder(&[("a.tsv", lines("a", 100))]);
        let mut stream = Stream::open(&paths, &ReadOptions::default()).unwrap();
        let examples: Vec<Example> = stream.by_ref().map(Result::unwrap).collect();
        let data = Dataset::read(&paths[0], &ReadOptions::default()).unwrap();
        assert_eq!(examples, data.examples);
        assert_eq!(stream.into_sources(), data.sources);
    }

    #[test]
    fn a_file_for_each_label_gives_no_long_runs_of_one_label() {
        let csv: String = "label,text\n".to_owned() + &"c,text\n".repeat(6000);
        let files = [("a.tsv", lines("a", 3000)), ("b.tsv", lines("b", 9000)), ("c.csv", csv)];
        let (_folder, paths) = folder(&files);
        let mut stream = Stream::open(&paths, &ReadOptions::default()).unwrap();
        let labels: Vec<String> = stream.by_ref().map(|record| record.unwrap().labels.remove(0)).collect();
        assert_eq!(labels.len(), 18000);
        for (at, window) in labels.chunks_exact(3000).enumerate() {
            let share = |label: &str| window.iter().filter(|found| *found == label).count();
            // A CSV reader takes eight kilobytes at a time.
            for (label, expected) in [("a", 500), ("b", 1500), ("c", 1000)] {
                assert!(share(label).abs_diff(expected) < 800, "{at} {label} {}", share(label));
            }
        }
        let sources = stream.into_sources();
        let counts: Vec<(&str, usize)> = sources.iter().map(|s| (s.name.as_str(), s.records)).collect();
        assert_eq!(counts, [("a.tsv", 3000), ("b.tsv", 9000), ("c.csv", 6000)]);
        assert_eq!(sources[1], Dataset::read(&paths[1], &ReadOptions::default()).unwrap().sources[0]);
    }

    #[test]
    fn more_files_than_may_be_open_are_all_read() {
        let files: Vec<(String, String)> =
            (0..OPEN + 9).map(|i| (format!("{i}.tsv"), lines("a", i % 3))).collect();
        let files: Vec<(&str, String)> =
            files.iter().map(|(name, content)| (name.as_str(), content.clone())).collect();
        let (_folder, mut paths) = folder(&files);
        let mut stream = Stream::open(&paths, &ReadOptions::default()).unwrap();
        let count = stream.by_ref().map(Result::unwrap).count();
        assert_eq!(count, (0..OPEN + 9).map(|i| i % 3).sum::<usize>());
        assert_eq!(stream.into_sources().len(), OPEN + 9);
        paths.push("/none/at/all.tsv".into());
        assert!(
            Stream::open(&paths, &ReadOptions::default()).is_err(),
            "missing files are named at the start"
        );
    }

    #[test]
    fn several_labels_are_an_error_with_its_line() {
        let (_folder, paths) = folder(&[(
            "a.jsonl",
            "{\"text\":\"x\",\"label\":\"a\"}\n{\"text\":\"x\",\"labels\":[\"a\",\"b\"]}\n".into(),
        )]);
        let mut stream = Stream::open(&paths, &ReadOptions::default()).unwrap();
        assert!(stream.next().unwrap().is_ok());
        let error = stream.next().unwrap().unwrap_err().to_string();
        assert!(error.contains("a.jsonl:2: several labels"), "{error}");
    }
}
