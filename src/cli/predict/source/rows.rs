//! CSV: jobs are rows, of which the columns asked for are kept.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use csv::{ByteRecord, ErrorKind, ReaderBuilder};
use tasnif::Error;
use tasnif::dataset::Input;

use super::super::carry::Columns;
use super::super::engine::Emit;
use super::super::job::{Cells, Content, Job, Source, Step};
use super::super::work::too_long;
use super::{JOB, Plan, ROWS, send};

impl Plan {
    pub(super) fn csv(&self, input: Input, source: Source, skip: u64, emit: Emit<'_>) -> anyhow::Result<()> {
        let since = Arc::new(AtomicU64::new(0));
        let limit = Limited { raw: input.into_reader(), since: since.clone(), most: self.max_record as u64 };
        let mut reader = ReaderBuilder::new().delimiter(self.options.delimiter).from_reader(limit);
        let header: Vec<String> = match reader.byte_headers() {
            Ok(header) => header
                .iter()
                .map(|name| String::from_utf8_lossy(name).trim_start_matches('\u{FEFF}').to_owned())
                .collect(),
            Err(error) => return Err(fault(&source.path, error)?.into_error(&source.path)),
        };
        // An empty file has no header, and no records to ask anything of.
        let (mut text, mut carried, mut columns) = (0, Vec::new(), Vec::new());
        if !header.is_empty() {
            let Some(found) = header.iter().position(|name| *name == self.options.text_field) else {
                let message = format!(
                    "no column '{}' among {}; name it with --text-field",
                    self.options.text_field,
                    header.join(", ")
                );
                return Err(Error::data(&source.path, 1, message).into());
            };
            text = found;
            let mut others = header.clone();
            others.remove(text);
            columns = self.carry.among(&others, &source.name)?;
            let place = |name: &String| {
                header.iter().enumerate().position(|(place, column)| place != text && column == name)
            };
            carried = columns.iter().filter_map(place).collect();
        }
        let source = Arc::new(Source { columns: Columns::Fixed(columns.into()), ..source });
        send(emit, Step::Begin(source.clone()))?;
        let (mut record, mut cells, mut next) = (ByteRecord::new(), Cells::default(), 0);
        loop {
            since.store(0, Ordering::Relaxed);
            let row = match reader.read_byte_record(&mut record) {
                Ok(true) => (record.position().map_or(0, csv::Position::line), None),
                Ok(false) => break,
                Err(error) => {
                    let fault = fault(&source.path, error)?;
                    (fault.line, Some(fault.message))
                }
            };
            next += 1;
            if next <= skip {
                continue;
            }
            let row = match row {
                (line, None) if record.as_slice().len() > self.max_record => {
                    (line, Some(too_long(self.max_record)))
                }
                row => row,
            };
            if row.1.is_none() {
                for &column in [text].iter().chain(&carried) {
                    cells.bytes.extend_from_slice(record.get(column).unwrap_or_default());
                    cells.ends.push(cells.bytes.len());
                }
            }
            cells.rows.push(row);
            if cells.bytes.len() >= JOB || cells.rows.len() >= ROWS {
                let first = next - cells.rows.len() as u64;
                let content = Content::Cells(std::mem::take(&mut cells));
                send(emit, Step::Job(Job { source: source.clone(), first, content }))?;
            }
        }
        if !cells.rows.is_empty() {
            let first = next - cells.rows.len() as u64;
            let content = Content::Cells(cells);
            send(emit, Step::Job(Job { source: source.clone(), first, content }))?;
        }
        send(emit, Step::End(source))
    }
}

/// What is wrong with a row.
struct Fault {
    line: u64,
    message: String,
}

impl Fault {
    fn into_error(self, path: &Path) -> anyhow::Error {
        Error::data(path, self.line, self.message).into()
    }
}

/// What is wrong with a row, unless it is wrong with all that follow.
fn fault(path: &Path, error: csv::Error) -> anyhow::Result<Fault> {
    let line = error.position().map_or(1, csv::Position::line);
    let message = match error.into_kind() {
        ErrorKind::Io(error) => {
            return Err(match error.downcast::<TooLong>() {
                Ok(TooLong { most }) => Error::Parameter(format!(
                    "{}: {} that has no end: is a quote not closed?",
                    path.display(),
                    too_long(most)
                )),
                Err(error) => Error::io(path, error),
            }
            .into());
        }
        ErrorKind::UnequalLengths { expected_len, len, .. } => format!(
            "{len} fields where the header has {expected_len} fields; put quotes around fields with a comma"
        ),
        other => format!("not CSV: {other:?}"),
    };
    Ok(Fault { line, message })
}

/// A reader that gives only so many bytes for one record: a quote that is not closed would fill the memory.
struct Limited<R> {
    raw: R,
    since: Arc<AtomicU64>,
    most: u64,
}

/// Above what a reader of CSV takes ahead.
const AHEAD: u64 = 1 << 17;

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.raw.read(buffer)?;
        let since = self.since.fetch_add(read as u64, Ordering::Relaxed);
        if since > self.most + AHEAD {
            return Err(io::Error::other(TooLong { most: self.most as usize }));
        }
        Ok(read)
    }
}

/// A record went on and on.
#[derive(Debug)]
struct TooLong {
    most: usize,
}

impl std::fmt::Display for TooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&too_long(self.most))
    }
}

impl std::error::Error for TooLong {}
