//! Labelled files, read with all that findings are told by.

use std::path::{Path, PathBuf};

use super::columns::{Column, Columns};
use crate::dataset::{Dataset, Example, ReadOptions, Reading};
use crate::error::{Error, Result};

/// Malformed records that one error lists at most.
const MOST_ERRORS: usize = 10;

/// Where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Its file, as an index of [`Corpus::files`].
    pub file: usize,
    /// The line on which it starts, from 1.
    pub line: u64,
}

/// Labelled records, training data before test data, with their origins and their other fields.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Corpus {
    /// The records.
    pub data: Dataset,
    /// How many of them, the first ones, are training data.
    pub train: usize,
    /// Where each record stands.
    pub origins: Vec<Origin>,
    /// The files.
    pub files: Vec<PathBuf>,
    /// The fields that are neither text nor label, group or weight, sorted by name.
    pub columns: Vec<Column>,
}

impl Corpus {
    /// Reads training files, then test files. A malformed record is no reason to stop reading: the error lists the first
    /// ten, so that they can be mended in one go.
    ///
    /// # Errors
    /// [`Error::Io`] for a file that cannot be read; [`Error::Data`] for one malformed record, [`Error::Dataset`] for several.
    pub fn read(
        train: &[impl AsRef<Path>],
        test: &[impl AsRef<Path>],
        options: &ReadOptions,
    ) -> Result<Corpus> {
        let options = ReadOptions { other_fields: true, ..options.clone() };
        let mut corpus = Corpus::default();
        let (mut columns, mut malformed) = (Columns::default(), Vec::new());
        for path in train {
            corpus.add(path.as_ref(), &options, &mut columns, &mut malformed)?;
        }
        corpus.train = corpus.data.len();
        for path in test {
            corpus.add(path.as_ref(), &options, &mut columns, &mut malformed)?;
        }
        match malformed.len() {
            0 => {}
            1 => return Err(malformed.remove(0)),
            more => {
                let count = if more == MOST_ERRORS { format!("{more} or more") } else { more.to_string() };
                let lines: Vec<String> = malformed.iter().map(|error| format!("\n  {error}")).collect();
                return Err(Error::Dataset(format!("{count} records cannot be read:{}", lines.concat())));
            }
        }
        corpus.columns = columns.finish(corpus.data.len());
        Ok(corpus)
    }

    fn add(
        &mut self,
        path: &Path,
        options: &ReadOptions,
        columns: &mut Columns,
        malformed: &mut Vec<Error>,
    ) -> Result<()> {
        let mut reading = Reading::open(path, options)?;
        let file = self.files.len();
        self.files.push(path.to_owned());
        while malformed.len() < MOST_ERRORS {
            match reading.next() {
                None => break,
                Some(Err(error @ Error::Data { .. })) => malformed.push(error),
                Some(Err(error)) => return Err(error),
                Some(Ok(mut record)) => {
                    columns.push(self.data.len(), std::mem::take(&mut record.fields));
                    self.origins.push(Origin { file, line: record.line });
                    self.data.examples.push(Example::from(record));
                }
            }
        }
        self.data.sources.push(reading.into_source());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)], train: usize) -> Result<Corpus> {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = files.iter().map(|(name, _)| folder.path().join(name)).collect();
        for (path, (_, content)) in paths.iter().zip(files) {
            std::fs::write(path, content).unwrap();
        }
        Corpus::read(&paths[..train], &paths[train..], &ReadOptions::default())
    }

    #[test]
    fn records_know_file_line_and_fields_whatever_the_format() {
        let corpus = read(
            &[
                ("a.jsonl", "{\"text\":\"x\",\"label\":\"l\",\"voice\":\"tv\"}\n"),
                ("b.csv", "text,label,voice\n\"two\nlines\",l,\ny,l,press\n"),
                ("c.tsv", "l\tz\n"),
            ],
            2,
        )
        .unwrap();
        let places: Vec<_> = corpus.origins.iter().map(|origin| (origin.file, origin.line)).collect();
        assert_eq!(places, [(0, 1), (1, 2), (1, 4), (2, 1)]);
        assert_eq!((corpus.train, corpus.data.len()), (3, 4));
        let values: Vec<_> = (0..4).map(|record| corpus.columns[0].value(record)).collect();
        assert_eq!(values, [Some("tv"), None, Some("press"), None]);
        assert_eq!(corpus.data.sources[1].records, 2);
    }

    #[test]
    fn all_malformed_records_are_told_at_once() {
        let error = read(&[("a.tsv", "no tab\nl\tx\nnone here\n")], 1).unwrap_err().to_string();
        assert!(error.starts_with("2 records cannot be read:"), "{error}");
        assert!(error.contains("a.tsv:1: no tab") && error.contains("a.tsv:3: no tab"), "{error}");
        let one = read(&[("a.tsv", "l\tx\nnone here\n")], 1).unwrap_err();
        assert!(matches!(one, Error::Data { line: 2, .. }), "{one}");
        let many = read(&[("a.tsv", &"no tab\n".repeat(99))], 1).unwrap_err().to_string();
        assert!(many.starts_with("10 or more records") && many.lines().count() == 11, "{many}");
    }
}
