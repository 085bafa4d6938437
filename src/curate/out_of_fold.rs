//! Probabilities of each label by a model that did not see the record.

use crate::classify::{ClassifierParams, LogisticParams};
use crate::cross_validation::cross_validate;
use crate::dataset::{Dataset, Example, Fold, count_labels, folds};
use crate::error::{Error, Result};
use crate::features::ngram::Analyzer;
use crate::features::vectorizer::{Frequency, NgramParams};
use crate::pipeline::{CalibrationParams, FeatureParams, PipelineParams};

/// Bytes of text from which on words alone are features: character n-grams of more take gigabytes.
const LARGE: usize = 8 << 20;

/// A fold's model that saw fewer records of a label knows nothing of it, and is not asked about it.
const FEWEST: usize = 5;

/// Out-of-fold probabilities.
#[derive(Debug, Clone, PartialEq)]
pub struct OutOfFold {
    /// The sorted labels: the order of the scores.
    pub labels: Vec<String>,
    /// The probability of each label for each record; none for a blank text, and where the model saw fewer than five records
    /// of the record's label.
    pub scores: Vec<Vec<f32>>,
    /// The share of records with scores whose label is the most probable one.
    pub accuracy: f64,
}

/// Cross-validates a pipeline on records with one label each: `params`, or logistic regression, whose probabilities are its own, on
/// the features of `tasnif train`; on words alone where there are more than 8 MB of text. No group is cut, nor any of `clusters` (a record's smallest
/// member of its own, as in [`Twins::clusters`](super::Twins::clusters)), or a wrong label would be learned from its copy.
/// `progress` hears how many folds are done.
///
/// # Errors
/// [`Error::Dataset`] for several labels a record, a single label, or fewer groups than two; otherwise as
/// [`PipelineParams::fit`].
pub fn out_of_fold(
    data: &Dataset,
    clusters: &[usize],
    params: Option<&PipelineParams>,
    count: usize,
    seed: u64,
    mut progress: impl FnMut(usize, usize),
) -> Result<OutOfFold> {
    if data.is_multilabel() {
        return Err(Error::Dataset(
            "some records have several labels, or none: labels are doubted where each record has one".into(),
        ));
    }
    let large = data.examples.iter().map(|example| example.text.len()).sum::<usize>() > LARGE;
    let fallback = fallback(large);
    let params = params.unwrap_or(&fallback);
    let folds = grouped_folds(data, clusters, count, seed)?;

    let labels: Vec<String> = data.labels().into_iter().map(str::to_owned).collect();
    let mut scores = vec![Vec::new(); data.len()];
    // Few folds at a time where each needs much memory; how many changes nothing but that.
    let at_once = if large { 2 } else { folds.len() };
    for (done, folds_at_once) in folds.chunks(at_once).enumerate() {
        let mut found = cross_validate(params, data, folds_at_once)?;
        for fold in folds_at_once {
            let seen = count_labels(fold.train.iter().map(|&record| &data.examples[record]));
            for &record in &fold.test {
                let example = &data.examples[record];
                let known = seen.get(example.label()).is_some_and(|&seen| seen >= FEWEST);
                if known && !example.text.trim().is_empty() {
                    scores[record] = std::mem::take(&mut found.scores[record]);
                }
            }
        }
        progress(((done + 1) * at_once).min(folds.len()), folds.len());
    }
    let (mut judged, mut right) = (0usize, 0usize);
    for (example, scores) in data.examples.iter().zip(&scores).filter(|(_, scores)| !scores.is_empty()) {
        let best =
            (1..scores.len()).fold(0, |best, next| if scores[next] > scores[best] { next } else { best });
        judged += 1;
        right += usize::from(labels[best] == example.label());
    }
    Ok(OutOfFold { labels, scores, accuracy: right as f64 / judged.max(1) as f64 })
}

/// Folds that cut neither a group nor a cluster; fewer than asked for where there are not as many groups.
pub(super) fn grouped_folds(
    data: &Dataset,
    clusters: &[usize],
    count: usize,
    seed: u64,
) -> Result<Vec<Fold>> {
    // The texts play no part in it.
    let bare = data.examples.iter().map(|example| Example {
        labels: example.labels.clone(),
        group: example.group.clone(),
        ..Example::new("", "")
    });
    let mut bare: Dataset = bare.collect();
    bare.join_groups(clusters);
    folds(&bare, count.min(bare.groups()).max(2), seed)
}

fn fallback(words_alone: bool) -> PipelineParams {
    let mut params = PipelineParams {
        classifier: ClassifierParams::Logistic(LogisticParams::default().c(10.0)),
        calibration: CalibrationParams::default(),
        ..PipelineParams::default()
    };
    if words_alone {
        let words = NgramParams { min_df: Frequency::Count(2), ..NgramParams::new(Analyzer::Word) };
        params.features = vec![FeatureParams::Ngrams(words)];
    }
    params
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curate::label_errors;
    use crate::random::SplitMix64;

    /// Records of three labels with some words of their own and some that all share.
    fn data(size: usize, seed: u64) -> Dataset {
        let mut random = SplitMix64::new(seed);
        let mut word = |kind: &str, of: usize| format!("{kind}{}", random.below(of));
        (0..size)
            .map(|i| {
                let label = ["strike", "talks", "aid"][i % 3];
                let own: Vec<String> = (0..5).map(|_| word(label, 20)).collect();
                let shared: Vec<String> = (0..6).map(|_| word("common", 200)).collect();
                Example::new(format!("{} {}", own.join(" "), shared.join(" ")), label)
            })
            .collect()
    }

    fn doubted(data: &Dataset) -> Vec<usize> {
        let alone: Vec<usize> = (0..data.len()).collect();
        let found = out_of_fold(data, &alone, None, 5, 1, |_, _| {}).unwrap();
        let class = |label: &str| found.labels.iter().position(|known| known == label).unwrap();
        let given: Vec<usize> = data.examples.iter().map(|example| class(example.label())).collect();
        let mut doubted: Vec<usize> =
            label_errors(&given, &found.scores, 3).doubts.iter().map(|doubt| doubt.record).collect();
        doubted.sort_unstable();
        doubted
    }

    #[test]
    fn planted_label_errors_are_found_and_little_else() {
        let mut data = data(450, 1);
        let planted: Vec<usize> = (0..30).map(|i| i * 15 + i % 3).collect();
        for &record in &planted {
            let other = if data.examples[record].label() == "aid" { "talks" } else { "aid" };
            data.examples[record].labels = vec![other.into()];
        }
        let doubted = doubted(&data);
        let hits = doubted.iter().filter(|record| planted.contains(record)).count();
        // The threshold is a mean, which not every wrong label's record reaches: precision before recall.
        assert!(hits >= 23, "{hits} of 30");
        assert!(hits * 10 >= doubted.len() * 9, "{hits} of {} doubts", doubted.len());
    }

    #[test]
    fn clean_labels_are_not_doubted() {
        assert_eq!(doubted(&data(450, 2)), [0usize; 0]);
    }

    #[test]
    fn a_copy_with_the_wrong_label_does_not_teach_the_model_its_own_error() {
        let mut data = data(150, 3);
        // Record 0 and its copies are all labelled wrong.
        data.examples[0].labels = vec!["aid".into()];
        let copies = vec![data.examples[0].clone(); 8];
        data.examples.extend(copies);
        let mut clusters: Vec<usize> = (0..data.len()).collect();
        let own =
            |clusters: &[usize]| out_of_fold(&data, clusters, None, 5, 1, |_, _| {}).unwrap().scores[0][0];
        let apart = own(&clusters);
        clusters[150..].fill(0);
        let together = own(&clusters);
        assert!(together < 0.1 && together < apart / 2.0, "{together} {apart}");
    }

    #[test]
    fn what_cannot_be_judged_has_no_scores() {
        let mut data = data(60, 4);
        data.examples.push(Example::new("once only", "rare"));
        data.examples.push(Example::new("  ", "aid"));
        let alone: Vec<usize> = (0..data.len()).collect();
        let found = out_of_fold(&data, &alone, None, 5, 1, |_, _| {}).unwrap();
        let none: Vec<usize> = (0..data.len()).filter(|&record| found.scores[record].is_empty()).collect();
        assert_eq!(none, [60, 61]);
        data.examples[0].labels.push("aid".into());
        assert!(out_of_fold(&data, &alone, None, 5, 1, |_, _| {}).is_err());
    }

    #[test]
    fn much_text_is_read_by_its_words_two_folds_at_a_time() {
        let mut data = data(300, 5);
        let filler = " filler".repeat(6_000);
        data.examples.iter_mut().for_each(|example| example.text.push_str(&filler));
        let alone: Vec<usize> = (0..data.len()).collect();
        let mut heard = Vec::new();
        let found = out_of_fold(&data, &alone, None, 3, 1, |done, all| heard.push((done, all))).unwrap();
        assert_eq!(heard, [(2, 3), (3, 3)]);
        assert!(found.accuracy > 0.9, "{}", found.accuracy);
    }
}
