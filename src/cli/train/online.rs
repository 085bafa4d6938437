//! `tasnif train --classifier online`: one pass over data that need not fit in memory.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use tasnif::classify::{ClassifierParams, OnlineParams};
use tasnif::dataset::{Stream, expand};
use tasnif::features::vectorizer::Weight;
use tasnif::pipeline::{FeatureParams, Pipeline, PipelineParams};
use tasnif::stream::{Checkpoint, Learned, Progress, StreamOptions};

use super::{Args, evaluate, progress, summary};

/// The options of the online learner alone.
#[derive(clap::Args)]
pub struct OnlineOptions {
    /// Records that are read and shuffled together; two such buffers of text (of 1 KiB a record at most) are in memory [default:
    /// 65536]
    #[arg(long, value_name = "N", help_heading = "Online")]
    shuffle_buffer: Option<usize>,
    /// Learn each shuffle buffer so many times before the next one is read [default: 1]
    #[arg(long, value_name = "N", help_heading = "Online")]
    passes: Option<usize>,
    /// Keep the state of the run in this file; when it is there, go on from it (with the same data and options), to the same
    /// model as without a stop
    #[arg(long, value_name = "FILE", help_heading = "Online")]
    checkpoint: Option<PathBuf>,
    /// Write the checkpoint anew after so many records
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1_000_000,
        requires = "checkpoint",
        help_heading = "Online"
    )]
    checkpoint_every: u64,
    /// Go on from a model of the online learner, with new data
    #[arg(long, value_name = "MODEL", help_heading = "Online")]
    warm_start: Option<PathBuf>,
}

impl OnlineOptions {
    /// For classifiers that have no use for them.
    pub fn refuse(&self) -> anyhow::Result<()> {
        let given = [
            ("--shuffle-buffer", self.shuffle_buffer.is_some()),
            ("--passes", self.passes.is_some()),
            ("--checkpoint", self.checkpoint.is_some()),
            ("--warm-start", self.warm_start.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((name, _)) => bail!("{name} is for the online learner: give --classifier online too"),
            None => Ok(()),
        }
    }

    /// Puts what was given in the place of what a pipeline file or a model says.
    pub fn apply(&self, params: &mut OnlineParams, seed: Option<u64>) {
        let mut given = std::mem::take(params);
        if let Some(records) = self.shuffle_buffer {
            given = given.shuffle_buffer(records);
        }
        if let Some(passes) = self.passes {
            given = given.passes(passes);
        }
        if let Some(seed) = seed {
            given = given.seed(seed);
        }
        *params = given;
    }

    /// The model to go on from.
    pub fn model(&self) -> anyhow::Result<Option<Pipeline>> {
        let Some(path) = &self.warm_start else { return Ok(None) };
        let model = Pipeline::load(path)?;
        match model.params().classifier {
            ClassifierParams::Online(_) => Ok(Some(model)),
            _ => bail!(
                "--warm-start {}: not a model of the online learner (--classifier online), and no other can go on learning",
                path.display()
            ),
        }
    }
}

/// The blocks as the online learner takes them.
pub fn hashed(mut blocks: Vec<FeatureParams>) -> Vec<FeatureParams> {
    for block in blocks.iter_mut().filter_map(FeatureParams::ngrams_mut) {
        block.weight = Weight::LogTf;
        block.hash_bits = Some(22);
    }
    blocks
}

pub fn run(args: &Args, params: &PipelineParams) -> anyhow::Result<ExitCode> {
    let valid = args.held_out()?;
    let bar = progress::records(args.quiet);
    let mut show = |progress: Progress| {
        bar.set_position(progress.records);
        bar.set_message(format!("{:.1} % foreseen", 100.0 * progress.foreseen));
    };
    let OnlineOptions { checkpoint, checkpoint_every, .. } = &args.online;
    ensure!(*checkpoint_every > 0, "--checkpoint-every 0: give a number of records, such as 1000000");
    let options = StreamOptions {
        checkpoint: checkpoint
            .as_ref()
            .map(|path| Checkpoint { path: path.clone(), every: *checkpoint_every }),
        warm_start: args.online.model()?,
        progress: Some(&mut show),
    };
    let read = args.read_options();
    let mut stream = Stream::open(expand(&args.data, read.format)?, &read)?;
    let Learned { mut pipeline, resumed, foreseen, blocks, uneven_blocks, weights_of_no_label } =
        params.fit_stream(&mut stream, options)?;
    pipeline.add_sources(stream.into_sources());
    let report = valid.map(|valid| evaluate(&pipeline, &valid, 0.0)).transpose()?;
    if let Some(report) = &report {
        pipeline.set_validation(report.clone());
    }
    pipeline.save(&args.output)?;
    bar.finish_and_clear();
    summary(&pipeline, &args.output, report.as_ref());
    println!("{:.1} % of the records were labelled right before they were learned", 100.0 * foreseen);
    if let (Some(path), 1..) = (checkpoint, resumed) {
        println!("went on from {} behind record {resumed}", path.display());
    }
    if uneven_blocks > 0 {
        eprintln!(
            "warning: {uneven_blocks} of {blocks} shuffle buffers held other labels than the records before them: the data come \
             sorted, and the model favours the last labels; shuffle them, or give a larger --shuffle-buffer"
        );
    }
    if !weights_of_no_label.is_empty() {
        eprintln!(
            "warning: class weights for {}, but no record has that label",
            weights_of_no_label.join(", ")
        );
    }
    Ok(ExitCode::SUCCESS)
}

impl Args {
    /// The records to measure on; whatever else needs the data more than once is refused.
    fn held_out(&self) -> anyhow::Result<Option<tasnif::Dataset>> {
        let refused = [
            ("--cv", self.cv.is_some(), "cross-validate a sample with --classifier logistic"),
            ("--conformal", self.conformal.is_some(), "leave it out"),
            ("--max-size", self.max_size.is_some(), "give fewer --hash-bits"),
            ("--group-near-duplicates", self.group_near_duplicates.is_some(), "leave it out"),
        ];
        if let Some((name, _, cure)) = refused.iter().find(|(_, given, _)| *given) {
            bail!("{name} needs all records at once, and the online learner reads them one by one: {cure}");
        }
        let Some(valid) = &self.valid else { return Ok(None) };
        ensure!(
            valid.parse::<f64>().is_err(),
            "--valid {valid}: the online learner reads its data once and cannot split them; name a file of held-out records"
        );
        let read = self.input.read(&[PathBuf::from(valid)]);
        Ok(Some(read.with_context(|| format!("--valid {valid}"))?))
    }
}
