//! From raw text to tokens: sentences, normalisation, words.

pub mod normalize;
pub mod sentence;
pub mod tokenize;
