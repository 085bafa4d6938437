//! Labelled records, in each output format.

use std::io::{self, Write};
use std::path::Path;

use anstyle::AnsiColor;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use tasnif::pipeline::{Pipeline, Prediction};

use super::OutputFormat;
use crate::cli::sink::Sink;

/// A labelled piece of text.
pub struct Item<'a> {
    /// Counts from 0 in each source.
    pub index: usize,
    /// First byte of `text` in what it was cut from.
    pub start: usize,
    pub text: &'a str,
    pub prediction: Prediction<'a>,
}

/// How records are shown.
pub struct Style {
    pub format: OutputFormat,
    /// Scores of so many labels; all when it is not given.
    pub top_k: Option<usize>,
    pub min_score: f32,
    /// Label sets of this coverage are shown.
    pub coverage: Option<f64>,
    /// Stands between several labels.
    pub label_separator: String,
    /// Whether each source is named above its table.
    pub name_sources: bool,
}

/// Writes labelled records.
pub struct Writer<'a> {
    sink: Sink,
    pipeline: &'a Pipeline,
    labels: &'a [String],
    style: Style,
    colour: bool,
    source: String,
    /// Records of the current source without a label, and by label.
    unlabelled: usize,
    counts: Vec<usize>,
    records: usize,
    sources: usize,
}

/// A line of JSONL.
#[derive(Serialize)]
struct Line<'a> {
    source: &'a str,
    index: usize,
    start: usize,
    end: usize,
    text: &'a str,
    label: Option<&'a str>,
    /// Where a record may have any number of labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<&'a [&'a str]>,
    score: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    set: Option<&'a [&'a str]>,
    scores: Scores<'a>,
}

/// Scores by label, best first when only the best are asked for.
struct Scores<'a>(Vec<(&'a str, f32)>);

impl Serialize for Scores<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (label, score) in &self.0 {
            map.serialize_entry(label, score)?;
        }
        map.end()
    }
}

impl<'a> Writer<'a> {
    pub fn new(sink: Sink, pipeline: &'a Pipeline, style: Style) -> Self {
        let labels = pipeline.labels();
        let colour = sink.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Writer {
            sink,
            pipeline,
            labels,
            style,
            colour,
            source: String::new(),
            unlabelled: 0,
            counts: vec![0; labels.len()],
            records: 0,
            sources: 0,
        }
    }

    /// Begins a source.
    pub fn begin(&mut self, path: &Path) -> anyhow::Result<()> {
        self.source = path.display().to_string();
        (self.unlabelled, self.records) = (0, 0);
        self.counts.fill(0);
        match self.style.format {
            OutputFormat::Pretty if self.style.name_sources => {
                let gap = if self.sources > 0 { "\n" } else { "" };
                writeln!(self.sink, "{gap}{}", self.source)?;
            }
            OutputFormat::Csv if self.sources == 0 => {
                let set = if self.style.coverage.is_some() { ",set" } else { "" };
                writeln!(self.sink, "source,index,start,end,label,score{set},text")?;
            }
            _ => {}
        }
        self.sources += 1;
        Ok(())
    }

    /// Writes one record.
    pub fn write(&mut self, item: &Item<'_>) -> anyhow::Result<()> {
        let Prediction { score, .. } = item.prediction;
        let given = self.pipeline.given(&item.prediction, self.style.min_score);
        self.records += 1;
        self.unlabelled += usize::from(given.is_empty());
        for label in &given {
            if let Ok(class) = self.labels.binary_search_by(|known| known.as_str().cmp(label)) {
                self.counts[class] += 1;
            }
        }
        let set =
            self.style.coverage.and_then(|coverage| self.pipeline.label_set(&item.prediction, coverage));
        let joined = |labels: &[&str]| labels.join(&self.style.label_separator);
        match self.style.format {
            OutputFormat::Pretty => self.pretty(item, &given, set.as_deref())?,
            OutputFormat::Jsonl => {
                let line = Line {
                    source: &self.source,
                    index: item.index,
                    start: item.start,
                    end: item.start + item.text.len(),
                    text: item.text,
                    label: given.first().copied(),
                    labels: self.pipeline.is_multilabel().then_some(&given),
                    score,
                    set: set.as_deref(),
                    scores: Scores(self.scores(&item.prediction)),
                };
                serde_json::to_writer(&mut self.sink, &line).map_err(io::Error::from)?;
                self.sink.write_all(b"\n")?;
            }
            OutputFormat::Csv => {
                let (index, start, end) = (item.index, item.start, item.start + item.text.len());
                let given = joined(&given);
                let (source, label, text) = (quoted(&self.source), quoted(&given), quoted(item.text));
                write!(self.sink, "{source},{index},{start},{end},{label},{score}")?;
                if let Some(set) = &set {
                    write!(self.sink, ",{}", quoted(&joined(set)))?;
                }
                writeln!(self.sink, ",{text}")?;
            }
            OutputFormat::Tsv => {
                write!(self.sink, "{}\t{score}", escaped(&joined(&given)))?;
                if let Some(set) = &set {
                    write!(self.sink, "\t{}", escaped(&joined(set)))?;
                }
                writeln!(self.sink, "\t{}", escaped(item.text))?;
            }
        }
        Ok(())
    }

    /// Ends a source: a table closes with its counts.
    pub fn end(&mut self) -> anyhow::Result<()> {
        if !matches!(self.style.format, OutputFormat::Pretty) {
            return Ok(());
        }
        let total = self.records;
        write!(self.sink, "{total} {}", if total == 1 { "record" } else { "records" })?;
        let counts =
            self.labels.iter().map(String::as_str).zip(&self.counts).chain([("-", &self.unlabelled)]);
        for (place, (label, count)) in counts.filter(|&(_, &count)| count > 0).enumerate() {
            write!(self.sink, "{} {count} {label}", if place == 0 { ":" } else { "," })?;
        }
        Ok(writeln!(self.sink)?)
    }

    pub fn finish(self) -> anyhow::Result<()> {
        self.sink.finish()
    }

    /// Label, score, text: the text last, so that right-to-left letters do not move the columns.
    fn pretty(&mut self, item: &Item<'_>, given: &[&str], set: Option<&[&str]>) -> anyhow::Result<()> {
        let width = self.labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
        let first = given.first().and_then(|label| self.labels.iter().position(|known| known == label));
        let style = match first {
            Some(class) if self.colour => COLOURS[class % COLOURS.len()].on_default(),
            _ => anstyle::Style::new(),
        };
        let shown = if given.is_empty() { "-".to_owned() } else { given.join(&self.style.label_separator) };
        let pad = " ".repeat(width.saturating_sub(shown.chars().count()));
        write!(self.sink, "{style}{shown}{style:#}{pad}  {:.2}  ", item.prediction.score)?;
        if let Some(set) = set {
            write!(self.sink, "{{{}}}  ", set.join(", "))?;
        }
        if self.style.top_k.is_some_and(|k| k > 1 && k < self.labels.len()) {
            let others = self.scores(&item.prediction).into_iter().skip(1);
            let others: Vec<String> = others.map(|(label, score)| format!("{label} {score:.2}")).collect();
            write!(self.sink, "({})  ", others.join(", "))?;
        }
        // A record may hold line ends; the table shows one line each.
        let text: String = item.text.chars().map(|c| if is_line_end(c) { ' ' } else { c }).collect();
        Ok(writeln!(self.sink, "{text}")?)
    }

    /// The scores to show: all in the order of the labels, or the best few, best first.
    fn scores(&self, prediction: &Prediction<'_>) -> Vec<(&'a str, f32)> {
        let mut scores: Vec<(&str, f32)> =
            self.labels.iter().map(String::as_str).zip(prediction.scores.iter().copied()).collect();
        if let Some(k) = self.style.top_k.filter(|&k| k < scores.len()) {
            scores.sort_by(|a, b| b.1.total_cmp(&a.1));
            scores.truncate(k);
        }
        scores
    }
}

const COLOURS: [AnsiColor; 6] = [
    AnsiColor::Green,
    AnsiColor::Cyan,
    AnsiColor::Magenta,
    AnsiColor::Yellow,
    AnsiColor::Red,
    AnsiColor::Blue,
];

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\t' | '\u{0B}' | '\u{0C}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// A CSV field (RFC 4180).
fn quoted(field: &str) -> std::borrow::Cow<'_, str> {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\"")).into()
    } else {
        field.into()
    }
}

/// A TSV field: tab, line ends and backslash escaped.
fn escaped(field: &str) -> std::borrow::Cow<'_, str> {
    if field.contains(['\t', '\n', '\r', '\\']) {
        field.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r").into()
    } else {
        field.into()
    }
}
