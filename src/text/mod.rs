//! From raw text to tokens: sentences, normalisation, words.
pub mod sentence;
