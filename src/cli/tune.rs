//! `tasnif tune`: find the best pipeline for a data set.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::Value;
use tasnif::metrics::Statistic;
use tasnif::output::{AtomicFile, write_atomically};
use tasnif::pipeline::{FeatureParams, PipelineParams};
use tasnif::tune::{Budget, Trial, TuneParams, Tuning, tune};

use super::options::{LabelledOptions, set_threads};
use super::progress;

/// Search for the best pipeline for labelled records, and train it
///
/// Tries many pipelines (features, weights, classifier, regularisation) by cross-validation on DATA, by label and group.
/// Most are dropped after one fold, the best are tested on all. Prints the best, writes the model of the very best, trained on
/// all of DATA, and its pipeline file.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Labelled files; - is standard input (with --input-format)
    #[arg(value_name = "DATA", required = true)]
    data: Vec<PathBuf>,
    /// The model file to write
    #[arg(long, short, value_name = "MODEL")]
    output: PathBuf,
    /// Write the best pipeline's options to this TOML file too
    #[arg(long, value_name = "FILE")]
    pipeline: Option<PathBuf>,
    #[command(flatten)]
    input: LabelledOptions,
    /// Search for about this long: 90s, 10m, 1h [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with = "trials", help_heading = "Search")]
    time: Option<Duration>,
    /// Try exactly so many pipelines: the same result on every run
    #[arg(long, value_name = "N", help_heading = "Search")]
    trials: Option<usize>,
    /// What is to be as large as possible
    #[arg(long, value_name = "METRIC", value_enum, default_value_t, help_heading = "Search")]
    metric: Metric,
    /// Folds of the cross-validation
    #[arg(long, value_name = "K", default_value_t = 5, help_heading = "Search")]
    folds: usize,
    /// Keep near-duplicate texts in one fold: join those whose character 5-grams have this Jaccard similarity or more
    #[arg(long, value_name = "SIMILARITY", help_heading = "Search")]
    group_near_duplicates: Option<f64>,
    /// Seed of the folds and of the pipelines that are tried
    #[arg(long, value_name = "N", default_value_t = 42, help_heading = "Search")]
    seed: u64,
    /// Print so many of the best pipelines
    #[arg(long, value_name = "N", default_value_t = 8)]
    top: usize,
    /// Threads to use [default: all cores]; with --trials, the result is the same for any number
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// No progress
    #[arg(long, short)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  tasnif tune labelled.tsv --time 5m --output best.tasnif --pipeline best.toml
  tasnif tune labelled.jsonl --trials 50 --metric accuracy --output best.tasnif
  tasnif train more.tsv --config best.toml --output better.tasnif";

/// What is to be as large as possible.
#[derive(Clone, Copy, Default, ValueEnum)]
enum Metric {
    /// The mean F1 over the labels
    #[default]
    MacroF1,
    /// The share of records with the right label
    Accuracy,
}

fn duration(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let scale = match unit.trim() {
        "s" | "" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err("write it as 90s, 10m or 1h".into()),
    };
    let seconds = number.parse::<f64>().map_err(|_| "write it as 90s, 10m or 1h")? * scale;
    Duration::try_from_secs_f64(seconds).map_err(|_| "write it as 90s, 10m or 1h".into())
}

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    set_threads(args.threads)?;
    // Asked for now rather than after the search.
    AtomicFile::create(&args.output)?;
    if let Some(path) = &args.pipeline {
        AtomicFile::create(path)?;
    }
    let mut data = args.input.read(&args.data)?;
    if let Some(threshold) = args.group_near_duplicates {
        data.group_near_duplicates(threshold)?;
    }
    let budget = match (args.time, args.trials) {
        (_, Some(trials)) => Budget::Trials(trials),
        (Some(time), None) => Budget::Time(time),
        (None, None) => Budget::Time(Duration::from_secs(60)),
    };
    let metric = match args.metric {
        Metric::MacroF1 => Statistic::MacroF1,
        Metric::Accuracy => Statistic::Accuracy,
    };
    let options = TuneParams { budget, metric, folds: args.folds, seed: args.seed };
    let bar = progress::steps(args.quiet, "tests");
    let found = tune(&data, &options, |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    print_table(&found, args.top, args.metric);
    let best = &found.best().params;
    let pipeline = best.fit(&data)?;
    if let Some(path) = &args.pipeline {
        write_atomically(path, best.to_toml().as_bytes())?;
    }
    pipeline.save(&args.output)?;
    println!("{}: the first, trained on {} records", args.output.display(), data.len());
    Ok(ExitCode::SUCCESS)
}

fn print_table(found: &Tuning, top: usize, metric: Metric) {
    let name = match metric {
        Metric::MacroF1 => "macro F1",
        Metric::Accuracy => "accuracy",
    };
    println!("{name}  folds  pipeline");
    for trial in found.trials.iter().take(top) {
        println!("{:>8.3}  {:>5}  {}", trial.mean(), trial.scores.len(), describe(trial));
    }
    let failed = found.trials.iter().filter(|trial| trial.error.is_some()).count();
    let suffix =
        if failed > 0 { format!(", {failed} of them without a single feature left") } else { String::new() };
    println!("{} pipelines tried{suffix}", found.trials.len());
}

/// A pipeline in a line: what differs between the pipelines of the search.
fn describe(trial: &Trial) -> String {
    let PipelineParams { features, classifier, tokenize, training, .. } = &trial.params;
    let blocks: Vec<String> = features
        .iter()
        .filter_map(FeatureParams::ngrams)
        .map(|block| {
            let scale = if block.scale == 1.0 { String::new() } else { format!(" x{}", block.scale) };
            format!("{} {}{scale}", block.analyzer, block.ngrams)
        })
        .collect();
    let mut parts = vec![blocks.join(" + ")];
    if let Some(first) = features.iter().find_map(FeatureParams::ngrams) {
        parts.extend([word(&first.weight), format!("min_df {}", word(&first.min_df))]);
    }
    if tokenize.words.punctuation {
        parts.push("punctuation".into());
    }
    parts.push(word(classifier));
    parts.push(format!("weights {}", word(&training.class_weight)));
    parts.join(", ")
}

/// An option as a pipeline file writes it, on one line.
fn word(option: &impl Serialize) -> String {
    match serde_json::to_value(option) {
        Ok(Value::String(word)) => word,
        Ok(Value::Object(object)) => {
            let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
            if let Some(members) = object.get("members").and_then(Value::as_array) {
                return members.iter().map(word).collect::<Vec<_>>().join(" + ");
            }
            let c = object.get("c").map(|c| format!(" C {c}")).unwrap_or_default();
            format!("{kind}{c}")
        }
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}
