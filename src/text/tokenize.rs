//! Sentences to tokens: words by our own rules, or the pieces of any Hugging Face tokenizer.
//!
//! Both read normalised text and give spans of it; [`crate::text::normalize::Aligned::original`] leads from there to
//! the text as it was written, and [`Token::in_original`] does both steps.

mod folded;
mod subwords;
mod words;

use std::borrow::Cow;
use std::ops::Range;

use crate::text::normalize::Aligned;

pub use folded::FoldedWords;
pub(crate) use subwords::Split;
pub use subwords::SubwordTokenizer;
pub use words::{WordParams, WordTokenizer};

/// A word or a piece of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token<'a> {
    /// The token: a slice of the text for words, the vocabulary entry (`##ing`, `▁كتاب`) for subwords.
    pub text: Cow<'a, str>,
    /// Its bytes in the text that was tokenized.
    pub span: Range<usize>,
}

impl Token<'_> {
    /// Its bytes in the text as it was before normalisation.
    pub fn in_original(&self, aligned: &Aligned) -> Range<usize> {
        aligned.original(self.span.clone())
    }
}
