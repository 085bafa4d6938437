//! Files to data sets.

use std::io::Read;
use std::path::Path;

use super::reading::Reading;
use super::{Dataset, Encoding, Format, Input, RecordWeight};
use crate::error::{Error, Result};

/// How to read a file.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadOptions {
    /// The format, where the extension does not tell.
    pub format: Option<Format>,
    /// The field that holds the text, in CSV and JSONL.
    pub text_field: String,
    /// The field that holds the label.
    pub label_field: String,
    /// The field that holds the group; of several, joined by commas, the first that a record has.
    pub group_field: String,
    /// What stands between several labels, in TSV, CSV and JSONL strings.
    pub label_separator: Option<String>,
    /// Records may have no label: otherwise a label that is missing is taken for a slip.
    pub multilabel: bool,
    /// What stands between the fields of CSV.
    pub delimiter: u8,
    /// The encoding of text files.
    pub encoding: Encoding,
    /// Read bytes that are not UTF-8 (or whatever the encoding is) as replacement characters.
    pub lossy: bool,
    /// Keep the fields that are none of the above, for [`Record::fields`](super::Record::fields).
    pub other_fields: bool,
    /// What labelled records count by their other fields, on top of a field `weight`.
    pub record_weights: Vec<RecordWeight>,
    /// The same for what they count when scores are calibrated.
    pub calibration_weights: Vec<RecordWeight>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions {
            format: None,
            text_field: "text".into(),
            label_field: "label".into(),
            group_field: "group".into(),
            label_separator: None,
            multilabel: false,
            delimiter: b',',
            encoding: Encoding::AUTO,
            lossy: false,
            other_fields: false,
            record_weights: Vec::new(),
            calibration_weights: Vec::new(),
        }
    }
}

impl ReadOptions {
    /// The format of a file: the given one, or what the extension says.
    ///
    /// # Errors
    /// [`Error::Parameter`] when neither tells.
    pub fn format_of(&self, path: &Path) -> Result<Format> {
        self.format.map_or_else(|| Format::of(path), Ok)
    }

    /// Whether the reader itself has a use for the field `name`.
    pub(super) fn knows(&self, name: &str) -> bool {
        [self.text_field.as_str(), &self.label_field, "labels", "weight"].contains(&name)
            || self.group_field.split(',').any(|group| group == name)
    }

    /// One label, or several where a separator is set.
    pub(super) fn split_labels(&self, labels: &str) -> Result<Vec<String>, String> {
        match &self.label_separator {
            Some(separator) => Ok(labels
                .split(separator.as_str())
                .map(str::trim)
                .filter(|label| !label.is_empty())
                .map(str::to_owned)
                .collect()),
            None if labels.is_empty() && self.multilabel => Ok(Vec::new()),
            None if labels.is_empty() => Err("an empty label: name one, or delete the record".into()),
            None => Ok(vec![labels.to_owned()]),
        }
    }
}

impl Dataset {
    /// Reads labelled records; `-` is standard input, which is fastText, JSONL or TSV by its first bytes unless the options name
    /// its format.
    ///
    /// # Errors
    /// [`Error::Io`] for a file that cannot be read, [`Error::Data`] for a malformed record (by file and line),
    /// [`Error::Parameter`] for an unknown or unlabelled format.
    pub fn read(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Dataset> {
        let path = path.as_ref();
        let mut reading = Reading::open(path, options)?;
        let examples = reading
            .by_ref()
            .map(|record| record.map(|record| options.example(record)))
            .collect::<Result<_>>()?;
        Ok(Dataset { sources: vec![reading.into_source()], examples })
    }

    /// Reads several files, one after the other.
    ///
    /// # Errors
    /// As [`Dataset::read`].
    pub fn read_all<P: AsRef<Path>>(
        paths: impl IntoIterator<Item = P>,
        options: &ReadOptions,
    ) -> Result<Dataset> {
        let mut all = Dataset::default();
        for path in paths {
            all.extend(Dataset::read(path, options)?);
        }
        Ok(all)
    }
}

/// Reads a whole article.
///
/// # Errors
/// [`Error::Io`]; [`Error::Data`] with the line for bytes that are not UTF-8, unless `lossy`.
pub fn read_text(path: &Path, encoding: Encoding, lossy: bool) -> Result<String> {
    text_of(Input::open(path, encoding)?, path, lossy)
}

/// Reads a whole article that is open; `path` is for messages.
///
/// # Errors
/// As [`read_text`].
pub fn text_of(input: Input, path: &Path, lossy: bool) -> Result<String> {
    let mut bytes = Vec::new();
    input.into_reader().read_to_end(&mut bytes).map_err(|error| Error::io(path, error))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) if lossy => Ok(String::from_utf8_lossy(error.as_bytes()).into_owned()),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let line = memchr::memchr_iter(b'\n', &error.as_bytes()[..valid]).count() as u64 + 1;
            Err(Error::data(path, line, super::records::NOT_UTF8))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, content: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        (folder, path)
    }

    #[test]
    fn a_data_set_knows_its_sources() {
        let (_folder, path) = file("train.tsv", b"a\tx\nb\ty\n");
        let data = Dataset::read_all([&path, &path], &ReadOptions::default()).unwrap();
        assert_eq!(data.len(), 4);
        assert_eq!(data.label_counts().into_iter().collect::<Vec<_>>(), [("a", 2), ("b", 2)]);
        // printf 'a\tx\nb\ty\n' | sha256sum
        let sha256 = "e8d47f137cab36ac7ca41fba1e478d5a";
        assert_eq!(data.sources[0].name, "train.tsv");
        assert_eq!(data.sources[0].records, 2);
        assert_eq!(&data.sources[1].sha256[..32], sha256);
    }

    #[test]
    fn fasttext_files_may_be_called_txt() {
        let (_folder, path) = file("train.txt", b"__label__a x\n");
        assert_eq!(Dataset::read(&path, &ReadOptions::default()).unwrap().examples[0].label(), "a");
        let (_folder, path) = file("train.txt", b"an article\n");
        let error = Dataset::read(&path, &ReadOptions::default()).unwrap_err().to_string();
        assert!(error.contains("--input-format"), "{error}");
    }

    #[test]
    fn missing_files_and_directories_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = Input::open(folder.path(), Encoding::AUTO).err().unwrap().to_string();
        assert!(error.contains("is a directory"), "{error}");
        let error = Input::open(&folder.path().join("none.tsv"), Encoding::AUTO).err().unwrap().to_string();
        assert!(error.contains("none.tsv"), "{error}");
    }

    #[test]
    fn an_article_that_is_not_utf8_is_named_by_line() {
        let (_folder, path) = file("a.txt", b"one\ntwo\n\xFF\n");
        let error = read_text(&path, Encoding::AUTO, false).unwrap_err().to_string();
        assert!(error.ends_with(&format!("a.txt:3: {}", crate::dataset::records::NOT_UTF8)), "{error}");
        assert_eq!(read_text(&path, Encoding::AUTO, true).unwrap(), "one\ntwo\n\u{FFFD}\n");
    }
}
