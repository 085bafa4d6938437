//! Near duplicates: texts that are almost the same, found without comparing each with each.
//!
//! Two texts resemble each other as far as their sets of character 5-grams overlap: [`jaccard`].
//! Each set is sketched by the minima of many hash functions, two of which agree as often as the
//! sets resemble each other (Broder, "On the resemblance and containment of documents", 1997). Texts
//! whose sketches agree in a whole band of minima are candidates (Indyk and Motwani 1998; Leskovec,
//! Rajaraman and Ullman, *Mining of Massive Datasets*, chapter 3), and every candidate is compared in
//! full: so a pair that is reported is a true one, and only a miss is left to chance.
//!
//! ```
//! let texts = [
//!     "The convoy reached the northern crossing on Tuesday morning.",
//!     "Talks were broken off.",
//!     "The convoy reached the northern crossing on Tuesday evening.",
//!     "Talks were broken off.",
//! ];
//! let pairs = tasnif::minhash::near_duplicates(&texts, 0.7)?;
//! let found: Vec<_> = pairs.iter().map(|pair| (pair.a, pair.b)).collect();
//! assert_eq!(found, [(0, 2), (1, 3)]);
//! assert_eq!(pairs[1].similarity, 1.0);
//!
//! assert_eq!(tasnif::minhash::clusters(&texts, 0.7)?, [0, 1, 0, 1]);
//! # Ok::<(), tasnif::Error>(())
//! ```
//!
//! Texts are taken as they are: normalise them first if diacritics, case or spacing should not count.
//! Hash functions are fixed, so the result is the same on every run and for any number of threads.

mod bands;
mod clusters;
mod grams;
mod pairs;
#[cfg(test)]
mod tests;

pub use clusters::clusters;
pub use grams::jaccard;
pub(crate) use pairs::visit_near_duplicates;
pub use pairs::{Pair, near_duplicates};
