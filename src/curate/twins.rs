//! Exact and near duplicates, record by record.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::dataset::Dataset;
use crate::disjoint::DisjointSets;
use crate::error::Result;
use crate::minhash::{Pair, visit_near_duplicates};
use crate::text::normalize::Normalizer;

/// Near duplicates from this similarity on are one text in the eyes of a cross-validation. Lower, and chains of texts that
/// share a phrase would tie a whole corpus into one cluster.
const ONE_TEXT: f64 = 0.8;

/// A record and an earlier one that it repeats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Twin {
    /// The later record.
    pub record: usize,
    /// The earlier record that is most like it; the first of several.
    pub of: usize,
    /// The Jaccard similarity of their character 5-grams after normalisation.
    pub similarity: f64,
}

/// Records that repeat others. Each list is sorted by record, and holds a record at most once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Twins {
    /// Records whose text is that of an earlier record of the same part (training or test), to the byte.
    pub exact: Vec<Twin>,
    /// Other records with a near duplicate before them in the same part.
    pub near: Vec<Twin>,
    /// Test records with an exact or near duplicate in the training data.
    pub overlap: Vec<Twin>,
    /// Records with an exact or near duplicate before them that has other labels.
    pub conflicts: Vec<Twin>,
    /// The cluster of each record, by its smallest record: chains of exact duplicates and of near duplicates of 0.8 or more.
    pub clusters: Vec<usize>,
}

/// Finds records that repeat others; the first `train` records are training data, the others test data.
///
/// Near duplicates are two texts whose character 5-grams have a Jaccard similarity of `threshold` or more once both are
/// normalised as a classifier sees them by default ([`Normalizer`]: vowel marks, letter stretchers, upper case and runs of
/// white space do not count). They are found as [`near_duplicates`](crate::minhash::near_duplicates) does it; blank texts are
/// left out. `progress` hears how many steps are done, and of how many.
///
/// # Errors
/// If `threshold` is not between 0.1 and 1.
pub fn find_twins(
    data: &Dataset,
    train: usize,
    threshold: f64,
    progress: impl FnMut(usize, usize),
) -> Result<Twins> {
    let normalizer = Normalizer::default();
    let records: Vec<usize> =
        (0..data.len()).filter(|&record| !data.examples[record].text.trim().is_empty()).collect();
    let text = |record: usize| data.examples[record].text.as_str();
    let texts: Vec<String> =
        records.par_iter().map(|&record| normalizer.normalize(text(record)).into_owned()).collect();

    let exact = exact(data, &records, train);
    let mut search = Search { data, train, best: vec![Best::default(); data.len()] };
    let mut clusters = DisjointSets::new(data.len());
    for twin in &exact {
        clusters.join(twin.of, twin.record);
    }
    // A text's later copies are paired with its first copy alone: what else the first one is like, they are like too.
    let mut copies = Vec::new();
    let found = |pair: Pair| {
        let pair = Pair { a: records[pair.a], b: records[pair.b], similarity: pair.similarity };
        search.add(pair);
        if pair.similarity >= ONE_TEXT {
            clusters.join(pair.a, pair.b);
        }
        if pair.similarity == 1.0 && pair.a >= train {
            copies.push(pair);
        }
    };
    visit_near_duplicates(&texts, threshold, found, progress)?;
    copies.sort_unstable_by_key(|pair| (pair.a, pair.b));
    for pair in copies {
        if let Some(of_first) = search.best[pair.a].overlap {
            search.add(Pair { a: of_first.of, b: pair.b, similarity: of_first.similarity });
        }
    }

    let of = |choose: fn(&Best) -> Option<Twin>| search.best.iter().filter_map(choose).collect::<Vec<Twin>>();
    let mut near = of(|best| best.near);
    near.retain(|twin| exact.binary_search_by_key(&twin.record, |twin| twin.record).is_err());
    Ok(Twins {
        near,
        overlap: of(|best| best.overlap),
        conflicts: of(|best| best.conflict),
        exact,
        clusters: clusters.into_roots(),
    })
}

/// Later copies of texts, within training and within test data.
fn exact(data: &Dataset, records: &[usize], train: usize) -> Vec<Twin> {
    let mut first: HashMap<(bool, &str), usize> = HashMap::with_capacity(records.len());
    let twins = records.iter().filter_map(|&record| {
        let of = *first.entry((record < train, data.examples[record].text.as_str())).or_insert(record);
        (of != record).then_some(Twin { record, of, similarity: 1.0 })
    });
    twins.collect()
}

/// The best earlier twin of a record, of each kind.
#[derive(Debug, Clone, Copy, Default)]
struct Best {
    near: Option<Twin>,
    overlap: Option<Twin>,
    conflict: Option<Twin>,
}

struct Search<'a> {
    data: &'a Dataset,
    train: usize,
    best: Vec<Best>,
}

impl Search<'_> {
    fn add(&mut self, pair: Pair) {
        let twin = Twin { record: pair.b, of: pair.a, similarity: pair.similarity };
        let same_labels = self.same_labels(pair.a, pair.b);
        let best = &mut self.best[pair.b];
        let crossing = pair.a < self.train && pair.b >= self.train;
        keep(if crossing { &mut best.overlap } else { &mut best.near }, twin);
        if !same_labels {
            keep(&mut best.conflict, twin);
        }
    }

    fn same_labels(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.data.examples[a].labels, &self.data.examples[b].labels);
        a == b || (a.len() == b.len() && a.iter().all(|label| b.contains(label)))
    }
}

/// Keeps the more similar twin, the earlier of equals, whatever order they come in.
fn keep(best: &mut Option<Twin>, twin: Twin) {
    let better = best.is_none_or(|best| {
        twin.similarity > best.similarity || (twin.similarity == best.similarity && twin.of < best.of)
    });
    if better {
        *best = Some(twin);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dataset::Example;
    use crate::minhash::jaccard;

    fn data(records: &[(&str, &str)]) -> Dataset {
        records.iter().map(|(label, text)| Example::new(*text, *label)).collect()
    }

    fn of(twins: &[Twin]) -> Vec<(usize, usize)> {
        twins.iter().map(|twin| (twin.record, twin.of)).collect()
    }

    const LONG: &str = "the jets struck the depot near the river at dawn on friday";

    #[test]
    fn copies_are_exact_and_what_only_looks_different_is_near() {
        let vocalised = "قَصَفَتِ الطائراتُ المدينةَ فجرًا";
        let data = data(&[
            ("a", LONG),
            ("a", "قصفت الطائرات المدينة فجرا"),
            ("a", LONG),
            ("a", &LONG.to_uppercase()),
            ("a", vocalised),
            ("a", ""),
            ("a", " "),
            ("a", ""),
        ]);
        let twins = find_twins(&data, data.len(), 0.5, |_, _| {}).unwrap();
        assert_eq!(of(&twins.exact), [(2, 0)], "blank texts repeat nothing");
        assert_eq!(of(&twins.near), [(3, 0), (4, 1)]);
        assert!(twins.near.iter().all(|twin| twin.similarity == 1.0));
        assert_eq!((twins.overlap.len(), twins.conflicts.len()), (0, 0));
        assert_eq!(twins.clusters, [0, 1, 0, 0, 1, 5, 6, 7]);
    }

    #[test]
    fn every_test_record_with_a_twin_in_the_training_data_is_told() {
        let near = format!("{LONG} again");
        let data = data(&[
            ("a", LONG),
            ("a", "something else entirely was said there"),
            ("a", &near),
            ("a", &near),
            ("a", LONG),
            ("a", "and this stands alone in the test data"),
        ]);
        let twins = find_twins(&data, 2, 0.5, |_, _| {}).unwrap();
        assert_eq!(of(&twins.overlap), [(2, 0), (3, 0), (4, 0)], "the second copy too");
        assert_eq!(of(&twins.exact), [(3, 2)]);
        assert_eq!(twins.near, []);
    }

    #[test]
    fn twins_with_other_labels_are_conflicts_and_the_order_of_labels_does_not_count() {
        let mut data = data(&[("a", LONG), ("b", LONG), ("a", &format!("{LONG}!")), ("b", "talks")]);
        let twins = find_twins(&data, data.len(), 0.5, |_, _| {}).unwrap();
        assert_eq!(of(&twins.conflicts), [(1, 0)]);
        data.examples[0].labels = vec!["x".into(), "y".into()];
        data.examples[1].labels = vec!["y".into(), "x".into()];
        let twins = find_twins(&data, data.len(), 0.5, |_, _| {}).unwrap();
        assert_eq!(of(&twins.conflicts), [(2, 0)]);
    }

    proptest! {
        #[test]
        fn twins_are_those_of_the_brute_force(
            base in prop::collection::vec("[ابجد ]{30,50}", 1..5),
            copies in prop::collection::vec((any::<prop::sample::Index>(), "[a-zA-Zه]{0,6}"), 0..15),
            threshold in 0.2f64..0.8,
        ) {
            let copies = copies.iter().map(|(which, end)| format!("{}{end}", which.get(&base)));
            let texts: Vec<String> = base.iter().cloned().chain(copies).collect();
            let data: Dataset = texts.iter().map(|text| Example::new(text.as_str(), "a")).collect();
            let twins = find_twins(&data, data.len(), threshold, |_, _| {}).unwrap();

            let normalizer = Normalizer::default();
            let seen: Vec<_> = texts.iter().map(|text| normalizer.normalize(text)).collect();
            for twin in twins.exact.iter().chain(&twins.near) {
                prop_assert!(twin.of < twin.record && twin.similarity >= threshold);
                prop_assert_eq!(twin.similarity, jaccard(&seen[twin.of], &seen[twin.record]));
            }
            for record in 0..texts.len() {
                let told = twins.exact.iter().chain(&twins.near).any(|twin| twin.record == record);
                let best = (0..record).map(|of| jaccard(&seen[of], &seen[record])).fold(0.0, f64::max);
                prop_assert!(!told || best >= threshold);
                // From 0.2 above the threshold the sketches miss a pair with a chance below one in a million.
                prop_assert!(told || best < threshold + 0.2 || seen[record].is_empty(), "{} of {}", best, record);
            }
        }
    }

    #[test]
    fn the_most_similar_twin_is_named_on_any_number_of_threads() {
        let texts: Vec<String> = (0..400).map(|i| format!("{LONG} {}", i * 7919 % 100)).collect();
        let data: Dataset = texts.iter().map(|text| Example::new(text.as_str(), "a")).collect();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| find_twins(&data, 300, 0.6, |_, _| {}).unwrap())
        };
        let twins = run(1);
        assert_eq!(
            (twins.exact.len(), twins.near.len()),
            (200, 99),
            "each test text stands in the training data too"
        );
        assert_eq!(twins.overlap.len(), 100);
        assert!(twins.overlap.iter().all(|twin| twin.of == twin.record - 300 && twin.similarity == 1.0));
        assert_eq!(twins, run(3));
    }
}
