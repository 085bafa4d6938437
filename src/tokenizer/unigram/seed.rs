//! The pieces to begin with: all characters, and the substrings that spell the most text.

use std::cmp::Ordering;

use rayon::prelude::*;

use super::estimate::log_probabilities;
use super::lattice::{Edge, Lattice};
use super::words::{END, Words};
use super::{LONGEST_PIECE, Pieces};

/// A substring: all places where it stands are neighbours among the sorted ones.
struct Node {
    /// Occurrences times symbols.
    score: u64,
    /// The first of its places.
    first: u32,
    /// How many places, each of them in another word or elsewhere in it.
    places: u32,
    /// Symbols.
    len: u8,
}

/// What stands before the places of a substring.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    /// The same symbol everywhere: the longer substring occurs as often.
    Always(u32),
    /// Different symbols, or the start of a word.
    Any,
}

/// A substring whose last place was not seen yet.
struct Open {
    len: usize,
    count: u64,
    first: usize,
    before: Before,
}

/// At most `size` pieces, with probabilities in proportion to the text that each spells, and where they stand in the words.
pub(super) fn seed(words: &Words, size: usize, min_frequency: u64, special: &[String]) -> (Pieces, Lattice) {
    let mut counts = vec![0; words.symbols.len()];
    for word in 0..words.len() {
        let (start, len, count) = words.word(word);
        counts[start..start + len].fill(count);
    }
    let sorted = sorted_places(words);
    let mut nodes = substrings(words, &sorted, &counts, min_frequency);
    // Stable: equal scores stay in the order of the substrings.
    nodes.par_sort_by(|a, b| b.score.cmp(&a.score));
    nodes.truncate(size.saturating_sub(words.alphabet.len()));
    nodes.retain(|node| !special.contains(&words.text(sorted[node.first as usize], node.len)));
    // Shorter ones first, so that the edges of a place come in the order of their lengths.
    nodes.par_sort_by_key(|node| node.len);

    let mut scores = vec![0; words.alphabet.len()];
    let mut at = vec![0; words.alphabet.len()];
    for (place, (&symbol, &count)) in words.symbols.iter().zip(&counts).enumerate() {
        if symbol != END {
            scores[symbol as usize - 1] += count;
            at[symbol as usize - 1] = place as u32;
        }
    }
    let mut len = vec![1; words.alphabet.len()];
    for node in &nodes {
        scores.push(node.score);
        at.push(sorted[node.first as usize]);
        len.push(node.len);
    }
    let log = log_probabilities(&scores.iter().map(|&score| score as f64).collect::<Vec<_>>());
    let lattice = lattice(words, &sorted, &nodes);
    (Pieces { at, len, log, characters: words.alphabet.len() }, lattice)
}

/// All places in the words, in the order of what stands there, up to [`LONGEST_PIECE`] symbols.
fn sorted_places(words: &Words) -> Vec<u32> {
    let symbols = &words.symbols;
    let mut places: Vec<u32> =
        (0..symbols.len() as u32).filter(|&place| symbols[place as usize] != END).collect();
    places.par_sort_unstable_by(|&a, &b| {
        let (left, right) = (&symbols[a as usize..], &symbols[b as usize..]);
        for (x, y) in left.iter().zip(right).take(LONGEST_PIECE) {
            match x.cmp(y) {
                Ordering::Equal if *x == END => break,
                Ordering::Equal => {}
                unequal => return unequal,
            }
        }
        a.cmp(&b)
    });
    places
}

/// How many symbols two places have in common, up to [`LONGEST_PIECE`].
fn common(symbols: &[u32], a: u32, b: u32) -> usize {
    let pairs = symbols[a as usize..].iter().zip(&symbols[b as usize..]).take(LONGEST_PIECE);
    pairs.take_while(|(x, y)| x == y && **x != END).count()
}

/// The substrings of two symbols and more that cannot be made longer on either side without losing an occurrence.
fn substrings(words: &Words, sorted: &[u32], counts: &[u64], min_frequency: u64) -> Vec<Node> {
    let symbols = &words.symbols;
    let (mut nodes, mut open): (Vec<Node>, Vec<Open>) = (Vec::new(), Vec::new());
    for index in 0..=sorted.len() {
        let shared = match (index.checked_sub(1).map(|before| sorted[before]), sorted.get(index)) {
            (Some(last), Some(&next)) => common(symbols, last, next),
            _ => 0,
        };
        while let Some(done) = open.pop_if(|top| top.len > shared) {
            if done.len >= 2 && done.count >= min_frequency.max(1) && done.before == Before::Any {
                nodes.push(Node {
                    score: done.count * done.len as u64,
                    first: done.first as u32,
                    places: (index - done.first) as u32,
                    len: done.len as u8,
                });
            }
            match open.last_mut() {
                Some(parent) if parent.len >= shared && parent.len > 0 => {
                    parent.count += done.count;
                    parent.before = both(parent.before, done.before);
                }
                _ if shared > 0 => open.push(Open { len: shared, ..done }),
                _ => {}
            }
        }
        if let Some(&place) = sorted.get(index) {
            let length = common(symbols, place, place);
            let before = match (place as usize).checked_sub(1).map(|before| symbols[before]) {
                None | Some(END) => Before::Any,
                Some(symbol) => Before::Always(symbol),
            };
            let count = counts[place as usize];
            match open.last_mut() {
                Some(top) if top.len == length => {
                    top.count += count;
                    top.before = both(top.before, before);
                }
                _ => open.push(Open { len: length, count, first: index, before }),
            }
        }
    }
    nodes
}

fn both(a: Before, b: Before) -> Before {
    if a == b { a } else { Before::Any }
}

/// Where the characters and `nodes`, numbered in this order, stand in the words.
fn lattice(words: &Words, sorted: &[u32], nodes: &[Node]) -> Lattice {
    let places = |node: &Node| {
        let first = node.first as usize;
        &sorted[first..first + node.places as usize]
    };
    let mut first = vec![0; words.symbols.len() + 1];
    for (place, &symbol) in words.symbols.iter().enumerate() {
        first[place + 1] = usize::from(symbol != END);
    }
    for place in nodes.iter().flat_map(places) {
        first[*place as usize + 1] += 1;
    }
    for place in 1..first.len() {
        first[place] += first[place - 1];
    }
    let mut edges = vec![Edge::new(0, 0); first.last().copied().unwrap_or(0)];
    let mut next = first.clone();
    let mut add = |place: usize, edge: Edge| {
        edges[next[place]] = edge;
        next[place] += 1;
    };
    for (place, &symbol) in words.symbols.iter().enumerate() {
        if symbol != END {
            add(place, Edge::new(symbol - 1, 1));
        }
    }
    for (node, piece) in nodes.iter().zip(words.alphabet.len() as u32..) {
        for &place in places(node) {
            add(place as usize, Edge::new(piece, node.len));
        }
    }
    Lattice::new(first, edges)
}
