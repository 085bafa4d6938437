//! The word tokenizer: one pass, no regular expression, no allocation.

use std::borrow::Cow;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use unicode_normalization::char::is_combining_mark;

use super::Token;

/// Options of a [`WordTokenizer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WordParams {
    /// Punctuation marks are tokens too; a run of one mark (`..`, `!!!`) is one token.
    pub punctuation: bool,
    /// Shorter words are left out (scikit-learn's default pattern wants 2). In characters.
    pub min_chars: usize,
}

impl Default for WordParams {
    fn default() -> Self {
        WordParams { punctuation: false, min_chars: 1 }
    }
}

/// What a character does in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A letter of the Arabic script, or a mark on one.
    Arabic,
    /// Any other letter, a mark, an underscore.
    Letter,
    Digit,
    /// `@` or `#`: opens a mention or a hashtag.
    Sigil,
    Space,
    Other,
}

/// Cuts text into words.
///
/// - A word is a run of letters with their marks; an apostrophe between two letters stays inside (`don't`).
/// - A number is kept whole with its separators: `27.8`, `1,250`, `10:30`, `12/5/2016`, `٣٫٥`.
/// - Latin letters and digits make one word (`F16`, `14th`); between Arabic letters and digits is a border, so that
///   `ال14` gives `ال` and `14`.
/// - `@name` and `#tag` are one token with their sign.
///
/// ```
/// use tasnif::text::tokenize::WordTokenizer;
///
/// let tokenizer = WordTokenizer::default();
/// let words: Vec<_> = tokenizer.tokens("قصفت طائرة (سو34) 27.8 كم").map(|token| token.text).collect();
/// assert_eq!(words, ["قصفت", "طائرة", "سو", "34", "27.8", "كم"]);
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "WordParams", into = "WordParams")]
pub struct WordTokenizer {
    params: WordParams,
    table: Box<[Class]>,
}

/// Code points below this take two UTF-8 bytes at most and have their class in a table.
const TABLE: u32 = 0x800;

impl WordTokenizer {
    /// A tokenizer with these options.
    pub fn new(params: WordParams) -> Self {
        let table = (0..TABLE).map(|code| char::from_u32(code).map_or(Class::Other, class)).collect();
        WordTokenizer { params, table }
    }

    /// The options it was made with.
    pub fn params(&self) -> &WordParams {
        &self.params
    }

    /// The tokens of `text`, in order.
    pub fn tokens<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Token<'a>> + 'a {
        self.spans(text).map(|span| Token { text: Cow::Borrowed(&text[span.clone()]), span })
    }

    /// The bytes of each token of `text`, in order.
    pub fn spans<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
        let mut at = 0;
        std::iter::from_fn(move || {
            while let Some((c, class)) = self.read(text, at) {
                let start = at;
                at += c.len_utf8();
                let end = match class {
                    Class::Space => continue,
                    Class::Other if !self.params.punctuation => continue,
                    Class::Other => {
                        at + text[at..].chars().take_while(|&next| next == c).count() * c.len_utf8()
                    }
                    Class::Sigil => match self.read(text, at) {
                        Some((_, Class::Arabic | Class::Letter | Class::Digit)) => self.word_end(text, at),
                        _ if self.params.punctuation => at,
                        _ => continue,
                    },
                    Class::Arabic | Class::Letter | Class::Digit => self.word_end(text, start),
                };
                at = end;
                let short = self.params.min_chars > 1
                    && !matches!(class, Class::Other | Class::Sigil)
                    && text[start..end].chars().take(self.params.min_chars).count() < self.params.min_chars;
                if !short {
                    return Some(start..end);
                }
            }
            None
        })
    }

    /// Where the word or number that begins at `at` ends.
    fn word_end(&self, text: &str, mut at: usize) -> usize {
        let mut before = Class::Other;
        while let Some((c, class)) = self.read(text, at) {
            let next = at + c.len_utf8();
            match (before, class) {
                (Class::Arabic, Class::Digit) | (Class::Digit, Class::Arabic) => break,
                (_, Class::Arabic | Class::Letter | Class::Digit) => before = class,
                // A separator or an apostrophe stays inside when what follows goes on in kind.
                (Class::Digit, _) if is_separator(c) => {
                    if !matches!(self.read(text, next), Some((_, Class::Digit))) {
                        break;
                    }
                }
                (Class::Letter, _) if is_apostrophe(c) => {
                    if !matches!(self.read(text, next), Some((_, Class::Letter))) {
                        break;
                    }
                }
                _ => break,
            }
            at = next;
        }
        at
    }

    /// The character at byte `at` and its class.
    fn read(&self, text: &str, at: usize) -> Option<(char, Class)> {
        let c = text.get(at..)?.chars().next()?;
        let class = match self.table.get(c as usize) {
            Some(&known) => known,
            None => class(c),
        };
        Some((c, class))
    }
}

impl Default for WordTokenizer {
    fn default() -> Self {
        WordTokenizer::new(WordParams::default())
    }
}

impl From<WordParams> for WordTokenizer {
    fn from(params: WordParams) -> Self {
        WordTokenizer::new(params)
    }
}

impl From<WordTokenizer> for WordParams {
    fn from(tokenizer: WordTokenizer) -> Self {
        tokenizer.params
    }
}

impl PartialEq for WordTokenizer {
    fn eq(&self, other: &Self) -> bool {
        self.params == other.params
    }
}

impl std::fmt::Debug for WordTokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("WordTokenizer").field(&self.params).finish()
    }
}

/// What may stand inside a number.
pub(super) fn is_separator(c: char) -> bool {
    matches!(c, '.' | ',' | ':' | '/' | '٫' | '٬')
}

/// What may stand inside a word.
pub(super) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’')
}

pub(super) fn class(c: char) -> Class {
    match c {
        '0'..='9' => Class::Digit,
        '@' | '#' => Class::Sigil,
        'a'..='z' | 'A'..='Z' | '_' => Class::Letter,
        _ if c.is_ascii() => {
            if c.is_whitespace() {
                Class::Space
            } else {
                Class::Other
            }
        }
        _ if c.is_whitespace() => Class::Space,
        _ if c.is_numeric() => Class::Digit,
        _ if c.is_alphabetic() || is_combining_mark(c) => {
            if matches!(c, '\u{0600}'..='\u{06FF}' | '\u{0750}'..='\u{077F}' | '\u{08A0}'..='\u{08FF}' | '\u{FB50}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}')
            {
                Class::Arabic
            } else {
                Class::Letter
            }
        }
        _ => Class::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<String> {
        WordTokenizer::default().tokens(text).map(|token| token.text.into_owned()).collect()
    }

    fn with_punctuation(text: &str) -> Vec<String> {
        let tokenizer = WordTokenizer::new(WordParams { punctuation: true, ..WordParams::default() });
        tokenizer.tokens(text).map(|token| token.text.into_owned()).collect()
    }

    #[test]
    fn letters_keep_their_marks() {
        assert_eq!(words("قالَ المُتحدّث: «نعم»"), ["قالَ", "المُتحدّث", "نعم"]);
        assert_eq!(words("cafe\u{301} naïve"), ["cafe\u{301}", "naïve"]);
    }

    #[test]
    fn numbers_keep_their_separators_but_not_the_stop_behind_them() {
        assert_eq!(
            words("27.8 و٣٫٥ 1,250,000 10:30 12/5/2016."),
            ["27.8", "و", "٣٫٥", "1,250,000", "10:30", "12/5/2016"]
        );
        assert_eq!(words("عام 2017, ثم 3..4 و5."), ["عام", "2017", "ثم", "3", "4", "و", "5"]);
    }

    #[test]
    fn arabic_letters_and_digits_part_and_latin_ones_do_not() {
        assert_eq!(words("ال14 سو34 F16 14th مي17"), ["ال", "14", "سو", "34", "F16", "14th", "مي", "17"]);
    }

    #[test]
    fn mentions_and_hashtags_are_one_token() {
        assert_eq!(words("@un_envoy #وقف_إطلاق_النار # @"), ["@un_envoy", "#وقف_إطلاق_النار"]);
        assert_eq!(with_punctuation("# @a"), ["#", "@a"]);
    }

    #[test]
    fn apostrophes_stay_inside_words_only() {
        assert_eq!(words("don't 'quoted' l’envoyé rock'"), ["don't", "quoted", "l’envoyé", "rock"]);
    }

    #[test]
    fn punctuation_is_a_token_when_asked_for() {
        assert_eq!(with_punctuation("وقالت.. «لا»!!"), ["وقالت", "..", "«", "لا", "»", "!!"]);
    }

    #[test]
    fn short_words_can_be_left_out() {
        let tokenizer = WordTokenizer::new(WordParams { min_chars: 2, ..WordParams::default() });
        let words: Vec<_> = tokenizer.tokens("a bc و من 5").map(|token| token.text).collect();
        assert_eq!(words, ["bc", "من"]);
    }

    proptest! {
        #[test]
        fn tokens_are_slices_in_order_without_white_space(text in "\\PC{0,60}", punctuation: bool) {
            let tokenizer = WordTokenizer::new(WordParams { punctuation, ..WordParams::default() });
            let mut last = 0;
            for token in tokenizer.tokens(&text) {
                prop_assert_eq!(&text[token.span.clone()], token.text.as_ref());
                prop_assert!(token.span.start >= last && !token.span.is_empty());
                prop_assert!(!token.text.contains(char::is_whitespace));
                last = token.span.end;
            }
        }

        #[test]
        fn every_letter_and_digit_is_in_a_token(text in "\\PC{0,60}") {
            let tokenizer = WordTokenizer::default();
            let covered: usize = tokenizer.spans(&text).map(|span| text[span].chars().filter(|c| c.is_alphanumeric()).count()).sum();
            prop_assert_eq!(covered, text.chars().filter(|c| c.is_alphanumeric()).count());
        }
    }
}
