//! From tokens to sparse rows: n-grams, vocabulary, weights.

pub mod csr;
pub mod ngram;
pub mod vectorizer;
pub mod vocabulary;
