use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Distinct words of our own sentences, with their counts, the most frequent first.
fn words() -> Vec<(String, u64)> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for line in include_str!("../../../data/written-2.jsonl").lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        for word in record["text"].as_str().unwrap().split_whitespace() {
            *counts.entry(format!("▁{word}")).or_default() += 1;
        }
    }
    let mut words: Vec<(String, u64)> = counts.into_iter().collect();
    words.sort_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
    words
}

fn learn(words: &[(String, u64)], size: usize) -> Vec<(String, f64)> {
    train(words, size, 2, &["<unk>".into()], |_, _| {})
}

/// The logarithm of the likelihood of all words, over all cuts, by the definition: no lattice, pieces looked up by their text.
fn likelihood(words: &[(String, u64)], pieces: &[(String, f64)]) -> f64 {
    let probability: BTreeMap<&str, f64> =
        pieces.iter().map(|(piece, log)| (piece.as_str(), log.exp())).collect();
    let of = |word: &str| {
        let mut sums = vec![0.0; word.len() + 1];
        sums[0] = 1.0;
        for (start, _) in word.char_indices() {
            for end in start + 1..=word.len() {
                let piece = word.get(start..end).and_then(|piece| probability.get(piece));
                sums[end] += piece.map_or(0.0, |probability| sums[start] * probability);
            }
        }
        sums[word.len()].ln()
    };
    words.iter().map(|(word, count)| *count as f64 * of(word)).sum()
}

#[test]
fn the_vocabulary_has_its_size_all_characters_and_probabilities_that_sum_to_one() {
    let words = words();
    for size in [200, 700, 1500] {
        let learned = learn(&words, size);
        assert_eq!(learned.len(), size);
        for character in words.iter().flat_map(|(word, _)| word.chars()) {
            assert!(learned.iter().any(|(piece, _)| piece.chars().eq([character])), "{character}");
        }
        let sum: f64 = learned.iter().map(|(_, log)| log.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        assert!(learned.windows(2).all(|pair| pair[0].1 >= pair[1].1), "the likeliest first");
        assert!(learned.iter().all(|(piece, log)| *log < 0.0 && piece.chars().count() <= LONGEST_PIECE));
    }
}

#[test]
fn more_pieces_make_the_words_likelier_and_the_crates_trainer_does_no_better() {
    use tokenizers::models::unigram::{Unigram, UnigramTrainer};
    let words = words();
    let mut before = f64::NEG_INFINITY;
    for size in [200, 700, 1500] {
        let ours = likelihood(&words, &learn(&words, size));
        assert!(ours > before, "{size}");
        before = ours;
        let mut builder = UnigramTrainer::builder();
        builder.show_progress(false).vocab_size(size as u32 + 1).unk_token(Some("<unk>".into()));
        let trainer = builder.build().unwrap();
        let mut model = Unigram::default();
        let counts = words.iter().map(|(word, count)| (word.clone(), *count as u32)).collect();
        trainer.do_train(counts, &mut model).unwrap();
        let pieces: Vec<(String, f64)> = model.iter().skip(1).cloned().collect();
        let theirs = likelihood(&words, &pieces);
        assert!(ours > theirs * 1.001, "{size}: {ours} against {theirs}");
    }
}

#[test]
fn two_threads_and_two_runs_learn_the_same() {
    let words = words();
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| learn(&words, 800))
    };
    let first = run(1);
    for threads in [1, 2, 5] {
        let next = run(threads);
        assert!(next.iter().zip(&first).all(|(a, b)| a.0 == b.0 && a.1.to_bits() == b.1.to_bits()));
    }
}

#[test]
fn seeds_are_the_substrings_that_repeat_and_cannot_be_longer() {
    let words: Vec<(String, u64)> =
        [("abcd", 3), ("xabcd", 2), ("abce", 1)].map(|(w, n)| (w.to_owned(), n)).into();
    let words = Words::new(&words);
    let (pieces, lattice) = seed::seed(&words, 100, 2, &[]);
    let strings = (pieces.characters..pieces.len()).map(|id| words.text(pieces.at[id], pieces.len[id]));
    assert_eq!(strings.collect::<Vec<_>>(), ["abc", "abcd", "xabcd"]);
    // a 6, b 6, c 6, d 5, e 1, x 2; abc 6 × 3, abcd 5 × 4, xabcd 2 × 5.
    let all = f64::from(6 + 6 + 6 + 5 + 1 + 2 + 18 + 20 + 10);
    assert!(
        (pieces.log[6].exp() - 18.0 / all).abs() < 1e-12 && (pieces.log[8].exp() - 10.0 / all).abs() < 1e-12
    );
    // Every cut of abcd: a·b·c·d, abc·d, abcd.
    let probability: Vec<f64> = pieces.log.iter().map(|log| log.exp()).collect();
    let mut expected = vec![0.0; pieces.len()];
    let sum = lattice.expect((0, 4), 1.0, &probability, &mut expected);
    let [a, b, c, d] = [0, 1, 2, 3].map(|id| probability[id]);
    let by_hand = a * b * c * d + probability[6] * d + probability[7];
    assert!((sum - by_hand).abs() < 1e-12);
    assert!((expected[6] - probability[6] * d / by_hand).abs() < 1e-12);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_words_give_finite_scores_and_all_their_characters(
        words in prop::collection::btree_map("[a-cé\u{0}م]{1,40}", 1..1_000_000u64, 1..20), size in 6..60usize,
    ) {
        let words: Vec<(String, u64)> = words.into_iter().collect();
        let learned = learn(&words, size);
        prop_assert!(learned.len() <= size);
        prop_assert!(learned.iter().all(|(_, log)| log.is_finite()));
        prop_assert!(likelihood(&words, &learned).is_finite() || words.iter().any(|(word, _)| word.len() > 30));
    }
}
