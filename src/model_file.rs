//! A pipeline on disk: one safetensors file with its options as JSON; nothing in it can run.
//!
//! The header's metadata has one key, `tasnif`, whose value is canonical JSON: format version, options, labels,
//! provenance. Tensors hold the vocabulary, the document frequencies and the weights (or, as JSON, what a dense
//! classifier learned). The last tensor, `~sha256`, is the SHA-256 of every byte before it, so that damage anywhere is
//! noticed. The same pipeline always gives the same bytes.

mod compact;
pub(crate) mod online;
mod pooled;
pub(crate) mod tensors;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::classify::quantize;
use crate::classify::{
    Calibration, Classifier, ClassifierParams, ConformalScores, DenseModel, LinearModel, Precision,
};
use crate::error::{Error, Result};
use crate::features::ngram::Analyzer;
use crate::features::vectorizer::{Block, Columns, Vectorizer};
use crate::features::vocabulary::{Names, Vocabulary};
use crate::output::AtomicFile;
use crate::pipeline::{Fast, FeatureParams, LabelRule, Pipeline, PipelineParams, Provenance};
use crate::text::normalize::Normalizer;
use crate::text::tokenize::{SubwordTokenizer, WordTokenizer};
use tensors::{CHECKSUM_BYTES, Tensors, Writer};

/// The newest version of the format, which this library writes where it has to: 2 for models that were shrunk, 1 for others. It reads
/// both.
pub const FORMAT: u32 = 2;

/// The key of the metadata that makes a safetensors file a model of ours.
const KEY: &str = "tasnif";

/// What the metadata holds.
#[derive(Serialize, Deserialize)]
struct Header {
    format: u32,
    params: PipelineParams,
    labels: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subwords: Option<SubwordTokenizer>,
    /// What the columns of each block of pooled vectors are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pooled: Vec<pooled::PooledKind>,
    calibration: Calibration,
    /// Of a multi-label pipeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rules: Option<Vec<LabelRule>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conformal: Option<ConformalScores>,
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
        let fail = |error: std::io::Error| Error::Parameter(error.to_string());
        self.writer().into_bytes(KEY, self.header()?).map_err(fail)
    }

    fn header(&self) -> Result<String> {
        let (pooled, _) = pooled::kinds(&self.vectorizer.pooled);
        let header = Header {
            format: if self.precision() == Precision::F32 { 1 } else { FORMAT },
            params: self.params.clone(),
            labels: self.labels.clone(),
            subwords: self.vectorizer.subwords.clone(),
            pooled,
            calibration: self.calibration.clone(),
            rules: self.rules.clone(),
            conformal: self.conformal.clone(),
            provenance: self.provenance.clone(),
        };
        serde_json::to_string(&header).map_err(|error| Error::Parameter(error.to_string()))
    }

    fn writer(&self) -> Writer<'_> {
        let mut writer = Writer::default();
        let precision = self.precision();
        for (index, block) in self.vectorizer.blocks.iter().enumerate() {
            let name = format!("block.{index}");
            if let Columns::Vocabulary(vocabulary) = &block.columns {
                write_vocabulary(&mut writer, &name, vocabulary, block.params.analyzer, precision);
            }
            match precision {
                Precision::F32 => writer.f32s(format!("{name}.idf"), &block.idf),
                _ => writer.f16s(format!("{name}.idf"), quantize::to_halves(&block.idf)),
            }
        }
        pooled::write(&self.vectorizer.pooled, &mut writer, precision);
        match &self.classifier {
            Classifier::Online(model) => online::write(model, &mut writer),
            Classifier::Dense(model) => writer.bytes("dense".into(), model.to_json()),
            Classifier::Logistic(linear)
            | Classifier::Svm(linear)
            | Classifier::NaiveBayes(linear)
            | Classifier::Nbsvm(linear)
            | Classifier::Average(linear) => {
                match precision {
                    Precision::F32 => writer.f32s("weights".into(), linear.weights()),
                    _ => {
                        let (outputs, blocks) = (linear.outputs(), self.vectorizer.widths());
                        compact::write_weights(&mut writer, linear.weights(), outputs, &blocks, precision);
                    }
                }
                writer.f32s("intercept".into(), linear.intercept());
            }
        }
        writer
    }

    /// Reads the bytes of a model file; `name` is for messages.
    ///
    /// # Errors
    /// [`Error::Model`] for bytes that are no model, are damaged, or come from a newer version.
    pub fn from_bytes(bytes: &[u8], name: &Path) -> Result<Pipeline> {
        let fail = |message: String| Error::Model { path: name.to_owned(), message };
        let damaged = |error: String| {
            fail(format!("damaged or truncated model file ({error}); train or download it again"))
        };
        let foreign = || fail("not a tasnif model file; give one that `tasnif train` wrote".into());
        let tensors = Tensors::read(bytes, KEY).map_err(damaged)?.ok_or_else(foreign)?;
        let version: Version =
            serde_json::from_str(&tensors.metadata).map_err(|error| damaged(error.to_string()))?;
        if version.format > FORMAT {
            return Err(fail(format!(
                "model format {}, but this version of tasnif reads up to {FORMAT}: update tasnif, or train the model again",
                version.format
            )));
        }
        tensors.verify().map_err(damaged)?;
        Self::assemble(&tensors).map_err(|error| damaged(error.to_string()))
    }

    fn assemble(tensors: &Tensors<'_>) -> Result<Pipeline> {
        let damaged = Error::Parameter;
        let header: Header =
            serde_json::from_str(&tensors.metadata).map_err(|error| damaged(error.to_string()))?;
        let precision = header.provenance.precision();
        // Names and keys of words with vectors beside those of n-grams: half of the time that loading takes.
        let (blocks, pooled) = rayon::join(
            || Self::read_blocks(tensors, &header.params.features, precision),
            || pooled::read(tensors, &header.params.features, &header.pooled, precision),
        );
        let vectorizer = Vectorizer::from_parts(
            Normalizer::new(header.params.normalize),
            WordTokenizer::new(header.params.tokenize.words),
            header.subwords,
            blocks?,
            pooled?,
        )?;
        let (classes, width) = (header.labels.len(), vectorizer.width());
        let classifier = match (&header.params.classifier, &header.rules) {
            (ClassifierParams::Online(_), _) => {
                let learner = online::read(tensors, width, classes)?;
                Some(Classifier::Online(learner.into_model(&Vec::from_iter(0..classes))?))
            }
            (params, None) if !params.is_linear() => {
                let json = tensors.bytes("dense").map_err(damaged)?;
                Some(Classifier::Dense(DenseModel::from_json(json, classes, width)?))
            }
            (params, rules) => {
                let intercept = tensors.f32s("intercept").map_err(damaged)?;
                let weights = match precision {
                    Precision::F32 => tensors.f32s("weights").map_err(damaged)?,
                    _ => compact::read_weights(tensors, intercept.len(), &vectorizer.widths(), precision)?,
                };
                let linear = match rules {
                    Some(rules) => {
                        rules.iter().try_for_each(LabelRule::check)?;
                        if rules.len() != classes {
                            return Err(damaged(format!("{classes} labels but {} rules", rules.len())));
                        }
                        LinearModel::independent(classes, weights, intercept)?
                    }
                    None => LinearModel::new(classes, weights, intercept)?,
                };
                Classifier::from_linear(params, linear)
            }
        };
        let classifier = classifier.ok_or_else(|| damaged("an unknown kind of classifier".into()))?;
        if let Some(linear) = classifier.linear().filter(|linear| linear.features() != width) {
            return Err(damaged(format!("{width} features but {} weights", linear.features())));
        }
        if header.rules.is_none() {
            header.calibration.check(header.labels.len())?;
        }
        header.conformal.iter().try_for_each(ConformalScores::check)?;
        Ok(Pipeline {
            calibration: header.calibration,
            classifier,
            params: header.params,
            vectorizer,
            labels: header.labels,
            rules: header.rules,
            conformal: header.conformal,
            provenance: header.provenance,
            fast: Fast::default(),
        })
    }

    fn read_blocks(
        tensors: &Tensors<'_>,
        features: &[FeatureParams],
        precision: Precision,
    ) -> Result<Vec<Block>> {
        let mut blocks = Vec::new();
        for (index, params) in features.iter().filter_map(FeatureParams::ngrams).enumerate() {
            let columns = match params.hash_bits {
                Some(bits) => {
                    params.check()?;
                    Columns::Hashed { bits }
                }
                None => {
                    let name = format!("block.{index}");
                    Columns::Vocabulary(read_vocabulary(tensors, &name, params.analyzer, precision)?)
                }
            };
            let name = format!("block.{index}.idf");
            let idf = match precision {
                Precision::F32 => tensors.f32s(&name).map_err(Error::Parameter)?,
                _ => compact::read_halves(tensors, &name)?,
            };
            blocks.push(Block { params: params.clone(), columns, idf });
        }
        Ok(blocks)
    }

    /// Writes a model file: whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let header = self.header()?;
        let mut file = AtomicFile::create(path)?;
        self.writer().write(KEY, header, &mut file).map_err(|error| Error::io(path, error))?;
        file.finish()
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

fn write_vocabulary<'a>(
    writer: &mut Writer<'a>,
    name: &str,
    vocabulary: &'a Vocabulary,
    analyzer: Analyzer,
    precision: Precision,
) {
    if precision != Precision::F32 {
        return compact::write_vocabulary(writer, name, vocabulary, analyzer);
    }
    writer.u64s(format!("{name}.keys"), vocabulary.keys());
    writer.u32s(format!("{name}.ends"), vocabulary.names().ends());
    writer.bytes(format!("{name}.names"), vocabulary.names().text().as_bytes());
}

fn read_vocabulary(
    tensors: &Tensors<'_>,
    name: &str,
    analyzer: Analyzer,
    precision: Precision,
) -> Result<Vocabulary> {
    if precision != Precision::F32 {
        return compact::read_vocabulary(tensors, name, analyzer);
    }
    let damaged = Error::Parameter;
    let text = tensors.bytes(&format!("{name}.names")).map_err(damaged)?.to_vec();
    let text = String::from_utf8(text).map_err(|error| damaged(error.to_string()))?;
    let ends = tensors.u32s(&format!("{name}.ends")).map_err(damaged)?;
    let keys = tensors.u64s(&format!("{name}.keys")).map_err(damaged)?;
    Vocabulary::from_stored(Names::from_parts(text, ends)?, keys)
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
        let newer = writer.into_bytes(KEY, format!("{{\"format\":{},\"anything\":1}}", FORMAT + 1)).unwrap();
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
