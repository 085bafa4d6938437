//! The inner loops over vectors, written so that the compiler turns them into vector instructions: fixed lanes, fixed
//! order of summation, no fast-math needed.

/// Numbers that are worked on together. Four registers of the plainest vector unit.
const LANES: usize = 16;

/// The length of a row of `dim` numbers with zeros behind them, so that no loop has a remainder.
pub(super) const fn padded(dim: usize) -> usize {
    dim.next_multiple_of(LANES)
}

/// Σ aᵢ·bᵢ.
#[inline]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [[0f32; 4]; LANES / 4];
    let (a_lanes, b_lanes) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a_lanes.remainder().iter().zip(b_lanes.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_lanes.zip(b_lanes) {
        for ((sums, a), b) in sums.iter_mut().zip(a.as_chunks::<4>().0).zip(b.as_chunks::<4>().0) {
            for lane in 0..4 {
                sums[lane] += a[lane] * b[lane];
            }
        }
    }
    let [mut total, others @ ..] = sums;
    for other in others {
        for lane in 0..4 {
            total[lane] += other[lane];
        }
    }
    (total[0] + total[2]) + (total[1] + total[3]) + rest
}

/// `to` += Σ factorᵢ · rowᵢ, the rows lying one after the other. The length of `to` is a padded one.
#[inline]
pub(super) fn add_rows(to: &mut [f32], factors: &[f32], rows: &[f32]) {
    let dim = to.len();
    for (block, to) in to.chunks_exact_mut(LANES).enumerate() {
        let mut sums = [0f32; LANES];
        sums.copy_from_slice(to);
        for (factor, row) in factors.iter().zip(rows.chunks_exact(dim)) {
            let row = &row[block * LANES..(block + 1) * LANES];
            for lane in 0..LANES {
                sums[lane] += factor * row[lane];
            }
        }
        to.copy_from_slice(&sums);
    }
}

/// `to` += factor · `from`.
#[inline]
pub(super) fn add_scaled(to: &mut [f32], factor: f32, from: &[f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}

/// `to` += `from`.
#[inline]
pub(super) fn add(to: &mut [f32], from: &[f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whole numbers, whose sums are exact in any order.
    fn row(len: usize, modulus: usize) -> Vec<f32> {
        (0..len).map(|i| (i % modulus) as f32 - 2.0).collect()
    }

    #[test]
    fn products_are_those_of_the_definition_for_any_length() {
        for len in [0, 1, 7, 8, 9, 16, 100, 103] {
            let (a, b) = (row(len, 5), row(len, 7));
            assert_eq!(dot(&a, &b), a.iter().zip(&b).map(|(a, b)| a * b).sum::<f32>(), "{len}");
            let mut sum = a.clone();
            add_scaled(&mut sum, 2.0, &b);
            add(&mut sum, &b);
            assert!(sum.iter().zip(a.iter().zip(&b)).all(|(sum, (a, b))| *sum == a + 3.0 * b));
        }
    }

    #[test]
    fn rows_are_added_by_their_factors() {
        let (len, factors) = (padded(20), [1.0, -2.0, 3.0]);
        assert_eq!(len, 32);
        let rows = row(3 * len, 7);
        let mut sum = row(len, 5);
        let mut expected = sum.clone();
        for (factor, row) in factors.iter().zip(rows.chunks(len)) {
            add_scaled(&mut expected, *factor, row);
        }
        add_rows(&mut sum, &factors, &rows);
        assert_eq!(sum, expected);
    }
}
