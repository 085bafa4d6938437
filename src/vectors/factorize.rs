//! A sparse symmetric matrix to its strongest directions: a row of numbers for each word.
//!
//! Randomized subspace iteration (Halko, Martinsson & Tropp, "Finding structure with randomness", SIAM Review 53(2), 2011,
//! algorithms 4.4 and 5.3): random columns are multiplied by the matrix and made orthonormal, a few times over; the small
//! matrix that is left between them is diagonalized.

use rayon::prelude::*;

use super::cooccurrence::Matrix;
use super::dense::{eigen, orthonormalize, transpose_times};
use super::kernel::{add_scaled, dot};
use super::params::{PpmiParams, Progress, Stage, TrainParams};
use crate::random::SplitMix64;

/// Directions that are followed beyond those asked for: the last ones converge slowest.
const SPARE: usize = 16;
/// Entries that one task multiplies.
const ENTRIES: usize = 1 << 18;

/// The rows of U·|Λ|^p for the `params.dim` eigenvalues of the largest absolute value. Where the matrix has fewer, the last
/// columns are zero.
pub(super) fn factorize(
    matrix: &Matrix,
    words: usize,
    params: &TrainParams,
    options: &PpmiParams,
    progress: &mut dyn FnMut(Progress),
) -> Vec<f32> {
    let width = (params.dim + SPARE).min(words);
    let mut random = SplitMix64::stream(params.seed, 0);
    let mut basis: Vec<f32> =
        (0..words * width).map(|_| if random.next_u64() >> 63 == 0 { 1.0 } else { -1.0 }).collect();
    let mut product = vec![0f32; basis.len()];
    let total = options.iterations as u64 + 1;
    for done in 0..total {
        multiply(matrix, &basis, &mut product, width);
        progress(Progress { stage: Stage::Factorizing, done: done + 1, total });
        if done + 1 < total {
            std::mem::swap(&mut basis, &mut product);
            orthonormalize(&mut basis, width);
        }
    }
    let mut between = transpose_times(&basis, &product, width);
    drop(product);
    // Symmetric but for rounding.
    for row in 0..width {
        for column in 0..row {
            let (a, b) = (row * width + column, column * width + row);
            let mean = 0.5 * (between.values[a] + between.values[b]);
            (between.values[a], between.values[b]) = (mean, mean);
        }
    }
    let (values, vectors) = eigen(between);
    let turned: Vec<(Vec<f32>, f32)> = values
        .iter()
        .take(params.dim)
        .enumerate()
        .map(|(at, value)| {
            let direction = vectors.row(at).iter().map(|&value| value as f32).collect();
            (direction, libm::pow(value.abs(), options.eigenvalue_power) as f32)
        })
        .collect();
    let mut rows = vec![0f32; words * params.dim];
    rows.par_chunks_mut(params.dim).zip(basis.par_chunks(width)).for_each(|(row, basis)| {
        for (value, (direction, scale)) in row.iter_mut().zip(&turned) {
            *value = scale * dot(direction, basis);
        }
    });
    rows
}

/// `out` = matrix · `basis`.
fn multiply(matrix: &Matrix, basis: &[f32], out: &mut [f32], width: usize) {
    // Tasks of about as many entries each, and the rows that each writes.
    let mut tasks = Vec::new();
    let mut left = out;
    for block in &matrix.blocks {
        let (mut first, mut start) = (0, 0);
        for (row, &end) in block.ends.iter().enumerate() {
            if end - start >= ENTRIES || row + 1 == block.ends.len() {
                let (own, rest) = left.split_at_mut((row + 1 - first) * width);
                tasks.push((block, first..row + 1, own));
                (left, first, start) = (rest, row + 1, end);
            }
        }
    }
    tasks.into_par_iter().for_each(|(block, rows, out)| {
        for (row, out) in rows.zip(out.chunks_exact_mut(width)) {
            out.fill(0.0);
            let start = if row == 0 { 0 } else { block.ends[row - 1] };
            let entries = start..block.ends[row];
            for (&column, &value) in block.columns[entries.clone()].iter().zip(&block.values[entries]) {
                let at = column as usize * width;
                add_scaled(out, value, &basis[at..at + width]);
            }
        }
    });
}
