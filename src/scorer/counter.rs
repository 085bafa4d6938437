//! How often each feature occurs in a text, without a branch and without clearing anything between texts.

/// Counts by feature. A count is what stands above `base`, and `base` rises with every text by more than any of its counts, so
/// that what was counted before counts for nothing.
#[derive(Debug, Default)]
pub(super) struct Counter {
    counts: Vec<u32>,
    base: u32,
    occurrences: usize,
    /// The features that occur more than once: the first `many`, behind them what is left of other texts.
    repeated: Vec<u32>,
    many: usize,
}

impl Counter {
    /// Begins a text in which no feature below `features` has occurred. `most`: more occurrences than it can have.
    pub(super) fn begin(&mut self, features: usize, most: usize) {
        if self.counts.len() < features {
            self.counts.resize(features, 0);
        }
        let rise = u32::try_from(self.occurrences).unwrap_or(u32::MAX);
        self.base = self.base.saturating_add(rise).saturating_add(1);
        if u64::from(self.base) + most as u64 > u64::from(u32::MAX) {
            self.counts.fill(0);
            self.base = 0;
        }
        (self.occurrences, self.many) = (0, 0);
    }

    /// Counts one occurrence each.
    #[inline]
    pub(super) fn count(&mut self, features: &[u32]) {
        self.occurrences += features.len();
        if self.repeated.len() < self.many + features.len() + 1 {
            self.repeated.resize(2 * (self.many + features.len()) + 1, 0);
        }
        let (base, twice) = (self.base, self.base.saturating_add(2));
        for &feature in features {
            let Some(count) = self.counts.get_mut(feature as usize) else { continue };
            *count = (*count).max(base).saturating_add(1);
            // Written always, kept when it has just become the second occurrence: this is not to be foreseen.
            if let Some(place) = self.repeated.get_mut(self.many) {
                *place = feature;
            }
            self.many += usize::from(*count == twice);
        }
    }

    /// The features that occur more than once, and how often, in the order in which they were met again.
    pub(super) fn repeated(&self) -> impl Iterator<Item = (u32, u32)> {
        self.repeated[..self.many.min(self.repeated.len())]
            .iter()
            .map(|&feature| (feature, self.counts[feature as usize] - self.base))
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
            texts in prop::collection::vec(prop::collection::vec(prop::collection::vec(0u32..12, 0..9), 0..4), 1..9),
            near_the_end: bool,
        ) {
            let mut counter = Counter { base: if near_the_end { u32::MAX - 40 } else { 0 }, ..Counter::default() };
            for text in texts {
                counter.begin(12, 64);
                text.iter().for_each(|part| counter.count(part));
                if text.len() == 3 {
                    // Given up: the next one does not notice.
                    continue;
                }
                let mut expected = BTreeMap::new();
                text.concat().iter().for_each(|&feature| *expected.entry(feature).or_insert(0) += 1);
                expected.retain(|_, count| *count > 1);
                let got: Vec<(u32, u32)> = counter.repeated().collect();
                prop_assert_eq!(got.len(), expected.len(), "each once");
                prop_assert_eq!(got.into_iter().collect::<BTreeMap<_, _>>(), expected);
            }
        }
    }
}
