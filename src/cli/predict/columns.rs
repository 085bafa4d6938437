//! Labelled records as columns: built by the workers, written as Parquet or Arrow IPC by the writer.
//!
//! The columns are `source` (string), `index`, `start` and `end` (64-bit integers), `text`, `label` (strings, null where there is
//! none), `labels` (a list, of multi-label models alone), `score` (32-bit float), `scores` (a struct with a 32-bit float for
//! each label, null for those that --top-k leaves out), `set` (a list, with --coverage), and the carried ones: of columnar
//! input with their own types, of other formats as strings.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use arrow_array::builder::{
    BooleanBufferBuilder, Float32Builder, Int64Builder, ListBuilder, NullBufferBuilder, StringBuilder,
};
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, StructArray};
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use arrow_schema::{DataType, Field as Column, FieldRef, Fields, Schema, SchemaRef};
use arrow_select::filter::filter;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use tasnif::output::AtomicFile;
use tasnif::pipeline::Pipeline;

use super::OutputFormat;
use super::carry::output_name;
use super::format::{Formatter, Item, best};
use super::job::{Source, Tally};

/// Rows of a row group: they are in memory till it is written.
const GROUP: usize = 1 << 17;

/// The columns of the output.
fn schema(pipeline: &Pipeline, has_sets: bool, source: &Source) -> SchemaRef {
    let list = |name: &str| {
        let item = Column::new_list_field(DataType::Utf8, true);
        Column::new(name, DataType::List(Arc::new(item)), true)
    };
    let mut columns = vec![
        Column::new("source", DataType::Utf8, false),
        Column::new("index", DataType::Int64, false),
        Column::new("start", DataType::Int64, false),
        Column::new("end", DataType::Int64, false),
        Column::new("text", DataType::Utf8, true),
        Column::new("label", DataType::Utf8, true),
    ];
    if pipeline.is_multilabel() {
        columns.push(list("labels"));
    }
    columns.push(Column::new("score", DataType::Float32, true));
    columns.push(Column::new("scores", DataType::Struct(score_fields(pipeline)), true));
    if has_sets {
        columns.push(list("set"));
    }
    let mut fields: Vec<FieldRef> = columns.into_iter().map(Arc::new).collect();
    for (place, name) in source.columns.names().iter().enumerate() {
        let data_type = match &source.types {
            Some(types) => types[place].data_type().clone(),
            None => DataType::Utf8,
        };
        fields.push(Arc::new(Column::new(output_name(name), data_type, true)));
    }
    Arc::new(Schema::new(fields))
}

fn score_fields(pipeline: &Pipeline) -> Fields {
    pipeline.labels().iter().map(|label| Column::new(label, DataType::Float32, true)).collect()
}

/// Rows being built.
pub struct Builder<'a> {
    formatter: &'a Formatter,
    source: StringBuilder,
    index: Int64Builder,
    start: Int64Builder,
    end: Int64Builder,
    text: StringBuilder,
    label: StringBuilder,
    labels: ListBuilder<StringBuilder>,
    score: Float32Builder,
    scores: Vec<Float32Builder>,
    has_scores: NullBufferBuilder,
    set: ListBuilder<StringBuilder>,
    carried: Vec<StringBuilder>,
    /// The rows of the job that are here: what was left out is left out of the carried columns too.
    kept: BooleanBufferBuilder,
}

impl<'a> Builder<'a> {
    pub fn new(formatter: &'a Formatter) -> Self {
        Builder {
            formatter,
            source: StringBuilder::new(),
            index: Int64Builder::new(),
            start: Int64Builder::new(),
            end: Int64Builder::new(),
            text: StringBuilder::new(),
            label: StringBuilder::new(),
            labels: ListBuilder::new(StringBuilder::new()),
            score: Float32Builder::new(),
            scores: formatter.pipeline.labels().iter().map(|_| Float32Builder::new()).collect(),
            has_scores: NullBufferBuilder::new(0),
            set: ListBuilder::new(StringBuilder::new()),
            carried: Vec::new(),
            kept: BooleanBufferBuilder::new(0),
        }
    }

    /// Adds the record at `row` of the job.
    pub fn push(&mut self, source: &Source, item: &Item<'_>, row: usize, tally: &mut Tally) {
        tally.records += 1;
        self.kept.append_n(row.saturating_sub(self.kept.len()), false);
        self.kept.append(true);
        self.source.append_value(&source.name);
        self.index.append_value(item.index as i64);
        self.start.append_value(item.start as i64);
        self.end.append_value((item.start + item.text.len()) as i64);
        self.carried.resize_with(source.columns.names().len(), StringBuilder::new);
        if source.types.is_none() {
            for (column, (_, field)) in self.carried.iter_mut().zip(item.carried) {
                match field {
                    super::carry::Field::Missing => column.append_null(),
                    super::carry::Field::Json(json) if json.as_ref() == "null" => column.append_null(),
                    field => column.append_value(field.plain()),
                }
            }
        }
        let Ok(prediction) = &item.outcome else {
            tally.unlabelled += 1;
            self.text.append_null();
            self.label.append_null();
            self.labels.append_null();
            self.score.append_null();
            self.scores.iter_mut().for_each(Float32Builder::append_null);
            self.has_scores.append_null();
            self.set.append_null();
            return;
        };
        let (given, set) = self.formatter.given(prediction, tally);
        self.text.append_value(item.text);
        self.label.append_option(given.first());
        self.labels.append_value(given.iter().map(Some));
        self.score.append_value(prediction.score);
        match self.formatter.style.top_k {
            Some(k) if k < self.scores.len() => {
                let best = best(&prediction.scores, k);
                for (class, column) in self.scores.iter_mut().enumerate() {
                    column.append_option(best.contains(&class).then(|| prediction.scores[class]));
                }
            }
            _ => {
                for (column, score) in self.scores.iter_mut().zip(&prediction.scores) {
                    column.append_value(*score);
                }
            }
        }
        self.has_scores.append_non_null();
        match set {
            Some(set) => self.set.append_value(set.iter().map(Some)),
            None => self.set.append_null(),
        }
    }

    /// The rows; `carried` are the columns of the whole job, where it has any.
    pub fn finish(mut self, source: &Source, carried: &[ArrayRef]) -> anyhow::Result<RecordBatch> {
        let pipeline = &self.formatter.pipeline;
        let has_sets = self.formatter.style.coverage.is_some();
        let schema = schema(pipeline, has_sets, source);
        let scores: Vec<ArrayRef> =
            self.scores.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef).collect();
        let scores = StructArray::try_new(score_fields(pipeline), scores, self.has_scores.finish())?;
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(self.source.finish()),
            Arc::new(self.index.finish()),
            Arc::new(self.start.finish()),
            Arc::new(self.end.finish()),
            Arc::new(self.text.finish()),
            Arc::new(self.label.finish()),
        ];
        if pipeline.is_multilabel() {
            columns.push(Arc::new(self.labels.finish()));
        }
        columns.push(Arc::new(self.score.finish()));
        columns.push(Arc::new(scores));
        if has_sets {
            columns.push(Arc::new(self.set.finish()));
        }
        if source.types.is_some() {
            for column in carried {
                self.kept.append_n(column.len().saturating_sub(self.kept.len()), false);
                let kept = BooleanArray::new(self.kept.finish_cloned(), None);
                columns.push(if kept.true_count() == column.len() {
                    column.clone()
                } else {
                    filter(column, &kept)?
                });
            }
        } else {
            self.carried.resize_with(source.columns.names().len(), StringBuilder::new);
            columns.extend(self.carried.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef));
        }
        Ok(RecordBatch::try_new(schema, columns)?)
    }
}

/// A columnar file being written.
pub struct Columnar {
    path: PathBuf,
    pipeline: Arc<Pipeline>,
    has_sets: bool,
    format: OutputFormat,
    /// Until the first source tells the columns.
    file: Option<AtomicFile>,
    temporary: Option<PathBuf>,
    writer: Option<(SchemaRef, Writer)>,
}

enum Writer {
    Parquet(Box<ArrowWriter<AtomicFile>>),
    Arrow(Box<FileWriter<AtomicFile>>),
}

impl Columnar {
    pub fn create(
        path: &Path,
        format: OutputFormat,
        pipeline: &Arc<Pipeline>,
        has_sets: bool,
    ) -> anyhow::Result<Self> {
        let file = AtomicFile::create(path)?;
        let temporary = file.temporary_path().map(Path::to_owned);
        let pipeline = pipeline.clone();
        Ok(Columnar {
            path: path.to_owned(),
            pipeline,
            has_sets,
            format,
            file: Some(file),
            temporary,
            writer: None,
        })
    }

    pub fn temporary_path(&self) -> Option<PathBuf> {
        self.temporary.clone()
    }

    /// Begins a source: the first one's columns are those of the file.
    pub fn begin(&mut self, source: &Source) -> anyhow::Result<()> {
        let columns = schema(&self.pipeline, self.has_sets, source);
        if let Some((first, _)) = &self.writer {
            anyhow::ensure!(
                *first == columns,
                "{}: the carried columns have other types than in the first input; label it to a file of its own",
                source.name
            );
            return Ok(());
        }
        self.open(columns)
    }

    fn open(&mut self, columns: SchemaRef) -> anyhow::Result<()> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let writer = if self.format == OutputFormat::Parquet {
            // Few texts come twice.
            let properties = WriterProperties::builder()
                .set_compression(Compression::SNAPPY)
                .set_max_row_group_row_count(Some(GROUP))
                .set_column_dictionary_enabled(ColumnPath::from("text"), false)
                .set_created_by(format!("tasnif {}", env!("CARGO_PKG_VERSION")))
                .build();
            Writer::Parquet(Box::new(ArrowWriter::try_new(file, columns.clone(), Some(properties))?))
        } else {
            let options = IpcWriteOptions::default();
            Writer::Arrow(Box::new(FileWriter::try_new_with_options(file, &columns, options)?))
        };
        self.writer = Some((columns, writer));
        Ok(())
    }

    pub fn write(&mut self, rows: RecordBatch) -> anyhow::Result<()> {
        let name = || self.path.display().to_string();
        match &mut self.writer {
            Some((_, Writer::Parquet(writer))) => writer.write(&rows).with_context(name),
            Some((_, Writer::Arrow(writer))) => writer.write(&rows).with_context(name),
            None => Ok(()),
        }
    }

    /// Gives the file its name.
    pub fn finish(mut self) -> anyhow::Result<()> {
        let name = self.path.display().to_string();
        let file = match self.writer.take() {
            Some((_, Writer::Parquet(writer))) => writer.into_inner().with_context(|| name)?,
            Some((_, Writer::Arrow(writer))) => writer.into_inner().with_context(|| name)?,
            None => return Ok(()),
        };
        Ok(file.finish()?)
    }
}
