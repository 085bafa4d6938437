//! The little dense algebra that a randomized factorization needs: tall matrices of `f32` rows, small square ones of `f64`.
//!
//! Sums over rows go by chunks of fixed size that are added in order, so that they do not depend on the threads.

use rayon::prelude::*;

/// Rows that one task takes.
const ROWS: usize = 1024;
/// Rows that are multiplied while they are in the cache.
const TILE: usize = 128;

/// A square matrix, row by row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Square {
    pub(super) size: usize,
    pub(super) values: Vec<f64>,
}

impl Square {
    pub(super) fn zeros(size: usize) -> Self {
        Square { size, values: vec![0.0; size * size] }
    }

    pub(super) fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.size..(row + 1) * self.size]
    }
}

/// The product of the transpose of one tall matrix and another: entry (i, j) is Σ aᵢ·bⱼ over the rows.
pub(super) fn transpose_times(a: &[f32], b: &[f32], width: usize) -> Square {
    let parts: Vec<Square> = a
        .par_chunks(ROWS * width)
        .zip(b.par_chunks(ROWS * width))
        .map(|(a, b)| {
            let mut sum = Square::zeros(width);
            for (a, b) in a.chunks(TILE * width).zip(b.chunks(TILE * width)) {
                let (a, b) = (columns(a, width), columns(b, width));
                let height = a.len() / width;
                for (a, sums) in a.chunks_exact(height).zip(sum.values.chunks_exact_mut(width)) {
                    for (b, sum) in b.chunks_exact(height).zip(sums) {
                        *sum += dot(a, b);
                    }
                }
            }
            sum
        })
        .collect();
    parts.into_iter().fold(Square::zeros(width), |mut all, part| {
        all.values.iter_mut().zip(&part.values).for_each(|(all, part)| *all += part);
        all
    })
}

/// A tile column by column.
fn columns(tile: &[f32], width: usize) -> Vec<f64> {
    let height = tile.len() / width;
    let mut columns = vec![0.0; tile.len()];
    for (row, values) in tile.chunks_exact(width).enumerate() {
        for (column, &value) in values.iter().enumerate() {
            columns[column * height + row] = f64::from(value);
        }
    }
    columns
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (a_lanes, b_lanes) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a_lanes.remainder().iter().zip(b_lanes.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_lanes.zip(b_lanes) {
        for lane in 0..4 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    (sums[0] + sums[2]) + (sums[1] + sums[3]) + rest
}

/// Makes the columns of a tall matrix orthonormal (Cholesky QR). Columns that the ones before them span become zero.
pub(super) fn orthonormalize(tall: &mut [f32], width: usize) {
    let factor = cholesky(transpose_times(tall, tall, width));
    tall.par_chunks_mut(ROWS * width).for_each(|rows| {
        let mut solved = vec![0.0; width];
        for row in rows.chunks_exact_mut(width) {
            for column in 0..width {
                let known = dot(&factor.row(column)[..column], &solved[..column]);
                let pivot = factor.row(column)[column];
                solved[column] = if pivot > 0.0 { (f64::from(row[column]) - known) / pivot } else { 0.0 };
            }
            row.iter_mut().zip(&solved).for_each(|(value, solved)| *value = *solved as f32);
        }
    });
}

/// The lower triangle L with L·Lᵀ = `square`, which is positive semidefinite; a pivot that is lost in rounding is zero, and
/// so is what is below it.
fn cholesky(mut square: Square) -> Square {
    let size = square.size;
    let largest = (0..size).map(|at| square.values[at * size + at]).fold(0.0, f64::max);
    for column in 0..size {
        let (before, rest) = square.values.split_at_mut(column * size);
        let (own, below) = rest.split_at_mut(size);
        let pivot = own[column] - dot(&own[..column], &own[..column]);
        let pivot = if pivot > largest * 1e-10 { pivot.sqrt() } else { 0.0 };
        let _ = before;
        own[column] = pivot;
        for row in below.chunks_exact_mut(size) {
            let value = row[column] - dot(&row[..column], &own[..column]);
            row[column] = if pivot > 0.0 { value / pivot } else { 0.0 };
        }
    }
    square
}

/// The eigenvalues of a symmetric matrix, the largest absolute ones first, and the eigenvectors, one a row (cyclic Jacobi;
/// Golub & Van Loan, "Matrix Computations", 8.5).
pub(super) fn eigen(mut square: Square) -> (Vec<f64>, Square) {
    let size = square.size;
    let mut vectors = Square::zeros(size);
    (0..size).for_each(|at| vectors.values[at * size + at] = 1.0);
    let norm: f64 = square.values.iter().map(|value| value * value).sum();
    // Converges quadratically: a dozen sweeps are more than any matrix of this size needs.
    for _ in 0..30 {
        let off: f64 = (0..size)
            .flat_map(|row| (0..row).map(move |column| (row, column)))
            .map(|(row, column)| square.values[row * size + column].powi(2))
            .sum();
        if off <= norm * 1e-22 {
            break;
        }
        for p in 0..size {
            for q in p + 1..size {
                rotate(&mut square, &mut vectors, p, q);
            }
        }
    }
    let values: Vec<f64> = (0..size).map(|at| square.values[at * size + at]).collect();
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|&a, &b| values[b].abs().total_cmp(&values[a].abs()).then(a.cmp(&b)));
    let sorted = order.iter().flat_map(|&at| vectors.row(at).iter().copied()).collect();
    (order.iter().map(|&at| values[at]).collect(), Square { size, values: sorted })
}

/// Turns rows and columns p and q so that entry (p, q) becomes zero.
fn rotate(square: &mut Square, vectors: &mut Square, p: usize, q: usize) {
    let size = square.size;
    let at = |row: usize, column: usize| row * size + column;
    let off = square.values[at(p, q)];
    if off == 0.0 {
        return;
    }
    let ratio = (square.values[at(q, q)] - square.values[at(p, p)]) / (2.0 * off);
    let tangent = ratio.signum() / (ratio.abs() + (1.0 + ratio * ratio).sqrt());
    let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
    let sine = tangent * cosine;
    turn(&mut square.values, size, p, q, cosine, sine);
    for row in square.values.chunks_exact_mut(size) {
        (row[p], row[q]) = (cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]);
    }
    turn(&mut vectors.values, size, p, q, cosine, sine);
}

/// Turns rows p < q of a matrix.
fn turn(values: &mut [f64], size: usize, p: usize, q: usize, cosine: f64, sine: f64) {
    let (before, after) = values.split_at_mut(q * size);
    for (x, y) in before[p * size..(p + 1) * size].iter_mut().zip(&mut after[..size]) {
        (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SplitMix64;

    fn tall(rows: usize, width: usize) -> Vec<f32> {
        let mut random = SplitMix64::new(9);
        (0..rows * width).map(|_| (random.uniform() - 0.3) as f32).collect()
    }

    #[test]
    fn columns_become_orthonormal_and_span_what_they_spanned() {
        let (rows, width) = (2500, 7);
        let before = tall(rows, width);
        let mut after = before.clone();
        orthonormalize(&mut after, width);
        let gram = transpose_times(&after, &after, width);
        for row in 0..width {
            for column in 0..width {
                let expected = if row == column { 1.0 } else { 0.0 };
                assert!((gram.row(row)[column] - expected).abs() < 1e-5, "{row} {column}");
            }
        }
        // The last column is Σ of its components along the new ones.
        let along = transpose_times(&after, &before, width);
        for (before, after) in before.chunks(width).zip(after.chunks(width)) {
            let rebuilt: f64 = (0..width).map(|i| along.row(i)[width - 1] * f64::from(after[i])).sum();
            assert!((rebuilt - f64::from(before[width - 1])).abs() < 1e-4);
        }
    }

    #[test]
    fn a_column_that_repeats_another_becomes_zero() {
        let mut tall: Vec<f32> = (0..50).flat_map(|i| [i as f32, 2.0 * i as f32, 1.0]).collect();
        orthonormalize(&mut tall, 3);
        assert!(tall.chunks(3).all(|row| row[1] == 0.0));
        assert!((tall.chunks(3).map(|row| row[2] * row[2]).sum::<f32>() - 1.0).abs() < 1e-4);
    }

    #[test]
    fn eigenvectors_are_scaled_by_the_matrix_alone() {
        let size = 12;
        let mut random = SplitMix64::new(4);
        let mut square = Square::zeros(size);
        for row in 0..size {
            for column in 0..=row {
                let value = random.uniform() - 0.5;
                square.values[row * size + column] = value;
                square.values[column * size + row] = value;
            }
        }
        let (values, vectors) = eigen(square.clone());
        assert!(values.is_sorted_by(|a, b| a.abs() >= b.abs()));
        for (at, value) in values.iter().enumerate() {
            for row in 0..size {
                let product = dot(square.row(row), vectors.row(at));
                assert!((product - value * vectors.row(at)[row]).abs() < 1e-9);
            }
        }
        // Known: the eigenvalues of [[2, 1], [1, 2]] are 3 and 1.
        let (values, _) = eigen(Square { size: 2, values: vec![2.0, 1.0, 1.0, 2.0] });
        assert!((values[0] - 3.0).abs() < 1e-12 && (values[1] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn products_do_not_depend_on_the_threads() {
        let (a, b) = (tall(5000, 9), tall(5000, 9));
        let product = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| transpose_times(&a, &b, 9))
        };
        assert_eq!(product(1), product(3));
    }
}
