//! Scores by likeness to support vectors: the Gaussian kernel of `linfa-svm`.

use super::{Parts, check_finite, check_length};
use crate::error::{Error, Result};

/// Support vectors as sparse rows of the kept columns, and what each counts for each output.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kernel {
    /// `exp(-‖x - x'‖² / width)` is the likeness of two records.
    width: f64,
    /// Where each support vector starts, and the end of the last.
    starts: Vec<u32>,
    support: Vec<u32>,
    values: Vec<f64>,
    /// Support vector by support vector, one an output.
    coefficients: Vec<f64>,
    intercept: Vec<f64>,
}

impl Kernel {
    /// From dense support vectors.
    #[cfg(feature = "linfa-classifiers")]
    pub(super) fn new<'a>(
        width: f64,
        vectors: impl Iterator<Item = ndarray::ArrayView1<'a, f64>>,
        coefficients: Vec<f64>,
        intercept: Vec<f64>,
    ) -> Result<Self> {
        let (mut starts, mut support, mut values, mut columns) = (vec![0], Vec::new(), Vec::new(), 0);
        for vector in vectors {
            columns = vector.len();
            for (column, &value) in vector.iter().enumerate().filter(|(_, value)| **value != 0.0) {
                support.push(column as u32);
                values.push(value);
            }
            let end = u32::try_from(support.len())
                .map_err(|_| Error::Dataset("too many support vectors: give a smaller c".into()))?;
            starts.push(end);
        }
        Self { width, starts, support, values, coefficients, intercept }.checked(columns)
    }

    pub(super) fn from_parts(columns: usize, outputs: usize, parts: &mut Parts) -> Result<Self> {
        let width = parts.numbers("width");
        check_length("kernel widths", width.len(), 1)?;
        let kernel = Kernel {
            width: width[0],
            starts: parts.integers("starts"),
            support: parts.integers("support"),
            values: parts.numbers("values"),
            coefficients: parts.numbers("coefficients"),
            intercept: parts.numbers("intercept"),
        };
        check_length("intercepts", kernel.intercept.len(), outputs)?;
        kernel.checked(columns)
    }

    fn checked(self, columns: usize) -> Result<Self> {
        let ends = self.starts.first() == Some(&0)
            && self.starts.is_sorted()
            && self.starts.last().is_some_and(|&last| last as usize == self.support.len());
        if !ends || self.support.iter().any(|&column| column as usize >= columns) {
            return Err(Error::Parameter("the support vectors of the model are out of order".into()));
        }
        check_length("values", self.values.len(), self.support.len())?;
        check_length(
            "coefficients",
            self.coefficients.len(),
            (self.starts.len() - 1) * self.intercept.len(),
        )?;
        for (name, numbers) in
            [("values", &self.values), ("coefficients", &self.coefficients), ("intercepts", &self.intercept)]
        {
            check_finite(name, numbers)?;
        }
        if !(self.width.is_finite() && self.width > 0.0) {
            return Err(Error::Parameter(format!("the kernel of the model has width {}", self.width)));
        }
        Ok(self)
    }

    pub(super) fn parts(&self, parts: &mut Parts) {
        parts.integers.insert("starts", self.starts.clone());
        parts.integers.insert("support", self.support.clone());
        parts.numbers.insert("width", vec![self.width]);
        parts.numbers.insert("values", self.values.clone());
        parts.numbers.insert("coefficients", self.coefficients.clone());
        parts.numbers.insert("intercept", self.intercept.clone());
    }

    pub(super) fn scores(&self, x: &[f64]) -> Vec<f64> {
        let mut scores = self.intercept.clone();
        let norm: f64 = x.iter().map(|value| value * value).sum();
        for (span, coefficients) in
            self.starts.windows(2).zip(self.coefficients.chunks_exact(scores.len().max(1)))
        {
            let span = span[0] as usize..span[1] as usize;
            // Of ‖x - x'‖², what lies outside of the support vector's own columns is in ‖x‖² already.
            let difference = |(&column, value): (&u32, &f64)| {
                let x = x[column as usize];
                (x - value) * (x - value) - x * x
            };
            let own: f64 = self.support[span.clone()].iter().zip(&self.values[span]).map(difference).sum();
            let likeness = libm::exp(-(norm + own).max(0.0) / self.width);
            scores.iter_mut().zip(coefficients).for_each(|(score, by)| *score += by * likeness);
        }
        scores
    }
}
