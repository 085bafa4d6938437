//! What passes between the reader of the inputs, the workers and the writer.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tasnif::dataset::{Format, Meter};

use super::arabic::Letters;
use super::carry::Columns;

/// One input that is open.
pub struct Source {
    pub path: PathBuf,
    /// The path as it is shown.
    pub name: String,
    /// Its place among the inputs.
    pub place: usize,
    pub format: Format,
    /// Input columns that go to the output.
    pub columns: Columns,
    /// Their types, where they have any.
    #[cfg(feature = "columnar")]
    pub types: Option<Vec<arrow_schema::FieldRef>>,
    /// Bytes of the inputs before it, and of this one.
    pub before: u64,
    pub meter: Meter,
}

/// Some records of a source, for one worker. Where jobs end depends on what the source holds alone, not on how it comes.
pub struct Job {
    pub source: Arc<Source>,
    /// The index of the first record.
    pub first: u64,
    pub content: Content,
}

/// Records, as far as the reader takes them apart.
pub enum Content {
    /// Whole lines, the first of them with this number.
    Lines { bytes: Vec<u8>, line: u64 },
    /// Rows of CSV.
    Cells(Cells),
    /// Sentences of an article, by their place in it.
    Sentences { article: Arc<String>, spans: Vec<Range<usize>> },
    /// A record that cannot be read at all.
    Rejected { line: u64, reason: String },
    /// Rows of a columnar file.
    #[cfg(feature = "columnar")]
    Rows(tasnif::dataset::columnar::Slice),
}

/// The cells of some rows, one after the other: in each row the text, then the carried columns.
#[derive(Default)]
pub struct Cells {
    pub bytes: Vec<u8>,
    /// Where each cell ends.
    pub ends: Vec<usize>,
    /// The line of each row, and what is wrong with it; a row with a fault has no cells.
    pub rows: Vec<(u64, Option<String>)>,
}

/// What the reader hands on, in order.
pub enum Step {
    Begin(Arc<Source>),
    Job(Job),
    End(Arc<Source>),
}

/// What the writer gets, in the order of the steps.
pub enum Done {
    Begin(Arc<Source>),
    Piece(Box<Piece>),
    End(Arc<Source>),
}

/// The output of one job.
pub struct Piece {
    pub source: Arc<Source>,
    /// The index behind its last record.
    pub next: u64,
    /// Formatted records, compressed if that was asked for.
    pub bytes: Vec<u8>,
    /// Formatted records, where the output is columnar.
    #[cfg(feature = "columnar")]
    pub rows: Option<arrow_array::RecordBatch>,
    pub tally: Tally,
    pub rejects: Vec<Reject>,
    pub letters: Letters,
    /// Why there is no more.
    pub error: Option<anyhow::Error>,
}

/// Counts of records.
#[derive(Clone, Default)]
pub struct Tally {
    pub records: u64,
    /// Records with each label, and with none.
    pub labels: Vec<u64>,
    pub unlabelled: u64,
}

impl Tally {
    pub fn add(&mut self, other: &Tally) {
        self.records += other.records;
        self.unlabelled += other.unlabelled;
        self.labels.resize(self.labels.len().max(other.labels.len()), 0);
        self.labels.iter_mut().zip(&other.labels).for_each(|(all, more)| *all += more);
    }
}

/// A record that could not be read, as `--rejects` lists it.
#[derive(Serialize, Deserialize)]
pub struct Reject {
    pub file: String,
    /// The line on which it begins, from 1; in columnar files the row, from 1.
    pub line: u64,
    pub reason: String,
}
