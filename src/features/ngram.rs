//! Runs of neighbouring units: words, characters or subword pieces, each run with a 64-bit key.
//!
//! A text is first cut into [`Unit`]s (a word, a character, a piece), each with a hash of its own; [`ngrams`] then
//! folds the hashes of neighbours together, so that every n-gram costs one multiplication and no string is ever
//! built. [`Ngram::name`] writes the string for those who want to read it.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::hash::{SEED, fold, hash_bytes, hash_char, hash_number, hash_part};
use super::window::Window;
use crate::error::{Error, Result};
use crate::text::tokenize::{SubwordTokenizer, WordTokenizer};

/// What n-grams are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Analyzer {
    /// Words and numbers.
    Word,
    /// Characters, across word borders.
    Char,
    /// Characters within words, each word with a space on either side (scikit-learn's `char_wb`).
    CharWb,
    /// Pieces of a Hugging Face tokenizer.
    Subword,
}

impl Analyzer {
    /// Every analyzer, in the order of their names in help texts.
    pub const ALL: [Analyzer; 4] = [Analyzer::Word, Analyzer::Char, Analyzer::CharWb, Analyzer::Subword];

    /// Its name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Analyzer::Word => "word",
            Analyzer::Char => "char",
            Analyzer::CharWb => "char_wb",
            Analyzer::Subword => "subword",
        }
    }
}

impl std::fmt::Display for Analyzer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl std::str::FromStr for Analyzer {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Analyzer::ALL.into_iter().find(|analyzer| analyzer.name() == name).ok_or_else(|| {
            Error::Parameter(format!("unknown analyzer '{name}'; give one of word, char, char_wb, subword"))
        })
    }
}

/// The shortest and the longest n-gram, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "[usize; 2]", into = "[usize; 2]")]
pub struct NgramRange {
    min: usize,
    max: usize,
}

/// Longer n-grams are never met twice, so asking for them is taken for a slip.
const LONGEST: usize = 32;

impl NgramRange {
    /// The range from `min` to `max` units.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless 1 ≤ `min` ≤ `max` ≤ 32.
    pub fn new(min: usize, max: usize) -> Result<Self> {
        if min == 0 || min > max || max > LONGEST {
            return Err(Error::Parameter(format!(
                "n-gram range {min}-{max}: give the shortest and the longest length, such as 1-2, both from 1 to {LONGEST}"
            )));
        }
        Ok(NgramRange { min, max })
    }

    /// The shortest n-gram, in units.
    pub fn min(self) -> usize {
        self.min
    }

    /// The longest n-gram, in units.
    pub fn max(self) -> usize {
        self.max
    }
}

impl TryFrom<[usize; 2]> for NgramRange {
    type Error = Error;

    fn try_from([min, max]: [usize; 2]) -> Result<Self> {
        NgramRange::new(min, max)
    }
}

impl From<NgramRange> for [usize; 2] {
    fn from(range: NgramRange) -> Self {
        [range.min, range.max]
    }
}

impl std::fmt::Display for NgramRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.min, self.max)
    }
}

impl std::str::FromStr for NgramRange {
    type Err = Error;

    /// Reads `2-5`, or `3` for `3-3`.
    fn from_str(text: &str) -> Result<Self> {
        let (min, max) = text.split_once('-').unwrap_or((text, text));
        match (min.trim().parse(), max.trim().parse()) {
            (Ok(min), Ok(max)) => NgramRange::new(min, max),
            _ => Err(Error::Parameter(format!("n-gram range '{text}': write it as 1-2"))),
        }
    }
}

/// What n-grams are counted in: a word, a character or a piece of the normalised text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// Equal for equal units.
    pub hash: u64,
    /// First byte in the normalised text.
    pub start: usize,
    /// One past its last byte; equal to `start` for the space that `char_wb` puts around words.
    pub end: usize,
}

/// A run of units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ngram<'a> {
    /// A 64-bit hash of the run: equal for equal n-grams of one analyzer. Among five million different n-grams, the
    /// chance that any two share a key is below one in a million (birthday bound).
    pub key: u64,
    /// The units it is made of; never empty.
    pub units: &'a [Unit],
}

impl Ngram<'_> {
    /// The bytes of the normalised text it covers.
    pub fn span(&self) -> Range<usize> {
        match (self.units.first(), self.units.last()) {
            (Some(first), Some(last)) => first.start..last.end,
            _ => 0..0,
        }
    }

    /// The n-gram as a string: words and pieces joined by a space, characters as they are.
    pub fn name(&self, analyzer: Analyzer, text: &str) -> String {
        let mut name = String::new();
        self.write_name(analyzer, text, &mut name);
        name
    }

    /// Appends [`Ngram::name`] to `out`.
    pub(crate) fn write_name(&self, analyzer: Analyzer, text: &str, out: &mut String) {
        let joined = matches!(analyzer, Analyzer::Word | Analyzer::Subword);
        for (place, unit) in self.units.iter().enumerate() {
            if joined && place > 0 {
                out.push(' ');
            }
            out.push_str(match text.get(unit.start..unit.end) {
                Some("") | None => " ",
                Some(part) => part,
            });
        }
    }
}

/// The key of the n-gram that is this unit alone.
#[inline]
pub(crate) fn unit_key(unit: &Unit) -> u64 {
    fold(SEED, unit.hash)
}

/// Every n-gram of `units` whose length is in `range`: by start, then by length.
///
/// ```
/// use tasnif::features::ngram::{Analyzer, NgramRange, Units, ngrams};
/// use tasnif::text::tokenize::WordTokenizer;
///
/// let text = "وقف اطلاق النار";
/// let mut units = Units::default();
/// units.words(&WordTokenizer::default(), text);
/// let names: Vec<_> = ngrams(units.all(), NgramRange::new(1, 2)?).map(|gram| gram.name(Analyzer::Word, text)).collect();
/// assert_eq!(names, ["وقف", "وقف اطلاق", "اطلاق", "اطلاق النار", "النار"]);
/// # Ok::<(), tasnif::Error>(())
/// ```
pub fn ngrams(units: &[Unit], range: NgramRange) -> impl Iterator<Item = Ngram<'_>> {
    (0..units.len()).flat_map(move |start| {
        let mut key = SEED;
        units[start..].iter().take(range.max).enumerate().filter_map(move |(longer, unit)| {
            key = fold(key, unit.hash);
            (longer + 1 >= range.min).then(|| Ngram { key, units: &units[start..=start + longer] })
        })
    })
}

/// The keys of [`ngrams`] over units that are known by their hashes alone.
#[inline(always)]
pub(crate) fn keys(hashes: &[u64], range: NgramRange, mut each: impl FnMut(u64)) {
    for start in 0..hashes.len() {
        let mut key = SEED;
        for (longer, &hash) in hashes[start..].iter().take(range.max).enumerate() {
            key = fold(key, hash);
            if longer + 1 >= range.min {
                each(key);
            }
        }
    }
}

/// The key of the one n-gram that is all of `hashes`.
#[inline]
pub(crate) fn whole_key(hashes: impl IntoIterator<Item = u64>) -> u64 {
    hashes.into_iter().fold(SEED, fold)
}

/// The units of one text, kept from text to text to save allocations.
#[derive(Debug, Default, Clone)]
pub struct Units {
    units: Vec<Unit>,
    /// Where each independent run of units ends: n-grams do not cross these borders.
    ends: Vec<usize>,
    ids: Vec<u32>,
}

impl Units {
    /// All units, for analyzers without inner borders.
    pub fn all(&self) -> &[Unit] {
        &self.units
    }

    /// Cuts `text` for `analyzer`.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] from a subword tokenizer; [`Error::Parameter`] when one is needed and missing.
    pub fn cut(
        &mut self,
        analyzer: Analyzer,
        words: &WordTokenizer,
        subwords: Option<&SubwordTokenizer>,
        text: &str,
    ) -> Result<()> {
        match analyzer {
            Analyzer::Word => self.words(words, text),
            Analyzer::Char => self.chars(text),
            Analyzer::CharWb => self.chars_in_words(text),
            Analyzer::Subword => {
                let subwords = needed(subwords)?;
                self.subwords(subwords, text)?;
            }
        }
        Ok(())
    }

    /// Leaves out the units outside a window; for analyzers without inner borders.
    pub(crate) fn keep(&mut self, window: Window) {
        let places = window.of(self.units.len());
        self.units.truncate(places.end);
        self.units.drain(..places.start);
    }

    /// Calls `each` with every n-gram: for `char_wb`, a word shorter than the range counts once, whole, as
    /// scikit-learn has it.
    pub fn for_each(&self, analyzer: Analyzer, range: NgramRange, mut each: impl FnMut(Ngram<'_>)) {
        if analyzer != Analyzer::CharWb {
            ngrams(&self.units, range).for_each(each);
            return;
        }
        let mut start = 0;
        for &end in &self.ends {
            let word = &self.units[start..end];
            start = end;
            if word.len() < range.min {
                each(Ngram { key: word.iter().fold(SEED, |key, unit| fold(key, unit.hash)), units: word });
            } else {
                ngrams(word, range).for_each(&mut each);
            }
        }
    }

    /// Cuts `text` into words.
    pub fn words(&mut self, tokenizer: &WordTokenizer, text: &str) {
        self.clear();
        self.units.extend(tokenizer.spans(text).map(|span| Unit {
            hash: hash_part(text.as_bytes(), span.clone()),
            start: span.start,
            end: span.end,
        }));
    }

    /// Words that were cut already: `spans` are their bytes in `text`.
    pub(crate) fn words_at(&mut self, text: &str, spans: &[Range<usize>]) {
        self.clear();
        let bytes = text.as_bytes();
        self.units.extend(spans.iter().map(|span| Unit {
            hash: hash_part(bytes, span.clone()),
            start: span.start,
            end: span.end,
        }));
    }

    /// [`Units::cut`] where words were cut already and nobody asks where a piece stands: subwords come much faster.
    pub(crate) fn cut_for_keys(
        &mut self,
        analyzer: Analyzer,
        words: &[Range<usize>],
        subwords: Option<&SubwordTokenizer>,
        text: &str,
    ) -> Result<()> {
        match analyzer {
            Analyzer::Word => self.words_at(text, words),
            Analyzer::Char => self.chars(text),
            Analyzer::CharWb => self.chars_in_words(text),
            Analyzer::Subword => {
                self.clear();
                needed(subwords)?.ids_into(text, &mut self.ids)?;
                self.units.extend(self.ids.drain(..).map(|id| Unit {
                    hash: hash_number(u64::from(id)),
                    start: 0,
                    end: 0,
                }));
            }
        }
        Ok(())
    }

    /// Cuts `text` into characters.
    fn chars(&mut self, text: &str) {
        self.clear();
        self.units.extend(text.char_indices().map(|(at, c)| Unit::of_char(c, at)));
    }

    /// Cuts `text` into words at white space and those into characters, with a space before and after each word.
    pub(crate) fn chars_in_words(&mut self, text: &str) {
        self.clear();
        let space = |at| Unit { hash: hash_char(' '), start: at, end: at };
        let mut inside = false;
        for (at, c) in text.char_indices() {
            if c.is_whitespace() {
                if inside {
                    self.units.push(space(at));
                    self.ends.push(self.units.len());
                }
                inside = false;
                continue;
            }
            if !inside {
                self.units.push(space(at));
            }
            inside = true;
            self.units.push(Unit::of_char(c, at));
        }
        if inside {
            self.units.push(space(text.len()));
            self.ends.push(self.units.len());
        }
    }

    /// Cuts `text` into the pieces of `tokenizer`; a piece is known by its id.
    fn subwords(&mut self, tokenizer: &SubwordTokenizer, text: &str) -> Result<()> {
        self.clear();
        self.units.extend(tokenizer.encode(text)?.into_iter().map(|(id, token)| Unit {
            hash: hash_number(u64::from(id)),
            start: token.span.start,
            end: token.span.end,
        }));
        Ok(())
    }

    fn clear(&mut self) {
        self.units.clear();
        self.ends.clear();
    }
}

fn needed(subwords: Option<&SubwordTokenizer>) -> Result<&SubwordTokenizer> {
    subwords.ok_or_else(|| {
        Error::Parameter(
            "the subword analyzer needs a tokenizer: name a tokenizer.json ([tokenize] subwords = \"FILE\")"
                .into(),
        )
    })
}

impl Unit {
    /// A text that is one word.
    pub(crate) fn of_word(word: &str) -> Self {
        Unit { hash: hash_bytes(word.as_bytes()), start: 0, end: word.len() }
    }

    fn of_char(c: char, at: usize) -> Self {
        Unit { hash: hash_char(c), start: at, end: at + c.len_utf8() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn names(analyzer: Analyzer, range: (usize, usize), text: &str) -> Vec<String> {
        let mut units = Units::default();
        units.cut(analyzer, &WordTokenizer::default(), None, text).unwrap();
        let mut names = Vec::new();
        units.for_each(analyzer, NgramRange::new(range.0, range.1).unwrap(), |gram| {
            names.push(gram.name(analyzer, text));
        });
        names
    }

    #[test]
    fn words_are_joined_by_a_space() {
        assert_eq!(names(Analyzer::Word, (1, 3), "a b c"), ["a", "a b", "a b c", "b", "b c", "c"]);
        assert_eq!(names(Analyzer::Word, (2, 2), "a"), Vec::<String>::new());
    }

    #[test]
    fn characters_cross_word_borders_unless_told_not_to() {
        assert_eq!(names(Analyzer::Char, (3, 3), "ab c"), ["ab ", "b c"]);
        assert_eq!(names(Analyzer::CharWb, (3, 3), "ab c"), [" ab", "ab ", " c "]);
    }

    #[test]
    fn a_word_shorter_than_the_range_counts_once() {
        assert_eq!(names(Analyzer::CharWb, (4, 5), "a bcd"), [" a ", " bcd", " bcd ", "bcd "]);
    }

    #[test]
    fn ranges_read_and_refuse() {
        assert_eq!("2-5".parse::<NgramRange>().unwrap(), NgramRange::new(2, 5).unwrap());
        assert_eq!("3".parse::<NgramRange>().unwrap(), NgramRange::new(3, 3).unwrap());
        for bad in ["", "0-1", "5-2", "1-99", "a-b"] {
            assert!(bad.parse::<NgramRange>().is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_are_fixed_because_model_files_hold_them() {
        let mut units = Units::default();
        units.words(&WordTokenizer::default(), "الهدنة ceasefire 27");
        let keys: Vec<u64> =
            ngrams(units.all(), NgramRange::new(1, 3).unwrap()).map(|gram| gram.key).collect();
        assert_eq!(keys, KEYS, "the hash changed: raise the version of the model format");
    }

    /// The keys as first released.
    const KEYS: [u64; 6] = [
        7502511582914707302,
        11549445376931344724,
        4279849135218927405,
        3443903964387435867,
        728864266210680220,
        9176102397120883355,
    ];

    proptest! {
        #[test]
        fn equal_names_have_equal_keys_and_different_names_different_ones(text in "[ab ]{0,30}|\\PC{0,30}") {
            for (analyzer, range) in [(Analyzer::Word, (1, 3)), (Analyzer::Char, (1, 4)), (Analyzer::CharWb, (2, 5))] {
                let mut units = Units::default();
                units.cut(analyzer, &WordTokenizer::default(), None, &text).unwrap();
                let mut by_name: HashMap<String, u64> = HashMap::new();
                let mut by_key: HashMap<u64, String> = HashMap::new();
                units.for_each(analyzer, NgramRange::new(range.0, range.1).unwrap(), |gram| {
                    let name = gram.name(analyzer, &text);
                    assert_eq!(*by_name.entry(name.clone()).or_insert(gram.key), gram.key);
                    assert_eq!(by_key.entry(gram.key).or_insert(name.clone()), &name);
                });
            }
        }
    }
}
