//! `tasnif evaluate`: measure a model.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use serde::Serialize;
use tasnif::cross_validation;
use tasnif::dataset::Dataset;
use tasnif::metrics::{
    ConfusionMatrix, Interval, Report, Statistic, brier_score, expected_calibration_error, mcnemar,
    paired_bootstrap,
};
use tasnif::pipeline::{Pipeline, Prediction};

use super::options::{LabelledOptions, Model, label_sets, set_threads, share};
use super::progress;
use super::sink::Sink;

/// Measure a model on labelled records
///
/// Prints precision, recall and F1 of each label, macro F1 (the mean over the labels that occur), accuracy, 95 %
/// bootstrap intervals, the confusion matrix, and how far the scores can be taken for probabilities: the Brier score (0 is
/// best) and the expected calibration error of the best score in ten bins.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  tasnif evaluate test.tsv --model my.tasnif\n  tasnif evaluate gold.jsonl --format json\n  tasnif evaluate test.tsv --model new.tasnif --compare old.tasnif"
)]
pub struct Args {
    /// Labelled files; - is standard input (with --input-format)
    #[arg(value_name = "DATA", required = true)]
    data: Vec<PathBuf>,
    /// The model to measure [default: the one inside this binary]
    #[arg(long, short, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Another model to compare with: McNemar's test and paired bootstrap tell whether the difference is chance
    #[arg(long, value_name = "OTHER")]
    compare: Option<PathBuf>,
    #[command(flatten)]
    input: LabelledOptions,
    /// Count a record as an error where the best score is below this
    #[arg(long, value_name = "SCORE", default_value_t = 0.0)]
    min_score: f32,
    /// Also draw label sets that hold the true label with this probability, such as 0.9, and print how often they do (for
    /// models trained with --conformal)
    #[arg(long, value_name = "SHARE", value_parser = share)]
    coverage: Option<f64>,
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
    let comparison = match &args.compare {
        Some(other) => {
            anyhow::ensure!(
                !pipeline.is_multilabel(),
                "--compare is for models that give each record exactly one label"
            );
            let others = Model::File(other.clone()).load()?;
            warn_of_unknown_labels(&others, &data, &other.display().to_string(), args.quiet);
            Some(compare(&pipeline, &others, other, &data, args.min_score)?)
        }
        None => None,
    };
    let label_sets = match args.coverage {
        Some(coverage) => Some(measure_sets(&pipeline, &data, coverage)?),
        None => None,
    };
    bar.finish_and_clear();
    let mut sink = Sink::open(args.output.as_deref())?;
    let full = Full { report, comparison, label_sets };
    match args.format {
        ReportFormat::Table => {
            write!(sink, "{}", full.report)?;
            if let Some(comparison) = &full.comparison {
                write!(sink, "{comparison}")?;
            }
            if let Some(sets) = &full.label_sets {
                writeln!(
                    sink,
                    "\nlabel sets for a coverage of {}: {:.3} hold the gold label, {:.2} labels on average, {:.3} empty",
                    sets.asked, sets.coverage, sets.mean_size, sets.empty
                )?;
            }
        }
        ReportFormat::Json => writeln!(sink, "{}", serde_json::to_string_pretty(&full)?)?,
    }
    sink.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// A report, and how the model compares with another.
#[derive(Serialize)]
struct Full {
    #[serde(flatten)]
    report: Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<Comparison>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label_sets: Option<LabelSets>,
}

/// How label sets did.
#[derive(Serialize)]
struct LabelSets {
    /// The coverage that was asked for.
    asked: f64,
    /// The share of records whose set holds the gold label.
    coverage: f64,
    /// Labels a set, on average.
    mean_size: f64,
    /// The share of sets without a label.
    empty: f64,
}

fn measure_sets(pipeline: &Pipeline, data: &Dataset, coverage: f64) -> anyhow::Result<LabelSets> {
    let predictions = pipeline.predict_batch(&data.texts())?;
    let sets = label_sets(pipeline, &predictions, coverage)?;
    let share = |count: usize| count as f64 / data.len() as f64;
    let holds =
        sets.iter().zip(&data.examples).filter(|(set, example)| set.contains(&example.label())).count();
    Ok(LabelSets {
        asked: coverage,
        coverage: share(holds),
        mean_size: share(sets.iter().map(Vec::len).sum()),
        empty: share(sets.iter().filter(|set| set.is_empty()).count()),
    })
}

/// The difference between two models on the same records: this one's figure minus the other's.
#[derive(Serialize)]
struct Comparison {
    other: String,
    accuracy: Difference,
    macro_f1: Difference,
    mcnemar: McNemarTest,
}

#[derive(Serialize)]
struct Difference {
    other: f64,
    difference: f64,
    interval: Interval,
    p: f64,
}

#[derive(Serialize)]
struct McNemarTest {
    only_this_right: u64,
    only_other_right: u64,
    p: f64,
    exact: bool,
}

fn compare(
    this: &Pipeline,
    other: &Pipeline,
    name: &Path,
    data: &Dataset,
    min_score: f32,
) -> anyhow::Result<Comparison> {
    let gold: Vec<&str> = data.examples.iter().map(|example| example.label()).collect();
    let (texts, mut both) = (data.texts(), Vec::new());
    for pipeline in [this, other] {
        let predictions = pipeline.predict_batch(&texts)?;
        both.push(labels(&predictions, min_score));
    }
    let figures = ConfusionMatrix::new(gold.iter(), both[1].iter().copied())?.report();
    let difference = |statistic, other| -> anyhow::Result<Difference> {
        let paired = paired_bootstrap(&gold, &both[0], &both[1], statistic, 10 * RESAMPLES, SEED, 0.95)?;
        Ok(Difference { other, difference: paired.difference, interval: paired.interval, p: paired.p })
    };
    let test = mcnemar(&gold, &both[0], &both[1])?;
    Ok(Comparison {
        other: name.display().to_string(),
        accuracy: difference(Statistic::Accuracy, figures.accuracy)?,
        macro_f1: difference(Statistic::MacroF1, figures.macro_f1)?,
        mcnemar: McNemarTest {
            only_this_right: test.only_a,
            only_other_right: test.only_b,
            p: test.p,
            exact: test.exact,
        },
    })
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\ncompared with {} (this model minus the other; paired bootstrap)", self.other)?;
        writeln!(f, "              other  difference  95 % interval           p")?;
        for (name, figure) in [("macro F1", &self.macro_f1), ("accuracy", &self.accuracy)] {
            let Difference { other, difference, interval, p } = figure;
            writeln!(
                f,
                "{name}      {other:.3}      {difference:+.3}  {:+.3} to {:+.3}  {p:>8.4}",
                interval.low, interval.high
            )?;
        }
        let McNemarTest { only_this_right, only_other_right, p, exact } = &self.mcnemar;
        let kind = if *exact { "exact" } else { "chi-square" };
        writeln!(
            f,
            "McNemar ({kind}): only this one right {only_this_right}, only the other {only_other_right}, p {p:.4}"
        )
    }
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
    if pipeline.is_multilabel() {
        return Ok(cross_validation::report(pipeline, data, &predictions, min_score)?);
    }
    anyhow::ensure!(
        !data.is_multilabel(),
        "some records have several labels, or none, but the model gives each record exactly one: train it on such records, or \
         with --multi-label"
    );
    let gold: Vec<&str> = data.examples.iter().map(|example| example.label()).collect();
    let mut report = ConfusionMatrix::new(gold.iter(), labels(&predictions, min_score))?
        .report_with_intervals(RESAMPLES, SEED)?;
    // In double precision the shares of single precision add up to 1 again.
    let probabilities: Vec<Vec<f64>> = predictions
        .iter()
        .map(|prediction| {
            let sum: f64 = prediction.scores.iter().map(|&score| f64::from(score)).sum();
            prediction.scores.iter().map(|&score| f64::from(score) / sum).collect()
        })
        .collect();
    let class: Vec<Option<usize>> =
        gold.iter().map(|gold| pipeline.labels().iter().position(|label| label == gold)).collect();
    report.brier = Some(brier_score(&probabilities, &class)?);
    let best: Vec<f64> = predictions.iter().map(|prediction| f64::from(prediction.score)).collect();
    let right: Vec<bool> =
        predictions.iter().zip(&gold).map(|(prediction, gold)| prediction.label == *gold).collect();
    report.ece = Some(expected_calibration_error(&best, &right, BINS)?);
    Ok(report)
}

/// Equal-mass bins of the calibration error.
const BINS: usize = 10;

/// The labels that predictions give, none below `min_score`.
fn labels<'a>(predictions: &[Prediction<'a>], min_score: f32) -> Vec<Option<&'a str>> {
    predictions.iter().map(|prediction| (prediction.score >= min_score).then_some(prediction.label)).collect()
}
