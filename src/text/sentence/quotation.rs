//! Which quotation the splitter is in.
//!
//! News marks quotations in every way: “…”, ”…“, «…», »…«, "…", „…“, mixed, nested, or never closed. So the direction
//! of a mark is only a hint here; what stands around it and what is open decide.

use super::chars::{
    is_blank, is_closing_bracket, is_continuation, is_dot, is_opening_bracket, is_strong_stop,
};

/// Marks that pair with one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Straight,
    Curly,
    Guillemet,
    SingleGuillemet,
}

fn family(c: char) -> Option<Family> {
    match c {
        '"' | '＂' => Some(Family::Straight),
        '“' | '”' | '„' | '‟' => Some(Family::Curly),
        '«' | '»' => Some(Family::Guillemet),
        '‹' | '›' => Some(Family::SingleGuillemet),
        _ => None,
    }
}

/// Whether `c` opens or closes quotations that last over several words; apostrophes do not count.
pub(super) fn is_quote(c: char) -> bool {
    family(c).is_some()
}

/// Whether `c` is a single quote, which may also be an apostrophe.
pub(super) fn is_single_quote(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | '‚' | '‛')
}

fn opens_by_design(c: char) -> bool {
    matches!(c, '“' | '„' | '‟' | '«' | '‹')
}

fn closes_by_design(c: char) -> bool {
    matches!(c, '”' | '»' | '›')
}

/// What may stand before an opening mark.
fn is_start(before: Option<char>) -> bool {
    before.is_none_or(|c| {
        is_blank(c)
            || is_opening_bracket(c)
            || is_quote(c)
            || is_continuation(c)
            || matches!(c, '-' | '–' | '—' | '/' | '|')
    })
}

/// What may stand after a closing mark.
pub(super) fn is_finish(after: Option<char>) -> bool {
    after.is_none_or(|c| {
        is_blank(c)
            || is_closing_bracket(c)
            || is_quote(c)
            || is_single_quote(c)
            || is_continuation(c)
            || is_dot(c)
            || is_strong_stop(c)
    })
}

/// What a quotation mark did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A quotation opened inside another one or outside all.
    Opened,
    /// A quotation opened, and the open one turned out never to be closed.
    Reopened,
    Closed,
    Stray,
}

/// The marks of the quotations that are open, outermost first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Quotation {
    open: [char; Quotation::DEPTH],
    depth: usize,
    /// Where the outermost one was opened.
    pub(super) start: usize,
}

impl Quotation {
    /// Deeper ones count for nothing: no text means them.
    const DEPTH: usize = 6;

    pub(super) fn is_open(&self) -> bool {
        self.depth > 0
    }

    fn innermost(&self, family_of: Family) -> Option<usize> {
        (0..self.depth).rev().find(|&level| family(self.open[level]) == Some(family_of))
    }

    /// Whether `c` would close what is open.
    pub(super) fn would_close(&self, c: char) -> bool {
        family(c)
            .and_then(|f| self.innermost(f))
            .is_some_and(|level| !opens_by_design(c) || self.open[level] != c)
    }

    /// Closes what `c` closes: the innermost quotation of its kind, or any, since marks are often mixed.
    pub(super) fn close(&mut self, c: char) {
        let level = family(c).and_then(|f| self.innermost(f));
        self.depth = level.unwrap_or(self.depth.saturating_sub(1));
    }

    fn push(&mut self, c: char, at: usize) {
        if self.depth == 0 {
            self.start = at;
        }
        if self.depth < Quotation::DEPTH {
            self.open[self.depth] = c;
            self.depth += 1;
        }
    }

    /// Takes in the mark `c` at byte `at`, standing between `before` and `after`.
    pub(super) fn meet(&mut self, c: char, at: usize, before: Option<char>, after: Option<char>) -> Event {
        let Some(family_of) = family(c) else { return Event::Stray };
        let (start, finish) = (is_start(before), is_finish(after));
        let (like_opening, like_closing) = (start && !finish, finish && !start);
        if let Some(level) = self.innermost(family_of) {
            let same = self.open[level] == c;
            if family_of == Family::Straight {
                if like_opening {
                    // No one nests straight quotes: the first was never closed.
                    self.depth = level;
                    self.push(c, at);
                    return Event::Reopened;
                }
            } else if same && !finish {
                self.push(c, at);
                return Event::Opened;
            }
            self.depth = level;
            return Event::Closed;
        }
        let opens = if opens_by_design(c) {
            !like_closing
        } else if closes_by_design(c) {
            // Reversed marks, also glued to a particle: ”…“, لـ”…“.
            like_opening || (!start && !finish && self.depth == 0)
        } else {
            !like_closing
        };
        if opens {
            self.push(c, at);
            Event::Opened
        } else if self.depth > 0 {
            // Mixed marks: «…".
            self.depth -= 1;
            Event::Closed
        } else {
            Event::Stray
        }
    }
}
