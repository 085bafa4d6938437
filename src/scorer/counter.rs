//! How often each feature occurs in a text, without a branch and without clearing anything between texts.

/// Counts by feature, in a table as large as the text asks for, so that it stays in the nearest cache.
///
/// A feature has one slot: its count above, the feature below. Whichever of its features comes first in a text has the slot for that
/// text; the others go to a list that is sorted at the end. A count is what stands above `base`, and `base` rises with every text by more
/// than any of its counts, so that what was counted before counts for nothing.
#[derive(Debug, Default)]
pub(super) struct Counter {
    slots: Vec<u64>,
    /// The slots used for this text, a power of two.
    used: usize,
    base: u32,
    occurrences: usize,
    /// The features with a slot that have become two, and all occurrences of those without one: the first `many`, behind them what is
    /// left of other texts.
    noted: Vec<u32>,
    many: usize,
    without: Vec<u32>,
}

/// Slots at least.
const FEW: usize = 256;

/// What a slot holds for a feature that occurred so often.
#[inline(always)]
fn slot(count: u32, feature: u32) -> u64 {
    u64::from(count) << 32 | u64::from(feature)
}

/// 1 for 0, else 0.
#[inline(always)]
fn is_zero(number: u64) -> u64 {
    (number | number.wrapping_neg()) >> 63 ^ 1
}

impl Counter {
    /// Begins a text in which no feature below `features` has occurred. `most`: more occurrences than it can have; about `usual` are to
    /// be expected.
    pub(super) fn begin(&mut self, features: usize, most: usize, usual: usize) {
        // With as many slots as features, each has its own.
        self.used = usual.saturating_mul(4).clamp(FEW, features.max(FEW)).next_power_of_two();
        if self.slots.len() < self.used {
            self.slots.resize(self.used, 0);
        }
        let rise = u32::try_from(self.occurrences).unwrap_or(u32::MAX);
        self.base = self.base.saturating_add(rise).saturating_add(1);
        if u64::from(self.base) + most as u64 > u64::from(u32::MAX) {
            self.slots.fill(0);
            self.base = 0;
        }
        (self.occurrences, self.many) = (0, 0);
    }

    /// Counts one occurrence each.
    #[inline]
    pub(super) fn count(&mut self, features: &[u32]) {
        self.occurrences += features.len();
        if self.noted.len() < self.many + features.len() + 1 {
            self.noted.resize(2 * (self.many + features.len() + 1), 0);
        }
        let base = self.base;
        let Some(slots) = self.slots.get_mut(..self.used) else { return };
        let Some(noted) = self.noted.get_mut(self.many..) else { return };
        let mut many = 0;
        for &feature in features {
            let slot_of = &mut slots[feature as usize & (self.used - 1)];
            let old = *slot_of;
            let now = if old < slot(base + 1, 0) { slot(base, feature) } else { old };
            // 1 if the slot is the feature's own, 0 if not: by arithmetic, since a branch would not be foreseen.
            let own = is_zero(now & u64::from(u32::MAX) ^ u64::from(feature));
            let now = now + (own << 32);
            *slot_of = now;
            // Written always, kept where it is to be.
            noted[many] = feature;
            many += ((own ^ 1) | is_zero(now ^ slot(base + 2, feature))) as usize;
        }
        self.many += many;
    }

    /// Calls `each` with the features that occur more than once, and how often: those with a slot in the order in which they were met
    /// again, then the others in theirs.
    pub(super) fn repeated(&mut self, mut each: impl FnMut(u32, u32)) {
        self.without.clear();
        for &feature in &self.noted[..self.many.min(self.noted.len())] {
            let slot = self.slots[feature as usize & (self.used - 1)];
            if slot as u32 == feature {
                each(feature, (slot >> 32) as u32 - self.base);
            } else {
                self.without.push(feature);
            }
        }
        self.without.sort_unstable();
        for same in self.without.chunk_by(|a, b| a == b).filter(|same| same.len() > 1) {
            each(same[0], same.len() as u32);
        }
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
