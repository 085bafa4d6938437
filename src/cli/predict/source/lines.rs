//! Formats with a record a line: jobs are whole lines.

use std::io::{self, BufRead};
use std::sync::Arc;

use tasnif::Error;
use tasnif::dataset::{Format, Input};

use super::super::carry::{Carry, Columns};
use super::super::engine::Emit;
use super::super::follow::Following;
use super::super::job::{Content, Job, Source, Step};
use super::super::work::too_long;
use super::{JOB, Plan, send};

impl Plan {
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
    pub(super) fn follow(&self, source: Source, emit: Emit<'_>) -> anyhow::Result<()> {
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
        send(emit, Step::Begin(source.clone()))?;
        let (mut lines, mut first) = (Following::new(&source.path), 0);
        loop {
            let bytes = lines.next().map_err(|error| Error::io(&source.path, error))?;
            let records = memchr::memchr_iter(b'\n', &bytes).count() as u64;
            let content = Content::Lines { bytes, line: first + 1 };
            send(emit, Step::Job(Job { source: source.clone(), first, content }))?;
            first += records;
        }
    }

    pub(super) fn lines(
        &self,
        input: Input,
        source: Source,
        skip: u64,
        emit: Emit<'_>,
    ) -> anyhow::Result<()> {
        let columns = self.line_columns(&source)?;
        let source = Arc::new(Source { columns, ..source });
        send(emit, Step::Begin(source.clone()))?;
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
            send(emit, Step::Job(Job { source: source.clone(), first, content }))?;
            first += records;
        }
        send(emit, Step::End(source))
    }
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
