//! Lines of text, with their numbers.

use std::io::BufRead;
use std::path::Path;

use crate::error::{Error, Result};

/// What is said of bytes that are not UTF-8: what to do about them.
pub const NOT_UTF8: &str = "not valid UTF-8; name the encoding with --encoding, or give --lossy to go on with a replacement character";

/// The lines of a reader: LF or CR LF ends, no byte-order mark.
pub(super) struct Lines<R> {
    reader: R,
    number: u64,
    bytes: Vec<u8>,
    lossy: String,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Lines { reader, number: 0, bytes: Vec::new(), lossy: String::new() }
    }

    /// The next line without its end, and its number from 1.
    pub(super) fn next(&mut self, name: &Path, lossy: bool) -> Option<Result<(&str, u64)>> {
        self.bytes.clear();
        match self.reader.read_until(b'\n', &mut self.bytes) {
            Err(error) => return Some(Err(Error::io(name, error))),
            Ok(0) => return None,
            Ok(_) => self.number += 1,
        }
        let mut line = self.bytes.as_slice();
        line = line.strip_suffix(b"\n").unwrap_or(line);
        line = line.strip_suffix(b"\r").unwrap_or(line);
        if self.number == 1 {
            line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        }
        match std::str::from_utf8(line) {
            Ok(line) => Some(Ok((line, self.number))),
            Err(_) if lossy => {
                self.lossy = String::from_utf8_lossy(line).into_owned();
                Some(Ok((&self.lossy, self.number)))
            }
            Err(_) => Some(Err(Error::data(name, self.number, NOT_UTF8))),
        }
    }
}
