//! Label sentences by type.
pub mod classify;
pub mod dataset;
pub mod error;
pub mod features;
pub mod metrics;
pub mod minhash;
pub mod model_file;
pub mod output;
pub mod pipeline;
mod random;
pub mod text;

pub use error::{Error, Result};
