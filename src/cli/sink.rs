//! Where results go: standard output, or a file that appears when it is complete.

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::path::Path;

use tasnif::output::AtomicFile;

/// An output.
pub enum Sink {
    /// Standard output.
    Standard(BufWriter<StdoutLock<'static>>),
    /// A file.
    File(AtomicFile),
}

impl Sink {
    /// `path`, or standard output for none and for `-`.
    pub fn open(path: Option<&Path>) -> anyhow::Result<Sink> {
        match path {
            Some(path) if path.as_os_str() != "-" => Ok(Sink::File(AtomicFile::create(path)?)),
            _ => Ok(Sink::Standard(BufWriter::with_capacity(1 << 16, io::stdout().lock()))),
        }
    }

    /// Whether a person looks at it, so that colours make sense.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Sink::Standard(_)) && io::stdout().is_terminal()
    }

    /// Writes out what is left and gives a file its name.
    pub fn finish(self) -> anyhow::Result<()> {
        match self {
            Sink::Standard(mut out) => Ok(out.flush()?),
            Sink::File(file) => Ok(file.finish()?),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::Standard(out) => out.write(bytes),
            Sink::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::Standard(out) => out.flush(),
            Sink::File(file) => file.flush(),
        }
    }
}
