//! What the tokens are worth.

use serde::{Deserialize, Serialize};

use super::contender::Loaded;
use crate::error::Result;

/// Sentences whose way there and back is tried; spread evenly over the sample.
const TRIED: usize = 20_000;

/// What a tokenizer makes of a text, whatever time it takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Tokens a word, where words are what stands between white space.
    pub fertility: f64,
    /// Characters of text a token.
    pub characters_per_token: f64,
    /// The share of tokens that stand for what the vocabulary lacks, from 0 to 1; nothing where there is no vocabulary.
    pub unknown: Option<f64>,
    /// The share of sentences that come back exactly when their tokens are joined (words by a space, pieces as their decoder
    /// does it), from 0 to 1.
    pub exact: f64,
    /// The sentences that this share is of.
    pub tried: u64,
}

/// The quality of a tokenizer on some sentences; nothing for stages.
pub(super) fn quality(
    loaded: &Loaded<'_>,
    sentences: &[&str],
    tokens: u64,
    characters: u64,
    words: u64,
) -> Result<Option<Quality>> {
    let (mut unknown, mut seen, mut exact) = (0u64, 0u64, 0u64);
    let step = sentences.len().div_ceil(TRIED).max(1);
    let tried = sentences.iter().step_by(step);
    let count = tried.len() as u64;
    match loaded {
        Loaded::Words(folded) => {
            let (mut text, mut spans) = (String::new(), Vec::new());
            for sentence in tried {
                text.clear();
                spans.clear();
                folded.cut(sentence, &mut text, &mut spans);
                let words: Vec<&str> = spans.iter().map(|span| &text[span.clone()]).collect();
                exact += u64::from(words.join(" ") == **sentence);
            }
        }
        Loaded::Char(normalizer) => {
            exact = tried.filter(|sentence| normalizer.normalize(sentence) == **sentence).count() as u64;
        }
        _ => {
            let Some(tokenizer) = loaded.subwords() else { return Ok(None) };
            let none = tokenizer.unknown_id();
            for sentence in tried {
                let ids = tokenizer.ids(sentence)?;
                seen += ids.len() as u64;
                unknown += ids.iter().filter(|&&id| Some(id) == none).count() as u64;
                exact += u64::from(tokenizer.decode(&ids)? == **sentence);
            }
        }
    }
    let share = |part: u64, all: u64| if all == 0 { 0.0 } else { part as f64 / all as f64 };
    Ok(Some(Quality {
        fertility: share(tokens, words),
        characters_per_token: share(characters, tokens),
        unknown: loaded.subwords().map(|_| share(unknown, seen)),
        exact: share(exact, count),
        tried: count,
    }))
}
