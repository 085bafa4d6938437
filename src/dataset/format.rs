//! The file formats and how they are told apart.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::compression::uncompressed_name;
use crate::error::{Error, Result};

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Articles: running text, split into sentences.
    Text,
    /// One record a line.
    Lines,
    /// Label, tab, text; no header, no quoting.
    Tsv,
    /// A header, then records; fields may be quoted and run over lines.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// `__label__NAME` words, then the text.
    FastText,
    /// Columns in row groups, from [Apache Parquet](https://parquet.apache.org).
    Parquet,
    /// Columns in batches, from [Apache Arrow](https://arrow.apache.org): an IPC file or stream.
    Arrow,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 8] = [
        Format::Text,
        Format::Lines,
        Format::Tsv,
        Format::Csv,
        Format::Jsonl,
        Format::FastText,
        Format::Parquet,
        Format::Arrow,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Lines => "lines",
            Format::Tsv => "tsv",
            Format::Csv => "csv",
            Format::Jsonl => "jsonl",
            Format::FastText => "fasttext",
            Format::Parquet => "parquet",
            Format::Arrow => "arrow",
        }
    }

    /// Whether it holds columns, and cannot be read from a pipe.
    pub fn is_columnar(self) -> bool {
        matches!(self, Format::Parquet | Format::Arrow)
    }

    /// The format that a file's extension names, before `.gz` or `.zst`; standard input (`-`) is text.
    ///
    /// # Errors
    /// [`Error::Parameter`] for an extension that means nothing here.
    pub fn of(path: &Path) -> Result<Format> {
        if path.as_os_str() == "-" {
            return Ok(Format::Text);
        }
        let plain = uncompressed_name(path);
        let extension = plain.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        match extension.to_ascii_lowercase().as_str() {
            "txt" | "text" => Ok(Format::Text),
            "tsv" | "tab" => Ok(Format::Tsv),
            "csv" => Ok(Format::Csv),
            "jsonl" | "ndjson" => Ok(Format::Jsonl),
            "ft" | "fasttext" => Ok(Format::FastText),
            "parquet" | "pq" => Ok(Format::Parquet),
            "arrow" | "arrows" | "feather" | "ipc" => Ok(Format::Arrow),
            _ => Err(Error::Parameter(format!(
                "{}: the extension does not tell the format; name it with --input-format {}",
                path.display(),
                Format::ALL.map(Format::name).join("|")
            ))),
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl std::str::FromStr for Format {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Format::ALL.into_iter().find(|format| format.name() == name).ok_or_else(|| {
            Error::Parameter(format!(
                "unknown format '{name}'; give one of {}",
                Format::ALL.map(Format::name).join(", ")
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_tells_the_format() {
        for (path, format) in [
            ("a/b.TXT", Format::Text),
            ("-", Format::Text),
            ("x.tsv", Format::Tsv),
            ("x.ndjson", Format::Jsonl),
            ("x.csv.gz", Format::Csv),
            ("x.jsonl.ZST", Format::Jsonl),
            ("x.parquet", Format::Parquet),
        ] {
            assert_eq!(Format::of(Path::new(path)).unwrap(), format);
        }
        let error = Format::of(Path::new("notes.doc")).unwrap_err().to_string();
        assert!(error.contains("notes.doc") && error.contains("--input-format"), "{error}");
    }

    #[test]
    fn names_read_back() {
        for format in Format::ALL {
            assert_eq!(format.name().parse::<Format>().unwrap(), format);
            assert_eq!(serde_json::to_value(format).unwrap(), format.name());
        }
    }
}
