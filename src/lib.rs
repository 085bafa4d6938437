//! Label sentences by type.
pub mod classify;
pub mod dataset;
pub mod error;
pub mod features;
pub mod metrics;
mod random;
pub mod text;

pub use error::{Error, Result};
