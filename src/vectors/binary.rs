//! Vectors in one compact file: safetensors with a checksum, rows as whole numbers of one byte with a scale a row, or as
//! `f32`.
//!
//! Whoever wants to shorten vectors to bytes calls [`WordVectors::quantize`], which changes the vectors at hand: what is
//! saved is what was used.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Training, WordVectors};
use crate::error::{Error, Result};
use crate::model_file::tensors::{Tensors, Writer};
use crate::output;

/// The version of the format that this library writes, and the newest that it reads.
const FORMAT: u32 = 1;
/// The key of the metadata that makes a safetensors file one of ours.
const KEY: &str = "tasnif-vectors";

/// What the metadata holds.
#[derive(Serialize, Deserialize)]
struct Header {
    format: u32,
    dim: usize,
    total: u64,
    quantized: bool,
    training: Training,
}

/// The part of the metadata that every version has.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

impl WordVectors {
    /// Shortens every number to one of 255 steps between the smallest and the largest of its row. The file is then a quarter
    /// of the size; a number is off by 1/254 of the row's largest at most.
    pub fn quantize(&mut self) {
        if self.scales.is_some() {
            return;
        }
        let scale = |row: &[f32]| row.iter().fold(0f32, |most, value| most.max(value.abs())) / 127.0;
        let scales: Vec<f32> = self.rows.chunks_exact(self.dim).map(scale).collect();
        for (row, &scale) in self.rows.chunks_exact_mut(self.dim).zip(&scales) {
            row.iter_mut().for_each(|value| *value = f32::from(step(*value, scale)) * scale);
        }
        self.scales = Some(scales);
    }

    /// The bytes of a vectors file.
    ///
    /// # Errors
    /// [`Error::Parameter`] when a part is too large for the format.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let header = Header {
            format: FORMAT,
            dim: self.dim,
            total: self.total,
            quantized: self.scales.is_some(),
            training: self.training.clone(),
        };
        let json = serde_json::to_string(&header).map_err(|error| Error::Parameter(error.to_string()))?;
        let text = self.words.concat();
        let mut end = 0u32;
        let ends: Option<Vec<u32>> = self
            .words
            .iter()
            .map(|word| {
                end = end.checked_add(u32::try_from(word.len()).ok()?)?;
                Some(end)
            })
            .collect();
        let ends =
            ends.ok_or_else(|| Error::Parameter("the words fill more than 4 GiB: keep fewer".into()))?;
        let mut writer = Writer::default();
        let steps: Vec<u8>;
        writer.u64s("counts".into(), &self.counts);
        writer.u32s("ends".into(), &ends);
        writer.bytes("words".into(), text.as_bytes());
        match &self.scales {
            Some(scales) => {
                let rows = self.rows.chunks_exact(self.dim).zip(scales);
                steps = rows
                    .flat_map(|(row, &scale)| {
                        row.iter().map(move |&value| step(value, scale).to_le_bytes()[0])
                    })
                    .collect();
                writer.f32s("scales".into(), scales);
                writer.bytes("rows".into(), &steps);
            }
            None => writer.f32s("rows".into(), &self.rows),
        }
        writer.into_bytes(KEY, json).map_err(|error| Error::Parameter(error.to_string()))
    }

    /// Reads the bytes of a vectors file; `name` is for messages.
    ///
    /// # Errors
    /// [`Error::Model`] for bytes that are no vectors, are damaged, or come from a newer version.
    pub fn from_bytes(bytes: &[u8], name: &Path) -> Result<WordVectors> {
        let fail = |message: String| Error::Model { path: name.to_owned(), message };
        let damaged =
            |message: String| fail(format!("damaged vectors file ({message}); make or download it again"));
        let foreign =
            || fail("no vectors of tasnif, or a damaged file; give what `tasnif vectors train` wrote".into());
        let tensors = Tensors::read(bytes, KEY).map_err(|_| foreign())?.ok_or_else(foreign)?;
        let version: Version =
            serde_json::from_str(&tensors.metadata).map_err(|error| damaged(error.to_string()))?;
        if version.format > FORMAT {
            return Err(fail(format!(
                "vectors format {}, but this version of tasnif reads up to {FORMAT}: update tasnif",
                version.format
            )));
        }
        tensors.verify().map_err(damaged)?;
        Self::assemble(&tensors).map_err(damaged)
    }

    fn assemble(tensors: &Tensors<'_>) -> Result<WordVectors, String> {
        let header: Header = serde_json::from_str(&tensors.metadata).map_err(|error| error.to_string())?;
        let text = std::str::from_utf8(tensors.bytes("words")?).map_err(|error| error.to_string())?;
        let mut start = 0;
        let mut words = Vec::new();
        for end in tensors.u32s("ends")? {
            words.push(text.get(start..end as usize).ok_or("a word out of place")?.to_owned());
            start = end as usize;
        }
        let (rows, scales) = if header.quantized {
            let (steps, scales) = (tensors.bytes("rows")?, tensors.f32s("scales")?);
            if scales.len() != words.len() || scales.len().checked_mul(header.dim) != Some(steps.len()) {
                return Err(format!(
                    "{} words, {} scales, {} numbers",
                    words.len(),
                    scales.len(),
                    steps.len()
                ));
            }
            let rows = steps.chunks(header.dim.max(1)).zip(&scales).flat_map(|(steps, &scale)| {
                steps.iter().map(move |&step| f32::from(i8::from_le_bytes([step])) * scale)
            });
            (rows.collect(), Some(scales))
        } else {
            (tensors.f32s("rows")?, None)
        };
        let counts = tensors.u64s("counts")?;
        let mut vectors = WordVectors::new(words, counts, header.total, header.dim, rows, header.training)
            .map_err(|error| error.to_string())?;
        vectors.scales = scales;
        Ok(vectors)
    }

    /// Writes a vectors file: whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        output::write_atomically(path.as_ref(), &self.to_bytes()?)
    }

    /// Reads a vectors file, or the `.vec` text of word2vec and fastText: the content tells which.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read; otherwise as [`WordVectors::from_bytes`] and [`WordVectors::read_text`].
    pub fn load(path: impl AsRef<Path>) -> Result<WordVectors> {
        let path = path.as_ref();
        let fail = |error| Error::io(path, error);
        let mut file = File::open(path).map_err(fail)?;
        // A safetensors file starts with the length of its header, which is an object; text reads as a huge length.
        let mut start = Vec::new();
        (&mut file).take(9).read_to_end(&mut start).map_err(fail)?;
        if matches!(start[..], [_, _, _, _, 0, 0, 0, 0, b'{']) {
            let mut bytes = start;
            file.read_to_end(&mut bytes).map_err(fail)?;
            return WordVectors::from_bytes(&bytes, path);
        }
        WordVectors::read_text(start.as_slice().chain(file), path)
    }
}

/// The step nearest to a value.
fn step(value: f32, scale: f32) -> i8 {
    if scale > 0.0 { (value / scale).round() as i8 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn vectors() -> WordVectors {
        let words = ["في", "قصف", "هدنة"].map(String::from).into();
        let rows = vec![0.5, -1.0, 0.25, 3.0, 0.0, 0.0, 1e-3, -2e-3, 1e-9];
        WordVectors::new(words, vec![90, 7, 7], 120, 3, rows, Training::default()).unwrap()
    }

    fn quantized() -> WordVectors {
        let mut vectors = vectors();
        vectors.quantize();
        vectors
    }

    fn message(bytes: &[u8]) -> String {
        WordVectors::from_bytes(bytes, Path::new("x.vectors")).unwrap_err().to_string()
    }

    #[test]
    fn what_is_saved_is_what_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.vectors");
        for vectors in [vectors(), quantized()] {
            vectors.save(&path).unwrap();
            let loaded = WordVectors::load(&path).unwrap();
            assert_eq!(loaded, vectors);
            assert_eq!(loaded.to_bytes().unwrap(), std::fs::read(&path).unwrap());
        }
    }

    #[test]
    fn a_step_is_off_by_half_of_itself_at_most_and_quantizing_twice_changes_nothing() {
        let (full, short) = (vectors(), quantized());
        for word in 0..full.len() {
            let most = full.row(word).iter().fold(0f32, |most, value| most.max(value.abs()));
            for (a, b) in full.row(word).iter().zip(short.row(word)) {
                assert!((a - b).abs() <= most / 254.0 * 1.0001, "{a} {b}");
            }
        }
        let mut twice = short.clone();
        twice.quantize();
        assert_eq!(twice.rows, short.rows);
    }

    #[test]
    fn foreign_newer_and_cut_files_are_named_for_what_they_are() {
        assert!(message(b"hello").contains("no vectors of tasnif"));
        let bytes = vectors().to_bytes().unwrap();
        for keep in [bytes.len() - 1, bytes.len() / 2, 9, 8, 1, 0] {
            assert!(message(&bytes[..keep]).starts_with("x.vectors: "), "{keep}");
        }
        let mut writer = Writer::default();
        writer.bytes("x".into(), &[1]);
        let newer = writer.into_bytes(KEY, format!("{{\"format\":{}}}", FORMAT + 1)).unwrap();
        assert!(message(&newer).contains("update tasnif"), "{}", message(&newer));
    }

    #[test]
    fn a_file_that_is_neither_kind_is_an_error_that_names_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"\x89PNG\r\n\x1a\n").unwrap();
        let error = WordVectors::load(file.path()).unwrap_err().to_string();
        assert!(error.contains(file.path().to_str().unwrap()), "{error}");
        assert!(matches!(WordVectors::load("no/such.vectors"), Err(Error::Io { .. })));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn any_changed_byte_is_noticed(at in any::<prop::sample::Index>(), flip in 1u8..) {
            for vectors in [vectors(), quantized()] {
                let mut bytes = vectors.to_bytes().unwrap();
                let at = at.index(bytes.len());
                bytes[at] ^= flip;
                prop_assert!(WordVectors::from_bytes(&bytes, Path::new("m")).is_err());
            }
        }
    }
}
