//! Label sentences by type: a tokenizer and an n-gram featurizer feed [linfa](https://docs.rs/linfa) classifiers that work
//! on sparse rows. Made for conflict news, Arabic first; any labels and any language can be trained.
//!
//! ```text
//! text ─ sentences ─ normalise ─ tokens ─ n-grams ─ sparse rows ─ classifier ─ prediction
//!      text::sentence  ::normalize ::tokenize  features::ngram  ::vectorizer, ::csr  classify   pipeline
//! ```
//!
//! Data flows one way, and each stage knows the ones before it alone. Training and prediction share the path from text
//! to rows ([`features::vectorizer::Vectorizer`]), so that features cannot drift between them.
//!
//! # Label text with the model inside this crate
//!
//! ```
//! # #[cfg(feature = "embedded-model")] {
//! let pipeline = tasnif::Pipeline::embedded()?;
//! let article = "سجّلت اللجنة ستة خروقات للهدنة. وقصفت طائرة مسيّرة مستودعاً شرق البلدة فجراً.";
//! for (sentence, prediction) in pipeline.predict_article(article)? {
//!     println!("{}\t{:.2}\t{}", prediction.label, prediction.score, sentence.text);
//! }
//! # }
//! # Ok::<(), tasnif::Error>(())
//! ```
//!
//! # Train your own
//!
//! [`PipelineParams`] has all options and reads them from TOML; [`Dataset`] reads TSV, CSV, JSONL and fastText files.
//!
//! ```
//! use tasnif::{Dataset, Pipeline, PipelineParams};
//! use tasnif::dataset::Example;
//!
//! let data: Dataset = [
//!     Example::new("the jets struck the depot", "strike"),
//!     Example::new("two shells hit the depot", "strike"),
//!     Example::new("the envoy called for talks", "statement"),
//!     Example::new("the minister praised the talks", "statement"),
//! ]
//! .into_iter()
//! .collect();
//! let pipeline = PipelineParams::default().fit(&data)?;
//! let file = pipeline.to_bytes()?;
//! let loaded = Pipeline::from_bytes(&file, "model.tasnif".as_ref())?;
//! assert_eq!(loaded.predict("shells struck the depot")?.label, "strike");
//! # Ok::<(), tasnif::Error>(())
//! ```
//!
//! # Measure tokenizers on your own text
//!
//! [`bench`](mod@bench) compares tokenizers and the stages of a pipeline; [`tokenizer`] learns subword vocabularies.
//!
//! # What holds everywhere
//!
//! 1. The sentences of a text concatenate to the text; every span slices the original.
//! 2. Normalising twice is normalising once; vowel marks, letter stretchers and direction marks do not change a
//!    prediction.
//! 3. One record in, one record out, in order.
//! 4. A prediction is the same alone, in a batch, before saving and after loading: to the bit.
//! 5. Training is the same to the bit for any number of threads.
//! 6. No input makes the library panic; every error says what to do next.
//!
//! # Features of this crate
//!
//! - `embedded-model` (default): the model for Arabic conflict news inside the library, as [`Pipeline::embedded`].
//! - `columnar` (default): Parquet and Arrow IPC files, [`dataset::columnar`].

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;

pub mod bench;
pub mod classify;
pub mod compression;
mod corpus;
pub mod cross_validation;
pub mod curate;
pub mod dataset;
mod disjoint;
pub mod error;
pub mod features;
pub mod metrics;
pub mod minhash;
pub mod model_file;
pub mod output;
pub mod pipeline;
mod random;
mod scorer;
pub mod stream;
pub mod text;
pub mod tokenizer;
pub mod tune;
pub mod vectors;

pub use dataset::Dataset;
pub use error::{Error, Result};
pub use pipeline::{Pipeline, PipelineParams, Prediction};
