//! Normalizers of a `tokenizer.json` without the bookkeeping of offsets, where only ids are asked for.

use std::sync::Arc;

use tokenizers::NormalizedString;
use tokenizers::normalizers::{BertNormalizer, NormalizerWrapper};
use unicode_normalization::char::canonical_combining_class;

use super::pages::Pages;
use crate::error::{Error, Result};
use crate::text::normalize::Normalizer;
use crate::text::normalize::export::switches_of;

/// A normalizer.
#[derive(Debug, Clone)]
pub(super) enum Normal {
    /// None: text as it is.
    Same,
    /// One of ours, exported and read back.
    Ours(Box<Normalizer>),
    /// BERT's, character by character.
    Bert(Box<Bert>),
    /// Any other: the crate's own.
    Crate(Box<NormalizerWrapper>),
}

impl Normal {
    pub(super) fn of(original: Option<&NormalizerWrapper>) -> Normal {
        match original {
            None => Normal::Same,
            Some(NormalizerWrapper::BertNormalizer(bert)) => {
                Normal::Bert(Box::new(Bert { original: *bert, pages: Arc::new(Pages::new()) }))
            }
            Some(other) => match switches_of(other) {
                Some(switches) => Normal::Ours(Box::new(Normalizer::new(switches))),
                None => Normal::Crate(Box::new(other.clone())),
            },
        }
    }

    /// `text` normalised: itself, or written to `out`.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] as the crate's normalizer says.
    pub(super) fn apply<'a>(&self, text: &'a str, out: &'a mut String) -> Result<&'a str> {
        out.clear();
        match self {
            Normal::Same => return Ok(text),
            Normal::Ours(normalizer) => normalizer.normalize_into(text, out),
            Normal::Bert(bert) => {
                if !bert.apply(text, out) {
                    out.clear();
                    by_crate(&bert.original, text, out)?;
                }
            }
            Normal::Crate(original) => by_crate(original.as_ref(), text, out)?,
        }
        Ok(out)
    }
}

fn by_crate(original: &impl tokenizers::Normalizer, text: &str, out: &mut String) -> Result<()> {
    let mut normalized = NormalizedString::from(text);
    original.normalize(&mut normalized).map_err(|error| Error::Tokenizer(error.to_string()))?;
    out.push_str(normalized.get());
    Ok(())
}

/// `BertNormalizer`, whose steps look at one character each, but for the order of marks.
#[derive(Debug, Clone)]
pub(super) struct Bert {
    original: BertNormalizer,
    pages: Arc<Pages<Fold>>,
}

/// What becomes of a character.
#[derive(Debug, Clone)]
enum Fold {
    Same,
    Put(char),
    Text(Box<str>),
    /// A mark that stays: decomposition may reorder it among its neighbours.
    Mark,
}

impl Bert {
    /// Whether every character could be folded alone.
    fn apply(&self, text: &str, out: &mut String) -> bool {
        let mut done = 0;
        for (at, c) in text.char_indices() {
            match self.pages.get(c, |c| self.learn(c)) {
                Fold::Same => continue,
                fold => {
                    out.push_str(&text[done..at]);
                    done = at + c.len_utf8();
                    match fold {
                        Fold::Put(c) => out.push(*c),
                        Fold::Text(text) => out.push_str(text),
                        Fold::Same | Fold::Mark => return false,
                    }
                }
            }
        }
        out.push_str(&text[done..]);
        true
    }

    fn learn(&self, c: char) -> Fold {
        let mut out = String::new();
        let folded = by_crate(&self.original, c.encode_utf8(&mut [0; 4]), &mut out);
        let mut chars = out.chars();
        match (folded, chars.next(), chars.next()) {
            (Err(_), ..) => Fold::Mark,
            (_, Some(_), _) if out.chars().any(|c| canonical_combining_class(c) != 0) => Fold::Mark,
            (_, Some(one), None) if one == c => Fold::Same,
            (_, Some(one), None) => Fold::Put(one),
            _ => Fold::Text(out.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bert_is_that_of_the_crate(text in "[\u{0}-\u{24F}\u{300}-\u{36F}\u{600}-\u{6FF}\u{1100}-\u{11FF}\u{AC00}-\u{AC20}]{0,20}|\\PC{0,20}", lowercase: bool) {
            for strip in [None, Some(false), Some(true)] {
                let original = BertNormalizer::new(true, true, strip, lowercase);
                let (mut ours, mut theirs) = (String::new(), String::new());
                let normal = Normal::of(Some(&NormalizerWrapper::BertNormalizer(original)));
                let ours = normal.apply(&text, &mut ours).unwrap();
                by_crate(&original, &text, &mut theirs).unwrap();
                prop_assert_eq!(ours, &theirs);
            }
        }
    }
}
