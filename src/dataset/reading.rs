//! One labelled file being read: its records, and the hash of its bytes.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::read::open;
use super::records::{Record, Records};
use super::{Format, ReadOptions, Source};
use crate::error::{Error, Result};

/// A labelled file, or standard input.
pub(crate) struct Reading {
    path: PathBuf,
    records: Records<Hashing<BufReader<Box<dyn BufRead + Send>>>>,
    count: usize,
}

impl Reading {
    /// Opens a file; its format is the given one, or what its name and its first bytes say.
    ///
    /// # Errors
    /// As [`super::Dataset::read`].
    pub(crate) fn open(path: &Path, options: &ReadOptions) -> Result<Self> {
        let mut reader = BufReader::with_capacity(1 << 16, open(path)?);
        let mut format = options.format_of(path)?;
        if format == Format::Text && options.format.is_none() {
            let start = reader.fill_buf().map_err(|error| Error::io(path, error))?;
            format = format_of_start(start, path.as_os_str() == "-");
        }
        let reader = Hashing { inner: reader, hash: Sha256::new(), bytes: 0 };
        let weighs = !options.record_weights.is_empty() || !options.calibration_weights.is_empty();
        let options = ReadOptions { other_fields: options.other_fields || weighs, ..options.clone() };
        let records = Records::new(reader, path, format, &options, true)?;
        Ok(Reading { path: path.to_owned(), records, count: 0 })
    }

    /// The bytes that the records so far took.
    pub(crate) fn bytes(&self) -> u64 {
        self.records.reader().bytes
    }

    /// What is to be noted of a file that was read to its end.
    pub(crate) fn into_source(self) -> Source {
        let name =
            self.path.file_name().map_or_else(|| "-".into(), |name| name.to_string_lossy().into_owned());
        let hash = self.records.into_reader().hash.finalize();
        let sha256 = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Source { name, sha256, records: self.count }
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

/// Passes bytes on, counts and hashes them.
struct Hashing<R> {
    inner: R,
    hash: Sha256,
    bytes: u64,
}

impl<R: BufRead> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Hashing<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        // What was filled is still there: no reading, no error.
        if amount > 0
            && let Ok(filled) = self.inner.fill_buf()
        {
            self.hash.update(&filled[..amount.min(filled.len())]);
        }
        self.bytes += amount as u64;
        self.inner.consume(amount);
    }
}
