//! The one writer: takes what the workers made, in order, to where it goes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use indicatif::ProgressBar;

use super::arabic::Letters;
use super::job::{Done, Piece, Source, Tally};
use super::resume::{Position, Resumable};
use super::work::Worker;
use crate::cli::sink::Sink;

/// Where labelled records go.
pub enum Target {
    /// Bytes to standard output or a file.
    Bytes { name: String, sink: Sink },
    /// Bytes to a file that can be gone on with.
    Resumable(Resumable),
    /// Columns to a file.
    #[cfg(feature = "columnar")]
    Columns(super::columns::Columnar),
}

/// The output of a run.
pub struct Output {
    target: Target,
    rejects: Option<(PathBuf, Sink)>,
    worker: Arc<Worker>,
    bar: ProgressBar,
    /// Sources that were begun.
    sources: usize,
    /// What was written, compressed or not.
    written: bool,
    /// The carried columns of the first source, where all must have the same.
    columns: Option<(String, super::carry::Columns)>,
    tally: Tally,
    letters: Letters,
    rejected: u64,
    quiet: bool,
    warned: bool,
    /// Standard output is written out after each piece.
    pub flush_each: bool,
}

impl Output {
    pub fn new(
        target: Target,
        rejects: Option<&Path>,
        worker: Arc<Worker>,
        bar: ProgressBar,
        quiet: bool,
    ) -> anyhow::Result<Self> {
        let rejects = match (&target, rejects) {
            // A run that can be gone on with keeps its list itself.
            (Target::Resumable(_), _) | (_, None) => None,
            (_, Some(path)) => Some((path.to_owned(), Sink::open(Some(path))?)),
        };
        Ok(Output {
            target,
            rejects,
            worker,
            bar,
            sources: 0,
            written: false,
            columns: None,
            tally: Tally::default(),
            letters: Letters::default(),
            rejected: 0,
            quiet,
            warned: false,
            flush_each: false,
        })
    }

    /// Takes the counts of a run that is gone on with.
    pub fn continued(&mut self, position: &Position) {
        self.sources = position.source + usize::from(position.records > 0);
        self.rejected = position.rejected;
        self.written = position.output > 0;
    }

    /// Files that must not stay behind when the run is cut short.
    pub fn temporaries(&self) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        match &self.target {
            Target::Bytes { sink, .. } => paths.extend(sink.temporary_path()),
            Target::Resumable(_) => {}
            #[cfg(feature = "columnar")]
            Target::Columns(columns) => paths.extend(columns.temporary_path()),
        }
        paths.extend(self.rejects.iter().filter_map(|(_, sink)| sink.temporary_path()));
        paths
    }

    /// Takes what comes next.
    pub fn take(&mut self, done: Done) -> anyhow::Result<()> {
        match done {
            Done::Begin(source) => self.begin(&source),
            Done::Piece(piece) => self.piece(*piece),
            Done::End(source) => self.end(&source),
        }
    }

    fn begin(&mut self, source: &Source) -> anyhow::Result<()> {
        self.bar.set_message(source.name.clone());
        (self.tally, self.letters) = (Tally::default(), Letters::default());
        let format = self.worker.formatter.style.format;
        if format.has_fixed_columns() {
            match &self.columns {
                None => self.columns = Some((source.name.clone(), source.columns.clone())),
                Some((_, columns)) if *columns == source.columns => {}
                Some((first, columns)) => anyhow::bail!(
                    "{}: --carry finds the columns {}, but in {first} {}; name those that all have",
                    source.name,
                    source.columns.names().join(", "),
                    columns.names().join(", ")
                ),
            }
        }
        #[cfg(feature = "columnar")]
        if let Target::Columns(columns) = &mut self.target {
            columns.begin(source)?;
        }
        let head = self.worker.formatter.begin(source, self.sources == 0);
        self.sources += 1;
        self.write_plain(&head)
    }

    fn piece(&mut self, piece: Piece) -> anyhow::Result<()> {
        let Piece { source, next, bytes, tally, rejects, letters, error, .. } = piece;
        self.write(&bytes)?;
        #[cfg(feature = "columnar")]
        if let (Target::Columns(columns), Some(rows)) = (&mut self.target, piece.rows) {
            columns.write(rows)?;
        }
        for reject in &rejects {
            let mut line = serde_json::to_vec(reject)?;
            line.push(b'\n');
            match (&mut self.target, &mut self.rejects) {
                (Target::Resumable(resumable), _) => resumable.write_reject(&line)?,
                (_, Some((path, sink))) => {
                    sink.write_all(&line).with_context(|| path.display().to_string())?
                }
                _ => {}
            }
        }
        self.rejected += rejects.len() as u64;
        self.tally.add(&tally);
        self.letters.add(&letters);
        if let Some(error) = error {
            return Err(error);
        }
        self.bar.set_position(source.before + source.meter.bytes());
        let position =
            Position { source: source.place, records: next, rejected: self.rejected, ..Position::default() };
        match &mut self.target {
            Target::Resumable(resumable) => {
                let records = tally.records.max(rejects.len() as u64);
                resumable.checkpoint(records, position)?;
            }
            Target::Bytes { name, sink } if self.flush_each => sink.flush().with_context(|| name.clone())?,
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, source: &Source) -> anyhow::Result<()> {
        let tail = self.worker.formatter.end(&self.tally);
        self.write_plain(&tail)?;
        if self.worker.count_letters && self.letters.mostly_foreign() && !self.warned && !self.quiet {
            self.warned = true;
            let warning = format!(
                "warning: {}: only {:.0} % of the letters are Arabic, but the embedded model knows Arabic news alone; train a model \
                 for this text with `tasnif train` (--quiet silences this)",
                source.name,
                100.0 * self.letters.share()
            );
            self.bar.suspend(|| eprintln!("{warning}"));
        }
        Ok(())
    }

    /// Writes what no worker has compressed.
    fn write_plain(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        match self.worker.compression {
            Some(compression) if !bytes.is_empty() => {
                let packed = compression.compress(bytes)?;
                self.write(&packed)
            }
            _ => self.write(bytes),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.written |= !bytes.is_empty();
        match &mut self.target {
            Target::Bytes { name, sink } => sink.write_all(bytes).with_context(|| name.clone()),
            Target::Resumable(resumable) => resumable.write(bytes),
            #[cfg(feature = "columnar")]
            Target::Columns(_) => Ok(()),
        }
    }

    /// Ends the output: files take their names. The number of records that were rejected.
    pub fn finish(mut self) -> anyhow::Result<u64> {
        self.bar.finish_and_clear();
        // An archive of nothing is not an empty file.
        if let (Some(compression), false) = (self.worker.compression, self.written) {
            let empty = compression.compress(b"")?;
            self.write(&empty)?;
        }
        if let Some((path, sink)) = self.rejects.take() {
            sink.finish().with_context(|| path.display().to_string())?;
        }
        match self.target {
            Target::Bytes { name, sink } => sink.finish().context(name)?,
            Target::Resumable(resumable) => resumable.finish()?,
            #[cfg(feature = "columnar")]
            Target::Columns(columns) => columns.finish()?,
        }
        Ok(self.rejected)
    }
}
