//! The n-grams of a share of the texts: numbered as they are met, counted, named.

/// No n-gram has this number.
const NONE: u32 = u32::MAX;

/// Numbers for keys: open addressing, at most half full, 16 bytes a slot.
#[derive(Debug, Clone, Default)]
pub(super) struct Numbers {
    slots: Vec<(u64, u32)>,
    used: usize,
}

impl Numbers {
    /// The number of `key`; a key that is new gets `next` and is told so.
    #[inline]
    pub(super) fn number(&mut self, key: u64, next: u32) -> (u32, bool) {
        if self.used * 2 >= self.slots.len() {
            self.grow();
        }
        let mask = self.slots.len() - 1;
        let mut slot = home(key) & mask;
        loop {
            match self.slots[slot] {
                (_, NONE) => {
                    self.slots[slot] = (key, next);
                    self.used += 1;
                    return (next, true);
                }
                (found, number) if found == key => return (number, false),
                _ => slot = (slot + 1) & mask,
            }
        }
    }

    /// Reads the places where the search for these keys begins, one after the other without a wait: the searches that
    /// follow find them in the cache.
    #[inline]
    fn touch(&self, keys: &[u64]) {
        let mask = self.slots.len().wrapping_sub(1);
        let read = |key: &u64| self.slots.get(home(*key) & mask).map_or(0, |slot| slot.1);
        std::hint::black_box(keys.iter().map(read).fold(0u32, |all, number| all ^ number));
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(1024);
        for (key, number) in std::mem::replace(&mut self.slots, vec![(0, NONE); size]) {
            if number != NONE {
                let mut slot = home(key) & (size - 1);
                while self.slots[slot].1 != NONE {
                    slot = (slot + 1) & (size - 1);
                }
                self.slots[slot] = (key, number);
            }
        }
    }
}

/// Where the search for a key begins; keys of hashed features are small numbers, so their bits are spread.
#[inline]
fn home(key: u64) -> usize {
    (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize
}

/// What is known of the n-grams met so far, by number.
#[derive(Debug, Clone, Default)]
pub(super) struct Grams {
    numbers: Numbers,
    pub(super) keys: Vec<u64>,
    /// Texts that each occurs in.
    pub(super) df: Vec<u32>,
    /// Occurrences of each, up to four billion.
    pub(super) tf: Vec<u32>,
    /// The place of each in the list of the text it was met in last.
    places: Vec<u32>,
    names: String,
    name_ends: Vec<usize>,
}

impl Grams {
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Readies the search for these keys.
    #[inline]
    pub(super) fn touch(&self, keys: &[u64]) {
        self.numbers.touch(keys);
    }

    /// The number of the n-gram with this key. `name` appends its name, and is called when it is new.
    #[inline]
    pub(super) fn number(&mut self, key: u64, name: impl FnOnce(&mut String)) -> u32 {
        let (number, new) = self.numbers.number(key, self.keys.len() as u32);
        if new {
            self.keys.push(key);
            self.df.push(0);
            self.tf.push(0);
            self.places.push(NONE);
            name(&mut self.names);
            self.name_ends.push(self.names.len());
        }
        number
    }

    /// Notes one more occurrence in the present text, whose n-grams and counts are `list`.
    #[inline]
    pub(super) fn occur(&mut self, number: u32, list: &mut Vec<(u32, u32)>) {
        let place = &mut self.places[number as usize];
        match list.get_mut(*place as usize) {
            Some((listed, count)) if *listed == number => *count += 1,
            _ => {
                *place = list.len() as u32;
                list.push((number, 1));
            }
        }
    }

    /// Counts a text that was met whole.
    pub(super) fn end_text(&mut self, list: &[(u32, u32)]) {
        for &(number, count) in list {
            self.df[number as usize] += 1;
            let tf = &mut self.tf[number as usize];
            *tf = tf.saturating_add(count);
        }
    }

    pub(super) fn name(&self, number: u32) -> &str {
        let number = number as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.name_ends[before]);
        &self.names[start..self.name_ends[number]]
    }

    /// Adds what is known of other texts; returns the number here of each n-gram there.
    pub(super) fn merge(&mut self, other: &Grams) -> Vec<u32> {
        (0..other.len() as u32)
            .map(|theirs| {
                let at = theirs as usize;
                let ours = self.number(other.keys[at], |names| names.push_str(other.name(theirs)));
                self.df[ours as usize] += other.df[at];
                let tf = &mut self.tf[ours as usize];
                *tf = tf.saturating_add(other.tf[at]);
                ours
            })
            .collect()
    }

    /// Lets go of what only counting needs.
    pub(super) fn shrink(&mut self) {
        self.numbers = Numbers::default();
        self.places = Vec::new();
    }
}

/// Words whose n-grams are kept, by word: text repeats its words, and a word has the same characters each time.
#[derive(Debug, Default)]
pub(super) struct WordGrams {
    numbers: Numbers,
    /// Where the n-grams of each word end in `grams`.
    ends: Vec<usize>,
    grams: Vec<u32>,
}

/// So many words are kept; the rest, which are rare, are cut again.
const MOST_WORDS: usize = 1 << 18;

impl WordGrams {
    /// The n-grams of the word with this hash; `cut` lists those of a new one.
    #[inline]
    pub(super) fn of(&mut self, hash: u64, cut: impl FnOnce(&mut Vec<u32>)) -> &[u32] {
        // Past the limit, the last place serves every new word.
        let full = self.ends.len() == MOST_WORDS;
        let word = if full && !self.numbers.knows(hash) {
            None
        } else {
            Some(self.numbers.number(hash, self.ends.len() as u32))
        };
        match word {
            Some((word, false)) => {
                let start = (word as usize).checked_sub(1).map_or(0, |before| self.ends[before]);
                &self.grams[start..self.ends[word as usize]]
            }
            Some((_, true)) => {
                let start = self.grams.len();
                cut(&mut self.grams);
                self.ends.push(self.grams.len());
                &self.grams[start..]
            }
            None => {
                let kept = self.ends.last().copied().unwrap_or(0);
                self.grams.truncate(kept);
                cut(&mut self.grams);
                &self.grams[kept..]
            }
        }
    }
}

impl Numbers {
    fn knows(&self, key: u64) -> bool {
        let mask = self.slots.len().wrapping_sub(1);
        let mut slot = home(key) & mask;
        while let Some(&(found, number)) = self.slots.get(slot) {
            if number == NONE {
                return false;
            }
            if found == key {
                return true;
            }
            slot = (slot + 1) & mask;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(texts: &[&[u64]]) -> Grams {
        let mut grams = Grams::default();
        let mut list = Vec::new();
        for text in texts {
            list.clear();
            for &key in *text {
                let number = grams.number(key, |names| names.push_str(&format!("n{key}")));
                grams.occur(number, &mut list);
            }
            grams.end_text(&list);
        }
        grams
    }

    #[test]
    fn texts_and_occurrences_are_counted() {
        let grams = met(&[&[5, 5, 7], &[7, 9], &[], &[5]]);
        assert_eq!(grams.keys, [5, 7, 9]);
        assert_eq!(grams.df, [2, 2, 1]);
        assert_eq!(grams.tf, [3, 2, 1]);
        assert_eq!([0, 1, 2].map(|number| grams.name(number)), ["n5", "n7", "n9"]);
    }

    #[test]
    fn merging_two_shares_counts_as_one_share_would() {
        let (mut first, second) = (met(&[&[5, 5, 7]]), met(&[&[9, 7], &[5]]));
        assert_eq!(first.merge(&second), [2, 1, 0]);
        let whole = met(&[&[5, 5, 7], &[9, 7], &[5]]);
        assert_eq!((first.keys, first.df, first.tf), (whole.keys, whole.df, whole.tf));
    }

    #[test]
    fn every_key_keeps_its_number_as_the_table_grows() {
        let mut numbers = Numbers::default();
        let keys: Vec<u64> = (0..5000).map(|key: u64| key * key * 977).collect();
        for (next, &key) in keys.iter().enumerate() {
            assert_eq!(numbers.number(key, next as u32), (next as u32, true));
        }
        for (next, &key) in keys.iter().enumerate() {
            assert_eq!(numbers.number(key, 0), (next as u32, false));
        }
        assert!(!numbers.knows(3) && numbers.knows(977));
    }

    #[test]
    fn a_word_is_cut_once() {
        let mut words = WordGrams::default();
        assert_eq!(words.of(1, |grams| grams.extend([4, 5])), [4, 5]);
        assert_eq!(words.of(2, |grams| grams.push(6)), [6]);
        assert_eq!(words.of(1, |_| unreachable!()), [4, 5]);
    }
}
