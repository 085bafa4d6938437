//! Texts that are probably no texts, or damaged ones.

use std::fmt;

use serde::Serialize;

use super::mojibake::looks_like_mojibake;

/// What is odd about a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OddText {
    /// There is none, but for white space and invisible marks.
    Empty,
    /// It has a U+FFFD, which stands for bytes that could not be read.
    ReplacementCharacter,
    /// It has a control character other than tab and line ends, or a byte-order mark in its middle.
    ControlCharacter,
    /// It has a character for private use, which only its font can show.
    PrivateUse,
    /// It looks as if it was read in another encoding than it was written in.
    Mojibake,
    /// It has HTML tags, entities such as `&amp;`, or escapes such as `\u0627`.
    Markup,
    /// It has no letter: digits, punctuation and signs alone.
    NoLetters,
}

impl fmt::Display for OddText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            OddText::Empty => "empty",
            OddText::ReplacementCharacter => "replacement-character",
            OddText::ControlCharacter => "control-character",
            OddText::PrivateUse => "private-use",
            OddText::Mojibake => "mojibake",
            OddText::Markup => "markup",
            OddText::NoLetters => "no-letters",
        })
    }
}

/// What is odd about `text`, the first of [`OddText`] that holds.
///
/// ```
/// use tasnif::curate::{OddText, odd_text};
///
/// assert_eq!(odd_text("قصفت الطائرات المدينة."), None);
/// assert_eq!(odd_text("12/5/2016 …"), Some(OddText::NoLetters));
/// assert_eq!(odd_text("Rates &amp; shares"), Some(OddText::Markup));
/// ```
pub fn odd_text(text: &str) -> Option<OddText> {
    let is_control = |c: char| (c.is_control() && !is_line_end(c)) || c == '\u{FEFF}';
    let private = |c: char| matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFD}');
    let found: [(OddText, &dyn Fn() -> bool); 7] = [
        (OddText::Empty, &|| text.chars().all(|c| c.is_whitespace() || is_invisible(c))),
        (OddText::ReplacementCharacter, &|| text.contains('\u{FFFD}')),
        (OddText::Mojibake, &|| looks_like_mojibake(text)),
        (OddText::ControlCharacter, &|| text.contains(is_control)),
        (OddText::PrivateUse, &|| text.contains(private)),
        (OddText::Markup, &|| has_markup(text)),
        (OddText::NoLetters, &|| !text.contains(char::is_alphabetic)),
    ];
    found.into_iter().find(|(_, holds)| holds()).map(|(odd, _)| odd)
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}')
}

/// Zero-width and direction marks.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{61C}' | '\u{FEFF}')
}

/// Names of the HTML elements that running text is wrapped in. `<user>` and `<num>`, as data sets mask things, are none.
const TAGS: [&str; 26] = [
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "code",
    "div",
    "em",
    "font",
    "h1",
    "h2",
    "h3",
    "hr",
    "i",
    "img",
    "li",
    "ol",
    "p",
    "pre",
    "script",
    "span",
    "strong",
    "table",
    "td",
    "tr",
    "ul",
];

const ENTITIES: [&str; 8] = ["amp", "lt", "gt", "quot", "apos", "nbsp", "rlm", "lrm"];

fn has_markup(text: &str) -> bool {
    let after = |sign: char| text.match_indices(sign).map(|(at, sign)| &text[at + sign.len()..]);
    after('<').any(is_tag) || after('&').any(is_entity) || after('\\').any(is_escape)
}

/// `br>`, `/p>`, `a href="…">`, `br/>`.
fn is_tag(rest: &str) -> bool {
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    TAGS.contains(&name.to_ascii_lowercase().as_str())
        && rest.starts_with(['>', '/', ' '])
        && rest.contains('>')
}

/// `amp;`, `#39;`, `#x27;`.
fn is_entity(rest: &str) -> bool {
    let Some((name, _)) = rest.split_once(';') else { return false };
    match name.strip_prefix('#') {
        Some(number) => {
            let hexadecimal = number.strip_prefix(['x', 'X']);
            let digits = hexadecimal.unwrap_or(number);
            (1..=6).contains(&digits.len())
                && digits
                    .chars()
                    .all(|c| if hexadecimal.is_some() { c.is_ascii_hexdigit() } else { c.is_ascii_digit() })
        }
        None => ENTITIES.contains(&name),
    }
}

/// `u0627`.
fn is_escape(rest: &str) -> bool {
    rest.strip_prefix('u')
        .and_then(|rest| rest.get(..4))
        .is_some_and(|code| code.chars().all(|c| c.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_kind_is_told_by_its_signs() {
        for (text, odd) in [
            ("", OddText::Empty),
            (" \u{200F}\t", OddText::Empty),
            ("قصفت \u{FFFD}", OddText::ReplacementCharacter),
            ("a\u{0}b", OddText::ControlCharacter),
            ("a\u{1B}[31mb", OddText::ControlCharacter),
            ("a\u{FEFF}b", OddText::ControlCharacter),
            ("a \u{F0B7} b", OddText::PrivateUse),
            ("itâ€™s", OddText::Mojibake),
            ("one<br />two", OddText::Markup),
            ("<a href=\"x\">here</a>", OddText::Markup),
            ("Wall St. #39;s &#39;bears&#39;", OddText::Markup),
            ("&#x27;x", OddText::Markup),
            ("\\u0627\\u0644", OddText::Markup),
            ("؟!", OddText::NoLetters),
            ("27.8", OddText::NoLetters),
            ("😀😀", OddText::NoLetters),
        ] {
            assert_eq!(odd_text(text), Some(odd), "{text:?}");
        }
    }

    #[test]
    fn ordinary_text_of_any_language_is_not_odd() {
        for text in [
            "قصفت الطائرات «المدينة» فجراً، وقُتل 14.",
            "\u{200F}قال\u{200F}: نعم\nثم مضى\r\n",
            "a < b & c > d; x<y>z",
            "<user> paid <num> euros",
            "AT&T; R&D; C:\\users\\x",
            "漢字とかな",
            "हिन्दी में लिखा",
            "ok\u{85}next",
            "я",
        ] {
            assert_eq!(odd_text(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), ends in "[<&\\\\][/#ux]{0,3}[a-f0-9]{0,5}[;>]?") {
            odd_text(&format!("{text}{ends}"));
            odd_text(&format!("{ends}{text}"));
        }
    }
}
