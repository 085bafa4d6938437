//! From counted words to a `tokenizer.json`.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use ahash::{AHashMap, RandomState};
use compact_str::CompactString;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::models::unigram::Unigram;
use tokenizers::models::wordlevel::WordLevel;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::{AddedToken, DecoderWrapper, ModelWrapper, Tokenizer};

use super::count::{Counts, count};
use super::{ModelKind, Progress, Step, TrainParams, unigram};
use crate::error::{Error, Result};
use crate::text::normalize::export::to_tokenizers;
use crate::text::tokenize::Split;

/// What continues a word, in WordPiece.
const CONTINUING: &str = "##";
/// The bytes of byte-level vocabularies.
const BYTES: usize = 256;

fn refused(error: impl std::fmt::Display) -> Error {
    Error::Tokenizer(error.to_string())
}

/// A learned tokenizer, and what it was learned from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trained {
    /// The `tokenizer.json`.
    pub json: String,
    /// Entries of its vocabulary.
    pub vocab_size: usize,
    /// Words of the corpus, as the pre-tokenizer cuts them.
    pub words: u64,
    /// Distinct words it was learned from.
    pub distinct_words: usize,
    /// Lines of the corpus.
    pub lines: u64,
    /// Bytes of text, decompressed.
    pub bytes: u64,
}

/// Learns a vocabulary from files of text, plain, gzip or Zstandard, a paragraph a line; `-` is standard input. The same files and
/// options give the same JSON on any number of threads.
///
/// # Errors
/// [`Error::Io`] and [`Error::Data`] as the files give cause; [`Error::Parameter`] for a vocabulary too small for the characters of
/// the text; [`Error::Dataset`] when there are no words.
pub fn train<P: AsRef<Path>>(
    paths: &[P],
    params: &TrainParams,
    mut progress: impl FnMut(Progress),
) -> Result<Trained> {
    let special = special_tokens(params);
    let pre_tokenizer = pre_tokenizer(params.model);
    let split =
        Split::of(&pre_tokenizer).ok_or_else(|| refused("this pre-tokenizer cannot be trained with"))?;
    let mut counts = count(paths, params, &split, &mut progress)?;
    let distinct_words = counts.words.len();
    let (words, lines, bytes) = (counts.total, counts.lines, counts.bytes);
    fit_into_counters(&mut counts);
    let characters: BTreeSet<char> = counts.words.iter().flat_map(|(word, _)| word.chars()).collect();
    check_size(params, &special, &characters, &counts)?;
    progress(Progress { step: Step::Learn, done: 0, total: 0 });
    let model: ModelWrapper = match params.model {
        ModelKind::Bpe => bpe(params, &special, counts, ByteLevel::alphabet(), None)?.into(),
        ModelKind::WordPiece => {
            // The trainer numbers these as it meets them, in the order of a hash table: given first, they have an order.
            let continuing: BTreeSet<char> =
                counts.words.iter().flat_map(|(word, _)| word.chars().skip(1)).collect();
            let continuing = continuing.iter().map(|c| format!("{CONTINUING}{c}"));
            let first: Vec<String> = special.iter().cloned().chain(continuing).collect();
            let learned = bpe(params, &first, counts, Default::default(), Some(CONTINUING))?;
            WordPiece::from_bpe(&learned).into()
        }
        ModelKind::Unigram => unigram(params, &special, &counts, progress)?.into(),
        ModelKind::WordLevel => word_level(params, &special, counts)?.into(),
    };
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_normalizer(to_tokenizers(&params.normalize)?).map_err(refused)?;
    tokenizer.with_pre_tokenizer(Some(pre_tokenizer));
    tokenizer.with_decoder(decoder(params.model));
    let added = special.into_iter().map(|token| AddedToken::from(token, true));
    tokenizer.add_special_tokens(added).map_err(refused)?;
    let json = tokenizer.to_string(true).map_err(refused)?;
    let vocab_size = tokenizer.get_vocab_size(true);
    Ok(Trained { json, vocab_size, words, distinct_words, lines, bytes })
}

fn special_tokens(params: &TrainParams) -> Vec<String> {
    let unknown = params.model.unknown().map(str::to_owned);
    let mut special: Vec<String> = Vec::new();
    for token in unknown.into_iter().chain(params.special_tokens.iter().cloned()) {
        if !token.is_empty() && !special.contains(&token) {
            special.push(token);
        }
    }
    special
}

fn pre_tokenizer(model: ModelKind) -> PreTokenizerWrapper {
    match model {
        ModelKind::Bpe => PreTokenizerWrapper::ByteLevel(ByteLevel::new(false, true, true)),
        ModelKind::WordPiece | ModelKind::WordLevel => {
            PreTokenizerWrapper::BertPreTokenizer(BertPreTokenizer)
        }
        ModelKind::Unigram => {
            PreTokenizerWrapper::Metaspace(Metaspace::new('▁', PrependScheme::Always, true))
        }
    }
}

fn decoder(model: ModelKind) -> Option<DecoderWrapper> {
    match model {
        ModelKind::Bpe => Some(DecoderWrapper::ByteLevel(ByteLevel::new(false, true, true))),
        ModelKind::WordPiece => {
            let pieces = tokenizers::decoders::wordpiece::WordPiece::new(CONTINUING.into(), true);
            Some(DecoderWrapper::WordPiece(pieces))
        }
        ModelKind::Unigram => {
            Some(DecoderWrapper::Metaspace(Metaspace::new('▁', PrependScheme::Always, true)))
        }
        ModelKind::WordLevel => None,
    }
}

/// The trainers add up in 31 bits: counts of huge corpora are halved until all of them fit.
fn fit_into_counters(counts: &mut Counts) {
    let sum: u64 =
        counts.words.iter().map(|(word, count)| count.saturating_mul(word.chars().count() as u64)).sum();
    let mut shift = 0;
    while sum >> shift > i32::MAX as u64 {
        shift += 1;
    }
    if shift > 0 {
        counts.words.iter_mut().for_each(|(_, count)| *count = (*count >> shift).max(1));
    }
}

/// A vocabulary must hold the special tokens and every character that it is made of.
fn check_size(
    params: &TrainParams,
    special: &[String],
    characters: &BTreeSet<char>,
    counts: &Counts,
) -> Result<()> {
    let needed = special.len()
        + match params.model {
            ModelKind::Bpe => BYTES,
            ModelKind::WordPiece => {
                let continuing: BTreeSet<char> =
                    counts.words.iter().flat_map(|(word, _)| word.chars().skip(1)).collect();
                characters.len() + continuing.len()
            }
            ModelKind::Unigram => characters.len() + 1,
            ModelKind::WordLevel => 1,
        };
    if params.vocab_size < needed || u32::try_from(params.vocab_size).is_err() {
        return Err(Error::Parameter(format!(
            "a vocabulary of {}: the special tokens and the single characters of this text alone are {needed}; give that many or more",
            params.vocab_size
        )));
    }
    Ok(())
}

fn bpe(
    params: &TrainParams,
    first: &[String],
    counts: Counts,
    alphabet: ahash::AHashSet<char>,
    prefix: Option<&str>,
) -> Result<BPE> {
    let mut builder = BpeTrainer::builder()
        .show_progress(false)
        .vocab_size(params.vocab_size)
        .min_frequency(params.min_frequency)
        .special_tokens(first.iter().map(|token| AddedToken::from(token.clone(), true)).collect())
        .initial_alphabet(alphabet.into_iter().collect());
    if let Some(prefix) = prefix {
        builder = builder.continuing_subword_prefix(prefix.into());
    }
    let mut words: AHashMap<CompactString, u64> =
        HashMap::with_capacity_and_hasher(counts.words.len(), RandomState::with_seeds(1, 2, 3, 4)).into();
    words.extend(counts.words.into_iter().map(|(word, count)| (CompactString::from(word), count)));
    let mut model = BPE::default();
    builder.build().do_train(&words, &mut model).map_err(refused)?;
    if let Some(unknown) = params.model.unknown() {
        model.unk_token = Some(unknown.into());
    }
    Ok(model)
}

fn unigram(
    params: &TrainParams,
    special: &[String],
    counts: &Counts,
    mut progress: impl FnMut(Progress),
) -> Result<Unigram> {
    let size = params.vocab_size - special.len();
    let learned = unigram::train(&counts.words, size, params.min_frequency, special, |done, total| {
        progress(Progress { step: Step::Learn, done, total });
    });
    let special = special.iter().map(|token| (token.clone(), 0.0));
    // The unknown token is the first of the special ones.
    Unigram::from(special.chain(learned).collect(), Some(0), false).map_err(refused)
}

fn word_level(params: &TrainParams, special: &[String], counts: Counts) -> Result<WordLevel> {
    let words = counts.words.into_iter().filter(|(_, count)| *count >= params.min_frequency);
    let words = words.map(|(word, _)| word).filter(|word| !special.contains(word));
    let vocabulary: AHashMap<String, u32> =
        special.iter().cloned().chain(words).take(params.vocab_size).zip(0..).collect();
    let unknown = params.model.unknown().unwrap_or_default();
    WordLevel::builder().vocab(vocabulary).unk_token(unknown.into()).build().map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tokenize::SubwordTokenizer;

    fn corpus() -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = include_str!("../../data/written-2.jsonl");
        let lines: Vec<String> = text
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter_map(|record| Some(record["text"].as_str()?.to_owned()))
            .collect();
        std::fs::write(file.path(), lines.join("\n")).unwrap();
        file
    }

    fn trained(kind: ModelKind, threads: usize) -> Trained {
        let corpus = corpus();
        let params = TrainParams { vocab_size: 1200, ..TrainParams::new(kind) };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| train(&[corpus.path()], &params, |_| {})).unwrap()
    }

    #[test]
    fn the_same_text_gives_the_same_file_on_any_number_of_threads() {
        for kind in ModelKind::ALL {
            let (first, second) = (trained(kind, 1), trained(kind, 3));
            assert_eq!((first.vocab_size, second.vocab_size), (1200, 1200), "{kind}");
            assert!(first == second, "{kind}");
        }
    }

    #[test]
    fn what_was_learned_encodes_and_decodes() {
        let text = "أعلنت اللجنة عن خرق الهدنة";
        for kind in ModelKind::ALL {
            let tokenizer = SubwordTokenizer::from_json(trained(kind, 2).json).unwrap();
            let ids = tokenizer.ids(text).unwrap();
            let slow: Vec<u32> = tokenizer.encode(text).unwrap().into_iter().map(|(id, _)| id).collect();
            assert_eq!(ids, slow, "{kind}");
            assert!(ids.len() >= 5 && !ids.iter().any(|&id| Some(id) == tokenizer.unknown_id()), "{kind}");
            assert_eq!(tokenizer.decode(&ids).unwrap(), "اعلنت اللجنة عن خرق الهدنة", "{kind}");
        }
    }

    #[test]
    fn special_tokens_come_first_and_are_never_cut() {
        let corpus = corpus();
        let special_tokens = vec!["[CLS]".into(), "[UNK]".into(), String::new()];
        let params =
            TrainParams { vocab_size: 600, special_tokens, ..TrainParams::new(ModelKind::WordPiece) };
        let tokenizer = train(&[corpus.path()], &params, |_| {}).unwrap();
        let tokenizer = SubwordTokenizer::from_json(tokenizer.json).unwrap();
        assert_eq!(tokenizer.ids("[CLS]").unwrap(), [1]);
        assert_eq!(tokenizer.unknown_id(), Some(0));
    }

    #[test]
    fn a_vocabulary_too_small_is_an_error_that_says_how_many() {
        let corpus = corpus();
        for kind in ModelKind::ALL {
            let params = TrainParams { vocab_size: 1, ..TrainParams::new(kind) };
            let error = train(&[corpus.path()], &params, |_| {}).unwrap_err().to_string();
            assert!(error.contains("give that many"), "{kind}: {error}");
        }
        let empty = tempfile::NamedTempFile::new().unwrap();
        let error = train(&[empty.path()], &TrainParams::new(ModelKind::Bpe), |_| {}).unwrap_err();
        assert!(matches!(error, Error::Dataset(_)), "{error}");
    }

    #[test]
    fn counts_of_huge_corpora_are_halved_until_they_fit() {
        let words = vec![("ab".to_owned(), 3_000_000_000), ("c".to_owned(), 1)];
        let mut counts = Counts { words, total: 0, bytes: 0, lines: 0 };
        fit_into_counters(&mut counts);
        assert!(counts.words[0].1 * 2 <= i32::MAX as u64 && counts.words[1].1 == 1);
    }
}
