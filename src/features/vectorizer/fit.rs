//! Fitting: number and count n-grams, choose and sort what stays.
//!
//! Texts are cut once. Each leaves a list of n-gram numbers and counts, from which its row is made when the columns are
//! known. Threads number the n-grams of their own share; the numbers are joined afterwards, and columns are in the order of
//! the names, so that nothing depends on how the texts were shared out.

mod counts;

use std::sync::Arc;

use rayon::prelude::*;

use super::{Block, Columns, Frequency, NgramParams, Vectorizer, VectorizerParams, hashed};
use crate::error::{Error, Result};
use crate::features::csr::Csr;
use crate::features::hash::hash_bytes;
use crate::features::ngram::{Analyzer, Units, unit_key};
use crate::features::pooled::{Pooled, Table};
use crate::features::vocabulary::{Names, Vocabulary};
use crate::text::normalize::Normalizer;
use crate::text::tokenize::WordTokenizer;
use crate::vectors::WordVectors;
use counts::{Grams, WordGrams};

/// The column of an n-gram that does not stay.
const DROPPED: u32 = u32::MAX;

/// Learns from `texts`; gives their rows too when `with_rows` asks for them.
pub(super) fn fit<T: AsRef<str> + Sync>(
    params: &VectorizerParams,
    texts: &[T],
    with_rows: bool,
) -> Result<(Vectorizer, Option<Csr>)> {
    if texts.len() >= u32::MAX as usize {
        return Err(Error::Dataset("more than four billion texts: train on a sample".into()));
    }
    let cutter = Cutter {
        params,
        normalizer: Normalizer::new(params.normalize),
        words: WordTokenizer::new(params.words),
    };
    let size = texts.len().div_ceil(rayon::current_num_threads()).max(1);
    let mut shares =
        texts.par_chunks(size).map(|texts| cutter.share(texts, with_rows)).collect::<Result<Vec<Share>>>()?;
    let mut blocks = Vec::with_capacity(params.features.len());
    for (index, block) in params.features.iter().enumerate() {
        blocks.push(join(block, &mut shares, index, texts.len())?);
    }
    let (pooled, keys) = pool(&cutter, texts)?;
    let Cutter { normalizer, words, .. } = cutter;
    let vectorizer = Vectorizer::from_parts(normalizer, words, params.subwords.clone(), blocks, pooled)?;
    if !with_rows {
        return Ok((vectorizer, None));
    }
    let parts: Vec<Csr> = shares
        .into_par_iter()
        .enumerate()
        .map(|(place, share)| {
            let first = place * size;
            let keys = keys.get(first..first + share.texts).unwrap_or_default();
            share.rows(&vectorizer, keys)
        })
        .collect();
    let mut parts = parts.into_iter();
    let mut rows = parts.next().unwrap_or_else(|| Csr::new(vectorizer.width()));
    for part in parts {
        rows.append(&part)?;
    }
    Ok((vectorizer, Some(rows)))
}

/// The blocks of pooled vectors, and the keys of the words of each text if there are any such blocks.
fn pool<T: AsRef<str> + Sync>(cutter: &Cutter<'_>, texts: &[T]) -> Result<(Vec<Pooled>, Vec<Vec<u64>>)> {
    let blocks = &cutter.params.vectors;
    if blocks.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let keys: Vec<Vec<u64>> = texts
        .par_iter()
        .map_init(Units::default, |units, text| {
            units.words(&cutter.words, &cutter.normalizer.normalize(text.as_ref()));
            units.all().iter().map(unit_key).collect()
        })
        .collect();
    // Blocks over the same vectors share one table.
    let mut tables: Vec<(&Arc<WordVectors>, Table)> = Vec::new();
    let mut pooled = Vec::with_capacity(blocks.len());
    for (params, vectors) in blocks {
        let known = tables.iter().position(|(of, _)| Arc::ptr_eq(of, vectors));
        let place = known.unwrap_or(tables.len());
        if known.is_none() {
            tables.push((vectors, Table::new(vectors, &cutter.normalizer, &cutter.words)?));
        }
        pooled.push(Pooled::fit(params, &tables[place].1, &keys)?);
    }
    Ok((pooled, keys))
}

/// Cuts texts into the n-grams of every block.
struct Cutter<'a> {
    params: &'a VectorizerParams,
    normalizer: Normalizer,
    words: WordTokenizer,
}

/// What a share of the texts gave.
struct Share {
    texts: usize,
    blocks: Vec<Counted>,
}

/// One block of a share.
#[derive(Default)]
struct Counted {
    grams: Grams,
    /// The numbers and counts of the n-grams of each text, one text after the other.
    lists: Vec<(u32, u32)>,
    ends: Vec<usize>,
    /// The keys of the present text.
    keys: Vec<u64>,
    /// The column of each number.
    columns: Vec<u32>,
}

impl Cutter<'_> {
    fn share<T: AsRef<str>>(&self, texts: &[T], with_rows: bool) -> Result<Share> {
        let mut share = Share { texts: texts.len(), blocks: Vec::new() };
        share.blocks.resize_with(self.params.features.len(), Counted::default);
        let mut words: Vec<WordGrams> = Vec::new();
        words.resize_with(share.blocks.len(), WordGrams::default);
        let (mut units, mut list) = (Units::default(), Vec::new());
        for text in texts {
            let text = self.normalizer.normalize(text.as_ref());
            for ((block, counted), words) in
                self.params.features.iter().zip(&mut share.blocks).zip(&mut words)
            {
                list.clear();
                if block.analyzer == Analyzer::CharWb {
                    self.list_by_word(block, &text, &mut units, counted, words, &mut list)?;
                } else {
                    self.list(block, &text, &mut units, counted, &mut list)?;
                }
                counted.grams.end_text(&list);
                if with_rows {
                    counted.lists.extend_from_slice(&list);
                    counted.ends.push(counted.lists.len());
                }
            }
        }
        Ok(share)
    }

    /// Lists the n-grams of a text.
    fn list(
        &self,
        block: &NgramParams,
        text: &str,
        units: &mut Units,
        counted: &mut Counted,
        list: &mut Vec<(u32, u32)>,
    ) -> Result<()> {
        units.cut(block.analyzer, &self.words, self.params.subwords.as_ref(), text)?;
        if let Some(window) = block.window {
            units.keep(window);
        }
        counted.keys.clear();
        units.for_each(block.analyzer, block.ngrams, |gram| counted.keys.push(gram.key));
        if block.hash_bits.is_none() {
            counted.grams.touch(&counted.keys);
        }
        units.for_each(block.analyzer, block.ngrams, |gram| {
            let number = match block.hash_bits {
                Some(bits) => counted.grams.number(u64::from(hashed(gram.key, bits)), |_| ()),
                None => counted.grams.number(gram.key, |names| gram.write_name(block.analyzer, text, names)),
            };
            counted.grams.occur(number, list);
        });
        Ok(())
    }

    /// [`Cutter::list`] where n-grams lie within words, so that each word needs cutting once.
    fn list_by_word(
        &self,
        block: &NgramParams,
        text: &str,
        units: &mut Units,
        counted: &mut Counted,
        words: &mut WordGrams,
        list: &mut Vec<(u32, u32)>,
    ) -> Result<()> {
        let grams = &mut counted.grams;
        for word in text.split_whitespace() {
            let numbers = words.of(hash_bytes(word.as_bytes()), |numbers| {
                units.chars_in_words(word);
                units.for_each(block.analyzer, block.ngrams, |gram| {
                    numbers.push(match block.hash_bits {
                        Some(bits) => grams.number(u64::from(hashed(gram.key, bits)), |_| ()),
                        None => grams.number(gram.key, |names| gram.write_name(block.analyzer, word, names)),
                    });
                });
            });
            numbers.iter().for_each(|&number| grams.occur(number, list));
        }
        Ok(())
    }
}

/// Joins the counts of block `index`, chooses its columns and tells each share the columns of its numbers.
fn join(params: &NgramParams, shares: &mut [Share], index: usize, texts: usize) -> Result<Block> {
    let mut counts = shares.iter_mut().map(|share| std::mem::take(&mut share.blocks[index].grams));
    let mut grams = counts.next().unwrap_or_default();
    let maps: Vec<Vec<u32>> = counts.map(|other| grams.merge(&other)).collect();
    grams.shrink();
    let stay = choose(params, &grams, texts);
    if stay.is_empty() && params.hash_bits.is_none() {
        return Err(empty(params));
    }
    let mut columns = vec![DROPPED; grams.len()];
    for (column, &number) in stay.iter().enumerate() {
        columns[number as usize] = match params.hash_bits {
            Some(_) => grams.keys[number as usize] as u32,
            None => column as u32,
        };
    }
    for (share, map) in shares.iter_mut().skip(1).zip(maps) {
        share.blocks[index].columns = map.iter().map(|&number| columns[number as usize]).collect();
    }
    let block = block(params, &grams, &stay, texts)?;
    if let Some(first) = shares.first_mut() {
        first.blocks[index].columns = columns;
    }
    Ok(block)
}

/// The numbers of the n-grams that stay, in the order of their columns.
fn choose(params: &NgramParams, grams: &Grams, texts: usize) -> Vec<u32> {
    let (min, max) = (params.min_df.of(texts), params.max_df.of(texts));
    let mut stay: Vec<u32> = (0..grams.len() as u32)
        .filter(|&number| (min..=max).contains(&f64::from(grams.df[number as usize])))
        .collect();
    if params.hash_bits.is_some() {
        return stay;
    }
    if let Some(most) = params.max_features
        && stay.len() > most
    {
        stay.par_sort_unstable_by(|&a, &b| {
            let more = grams.tf[b as usize].cmp(&grams.tf[a as usize]);
            more.then_with(|| grams.name(a).cmp(grams.name(b)))
        });
        stay.truncate(most);
    }
    // Most names differ in their first bytes, which are compared as one number.
    let mut named: Vec<(u128, u32)> =
        stay.iter().map(|&number| (first_bytes(grams.name(number)), number)).collect();
    named.par_sort_unstable_by(|(first, a), (second, b)| {
        first
            .cmp(second)
            .then_with(|| grams.name(*a).cmp(grams.name(*b)))
            .then_with(|| grams.keys[*a as usize].cmp(&grams.keys[*b as usize]))
    });
    named.into_iter().map(|(_, number)| number).collect()
}

/// The first sixteen bytes, filled up with zeros, as a number that sorts as they do.
fn first_bytes(name: &str) -> u128 {
    let mut bytes = [0; 16];
    let length = name.len().min(16);
    bytes[..length].copy_from_slice(&name.as_bytes()[..length]);
    u128::from_be_bytes(bytes)
}

fn block(params: &NgramParams, grams: &Grams, stay: &[u32], texts: usize) -> Result<Block> {
    let idf = |df: u32| (libm::log((1.0 + texts as f64) / (1.0 + f64::from(df))) + 1.0) as f32;
    let uses_idf = params.weight.uses_idf();
    if let Some(bits) = params.hash_bits {
        let mut idfs = Vec::new();
        if uses_idf {
            idfs = vec![idf(0); 1 << bits];
            for &number in stay {
                idfs[grams.keys[number as usize] as usize] = idf(grams.df[number as usize]);
            }
        }
        return Ok(Block { params: params.clone(), columns: Columns::Hashed { bits }, idf: idfs });
    }
    let idf = if uses_idf {
        stay.iter().map(|&number| idf(grams.df[number as usize])).collect()
    } else {
        Vec::new()
    };
    let keys = stay.iter().map(|&number| grams.keys[number as usize]).collect();
    let names = Names::collect(stay.iter().map(|&number| grams.name(number)))?;
    let columns = Columns::Vocabulary(Vocabulary::from_parts(names, keys)?);
    Ok(Block { params: params.clone(), columns, idf })
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

impl Share {
    /// The rows of its texts, as [`Vectorizer::transform`] gives them.
    fn rows(mut self, vectorizer: &Vectorizer, keys: &[Vec<u64>]) -> Csr {
        let mut rows = Csr::new(vectorizer.width());
        let (mut columns, mut values, mut counted) = (Vec::new(), Vec::new(), Vec::new());
        let (mut seen, mut mean) = (Vec::new(), Vec::new());
        for text in 0..self.texts {
            columns.clear();
            values.clear();
            let mut offset = 0;
            for (block, of_block) in vectorizer.blocks.iter().zip(&mut self.blocks) {
                let start = text.checked_sub(1).map_or(0, |before| of_block.ends[before]);
                counted.clear();
                for &(number, count) in &of_block.lists[start..of_block.ends[text]] {
                    let column = of_block.columns[number as usize];
                    if column != DROPPED {
                        counted.push(u64::from(column) << 32 | u64::from(count));
                    }
                }
                counted.sort_unstable();
                let pairs = counted.iter().map(|&pair| ((pair >> 32) as u32, pair as u32));
                block.weigh(pairs, offset, &mut columns, &mut values);
                offset += block.columns.len() as u32;
            }
            let keys = keys.get(text).map_or(&[][..], Vec::as_slice);
            for pooled in &vectorizer.pooled {
                pooled.append(keys, offset, &mut seen, &mut mean, &mut columns, &mut values);
                offset += pooled.width() as u32;
            }
            rows.push_sorted(&columns, &values);
        }
        rows
    }
}
