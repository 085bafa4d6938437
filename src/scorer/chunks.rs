//! What a chunk of text between spaces comes to, kept for the next time: news repeats its words.
//!
//! Its words, what it adds to the sums of each block, and the features that it has there, lie one after the other in a ring.
//! A chunk met before costs a look-up and a walk along them: it is not normalised, cut, hashed or looked up again. What was not asked
//! for lately is written over.
//!
//! Both steps of the look-up miss the nearest caches, so they are taken for many chunks at once: [`Chunks::find`] asks for all the
//! places, then for all that lies there, and the processor waits once instead of once a chunk.

use crate::features::hash::{SEED, fold, hash_bytes};

/// Sets of two places; a power of two.
const SETS: usize = 1 << 16;
/// Numbers kept in all, 4 bytes each; a power of two.
const ROOM: usize = 1 << 22;
/// The count of what was written starts again above this, before it overflows.
const LAST: u32 = u32::MAX - ROOM as u32;
/// Of an entry, before its numbers: the hash of the chunk and the count of numbers.
const HEAD: usize = 3;
/// Makes the hash of a chunk another than that of the word that it is: an entry has those too, and its head must not be taken for them.
const CHUNK: u64 = 0x5851_F42D_4C95_7F2D;
/// Numbers in a cache line.
const LINE: usize = 16;
/// No chunk.
const NONE: u32 = u32::MAX;

/// Numbers by the hash of a chunk; of two chunks of a set, the one asked for last stays when a third comes.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    sets: Vec<[Place; 2]>,
    ring: Vec<u32>,
    /// Numbers written since the ring was last empty.
    written: u32,
}

/// A chunk of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) hash: u64,
    /// Where it may lie.
    at: u32,
}

/// `at` numbers were written before the entry.
#[derive(Debug, Clone, Copy)]
struct Place {
    tag: u32,
    at: u32,
}

const FREE: Place = Place { tag: 0, at: NONE };

impl Chunks {
    /// Sees where the numbers of `pieces` may lie, and brings them near.
    pub(super) fn find(&mut self, pieces: &mut [Piece]) {
        if self.sets.is_empty() {
            return;
        }
        for piece in &mut *pieces {
            piece.at = self.place(piece.hash);
        }
        let near = pieces.iter().fold(0, |sum, piece| {
            let start = piece.at as usize % ROOM;
            sum ^ self.ring[start] ^ self.ring[(start + LINE) % ROOM]
        });
        std::hint::black_box(near);
    }

    #[inline(always)]
    fn place(&mut self, hash: u64) -> u32 {
        let set = &mut self.sets[hash as usize % SETS];
        let tag = (hash >> 32) as u32;
        if set[0].tag == tag {
            return set[0].at;
        }
        if set[1].tag != tag {
            return NONE;
        }
        set.swap(0, 1);
        set[0].at
    }

    /// The numbers of a chunk, if it is known.
    #[inline]
    pub(super) fn get(&mut self, piece: &Piece) -> Option<&[u32]> {
        let mut at = piece.at;
        if !self.lies_at(at, piece.hash) {
            // Come, or moved, since it was looked for.
            if self.sets.is_empty() {
                return None;
            }
            at = self.place(piece.hash);
            if !self.lies_at(at, piece.hash) {
                return None;
            }
        }
        let start = at as usize % ROOM;
        let size = self.ring[start + 2] as usize;
        // What is old and asked for is written again, unless the count is about to start again.
        if self.written - at > ROOM as u32 / 2 && self.written <= LAST {
            let new = self.claim(HEAD + size);
            self.sets[piece.hash as usize % SETS][0].at = self.written - (HEAD + size) as u32;
            self.ring.copy_within(start..start + HEAD + size, new);
            return self.ring.get(new + HEAD..)?.get(..size);
        }
        self.ring.get(start + HEAD..)?.get(..size)
    }

    /// Whether the entry that was written at `at` is there still, and that of `hash`.
    #[inline(always)]
    fn lies_at(&self, at: u32, hash: u64) -> bool {
        let age = self.written.wrapping_sub(at);
        at < self.written && age <= ROOM as u32 && {
            let start = at as usize % ROOM;
            self.ring[start] == hash as u32 && self.ring[start + 1] == (hash >> 32) as u32
        }
    }

    /// Keeps the numbers of a chunk that is not known.
    pub(super) fn put(&mut self, piece: &Piece, numbers: &[u32]) {
        if numbers.len() + HEAD > ROOM / 4 {
            return;
        }
        if self.sets.is_empty() || self.written > LAST {
            self.sets = vec![[FREE; 2]; SETS];
            // The head of the last place in the ring ends behind it. Memory that is zero costs nothing before it is written.
            self.ring = vec![0; ROOM + HEAD];
            self.written = 0;
        }
        let size = HEAD + numbers.len();
        let start = self.claim(size);
        let tag = (piece.hash >> 32) as u32;
        self.ring[start..start + HEAD].copy_from_slice(&[piece.hash as u32, tag, numbers.len() as u32]);
        self.ring[start + HEAD..start + size].copy_from_slice(numbers);
        let set = &mut self.sets[piece.hash as usize % SETS];
        if set[0].tag != tag {
            set[1] = set[0];
        }
        set[0] = Place { tag, at: self.written - size as u32 };
    }

    /// Where in the ring the next entry of so many numbers goes: whole, behind the last one or at the start.
    fn claim(&mut self, size: usize) -> usize {
        let mut start = self.written as usize % ROOM;
        if start + size > ROOM {
            self.written += (ROOM - start) as u32;
            start = 0;
        }
        self.written += size as u32;
        start
    }
}

/// The next chunk of `text` from `start` on, if there is one. Chunks end at ASCII white space: no word, and no sequence of
/// characters that belong together, goes across it.
#[inline]
pub(super) fn next_piece(text: &[u8], mut start: usize) -> Option<Piece> {
    while start < text.len() && is_space(text[start]) {
        start += 1;
    }
    if start >= text.len() {
        return None;
    }
    let (end, hash) = eight_by_eight(text, start).unwrap_or_else(|| {
        let length = text[start..].iter().position(|&byte| is_space(byte));
        let end = length.map_or(text.len(), |length| start + length);
        (end, hash_bytes(&text[start..end]))
    });
    Some(Piece { start, end, hash: hash ^ CHUNK, at: NONE })
}

/// The end of a chunk and its [`hash_bytes`], eight bytes at a time. Nothing near the end of the text, or where a control character
/// that is no white space ends the search.
#[inline]
fn eight_by_eight(text: &[u8], start: usize) -> Option<(usize, u64)> {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let (mut at, mut hash) = (start, SEED);
    loop {
        let eight = u64::from_le_bytes(text.get(at..at + 8)?.try_into().ok()?);
        // The lowest bit that is set marks the first byte up to and with the space; above it there may be false ones.
        let low = eight.wrapping_sub(EACH * 0x21) & !eight & (EACH * 0x80);
        if low == 0 {
            hash = fold(hash, eight);
            at += 8;
            continue;
        }
        let bits = low.trailing_zeros() & !7;
        if !is_space((eight >> bits) as u8) {
            return None;
        }
        let last = eight & ((1 << bits) - 1);
        let end = at + bits as usize / 8;
        return Some((end, fold(fold(hash, last), (end - start) as u64)));
    }
}

#[inline(always)]
fn is_space(byte: u8) -> bool {
    byte == b' ' || byte.wrapping_sub(b'\t') < 5
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn piece(hash: u64) -> Piece {
        Piece { start: 0, end: 0, hash: crate::random::mix(hash), at: NONE }
    }

    #[test]
    fn chunks_come_back_as_they_were_or_not_at_all() {
        let mut chunks = Chunks::default();
        assert!(chunks.get(&piece(7)).is_none());
        let (mut kept, mut forgotten) = (0, 0);
        let numbers = |chunk: u64| (0..chunk as u32 % 60).map(|n| n ^ chunk as u32).collect::<Vec<_>>();
        for chunk in 0..150_000u64 {
            chunks.put(&piece(chunk), &numbers(chunk));
            let olds = [chunk, chunk / 2, chunk.saturating_sub(30_000), 3];
            let mut pieces = olds.map(piece);
            // Found now or when it is asked for.
            if chunk % 2 == 0 {
                chunks.find(&mut pieces);
            }
            for (piece, old) in pieces.iter().zip(olds) {
                match chunks.get(piece).map(<[u32]>::to_vec) {
                    None => forgotten += 1,
                    Some(found) => {
                        kept += 1;
                        assert_eq!(found, numbers(old));
                    }
                }
            }
        }
        assert!(kept > 300_000 && forgotten > 1000, "{kept} {forgotten}");
        assert!(chunks.get(&piece(3)).is_some(), "what is asked for stays");
        assert_eq!(chunks.ring.len(), ROOM + HEAD);
        let before = chunks.written;
        chunks.put(&piece(1), &vec![0; ROOM]);
        assert_eq!(chunks.written, before, "too long to keep");
    }

    #[test]
    fn the_count_of_what_was_written_starts_again_before_it_overflows() {
        let mut chunks = Chunks::default();
        chunks.put(&piece(1), &[1]);
        // Not written again, however old.
        chunks.written = LAST + 1;
        chunks.sets[piece(1).hash as usize % SETS][0].at = LAST + 1 - ROOM as u32;
        assert_eq!(chunks.get(&piece(1)), Some(&[1][..]));
        assert_eq!(chunks.written, LAST + 1);
        chunks.put(&piece(2), &[2]);
        assert!(chunks.get(&piece(1)).is_none());
        assert_eq!(chunks.get(&piece(2)), Some(&[2][..]));
        assert!(chunks.written < 10);
    }

    proptest! {
        #[test]
        fn pieces_are_what_stands_between_white_space(text in "[a-c\u{1}\u{85}ش \n\t\r\u{1f}]{0,60}") {
            let (mut pieces, mut start) = (Vec::new(), 0);
            while let Some(piece) = next_piece(text.as_bytes(), start) {
                let chunk = &text[piece.start..piece.end];
                prop_assert_eq!(piece.hash ^ CHUNK, hash_bytes(chunk.as_bytes()));
                pieces.push(chunk);
                start = piece.end;
            }
            let expected: Vec<&str> =
                text.split([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']).filter(|chunk| !chunk.is_empty()).collect();
            prop_assert_eq!(pieces, expected);
        }
    }
}
