//! What linfa trains on: the kept columns with their zeros, and targets that count from 0 without gaps.

use linfa::DatasetBase;
use ndarray::{Array1, Array2, ArrayView2};
use rayon::prelude::*;

use super::{DenseModel, Form, MAX_FEATURES, Select};
use crate::classify::weights::{ClassWeight, Problem};
use crate::classify::{LinearModel, Selection};
use crate::error::{Error, Result};
use crate::features::csr::Csr;

/// The most numbers that are written out: a gigabyte of them. linfa copies them once or twice.
const MAX_CELLS: usize = 1 << 27;

/// Dense training records.
pub(super) struct Matrix {
    kind: &'static str,
    classes: usize,
    columns: Vec<u32>,
    /// The classes that occur, ascending.
    seen: Vec<u32>,
    /// A row a record, a column a kept column.
    pub(super) x: Array2<f64>,
    /// For each row, the place of its class among those that occur.
    pub(super) targets: Vec<usize>,
    /// The weight of each row, none of them 0; empty when all are the same.
    pub(super) weights: Vec<f64>,
}

impl Matrix {
    /// Checks a dataset, leaves out records of weight 0, and writes out at most `columns.1` columns, by `columns.0`.
    pub(super) fn new(
        kind: &'static str,
        dataset: &DatasetBase<Csr, Array1<usize>>,
        columns: (Select, usize),
        classes: Option<usize>,
        class_weight: &ClassWeight,
    ) -> Result<Self> {
        let Problem { classes, mut targets, mut weights, .. } = Problem::new(dataset, classes, class_weight)?;
        let mut rows = std::borrow::Cow::Borrowed(&dataset.records);
        if weights.contains(&0.0) {
            let kept: Vec<usize> = (0..weights.len()).filter(|&row| weights[row] > 0.0).collect();
            rows = std::borrow::Cow::Owned(rows.select(&kept));
            (targets, weights) = kept.iter().map(|&row| (targets[row], weights[row])).unzip();
        }
        if weights.iter().all(|&weight| weight == weights[0]) {
            weights.clear();
        }
        let mut seen = targets.clone();
        seen.sort_unstable();
        seen.dedup();
        if seen.len() < 2 {
            return Err(Error::Dataset(
                "every record of a weight above 0 has the same label: a classifier needs at least two labels to tell apart".into(),
            ));
        }
        let columns = keep(&rows, &targets, classes, columns)?;
        if rows.rows().saturating_mul(columns.len()) > MAX_CELLS {
            return Err(Error::Dataset(format!(
                "{} records of {} features are too many to write out for {kind}: keep at most {} features, or train on fewer records",
                rows.rows(),
                columns.len(),
                MAX_CELLS / rows.rows()
            )));
        }
        let x = rows.project(&columns)?.to_dense();
        let place = |class: u32| seen.partition_point(|&other| other < class);
        let targets = targets.into_iter().map(place).collect();
        Ok(Matrix { kind, classes, columns, seen, x, targets, weights })
    }

    /// Refuses weights that linfa would ignore.
    pub(super) fn equal_weights(&self) -> Result<()> {
        if self.weights.is_empty() {
            return Ok(());
        }
        Err(Error::Dataset(format!(
            "{} counts every record the same, but records differ in weight: leave the weights out (class_weight = \"none\"), or take linfa-tree, logistic or svm",
            self.kind
        )))
    }

    /// The records and their targets, as linfa's dataset.
    pub(super) fn dataset(&self) -> DatasetBase<ArrayView2<'_, f64>, Array1<usize>> {
        DatasetBase::new(self.x.view(), Array1::from(self.targets.clone()))
    }

    /// The same for those of linfa's classifiers that must own it; no records are left.
    pub(super) fn take_dataset(&mut self) -> DatasetBase<Array2<f64>, Array1<usize>> {
        let x = std::mem::replace(&mut self.x, Array2::zeros((0, self.columns.len())));
        DatasetBase::new(x, Array1::from(self.targets.clone()))
    }

    /// The number of classes that occur.
    pub(super) fn seen(&self) -> usize {
        self.seen.len()
    }

    /// The places of the classes that are set against the rest: the second of two, or each.
    pub(super) fn outputs(&self) -> Vec<usize> {
        if self.seen() == 2 { vec![1] } else { (0..self.seen()).collect() }
    }

    /// Trains each output against the rest, at most `together` of them at a time.
    pub(super) fn one_vs_rest<T: Send>(
        &self,
        together: usize,
        train: impl Fn(Array1<bool>) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        debug_assert_eq!(self.outputs().len(), LinearModel::outputs_for(self.seen()));
        let mut trained = Vec::new();
        for outputs in self.outputs().chunks(together.max(1)) {
            let one = |&output: &usize| train(self.targets.iter().map(|&target| target == output).collect());
            let parts: Vec<Result<T>> = outputs.par_iter().map(one).collect();
            for part in parts {
                trained.push(part?);
            }
        }
        Ok(trained)
    }

    /// The model of a form that was learned.
    pub(super) fn model(self, form: Form) -> Result<DenseModel> {
        DenseModel::new(self.classes, self.columns, self.seen, form)
    }

    /// An error of linfa's, and what to do about it.
    pub(super) fn failed(&self, error: impl std::fmt::Display, cure: &str) -> Error {
        Error::Dataset(format!("{}: {error}: {cure}", self.kind))
    }
}

/// The columns to write out.
fn keep(rows: &Csr, targets: &[u32], classes: usize, (select, count): (Select, usize)) -> Result<Vec<u32>> {
    let columns = match select {
        Select::Chi2 => Selection::Chi2.select(rows, targets, classes, count)?,
        Select::MutualInformation => Selection::MutualInformation.select(rows, targets, classes, count)?,
        Select::None if rows.width() > MAX_FEATURES => {
            return Err(Error::Dataset(format!(
                "select none keeps all {} features, but dense rows have at most {MAX_FEATURES}: select by chi2 or mutual-information",
                rows.width()
            )));
        }
        Select::None => (0..rows.width() as u32).collect(),
    };
    if rows.iter().all(|row| row.values.iter().all(|&value| value == 0.0)) {
        return Err(Error::Dataset("no record has a feature: every row is empty".into()));
    }
    Ok(columns)
}
