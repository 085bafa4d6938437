//! One labelled file being read: its records, and the hash of its bytes.

use std::io;
use std::path::{Path, PathBuf};

use super::input::{Input, Meter};
use super::records::{Record, Records};
use super::{Encoding, Format, ReadOptions, Source};
use crate::error::{Error, Result};

/// A labelled file, or standard input.
pub(crate) struct Reading {
    path: PathBuf,
    records: Box<dyn Iterator<Item = Result<Record>> + Send>,
    meter: Meter,
    count: usize,
}

impl Reading {
    /// Opens a file; its format is the given one, or what its name and its first bytes say.
    ///
    /// # Errors
    /// As [`super::Dataset::read`].
    pub(crate) fn open(path: &Path, options: &ReadOptions) -> Result<Self> {
        let mut format = options.format_of(path)?;
        let encoding = if format.is_columnar() { Encoding::UTF_8 } else { options.encoding };
        let input = Input::hashed(path, encoding)?;
        let (meter, mut reader) = (input.meter(), input.into_reader());
        if format == Format::Text && options.format.is_none() {
            let start = reader.fill_buf().map_err(|error| Error::io(path, error))?;
            format = format_of_start(start, path.as_os_str() == "-");
        }
        let weighs = !options.record_weights.is_empty() || !options.calibration_weights.is_empty();
        let options = ReadOptions { other_fields: options.other_fields || weighs, ..options.clone() };
        let records: Box<dyn Iterator<Item = Result<Record>> + Send> = if format.is_columnar() {
            // Read once for its hash, for its columns lie all over it.
            io::copy(&mut reader, &mut io::sink()).map_err(|error| Error::io(path, error))?;
            columns(path, format, &options)?
        } else {
            Box::new(Records::new(reader, path, format, &options, true)?)
        };
        Ok(Reading { path: path.to_owned(), records, meter, count: 0 })
    }

    /// The bytes that the records so far took.
    pub(crate) fn bytes(&self) -> u64 {
        self.meter.bytes()
    }

    /// What is to be noted of a file that was read to its end.
    pub(crate) fn into_source(self) -> Source {
        let name =
            self.path.file_name().map_or_else(|| "-".into(), |name| name.to_string_lossy().into_owned());
        Source { name, sha256: self.meter.sha256(), records: self.count }
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Iterator for Reading {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Result<Record>> {
        let record = self.records.next();
        self.count += usize::from(matches!(record, Some(Ok(_))));
        record
    }
}

#[cfg(feature = "columnar")]
fn columns(
    path: &Path,
    format: Format,
    options: &ReadOptions,
) -> Result<Box<dyn Iterator<Item = Result<Record>> + Send>> {
    Ok(Box::new(super::columnar::ColumnarRecords::open(path, format, options, true)?))
}

#[cfg(not(feature = "columnar"))]
fn columns(
    path: &Path,
    format: Format,
    _: &ReadOptions,
) -> Result<Box<dyn Iterator<Item = Result<Record>> + Send>> {
    let path = path.display();
    Err(Error::Parameter(format!("{path}: this build reads no {format}: build it with --features columnar")))
}

/// The format of a file whose name does not tell, by its first bytes. fastText files are often called .txt and know
/// themselves by their first word; standard input has no name, and labelled records come as JSONL or as TSV.
fn format_of_start(start: &[u8], standard_input: bool) -> Format {
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start);
    match start {
        _ if start.starts_with(b"__label__") => Format::FastText,
        _ if !standard_input => Format::Text,
        [b'{', ..] => Format::Jsonl,
        _ => Format::Tsv,
    }
}
