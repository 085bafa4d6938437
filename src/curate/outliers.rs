//! Texts that are unlike all others by their length or their script.

use std::collections::BTreeMap;

use super::scripts::{main_script, script};
use crate::dataset::Example;

/// A text that is far shorter or longer than the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LengthOutlier {
    /// The record.
    pub record: usize,
    /// Its length in characters.
    pub characters: usize,
    /// The median length of all texts.
    pub median: usize,
}

/// Fences are this many interquartile ranges from the quartiles: "far out" in Tukey, *Exploratory Data Analysis*, 1977.
const FAR_OUT: f64 = 3.0;

/// The least ratio of the third quartile to the first: where all texts are of one length, a few letters more are no outlier.
const LEAST_RATIO: f64 = 1.5;

/// Texts whose length in characters is far out: more than three interquartile ranges beyond the quartiles of the logarithm.
/// Blank texts do not count.
///
/// ```
/// use tasnif::curate::length_outliers;
/// use tasnif::dataset::Example;
///
/// let mut texts: Vec<Example> = (20..60).map(|length| Example::new("x".repeat(length), "a")).collect();
/// texts.push(Example::new("x".repeat(2_000), "a"));
/// let found = length_outliers(&texts);
/// assert_eq!((found[0].record, found[0].characters, found[0].median, found.len()), (40, 2_000, 40, 1));
/// ```
pub fn length_outliers(examples: &[Example]) -> Vec<LengthOutlier> {
    let lengths: Vec<usize> = examples.iter().map(|example| example.text.trim().chars().count()).collect();
    let mut sorted: Vec<usize> = lengths.iter().copied().filter(|&length| length > 0).collect();
    if sorted.is_empty() {
        return Vec::new();
    }
    sorted.sort_unstable();
    let quartile = |quarter: usize| sorted[(sorted.len() - 1) * quarter / 4] as f64;
    // Powers of the ratio of the quartiles are multiples of the range of the logarithms.
    let factor = libm::pow((quartile(3) / quartile(1)).max(LEAST_RATIO), FAR_OUT);
    let (least, most) = (quartile(1) / factor, quartile(3) * factor);
    let median = sorted[(sorted.len() - 1) / 2];
    let far = |length: usize| length > 0 && ((length as f64) < least || length as f64 > most);
    let found = lengths.iter().enumerate().filter(|&(_, &length)| far(length));
    found.map(|(record, &characters)| LengthOutlier { record, characters, median }).collect()
}

/// A text in a script that hardly any other is in, or that mixes two scripts in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScriptOutlier {
    /// The record.
    pub record: usize,
    /// The script of most of its letters.
    pub script: &'static str,
    /// The script of most other texts; for a word of two scripts, the other one.
    pub beside: &'static str,
    /// Whether one of its words has letters of both, such as a Cyrillic а among Latin letters.
    pub mixed_word: bool,
}

/// Texts mostly in another script than nine in ten others are, where at most one in a hundred (or one in all) is; and texts
/// with a word that has both Latin and Cyrillic letters, which look alike.
pub fn script_outliers(examples: &[Example]) -> Vec<ScriptOutlier> {
    let scripts: Vec<Option<&str>> = examples.iter().map(|example| main_script(&example.text)).collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    scripts.iter().flatten().for_each(|&name| *counts.entry(name).or_default() += 1);
    let all: usize = counts.values().sum();
    let usual = counts.iter().max_by_key(|&(_, &count)| count).filter(|&(_, &count)| count * 10 >= all * 9);
    let few = (all / 100).max(1);

    let mut found = Vec::new();
    for (record, script) in scripts.iter().enumerate() {
        let Some(script) = *script else { continue };
        match usual {
            Some((&usual, _)) if usual != script && counts[script] <= few => {
                found.push(ScriptOutlier { record, script, beside: usual, mixed_word: false });
            }
            _ if examples[record].text.split(|c: char| !c.is_alphabetic()).any(mixes_lookalikes) => {
                let beside = if script == "Latin" { "Cyrillic" } else { "Latin" };
                found.push(ScriptOutlier { record, script, beside, mixed_word: true });
            }
            _ => {}
        }
    }
    found
}

fn mixes_lookalikes(word: &str) -> bool {
    // Most words are of ASCII or hold no Cyrillic letter at all.
    !word.is_ascii() && ["Latin", "Cyrillic"].iter().all(|name| word.chars().any(|c| script(c) == Some(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examples<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Vec<Example> {
        texts.into_iter().map(|text| Example::new(text, "a")).collect()
    }

    #[test]
    fn ordinary_spread_has_no_outliers_and_texts_of_one_length_neither() {
        assert_eq!(length_outliers(&examples((5..400).map(|length| "ب".repeat(length)))), []);
        assert_eq!(length_outliers(&examples((0..50).map(|i| "x".repeat(20 + i % 2)))), []);
        assert_eq!(length_outliers(&examples(["", " "])), []);
    }

    #[test]
    fn a_fragment_among_sentences_is_far_out() {
        let mut texts: Vec<String> = (100..140).map(|length| "x".repeat(length)).collect();
        texts.push("xy".into());
        texts.push(String::new());
        let found = length_outliers(&examples(texts));
        assert_eq!(found, [LengthOutlier { record: 40, characters: 2, median: 119 }]);
    }

    #[test]
    fn a_text_in_another_script_stands_out_of_a_corpus_in_one() {
        let mut texts = vec!["قصفت الطائرات المدينة وقال BBC"; 30];
        texts.push("The jets struck the city");
        texts.push("1999");
        let found = script_outliers(&examples(texts.clone()));
        let expected = ScriptOutlier { record: 30, script: "Latin", beside: "Arabic", mixed_word: false };
        assert_eq!(found, [expected]);
        texts.extend(["and the envoy called for talks"; 10]);
        assert_eq!(script_outliers(&examples(texts)), [], "a corpus in two languages has no odd one out");
    }

    #[test]
    fn a_word_of_look_alike_letters_is_told() {
        let found =
            script_outliers(&examples(["the bаnk raised rates", "банк raised rates", "β-carotene", "naïve"]));
        let mixed: Vec<(usize, bool)> =
            found.iter().map(|outlier| (outlier.record, outlier.mixed_word)).collect();
        assert_eq!(mixed, [(0, true)]);
    }
}
