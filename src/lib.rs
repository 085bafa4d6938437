//! Label sentences by type.
pub mod dataset;
pub mod error;
pub mod features;
pub mod metrics;
pub mod text;

pub use error::{Error, Result};
