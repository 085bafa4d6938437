//! The reader: opens one input after the other and cuts it into jobs.

mod lines;
mod rows;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tasnif::Error;
use tasnif::dataset::{Format, Input, Meter, ReadOptions, text_of};
use tasnif::pipeline::Pipeline;

use super::OnError;
use super::carry::{Carry, Columns};
use super::engine::Emit;
use super::job::{Content, Job, Source, Step};

/// Bytes of text in a job, about.
const JOB: usize = 1 << 17;
/// Rows or sentences in a job, at most.
const ROWS: usize = 2048;

/// What is to be read, and how.
pub struct Plan {
    pub inputs: Vec<PathBuf>,
    /// Whether the one input is waited for to grow.
    pub follow: bool,
    pub options: ReadOptions,
    pub carry: Carry,
    /// Whether columns of the output are fixed, so that those carried must be known before the first record.
    pub fixed_columns: bool,
    pub max_record: usize,
    pub on_error: OnError,
    pub pipeline: Arc<Pipeline>,
    pub quiet: bool,
    /// The input and the record to go on with.
    pub start: (usize, u64),
}

/// Stops a reader whose output nobody wants any more.
#[derive(Debug)]
struct Stopped;

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the output is closed")
    }
}

impl std::error::Error for Stopped {}

/// Hands a step on.
fn send(emit: Emit<'_>, step: Step) -> anyhow::Result<()> {
    if emit(step).is_break() { Err(Stopped.into()) } else { Ok(()) }
}

impl Plan {
    /// Reads all inputs.
    pub fn read(self, emit: Emit<'_>) -> anyhow::Result<()> {
        let mut before = self.inputs.iter().take(self.start.0).map(|path| size(path)).sum();
        for place in self.start.0..self.inputs.len() {
            let skip = if place == self.start.0 { self.start.1 } else { 0 };
            match self.source(place, before, skip, emit) {
                Err(error) if error.is::<Stopped>() => break,
                read => read?,
            }
            before += size(&self.inputs[place]);
        }
        Ok(())
    }

    fn source(&self, place: usize, before: u64, skip: u64, emit: Emit<'_>) -> anyhow::Result<()> {
        let path = &self.inputs[place];
        let format = self.options.format_of(path)?;
        if path.as_os_str() == "-" && io::stdin().is_terminal() && !self.quiet {
            eprintln!(
                "Reading {format} from the terminal: type or paste, then end with Ctrl-D on a line of its own. \
                 (To read files: tasnif predict FILE…)"
            );
        }
        let source = Source {
            path: path.clone(),
            name: path.display().to_string(),
            place,
            format,
            columns: Columns::default(),
            #[cfg(feature = "columnar")]
            types: None,
            before,
            meter: Meter::default(),
        };
        if self.follow {
            return self.follow(source, emit);
        }
        if format.is_columnar() {
            return self.columnar(source, skip, emit);
        }
        let input = Input::open(path, self.options.encoding)?;
        let source = Source { meter: input.meter(), ..source };
        match format {
            Format::Text => self.article(input, source, skip, emit),
            Format::Csv => self.csv(input, source, skip, emit),
            _ => self.lines(input, source, skip, emit),
        }
    }

    fn article(&self, input: Input, source: Source, skip: u64, emit: Emit<'_>) -> anyhow::Result<()> {
        let columns = Columns::Fixed(self.carry.among(&[], &source.name)?.into());
        let source = Arc::new(Source { columns, ..source });
        send(emit, Step::Begin(source.clone()))?;
        let article = match text_of(input, &source.path, self.options.lossy) {
            Ok(article) => Arc::new(article),
            Err(Error::Data { line, message, .. }) if self.on_error != OnError::Fail => {
                if skip == 0 {
                    let content = Content::Rejected { line, reason: message };
                    send(emit, Step::Job(Job { source: source.clone(), first: 0, content }))?;
                }
                return send(emit, Step::End(source));
            }
            Err(error) => return Err(error.into()),
        };
        let (mut first, mut spans, mut bytes) = (skip, Vec::new(), 0);
        let mut job = |spans: &mut Vec<_>| {
            let (spans, start) = (std::mem::take(spans), first);
            first += spans.len() as u64;
            let content = Content::Sentences { article: article.clone(), spans };
            send(emit, Step::Job(Job { source: source.clone(), first: start, content }))
        };
        let sentences = self.pipeline.splitter().split(&article).filter(|sentence| !sentence.is_blank());
        for sentence in sentences.skip(skip as usize) {
            let span = sentence.text_span();
            bytes += span.len();
            spans.push(span);
            if bytes >= JOB || spans.len() >= ROWS {
                bytes = 0;
                job(&mut spans)?;
            }
        }
        if !spans.is_empty() {
            job(&mut spans)?;
        }
        send(emit, Step::End(source))
    }

    #[cfg(not(feature = "columnar"))]
    fn columnar(&self, source: Source, _: u64, _: Emit<'_>) -> anyhow::Result<()> {
        anyhow::bail!(
            "{}: this build reads no {}: build it with --features columnar",
            source.name,
            source.format
        )
    }

    #[cfg(feature = "columnar")]
    fn columnar(&self, source: Source, skip: u64, emit: Emit<'_>) -> anyhow::Result<()> {
        use tasnif::dataset::columnar::Table;
        let table = Table::open(&source.path, source.format, &self.options.text_field)?;
        let columns = self.carry.among(&table.other_columns(), &source.name)?;
        let table = table.project(&columns)?;
        let types = Some(table.fields());
        let source = Arc::new(Source { columns: Columns::Fixed(columns.into()), types, ..source });
        send(emit, Step::Begin(source.clone()))?;
        let mut first = 0;
        for slice in table.slices(ROWS * 8) {
            let slice = slice?;
            let rows = slice.rows();
            if first >= skip {
                let content = Content::Rows(slice);
                send(emit, Step::Job(Job { source: source.clone(), first, content }))?;
            }
            first += rows;
        }
        send(emit, Step::End(source))
    }
}

/// The size of a file; 0 where it is not known.
pub fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| if metadata.is_file() { metadata.len() } else { 0 })
}
