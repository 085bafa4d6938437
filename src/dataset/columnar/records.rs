//! Labelled records from columns, for training and the like: each row is read as the JSON object of its columns.

use std::collections::VecDeque;
use std::path::Path;

use arrow_array::Array;
use serde_json::{Map, Value};

use super::{Table, json};
use crate::dataset::records::{Record, of_json};
use crate::dataset::{Format, ReadOptions};
use crate::error::{Error, Result};

/// Rows that are decoded together.
const ROWS: usize = 4096;

/// The records of a columnar file.
pub(crate) struct ColumnarRecords(Box<dyn Iterator<Item = Result<Record>> + Send>);

impl ColumnarRecords {
    /// Opens a file.
    ///
    /// # Errors
    /// As [`Table::open`]; [`Error::Data`] when a column that is needed is missing.
    pub(crate) fn open(path: &Path, format: Format, options: &ReadOptions, labelled: bool) -> Result<Self> {
        let table = Table::open(path, format, &options.text_field)?;
        let head = |path: &str| path.split('.').next().unwrap_or_default().to_owned();
        let mut wanted = vec![options.text_field.as_str(), &options.label_field, "labels", "weight"];
        wanted.extend(options.group_field.split(','));
        let wanted: Vec<String> = wanted
            .iter()
            .map(|name| (*name).to_owned())
            .chain(wanted.iter().map(|name| head(name)))
            .collect();
        let mut columns = table.other_columns();
        columns.retain(|column| options.other_fields || wanted.contains(column));
        let (path, options) = (path.to_owned(), options.clone());
        // The slices borrow the table: they are read where they are made, a few rows at a time.
        let table = std::sync::Arc::new(table.project(&columns)?);
        let (send, receive) = std::sync::mpsc::sync_channel(2);
        std::thread::spawn(move || {
            for slice in table.slices(ROWS) {
                let rows = slice.and_then(|slice| slice.read());
                if send.send(rows).is_err() {
                    break;
                }
            }
        });
        let mut ready: VecDeque<Result<Record>> = VecDeque::new();
        let mut row_number = 0;
        Ok(ColumnarRecords(Box::new(std::iter::from_fn(move || {
            while ready.is_empty() {
                match receive.recv().ok()? {
                    Err(error) => ready.push_back(Err(error)),
                    Ok(rows) => {
                        for row in 0..rows.text.len() {
                            row_number += 1;
                            let mut object = Map::new();
                            let all = columns
                                .iter()
                                .zip(&rows.others)
                                .map(|(name, column)| (name.as_str(), column));
                            // A text inside a struct is found by its path too, which is a name here.
                            let all = all.chain([(options.text_field.as_str(), &rows.text)]);
                            let object = all
                                .filter(|(_, column)| !column.is_null(row))
                                .try_fold(&mut object, |object, (name, column)| {
                                    object.insert(name.to_owned(), json(column.as_ref(), row)?);
                                    Ok(object)
                                })
                                .map(std::mem::take);
                            let record = object.and_then(|object| {
                                of_json(&Value::Object(object), row_number, &options, labelled)
                            });
                            ready
                                .push_back(record.map_err(|message| Error::data(&path, row_number, message)));
                        }
                    }
                }
            }
            ready.pop_front()
        }))))
    }
}

impl Iterator for ColumnarRecords {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Result<Record>> {
        self.0.next()
    }
}
