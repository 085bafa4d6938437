//! How good a pipeline is on data it did not learn from, measured on the training data itself.
//!
//! [`cross_validate`] trains once a fold and predicts each record by the pipeline that did not see it: figures that
//! can be defended, and the out-of-fold scores that calibration and data lint start from.

use serde::Serialize;

use crate::dataset::{Dataset, Fold};
use crate::error::{Error, Result};
use crate::metrics::{ConfusionMatrix, Report, multilabel_report};
use crate::pipeline::{Pipeline, PipelineParams, Prediction};

/// What cross-validation found.
#[derive(Debug, Clone)]
pub struct CrossValidation {
    /// The sorted labels of the whole data set: the order of the scores.
    pub labels: Vec<String>,
    /// Figures of each fold on its test records.
    pub folds: Vec<Report>,
    /// For each record, the score of each label by the pipeline that did not see the record; empty where no fold
    /// tested it. A label that a fold's training records lack has score 0.
    pub scores: Vec<Vec<f32>>,
}

/// The figures of predictions on the records of `data`; below `min_score` no label is given.
///
/// # Errors
/// [`Error::Dataset`] when there are not as many of one as of the other.
pub fn report(
    pipeline: &Pipeline,
    data: &Dataset,
    predictions: &[Prediction<'_>],
    min_score: f32,
) -> Result<Report> {
    if pipeline.is_multilabel() {
        let gold: Vec<Vec<&str>> =
            data.examples.iter().map(|example| example.labels.iter().map(String::as_str).collect()).collect();
        let given: Vec<Vec<&str>> =
            predictions.iter().map(|prediction| pipeline.given(prediction, min_score)).collect();
        return multilabel_report(&gold, &given);
    }
    let gold = data.examples.iter().map(|example| example.label());
    let given =
        predictions.iter().map(|prediction| (prediction.score >= min_score).then_some(prediction.label));
    Ok(ConfusionMatrix::new(gold, given)?.report())
}

/// The mean of a figure over the folds, and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FoldMean {
    /// The mean over the folds.
    pub mean: f64,
    /// The standard deviation over the folds.
    pub deviation: f64,
    /// A 95 % interval of the mean: Student's t, the variance corrected for training sets that overlap (Nadeau & Bengio
    /// 2003).
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// Trains and tests `params` on each fold.
///
/// ```
/// use tasnif::cross_validation::cross_validate;
/// use tasnif::dataset::{Dataset, Example, folds};
/// use tasnif::PipelineParams;
///
/// let data: Dataset = (0..40)
///     .map(|i| if i % 2 == 0 { Example::new(format!("raid {i} at dawn"), "strike") } else { Example::new(format!("talks {i} go on"), "statement") })
///     .collect();
/// let found = cross_validate(&PipelineParams::default(), &data, &folds(&data, 4, 1)?)?;
/// assert_eq!(found.folds.len(), 4);
/// assert_eq!(found.mean(|report| report.accuracy).mean, 1.0);
/// # Ok::<(), tasnif::Error>(())
/// ```
///
/// # Errors
/// As [`PipelineParams::fit`] on the training records of a fold.
pub fn cross_validate(params: &PipelineParams, data: &Dataset, folds: &[Fold]) -> Result<CrossValidation> {
    use rayon::prelude::*;
    let labels: Vec<String> = data.labels().into_iter().map(str::to_owned).collect();
    let parts: Vec<Result<(Report, Vec<Vec<f32>>)>> =
        folds.par_iter().map(|fold| test_fold(params, data, fold, &labels)).collect();
    let mut found = CrossValidation { labels, folds: Vec::new(), scores: vec![Vec::new(); data.len()] };
    for (fold, part) in folds.iter().zip(parts) {
        let (report, scores) = part?;
        found.folds.push(report);
        for (&record, scores) in fold.test.iter().zip(scores) {
            found.scores[record] = scores;
        }
    }
    Ok(found)
}

fn test_fold(
    params: &PipelineParams,
    data: &Dataset,
    fold: &Fold,
    labels: &[String],
) -> Result<(Report, Vec<Vec<f32>>)> {
    let pipeline = params.fit(&data.select(&fold.train))?;
    let texts: Vec<&str> = fold.test.iter().map(|&record| data.examples[record].text.as_str()).collect();
    let predictions = pipeline.predict_batch(&texts)?;
    let report = report(&pipeline, &data.select(&fold.test), &predictions, 0.0)?;
    let place: Vec<Option<usize>> =
        labels.iter().map(|label| pipeline.labels().binary_search(label).ok()).collect();
    let widen = |scores: &[f32]| place.iter().map(|place| place.map_or(0.0, |place| scores[place])).collect();
    Ok((report, predictions.iter().map(|prediction| widen(&prediction.scores)).collect()))
}

impl CrossValidation {
    /// The mean of a figure over the folds.
    pub fn mean(&self, figure: impl Fn(&Report) -> f64) -> FoldMean {
        let values: Vec<f64> = self.folds.iter().map(figure).collect();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance =
            values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
        // With k folds, the test part is 1/(k − 1) of the training part.
        let spread = (variance * (1.0 / count + 1.0 / (count - 1.0).max(1.0))).sqrt();
        let half = student_97_5(values.len().saturating_sub(1)) * spread;
        FoldMean { mean, deviation: variance.sqrt(), low: mean - half, high: mean + half }
    }

    /// The figures of all out-of-fold predictions together, with 95 % bootstrap intervals.
    ///
    /// # Errors
    /// [`Error::Dataset`] when no record was tested.
    pub fn pooled(&self, data: &Dataset, resamples: usize, seed: u64) -> Result<Report> {
        let tested: Vec<(&str, Option<&str>)> = data
            .examples
            .iter()
            .zip(&self.scores)
            .filter(|(_, scores)| !scores.is_empty())
            .map(|(example, scores)| {
                let best = (1..scores.len())
                    .fold(0, |best, next| if scores[next] > scores[best] { next } else { best });
                (example.label(), Some(self.labels[best].as_str()))
            })
            .collect();
        if tested.is_empty() {
            return Err(Error::Dataset("no record was tested: the folds are empty".into()));
        }
        let (gold, predicted): (Vec<_>, Vec<_>) = tested.into_iter().unzip();
        ConfusionMatrix::new(gold, predicted)?.report_with_intervals(resamples, seed)
    }
}

/// The 97.5 % point of Student's t; to three digits, from the usual table.
fn student_97_5(freedom: usize) -> f64 {
    const TABLE: [f64; 15] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145,
        2.131,
    ];
    match freedom {
        0 => f64::INFINITY,
        1..=15 => TABLE[freedom - 1],
        // Cornish–Fisher around the normal 1.960: within 0.001 from here on.
        _ => 1.960 + 2.372 / freedom as f64 + 2.823 / (freedom * freedom) as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Example, folds};

    fn data() -> Dataset {
        (0..30)
            .map(|i| {
                Example::new(
                    format!("{} {i}", ["raid at dawn", "talks go on", "rain falls"][i % 3]),
                    ["a", "b", "c"][i % 3],
                )
            })
            .collect()
    }

    #[test]
    fn every_record_is_scored_by_a_pipeline_that_did_not_see_it() {
        let data = data();
        let found = cross_validate(&PipelineParams::default(), &data, &folds(&data, 3, 1).unwrap()).unwrap();
        assert!(found.scores.iter().all(|scores| scores.len() == 3));
        let pooled = found.pooled(&data, 200, 1).unwrap();
        assert_eq!((pooled.n, pooled.accuracy), (30, 1.0));
    }

    #[test]
    fn a_label_that_a_fold_lacks_has_score_zero() {
        let mut data = data();
        data.examples.push(Example::new("once only", "z"));
        let found = cross_validate(&PipelineParams::default(), &data, &folds(&data, 3, 1).unwrap()).unwrap();
        assert_eq!(found.scores[30].len(), 4);
        assert_eq!(found.scores[30][3], 0.0);
    }

    #[test]
    fn the_interval_is_the_corrected_one() {
        let report =
            |accuracy| Report { accuracy, ..ConfusionMatrix::new(["a"], [Some("a")]).unwrap().report() };
        let found = CrossValidation {
            labels: vec![],
            folds: [0.8, 0.9, 0.85, 0.75, 0.7].map(report).to_vec(),
            scores: vec![],
        };
        let mean = found.mean(|report| report.accuracy);
        assert!((mean.mean - 0.8).abs() < 1e-12 && (mean.deviation - 0.0790569).abs() < 1e-6);
        // 2.776 · sqrt(0.00625 · (1/5 + 1/4))
        assert!((mean.high - mean.mean - 0.147222).abs() < 1e-5, "{mean:?}");
    }

    #[test]
    fn students_t_is_that_of_the_tables() {
        for (freedom, expected) in
            [(1, 12.706), (4, 2.776), (9, 2.262), (20, 2.086), (30, 2.042), (100, 1.984)]
        {
            assert!((student_97_5(freedom) - expected).abs() < 2e-3, "{freedom}");
        }
    }
}
