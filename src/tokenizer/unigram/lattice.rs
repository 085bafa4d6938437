//! Every way to cut every word: which pieces begin at each of its symbols.
//!
//! Pieces are substrings of the words that they are learned from, so that all places where they stand are known from the beginning;
//! they are never looked for again.

use super::words::LONGEST;

/// A piece that stands somewhere: its number and its length.
#[derive(Clone, Copy)]
pub(super) struct Edge(u32);

/// Bits for the length of a piece.
const LENGTH: u32 = 5;

impl Edge {
    /// A piece of `len` symbols, at most 31, below 2²⁷.
    pub(super) fn new(piece: u32, len: u8) -> Edge {
        Edge(piece << LENGTH | u32::from(len))
    }

    pub(super) fn piece(self) -> usize {
        (self.0 >> LENGTH) as usize
    }

    pub(super) fn len(self) -> usize {
        (self.0 & ((1 << LENGTH) - 1)) as usize
    }
}

/// The edges of all symbols of all words.
pub(super) struct Lattice {
    first: Vec<usize>,
    edges: Vec<Edge>,
}

impl Lattice {
    /// `edges[first[n]..first[n + 1]]` begin at symbol `n`, shorter ones first, and end within its word.
    pub(super) fn new(first: Vec<usize>, edges: Vec<Edge>) -> Lattice {
        Lattice { first, edges }
    }

    fn at(&self, place: usize) -> &[Edge] {
        &self.edges[self.first[place]..self.first[place + 1]]
    }

    /// Gives up the pieces that `keep` says no to and numbers the others without gaps.
    pub(super) fn retain(&mut self, keep: &[bool]) {
        let mut next = 0;
        let numbers: Vec<u32> = keep
            .iter()
            .map(|&kept| {
                let number = next;
                next += u32::from(kept);
                number
            })
            .collect();
        let (mut to, mut from) = (0, 0);
        for place in 0..self.first.len() - 1 {
            let end = self.first[place + 1];
            self.first[place] = to;
            for at in from..end {
                let edge = self.edges[at];
                if keep[edge.piece()] {
                    self.edges[to] = Edge::new(numbers[edge.piece()], edge.len() as u8);
                    to += 1;
                }
            }
            from = end;
        }
        if let Some(last) = self.first.last_mut() {
            *last = to;
        }
        self.edges.truncate(to);
    }

    /// Adds to `expected` how often each piece stands in a word of `len` symbols from `start` on that occurs `count` times: the mean
    /// over all its cuts, each as likely as the product of `probabilities` says. Returned is the sum of these products.
    pub(super) fn expect(
        &self,
        (start, len): (usize, usize),
        count: f64,
        probabilities: &[f64],
        expected: &mut [f64],
    ) -> f64 {
        let (mut forward, mut backward) = ([0.0; LONGEST + 1], [0.0; LONGEST + 1]);
        forward[0] = 1.0;
        for place in 0..len {
            let here = forward[place];
            for edge in self.at(start + place) {
                forward[place + edge.len()] += here * probabilities[edge.piece()];
            }
        }
        let all = forward[len];
        if all <= 0.0 {
            return 0.0;
        }
        backward[len] = 1.0;
        for place in (0..len).rev() {
            let here = forward[place] / all * count;
            let mut sum = 0.0;
            for edge in self.at(start + place) {
                let rest = probabilities[edge.piece()] * backward[place + edge.len()];
                expected[edge.piece()] += here * rest;
                sum += rest;
            }
            backward[place] = sum;
        }
        all
    }

    /// The likeliest cut of `len` symbols from `start` on into pieces shorter than `below` symbols, from its end to its start, by the
    /// logarithms of their probabilities.
    pub(super) fn best(
        &self,
        (start, len): (usize, usize),
        below: usize,
        logs: &[f64],
        path: &mut Vec<usize>,
    ) -> f64 {
        let mut best = [(f64::NEG_INFINITY, Edge::new(0, 1)); LONGEST + 1];
        best[0].0 = 0.0;
        for place in 0..len {
            let here = best[place].0;
            for &edge in self.at(start + place) {
                let end = place + edge.len();
                if end > len || edge.len() >= below {
                    break;
                }
                let score = here + logs[edge.piece()];
                if score > best[end].0 {
                    best[end] = (score, edge);
                }
            }
        }
        path.clear();
        let mut place = len;
        while place > 0 {
            let edge = best[place].1;
            path.push(edge.piece());
            place = place.saturating_sub(edge.len());
        }
        best[len].0
    }
}
