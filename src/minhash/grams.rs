//! A text as the set of its character 5-grams.

/// The characters of a gram.
const GRAM: usize = 5;

/// The bits that hold any character plus one.
const BITS: usize = 21;

/// The Jaccard similarity of the character 5-gram sets of two texts: the grams they share over the
/// grams of either, between 0 and 1.
///
/// A text shorter than 5 characters has one gram, the whole text. Characters are Unicode scalar values.
///
/// ```
/// use tasnif::minhash::jaccard;
///
/// assert_eq!(jaccard("abcdef", "abcdef"), 1.0);
/// // {abcde, bcdef} and {abcde, bcdeg} share one gram of three.
/// assert_eq!(jaccard("abcdef", "abcdeg"), 1.0 / 3.0);
/// assert_eq!(jaccard("abc", "abcde"), 0.0);
/// ```
pub fn jaccard(a: &str, b: &str) -> f64 {
    overlap_from(&sorted_set(packed(a)), &sorted_set(packed(b)), 0.0).unwrap_or(0.0)
}

/// The set of grams, sorted, each as 64 well-mixed bits.
///
/// Distinct grams of a whole corpus of m distinct grams fall together with a chance below m² / 2⁶⁵:
/// 1 in 30,000 that any two do for 36 million.
pub(super) fn hashed_set(text: &str) -> Box<[u64]> {
    sorted_set(packed(text).map(mix)).into_boxed_slice()
}

/// The elements that two sorted sets share over those of either, if at least `threshold`; 1 for two
/// empty sets. Stops as soon as too many are known not to be shared.
pub(super) fn overlap_from<T: Ord>(a: &[T], b: &[T], threshold: f64) -> Option<f64> {
    // shared / (a + b − shared) ≥ threshold, less one for what rounding may do.
    let needed = (threshold / (1.0 + threshold) * (a.len() + b.len()) as f64) as usize;
    let needed = needed.saturating_sub(1);
    let (mut i, mut j, mut shared) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        if shared + (a.len() - i).min(b.len() - j) < needed {
            return None;
        }
        // Without branches: which side moves is a coin toss that no predictor learns.
        shared += usize::from(a[i] == b[j]);
        let (step_a, step_b) = (a[i] <= b[j], b[j] <= a[i]);
        i += usize::from(step_a);
        j += usize::from(step_b);
    }
    let either = a.len() + b.len() - shared;
    let overlap = if either == 0 { 1.0 } else { shared as f64 / either as f64 };
    (overlap >= threshold).then_some(overlap)
}

/// Every gram in order, its characters (plus one, so that absence is 0) side by side in a number.
fn packed(text: &str) -> impl Iterator<Item = u128> {
    const WHOLE: u128 = (1 << (GRAM * BITS)) - 1;
    let mut characters = text.chars();
    let mut window = 0u128;
    let mut push = move || {
        let c = characters.next()?;
        window = ((window << BITS) | (u128::from(u32::from(c)) + 1)) & WHOLE;
        Some(window)
    };
    let mut first = 0;
    for _ in 0..GRAM {
        first = push().unwrap_or(first);
    }
    std::iter::once(first).chain(std::iter::from_fn(push))
}

fn sorted_set<T: Ord>(grams: impl Iterator<Item = T>) -> Vec<T> {
    let mut set: Vec<T> = grams.collect();
    set.sort_unstable();
    set.dedup();
    set
}

/// 105 bits to 64: two rounds of the finaliser of SplitMix64 (see `random.rs`).
fn mix(gram: u128) -> u64 {
    finalise(finalise(gram as u64).wrapping_add((gram >> 64) as u64))
}

fn finalise(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
