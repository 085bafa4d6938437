//! Classifiers on sparse rows, each a linfa citizen: parameters with a `ParamGuard`, `Fit` on the checked ones alone,
//! `PredictInplace` and `Predict` on the model.
//!
//! [`ClassifierParams`] and [`Classifier`] are the closed set of them, as a pipeline file and a model file name them.

pub mod average;
pub mod calibration;
mod compact;
pub mod conformal;
pub mod dense;
pub mod linear;
pub mod logistic;
pub mod naive_bayes;
pub mod nbsvm;
pub mod online;
pub(crate) mod quantize;
mod rows;
pub mod select;
pub mod svm;
mod weights;

use linfa::traits::Fit;
use linfa::{DatasetBase, ParamGuard};
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::features::csr::{Csr, Row};

pub use average::{Average, AverageParams};
pub use calibration::{Calibration, CalibrationMethod, IsotonicCurve};
pub use conformal::{ConformalMethod, ConformalScores};
pub use dense::DenseModel;
pub use linear::LinearModel;
pub use logistic::{Convergence, LogisticMulticlass, LogisticParams, LogisticRegression};
pub use naive_bayes::{EventModel, NaiveBayes, NaiveBayesParams};
pub use nbsvm::{Nbsvm, NbsvmBase, NbsvmParams};
pub use online::{OnlineModel, OnlineParams};
pub use quantize::Precision;
pub use select::Selection;
pub use svm::{LinearSvm, SvmLoss, SvmMulticlass, SvmParams};
pub use weights::ClassWeight;

/// A classifier and its options, by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ClassifierParams {
    /// Multinomial logistic regression.
    Logistic(LogisticParams),
    /// Linear support vector machine.
    Svm(SvmParams),
    /// Multinomial naive Bayes.
    Nb(NaiveBayesParams),
    /// Complement naive Bayes.
    ComplementNb(NaiveBayesParams),
    /// Bernoulli naive Bayes, on binary rows.
    BernoulliNb(NaiveBayesParams),
    /// Naive Bayes ratios in front of an SVM or a logistic regression, on binary rows unless it is told that they are weighted.
    Nbsvm(NbsvmParams),
    /// Several of the linear ones, averaged.
    Average(AverageParams),
    /// Softmax regression learned record by record, on hashed rows.
    Online(OnlineParams),
    /// linfa's Gaussian naive Bayes.
    LinfaGaussianNb(dense::LinfaGaussianNbParams),
    /// linfa's Bernoulli naive Bayes, on binary rows.
    LinfaBernoulliNb(dense::LinfaBernoulliNbParams),
    /// linfa's logistic regression.
    LinfaLogistic(dense::LinfaLogisticParams),
    /// linfa's support vector machine with a linear kernel.
    LinfaSvm(dense::LinfaSvmParams),
    /// linfa's support vector machine with a Gaussian kernel.
    LinfaKernelSvm(dense::LinfaKernelSvmParams),
    /// linfa's decision tree.
    LinfaTree(dense::LinfaTreeParams),
    /// linfa's random forest.
    LinfaForest(dense::LinfaForestParams),
    /// linfa's AdaBoost on small trees.
    LinfaAdaboost(dense::LinfaAdaboostParams),
    /// linfa's follow-the-regularised-leader.
    LinfaFtrl(dense::LinfaFtrlParams),
}

impl Default for ClassifierParams {
    /// The average of a linear SVM and an NBSVM, which does best on n-gram rows.
    fn default() -> Self {
        ClassifierParams::Average(AverageParams::default())
    }
}

impl ClassifierParams {
    /// Whether the options make sense.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] that names the option.
    pub fn check(&self) -> Result<()> {
        match self {
            ClassifierParams::Logistic(params) => params.check_ref().map(|_| ()),
            ClassifierParams::Svm(params) => params.check_ref().map(|_| ()),
            ClassifierParams::Nb(params)
            | ClassifierParams::ComplementNb(params)
            | ClassifierParams::BernoulliNb(params) => params.check_ref().map(|_| ()),
            ClassifierParams::Nbsvm(params) => params.check_ref().map(|_| ()),
            ClassifierParams::Average(params) => params.check_ref().map(|_| ()),
            ClassifierParams::Online(params) => params.check_ref().map(|_| ()),
            ClassifierParams::LinfaGaussianNb(params) => params.check_ref().map(|_| ()),
            ClassifierParams::LinfaBernoulliNb(params) => params.check_ref().map(|_| ()),
            ClassifierParams::LinfaLogistic(params) => params.check_ref().map(|_| ()),
            ClassifierParams::LinfaSvm(params) => params.check_ref().map(|_| ()),
            ClassifierParams::LinfaKernelSvm(params) => params.check_ref().map(|_| ()),
            ClassifierParams::LinfaTree(params) => params.check_ref().map(|_| ()),
            ClassifierParams::LinfaForest(params) => params.check_ref().map(|_| ()),
            ClassifierParams::LinfaAdaboost(params) => params.check_ref().map(|_| ()),
            ClassifierParams::LinfaFtrl(params) => params.check_ref().map(|_| ()),
        }
    }

    /// Whether its rows must hold 0 and 1 alone.
    pub fn wants_binary_rows(&self) -> bool {
        match self {
            ClassifierParams::BernoulliNb(_) | ClassifierParams::LinfaBernoulliNb(_) => true,
            ClassifierParams::Nbsvm(params) => params.wants_binary_rows(),
            ClassifierParams::Average(params) => {
                params.members().iter().any(ClassifierParams::wants_binary_rows)
            }
            _ => false,
        }
    }

    /// Whether what it learns is weights, one a feature and class: what explains a label, folds word vectors, prunes
    /// features and gives a record any number of labels.
    pub fn is_linear(&self) -> bool {
        !matches!(
            self,
            ClassifierParams::LinfaGaussianNb(_)
                | ClassifierParams::LinfaKernelSvm(_)
                | ClassifierParams::LinfaTree(_)
                | ClassifierParams::LinfaForest(_)
                | ClassifierParams::LinfaAdaboost(_)
        )
    }

    /// What turns its decision values into probabilities when no calibration is asked for.
    pub(crate) fn own_calibration(&self, classes: usize) -> Calibration {
        match self {
            // The logistic function of each class, which is Platt's curve with a = −1 and b = 0.
            ClassifierParams::Logistic(params) if params.is_one_vs_rest(classes) => {
                Calibration::Platt { a: vec![-1.0; classes], b: vec![0.0; classes] }
            }
            _ => Calibration::None,
        }
    }

    /// Trains on rows whose targets are indices below `classes`.
    pub(crate) fn fit(
        &self,
        dataset: &DatasetBase<Csr, Array1<usize>>,
        classes: usize,
        class_weight: ClassWeight,
    ) -> Result<(Classifier, Convergence)> {
        match self {
            ClassifierParams::Logistic(params) => {
                let model = params.clone().classes(classes).class_weight(class_weight).fit(dataset)?;
                let convergence = model.convergence();
                Ok((Classifier::Logistic(model.into_linear()), convergence))
            }
            ClassifierParams::Svm(params) => {
                let model = params.clone().classes(classes).class_weight(class_weight).fit(dataset)?;
                let convergence = model.convergence();
                Ok((Classifier::Svm(model.into_linear()), convergence))
            }
            ClassifierParams::Nb(params) => {
                naive_bayes(params, EventModel::Multinomial, dataset, classes, class_weight)
            }
            ClassifierParams::ComplementNb(params) => {
                naive_bayes(params, EventModel::Complement, dataset, classes, class_weight)
            }
            ClassifierParams::BernoulliNb(params) => {
                naive_bayes(params, EventModel::Bernoulli, dataset, classes, class_weight)
            }
            ClassifierParams::Nbsvm(params) => {
                let model = params.clone().classes(classes).class_weight(class_weight).fit(dataset)?;
                let convergence = model.convergence();
                Ok((Classifier::Nbsvm(model.into_linear()), convergence))
            }
            ClassifierParams::Average(params) => {
                let model = params.clone().classes(classes).class_weight(class_weight).fit(dataset)?;
                let convergence = model.convergence();
                Ok((Classifier::Average(model.into_linear()), convergence))
            }
            ClassifierParams::Online(params) => {
                let model = params.clone().classes(classes).class_weight(class_weight).fit(dataset)?;
                Ok((
                    Classifier::Online(model),
                    Convergence { iterations: 1, converged: true, objective: 0.0 },
                ))
            }
            ClassifierParams::LinfaGaussianNb(params) => {
                named(Classifier::Dense, params.train(dataset, classes, class_weight))
            }
            ClassifierParams::LinfaBernoulliNb(params) => {
                named(Classifier::NaiveBayes, params.train(dataset, classes, class_weight))
            }
            ClassifierParams::LinfaLogistic(params) => {
                named(Classifier::Logistic, params.train(dataset, classes, class_weight))
            }
            ClassifierParams::LinfaSvm(params) => {
                named(Classifier::Svm, params.train(dataset, classes, class_weight))
            }
            ClassifierParams::LinfaKernelSvm(params) => {
                named(Classifier::Dense, params.train(dataset, classes, class_weight))
            }
            ClassifierParams::LinfaTree(params) => {
                named(Classifier::Dense, params.train(dataset, classes, class_weight))
            }
            ClassifierParams::LinfaForest(params) => {
                named(Classifier::Dense, params.train(dataset, classes, class_weight))
            }
            ClassifierParams::LinfaAdaboost(params) => {
                named(Classifier::Dense, params.train(dataset, classes, class_weight))
            }
            ClassifierParams::LinfaFtrl(params) => {
                named(Classifier::Logistic, params.train(dataset, classes, class_weight))
            }
        }
    }
}

/// A model as the classifier that it is.
fn named<M>(
    name: fn(M) -> Classifier,
    trained: Result<(M, Convergence)>,
) -> Result<(Classifier, Convergence)> {
    trained.map(|(model, convergence)| (name(model), convergence))
}

fn naive_bayes(
    params: &NaiveBayesParams,
    event: EventModel,
    dataset: &DatasetBase<Csr, Array1<usize>>,
    classes: usize,
    class_weight: ClassWeight,
) -> Result<(Classifier, Convergence)> {
    let model = params.clone().event(event).classes(classes).class_weight(class_weight).fit(dataset)?;
    // Nothing is searched for: one pass counts.
    let convergence = Convergence { iterations: 1, converged: true, objective: 0.0 };
    Ok((Classifier::NaiveBayes(model.into_linear()), convergence))
}

/// A trained classifier.
#[derive(Debug, Clone, PartialEq)]
pub enum Classifier {
    /// Logistic regression, ours or linfa's.
    Logistic(LinearModel),
    /// Linear support vector machine, ours or linfa's.
    Svm(LinearModel),
    /// Naive Bayes of any kind.
    NaiveBayes(LinearModel),
    /// Naive Bayes ratios folded with the weights behind them.
    Nbsvm(LinearModel),
    /// The mean of several.
    Average(LinearModel),
    /// Softmax regression that can go on learning.
    Online(OnlineModel),
    /// One of linfa's own that is no row of weights.
    Dense(DenseModel),
}

impl Classifier {
    /// Puts a classifier of a kind together from its weights, or nothing when the kind has more to it than those.
    pub(crate) fn from_linear(params: &ClassifierParams, linear: LinearModel) -> Option<Self> {
        Some(match params {
            ClassifierParams::Logistic(_)
            | ClassifierParams::LinfaLogistic(_)
            | ClassifierParams::LinfaFtrl(_) => Classifier::Logistic(linear),
            ClassifierParams::Svm(_) | ClassifierParams::LinfaSvm(_) => Classifier::Svm(linear),
            ClassifierParams::Nb(_)
            | ClassifierParams::ComplementNb(_)
            | ClassifierParams::BernoulliNb(_)
            | ClassifierParams::LinfaBernoulliNb(_) => Classifier::NaiveBayes(linear),
            ClassifierParams::Nbsvm(_) => Classifier::Nbsvm(linear),
            ClassifierParams::Average(_) => Classifier::Average(linear),
            ClassifierParams::Online(_)
            | ClassifierParams::LinfaGaussianNb(_)
            | ClassifierParams::LinfaKernelSvm(_)
            | ClassifierParams::LinfaTree(_)
            | ClassifierParams::LinfaForest(_)
            | ClassifierParams::LinfaAdaboost(_) => return None,
        })
    }

    /// The decision values of a row, which replace what `out` holds: one a class, or with two classes that of the second.
    /// For logistic regression and naive Bayes their softmax is the probability; for an SVM they are distances, to be
    /// calibrated.
    pub(crate) fn decide(&self, row: Row<'_>, out: &mut Vec<f64>) {
        match self {
            Classifier::Logistic(linear)
            | Classifier::Svm(linear)
            | Classifier::NaiveBayes(linear)
            | Classifier::Nbsvm(linear)
            | Classifier::Average(linear) => linear.decide(row, out),
            Classifier::Online(model) => model.linear().decide(row, out),
            Classifier::Dense(model) => model.decide(row, out),
        }
    }

    /// The weights behind it, if it has any.
    pub fn linear(&self) -> Option<&LinearModel> {
        match self {
            Classifier::Logistic(linear)
            | Classifier::Svm(linear)
            | Classifier::NaiveBayes(linear)
            | Classifier::Nbsvm(linear)
            | Classifier::Average(linear) => Some(linear),
            Classifier::Online(model) => Some(model.linear()),
            Classifier::Dense(_) => None,
        }
    }
}
