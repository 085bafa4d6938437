//! The two inner loops of every solver that keeps its weights feature by feature: `W·x` and `W += v ⊗ x`.
//!
//! For few outputs the loops are compiled for that number, so that the sums stay in registers.

use crate::features::csr::Row;

/// `out[k] = Σ_f value_f · weights[f][k]` for rows of `weights` of length `out.len()`.
#[inline]
pub(super) fn multiply(weights: &[f32], row: Row<'_>, out: &mut [f32]) {
    match out.len() {
        1 => multiply_fixed::<1>(weights, row, out),
        2 => multiply_fixed::<2>(weights, row, out),
        3 => multiply_fixed::<3>(weights, row, out),
        4 => multiply_fixed::<4>(weights, row, out),
        5 => multiply_fixed::<5>(weights, row, out),
        6 => multiply_fixed::<6>(weights, row, out),
        7 => multiply_fixed::<7>(weights, row, out),
        8 => multiply_fixed::<8>(weights, row, out),
        outputs => {
            out.fill(0.0);
            for (column, value) in row.iter() {
                for (out, weight) in out.iter_mut().zip(&weights[column * outputs..][..outputs]) {
                    *out += value * weight;
                }
            }
        }
    }
}

#[inline]
fn multiply_fixed<const K: usize>(weights: &[f32], row: Row<'_>, out: &mut [f32]) {
    let mut sums = [0.0f32; K];
    for (column, value) in row.iter() {
        let weights = &weights[column * K..][..K];
        for k in 0..K {
            sums[k] += value * weights[k];
        }
    }
    out.copy_from_slice(&sums);
}

/// `weights[f][k] += value_f · by[k]`.
#[inline]
pub(super) fn add(weights: &mut [f32], row: Row<'_>, by: &[f32]) {
    match by.len() {
        1 => add_fixed::<1>(weights, row, by),
        2 => add_fixed::<2>(weights, row, by),
        3 => add_fixed::<3>(weights, row, by),
        4 => add_fixed::<4>(weights, row, by),
        5 => add_fixed::<5>(weights, row, by),
        6 => add_fixed::<6>(weights, row, by),
        7 => add_fixed::<7>(weights, row, by),
        8 => add_fixed::<8>(weights, row, by),
        outputs => {
            for (column, value) in row.iter() {
                for (weight, by) in weights[column * outputs..][..outputs].iter_mut().zip(by) {
                    *weight += value * by;
                }
            }
        }
    }
}

#[inline]
fn add_fixed<const K: usize>(weights: &mut [f32], row: Row<'_>, by: &[f32]) {
    let mut fixed = [0.0f32; K];
    fixed.copy_from_slice(by);
    for (column, value) in row.iter() {
        let weights = &mut weights[column * K..][..K];
        for k in 0..K {
            weights[k] += value * fixed[k];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::csr::Csr;

    #[test]
    fn every_number_of_outputs_gives_the_plain_sums() {
        let mut rows = Csr::new(4);
        rows.push_row([(0, 2.0), (3, -1.0)]).unwrap();
        for outputs in 1..=12 {
            let weights: Vec<f32> = (0..4 * outputs).map(|i| i as f32).collect();
            let mut out = vec![9.0; outputs];
            multiply(&weights, rows.row(0), &mut out);
            let expected: Vec<f32> =
                (0..outputs).map(|k| 2.0 * k as f32 - (3 * outputs + k) as f32).collect();
            assert_eq!(out, expected);
            let mut changed = weights.clone();
            let by: Vec<f32> = (0..outputs).map(|k| k as f32).collect();
            add(&mut changed, rows.row(0), &by);
            for (i, (after, before)) in changed.iter().zip(&weights).enumerate() {
                let value = [2.0, 0.0, 0.0, -1.0][i / outputs];
                assert_eq!(*after, before + value * (i % outputs) as f32);
            }
        }
    }
}
