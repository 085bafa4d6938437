//! Text that was read in another encoding than it was written in.

/// The characters of Windows-1252 for the bytes 0x80–0x9F; those without one are the control characters that lenient decoders
/// give (WHATWG, *Encoding*, index windows-1252).
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
];

/// Fewer accented letters than this tell nothing of the encoding.
const ENOUGH: usize = 8;

/// Whether a text looks like UTF-8 read as Windows-1252 (`donâ€™t`, `Ø§Ù„`), or like another encoding of one byte a letter
/// read so (`ÇáÓáÇã`): a suspicion, not a proof.
pub(super) fn looks_like_mojibake(text: &str) -> bool {
    if text.is_ascii() {
        return false;
    }
    utf8_read_as_latin(text) || bytes_read_as_latin(text)
}

/// Sequences of characters that are bytes of valid UTF-8 make up at least two thirds of what is not ASCII, and there are two
/// of them, or one of three bytes or more: pairs such as `É»` stand in honest French.
fn utf8_read_as_latin(text: &str) -> bool {
    let bytes: Vec<Option<u8>> = text.chars().map(byte).collect();
    let foreign = text.chars().filter(|c| !c.is_ascii()).count();
    let (mut at, mut covered, mut sequences, mut longest) = (0, 0, 0, 0);
    while at < bytes.len() {
        let length = sequence(&bytes[at..]);
        if length > 1 {
            covered += length;
            sequences += 1;
            longest = longest.max(length);
        }
        at += length.max(1);
    }
    3 * covered >= 2 * foreign && (sequences >= 2 || longest >= 3)
}

/// The bytes of the character that begins here, if they are one of two to four bytes in UTF-8; else 0.
fn sequence(bytes: &[Option<u8>]) -> usize {
    let length = match bytes.first() {
        Some(Some(0xC2..=0xDF)) => 2,
        Some(Some(0xE0..=0xEF)) => 3,
        Some(Some(0xF0..=0xF4)) => 4,
        _ => return 0,
    };
    let Some(bytes) = bytes.get(..length) else { return 0 };
    let bytes: Option<Vec<u8>> = bytes.iter().copied().collect();
    if bytes.is_some_and(|bytes| std::str::from_utf8(&bytes).is_ok()) { length } else { 0 }
}

/// The byte that Windows-1252 has for a character.
fn byte(c: char) -> Option<u8> {
    match u32::from(c) {
        code @ (0..=0x7F | 0xA0..=0xFF) => Some(code as u8),
        // Read as ISO 8859-1, the control characters themselves.
        code @ 0x80..=0x9F => Some(code as u8),
        _ => HIGH.iter().position(|&high| high == c).map(|place| 0x80 + place as u8),
    }
}

/// Four letters in five are accented ones of Latin-1: no language writes so, but Arabic, Cyrillic and Greek in their old
/// encodings look so.
fn bytes_read_as_latin(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic());
    let (mut all, mut accented) = (0usize, 0usize);
    for c in letters {
        all += 1;
        accented += usize::from(('\u{C0}'..='\u{FF}').contains(&c));
    }
    accented >= ENOUGH && accented * 5 >= all * 4
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a decoder makes of the UTF-8 of `text` that takes it for Windows-1252.
    fn misread(text: &str) -> String {
        let decode =
            |byte: u8| if (0x80..0xA0).contains(&byte) { HIGH[byte as usize - 0x80] } else { byte.into() };
        text.bytes().map(decode).collect()
    }

    #[test]
    fn utf8_read_as_windows_1252_is_suspected_in_any_script() {
        for text in
            ["قصفت الطائرات المدينة", "don’t", "é à la carte, déjà vu", "война и мир", "漢字", "Ελλάδα"]
        {
            let wrong = misread(text);
            assert!(looks_like_mojibake(&wrong), "{wrong}");
            assert!(!looks_like_mojibake(text), "{text}");
        }
    }

    #[test]
    fn one_byte_encodings_read_as_latin_are_suspected() {
        // "السلام عليكم" in Windows-1256 and "привет мир" in KOI8-R, read as Latin-1.
        assert!(looks_like_mojibake("ÇáÓáÇã Úáíßã"));
        assert!(looks_like_mojibake("ÐÒÉ×ÅÔ ÍÉÒ"));
    }

    #[test]
    fn honest_text_with_accents_is_left_alone() {
        for text in [
            "«LIBERTÉ» et «ÉGALITÉ»",
            "Où est-il ? «LÀ», dit-elle à l’été",
            "São Paulo, Ñuñoa, Ærø, Þingvellir",
            "Tiếng Việt có nhiều dấu",
            "ÄÖÜ",
            "Œuvre – “naïve” … ™",
            "10 € à 20 °C",
        ] {
            assert!(!looks_like_mojibake(text), "{text}");
        }
    }
}
