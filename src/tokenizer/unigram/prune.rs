//! Which pieces a vocabulary can do without.

use rayon::prelude::*;

use super::lattice::Lattice;
use super::words::{LONGEST, Words};
use super::{CHUNKS, Pieces};

/// Gives up all but `target` pieces: those stay whose loss would make the words less likely than that of others, if each were
/// replaced by the likeliest other cut of itself wherever the likeliest cuts of the words have it. Characters stay in any case.
pub(super) fn prune(words: &Words, lattice: &mut Lattice, pieces: &mut Pieces, target: usize) {
    let used = usage(words, lattice, pieces);
    let sum = used.iter().sum::<u64>() as f64;
    let losses: Vec<f64> = (pieces.characters..pieces.len())
        .into_par_iter()
        .map_init(Vec::new, |path, id| {
            let count = used[id] as f64;
            if count == 0.0 {
                return f64::NEG_INFINITY;
            }
            let len = usize::from(pieces.len[id]);
            lattice.best((pieces.at[id] as usize, len), len, &pieces.log, path);
            // Its occurrences become occurrences of the parts.
            let others = libm::log(sum + count * (path.len() as f64 - 1.0));
            let parts: f64 = path.iter().map(|&part| libm::log(used[part] as f64 + count) - others).sum();
            count * (libm::log(count) - libm::log(sum) - parts)
        })
        .collect();
    let mut order: Vec<usize> = (0..losses.len()).collect();
    order.par_sort_by(|&a, &b| losses[b].total_cmp(&losses[a]));
    let mut keep = vec![false; pieces.len()];
    keep[..pieces.characters].fill(true);
    for &place in order.iter().take(target.saturating_sub(pieces.characters)) {
        keep[pieces.characters + place] = true;
    }
    pieces.retain(&keep);
    lattice.retain(&keep);
}

/// How often each piece stands in the likeliest cuts of the words. Sums of whole numbers have no order.
fn usage(words: &Words, lattice: &Lattice, pieces: &Pieces) -> Vec<u64> {
    let size = words.len().div_ceil(CHUNKS).max(1);
    let parts: Vec<Vec<u64>> = (0..words.len().div_ceil(size))
        .into_par_iter()
        .map(|part| {
            let (mut used, mut path) = (vec![0; pieces.len()], Vec::with_capacity(LONGEST));
            for word in part * size..((part + 1) * size).min(words.len()) {
                let (start, len, count) = words.word(word);
                lattice.best((start, len), usize::MAX, &pieces.log, &mut path);
                path.iter().for_each(|&id| used[id] += count);
            }
            used
        })
        .collect();
    let mut sum = vec![0; pieces.len()];
    for part in parts {
        sum.iter_mut().zip(part).for_each(|(sum, one)| *sum += one);
    }
    sum
}
