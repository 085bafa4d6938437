//! Records in columns: [Apache Parquet](https://parquet.apache.org) files, and [Apache Arrow](https://arrow.apache.org) IPC files and
//! streams.
//!
//! Only the columns that are asked for are read. A Parquet file is read in [`Slice`]s of a row group, each of which may be decoded on
//! another thread; batches of Arrow IPC are decoded as they come and handed on in slices. Pages compressed with Snappy,
//! gzip, LZ4 or Zstandard are read; batches of Arrow IPC may be plain or LZ4.

mod pages;
mod records;
mod value;

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchReader, StructArray};
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{DataType, Field, FieldRef, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, RowSelection, RowSelector,
};
use parquet::arrow::parquet_to_arrow_field_levels;
use parquet::basic::Compression;
use parquet::file::metadata::ParquetMetaData;

use super::Format;
use crate::error::{Error, Result};
use pages::Group;
pub(super) use records::ColumnarRecords;
pub use value::{json, text};

/// A columnar file, and the columns of it that are wanted.
pub struct Table {
    path: Arc<PathBuf>,
    inner: Inner,
    schema: SchemaRef,
    /// The path of the text, and the place of the column that it leads into.
    text: (String, usize),
    /// The places of the other columns that are wanted.
    others: Vec<usize>,
}

enum Inner {
    Parquet(Arc<File>, Arc<ParquetMetaData>),
    Arrow,
}

impl Table {
    /// Opens a file whose text stands in the column `text_field`; dots lead into structs.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read; [`Error::Data`] when it is damaged, compressed by what this build cannot undo, or has no
    /// such column.
    pub fn open(path: &Path, format: Format, text_field: &str) -> Result<Table> {
        if path.as_os_str() == "-" {
            return Err(Error::Parameter(format!("{format} cannot be read from a pipe: give a file")));
        }
        let (schema, inner) = match format {
            Format::Parquet => {
                let file = File::open(path).map_err(|error| Error::io(path, error))?;
                // A schema of Arrow in the file says what the columns were before they were written.
                let metadata = guarded(path, || {
                    ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
                        .map_err(|error| damaged(path, error))
                })?;
                (metadata.schema().clone(), Inner::Parquet(Arc::new(file), metadata.metadata().clone()))
            }
            _ => (ipc(path, None)?.schema(), Inner::Arrow),
        };
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let head = text_field.split('.').next().unwrap_or_default();
        let Some(column) =
            [text_field, head].iter().find_map(|wanted| names.iter().position(|name| name == wanted))
        else {
            let message =
                format!("no column '{text_field}' among {}; name it with --text-field", names.join(", "));
            return Err(Error::data(path, 1, message));
        };
        let text = (text_field.to_owned(), column);
        Ok(Table { path: Arc::new(path.to_owned()), inner, schema, text, others: Vec::new() })
    }

    /// The columns but that of the text, in order; that which the text is a part of is among them.
    pub fn other_columns(&self) -> Vec<String> {
        let is_text = |place: usize, name: &str| place == self.text.1 && name == self.text.0;
        let fields = self.schema.fields().iter().enumerate();
        fields
            .filter(|(place, field)| !is_text(*place, field.name()))
            .map(|(_, field)| field.name().clone())
            .collect()
    }

    /// Asks for columns beside the text.
    ///
    /// # Errors
    /// [`Error::Data`] where there is none of that name, and for pages compressed by what this build cannot undo.
    pub fn project(mut self, columns: &[String]) -> Result<Table> {
        for name in columns {
            let found = self.schema.fields().iter().position(|field| field.name() == name);
            self.others.push(
                found.ok_or_else(|| {
                    Error::data(self.path.as_ref(), 1, format!("no column '{name}' to read"))
                })?,
            );
        }
        self.check_codecs()?;
        Ok(self)
    }

    /// The fields of the columns beside the text, as they were asked for; dictionaries are read as what they stand for.
    pub fn fields(&self) -> Vec<FieldRef> {
        let fields = self.others.iter().map(|&place| self.schema.fields()[place].clone());
        fields
            .map(|field| match field.data_type() {
                DataType::Dictionary(_, value) => {
                    Arc::new(Field::new(field.name(), value.as_ref().clone(), field.is_nullable()))
                }
                _ => field,
            })
            .collect()
    }

    /// Rows of the file, `rows` at most in each slice, in order.
    pub fn slices(&self, rows: usize) -> Box<dyn Iterator<Item = Result<Slice>> + '_> {
        match &self.inner {
            Inner::Parquet(file, metadata) => {
                let levels = match self.levels(metadata) {
                    Ok(levels) => Arc::new(levels),
                    Err(error) => return Box::new(std::iter::once(Err(error))),
                };
                let size = file.metadata().map_or(0, |metadata| metadata.len());
                let all = metadata.file_metadata().num_rows().max(1) as u64;
                let groups =
                    metadata.row_groups().iter().map(|group| group.num_rows().max(0) as usize).enumerate();
                Box::new(groups.flat_map(move |(group, total)| {
                    let levels = levels.clone();
                    (0..total).step_by(rows.max(1)).map(move |start| {
                        let count = rows.min(total - start);
                        let part = Part::Group {
                            group: Group { file: file.clone(), metadata: metadata.clone(), place: group },
                            levels: levels.clone(),
                            start,
                        };
                        let bytes = (u128::from(size) * count as u128 / u128::from(all)) as u64;
                        Ok(self.slice(part, count, bytes))
                    })
                }))
            }
            Inner::Arrow => {
                let mut columns: Vec<usize> = self.others.iter().copied().chain([self.text.1]).collect();
                columns.sort_unstable();
                columns.dedup();
                let mut batches = match ipc(&self.path, Some(columns)) {
                    Ok(batches) => Some(batches),
                    Err(error) => return Box::new(std::iter::once(Err(error))),
                };
                let decoded = std::iter::from_fn(move || {
                    let mut next = || {
                        batches
                            .as_mut()?
                            .next()
                            .map(|batch| batch.map_err(|error| damaged(&self.path, error)))
                    };
                    let batch = guarded(&self.path, || Ok(next())).unwrap_or_else(|error| Some(Err(error)));
                    // Nothing comes behind damage.
                    if matches!(batch, Some(Err(_))) {
                        batches = None;
                    }
                    batch
                });
                Box::new(decoded.flat_map(move |batch| {
                    let slices: Vec<Result<Slice>> = match batch {
                        Err(error) => vec![Err(error)],
                        Ok(batch) => (0..batch.num_rows())
                            .step_by(rows.max(1))
                            .map(|start| {
                                let part = batch.slice(start, rows.max(1).min(batch.num_rows() - start));
                                let (count, bytes) = (part.num_rows(), part.get_array_memory_size() as u64);
                                Ok(self.slice(Part::Batch(part), count, bytes))
                            })
                            .collect(),
                    };
                    slices
                }))
            }
        }
    }

    fn slice(&self, part: Part, rows: usize, bytes: u64) -> Slice {
        let names = self.others.iter().map(|&place| self.schema.field(place).name().clone()).collect();
        Slice { path: self.path.clone(), part, rows, bytes, text: self.text.0.clone(), names }
    }

    fn levels(&self, metadata: &ParquetMetaData) -> Result<parquet::arrow::FieldLevels> {
        let columns = self.others.iter().copied().chain([self.text.1]);
        let schema = metadata.file_metadata().schema_descr();
        let mask = ProjectionMask::roots(schema, columns);
        parquet_to_arrow_field_levels(schema, mask, Some(self.schema.fields()))
            .map_err(|error| damaged(&self.path, error))
    }

    fn check_codecs(&self) -> Result<()> {
        let Inner::Parquet(_, metadata) = &self.inner else { return Ok(()) };
        let schema = metadata.file_metadata().schema_descr();
        for group in metadata.row_groups() {
            for (leaf, column) in group.columns().iter().enumerate() {
                let root = schema.get_column_root_idx(leaf);
                if root != self.text.1 && !self.others.contains(&root) {
                    continue;
                }
                if matches!(column.compression(), Compression::BROTLI(_) | Compression::LZO) {
                    let message = format!(
                        "column {} is compressed with {}, which this build cannot undo; write the file with snappy, gzip, lz4 or zstd",
                        column.column_path().string(),
                        column.compression()
                    );
                    return Err(Error::data(self.path.as_ref(), 1, message));
                }
            }
        }
        Ok(())
    }
}

/// Some rows of a file that may still be on the disk.
pub struct Slice {
    path: Arc<PathBuf>,
    part: Part,
    rows: usize,
    bytes: u64,
    text: String,
    names: Vec<String>,
}

enum Part {
    /// Rows of a row group, from `start`.
    Group {
        group: Group,
        levels: Arc<parquet::arrow::FieldLevels>,
        start: usize,
    },
    Batch(RecordBatch),
}

impl Slice {
    /// The number of rows.
    pub fn rows(&self) -> u64 {
        self.rows as u64
    }

    /// Its share of the file, in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Decodes it.
    ///
    /// # Errors
    /// [`Error::Data`] for what is damaged.
    pub fn read(&self) -> Result<Rows> {
        guarded(&self.path, || self.decode())
    }

    fn decode(&self) -> Result<Rows> {
        let batch = match &self.part {
            Part::Batch(batch) => batch.clone(),
            Part::Group { group, levels, start } => {
                let selection =
                    RowSelection::from(vec![RowSelector::skip(*start), RowSelector::select(self.rows)]);
                let fail = |error| damaged(&self.path, error);
                let mut reader = ParquetRecordBatchReader::try_new_with_row_groups(
                    levels,
                    group,
                    self.rows,
                    Some(selection),
                )
                .map_err(fail)?;
                let batch = reader.next().transpose().map_err(|error| damaged(&self.path, error))?;
                batch.filter(|batch| batch.num_rows() == self.rows).ok_or_else(|| {
                    Error::data(
                        self.path.as_ref(),
                        1,
                        "a row group has fewer rows than it says: the file is damaged",
                    )
                })?
            }
        };
        let missing = |name: &str| Error::data(self.path.as_ref(), 1, format!("no column '{name}' to read"));
        let text = nested(&batch, &self.text).ok_or_else(|| missing(&self.text))?;
        let text = self.values(text)?;
        let others = self
            .names
            .iter()
            .map(|name| self.values(batch.column_by_name(name).cloned().ok_or_else(|| missing(name))?))
            .collect::<Result<_>>()?;
        Ok(Rows { text, others })
    }

    /// A column, in place of a dictionary the values that it stands for.
    fn values(&self, column: ArrayRef) -> Result<ArrayRef> {
        let Some(dictionary) = column.as_any_dictionary_opt() else { return Ok(column) };
        arrow_select::take::take(dictionary.values().as_ref(), dictionary.keys(), None)
            .map_err(|error| damaged(&self.path, error))
    }
}

/// Decoded rows.
pub struct Rows {
    /// The column of the text.
    pub text: ArrayRef,
    /// The other columns, in the order in which they were asked for.
    pub others: Vec<ArrayRef>,
}

/// The column at a path.
fn nested(batch: &RecordBatch, path: &str) -> Option<ArrayRef> {
    if let Some(column) = batch.column_by_name(path) {
        return Some(column.clone());
    }
    let mut names = path.split('.');
    let head = batch.column_by_name(names.next()?)?.clone();
    names.try_fold(head, |column, name| {
        column.as_any().downcast_ref::<StructArray>()?.column_by_name(name).cloned()
    })
}

/// The batches of an IPC file or stream.
fn ipc(path: &Path, columns: Option<Vec<usize>>) -> Result<Box<dyn RecordBatchReader>> {
    let mut file = File::open(path).map_err(|error| Error::io(path, error))?;
    let mut magic = [0; 6];
    let is_file = file.read_exact(&mut magic).is_ok() && &magic == b"ARROW1";
    file.rewind().map_err(|error| Error::io(path, error))?;
    guarded(path, || {
        let fail = |error| damaged(path, error);
        let batches: Box<dyn RecordBatchReader> = if is_file {
            Box::new(FileReader::try_new(BufReader::new(file), columns).map_err(fail)?)
        } else {
            Box::new(StreamReader::try_new(BufReader::new(file), columns).map_err(fail)?)
        };
        Ok(batches)
    })
}

/// Runs what decodes a file: what the decoders did not foresee in a damaged one is an error like any other.
fn guarded<T>(path: &Path, decode: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err(damaged(path, "the decoder gave up")))
}

fn damaged(path: &Path, error: impl std::fmt::Display) -> Error {
    Error::data(path, 1, format!("damaged, or not of this format: {error}"))
}
