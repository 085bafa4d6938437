//! The pieces seen so far and their ids: most of a text is a few thousand words, over and over.

use ahash::RandomState;

/// Slots to begin with.
const FIRST: usize = 1 << 10;
/// Slots at most; when half of them are taken, everything is forgotten. About 10 MB in all.
const MOST: usize = 1 << 18;
/// Longer pieces are not kept: they hardly come back.
const LONGEST: usize = 64;

/// A bounded map from a piece to its ids, in three blocks of memory.
#[derive(Debug, Clone)]
pub(super) struct Cache {
    hasher: RandomState,
    slots: Vec<Slot>,
    used: usize,
    keys: Vec<u8>,
    ids: Vec<u32>,
}

/// A place in the table; free while its key is empty, which no piece is.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    hash: u64,
    key: u32,
    key_len: u32,
    ids: u32,
    ids_len: u32,
}

impl Default for Cache {
    fn default() -> Self {
        Cache {
            hasher: RandomState::with_seeds(1, 2, 3, 4),
            slots: vec![Slot::default(); FIRST],
            used: 0,
            keys: Vec::new(),
            ids: Vec::new(),
        }
    }
}

impl Cache {
    /// The hash of a piece, to ask and to insert with.
    #[inline]
    pub(super) fn hash(&self, piece: &str) -> u64 {
        self.hasher.hash_one(piece.as_bytes())
    }

    /// The ids of a piece, if it is known.
    #[inline]
    pub(super) fn get(&self, hash: u64, piece: &str) -> Option<&[u32]> {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = &self.slots[at];
            if slot.key_len == 0 {
                return None;
            }
            if slot.hash == hash
                && &self.keys[slot.key as usize..][..slot.key_len as usize] == piece.as_bytes()
            {
                return Some(&self.ids[slot.ids as usize..][..slot.ids_len as usize]);
            }
            at = (at + 1) & mask;
        }
    }

    /// Remembers a piece that is not known.
    pub(super) fn insert(&mut self, hash: u64, piece: &str, ids: &[u32]) {
        if piece.is_empty() || piece.len() > LONGEST {
            return;
        }
        if self.used * 2 >= self.slots.len() {
            self.make_room();
        }
        let slot = Slot {
            hash,
            key: self.keys.len() as u32,
            key_len: piece.len() as u32,
            ids: self.ids.len() as u32,
            ids_len: ids.len() as u32,
        };
        self.keys.extend_from_slice(piece.as_bytes());
        self.ids.extend_from_slice(ids);
        self.place(slot);
        self.used += 1;
    }

    fn place(&mut self, slot: Slot) {
        let mask = self.slots.len() - 1;
        let mut at = slot.hash as usize & mask;
        while self.slots[at].key_len != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = slot;
    }

    fn make_room(&mut self) {
        if self.slots.len() < MOST {
            let larger = vec![Slot::default(); self.slots.len() * 4];
            let old = std::mem::replace(&mut self.slots, larger);
            old.into_iter().filter(|slot| slot.key_len != 0).for_each(|slot| self.place(slot));
        } else {
            self.slots.fill(Slot::default());
            self.used = 0;
            self.keys.clear();
            self.ids.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_comes_out_or_is_forgotten_and_memory_is_bounded() {
        let mut cache = Cache::default();
        for number in 0..400_000u32 {
            let piece = format!("piece {number}");
            let hash = cache.hash(&piece);
            assert_eq!(cache.get(hash, &piece), None);
            cache.insert(hash, &piece, &[number, number + 1]);
            assert_eq!(cache.get(hash, &piece), Some(&[number, number + 1][..]));
            if number < 100_000 {
                let first = cache.hash("piece 0");
                assert_eq!(cache.get(first, "piece 0"), Some(&[0, 1][..]));
            }
        }
        assert!(cache.slots.len() <= MOST && cache.keys.len() < MOST * LONGEST / 2);
    }
}
