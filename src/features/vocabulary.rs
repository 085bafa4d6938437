//! The n-grams that were seen in training: their names, and a table from key to column.

use std::sync::OnceLock;

use crate::error::{Error, Result};

/// The column of no n-gram.
const NONE: u32 = u32::MAX;

/// Sorted n-grams and the way from an n-gram's key to its column.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    names: Names,
    keys: Vec<u64>,
    /// Made when it is first asked: prediction has tables of its own.
    table: OnceLock<KeyTable>,
}

impl PartialEq for Vocabulary {
    fn eq(&self, other: &Self) -> bool {
        self.keys == other.keys && self.names == other.names
    }
}

impl Vocabulary {
    /// A vocabulary of `(name, key)` pairs, which are sorted by name: the column of an n-gram is its rank.
    ///
    /// # Errors
    /// [`Error::Dataset`] when two names share a key, or there are more than four billion.
    pub fn new(mut entries: Vec<(String, u64)>) -> Result<Self> {
        entries.sort_unstable();
        let names = Names::collect(entries.iter().map(|(name, _)| name.as_str()))?;
        Self::from_parts(names, entries.iter().map(|(_, key)| *key).collect())
    }

    /// A vocabulary from what [`Vocabulary::names`] and [`Vocabulary::keys`] gave.
    ///
    /// # Errors
    /// [`Error::Dataset`] when the two differ in length or a key occurs twice.
    pub fn from_parts(names: Names, keys: Vec<u64>) -> Result<Self> {
        let vocabulary = Self::from_stored(names, keys)?;
        let (table, unique) = KeyTable::new(&vocabulary.keys);
        if !unique {
            return Err(Error::Dataset(
                "two n-grams share one 64-bit key; change min_df and train again".into(),
            ));
        }
        Ok(Vocabulary { table: table.into(), ..vocabulary })
    }

    /// [`Vocabulary::from_parts`] of what was checked when it was saved: should a key occur twice, its first column counts.
    pub(crate) fn from_stored(names: Names, keys: Vec<u64>) -> Result<Self> {
        if names.len() != keys.len() || keys.len() >= NONE as usize {
            return Err(Error::Dataset(format!("{} n-grams but {} keys", names.len(), keys.len())));
        }
        Ok(Vocabulary { names, keys, table: OnceLock::new() })
    }

    /// How many n-grams it holds.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The column of the n-gram with this key.
    #[inline]
    pub fn get(&self, key: u64) -> Option<u32> {
        self.table.get_or_init(|| KeyTable::new(&self.keys).0).get(key)
    }

    /// The n-grams, by column.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The keys, by column.
    pub fn keys(&self) -> &[u64] {
        &self.keys
    }
}

/// Many short strings in one allocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    text: String,
    ends: Vec<u32>,
}

impl Names {
    /// Strings from one text and the byte at which each ends.
    ///
    /// # Errors
    /// [`Error::Dataset`] unless the ends ascend along character borders to the end of the text.
    pub fn from_parts(text: String, ends: Vec<u32>) -> Result<Self> {
        let ascending = ends.is_sorted() && ends.iter().all(|&end| text.is_char_boundary(end as usize));
        if !ascending || ends.last().map_or(0, |&end| end as usize) != text.len() {
            return Err(Error::Dataset("the names of the features are damaged".into()));
        }
        Ok(Names { text, ends })
    }

    /// Strings, in the order in which they come.
    ///
    /// # Errors
    /// [`Error::Dataset`] when they fill more than 4 GiB.
    pub fn collect<'a>(names: impl Iterator<Item = &'a str>) -> Result<Self> {
        let mut all = Names::default();
        for name in names {
            all.push(name);
            if all.text.len() > u32::MAX as usize {
                return Err(Error::Dataset(
                    "the n-grams fill more than 4 GiB: raise min_df or set max_features".into(),
                ));
            }
        }
        Ok(all)
    }

    fn push(&mut self, name: &str) {
        self.text.push_str(name);
        self.ends.push(self.text.len() as u32);
    }

    /// How many strings there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The string at `index`.
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)? as usize;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        self.text.get(start..end)
    }

    /// The strings in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// All strings run together.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The byte of [`Names::text`] at which each string ends.
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }
}

/// Open addressing with linear probing at no more than half load: one cache line for most look-ups. Keys are hashes
/// already, so their low bits serve as the slot.
#[derive(Debug, Clone, PartialEq, Eq)]
struct KeyTable {
    slots: Vec<(u64, u32)>,
}

impl KeyTable {
    /// And whether every key occurs once.
    fn new(keys: &[u64]) -> (Self, bool) {
        let mut table = KeyTable { slots: vec![(0, NONE); (keys.len() * 2).next_power_of_two()] };
        let mut unique = true;
        for (column, &key) in keys.iter().enumerate() {
            match table.find(key) {
                Ok(_) => unique = false,
                Err(free) => table.slots[free] = (key, column as u32),
            }
        }
        (table, unique)
    }

    fn get(&self, key: u64) -> Option<u32> {
        self.find(key).ok()
    }

    #[inline]
    fn find(&self, key: u64) -> std::result::Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = key as usize & mask;
        loop {
            match self.slots[slot] {
                (_, NONE) => return Err(slot),
                (found, column) if found == key => return Ok(column),
                _ => slot = (slot + 1) & mask,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn columns_follow_the_sorted_names() {
        let vocabulary = Vocabulary::new(vec![("b".into(), 7), ("".into(), 0), ("a".into(), 9)]).unwrap();
        assert_eq!(vocabulary.names().iter().collect::<Vec<_>>(), ["", "a", "b"]);
        assert_eq!([7, 0, 9, 1].map(|key| vocabulary.get(key)), [Some(2), Some(0), Some(1), None]);
        assert!(Vocabulary::new(vec![("a".into(), 1), ("b".into(), 1)]).is_err());
        assert_eq!(Vocabulary::new(Vec::new()).unwrap().get(5), None);
    }

    #[test]
    fn damaged_names_are_refused() {
        assert!(Names::from_parts("ab".into(), vec![1, 2]).is_ok());
        for (text, ends) in
            [("ab", vec![2, 1]), ("ab", vec![1]), ("é", vec![1, 2]), ("a", vec![9]), ("a", vec![])]
        {
            assert!(Names::from_parts(text.into(), ends.clone()).is_err(), "{text} {ends:?}");
        }
    }

    proptest! {
        #[test]
        fn every_key_is_found_and_no_other(keys in prop::collection::hash_set(0u64..64, 0..40), other in 0u64..64) {
            let entries = keys.iter().map(|key| (format!("{key:03}"), *key)).collect();
            let vocabulary = Vocabulary::new(entries).unwrap();
            for &key in &keys {
                let column = vocabulary.get(key).unwrap();
                let name = format!("{key:03}");
                prop_assert_eq!(vocabulary.names().get(column as usize), Some(name.as_str()));
            }
            prop_assert_eq!(vocabulary.get(other).is_some(), keys.contains(&other));
        }
    }
}
