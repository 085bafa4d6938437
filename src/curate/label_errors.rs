//! Confident learning: which labels are probably wrong.
//!
//! Northcutt, Jiang and Chuang, "Confident learning: estimating uncertainty in dataset labels", JAIR 70, 2021. A model
//! that did not see a record is confident of a class when its probability reaches the class's threshold: the mean
//! probability of the class over the records labelled with it. So a class that the model is never sure of does not make
//! all of its records suspects, and one that it is too sure of excuses none.

/// A record whose label is doubted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Doubt {
    /// The record.
    pub record: usize,
    /// The class it is labelled with.
    pub given: usize,
    /// The class that the model is confident of.
    pub suggested: usize,
    /// The out-of-fold probability of the given class.
    pub given_probability: f64,
    /// The out-of-fold probability of the suggested class.
    pub suggested_probability: f64,
}

/// What confident learning found.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelErrors {
    /// The probability from which on the model is confident of each class; infinite for a class without a record.
    pub thresholds: Vec<f64>,
    /// The confident joint, classes × classes: records labelled with the row's class of which the model is confident that they
    /// belong to the column's.
    pub joint: Vec<Vec<usize>>,
    /// Records off the diagonal of the confident joint, the largest difference of probabilities first.
    pub doubts: Vec<Doubt>,
    /// Records with probabilities, hence those that could be doubted.
    pub judged: usize,
    /// The share of wrong labels that the joint amounts to once each row is scaled to the records of its class.
    pub estimated_share: f64,
}

/// Finds labels that the probabilities of a model which did not see them contradict.
///
/// `given` is the class of each record, `scores` its probability of each class (records × classes); a record with no scores
/// is not judged.
///
/// ```
/// use tasnif::curate::label_errors;
///
/// let given = [0, 0, 0, 1, 1, 1];
/// let sure_of = |class: usize| if class == 0 { vec![0.9, 0.1] } else { vec![0.1, 0.9] };
/// let mut scores: Vec<Vec<f32>> = given.iter().map(|&class| sure_of(class)).collect();
/// scores[2] = vec![0.05, 0.95];
/// let found = label_errors(&given, &scores, 2);
/// assert_eq!((found.doubts[0].record, found.doubts[0].suggested), (2, 1));
/// assert_eq!(found.joint, [[2, 1], [0, 3]]);
/// ```
///
/// # Panics
/// When a class is not below `classes`, or a record's scores are neither `classes` nor none.
pub fn label_errors(given: &[usize], scores: &[Vec<f32>], classes: usize) -> LabelErrors {
    let judged: Vec<usize> = (0..given.len()).filter(|&record| !scores[record].is_empty()).collect();
    let (mut sums, mut counts) = (vec![0.0; classes], vec![0usize; classes]);
    for &record in &judged {
        sums[given[record]] += f64::from(scores[record][given[record]]);
        counts[given[record]] += 1;
    }
    let mean = |(sum, &count): (f64, &usize)| if count == 0 { f64::INFINITY } else { sum / count as f64 };
    let thresholds: Vec<f64> = sums.into_iter().zip(&counts).map(mean).collect();

    let mut joint = vec![vec![0; classes]; classes];
    let mut doubts = Vec::new();
    for &record in &judged {
        let scores = &scores[record];
        let confident = (0..classes).filter(|&class| f64::from(scores[class]) >= thresholds[class]);
        // Of several classes the most probable, the given one among equals.
        let best = confident.max_by(|&a, &b| {
            scores[a].total_cmp(&scores[b]).then((a == given[record]).cmp(&(b == given[record])))
        });
        let Some(suggested) = best else { continue };
        joint[given[record]][suggested] += 1;
        if suggested != given[record] {
            doubts.push(Doubt {
                record,
                given: given[record],
                suggested,
                given_probability: scores[given[record]].into(),
                suggested_probability: scores[suggested].into(),
            });
        }
    }
    let margin = |doubt: &Doubt| doubt.suggested_probability - doubt.given_probability;
    doubts.sort_by(|a, b| margin(b).total_cmp(&margin(a)).then(a.record.cmp(&b.record)));

    let wrong = joint.iter().enumerate().zip(&counts).map(|((class, row), &count)| {
        let all: usize = row.iter().sum();
        if all == 0 { 0.0 } else { (all - row[class]) as f64 / all as f64 * count as f64 }
    });
    let estimated_share = wrong.sum::<f64>() / judged.len().max(1) as f64;
    LabelErrors { thresholds, joint, doubts, judged: judged.len(), estimated_share }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_joint_is_the_one_worked_out_by_hand() {
        // Thresholds: (0.8 + 0.6 + 0.1)/3 = 0.5 and (0.7 + 0.9 + 0.45)/3 = 0.683; record 5 reaches that of class 0.
        let given = [0, 0, 0, 1, 1, 1, 1];
        let mut scores: Vec<Vec<f32>> =
            [0.8, 0.6, 0.1, 0.3, 0.1, 0.55].map(|first| vec![first, 1.0 - first]).to_vec();
        scores.push(Vec::new());
        let found = label_errors(&given, &scores, 2);
        assert!((found.thresholds[0] - 0.5).abs() < 1e-6 && (found.thresholds[1] - 2.05 / 3.0).abs() < 1e-6);
        assert_eq!(found.joint, [[2, 1], [1, 2]]);
        // A third of the three records of each class.
        assert!((found.estimated_share - 1.0 / 3.0).abs() < 1e-12, "{}", found.estimated_share);
        let doubted: Vec<usize> = found.doubts.iter().map(|doubt| doubt.record).collect();
        assert_eq!(doubted, [2, 5], "the larger margin first");
        assert_eq!(found.judged, 6);
    }

    #[test]
    fn a_class_that_the_model_is_never_sure_of_is_not_doubted_as_a_whole() {
        // Class 1 gets 0.4 at best, everywhere; plain disagreement with the best class would doubt all of it.
        let given = [0, 0, 0, 1, 1];
        let scores =
            vec![vec![0.95f32, 0.05], vec![0.9, 0.1], vec![0.85, 0.15], vec![0.6, 0.4], vec![0.6, 0.4]];
        assert_eq!(label_errors(&given, &scores, 2).doubts, []);
    }

    #[test]
    fn nothing_to_judge_is_nothing_found() {
        let found = label_errors(&[0, 1], &[vec![], vec![]], 2);
        assert_eq!((found.judged, found.doubts.len(), found.estimated_share), (0, 0, 0.0));
    }
}
