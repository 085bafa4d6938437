//! The writing system of a letter.

/// Blocks of letters with the name of their script, sorted. Coarse on purpose: whole blocks of the scripts in use today (Unicode
/// 16 `Blocks.txt`); Han and kana are one, since Japanese mixes them freely.
const BLOCKS: &[(u32, u32, &str)] = &[
    (0x0041, 0x024F, "Latin"),
    (0x0250, 0x02AF, "Latin"),
    (0x0370, 0x03FF, "Greek"),
    (0x0400, 0x052F, "Cyrillic"),
    (0x0530, 0x058F, "Armenian"),
    (0x0590, 0x05FF, "Hebrew"),
    (0x0600, 0x06FF, "Arabic"),
    (0x0700, 0x074F, "Syriac"),
    (0x0750, 0x077F, "Arabic"),
    (0x0780, 0x07BF, "Thaana"),
    (0x07C0, 0x07FF, "N'Ko"),
    (0x0860, 0x086F, "Syriac"),
    (0x0870, 0x08FF, "Arabic"),
    (0x0900, 0x097F, "Devanagari"),
    (0x0980, 0x09FF, "Bengali"),
    (0x0A00, 0x0A7F, "Gurmukhi"),
    (0x0A80, 0x0AFF, "Gujarati"),
    (0x0B00, 0x0B7F, "Oriya"),
    (0x0B80, 0x0BFF, "Tamil"),
    (0x0C00, 0x0C7F, "Telugu"),
    (0x0C80, 0x0CFF, "Kannada"),
    (0x0D00, 0x0D7F, "Malayalam"),
    (0x0D80, 0x0DFF, "Sinhala"),
    (0x0E00, 0x0E7F, "Thai"),
    (0x0E80, 0x0EFF, "Lao"),
    (0x0F00, 0x0FFF, "Tibetan"),
    (0x1000, 0x109F, "Myanmar"),
    (0x10A0, 0x10FF, "Georgian"),
    (0x1100, 0x11FF, "Hangul"),
    (0x1200, 0x139F, "Ethiopic"),
    (0x13A0, 0x13FF, "Cherokee"),
    (0x1780, 0x17FF, "Khmer"),
    (0x1800, 0x18AF, "Mongolian"),
    (0x1C80, 0x1C8F, "Cyrillic"),
    (0x1C90, 0x1CBF, "Georgian"),
    (0x1E00, 0x1EFF, "Latin"),
    (0x1F00, 0x1FFF, "Greek"),
    (0x2C60, 0x2C7F, "Latin"),
    (0x2D00, 0x2D2F, "Georgian"),
    (0x2D30, 0x2D7F, "Tifinagh"),
    (0x2D80, 0x2DDF, "Ethiopic"),
    (0x2DE0, 0x2DFF, "Cyrillic"),
    (0x3040, 0x30FF, "Han or kana"),
    (0x3130, 0x318F, "Hangul"),
    (0x31F0, 0x31FF, "Han or kana"),
    (0x3400, 0x4DBF, "Han or kana"),
    (0x4E00, 0x9FFF, "Han or kana"),
    (0xA640, 0xA69F, "Cyrillic"),
    (0xA720, 0xA7FF, "Latin"),
    (0xA960, 0xA97F, "Hangul"),
    (0xAB30, 0xAB6F, "Latin"),
    (0xAC00, 0xD7FF, "Hangul"),
    (0xF900, 0xFAFF, "Han or kana"),
    (0xFB00, 0xFB06, "Latin"),
    (0xFB1D, 0xFB4F, "Hebrew"),
    (0xFB50, 0xFDFF, "Arabic"),
    (0xFE70, 0xFEFC, "Arabic"),
    (0xFF21, 0xFF5A, "Latin"),
    (0xFF66, 0xFF9F, "Han or kana"),
    (0x20000, 0x3FFFF, "Han or kana"),
];

/// The script of a letter; none for what is no letter, or of a script that is not listed.
pub(crate) fn script(c: char) -> Option<&'static str> {
    if !c.is_alphabetic() {
        return None;
    }
    let code = u32::from(c);
    let place = BLOCKS.partition_point(|&(_, end, _)| end < code);
    BLOCKS.get(place).filter(|(start, ..)| *start <= code).map(|&(.., name)| name)
}

/// The script of most letters of a text; of equals, the one that comes first in the text.
pub(super) fn main_script(text: &str) -> Option<&'static str> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for name in text.chars().filter_map(script) {
        match counts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    counts.into_iter().rev().max_by_key(|&(_, count)| count).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_sorted_and_do_not_overlap() {
        assert!(BLOCKS.iter().all(|(start, end, _)| start <= end));
        assert!(BLOCKS.windows(2).all(|two| two[0].1 < two[1].0));
    }

    #[test]
    fn letters_have_the_script_that_unicode_gives_them() {
        for (c, name) in [
            ('a', "Latin"),
            ('ß', "Latin"),
            ('ệ', "Latin"),
            ('Ω', "Greek"),
            ('ж', "Cyrillic"),
            ('ع', "Arabic"),
            ('پ', "Arabic"),
            ('ﺶ', "Arabic"),
            ('ש', "Hebrew"),
            ('ह', "Devanagari"),
            ('ไ', "Thai"),
            ('한', "Hangul"),
            ('漢', "Han or kana"),
            ('カ', "Han or kana"),
            ('አ', "Ethiopic"),
            ('ა', "Georgian"),
        ] {
            assert_eq!(script(c), Some(name), "{c}");
        }
        for c in ['1', '٣', ' ', '،', '«', '😀', '×'] {
            assert_eq!(script(c), None, "{c}");
        }
    }

    #[test]
    fn the_main_script_is_that_of_most_letters() {
        assert_eq!(main_script("قال BBC"), Some("Arabic"), "three letters each: the first script");
        assert_eq!(main_script("قال وزير BBC"), Some("Arabic"));
        assert_eq!(main_script("BBC قال وزير الخارجية"), Some("Arabic"));
        assert_eq!(main_script("12 + 3"), None);
    }
}
