//! What the n-grams within a piece of text add, kept for the next time it comes: news repeats its words.
//!
//! The n-grams of a word with a space on either side depend on nothing but the word. The sums of what they add and the
//! features they are lie one after the other, so that a word met before costs one look-up and a walk along memory.

/// Pieces that have a place; a power of two.
const PLACES: usize = 1 << 14;
/// Numbers kept in all, 4 bytes each: when they are full, everything is forgotten.
const ROOM: usize = 1 << 20;
/// Pieces with more features are not kept.
const LONGEST: usize = 1024;
/// No piece.
const NONE: u32 = u32::MAX;

/// Sums and features by the hash of a piece.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    places: Vec<Place>,
    numbers: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    hash: u64,
    at: u32,
    features: u32,
}

impl Pieces {
    /// Adds the sums of a piece to `sums` and gives its features, if it is known.
    #[inline]
    pub(super) fn get(&self, hash: u64, sums: &mut [f64]) -> Option<&[u32]> {
        let place = self.places.get(hash as usize % PLACES)?;
        if place.hash != hash || place.at == NONE {
            return None;
        }
        let (own, rest) = self.numbers.get(place.at as usize..)?.split_at_checked(2 * sums.len())?;
        for (sum, own) in sums.iter_mut().zip(own.chunks_exact(2)) {
            *sum += f64::from_bits(u64::from(own[0]) | u64::from(own[1]) << 32);
        }
        rest.get(..place.features as usize)
    }

    /// Keeps a piece.
    pub(super) fn put(&mut self, hash: u64, sums: &[f64], features: &[u32]) {
        let size = 2 * sums.len() + features.len();
        if features.len() > LONGEST || size > ROOM {
            return;
        }
        if self.places.is_empty() || self.numbers.len() + size > ROOM {
            let none = Place { hash: 0, at: NONE, features: 0 };
            self.places.clear();
            self.places.resize(PLACES, none);
            self.numbers.clear();
        }
        let at = self.numbers.len() as u32;
        self.places[hash as usize % PLACES] = Place { hash, at, features: features.len() as u32 };
        self.numbers.extend(sums.iter().flat_map(|sum| [sum.to_bits() as u32, (sum.to_bits() >> 32) as u32]));
        self.numbers.extend_from_slice(features);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_back_as_they_were_or_not_at_all() {
        let mut pieces = Pieces::default();
        assert!(pieces.get(7, &mut [0.0; 2]).is_none());
        let (mut kept, mut forgotten) = (0, 0);
        for piece in 0..60_000u64 {
            let features: Vec<u32> = (0..piece as u32 % 40).map(|feature| feature ^ piece as u32).collect();
            pieces.put(piece, &[piece as f64, -0.5], &features);
            assert!(pieces.numbers.len() <= ROOM);
            for old in [piece, piece / 2, piece.saturating_sub(20_000)] {
                let mut sums = [1.0, 0.0];
                match pieces.get(old, &mut sums).map(<[u32]>::to_vec) {
                    None => forgotten += 1,
                    Some(features) => {
                        kept += 1;
                        assert_eq!(sums, [1.0 + old as f64, -0.5]);
                        assert!((0..old as u32 % 40).map(|feature| feature ^ old as u32).eq(features));
                    }
                }
            }
        }
        assert!(kept > 60_000 && forgotten > 1000, "{kept} {forgotten}");
        let before = pieces.numbers.len();
        pieces.put(1, &[0.0], &vec![0; LONGEST + 1]);
        assert_eq!(pieces.numbers.len(), before, "too long to keep");
    }
}
