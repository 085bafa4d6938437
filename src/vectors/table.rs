//! Rows of numbers, dealt out to a fixed number of parts that threads can write to at once.

use crate::random::SplitMix64;

/// How many parts a table has: more than there are threads as a rule, and a power of two.
pub(super) const PARTS: usize = 32;

/// The part that holds a row. Neighbouring rows lie in different parts, so that frequent words are shared out evenly.
#[inline]
pub(super) fn part_of(row: u32) -> usize {
    row as usize % PARTS
}

/// A table of rows, all of one length.
pub(super) struct Table {
    dim: usize,
    parts: Vec<Vec<f32>>,
}

/// A part of a table, to be written to.
pub(super) struct Part<'a> {
    dim: usize,
    values: &'a mut [f32],
}

impl Table {
    /// Rows of zeros.
    pub(super) fn zeros(rows: usize, dim: usize) -> Self {
        Table { dim, parts: (0..PARTS).map(|_| vec![0.0; rows.div_ceil(PARTS) * dim]).collect() }
    }

    /// Rows of `padded` numbers, of which the first `dim` lie between -1/dim and 1/dim and the others are zero.
    pub(super) fn random(rows: usize, dim: usize, padded: usize, random: &mut SplitMix64) -> Self {
        let mut table = Self::zeros(rows, padded);
        let scale = 2.0 / dim as f64;
        for row in table.parts.iter_mut().flat_map(|part| part.chunks_exact_mut(padded)) {
            row[..dim].iter_mut().for_each(|value| *value = ((random.uniform() - 0.5) * scale) as f32);
        }
        table
    }

    /// The length of a row.
    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    /// A row.
    #[inline]
    pub(super) fn row(&self, row: u32) -> &[f32] {
        let at = row as usize / PARTS * self.dim;
        &self.parts[part_of(row)][at..at + self.dim]
    }

    /// The parts, with their numbers.
    pub(super) fn parts_mut(&mut self) -> impl Iterator<Item = (usize, Part<'_>)> {
        let dim = self.dim;
        self.parts.iter_mut().map(move |values| Part { dim, values }).enumerate()
    }
}

impl Part<'_> {
    /// A row that lies in this part.
    #[inline]
    pub(super) fn row_mut(&mut self, row: u32) -> &mut [f32] {
        let at = row as usize / PARTS * self.dim;
        &mut self.values[at..at + self.dim]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_place_of_its_own() {
        let mut table = Table::zeros(100, 3);
        for row in 0..100u32 {
            let (_, mut part) = table.parts_mut().nth(part_of(row)).unwrap();
            part.row_mut(row).iter_mut().for_each(|value| *value += row as f32);
        }
        assert!((0..100u32).all(|row| table.row(row) == [row as f32; 3]));
    }
}
