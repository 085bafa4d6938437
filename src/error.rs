//! The one error type of the library: every message says what happened, where, and what to do next.

use std::io;
use std::path::{Path, PathBuf};

/// The result of everything in this library that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong, with its cure in the message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file, or `-` for standard input or output.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// A record of a data file is malformed.
    #[error("{}:{line}: {message}", path.display())]
    Data {
        /// The data file, or `-` for standard input.
        path: PathBuf,
        /// The line on which the record starts, from 1.
        line: u64,
        /// What is wrong and how to mend it.
        message: String,
    },
    /// A model file is damaged, foreign or too new.
    #[error("{}: {message}", path.display())]
    Model {
        /// The model file.
        path: PathBuf,
        /// What is wrong and how to mend it.
        message: String,
    },
    /// An option has a value that makes no sense.
    #[error("{0}")]
    Parameter(String),
    /// The data cannot be trained on or measured with.
    #[error("{0}")]
    Dataset(String),
    /// A Hugging Face tokenizer could not be loaded or run.
    #[error("tokenizer: {0}")]
    Tokenizer(String),
    /// An error that linfa raised.
    #[error(transparent)]
    Linfa(#[from] linfa::Error),
}

impl Error {
    /// An I/O error with the file it happened on.
    pub fn io(path: impl AsRef<Path>, error: io::Error) -> Self {
        Error::Io { path: path.as_ref().to_owned(), error }
    }

    /// A malformed record at `line` (from 1) of `path`.
    pub fn data(path: impl AsRef<Path>, line: u64, message: impl Into<String>) -> Self {
        Error::Data { path: path.as_ref().to_owned(), line, message: message.into() }
    }
}
