//! Learn a subword vocabulary from raw text, and write it as a Hugging Face `tokenizer.json`.
//!
//! The corpus is streamed, normalised and cut on all cores, and its words are counted in bounded memory. Pairs are merged (BPE,
//! WordPiece) by the trainers of the `tokenizers` crate, with whatever they leave to the order of a hash table put in order
//! first; the Unigram model is learned by a trainer of our own. So the same text gives the same file on any number of threads.
//! The normaliser is exported with it ([`crate::text::normalize::export`]): Python's `tokenizers` loads the file and gives the same
//! ids.
//!
//! ```
//! use tasnif::text::tokenize::SubwordTokenizer;
//! use tasnif::tokenizer::{ModelKind, TrainParams, train};
//!
//! let corpus = tempfile::NamedTempFile::new().unwrap();
//! std::fs::write(corpus.path(), "أعلنت اللجنة وقف النار\nاعلنت اللجنه هدنة\n".repeat(10)).unwrap();
//! let params = TrainParams { vocab_size: 60, ..TrainParams::new(ModelKind::WordPiece) };
//! let json = train(&[corpus.path()], &params, |_| {})?.json;
//! let tokenizer = SubwordTokenizer::from_json(json)?;
//! assert_eq!(tokenizer.ids("أعلنتِ")?, tokenizer.ids("اعلنت")?, "the normaliser is in the file");
//! # Ok::<(), tasnif::Error>(())
//! ```

mod count;
mod train;
mod unigram;

pub use count::{Progress, Step};
pub use train::{Trained, train};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::text::normalize::Switches;

/// What a vocabulary is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelKind {
    /// Byte-level byte-pair encoding, as GPT-2's: no text is unknown.
    Bpe,
    /// WordPiece, as BERT's: `##` marks what continues a word.
    WordPiece,
    /// A unigram language model over pieces, as SentencePiece's: `▁` marks a space.
    Unigram,
    /// Whole words, the most frequent ones.
    WordLevel,
}

impl ModelKind {
    /// All, in the order of their names in help texts.
    pub const ALL: [ModelKind; 4] =
        [ModelKind::Bpe, ModelKind::WordPiece, ModelKind::Unigram, ModelKind::WordLevel];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            ModelKind::Bpe => "bpe",
            ModelKind::WordPiece => "wordpiece",
            ModelKind::Unigram => "unigram",
            ModelKind::WordLevel => "wordlevel",
        }
    }

    /// The token for what the vocabulary lacks.
    pub fn unknown(self) -> Option<&'static str> {
        match self {
            ModelKind::Bpe => None,
            ModelKind::WordPiece | ModelKind::WordLevel => Some("[UNK]"),
            ModelKind::Unigram => Some("<unk>"),
        }
    }
}

impl std::fmt::Display for ModelKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl std::str::FromStr for ModelKind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        ModelKind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            Error::Parameter(format!(
                "unknown model '{name}'; give one of bpe, wordpiece, unigram, wordlevel"
            ))
        })
    }
}

/// The options of [`train()`].
#[derive(Debug, Clone, PartialEq)]
pub struct TrainParams {
    /// What the vocabulary is made of.
    pub model: ModelKind,
    /// Entries of the vocabulary, special tokens and single characters included; it may come out smaller where the text
    /// has no more.
    pub vocab_size: usize,
    /// Pairs (for Unigram: pieces of more than one character, for words: words) that occur less often are not learned.
    pub min_frequency: u64,
    /// The folds that stand in the file as its normalizer.
    pub normalize: Switches,
    /// Tokens that are never cut and come first in the vocabulary. The unknown token is added where the model needs one.
    pub special_tokens: Vec<String>,
    /// Read bytes that are not UTF-8 as the replacement character.
    pub lossy: bool,
    /// Distinct words to learn from: the most frequent ones. It bounds the memory of training, which knows no other bound.
    pub max_words: usize,
}

impl TrainParams {
    /// 16,000 entries, pairs that occur twice, the folds for Arabic news; 500,000 words, which keeps the memory under 1 GB.
    pub fn new(model: ModelKind) -> Self {
        TrainParams {
            model,
            vocab_size: 16_000,
            min_frequency: 2,
            normalize: Switches::arabic(),
            special_tokens: Vec::new(),
            lossy: false,
            max_words: 500_000,
        }
    }
}
