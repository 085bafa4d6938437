//! The rows of a fold, as if the vectorizer had seen its training records alone.

use super::{Frequency, Vectorizer};
use crate::features::csr::Csr;

impl Vectorizer {
    /// Rows of `part` without the n-grams that the records of `train` would not have put into a vocabulary, scaled to their
    /// norm again.
    ///
    /// `rows` are the rows of all records this vectorizer was fitted on. Fitting once and cutting rows is much cheaper than
    /// fitting once a fold, and differs in the document frequencies inside idf alone. The cut matters: n-grams that
    /// only a held-out record has would otherwise shorten its other weights, as they do not in a text never seen.
    pub(crate) fn fold_rows(&self, rows: &Csr, train: &[usize], part: &[usize]) -> Csr {
        let mut counts = vec![0u32; rows.width()];
        for &record in train {
            rows.row(record).columns.iter().for_each(|&column| counts[column as usize] += 1);
        }
        let mut out = Csr::new(rows.width());
        let (mut columns, mut values) = (Vec::new(), Vec::new());
        for &record in part {
            columns.clear();
            values.clear();
            let row = rows.row(record);
            let (mut at, mut end) = (0, 0);
            for block in &self.blocks {
                end += block.columns.len();
                // A lower bound alone: what is too frequent in all records is so in most of them.
                let least = match block.params.min_df {
                    Frequency::Count(count) => count.max(1),
                    Frequency::Fraction(fraction) => ((fraction * train.len() as f64).ceil() as u32).max(1),
                };
                let (start, before) = (values.len(), at);
                while at < row.columns.len() && (row.columns[at] as usize) < end {
                    if counts[row.columns[at] as usize] >= least {
                        columns.push(row.columns[at]);
                        values.push(row.values[at]);
                    }
                    at += 1;
                }
                if values.len() - start < at - before {
                    block.params.scale_row_again(&mut values[start..]);
                }
            }
            // Pooled vectors are what they are, whatever the fold.
            columns.extend_from_slice(&row.columns[at..]);
            values.extend_from_slice(&row.values[at..]);
            out.push_sorted(&columns, &values);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use crate::features::ngram::Analyzer;
    use crate::features::vectorizer::{Frequency, NgramParams, VectorizerParams, Weight};

    #[test]
    fn a_folds_rows_are_those_of_a_vectorizer_that_saw_the_fold_alone() {
        let texts = ["a b c", "a b d", "b c e e", "a f", "g"];
        let (train, test) = ([0, 1, 2], [3, 4, 0]);
        for (weight, min_df) in [(Weight::LogTf, 1), (Weight::Binary, 2)] {
            // Without idf, which the cut does not touch.
            let words = NgramParams {
                weight,
                min_df: Frequency::Count(min_df),
                scale: 0.5,
                ..NgramParams::new(Analyzer::Word)
            };
            let characters = NgramParams { weight, ..NgramParams::new(Analyzer::Char) };
            let params =
                VectorizerParams { features: vec![words, characters], ..VectorizerParams::default() };
            let (all, rows) = params.fit_transform(&texts).unwrap();
            let cut = all.fold_rows(&rows, &train, &test);
            let alone = params.fit(&train.map(|record| texts[record])).unwrap();
            let expected = alone.transform(&test.map(|record| texts[record])).unwrap();
            for (cut, expected) in cut.iter().zip(expected.iter()) {
                let named = |row: crate::features::csr::Row<'_>, names: Vec<String>| -> Vec<(String, f32)> {
                    row.iter().map(|(column, value)| (names[column].clone(), value)).collect()
                };
                let (cut, expected) = (
                    named(cut, all.feature_names().collect()),
                    named(expected, alone.feature_names().collect()),
                );
                assert_eq!(cut.len(), expected.len());
                for ((name, value), (expected_name, expected)) in cut.into_iter().zip(expected) {
                    assert_eq!(name, expected_name);
                    assert!((value - expected).abs() < 1e-6, "{name}: {value} {expected}");
                }
            }
        }
    }
}
