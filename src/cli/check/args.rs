//! The options of `tasnif check`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::report::Check;
use crate::cli::options::{LabelledOptions, share};

/// Look for what is wrong with labelled data: duplicates, label errors, leaks
///
/// Finds exact and near duplicates, also between training and test data; near duplicates with different labels; labels that
/// a model trained on the other records contradicts (confident learning); empty and damaged texts; texts unlike all others;
/// rare labels; and fields, such as an outlet or the length, that give the label away. Each finding names file and line. Works on
/// any language without set-up.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Labelled files; - is standard input: TSV, JSONL or fastText by its first bytes, or as --input-format says
    #[arg(value_name = "DATA", required = true)]
    pub data: Vec<PathBuf>,
    /// Labelled test files: none of their texts should stand in DATA; may be repeated
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub test: Vec<PathBuf>,
    #[command(flatten)]
    pub input: LabelledOptions,
    /// CSV columns or JSONL fields, joined by commas, that are notes on the label and no property of the text: they are not
    /// looked at for leaks
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = "Input")]
    pub ignore_fields: Vec<String>,
    /// Make these checks alone, joined by commas
    #[arg(long, value_name = "CHECKS", value_enum, value_delimiter = ',', help_heading = "Checks")]
    pub only: Vec<Check>,
    /// Leave out these checks, joined by commas; label-errors takes most of the time
    #[arg(
        long,
        value_name = "CHECKS",
        value_enum,
        value_delimiter = ',',
        conflicts_with = "only",
        help_heading = "Checks"
    )]
    pub skip: Vec<Check>,
    /// Texts whose character 5-grams have this Jaccard similarity or more are near duplicates, from 0.1 to 1
    #[arg(long, value_name = "SIMILARITY", default_value_t = 0.5, help_heading = "Checks")]
    pub near: f64,
    /// The pipeline whose out-of-fold predictions doubt labels (TOML) [default: logistic regression on the features of
    /// `tasnif train`, or on words alone for more than 8 MB of text]
    #[arg(long, value_name = "FILE", help_heading = "Checks")]
    pub config: Option<PathBuf>,
    /// Folds of its cross-validation, which cut neither groups nor near duplicates apart
    #[arg(long, value_name = "K", default_value_t = 5, help_heading = "Checks")]
    pub folds: usize,
    /// Seed of the folds
    #[arg(long, value_name = "N", default_value_t = 42, help_heading = "Checks")]
    pub seed: u64,
    #[command(flatten)]
    pub limits: Limits,
    /// Format of the report
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, help_heading = "Output")]
    pub format: ReportFormat,
    /// Findings of each check that the table shows
    #[arg(long, value_name = "N", default_value_t = 5, help_heading = "Output")]
    pub show: usize,
    /// Write to a file, which appears when it is complete, in place of standard output
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Threads to use [default: all cores]; the result is the same for any number
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// No progress
    #[arg(long, short)]
    pub quiet: bool,
}

/// How much of each is too much.
#[derive(clap::Args)]
pub struct Limits {
    /// Exit with code 1 when a limit is passed
    #[arg(long, help_heading = "Limits")]
    pub strict: bool,
    /// Records that repeat an earlier one to the byte
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Limits")]
    pub max_duplicates: usize,
    /// Records with a near duplicate before them
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Limits")]
    pub max_near_duplicates: usize,
    /// Test records with an exact or near duplicate in DATA
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Limits")]
    pub max_test_overlap: usize,
    /// Records with an exact or near duplicate that has another label
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Limits")]
    pub max_conflicts: usize,
    /// Empty and damaged texts
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Limits")]
    pub max_odd_texts: usize,
    /// The share of records whose label is doubted
    #[arg(long, value_name = "SHARE", default_value_t = 0.1, value_parser = share, help_heading = "Limits")]
    pub max_label_errors: f64,
    /// The fewest records of a label
    #[arg(long, value_name = "N", default_value_t = 5, help_heading = "Limits")]
    pub min_class: usize,
    /// How far above chance the macro F1 of predictions from other fields may be
    #[arg(long, value_name = "F1", default_value_t = 0.2, value_parser = share, help_heading = "Limits")]
    pub max_leak: f64,
}

const EXAMPLES: &str = "\
Examples:
  tasnif check labelled.tsv
  tasnif check train.jsonl --test test.jsonl --strict
  tasnif check train.jsonl --skip label-errors --near 0.8 --max-near-duplicates 100
  tasnif check train.jsonl --only label-errors --format jsonl --output doubted.jsonl

json is one object: records, test_records, passed, and checks by name, each with found, limit, passed and findings; \
jsonl is one finding a line. Both hold all findings.

Exit codes: 0 done, 1 a limit was passed under --strict, 2 bad usage or bad input.";

/// A format of reports.
#[derive(Clone, Copy, Default, ValueEnum)]
pub enum ReportFormat {
    /// A line for each check, then its first findings
    #[default]
    Table,
    /// One JSON object
    Json,
    /// One JSON object a finding
    Jsonl,
}
