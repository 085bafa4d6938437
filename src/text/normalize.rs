//! Spelling folds: what differs on paper but not in meaning is made the same before matching.
//!
//! Arabic is written with much freedom: vowel marks and the letter stretcher come and go, hamza is left off an
//! alef, Egypt writes a final ya without its dots, digits come in three sets, and web text carries
//! invisible direction marks. [`Normalizer`] folds these away, one named switch each ([`Switches`]), so that a
//! trained model can store exactly what it was trained with.
//!
//! The folds keep what distinguishes words: ؤ and ئ are never taken apart (removing marks after a full
//! decomposition, a common shortcut, turns مسؤول into مسوول).
//!
//! Two laws hold for every set of switches and are tested over arbitrary Unicode: normalising twice is normalising
//! once, and text that does not change is not copied.

mod charsmap;
pub mod export;
mod plain;

use std::borrow::Cow;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::{IsNormalized, is_nfc_quick};

/// The folds of a [`Normalizer`], each on or off.
///
/// The default is [`Switches::arabic`]; unknown names are errors when read from a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Switches {
    /// Unicode canonical composition (NFC).
    pub nfc: bool,
    /// Arabic presentation forms (U+FB50–FDFF, U+FE70–FEFC) to the letters they show (NFKC on these alone).
    pub presentation_forms: bool,
    /// Remove tatweel (U+0640), the letter stretcher.
    pub tatweel: bool,
    /// Remove tashkeel: the vowel marks, shadda, sukun, superscript alef and Quranic marks.
    pub tashkeel: bool,
    /// أ إ آ ٱ → ا
    pub alef: bool,
    /// ى → ي (which also joins the Egyptian فى with في).
    pub alef_maksura: bool,
    /// ة → ه
    pub teh_marbuta: bool,
    /// Persian ی ک → ي ك
    pub persian: bool,
    /// Arabic-Indic and extended Arabic-Indic digits to ASCII, with their separators: ٣٫٥ → 3.5
    pub digits: bool,
    /// Every digit to 0, so that 27 and 34 are the same word while 27 and 5 are not.
    pub mask_digits: bool,
    /// Remove bidirectional controls (U+061C too), zero-width characters and variation selectors.
    pub invisibles: bool,
    /// Runs of white space to one space, none at the ends.
    pub whitespace: bool,
    /// Upper case to lower case, character by character.
    pub lowercase: bool,
}

impl Switches {
    /// Every fold but `teh_marbuta` and `mask_digits`: right for Arabic news, harmless for other languages.
    pub const fn arabic() -> Self {
        Switches {
            nfc: true,
            presentation_forms: true,
            tatweel: true,
            tashkeel: true,
            alef: true,
            alef_maksura: true,
            teh_marbuta: false,
            persian: true,
            digits: true,
            mask_digits: false,
            invisibles: true,
            whitespace: true,
            lowercase: true,
        }
    }

    /// No fold at all: text is matched as it stands.
    pub const fn none() -> Self {
        Switches {
            nfc: false,
            presentation_forms: false,
            tatweel: false,
            tashkeel: false,
            alef: false,
            alef_maksura: false,
            teh_marbuta: false,
            persian: false,
            digits: false,
            mask_digits: false,
            invisibles: false,
            whitespace: false,
            lowercase: false,
        }
    }
}

impl Default for Switches {
    fn default() -> Self {
        Switches::arabic()
    }
}

/// What the fast path does with one character.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Write this character (often the one that was read).
    Put(char),
    /// Write nothing.
    Drop,
    /// White space, to be folded into one space.
    Space,
    /// The result may depend on the neighbours: take the plain path for the whole text.
    Plain,
}

/// Code points below this take two UTF-8 bytes at most and have their action in a table.
const TABLE: u32 = 0x800;

/// Applies a set of [`Switches`].
///
/// ```
/// use tasnif::text::normalize::{Normalizer, Switches};
///
/// let normalizer = Normalizer::new(Switches::arabic());
/// assert_eq!(normalizer.normalize("أعلنَ المســؤول فى ٣٫٥ كم"), "اعلن المسؤول في 3.5 كم");
/// assert!(matches!(normalizer.normalize("قال"), std::borrow::Cow::Borrowed("قال")));
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "Switches", into = "Switches")]
pub struct Normalizer {
    switches: Switches,
    table: Box<[Action]>,
}

impl Normalizer {
    /// A normalizer with these switches.
    pub fn new(switches: Switches) -> Self {
        let table =
            (0..TABLE).map(|code| char::from_u32(code).map_or(Action::Plain, |c| action(&switches, c)));
        Normalizer { switches, table: table.collect() }
    }

    /// The switches it was made with.
    pub fn switches(&self) -> &Switches {
        &self.switches
    }

    /// `text` with every fold applied; borrowed where nothing changes.
    pub fn normalize<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let same = self.unchanged_prefix(text);
        if same == text.len() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        self.normalize_from(text, same, &mut out);
        Cow::Owned(out)
    }

    /// Appends the normalised `text` to `out`, which saves the allocation when many texts follow one another.
    pub fn normalize_into(&self, text: &str, out: &mut String) {
        let same = self.unchanged_prefix(text);
        self.normalize_from(text, same, out);
    }

    /// `text` normalised, with the way back: see [`Aligned`].
    pub fn align(&self, text: &str) -> Aligned {
        let mut aligned =
            Aligned { text: String::with_capacity(text.len()), spans: Vec::with_capacity(text.len()) };
        plain::fold(&self.switches, text, |c, from| {
            aligned.text.push(c);
            aligned.spans.resize(aligned.text.len(), from);
        });
        aligned
    }

    /// Appends the rest of the normalised text, of which the first `same` bytes are known not to change.
    fn normalize_from(&self, text: &str, same: usize, out: &mut String) {
        let start = out.len();
        out.push_str(&text[..same]);
        let mut gap = false;
        for c in text[same..].chars() {
            match self.action(c) {
                Action::Put(c) => {
                    if gap && out.len() > start {
                        out.push(' ');
                    }
                    gap = false;
                    out.push(c);
                }
                Action::Drop => {}
                Action::Space => gap = true,
                Action::Plain => {
                    out.truncate(start);
                    plain::fold(&self.switches, text, |c, _| out.push(c));
                    return;
                }
            }
        }
    }

    /// How many bytes at the start of `text` certainly stay as they are; cut before any space that ends them,
    /// because whether it stays depends on what follows.
    fn unchanged_prefix(&self, text: &str) -> usize {
        let mut end = 0;
        let mut after_space = true;
        for (at, c) in text.char_indices() {
            match self.action(c) {
                Action::Put(same) if same == c => {
                    end = at + c.len_utf8();
                    after_space = false;
                }
                Action::Space if c == ' ' && !after_space => after_space = true,
                _ => return end,
            }
        }
        end
    }

    pub(crate) fn action(&self, c: char) -> Action {
        match self.table.get(c as usize) {
            Some(&known) => known,
            None => action(&self.switches, c),
        }
    }
}

impl Default for Normalizer {
    fn default() -> Self {
        Normalizer::new(Switches::default())
    }
}

impl From<Switches> for Normalizer {
    fn from(switches: Switches) -> Self {
        Normalizer::new(switches)
    }
}

impl From<Normalizer> for Switches {
    fn from(normalizer: Normalizer) -> Self {
        normalizer.switches
    }
}

impl PartialEq for Normalizer {
    fn eq(&self, other: &Self) -> bool {
        self.switches == other.switches
    }
}

impl std::fmt::Debug for Normalizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Normalizer").field(&self.switches).finish()
    }
}

/// A normalised text that remembers where each of its bytes came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aligned {
    text: String,
    /// For each byte of `text`, the span of the original it stands for.
    spans: Vec<(usize, usize)>,
}

impl Aligned {
    /// The normalised text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The span of the original that `span` of the normalised text stands for. Marks that were removed belong to
    /// the letter before them.
    ///
    /// An empty or out-of-range span gives an empty one.
    pub fn original(&self, span: Range<usize>) -> Range<usize> {
        match self.spans.get(span) {
            Some([first, .., last]) => first.0..last.1,
            Some([only]) => only.0..only.1,
            _ => 0..0,
        }
    }
}

/// The action for a character on its own.
fn action(switches: &Switches, c: char) -> Action {
    if switches.whitespace && c.is_whitespace() {
        return Action::Space;
    }
    match c {
        // Most of the text, decided without Unicode tables.
        ' '..='@' | '['..='~' if !(switches.mask_digits && c.is_ascii_digit()) => return Action::Put(c),
        // Dashes, quotes, dots.
        '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205E}' => return Action::Put(c),
        _ => {}
    }
    if drops(switches, c) {
        return Action::Drop;
    }
    if switches.presentation_forms && is_presentation_form(c) {
        return Action::Plain;
    }
    if switches.nfc {
        // A character that may join with its neighbours, or that NFC replaces.
        if canonical_combining_class(c) != 0 || is_nfc_quick(std::iter::once(c)) != IsNormalized::Yes {
            return Action::Plain;
        }
    }
    let mut lower = c.to_lowercase();
    let folded = match (switches.lowercase, lower.next(), lower.next()) {
        (true, Some(one), None) => one,
        (true, ..) => return Action::Plain,
        _ => c,
    };
    Action::Put(fold_alef(switches, fold_letter(switches, folded)))
}

/// Characters that are removed wherever they stand.
fn drops(switches: &Switches, c: char) -> bool {
    (switches.tatweel && c == '\u{0640}')
        || (switches.tashkeel && is_tashkeel(c))
        || (switches.invisibles && is_invisible(c))
}

/// Folds that come before composition: none of their results is taken apart or removed by a later one.
fn fold_letter(switches: &Switches, c: char) -> char {
    match c {
        'ى' if switches.alef_maksura => 'ي',
        'ة' if switches.teh_marbuta => 'ه',
        'ی' if switches.persian => 'ي',
        'ک' if switches.persian => 'ك',
        '0'..='9' if switches.mask_digits => '0',
        '\u{0660}'..='\u{0669}' if switches.digits => digit(switches, c as u32 - 0x0660),
        '\u{06F0}'..='\u{06F9}' if switches.digits => digit(switches, c as u32 - 0x06F0),
        '\u{066A}' if switches.digits => '%',
        '\u{066B}' if switches.digits => '.',
        '\u{066C}' if switches.digits => ',',
        _ => c,
    }
}

fn digit(switches: &Switches, value: u32) -> char {
    if switches.mask_digits { '0' } else { char::from(b'0' + value as u8) }
}

/// The fold that comes after composition, which makes أ out of an alef and a hamza.
fn fold_alef(switches: &Switches, c: char) -> char {
    match c {
        'أ' | 'إ' | 'آ' | 'ٱ' if switches.alef => 'ا',
        _ => c,
    }
}

/// Marks that change the sound of a letter, not the letter: U+0653–0655 (madda and the hamzas) are not among
/// them, since with their letter they compose to آ أ إ ؤ ئ.
fn is_tashkeel(c: char) -> bool {
    matches!(c,
        '\u{0610}'..='\u{061A}' | '\u{064B}'..='\u{0652}' | '\u{0656}'..='\u{065F}' | '\u{0670}'
        | '\u{06D6}'..='\u{06DC}' | '\u{06DF}'..='\u{06E4}' | '\u{06E7}' | '\u{06E8}' | '\u{06EA}'..='\u{06ED}')
}

fn is_hamza_mark(c: char) -> bool {
    matches!(c, '\u{0653}'..='\u{0655}')
}

fn is_presentation_form(c: char) -> bool {
    matches!(c, '\u{FB50}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}')
}

fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
}

#[cfg(test)]
impl Switches {
    /// One switch a bit, for property tests.
    pub(crate) fn of_bits(bits: u32) -> Self {
        let on = |bit: u32| bits >> bit & 1 == 1;
        Switches {
            nfc: on(0),
            presentation_forms: on(1),
            tatweel: on(2),
            tashkeel: on(3),
            alef: on(4),
            alef_maksura: on(5),
            teh_marbuta: on(6),
            persian: on(7),
            digits: on(8),
            mask_digits: on(9),
            invisibles: on(10),
            whitespace: on(11),
            lowercase: on(12),
        }
    }
}

#[cfg(test)]
mod tests;
