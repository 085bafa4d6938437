//! Which words have similar vectors.

use rayon::prelude::*;

use super::WordVectors;
use super::kernel::dot;

impl WordVectors {
    /// The `top` words whose vectors have the largest cosine with `vector`, the best first.
    ///
    /// A word's own vector gives the word itself first, with a cosine of 1. Nothing is near a vector of zeros or of another
    /// length.
    pub fn neighbours(&self, vector: &[f32], top: usize) -> Vec<(&str, f32)> {
        let length = dot(vector, vector).sqrt();
        if vector.len() != self.dim() || length == 0.0 {
            return Vec::new();
        }
        let cosine = |index: usize| {
            let row = self.row(index);
            let own = dot(row, row).sqrt();
            if own > 0.0 { dot(row, vector) / (own * length) } else { f32::NEG_INFINITY }
        };
        let mut all: Vec<(usize, f32)> =
            (0..self.len()).into_par_iter().map(|index| (index, cosine(index))).collect();
        all.par_sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        all.into_iter()
            .take(top)
            .filter(|&(_, cosine)| cosine.is_finite())
            .map(|(index, cosine)| (self.word(index), cosine))
            .collect()
    }
}
