//! Texts to weighted sparse rows: one path for training and prediction.
//!
//! A [`Vectorizer`] is fitted once: it learns which n-grams there are and how rare each is, and from then on gives every
//! text the same row, alone or in a batch. Weights follow scikit-learn's `TfidfVectorizer` and agree with it to
//! 1e-5 where both cut the same tokens; `tests/scikit_learn.rs` names the differences in tokenization.

mod fit;
mod fold;
mod params;
mod prune;

use std::ops::Range;

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::features::csr::Csr;
use crate::features::ngram::{Analyzer, Units, unit_key};
use crate::features::pooled::{Kind, Pooled, VectorParams};
use crate::features::vocabulary::Vocabulary;
use crate::text::normalize::Normalizer;
use crate::text::tokenize::{FoldedWords, SubwordTokenizer, WordTokenizer};

pub use params::{Frequency, NgramParams, Norm, VectorizerParams, Weight};

/// Texts that one task of a parallel transform takes; the result does not depend on it.
const CHUNK: usize = 256;

/// A fitted map from text to a sparse row.
///
/// ```
/// use tasnif::features::vectorizer::VectorizerParams;
///
/// let texts = ["قصفت الطائرات المدينة", "أدان الوزير قصف المدينة"];
/// let (vectorizer, rows) = VectorizerParams::default().fit_transform(&texts)?;
/// assert_eq!(rows, vectorizer.transform(&texts)?);
/// assert!(vectorizer.feature_names().any(|name| name == "word:المدينة"));
/// # Ok::<(), tasnif::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Vectorizer {
    pub(crate) normalizer: Normalizer,
    /// Normalizer and word tokenizer once more, in one pass.
    pub(crate) folded: FoldedWords,
    pub(crate) subwords: Option<SubwordTokenizer>,
    pub(crate) blocks: Vec<Block>,
    /// Their columns follow those of the blocks.
    pub(crate) pooled: Vec<Pooled>,
}

/// The n-grams of one analyzer and their weights; its columns follow those of the blocks before it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Block {
    pub(crate) params: NgramParams,
    pub(crate) columns: Columns,
    /// Inverse document frequency by column; empty when the weight has none.
    pub(crate) idf: Vec<f32>,
}

impl Block {
    /// Appends the columns, from `offset` on, and the weights of the n-grams of one text, which come with their counts in
    /// the order of their columns.
    #[inline]
    fn weigh(
        &self,
        counted: impl Iterator<Item = (u32, u32)>,
        offset: u32,
        columns: &mut Vec<u32>,
        values: &mut Vec<f32>,
    ) {
        let start = values.len();
        for (column, count) in counted {
            let idf = self.idf.get(column as usize).copied().unwrap_or(1.0);
            columns.push(offset + column);
            values.push(self.params.weight.of(count) as f32 * idf);
        }
        self.params.scale_row(&mut values[start..]);
    }
}

/// How an n-gram finds its column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Columns {
    Vocabulary(Vocabulary),
    /// The top bits of the key: no names, no memory of what was seen.
    Hashed {
        bits: u32,
    },
}

impl Columns {
    pub(crate) fn len(&self) -> usize {
        match self {
            Columns::Vocabulary(vocabulary) => vocabulary.len(),
            Columns::Hashed { bits } => 1 << bits,
        }
    }

    #[inline]
    pub(crate) fn get(&self, key: u64) -> Option<u32> {
        match self {
            Columns::Vocabulary(vocabulary) => vocabulary.get(key),
            Columns::Hashed { bits } => Some(hashed(key, *bits)),
        }
    }
}

#[inline]
pub(crate) fn hashed(key: u64, bits: u32) -> u32 {
    (key >> (64 - bits)) as u32
}

/// Buffers for one text after another.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    normalized: String,
    spans: Vec<Range<usize>>,
    words: Units,
    units: Units,
    seen: Vec<u32>,
    keys: Vec<u64>,
    mean: Vec<f32>,
    pub(crate) columns: Vec<u32>,
    pub(crate) values: Vec<f32>,
}

impl Vectorizer {
    /// The number of columns of its rows.
    pub fn width(&self) -> usize {
        let ngrams: usize = self.blocks.iter().map(|block| block.columns.len()).sum();
        ngrams + self.pooled.iter().map(Pooled::width).sum::<usize>()
    }

    /// The number of columns of each block, those of pooled vectors last.
    pub(crate) fn widths(&self) -> Vec<usize> {
        let ngrams = self.blocks.iter().map(|block| block.columns.len());
        ngrams.chain(self.pooled.iter().map(Pooled::width)).collect()
    }

    /// The folds it applies before it matches.
    pub fn normalizer(&self) -> &Normalizer {
        &self.normalizer
    }

    /// The options of each block of features, in the order of their columns.
    pub fn blocks(&self) -> impl Iterator<Item = (&NgramParams, usize)> {
        self.blocks.iter().map(|block| (&block.params, block.columns.len()))
    }

    /// The name of each column: the analyzer, a colon, the n-gram (`char_wb: قصف`), or a number where n-grams are
    /// hashed.
    pub fn feature_names(&self) -> impl Iterator<Item = String> {
        (0..self.width()).map(|column| self.feature_name(column).unwrap_or_default())
    }

    /// The name of one column, or nothing when there is no such column.
    pub fn feature_name(&self, mut column: usize) -> Option<String> {
        for block in &self.blocks {
            if column < block.columns.len() {
                let analyzer = block.params.analyzer;
                let window = block.params.window.map_or(String::new(), |window| format!("[{window}]"));
                return match &block.columns {
                    Columns::Vocabulary(vocabulary) => {
                        vocabulary.names().get(column).map(|name| format!("{analyzer}{window}:{name}"))
                    }
                    Columns::Hashed { .. } => Some(format!("{analyzer}{window}:#{column}")),
                };
            }
            column -= block.columns.len();
        }
        for pooled in &self.pooled {
            if column < pooled.width() {
                return pooled.name(column);
            }
            column -= pooled.width();
        }
        None
    }

    /// The options of each block of pooled vectors, its columns, and whether they are words: what is left when a linear
    /// classifier was folded.
    pub fn pooled(&self) -> impl Iterator<Item = (&VectorParams, usize, bool)> {
        self.pooled.iter().map(|block| (&block.params, block.width(), matches!(block.kind, Kind::Folded)))
    }

    /// The vectorizer with every block of pooled vectors folded that can be, and the weights and intercepts that go with
    /// it, given those of a linear classifier: one row of `intercept.len()` weights a column. Nothing where none can be.
    pub(crate) fn fold(
        &self,
        weights: &[f32],
        intercept: &[f32],
    ) -> Option<(Vectorizer, Vec<f32>, Vec<f32>)> {
        let outputs = intercept.len();
        let mut at: usize = self.blocks.iter().map(|block| block.columns.len()).sum::<usize>() * outputs;
        let mut all = weights[..at].to_vec();
        let mut intercept: Vec<f64> = intercept.iter().map(|&b| f64::from(b)).collect();
        let (mut pooled, mut any) = (Vec::with_capacity(self.pooled.len()), false);
        for block in &self.pooled {
            let own = &weights[at..][..block.width() * outputs];
            at += own.len();
            let folded = block.fold(own, &mut intercept);
            any |= folded.is_some();
            let (block, own) = folded.unwrap_or_else(|| (block.clone(), own.to_vec()));
            pooled.push(block);
            all.extend_from_slice(&own);
        }
        let intercept = intercept.into_iter().map(|b| b as f32).collect();
        any.then(|| (Vectorizer { pooled, ..self.clone() }, all, intercept))
    }

    /// The rows of `texts`, one each, in order; the same for any number of threads.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] when a subword tokenizer refuses a text.
    pub fn transform<T: AsRef<str> + Sync>(&self, texts: &[T]) -> Result<Csr> {
        let parts: Vec<Result<Csr>> = texts
            .par_chunks(CHUNK)
            .map(|texts| {
                let (mut rows, mut scratch) = (Csr::new(self.width()), Scratch::default());
                for text in texts {
                    self.row(text.as_ref(), &mut scratch)?;
                    rows.push_row(scratch.columns.iter().copied().zip(scratch.values.iter().copied()))?;
                }
                Ok(rows)
            })
            .collect();
        let mut rows = Csr::new(self.width());
        for part in parts {
            rows.append(&part?)?;
        }
        Ok(rows)
    }

    /// Leaves the row of `text` in `scratch.columns` and `scratch.values`.
    pub(crate) fn row(&self, text: &str, scratch: &mut Scratch) -> Result<()> {
        let Scratch { normalized, spans, words, units, seen, keys, mean, columns, values } = scratch;
        normalized.clear();
        // Words are cut once for all blocks, and not at all where none wants them.
        if !self.pooled.is_empty() || self.blocks.iter().any(|block| block.params.analyzer == Analyzer::Word)
        {
            spans.clear();
            self.folded.cut(text, normalized, spans);
            words.words_at(normalized, spans);
        } else {
            self.normalizer.normalize_into(text, normalized);
        }
        columns.clear();
        values.clear();
        let mut offset = 0;
        for block in &self.blocks {
            let NgramParams { analyzer, ngrams, .. } = block.params;
            seen.clear();
            let cut = match (analyzer, block.params.window) {
                (Analyzer::Word, None) => &*words,
                (_, window) => {
                    units.cut_for_keys(analyzer, spans, self.subwords.as_ref(), normalized)?;
                    if let Some(window) = window {
                        units.keep(window);
                    }
                    &*units
                }
            };
            cut.for_each(analyzer, ngrams, |gram| seen.extend(block.columns.get(gram.key)));
            seen.sort_unstable();
            let counted = seen.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u32));
            block.weigh(counted, offset, columns, values);
            offset += block.columns.len() as u32;
        }
        if !self.pooled.is_empty() {
            keys.clear();
            keys.extend(words.all().iter().map(unit_key));
        }
        for pooled in &self.pooled {
            pooled.append(keys, offset, seen, mean, columns, values);
            offset += pooled.width() as u32;
        }
        Ok(())
    }

    /// Puts a vectorizer together from stored parts.
    ///
    /// # Errors
    /// [`Error::Parameter`] when parts do not fit each other.
    pub(crate) fn from_parts(
        normalizer: Normalizer,
        words: WordTokenizer,
        subwords: Option<SubwordTokenizer>,
        blocks: Vec<Block>,
        pooled: Vec<Pooled>,
    ) -> Result<Self> {
        for block in &blocks {
            block.params.check()?;
            let idf = if block.params.weight.uses_idf() { block.columns.len() } else { 0 };
            if block.idf.len() != idf {
                return Err(Error::Parameter(format!(
                    "a block of {} features has {} document frequencies",
                    block.columns.len(),
                    block.idf.len()
                )));
            }
        }
        let folded = FoldedWords::new(*normalizer.switches(), *words.params());
        Ok(Vectorizer { normalizer, folded, subwords, blocks, pooled })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::ngram::NgramRange;
    use crate::text::normalize::Switches;
    use proptest::prelude::*;

    fn words(min: usize, max: usize) -> NgramParams {
        NgramParams { ngrams: NgramRange::new(min, max).unwrap(), ..NgramParams::new(Analyzer::Word) }
    }

    fn params(features: Vec<NgramParams>) -> VectorizerParams {
        VectorizerParams { features, ..VectorizerParams::default() }
    }

    fn names(vectorizer: &Vectorizer) -> Vec<String> {
        vectorizer.feature_names().collect()
    }

    const TEXTS: [&str; 4] = ["b a a", "a c", "b a d d d", ""];

    #[test]
    fn document_frequency_bounds_and_sizes_choose_the_vocabulary() {
        let cases = [
            (words(1, 1), vec!["word:a", "word:b", "word:c", "word:d"]),
            (NgramParams { min_df: Frequency::Count(2), ..words(1, 1) }, vec!["word:a", "word:b"]),
            (NgramParams { min_df: Frequency::Fraction(0.6), ..words(1, 1) }, vec!["word:a"]),
            (NgramParams { max_df: Frequency::Count(2), ..words(1, 1) }, vec!["word:b", "word:c", "word:d"]),
            (
                NgramParams { max_df: Frequency::Fraction(0.5), ..words(1, 1) },
                vec!["word:b", "word:c", "word:d"],
            ),
            // By occurrences in the corpus: a 4, d 3, b 2, c 1.
            (NgramParams { max_features: Some(2), ..words(1, 1) }, vec!["word:a", "word:d"]),
            (
                NgramParams { min_df: Frequency::Count(2), ..words(1, 2) },
                vec!["word:a", "word:b", "word:b a"],
            ),
        ];
        for (block, expected) in cases {
            let vectorizer = params(vec![block.clone()]).fit(&TEXTS).unwrap();
            assert_eq!(names(&vectorizer), expected, "{block:?}");
        }
    }

    #[test]
    fn weights_are_those_of_the_formula() {
        let raw = |weight| {
            let block = NgramParams { weight, norm: Norm::None, ..words(1, 1) };
            let (_, rows) = params(vec![block]).fit_transform(&TEXTS).unwrap();
            rows.row(2).values.to_vec()
        };
        let idf = |df: f64| ((1.0 + 4.0) / (1.0 + df)).ln() as f32 + 1.0;
        assert_eq!(raw(Weight::Binary), [1.0, 1.0, 1.0]);
        assert_eq!(raw(Weight::Tf), [1.0, 1.0, 3.0]);
        assert_eq!(raw(Weight::LogTf)[2], 1.0 + 3f32.ln());
        let expected = [idf(3.0), idf(2.0), 3.0 * idf(1.0)];
        for (got, expected) in raw(Weight::TfIdf).iter().zip(expected) {
            assert!((got - expected).abs() < 1e-6, "{got} {expected}");
        }
    }

    #[test]
    fn each_block_has_unit_length_and_its_own_columns() {
        let characters = NgramParams { scale: 0.5, ..NgramParams::new(Analyzer::CharWb) };
        let (vectorizer, rows) = params(vec![words(1, 2), characters]).fit_transform(&TEXTS).unwrap();
        let border = names(&vectorizer).iter().position(|name| name.starts_with("char_wb:")).unwrap();
        for row in rows.iter().take(3) {
            let norm = |keep: &dyn Fn(usize) -> bool| {
                row.iter()
                    .filter(|&(column, _)| keep(column))
                    .map(|(_, value)| value * value)
                    .sum::<f32>()
                    .sqrt()
            };
            assert!((norm(&|column| column < border) - 1.0).abs() < 1e-6);
            assert!((norm(&|column| column >= border) - 0.5).abs() < 1e-6);
        }
        assert_eq!(rows.row(3).columns.len(), 0, "an empty text has an empty row");
    }

    #[test]
    fn hashing_needs_no_vocabulary_and_keeps_idf() {
        let block = NgramParams { hash_bits: Some(10), ..words(1, 2) };
        let (vectorizer, rows) = params(vec![block]).fit_transform(&TEXTS).unwrap();
        assert_eq!((vectorizer.width(), rows.width()), (1024, 1024));
        assert_eq!(rows.row(0).columns.len(), 4, "a, b, b a, a a");
        assert!(
            vectorizer.transform(&["zzz"]).unwrap().row(0).columns.len() == 1,
            "unseen n-grams have columns too"
        );
    }

    #[test]
    fn nothing_left_is_an_error_with_its_cure() {
        let block = NgramParams { min_df: Frequency::Count(9), ..words(1, 1) };
        let error = params(vec![block]).fit(&TEXTS).unwrap_err().to_string();
        assert!(error.contains("min_df"), "{error}");
        assert!(params(vec![words(1, 1)]).fit(&[""; 3]).is_err());
        assert!(params(Vec::new()).fit(&TEXTS).is_err());
        assert!(params(vec![NgramParams::new(Analyzer::Subword)]).fit(&TEXTS).is_err());
    }

    #[test]
    fn the_folds_apply_before_matching() {
        let vectorizer = params(vec![words(1, 1)]).fit(&["أعلنَ الجيش", "اعلن NATO"]).unwrap();
        assert_eq!(names(&vectorizer), ["word:nato", "word:اعلن", "word:الجيش"]);
        let raw = VectorizerParams { normalize: Switches::none(), ..params(vec![words(1, 1)]) };
        assert_eq!(raw.fit(&["أعلن اعلن"]).unwrap().width(), 2);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_row_is_the_same_alone_in_a_batch_and_for_any_thread_count(
            texts in prop::collection::vec("[abc ]{0,12}|\\PC{0,12}", 1..20), threads in 1usize..4
        ) {
            let block = |analyzer| NgramParams::new(analyzer);
            let fitted = params(vec![block(Analyzer::Word), block(Analyzer::CharWb), block(Analyzer::Char)]).fit_transform(&texts);
            prop_assume!(fitted.is_ok());
            let (vectorizer, rows) = fitted.unwrap();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let (again, same_rows) = pool.install(|| params(vec![block(Analyzer::Word), block(Analyzer::CharWb), block(Analyzer::Char)]).fit_transform(&texts)).unwrap();
            prop_assert_eq!(&again, &vectorizer);
            prop_assert_eq!(&same_rows, &rows);
            for (index, text) in texts.iter().enumerate() {
                let alone = vectorizer.transform(&[text]).unwrap();
                prop_assert_eq!(alone.row(0), rows.row(index));
            }
        }
    }
}
