//! `tasnif inspect`: what is in a model.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use serde::Serialize;
use tasnif::classify::{Classifier, LinearModel};
use tasnif::model_file::fingerprint;
use tasnif::pipeline::{Pipeline, PipelineParams, Provenance};

use super::options::Model;
use super::sink::Sink;

/// Show what is in a model: labels, features, options, what it learned from and its strongest features
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  tasnif inspect\n  tasnif inspect my.tasnif --top 20\n  tasnif inspect my.tasnif --format toml > pipeline.toml"
)]
pub struct Args {
    /// The model [default: the one inside this binary]
    #[arg(value_name = "MODEL")]
    model: Option<PathBuf>,
    /// Format of what is shown
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: InspectFormat,
    /// Show so many of the strongest features of each label
    #[arg(long, value_name = "N", default_value_t = 8)]
    top: usize,
    /// Write to a file in place of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// A format of what is shown.
#[derive(Clone, Copy, Default, ValueEnum)]
enum InspectFormat {
    /// Tables to read
    #[default]
    Table,
    /// One JSON object
    Json,
    /// The pipeline file: options alone, to train another model with
    Toml,
}

/// What there is to say about a model.
#[derive(Serialize)]
struct Summary<'a> {
    model: String,
    fingerprint: String,
    bytes: usize,
    labels: &'a [String],
    params: &'a PipelineParams,
    provenance: &'a Provenance,
    top_features: Vec<LabelFeatures<'a>>,
}

/// The strongest features of a label.
#[derive(Serialize)]
struct LabelFeatures<'a> {
    label: &'a str,
    features: Vec<(String, f32)>,
}

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let model = Model::of(args.model.as_deref());
    let pipeline = model.load()?;
    let bytes = model.bytes()?;
    let summary = Summary {
        model: model.name(),
        fingerprint: fingerprint(&bytes),
        bytes: bytes.len(),
        labels: pipeline.labels(),
        params: pipeline.params(),
        provenance: pipeline.provenance(),
        top_features: top_features(&pipeline, args.top),
    };
    let mut sink = Sink::open(args.output.as_deref())?;
    match args.format {
        InspectFormat::Table => table(&mut sink, &pipeline, &summary)?,
        InspectFormat::Json => writeln!(sink, "{}", serde_json::to_string_pretty(&summary)?)?,
        InspectFormat::Toml => write!(sink, "{}", pipeline.params().to_toml())?,
    }
    sink.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn table(sink: &mut Sink, pipeline: &Pipeline, summary: &Summary<'_>) -> anyhow::Result<()> {
    let provenance = summary.provenance;
    writeln!(
        sink,
        "Model        {} ({}, {:.1} MB)",
        summary.model,
        summary.fingerprint,
        summary.bytes as f64 / 1e6
    )?;
    writeln!(sink, "Trained by   tasnif {} on {} records", provenance.version, provenance.records)?;
    for source in &provenance.sources {
        writeln!(
            sink,
            "             {} ({} records, SHA-256 {}…)",
            source.name,
            source.records,
            &source.sha256[..source.sha256.len().min(16)]
        )?;
    }
    if let Some(shrunk) = provenance.shrunk {
        let loss = shrunk.loss.map_or("; the loss was not measured".into(), |loss| {
            format!("; macro F1 {:.4}, whole {:.4}, on {} records", loss.after, loss.before, loss.records)
        });
        writeln!(
            sink,
            "Shrunk       to {} of {} features, weights {}{loss}",
            provenance.features,
            shrunk.features,
            shrunk.precision.name()
        )?;
    }
    let convergence = provenance.convergence;
    let end = if convergence.converged { "converged" } else { "stopped before it converged" };
    let size = match pipeline.classifier() {
        Classifier::Dense(dense) => format!("{} of its features", dense.columns().len()),
        classifier => {
            let weights = |linear: &LinearModel| linear.weights().len() + linear.intercept().len();
            format!("{} weights", classifier.linear().map_or(0, weights))
        }
    };
    writeln!(
        sink,
        "Classifier   {}, {size}; {end} after {} iterations",
        kind(&summary.params.classifier)?,
        convergence.iterations
    )?;
    writeln!(
        sink,
        "Calibration  {}",
        serde_json::to_value(pipeline.calibration().method())?.as_str().unwrap_or_default()
    )?;
    let switches = serde_json::to_value(summary.params.normalize)?;
    let on: Vec<&str> = switches
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, on)| on.as_bool() == Some(true))
        .map(|(name, _)| name.as_str())
        .collect();
    writeln!(
        sink,
        "Normaliser   {}",
        if on.is_empty() { "nothing is folded".into() } else { on.join(", ") }
    )?;
    for (block, columns) in pipeline.vectorizer().blocks() {
        let weight = serde_json::to_value(block.weight)?;
        writeln!(
            sink,
            "Features     {} {}{}: {columns} n-grams, {}, scale {}",
            block.analyzer,
            block.ngrams,
            block.window.map_or(String::new(), |window| format!(" of words {window}")),
            weight.as_str().unwrap_or_default(),
            block.scale
        )?;
    }
    for (block, columns, folded) in pipeline.vectorizer().pooled() {
        writeln!(
            sink,
            "Features     vectors{}: {columns} {}, scale {}",
            block.window.map_or(String::new(), |window| format!(" of words {window}")),
            if folded {
                "words (vectors folded into one weight a word and label)"
            } else {
                "numbers; the model carries the vectors"
            },
            block.scale
        )?;
    }
    let width = summary.labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    let padded = |label: &str| format!("{label}{}", " ".repeat(width.saturating_sub(label.chars().count())));
    writeln!(sink, "\n{}  records  strongest features", padded("label"))?;
    for LabelFeatures { label, features } in &summary.top_features {
        let count = provenance.labels.get(*label).copied().unwrap_or(0);
        let features: Vec<String> =
            features.iter().map(|(name, weight)| format!("{name} {weight:.2}")).collect();
        writeln!(sink, "{}  {count:>7}  {}", padded(label), features.join(" | "))?;
    }
    if let Some(report) = &provenance.validation {
        writeln!(sink, "\nMeasured on held-out records\n{report}")?;
    }
    Ok(())
}

fn kind(classifier: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_value(classifier)?["kind"].as_str().unwrap_or_default().to_owned())
}

/// For each label, the features with the largest weights; none where the classifier has no weights.
fn top_features(pipeline: &Pipeline, top: usize) -> Vec<LabelFeatures<'_>> {
    let linear = pipeline.classifier().linear();
    let label = |(class, label)| {
        let weights = |linear| (0..LinearModel::features(linear)).map(move |f| (f, linear.weight(f, class)));
        let mut best: Vec<(usize, f32)> =
            linear.into_iter().flat_map(weights).filter(|(_, weight)| *weight != 0.0).collect();
        best.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let names = best
            .into_iter()
            .take(top)
            .filter_map(|(feature, weight)| Some((pipeline.vectorizer().feature_name(feature)?, weight)));
        LabelFeatures { label, features: names.collect() }
    };
    pipeline.labels().iter().map(String::as_str).enumerate().map(label).collect()
}
