//! Search over pipelines: which features, which classifier, how much regularisation.
//!
//! Pipelines are drawn at random from a space of sensible ones (random search, Bergstra & Bengio 2012), after the default and
//! a few more that do well on most data, and compared by group-aware cross-validation. Most are poor and are dropped early: all are tested on
//! one fold, the better third on two more, the best third of those on all (successive halving, Jamieson & Talwalkar
//! 2016). Texts are turned into rows once for each set of features, which all pipelines with these features share.

mod space;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ndarray::Array1;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::dataset::{Dataset, Fold, folds};
use crate::error::{Error, Result};
use crate::features::csr::Csr;
use crate::features::vectorizer::Vectorizer;
use crate::metrics::{ConfusionMatrix, Statistic};
use crate::pipeline::PipelineParams;
use crate::random::SplitMix64;

/// How long to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// So many pipelines: the same result on every run.
    Trials(usize),
    /// About this long; how far one gets depends on the machine.
    Time(Duration),
}

/// Options of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct TuneParams {
    /// How long to search.
    pub budget: Budget,
    /// What is to be as large as possible.
    pub metric: Statistic,
    /// The number of folds; the best pipelines are tested on all of them.
    pub folds: usize,
    /// The seed of the folds and of the pipelines that are drawn.
    pub seed: u64,
}

impl Default for TuneParams {
    /// One minute, macro F1, five folds.
    fn default() -> Self {
        TuneParams {
            budget: Budget::Time(Duration::from_secs(60)),
            metric: Statistic::MacroF1,
            folds: 5,
            seed: 42,
        }
    }
}

/// One pipeline that was tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Its options.
    pub params: PipelineParams,
    /// Its figure on each fold that it was tested on.
    pub scores: Vec<f64>,
    /// Why it could not be trained, if it could not.
    pub error: Option<String>,
}

impl Trial {
    /// The mean over its folds; minus infinity when there are none.
    pub fn mean(&self) -> f64 {
        if self.scores.is_empty() || self.error.is_some() {
            return f64::NEG_INFINITY;
        }
        self.scores.iter().sum::<f64>() / self.scores.len() as f64
    }
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuning {
    /// Every pipeline that was tried: those tested on more folds first, then the better first.
    pub trials: Vec<Trial>,
}

impl Tuning {
    /// The best pipeline.
    pub fn best(&self) -> &Trial {
        &self.trials[0]
    }
}

/// Pipelines that start together when the budget is a time.
const BRACKET: usize = 27;

/// Searches for the pipeline that does best on `data`. `progress` hears how many tests are done and how many there are.
///
/// # Errors
/// [`Error::Dataset`] for data that cannot be split in folds, or on which nothing can be trained.
pub fn tune(data: &Dataset, options: &TuneParams, progress: impl Fn(usize, usize) + Sync) -> Result<Tuning> {
    let count = match options.budget {
        Budget::Trials(0) => return Err(Error::Parameter("0 trials: give 1 or more".into())),
        Budget::Trials(count) => count,
        Budget::Time(_) => BRACKET,
    };
    if data.is_multilabel() {
        return Err(Error::Dataset(
            "some records have several labels, or none: tune takes one label a record".into(),
        ));
    }
    let deadline = match options.budget {
        Budget::Time(time) => Some(Instant::now() + time),
        Budget::Trials(_) => None,
    };
    let search = Search {
        texts: data.texts(),
        targets: Targets::new(data),
        folds: folds(data, options.folds, options.seed)?,
        metric: options.metric,
        deadline,
        progress: &progress,
    };
    let mut random = SplitMix64::new(options.seed);
    let mut first = space::first().into_iter();
    let mut trials: Vec<Trial> = Vec::new();
    loop {
        let mut bracket: Vec<Trial> = Vec::new();
        while bracket.len() < count {
            let params = first.next().unwrap_or_else(|| space::draw(&mut random));
            let known = trials.iter().chain(&bracket).any(|trial| trial.params == params);
            // A small space runs out of new pipelines.
            if known && random.uniform() > 0.02 {
                continue;
            }
            bracket.push(Trial { params, scores: Vec::new(), error: None });
        }
        search.halve(&mut bracket);
        trials.extend(bracket);
        if search.deadline.is_none_or(|deadline| Instant::now() >= deadline) {
            break;
        }
    }
    trials.retain(|trial| !trial.scores.is_empty() || trial.error.is_some());
    trials.sort_by(|a, b| {
        let (a_folds, b_folds) = (folds_of(a), folds_of(b));
        b_folds.cmp(&a_folds).then(b.mean().total_cmp(&a.mean()))
    });
    match trials.first() {
        Some(Trial { error: None, .. }) => Ok(Tuning { trials }),
        Some(Trial { error: Some(error), .. }) => {
            Err(Error::Dataset(format!("nothing could be trained: {error}")))
        }
        None => Err(Error::Dataset("no pipeline was tested: give more time".into())),
    }
}

fn folds_of(trial: &Trial) -> usize {
    if trial.error.is_some() { 0 } else { trial.scores.len() }
}

/// The labels of a data set as class indices, and the weights of its records.
struct Targets {
    labels: Vec<String>,
    classes: Vec<usize>,
    weights: Vec<f32>,
}

impl Targets {
    fn new(data: &Dataset) -> Self {
        let labels: Vec<String> = data.labels().into_iter().map(str::to_owned).collect();
        let class =
            |label: &str| labels.binary_search_by(|known| known.as_str().cmp(label)).unwrap_or_default();
        Targets {
            classes: data.examples.iter().map(|example| class(example.label())).collect(),
            weights: data.examples.iter().map(|example| example.weight).collect(),
            labels,
        }
    }

    fn dataset(&self, rows: Csr, records: &[usize]) -> linfa::DatasetBase<Csr, Array1<usize>> {
        let targets = records.iter().map(|&record| self.classes[record]).collect();
        let weights = records.iter().map(|&record| self.weights[record]).collect();
        linfa::DatasetBase::new(rows, targets).with_weights(weights)
    }
}

/// What all trials share.
struct Search<'a, P> {
    texts: Vec<&'a str>,
    targets: Targets,
    folds: Vec<Fold>,
    metric: Statistic,
    deadline: Option<Instant>,
    progress: &'a P,
}

impl<P: Fn(usize, usize) + Sync> Search<'_, P> {
    /// Tests all trials on the first fold, the better third on the next two, the best third of those on the rest.
    fn halve(&self, trials: &mut [Trial]) {
        let rungs = [0..1, 1..3.min(self.folds.len()), 3.min(self.folds.len())..self.folds.len()];
        let mut alive = trials.len();
        for (place, rung) in rungs.into_iter().enumerate() {
            if rung.is_empty() {
                continue;
            }
            if place > 0 {
                trials.sort_by(|a, b| folds_of(b).cmp(&folds_of(a)).then(b.mean().total_cmp(&a.mean())));
                alive = alive.div_ceil(3);
            }
            // The first rung alone is cut short by the clock, so that what was begun comes to a result.
            self.test(&mut trials[..alive], rung, place == 0);
        }
    }

    /// Tests trials on folds, those with the same features together.
    fn test(&self, trials: &mut [Trial], folds: std::ops::Range<usize>, may_stop: bool) {
        let mut by_features: BTreeMap<String, Vec<&mut Trial>> = BTreeMap::new();
        let total = trials.iter().filter(|trial| trial.error.is_none()).count() * folds.len();
        for trial in trials.iter_mut().filter(|trial| trial.error.is_none()) {
            by_features.entry(trial.params.feature_key()).or_default().push(trial);
        }
        let done = AtomicUsize::new(0);
        let mut groups: Vec<Vec<&mut Trial>> = by_features.into_values().collect();
        groups.par_iter_mut().for_each(|group| {
            if may_stop && self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return;
            }
            match group[0].params.vectorizer().and_then(|params| params.fit_transform(&self.texts)) {
                Ok((vectorizer, rows)) => {
                    for fold in &self.folds[folds.clone()] {
                        self.test_fold(group, &vectorizer, &rows, fold);
                        let done = done.fetch_add(group.len(), Ordering::Relaxed) + group.len();
                        (self.progress)(done, total);
                    }
                }
                Err(error) => group.iter_mut().for_each(|trial| trial.error = Some(error.to_string())),
            }
        });
    }

    fn test_fold(&self, group: &mut [&mut Trial], vectorizer: &Vectorizer, rows: &Csr, fold: &Fold) {
        let train = self.targets.dataset(vectorizer.fold_rows(rows, &fold.train, &fold.train), &fold.train);
        let test = vectorizer.fold_rows(rows, &fold.train, &fold.test);
        group.par_iter_mut().for_each(|trial| match self.score(&trial.params, &train, &test, fold) {
            Ok(score) => trial.scores.push(score),
            Err(error) => trial.error = Some(error.to_string()),
        });
    }

    fn score(
        &self,
        params: &PipelineParams,
        train: &linfa::DatasetBase<Csr, Array1<usize>>,
        test: &Csr,
        fold: &Fold,
    ) -> Result<f64> {
        let labels = &self.targets.labels;
        let class_weight = params.training.class_weight.resolve(labels)?;
        let (classifier, _) = params.classifier.fit(train, labels.len(), class_weight)?;
        let mut decision = Vec::new();
        let predicted = test.iter().map(|row| {
            classifier.decide(row, &mut decision);
            Some(labels[crate::classify::LinearModel::best(&decision)].as_str())
        });
        let predicted: Vec<Option<&str>> = predicted.collect();
        let gold = fold.test.iter().map(|&record| labels[self.targets.classes[record]].as_str());
        Ok(ConfusionMatrix::new(gold, predicted)?.statistic(self.metric))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Example;

    /// Three labels told apart by endings that only characters see.
    fn data() -> Dataset {
        let endings = ["ation", "ology", "ness"];
        (0..60)
            .map(|i| Example::new(format!("w{}{}", i * 7919 % 101, endings[i % 3]), ["a", "b", "c"][i % 3]))
            .collect()
    }

    fn trials(count: usize, threads: usize) -> Tuning {
        let options = TuneParams { budget: Budget::Trials(count), folds: 3, ..TuneParams::default() };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| tune(&data(), &options, |_, _| {}).unwrap())
    }

    #[test]
    fn the_same_trials_give_the_same_result_on_any_number_of_threads() {
        assert_eq!(trials(6, 1), trials(6, 3));
    }

    #[test]
    fn few_reach_the_last_rung_and_the_best_of_them_wins() {
        let found = trials(9, 2);
        assert_eq!(found.trials.len(), 9);
        let count = |folds| found.trials.iter().filter(|trial| trial.scores.len() == folds).count();
        // Those that leave no features have no scores at all.
        assert_eq!((count(3), count(1) + count(0)), (3, 6));
        assert!(found.trials.iter().all(|trial| trial.error.is_some() == trial.scores.is_empty()));
        assert!(found.best().scores.len() == 3 && found.best().mean() > 0.9, "{:?}", found.best());
    }

    #[test]
    fn a_time_budget_is_kept_about() {
        let options =
            TuneParams { budget: Budget::Time(Duration::from_millis(1)), folds: 3, ..TuneParams::default() };
        assert!(!tune(&data(), &options, |_, _| {}).unwrap().trials.is_empty());
    }

    #[test]
    fn data_that_cannot_be_split_is_refused() {
        let one: Dataset = [Example::new("x", "a")].into_iter().collect();
        assert!(tune(&one, &TuneParams::default(), |_, _| {}).is_err());
        let same: Dataset = (0..20).map(|i| Example::new(format!("x{i}"), "a")).collect();
        let error =
            tune(&same, &TuneParams { budget: Budget::Trials(2), ..TuneParams::default() }, |_, _| {});
        assert!(error.unwrap_err().to_string().contains("two labels"));
        let none = TuneParams { budget: Budget::Trials(0), ..TuneParams::default() };
        assert!(tune(&data(), &none, |_, _| {}).is_err());
    }
}
