//! Raw text as it comes: plain, gzip or Zstandard, told apart by the first bytes, decompressed while it is read.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::compression::Compression;
use crate::error::{Error, Result};

/// Bytes of text that are handed on together.
const BLOCK: usize = 1 << 20;
/// No line of text is longer; a binary file would be one line and fill the memory.
const LONGEST_LINE: usize = 1 << 28;

const NOT_UTF8: &str =
    "not valid UTF-8; convert the file, or give --lossy to go on with a replacement character";

/// Whole lines of a text file, a block at a time.
pub(crate) struct Blocks {
    path: PathBuf,
    reader: Box<dyn Read>,
    seen: Arc<Mutex<Seen>>,
    line: u64,
    lossy: bool,
    /// What was read but not handed on: the start of a line.
    rest: Vec<u8>,
}

impl Blocks {
    /// Opens a file that is read once from start to end: `-` is standard input.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be opened or is a directory.
    pub(crate) fn once(path: &Path, lossy: bool) -> Result<Self> {
        if path.as_os_str() != "-" {
            return Blocks::open(path, lossy);
        }
        Blocks::new(path, Box::new(io::stdin()), lossy).map_err(|error| Error::io(path, error))
    }

    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be opened or is a directory.
    pub(crate) fn open(path: &Path, lossy: bool) -> Result<Self> {
        let fail = |error| Error::io(path, error);
        let file = File::open(path).map_err(fail)?;
        if file.metadata().map_err(fail)?.is_dir() {
            let error = io::Error::new(io::ErrorKind::IsADirectory, "is a directory; give the files in it");
            return Err(fail(error));
        }
        Blocks::new(path, Box::new(file), lossy).map_err(fail)
    }

    fn new(path: &Path, source: Box<dyn Read + Send>, lossy: bool) -> io::Result<Self> {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let mut raw = BufReader::with_capacity(1 << 16, Watched { source, seen: seen.clone() });
        let reader: Box<dyn Read> = match Compression::of(raw.fill_buf()?) {
            Some(compression) => compression.decoder(raw),
            None => Box::new(raw),
        };
        Ok(Blocks { path: path.to_owned(), reader, seen, line: 1, lossy, rest: Vec::new() })
    }

    /// The next lines, each with its end; nothing after the last.
    ///
    /// # Errors
    /// [`Error::Io`] for what cannot be read or decompressed; [`Error::Data`] with the line for bytes that are not
    /// UTF-8.
    pub(crate) fn next_block(&mut self) -> Result<Option<String>> {
        let mut block = std::mem::take(&mut self.rest);
        let end = loop {
            let before = block.len();
            let mut part = (&mut self.reader).take(BLOCK as u64);
            part.read_to_end(&mut block).map_err(|error| Error::io(&self.path, error))?;
            if block.len() == before {
                break before;
            }
            if let Some(at) = memchr::memrchr(b'\n', &block[before..]) {
                break before + at + 1;
            }
            if block.len() > LONGEST_LINE {
                let message = format!("a line of more than {LONGEST_LINE} bytes: is this a text file?");
                return Err(Error::data(&self.path, self.line, message));
            }
        };
        self.rest = block.split_off(end);
        if block.is_empty() {
            return Ok(None);
        }
        let lines = memchr::memchr_iter(b'\n', &block).count() as u64;
        let text = match String::from_utf8(block) {
            Ok(text) => text,
            Err(error) if self.lossy => String::from_utf8_lossy(error.as_bytes()).into_owned(),
            Err(error) => {
                let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = self.line + memchr::memchr_iter(b'\n', valid).count() as u64;
                return Err(Error::data(&self.path, line, NOT_UTF8));
            }
        };
        self.line += lines;
        Ok(Some(text))
    }

    /// How many bytes of the file were read so far, as they lie on the disk.
    pub(crate) fn bytes_read(&self) -> u64 {
        lock(&self.seen).bytes
    }

    /// The SHA-256 of what was read, as it lies on the disk: of the whole file after the last block.
    pub(crate) fn sha256(&self) -> String {
        let hash = lock(&self.seen).hash.clone().finalize();
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Bytes of all files, as they lie on the disk; 0 where that is not known: with `-`, standard input, among them.
pub(crate) fn total_bytes<P: AsRef<Path>>(paths: &[P]) -> u64 {
    let size = |path: &P| std::fs::metadata(path).map_or(0, |data| data.len());
    if paths.iter().any(|path| path.as_ref().as_os_str() == "-") { 0 } else { paths.iter().map(size).sum() }
}

/// Whole lines, about `size` bytes together.
pub(crate) fn pieces(mut block: &str, size: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    while !block.is_empty() {
        let rest = block.as_bytes().get(size..);
        let end = rest.and_then(|rest| memchr::memchr(b'\n', rest)).map_or(block.len(), |at| size + at + 1);
        let (piece, rest) = block.split_at(end);
        pieces.push(piece);
        block = rest;
    }
    pieces
}

/// What went through a [`Watched`] file.
#[derive(Default)]
struct Seen {
    hash: Sha256,
    bytes: u64,
}

fn lock(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A source that notes what is read from it, below whatever decompresses it.
struct Watched {
    source: Box<dyn Read + Send>,
    seen: Arc<Mutex<Seen>>,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        let mut seen = lock(&self.seen);
        seen.hash.update(&buffer[..read]);
        seen.bytes += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::write::GzEncoder;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    use std::io::Write;

    fn read(bytes: &[u8], lossy: bool) -> Result<(String, String)> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("corpus");
        std::fs::write(&path, bytes).unwrap();
        let mut blocks = Blocks::open(&path, lossy)?;
        let mut all = String::new();
        while let Some(block) = blocks.next_block()? {
            all.push_str(&block);
        }
        assert_eq!(blocks.bytes_read(), bytes.len() as u64);
        Ok((all, blocks.sha256()))
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn plain_gzip_and_zstandard_read_the_same_whatever_they_are_called() {
        let text: String = (0..200_000).map(|i| format!("سطر {i}\n")).collect();
        let zstd = |text: &str| compress_to_vec(text.as_bytes(), CompressionLevel::Fastest);
        assert!(text.len() > 2 * BLOCK);
        for bytes in [text.clone().into_bytes(), gzip(&text), zstd(&text)] {
            assert!(read(&bytes, false).unwrap().0 == text);
        }
        let skippable = [0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3];
        let (a, b) = text.split_at(text.len() / 2 / 4 * 4);
        assert!(read(&[gzip(a), gzip(b)].concat(), false).unwrap().0 == text);
        assert!(read(&[&skippable[..], &zstd(a), &skippable, &zstd(b)].concat(), false).unwrap().0 == text);
    }

    #[test]
    fn a_block_ends_where_a_line_ends() {
        let text: String = (0..300_000).map(|i| format!("line {i}\n")).collect::<String>() + "last";
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &text).unwrap();
        let mut blocks = Blocks::open(file.path(), false).unwrap();
        let mut all = Vec::new();
        while let Some(block) = blocks.next_block().unwrap() {
            all.push(block);
        }
        assert!(all.len() > 2 && all.concat() == text);
        let (last, before) = all.split_last().unwrap();
        assert!(before.iter().all(|block| block.ends_with('\n')) && last == "last");
    }

    #[test]
    fn the_hash_is_that_of_the_file() {
        // printf 'abc' | sha256sum
        assert!(read(b"abc", false).unwrap().1.starts_with("ba7816bf8f01cfea"));
    }

    #[test]
    fn bytes_that_are_not_utf8_are_named_by_line() {
        let error = read(b"one\ntwo\n\xFF\n", false).unwrap_err().to_string();
        assert!(error.contains("corpus:3: ") && error.contains("--lossy"), "{error}");
        assert_eq!(read(b"one\n\xFF\n", true).unwrap().0, "one\n\u{FFFD}\n");
    }

    #[test]
    fn damaged_archives_and_directories_are_errors_that_name_the_file() {
        let whole = compress_to_vec("some text\n".repeat(1000).as_bytes(), CompressionLevel::Fastest);
        for bytes in [&whole[..whole.len() / 2], &gzip("some text\n")[..15]] {
            let error = read(bytes, false).unwrap_err().to_string();
            assert!(error.contains("corpus: "), "{error}");
        }
        let error = Blocks::open(&std::env::temp_dir(), false).err().unwrap().to_string();
        assert!(error.contains("is a directory"), "{error}");
    }
}
