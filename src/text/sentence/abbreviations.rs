//! Words whose stop does not end a sentence, and the words after which it does all the same.

use super::chars::{Ink, TATWEEL, ink, is_format, is_mark};

/// What a stop after a word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// An ordinary word: the stop ends the sentence.
    Word,
    /// The stop belongs to the word unless a clear new sentence follows.
    Abbreviation,
    /// The stop belongs to the word before a number.
    BeforeNumber,
    /// The stop ends the sentence unless the next word plainly goes on with it.
    Ending,
}

/// The first letters of a word, folded: no marks, no tatweel, one alef.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Word {
    letters: [char; Word::KEPT],
    /// Letters in all, counted to one past those kept.
    pub(super) len: usize,
    pub(super) arabic: bool,
}

impl Word {
    const KEPT: usize = 8;

    /// The word at the end of `text`.
    pub(super) fn last_of(text: &str) -> Word {
        let mut word = Word::of(text.chars().rev());
        let kept = word.len.min(Word::KEPT);
        word.letters[..kept].reverse();
        word
    }

    /// The word at the start of `text`.
    pub(super) fn first_of(text: &str) -> Word {
        Word::of(text.chars())
    }

    fn of(chars: impl Iterator<Item = char>) -> Word {
        let mut word = Word::default();
        for c in chars {
            if is_mark(c) || is_format(c) || c == TATWEEL {
                continue;
            }
            match ink(c) {
                None | Some(Ink::Digit) => break,
                // A change of script is a word boundary: "USBووسائل".
                Some(kind) if word.len > 0 && (kind == Ink::Arabic) != word.arabic => break,
                Some(kind) => word.arabic = kind == Ink::Arabic,
            }
            if word.len == Word::KEPT {
                word.len += 1;
                break;
            }
            word.letters[word.len] = match c {
                'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
                c => c,
            };
            word.len += 1;
        }
        word
    }

    fn is_one_of(&self, list: &[&str]) -> bool {
        self.len <= Word::KEPT
            && list.iter().any(|entry| entry.chars().eq(self.letters[..self.len].iter().copied()))
    }

    /// Whether a Latin letter is spelled out in Arabic, as in «بي.بي.سي».
    pub(super) fn names_a_letter(&self) -> bool {
        self.arabic && (self.len == 1 || self.is_one_of(LETTER_NAMES))
    }

    /// Whether a conjunction or preposition is joined to an initial, as in «وج. ك. رولينغ».
    pub(super) fn joins_a_letter(&self) -> bool {
        self.len == 2 && matches!(self.letters[0], 'و' | 'ل' | 'ب' | 'ف' | 'ك')
    }

    /// Whether the word opens a sentence and hardly ever a name.
    pub(super) fn opens_a_sentence(&self) -> bool {
        self.is_one_of(if self.arabic { ARABIC_OPENERS } else { LATIN_OPENERS })
    }

    /// Whether the word goes on with what an ending abbreviation left: «200 كلم. شمال العاصمة».
    pub(super) fn goes_on(&self) -> bool {
        self.is_one_of(CONTINUATIONS)
    }

    pub(super) fn is_et_cetera(&self) -> bool {
        self.is_one_of(&["الخ"])
    }

    /// Whether the word starts with the conjunction و and is longer than it.
    pub(super) fn starts_with_waw(&self) -> bool {
        self.len > 1 && self.letters[0] == 'و'
    }

    /// What a stop after the word means; `counts` tells that a number stands before it, as in «2019م».
    pub(super) fn reading(&self, counts: bool) -> Reading {
        if self.len == 0 {
            Reading::Word
        } else if self.arabic {
            match self.len {
                1 if counts && self.is_one_of(&["م", "ه"]) => Reading::Ending,
                1 => Reading::Abbreviation,
                _ if self.is_one_of(ARABIC_ABBREVIATIONS) => Reading::Abbreviation,
                _ if self.is_one_of(ARABIC_ENDINGS) => Reading::Ending,
                _ => Reading::Word,
            }
        } else if self.len == 1 || self.is_one_of(LATIN_ABBREVIATIONS) {
            Reading::Abbreviation
        } else if self.is_one_of(LATIN_BEFORE_NUMBERS) {
            Reading::BeforeNumber
        } else {
            Reading::Word
        }
    }
}

/// Titles with a conjunction or preposition before them, and words of references. One alef, as in [`Word`].
const ARABIC_ABBREVIATIONS: &[&str] =
    &["ود", "لد", "فد", "وم", "وا", "اد", "واد", "صص", "مج", "تح", "اف", "دبليو", "بروف"];

/// "Etc." and units: often the last word of their sentence.
const ARABIC_ENDINGS: &[&str] = &["الخ", "كم", "كلم", "سم", "مم", "ملم", "كغ", "كغم", "كجم", "هكت"];

/// The names of Latin letters in Arabic script.
const LETTER_NAMES: &[&str] = &[
    "اي",
    "ايه",
    "بي",
    "سي",
    "دي",
    "اف",
    "جي",
    "اتش",
    "جيه",
    "كي",
    "كيه",
    "ال",
    "ام",
    "ان",
    "او",
    "كيو",
    "ار",
    "اس",
    "تي",
    "يو",
    "في",
    "دبليو",
    "اكس",
    "واي",
    "زد",
    "بيه",
    "سيه",
    "ديه",
];

const ARABIC_OPENERS: &[&str] = &[
    "وقال",
    "وقالت",
    "واضاف",
    "واضافت",
    "واكد",
    "واكدت",
    "واشار",
    "واشارت",
    "واوضح",
    "واوضحت",
    "واعلن",
    "واعلنت",
    "وذكر",
    "وذكرت",
    "وكان",
    "وكانت",
    "وقد",
    "ولم",
    "ولن",
    "وتابع",
    "وتابعت",
    "وافاد",
    "وافادت",
    "وصرح",
    "وشدد",
    "وشددت",
    "وبحسب",
    "ووفق",
    "ووفقا",
    "ومن",
    "وفي",
    "وعلى",
    "وعن",
    "ونقل",
    "ونقلت",
    "ونفى",
    "ونفت",
    "ولفت",
    "وجاء",
    "وجاءت",
    "وياتي",
    "وتم",
    "ويتم",
    "وتوقع",
    "وحذر",
    "ودعا",
    "وطالب",
    "وبلغ",
    "وبلغت",
    "وخلال",
    "وبعد",
    "وقبل",
    "وهو",
    "وهي",
    "وهذا",
    "وهذه",
    "ويذكر",
    "ويشار",
    "وكشف",
    "كما",
    "يذكر",
];

const CONTINUATIONS: &[&str] = &[
    "التي",
    "الذي",
    "الذين",
    "اللتين",
    "اللذين",
    "اللاتي",
    "شمال",
    "جنوب",
    "شرق",
    "غرب",
    "شمالي",
    "جنوبي",
    "شرقي",
    "غربي",
    "عن",
];

const LATIN_ABBREVIATIONS: &[&str] = &[
    "Mr", "Mrs", "Ms", "Dr", "Prof", "St", "Gen", "Col", "Lt", "Sgt", "Capt", "Maj", "Adm", "Brig", "Gov",
    "Sen", "Rep", "Rev", "Hon", "Mt", "Inc", "Ltd", "Co", "Corp", "Jr", "Sr", "vs", "cf", "approx", "www",
    "ed", "eds",
];

const LATIN_BEFORE_NUMBERS: &[&str] = &[
    "No", "no", "Nos", "Nr", "pp", "Vol", "vol", "Fig", "fig", "Art", "art", "Sec", "Ch", "ch", "Jan", "Feb",
    "Mar", "Apr", "Jun", "Jul", "Aug", "Sep", "Sept", "Oct", "Nov", "Dec",
];

const LATIN_OPENERS: &[&str] = &[
    "The", "A", "An", "He", "She", "It", "They", "We", "I", "This", "That", "These", "Those", "In", "On",
    "At", "But", "And", "However", "His", "Her", "There",
];
