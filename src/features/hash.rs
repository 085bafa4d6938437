//! The hash of units and n-grams. It is stored in model files: to change it is to make a new model format.

use std::ops::Range;

pub(crate) const SEED: u64 = 0x2D35_8DCC_AA6C_78A5;
const P0: u64 = 0x9E37_79B9_7F4A_7C15;
const P1: u64 = 0x8BB8_4B93_962E_ACC9;

/// Folds one more value into a hash: a 64×64→128-bit product, its halves xored (the mixing step of wyhash, Wang Yi).
#[inline]
pub(crate) fn fold(hash: u64, value: u64) -> u64 {
    let product = u128::from(hash ^ value) * u128::from(P1);
    (product as u64) ^ (product >> 64) as u64 ^ value.rotate_left(32)
}

#[inline]
pub(crate) fn hash_number(value: u64) -> u64 {
    (value + 1).wrapping_mul(P0)
}

#[inline]
pub(crate) fn hash_char(c: char) -> u64 {
    hash_number(u64::from(c))
}

/// Eight bytes at a time, the length with the last.
#[inline]
pub(crate) fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hash = SEED;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        hash = fold(hash, u64::from_le_bytes(chunk.try_into().unwrap_or_default()));
    }
    let mut last = [0; 8];
    last[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
    fold(fold(hash, u64::from_le_bytes(last)), bytes.len() as u64)
}

/// [`hash_bytes`] of a part of `text`. Where more text follows, its last bytes are cut from eight that are read at once.
#[inline]
pub(crate) fn hash_part(text: &[u8], part: Range<usize>) -> u64 {
    let (mut hash, mut at) = (SEED, part.start);
    while let Some(eight) = text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let eight = u64::from_le_bytes(*eight);
        let left = part.end.saturating_sub(at);
        if left < 8 {
            let last = eight & ((1 << (8 * left)) - 1);
            return fold(fold(hash, last), part.len() as u64);
        }
        hash = fold(hash, eight);
        at += 8;
    }
    hash_bytes(&text[part])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_have_the_hash_that_they_have_alone(text in prop::collection::vec(any::<u8>(), 0..40), a in 0usize..40, b in 0usize..40) {
            let (start, end) = (a.min(b).min(text.len()), a.max(b).min(text.len()));
            prop_assert_eq!(hash_part(&text, start..end), hash_bytes(&text[start..end]));
        }
    }
}
