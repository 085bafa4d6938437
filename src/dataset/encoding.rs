//! Text in other encodings than UTF-8: UTF-16, windows-1256 and all that the Encoding Standard names, turned into UTF-8 while it
//! is read.
//!
//! Bytes that mean nothing in their encoding become one byte that UTF-8 has no use for, so that the readers of records
//! find them where they stand and name the line.

use std::io::{self, BufRead, BufReader, Read};

use encoding_rs::{Decoder, DecoderResult, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1256};

use crate::error::{Error, Result};

/// The encoding of a text file.
///
/// ```
/// use tasnif::dataset::Encoding;
///
/// let named: Encoding = "windows-1256".parse()?;
/// assert_eq!(named.name(), "windows-1256");
/// assert_eq!(Encoding::default().name(), "auto");
/// assert!("arabic-ish".parse::<Encoding>().is_err());
/// # Ok::<(), tasnif::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Encoding(Option<&'static encoding_rs::Encoding>);

impl Encoding {
    /// Told by the first bytes: see [`Encoding::detect`].
    pub const AUTO: Encoding = Encoding(None);

    /// What this library works in.
    pub const UTF_8: Encoding = Encoding(Some(UTF_8));

    /// Its name in the Encoding Standard, in lower case, or `auto`.
    pub fn name(self) -> String {
        self.0.map_or_else(|| "auto".into(), |encoding| encoding.name().to_ascii_lowercase())
    }

    /// The encoding of a text that begins like `start`: that of its byte-order mark; UTF-16 where every other byte is that of
    /// Latin or Arabic letters; windows-1256 where `start` is not UTF-8 and nearly all bytes above 127 are
    /// Arabic letters there; UTF-8 otherwise.
    pub fn detect(start: &[u8]) -> Encoding {
        let found = match start {
            [0xFF, 0xFE, ..] => UTF_16LE,
            [0xFE, 0xFF, ..] => UTF_16BE,
            [0xEF, 0xBB, 0xBF, ..] => UTF_8,
            _ if is_utf16(start, 1) => UTF_16LE,
            _ if is_utf16(start, 0) => UTF_16BE,
            _ if is_windows_1256(start) => WINDOWS_1256,
            _ => UTF_8,
        };
        Encoding(Some(found))
    }

    /// Reads `raw` as UTF-8.
    pub(crate) fn decoded<R: BufRead + Send + 'static>(self, raw: R) -> Box<dyn BufRead + Send> {
        match self.0 {
            Some(encoding) if encoding != UTF_8 => Box::new(BufReader::with_capacity(
                1 << 16,
                Decoding {
                    raw,
                    // The byte-order mark of UTF-16 is no text; that of UTF-8 is left to the readers of records.
                    decoder: encoding.new_decoder_with_bom_removal(),
                    pending: Vec::new(),
                    taken: 0,
                    ended: false,
                },
            )),
            _ => Box::new(raw),
        }
    }
}

impl std::str::FromStr for Encoding {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        if name.eq_ignore_ascii_case("auto") {
            return Ok(Encoding::AUTO);
        }
        match encoding_rs::Encoding::for_label_no_replacement(name.as_bytes()) {
            Some(encoding) => Ok(Encoding(Some(encoding))),
            None => Err(Error::Parameter(format!(
                "unknown encoding '{name}'; give auto, utf-8, utf-16le, utf-16be, windows-1256 or another name of the Encoding \
                 Standard"
            ))),
        }
    }
}

/// Bytes that are looked at for UTF-16.
const SAMPLE: usize = 1 << 12;

/// Whether the bytes at odd (1) or even (0) places are the high bytes of UTF-16 text: 0 or those of Arabic, and 0 among them (for
/// spaces and digits), which text in no other encoding has.
fn is_utf16(start: &[u8], high: usize) -> bool {
    let sample = &start[..start.len().min(SAMPLE) & !1];
    let (mut zero, mut arabic) = (0, 0);
    for pair in sample.chunks_exact(2) {
        match pair[high] {
            // The low byte of no character that text is made of.
            0 if pair[1 - high] == 0 => return false,
            0 => zero += 1,
            0x06 => arabic += 1,
            _ => {}
        }
    }
    zero > 0 && 10 * (zero + arabic) >= 9 * (sample.len() / 2)
}

/// Whether a text is that of a windows-1256 archive: not UTF-8, and of the bytes above 127 nine in ten are letters and
/// marks of Arabic.
fn is_windows_1256(start: &[u8]) -> bool {
    let Err(error) = std::str::from_utf8(start) else { return false };
    // A character that the end of the sample cut in two is no error.
    if error.error_len().is_none() {
        return false;
    }
    let (mut high, mut letters) = (0usize, 0usize);
    for &byte in start.iter().filter(|byte| **byte >= 0x80) {
        high += 1;
        letters += usize::from(matches!(byte,
            0xC1..=0xD6 | 0xD8..=0xDF | 0xE1 | 0xE3..=0xE6 | 0xEC | 0xED | 0xA1 | 0xBA | 0xBF | 0xF0..=0xF3 | 0xF5 | 0xF6 | 0xF8));
    }
    // UTF-8 Arabic has as many lead bytes (D8, D9), which are letters here, as bytes that are not.
    high >= 16 && 10 * letters >= 9 * high
}

/// A reader that decodes.
struct Decoding<R> {
    raw: R,
    decoder: Decoder,
    /// Decoded bytes, of which so many were taken.
    pending: Vec<u8>,
    taken: usize,
    ended: bool,
}

impl<R: BufRead> Decoding<R> {
    /// Decodes what the reader has at hand.
    fn fill(&mut self) -> io::Result<()> {
        self.pending.clear();
        self.taken = 0;
        let raw = self.raw.fill_buf()?;
        let last = raw.is_empty();
        let room = self.decoder.max_utf8_buffer_length_without_replacement(raw.len()).unwrap_or(1 << 18);
        self.pending.resize(room + 16, 0);
        let (mut read, mut written) = (0, 0);
        loop {
            let (result, more_read, more_written) = self.decoder.decode_to_utf8_without_replacement(
                &raw[read..],
                &mut self.pending[written..],
                last,
            );
            read += more_read;
            written += more_written;
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {
                    let longer = self.pending.len() * 2;
                    self.pending.resize(longer, 0);
                }
                DecoderResult::Malformed(..) => {
                    if written == self.pending.len() {
                        self.pending.push(0);
                    }
                    self.pending[written] = 0xFF;
                    written += 1;
                }
            }
        }
        self.pending.truncate(written);
        self.raw.consume(read);
        self.ended = last;
        Ok(())
    }
}

impl<R: BufRead> Read for Decoding<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.pending.len() && !self.ended {
            self.fill()?;
        }
        let take = buffer.len().min(self.pending.len() - self.taken);
        buffer[..take].copy_from_slice(&self.pending[self.taken..self.taken + take]);
        self.taken += take;
        Ok(take)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "label,text\nstrike,قصفت الطائرات المدينة فجر اليوم 17/2\nother,rain";

    fn utf16(text: &str, little: bool, mark: bool) -> Vec<u8> {
        let mark = if mark { "\u{FEFF}" } else { "" };
        let units = mark.encode_utf16().chain(text.encode_utf16());
        units.flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    }

    /// Reads byte by byte, so that characters are cut everywhere.
    fn decode(encoding: Encoding, bytes: &[u8]) -> Vec<u8> {
        let mut all = Vec::new();
        let raw = BufReader::with_capacity(1, io::Cursor::new(bytes.to_vec()));
        encoding.decoded(raw).read_to_end(&mut all).unwrap();
        all
    }

    #[test]
    fn encodings_are_found_and_decoded() {
        let windows = WINDOWS_1256.encode(TEXT).0.into_owned();
        for (bytes, name) in [
            (TEXT.as_bytes().to_vec(), "utf-8"),
            (utf16(TEXT, true, true), "utf-16le"),
            (utf16(TEXT, false, true), "utf-16be"),
            (utf16(TEXT, true, false), "utf-16le"),
            (utf16(TEXT, false, false), "utf-16be"),
            (windows, "windows-1256"),
        ] {
            let encoding = Encoding::detect(&bytes);
            assert_eq!(encoding.name(), name);
            assert_eq!(String::from_utf8(decode(encoding, &bytes)).unwrap(), TEXT, "{name}");
            assert_eq!(name.parse::<Encoding>().unwrap(), encoding);
        }
    }

    #[test]
    fn a_bad_byte_in_utf8_is_no_other_encoding() {
        for bad in [
            b"\xFF".to_vec(),
            [TEXT.as_bytes(), b"\xFF"].concat(),
            [&b"\xC7\xE1"[..], TEXT.as_bytes()].concat(),
        ] {
            assert_eq!(Encoding::detect(&bad).name(), "utf-8");
        }
        assert_eq!(Encoding::detect(b"").name(), "utf-8");
        assert_eq!(Encoding::detect(&[0; 64]).name(), "utf-8", "zeros are no text");
        assert_eq!(
            Encoding::detect(&TEXT.as_bytes()[..TEXT.find('ق').unwrap() + 1]).name(),
            "utf-8",
            "cut in a letter"
        );
    }

    #[test]
    fn what_means_nothing_becomes_a_byte_that_is_no_utf8() {
        let lone = [utf16("ab", true, true), vec![0x00, 0xD8], utf16("c", true, false)].concat();
        assert_eq!(decode(Encoding::detect(&lone), &lone), b"ab\xFFc");
    }

    proptest! {
        #[test]
        fn utf16_comes_through_whole(text in "\\PC{0,60}", little: bool) {
            let bytes = utf16(&text, little, true);
            prop_assert_eq!(decode(Encoding::detect(&bytes), &bytes), text.trim_start_matches('\u{FEFF}').as_bytes());
        }
    }
}
