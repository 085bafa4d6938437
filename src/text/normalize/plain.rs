//! The folds one after the other, for text in which neighbours matter, and with the way back to the original:
//! the reference that the fast path of the parent module is tested against.

use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::{Switches, drops, fold_alef, fold_letter, is_hamza_mark, is_presentation_form};

/// Calls `emit` with each character of the normalised text and the bytes of the original it stands for.
pub(super) fn fold(switches: &Switches, text: &str, emit: impl FnMut(char, (usize, usize))) {
    let mut spaces = Spaces { fold: switches.whitespace, gap: None, started: false, emit };
    let mut composed = String::new();
    for cluster in clusters(switches, &fold_characters(switches, text)) {
        let from = (cluster[0].1.0, cluster[cluster.len() - 1].1.1);
        if switches.nfc {
            composed.clear();
            composed.extend(cluster.iter().map(|&(c, _)| c).nfc());
            if (switches.tashkeel || switches.alef) && composed.contains(is_hamza_mark) {
                // A hamza or madda that found no letter to compose with goes with the marks: it would compose with
                // the folded alef the next time. What stood behind it may now compose itself.
                composed = composed.chars().filter(|&c| !is_hamza_mark(c)).nfc().collect();
            }
            composed.chars().for_each(|c| spaces.put(fold_alef(switches, c), from));
        } else {
            cluster.iter().for_each(|&(c, from)| spaces.put(fold_alef(switches, c), from));
        }
    }
}

/// The folds that look at one character: presentation forms, case, letters, removals.
fn fold_characters(switches: &Switches, text: &str) -> Vec<(char, (usize, usize))> {
    let mut out: Vec<(char, (usize, usize))> = Vec::with_capacity(text.len() / 2);
    let mut add = |c: char, from: (usize, usize)| {
        if drops(switches, c) {
            // A removed mark stays with its letter, so that a span of the original holds whole words.
            match out.last_mut() {
                Some((_, last)) if last.1 == from.0 && !super::is_invisible(c) => last.1 = from.1,
                _ => {}
            }
        } else {
            out.push((fold_letter(switches, c), from));
        }
    };
    let mut lower = |c: char, from| {
        if switches.lowercase { c.to_lowercase().for_each(|c| add(c, from)) } else { add(c, from) }
    };
    for (at, c) in text.char_indices() {
        let from = (at, at + c.len_utf8());
        if switches.presentation_forms && is_presentation_form(c) {
            std::iter::once(c).nfkc().for_each(|c| lower(c, from));
        } else {
            lower(c, from);
        }
    }
    out
}

/// Pieces that canonical composition treats alone: each begins with a character that joins nothing before it.
fn clusters<'a>(
    switches: &Switches,
    chars: &'a [(char, (usize, usize))],
) -> impl Iterator<Item = &'a [(char, (usize, usize))]> {
    let nfc = switches.nfc;
    chars.chunk_by(move |_, &(next, _)| {
        nfc && (canonical_combining_class(next) != 0
            || is_nfc_quick(std::iter::once(next)) != IsNormalized::Yes)
    })
}

/// Folds runs of white space as they pass.
struct Spaces<F> {
    fold: bool,
    gap: Option<(usize, usize)>,
    started: bool,
    emit: F,
}

impl<F: FnMut(char, (usize, usize))> Spaces<F> {
    fn put(&mut self, c: char, from: (usize, usize)) {
        if self.fold && c.is_whitespace() {
            self.gap = self.gap.or(Some(from));
            return;
        }
        if let Some(gap) = self.gap.take()
            && self.started
        {
            (self.emit)(' ', gap);
        }
        self.started = true;
        (self.emit)(c, from);
    }
}
