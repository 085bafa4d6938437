//! Pre-tokenizers without their regular expressions: the pieces that the usual ones cut, as slices of the text.

use std::sync::Arc;

use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::metaspace::PrependScheme;
use tokenizers::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

use super::pages::Pages;

/// What a character is to a pre-tokenizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Goes on in a run of letters (for `Whitespace`: of `\w`).
    Letter,
    /// Goes on in a run of numbers; byte-level alone tells them from letters.
    Number,
    /// White space.
    Space,
    /// Anything else: runs for byte-level and `Whitespace`, single for BERT.
    Other,
}

/// A pre-tokenizer whose pieces we cut ourselves.
#[derive(Debug, Clone)]
pub(crate) struct Split {
    kind: Kind,
    /// Asked what each character is.
    original: PreTokenizerWrapper,
    classes: Arc<Pages<Class>>,
}

/// Which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The expression of GPT-2.
    ByteLevel {
        prefix: bool,
    },
    Bert,
    /// `\w+|[^\w\s]+`
    Whitespace,
    /// Cut before every space or replacement character.
    Metaspace {
        replacement: char,
        prefix: bool,
    },
}

impl Split {
    /// The same pieces as `original` cuts; nothing for those that are left to the crate.
    pub(crate) fn of(original: &PreTokenizerWrapper) -> Option<Split> {
        let kind = match original {
            PreTokenizerWrapper::ByteLevel(level) if level.use_regex => {
                Kind::ByteLevel { prefix: level.add_prefix_space }
            }
            PreTokenizerWrapper::BertPreTokenizer(_) => Kind::Bert,
            PreTokenizerWrapper::Whitespace(_) => Kind::Whitespace,
            PreTokenizerWrapper::Metaspace(space) if space.split => Kind::Metaspace {
                replacement: space.get_replacement(),
                prefix: space.prepend_scheme != PrependScheme::Never,
            },
            _ => return None,
        };
        Some(Split { kind, original: original.clone(), classes: Arc::new(Pages::new()) })
    }

    /// Whether a text without a space in front is to be given one first.
    pub(crate) fn wants_space(&self) -> bool {
        matches!(self.kind, Kind::ByteLevel { prefix: true })
    }

    /// Calls `each` with every piece, as it stands in the text, until it fails.
    pub(crate) fn each<E>(&self, text: &str, mut each: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        let mut at = 0;
        while at < text.len() {
            let (start, end) = match self.kind {
                Kind::ByteLevel { .. } => (at, self.byte_level_end(text, at)),
                Kind::Bert => (at, self.bert_end(text, at)),
                Kind::Whitespace => (at, self.whitespace_end(text, at)),
                Kind::Metaspace { replacement, .. } => {
                    let behind = at + text[at..].chars().next().map_or(1, char::len_utf8);
                    (at, text[behind..].find([' ', replacement]).map_or(text.len(), |i| behind + i))
                }
            };
            let piece = &text[start..end];
            let dropped = matches!(self.kind, Kind::Bert | Kind::Whitespace)
                && piece.chars().next().is_some_and(|c| self.class(c) == Class::Space);
            if !dropped {
                each(piece)?;
            }
            at = end;
        }
        Ok(())
    }

    /// Leaves in `out` what the model is asked for: the piece, in the spelling of the pre-tokenizer.
    pub(crate) fn spell(&self, piece: &str, out: &mut String) {
        out.clear();
        match self.kind {
            Kind::ByteLevel { .. } => out.extend(piece.bytes().map(byte_char)),
            Kind::Metaspace { replacement, prefix } => {
                let inside = piece.strip_prefix([' ', replacement]);
                if inside.is_some() || prefix {
                    out.push(replacement);
                }
                out.push_str(inside.unwrap_or(piece));
            }
            Kind::Bert | Kind::Whitespace => out.push_str(piece),
        }
    }

    fn class(&self, c: char) -> Class {
        *self.classes.get(c, |c| self.learn(c))
    }

    /// The end of the run of `class` from `at` on.
    fn run_end(&self, text: &str, at: usize, class: Class) -> usize {
        text[at..].char_indices().find(|&(_, c)| self.class(c) != class).map_or(text.len(), |(i, _)| at + i)
    }

    fn bert_end(&self, text: &str, at: usize) -> usize {
        let Some(c) = text[at..].chars().next() else { return text.len() };
        match self.class(c) {
            Class::Other => at + c.len_utf8(),
            class => self.run_end(text, at, class),
        }
    }

    fn whitespace_end(&self, text: &str, at: usize) -> usize {
        let Some(c) = text[at..].chars().next() else { return text.len() };
        self.run_end(text, at, self.class(c))
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    fn byte_level_end(&self, text: &str, at: usize) -> usize {
        let bytes = &text.as_bytes()[at..];
        match bytes {
            [b'\'', b's' | b't' | b'm' | b'd', ..] => return at + 2,
            [b'\'', b'r' | b'v', b'e', ..] | [b'\'', b'l', b'l', ..] => return at + 3,
            _ => {}
        }
        let word = at + usize::from(bytes.first() == Some(&b' '));
        let first = text[word..].chars().next().map(|c| self.class(c));
        match first {
            Some(class) if class != Class::Space => self.run_end(text, word, class),
            _ => {
                let end = self.run_end(text, at, Class::Space);
                // The last space belongs to the word behind, unless it is the only one or there is none.
                let last = text[at..end].chars().next_back().map_or(0, char::len_utf8);
                if end == text.len() || end - at == last { end } else { end - last }
            }
        }
    }

    /// What the crate takes `c` for, by what it cuts around it.
    fn learn(&self, c: char) -> Class {
        let pieces = |text: String| {
            let mut cut = PreTokenizedString::from(text);
            let done = self.original.pre_tokenize(&mut cut);
            done.map_or(0, |()| cut.get_splits(OffsetReferential::Original, OffsetType::Byte).len())
        };
        match self.kind {
            // A space in front, so that a prefix changes nothing.
            Kind::ByteLevel { .. } => match () {
                _ if pieces(format!(" a{c}")) == 1 => Class::Letter,
                _ if pieces(format!(" 1{c}")) == 1 => Class::Number,
                _ if pieces(format!(" !{c}")) == 1 => Class::Other,
                _ => Class::Space,
            },
            Kind::Bert => match pieces(format!("a{c}a")) {
                1 => Class::Letter,
                3 => Class::Other,
                _ => Class::Space,
            },
            Kind::Whitespace => match () {
                _ if pieces(format!("a{c}a")) == 1 => Class::Letter,
                _ if pieces(format!("!{c}!")) == 1 => Class::Other,
                _ => Class::Space,
            },
            Kind::Metaspace { .. } => Class::Letter,
        }
    }
}

/// The visible character that stands for a byte in byte-level vocabularies (GPT-2's `bytes_to_unicode`): itself where it is
/// printable in Latin-1, otherwise the next of those from U+0100 on.
pub(crate) fn byte_char(byte: u8) -> char {
    let code = match byte {
        b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF => u32::from(byte),
        0..=0x20 => 0x100 + u32::from(byte),
        0x7F..=0xA0 => 0x121 + u32::from(byte) - 0x7F,
        0xAD => 0x143,
    };
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn by_us(split: &Split, text: &str) -> Vec<String> {
        let mut pieces = Vec::new();
        let prefixed =
            if split.wants_space() && !text.starts_with(' ') { format!(" {text}") } else { text.into() };
        let done: Result<(), ()> = split.each(if text.is_empty() { text } else { &prefixed }, |piece| {
            let mut spelled = String::new();
            split.spell(piece, &mut spelled);
            pieces.push(spelled);
            Ok(())
        });
        done.unwrap();
        pieces
    }

    fn by_the_crate(original: &PreTokenizerWrapper, text: &str) -> Vec<String> {
        let mut cut = PreTokenizedString::from(text);
        original.pre_tokenize(&mut cut).unwrap();
        let splits = cut.get_splits(OffsetReferential::Original, OffsetType::Byte);
        splits.into_iter().map(|(piece, ..)| piece.to_owned()).filter(|piece| !piece.is_empty()).collect()
    }

    fn originals() -> Vec<PreTokenizerWrapper> {
        [
            r#"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}"#,
            r#"{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}"#,
            r#"{"type":"BertPreTokenizer"}"#,
            r#"{"type":"Whitespace"}"#,
            r#"{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}"#,
            r#"{"type":"Metaspace","replacement":"▁","prepend_scheme":"never","split":true}"#,
        ]
        .iter()
        .map(|json| serde_json::from_str(json).unwrap())
        .collect()
    }

    #[test]
    fn byte_characters_are_those_of_gpt_2() {
        let level = tokenizers::pre_tokenizers::byte_level::ByteLevel::alphabet();
        let ours: std::collections::BTreeSet<char> = (0..=255).map(byte_char).collect();
        assert_eq!(ours, level.into_iter().collect());
        assert_eq!((byte_char(b' '), byte_char(b'\n'), byte_char(0xAD)), ('Ġ', 'Ċ', 'Ń'));
    }

    #[test]
    fn pieces_are_those_of_the_crate_on_hard_texts() {
        let texts = [
            "",
            " ",
            "  ",
            "a  b",
            " a\t\tb \n",
            "it's 'tis we'll I'd 'x '' !'s",
            "قصفت الطائرات، 27.8 كم!",
            "▁a ▁ b",
            "x\u{a0}\u{a0}y",
            "٣٫٥ ½ Ⅷ a_b e\u{301}",
            "野口 ab",
            "😀👍🏽 ok",
            "a\u{2028}b\u{85}c",
        ];
        for original in originals() {
            let split = Split::of(&original).unwrap();
            for text in texts {
                assert_eq!(by_us(&split, text), by_the_crate(&original, text), "{original:?} {text:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn pieces_are_those_of_the_crate(text in "[ \t\n'a-c1!\u{5D9}\u{627}-\u{62F}\u{64B}▁\u{a0}]{0,20}|\\PC{0,20}") {
            for original in originals() {
                let split = Split::of(&original).unwrap();
                prop_assert_eq!(by_us(&split, &text), by_the_crate(&original, &text), "{:?}", original);
            }
        }
    }
}
