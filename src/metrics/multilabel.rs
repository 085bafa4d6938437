//! Figures where a record may have any number of labels.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::encode::same_length;
use super::report::{LabelFigures, Report};
use crate::Result;

/// What a [`Report`] has more where records may have any number of labels; its `accuracy` is then the share of
/// records whose label sets are right to the last label (subset accuracy).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MultilabelFigures {
    /// F1 over all decisions, whatever their label.
    pub micro_f1: f64,
    /// The share of all (record, label) decisions that are wrong.
    pub hamming_loss: f64,
}

/// The figures of label sets against gold label sets, record by record. Labels are those of either side.
///
/// ```
/// use tasnif::metrics::multilabel_report;
///
/// let gold = [vec!["strike", "aid"], vec![], vec!["aid"]];
/// let given = [vec!["strike"], vec![], vec!["aid", "talks"]];
/// let report = multilabel_report(&gold, &given)?;
/// assert_eq!(report.labels["aid"].recall, 0.5);
/// let figures = report.multilabel.unwrap();
/// assert_eq!((figures.micro_f1, figures.hamming_loss), (2.0 / 3.0, 2.0 / 9.0));
/// # Ok::<(), tasnif::Error>(())
/// ```
///
/// # Errors
/// If there are more of one than of the other.
pub fn multilabel_report<G: AsRef<str>, P: AsRef<str>>(gold: &[Vec<G>], given: &[Vec<P>]) -> Result<Report> {
    same_length(gold.len(), given.len())?;
    let mut counts: BTreeMap<&str, [u64; 3]> = BTreeMap::new();
    let mut exact = 0u64;
    for (gold, given) in gold.iter().zip(given) {
        let gold: BTreeSet<&str> = gold.iter().map(AsRef::as_ref).collect();
        let given: BTreeSet<&str> = given.iter().map(AsRef::as_ref).collect();
        exact += u64::from(gold == given);
        for label in gold.union(&given) {
            let [both, only_gold, only_given] = counts.entry(label).or_default();
            match (gold.contains(label), given.contains(label)) {
                (true, true) => *both += 1,
                (true, false) => *only_gold += 1,
                _ => *only_given += 1,
            }
        }
    }
    let ratio = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    let figures = |&[both, only_gold, only_given]: &[u64; 3]| LabelFigures {
        precision: ratio(both, both + only_given),
        recall: ratio(both, both + only_gold),
        f1: ratio(2 * both, 2 * both + only_gold + only_given),
        support: both + only_gold,
    };
    let labels: BTreeMap<String, LabelFigures> =
        counts.iter().map(|(&label, count)| (label.to_owned(), figures(count))).collect();
    let sum = |part: usize| counts.values().map(|count| count[part]).sum::<u64>();
    let all = figures(&[sum(0), sum(1), sum(2)]);
    let supported: Vec<f64> = labels.values().filter(|of| of.support > 0).map(|of| of.f1).collect();
    let n = gold.len() as u64;
    Ok(Report {
        n,
        accuracy: ratio(exact, n),
        macro_f1: if supported.is_empty() {
            0.0
        } else {
            supported.iter().sum::<f64>() / supported.len() as f64
        },
        multilabel: Some(MultilabelFigures {
            micro_f1: all.f1,
            hamming_loss: ratio(sum(1) + sum(2), n * labels.len() as u64),
        }),
        labels,
        confusion: BTreeMap::new(),
        intervals: None,
        brier: None,
        ece: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_scikit_learn() {
        // f1_score(average="micro") 0.75, "macro" 7/9, accuracy_score 0.5, hamming_loss 1/6 of
        // [[1,1,0],[0,0,1],[1,0,0],[0,1,0]] against [[1,0,0],[0,0,1],[1,0,0],[0,1,1]]
        let gold = [vec!["a", "b"], vec!["c"], vec!["a"], vec!["b"]];
        let given = [vec!["a"], vec!["c"], vec!["a"], vec!["b", "c"]];
        let report = multilabel_report(&gold, &given).unwrap();
        let figures = report.multilabel.unwrap();
        assert_eq!(report.accuracy, 0.5);
        assert!((figures.micro_f1 - 0.8).abs() < 1e-12, "{}", figures.micro_f1);
        assert!((report.macro_f1 - 7.0 / 9.0).abs() < 1e-12, "{}", report.macro_f1);
        assert!((figures.hamming_loss - 1.0 / 6.0).abs() < 1e-12);
        assert!(format!("{report}").contains("exact match"));
    }

    #[test]
    fn no_records_and_no_labels_give_zeros() {
        let nothing: [Vec<&str>; 0] = [];
        assert_eq!(multilabel_report(&nothing, &nothing).unwrap().macro_f1, 0.0);
        let empty = [Vec::<&str>::new()];
        let report = multilabel_report(&empty, &empty).unwrap();
        assert_eq!((report.accuracy, report.macro_f1), (1.0, 0.0));
        assert!(multilabel_report(&empty, &nothing).is_err());
    }
}
