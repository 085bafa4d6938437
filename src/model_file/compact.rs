//! What a model that was shrunk looks like in its file: names without what they share with the one before, no keys (names give
//! them), idf in half floats, weights in half floats or bytes.

use super::tensors::{Tensors, Writer};
use crate::classify::quantize::{self, Precision};
use crate::error::{Error, Result};
use crate::features::hash::{hash_bytes, hash_char};
use crate::features::ngram::{Analyzer, whole_key};
use crate::features::vocabulary::{Names, Vocabulary};

/// Writes a vocabulary: tensor `NAME.coded`, and `NAME.keys` where the names of `analyzer` do not give them.
pub(super) fn write_vocabulary<'a>(
    writer: &mut Writer<'a>,
    name: &str,
    vocabulary: &'a Vocabulary,
    analyzer: Analyzer,
) {
    writer.bytes(format!("{name}.coded"), encode(vocabulary.names()));
    let given = |(name, &key): (&str, &u64)| key_of(name, analyzer) == Some(key);
    if !vocabulary.names().iter().zip(vocabulary.keys()).all(given) {
        writer.u64s(format!("{name}.keys"), vocabulary.keys());
    }
}

/// Reads what [`write_vocabulary`] wrote.
///
/// # Errors
/// [`Error::Parameter`] when tensors are missing or damaged.
pub(super) fn read_vocabulary(tensors: &Tensors<'_>, name: &str, analyzer: Analyzer) -> Result<Vocabulary> {
    let names = decode(tensors.bytes(&format!("{name}.coded")).map_err(Error::Parameter)?)?;
    let own: Option<Vec<u64>> = names.iter().map(|name| key_of(name, analyzer)).collect();
    let keys = match (tensors.u64s(&format!("{name}.keys")), own) {
        (Ok(keys), _) | (Err(_), Some(keys)) => keys,
        (Err(error), None) => return Err(Error::Parameter(error)),
    };
    Vocabulary::from_stored(names, keys)
}

/// The key of the n-gram with this name; none for subwords, which go by ids.
fn key_of(name: &str, analyzer: Analyzer) -> Option<u64> {
    match analyzer {
        Analyzer::Word => Some(whole_key(name.as_bytes().split(|&byte| byte == b' ').map(hash_bytes))),
        Analyzer::Char | Analyzer::CharWb => Some(whole_key(name.chars().map(hash_char))),
        Analyzer::Subword => None,
    }
}

/// Each name as the number of bytes it shares with the one before, the number of its others, and those.
fn encode(names: &Names) -> Vec<u8> {
    let mut out = Vec::new();
    let mut before = "";
    for name in names.iter() {
        let shared = before.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
        number(shared, &mut out);
        number(name.len() - shared, &mut out);
        out.extend_from_slice(&name.as_bytes()[shared..]);
        before = name;
    }
    out
}

fn decode(mut coded: &[u8]) -> Result<Names> {
    let damaged = || Error::Parameter("the names of the features are damaged".into());
    let (mut text, mut ends, mut start) = (Vec::new(), Vec::new(), 0);
    while !coded.is_empty() {
        let shared = read_number(&mut coded).ok_or_else(damaged)?;
        let rest = read_number(&mut coded).ok_or_else(damaged)?;
        let (own, behind) = coded.split_at_checked(rest).ok_or_else(damaged)?;
        if shared > text.len() - start || text.len() + shared + rest > u32::MAX as usize {
            return Err(damaged());
        }
        let next = text.len();
        text.extend_from_within(start..start + shared);
        text.extend_from_slice(own);
        (start, coded) = (next, behind);
        ends.push(text.len() as u32);
    }
    let text = simdutf8::basic::from_utf8(&text).map_err(|_| damaged())?;
    Names::from_parts(text.to_owned(), ends)
}

/// Seven bits a byte, the lowest first; the eighth says that more follow.
fn number(mut value: usize, out: &mut Vec<u8>) {
    while value > 0x7F {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn read_number(coded: &mut &[u8]) -> Option<usize> {
    let mut value = 0;
    for shift in [0, 7, 14, 21, 28] {
        let (&byte, rest) = coded.split_first()?;
        *coded = rest;
        value |= usize::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Writes weights that were rounded to `precision`: tensor `weights`, and for bytes `weights.scale`.
pub(super) fn write_weights(
    writer: &mut Writer<'_>,
    weights: &[f32],
    outputs: usize,
    blocks: &[usize],
    precision: Precision,
) {
    match precision {
        Precision::I8 => {
            let scales = quantize::scales(weights, outputs, blocks);
            writer.i8s("weights".into(), quantize::to_bytes(weights, outputs, blocks, &scales));
            writer.owned_f32s("weights.scale".into(), scales);
        }
        _ => writer.f16s("weights".into(), quantize::to_halves(weights)),
    }
}

/// Reads what [`write_weights`] wrote.
///
/// # Errors
/// [`Error::Parameter`] when tensors are missing or do not fit.
pub(super) fn read_weights(
    tensors: &Tensors<'_>,
    outputs: usize,
    blocks: &[usize],
    precision: Precision,
) -> Result<Vec<f32>> {
    let damaged = Error::Parameter;
    match precision {
        Precision::I8 => {
            let scales = tensors.f32s("weights.scale").map_err(damaged)?;
            quantize::from_bytes(tensors.i8s("weights").map_err(damaged)?, outputs, blocks, &scales)
        }
        _ => read_halves(tensors, "weights"),
    }
}

/// Half floats.
///
/// # Errors
/// [`Error::Parameter`] when there is no such tensor.
pub(super) fn read_halves(tensors: &Tensors<'_>, name: &str) -> Result<Vec<f32>> {
    Ok(tensors.f16s(name).map_err(Error::Parameter)?.map(quantize::from_half).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn names_come_back(mut names in prop::collection::vec("[ab]{0,9}|[ءقصف ]{0,80}|\\PC{0,200}", 0..30)) {
            names.sort_unstable();
            let names = Names::collect(names.iter().map(String::as_str)).unwrap();
            prop_assert_eq!(decode(&encode(&names)).unwrap(), names);
        }

        #[test]
        fn no_bytes_make_reading_names_panic(bytes in prop::collection::vec(prop_oneof![0u8..6, any::<u8>()], 0..40)) {
            if let Ok(names) = decode(&bytes) {
                prop_assert!(names.iter().count() == names.len());
            }
        }
    }
}
