//! `tasnif predict`: label text.

mod arabic;
mod carry;
#[cfg(feature = "columnar")]
mod columns;
mod engine;
mod follow;
mod format;
mod interrupt;
mod job;
mod output;
mod resume;
mod source;
mod watch;
mod work;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::ensure;
use clap::ValueEnum;
use tasnif::compression::{Compression, uncompressed_name};
use tasnif::dataset::expand;
use tasnif::model_file::fingerprint;
use tasnif::pipeline::Pipeline;

use super::options::{InputOptions, Model, bytes, label_sets, set_threads, share};
use super::progress;
use super::sink::Sink;
use carry::Carry;
use format::{Formatter, Style};
use interrupt::{INTERRUPTED, Interrupt};
use output::{Output, Target};
use resume::{Resumable, identity};
use source::Plan;
use work::Worker;

/// Label text: articles sentence by sentence, other formats record by record
///
/// Text files (.txt) and standard input are articles: they are split into sentences, and each sentence is labelled.
/// Every record of the other formats is labelled whole: `lines` has one a line, `tsv` has label, tab, text (the label
/// is ignored), `csv`, `jsonl`, `parquet` and `arrow` hold the text in the field that --text-field names. gzip and Zstandard are
/// known by their first bytes.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Files to label, folders of them, and patterns such as 'news/*.csv.gz'; - is standard input
    #[arg(value_name = "INPUT", default_value = "-")]
    inputs: Vec<PathBuf>,
    /// The model to label with [default: the one inside this binary]
    #[arg(long, short, value_name = "FILE")]
    model: Option<PathBuf>,
    #[command(flatten)]
    input: InputOptions,
    /// The longest record that is taken; a longer one is in error
    #[arg(long, value_name = "SIZE", default_value = "16MB", value_parser = bytes, help_heading = "Input")]
    max_record: u64,
    /// What to do about a record that cannot be read: bad UTF-8 or JSON, no text, a CSV row of the wrong width, too long
    #[arg(long, value_name = "WHAT", value_enum, default_value_t, help_heading = "Input")]
    on_error: OnError,
    /// List the records that could not be read in this file: JSONL with file, line (row, in columnar files) and reason
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    rejects: Option<PathBuf>,
    /// Format of the output [default: by the extension of --output, before .gz or .zst; otherwise pretty]
    #[arg(long, value_name = "FORMAT", value_enum, help_heading = "Output")]
    output_format: Option<OutputFormat>,
    /// Write to a file, which appears when it is complete, in place of standard output; .gz and .zst compress it
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Input columns to put beside the labels: names joined by commas (dots lead into nested JSON), or all but the text; one
    /// that is called like a column of ours becomes input_NAME
    #[arg(long, value_name = "NAMES", help_heading = "Output")]
    carry: Option<Carry>,
    /// Give the scores of the best K labels alone
    #[arg(long, value_name = "K", help_heading = "Output")]
    top_k: Option<usize>,
    /// Draw label sets that hold the true label with this probability, such as 0.9 (for models trained with --conformal): field
    /// `set` in JSONL, a column before the text elsewhere
    #[arg(long, value_name = "SHARE", value_parser = share, help_heading = "Output")]
    coverage: Option<f64>,
    /// What stands between several labels of one record, in the table, CSV and TSV
    #[arg(long, value_name = "TEXT", default_value = "|", help_heading = "Output")]
    label_separator: String,
    /// Give no label (null in JSONL, empty in CSV and TSV, - in the table) where the best score is below this
    #[arg(long, value_name = "SCORE", default_value_t = 0.0, help_heading = "Output")]
    min_score: f32,
    /// Go on where a run with --resume was stopped, or begin one that can be gone on with: JSONL, CSV or TSV, kept as
    /// OUT.partial with OUT.progress until it is complete
    #[arg(long, requires = "output", help_heading = "Output")]
    resume: bool,
    /// Note the place after so many records
    #[arg(long, value_name = "N", default_value_t = 200_000, requires = "resume", help_heading = "Output")]
    checkpoint_every: u64,
    /// Label each file that is in this folder or comes into it once it is complete, into --output FOLDER; until Ctrl-C
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["inputs", "resume", "rejects"], help_heading = "Input")]
    watch: Option<PathBuf>,
    /// Label the lines of this file and those that are added to it, also when it is cut short or another takes its name; until
    /// Ctrl-C. Records are put behind what stands in --output
    #[arg(long, value_name = "FILE", conflicts_with_all = ["inputs", "watch", "resume", "rejects"], help_heading = "Input")]
    follow: Option<PathBuf>,
    /// Threads to use [default: all cores]; the results are the same for any number
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// No warnings and no progress
    #[arg(long, short)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  tasnif predict article.txt
  tasnif predict --output labelled.csv news.jsonl --text-field article.body --carry id,date
  tasnif predict archive/ --output labelled.jsonl.gz --on-error skip --rejects rejects.jsonl
  tasnif predict big.csv.gz --output labelled.csv --resume
  tasnif predict --watch incoming/ --output labelled/
  echo 'أعلنت الوزارة رصد ستة خروقات للهدنة خلال يوم.' | tasnif predict

Each JSONL line holds source, index (from 0 in each source), start and end (bytes: of the file for articles, of the \
text field otherwise), text, label, score (a probability) and the scores of all labels.";

/// A format of labelled records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// A table to read
    #[default]
    Pretty,
    /// One JSON object a record
    Jsonl,
    /// Comma-separated, with a header
    Csv,
    /// Label, tab, score, tab, text
    Tsv,
    /// Columns, in an Apache Parquet file
    Parquet,
    /// Columns, in an Apache Arrow IPC file
    Arrow,
}

impl OutputFormat {
    /// What the extension of a file says.
    fn of(path: &Path) -> Option<OutputFormat> {
        let name = uncompressed_name(path);
        match name.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "jsonl" | "ndjson" => Some(OutputFormat::Jsonl),
            "csv" => Some(OutputFormat::Csv),
            "tsv" | "tab" => Some(OutputFormat::Tsv),
            "parquet" | "pq" => Some(OutputFormat::Parquet),
            "arrow" | "feather" | "ipc" => Some(OutputFormat::Arrow),
            _ => None,
        }
    }

    /// Whether all records have the same columns.
    pub fn has_fixed_columns(self) -> bool {
        !matches!(self, OutputFormat::Pretty | OutputFormat::Jsonl)
    }

    /// The extension of its files.
    fn extension(self) -> &'static str {
        match self {
            OutputFormat::Pretty => "txt",
            OutputFormat::Jsonl => "jsonl",
            OutputFormat::Csv => "csv",
            OutputFormat::Tsv => "tsv",
            OutputFormat::Parquet => "parquet",
            OutputFormat::Arrow => "arrow",
        }
    }

    pub fn is_columnar(self) -> bool {
        matches!(self, OutputFormat::Parquet | OutputFormat::Arrow)
    }
}

/// What to do about a record that cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OnError {
    /// Stop with exit code 2
    #[default]
    Fail,
    /// Leave it out
    Skip,
    /// Put a record without text and label in its place
    Null,
}

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    set_threads(args.threads)?;
    args.check()?;
    let model = Model::of(args.model.as_deref());
    let pipeline = Arc::new(model.load()?);
    if let Some(coverage) = args.coverage {
        label_sets(&pipeline, &[pipeline.predict("")?], coverage)?;
    }
    let kit = Kit { args: &args, model: &model, pipeline };
    let interrupt = Interrupt::default();
    if let Some(folder) = &args.watch {
        watch::watch(&kit, folder)?;
    } else if let Some(file) = &args.follow {
        interrupt.listen(0, "")?;
        kit.run(vec![file.clone()], args.destination(), &interrupt)?;
    } else {
        if args.resume {
            interrupt.listen(INTERRUPTED, "interrupted; the same command goes on where it stopped")?;
        } else if args.output.is_some() {
            interrupt.listen(INTERRUPTED, "interrupted")?;
        }
        kit.run(expand(&args.inputs, args.input.input_format)?, args.destination(), &interrupt)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Where labelled records go, and how.
struct Destination {
    path: Option<PathBuf>,
    format: OutputFormat,
    compression: Option<Compression>,
}

impl Args {
    fn check(&self) -> anyhow::Result<()> {
        ensure!(
            (0.0..=1.0).contains(&self.min_score),
            "--min-score {}: scores are probabilities, give a number from 0 to 1",
            self.min_score
        );
        ensure!(self.top_k != Some(0), "--top-k 0: give 1 or more, or leave it out for all labels");
        ensure!(
            self.rejects.is_none() || self.on_error != OnError::Fail,
            "--rejects needs --on-error skip or null: without it the first such record ends the run"
        );
        let Destination { format, compression, .. } = self.destination();
        if format.is_columnar() {
            ensure!(
                cfg!(feature = "columnar"),
                "this build writes no Parquet and no Arrow: build it with --features columnar"
            );
            ensure!(
                compression.is_none(),
                "columns are compressed inside: take .gz or .zst off the name of --output"
            );
            ensure!(
                !self.resume,
                "--resume is for JSONL, CSV and TSV: columns appear when they are complete"
            );
            ensure!(
                self.output.as_ref().is_some_and(|path| path.as_os_str() != "-") || self.watch.is_some(),
                "columns go to a file: give --output"
            );
        }
        if self.follow.is_some() {
            ensure!(
                !format.is_columnar() && compression.is_none(),
                "--follow writes lines as they come: give JSONL, CSV or TSV, not compressed"
            );
        }
        if self.watch.is_some() {
            let named = self
                .output
                .as_deref()
                .is_some_and(|path| OutputFormat::of(path).is_none() && compression.is_none());
            ensure!(
                named,
                "--watch needs --output FOLDER, for the labelled files; --output-format names their format"
            );
            return Ok(());
        }
        ensure!(
            !self.resume || format != OutputFormat::Pretty,
            "--resume is for JSONL, CSV and TSV: give --output-format"
        );
        Ok(())
    }

    fn destination(&self) -> Destination {
        let path = self.output.as_deref();
        Destination {
            path: self.output.clone(),
            format: self.output_format.or_else(|| OutputFormat::of(path?)).unwrap_or_default(),
            compression: path.and_then(Compression::of_name),
        }
    }

    fn max_record(&self) -> usize {
        usize::try_from(self.max_record).unwrap_or(usize::MAX)
    }

    fn threads(&self) -> usize {
        self.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
    }
}

/// What is the same for all runs of one command.
struct Kit<'a> {
    args: &'a Args,
    model: &'a Model,
    pipeline: Arc<Pipeline>,
}

impl Kit<'_> {
    /// Labels some files into one place.
    fn run(&self, inputs: Vec<PathBuf>, to: Destination, interrupt: &Interrupt) -> anyhow::Result<()> {
        let args = self.args;
        let worker = Arc::new(self.worker(&to, inputs.len()));
        let (target, start) = self.target(&to, &inputs)?;
        let total = if args.follow.is_some() {
            None
        } else {
            inputs.iter().map(|path| Some(source::size(path)).filter(|size| *size > 0)).sum()
        };
        let bar = progress::bytes(total, args.quiet, to.path.is_none());
        let mut output = Output::new(target, args.rejects.as_deref(), worker.clone(), bar, args.quiet)?;
        output.flush_each = args.follow.is_some();
        if let Some(position) = &start {
            output.continued(position);
        }
        interrupt.set_temporaries(output.temporaries());
        let plan = Plan {
            inputs,
            follow: args.follow.is_some(),
            options: args.input.read_options(),
            carry: args.carry.clone().unwrap_or_default(),
            fixed_columns: to.format.has_fixed_columns(),
            max_record: args.max_record(),
            on_error: args.on_error,
            pipeline: self.pipeline.clone(),
            quiet: args.quiet,
            start: start.map_or((0, 0), |position| (position.source, position.records)),
        };
        engine::run(args.threads(), move |emit| plan.read(emit), move |job| worker.run(job), &mut |done| {
            let _writing = interrupt.writing();
            output.take(done)
        })?;
        let rejected = output.finish()?;
        interrupt.set_temporaries(Vec::new());
        if rejected > 0 {
            let records = if rejected == 1 { "record" } else { "records" };
            let done = if args.on_error == OnError::Skip { "left out" } else { "have no label" };
            let listed = args.rejects.as_ref().map_or_else(
                || "; --rejects FILE lists them".to_owned(),
                |path| format!("; listed in {}", path.display()),
            );
            eprintln!("{rejected} {records} could not be read and {done}{listed}");
        }
        Ok(())
    }

    fn worker(&self, to: &Destination, inputs: usize) -> Worker {
        let args = self.args;
        let colour = to.path.is_none()
            && std::io::IsTerminal::is_terminal(&std::io::stdout())
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let style = Style {
            format: to.format,
            top_k: args.top_k,
            min_score: args.min_score,
            coverage: args.coverage,
            label_separator: args.label_separator.clone(),
            name_sources: inputs > 1,
            colour,
        };
        Worker {
            formatter: Formatter::new(self.pipeline.clone(), style),
            options: args.input.read_options(),
            on_error: args.on_error,
            max_record: args.max_record(),
            compression: to.compression,
            count_letters: matches!(self.model, Model::Embedded) && !args.quiet,
        }
    }

    /// Where the records go, and where to go on.
    fn target(
        &self,
        to: &Destination,
        inputs: &[PathBuf],
    ) -> anyhow::Result<(Target, Option<resume::Position>)> {
        let args = self.args;
        let name = match &to.path {
            Some(path) if path.as_os_str() != "-" => path.display().to_string(),
            _ => "standard output".to_owned(),
        };
        match &to.path {
            Some(path) if args.resume => {
                let key = self.key(to, inputs)?;
                let (resumable, position) =
                    Resumable::open(path, args.rejects.as_deref(), key, args.checkpoint_every)?;
                Ok((Target::Resumable(resumable), position))
            }
            Some(path) if args.follow.is_some() && path.as_os_str() != "-" => {
                Ok((Target::Bytes { name, sink: Sink::append(path)? }, None))
            }
            #[cfg(feature = "columnar")]
            Some(path) if to.format.is_columnar() => {
                let columns =
                    columns::Columnar::create(path, to.format, &self.pipeline, args.coverage.is_some())?;
                Ok((Target::Columns(columns), None))
            }
            path => Ok((Target::Bytes { name, sink: Sink::open(path.as_deref())? }, None)),
        }
    }

    /// All that the bytes of the output depend on.
    fn key(&self, to: &Destination, inputs: &[PathBuf]) -> anyhow::Result<BTreeMap<String, String>> {
        let args = self.args;
        let mut key: BTreeMap<String, String> = [
            ("tasnif", super::version()),
            ("model", fingerprint(&self.model.bytes()?)),
            ("reading", format!("{:?}", args.input.read_options())),
            ("--output-format", format!("{:?}", to.format)),
            ("--max-record", args.max_record.to_string()),
            ("--on-error", format!("{:?}", args.on_error)),
            ("--rejects", format!("{:?}", args.rejects)),
            ("--carry", format!("{:?}", args.carry)),
            ("--top-k", format!("{:?}", args.top_k)),
            ("--coverage", format!("{:?}", args.coverage)),
            ("--label-separator", args.label_separator.clone()),
            ("--min-score", args.min_score.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        for (place, path) in inputs.iter().enumerate() {
            key.insert(format!("input {}", place + 1), format!("{}, {}", path.display(), identity(path)?));
        }
        Ok(key)
    }
}
