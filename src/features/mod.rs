//! From tokens to sparse rows: n-grams, vocabulary, weights.

pub mod csr;
pub(crate) mod hash;
pub mod ngram;
pub mod pooled;
pub mod vectorizer;
pub mod vocabulary;
pub mod window;
