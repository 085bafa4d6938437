//! Records one after another from any format: the one reader of training and prediction.

mod csv;
mod field;
mod jsonl;
mod lines;

use std::borrow::Cow;
use std::io::BufRead;
use std::path::{Path, PathBuf};

use super::{Format, ReadOptions};
use crate::error::{Error, Result};
#[cfg(feature = "columnar")]
pub(super) use jsonl::record as of_json;
use lines::Lines;
pub use lines::NOT_UTF8;

/// One record of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The text; may be empty.
    pub text: String,
    /// Its labels; empty when labels were not asked for.
    pub labels: Vec<String>,
    /// What must not be cut apart from it.
    pub group: Option<String>,
    /// How much it counts in training.
    pub weight: f32,
    /// The line it starts on, from 1.
    pub line: u64,
    /// Its other fields by name, where [`ReadOptions::other_fields`] asks for them: nested ones under their path, lists as
    /// one value, empty ones left out.
    pub fields: Vec<(String, String)>,
}

/// The records of a reader, in order. After an error there may be more records.
pub struct Records<R> {
    name: PathBuf,
    options: ReadOptions,
    labelled: bool,
    inner: Inner<R>,
}

enum Inner<R> {
    Lines(Lines<R>, LineFormat),
    Csv(csv::Csv<R>),
}

/// Formats that have one record a line.
#[derive(Clone, Copy)]
enum LineFormat {
    Plain,
    Tsv,
    Jsonl,
    FastText,
}

impl<R: BufRead> Records<R> {
    /// The records of `reader`; `name` is for messages. With `labelled`, a record without a label is an error;
    /// otherwise labels are ignored.
    ///
    /// # Errors
    /// [`Error::Parameter`] for articles, which have no records, and for `lines` where labels are wanted.
    /// [`Error::Data`] when a CSV header lacks a column that is needed.
    pub fn new(
        reader: R,
        name: &Path,
        format: Format,
        options: &ReadOptions,
        labelled: bool,
    ) -> Result<Self> {
        let line_format = match format {
            Format::Lines | Format::Text if labelled => {
                return Err(Error::Parameter(format!(
                    "{}: plain {format} has no labels; give a .tsv (label, tab, text), .csv, .jsonl or fastText file, or name \
                     the format with --input-format",
                    name.display()
                )));
            }
            Format::Text => {
                return Err(Error::Parameter(format!(
                    "{}: an article is split into sentences, not records",
                    name.display()
                )));
            }
            Format::Parquet | Format::Arrow => {
                return Err(Error::Parameter(format!(
                    "{}: {format} is no stream of records; give a file",
                    name.display()
                )));
            }
            Format::Lines => LineFormat::Plain,
            Format::Tsv => LineFormat::Tsv,
            Format::Jsonl => LineFormat::Jsonl,
            Format::FastText => LineFormat::FastText,
            Format::Csv => {
                let csv = csv::Csv::new(reader, name, options, labelled)?;
                return Ok(Self::with(name, options, labelled, Inner::Csv(csv)));
            }
        };
        Ok(Self::with(name, options, labelled, Inner::Lines(Lines::new(reader), line_format)))
    }

    fn with(name: &Path, options: &ReadOptions, labelled: bool, inner: Inner<R>) -> Self {
        Records { name: name.to_owned(), options: options.clone(), labelled, inner }
    }

    fn read(&mut self) -> Option<Result<Record>> {
        let (lines, format) = match &mut self.inner {
            Inner::Csv(csv) => return csv.read(&self.name, &self.options, self.labelled),
            Inner::Lines(lines, format) => (lines, *format),
        };
        let (line, number) = match lines.next(&self.name, self.options.lossy)? {
            Ok(next) => next,
            Err(error) => return Some(Err(error)),
        };
        let parsed = match format {
            LineFormat::Plain => Ok(Record::plain(line, number)),
            LineFormat::Tsv => tsv(line, number, &self.options, self.labelled),
            LineFormat::Jsonl => jsonl::parse(line, number, &self.options, self.labelled),
            LineFormat::FastText => fasttext(line, number, &self.options, self.labelled),
        };
        Some(parsed.map_err(|message| Error::data(&self.name, number, message)))
    }
}

impl<R: BufRead> Iterator for Records<R> {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Result<Record>> {
        self.read()
    }
}

impl Record {
    fn plain(text: &str, line: u64) -> Self {
        Record {
            text: text.to_owned(),
            labels: Vec::new(),
            group: None,
            weight: 1.0,
            line,
            fields: Vec::new(),
        }
    }
}

/// The text of a record that is one line of a file in `format`; its label, if it has one, is ignored.
///
/// ```
/// use tasnif::dataset::{Format, ReadOptions, records::line_text};
///
/// let options = ReadOptions::default();
/// assert_eq!(line_text(Format::Tsv, "strike\tthe jets came back", &options).unwrap(), "the jets came back");
/// assert_eq!(line_text(Format::Jsonl, r#"{"id": 7, "text": "rain"}"#, &options).unwrap(), "rain");
/// assert!(line_text(Format::Jsonl, r#"{"id": 7}"#, &options).unwrap_err().contains("no field 'text'"));
/// ```
///
/// # Errors
/// What is wrong with the line and how to mend it, without its place.
pub fn line_text<'a>(format: Format, line: &'a str, options: &ReadOptions) -> Result<Cow<'a, str>, String> {
    match format {
        Format::Lines => Ok(line.into()),
        Format::Tsv => split_tsv(line).map(|(_, text)| text.into()),
        Format::Jsonl => jsonl::text(line, options),
        Format::FastText => fasttext(line, 0, options, false).map(|record| record.text.into()),
        _ => Err(format!("{format} has no record a line")),
    }
}

/// Label and text.
fn split_tsv(line: &str) -> Result<(&str, &str), String> {
    line.split_once('\t').ok_or_else(|| {
        "no tab: a TSV line is label, tab, text (for one text a line: --input-format lines)".to_owned()
    })
}

/// Label, first tab, the rest of the line.
fn tsv(line: &str, number: u64, options: &ReadOptions, labelled: bool) -> Result<Record, String> {
    let (label, text) = split_tsv(line)?;
    let labels = if labelled { options.split_labels(label)? } else { Vec::new() };
    Ok(Record { labels, ..Record::plain(text, number) })
}

/// `__label__a __label__b text`.
fn fasttext(line: &str, number: u64, options: &ReadOptions, labelled: bool) -> Result<Record, String> {
    let (mut text, mut labels) = (line.trim_start(), Vec::new());
    while let Some(rest) = text.strip_prefix("__label__") {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        labels.push(rest[..end].to_owned());
        text = rest[end..].trim_start();
    }
    if labelled && labels.is_empty() && !options.multilabel {
        return Err(
            "no label: a fastText line begins with __label__NAME (--multi-label if records may have none)"
                .into(),
        );
    }
    if labels.iter().any(String::is_empty) {
        return Err("an empty label: write __label__NAME".into());
    }
    if !labelled {
        labels.clear();
    }
    Ok(Record { labels, ..Record::plain(text, number) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(
        format: Format,
        data: &[u8],
        options: &ReadOptions,
        labelled: bool,
    ) -> Vec<Result<Record, String>> {
        match Records::new(data, Path::new("data.x"), format, options, labelled) {
            Ok(records) => records.map(|record| record.map_err(|error| error.to_string())).collect(),
            Err(error) => vec![Err(error.to_string())],
        }
    }

    fn labelled(format: Format, data: &str) -> Vec<(String, String)> {
        read(format, data.as_bytes(), &ReadOptions::default(), true)
            .into_iter()
            .map(|record| record.map(|record| (record.labels.join("|"), record.text)).unwrap())
            .collect()
    }

    fn error(format: Format, data: &[u8]) -> String {
        read(format, data, &ReadOptions::default(), true).into_iter().find_map(Result::err).unwrap()
    }

    fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
        pairs.map(|(label, text)| (label.to_owned(), text.to_owned())).to_vec()
    }

    #[test]
    fn every_format_reads_the_same_records() {
        let expected = pairs([("strike", "قصف \"المدينة\""), ("other", ""), ("other", "a,\tb")]);
        assert_eq!(
            labelled(Format::Tsv, "\u{FEFF}strike\tقصف \"المدينة\"\r\nother\t\nother\ta,\tb"),
            expected
        );
        assert_eq!(
            labelled(
                Format::Csv,
                "\u{FEFF}text,label\n\"قصف \"\"المدينة\"\"\",strike\r\n,other\n\"a,\tb\",other\n"
            ),
            expected
        );
        assert_eq!(
            labelled(
                Format::Jsonl,
                "{\"text\": \"قصف \\\"المدينة\\\"\", \"label\": \"strike\", \"id\": 7}\n{\"label\":\"other\",\"text\":\"\"}\n{\"text\":\"a,\\tb\",\"labels\":[\"other\"]}\n"
            ),
            expected
        );
        assert_eq!(
            labelled(
                Format::FastText,
                "__label__strike قصف \"المدينة\"\n__label__other\n__label__other a,\tb\n"
            ),
            expected
        );
    }

    #[test]
    fn errors_name_file_line_and_cure() {
        for (format, data, line, part) in [
            (Format::Tsv, "a\tb\nno tab\n".as_bytes(), 2, "no tab"),
            (Format::Tsv, b"a\tb\n\tb\n", 2, "empty label"),
            (Format::Tsv, b"a\tb\na\t\xFF\n", 2, "--lossy"),
            (Format::Jsonl, b"{\"text\":\"a\",\"label\":\"b\"}\n{\"text\":\n", 2, "column"),
            (Format::Jsonl, b"{\"text\":5,\"label\":\"b\"}\n", 1, "text"),
            (Format::Jsonl, b"{\"body\":\"x\",\"label\":\"b\"}\n", 1, "--text-field"),
            (Format::Jsonl, b"{\"text\":\"x\"}\n", 1, "--label-field"),
            (Format::Jsonl, b"[1]\n", 1, "object"),
            (Format::Csv, b"text,label\n\"two\nlines\",a\nonly one field\n", 4, "2 fields"),
            (Format::Csv, b"text,label\nx,y\n\xFF,z\n", 3, "--lossy"),
            (Format::Csv, b"body,label\nx,y\n", 1, "body, label"),
            (Format::Csv, b"text,tag\nx,y\n", 1, "--label-field"),
            (Format::FastText, b"__label__a b\nc\n", 2, "__label__NAME"),
        ] {
            let message = error(format, data);
            assert!(message.starts_with(&format!("data.x:{line}: ")) && message.contains(part), "{message}");
        }
        assert!(error(Format::Lines, b"x").contains("no labels"));
    }

    #[test]
    fn lossy_goes_on() {
        let options = ReadOptions { lossy: true, ..ReadOptions::default() };
        for (format, data) in
            [(Format::Tsv, b"a\tb\xFFc\n".as_slice()), (Format::Csv, b"text,label\nb\xFFc,a\n")]
        {
            let records = read(format, data, &options, true);
            assert_eq!(records[0].as_ref().unwrap().text, "b\u{FFFD}c");
        }
    }

    #[test]
    fn fields_have_the_names_one_gives_them_and_may_be_nested() {
        let options = ReadOptions {
            text_field: "body.ar".into(),
            label_field: "meta.kind".into(),
            group_field: "doc".into(),
            ..ReadOptions::default()
        };
        let data = br#"{"body":{"ar":"x"},"meta":{"kind":"k"},"doc":7,"weight":0.5}"#;
        let record = read(Format::Jsonl, data, &options, true).remove(0).unwrap();
        assert_eq!((record.text.as_str(), record.group.as_deref(), record.weight), ("x", Some("7"), 0.5));
        assert_eq!(record.labels, ["k"]);
    }

    #[test]
    fn other_fields_are_kept_where_they_are_asked_for() {
        let data = br#"{"text":"x","label":"k","group":"g","weight":1,"voice":"agency","n":3,"none":null,"flags":["b","a"],"at":{"place":"here","ok":true}}"#;
        let options = ReadOptions { other_fields: true, ..ReadOptions::default() };
        let record = read(Format::Jsonl, data, &options, true).remove(0).unwrap();
        let fields: Vec<String> =
            record.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(fields, ["at.ok=true", "at.place=here", "flags=a, b", "n=3", "voice=agency"]);
        assert!(
            read(Format::Jsonl, data, &ReadOptions::default(), true)[0].as_ref().unwrap().fields.is_empty()
        );

        let csv = b"voice,text,label,group,note\nagency,x,k,g,\n";
        let record = read(Format::Csv, csv, &options, true).remove(0).unwrap();
        assert_eq!(record.fields, [("voice".to_owned(), "agency".to_owned())]);
    }

    #[test]
    fn several_labels_come_as_each_format_has_them() {
        let options = ReadOptions { label_separator: Some("|".into()), ..ReadOptions::default() };
        for (format, data) in [
            (Format::Tsv, "a|b\tx\n"),
            (Format::Csv, "label,text\na|b,x\n"),
            (Format::Jsonl, "{\"labels\":[\"a\",\"b\"],\"text\":\"x\"}\n"),
            (Format::FastText, "__label__a __label__b x\n"),
        ] {
            assert_eq!(read(format, data.as_bytes(), &options, true)[0].as_ref().unwrap().labels, ["a", "b"]);
        }
        let none = read(Format::Jsonl, b"{\"labels\":[],\"text\":\"x\"}", &options, true);
        assert!(none[0].as_ref().unwrap().labels.is_empty(), "multi-label data has records without any");
    }

    #[test]
    fn labels_are_not_wanted_where_they_are_not_asked_for() {
        let options = ReadOptions::default();
        for (format, data) in [
            (Format::Lines, "x\n"),
            (Format::Tsv, "\tx\n"),
            (Format::Csv, "text\nx\n"),
            (Format::Jsonl, "{\"text\":\"x\"}\n"),
            (Format::FastText, "x\n"),
        ] {
            let record = read(format, data.as_bytes(), &options, false).remove(0).unwrap();
            assert_eq!((record.text.as_str(), record.labels.len()), ("x", 0), "{format}");
        }
    }

    proptest! {
        #[test]
        fn one_line_in_is_one_record_out(lines in prop::collection::vec("[^\r\n\u{FEFF}]{0,12}", 0..12), crlf: bool, last: bool) {
            let end = if crlf { "\r\n" } else { "\n" };
            let mut data = lines.join(end);
            // A file that ends in an empty line without an end of its own cannot be told from one that does not.
            if last || lines.last().is_some_and(String::is_empty) {
                data.push_str(end);
            }
            let data = if lines.is_empty() { String::new() } else { data };
            let texts: Vec<String> = read(Format::Lines, data.as_bytes(), &ReadOptions::default(), false)
                .into_iter().map(|record| record.unwrap().text).collect();
            prop_assert_eq!(texts, lines);
        }

        #[test]
        fn no_bytes_make_a_reader_panic(data in prop::collection::vec(any::<u8>(), 0..200), lossy: bool) {
            let options = ReadOptions { lossy, ..ReadOptions::default() };
            for format in [Format::Lines, Format::Tsv, Format::Csv, Format::Jsonl, Format::FastText] {
                read(format, &data, &options, true);
                read(format, &data, &options, false);
            }
        }
    }
}
