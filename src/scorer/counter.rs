//! How often each feature occurs in a text, without a branch and without clearing anything between texts.

/// Counts by feature, in a table as large as the text asks for, so that it stays in the nearest cache.
///
/// A feature has one slot. Whichever of its features comes first in a text has the slot for that text; the others go to a list that is
/// sorted at the end. A count is what stands above `base`, and `base` rises with every text by more than any of its counts, so
/// that what was counted before counts for nothing.
#[derive(Debug, Default)]
pub(super) struct Counter {
    slots: Vec<Slot>,
    /// Of the slots used for this text, a power of two, less one.
    mask: u32,
    base: u32,
    occurrences: usize,
    /// The features with a slot that occur more than once: the first `many`, behind them what is left of other texts.
    repeated: Vec<u32>,
    many: usize,
    /// Occurrences of features without a slot, the first `without`.
    others: Vec<u32>,
    without: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    feature: u32,
    count: u32,
}

/// Slots at least.
const FEW: usize = 256;

impl Counter {
    /// Begins a text in which no feature below `features` has occurred. `most`: more occurrences than it can have; about `usual` are to
    /// be expected.
    pub(super) fn begin(&mut self, features: usize, most: usize, usual: usize) {
        // With as many slots as features, each has its own.
        let slots = usual.saturating_mul(4).clamp(FEW, features.max(FEW)).next_power_of_two();
        if self.slots.len() < slots {
            self.slots.resize(slots, Slot::default());
        }
        self.mask = (slots - 1) as u32;
        let rise = u32::try_from(self.occurrences).unwrap_or(u32::MAX);
        self.base = self.base.saturating_add(rise).saturating_add(1);
        if u64::from(self.base) + most as u64 > u64::from(u32::MAX) {
            self.slots.fill(Slot::default());
            self.base = 0;
        }
        (self.occurrences, self.many, self.without) = (0, 0, 0);
    }

    /// Counts one occurrence each.
    #[inline]
    pub(super) fn count(&mut self, features: &[u32]) {
        self.occurrences += features.len();
        make_room(&mut self.repeated, self.many + features.len() + 1);
        make_room(&mut self.others, self.without + features.len() + 1);
        let (base, mask) = (self.base, self.mask as usize);
        let Some(slots) = self.slots.get_mut(..=mask) else { return };
        let (repeated, others) = (&mut self.repeated[..], &mut self.others[..]);
        let (mut many, mut without) = (self.many, self.without);
        for &feature in features {
            let slot = &mut slots[feature as usize & mask];
            let free = slot.count <= base;
            let same = !free & (slot.feature == feature);
            let count = if free { base } else { slot.count };
            let count = count.saturating_add(u32::from(free | same));
            *slot = Slot { feature: if free { feature } else { slot.feature }, count };
            // Written always, kept where it is to be: this is not to be foreseen.
            repeated[many] = feature;
            many += usize::from(same & (count == base + 2));
            others[without] = feature;
            without += usize::from(!(free | same));
        }
        (self.many, self.without) = (many, without);
    }

    /// Calls `each` with the features that occur more than once, and how often: those with a slot in the order in which they were met
    /// again, then the others in theirs.
    pub(super) fn repeated(&mut self, mut each: impl FnMut(u32, u32)) {
        for &feature in &self.repeated[..self.many.min(self.repeated.len())] {
            each(feature, self.slots[(feature & self.mask) as usize].count - self.base);
        }
        let without = self.without.min(self.others.len());
        let others = &mut self.others[..without];
        others.sort_unstable();
        for same in others.chunk_by(|a, b| a == b).filter(|same| same.len() > 1) {
            each(same[0], same.len() as u32);
        }
    }
}

#[inline(always)]
fn make_room(list: &mut Vec<u32>, size: usize) {
    if list.len() < size {
        list.resize(2 * size, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn counts_are_those_of_each_text_alone(
            texts in prop::collection::vec((1usize..2000, prop::collection::vec(prop::collection::vec(0u32..12, 0..9), 0..4)), 1..9),
            near_the_end: bool,
        ) {
            let mut counter = Counter { base: if near_the_end { u32::MAX - 40 } else { 0 }, ..Counter::default() };
            for (usual, text) in texts {
                // Features of the same slot where there are few slots.
                let text: Vec<Vec<u32>> =
                    text.iter().map(|part| part.iter().map(|feature| feature * 128).collect()).collect();
                counter.begin(12 * 128, 64, usual);
                text.iter().for_each(|part| counter.count(part));
                if text.len() == 3 {
                    // Given up: the next one does not notice.
                    continue;
                }
                let mut expected = BTreeMap::new();
                text.concat().iter().for_each(|&feature| *expected.entry(feature).or_insert(0) += 1);
                expected.retain(|_, count| *count > 1);
                let mut got = Vec::new();
                counter.repeated(|feature, count| got.push((feature, count)));
                prop_assert_eq!(got.len(), expected.len(), "each once");
                prop_assert_eq!(got.into_iter().collect::<BTreeMap<_, _>>(), expected);
            }
        }
    }
}
