//! The reader: opens one input after the other and cuts it into jobs.

use std::io::{self, BufRead, IsTerminal, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use csv::{ByteRecord, ErrorKind, ReaderBuilder};
use tasnif::Error;
use tasnif::dataset::{Format, Input, Meter, ReadOptions, text_of};
use tasnif::pipeline::Pipeline;

use super::OnError;
use super::carry::{Carry, Columns};
use super::engine::Emit;
use super::follow::Following;
use super::job::{Cells, Content, Job, Source, Step};
use super::work::too_long;

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
struct Stopped;

impl Plan {
    /// Reads all inputs.
    pub fn read(self, emit: Emit<'_>) -> anyhow::Result<()> {
        let mut before = self.inputs.iter().take(self.start.0).map(|path| size(path)).sum();
        for place in self.start.0..self.inputs.len() {
            let skip = if place == self.start.0 { self.start.1 } else { 0 };
            if self.source(place, before, skip, emit)?.is_err() {
                break;
            }
            before += size(&self.inputs[place]);
        }
        Ok(())
    }

    fn source(
        &self,
        place: usize,
        before: u64,
        skip: u64,
        emit: Emit<'_>,
    ) -> anyhow::Result<Result<(), Stopped>> {
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

    /// The carried columns of a format with a record a line.
    fn line_columns(&self, source: &Source) -> anyhow::Result<Columns> {
        Ok(match (&self.carry, source.format) {
            (Carry::All, Format::Jsonl) => {
                anyhow::ensure!(
                    !self.fixed_columns,
                    "--carry all: what fields JSONL has is not known before it is read; name them, or write JSONL"
                );
                Columns::Open
            }
            (Carry::Named(names), Format::Jsonl) => Columns::Fixed(names.as_slice().into()),
            (carry, Format::Tsv) => Columns::Fixed(carry.among(&["label".to_owned()], &source.name)?.into()),
            (carry, _) => Columns::Fixed(carry.among(&[], &source.name)?.into()),
        })
    }

    /// Lines of a file that grows; ends when nobody wants more.
    fn follow(&self, source: Source, emit: Emit<'_>) -> anyhow::Result<Result<(), Stopped>> {
        // What grows is no article.
        let format = if source.format == Format::Text { Format::Lines } else { source.format };
        anyhow::ensure!(
            !format.is_columnar() && format != Format::Csv,
            "--follow {}: {format} does not grow by lines; give lines, JSONL, TSV or fastText",
            source.name
        );
        let source = Source { format, ..source };
        let columns = self.line_columns(&source)?;
        let source = Arc::new(Source { columns, ..source });
        if emit(Step::Begin(source.clone())).is_break() {
            return Ok(Err(Stopped));
        }
        let (mut lines, mut first) = (Following::new(&source.path), 0);
        loop {
            let bytes = lines.next().map_err(|error| Error::io(&source.path, error))?;
            let records = memchr::memchr_iter(b'\n', &bytes).count() as u64;
            let content = Content::Lines { bytes, line: first + 1 };
            if emit(Step::Job(Job { source: source.clone(), first, content })).is_break() {
                return Ok(Err(Stopped));
            }
            first += records;
        }
    }

    fn lines(
        &self,
        input: Input,
        source: Source,
        skip: u64,
        emit: Emit<'_>,
    ) -> anyhow::Result<Result<(), Stopped>> {
        let columns = self.line_columns(&source)?;
        let source = Arc::new(Source { columns, ..source });
        if emit(Step::Begin(source.clone())).is_break() {
            return Ok(Err(Stopped));
        }
        let mut lines = Blocks {
            reader: input.into_reader(),
            block: Vec::with_capacity(2 * JOB),
            max_record: self.max_record,
        };
        let fail = |error| Error::io(&source.path, error);
        let mut first = lines.skip(skip).map_err(fail)?;
        while let Some(block) = lines.next().map_err(fail)? {
            let (content, records) = match block {
                Block::Lines(bytes) => {
                    let ended = bytes.last() == Some(&b'\n');
                    let records = memchr::memchr_iter(b'\n', &bytes).count() as u64 + u64::from(!ended);
                    (Content::Lines { bytes, line: first + 1 }, records)
                }
                Block::TooLong => {
                    (Content::Rejected { line: first + 1, reason: too_long(self.max_record) }, 1)
                }
            };
            if emit(Step::Job(Job { source: source.clone(), first, content })).is_break() {
                return Ok(Err(Stopped));
            }
            first += records;
        }
        Ok(ended(emit(Step::End(source))))
    }

    fn article(
        &self,
        input: Input,
        source: Source,
        skip: u64,
        emit: Emit<'_>,
    ) -> anyhow::Result<Result<(), Stopped>> {
        let columns = Columns::Fixed(self.carry.among(&[], &source.name)?.into());
        let source = Arc::new(Source { columns, ..source });
        if emit(Step::Begin(source.clone())).is_break() {
            return Ok(Err(Stopped));
        }
        let article = match text_of(input, &source.path, self.options.lossy) {
            Ok(article) => Arc::new(article),
            Err(Error::Data { line, message, .. }) if self.on_error != OnError::Fail => {
                if skip == 0 {
                    let content = Content::Rejected { line, reason: message };
                    if emit(Step::Job(Job { source: source.clone(), first: 0, content })).is_break() {
                        return Ok(Err(Stopped));
                    }
                }
                return Ok(ended(emit(Step::End(source))));
            }
            Err(error) => return Err(error.into()),
        };
        let (mut first, mut spans, mut bytes) = (skip, Vec::new(), 0);
        let mut send = |spans: &mut Vec<_>, first: &mut u64| {
            let (spans, start) = (std::mem::take(spans), *first);
            *first += spans.len() as u64;
            let content = Content::Sentences { article: article.clone(), spans };
            emit(Step::Job(Job { source: source.clone(), first: start, content }))
        };
        let sentences = self.pipeline.splitter().split(&article).filter(|sentence| !sentence.is_blank());
        for sentence in sentences.skip(skip as usize) {
            let span = sentence.text_span();
            bytes += span.len();
            spans.push(span);
            if bytes >= JOB || spans.len() >= ROWS {
                bytes = 0;
                if send(&mut spans, &mut first).is_break() {
                    return Ok(Err(Stopped));
                }
            }
        }
        if !spans.is_empty() && send(&mut spans, &mut first).is_break() {
            return Ok(Err(Stopped));
        }
        Ok(ended(emit(Step::End(source))))
    }

    fn csv(
        &self,
        input: Input,
        source: Source,
        skip: u64,
        emit: Emit<'_>,
    ) -> anyhow::Result<Result<(), Stopped>> {
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
        if emit(Step::Begin(source.clone())).is_break() {
            return Ok(Err(Stopped));
        }
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
                if emit(Step::Job(Job { source: source.clone(), first, content })).is_break() {
                    return Ok(Err(Stopped));
                }
            }
        }
        if !cells.rows.is_empty() {
            let first = next - cells.rows.len() as u64;
            let content = Content::Cells(cells);
            if emit(Step::Job(Job { source: source.clone(), first, content })).is_break() {
                return Ok(Err(Stopped));
            }
        }
        Ok(ended(emit(Step::End(source))))
    }

    #[cfg(not(feature = "columnar"))]
    fn columnar(&self, source: Source, _: u64, _: Emit<'_>) -> anyhow::Result<Result<(), Stopped>> {
        anyhow::bail!(
            "{}: this build reads no {}: build it with --features columnar",
            source.name,
            source.format
        )
    }

    #[cfg(feature = "columnar")]
    fn columnar(&self, source: Source, skip: u64, emit: Emit<'_>) -> anyhow::Result<Result<(), Stopped>> {
        use tasnif::dataset::columnar::Table;
        let table = Table::open(&source.path, source.format, &self.options.text_field)?;
        let columns = self.carry.among(&table.other_columns(), &source.name)?;
        let table = table.project(&columns)?;
        let types = Some(table.fields());
        let source = Arc::new(Source { columns: Columns::Fixed(columns.into()), types, ..source });
        if emit(Step::Begin(source.clone())).is_break() {
            return Ok(Err(Stopped));
        }
        let mut first = 0;
        for slice in table.slices(ROWS * 8) {
            let slice = slice?;
            let rows = slice.rows();
            if first >= skip {
                let content = Content::Rows(slice);
                if emit(Step::Job(Job { source: source.clone(), first, content })).is_break() {
                    return Ok(Err(Stopped));
                }
            }
            first += rows;
        }
        Ok(ended(emit(Step::End(source))))
    }
}

fn ended(flow: ControlFlow<()>) -> Result<(), Stopped> {
    if flow.is_break() { Err(Stopped) } else { Ok(()) }
}

/// The size of a file; 0 where it is not known.
pub fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| if metadata.is_file() { metadata.len() } else { 0 })
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

/// Whole lines, or one that is too long.
enum Block {
    Lines(Vec<u8>),
    TooLong,
}

/// A reader cut behind the first line end after [`JOB`] bytes.
struct Blocks {
    reader: Box<dyn BufRead + Send>,
    block: Vec<u8>,
    max_record: usize,
}

impl Blocks {
    fn next(&mut self) -> io::Result<Option<Block>> {
        // How far a line may go is counted from the start of the job, so that reads of any size end it in the same place.
        let most = JOB.saturating_add(self.max_record);
        let mut looked = JOB - 1;
        loop {
            let known = self.block.len().min(most);
            if let Some(end) = self.block.get(looked..known).and_then(|rest| memchr::memchr(b'\n', rest)) {
                return Ok(Some(self.cut(looked + end + 1)));
            }
            looked = looked.max(known);
            if known == most {
                // One line goes beyond: what stands before it is a job of its own.
                return match memchr::memrchr(b'\n', &self.block[..JOB]) {
                    Some(end) => Ok(Some(self.cut(end + 1))),
                    None => {
                        match memchr::memchr(b'\n', &self.block[most..]) {
                            Some(end) => _ = self.cut(most + end + 1),
                            None => {
                                self.block.clear();
                                self.drop_line()?;
                            }
                        }
                        Ok(Some(Block::TooLong))
                    }
                };
            }
            let filled = self.reader.fill_buf()?;
            let read = filled.len();
            self.block.extend_from_slice(filled);
            self.reader.consume(read);
            if read == 0 {
                let rest = std::mem::take(&mut self.block);
                return Ok((!rest.is_empty()).then_some(Block::Lines(rest)));
            }
        }
    }

    /// Takes `length` bytes off.
    fn cut(&mut self, length: usize) -> Block {
        let mut rest = Vec::with_capacity(2 * JOB);
        rest.extend_from_slice(&self.block[length..]);
        let mut block = std::mem::replace(&mut self.block, rest);
        block.truncate(length);
        Block::Lines(block)
    }

    /// Reads to the end of a line.
    fn drop_line(&mut self) -> io::Result<()> {
        loop {
            let filled = self.reader.fill_buf()?;
            let (end, read) = match memchr::memchr(b'\n', filled) {
                Some(end) => (true, end + 1),
                None => (filled.is_empty(), filled.len()),
            };
            self.reader.consume(read);
            if end {
                return Ok(());
            }
        }
    }

    /// Passes over lines; the number of those that were there.
    fn skip(&mut self, lines: u64) -> io::Result<u64> {
        for line in 0..lines {
            if self.reader.fill_buf()?.is_empty() {
                return Ok(line);
            }
            self.drop_line()?;
        }
        Ok(lines)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The jobs of a text that comes in reads of `step` bytes.
    fn jobs(text: &str, step: usize, max_record: usize) -> Vec<Option<String>> {
        let reader = io::BufReader::with_capacity(step, io::Cursor::new(text.to_owned().into_bytes()));
        let mut blocks = Blocks { reader: Box::new(reader), block: Vec::new(), max_record };
        let mut jobs = Vec::new();
        while let Some(block) = blocks.next().unwrap() {
            jobs.push(match block {
                Block::Lines(bytes) => Some(String::from_utf8(bytes).unwrap()),
                Block::TooLong => None,
            });
        }
        jobs
    }

    #[test]
    fn jobs_end_where_the_text_says_however_it_comes() {
        let long = "x".repeat(3 * JOB);
        let text: String =
            (0..40_000).map(|i| format!("line {i}\n")).collect::<String>() + &long + "\nb\n" + &long;
        let whole = jobs(&text, 1 << 16, usize::MAX / 2);
        assert!(whole.len() > 3);
        assert!(whole.iter().flatten().map(String::as_str).collect::<String>() == text);
        for step in [7, 1000, 1 << 20] {
            assert!(jobs(&text, step, usize::MAX / 2) == whole, "{step}");
        }
        // Too long is what no job and no record may hold.
        let cut = jobs(&text, 1 << 16, JOB);
        assert!(cut.iter().filter(|job| job.is_none()).count() == 2);
        let kept: String = cut.iter().flatten().map(String::as_str).collect();
        assert!(kept == text.replace(&(long.clone() + "\n"), "").replace(&long, ""));
        for step in [7, 1 << 20] {
            assert!(jobs(&text, step, JOB) == cut, "{step}");
        }
    }
}
