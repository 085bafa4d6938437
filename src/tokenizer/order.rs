//! What the trainers of the crate leave to chance, put in order.

use tokenizers::models::unigram::Unigram;

/// The step between the scores that the Unigram trainer gives to characters which its model lost.
const PENALTY: f64 = 0.0001;

/// The vocabulary of a trained Unigram model after its first `special` entries, in a fixed order: characters that the training
/// lost come back with scores handed out in the order of a hash table, and pieces of one score stand in that order.
pub(super) fn unigram(model: &Unigram, special: usize) -> Vec<(String, f64)> {
    let mut pieces: Vec<(String, f64)> = model.iter().cloned().collect();
    let mut learned = pieces.split_off(special.min(pieces.len()));
    let lowest = learned.iter().map(|(_, score)| *score).fold(f64::INFINITY, f64::min);
    // The scores handed out: lowest, lowest + 0.0001, and so on, each to one character.
    let mut lost: Vec<usize> = Vec::new();
    let mut penalty = 0.0;
    while let Some(place) =
        learned.iter().position(|(piece, score)| *score == lowest + penalty && piece.chars().count() == 1)
    {
        lost.push(place);
        penalty += PENALTY;
    }
    let mut characters: Vec<String> = lost.iter().map(|&place| learned[place].0.clone()).collect();
    characters.sort_unstable();
    for (&place, character) in lost.iter().zip(characters) {
        learned[place].0 = character;
    }
    learned.sort_by(|(a, x), (b, y)| y.total_cmp(x).then_with(|| a.cmp(b)));
    pieces.extend(learned);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_handed_out_by_chance_are_handed_out_in_order() {
        let vocab = |a: &str, b: &str| {
            let pieces = [("<unk>", 0.0), ("ab", -1.0), (b, -7.0 + PENALTY), ("c", -3.0), (a, -7.0)];
            let pieces = pieces.map(|(piece, score)| (piece.to_owned(), score));
            unigram(&Unigram::from(pieces.to_vec(), Some(0), false).unwrap(), 1)
        };
        assert_eq!(vocab("x", "y"), vocab("y", "x"));
        let names: Vec<String> = vocab("y", "x").into_iter().map(|(piece, _)| piece).collect();
        assert_eq!(names, ["<unk>", "ab", "c", "y", "x"]);
    }
}
