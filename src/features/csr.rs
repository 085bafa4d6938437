//! The sparse matrix: one row a record, one column a feature, as linfa records.

use linfa::dataset::Records;
use ndarray::Array2;

use crate::error::{Error, Result};

/// A matrix of `f32` in compressed sparse row form, columns ascending within each row.
///
/// It is a linfa [`Records`], so that `DatasetBase<Csr, Array1<usize>>` is a linfa dataset:
///
/// ```
/// use linfa::DatasetBase;
/// use linfa::dataset::Records;
/// use ndarray::array;
/// use tasnif::features::csr::Csr;
///
/// let mut rows = Csr::new(3);
/// rows.push_row([(0, 0.5), (2, 1.0)])?;
/// rows.push_row([])?;
/// let dataset = DatasetBase::new(rows, array![0usize, 1]);
/// assert_eq!((dataset.nsamples(), dataset.nfeatures()), (2, 3));
/// # Ok::<(), tasnif::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Csr {
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
    width: usize,
}

/// One row of a [`Csr`]: columns ascending, and their values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row<'a> {
    /// The columns that are not zero, ascending.
    pub columns: &'a [u32],
    /// Their values.
    pub values: &'a [f32],
}

impl<'a> Row<'a> {
    /// The columns and values in pairs.
    #[inline]
    pub fn iter(self) -> impl Iterator<Item = (usize, f32)> + 'a {
        self.columns.iter().zip(self.values).map(|(&column, &value)| (column as usize, value))
    }
}

impl Csr {
    /// A matrix of no rows and `width` columns.
    pub fn new(width: usize) -> Self {
        Csr { starts: vec![0], columns: Vec::new(), values: Vec::new(), width }
    }

    /// Adds a row of `(column, value)` pairs.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless the columns ascend strictly, all below the width.
    pub fn push_row(&mut self, row: impl IntoIterator<Item = (u32, f32)>) -> Result<()> {
        let start = self.columns.len();
        for (column, value) in row {
            let ascends = self.columns[start..].last().is_none_or(|&last| last < column);
            if !ascends || column as usize >= self.width {
                self.columns.truncate(start);
                self.values.truncate(start);
                return Err(Error::Parameter(format!(
                    "column {column} is out of order or out of a matrix of {} columns",
                    self.width
                )));
            }
            self.columns.push(column);
            self.values.push(value);
        }
        self.starts.push(self.columns.len());
        Ok(())
    }

    /// Adds a row whose columns are known to ascend below the width.
    pub(crate) fn push_sorted(&mut self, columns: &[u32], values: &[f32]) {
        self.columns.extend_from_slice(columns);
        self.values.extend_from_slice(values);
        self.starts.push(self.columns.len());
    }

    /// Appends the rows of `other`, a matrix of the same width.
    ///
    /// # Errors
    /// [`Error::Parameter`] when the widths differ.
    pub fn append(&mut self, other: &Csr) -> Result<()> {
        if other.width != self.width {
            return Err(Error::Parameter(format!(
                "rows of {} columns do not go below rows of {}",
                other.width, self.width
            )));
        }
        let offset = self.columns.len();
        self.starts.extend(other.starts[1..].iter().map(|start| start + offset));
        self.columns.extend_from_slice(&other.columns);
        self.values.extend_from_slice(&other.values);
        Ok(())
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// The number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The number of stored values.
    pub fn stored(&self) -> usize {
        self.values.len()
    }

    /// Row `index`.
    ///
    /// # Panics
    /// When there is no such row.
    #[inline]
    pub fn row(&self, index: usize) -> Row<'_> {
        let span = self.starts[index]..self.starts[index + 1];
        Row { columns: &self.columns[span.clone()], values: &self.values[span] }
    }

    /// The rows in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        (0..self.rows()).map(|index| self.row(index))
    }

    /// The given rows, in the given order.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn select(&self, rows: &[usize]) -> Csr {
        let mut out = Csr::new(self.width);
        for &index in rows {
            let row = self.row(index);
            out.columns.extend_from_slice(row.columns);
            out.values.extend_from_slice(row.values);
            out.starts.push(out.columns.len());
        }
        out
    }

    /// The given columns, ascending; column `columns[i]` becomes column `i`. Columns past the width are empty.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless the columns ascend strictly.
    pub fn project(&self, columns: &[u32]) -> Result<Csr> {
        if !columns.is_sorted_by(|a, b| a < b) {
            return Err(Error::Parameter("the columns of a projection must ascend".into()));
        }
        let mut out = Csr::new(columns.len());
        for row in self.iter() {
            for (&column, &value) in row.columns.iter().zip(row.values) {
                if let Ok(index) = columns.binary_search(&column) {
                    out.columns.push(index as u32);
                    out.values.push(value);
                }
            }
            out.starts.push(out.columns.len());
        }
        Ok(out)
    }

    /// Rows become columns.
    pub fn transpose(&self) -> Csr {
        let mut starts = vec![0; self.width + 1];
        for &column in &self.columns {
            starts[column as usize + 1] += 1;
        }
        for column in 0..self.width {
            starts[column + 1] += starts[column];
        }
        let mut next = starts.clone();
        let (mut columns, mut values) = (vec![0; self.stored()], vec![0.0; self.stored()]);
        for (index, row) in self.iter().enumerate() {
            for (column, value) in row.iter() {
                columns[next[column]] = index as u32;
                values[next[column]] = value;
                next[column] += 1;
            }
        }
        Csr { starts, columns, values, width: self.rows() }
    }

    /// The columns of all rows, one row after the other.
    pub(crate) fn columns(&self) -> &[u32] {
        &self.columns
    }

    /// The same values in other columns of a matrix of another width. If those of a row do not ascend, the result is for sums
    /// over rows alone.
    pub(crate) fn with_columns(&self, columns: Vec<u32>, width: usize) -> Csr {
        debug_assert_eq!(columns.len(), self.columns.len());
        Csr { starts: self.starts.clone(), columns, values: self.values.clone(), width }
    }

    /// The same matrix with each column multiplied by its factor.
    pub(crate) fn scaled(&self, factors: &[f32]) -> Csr {
        let values = self.columns.iter().zip(&self.values);
        let values = values.map(|(&column, &value)| value * factors[column as usize]).collect();
        Csr { starts: self.starts.clone(), columns: self.columns.clone(), values, width: self.width }
    }

    /// The same matrix with more columns, all empty.
    pub(crate) fn widened(self, width: usize) -> Csr {
        Csr { width: width.max(self.width), ..self }
    }

    /// The same matrix with its zeros written out.
    pub fn to_dense(&self) -> Array2<f64> {
        let mut dense = Array2::zeros((self.rows(), self.width));
        for (index, row) in self.iter().enumerate() {
            for (column, value) in row.iter() {
                dense[(index, column)] = f64::from(value);
            }
        }
        dense
    }

    /// Whether every value is a finite number.
    pub fn is_finite(&self) -> bool {
        self.values.iter().all(|value| value.is_finite())
    }
}

impl Records for Csr {
    type Elem = f32;

    fn nsamples(&self) -> usize {
        self.rows()
    }

    fn nfeatures(&self) -> usize {
        self.width
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn example() -> Csr {
        let mut rows = Csr::new(3);
        rows.push_row([(0, 1.0), (2, 2.0)]).unwrap();
        rows.push_row([]).unwrap();
        rows.push_row([(1, 3.0)]).unwrap();
        rows
    }

    #[test]
    fn dense_and_transposed_hold_the_same_values() {
        assert_eq!(example().to_dense(), array![[1.0, 0.0, 2.0], [0.0, 0.0, 0.0], [0.0, 3.0, 0.0]]);
        assert_eq!(example().transpose().to_dense(), example().to_dense().reversed_axes());
        assert_eq!(example().transpose().transpose(), example());
    }

    #[test]
    fn rows_are_selected_and_appended() {
        let mut two = example().select(&[2, 0]);
        assert_eq!(two.to_dense(), array![[0.0, 3.0, 0.0], [1.0, 0.0, 2.0]]);
        two.append(&example()).unwrap();
        assert_eq!((two.rows(), two.stored()), (5, 6));
        assert!(two.append(&Csr::new(4)).is_err());
    }

    #[test]
    fn columns_are_projected() {
        let two = example().project(&[0, 2]).unwrap();
        assert_eq!(two.to_dense(), array![[1.0, 2.0], [0.0, 0.0], [0.0, 0.0]]);
        assert_eq!(
            example().project(&[1, 7]).unwrap().to_dense(),
            array![[0.0, 0.0], [0.0, 0.0], [3.0, 0.0]]
        );
        assert_eq!(example().project(&[]).unwrap().rows(), 3);
        assert!(example().project(&[1, 1]).is_err() && example().project(&[2, 0]).is_err());
    }

    #[test]
    fn a_bad_row_changes_nothing() {
        let mut rows = example();
        for bad in [vec![(1, 1.0), (1, 1.0)], vec![(2, 1.0), (0, 1.0)], vec![(0, 1.0), (3, 1.0)]] {
            assert!(rows.push_row(bad).is_err());
            assert_eq!(rows, example());
        }
    }
}
