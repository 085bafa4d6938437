//! The scores of Unigram models as Python's `tokenizers` reads them.
//!
//! Its parser of decimal numbers (serde_json without `float_roundtrip`) may miss the last bit, ours does not; where two ways to cut
//! a word have the same score to the last bit but one, that bit decides. So that the ids are those of Python, the
//! scores are read a second time in its way. One line in twenty thousand differed before.

use tokenizers::models::unigram::Unigram;
use tokenizers::{ModelWrapper, Tokenizer};

use crate::error::{Error, Result};

/// Gives a Unigram `tokenizer` the scores that Python has; leaves any other as it is.
pub(super) fn read_as_python(tokenizer: &mut Tokenizer, unknown: Option<u32>) -> Result<()> {
    let ModelWrapper::Unigram(model) = tokenizer.get_model() else { return Ok(()) };
    let pieces = model.iter().map(|(piece, score)| (piece.clone(), as_python(*score))).collect();
    let unknown = unknown.map(|id| id as usize);
    let read = Unigram::from(pieces, unknown, model.byte_fallback());
    let mut read = read.map_err(|error| Error::Tokenizer(error.to_string()))?;
    (read.alpha, read.nbest_size) = (model.alpha, model.nbest_size);
    tokenizer.with_model(read);
    Ok(())
}

/// A number that was written in as few digits as tell it apart, read as a whole number and a power of ten.
fn as_python(exact: f64) -> f64 {
    let text = format!("{exact:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let fraction = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    let (Ok(whole), Ok(exponent)) = (digits.parse::<u64>(), exponent.parse::<i32>()) else { return exact };
    let power = exponent - fraction as i32;
    // Powers of ten up to 10²² are exact; scores are nowhere near the others.
    let read = match power {
        0..=22 => whole as f64 * 10f64.powi(power),
        -22..=-1 => whole as f64 / 10f64.powi(-power),
        _ => return exact,
    };
    read.copysign(exact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_python_reads_them() {
        // Whole numbers above 2^53 are rounded once before they are divided.
        for exact in [0.0, -1.5, -7.25, 123.0, -0.000_071_23, f64::NAN, f64::NEG_INFINITY] {
            assert!(as_python(exact).to_bits() == exact.to_bits() || exact.is_nan(), "{exact}");
        }
        let text = "-9.123456789012345";
        assert_eq!(as_python(text.parse().unwrap()), -(9_123_456_789_012_345u64 as f64 / 1e15));
        let differ = (0..1000).map(|i| -10.0 - f64::from(i) / 7.0).filter(|&x| as_python(x) != x).count();
        assert!((1..500).contains(&differ), "{differ}");
    }
}
