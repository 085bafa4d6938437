//! gzip and Zstandard: told apart by the first bytes when reading, by the name of the file when writing.
//!
//! What is written is a row of whole members (gzip, RFC 1952) or frames (Zstandard, RFC 8878), one for each piece: every reader of
//! these formats takes such a row for one file, the pieces can be compressed side by side, and a file cut between two of
//! them is a whole file.

use std::io::{self, BufRead, Read};
use std::path::Path;

use flate2::bufread::{GzEncoder, MultiGzDecoder};
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// gzip, `.gz`.
    Gzip,
    /// Zstandard, `.zst`.
    Zstandard,
}

impl Compression {
    /// By the first bytes of a file; `None` where they are those of neither.
    pub fn of(start: &[u8]) -> Option<Compression> {
        match start {
            [0x1F, 0x8B, ..] => Some(Compression::Gzip),
            // The magic numbers of a frame and of a frame that holds something else.
            [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => {
                Some(Compression::Zstandard)
            }
            _ => None,
        }
    }

    /// By the extension of a file name.
    ///
    /// ```
    /// use tasnif::compression::Compression;
    ///
    /// assert_eq!(Compression::of_name("labelled.jsonl.zst".as_ref()), Some(Compression::Zstandard));
    /// ```
    pub fn of_name(path: &Path) -> Option<Compression> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "gz" | "gzip" => Some(Compression::Gzip),
            "zst" | "zstd" => Some(Compression::Zstandard),
            _ => None,
        }
    }

    /// A reader of what was compressed into `raw`, all members or frames of it.
    pub(crate) fn decoder<R: BufRead + Send + 'static>(self, raw: R) -> Box<dyn Read + Send> {
        match self {
            Compression::Gzip => Box::new(MultiGzDecoder::new(raw)),
            Compression::Zstandard => Box::new(Zstandard { raw, frame: FrameDecoder::new() }),
        }
    }

    /// `bytes` as one member or frame. The same bytes give the same member.
    ///
    /// # Errors
    /// None that memory does not cause.
    pub fn compress(self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut packed = Vec::new();
        match self {
            Compression::Gzip => {
                GzEncoder::new(bytes, flate2::Compression::default()).read_to_end(&mut packed)?;
            }
            Compression::Zstandard => packed = compress_to_vec(bytes, CompressionLevel::Fastest),
        }
        Ok(packed)
    }
}

/// The path without the extension that says how it is compressed.
pub fn uncompressed_name(path: &Path) -> std::borrow::Cow<'_, Path> {
    match Compression::of_name(path) {
        Some(_) => path.with_extension("").into(),
        None => path.into(),
    }
}

/// The frames of a Zstandard file, one after the other: `pzstd` writes many, and the decoder knows but one.
struct Zstandard<R> {
    raw: R,
    frame: FrameDecoder,
}

impl<R: BufRead> Read for Zstandard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.frame.can_collect() == 0 && !buffer.is_empty() {
            if !self.frame.is_finished() {
                let step = BlockDecodingStrategy::UptoBlocks(1);
                self.frame.decode_blocks(&mut self.raw, step).map_err(io::Error::other)?;
            } else if !self.intact() {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "damaged Zstandard file (checksum)"));
            } else if self.raw.fill_buf()?.is_empty() {
                return Ok(0);
            } else {
                self.begin()?;
            }
        }
        self.frame.read(buffer)
    }
}

impl<R: BufRead> Zstandard<R> {
    /// Whether the frame that was read, if any, is what its checksum, if any, says.
    fn intact(&self) -> bool {
        let stored = self.frame.get_checksum_from_data();
        stored.is_none() || stored == self.frame.get_calculated_checksum()
    }

    /// Reads the header of the next frame; frames that hold no text are passed over.
    fn begin(&mut self) -> io::Result<()> {
        match self.frame.init(&mut self.raw) {
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length, ..
            })) => io::copy(&mut (&mut self.raw).take(u64::from(length)), &mut io::sink()).map(|_| ()),
            begun => begun.map_err(io::Error::other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let compression = Compression::of(bytes).expect("a magic number");
        let mut all = Vec::new();
        compression.decoder(io::Cursor::new(bytes.to_vec())).read_to_end(&mut all)?;
        Ok(all)
    }

    #[test]
    fn pieces_compressed_alone_read_as_one_file_and_a_cut_between_them_is_whole() {
        let pieces: Vec<Vec<u8>> =
            (0..5u32).map(|i| format!("سطر {i}\n").repeat(40_000 * i as usize).into_bytes()).collect();
        for compression in [Compression::Gzip, Compression::Zstandard] {
            let packed: Vec<Vec<u8>> =
                pieces.iter().map(|piece| compression.compress(piece).unwrap()).collect();
            assert!(unpacked(&packed[0]).unwrap().is_empty(), "nothing is a member too");
            assert!(unpacked(&packed.concat()).unwrap() == pieces.concat());
            assert!(unpacked(&packed[..3].concat()).unwrap() == pieces[..3].concat());
            let whole = packed.concat();
            assert!(unpacked(&whole[..whole.len() - 9]).is_err(), "a cut elsewhere is seen");
        }
    }

    #[test]
    fn names_tell_how_to_write() {
        for (name, compression, plain) in [
            ("a/b.jsonl.GZ", Some(Compression::Gzip), "a/b.jsonl"),
            ("b.csv.zst", Some(Compression::Zstandard), "b.csv"),
            ("b.tsv", None, "b.tsv"),
        ] {
            assert_eq!(Compression::of_name(Path::new(name)), compression);
            assert_eq!(uncompressed_name(Path::new(name)), Path::new(plain));
        }
    }
}
