//! Which features tell the classes apart: scores by column, and the best of them.
//!
//! For classifiers that need dense rows, and so cannot have every n-gram.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::features::csr::Csr;

/// How a feature is scored against the classes; more is better.
///
/// ```
/// use tasnif::classify::Selection;
/// use tasnif::features::csr::Csr;
///
/// let mut rows = Csr::new(3);
/// rows.push_row([(0, 1.0), (1, 1.0)])?;
/// rows.push_row([(0, 1.0)])?;
/// rows.push_row([(0, 1.0), (2, 2.0)])?;
/// let targets = [0, 0, 1];
/// let best = Selection::Chi2.select(&rows, &targets, 2, 1)?;
/// assert_eq!(best, [2], "column 0 is everywhere, column 2 stands for class 1");
/// assert_eq!(rows.project(&best)?.to_dense(), ndarray::array![[0.0], [0.0], [2.0]]);
/// # Ok::<(), tasnif::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Selection {
    /// The χ² statistic of the feature's sums by class against what the class sizes let expect:
    /// `Σ_c (O_c − E_c)² / E_c`, where `O_c` is the sum of the column over class `c` and `E_c` the share of class `c` in
    /// the records times the sum of the column. scikit-learn's `chi2`. Values must not be negative.
    #[default]
    Chi2,
    /// The mutual information, in nats, between the feature's presence (a value other than 0) and the class:
    /// `Σ p(x, c) ln(p(x, c) / (p(x) p(c)))`. scikit-learn's `mutual_info_classif` on presence, `discrete_features`.
    MutualInformation,
}

impl Selection {
    /// The score of each column; 0 for a column without values. `targets` holds the class of each row, below `classes`;
    /// classes without rows change nothing.
    ///
    /// # Errors
    /// [`Error::Dataset`] when rows and targets differ in number, a target is no class, or a value is not a finite
    /// number (for χ²: one from 0).
    pub fn scores(self, rows: &Csr, targets: &[u32], classes: usize) -> Result<Vec<f64>> {
        if rows.rows() != targets.len() {
            return Err(Error::Dataset(format!("{} records but {} targets", rows.rows(), targets.len())));
        }
        if let Some(target) = targets.iter().find(|&&target| target as usize >= classes) {
            return Err(Error::Dataset(format!("class {target} of only {classes}")));
        }
        if !rows.is_finite() {
            return Err(Error::Dataset("a feature value is not a finite number".into()));
        }
        let negative = |row: crate::features::csr::Row<'_>| row.values.iter().any(|&value| value < 0.0);
        if self == Selection::Chi2 && rows.iter().any(negative) {
            return Err(Error::Dataset(
                "a feature value is negative: select by mutual-information instead of chi2".into(),
            ));
        }
        let mut sizes = vec![0.0; classes];
        // What each column holds of each class, column by column.
        let mut sums = vec![0.0; rows.width() * classes];
        for (row, &target) in rows.iter().zip(targets) {
            sizes[target as usize] += 1.0;
            for (column, value) in row.iter() {
                sums[column * classes + target as usize] += match self {
                    Selection::Chi2 => f64::from(value),
                    Selection::MutualInformation => f64::from(u8::from(value != 0.0)),
                };
            }
        }
        let score = match self {
            Selection::Chi2 => chi2,
            Selection::MutualInformation => mutual_information,
        };
        Ok(sums.chunks_exact(classes.max(1)).map(|sums| score(sums, &sizes)).collect())
    }

    /// The `k` best columns, ascending: by score, equal scores by column. Columns without values are never among them,
    /// so there may be fewer.
    ///
    /// # Errors
    /// As [`Selection::scores`].
    pub fn select(self, rows: &Csr, targets: &[u32], classes: usize, k: usize) -> Result<Vec<u32>> {
        let scores = self.scores(rows, targets, classes)?;
        let mut occurs = vec![false; rows.width()];
        for row in rows.iter() {
            row.iter().for_each(|(column, value)| occurs[column] |= value != 0.0);
        }
        let mut columns: Vec<u32> =
            (0..rows.width() as u32).filter(|&column| occurs[column as usize]).collect();
        columns.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]).then(a.cmp(&b)));
        columns.truncate(k);
        columns.sort_unstable();
        Ok(columns)
    }
}

/// χ² of one column, from its sum in each class and the sizes of the classes.
fn chi2(sums: &[f64], sizes: &[f64]) -> f64 {
    let (sum, records): (f64, f64) = (sums.iter().sum(), sizes.iter().sum());
    let term = |(observed, size): (&f64, &f64)| {
        let expected = size / records * sum;
        // Nothing is expected of a class without records, and nothing observed.
        if expected > 0.0 { (observed - expected) * (observed - expected) / expected } else { 0.0 }
    };
    sums.iter().zip(sizes).map(term).sum()
}

/// The mutual information of presence and class, from the number of records that have the feature in each class.
fn mutual_information(present: &[f64], sizes: &[f64]) -> f64 {
    let (sum, records): (f64, f64) = (present.iter().sum(), sizes.iter().sum());
    let cell = |count: f64, row: f64, size: f64| {
        if count > 0.0 { count / records * libm::log(count * records / (row * size)) } else { 0.0 }
    };
    let both = present.iter().zip(sizes);
    both.map(|(&count, &size)| cell(count, sum, size) + cell(size - count, records - sum, size))
        .sum::<f64>()
        .max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The matrix and the classes of the snippet below.
    fn example() -> (Csr, Vec<u32>) {
        let mut rows = Csr::new(6);
        for i in 0..20u32 {
            let columns = (0..5).filter(|j| (i * (j + 2) + j) % 5 < 2);
            rows.push_row(columns.map(|j| (j, ((i + j) % 3) as f32 + 0.5))).unwrap();
        }
        (rows, (0..20).map(|i| i % 7 % 3).collect())
    }

    fn assert_near(got: &[f64], expected: &[f64]) {
        let near = got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(got.len() == expected.len() && near, "{got:?} is not {expected:?}");
    }

    /// scikit-learn 1.9.1:
    ///
    /// ```python
    /// import numpy as np
    /// from sklearn.feature_selection import chi2, mutual_info_classif
    /// i, j = np.arange(20)[:, None], np.arange(6)[None, :]
    /// X = np.where((i * (j + 2) + j) % 5 < 2, (i + j) % 3 + 0.5, 0) * (j < 5)
    /// y = np.arange(20) % 7 % 3
    /// for y in y, (y > 0).astype(int):
    ///     print(chi2(X, y)[0], mutual_info_classif(X != 0, y, discrete_features=True))
    /// ```
    ///
    /// χ² of the columns without values is NaN there.
    #[test]
    fn scores_are_those_of_scikit_learn() {
        let (rows, y) = example();
        let two: Vec<u32> = y.iter().map(|&class| class.min(1)).collect();
        assert_near(
            &Selection::Chi2.scores(&rows, &y, 3).unwrap(),
            &[1.0 / 6.0, 4.805555555555555, 0.9507575757575758, 0.0, 0.34375, 0.0],
        );
        assert_near(
            &Selection::Chi2.scores(&rows, &two, 2).unwrap(),
            &[0.0, 3.5555555555555536, 0.003787878787878761, 0.0, 0.03125, 0.0],
        );
        assert_near(
            &Selection::MutualInformation.scores(&rows, &y, 3).unwrap(),
            &[0.052640277957403184, 0.052640277957403184, 0.00948796708963609, 0.0, 0.00948796708963609, 0.0],
        );
        assert_near(
            &Selection::MutualInformation.scores(&rows, &two, 2).unwrap(),
            &[
                0.013844293808390418,
                0.013844293808390418,
                0.0008704121511480811,
                0.0,
                0.0008704121511480811,
                0.0,
            ],
        );
    }

    #[test]
    fn a_class_without_records_changes_nothing() {
        let (rows, y) = example();
        for selection in [Selection::Chi2, Selection::MutualInformation] {
            let (three, seven) = (selection.scores(&rows, &y, 3), selection.scores(&rows, &y, 7));
            assert_near(&three.unwrap(), &seven.unwrap());
        }
    }

    #[test]
    fn the_best_columns_are_sorted_and_ties_go_to_the_first() {
        let mut rows = Csr::new(5);
        rows.push_row([(1, 1.0), (2, 1.0), (4, 1.0)]).unwrap();
        rows.push_row([(0, 0.0), (1, 1.0), (3, 1.0)]).unwrap();
        for selection in [Selection::Chi2, Selection::MutualInformation] {
            let select = |k| selection.select(&rows, &[0, 1], 2, k).unwrap();
            assert_eq!(select(0), [0; 0]);
            assert_eq!(select(2), [2, 3]);
            assert_eq!(select(9), [1, 2, 3, 4], "column 0 holds nothing but a written zero");
        }
        assert_eq!(Selection::Chi2.select(&Csr::new(3), &[], 0, 2).unwrap(), [0; 0]);
    }

    #[test]
    fn what_cannot_be_scored_is_refused() {
        let mut rows = Csr::new(1);
        rows.push_row([(0, -1.0)]).unwrap();
        let message = |selection: Selection, targets: &[u32]| {
            selection.scores(&rows, targets, 1).err().map(|e| e.to_string())
        };
        assert!(message(Selection::Chi2, &[0]).unwrap().contains("negative"));
        assert!(message(Selection::MutualInformation, &[0]).is_none());
        assert!(message(Selection::Chi2, &[1]).unwrap().contains("class 1 of only 1"));
        assert!(message(Selection::Chi2, &[]).unwrap().contains("1 records but 0 targets"));
        let mut infinite = Csr::new(1);
        infinite.push_row([(0, f32::NAN)]).unwrap();
        assert!(Selection::Chi2.scores(&infinite, &[0], 1).is_err());
    }
}
