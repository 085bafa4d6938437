//! The one source of chance in the crate: small, seeded, the same on every platform.
//!
//! SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014;
//! constants of Vigna's public-domain `splitmix64.c`). Not for cryptography.

/// A SplitMix64 generator.
#[derive(Debug, Clone)]
pub(crate) struct SplitMix64(u64);

impl SplitMix64 {
    /// The stream of `seed`; streams of different seeds are unrelated in practice.
    pub(crate) fn new(seed: u64) -> Self {
        SplitMix64(seed)
    }

    /// Stream number `index` of `seed`, for work that is cut into pieces: piece `i` draws from
    /// stream `i`, so that what it draws does not depend on which thread ran it, or when.
    pub(crate) fn stream(seed: u64, index: u64) -> Self {
        let mut mixer = SplitMix64(seed);
        let start = mixer.next_u64() ^ index.wrapping_mul(0xd6e8_feb8_6659_fd93);
        SplitMix64(SplitMix64(start).next_u64())
    }

    /// 64 random bits.
    pub(crate) fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number in `0..n`, each equally likely (0 when `n` is 0): Lemire, "Fast random integer
    /// generation in an interval", ACM TOMACS 29(1), 2019.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let n = n as u64;
        let mut wide = u128::from(self.next_u64()) * u128::from(n);
        if (wide as u64) < n {
            let reject = n.wrapping_neg() % n;
            while (wide as u64) < reject {
                wide = u128::from(self.next_u64()) * u128::from(n);
            }
        }
        (wide >> 64) as usize
    }

    /// A number in `[0, 1)`, with 53 random bits.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Puts `items` in random order, each order equally likely (Fisher and Yates; Durstenfeld 1964).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i + 1);
            items.swap(i, j);
        }
    }
}

/// The output function of SplitMix64: every bit of `z` reaches every bit of the result.
#[inline]
pub(crate) fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_the_reference_stream_of_splitmix64() {
        // seed = 1234567 through Vigna's splitmix64.c
        let mut random = SplitMix64::new(1_234_567);
        let drawn: Vec<u64> = (0..5).map(|_| random.next_u64()).collect();
        assert_eq!(
            drawn,
            [
                6457827717110365317,
                3203168211198807973,
                9817491932198370423,
                4593380528125082431,
                16408922859458223821
            ]
        );
    }

    #[test]
    fn below_is_uniform_and_stays_below() {
        let mut random = SplitMix64::new(7);
        let mut counts = [0u32; 6];
        for _ in 0..60_000 {
            counts[random.below(6)] += 1;
        }
        assert!(counts.iter().all(|&count| (9_600..10_400).contains(&count)), "{counts:?}");
        assert_eq!((random.below(0), random.below(1)), (0, 0));
    }

    #[test]
    fn uniform_has_the_mean_and_the_range_of_the_unit_interval() {
        let mut random = SplitMix64::new(11);
        let drawn: Vec<f64> = (0..20_000).map(|_| random.uniform()).collect();
        assert!(drawn.iter().all(|x| (0.0..1.0).contains(x)));
        assert!((drawn.iter().sum::<f64>() / 20_000.0 - 0.5).abs() < 0.01);
    }

    #[test]
    fn shuffle_keeps_every_item_and_reaches_every_order() {
        let mut random = SplitMix64::new(3);
        let mut seen = std::collections::BTreeMap::new();
        for _ in 0..6_000 {
            let mut items = [1, 2, 3];
            random.shuffle(&mut items);
            *seen.entry(items).or_insert(0) += 1;
        }
        assert_eq!(seen.len(), 6);
        assert!(seen.values().all(|&count| (850..1150).contains(&count)), "{seen:?}");
    }

    #[test]
    fn streams_of_one_seed_differ_and_repeat() {
        let first = |index| SplitMix64::stream(5, index).next_u64();
        let drawn: std::collections::BTreeSet<u64> = (0..1_000).map(first).collect();
        assert_eq!(drawn.len(), 1_000);
        assert_eq!(first(17), first(17));
    }
}
