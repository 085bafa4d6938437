//! What a chunk of text between spaces comes to, kept for the next time: news repeats its words.
//!
//! Its words, what it adds to the sums of each block, and the features that it has there, lie one after the other in memory.
//! A chunk met before costs a look-up and a walk along them: it is not normalised, cut, hashed or looked up again.

/// Sets of two places; a power of two.
const SETS: usize = 1 << 15;
/// Numbers kept in all, 4 bytes each: when they are full, everything is forgotten.
const ROOM: usize = 1 << 21;
/// No chunk.
const NONE: u32 = u32::MAX;

/// Numbers by the hash of a chunk; of two chunks of a set, the one asked for last stays when a third comes.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    sets: Vec<[Place; 2]>,
    numbers: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    hash: u64,
    at: u32,
    size: u32,
}

const FREE: Place = Place { hash: 0, at: NONE, size: 0 };

impl Chunks {
    /// The numbers of a chunk, if it is known.
    #[inline]
    pub(super) fn get(&mut self, hash: u64) -> Option<&[u32]> {
        let set = self.sets.get_mut(hash as usize % SETS)?;
        if set[0].hash != hash || set[0].at == NONE {
            if set[1].hash != hash || set[1].at == NONE {
                return None;
            }
            set.swap(0, 1);
        }
        let Place { at, size, .. } = set[0];
        self.numbers.get(at as usize..)?.get(..size as usize)
    }

    /// Keeps the numbers of a chunk that is not known.
    pub(super) fn put(&mut self, hash: u64, numbers: &[u32]) {
        if numbers.len() > ROOM {
            return;
        }
        if self.sets.is_empty() || self.numbers.len() + numbers.len() > ROOM {
            self.sets.clear();
            self.sets.resize(SETS, [FREE; 2]);
            self.numbers.clear();
        }
        let set = &mut self.sets[hash as usize % SETS];
        set[1] = set[0];
        set[0] = Place { hash, at: self.numbers.len() as u32, size: numbers.len() as u32 };
        self.numbers.extend_from_slice(numbers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_come_back_as_they_were_or_not_at_all() {
        let mut chunks = Chunks::default();
        assert!(chunks.get(7).is_none());
        let (mut kept, mut forgotten) = (0, 0);
        let numbers = |chunk: u64| (0..chunk as u32 % 60).map(|n| n ^ chunk as u32).collect::<Vec<_>>();
        for chunk in 0..90_000u64 {
            chunks.put(chunk, &numbers(chunk));
            assert!(chunks.numbers.len() <= ROOM);
            for old in [chunk, chunk / 2, chunk.saturating_sub(30_000)] {
                match chunks.get(old).map(<[u32]>::to_vec) {
                    None => forgotten += 1,
                    Some(found) => {
                        kept += 1;
                        assert_eq!(found, numbers(old));
                    }
                }
            }
        }
        assert!(kept > 90_000 && forgotten > 1000, "{kept} {forgotten}");
        let before = chunks.numbers.len();
        chunks.put(1, &vec![0; ROOM + 1]);
        assert_eq!(chunks.numbers.len(), before, "too long to keep");
    }
}
