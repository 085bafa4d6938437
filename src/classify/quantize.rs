//! Weights of fewer bits: half floats, or bytes with a scale for each block of features and output.
//!
//! What is rounded stays `f32` in memory, so that every path to a decision value takes the same numbers. Rounding again changes
//! nothing: the scale of bytes has few enough bits that 127 times it is exact, so it can be had back from the largest weight.

use half::f16;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// In how many bits the weights of a model are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 32, as they were learned.
    #[default]
    F32,
    /// 16: eleven significant bits.
    F16,
    /// 8: one of 255 steps between the largest and its opposite.
    I8,
}

impl Precision {
    /// Its name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::F16 => "f16",
            Precision::I8 => "i8",
        }
    }
}

/// The largest step of bytes.
const STEPS: f32 = 127.0;

/// The scales of a matrix of `outputs` columns: one for each output of each of `blocks`, which say how many rows they have.
pub(crate) fn scales(weights: &[f32], outputs: usize, blocks: &[usize]) -> Vec<f32> {
    let mut scales = Vec::with_capacity(blocks.len() * outputs);
    let mut rows = weights.chunks_exact(outputs);
    for &count in blocks {
        let mut most = vec![0.0f32; outputs];
        for row in rows.by_ref().take(count) {
            most.iter_mut().zip(row).for_each(|(most, weight)| *most = most.max(weight.abs()));
        }
        scales.extend(most.into_iter().map(scale));
    }
    scales
}

/// `most / 127`, up to 16 significant bits.
fn scale(most: f32) -> f32 {
    let exact = most / STEPS;
    if exact * STEPS == most && exact.to_bits() & 0xFF == 0 {
        return exact;
    }
    f32::from_bits((exact.to_bits() | 0xFF).saturating_add(1))
}

/// The bytes of weights.
pub(crate) fn to_bytes(weights: &[f32], outputs: usize, blocks: &[usize], scales: &[f32]) -> Vec<i8> {
    let byte = |(weight, &scale): (&f32, &f32)| {
        if scale > 0.0 { (weight / scale).round_ties_even() as i8 } else { 0 }
    };
    let mut rows = weights.chunks_exact(outputs.max(1));
    let mut bytes = Vec::with_capacity(weights.len());
    for (&count, scales) in blocks.iter().zip(scales.chunks_exact(outputs.max(1))) {
        for row in rows.by_ref().take(count) {
            bytes.extend(row.iter().zip(scales).map(byte));
        }
    }
    bytes
}

/// The weights that bytes stand for.
///
/// # Errors
/// [`Error::Parameter`] when there are not as many as the blocks and scales ask for.
pub(crate) fn from_bytes(
    bytes: impl ExactSizeIterator<Item = i8>,
    outputs: usize,
    blocks: &[usize],
    scales: &[f32],
) -> Result<Vec<f32>> {
    let rows: usize = blocks.iter().sum();
    if bytes.len() != rows * outputs || scales.len() != blocks.len() * outputs {
        return Err(Error::Parameter(format!(
            "{} weights and {} scales for {rows} features in {} blocks",
            bytes.len(),
            scales.len(),
            blocks.len()
        )));
    }
    let mut weights: Vec<f32> = bytes.map(f32::from).collect();
    let mut rest = &mut weights[..];
    for (&rows, scales) in blocks.iter().zip(scales.chunks_exact(outputs.max(1))) {
        let (block, behind) = rest.split_at_mut(rows * outputs);
        for row in block.chunks_exact_mut(outputs.max(1)) {
            row.iter_mut().zip(scales).for_each(|(weight, scale)| *weight *= scale);
        }
        rest = behind;
    }
    Ok(weights)
}

/// The half floats of numbers, as bits.
pub(crate) fn to_halves(numbers: &[f32]) -> Vec<u16> {
    numbers.iter().map(|&number| f16::from_f32(number).to_bits()).collect()
}

/// The number that a half float is.
pub(crate) fn from_half(bits: u16) -> f32 {
    f16::from_bits(bits).to_f32()
}

/// Rounds numbers to half floats.
pub(crate) fn round_to_halves(numbers: &mut [f32]) {
    numbers.iter_mut().for_each(|number| *number = f16::from_f32(*number).to_f32());
}

/// Rounds weights to what `precision` can tell apart.
///
/// # Errors
/// [`Error::Parameter`] when a weight is too large for half floats.
pub(crate) fn round(
    weights: &mut Vec<f32>,
    outputs: usize,
    blocks: &[usize],
    precision: Precision,
) -> Result<()> {
    match precision {
        Precision::F32 => {}
        Precision::F16 => {
            round_to_halves(weights);
            if weights.iter().any(|weight| !weight.is_finite()) {
                return Err(Error::Parameter("a weight is above 65504, too large for f16: choose i8".into()));
            }
        }
        Precision::I8 => {
            let scales = scales(weights, outputs, blocks);
            let bytes = to_bytes(weights, outputs, blocks, &scales);
            *weights = from_bytes(bytes.into_iter(), outputs, blocks, &scales)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rounding_is_near_and_rounding_again_changes_nothing(
            numbers in prop::collection::vec(prop_oneof![-9.0f32..9.0, -1e-3f32..1e-3, Just(0.0f32)], 12),
            outputs in prop::sample::select(vec![1usize, 2, 3]),
        ) {
            let rows = numbers.len() / outputs;
            let blocks = [rows / 3, 0, rows - rows / 3];
            for precision in [Precision::F32, Precision::F16, Precision::I8] {
                let mut rounded = numbers.clone();
                round(&mut rounded, outputs, &blocks, precision).unwrap();
                let most = numbers.iter().fold(0.0f32, |most, number| most.max(number.abs()));
                for (number, rounded) in numbers.iter().zip(&rounded) {
                    prop_assert!((number - rounded).abs() <= most / 250.0);
                }
                let bits = |numbers: &[f32]| numbers.iter().map(|number| (number + 0.0).to_bits()).collect::<Vec<_>>();
                let mut again = rounded.clone();
                round(&mut again, outputs, &blocks, precision).unwrap();
                prop_assert_eq!(bits(&rounded), bits(&again), "{:?}", precision);
            }
        }
    }

    #[test]
    fn what_is_too_large_or_too_many_is_refused() {
        assert!(round(&mut vec![1e6], 1, &[1], Precision::F16).is_err());
        assert!(from_bytes([1i8, 2].into_iter(), 1, &[1], &[1.0]).is_err());
        assert!(from_bytes([1i8].into_iter(), 1, &[1], &[]).is_err());
        assert_eq!(from_bytes([-2i8].into_iter(), 1, &[1], &[0.5]).unwrap(), [-1.0]);
    }
}
