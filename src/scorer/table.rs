//! From the key of an n-gram to its place, idf and weights: one cache line to find it, one more to add it.
//!
//! A line of the index holds eight tags of 32 bits and the places that they lead to. The bits of a key that choose the line and those
//! of its tag are others, so an n-gram that is not there is taken for one that is once in a hundred million times. Rows of idf and weights
//! lie by place, frequent n-grams (of a low idf) first: those that most texts have lie together and stay in the cache.

/// Tags in a line.
const TAGS: usize = 8;
/// A line is half full on average: three in a hundred lines overflow into the next one.
const LOAD: usize = 4;
/// Bits of the filter for a key, at least: of eight keys that are not there one or fewer pass.
const BITS: usize = 8;

/// One cache line of the index.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
struct Line {
    tags: [u32; TAGS],
    /// One more than the place; 0 where there is none.
    places: [u32; TAGS],
}

/// Places by key; see the head of this file.
#[derive(Debug)]
pub(super) struct Index {
    lines: Vec<Line>,
    keys: usize,
    /// A bit for every key (Bloom 1970, with one hash): a small table that says of most keys that they are not there.
    filter: Vec<u64>,
}

impl Index {
    /// The index of `keys` whose places are `places`.
    pub(super) fn new(keys: &[u64], places: impl Iterator<Item = u32>) -> Self {
        let count = keys.len() / LOAD + 1;
        let lines = vec![Line::default(); count];
        let filter = vec![0; (keys.len() * BITS / 64 + 1).next_power_of_two()];
        let mut index = Index { lines, keys: keys.len(), filter };
        for (&key, place) in keys.iter().zip(places) {
            let (word, bit) = index.bit(key);
            index.filter[word] |= 1 << bit;
            let mut at = index.home(key);
            let line = loop {
                let line = &mut index.lines[at];
                if line.is_free() {
                    break line;
                }
                at = if at + 1 == count { 0 } else { at + 1 };
            };
            // A second key of the same tag could not be told from the first.
            if line.get(key) == 0
                && let Some(slot) = line.places.iter().position(|&place| place == 0)
            {
                (line.tags[slot], line.places[slot]) = (key as u32, place + 1);
            }
        }
        index
    }

    /// The number of keys.
    pub(super) fn len(&self) -> usize {
        self.keys
    }

    #[inline(always)]
    fn home(&self, key: u64) -> usize {
        ((u128::from(key) * self.lines.len() as u128) >> 64) as usize
    }

    /// Word and bit of the filter: bits of the key that do not choose the line.
    #[inline(always)]
    fn bit(&self, key: u64) -> (usize, u32) {
        ((key >> 32) as usize & (self.filter.len() - 1), (key >> 26) as u32 % 64)
    }

    /// The place of a key.
    #[inline(always)]
    pub(super) fn get(&self, key: u64) -> Option<u32> {
        let mut at = self.home(key);
        loop {
            let line = &self.lines[at];
            let found = line.get(key);
            if found != 0 {
                return Some(found - 1);
            }
            if line.is_free() {
                return None;
            }
            at = if at + 1 == self.lines.len() { 0 } else { at + 1 };
        }
    }

    /// Appends the places of those of `keys` that have one, in order. What is left of `keys` afterwards means nothing.
    ///
    /// All lines are asked for before the first is looked at, and nothing that has to be foreseen depends on them, so that their reads
    /// overlap.
    pub(super) fn get_all(&self, keys: &mut [u64], places: &mut Vec<u32>) {
        let mut likely = 0;
        for at in 0..keys.len() {
            let key = keys[at];
            let (word, bit) = self.bit(key);
            keys[likely] = key;
            likely += (self.filter[word] >> bit & 1) as usize;
        }
        let keys = &keys[..likely];
        let near = keys.iter().fold(0, |sum, &key| sum ^ self.lines[self.home(key)].tags[0]);
        std::hint::black_box(near);
        let mut known = places.len();
        places.resize(known + keys.len(), 0);
        for &key in keys {
            let line = &self.lines[self.home(key)];
            let mut found = line.get(key);
            if (found == 0) & !line.is_free() {
                found = self.get(key).map_or(0, |place| place + 1);
            }
            places[known] = found.wrapping_sub(1);
            known += usize::from(found != 0);
        }
        places.truncate(known);
    }
}

impl Line {
    /// One more than the place of a key, if it is in this line; else 0. Tags are all different, so that no more than one counts.
    #[inline(always)]
    fn get(&self, key: u64) -> u32 {
        let same = |slot: usize| if self.tags[slot] == key as u32 { u32::MAX } else { 0 };
        let found: [u32; TAGS] = std::array::from_fn(|slot| same(slot) & self.places[slot]);
        found.iter().fold(0, |all, &one| all | one)
    }

    /// Whether there is a free slot; those in use come first.
    #[inline(always)]
    fn is_free(&self) -> bool {
        self.places[TAGS - 1] == 0
    }
}

/// The places of columns by their idf, the lowest first; equal and nearly equal ones stay in order. As they are without idf.
pub(super) fn frequent_first(columns: usize, idf: &[f32]) -> Vec<u32> {
    if idf.len() != columns {
        return (0..columns as u32).collect();
    }
    // From 1 to 16 in 128 steps, by the bits of the number.
    const STEPS: usize = 128;
    let step = |&idf: &f32| ((idf.to_bits() >> 18) as usize).saturating_sub(127 << 5).min(STEPS - 1);
    let mut next = [0u32; STEPS + 1];
    idf.iter().for_each(|idf| next[step(idf) + 1] += 1);
    for at in 1..=STEPS {
        next[at] += next[at - 1];
    }
    let place = |idf| {
        let next = &mut next[step(idf)];
        *next += 1;
        *next - 1
    };
    idf.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_key_is_found_and_no_other(
            keys in prop::collection::hash_set(prop_oneof![0u64..9, any::<u64>()], 0..200),
            others in prop::collection::vec(prop_oneof![0u64..9, any::<u64>()], 0..20),
        ) {
            let keys: Vec<u64> = keys.into_iter().collect();
            let index = Index::new(&keys, 0..keys.len() as u32);
            for (place, &key) in keys.iter().enumerate() {
                prop_assert_eq!(index.get(key), Some(place as u32));
            }
            let mut asked = vec![7];
            index.get_all(&mut [&keys[..], &others, &keys].concat(), &mut asked);
            let known = others.iter().filter_map(|&key| index.get(key));
            let all = (0..keys.len() as u32).chain(known).chain(0..keys.len() as u32);
            prop_assert!(asked.into_iter().eq(std::iter::once(7).chain(all)));
            for other in others.into_iter().filter(|key| !keys.contains(key)) {
                prop_assert_eq!(index.get(other), None);
            }
        }

        #[test]
        fn places_are_all_different_and_the_frequent_first(idf in prop::collection::vec(prop_oneof![1f32..16.0, any::<f32>()], 0..50)) {
            let places = frequent_first(idf.len(), &idf);
            let mut sorted = places.clone();
            sorted.sort_unstable();
            prop_assert!(sorted.into_iter().eq(0..idf.len() as u32));
            for (a, &one) in idf.iter().enumerate() {
                for (b, &other) in idf.iter().enumerate() {
                    prop_assert!(!(1.0..16.0).contains(&one) || !(1.0..16.0).contains(&other) || one * 1.1 >= other || places[a] < places[b]);
                }
            }
        }
    }

    #[test]
    fn lines_that_are_full_go_on_in_the_next() {
        // All of the same line, the last one.
        let keys: Vec<u64> = (0..30).map(|key| u64::MAX - key).collect();
        let index = Index::new(&keys, 0..30);
        assert!(keys.iter().enumerate().all(|(place, &key)| index.get(key) == Some(place as u32)));
        assert_eq!(index.get(u64::MAX - 30), None);
        let mut places = Vec::new();
        index.get_all(&mut [u64::MAX - 30, u64::MAX - 29, u64::MAX], &mut places);
        assert_eq!(places, [29, 0]);
    }
}
