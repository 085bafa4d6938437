//! The vector of a word that the corpus did not have: that of its longest known part.

use super::WordVectors;

/// Parts of fewer characters say nothing of the word they stand in.
const SHORTEST: usize = 3;

impl WordVectors {
    /// The place of a word, or of the longest part of it, of three characters or more, that is a word with a vector; of parts of
    /// one length the most frequent.
    ///
    /// Arabic writes conjunctions, prepositions, the article and pronouns onto the word, so that a rare form has a common one
    /// inside: وبالغارات has بالغارات.
    pub fn index_or_part(&self, word: &str) -> Option<usize> {
        if let Some(index) = self.index(word) {
            return Some(index);
        }
        let starts: Vec<usize> = word.char_indices().map(|(at, _)| at).chain([word.len()]).collect();
        let chars = starts.len() - 1;
        // No word of a language is longer; a line of base64 is, and the search is quadratic.
        if chars > 64 {
            return None;
        }
        (SHORTEST..chars).rev().find_map(|len| {
            let parts =
                (0..=chars - len).filter_map(|from| self.index(&word[starts[from]..starts[from + len]]));
            parts.min()
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::vectors::{Training, WordVectors};

    fn vectors() -> WordVectors {
        let words = ["بال", "غارات", "الغارات", "رات", "قصف", "و"].map(String::from).into();
        WordVectors::new(words, vec![9, 8, 7, 6, 5, 4], 100, 1, vec![0.5; 6], Training::default()).unwrap()
    }

    #[test]
    fn a_word_without_a_vector_has_that_of_its_longest_part() {
        let vectors = vectors();
        let part = |word| vectors.index_or_part(word).map(|index| vectors.word(index));
        assert_eq!(part("وبالغارات"), Some("الغارات"));
        assert_eq!(part("قصف"), Some("قصف"));
        assert_eq!(part("فقصفها"), Some("قصف"));
        assert_eq!(part("رابال"), Some("بال"));
        assert_eq!(part("بالرات"), Some("بال"), "of two parts of one length the more frequent");
    }

    #[test]
    fn short_parts_do_not_count() {
        let vectors = vectors();
        assert_eq!(vectors.index_or_part("وقد"), None);
        assert_eq!(vectors.index_or_part(""), None);
        assert_eq!(vectors.index_or_part(&"قصف".repeat(30)), None);
    }
}
