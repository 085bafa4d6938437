//! `tasnif predict`: label text.

mod arabic;
mod writer;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use indicatif::ProgressBar;
use tasnif::dataset::{Format, Records, open, read_text};
use tasnif::pipeline::{Pipeline, Prediction};

use super::options::{InputOptions, Model, label_sets, set_threads, share};
use super::progress;
use super::sink::Sink;
use arabic::Letters;
use writer::{Item, Style, Writer};

/// Label text: articles sentence by sentence, other formats record by record
///
/// Text files (.txt) and standard input are articles: they are split into sentences, and each sentence is labelled.
/// Every record of the other formats is labelled whole: `lines` has one a line, `tsv` has label, tab, text (the label
/// is ignored), `csv` and `jsonl` hold the text in the field that --text-field names.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Files to label; - is standard input
    #[arg(value_name = "INPUT", default_value = "-")]
    inputs: Vec<PathBuf>,
    /// The model to label with [default: the one inside this binary]
    #[arg(long, short, value_name = "FILE")]
    model: Option<PathBuf>,
    #[command(flatten)]
    input: InputOptions,
    /// Format of the output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, help_heading = "Output")]
    output_format: OutputFormat,
    /// Write to a file, which appears when it is complete, in place of standard output
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
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
  tasnif predict --output-format csv --output labelled.csv news.jsonl --text-field body
  echo 'أعلنت الوزارة رصد ستة خروقات للهدنة خلال يوم.' | tasnif predict

Each JSONL line holds source, index (from 0 in each source), start and end (bytes: of the file for articles, of the \
text field otherwise), text, label, score (a probability) and the scores of all labels.";

/// A format of labelled records.
#[derive(Clone, Copy, Default, ValueEnum)]
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
}

/// Records that are labelled together; more are read while they are written.
const BATCH: usize = 8192;

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    set_threads(args.threads)?;
    anyhow::ensure!(
        (0.0..=1.0).contains(&args.min_score),
        "--min-score {}: scores are probabilities, give a number from 0 to 1",
        args.min_score
    );
    anyhow::ensure!(args.top_k != Some(0), "--top-k 0: give 1 or more, or leave it out for all labels");
    let model = Model::of(args.model.as_deref());
    let pipeline = model.load()?;
    let sink = Sink::open(args.output.as_deref())?;
    let bar = progress::bytes(total_bytes(&args.inputs), args.quiet, args.output.is_none());
    if let Some(coverage) = args.coverage {
        label_sets(&pipeline, &[pipeline.predict("")?], coverage)?;
    }
    let style = Style {
        format: args.output_format,
        top_k: args.top_k,
        min_score: args.min_score,
        coverage: args.coverage,
        label_separator: args.label_separator.clone(),
        name_sources: args.inputs.len() > 1,
    };
    let writer = Writer::new(sink, &pipeline, style);
    let mut run =
        Run { args: &args, pipeline: &pipeline, writer, bar, letters: Letters::default(), warned: false };
    for input in &args.inputs {
        run.source(input)?;
        if matches!(model, Model::Embedded) {
            run.warn_if_not_arabic(input);
        }
    }
    run.bar.finish_and_clear();
    run.writer.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// The size of all inputs, when they are all files.
fn total_bytes(inputs: &[PathBuf]) -> Option<u64> {
    inputs
        .iter()
        .map(|path| std::fs::metadata(path).ok().filter(|data| data.is_file()).map(|data| data.len()))
        .sum()
}

/// One run of the command.
struct Run<'a> {
    args: &'a Args,
    pipeline: &'a Pipeline,
    writer: Writer<'a>,
    bar: ProgressBar,
    /// The letters of the current source.
    letters: Letters,
    warned: bool,
}

impl Run<'_> {
    fn source(&mut self, path: &Path) -> anyhow::Result<()> {
        let options = self.args.input.read_options();
        let format = options.format_of(path)?;
        self.bar.set_message(path.display().to_string());
        self.letters = Letters::default();
        if path.as_os_str() == "-" && io::stdin().is_terminal() && !self.args.quiet {
            eprintln!(
                "Reading {format} from the terminal: type or paste, then end with Ctrl-D on a line of its own. \
                 (To read files: tasnif predict FILE…)"
            );
        }
        self.writer.begin(path)?;
        if format == Format::Text {
            let article = read_text(path, options.lossy)?;
            self.letters.count(&article);
            for (index, (sentence, prediction)) in
                self.pipeline.predict_article(&article)?.into_iter().enumerate()
            {
                let span = sentence.text_span();
                self.writer.write(&Item { index, start: span.start, text: sentence.text, prediction })?;
            }
            self.bar.inc(article.len() as u64);
        } else {
            let mut records = Records::new(open(path)?, path, format, &options, false)?;
            let (mut index, mut texts) = (0, Vec::with_capacity(BATCH));
            loop {
                texts.clear();
                for record in records.by_ref().take(BATCH) {
                    texts.push(record?.text);
                }
                if texts.is_empty() {
                    break;
                }
                let predictions = self.pipeline.predict_batch(&texts)?;
                for (text, prediction) in texts.iter().zip(predictions) {
                    self.letters.count(text);
                    self.record(index, text, prediction)?;
                    self.bar.inc(text.len() as u64 + 1);
                    index += 1;
                }
            }
        }
        self.writer.end()
    }

    /// A record that is labelled whole; only the white space at its ends is cut from what is shown.
    fn record(&mut self, index: usize, record: &str, prediction: Prediction<'_>) -> anyhow::Result<()> {
        let text = record.trim();
        let start = if text.is_empty() { 0 } else { record.len() - record.trim_start().len() };
        self.writer.write(&Item { index, start, text, prediction })
    }

    fn warn_if_not_arabic(&mut self, path: &Path) {
        if self.letters.mostly_foreign() && !self.warned && !self.args.quiet {
            self.warned = true;
            let warning = format!(
                "warning: {}: only {:.0} % of the letters are Arabic, but the embedded model knows Arabic news alone; train a model \
                 for this text with `tasnif train` (--quiet silences this)",
                path.display(),
                100.0 * self.letters.share()
            );
            self.bar.suspend(|| eprintln!("{warning}"));
        }
    }
}
