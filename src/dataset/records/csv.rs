//! Comma-separated values with a header.

use std::io::BufRead;
use std::path::Path;

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};

use super::Record;
use super::lines::NOT_UTF8;
use crate::dataset::ReadOptions;
use crate::error::{Error, Result};

/// The records of a CSV file and the places of the columns that matter.
pub(super) struct Csv<R> {
    reader: Reader<R>,
    record: ByteRecord,
    text: usize,
    label: Option<usize>,
    group: Option<usize>,
    weight: Option<usize>,
    /// The columns that have none of these uses, where they are asked for.
    others: Vec<(usize, String)>,
}

impl<R: BufRead> Csv<R> {
    pub(super) fn new(reader: R, name: &Path, options: &ReadOptions, labelled: bool) -> Result<Self> {
        let mut reader = ReaderBuilder::new().delimiter(options.delimiter).from_reader(reader);
        let header: Vec<String> = match reader.byte_headers() {
            Ok(header) => header.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect(),
            Err(error) => return Err(convert(name, error)),
        };
        let find =
            |wanted: &str| header.iter().position(|field| field.trim_start_matches('\u{FEFF}') == wanted);
        let need = |wanted: &str, flag: &str| {
            find(wanted).ok_or_else(|| {
                let columns = header.join(", ");
                Error::data(name, 1, format!("no column '{wanted}' among {columns}; name it with {flag}"))
            })
        };
        // An empty file has no header, and no records to ask anything of.
        let empty = header.is_empty();
        let text = if empty { 0 } else { need(&options.text_field, "--text-field")? };
        let label =
            if labelled && !empty { Some(need(&options.label_field, "--label-field")?) } else { None };
        let (group, weight) = (options.group_field.split(',').find_map(&find), find("weight"));
        let mut others: Vec<(usize, String)> = Vec::new();
        if options.other_fields {
            others = header
                .iter()
                .map(|name| name.trim_start_matches('\u{FEFF}').to_owned())
                .enumerate()
                .collect();
            others.retain(|(_, name)| !options.knows(name));
        }
        Ok(Csv { reader, record: ByteRecord::new(), text, label, group, weight, others })
    }

    pub(super) fn read(
        &mut self,
        name: &Path,
        options: &ReadOptions,
        labelled: bool,
    ) -> Option<Result<Record>> {
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => None,
            Err(error) => Some(Err(convert(name, error))),
            Ok(true) => {
                let line = self.record.position().map_or(0, csv::Position::line);
                Some(self.parse(line, options, labelled).map_err(|message| Error::data(name, line, message)))
            }
        }
    }

    fn parse(&self, line: u64, options: &ReadOptions, labelled: bool) -> Result<Record, String> {
        let field = |column: usize| {
            let bytes = self.record.get(column).unwrap_or_default();
            match std::str::from_utf8(bytes) {
                Ok(field) => Ok(field.to_owned()),
                Err(_) if options.lossy => Ok(String::from_utf8_lossy(bytes).into_owned()),
                Err(_) => Err(NOT_UTF8.to_owned()),
            }
        };
        let labels = match self.label {
            Some(column) if labelled => options.split_labels(&field(column)?)?,
            _ => Vec::new(),
        };
        let group = self.group.map(field).transpose()?.filter(|group| !group.is_empty());
        let weight = match self.weight {
            Some(column) if labelled => field(column)?
                .parse()
                .ok()
                .filter(|weight: &f32| weight.is_finite() && *weight >= 0.0)
                .ok_or("column 'weight' holds something that is not a number from 0")?,
            _ => 1.0,
        };
        let mut fields = Vec::with_capacity(self.others.len());
        for (column, name) in &self.others {
            let value = field(*column)?;
            if !value.is_empty() {
                fields.push((name.clone(), value));
            }
        }
        Ok(Record { text: field(self.text)?, labels, group, weight, line, fields })
    }
}

fn convert(name: &Path, error: csv::Error) -> Error {
    let line = error.position().map_or(1, csv::Position::line);
    match error.into_kind() {
        ErrorKind::Io(error) => Error::io(name, error),
        ErrorKind::UnequalLengths { expected_len, len, .. } => Error::data(
            name,
            line,
            format!(
                "{len} fields where the header has {expected_len} fields; put quotes around fields with a comma"
            ),
        ),
        other => Error::data(name, line, format!("not CSV: {other:?}")),
    }
}
