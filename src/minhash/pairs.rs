//! Candidates from shared bands, each compared in full.

use std::collections::HashMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bands::Bands;
use super::grams::{hashed_set, overlap_from};
use crate::{Error, Result};

/// The least threshold: below it, texts in one language resemble each other by chance.
const LEAST: f64 = 0.1;

/// The most texts of one bucket that are all compared with each other.
const FULL: usize = 500;

/// In a bigger bucket a text is compared with this many before it, and with the first.
const WINDOW: usize = 100;

/// Two texts that are near duplicates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// The index of the earlier text.
    pub a: usize,
    /// The index of the later text.
    pub b: usize,
    /// The Jaccard similarity of their character 5-gram sets: see [`jaccard`](super::jaccard).
    pub similarity: f64,
}

/// The pairs of texts whose similarity is at least `threshold`, sorted by `a`, then `b`.
///
/// **Equal texts** are collapsed first: each later copy is paired with the first one alone, and only
/// first copies are paired with other texts. So n equal lines give n − 1 pairs, and
/// [`clusters`](super::clusters()) still puts them together.
///
/// **What is found.** Every pair that is reported is one, with its exact similarity (short of a
/// collision of 64-bit hashes). A pair just at the threshold is found with a chance of 0.99 or more;
/// one 0.2 above it is missed with a chance of less than one in a million.
///
/// **The one exception** keeps a template filled in a hundred thousand times from making five thousand
/// million pairs: where more than 500 *different* texts share a band of their sketches, each is compared
/// there with the 100 before it and with the first. So some pairs of so big a crowd are left out; its
/// [`clusters`](super::clusters()) hang together nearly always.
///
/// **Cost.** For 200,000 lines of 150 characters on two cores: 4 s and 350 MB at threshold 0.8, 9 s and
/// 480 MB at 0.5, 3 minutes at 0.3, where ordinary sentences begin to resemble each other by chance.
/// 200,000 fillings of one template, the worst case: 18 s and 1.6 GB, most of it for 41 million pairs.
///
/// # Errors
/// If `threshold` is not between 0.1 and 1.
pub fn near_duplicates(texts: &[impl AsRef<str> + Sync], threshold: f64) -> Result<Vec<Pair>> {
    let mut pairs = Vec::new();
    visit_near_duplicates(texts, threshold, |pair| pairs.push(pair), |_, _| {})?;
    pairs.par_sort_unstable_by_key(|pair| (pair.a, pair.b));
    Ok(pairs)
}

/// Hands every pair of [`near_duplicates`] to `found`, each once, so that millions of them need not be kept. The order is
/// the same on every run, but no order to rely on. `progress` hears how many bands are done, and of how many.
///
/// # Errors
/// As [`near_duplicates`].
pub(crate) fn visit_near_duplicates(
    texts: &[impl AsRef<str> + Sync],
    threshold: f64,
    mut found: impl FnMut(Pair),
    mut progress: impl FnMut(usize, usize),
) -> Result<()> {
    if !(LEAST..=1.0).contains(&threshold) {
        return Err(Error::Parameter(format!(
            "a threshold of near duplicates lies between {LEAST} and 1, not at {threshold}: 0.8 finds reworded copies, 1 only the same grams"
        )));
    }
    let (distinct, copies) = collapse(texts);
    copies.into_iter().for_each(&mut found);
    let sets: Vec<Box<[u64]>> = distinct.par_iter().map(|&text| hashed_set(texts[text].as_ref())).collect();

    let mut search = Search::new(&sets, threshold);
    for band in 0..search.bands {
        for (a, b, similarity) in search.band(band) {
            found(Pair { a: distinct[a], b: distinct[b], similarity });
        }
        progress(band + 1, search.bands);
    }
    Ok(())
}

/// The first copy of every text, in order, and the pairs that its later copies make with it.
fn collapse(texts: &[impl AsRef<str>]) -> (Vec<usize>, Vec<Pair>) {
    let mut first: HashMap<&str, usize> = HashMap::with_capacity(texts.len());
    let (mut distinct, mut copies) = (Vec::new(), Vec::new());
    for (b, text) in texts.iter().enumerate() {
        let a = *first.entry(text.as_ref()).or_insert(b);
        if a == b { distinct.push(b) } else { copies.push(Pair { a, b, similarity: 1.0 }) }
    }
    (distinct, copies)
}

/// A search for pairs among gram sets, one band after the other.
struct Search<'a> {
    sets: &'a [Box<[u64]>],
    threshold: f64,
    bands: usize,
    /// The band keys of each set, side by side.
    keys: Vec<u32>,
    /// Where the set stands in the bucket of each band, if that is too big to be compared in full; else 0.
    places: Vec<u32>,
}

impl<'a> Search<'a> {
    fn new(sets: &'a [Box<[u64]>], threshold: f64) -> Self {
        let bands = Bands::for_threshold(threshold);
        let mut keys = vec![0; sets.len() * bands.len()];
        keys.par_chunks_exact_mut(bands.len()).zip(sets).for_each(|(keys, set)| bands.sketch(set, keys));
        Search { sets, threshold, bands: bands.len(), places: vec![0; keys.len()], keys }
    }

    /// The pairs that are compared first in `band`, the bands before it being done.
    fn band(&mut self, band: usize) -> Vec<(usize, usize, f64)> {
        let keys = self.keys.chunks_exact(self.bands).map(|keys| keys[band]);
        let mut members: Vec<(u32, usize)> = keys.zip(0..).collect();
        members.par_sort_unstable();
        let buckets = || members.par_chunk_by(|a, b| a.0 == b.0).filter(|bucket| bucket.len() > 1);
        let pairs = buckets().flat_map(|bucket| self.bucket(bucket, band)).collect();

        for bucket in members.chunk_by(|a, b| a.0 == b.0).filter(|bucket| bucket.len() > FULL) {
            for (place, &(_, set)) in bucket.iter().enumerate() {
                self.places[set * self.bands + band] = u32::try_from(place).unwrap_or(u32::MAX);
            }
        }
        pairs
    }

    /// The pairs of one bucket: each set with the ones before it, and with the first.
    fn bucket(&self, bucket: &[(u32, usize)], band: usize) -> Vec<(usize, usize, f64)> {
        let window = if bucket.len() > FULL { WINDOW } else { FULL };
        let of_place = |place: usize| {
            let (_, b) = bucket[place];
            let start = place.saturating_sub(window);
            let others = bucket[..start.min(1)].iter().chain(&bucket[start..place]);
            others
                .filter_map(move |&(_, a)| if self.compared(a, b, band) { None } else { self.compare(a, b) })
        };
        if bucket.len() > FULL {
            return (0..bucket.len()).into_par_iter().flat_map_iter(of_place).collect();
        }
        (0..bucket.len()).flat_map(of_place).collect()
    }

    /// Whether two sets were compared in a band before `band`.
    fn compared(&self, a: usize, b: usize, band: usize) -> bool {
        let (a, b) = (a * self.bands, b * self.bands);
        let near = |a: u32, b: u32| a == 0 || b == 0 || a.abs_diff(b) as usize <= WINDOW;
        (0..band).any(|band| {
            self.keys[a + band] == self.keys[b + band] && near(self.places[a + band], self.places[b + band])
        })
    }

    /// Two sets and their similarity, if they are similar enough.
    fn compare(&self, a: usize, b: usize) -> Option<(usize, usize, f64)> {
        let similarity = overlap_from(&self.sets[a], &self.sets[b], self.threshold)?;
        Some((a, b, similarity))
    }
}
