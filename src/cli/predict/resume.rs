//! `--resume`: an output that grows beside a note of how far it has come, so that a run which was stopped, by whatever, goes on.
//!
//! While it is written, OUT is called OUT.partial. After so many records, at the end of a job, it is made sure that all is on the
//! disk, and OUT.progress says how long OUT.partial is, behind which record of which input it stands, and what must be the same
//! when the run goes on. Whatever was written behind that is cut off then. Jobs end where the input says, not where it was cut
//! into reads, so the same bytes come out as without the stop.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};
use tasnif::Error;
use tasnif::output::write_atomically;

/// How far a run has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// The input that is being read, by its place among all.
    pub source: usize,
    /// Records of it that were read.
    pub records: u64,
    /// Bytes of OUT.partial.
    pub output: u64,
    /// Bytes of the list of rejected records.
    pub rejects: u64,
    /// Records that were rejected.
    pub rejected: u64,
}

/// What OUT.progress holds.
#[derive(Debug, Serialize, Deserialize)]
struct Progress {
    position: Position,
    /// All that the output depends on: the model, the options, the inputs.
    run: BTreeMap<String, String>,
}

/// What tells an input from another of the same name: its size and the time of its last change.
///
/// # Errors
/// For standard input, which cannot be read again, and what is not there.
pub fn identity(path: &Path) -> anyhow::Result<String> {
    ensure!(path.as_os_str() != "-", "--resume needs files: standard input cannot be read again");
    let metadata = std::fs::metadata(path).map_err(|error| Error::io(path, error))?;
    ensure!(metadata.is_file(), "--resume needs files: {} is none", path.display());
    let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Ok(format!("{} bytes, changed at {:.6}", metadata.len(), changed.unwrap_or_default().as_secs_f64()))
}

/// An output that can be gone on with.
pub struct Resumable {
    out: Growing,
    rejects: Option<Growing>,
    progress: PathBuf,
    run: BTreeMap<String, String>,
    /// Records between two notes, and since the last one.
    every: u64,
    since: u64,
}

impl Resumable {
    /// Begins, or goes on where OUT.progress says.
    ///
    /// # Errors
    /// When what stopped was another run, or OUT.partial is not what OUT.progress says.
    pub fn open(
        path: &Path,
        rejects: Option<&Path>,
        run: BTreeMap<String, String>,
        every: u64,
    ) -> anyhow::Result<(Self, Option<Position>)> {
        ensure!(!path.is_dir(), "{}: is a directory; give a file name", path.display());
        let progress = beside(path, "progress");
        let stopped = match std::fs::read(&progress) {
            Ok(bytes) => Some(read(&bytes, &progress, &run)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Error::io(&progress, error).into()),
        };
        let length = |of: fn(&Position) -> u64| stopped.as_ref().map_or(0, of);
        let out = Growing::open(path, length(|position| position.output))?;
        let rejects =
            rejects.map(|path| Growing::open(path, length(|position| position.rejects))).transpose()?;
        Ok((Resumable { out, rejects, progress, run, every, since: 0 }, stopped))
    }

    pub fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.out.write(bytes)
    }

    pub fn write_reject(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.rejects.as_mut().map_or(Ok(()), |rejects| rejects.write(bytes))
    }

    /// At the end of a job of so many records: notes the place, if it is time.
    pub fn checkpoint(&mut self, records: u64, mut position: Position) -> anyhow::Result<()> {
        self.since += records;
        if self.since < self.every {
            return Ok(());
        }
        self.since = 0;
        position.output = self.out.sync()?;
        if let Some(rejects) = &mut self.rejects {
            position.rejects = rejects.sync()?;
        }
        let progress = Progress { position, run: self.run.clone() };
        Ok(write_atomically(&self.progress, &serde_json::to_vec_pretty(&progress)?)?)
    }

    /// Gives the files their names.
    pub fn finish(self) -> anyhow::Result<()> {
        if let Some(rejects) = self.rejects {
            rejects.finish()?;
        }
        self.out.finish()?;
        match std::fs::remove_file(&self.progress) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::io(&self.progress, error).into())
            }
            _ => Ok(()),
        }
    }
}

fn read(bytes: &[u8], path: &Path, run: &BTreeMap<String, String>) -> anyhow::Result<Position> {
    let start_anew = "delete it to start anew";
    let Progress { position, run: before } = serde_json::from_slice(bytes)
        .with_context(|| format!("{}: not a note of --resume; {start_anew}", path.display()))?;
    let differs = |(key, value): &(&String, &String)| before.get(*key) != Some(*value);
    if let Some((key, now)) = run.iter().find(differs) {
        let then = before.get(key).map_or("none", String::as_str);
        bail!(
            "{}: the run that was stopped is not this one: {key} was {then}, now it is {now}; give the same, or {start_anew}",
            path.display()
        );
    }
    ensure!(
        before.len() == run.len(),
        "{}: the run that was stopped had other inputs; {start_anew}",
        path.display()
    );
    Ok(position)
}

/// `path` with one more extension.
fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

/// A file that grows under another name.
struct Growing {
    path: PathBuf,
    partial: PathBuf,
    file: BufWriter<File>,
    length: u64,
}

impl Growing {
    fn open(path: &Path, length: u64) -> anyhow::Result<Self> {
        let partial = beside(path, "partial");
        let fail = |error| Error::io(&partial, error);
        // Stopped between the two names of a file that was complete.
        if length > 0 && !partial.exists() && path.exists() {
            std::fs::rename(path, &partial).map_err(fail)?;
        }
        // What is there is cut to `length`, not to nothing.
        let mut file =
            OpenOptions::new().create(true).write(true).truncate(false).open(&partial).map_err(fail)?;
        let found = file.metadata().map_err(fail)?.len();
        ensure!(
            found >= length,
            "{}: {found} bytes where {length} were written; delete it and its .progress to start anew",
            partial.display()
        );
        file.set_len(length).map_err(fail)?;
        file.seek(SeekFrom::Start(length)).map_err(fail)?;
        Ok(Growing { path: path.to_owned(), partial: partial.clone(), file: BufWriter::new(file), length })
    }

    fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.file.write_all(bytes).map_err(|error| Error::io(&self.partial, error))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Makes sure that all is on the disk; the length.
    fn sync(&mut self) -> anyhow::Result<u64> {
        let fail = |error| Error::io(&self.partial, error);
        self.file.flush().map_err(fail)?;
        self.file.get_ref().sync_data().map_err(fail)?;
        Ok(self.length)
    }

    fn finish(mut self) -> anyhow::Result<()> {
        self.sync()?;
        Ok(std::fs::rename(&self.partial, &self.path).map_err(|error| Error::io(&self.path, error))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(model: &str) -> BTreeMap<String, String> {
        [("model".to_owned(), model.to_owned())].into()
    }

    #[test]
    fn what_was_written_behind_the_last_note_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let (mut first, none) = Resumable::open(&out, None, run("a"), 2).unwrap();
        assert!(none.is_none());
        first.write(b"one\n").unwrap();
        first.checkpoint(2, Position { records: 2, ..Position::default() }).unwrap();
        first.write(b"tw").unwrap();
        drop(first);
        assert!(!out.exists());
        let other = Resumable::open(&out, None, run("b"), 2).err().unwrap().to_string();
        assert!(other.contains("model was a, now it is b"), "{other}");
        let (mut second, position) = Resumable::open(&out, None, run("a"), 2).unwrap();
        assert_eq!(position.unwrap(), Position { records: 2, output: 4, ..Position::default() });
        second.write(b"two\n").unwrap();
        second.finish().unwrap();
        assert_eq!(std::fs::read(&out).unwrap(), b"one\ntwo\n");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn a_note_that_does_not_fit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        std::fs::write(folder.path().join("out.progress"), b"{}").unwrap();
        assert!(Resumable::open(&out, None, run("a"), 2).is_err());
        let (mut first, _) = Resumable::open(&folder.path().join("b"), None, run("a"), 1).unwrap();
        first.write(b"one\n").unwrap();
        first.checkpoint(1, Position::default()).unwrap();
        drop(first);
        std::fs::write(folder.path().join("b.partial"), b"o").unwrap();
        let short = Resumable::open(&folder.path().join("b"), None, run("a"), 1).err().unwrap().to_string();
        assert!(short.contains("1 bytes where 4 were written"), "{short}");
    }
}
