//! One opened file: decompressed and decoded while it is read, its bytes counted and, where they are to be noted, hashed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::Encoding;
use crate::compression::Compression;
use crate::error::{Error, Result};

/// Bytes that are read at once.
const BUFFER: usize = 1 << 16;

/// A file, or standard input, as UTF-8 text.
pub struct Input {
    reader: Box<dyn BufRead + Send>,
    meter: Meter,
    encoding: Encoding,
}

impl Input {
    /// Opens a file, or standard input for `-`. gzip and Zstandard are known by their first bytes, an encoding that is not named
    /// too.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be opened or read, or is a directory.
    pub fn open(path: &Path, encoding: Encoding) -> Result<Input> {
        Input::with(path, encoding, Meter::default())
    }

    /// Opens a file whose hash is wanted.
    pub(crate) fn hashed(path: &Path, encoding: Encoding) -> Result<Input> {
        Input::with(path, encoding, Meter(Arc::new(Seen { hash: Some(Mutex::default()), ..Seen::default() })))
    }

    fn with(path: &Path, encoding: Encoding, meter: Meter) -> Result<Input> {
        let fail = |error| Error::io(path, error);
        let raw: Box<dyn Read + Send> = if path.as_os_str() == "-" {
            Box::new(io::stdin())
        } else {
            let file = File::open(path).map_err(fail)?;
            if file.metadata().map_err(fail)?.is_dir() {
                let error =
                    io::Error::new(io::ErrorKind::IsADirectory, "is a directory; give the files in it");
                return Err(fail(error));
            }
            Box::new(file)
        };
        let mut reader: Box<dyn BufRead + Send> =
            Box::new(Metered { raw: BufReader::with_capacity(BUFFER, raw), meter: meter.clone() });
        if let Some(compression) = Compression::of(reader.fill_buf().map_err(fail)?) {
            reader = Box::new(BufReader::with_capacity(BUFFER, compression.decoder(reader)));
        }
        let encoding = match encoding {
            Encoding::AUTO => Encoding::detect(reader.fill_buf().map_err(fail)?),
            named => named,
        };
        Ok(Input { reader: encoding.decoded(reader), meter, encoding })
    }

    /// The encoding that it is in.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// What has been read of it, on any thread.
    pub fn meter(&self) -> Meter {
        self.meter.clone()
    }

    /// Its text.
    pub fn into_reader(self) -> Box<dyn BufRead + Send> {
        self.reader
    }
}

/// How much of a file has been read, as it lies on the disk.
#[derive(Clone, Default)]
pub struct Meter(Arc<Seen>);

#[derive(Default)]
struct Seen {
    bytes: AtomicU64,
    hash: Option<Mutex<Sha256>>,
}

impl Meter {
    /// Bytes that were read.
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// Counts bytes that were read past it.
    pub fn advance(&self, bytes: u64) {
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The SHA-256 of what was read, in hexadecimal; empty where no hash was asked for.
    pub(crate) fn sha256(&self) -> String {
        let Some(hash) = &self.0.hash else { return String::new() };
        let hash = hash.lock().unwrap_or_else(PoisonError::into_inner).clone().finalize();
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn note(&self, bytes: &[u8]) {
        self.0.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if let Some(hash) = &self.0.hash {
            hash.lock().unwrap_or_else(PoisonError::into_inner).update(bytes);
        }
    }
}

/// Passes bytes on and notes them.
struct Metered<R> {
    raw: R,
    meter: Meter,
}

impl<R: BufRead> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.raw.read(buffer)?;
        self.meter.note(&buffer[..read]);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.raw.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        // What was filled is still there: no reading, no error.
        if amount > 0
            && let Ok(filled) = self.raw.fill_buf()
        {
            self.meter.note(&filled[..amount.min(filled.len())]);
        }
        self.raw.consume(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (String, Meter) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        std::fs::write(&path, bytes).unwrap();
        let input = Input::hashed(&path, Encoding::AUTO).unwrap();
        let (meter, mut text) = (input.meter(), String::new());
        input.into_reader().read_to_string(&mut text).unwrap();
        (text, meter)
    }

    #[test]
    fn compressed_and_encoded_files_read_as_their_text_and_hash_as_they_lie() {
        let text = "قصفت الطائرات المدينة\n".repeat(9000);
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for compression in [None, Some(Compression::Gzip), Some(Compression::Zstandard)] {
            for plain in [text.as_bytes(), &utf16] {
                let bytes = compression.map_or(plain.to_vec(), |how| how.compress(plain).unwrap());
                let (found, meter) = read(&bytes);
                assert!(found == text, "{compression:?}");
                assert_eq!(meter.bytes(), bytes.len() as u64);
                let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
                assert_eq!(meter.sha256(), hash);
            }
        }
    }
}
