//! Against the brute force: what is found is true, and little is missed.

use proptest::prelude::*;

use super::*;
use crate::random::SplitMix64;

/// Every pair of first copies at or above the threshold, and every later copy with its first.
fn brute_force(texts: &[String], threshold: f64) -> Vec<Pair> {
    let first = |text: usize| texts.iter().position(|other| *other == texts[text]).unwrap();
    let mut pairs = Vec::new();
    for a in (0..texts.len()).filter(|&a| first(a) == a) {
        for b in (a + 1..texts.len()).filter(|&b| first(b) == a || first(b) == b) {
            let similarity = jaccard(&texts[a], &texts[b]);
            if similarity >= threshold {
                pairs.push(Pair { a, b, similarity });
            }
        }
    }
    pairs
}

/// A text of `length` random Arabic letters and spaces.
fn random_text(random: &mut SplitMix64, length: usize) -> String {
    let letters: Vec<char> = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي   ".chars().collect();
    (0..length).map(|_| letters[random.below(letters.len())]).collect()
}

/// `text` with `edits` of its characters replaced.
fn edited(random: &mut SplitMix64, text: &str, edits: usize) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..edits {
        let place = random.below(characters.len());
        characters[place] = 'ء';
    }
    characters.into_iter().collect()
}

#[test]
fn jaccard_is_that_of_sets_worked_out_by_hand() {
    assert_eq!(jaccard("", ""), 1.0);
    assert_eq!(jaccard("", "a"), 0.0);
    assert_eq!(jaccard("حرب", "حرب"), 1.0);
    assert_eq!(jaccard("حرب", "حربا"), 0.0);
    // One gram each way: the set of "aaaaaaa" is {aaaaa}.
    assert_eq!(jaccard("aaaaa", "aaaaaaaaa"), 1.0);
    // {abcde bcdef cdefg} and {bcdef cdefg defgh}: two of four.
    assert_eq!(jaccard("abcdefg", "bcdefgh"), 0.5);
    // A short text is no gram of a longer one, nor is a NUL the same as nothing.
    assert_eq!(jaccard("\0a", "a"), 0.0);
    assert_eq!(jaccard("\u{10ffff}\u{10ffff}\u{10ffff}\u{10ffff}\u{10ffff}", "\u{10ffff}"), 0.0);
}

#[test]
fn a_senseless_threshold_is_an_error() {
    for threshold in [0.0, 0.05, -1.0, 1.1, f64::NAN, f64::INFINITY] {
        assert!(near_duplicates(&["a"], threshold).is_err(), "{threshold}");
    }
    assert_eq!(near_duplicates(&[""; 0], 0.5).unwrap(), []);
    assert_eq!(clusters(&[""; 0], 0.5).unwrap(), [0usize; 0]);
}

#[test]
fn nearly_all_pairs_at_the_threshold_are_found_and_all_well_above_it() {
    let mut random = SplitMix64::new(1);
    for threshold in [0.3, 0.5, 0.7, 0.8, 0.9] {
        let mut texts = Vec::new();
        for i in 0..1_500 {
            let text = random_text(&mut random, 60 + i % 200);
            let edits = random.below(20);
            texts.push(edited(&mut random, &text, edits));
            texts.push(text);
        }
        let truth: Vec<Pair> = (0..texts.len())
            .step_by(2)
            .map(|a| Pair { a, b: a + 1, similarity: jaccard(&texts[a], &texts[a + 1]) })
            .filter(|pair| pair.similarity >= threshold)
            .collect();
        let found = near_duplicates(&texts, threshold).unwrap();
        let missed: Vec<&Pair> = truth.iter().filter(|pair| !found.contains(pair)).collect();
        assert!(truth.len() > 100, "{threshold}: {}", truth.len());
        assert!(missed.len() * 100 <= truth.len(), "{threshold}: {} of {}", missed.len(), truth.len());
        assert!(missed.iter().all(|pair| pair.similarity < threshold + 0.05), "{threshold}: {missed:?}");
        assert!(found.iter().all(|pair| truth.contains(pair)), "{threshold}: random texts do not pair");
    }
}

#[test]
fn a_hundred_thousand_equal_lines_cost_one_pair_each() {
    let mut texts = vec!["the same line again and again"; 100_000];
    texts.push("the same line again and again.");
    let pairs = near_duplicates(&texts, 0.8).unwrap();
    assert_eq!(pairs.len(), 100_000);
    assert!(pairs.iter().all(|pair| pair.a == 0));
    assert!(clusters(&texts, 0.8).unwrap().iter().all(|&id| id == 0));
}

#[test]
fn a_template_filled_in_thousands_of_times_is_one_cluster_in_little_time() {
    let body = random_text(&mut SplitMix64::new(2), 200);
    let texts: Vec<String> = (0..3_000).map(|i| format!("{body} {i}")).collect();
    let pairs = near_duplicates(&texts, 0.8).unwrap();
    assert!(pairs.windows(2).all(|two| (two[0].a, two[0].b) < (two[1].a, two[1].b)), "each pair once");
    assert!(pairs.len() < 3_000 * 300, "{}", pairs.len());
    assert!(clusters(&texts, 0.8).unwrap().iter().all(|&id| id == 0));
}

#[test]
fn the_same_pairs_are_found_on_any_number_of_threads() {
    let mut random = SplitMix64::new(3);
    let body = random_text(&mut random, 150);
    let texts: Vec<String> = (0..800).map(|i| edited(&mut random, &body, i % 12)).collect();
    let of = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| near_duplicates(&texts, 0.6).unwrap())
    };
    let alone = of(1);
    assert!(alone.len() > 10_000);
    assert_eq!(alone, of(2));
    assert_eq!(alone, of(5));
}

/// Small sets of texts with copies, edited copies, short and strange texts among them.
fn some_texts() -> impl Strategy<Value = Vec<String>> {
    let base = prop::collection::vec("[ابجد ]{30,60}|[a-c]{0,8}|.{0,12}", 1..6);
    let edits = prop::collection::vec((any::<prop::sample::Index>(), 0usize..6, any::<u64>()), 0..20);
    (base, edits).prop_map(|(mut texts, edits)| {
        for (which, edits, seed) in edits {
            let text = which.get(&texts).clone();
            let edits = if text.is_empty() { 0 } else { edits };
            texts.push(edited(&mut SplitMix64::new(seed), &text, edits));
        }
        texts
    })
}

proptest! {
    #[test]
    fn every_pair_found_is_true_and_none_far_above_the_threshold_is_missed(
        texts in some_texts(), threshold in 0.2f64..0.8,
    ) {
        let truth = brute_force(&texts, threshold);
        let found = near_duplicates(&texts, threshold).unwrap();
        prop_assert!(found.windows(2).all(|two| (two[0].a, two[0].b) < (two[1].a, two[1].b)), "sorted, once");
        for pair in &found {
            prop_assert!(truth.contains(pair), "{pair:?} is not exact");
        }
        // The chance to miss one is below 1e-6 from 0.2 above the threshold.
        for pair in truth.iter().filter(|pair| pair.similarity >= threshold + 0.2) {
            prop_assert!(found.contains(pair), "{pair:?} is missed at {threshold}");
        }
    }

    #[test]
    fn clusters_are_the_components_of_the_pairs_under_their_smallest_index(
        texts in some_texts(), threshold in 0.2f64..=1.0,
    ) {
        let ids = clusters(&texts, threshold).unwrap();
        let pairs = near_duplicates(&texts, threshold).unwrap();
        prop_assert!(pairs.iter().all(|pair| ids[pair.a] == ids[pair.b]));
        let mut reached: Vec<usize> = (0..texts.len()).collect();
        for _ in 0..texts.len() {
            for pair in &pairs {
                let least = reached[pair.a].min(reached[pair.b]);
                (reached[pair.a], reached[pair.b]) = (least, least);
            }
        }
        prop_assert_eq!(ids, reached);
    }
}
