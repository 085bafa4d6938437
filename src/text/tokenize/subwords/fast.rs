//! Ids alone, fast: our own normalizer and pre-tokenizer where we have them, and a cache of pieces before the crate's model.
//!
//! The ids are the crate's to the last one. What is not understood (sampling, added tokens in the text, unusual
//! pre-tokenizers) goes the crate's way, step by step or as a whole.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;
use tokenizers::{
    Model, ModelWrapper, NormalizedString, Normalizer, OffsetReferential, OffsetType, PreTokenizedString,
    PreTokenizer, Tokenizer,
};

use super::cache::Cache;
use super::normal::Normal;
use super::split::Split;
use crate::error::{Error, Result};

/// Texts that one task of a batch takes; the ids do not depend on it.
const CHUNK: usize = 64;

fn refused(error: impl std::fmt::Display) -> Error {
    Error::Tokenizer(error.to_string())
}

/// How a tokenizer's ids are found.
#[derive(Clone)]
pub(super) struct Fast {
    normal: Normal,
    split: Cut,
    added: Added,
    /// Everything is the crate's.
    whole: bool,
    spare: Arc<Mutex<Vec<Scratch>>>,
}

/// Who cuts a text into pieces.
#[derive(Clone)]
enum Cut {
    Ours(Split),
    Crate,
    /// The text is one piece.
    Nobody,
}

/// Buffers and what was seen, kept from text to text.
#[derive(Debug, Default, Clone)]
struct Scratch {
    cache: Cache,
    normalized: String,
    prefixed: String,
    spelled: String,
    found: Vec<u32>,
}

impl Fast {
    pub(super) fn of(tokenizer: &Tokenizer) -> Fast {
        let chance = match tokenizer.get_model() {
            ModelWrapper::BPE(bpe) => bpe.dropout.is_some(),
            ModelWrapper::Unigram(unigram) => unigram.alpha.is_some(),
            _ => false,
        };
        let split = match tokenizer.get_pre_tokenizer() {
            None => Cut::Nobody,
            Some(original) => Split::of(original).map_or(Cut::Crate, Cut::Ours),
        };
        Fast {
            normal: Normal::of(tokenizer.get_normalizer()),
            split,
            added: Added::of(tokenizer),
            whole: chance,
            spare: Arc::default(),
        }
    }

    /// Appends the ids of one text.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] when the tokenizer refuses the text.
    pub(super) fn ids(&self, tokenizer: &Tokenizer, text: &str, out: &mut Vec<u32>) -> Result<()> {
        let mut scratch = self.take();
        let done = self.encode(tokenizer, text, &mut scratch, out);
        self.give_back(scratch);
        done
    }

    /// The ids of many texts, on the threads of the pool.
    pub(super) fn batch<T: AsRef<str> + Sync>(
        &self,
        tokenizer: &Tokenizer,
        texts: &[T],
    ) -> Result<Vec<Vec<u32>>> {
        let parts: Vec<Result<Vec<Vec<u32>>>> = texts
            .par_chunks(CHUNK)
            .map(|texts| {
                let mut scratch = self.take();
                let encode = |text: &T| {
                    let text = text.as_ref();
                    let mut ids = Vec::with_capacity(text.len() / 6);
                    self.encode(tokenizer, text, &mut scratch, &mut ids).map(|()| ids)
                };
                let ids = texts.iter().map(encode).collect();
                self.give_back(scratch);
                ids
            })
            .collect();
        let mut all = Vec::with_capacity(texts.len());
        for part in parts {
            all.append(&mut part?);
        }
        Ok(all)
    }

    fn take(&self) -> Scratch {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn give_back(&self, scratch: Scratch) {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
    }

    fn encode(
        &self,
        tokenizer: &Tokenizer,
        text: &str,
        scratch: &mut Scratch,
        out: &mut Vec<u32>,
    ) -> Result<()> {
        let start = out.len();
        if text.is_empty() {
            return Ok(());
        }
        if self.whole || self.added.in_raw(text) {
            return whole(tokenizer, text, out);
        }
        let Scratch { cache, normalized, prefixed, spelled, found } = scratch;
        let normalized = self.normal.apply(text, normalized)?;
        if self.added.in_normalized(normalized) {
            return whole(tokenizer, text, out);
        }
        let model = tokenizer.get_model();
        let mut ask = |piece: &str, split: Option<&Split>| -> Result<()> {
            let hash = cache.hash(piece);
            if let Some(ids) = cache.get(hash, piece) {
                out.extend_from_slice(ids);
                return Ok(());
            }
            let asked = match split {
                Some(split) => {
                    split.spell(piece, spelled);
                    spelled.as_str()
                }
                None => piece,
            };
            found.clear();
            found.extend(model.tokenize(asked).map_err(refused)?.iter().map(|token| token.id));
            cache.insert(hash, piece, found);
            out.extend_from_slice(found);
            Ok(())
        };
        let done = match &self.split {
            Cut::Nobody if normalized.is_empty() => Ok(()),
            Cut::Nobody => ask(normalized, None),
            Cut::Ours(split)
                if normalized.is_empty() || !split.wants_space() || normalized.starts_with(' ') =>
            {
                split.each(normalized, |piece| ask(piece, Some(split)))
            }
            Cut::Ours(split) => {
                prefixed.clear();
                prefixed.push(' ');
                prefixed.push_str(normalized);
                split.each(prefixed, |piece| ask(piece, Some(split)))
            }
            Cut::Crate => {
                let mut cut = PreTokenizedString::from(normalized);
                if let Some(original) = tokenizer.get_pre_tokenizer() {
                    original.pre_tokenize(&mut cut).map_err(refused)?;
                }
                let pieces = cut.get_splits(OffsetReferential::Original, OffsetType::Byte);
                let mut pieces = pieces.into_iter().filter(|(piece, ..)| !piece.is_empty());
                pieces.try_for_each(|(piece, ..)| ask(piece, None))
            }
        };
        if done.is_err() {
            out.truncate(start);
        }
        done
    }
}

/// The crate's way from the first step to the last.
fn whole(tokenizer: &Tokenizer, text: &str, out: &mut Vec<u32>) -> Result<()> {
    let encoding = tokenizer.encode_fast(text, false).map_err(refused)?;
    out.extend_from_slice(encoding.get_ids());
    Ok(())
}

/// Added tokens, which are cut out of a text before anything else happens to it.
#[derive(Debug, Clone, Default)]
struct Added {
    raw: Contents,
    /// As they are looked for in normalised text.
    normalized: Contents,
}

impl Added {
    fn of(tokenizer: &Tokenizer) -> Added {
        let (mut raw, mut normalized) = (BTreeSet::new(), BTreeSet::new());
        for token in tokenizer.get_added_tokens_decoder().into_values() {
            if !token.normalized {
                raw.insert(token.content);
                continue;
            }
            let mut content = NormalizedString::from(token.content.as_str());
            let done =
                tokenizer.get_normalizer().map_or(Ok(()), |normalizer| normalizer.normalize(&mut content));
            if done.is_ok() {
                normalized.insert(content.get().to_owned());
            }
            normalized.insert(token.content);
        }
        Added { raw: Contents::new(raw), normalized: Contents::new(normalized) }
    }

    fn in_raw(&self, text: &str) -> bool {
        self.raw.in_text(text)
    }

    fn in_normalized(&self, text: &str) -> bool {
        self.normalized.in_text(text)
    }
}

/// Strings to look for.
#[derive(Debug, Clone, Default)]
struct Contents {
    all: Vec<Vec<u8>>,
    /// The bytes they begin with, when these are few.
    first: Option<(u8, u8, u8)>,
}

impl Contents {
    fn new(all: BTreeSet<String>) -> Self {
        let all: Vec<Vec<u8>> =
            all.into_iter().filter(|one| !one.is_empty()).map(String::into_bytes).collect();
        let first: BTreeSet<u8> = all.iter().map(|one| one[0]).collect();
        let first: Vec<u8> = first.into_iter().collect();
        let first = match first[..] {
            [a] => Some((a, a, a)),
            [a, b] => Some((a, b, b)),
            [a, b, c] => Some((a, b, c)),
            _ => None,
        };
        Contents { all, first }
    }

    fn in_text(&self, text: &str) -> bool {
        let text = text.as_bytes();
        let here = |at: usize| self.all.iter().any(|one| text[at..].starts_with(one));
        match self.first {
            _ if self.all.is_empty() => false,
            Some((a, b, c)) => memchr::memchr3_iter(a, b, c, text).any(here),
            None => self.all.iter().any(|one| memchr::memmem::find(text, one).is_some()),
        }
    }
}
