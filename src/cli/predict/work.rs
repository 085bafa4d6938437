//! What a worker does with a job: take the records apart, label them, format them.

use std::borrow::Cow;

use tasnif::Error;
use tasnif::compression::Compression;
use tasnif::dataset::records::{NOT_UTF8, line_text};
use tasnif::dataset::{Format, ReadOptions};
use tasnif::pipeline::{Pipeline, Prediction, Predictions};

use super::OnError;
use super::arabic::Letters;
use super::carry::{Columns, Field, json_fields};
#[cfg(feature = "columnar")]
use super::columns::Builder;
use super::format::{Formatter, Item};
use super::job::{Cells, Content, Job, Piece, Reject, Source, Tally};

/// All that a worker needs to know.
pub struct Worker {
    pub formatter: Formatter,
    pub options: ReadOptions,
    pub on_error: OnError,
    /// Bytes of the longest record that is read.
    pub max_record: usize,
    pub compression: Option<Compression>,
    /// Whether letters are counted, at the head of each source.
    pub count_letters: bool,
}

/// Bytes of text whose letters are counted.
const LETTERS: usize = 1 << 16;

/// One record, taken apart.
struct Entry<'a> {
    line: u64,
    /// Where the text begins in what it was cut from.
    start: usize,
    content: Result<Good<'a>, String>,
}

struct Good<'a> {
    text: Cow<'a, str>,
    carried: Vec<(Cow<'a, str>, Field<'a>)>,
}

impl Worker {
    /// The output of a job.
    pub fn run(&self, job: Job) -> Piece {
        let mut piece = Piece {
            source: job.source.clone(),
            next: job.first,
            bytes: Vec::new(),
            #[cfg(feature = "columnar")]
            rows: None,
            tally: Tally::default(),
            rejects: Vec::new(),
            letters: Letters::default(),
            error: None,
        };
        if let Err(error) = self.fill(&job, &mut piece) {
            piece.error = Some(error);
        }
        piece
    }

    fn fill(&self, job: &Job, piece: &mut Piece) -> anyhow::Result<()> {
        #[cfg(feature = "columnar")]
        let read;
        #[cfg(feature = "columnar")]
        let mut carried = Vec::new();
        let entries = match &job.content {
            Content::Lines { bytes, line } => self.lines(bytes, *line, &job.source),
            Content::Cells(cells) => self.rows(cells, &job.source),
            Content::Sentences { article, spans } => {
                let entry = |span: &std::ops::Range<usize>| Entry {
                    line: 0,
                    start: span.start,
                    content: Ok(Good { text: article[span.clone()].into(), carried: Vec::new() }),
                };
                spans.iter().map(entry).collect()
            }
            Content::Rejected { line, reason } => {
                vec![Entry { line: *line, start: 0, content: Err(reason.clone()) }]
            }
            #[cfg(feature = "columnar")]
            Content::Rows(slice) => {
                read = slice.read()?;
                carried = read.others.clone();
                job.source.meter.advance(slice.bytes());
                self.column_rows(&read, &job.source, job.first)
            }
        };
        let records = entries.len() as u64;
        let done = self.label(
            job,
            entries,
            piece,
            #[cfg(feature = "columnar")]
            &carried,
        );
        piece.next = job.first + records;
        if let Some(compression) = self.compression
            && !piece.bytes.is_empty()
        {
            piece.bytes = compression.compress(&piece.bytes)?;
        }
        done
    }

    /// Labels and formats, up to the first record that cannot be read if that is an error.
    ///
    /// `carried` are columns that go to columns as they are, where the input has them.
    fn label(
        &self,
        job: &Job,
        entries: Vec<Entry<'_>>,
        piece: &mut Piece,
        #[cfg(feature = "columnar")] carried: &[arrow_array::ArrayRef],
    ) -> anyhow::Result<()> {
        let texts: Vec<&str> = entries
            .iter()
            .filter_map(|entry| entry.content.as_ref().ok())
            .map(|good| good.text.as_ref())
            .collect();
        if self.count_letters && job.first == 0 {
            let mut bytes = 0;
            for text in texts.iter().take_while(|text| {
                bytes += text.len();
                bytes <= LETTERS
            }) {
                piece.letters.count(text);
            }
        }
        let pipeline: &Pipeline = &self.formatter.pipeline;
        // One text that a subword tokenizer refuses is one bad record, whatever stands beside it.
        let mut all = Predictions::default();
        let mut predictions: Box<dyn Iterator<Item = Result<Prediction<'_>, Error>>> =
            match pipeline.predict_into(&texts, &mut all) {
                Ok(()) => Box::new((0..texts.len()).filter_map(|text| all.get(pipeline, text)).map(Ok)),
                Err(_) => Box::new(texts.iter().map(|text| pipeline.predict(text))),
            };
        #[cfg(feature = "columnar")]
        let mut rows = self.formatter.style.format.is_columnar().then(|| Builder::new(&self.formatter));
        for (index, entry) in (job.first..).zip(&entries) {
            let outcome = match &entry.content {
                Ok(good) => match predictions.next() {
                    Some(Ok(prediction)) => Ok((good, prediction)),
                    Some(Err(error)) => Err(error.to_string()),
                    None => Err("no prediction".to_owned()),
                },
                Err(reason) => Err(reason.clone()),
            };
            if let Err(reason) = &outcome {
                if self.on_error == OnError::Fail {
                    return Err(Error::data(&job.source.path, entry.line, reason.as_str()).into());
                }
                piece.rejects.push(Reject {
                    file: job.source.name.clone(),
                    line: entry.line,
                    reason: reason.clone(),
                });
                if self.on_error == OnError::Skip {
                    continue;
                }
            }
            let missing;
            let item = match &outcome {
                Ok((good, _)) => {
                    let text = good.text.trim();
                    // Only the white space at the ends is cut from what is shown.
                    let cut =
                        if text.is_empty() { 0 } else { good.text.len() - good.text.trim_start().len() };
                    Item { index, start: entry.start + cut, text, carried: &good.carried, outcome: Err("") }
                }
                Err(_) => {
                    missing = nothing_of(&job.source.columns);
                    Item { index, start: 0, text: "", carried: &missing, outcome: Err("") }
                }
            };
            let item = match outcome {
                Ok((_, prediction)) => Item { outcome: Ok(prediction), ..item },
                Err(ref reason) => Item { outcome: Err(reason), ..item },
            };
            #[cfg(feature = "columnar")]
            if let Some(rows) = &mut rows {
                rows.push(&job.source, &item, (index - job.first) as usize, &mut piece.tally);
                continue;
            }
            self.formatter.write(&mut piece.bytes, &job.source, &item, &mut piece.tally)?;
        }
        #[cfg(feature = "columnar")]
        {
            piece.rows = rows.map(|rows| rows.finish(&job.source, carried)).transpose()?;
        }
        Ok(())
    }

    fn lines<'a>(&self, bytes: &'a [u8], first: u64, source: &'a Source) -> Vec<Entry<'a>> {
        let mut entries = Vec::with_capacity(bytes.len() / 64);
        // Checked at once where all of it is UTF-8, which is nearly always.
        let whole = simdutf8::basic::from_utf8(bytes).ok();
        let mut start = 0;
        for number in first.. {
            if start >= bytes.len() {
                break;
            }
            let behind = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |length| start + length);
            let mut end = behind;
            if bytes[start..end].ends_with(b"\r") {
                end -= 1;
            }
            if number == 1 && bytes[start..end].starts_with(b"\xEF\xBB\xBF") {
                start += 3;
            }
            let line = match whole.and_then(|whole| whole.get(start..end)) {
                Some(line) => Ok(line),
                None => std::str::from_utf8(&bytes[start..end]).map_err(|_| &bytes[start..end]),
            };
            entries.push(Entry { line: number, start: 0, content: self.line(line, source) });
            start = behind + 1;
        }
        entries
    }

    /// Takes apart a line, or the bytes of one that is not UTF-8.
    fn line<'a>(&self, line: Result<&'a str, &'a [u8]>, source: &'a Source) -> Result<Good<'a>, String> {
        if line.map_or_else(<[u8]>::len, str::len) > self.max_record {
            return Err(too_long(self.max_record));
        }
        match line {
            Ok(line) => {
                let text = line_text(source.format, line, &self.options)?;
                Ok(Good { text, carried: carried_of_line(line, source, &self.options) })
            }
            Err(line) if self.options.lossy => {
                let line = String::from_utf8_lossy(line);
                let text = line_text(source.format, &line, &self.options)?.into_owned();
                let carried = carried_of_line(&line, source, &self.options);
                let carried =
                    carried.into_iter().map(|(name, field)| (name.into_owned().into(), owned(field)));
                Ok(Good { text: text.into(), carried: carried.collect() })
            }
            Err(_) => Err(NOT_UTF8.into()),
        }
    }

    /// Rows of columns. The carried ones are taken apart only for output that has no columns.
    #[cfg(feature = "columnar")]
    fn column_rows<'a>(
        &self,
        rows: &'a tasnif::dataset::columnar::Rows,
        source: &'a Source,
        first: u64,
    ) -> Vec<Entry<'a>> {
        use tasnif::dataset::columnar::{json, text};
        let apart = !self.formatter.style.format.is_columnar();
        let entry = |row: usize, line: u64| {
            let content = match text(rows.text.as_ref(), row) {
                Some(text) if text.len() > self.max_record => Err(too_long(self.max_record)),
                Some(text) => {
                    let columns = source.columns.names().iter().zip(&rows.others).filter(|_| apart);
                    let carried = columns.map(|(name, column)| {
                        let field = match json(column.as_ref(), row)? {
                            serde_json::Value::Null => Field::Missing,
                            serde_json::Value::String(text) => Field::Text(text.into()),
                            other => Field::Json(other.to_string().into()),
                        };
                        Ok((name.as_str().into(), field))
                    });
                    carried.collect::<Result<_, String>>().map(|carried| Good { text: text.into(), carried })
                }
                None => Err(format!("column '{}' holds no text here", self.options.text_field)),
            };
            Entry { line, start: 0, content }
        };
        (0..arrow_array::Array::len(&rows.text)).map(|row| entry(row, first + row as u64 + 1)).collect()
    }

    fn rows<'a>(&self, cells: &'a Cells, source: &'a Source) -> Vec<Entry<'a>> {
        let names = source.columns.names();
        let (mut cell, mut start) = (0, 0);
        let mut next = || {
            let end = cells.ends.get(cell).copied().unwrap_or(start);
            let bytes = &cells.bytes[start..end];
            (cell, start) = (cell + 1, end);
            match std::str::from_utf8(bytes) {
                Ok(text) => Ok(Cow::Borrowed(text)),
                Err(_) if self.options.lossy => Ok(String::from_utf8_lossy(bytes)),
                Err(_) => Err(NOT_UTF8.to_owned()),
            }
        };
        let mut entries = Vec::with_capacity(cells.rows.len());
        for (line, fault) in &cells.rows {
            let content = match fault {
                Some(fault) => Err(fault.clone()),
                None => {
                    // All cells of the row are taken, also behind a bad one.
                    let text = next();
                    let carried: Vec<Result<_, String>> = names
                        .iter()
                        .map(|name| next().map(|value| (name.as_str().into(), Field::Text(value))))
                        .collect();
                    text.and_then(|text| {
                        Ok(Good { text, carried: carried.into_iter().collect::<Result<_, _>>()? })
                    })
                }
            };
            entries.push(Entry { line: *line, start: 0, content });
        }
        entries
    }
}

/// What is said of a record that is longer than `--max-record` allows.
pub fn too_long(max_record: usize) -> String {
    format!("a record of more than {max_record} bytes; raise --max-record if it is no accident")
}

fn carried_of_line<'a>(
    line: &'a str,
    source: &'a Source,
    options: &ReadOptions,
) -> Vec<(Cow<'a, str>, Field<'a>)> {
    match source.format {
        Format::Jsonl => json_fields(line, &source.columns, &options.text_field),
        // The one column beside the text.
        Format::Tsv if !source.columns.names().is_empty() => {
            let label = line.split_once('\t').map_or("", |(label, _)| label);
            vec![("label".into(), Field::Text(label.into()))]
        }
        _ => Vec::new(),
    }
}

fn owned(field: Field<'_>) -> Field<'static> {
    match field {
        Field::Missing => Field::Missing,
        Field::Text(text) => Field::Text(text.into_owned().into()),
        Field::Json(json) => Field::Json(json.into_owned().into()),
    }
}

/// The carried columns of a record that could not be read.
fn nothing_of(columns: &Columns) -> Vec<(Cow<'_, str>, Field<'_>)> {
    columns.names().iter().map(|name| (name.as_str().into(), Field::Missing)).collect()
}
