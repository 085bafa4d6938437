//! Whether a stop ends its sentence.

use std::ops::Range;

use super::abbreviations::{Reading, Word};
use super::chars::{
    Ink, TATWEEL, char_at, ink, is_blank, is_closing_bracket, is_continuation, is_dash, is_dot, is_footnote,
    is_format, is_line_end, is_mark, is_opening_bracket, is_strong_stop, skip_while,
};
use super::quotation::{Quotation, is_finish, is_quote, is_single_quote};
use super::{LineEnds, Splitter};

/// Where in a text a stop is judged.
pub(super) struct Place<'a> {
    pub(super) text: &'a str,
    pub(super) splitter: &'a Splitter,
    pub(super) quotation: Quotation,
    /// Where the sentence that the stop may end starts.
    pub(super) start: usize,
}

/// A place where one sentence ends and the next starts.
pub(super) struct Boundary {
    pub(super) start: usize,
    /// The quotations open there.
    pub(super) quotation: Quotation,
    /// Where the new sentence ends in its turn, if that is plain: an agency's name in brackets, glued to what follows.
    pub(super) end: Option<usize>,
}

impl Boundary {
    fn before(after: &After, text: &str) -> Boundary {
        let end = (after.first == '(').then(|| credit_end(text, after.start)).flatten();
        Boundary { start: after.start, quotation: after.quotation, end }
    }
}

/// A run of stops, such as `.`, `؟!` or `. . .`.
struct Stop {
    range: Range<usize>,
    dots: usize,
    strong: bool,
    last: char,
}

/// What stands before a stop.
struct Before {
    /// The last character that is neither a mark nor a space.
    last: Option<char>,
    spaced: bool,
    word: Word,
    /// The digits that end right at the stop, counted to five.
    digits: usize,
    /// Whether a number stands before the word: «2019م».
    counts: bool,
}

/// What stands between a stop and the next letter or digit.
struct After {
    /// Where the next sentence would start.
    start: usize,
    /// The quotations open there.
    quotation: Quotation,
    quote_closed: bool,
    bracket_closed: bool,
    /// Whether white space or a mark parts the stop from what follows.
    parted: bool,
    /// The first character of the next sentence.
    first: char,
    /// Its first letter or digit, and where it stands.
    ink: Ink,
    ink_at: usize,
}

/// The most marks a new sentence may start with.
const MOST_MARKS_BEFORE_INK: usize = 64;

impl Place<'_> {
    /// Judges the run of stops at `at`: where it ends, and the boundary that it makes.
    pub(super) fn stop(&self, at: usize) -> (usize, Option<Boundary>) {
        let stop = self.run_of_stops(at);
        let boundary = self
            .after(stop.range.end)
            .filter(|after| self.ends_sentence(&stop, &self.before(at), after))
            .map(|after| Boundary::before(&after, self.text));
        (stop.range.end, boundary)
    }

    /// Judges the semicolon `c` at `at`, taken for a stop.
    pub(super) fn semicolon(&self, at: usize, c: char) -> (usize, Option<Boundary>) {
        let past = at + c.len_utf8();
        // "&quot;" and "&#34;" are left over from web pages.
        let name = self.text[..at].trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '#');
        let entity = c == ';' && name.ends_with('&');
        let boundary = self
            .after(past)
            .filter(|after| !entity && (c == '؛' || after.parted))
            .map(|after| Boundary::before(&after, self.text));
        (past, boundary)
    }

    /// The run of stops at `at`: marks between them and spaces before more stops belong to it.
    fn run_of_stops(&self, at: usize) -> Stop {
        let mut stop = Stop { range: at..at, dots: 0, strong: false, last: '.' };
        let mut next = at;
        while let Some(c) = char_at(self.text, next) {
            if is_dot(c) || is_strong_stop(c) {
                stop.dots += match c {
                    '…' | '‥' => 2,
                    c => usize::from(is_dot(c)),
                };
                stop.strong |= is_strong_stop(c);
                stop.last = c;
                next += c.len_utf8();
                stop.range.end = next;
            } else if is_mark(c) || is_format(c) || (c.is_whitespace() && !is_line_end(c)) {
                next += c.len_utf8();
            } else {
                break;
            }
        }
        stop
    }

    fn before(&self, at: usize) -> Before {
        let unseen = |c: char| is_mark(c) || is_format(c);
        let near = self.text[..at].trim_end_matches(unseen);
        let digits = near.chars().rev().take_while(|&c| ink(c) == Some(Ink::Digit)).take(5).count();
        let text = near.trim_end_matches(|c: char| unseen(c) || (c.is_whitespace() && !is_line_end(c)));
        let word = Word::last_of(text);
        let counts = word.len == 1 && {
            let rest = text.trim_end_matches(|c: char| c == TATWEEL || unseen(c));
            let mut rest = rest.chars();
            rest.next_back();
            rest.rev().find(|&c| c != ' ' && !unseen(c)).is_some_and(|c| ink(c) == Some(Ink::Digit))
        };
        Before { last: text.chars().next_back(), spaced: text.len() < near.len(), word, digits, counts }
    }

    /// What follows a stop that ends at `at`; none where the line ends, or another stop comes, before any letter or digit:
    /// that will decide.
    fn after(&self, at: usize) -> Option<After> {
        let text = self.text;
        let unseen = |c: char| is_mark(c) || is_format(c);
        let mut quotation = self.quotation;
        let (mut quote_closed, mut bracket_closed) = (false, false);
        let mut end = at;
        // Closing marks, footnotes: part of this sentence, though a space stand before them.
        loop {
            let near = skip_while(text, end, unseen);
            let next = skip_while(text, near, |c| unseen(c) || (c.is_whitespace() && !is_line_end(c)));
            let Some(c) = char_at(text, next) else { break };
            let past = next + c.len_utf8();
            let following = char_at(text, skip_while(text, past, unseen));
            let glued = near == next;
            if is_closing_bracket(c) && (glued || c != '}') {
                // Some papers put } for a bullet, so it closes nothing.
                bracket_closed |= c != '}';
            } else if is_quote(c) && closes(&quotation, c, following, glued) {
                quotation.close(c);
                quote_closed = true;
            } else if is_single_quote(c) && glued && is_finish(following) {
                quote_closed = true;
            } else if glued && is_footnote(c) {
            } else if glued && let Some(length) = footnote_number(&text[next..]) {
                end = next + length;
                continue;
            } else {
                end = near;
                break;
            }
            end = past;
        }
        let start = skip_while(text, end, |c| is_blank(c) && !self.breaks(c));
        if parts_paragraphs(&text[end..start]) {
            return None;
        }
        // SB8a, but for dashes, which open list items and turns of an interview.
        let first = char_at(text, start).filter(|&c| !is_continuation(c))?;
        let mut ink_at = start;
        for (index, c) in text[start..].char_indices() {
            if let Some(ink) = ink(c) {
                let parted = index > 0 || text[end..start].contains(char::is_whitespace);
                return Some(After {
                    start,
                    quotation,
                    quote_closed,
                    bracket_closed,
                    parted,
                    first,
                    ink,
                    ink_at,
                });
            }
            if self.breaks(c) || is_strong_stop(c) || is_dot(c) || index > MOST_MARKS_BEFORE_INK {
                return None;
            }
            ink_at += c.len_utf8();
        }
        None
    }

    /// Whether `c` ends a line, and with it a sentence.
    fn breaks(&self, c: char) -> bool {
        is_line_end(c) && self.splitter.line_ends == LineEnds::All
    }

    fn ends_sentence(&self, stop: &Stop, before: &Before, after: &After) -> bool {
        // "لماذا؟.. إلخ": nothing starts with "etc."
        if after.ink == Ink::Arabic && Word::first_of(&self.text[after.ink_at..]).is_et_cetera() {
            return false;
        }
        // (!), (؟): a remark on what stands around it.
        if before.last.is_some_and(is_opening_bracket) && (after.bracket_closed || after.quote_closed) {
            return false;
        }
        if stop.strong {
            self.strong_stop_ends(stop, before, after)
        } else if stop.dots > 1 {
            self.ellipsis_ends(stop, before, after)
        } else {
            self.dot_ends(stop, before, after)
        }
    }

    fn strong_stop_ends(&self, stop: &Stop, before: &Before, after: &After) -> bool {
        if !after.parted
            && !after.quote_closed
            && !after.bracket_closed
            && matches!(stop.last, '!' | '?' | '.')
        {
            return match after.ink {
                // Some sites turn letters they cannot show into question marks.
                Ink::Arabic => stop.last != '?',
                Ink::Other => true,
                Ink::Upper => before.word.arabic,
                // "watch?v=1", "yahoo!com", "؟.5".
                Ink::Lower | Ink::Digit => false,
            };
        }
        match after.ink {
            // «لماذا؟» سأل…, "Why?" he asked: the question belongs to a longer sentence, unless a new one plainly follows.
            Ink::Arabic if after.quote_closed => {
                after.ink_at == after.start && Word::first_of(&self.text[after.ink_at..]).starts_with_waw()
            }
            Ink::Arabic if after.bracket_closed => false,
            Ink::Lower => !after.quote_closed && !after.bracket_closed,
            _ => true,
        }
    }

    fn ellipsis_ends(&self, stop: &Stop, before: &Before, after: &After) -> bool {
        if stop.range.start - self.start >= self.splitter.ellipsis_after {
            return after.ink == Ink::Arabic || (after.parted && after.ink != Ink::Lower);
        }
        let latin = before.word.len > 0 && !before.word.arabic;
        latin && after.parted && after.ink == Ink::Upper
    }

    fn dot_ends(&self, stop: &Stop, before: &Before, after: &After) -> bool {
        // A word that is broken up to get past a filter: "حـ.ـرب".
        let broken = self.text[stop.range.end..].starts_with(TATWEEL);
        if broken || self.is_list_marker(stop, before) {
            return false;
        }
        let direct = after.ink_at == after.start && !after.quote_closed && !after.bracket_closed;
        let glued = direct && !after.parted;
        let next = Word::first_of(&self.text[after.ink_at..]);
        if after.ink == Ink::Digit && direct {
            if glued {
                // SB6, but for a list item glued to the sentence before it.
                return before.word.arabic
                    && before.word.len > 2
                    && starts_list_item(&self.text[after.ink_at..], before.spaced);
            }
            // The Gulf papers write 22.5 as "22. 5"; a year is no part of a decimal.
            if (1..4).contains(&before.digits) {
                return false;
            }
        }
        if glued {
            // SB7 and domains: "gov.ae", "node.js", ".NET"; not "البرنامج.BBC", "».BBC".
            let name = match before.word.len {
                0 => before.digits > 0 || after.ink == Ink::Lower,
                length => !before.word.arabic || length == 1,
            };
            if matches!(after.ink, Ink::Upper | Ink::Lower) && (name || before.spaced) {
                return false;
            }
        }
        // SB8; a lower-case brand or address tells nothing after Arabic.
        if after.ink == Ink::Lower && !before.word.arabic {
            return false;
        }
        let spelled = !before.counts
            && direct
            && (before.word.names_a_letter() && (next.names_a_letter() || after.ink == Ink::Digit)
                || before.word.joins_a_letter() && next.len == 1);
        if spelled {
            return false;
        }
        match before.word.reading(before.counts) {
            Reading::Word => true,
            // Initials and titles stand before names of their own script.
            Reading::Abbreviation if !before.word.arabic && after.ink == Ink::Arabic => true,
            Reading::Abbreviation => after.ink != Ink::Digit && next.opens_a_sentence(),
            Reading::BeforeNumber => after.ink != Ink::Digit,
            Reading::Ending => !next.goes_on(),
        }
    }

    /// Whether the dot belongs to the number of a list item: `1. `, `(2). `, `ما يأتي: 3. `.
    fn is_list_marker(&self, stop: &Stop, before: &Before) -> bool {
        if !(1..4).contains(&before.digits) && before.last != Some(')') {
            return false;
        }
        let is_marker =
            |c: char| ink(c) == Some(Ink::Digit) || is_blank(c) || is_dash(c) || "().[]*•●▪◦·#".contains(c);
        let piece = &self.text[self.start..stop.range.start];
        let longest = 24;
        if piece.len() <= longest && piece.chars().all(is_marker) {
            return true;
        }
        let colon =
            piece.trim_end_matches(|c| ink(c) == Some(Ink::Digit)).trim_end_matches(' ').strip_suffix(':');
        // Not a time of day.
        (1..3).contains(&before.digits)
            && colon.and_then(|text| text.chars().next_back()).is_some_and(|c| ink(c) != Some(Ink::Digit))
    }
}

/// Whether the quotation mark `c` after a stop closes a quotation.
fn closes(quotation: &Quotation, c: char, following: Option<char>, glued: bool) -> bool {
    let finish = is_finish(following);
    if quotation.would_close(c) {
        return finish || glued;
    }
    match c {
        '”' | '»' | '›' => glued || finish,
        _ => glued && finish,
    }
}

/// The end of `(وكالات)` at `start`, if a letter follows at once: papers lose the line end after the agency's name.
fn credit_end(text: &str, start: usize) -> Option<usize> {
    let longest = 40;
    let length = text[start..].char_indices().take(longest).find(|&(_, c)| c == ')')?.0;
    let end = start + length + 1;
    let names = text[start..end].chars().any(|c| ink(c) == Some(Ink::Arabic));
    let glued = char_at(text, end).is_some_and(|c| ink(c) == Some(Ink::Arabic) || is_quote(c));
    (names && glued).then_some(end)
}

/// The length of a footnote mark such as `[12]` or `(3)` at the start of `text`.
fn footnote_number(text: &str) -> Option<usize> {
    let close = match text.chars().next()? {
        '[' => ']',
        '(' => ')',
        _ => return None,
    };
    let digits = &text[1..];
    let length: usize =
        digits.chars().take_while(|&c| ink(c) == Some(Ink::Digit)).take(3).map(char::len_utf8).sum();
    (length > 0 && digits[length..].starts_with(close)).then_some(length + 2)
}

/// Whether `text` starts with the number of a list item: `3- `, `٤) `, `5. `, `6 كلمة`.
/// A stop with a space before it may be the point of a decimal: `.5 نقطة`.
fn starts_list_item(text: &str, spaced: bool) -> bool {
    let rest = text.trim_start_matches(|c| ink(c) == Some(Ink::Digit));
    // What stands on the next line is no part of this one.
    let item = rest.trim_start_matches(|c: char| c.is_whitespace() && !is_line_end(c));
    text[..text.len() - rest.len()].chars().count() < 3
        && (item.starts_with(['-', '–', ')', '.', TATWEEL])
            || (!spaced && item.len() < rest.len() && item.chars().next().and_then(ink) == Some(Ink::Arabic)))
}

/// Whether a stretch of white space that starts with a line end parts paragraphs of wrapped text.
pub(super) fn parts_paragraphs(space: &str) -> bool {
    let mut ends = 0;
    let mut after_cr = false;
    for c in space.chars() {
        if matches!(c, '\u{B}' | '\u{C}' | '\u{2029}') {
            return true;
        }
        ends += usize::from(is_line_end(c) && !(c == '\n' && after_cr));
        after_cr = c == '\r';
    }
    ends > 1
}
