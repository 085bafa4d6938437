//! Classifiers on sparse rows, each a linfa citizen: parameters with a `ParamGuard`, `Fit` on the checked ones alone,
//! `PredictInplace` and `Predict` on the model.
//!
//! [`ClassifierParams`] and [`Classifier`] are the closed set of them, as a pipeline file and a model file name them.

pub mod calibration;
pub mod conformal;
pub mod dense;
pub mod linear;
pub mod logistic;
pub mod naive_bayes;
pub mod nbsvm;
mod rows;
pub mod select;
pub mod svm;
mod weights;

use linfa::traits::Fit;
use linfa::{DatasetBase, ParamGuard};
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::features::csr::{Csr, Row};

use dense::{FormKind, Rule};

pub use calibration::{Calibration, CalibrationMethod, IsotonicCurve};
pub use conformal::{ConformalMethod, ConformalScores};
pub use dense::DenseModel;
pub use linear::LinearModel;
pub use logistic::{Convergence, LogisticParams, LogisticRegression};
pub use naive_bayes::{EventModel, NaiveBayes, NaiveBayesParams};
pub use nbsvm::{Nbsvm, NbsvmBase, NbsvmParams};
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
    /// Naive Bayes ratios in front of an SVM or a logistic regression, on binary rows.
    Nbsvm(NbsvmParams),
    /// linfa's Gaussian naive Bayes.
    LinfaGaussianNb(dense::LinfaGaussianNbParams),
    /// linfa's Bernoulli naive Bayes.
    LinfaBernoulliNb(dense::LinfaBernoulliNbParams),
    /// linfa's logistic regression.
    LinfaLogistic(dense::LinfaLogisticParams),
    /// linfa's support vector machine, with a linear or a Gaussian kernel.
    LinfaSvm(dense::LinfaSvmParams),
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
    /// Logistic regression at C = 10, which does best on rows of unit length.
    fn default() -> Self {
        ClassifierParams::Logistic(LogisticParams::default().c(10.0))
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
            ClassifierParams::LinfaGaussianNb(params) => params.check_ref().map(|_| ()),
            ClassifierParams::LinfaBernoulliNb(params) => params.check_ref().map(|_| ()),
            ClassifierParams::LinfaLogistic(params) => params.check_ref().map(|_| ()),
            ClassifierParams::LinfaSvm(params) => params.check_ref().map(|_| ()),
            ClassifierParams::LinfaTree(params) => params.check_ref().map(|_| ()),
            ClassifierParams::LinfaForest(params) => params.check_ref().map(|_| ()),
            ClassifierParams::LinfaAdaboost(params) => params.check_ref().map(|_| ()),
            ClassifierParams::LinfaFtrl(params) => params.check_ref().map(|_| ()),
        }
    }

    /// Whether its rows must hold 0 and 1 alone.
    pub fn wants_binary_rows(&self) -> bool {
        matches!(self, ClassifierParams::BernoulliNb(_) | ClassifierParams::Nbsvm(_))
    }

    /// Whether the softmax of its decision values is a probability by its own lights; otherwise it wants calibration.
    pub fn has_probabilities(&self) -> bool {
        !matches!(
            self,
            ClassifierParams::Svm(_)
                | ClassifierParams::Nbsvm(_)
                | ClassifierParams::LinfaSvm(_)
                | ClassifierParams::LinfaAdaboost(_)
                | ClassifierParams::LinfaFtrl(_)
        )
    }

    /// The form of its models, for one of linfa's own classifiers.
    pub(crate) fn dense_form(&self) -> Option<FormKind> {
        match self {
            ClassifierParams::Logistic(_)
            | ClassifierParams::Svm(_)
            | ClassifierParams::Nb(_)
            | ClassifierParams::ComplementNb(_)
            | ClassifierParams::BernoulliNb(_)
            | ClassifierParams::Nbsvm(_) => None,
            ClassifierParams::LinfaGaussianNb(_) => Some(FormKind::Gaussian),
            ClassifierParams::LinfaBernoulliNb(_) => Some(FormKind::Presence),
            ClassifierParams::LinfaLogistic(_) | ClassifierParams::LinfaFtrl(_) => Some(FormKind::Linear),
            ClassifierParams::LinfaSvm(params) => Some(params.form()),
            ClassifierParams::LinfaTree(_) => Some(FormKind::Trees(Rule::Odds)),
            ClassifierParams::LinfaForest(_) => Some(FormKind::Trees(Rule::Votes)),
            ClassifierParams::LinfaAdaboost(_) => Some(FormKind::Trees(Rule::WeightedVotes)),
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
            ClassifierParams::LinfaGaussianNb(params) => {
                dense(params.clone().classes(classes).class_weight(class_weight).check()?.train(dataset)?)
            }
            ClassifierParams::LinfaBernoulliNb(params) => {
                dense(params.clone().classes(classes).class_weight(class_weight).check()?.train(dataset)?)
            }
            ClassifierParams::LinfaLogistic(params) => {
                dense(params.clone().classes(classes).class_weight(class_weight).check()?.train(dataset)?)
            }
            ClassifierParams::LinfaSvm(params) => {
                dense(params.clone().classes(classes).class_weight(class_weight).check()?.train(dataset)?)
            }
            ClassifierParams::LinfaTree(params) => {
                dense(params.clone().classes(classes).class_weight(class_weight).check()?.train(dataset)?)
            }
            ClassifierParams::LinfaForest(params) => {
                dense(params.clone().classes(classes).class_weight(class_weight).check()?.train(dataset)?)
            }
            ClassifierParams::LinfaAdaboost(params) => {
                dense(params.clone().classes(classes).class_weight(class_weight).check()?.train(dataset)?)
            }
            ClassifierParams::LinfaFtrl(params) => {
                dense(params.clone().classes(classes).class_weight(class_weight).check()?.train(dataset)?)
            }
        }
    }
}

fn dense((model, convergence): (DenseModel, Convergence)) -> Result<(Classifier, Convergence)> {
    Ok((Classifier::Dense(model), convergence))
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
    /// Multinomial logistic regression.
    Logistic(LinearModel),
    /// Linear support vector machine.
    Svm(LinearModel),
    /// Naive Bayes of any kind.
    NaiveBayes(LinearModel),
    /// Naive Bayes ratios folded with the weights behind them.
    Nbsvm(LinearModel),
    /// One of linfa's own, on the best columns.
    Dense(DenseModel),
}

impl Classifier {
    /// Puts a classifier of a kind together from its weights.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a kind that is one of linfa's own: it is a [`DenseModel`].
    pub(crate) fn from_linear(params: &ClassifierParams, linear: LinearModel) -> Result<Self> {
        Ok(match params {
            ClassifierParams::Logistic(_) => Classifier::Logistic(linear),
            ClassifierParams::Svm(_) => Classifier::Svm(linear),
            ClassifierParams::Nb(_)
            | ClassifierParams::ComplementNb(_)
            | ClassifierParams::BernoulliNb(_) => Classifier::NaiveBayes(linear),
            ClassifierParams::Nbsvm(_) => Classifier::Nbsvm(linear),
            _ => return Err(Error::Parameter("this classifier is no row of weights".into())),
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
            | Classifier::Nbsvm(linear) => linear.decide(row, out),
            Classifier::Dense(dense) => dense.decide(row, out),
        }
    }

    /// The weights behind it; nothing for linfa's own classifiers.
    pub fn linear(&self) -> Option<&LinearModel> {
        match self {
            Classifier::Logistic(linear)
            | Classifier::Svm(linear)
            | Classifier::NaiveBayes(linear)
            | Classifier::Nbsvm(linear) => Some(linear),
            Classifier::Dense(_) => None,
        }
    }

    /// What a feature adds to the decision value of a class, for a value of 1; nothing when the classifier is not linear
    /// in its features. With two classes, the first class has minus the weight of the second.
    pub fn weight(&self, feature: usize, class: usize) -> Option<f32> {
        match self {
            Classifier::Dense(dense) => dense.weight(feature, class),
            _ => self.linear().map(|linear| linear.weight(feature, class)),
        }
    }
}
