//! Fitting: count n-grams by key, choose, name and sort what stays.
//!
//! Texts are read three times (count, name, transform), which is cheaper than keeping their n-grams: cutting runs at
//! hundreds of megabytes a second, and the counts of a corpus are much smaller than its n-grams.

use rayon::prelude::*;

use super::{Block, Columns, Frequency, NgramParams, Vectorizer, VectorizerParams, hashed};
use crate::error::{Error, Result};
use crate::features::ngram::{Ngram, Units};
use crate::features::vocabulary::Vocabulary;
use crate::text::normalize::Normalizer;
use crate::text::tokenize::WordTokenizer;

pub(super) fn fit<T: AsRef<str> + Sync>(params: &VectorizerParams, texts: &[T]) -> Result<Vectorizer> {
    if texts.len() >= u32::MAX as usize {
        return Err(Error::Dataset("more than four billion texts: train on a sample".into()));
    }
    let cutter = Cutter {
        params,
        normalizer: Normalizer::new(params.normalize),
        words: WordTokenizer::new(params.words),
    };
    let counts = cutter.count(texts)?;
    let kept: Vec<Kept> = params
        .features
        .iter()
        .zip(counts)
        .map(|(block, counts)| Kept::choose(block, counts, texts.len()))
        .collect();
    let names = cutter.name(texts, &kept)?;
    let blocks = params
        .features
        .iter()
        .zip(kept)
        .zip(names)
        .map(|((block, kept), names)| kept.into_block(block, names, texts.len()))
        .collect::<Result<_>>()?;
    Vectorizer::from_parts(cutter.normalizer, cutter.words, params.subwords.clone(), blocks)
}

/// Cuts texts into the n-grams of every block.
struct Cutter<'a> {
    params: &'a VectorizerParams,
    normalizer: Normalizer,
    words: WordTokenizer,
}

impl Cutter<'_> {
    /// Calls `each` with the block and every n-gram of the text, and the normalised text.
    fn cut(&self, text: &str, units: &mut Units, mut each: impl FnMut(usize, Ngram<'_>, &str)) -> Result<()> {
        let text = self.normalizer.normalize(text);
        for (index, block) in self.params.features.iter().enumerate() {
            units.cut(block.analyzer, &self.words, self.params.subwords.as_ref(), &text)?;
            units.for_each(block.analyzer, block.ngrams, |gram| each(index, gram, &text));
        }
        Ok(())
    }

    /// Counts each n-gram of each block. Sums do not depend on how the texts are shared out.
    fn count<T: AsRef<str> + Sync>(&self, texts: &[T]) -> Result<Vec<Counts>> {
        let share = texts.len().div_ceil(rayon::current_num_threads()).max(1);
        let parts: Vec<Result<Vec<Counts>>> = texts
            .par_chunks(share)
            .enumerate()
            .map(|(part, texts)| {
                let mut counts = vec![Counts::default(); self.params.features.len()];
                let mut units = Units::default();
                for (index, text) in texts.iter().enumerate() {
                    let document = (part * share + index) as u32;
                    let mut place = Place { document, ordinal: 0 };
                    self.cut(text.as_ref(), &mut units, |block, gram, _| {
                        let key = match self.params.features[block].hash_bits {
                            Some(bits) => u64::from(hashed(gram.key, bits)),
                            None => gram.key,
                        };
                        counts[block].add(key, place);
                        place.ordinal += 1;
                    })?;
                }
                Ok(counts)
            })
            .collect();
        let mut parts = parts.into_iter();
        let mut all =
            parts.next().unwrap_or_else(|| Ok(vec![Counts::default(); self.params.features.len()]))?;
        for part in parts {
            for (all, part) in all.iter_mut().zip(part?) {
                all.merge(part);
            }
        }
        Ok(all)
    }

    /// The names of the kept n-grams of each block, in the order of [`Kept::counts`]: each is read off the text where it
    /// was seen first.
    fn name<T: AsRef<str> + Sync>(&self, texts: &[T], kept: &[Kept]) -> Result<Vec<Vec<String>>> {
        // (first place, block, index in the block)
        let mut wanted: Vec<(Place, u32, u32)> = Vec::new();
        for (block, kept) in kept.iter().enumerate() {
            if self.params.features[block].hash_bits.is_none() {
                let places = kept.counts.iter().enumerate();
                wanted.extend(places.map(|(index, count)| (count.first, block as u32, index as u32)));
            }
        }
        wanted.par_sort_unstable();
        let documents: Vec<&[(Place, u32, u32)]> =
            wanted.chunk_by(|(a, ..), (b, ..)| a.document == b.document).collect();
        let found: Vec<Result<Vec<String>>> = documents
            .par_iter()
            .map_init(Units::default, |units, wanted| {
                let mut names = Vec::with_capacity(wanted.len());
                let mut ordinal = 0;
                let text = texts[wanted[0].0.document as usize].as_ref();
                self.cut(text, units, |block, gram, text| {
                    if wanted.get(names.len()).is_some_and(|(place, ..)| place.ordinal == ordinal) {
                        names.push(gram.name(self.params.features[block].analyzer, text));
                    }
                    ordinal += 1;
                })?;
                Ok(names)
            })
            .collect();
        let mut names: Vec<Vec<String>> =
            kept.iter().map(|kept| vec![String::new(); kept.counts.len()]).collect();
        for (wanted, found) in documents.into_iter().zip(found) {
            for (&(_, block, index), name) in wanted.iter().zip(found?) {
                names[block as usize][index as usize] = name;
            }
        }
        Ok(names)
    }
}

/// A text, and how many n-grams of all blocks come before in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    document: u32,
    ordinal: u32,
}

/// What is known of one n-gram.
#[derive(Debug, Clone, Copy)]
struct Count {
    key: u64,
    /// Texts it occurs in; 0 marks a free slot.
    df: u32,
    /// Occurrences, up to four billion.
    tf: u32,
    /// Where it was seen first, and the last text it was seen in.
    first: Place,
    last: u32,
}

/// Counts by key: open addressing, at most two thirds full.
#[derive(Debug, Clone, Default)]
struct Counts {
    slots: Vec<Count>,
    used: usize,
}

impl Counts {
    #[inline]
    fn add(&mut self, key: u64, place: Place) {
        let document = place.document;
        let count = self.slot(key);
        if count.df == 0 {
            *count = Count { key, df: 1, tf: 1, first: place, last: document };
            self.used += 1;
        } else {
            count.df += u32::from(count.last != document);
            count.last = document;
            count.tf = count.tf.saturating_add(1);
        }
    }

    /// Adds the counts of other texts.
    fn merge(&mut self, other: Counts) {
        for count in other.slots.into_iter().filter(|count| count.df > 0) {
            let slot = self.slot(count.key);
            if slot.df == 0 {
                *slot = count;
                self.used += 1;
            } else {
                slot.df += count.df;
                slot.tf = slot.tf.saturating_add(count.tf);
                slot.first = slot.first.min(count.first);
                slot.last = slot.last.max(count.last);
            }
        }
    }

    /// The slot of `key`, or the free one where it belongs.
    #[inline]
    fn slot(&mut self, key: u64) -> &mut Count {
        if self.used * 3 >= self.slots.len() * 2 {
            self.grow();
        }
        let mask = self.slots.len() - 1;
        let mut slot = Self::home(key) & mask;
        while self.slots[slot].df > 0 && self.slots[slot].key != key {
            slot = (slot + 1) & mask;
        }
        &mut self.slots[slot]
    }

    /// Where the search for `key` begins; keys of hashed features are small numbers, so their bits are spread.
    #[inline]
    fn home(key: u64) -> usize {
        (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize
    }

    fn grow(&mut self) {
        const FREE: Count = Count { key: 0, df: 0, tf: 0, first: Place { document: 0, ordinal: 0 }, last: 0 };
        let size = (self.slots.len() * 2).max(1024);
        for count in std::mem::replace(&mut self.slots, vec![FREE; size]) {
            if count.df > 0 {
                let mut slot = Self::home(count.key) & (size - 1);
                while self.slots[slot].df > 0 {
                    slot = (slot + 1) & (size - 1);
                }
                self.slots[slot] = count;
            }
        }
    }
}

/// The n-grams of one block that stay.
struct Kept {
    counts: Vec<Count>,
}

impl Kept {
    fn choose(block: &NgramParams, counts: Counts, texts: usize) -> Self {
        let (min, max) = (block.min_df.of(texts), block.max_df.of(texts));
        let stays = |count: &Count| count.df > 0 && (min..=max).contains(&f64::from(count.df));
        Kept { counts: counts.slots.into_iter().filter(stays).collect() }
    }

    fn into_block(self, block: &NgramParams, names: Vec<String>, texts: usize) -> Result<Block> {
        let idf = |df: u32| (libm::log((1.0 + texts as f64) / (1.0 + f64::from(df))) + 1.0) as f32;
        if let Some(bits) = block.hash_bits {
            let mut idfs = Vec::new();
            if block.weight.uses_idf() {
                idfs = vec![idf(0); 1 << bits];
                for count in &self.counts {
                    idfs[count.key as usize] = idf(count.df);
                }
            }
            return Ok(Block { params: block.clone(), columns: Columns::Hashed { bits }, idf: idfs });
        }
        let mut named: Vec<(String, Count)> = names.into_iter().zip(self.counts).collect();
        if let Some(most) = block.max_features
            && named.len() > most
        {
            named.par_sort_unstable_by(|(a, x), (b, y)| y.tf.cmp(&x.tf).then_with(|| a.cmp(b)));
            named.truncate(most);
        }
        if named.is_empty() {
            return Err(empty(block));
        }
        named.par_sort_unstable_by(|(a, x), (b, y)| a.cmp(b).then(x.key.cmp(&y.key)));
        let idf = if block.weight.uses_idf() {
            named.iter().map(|(_, count)| idf(count.df)).collect()
        } else {
            Vec::new()
        };
        let entries = named.into_iter().map(|(name, count)| (name, count.key)).collect();
        Ok(Block { params: block.clone(), columns: Columns::Vocabulary(Vocabulary::new(entries)?), idf })
    }
}

fn empty(block: &NgramParams) -> Error {
    let bounds = block.min_df != Frequency::Count(1) || block.max_df != Frequency::Fraction(1.0);
    Error::Dataset(format!(
        "no {} n-grams of length {} are left to learn from: {}",
        block.analyzer,
        block.ngrams,
        if bounds {
            "try a lower min_df or a higher max_df"
        } else {
            "the texts are empty or hold no such units"
        }
    ))
}
