//! How much each training record counts.

use std::sync::Arc;

use linfa::DatasetBase;
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::compact::Member;
use crate::error::{Error, Result};
use crate::features::csr::Csr;

/// Weights by class, on top of the weights of single records.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeight {
    /// Every record counts the same.
    #[default]
    None,
    /// `records / (classes · records of the class)`: each class counts the same as a whole.
    Balanced,
    /// One weight a class, by class index.
    Given(Vec<f64>),
}

/// A training set after its checks: what every solver starts from.
pub(super) struct Problem {
    pub(super) rows: Arc<Csr>,
    /// Where the weights of the dataset's columns are.
    members: Arc<Vec<Member>>,
    /// The width of the dataset.
    width: usize,
    pub(super) classes: usize,
    /// The class of each row.
    pub(super) targets: Vec<u32>,
    /// The weight of each row: class weight times sample weight.
    pub(super) weights: Vec<f64>,
}

impl Problem {
    /// Checks `dataset`, whose targets are class indices, and makes its rows `compact`. `classes` may exceed the largest of
    /// the targets.
    ///
    /// # Errors
    /// [`Error::Dataset`] on no records, a single class, lengths that differ, values or weights that are no numbers.
    pub(super) fn new(
        dataset: &DatasetBase<Csr, Array1<usize>>,
        classes: Option<usize>,
        class_weight: &ClassWeight,
        compact: fn(&Csr) -> (Csr, Vec<Member>),
    ) -> Result<Self> {
        let (rows, targets) = (&dataset.records, &dataset.targets);
        if rows.rows() == 0 {
            return Err(Error::Dataset("there are no records to train on".into()));
        }
        if targets.len() != rows.rows() {
            return Err(Error::Dataset(format!("{} records but {} targets", rows.rows(), targets.len())));
        }
        let seen = targets.iter().max().map_or(0, |&class| class + 1);
        let classes = classes.unwrap_or(seen);
        if seen > classes {
            return Err(Error::Dataset(format!("class {} of only {classes}", seen - 1)));
        }
        let mut counts = vec![0usize; classes];
        targets.iter().for_each(|&class| counts[class] += 1);
        if counts.iter().filter(|&&count| count > 0).count() < 2 {
            return Err(Error::Dataset(
                "every record has the same label: a classifier needs at least two labels to tell apart"
                    .into(),
            ));
        }
        if !rows.is_finite() {
            return Err(Error::Dataset("a feature value is not a finite number".into()));
        }
        let weights = record_weights(dataset, &counts, class_weight)?;
        if weights.iter().all(|&weight| weight == 0.0) {
            return Err(Error::Dataset("every record has weight 0: nothing is left to learn from".into()));
        }
        let (width, targets) = (rows.width(), targets.iter().map(|&class| class as u32).collect());
        let (rows, members) = compact(rows);
        let (rows, members) = (Arc::new(rows), Arc::new(members));
        Ok(Problem { rows, members, width, classes, targets, weights })
    }

    /// The two-class problem of one class, now class 1, against all others; it shares the rows.
    pub(super) fn against_rest(&self, class: usize) -> Problem {
        Problem {
            rows: Arc::clone(&self.rows),
            members: Arc::clone(&self.members),
            width: self.width,
            classes: 2,
            targets: self.targets.iter().map(|&target| u32::from(target as usize == class)).collect(),
            weights: self.weights.clone(),
        }
    }

    /// The same problem with each column multiplied by a factor of its own, by column of the problem.
    pub(super) fn scaled(self, factors: &[f32]) -> Problem {
        Problem { rows: Arc::new(self.rows.scaled(factors)), ..self }
    }

    /// The columns of the dataset that occur, each with the column of the problem that stands for it.
    pub(super) fn columns(&self) -> impl Iterator<Item = (usize, usize)> {
        self.members.iter().map(|member| (member.column as usize, member.solved as usize))
    }

    /// Weights of the dataset's features from those of the problem's; the others are 0. Both feature by feature.
    pub(super) fn spread(&self, weights: &[f32], outputs: usize) -> Vec<f32> {
        let mut all = vec![0.0; self.width * outputs];
        for &Member { column, solved, share } in &*self.members {
            let own = &weights[solved as usize * outputs..][..outputs];
            let all = &mut all[column as usize * outputs..][..outputs];
            all.iter_mut().zip(own).for_each(|(all, own)| *all = own * share);
        }
        all
    }

    /// Weights of the problem's features from those of the dataset's.
    pub(super) fn gather(&self, all: &[f32], outputs: usize) -> Vec<f32> {
        let mut weights = vec![0.0; self.rows.width() * outputs];
        for &Member { column, solved, share } in &*self.members {
            let own = &mut weights[solved as usize * outputs..][..outputs];
            let all = &all[column as usize * outputs..][..outputs];
            own.iter_mut().zip(all).for_each(|(own, all)| *own += all * share);
        }
        weights
    }
}

/// The weight of each record of `dataset`: class weight times sample weight. `counts` has the records of each class.
///
/// # Errors
/// [`Error::Dataset`] and [`Error::Parameter`] for weights that are none, or not as many as they should be.
pub(super) fn record_weights(
    dataset: &DatasetBase<Csr, Array1<usize>>,
    counts: &[usize],
    class_weight: &ClassWeight,
) -> Result<Vec<f64>> {
    let (records, classes) = (dataset.records.rows(), counts.len());
    let by_class = match class_weight {
        ClassWeight::None => vec![1.0; classes],
        ClassWeight::Balanced => {
            let present = counts.iter().filter(|&&count| count > 0).count();
            counts.iter().map(|&count| records as f64 / (present * count.max(1)) as f64).collect()
        }
        ClassWeight::Given(weights) if weights.len() == classes => weights.clone(),
        ClassWeight::Given(weights) => {
            return Err(Error::Parameter(format!("{} class weights for {classes} classes", weights.len())));
        }
    };
    // linfa leaves the weights empty when none were given.
    let weight = |row: usize| dataset.weights.get(row).map_or(1.0, |&weight| f64::from(weight));
    if !dataset.weights.is_empty() && dataset.weights.len() != records {
        return Err(Error::Dataset(format!("{records} records but {} weights", dataset.weights.len())));
    }
    let weights: Vec<f64> =
        dataset.targets.iter().enumerate().map(|(row, &class)| by_class[class] * weight(row)).collect();
    match weights.iter().position(|weight| !(weight.is_finite() && *weight >= 0.0)) {
        Some(row) => Err(Error::Dataset(format!(
            "record {row} has weight {}: weights are finite numbers from 0",
            weights[row]
        ))),
        None => Ok(weights),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::compact::by_frequency;
    use ndarray::array;

    fn rows(count: usize) -> Csr {
        let mut rows = Csr::new(1);
        (0..count).for_each(|_| rows.push_row([(0, 1.0)]).unwrap());
        rows
    }

    #[test]
    fn class_and_sample_weights_multiply() {
        let dataset = DatasetBase::new(rows(4), array![0, 0, 0, 1]).with_weights(array![1.0, 2.0, 1.0, 1.0]);
        let weights =
            |class_weight| Problem::new(&dataset, None, &class_weight, by_frequency).unwrap().weights;
        assert_eq!(weights(ClassWeight::None), [1.0, 2.0, 1.0, 1.0]);
        assert_eq!(weights(ClassWeight::Given(vec![2.0, 5.0])), [2.0, 4.0, 2.0, 5.0]);
        let third = 4.0 / 6.0;
        assert_eq!(weights(ClassWeight::Balanced), [third, 2.0 * third, third, 2.0]);
    }

    #[test]
    fn weights_find_their_way_to_the_problem_and_back() {
        let mut rows = Csr::new(4);
        rows.push_row([(1, 1.0), (3, 2.0)]).unwrap();
        rows.push_row([(3, 1.0)]).unwrap();
        let problem =
            Problem::new(&DatasetBase::new(rows, array![0, 1]), None, &ClassWeight::None, by_frequency)
                .unwrap();
        assert_eq!(problem.rows.width(), 2, "columns that do not occur are left out");
        assert_eq!(problem.spread(&[5.0, 6.0, 7.0, 8.0], 2), [0.0, 0.0, 7.0, 8.0, 0.0, 0.0, 5.0, 6.0]);
        assert_eq!(problem.gather(&[0.0, 1.0, 2.0, 3.0], 1), [3.0, 1.0]);
    }

    #[test]
    fn what_cannot_be_trained_on_is_refused() {
        let message = |dataset: DatasetBase<Csr, Array1<usize>>| {
            Problem::new(&dataset, None, &ClassWeight::None, by_frequency).err().unwrap().to_string()
        };
        assert!(message(DatasetBase::new(rows(0), array![])).contains("no records"));
        assert!(message(DatasetBase::new(rows(2), array![1, 1])).contains("at least two labels"));
        assert!(message(DatasetBase::new(rows(2), array![0])).contains("2 records but 1 targets"));
        let with_weights = |weights| DatasetBase::new(rows(2), array![0, 1]).with_weights(weights);
        assert!(message(with_weights(array![1.0, f32::NAN])).contains("record 1 has weight NaN"));
        assert!(message(with_weights(array![-1.0, 1.0])).contains("record 0"));
        assert!(message(with_weights(array![0.0, 0.0])).contains("weight 0"));
        let mut infinite = Csr::new(1);
        infinite.push_row([(0, f32::INFINITY)]).unwrap();
        infinite.push_row([]).unwrap();
        assert!(message(DatasetBase::new(infinite, array![0, 1])).contains("finite"));
    }
}
