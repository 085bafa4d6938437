//! `tasnif shrink`: a smaller model, and what that costs.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use tasnif::classify::Precision;
use tasnif::dataset::{Dataset, folds};
use tasnif::pipeline::{Pipeline, PipelineParams, ShrinkLoss, ShrinkParams};

use super::evaluate::evaluate;
use super::options::{LabelledOptions, Model, bytes, set_threads};
use super::progress;

/// Make a model smaller: fewer n-grams, weights of fewer bits
///
/// The n-grams that push labels apart least are left out until the file is small enough; weights become bytes (or half floats).
/// What that costs is measured on DATA, labelled records that the model was not trained on, and where it is more than --max-loss,
/// nothing is written and the exit code is 1.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  tasnif shrink my.tasnif --max-size 4MB --output small.tasnif test.tsv\n  tasnif shrink my.tasnif --max-size 500kB --max-loss 1 --output tiny.tasnif test.tsv"
)]
pub struct Args {
    /// The model to shrink
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// Labelled files to measure on; without any, the loss is not known
    #[arg(value_name = "DATA")]
    data: Vec<PathBuf>,
    /// The largest file that it may be, such as 4MB or 500kB
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    max_size: u64,
    /// The model file to write
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    options: ShrinkOptions,
    #[command(flatten)]
    input: LabelledOptions,
    /// Threads to use [default: all cores]; the model is the same for any number
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// No warnings and no progress
    #[arg(long, short)]
    quiet: bool,
}

/// How a model is shrunk.
#[derive(clap::Args)]
pub struct ShrinkOptions {
    /// The loss of macro F1 that is put up with, in points (hundredths)
    #[arg(long, value_name = "POINTS", default_value_t = 0.3, requires = "max_size", help_heading = "Size")]
    max_loss: f64,
    /// What the weights of a shrunk model are: i8 (bytes with a scale) or f16 (half floats: fewer n-grams fit)
    #[arg(
        long,
        value_name = "KIND",
        value_enum,
        default_value_t,
        requires = "max_size",
        help_heading = "Size"
    )]
    weights: Weights,
}

/// What weights are rounded to.
#[derive(Clone, Copy, Default, ValueEnum)]
enum Weights {
    /// Bytes with a scale
    #[default]
    I8,
    /// Half floats
    F16,
}

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    set_threads(args.threads)?;
    args.options.check()?;
    tasnif::output::AtomicFile::create(&args.output)?;
    let whole = Model::File(args.model.clone()).load()?;
    let bar = progress::step(args.quiet, "shrinking".into());
    let mut small = whole.shrink(&args.options.params(args.max_size))?;
    let mut held = true;
    if !args.data.is_empty() {
        bar.set_message("measuring");
        let data = args.input.read(&args.data)?;
        anyhow::ensure!(!data.is_empty(), "there are no records to measure on: the files are empty");
        let before = evaluate(&whole, &data, 0.0)?;
        let after = evaluate(&small, &data, 0.0)?;
        let loss = ShrinkLoss { records: after.n, before: before.macro_f1, after: after.macro_f1 };
        small.set_shrink_loss(loss);
        bar.finish_and_clear();
        held = args.options.report(loss, "held-out records");
    } else {
        bar.finish_and_clear();
        if !args.quiet {
            eprintln!(
                "warning: the loss was not measured; give labelled records that {} was not trained on",
                args.model.display()
            );
        }
    }
    if whole.conformal().is_some() && !args.quiet {
        eprintln!(
            "warning: label sets (predict --coverage) were measured on the whole model and are left behind"
        );
    }
    if !held {
        return Ok(ExitCode::from(1));
    }
    small.save(&args.output)?;
    summary(&whole, &small, args.output.display());
    Ok(ExitCode::SUCCESS)
}

impl ShrinkOptions {
    /// Whether the options make sense.
    pub fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.max_loss.is_finite() && self.max_loss >= 0.0,
            "--max-loss {}: give points of macro F1, 0 or more",
            self.max_loss
        );
        Ok(())
    }

    /// The options of the library.
    pub fn params(&self, max_size: u64) -> ShrinkParams {
        let precision = match self.weights {
            Weights::I8 => Precision::I8,
            Weights::F16 => Precision::F16,
        };
        ShrinkParams { max_bytes: usize::try_from(max_size).unwrap_or(usize::MAX), precision }
    }

    /// Prints the loss; false when it is too much.
    pub fn report(&self, loss: ShrinkLoss, on: &str) -> bool {
        let points = loss.points();
        println!(
            "macro F1 {:.4}, whole {:.4}, on {} {on}: {:.2} points lost (at most {})",
            loss.after, loss.before, loss.records, points, self.max_loss
        );
        // What is a rounding error above is not above.
        let held = points <= self.max_loss + 1e-9;
        if !held {
            eprintln!(
                "error: shrinking costs {points:.2} points of macro F1, {:.2} more than --max-loss {} allows; nothing was written. \
                 Give a larger --max-size, --weights f16, or a larger --max-loss",
                points - self.max_loss,
                self.max_loss
            );
        }
        held
    }
}

/// What shrinking pipelines like this one costs, on folds that they did not see.
pub fn out_of_fold(
    params: &PipelineParams,
    shrink: &ShrinkParams,
    data: &Dataset,
    seed: u64,
) -> anyhow::Result<ShrinkLoss> {
    let parts = folds(data, FOLDS.min(data.groups()), seed)?;
    let mut loss = ShrinkLoss { records: 0, before: 0.0, after: 0.0 };
    for fold in &parts {
        let whole = params.fit(&data.select(&fold.train))?;
        let test = data.select(&fold.test);
        let small = whole.shrink(shrink)?;
        loss.records += test.len() as u64;
        loss.before += evaluate(&whole, &test, 0.0)?.macro_f1 / parts.len() as f64;
        loss.after += evaluate(&small, &test, 0.0)?.macro_f1 / parts.len() as f64;
    }
    Ok(loss)
}

/// Folds that the loss is measured on when nothing is held out.
const FOLDS: usize = 5;

fn summary(whole: &Pipeline, small: &Pipeline, output: impl std::fmt::Display) {
    let size = |pipeline: &Pipeline| pipeline.to_bytes().map_or(0, |bytes| bytes.len()) as f64 / 1e6;
    println!(
        "{output}: {} of {} features, {:.2} of {:.2} MB",
        small.provenance().features,
        whole.provenance().features,
        size(small),
        size(whole)
    );
}
