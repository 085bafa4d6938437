//! The classes of characters that the splitter tells apart, near those of UAX #29.

/// What the first letter or digit of a stretch of text is: what tells a new sentence from a continuation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Arabic,
    Upper,
    Lower,
    /// A letter of a script without case (UAX #29 `OLetter`).
    Other,
    Digit,
}

/// The class of a letter or digit; none for anything else, the tatweel and marks included.
pub(super) fn ink(c: char) -> Option<Ink> {
    match c {
        'a'..='z' => Some(Ink::Lower),
        'A'..='Z' => Some(Ink::Upper),
        '0'..='9' => Some(Ink::Digit),
        _ if c.is_ascii() || is_mark(c) || c == TATWEEL => None,
        _ if is_arabic(c) => Some(Ink::Arabic),
        _ if c.is_lowercase() => Some(Ink::Lower),
        _ if c.is_uppercase() => Some(Ink::Upper),
        _ if c.is_alphabetic() => Some(Ink::Other),
        // Superscripts are footnote marks, not numbers.
        _ if c.is_numeric() && !is_superscript(c) => Some(Ink::Digit),
        _ => None,
    }
}

pub(super) const TATWEEL: char = '\u{0640}';

fn is_arabic(c: char) -> bool {
    matches!(c, '\u{0620}'..='\u{06FF}' | '\u{0750}'..='\u{077F}' | '\u{0870}'..='\u{08C9}' | '\u{FB50}'..='\u{FDFB}' | '\u{FE70}'..='\u{FEFC}')
        && c.is_alphabetic()
}

/// Marks that sit on the character before them (UAX #29 `Extend`), as far as news has them.
pub(super) fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{0300}'..='\u{036F}' | '\u{0591}'..='\u{05BD}' | '\u{05BF}'..='\u{05C7}'
        | '\u{0610}'..='\u{061A}' | '\u{064B}'..='\u{065F}' | '\u{0670}'
        | '\u{06D6}'..='\u{06DC}' | '\u{06DF}'..='\u{06E4}' | '\u{06E7}' | '\u{06E8}' | '\u{06EA}'..='\u{06ED}'
        | '\u{0898}'..='\u{089F}' | '\u{08CA}'..='\u{08E1}' | '\u{08E3}'..='\u{08FF}'
        | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FE20}'..='\u{FE2F}' | '\u{1F3FB}'..='\u{1F3FF}' | '\u{E0100}'..='\u{E01EF}')
}

/// Invisible controls (UAX #29 `Format`, BOM and zero-width space with them).
pub(super) fn is_format(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206F}' | '\u{FEFF}')
}

/// White space, or nothing that a reader sees.
pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_format(c)
}

/// The ends of a line: CR, LF, vertical tab, form feed, NEL, line and paragraph separator.
pub(super) fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Marks that end a sentence by themselves (UAX #29 `STerm`), of the scripts that Arabic news may quote.
pub(super) fn is_strong_stop(c: char) -> bool {
    matches!(
        c,
        '!' | '?'
            | '؟'
            | '۔'
            | '‼'
            | '‽'
            | '⁇'
            | '⁈'
            | '⁉'
            | '。'
            | '｡'
            | '！'
            | '？'
            | '։'
            | '।'
            | '॥'
            | '።'
            | '፧'
    )
}

/// Marks that end a sentence or an abbreviation (UAX #29 `ATerm`), and the ellipsis.
pub(super) fn is_dot(c: char) -> bool {
    matches!(c, '.' | '…' | '․' | '‥' | '．' | '﹒')
}

/// Marks after which a sentence goes on (UAX #29 `SContinue`, but for dashes: wire copy opens list items with them).
pub(super) fn is_continuation(c: char) -> bool {
    matches!(c, ',' | ':' | ';' | '،' | '؛' | '、' | '，' | '：' | '；' | '؍' | '﹐' | '﹑')
}

pub(super) fn is_dash(c: char) -> bool {
    matches!(c, '-' | '–' | '—' | '‐' | '‑' | '−' | '―')
}

pub(super) fn is_opening_bracket(c: char) -> bool {
    matches!(c, '(' | '[' | '{' | '﴿' | '（' | '［' | '「' | '『' | '《' | '〈' | '【')
}

pub(super) fn is_closing_bracket(c: char) -> bool {
    matches!(c, ')' | ']' | '}' | '﴾' | '）' | '］' | '」' | '』' | '》' | '〉' | '】')
}

/// Marks of a footnote that stand alone.
pub(super) fn is_footnote(c: char) -> bool {
    is_superscript(c) || matches!(c, '†' | '‡')
}

fn is_superscript(c: char) -> bool {
    matches!(c, '¹' | '²' | '³' | '\u{2070}'..='\u{2079}')
}

/// The character that starts at byte `at`.
pub(super) fn char_at(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next()
}

/// `at`, moved past all characters for which `skip` holds.
pub(super) fn skip_while(text: &str, at: usize, skip: impl Fn(char) -> bool) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + (rest.len() - rest.trim_start_matches(skip).len())
}
