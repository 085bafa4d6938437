//! Blocks of pooled word vectors in a model file.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::tensors::{Tensors, Writer};
use super::{read_vocabulary, write_vocabulary};
use crate::classify::Precision;
use crate::error::{Error, Result};
use crate::features::ngram::Analyzer;
use crate::features::pooled::{Dense, Kind, Pooled, VectorParams};
use crate::features::vocabulary::Vocabulary;
use crate::pipeline::FeatureParams;

/// A block of pooled vectors as the metadata has it: its words are in `words.N`, which blocks share.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PooledKind {
    words: usize,
    folded: bool,
}

/// Blocks for the metadata, and the different vocabularies that they stand on.
pub(super) fn kinds(blocks: &[Pooled]) -> (Vec<PooledKind>, Vec<&Vocabulary>) {
    let mut words: Vec<&Arc<Vocabulary>> = Vec::new();
    let mut kinds = Vec::new();
    for block in blocks {
        // Equal ones are one, so that what was loaded is saved as it was.
        let known = words.iter().position(|known| Arc::ptr_eq(known, &block.words) || **known == block.words);
        let place = known.unwrap_or(words.len());
        if known.is_none() {
            words.push(&block.words);
        }
        kinds.push(PooledKind { words: place, folded: matches!(block.kind, Kind::Folded) });
    }
    (kinds, words.into_iter().map(Arc::as_ref).collect())
}

/// Writes the words of the blocks, each vocabulary once, and what blocks that are not folded need.
pub(super) fn write<'a>(blocks: &'a [Pooled], writer: &mut Writer<'a>, precision: Precision) {
    let (_, words) = kinds(blocks);
    for (index, vocabulary) in words.into_iter().enumerate() {
        write_vocabulary(writer, &format!("words.{index}"), vocabulary, Analyzer::Word, precision);
    }
    for (index, block) in blocks.iter().enumerate() {
        if let Kind::Dense(dense) = &block.kind {
            writer.f32s(format!("pooled.{index}.rows"), &dense.rows);
            writer.f32s(format!("pooled.{index}.factors"), &dense.factors);
            writer.f32s(format!("pooled.{index}.mean"), &dense.mean);
            writer.f32s(format!("pooled.{index}.deviation"), &dense.deviation);
        }
    }
}

/// The blocks in a file, given their options.
///
/// # Errors
/// [`Error::Parameter`] when parts are missing or do not fit.
pub(super) fn read(
    tensors: &Tensors<'_>,
    features: &[FeatureParams],
    kinds: &[PooledKind],
    precision: Precision,
) -> Result<Vec<Pooled>> {
    let damaged = Error::Parameter;
    let params: Vec<&VectorParams> = features
        .iter()
        .filter_map(|block| match block {
            FeatureParams::Vectors(params) => Some(params),
            FeatureParams::Ngrams(_) => None,
        })
        .collect();
    if params.len() != kinds.len() {
        return Err(damaged(format!("{} blocks of vectors but options for {}", kinds.len(), params.len())));
    }
    let mut words: Vec<Arc<Vocabulary>> = Vec::new();
    let mut blocks = Vec::with_capacity(kinds.len());
    for (index, (&params, kind)) in params.iter().zip(kinds).enumerate() {
        params.check()?;
        if kind.words == words.len() {
            let name = format!("words.{}", kind.words);
            words.push(Arc::new(read_vocabulary(tensors, &name, Analyzer::Word, precision)?));
        }
        let of = words.get(kind.words).ok_or_else(|| damaged("a block of vectors without words".into()))?;
        let pooled = match kind.folded {
            true => Kind::Folded,
            false => {
                let part = |name: &str| tensors.f32s(&format!("pooled.{index}.{name}")).map_err(damaged);
                let (rows, factors, mean, deviation) =
                    (part("rows")?, part("factors")?, part("mean")?, part("deviation")?);
                Kind::Dense(Dense::from_parts(of.len(), rows, factors, mean, deviation)?)
            }
        };
        blocks.push(Pooled { params: params.clone(), words: Arc::clone(of), kind: pooled });
    }
    Ok(blocks)
}
