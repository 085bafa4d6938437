//! The columns that a solver needs: those that occur, the most frequent first, and equal ones once.
//!
//! In text most n-grams occur in one record, or in the very records of another n-gram (the characters of a rare word).
//! Under an ℓ2 penalty such columns need no weights of their own while solving. The weights are `w = Σ_i a_i x_i`, one number
//! `a_i` a record: columns that are multiples `s_j·x` of one column `x` have the weights `s_j·v`, and with `Σ s_j² = 1` neither the
//! products with the rows nor the length of `w` change when `x` with the one weight `v` takes their place. This is exact; it is not for an
//! ℓ1 penalty, nor for counts.

use std::collections::HashMap;

use crate::features::csr::Csr;
use crate::random::mix;

/// A column of the dataset, and the column of the solver that has its weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Member {
    /// In the dataset.
    pub(super) column: u32,
    /// In the solver.
    pub(super) solved: u32,
    /// Its share `s_j` of the weight.
    pub(super) share: f32,
}

/// The same rows over the columns that occur, the most frequent first (ties in their order): the weights that every row
/// touches then lie together and stay in the cache. The columns of a row do not ascend any more, so the result is for sums
/// over rows alone.
pub(super) fn by_frequency(rows: &Csr) -> (Csr, Vec<Member>) {
    let (mut place, met) = counts(rows);
    let order = order(&place, met);
    for (solved, &column) in (0u32..).zip(&order) {
        place[column as usize] = solved;
    }
    let columns = rows.columns().iter().map(|&column| place[column as usize]).collect();
    let members = (0..).zip(&order).map(|(solved, &column)| Member { column, solved, share: 1.0 }).collect();
    (rows.with_columns(columns, order.len()), members)
}

/// [`by_frequency`] with equal columns joined to one, and those of a single record too.
pub(super) fn joined(rows: &Csr) -> (Csr, Vec<Member>) {
    join(rows, |row, value| mix(u64::from(row) << 32 | u64::from(value.to_bits())))
        .unwrap_or_else(|| by_frequency(rows))
}

/// Columns that occur more often are hardly ever equal.
const OFTEN: u32 = 32;

/// No column: another one of the same values stands for it.
const NONE: u32 = u32::MAX;

/// None when two columns have the same hash and are not equal.
fn join(rows: &Csr, hash: impl Fn(u32, f32) -> u64) -> Option<(Csr, Vec<Member>)> {
    let (counts, mut met) = counts(rows);
    met.retain(|&column| counts[column as usize] > 1);
    let mut hashes = vec![0u64; rows.width()];
    for (row, values) in (0u32..).zip(rows.iter()) {
        for (column, value) in values.iter() {
            if (2..=OFTEN).contains(&counts[column]) {
                hashes[column] = hashes[column].wrapping_add(hash(row, value));
            }
        }
    }
    // Of each column: the one that is solved for, and what its values are multiplied by there. None of the latter: another
    // column stands for it. None of the former: it occurs in one record, whose single columns are one.
    let mut places = vec![(NONE, 0.0f32); rows.width()];
    let (mut members, mut sizes): (Vec<Member>, Vec<u32>) = (Vec::new(), Vec::new());
    let mut first_of: HashMap<(u32, u64), u32> = HashMap::new();
    for column in order(&counts, met) {
        let count = counts[column as usize];
        let next = sizes.len() as u32;
        let solved = match count > OFTEN {
            true => next,
            false => *first_of.entry((count, hashes[column as usize])).or_insert(next),
        };
        if solved == next {
            sizes.push(0);
        }
        sizes[solved as usize] += 1;
        places[column as usize] = (solved, f32::from(u8::from(solved == next)));
        members.push(Member { column, solved, share: 1.0 });
    }
    for member in &mut members {
        let length = (sizes[member.solved as usize] as f32).sqrt();
        member.share = 1.0 / length;
        places[member.column as usize].1 *= length;
    }
    drop((counts, hashes, first_of));
    let mut out = Csr::new(0);
    let mut width = sizes.len() as u32;
    // By column that is solved for: the last row, and the value there.
    let mut last = vec![(NONE, 0.0f32); sizes.len()];
    let (mut columns, mut values) = (Vec::new(), Vec::new());
    for (row, entries) in (0u32..).zip(rows.iter()) {
        columns.clear();
        values.clear();
        let (first_single, mut square) = (members.len(), 0.0f64);
        for (column, value) in entries.iter() {
            let (solved, factor) = places[column];
            if solved == NONE {
                square += f64::from(value) * f64::from(value);
                members.push(Member { column: column as u32, solved: width, share: value });
            } else if factor > 0.0 {
                if factor > 1.0 {
                    last[solved as usize] = (row, value);
                }
                columns.push(solved);
                values.push(value * factor);
            } else if last[solved as usize] != (row, value) {
                // As often as the other, but not in the same records.
                return None;
            }
        }
        if square > 0.0 {
            let length = square.sqrt() as f32;
            members[first_single..].iter_mut().for_each(|member| member.share /= length);
            columns.push(width);
            values.push(length);
            width += 1;
        } else {
            members.truncate(first_single);
        }
        out.push_sorted(&columns, &values);
    }
    Some((out.widened(width as usize), members))
}

/// How often each column occurs, and the columns that occur as they are met.
fn counts(rows: &Csr) -> (Vec<u32>, Vec<u32>) {
    let (mut counts, mut met) = (vec![0u32; rows.width()], Vec::new());
    for &column in rows.columns() {
        let count = &mut counts[column as usize];
        if *count == 0 {
            met.push(column);
        }
        *count += 1;
    }
    (counts, met)
}

/// The columns `met`, the most frequent first, by powers of two. Among those of like frequency they stay as they were met: rare n-grams that
/// occur together lie together.
fn order(counts: &[u32], mut met: Vec<u32>) -> Vec<u32> {
    met.sort_by_key(|&column| counts[column as usize].leading_zeros());
    met
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns 1 and 4 are equal, 2 occurs as often elsewhere, 0 and 6 in the second row alone, 3 in the third; 5 is empty.
    fn example() -> Csr {
        let mut rows = Csr::new(7);
        rows.push_row([(1, 2.0), (2, 1.0), (4, 2.0)]).unwrap();
        rows.push_row([(0, 3.0), (1, 0.5), (4, 0.5), (6, 4.0)]).unwrap();
        rows.push_row([(2, 2.0), (3, 7.0)]).unwrap();
        rows
    }

    fn products(rows: &Csr, weights: &[f32]) -> Vec<f32> {
        rows.iter().map(|row| row.iter().map(|(column, value)| value * weights[column]).sum()).collect()
    }

    #[test]
    fn equal_columns_and_those_of_one_record_are_solved_for_once() {
        let (rows, members) = joined(&example());
        assert_eq!((rows.width(), rows.rows(), rows.stored()), (4, 3, 6));
        assert_eq!(members.len(), 6, "the empty column has no weight");
        let of = |column| members.iter().find(|member| member.column == column).unwrap();
        assert_eq!(of(1).solved, of(4).solved);
        assert_eq!(of(0).solved, of(6).solved);
        assert_ne!(of(1).solved, of(2).solved);
        assert_eq!((of(0).share, of(6).share), (0.6, 0.8));
        assert_eq!((of(2).share, of(3).share), (1.0, 1.0));
    }

    #[test]
    fn weights_that_are_sums_of_rows_lose_nothing() {
        let (plain, all) = by_frequency(&example());
        let (rows, members) = joined(&example());
        // w = Σ a_i x_i, in both.
        let sum = |rows: &Csr| {
            let mut weights = vec![0.0f32; rows.width()];
            for (row, a) in rows.iter().zip([0.7f32, -1.1, 0.3]) {
                row.iter().for_each(|(column, value)| weights[column] += a * value);
            }
            weights
        };
        let (expected, solved) = (sum(&plain), sum(&rows));
        let square = |weights: &[f32]| weights.iter().map(|w| w * w).sum::<f32>();
        assert!((square(&expected) - square(&solved)).abs() < 1e-4);
        for (one, other) in products(&plain, &expected).iter().zip(products(&rows, &solved)) {
            assert!((one - other).abs() < 1e-4, "{one} {other}");
        }
        for Member { column, solved: at, .. } in all {
            let member = members.iter().find(|member| member.column == column).unwrap();
            let weight = solved[member.solved as usize] * member.share;
            assert!((weight - expected[at as usize]).abs() < 1e-5, "column {column}");
        }
    }

    #[test]
    fn columns_that_only_look_equal_are_noticed() {
        assert!(join(&example(), |_, _| 1).is_none(), "1 and 2 occur twice each");
        let mut rows = Csr::new(2);
        rows.push_row([(0, 1.0), (1, 1.0)]).unwrap();
        rows.push_row([(0, 1.0), (1, 2.0)]).unwrap();
        assert!(join(&rows, |_, _| 1).is_none(), "in the same records, with other values");
        assert_eq!(joined(&rows), by_frequency(&rows));
    }

    #[test]
    fn zeros_that_are_stored_do_no_harm() {
        let mut rows = Csr::new(2);
        rows.push_row([(0, 0.0)]).unwrap();
        rows.push_row([(1, 1.0)]).unwrap();
        let (rows, members) = joined(&rows);
        assert_eq!(rows.stored(), 1);
        assert_eq!(members, [Member { column: 1, solved: 0, share: 1.0 }]);
    }

    #[test]
    fn rare_columns_that_occur_together_lie_together() {
        let mut rows = Csr::new(5);
        rows.push_row([(0, 1.0), (4, 1.0)]).unwrap();
        rows.push_row([(1, 1.0), (2, 1.0), (4, 1.0)]).unwrap();
        rows.push_row([(3, 1.0), (4, 1.0)]).unwrap();
        rows.push_row([(4, 1.0)]).unwrap();
        let (_, members) = by_frequency(&rows);
        assert_eq!(members.iter().map(|member| member.column).collect::<Vec<_>>(), [4, 0, 1, 2, 3]);
    }
}
