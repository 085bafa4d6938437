//! Sketches: the minima of 256 hash functions of a text's grams, folded band by band to one key each.

use crate::random::SplitMix64;

/// The hash functions in all.
const HASHES: usize = 256;

/// The chance, at least, with which a pair that is just at the threshold must share a band.
const RECALL: f64 = 0.99;

/// The hash functions, and how they are cut into bands.
pub(super) struct Bands {
    /// Minima in a band.
    rows: usize,
    /// Hash function i of a gram is the upper half of gram · factor + offset.
    functions: Vec<(u64, u64)>,
}

impl Bands {
    /// The longest bands, hence the fewest candidates, that still find a pair at `threshold` with
    /// chance 1 − (1 − threshold^rows)^bands ≥ 0.99; a single row if none do.
    pub(super) fn for_threshold(threshold: f64) -> Self {
        let chance = |rows: usize| {
            let agree = libm::pow(threshold, rows as f64);
            1.0 - libm::pow(1.0 - agree, (HASHES / rows) as f64)
        };
        let rows = (1..=HASHES / 8).rev().find(|&rows| chance(rows) >= RECALL).unwrap_or(1);
        let mut random = SplitMix64::new(0x7461_736e_6966);
        let functions =
            (0..HASHES / rows * rows).map(|_| (random.next_u64() | 1, random.next_u64())).collect();
        Bands { rows, functions }
    }

    /// The number of bands.
    pub(super) fn len(&self) -> usize {
        self.functions.len() / self.rows
    }

    /// The key of each band for a set of grams, into `keys`.
    pub(super) fn sketch(&self, grams: &[u64], keys: &mut [u32]) {
        for (functions, key) in self.functions.chunks_exact(self.rows).zip(keys) {
            let mut hash = 0u64;
            for &(factor, offset) in functions {
                let hashes = grams.iter().map(|gram| gram.wrapping_mul(factor).wrapping_add(offset) >> 32);
                // FNV-1a over the minima, then its upper half.
                hash = (hash ^ hashes.min().unwrap_or(0)).wrapping_mul(0x0000_0100_0000_01b3);
            }
            *key = (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_higher_threshold_takes_longer_bands() {
        let cut = |threshold| {
            let bands = Bands::for_threshold(threshold);
            (bands.len(), bands.rows)
        };
        assert_eq!(cut(0.8), (32, 8));
        assert_eq!(cut(0.5), (85, 3));
        assert_eq!(cut(0.1), (256, 1));
        assert_eq!(cut(1.0), (8, 32));
    }

    #[test]
    fn minima_agree_as_often_as_the_sets_resemble_each_other() {
        // Sets of 300 that share 200 of 400: similarity 0.5, in 200 sets x 256 hash functions.
        let bands = Bands::for_threshold(0.1);
        let mut random = SplitMix64::new(1);
        let (mut a, mut b) = (vec![0; bands.len()], vec![0; bands.len()]);
        let mut agree = 0;
        for _ in 0..200 {
            let grams: Vec<u64> = (0..400).map(|_| random.next_u64()).collect();
            bands.sketch(&grams[..300], &mut a);
            bands.sketch(&grams[100..], &mut b);
            agree += a.iter().zip(&b).filter(|(a, b)| a == b).count();
        }
        let share = agree as f64 / (200.0 * bands.len() as f64);
        assert!((share - 0.5).abs() < 0.01, "{share}");
    }
}
