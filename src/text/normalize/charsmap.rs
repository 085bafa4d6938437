//! A table of character rewrites in the format of SentencePiece (`precompiled_charsmap`), which `tokenizers` reads: a
//! double-array trie over UTF-8 bytes, as Darts-clone writes it, and the texts it leads to.
//!
//! <https://github.com/google/sentencepiece/blob/master/src/normalizer.cc> reads it;
//! <https://github.com/s-yata/darts-clone> defines the units.

use std::collections::BTreeMap;

use tokenizers::normalizers::Precompiled;
use unicode_normalization::UnicodeNormalization;

use super::is_presentation_form;
use crate::error::{Error, Result};

/// Children of a node stand in one block of so many units, at the label: simple, and small enough here.
const BLOCK: usize = 256;
/// A unit that holds a value.
const VALUE: u32 = 1 << 31;
/// The node has a value, at its own offset.
const HAS_LEAF: u32 = 1 << 8;

/// Arabic presentation forms to the letters they show.
pub(super) fn presentation_forms() -> Result<Precompiled> {
    let rewrites = ('\u{FB50}'..='\u{FEFC}').filter(|&c| is_presentation_form(c)).filter_map(|c| {
        let letters: String = std::iter::once(c).nfkc().collect();
        (letters.chars().ne([c])).then_some((c, letters))
    });
    Precompiled::from(&charsmap(rewrites)).map_err(|error| Error::Tokenizer(error.to_string()))
}

/// A node by the bytes that lead to it.
type Node = Vec<u8>;

/// The table of `rewrites`, none of whose characters is ASCII.
fn charsmap(rewrites: impl Iterator<Item = (char, String)>) -> Vec<u8> {
    let mut texts: Vec<u8> = Vec::new();
    let mut values: BTreeMap<Node, u32> = BTreeMap::new();
    let mut children: BTreeMap<Node, Vec<u8>> = BTreeMap::from([(Node::new(), Vec::new())]);
    for (c, text) in rewrites {
        let key = c.to_string().into_bytes();
        for depth in 0..key.len() {
            let labels = children.entry(key[..depth].to_vec()).or_default();
            if labels.last() != Some(&key[depth]) {
                labels.push(key[depth]);
            }
        }
        values.insert(key, texts.len() as u32);
        texts.extend_from_slice(text.as_bytes());
        texts.push(0);
    }
    // The first block is the root's own; blocks of inner nodes follow, then the values.
    let bases: BTreeMap<&Node, usize> =
        children.keys().enumerate().map(|(index, node)| (node, (index + 1) * BLOCK)).collect();
    let first_value = (bases.len() + 1) * BLOCK;
    let mut units = vec![0u32; (first_value + values.len()).next_multiple_of(BLOCK)];
    units[0] = offset(bases[&Node::new()]);
    for (node, labels) in &children {
        for &label in labels {
            let child = [&node[..], &[label]].concat();
            let at = bases[node] ^ usize::from(label);
            units[at] = u32::from(label)
                | match bases.get(&child) {
                    Some(base) => offset(at ^ base),
                    None => {
                        let place = values.range::<Node, _>(..&child).count();
                        HAS_LEAF | offset(at ^ (first_value + place))
                    }
                };
        }
    }
    for (place, text) in values.values().enumerate() {
        units[first_value + place] = VALUE | text;
    }
    let size = (units.len() * 4) as u32;
    let mut bytes = size.to_le_bytes().to_vec();
    bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
    bytes.extend(texts);
    bytes
}

/// The bits of a unit that lead to its children; offsets here stay below 2²¹.
fn offset(to: usize) -> u32 {
    (to as u32) << 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_the_table_is_rewritten_and_nothing_else() {
        let rewrites = [('é', "e"), ('﷽', "بسم"), ('ﺎ', "ا")];
        let table = charsmap(rewrites.iter().map(|&(c, text)| (c, text.to_owned())));
        let table = Precompiled::from(&table).unwrap();
        for (c, text) in rewrites {
            assert_eq!(table.transform(&c.to_string()), Some(text));
        }
        for other in ["è", "e", "ﺏ", "\u{FDFC}", "字", "😀", "\u{0}"] {
            assert_eq!(table.transform(other), None, "{other}");
        }
        assert_eq!(table.transform("ﺎx"), Some("ا"));
    }
}
