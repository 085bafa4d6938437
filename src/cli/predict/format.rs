//! Labelled records as bytes, in each text format. Many threads format at once: nothing here changes.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::Arc;

use anstyle::AnsiColor;
use memchr::{memchr, memchr3};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use tasnif::pipeline::{Pipeline, Prediction};

use super::OutputFormat;
use super::carry::{Columns, Field, output_name};
use super::job::{Source, Tally};

/// A record with what is said of it.
pub struct Item<'a> {
    /// Counts from 0 in each source.
    pub index: u64,
    /// First byte of `text` in what it was cut from.
    pub start: usize,
    pub text: &'a str,
    /// Carried columns of the input.
    pub carried: &'a [(Cow<'a, str>, Field<'a>)],
    /// What the model says, or why the record could not be read.
    pub outcome: Result<Prediction<'a>, &'a str>,
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
    pub colour: bool,
}

/// Formats labelled records.
pub struct Formatter {
    pub pipeline: Arc<Pipeline>,
    pub style: Style,
    /// Characters of the longest label.
    width: usize,
}

/// A line of JSONL.
#[derive(Serialize)]
struct Line<'a> {
    source: &'a str,
    index: u64,
    start: usize,
    end: usize,
    text: Option<&'a str>,
    label: Option<&'a str>,
    /// Where a record may have any number of labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<&'a [&'a str]>,
    score: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    set: Option<&'a [&'a str]>,
    scores: Option<Scores<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// Scores by label: all in the order of the labels, or the best few, best first.
struct Scores<'a> {
    labels: &'a [String],
    scores: &'a [f32],
    best: Option<usize>,
}

impl Serialize for Scores<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let best = self.best.map(|k| best(self.scores, k));
        let mut map = serializer.serialize_map(Some(best.as_ref().map_or(self.labels.len(), Vec::len)))?;
        match best {
            Some(best) => {
                for class in best {
                    map.serialize_entry(&self.labels[class], &self.scores[class])?;
                }
            }
            None => {
                for (label, score) in self.labels.iter().zip(self.scores) {
                    map.serialize_entry(label, score)?;
                }
            }
        }
        map.end()
    }
}

/// The classes with the `k` highest scores, best first, the first of equals before the others.
pub fn best(scores: &[f32], k: usize) -> Vec<usize> {
    let mut classes: Vec<usize> = (0..scores.len()).collect();
    classes.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    classes.truncate(k);
    classes
}

impl Formatter {
    pub fn new(pipeline: Arc<Pipeline>, style: Style) -> Self {
        let width = pipeline.labels().iter().map(|label| label.chars().count()).max().unwrap_or(0);
        Formatter { pipeline, style, width }
    }

    /// What stands before the records of a source: the first one's header in CSV, the name of each above its table.
    pub fn begin(&self, source: &Source, first: bool) -> Vec<u8> {
        match self.style.format {
            OutputFormat::Pretty if self.style.name_sources => {
                let gap = if first { "" } else { "\n" };
                format!("{gap}{}\n", source.name).into_bytes()
            }
            OutputFormat::Csv if first => {
                let set = if self.style.coverage.is_some() { ",set" } else { "" };
                let mut header = format!("source,index,start,end,label,score{set}");
                for name in source.columns.names() {
                    header.push(',');
                    header.push_str(&quoted(&output_name(name)));
                }
                header.push_str(",text\n");
                header.into_bytes()
            }
            _ => Vec::new(),
        }
    }

    /// What stands behind them: the counts, under a table.
    pub fn end(&self, tally: &Tally) -> Vec<u8> {
        if self.style.format != OutputFormat::Pretty {
            return Vec::new();
        }
        let total = tally.records;
        let mut line = format!("{total} {}", if total == 1 { "record" } else { "records" });
        let labels = self.pipeline.labels().iter().map(String::as_str).zip(&tally.labels);
        let counts = labels.chain([("-", &tally.unlabelled)]);
        for (place, (label, count)) in counts.filter(|&(_, &count)| count > 0).enumerate() {
            line.push_str(&format!("{} {count} {label}", if place == 0 { ":" } else { "," }));
        }
        line.push('\n');
        line.into_bytes()
    }

    /// The labels that are given to a record, the most probable first, and its set, which are counted.
    pub fn given<'a>(
        &'a self,
        prediction: &Prediction<'a>,
        tally: &mut Tally,
    ) -> (Vec<&'a str>, Option<Vec<&'a str>>) {
        let labels = self.pipeline.labels();
        let given = self.pipeline.given(prediction, self.style.min_score);
        tally.labels.resize(labels.len(), 0);
        tally.unlabelled += u64::from(given.is_empty());
        for label in &given {
            if let Ok(class) = labels.binary_search_by(|known| known.as_str().cmp(label)) {
                tally.labels[class] += 1;
            }
        }
        let set = self.style.coverage.and_then(|coverage| self.pipeline.label_set(prediction, coverage));
        (given, set)
    }

    /// Writes one record.
    pub fn write(
        &self,
        out: &mut Vec<u8>,
        source: &Source,
        item: &Item<'_>,
        tally: &mut Tally,
    ) -> io::Result<()> {
        tally.records += 1;
        let (given, set, score) = match &item.outcome {
            Ok(prediction) => {
                let (given, set) = self.given(prediction, tally);
                (given, set, Some(prediction.score))
            }
            Err(_) => {
                tally.unlabelled += 1;
                (Vec::new(), self.style.coverage.map(|_| Vec::new()), None)
            }
        };
        match self.style.format {
            OutputFormat::Pretty => self.pretty(out, item, &given, set.as_deref()),
            OutputFormat::Jsonl => self.jsonl(out, source, item, &given, set.as_deref()),
            OutputFormat::Csv => {
                let (index, start, end) = (item.index, item.start, item.start + item.text.len());
                write!(
                    out,
                    "{},{index},{start},{end},{},",
                    quoted(&source.name),
                    quoted(&self.joined(&given))
                )?;
                if let Some(score) = score {
                    serde_json::to_writer(&mut *out, &score)?;
                }
                if let Some(set) = &set {
                    write!(out, ",{}", quoted(&self.joined(set)))?;
                }
                for (_, field) in item.carried {
                    write!(out, ",{}", quoted(&field.plain()))?;
                }
                writeln!(out, ",{}", quoted(item.text))
            }
            OutputFormat::Tsv => {
                write!(out, "{}\t", escaped(&self.joined(&given)))?;
                if let Some(score) = score {
                    serde_json::to_writer(&mut *out, &score)?;
                }
                if let Some(set) = &set {
                    write!(out, "\t{}", escaped(&self.joined(set)))?;
                }
                for (_, field) in item.carried {
                    write!(out, "\t{}", escaped(&field.plain()))?;
                }
                writeln!(out, "\t{}", escaped(item.text))
            }
            // Columns are not bytes: see `columns`.
            OutputFormat::Parquet | OutputFormat::Arrow => Ok(()),
        }
    }

    fn joined<'a>(&self, labels: &[&'a str]) -> Cow<'a, str> {
        match labels {
            [label] => Cow::Borrowed(label),
            _ => labels.join(&self.style.label_separator).into(),
        }
    }

    fn jsonl(
        &self,
        out: &mut Vec<u8>,
        source: &Source,
        item: &Item<'_>,
        given: &[&str],
        set: Option<&[&str]>,
    ) -> io::Result<()> {
        let (labels, read) = (self.pipeline.labels(), item.outcome.as_ref());
        let line = Line {
            source: &source.name,
            index: item.index,
            start: item.start,
            end: item.start + item.text.len(),
            text: read.ok().map(|_| item.text),
            label: given.first().copied(),
            labels: self.pipeline.is_multilabel().then_some(given),
            score: read.ok().map(|prediction| prediction.score),
            set,
            scores: read.ok().map(|prediction| Scores {
                labels,
                scores: &prediction.scores,
                best: self.style.top_k.filter(|&k| k < labels.len()),
            }),
            error: read.err().copied(),
        };
        serde_json::to_writer(&mut *out, &line)?;
        if !item.carried.is_empty() {
            out.pop();
            for (name, field) in item.carried {
                // What an open set of fields lacks is not there; a column that was asked for is null.
                let missing = *field == Field::Missing;
                if missing && matches!(source.columns, Columns::Open) {
                    continue;
                }
                out.push(b',');
                serde_json::to_writer(&mut *out, &output_name(name))?;
                out.push(b':');
                match field {
                    Field::Missing => out.extend_from_slice(b"null"),
                    Field::Text(text) => serde_json::to_writer(&mut *out, text)?,
                    Field::Json(json) => out.extend_from_slice(json.as_bytes()),
                }
            }
            out.push(b'}');
        }
        out.push(b'\n');
        Ok(())
    }

    /// Label, score, text: the text last, so that right-to-left letters do not move the columns.
    fn pretty(
        &self,
        out: &mut Vec<u8>,
        item: &Item<'_>,
        given: &[&str],
        set: Option<&[&str]>,
    ) -> io::Result<()> {
        let labels = self.pipeline.labels();
        let first = given.first().and_then(|label| labels.iter().position(|known| known == label));
        let style = match first {
            Some(class) if self.style.colour => COLOURS[class % COLOURS.len()].on_default(),
            _ => anstyle::Style::new(),
        };
        let shown = if given.is_empty() { "-".into() } else { self.joined(given) };
        let pad = " ".repeat(self.width.saturating_sub(shown.chars().count()));
        write!(out, "{style}{shown}{style:#}{pad}  ")?;
        let prediction = match &item.outcome {
            Ok(prediction) => prediction,
            Err(reason) => return writeln!(out, "   -  ({})", one_line(reason)),
        };
        write!(out, "{:.2}  ", prediction.score)?;
        if let Some(set) = set {
            write!(out, "{{{}}}  ", set.join(", "))?;
        }
        if let Some(k) = self.style.top_k.filter(|&k| k > 1 && k < labels.len()) {
            let others = best(&prediction.scores, k).into_iter().skip(1);
            let others: Vec<String> =
                others.map(|class| format!("{} {:.2}", labels[class], prediction.scores[class])).collect();
            write!(out, "({})  ", others.join(", "))?;
        }
        for (name, field) in item.carried {
            write!(out, "{}={}  ", output_name(name), one_line(&field.plain()))?;
        }
        // A record may hold line ends; the table shows one line each.
        writeln!(out, "{}", one_line(item.text))
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

fn one_line(text: &str) -> String {
    text.chars().map(|c| if is_line_end(c) { ' ' } else { c }).collect()
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\t' | '\u{0B}' | '\u{0C}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// A CSV field (RFC 4180).
fn quoted(field: &str) -> Cow<'_, str> {
    if memchr3(b',', b'"', b'\n', field.as_bytes()).is_some() || memchr(b'\r', field.as_bytes()).is_some() {
        format!("\"{}\"", field.replace('"', "\"\"")).into()
    } else {
        field.into()
    }
}

/// A TSV field: tab, line ends and backslash escaped.
fn escaped(field: &str) -> Cow<'_, str> {
    if memchr3(b'\t', b'\n', b'\r', field.as_bytes()).is_some() || memchr(b'\\', field.as_bytes()).is_some() {
        field.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r").into()
    } else {
        field.into()
    }
}
