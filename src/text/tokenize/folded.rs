//! Normaliser and word tokenizer in one pass over the text: the same result as one after the other, sooner.
//!
//! What does not change is copied in runs, words are cut while the bytes go by, and nothing is allocated once the buffers have
//! their size. Text in which neighbours matter (see [`crate::text::normalize`]) takes the two passes, which are also the
//! oracle that the tests compare with.

use std::ops::Range;

use super::words::{Class, class, is_apostrophe, is_separator};
use super::{WordParams, WordTokenizer};
use crate::text::normalize::{Action, Normalizer, Switches};

/// Code points below this take two bytes at most.
const NEAR: usize = 0x800;
/// The block of dashes, quotes, invisible characters and odd spaces, whose actions have a table too.
const MARKS: Range<u32> = 0x2000..0x2100;

/// What a character does to the text and to the words in it, as one number: the class in bits 4–7, the deed in bits 0–3, and
/// in bits 8 and up the character to write in its place.
type Entry = u32;
/// The character stays.
const SAME: Entry = 0;
/// Another is written.
const PUT: Entry = 1;
/// Nothing is written.
const DROP: Entry = 2;
/// White space to fold.
const SPACE: Entry = 3;
/// Neighbours matter.
const PLAIN: Entry = 4;
/// How many pairs of bytes there are.
const PAIRS: usize = 1 << 16;
/// A pair of bytes that is no letter, or one that changes.
const ELSE: u8 = 0x7F;
/// Beside the class of a letter of two bytes that becomes another one of two bytes.
const CHANGES: u8 = 0x80;
/// No entry is this: there is no word that a character could go on.
const NO_WORD: Entry = u32::MAX;

/// Classes of characters: those of [`Class`], and what may stand inside a number or a word.
const ARABIC: Entry = 0;
const LETTER: Entry = 1;
const DIGIT: Entry = 2;
const SIGIL: Entry = 3;
const BLANK: Entry = 4;
const SEPARATOR: Entry = 5;
const APOSTROPHE: Entry = 6;
const OTHER: Entry = 7;

/// A [`Normalizer`] and a [`WordTokenizer`] in one.
///
/// ```
/// use tasnif::text::normalize::{Normalizer, Switches};
/// use tasnif::text::tokenize::{FoldedWords, WordParams};
///
/// let folded = FoldedWords::new(Switches::arabic(), WordParams::default());
/// let (mut text, mut spans) = (String::new(), Vec::new());
/// folded.cut(" أعلنَ  المســؤول، ٣٫٥ كم", &mut text, &mut spans);
/// assert_eq!(text, "اعلن المسؤول، 3.5 كم");
/// let words: Vec<&str> = spans.iter().map(|span| &text[span.clone()]).collect();
/// assert_eq!(words, ["اعلن", "المسؤول", "3.5", "كم"]);
/// ```
#[derive(Clone, PartialEq)]
pub struct FoldedWords {
    normalizer: Normalizer,
    words: WordTokenizer,
    near: Box<[Entry; NEAR]>,
    marks: Box<[Entry]>,
    /// By the two bytes of a character as they stand in the text: its class where it stays, [`ELSE`] for any other and for bytes that
    /// are no character of two.
    pairs: Box<[u8; PAIRS]>,
    /// Whether a space between words is one to fold.
    folds_space: bool,
}

impl FoldedWords {
    /// The normalizer and the tokenizer of these options.
    pub fn new(switches: Switches, params: WordParams) -> Self {
        let (normalizer, words) = (Normalizer::new(switches), WordTokenizer::new(params));
        let mut near = Box::new([PLAIN; NEAR]);
        for (code, entry) in near.iter_mut().enumerate() {
            *entry = char::from_u32(code as u32).map_or(PLAIN, |c| self::entry(&normalizer, c));
        }
        let marks = MARKS.map(|code| char::from_u32(code).map_or(PLAIN, |c| self::entry(&normalizer, c)));
        let mut pairs = Box::new([ELSE; PAIRS]);
        for (code, &entry) in near.iter().enumerate().skip(0x80) {
            let changes = match entry & 0xF {
                SAME => 0,
                PUT if (0x80..NEAR as u32).contains(&(entry >> 8)) => CHANGES,
                _ => continue,
            };
            let pair = [0xC0 | (code >> 6) as u8, 0x80 | (code & 0x3F) as u8];
            pairs[usize::from(u16::from_be_bytes(pair))] = (entry >> 4 & 0xF) as u8 | changes;
        }
        let folds_space = near[usize::from(b' ')] == SPACE;
        FoldedWords { marks: marks.collect(), near, pairs, folds_space, normalizer, words }
    }

    /// Appends the normalised `text` to `normalized`, and to `spans` the bytes of each of its words there: what
    /// [`Normalizer::normalize_into`] and [`WordTokenizer::spans`] give. Nothing is allocated but room in the two.
    pub fn cut(&self, text: &str, normalized: &mut String, spans: &mut Vec<Range<usize>>) {
        let (length, count) = (normalized.len(), spans.len());
        if self.words.params().min_chars > 1 || !self.one_pass(text, normalized, spans) {
            normalized.truncate(length);
            spans.truncate(count);
            self.two_passes(text, normalized, spans);
        }
    }

    /// Whether a character of `text` may join its neighbours, so that pieces of it cannot be normalised alone.
    pub(crate) fn neighbours_matter(&self, text: &str) -> bool {
        text.chars().any(|c| {
            let entry = self.near.get(c as usize).copied().unwrap_or_else(|| self.far(c));
            entry & 0xF == PLAIN
        })
    }

    /// The plain way.
    fn two_passes(&self, text: &str, normalized: &mut String, spans: &mut Vec<Range<usize>>) {
        let start = normalized.len();
        self.normalizer.normalize_into(text, normalized);
        let words = self.words.spans(&normalized[start..]);
        spans.extend(words.map(|span| start + span.start..start + span.end));
    }

    /// False where neighbours matter; what was appended by then is to be taken back.
    fn one_pass(&self, text: &str, out: &mut String, spans: &mut Vec<Range<usize>>) -> bool {
        let bytes = text.as_bytes();
        let mut cutter = Cutter::new(spans, self.words.params().punctuation);
        // text[run..at] stands unchanged at out[run + shift..], but is not yet copied there.
        let (mut at, mut run, mut shift) = (0, 0, out.len());
        // Whether anything was written, and whether it ends with a space.
        let (mut begun, mut blank) = (false, false);
        while at < bytes.len() {
            let first = bytes[at];
            let (code, length, entry) = if first < 0x80 {
                (u32::from(first), 1, self.near[usize::from(first)])
            } else if first < 0xE0 {
                let second = bytes.get(at + 1).copied().unwrap_or_default();
                let code = usize::from(first & 0x1F) << 6 | usize::from(second & 0x3F);
                (code as u32, 2, self.near[code])
            } else {
                let c = text[at..].chars().next().unwrap_or_default();
                (u32::from(c), c.len_utf8(), self.far(c))
            };
            let here = at;
            at += length;
            if entry == cutter.goes_on {
                at = match length {
                    1 => past_ascii(&self.near, bytes, at, entry),
                    2 => self.past_pairs((text, at, shift), (entry >> 4) as u8, (out, &mut run), &mut cutter),
                    _ => at,
                };
                continue;
            }
            if entry == SPACE && code == u32::from(' ') && begun && !blank {
                cutter.space(here.wrapping_add(shift));
                blank = true;
                continue;
            }
            let class = entry >> 4 & 0xF;
            match entry & 0xF {
                SAME => {
                    (begun, blank) = (true, false);
                    let at = here.wrapping_add(shift);
                    if cutter.state == State::Outside {
                        cutter.begin(class, code, at)
                    } else {
                        cutter.step(class, code, at)
                    }
                }
                SPACE => {
                    out.push_str(&text[run..here]);
                    if begun && !blank {
                        cutter.space(out.len());
                        blank = true;
                        out.push(' ');
                    }
                    run = at;
                    shift = out.len().wrapping_sub(run);
                }
                PUT => {
                    (begun, blank) = (true, false);
                    out.push_str(&text[run..here]);
                    let place = out.len();
                    out.push(char::from_u32(entry >> 8).unwrap_or(char::REPLACEMENT_CHARACTER));
                    run = at;
                    shift = out.len().wrapping_sub(run);
                    cutter.step(class, entry >> 8, place);
                }
                DROP => {
                    out.push_str(&text[run..here]);
                    run = at;
                    shift = out.len().wrapping_sub(run);
                }
                _ => return false,
            }
        }
        out.push_str(&text[run..]);
        cutter.finish(out.len());
        if blank {
            out.pop();
        }
        true
    }

    /// The place behind the characters of two bytes from `at` on that have this class, and behind the words after them that are made of
    /// such alone, each after one space. Those that change become others of two bytes, so that `shift` stays; all up to `run` is copied.
    /// Most of the time goes by here: on its own, it has the registers for itself.
    #[inline(never)]
    fn past_pairs(
        &self,
        (text, mut at, shift): (&str, usize, usize),
        class: u8,
        (out, run): (&mut String, &mut usize),
        cutter: &mut Cutter,
    ) -> usize {
        let bytes = text.as_bytes();
        loop {
            at += run_of(&self.pairs, &bytes[at..], class);
            let space = usize::from(self.folds_space && bytes.get(at) == Some(&b' '));
            let Some(&pair) = bytes.get(at + space..).and_then(|rest| rest.first_chunk::<2>()) else {
                return at;
            };
            let found = self.pairs[usize::from(u16::from_be_bytes(pair))];
            if found & !CHANGES != class {
                return at;
            }
            if space == 1 {
                cutter.spans.push(cutter.start..at.wrapping_add(shift));
                at += 1;
                cutter.start = at.wrapping_add(shift);
            }
            if found & CHANGES != 0 {
                out.push_str(&text[*run..at]);
                let entry = self.near[usize::from(pair[0] & 0x1F) << 6 | usize::from(pair[1] & 0x3F)];
                out.push(char::from_u32(entry >> 8).unwrap_or(char::REPLACEMENT_CHARACTER));
                *run = at + 2;
            }
            at += 2;
        }
    }

    fn far(&self, c: char) -> Entry {
        match u32::from(c).checked_sub(MARKS.start).and_then(|place| self.marks.get(place as usize)) {
            Some(&entry) => entry,
            None => entry(&self.normalizer, c),
        }
    }
}

/// The place behind the characters of one byte from `at` on that have this entry. Most of the time goes by in these two loops:
/// on their own, they have the registers for themselves.
#[inline(never)]
fn past_ascii(near: &[Entry; NEAR], bytes: &[u8], at: usize, entry: Entry) -> usize {
    let same = |&byte: &u8| byte < 0x80 && near[usize::from(byte)] == entry;
    at + bytes[at..].iter().position(|byte| !same(byte)).unwrap_or(bytes.len() - at)
}

/// Bytes of the pairs of this class at the start of `bytes`. Eight pairs are looked up before the first branch, because where a word
/// ends is not to be foreseen.
#[inline(always)]
fn run_of(pairs: &[u8; PAIRS], bytes: &[u8], class: u8) -> usize {
    let mut run = 0;
    let other = |pair: [u8; 2]| pairs[usize::from(u16::from_be_bytes(pair))] != class;
    while let Some(chunk) = bytes.get(run..).and_then(|rest| rest.first_chunk::<16>()) {
        let mut ends = 1 << 8;
        for place in 0..8 {
            ends |= u32::from(other([chunk[2 * place], chunk[2 * place + 1]])) << place;
        }
        let count = ends.trailing_zeros() as usize;
        run += 2 * count;
        if count < 8 {
            return run;
        }
    }
    while let Some(&pair) = bytes.get(run..).and_then(|rest| rest.first_chunk::<2>()) {
        if other(pair) {
            break;
        }
        run += 2;
    }
    run
}

impl std::fmt::Debug for FoldedWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("FoldedWords").field(&self.normalizer).field(&self.words).finish()
    }
}

/// The entry of a character.
fn entry(normalizer: &Normalizer, c: char) -> Entry {
    match normalizer.action(c) {
        Action::Put(to) if to == c => SAME | word_class(c) << 4,
        Action::Put(to) => PUT | word_class(to) << 4 | u32::from(to) << 8,
        Action::Drop => DROP,
        Action::Space => SPACE,
        Action::Plain => PLAIN,
    }
}

fn word_class(c: char) -> Entry {
    match class(c) {
        Class::Arabic => ARABIC,
        Class::Letter => LETTER,
        Class::Digit => DIGIT,
        Class::Sigil => SIGIL,
        Class::Space => BLANK,
        Class::Other if is_separator(c) => SEPARATOR,
        Class::Other if is_apostrophe(c) => APOSTROPHE,
        Class::Other => OTHER,
    }
}

/// What the characters so far are part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Outside,
    /// A word or a number; its last character has this class.
    Word(Entry),
    /// A number and a separator, which is part of it if a digit follows.
    Separator,
    /// A word and an apostrophe, which is part of it if a letter follows.
    Apostrophe,
    /// `@` or `#`, which opens a word if one follows.
    Sigil,
    /// A run of one punctuation mark.
    Punctuation,
}

/// Cuts words out of characters as they come: [`WordTokenizer::spans`] without looking ahead.
struct Cutter<'a> {
    spans: &'a mut Vec<Range<usize>>,
    punctuation: bool,
    state: State,
    /// The entry of characters that go on the word without further ado.
    goes_on: Entry,
    start: usize,
    /// Where the separator or apostrophe stands.
    pending: usize,
    /// The punctuation mark, also the one pending.
    mark: u32,
}

impl<'a> Cutter<'a> {
    fn new(spans: &'a mut Vec<Range<usize>>, punctuation: bool) -> Self {
        Cutter { spans, punctuation, state: State::Outside, goes_on: NO_WORD, start: 0, pending: 0, mark: 0 }
    }

    /// A character of `class` is written at byte `at`.
    #[inline]
    fn step(&mut self, class: Entry, c: u32, at: usize) {
        loop {
            match self.state {
                State::Outside => return self.begin(class, c, at),
                State::Word(last) => match (last, class) {
                    (ARABIC, DIGIT) | (DIGIT, ARABIC) => self.end(at),
                    (_, ARABIC | LETTER | DIGIT) => return self.word(class),
                    (DIGIT, SEPARATOR) => return self.wait(State::Separator, c, at),
                    (LETTER, APOSTROPHE) => return self.wait(State::Apostrophe, c, at),
                    _ => self.end(at),
                },
                State::Separator if class == DIGIT => return self.word(class),
                State::Apostrophe if class == LETTER => return self.word(class),
                State::Separator | State::Apostrophe => self.give_up(),
                State::Sigil if class <= DIGIT => return self.word(class),
                State::Sigil if self.punctuation => self.end(at),
                State::Sigil => self.state = State::Outside,
                State::Punctuation if c == self.mark => return,
                State::Punctuation => self.end(at),
            }
        }
    }

    /// A space is written at byte `at`.
    #[inline(always)]
    fn space(&mut self, at: usize) {
        match self.state {
            State::Word(_) => self.end(at),
            State::Outside => {}
            _ => self.step(BLANK, u32::from(' '), at),
        }
    }

    /// The text ends at byte `at`.
    fn finish(&mut self, at: usize) {
        if matches!(self.state, State::Separator | State::Apostrophe) {
            self.give_up();
        }
        if self.state != State::Outside && (self.state != State::Sigil || self.punctuation) {
            self.end(at);
        }
    }

    #[inline(always)]
    fn begin(&mut self, class: Entry, c: u32, at: usize) {
        self.start = at;
        match class {
            ARABIC | LETTER | DIGIT => self.word(class),
            SIGIL => self.state = State::Sigil,
            BLANK => {}
            _ if self.punctuation => {
                self.state = State::Punctuation;
                self.mark = c;
            }
            _ => {}
        }
    }

    #[inline(always)]
    fn word(&mut self, class: Entry) {
        self.state = State::Word(class);
        self.goes_on = SAME | class << 4;
    }

    /// What is not yet known to be part of the word waits.
    fn wait(&mut self, state: State, c: u32, at: usize) {
        self.state = state;
        self.goes_on = NO_WORD;
        self.pending = at;
        self.mark = c;
    }

    /// The mark that waited is no part of the word.
    fn give_up(&mut self) {
        self.end(self.pending);
        if self.punctuation {
            self.start = self.pending;
            self.state = State::Punctuation;
        }
    }

    #[inline(always)]
    fn end(&mut self, at: usize) {
        self.spans.push(self.start..at);
        self.state = State::Outside;
        self.goes_on = NO_WORD;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(folded: &FoldedWords, text: &str) {
        // What stood there before stays.
        let before = || ("x".to_owned(), Vec::from([0..0, 0..1]));
        let (mut fast, mut slow) = (before(), before());
        folded.cut(text, &mut fast.0, &mut fast.1);
        folded.two_passes(text, &mut slow.0, &mut slow.1);
        assert_eq!(fast, slow, "{text:?}");
    }

    #[test]
    fn texts_that_are_hard_for_one_of_the_two() {
        for punctuation in [false, true] {
            for set in [Switches::arabic(), Switches::none()] {
                let folded = FoldedWords::new(set, WordParams { punctuation, min_chars: 1 });
                for text in [
                    "",
                    " ",
                    "  ",
                    "a",
                    " a ",
                    "a  b\t\nc ",
                    "3.5",
                    "3.",
                    "3..4",
                    "3.\u{200B}5",
                    "٣٫٥ ٣٬٠٠٠.",
                    "1,2:3/4,",
                    "don't",
                    "don'",
                    "rock''n",
                    "l’e",
                    "l’ا",
                    "@a",
                    "@",
                    "@ a",
                    "@@a",
                    "#وقف_إطلاق # #",
                    "...",
                    ". .",
                    ".\u{640}.",
                    "ال14 14ال F16.5th",
                    "م\u{64E}ن",
                    "\u{64E}",
                    "a\u{301}",
                    "ﻻ ا",
                    "\u{a0}x\u{2028}",
                    "@\u{200F}un",
                    "a.b",
                    "a,",
                    "5'5",
                    "’’",
                    "😀😀a",
                    "a😀.😀",
                    "٪٥",
                    "5٪٪",
                    "_",
                    "a_1",
                    "A\u{AD}B",
                    "أعلن إلى آخر ى على الأسرى أ إ آ",
                    "وأعلنوا أنهم  سيستأنفون المفاوضات، إذا أوقفت",
                    "٣ أ٤ أ",
                ] {
                    check(&folded, text);
                }
            }
        }
    }

    #[test]
    fn short_words_are_left_out() {
        let folded = FoldedWords::new(Switches::arabic(), WordParams { punctuation: false, min_chars: 2 });
        check(&folded, "و من a bc");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn one_pass_gives_what_two_give(
            bits in 0u32..1 << 13,
            punctuation: bool,
            text in "[ \t\u{a0}.,:/'’@#_a-cA-C0-2\u{621}-\u{65F}\u{660}-\u{6DF}\u{200B}-\u{200F}\u{2026}]{0,40}|\\PC{0,40}|.{0,20}"
        ) {
            for set in [Switches::arabic(), Switches::of_bits(bits)] {
                check(&FoldedWords::new(set, WordParams { punctuation, min_chars: 1 }), &text);
            }
        }
    }
}
