//! Where results go: standard output, or a file that appears when it is complete.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, StdoutLock, Write};
use std::path::{Path, PathBuf};

use tasnif::output::AtomicFile;

/// An output.
pub enum Sink {
    /// Standard output.
    Standard(BufWriter<StdoutLock<'static>>),
    /// A file.
    File(AtomicFile),
    /// A file that is there while it is written.
    Open(BufWriter<File>),
}

impl Sink {
    /// `path`, or standard output for none and for `-`.
    pub fn open(path: Option<&Path>) -> anyhow::Result<Sink> {
        match path {
            Some(path) if path.as_os_str() != "-" => Ok(Sink::File(AtomicFile::create(path)?)),
            _ => Ok(Sink::Standard(BufWriter::with_capacity(1 << 16, io::stdout().lock()))),
        }
    }

    /// Behind what stands in `path`.
    pub fn append(path: &Path) -> anyhow::Result<Sink> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        Ok(Sink::Open(BufWriter::new(file.map_err(|error| tasnif::Error::io(path, error))?)))
    }

    /// The file that is written to till it is finished, if there is one.
    pub fn temporary_path(&self) -> Option<PathBuf> {
        match self {
            Sink::Standard(_) | Sink::Open(_) => None,
            Sink::File(file) => file.temporary_path().map(Path::to_owned),
        }
    }

    /// Writes out what is left and gives a file its name.
    pub fn finish(self) -> anyhow::Result<()> {
        match self {
            Sink::Standard(mut out) => Ok(out.flush()?),
            Sink::File(file) => Ok(file.finish()?),
            Sink::Open(mut file) => Ok(file.flush()?),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::Standard(out) => out.write(bytes),
            Sink::File(file) => file.write(bytes),
            Sink::Open(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::Standard(out) => out.flush(),
            Sink::File(file) => file.flush(),
            Sink::Open(file) => file.flush(),
        }
    }
}
