//! A pipeline on disk: one safetensors file with its options as JSON; nothing in it can run.
//!
//! The header's metadata has one key, `tasnif`, whose value is canonical JSON: format version, options, labels,
//! provenance. Tensors hold the vocabulary, the document frequencies and the weights. The last tensor, `~sha256`, is
//! the SHA-256 of every byte before it, so that damage anywhere is noticed. The same pipeline always gives the same
//! bytes.

mod tensors;

use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::classify::dense::Parts;
use crate::classify::{Calibration, Classifier, ClassifierParams, DenseModel, LinearModel};
use crate::error::{Error, Result};
use crate::features::vectorizer::{Block, Columns, Vectorizer};
use crate::features::vocabulary::{Names, Vocabulary};
use crate::output;
use crate::pipeline::{FeatureParams, Pipeline, PipelineParams, Provenance};
use crate::text::normalize::Normalizer;
use crate::text::tokenize::{SubwordTokenizer, WordTokenizer};
use tensors::{Tensors, Writer};

/// The version of the format that this library writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// The key of the metadata that makes a safetensors file a model of ours.
const KEY: &str = "tasnif";
/// Sorts behind every other tensor of bytes, which themselves come last.
const CHECKSUM: &str = "~sha256";
const CHECKSUM_BYTES: usize = 32;

/// What the metadata holds.
#[derive(Serialize, Deserialize)]
struct Header {
    format: u32,
    params: PipelineParams,
    labels: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subwords: Option<SubwordTokenizer>,
    calibration: Calibration,
    provenance: Provenance,
}

/// The part of the metadata that every version has.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

impl Pipeline {
    /// The bytes of a model file.
    ///
    /// # Errors
    /// [`Error::Parameter`] when a part is too large for the format.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let header = Header {
            format: FORMAT,
            params: self.params.clone(),
            labels: self.labels.clone(),
            subwords: self.vectorizer.subwords.clone(),
            calibration: self.calibration.clone(),
            provenance: self.provenance.clone(),
        };
        let json = serde_json::to_string(&header).map_err(|error| Error::Parameter(error.to_string()))?;
        let mut writer = Writer::default();
        for (index, block) in self.vectorizer.blocks.iter().enumerate() {
            if let Columns::Vocabulary(vocabulary) = &block.columns {
                writer.u64s(format!("block.{index}.keys"), vocabulary.keys());
                writer.u32s(format!("block.{index}.ends"), vocabulary.names().ends());
                writer.bytes(format!("block.{index}.names"), vocabulary.names().text().as_bytes());
            }
            writer.f32s(format!("block.{index}.idf"), &block.idf);
        }
        if let Some(linear) = self.classifier.linear() {
            writer.f32s("weights".into(), linear.weights());
            writer.f32s("intercept".into(), linear.intercept());
        }
        if let Classifier::Dense(dense) = &self.classifier {
            let parts = dense.parts();
            parts.integers.iter().for_each(|(name, values)| writer.u32s(format!("dense.{name}"), values));
            parts.numbers.iter().for_each(|(name, values)| writer.f64s(format!("dense.{name}"), values));
        }
        writer.bytes(CHECKSUM.into(), &[0; CHECKSUM_BYTES]);
        let mut bytes = writer.finish(KEY, json)?;
        let end = bytes.len() - CHECKSUM_BYTES;
        let checksum = Sha256::digest(&bytes[..end]);
        bytes[end..].copy_from_slice(&checksum);
        Ok(bytes)
    }

    /// Reads the bytes of a model file; `name` is for messages.
    ///
    /// # Errors
    /// [`Error::Model`] for bytes that are no model, are damaged, or come from a newer version.
    pub fn from_bytes(bytes: &[u8], name: &Path) -> Result<Pipeline> {
        let fail = |message: String| Error::Model { path: name.to_owned(), message };
        let tensors = Tensors::read(bytes, KEY).map_err(fail)?;
        let version: Version = serde_json::from_str(&tensors.metadata)
            .map_err(|error| fail(format!("damaged model file ({error}); train or download it again")))?;
        if version.format > FORMAT {
            return Err(fail(format!(
                "model format {}, but this version of tasnif reads up to {FORMAT}: update tasnif, or train the model again",
                version.format
            )));
        }
        let end = bytes.len().saturating_sub(CHECKSUM_BYTES);
        if tensors.bytes(CHECKSUM).map_err(fail)? != Sha256::digest(&bytes[..end]).as_slice() {
            return Err(fail(
                "damaged model file (its checksum does not match); train or download it again".into(),
            ));
        }
        Self::assemble(&tensors)
            .map_err(|error| fail(format!("damaged model file ({error}); train or download it again")))
    }

    fn assemble(tensors: &Tensors<'_>) -> Result<Pipeline> {
        let damaged = Error::Parameter;
        let header: Header =
            serde_json::from_str(&tensors.metadata).map_err(|error| damaged(error.to_string()))?;
        let mut blocks = Vec::new();
        for (index, FeatureParams::Ngrams(params)) in header.params.features.iter().enumerate() {
            let columns = match params.hash_bits {
                Some(bits) => {
                    params.check()?;
                    Columns::Hashed { bits }
                }
                None => {
                    let text = tensors.bytes(&format!("block.{index}.names")).map_err(damaged)?.to_vec();
                    let text = String::from_utf8(text).map_err(|error| damaged(error.to_string()))?;
                    let ends = tensors.u32s(&format!("block.{index}.ends")).map_err(damaged)?;
                    let keys = tensors.u64s(&format!("block.{index}.keys")).map_err(damaged)?;
                    Columns::Vocabulary(Vocabulary::from_parts(Names::from_parts(text, ends)?, keys)?)
                }
            };
            let idf = tensors.f32s(&format!("block.{index}.idf")).map_err(damaged)?;
            blocks.push(Block { params: params.clone(), columns, idf });
        }
        let vectorizer = Vectorizer::from_parts(
            Normalizer::new(header.params.normalize),
            WordTokenizer::new(header.params.tokenize.words),
            header.subwords,
            blocks,
        )?;
        let classifier =
            classifier(tensors, &header.params.classifier, header.labels.len(), vectorizer.width())?;
        header.calibration.check(header.labels.len())?;
        Ok(Pipeline {
            calibration: header.calibration,
            classifier,
            params: header.params,
            vectorizer,
            labels: header.labels,
            provenance: header.provenance,
        })
    }

    /// Writes a model file: whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        output::write_atomically(path.as_ref(), &self.to_bytes()?)
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read; otherwise as [`Pipeline::from_bytes`].
    pub fn load(path: impl AsRef<Path>) -> Result<Pipeline> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|error| Error::io(path, error))?;
        Pipeline::from_bytes(&bytes, path)
    }

    /// The model that ships inside this library: sentence types of Arabic conflict news.
    ///
    /// # Errors
    /// [`Error::Model`] when it does not fit this version, which the tests rule out.
    #[cfg(feature = "embedded-model")]
    pub fn embedded() -> Result<Pipeline> {
        Pipeline::from_bytes(EMBEDDED, Path::new("(embedded model)"))
    }
}

/// The classifier of a kind, from its tensors.
fn classifier(
    tensors: &Tensors<'_>,
    params: &ClassifierParams,
    classes: usize,
    width: usize,
) -> Result<Classifier> {
    let damaged = Error::Parameter;
    if let Some(form) = params.dense_form() {
        let mut parts = Parts::default();
        for &name in form.integers() {
            parts.integers.insert(name, tensors.u32s(&format!("dense.{name}")).map_err(damaged)?);
        }
        for &name in form.numbers() {
            parts.numbers.insert(name, tensors.f64s(&format!("dense.{name}")).map_err(damaged)?);
        }
        return Ok(Classifier::Dense(DenseModel::from_parts(form, classes, width, parts)?));
    }
    let weights = tensors.f32s("weights").map_err(damaged)?;
    let intercept = tensors.f32s("intercept").map_err(damaged)?;
    let linear = LinearModel::new(classes, weights, intercept)?;
    if linear.features() != width {
        return Err(damaged(format!("{width} features but {} weights", linear.features())));
    }
    Classifier::from_linear(params, linear)
}

/// The bytes of the model that ships inside this library.
#[cfg(feature = "embedded-model")]
pub const EMBEDDED: &[u8] = include_bytes!("../models/default.tasnif");

/// A short name for a model file: the first twelve hexadecimal digits of its checksum.
pub fn fingerprint(bytes: &[u8]) -> String {
    let checksum = bytes.split_at(bytes.len().saturating_sub(CHECKSUM_BYTES)).1;
    checksum.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Dataset, Example};
    use proptest::prelude::*;

    fn pipeline() -> Pipeline {
        let data: Dataset = [("قصف جوي", "a"), ("بيان وزاري", "b"), ("قصف مدفعي", "a"), ("بيان", "b")]
            .map(|(text, label)| Example::new(text, label))
            .into_iter()
            .collect();
        PipelineParams::default().fit(&data).unwrap()
    }

    fn message(bytes: &[u8]) -> String {
        Pipeline::from_bytes(bytes, Path::new("m.tasnif")).unwrap_err().to_string()
    }

    #[test]
    fn what_is_saved_is_what_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.tasnif");
        let pipeline = pipeline();
        pipeline.save(&path).unwrap();
        let loaded = Pipeline::load(&path).unwrap();
        assert_eq!(loaded, pipeline);
        assert_eq!(loaded.to_bytes().unwrap(), std::fs::read(&path).unwrap());
    }

    #[test]
    fn foreign_and_newer_files_are_named_for_what_they_are() {
        assert!(message(b"hello").contains("not a tasnif model"));
        assert!(message(b"").contains("not a tasnif model"));
        let other = safetensors::serialize(Vec::<(String, safetensors::tensor::TensorView<'_>)>::new(), None);
        assert!(message(&other.unwrap()).contains("not a tasnif model"));
        let mut writer = Writer::default();
        writer.bytes("x".into(), &[1]);
        let newer = writer.finish(KEY, format!("{{\"format\":{},\"anything\":1}}", FORMAT + 1)).unwrap();
        assert!(message(&newer).contains("update tasnif"), "{}", message(&newer));
    }

    #[test]
    fn truncated_files_are_damaged() {
        let bytes = pipeline().to_bytes().unwrap();
        for keep in [bytes.len() - 1, bytes.len() / 2, 9, 8, 1] {
            assert!(message(&bytes[..keep]).starts_with("m.tasnif: "));
        }
    }

    #[test]
    fn a_save_that_fails_leaves_what_stood_there() {
        let folder = tempfile::tempdir().unwrap();
        let error = pipeline().save(folder.path().join("none/model.tasnif")).unwrap_err().to_string();
        assert!(error.contains("none"), "{error}");
        assert!(pipeline().save(folder.path()).is_err(), "a directory");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn any_changed_byte_is_noticed(at in any::<prop::sample::Index>(), flip in 1u8..) {
            thread_local!(static BYTES: Vec<u8> = pipeline().to_bytes().unwrap());
            let mut bytes = BYTES.with(Clone::clone);
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            prop_assert!(Pipeline::from_bytes(&bytes, Path::new("m")).is_err());
        }
    }
}
