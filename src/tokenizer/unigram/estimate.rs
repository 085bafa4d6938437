//! Expectation maximisation: how often each piece is used, and how likely that makes it.

use rayon::prelude::*;

use super::lattice::Lattice;
use super::words::Words;
use super::{CHUNKS, Pieces};

/// Pieces that are expected less often are given up; what cannot be given up counts as this.
const LEAST: f64 = 0.5;
/// The least logarithm of a probability: below that of [`LEAST`] among 2³¹ pieces.
pub(super) const FLOOR: f64 = -24.0;

/// What is believed of the probabilities before the words are seen.
#[derive(Clone, Copy)]
pub(super) enum Prior {
    /// Few pieces are enough: rare ones lose more than others, and the rarest are given up while `least` are left.
    Sparse {
        /// The size of the vocabulary.
        least: usize,
    },
    /// Nothing: they are the shares.
    None,
}

/// How often each piece is used in all words, over all their cuts.
pub(super) fn expect(words: &Words, lattice: &Lattice, logs: &[f64]) -> Vec<f64> {
    let probabilities: Vec<f64> = logs.iter().map(|&log| libm::exp(log)).collect();
    let size = words.len().div_ceil(CHUNKS).max(1);
    let parts: Vec<Vec<f64>> = (0..words.len().div_ceil(size))
        .into_par_iter()
        .map(|part| {
            let mut expected = vec![0.0; logs.len()];
            for word in part * size..((part + 1) * size).min(words.len()) {
                let (start, len, count) = words.word(word);
                lattice.expect((start, len), count as f64, &probabilities, &mut expected);
            }
            expected
        })
        .collect();
    let mut parts = parts.into_iter();
    let mut sum = parts.next().unwrap_or_else(|| vec![0.0; logs.len()]);
    for part in parts {
        sum.iter_mut().zip(part).for_each(|(sum, one)| *sum += one);
    }
    sum
}

/// Sets the probabilities of the pieces to what makes the words likeliest, given how often each is expected.
pub(super) fn maximise(pieces: &mut Pieces, lattice: &mut Lattice, expected: &[f64], prior: Prior) {
    let counts = |expected: &[f64]| -> Vec<f64> { expected.iter().map(|count| count.max(LEAST)).collect() };
    let Prior::Sparse { least } = prior else {
        pieces.log = log_probabilities(&counts(expected));
        return;
    };
    let keep: Vec<bool> =
        expected.iter().enumerate().map(|(id, &count)| id < pieces.characters || count >= LEAST).collect();
    let kept = if keep.iter().filter(|&&kept| kept).count() >= least {
        pieces.retain(&keep);
        lattice.retain(&keep);
        let mut flags = keep.iter();
        expected.iter().copied().filter(|_| flags.next() == Some(&true)).collect()
    } else {
        expected.to_vec()
    };
    let counts = counts(&kept);
    let sum = digamma(counts.iter().sum());
    pieces.log = counts.into_iter().map(|count| (digamma(count) - sum).max(FLOOR)).collect();
}

/// The logarithms of the shares of `counts`, each above 0, none less than [`FLOOR`].
pub(super) fn log_probabilities(counts: &[f64]) -> Vec<f64> {
    let sum = libm::log(counts.iter().sum());
    counts.iter().map(|&count| (libm::log(count) - sum).max(FLOOR)).collect()
}

/// The derivative of the logarithm of the gamma function, for x > 0: recurrence up to 7, then the asymptotic series about x - ½.
fn digamma(mut x: f64) -> f64 {
    let mut result = 0.0;
    while x < 7.0 {
        result -= 1.0 / x;
        x += 1.0;
    }
    x -= 0.5;
    let square = 1.0 / (x * x);
    let series = [1.0 / 24.0, -7.0 / 960.0, 31.0 / 8064.0, -127.0 / 30720.0];
    result + libm::log(x) + series.iter().rev().fold(0.0, |sum, term| (sum + term) * square)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digamma_is_that_of_the_tables() {
        // Abramowitz and Stegun, 6.3.2 and 6.3.3, and table 6.1.
        for (x, value) in
            [(0.5, -1.963_510_026), (1.0, -0.577_215_665), (1.5, 0.036_489_974), (10.0, 2.251_752_589)]
        {
            assert!((digamma(x) - value).abs() < 1e-8, "{x}: {}", digamma(x));
        }
    }
}
