//! What a feature is known by and what it adds, side by side: one look-up costs one cache line.

/// One cache line.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Line([u32; WORDS]);

/// Numbers of four bytes in a line.
const WORDS: usize = 16;
/// Those before the weights: the key, low half first, and the idf.
const HEAD: usize = 3;
/// The bits of no idf: the slot is free.
const FREE: u32 = u32::MAX;
/// The bits of an idf that is no number, where a file should have one.
const NAN: u32 = 0x7FC0_0000;

/// Open addressing with linear probing. A slot holds the key of a feature, its idf, and its weights or, where they would fill more
/// than the line, its column.
#[derive(Debug)]
pub(super) struct Table {
    lines: Vec<Line>,
    slots: usize,
    /// Numbers a slot takes, as a power of two: 4, 8 or 16.
    stride: u32,
}

impl Table {
    /// The most weights that stand in a slot.
    pub(super) const MOST: usize = WORDS - HEAD;

    /// A table of features: their keys, their idf (1 where `idf` is empty), and what else their slots hold: `payload` gives the
    /// numbers of a column, `width` of them.
    pub(super) fn new<const N: usize>(
        keys: &[u64],
        idf: &[f32],
        width: usize,
        mut payload: impl FnMut(usize) -> [u32; N],
    ) -> Self {
        let stride = (HEAD + width.min(Self::MOST)).next_power_of_two().trailing_zeros();
        // Three fifths full: a feature stands 0.75 slots from its place on average, and one that is not there is missed after 3.6.
        let slots = keys.len() + keys.len() * 2 / 3 + 1;
        let mut free = Line([0; WORDS]);
        for slot in 0..WORDS >> stride {
            free.0[(slot << stride) + 2] = FREE;
        }
        let mut table = Table { lines: vec![free; (slots << stride).div_ceil(WORDS)], slots, stride };
        for (column, &key) in keys.iter().enumerate() {
            let idf = match idf.get(column).map_or(1f32.to_bits(), |idf| idf.to_bits()) {
                FREE => NAN,
                idf => idf,
            };
            let mut slot = table.home(key);
            while table.words(slot)[2] != FREE {
                slot = table.next(slot);
            }
            let words = table.words_mut(slot);
            words[..HEAD].copy_from_slice(&[key as u32, (key >> 32) as u32, idf]);
            for (word, value) in words[HEAD..].iter_mut().zip(payload(column)) {
                *word = value;
            }
        }
        table
    }

    /// The number of slots.
    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    #[inline(always)]
    fn home(&self, key: u64) -> usize {
        ((u128::from(key) * self.slots as u128) >> 64) as usize
    }

    #[inline(always)]
    fn next(&self, slot: usize) -> usize {
        if slot + 1 == self.slots { 0 } else { slot + 1 }
    }

    #[inline(always)]
    fn words(&self, slot: usize) -> &[u32] {
        let at = slot << self.stride;
        &self.lines[at / WORDS].0[at % WORDS..][..1 << self.stride]
    }

    fn words_mut(&mut self, slot: usize) -> &mut [u32] {
        let at = slot << self.stride;
        &mut self.lines[at / WORDS].0[at % WORDS..][..1 << self.stride]
    }

    /// Appends the slots of those of `keys` that are there to `found`. The first slot of every key is read before any is
    /// compared, so that the reads wait for memory together; `heads` is room for them.
    #[inline]
    pub(super) fn find(&self, keys: &[u64], heads: &mut Vec<(u32, u32)>, found: &mut Vec<u32>) {
        heads.clear();
        heads.extend(keys.iter().map(|&key| {
            let home = self.home(key);
            (home as u32, self.words(home)[2])
        }));
        for (&key, &(home, idf)) in keys.iter().zip(heads.iter()) {
            if idf == FREE {
                continue;
            }
            let mut slot = home as usize;
            loop {
                let words = self.words(slot);
                if words[2] == FREE {
                    break;
                }
                if u64::from(words[0]) | u64::from(words[1]) << 32 == key {
                    found.push(slot as u32);
                    break;
                }
                slot = self.next(slot);
            }
        }
    }

    /// The idf of a slot that was found, and what follows it there.
    #[inline(always)]
    pub(super) fn get(&self, slot: u32) -> (f32, &[u32]) {
        let words = self.words(slot as usize);
        (f32::from_bits(words[2]), &words[HEAD..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_key_is_found_with_what_it_holds_and_no_other(
            keys in prop::collection::hash_set(prop_oneof![0u64..9, any::<u64>()], 0..60),
            others in prop::collection::vec(prop_oneof![0u64..9, any::<u64>()], 0..20),
            width in 1usize..=13,
        ) {
            let keys: Vec<u64> = keys.into_iter().collect();
            let idf: Vec<f32> = (0..keys.len()).map(|column| if column == 3 { f32::from_bits(FREE) } else { column as f32 }).collect();
            let table = Table::new(&keys, &idf, width, |column| [column as u32; 13]);
            let (mut heads, mut found) = (Vec::new(), Vec::new());
            table.find(&keys, &mut heads, &mut found);
            prop_assert_eq!(found.len(), keys.len());
            for (column, &slot) in found.iter().enumerate() {
                let (value, words) = table.get(slot);
                prop_assert!(value == idf[column] || (column == 3 && value.is_nan()));
                prop_assert_eq!(&words[..width], &vec![column as u32; width][..]);
            }
            found.clear();
            table.find(&others, &mut heads, &mut found);
            prop_assert_eq!(found.len(), others.iter().filter(|key| keys.contains(key)).count());
        }
    }
}
