//! Text → sentences, as lossless spans of the original.
//!
//! The splitter reads the text as it was written, before any normalisation, and cuts it into spans that join up to
//! the text again. It follows the sentence boundaries of [UAX #29] where they fit, and departs from them for what
//! Arabic news does: stops glued to the next word (`كلمة.وقال`) or set before it (`كلمة .وقال`), decimals written
//! with a space (`22. 5`), `..` as a pause, initials (`أ. ف. ب.`), quotations of several sentences, numbered lists.
//!
//! Most bytes are skipped by a table; only at a stop, a quotation mark or a line end does it stop to think. The time
//! is linear in the length of the text.
//!
//! [UAX #29]: https://www.unicode.org/reports/tr29/#Sentence_Boundaries

mod abbreviations;
mod chars;
mod quotation;
mod rules;

use std::collections::VecDeque;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use chars::{char_at, is_blank, is_dot, is_format, is_line_end, is_mark, is_strong_stop, skip_while};
use quotation::{Event, Quotation, is_quote};
use rules::{Place, parts_paragraphs};

/// One sentence of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence<'a> {
    /// The sentence without white space, byte order marks, bidi controls and zero-width characters at its ends.
    pub text: &'a str,
    /// The bytes of the input that are the sentence's, with the white space after it. The spans of a text touch, and
    /// cover it.
    pub span: Range<usize>,
    start: usize,
}

impl<'a> Sentence<'a> {
    fn new(input: &'a str, span: Range<usize>) -> Self {
        let piece = &input[span.clone()];
        let text = piece.trim_start_matches(is_blank);
        let start = span.start + (piece.len() - text.len());
        Sentence { text: text.trim_end_matches(is_blank), span, start }
    }

    /// The bytes of the input that are [`text`](Self::text): `text == &input[sentence.text_span()]`.
    pub fn text_span(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }

    /// Whether there is nothing to read. Only the single sentence of a text that is nothing but white space is blank.
    pub fn is_blank(&self) -> bool {
        self.text.is_empty()
    }
}

/// Which line ends end a sentence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LineEnds {
    /// Every line end: a line is a paragraph, as in articles from the web.
    #[default]
    All,
    /// Only a blank line, a form feed or a paragraph separator: the text is wrapped to a width.
    BlankLines,
}

/// Splits text into sentences; the switches say what a boundary is.
///
/// # Example
///
/// ```
/// use tasnif::text::sentence::Splitter;
///
/// let text = "قُصفت أطراف البلدة (غرب) .وقال د. سامر: «لا إصابات. الوضع هادئ».\nالوزير.. لا حوار";
/// let splitter = Splitter::default();
/// let sentences: Vec<_> = splitter.split(text).collect();
///
/// let texts: Vec<_> = sentences.iter().map(|sentence| sentence.text).collect();
/// assert_eq!(texts, [
///     "قُصفت أطراف البلدة (غرب) .",
///     "وقال د. سامر: «لا إصابات. الوضع هادئ».",
///     "الوزير.. لا حوار",
/// ]);
/// // Nothing is lost: the spans are the text.
/// let joined: String = sentences.iter().map(|sentence| &text[sentence.span.clone()]).collect();
/// assert_eq!(joined, text);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Splitter {
    /// Which line ends end a sentence.
    pub line_ends: LineEnds,
    /// Whether `؛` and `;` end a sentence.
    pub semicolon: bool,
    /// The length in bytes from which a sentence ends at `..`, `...` or `…`. In Arabic news these are a pause
    /// (`وقالت.. إن`), but some writers set no other stop; 0 takes each of them for an end.
    pub ellipsis_after: usize,
    /// The longest quotation, in bytes, that is kept in one sentence though it holds several; 0 splits all of them.
    /// A longer one is split at its stops, and so is one that is not closed on its line.
    pub longest_quotation: usize,
}

impl Default for Splitter {
    fn default() -> Self {
        Splitter { line_ends: LineEnds::All, semicolon: false, ellipsis_after: 500, longest_quotation: 600 }
    }
}

impl Splitter {
    /// The sentences of `text`, one after the other.
    ///
    /// Their spans start at 0, touch, and end at the end of the text. An empty text has no sentence; a text of white
    /// space has one, which [is blank](Sentence::is_blank); no other sentence is blank.
    pub fn split<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Sentence<'a>> {
        Sentences {
            splitter: self,
            text,
            stops: stop_bytes(self.semicolon),
            at: skip_while(text, 0, is_blank),
            taken: 0,
            last_end: 0,
            ends: VecDeque::new(),
            held: 0,
            quotation: Quotation::default(),
            overlong: false,
        }
    }
}

/// The bytes at which the splitter has to look twice, as a table that is cheap to run over.
fn stop_bytes(semicolon: bool) -> &'static [bool; 256] {
    const fn table(semicolon: bool) -> [bool; 256] {
        let mut table = [false; 256];
        let ascii = b".!?\"\n\r\x0B\x0C";
        let mut i = 0;
        while i < ascii.len() {
            table[ascii[i] as usize] = true;
            i += 1;
        }
        // Lead bytes of the quotation marks, stops and separators outside the Arabic block: none is an Arabic letter.
        let leads = [0xC2, 0xD6, 0xE0, 0xE1, 0xE2, 0xE3, 0xEF];
        i = 0;
        while i < leads.len() {
            table[leads[i]] = true;
            i += 1;
        }
        // Every second letter starts with D8, so ؟ (D8 9F), ۔ (DB 94) and ؛ (D8 9B) are known by their second byte,
        // which no Arabic letter in use ends in.
        table[0x9F] = true;
        table[0x94] = true;
        table[0x9B] = semicolon;
        table[b';' as usize] = semicolon;
        table
    }
    static PLAIN: [bool; 256] = table(false);
    static SEMICOLON: [bool; 256] = table(true);
    if semicolon { &SEMICOLON } else { &PLAIN }
}

/// The iterator behind [`Splitter::split`].
struct Sentences<'a> {
    splitter: &'a Splitter,
    text: &'a str,
    stops: &'static [bool; 256],
    /// The next byte to look at.
    at: usize,
    /// Where the next sentence starts.
    taken: usize,
    /// The last boundary found, even one that may be dropped again.
    last_end: usize,
    /// Boundaries found and not yet taken.
    ends: VecDeque<usize>,
    /// How many of them, at the back, lie in an open quotation: dropped if it is closed soon, else as good as any.
    held: usize,
    quotation: Quotation,
    /// The open quotation is too long to be kept whole.
    overlong: bool,
}

impl<'a> Iterator for Sentences<'a> {
    type Item = Sentence<'a>;

    fn next(&mut self) -> Option<Sentence<'a>> {
        while self.ends.len() == self.held {
            match self.next_candidate() {
                Some((at, c)) => self.consider(at, c),
                None => {
                    self.held = 0;
                    if self.ends.is_empty() {
                        let rest = self.taken..self.text.len();
                        self.taken = rest.end;
                        return (!rest.is_empty()).then(|| Sentence::new(self.text, rest));
                    }
                }
            }
        }
        let end = self.ends.pop_front()?;
        let start = std::mem::replace(&mut self.taken, end);
        Some(Sentence::new(self.text, start..end))
    }
}

impl<'a> Sentences<'a> {
    /// The next character that may end a sentence or open or close a quotation.
    fn next_candidate(&self) -> Option<(usize, char)> {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        loop {
            at += bytes.get(at..)?.iter().position(|&byte| self.stops[usize::from(byte)])?;
            if bytes[at] & 0xC0 != 0x80 {
                let c = char_at(self.text, at)?;
                if c.is_ascii() || is_strong_stop(c) || is_dot(c) || is_quote(c) || is_line_end(c) {
                    return Some((at, c));
                }
                at += c.len_utf8();
            } else if at > self.at
                && let Some(c @ ('؟' | '۔' | '؛')) = char_at(self.text, at - 1)
            {
                return Some((at - 1, c));
            } else {
                at += 1;
            }
        }
    }

    fn consider(&mut self, at: usize, c: char) {
        if self.quotation.is_open()
            && !self.overlong
            && at - self.quotation.start > self.splitter.longest_quotation
        {
            self.overlong = true;
            self.held = 0;
        }
        if is_line_end(c) {
            self.line_end(at);
        } else if is_quote(c) {
            self.at = at + c.len_utf8();
            let before = self.text[..at].chars().rev().find(|&c| !is_format(c) && !is_mark(c));
            let after = self.text[self.at..].chars().find(|&c| !is_format(c) && !is_mark(c));
            match self.quotation.meet(c, at, before, after) {
                Event::Reopened => {
                    self.held = 0;
                    self.overlong = false;
                }
                Event::Closed if !self.quotation.is_open() => self.drop_held(),
                _ => {}
            }
        } else {
            self.stop(at, c);
        }
    }

    /// A quotation came to its end: what it holds is one sentence with what is around it.
    fn drop_held(&mut self) {
        self.ends.truncate(self.ends.len() - self.held);
        self.held = 0;
        self.overlong = false;
    }

    fn add_end(&mut self, end: usize) {
        self.at = end;
        self.last_end = end;
        if end < self.text.len() {
            self.ends.push_back(end);
            if self.quotation.is_open() && !self.overlong {
                self.held += 1;
            }
        }
    }

    fn line_end(&mut self, at: usize) {
        let end = skip_while(self.text, at, is_blank);
        if self.splitter.line_ends == LineEnds::BlankLines && !parts_paragraphs(&self.text[at..end]) {
            self.at = end;
            return;
        }
        self.held = 0;
        self.quotation = Quotation::default();
        self.overlong = false;
        self.add_end(end);
    }

    /// Looks at the stop or semicolon `c` at `at`.
    fn stop(&mut self, at: usize, c: char) {
        let place = Place {
            text: self.text,
            splitter: self.splitter,
            quotation: self.quotation,
            start: self.last_end,
        };
        let (past, boundary) = if matches!(c, ';' | '؛') { place.semicolon(at, c) } else { place.stop(at) };
        self.at = past;
        if let Some(boundary) = boundary {
            let was_open = self.quotation.is_open();
            self.quotation = boundary.quotation;
            if was_open && !self.quotation.is_open() {
                self.drop_held();
            }
            self.add_end(boundary.start);
            if let Some(end) = boundary.end {
                self.add_end(end);
            }
        }
    }
}
