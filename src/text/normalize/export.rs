//! The normalizer as components of Hugging Face's `tokenizers`, so that a `tokenizer.json` carries it to any program that
//! reads such files, Python's included.
//!
//! The components give what [`Normalizer`] gives, with two exceptions, since `tokenizers` has no component for NFKC on chosen
//! characters but SentencePiece's table, which is applied to grapheme clusters: a mark of two bytes right behind a
//! presentation form (U+FB50–FDFF, U+FE70–FEFC) is lost with it, and whichever Unicode version the other program has
//! decides what is a letter, a mark or a composition. Both concern characters that news text does not have.

use tokenizers::NormalizerWrapper;
use tokenizers::normalizers::replace::{Replace, ReplacePattern};
use tokenizers::normalizers::{Lowercase, NFC, Sequence, Strip};

use super::charsmap::presentation_forms;
use super::{Normalizer, Switches};
use crate::error::{Error, Result};

/// Tatweel.
const TATWEEL: &str = r"\x{640}";
/// As `is_tashkeel`.
const TASHKEEL: &str = r"\x{610}-\x{61A}\x{64B}-\x{652}\x{656}-\x{65F}\x{670}\x{6D6}-\x{6DC}\x{6DF}-\x{6E4}\x{6E7}\x{6E8}\x{6EA}-\x{6ED}";
/// As `is_invisible`.
const INVISIBLE: &str = r"\x{AD}\x{34F}\x{61C}\x{180E}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{206F}\x{FE00}-\x{FE0F}\x{FEFF}";
/// The property White_Space.
const SPACES: &str =
    r"\x{9}-\x{D}\x{20}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}";

/// The folds of `switches` as a normalizer of the `tokenizers` crate; nothing when none is on.
///
/// ```
/// use tasnif::text::normalize::{Switches, export::to_tokenizers};
/// use tokenizers::{NormalizedString, Normalizer};
///
/// let exported = to_tokenizers(&Switches::arabic())?.expect("arabic() has folds");
/// let mut text = NormalizedString::from("أعلنَ المســؤول فى ٣٫٥ كم");
/// exported.normalize(&mut text).expect("this normalizer has no way to fail");
/// assert_eq!(text.get(), "اعلن المسؤول في 3.5 كم");
/// # Ok::<(), tasnif::Error>(())
/// ```
///
/// # Errors
/// [`Error::Tokenizer`] should the crate refuse one of the components.
pub fn to_tokenizers(switches: &Switches) -> Result<Option<NormalizerWrapper>> {
    let mut steps: Vec<NormalizerWrapper> = Vec::new();
    let replace = |class: &str, content: &str| {
        Replace::new(ReplacePattern::Regex(class.into()), content)
            .map(NormalizerWrapper::Replace)
            .map_err(|error| Error::Tokenizer(error.to_string()))
    };
    if switches.presentation_forms {
        steps.push(NormalizerWrapper::Precompiled(presentation_forms()?));
    }
    if switches.lowercase {
        steps.push(NormalizerWrapper::Lowercase(Lowercase));
    }
    let dropped =
        [(switches.tatweel, TATWEEL), (switches.tashkeel, TASHKEEL), (switches.invisibles, INVISIBLE)];
    let dropped: String = dropped.iter().filter(|(on, _)| *on).map(|(_, class)| *class).collect();
    if !dropped.is_empty() {
        steps.push(replace(&format!("[{dropped}]"), "")?);
    }
    let mut letters: Vec<(String, String)> = Vec::new();
    let mut letter = |on: bool, class: &str, to: &str| {
        if on {
            letters.push((class.into(), to.into()));
        }
    };
    letter(switches.alef_maksura, r"\x{649}", "ي");
    letter(switches.teh_marbuta, r"\x{629}", "ه");
    letter(switches.persian, r"\x{6CC}", "ي");
    letter(switches.persian, r"\x{6A9}", "ك");
    for digit in 0..10 {
        let class = format!(r"[\x{{{:X}}}\x{{{:X}}}]", 0x660 + digit, 0x6F0 + digit);
        letter(switches.digits, &class, &digit.to_string());
    }
    letter(switches.digits, r"\x{66A}", "%");
    letter(switches.digits, r"\x{66B}", ".");
    letter(switches.digits, r"\x{66C}", ",");
    letter(switches.mask_digits, "[0-9]", "0");
    for (class, to) in letters {
        steps.push(replace(&class, &to)?);
    }
    if switches.nfc {
        steps.push(NormalizerWrapper::NFC(NFC));
        if switches.tashkeel || switches.alef {
            // Hamzas and maddas that found no letter; what stood behind them may now compose.
            steps.push(replace(r"[\x{653}-\x{655}]", "")?);
            steps.push(NormalizerWrapper::NFC(NFC));
        }
    }
    if switches.alef {
        steps.push(replace(r"[\x{622}\x{623}\x{625}\x{671}]", "ا")?);
    }
    if switches.whitespace {
        steps.push(replace(&format!("[{SPACES}]+"), " ")?);
        steps.push(NormalizerWrapper::StripNormalizer(Strip::new(true, true)));
    }
    Ok((!steps.is_empty()).then(|| NormalizerWrapper::Sequence(Sequence::new(steps))))
}

/// The switches that `exported` was made from, if it was made by [`to_tokenizers`].
pub(crate) fn switches_of(exported: &NormalizerWrapper) -> Option<Switches> {
    let NormalizerWrapper::Sequence(_) = exported else { return None };
    let text = serde_json::to_string(exported).ok()?;
    // Backslashes are doubled in JSON.
    let has = |part: &str| text.contains(&part.replace('\\', r"\\"));
    let guess = Switches {
        nfc: text.contains(r#""NFC""#),
        presentation_forms: text.contains(r#""Precompiled""#),
        tatweel: has(TATWEEL),
        tashkeel: has(&TASHKEEL[..7]),
        alef: has(r"\x{622}"),
        alef_maksura: has(r"\x{649}"),
        teh_marbuta: has(r"\x{629}"),
        persian: has(r"\x{6CC}"),
        digits: has(r"\x{66A}"),
        mask_digits: has("[0-9]"),
        invisibles: has(r"\x{AD}"),
        whitespace: has(r"\x{1680}"),
        lowercase: text.contains(r#""Lowercase""#),
    };
    let again = serde_json::to_string(&to_tokenizers(&guess).ok()??).ok()?;
    (again == text).then_some(guess)
}

impl Normalizer {
    /// The same folds as a normalizer of the `tokenizers` crate: see [`to_tokenizers`].
    ///
    /// # Errors
    /// As [`to_tokenizers`].
    pub fn to_tokenizers(&self) -> Result<Option<NormalizerWrapper>> {
        to_tokenizers(self.switches())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tokenizers::{NormalizedString, Normalizer as _};

    fn by_components(switches: &Switches, text: &str) -> String {
        let mut normalized = NormalizedString::from(text);
        if let Some(exported) = to_tokenizers(switches).unwrap() {
            exported.normalize(&mut normalized).unwrap();
        }
        normalized.get().to_owned()
    }

    #[test]
    fn every_presentation_form_becomes_the_letters_it_shows() {
        let only = Switches { presentation_forms: true, ..Switches::none() };
        let forms: Vec<char> = ('\u{FB00}'..='\u{FEFF}').collect();
        let text: String = forms.iter().flat_map(|&c| [c, 'x']).collect();
        assert_eq!(by_components(&only, &text), Normalizer::new(only).normalize(&text));
    }

    #[test]
    fn a_mark_behind_a_presentation_form_is_the_exception() {
        let only = Switches { presentation_forms: true, ..Switches::none() };
        assert_eq!(by_components(&only, "\u{FE91}\u{64E}"), "ب");
        assert_eq!(Normalizer::new(only).normalize("\u{FE91}\u{64E}"), "بَ");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn components_give_what_the_normalizer_gives(bits in 0u32..1 << 13, text in "[ \t\n\u{a0}a-zA-Z0-9İǅ\u{301}\u{600}-\u{6FF}\u{200B}-\u{2010}]{0,30}|\\PC{0,20}") {
            // Presentation forms with a mark behind them are the exception; so are they left out here.
            prop_assume!(!text.chars().any(super::super::is_presentation_form));
            for switches in [Switches::of_bits(bits), Switches::arabic()] {
                prop_assert_eq!(by_components(&switches, &text), Normalizer::new(switches).normalize(&text), "{:?}", switches);
            }
        }

        #[test]
        fn switches_are_read_back(bits in 1u32..1 << 13) {
            let exported = to_tokenizers(&Switches::of_bits(bits)).unwrap().unwrap();
            prop_assert_eq!(switches_of(&exported), Some(Switches::of_bits(bits)));
        }
    }
}
