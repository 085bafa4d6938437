//! What linfa trains on: the kept columns with their zeros, and targets that count from 0 without gaps.

use std::fmt::Display;

use linfa::DatasetBase;
use ndarray::{Array1, Array2, ArrayView2};

use super::{Classes, DenseModel, Form, UNSEEN};
use crate::classify::weights::{ClassWeight, Problem};
use crate::classify::{LinearModel, Selection};
use crate::error::{Error, Result};
use crate::features::csr::Csr;

/// The most numbers that are written out: a gigabyte of them. linfa copies them once or twice.
const MAX_CELLS: usize = 1 << 27;

/// Dense training records.
pub(super) struct Matrix {
    kind: &'static str,
    pub(super) classes: Classes,
    /// The width of the sparse rows.
    width: usize,
    /// The columns of the sparse rows that were kept, ascending.
    columns: Vec<u32>,
    /// A row a record, a column a kept column.
    pub(super) x: Array2<f64>,
    /// For each row, the place of its class among the seen ones.
    pub(super) targets: Array1<usize>,
}

impl Matrix {
    /// Checks a dataset and writes out at most `features` of its columns, the best by `select`.
    ///
    /// # Errors
    /// [`Error::Dataset`] for records that differ in weight, have no feature or are too many, and as [`Problem::new`].
    pub(super) fn new(
        kind: &'static str,
        dataset: &DatasetBase<Csr, Array1<usize>>,
        (select, features): (Selection, usize),
        classes: Option<usize>,
        class_weight: &ClassWeight,
    ) -> Result<Self> {
        // For its checks alone: the columns are chosen below.
        let no_rows = |_: &Csr| (Csr::new(0), Vec::new());
        let Problem { classes, targets, weights, .. } =
            Problem::new(dataset, classes, class_weight, no_rows)?;
        if weights.iter().any(|&weight| weight != weights[0]) {
            return Err(Error::Dataset(format!(
                "{kind} counts every record the same, but records differ in weight: leave the weights out (class_weight = \"none\"), or take logistic or svm"
            )));
        }
        let rows = &dataset.records;
        let columns = best(rows, &targets, classes, select, features)?;
        let most = MAX_CELLS / columns.len();
        if rows.rows() > most {
            return Err(Error::Dataset(format!(
                "{} records of {} features are too many to write out for {kind}: give fewer features, or {most} records at most",
                rows.rows(),
                columns.len()
            )));
        }
        let x = rows.project(&columns)?.to_dense();
        let mut seen = targets.clone();
        seen.sort_unstable();
        seen.dedup();
        let targets = targets.iter().map(|class| seen.partition_point(|seen| seen < class)).collect();
        Ok(Matrix { kind, classes: Classes { all: classes, seen }, width: rows.width(), columns, x, targets })
    }

    /// The records and their targets, as linfa's dataset.
    pub(super) fn dataset(&self) -> DatasetBase<ArrayView2<'_, f64>, Array1<usize>> {
        DatasetBase::new(self.x.view(), self.targets.clone())
    }

    /// The same for those of linfa's classifiers that must own it; no records are left.
    pub(super) fn take_dataset(&mut self) -> DatasetBase<Array2<f64>, Array1<usize>> {
        DatasetBase::new(std::mem::take(&mut self.x), self.targets.clone())
    }

    /// For each output, which records are of its class: the second of two, or each of more.
    pub(super) fn one_vs_rest(&self) -> impl Iterator<Item = Array1<bool>> {
        let outputs = self.classes.outputs();
        let class = move |output| if outputs == 1 { 1 } else { output };
        (0..outputs).map(move |output| self.targets.mapv(|target| target == class(output)))
    }

    /// The model of a form that was learned.
    pub(super) fn model(self, form: Form) -> Result<DenseModel> {
        DenseModel::new(self.classes, self.columns, form)
    }

    /// The linear model on the sparse rows from the weights and the intercept of each output, or of each seen class.
    pub(super) fn linear(&self, outputs: &[(Vec<f64>, f64)], cure: &str) -> Result<LinearModel> {
        let narrow = |values: Vec<f64>| values.into_iter().map(|value| value as f32);
        let width = LinearModel::outputs_for(self.classes.all);
        let mut weights = vec![0.0; self.width * width];
        for (place, &column) in self.columns.iter().enumerate() {
            let spread = self.classes.spread(outputs.iter().map(|output| output.0[place]).collect(), 0.0);
            let row = &mut weights[column as usize * width..][..width];
            row.iter_mut().zip(narrow(spread)).for_each(|(weight, value)| *weight = value);
        }
        let intercept = self.classes.spread(outputs.iter().map(|output| output.1).collect(), UNSEEN);
        LinearModel::new(self.classes.all, weights, narrow(intercept).collect())
            .map_err(|error| self.failed(error, cure))
    }

    /// An error of linfa's, and what to do about it.
    pub(super) fn failed(&self, error: impl Display, cure: &str) -> Error {
        Error::Dataset(format!("{}: {error}: {cure}", self.kind))
    }
}

/// The columns to write out.
///
/// Selection ranks counts, which have no sign. A column with a value below 0 is a number by nature (of a pooled vector)
/// and is kept unranked.
fn best(rows: &Csr, targets: &[u32], classes: usize, select: Selection, features: usize) -> Result<Vec<u32>> {
    let mut signed = vec![false; rows.width()];
    for row in rows.iter() {
        row.iter().for_each(|(column, value)| signed[column] |= value < 0.0);
    }
    let (mut kept, counts): (Vec<u32>, Vec<u32>) =
        (0..rows.width() as u32).partition(|&column| signed[column as usize]);
    let Some(left) = features.checked_sub(kept.len()) else {
        return Err(Error::Dataset(format!(
            "{} columns hold values below 0 and are kept unranked, but features is {features}: give more, up to {}, or fewer vectors",
            kept.len(),
            super::MAX_FEATURES
        )));
    };
    let best = select.select(&rows.project(&counts)?, targets, classes, left)?;
    kept.extend(best.into_iter().map(|place| counts[place as usize]));
    kept.sort_unstable();
    if kept.is_empty() {
        return Err(Error::Dataset("no record has a feature: every row is empty".into()));
    }
    Ok(kept)
}
