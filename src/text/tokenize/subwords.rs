//! Any Hugging Face tokenizer, through the `tokenizers` crate.

mod cache;
mod fast;
mod normal;
mod pages;
mod scores;
mod split;

use std::borrow::Cow;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Token;
use crate::error::{Error, Result};
use fast::Fast;
pub(crate) use split::Split;

/// A tokenizer read from a `tokenizer.json`: BERT WordPiece, byte-level BPE, Unigram, what the file says.
///
/// The JSON is kept as it was read, so that a model file can carry it. Special tokens, truncation and padding are for
/// neural networks and are left out.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SubwordTokenizer {
    json: String,
    tokenizer: tokenizers::Tokenizer,
    fast: Fast,
}

impl SubwordTokenizer {
    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be read, [`Error::Tokenizer`] when it is not a tokenizer.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let json = std::fs::read_to_string(path).map_err(|error| Error::io(path, error))?;
        Self::from_json(json).map_err(|error| match error {
            Error::Tokenizer(message) => Error::Tokenizer(format!("{}: {message}", path.display())),
            other => other,
        })
    }

    /// Reads the text of a `tokenizer.json`.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] when it is not one.
    pub fn from_json(json: String) -> Result<Self> {
        let mut tokenizer: tokenizers::Tokenizer = json
            .parse()
            .map_err(|error| Error::Tokenizer(format!("not a Hugging Face tokenizer.json: {error}")))?;
        let whole = tokenizer.with_truncation(None).map(|_| ()).map_err(|error| error.to_string());
        whole.map_err(Error::Tokenizer)?;
        tokenizer.with_padding(None);
        scores::read_as_python(&mut tokenizer, unigram_unknown(&json))?;
        let fast = Fast::of(&tokenizer);
        Ok(SubwordTokenizer { json, tokenizer, fast })
    }

    /// The JSON it was made from.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The number of entries of its vocabulary, added tokens included.
    pub fn vocabulary_size(&self) -> usize {
        self.tokenizer.get_vocab_size(true)
    }

    /// The pieces of `text`, in order, with their ids.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] when the tokenizer refuses the text (a vocabulary without an unknown token may).
    pub fn encode<'a>(&self, text: &'a str) -> Result<Vec<(u32, Token<'a>)>> {
        let encoding =
            self.tokenizer.encode(text, false).map_err(|error| Error::Tokenizer(error.to_string()))?;
        let pieces = encoding.get_ids().iter().zip(encoding.get_tokens()).zip(encoding.get_offsets());
        Ok(pieces
            .map(|((&id, piece), &(start, end))| {
                (id, Token { text: Cow::Owned(piece.clone()), span: start..end })
            })
            .collect())
    }

    /// The ids of `text`, the same as [`SubwordTokenizer::encode`] gives and many times faster: offsets are not
    /// kept, and pieces seen before are looked up.
    ///
    /// ```
    /// use tasnif::text::tokenize::SubwordTokenizer;
    ///
    /// let json = r##"{"version":"1.0","added_tokens":[],"pre_tokenizer":{"type":"Whitespace"},
    ///     "model":{"type":"WordLevel","vocab":{"[UNK]":0,"هدنة":1},"unk_token":"[UNK]"}}"##;
    /// let tokenizer = SubwordTokenizer::from_json(json.into())?;
    /// assert_eq!(tokenizer.ids("هدنة now")?, [1, 0]);
    /// # Ok::<(), tasnif::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`SubwordTokenizer::encode`].
    pub fn ids(&self, text: &str) -> Result<Vec<u32>> {
        let mut ids = Vec::new();
        self.ids_into(text, &mut ids)?;
        Ok(ids)
    }

    /// Appends [`SubwordTokenizer::ids`] to `out`, which stays as it was on an error.
    ///
    /// # Errors
    /// As [`SubwordTokenizer::encode`].
    pub fn ids_into(&self, text: &str, out: &mut Vec<u32>) -> Result<()> {
        self.fast.ids(&self.tokenizer, text, out)
    }

    /// [`SubwordTokenizer::ids`] of many texts, on the threads of the current rayon pool.
    ///
    /// # Errors
    /// As [`SubwordTokenizer::encode`], of the first text that is refused.
    pub fn ids_of_batch<T: AsRef<str> + Sync>(&self, texts: &[T]) -> Result<Vec<Vec<u32>>> {
        self.fast.batch(&self.tokenizer, texts)
    }

    /// The text that `ids` stand for, special tokens left out, as the decoder of the tokenizer joins pieces.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] when there is no such id, or the decoder fails.
    pub fn decode(&self, ids: &[u32]) -> Result<String> {
        if let Some(id) = ids.iter().find(|&&id| self.tokenizer.id_to_token(id).is_none()) {
            return Err(Error::Tokenizer(format!(
                "no piece has the id {id}; this tokenizer has {}: was the text encoded by another one?",
                self.vocabulary_size()
            )));
        }
        self.tokenizer.decode(ids, true).map_err(|error| Error::Tokenizer(error.to_string()))
    }

    /// The id that stands for what the vocabulary lacks, if there is one.
    pub fn unknown_id(&self) -> Option<u32> {
        use tokenizers::{Model, ModelWrapper};
        match self.tokenizer.get_model() {
            ModelWrapper::BPE(bpe) => bpe.token_to_id(bpe.unk_token.as_ref()?),
            ModelWrapper::WordPiece(pieces) => pieces.token_to_id(&pieces.unk_token),
            ModelWrapper::WordLevel(words) => words.token_to_id(&words.unk_token),
            ModelWrapper::Unigram(_) => unigram_unknown(&self.json),
        }
    }

    /// The tokenizer of the crate.
    pub fn tokenizer(&self) -> &tokenizers::Tokenizer {
        &self.tokenizer
    }
}

/// Unigram models do not show which piece is the unknown one: read where it stands.
fn unigram_unknown(json: &str) -> Option<u32> {
    #[derive(Deserialize)]
    struct File {
        model: Model,
    }
    #[derive(Deserialize)]
    struct Model {
        unk_id: Option<u32>,
    }
    serde_json::from_str::<File>(json).ok()?.model.unk_id
}

impl TryFrom<String> for SubwordTokenizer {
    type Error = Error;

    fn try_from(json: String) -> Result<Self> {
        Self::from_json(json)
    }
}

impl From<SubwordTokenizer> for String {
    fn from(tokenizer: SubwordTokenizer) -> Self {
        tokenizer.json
    }
}

impl PartialEq for SubwordTokenizer {
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json
    }
}

impl std::fmt::Debug for SubwordTokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SubwordTokenizer").field("vocabulary_size", &self.vocabulary_size()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::normalize::Normalizer;

    /// A WordPiece vocabulary small enough to read.
    const WORDPIECE: &str = r###"{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,
        "pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":null,"decoder":null,
        "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,
        "vocab":{"[UNK]":0,"قصف":1,"##ت":2,"مدينه":3,"ال":4,"##مدينه":5}}}"###;

    #[test]
    fn pieces_have_ids_and_offsets_into_the_original() {
        let tokenizer = SubwordTokenizer::from_json(WORDPIECE.into()).unwrap();
        let original = "قَصَفَت المـــدينه now";
        let aligned = Normalizer::default().align(original);
        let pieces = tokenizer.encode(aligned.text()).unwrap();
        let seen: Vec<_> = pieces
            .iter()
            .map(|(id, token)| (*id, token.text.as_ref(), &original[token.in_original(&aligned)]))
            .collect();
        assert_eq!(
            seen,
            [
                (1, "قصف", "قَصَفَ"),
                (2, "##ت", "ت"),
                (4, "ال", "ال"),
                (5, "##مدينه", "مـــدينه"),
                (0, "[UNK]", "now")
            ]
        );
    }

    #[test]
    fn it_survives_serialisation() {
        let tokenizer = SubwordTokenizer::from_json(WORDPIECE.into()).unwrap();
        let json = serde_json::to_string(&tokenizer).unwrap();
        assert_eq!(serde_json::from_str::<SubwordTokenizer>(&json).unwrap(), tokenizer);
    }

    #[test]
    fn a_file_that_is_no_tokenizer_is_an_error_that_names_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "{}").unwrap();
        let error = SubwordTokenizer::from_file(file.path()).unwrap_err().to_string();
        assert!(error.contains(file.path().to_str().unwrap()), "{error}");
        assert!(matches!(SubwordTokenizer::from_file("no/such.json"), Err(Error::Io { .. })));
    }
}
