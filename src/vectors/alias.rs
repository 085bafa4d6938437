//! Draws from a fixed discrete distribution in constant time, from a table small enough for the cache.
//!
//! Walker's alias method, built as in Vose, "A linear algorithm for generating random numbers with a given
//! distribution", IEEE Transactions on Software Engineering 17(9), 1991.

use crate::random::SplitMix64;

/// A distribution over `0..len`.
pub(super) struct Alias {
    /// For each slot, the chance of the slot itself (in 2⁻³²) and who has the rest.
    slots: Vec<(u32, u32)>,
}

impl Alias {
    /// The distribution in proportion to `weights`, of which one at least is positive and none negative.
    pub(super) fn new(weights: &[f64]) -> Self {
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        let mut shares: Vec<f64> = weights.iter().map(|weight| weight / mean).collect();
        let mut slots: Vec<(u32, u32)> = (0..weights.len() as u32).map(|slot| (u32::MAX, slot)).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..shares.len()).partition(|&slot| shares[slot] < 1.0);
        while let (Some(&rich), Some(poor)) = (large.last(), small.pop()) {
            slots[poor] = ((shares[poor] * 4_294_967_296.0) as u32, rich as u32);
            shares[rich] -= 1.0 - shares[poor];
            if shares[rich] < 1.0 {
                large.pop();
                small.push(rich);
            }
        }
        Alias { slots }
    }

    /// One draw.
    #[inline]
    pub(super) fn draw(&self, random: &mut SplitMix64) -> u32 {
        let bits = random.next_u64();
        // The high half picks the slot, the low half the side: multiply-shift, off by 2⁻³² at most.
        let slot = ((bits >> 32) * self.slots.len() as u64) >> 32;
        let (chance, other) = self.slots[slot as usize];
        if (bits as u32) < chance { slot as u32 } else { other }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_come_in_proportion_to_the_weights() {
        let weights = [5.0, 0.0, 1.0, 3.0, 1.0];
        let (alias, mut random) = (Alias::new(&weights), SplitMix64::new(1));
        let mut counts = [0u32; 5];
        (0..100_000).for_each(|_| counts[alias.draw(&mut random) as usize] += 1);
        for (count, weight) in counts.iter().zip(weights) {
            assert!((f64::from(*count) / 10_000.0 - weight).abs() < 0.06, "{counts:?}");
        }
        assert_eq!(counts[1], 0);
    }

    #[test]
    fn a_single_outcome_is_certain() {
        let (alias, mut random) = (Alias::new(&[0.3]), SplitMix64::new(1));
        assert!((0..100).all(|_| alias.draw(&mut random) == 0));
    }
}
