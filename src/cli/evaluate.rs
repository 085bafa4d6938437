//! `tasnif evaluate`: measure a model.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use tasnif::dataset::Dataset;
use tasnif::metrics::{ConfusionMatrix, Report};
use tasnif::pipeline::Pipeline;

use super::options::{LabelledOptions, Model, set_threads};
use super::progress;
use super::sink::Sink;

/// Measure a model on labelled records
///
/// Prints precision, recall and F1 of each label, macro F1 (the mean over the labels that occur), accuracy, 95 %
/// bootstrap intervals and the confusion matrix.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  tasnif evaluate test.tsv --model my.tasnif\n  tasnif evaluate gold.jsonl --format json"
)]
pub struct Args {
    /// Labelled files; - is standard input (with --input-format)
    #[arg(value_name = "DATA", required = true)]
    data: Vec<PathBuf>,
    /// The model to measure [default: the one inside this binary]
    #[arg(long, short, value_name = "FILE")]
    model: Option<PathBuf>,
    #[command(flatten)]
    input: LabelledOptions,
    /// Count a record as an error where the best score is below this
    #[arg(long, value_name = "SCORE", default_value_t = 0.0)]
    min_score: f32,
    /// Format of the report
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: ReportFormat,
    /// Write to a file in place of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// No warnings and no progress
    #[arg(long, short)]
    quiet: bool,
}

/// A format of reports.
#[derive(Clone, Copy, Default, ValueEnum)]
enum ReportFormat {
    /// Tables to read
    #[default]
    Table,
    /// One JSON object
    Json,
}

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    set_threads(args.threads)?;
    let model = Model::of(args.model.as_deref());
    let pipeline = model.load()?;
    let bar = progress::step(args.quiet, "reading".into());
    let data = args.input.read(&args.data)?;
    anyhow::ensure!(!data.is_empty(), "there are no records to measure on: the files are empty");
    warn_of_unknown_labels(&pipeline, &data, &model.name(), args.quiet);
    bar.set_message(format!("labelling {} records", data.len()));
    let report = evaluate(&pipeline, &data, args.min_score)?;
    bar.finish_and_clear();
    let mut sink = Sink::open(args.output.as_deref())?;
    match args.format {
        ReportFormat::Table => write!(sink, "{report}")?,
        ReportFormat::Json => writeln!(sink, "{}", serde_json::to_string_pretty(&report)?)?,
    }
    sink.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn warn_of_unknown_labels(pipeline: &Pipeline, data: &Dataset, model: &str, quiet: bool) {
    let known = pipeline.labels();
    let unknown: Vec<String> = data
        .label_counts()
        .into_iter()
        .filter(|(label, _)| !known.iter().any(|known| known == label))
        .map(|(label, count)| format!("'{label}' ({count} records)"))
        .collect();
    if !unknown.is_empty() && !quiet {
        eprintln!(
            "warning: {model} does not know {}: these count as errors. It knows {}",
            unknown.join(", "),
            known.join(", ")
        );
    }
}

/// Bootstrap samples behind each interval.
const RESAMPLES: usize = 1000;
/// Their seed: the same data gives the same intervals.
const SEED: u64 = 1;

/// The report of a pipeline on labelled records; below `min_score` no label is given.
pub fn evaluate(pipeline: &Pipeline, data: &Dataset, min_score: f32) -> anyhow::Result<Report> {
    let predictions = pipeline.predict_batch(&data.texts())?;
    let gold: Vec<&str> = data.examples.iter().map(|example| example.label()).collect();
    let predicted: Vec<Option<&str>> = predictions
        .iter()
        .map(|prediction| (prediction.score >= min_score).then_some(prediction.label))
        .collect();
    Ok(ConfusionMatrix::new(gold, predicted)?.report_with_intervals(RESAMPLES, SEED)?)
}
