//! Several linear classifiers averaged into one.
//!
//! Classifiers that err in different ways do better together than each alone. Each member is trained on the same rows, its decision
//! values are brought to one scale, their root mean square over the training records (multi-class: about the mean of the record), and
//! weights and intercepts are averaged. A mean of linear functions is a linear function: the model is as small and as fast as one member's.

use linfa::traits::Fit;
use linfa::{DatasetBase, ParamGuard};
use ndarray::Array1;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::linear::{LinearModel, predicts_by_its_weights};
use super::logistic::Convergence;
use super::weights::ClassWeight;
use super::{Classifier, ClassifierParams, NbsvmParams, SvmParams};
use crate::error::{Error, Result};
use crate::features::csr::Csr;

/// Unchecked options of an average.
///
/// ```
/// use linfa::DatasetBase;
/// use linfa::traits::{Fit, Predict};
/// use ndarray::array;
/// use tasnif::classify::{AverageParams, ClassifierParams, LogisticParams, SvmParams};
/// use tasnif::features::csr::Csr;
///
/// let mut rows = Csr::new(2);
/// for column in [0, 0, 1, 1] {
///     rows.push_row([(column, 1.0)])?;
/// }
/// let dataset = DatasetBase::new(rows, array![0, 0, 1, 1]);
/// let members = vec![
///     ClassifierParams::Svm(SvmParams::default()),
///     ClassifierParams::Logistic(LogisticParams::default()),
/// ];
/// assert_eq!(AverageParams::new(members).fit(&dataset)?.predict(&dataset), array![0, 0, 1, 1]);
/// # Ok::<(), tasnif::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AverageParams(AverageValidParams);

/// Checked options of an average.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AverageValidParams {
    members: Vec<ClassifierParams>,
    #[serde(skip)]
    class_weight: ClassWeight,
    #[serde(skip)]
    classes: Option<usize>,
}

impl Default for AverageValidParams {
    /// A linear SVM at C = 1 and an NBSVM on rows as they are.
    fn default() -> Self {
        let svm = ClassifierParams::Svm(SvmParams::default());
        let nbsvm = ClassifierParams::Nbsvm(NbsvmParams::on_weighted_rows());
        AverageValidParams { members: vec![svm, nbsvm], class_weight: ClassWeight::None, classes: None }
    }
}

impl AverageParams {
    /// The average of `members`.
    pub fn new(members: Vec<ClassifierParams>) -> Self {
        AverageParams(AverageValidParams { members, ..AverageValidParams::default() })
    }

    /// What is averaged.
    pub fn members(&self) -> &[ClassifierParams] {
        &self.0.members
    }

    /// Weights by class, for every member. Default none.
    pub fn class_weight(mut self, class_weight: ClassWeight) -> Self {
        self.0.class_weight = class_weight;
        self
    }

    /// The number of classes, where the largest may be missing from the training records (in a fold).
    pub fn classes(mut self, classes: usize) -> Self {
        self.0.classes = Some(classes);
        self
    }
}

impl ParamGuard for AverageParams {
    type Checked = AverageValidParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&Self::Checked> {
        if self.0.members.len() < 2 {
            return Err(Error::Parameter(format!(
                "an average of {} classifiers: give two or more [[classifier.members]]",
                self.0.members.len()
            )));
        }
        for member in &self.0.members {
            let outside = matches!(member, ClassifierParams::Average(_) | ClassifierParams::Online(_));
            if outside || !member.is_linear() {
                return Err(Error::Parameter(
                    "an average takes classifiers that are rows of weights, learned at once: logistic, svm, nbsvm, naive Bayes and the linear ones of linfa".into(),
                ));
            }
            member.check()?;
        }
        Ok(&self.0)
    }

    fn check(self) -> Result<Self::Checked> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// A trained average.
#[derive(Debug, Clone, PartialEq)]
pub struct Average {
    linear: LinearModel,
    convergence: Convergence,
}

impl Average {
    /// The averaged weights.
    pub fn linear(&self) -> &LinearModel {
        &self.linear
    }

    /// How the solvers ended: the iterations are those of the slowest member, the objective is the sum.
    pub fn convergence(&self) -> Convergence {
        self.convergence
    }

    /// The weights alone.
    pub fn into_linear(self) -> LinearModel {
        self.linear
    }
}

impl Fit<Csr, Array1<usize>, Error> for AverageValidParams {
    type Object = Average;

    /// Targets are class indices; weights of the dataset are sample weights.
    ///
    /// # Errors
    /// What the members cannot be trained on.
    fn fit(&self, dataset: &DatasetBase<Csr, Array1<usize>>) -> Result<Average> {
        let classes = self.classes.or_else(|| dataset.targets.iter().max().map(|&most| most + 1));
        let train = |member: &ClassifierParams| -> Result<(Classifier, Convergence)> {
            member.fit(dataset, classes.unwrap_or_default(), self.class_weight.clone())
        };
        let trained: Vec<Result<(Classifier, Convergence)>> = self.members.par_iter().map(train).collect();
        let mut convergence = Convergence { iterations: 0, converged: true, objective: 0.0 };
        let mut members: Vec<LinearModel> = Vec::with_capacity(trained.len());
        for member in trained {
            let (classifier, how) = member?;
            convergence.iterations = convergence.iterations.max(how.iterations);
            convergence.converged &= how.converged;
            convergence.objective += how.objective;
            members.extend(classifier.linear().cloned());
        }
        // One that weighs nothing (an NBSVM where all features are word vectors) has an intercept alone: brought to the scale of the
        // others, it would outvote them.
        let weighs = |member: &LinearModel| member.weights().iter().any(|&weight| weight != 0.0);
        if members.iter().any(weighs) {
            members.retain(weighs);
        }
        let Some(first) = members.first() else {
            return Err(Error::Parameter("an average of no classifiers: give two or more members".into()));
        };
        let (mut weights, mut intercept) = (vec![0.0; first.weights().len()], vec![0.0; first.outputs()]);
        for member in &members {
            let share = 1.0 / (members.len() as f64 * scale(member, &dataset.records));
            add(&mut weights, member.weights(), share);
            add(&mut intercept, member.intercept(), share);
        }
        let single = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect();
        Ok(Average { linear: first.with_weights(single(weights), single(intercept))?, convergence })
    }
}

fn add(sum: &mut [f64], values: &[f32], share: f64) {
    sum.iter_mut().zip(values).for_each(|(sum, &value)| *sum += f64::from(value) * share);
}

/// The root mean square of a model's decision values over `rows`; with several outputs, about the mean of their row, which decides
/// nothing. 1 for a model that says the same of every row.
fn scale(linear: &LinearModel, rows: &Csr) -> f64 {
    let (mut squares, mut count, mut decision) = (0.0, 0usize, Vec::new());
    for row in rows.iter() {
        linear.decide(row, &mut decision);
        let mean = match decision.len() {
            1 => 0.0,
            many => decision.iter().sum::<f64>() / many as f64,
        };
        squares += decision.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>();
        count += decision.len();
    }
    let scale = (squares / count.max(1) as f64).sqrt();
    if scale > 0.0 && scale.is_finite() { scale } else { 1.0 }
}

predicts_by_its_weights!(Average);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::{LogisticParams, NaiveBayesParams, OnlineParams};
    use linfa::traits::Predict;
    use ndarray::array;

    fn data(targets: Array1<usize>) -> DatasetBase<Csr, Array1<usize>> {
        let mut rows = Csr::new(4);
        for row in [[0, 3], [0, 2], [1, 3], [1, 2], [2, 3], [0, 1]] {
            rows.push_row(row.map(|column| (column, 0.7))).unwrap();
        }
        DatasetBase::new(rows, targets)
    }

    fn members() -> Vec<ClassifierParams> {
        vec![
            ClassifierParams::Svm(SvmParams::default()),
            ClassifierParams::Nbsvm(NbsvmParams::default().weighted(true)),
            ClassifierParams::ComplementNb(NaiveBayesParams::default()),
        ]
    }

    #[test]
    fn its_decisions_are_the_mean_of_the_members_on_one_scale() {
        for targets in [array![0, 0, 1, 1, 2, 0], array![0, 0, 1, 1, 1, 0]] {
            let dataset = data(targets);
            let classes = dataset.targets.iter().max().unwrap() + 1;
            let average = AverageParams::new(members()).fit(&dataset).unwrap();
            let (mut expected, mut own) = (vec![vec![0.0; 3]; 6], Vec::new());
            for member in members() {
                let (classifier, _) = member.fit(&dataset, classes, ClassWeight::None).unwrap();
                let scale = scale(classifier.linear().unwrap(), &dataset.records);
                for (expected, row) in expected.iter_mut().zip(dataset.records.iter()) {
                    classifier.decide(row, &mut own);
                    expected.iter_mut().zip(&own).for_each(|(sum, value)| *sum += value / scale / 3.0);
                }
            }
            for (expected, row) in expected.iter().zip(dataset.records.iter()) {
                average.linear().decide(row, &mut own);
                assert!(own.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{own:?} {expected:?}");
            }
            assert_eq!(average.predict(&dataset.records), dataset.targets);
        }
    }

    #[test]
    fn twice_the_same_member_decides_as_it_does_alone() {
        let dataset = data(array![0, 0, 1, 1, 2, 0]);
        let svm = || ClassifierParams::Svm(SvmParams::default().c(0.1));
        let twice = AverageParams::new(vec![svm(), svm()]).fit(&dataset).unwrap();
        let (once, _) = svm().fit(&dataset, 3, ClassWeight::None).unwrap();
        assert_eq!(twice.predict(&dataset.records), once.linear().unwrap().predict(&dataset.records));
    }

    #[test]
    fn a_member_that_weighs_nothing_has_no_say() {
        let mut rows = Csr::new(1);
        for place in 0..6 {
            rows.push_row([(0, if place < 2 { -1.0 } else { 1.0 })]).unwrap();
        }
        let dataset = DatasetBase::new(rows, array![0, 0, 1, 1, 1, 1]);
        assert_eq!(
            AverageParams::default().fit(&dataset).unwrap().predict(&dataset.records),
            dataset.targets
        );
    }

    #[test]
    fn what_cannot_be_averaged_is_refused() {
        let svm = || ClassifierParams::Svm(SvmParams::default());
        let inner = ClassifierParams::Average(AverageParams::new(vec![svm(), svm()]));
        let online = ClassifierParams::Online(OnlineParams::default());
        let bad = ClassifierParams::Logistic(LogisticParams::default().c(-1.0));
        for (members, part) in [
            (vec![], "0 classifiers"),
            (vec![svm()], "1 classifiers"),
            (vec![svm(), inner], "rows of weights"),
            (vec![svm(), online], "rows of weights"),
            (vec![svm(), bad], "c -1"),
        ] {
            let error = AverageParams::new(members).fit(&data(array![0, 0, 1, 1, 2, 0])).unwrap_err();
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
