//! `tasnif bench`: how fast, and how well, tokenizers and the stages of a pipeline work on one's own text.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::ValueEnum;
use tasnif::bench::{BenchParams, Contender, FEWEST_RUNS, Report, Sample, Stage, bench};
use tasnif::output::{AtomicFile, write_atomically};

use super::options::{Model, bytes, one_standard_input};
use super::progress;
use super::sink::Sink;

/// Measure how fast, and how well, tokenizers and the stages of a pipeline work on your text
///
/// CORPUS are files of text, a paragraph a line, plain or compressed (gzip, Zstandard). A seeded sample of whole lines is drawn in one
/// pass; every contender gets the same sentences, in interleaved runs. Reported are MB/s, sentences/s and tokens/s (medians and
/// quartiles), latencies, cold and warm, load time, memory, tokens a word, characters a token, unknown tokens, and whether the
/// text comes back.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  tasnif bench news.txt
  tasnif bench news.txt.zst --tokenizer words --tokenizer bert.json --tokenizer crate:bert.json --threads 1,2
  tasnif bench news.txt --stage split,normalize,tokenize,featurize,predict --html report.html
  tasnif bench news.txt --format json --output before.json; tasnif bench news.txt --baseline before.json")]
pub struct Args {
    /// Files of text; - is standard input
    #[arg(value_name = "CORPUS", required = true)]
    corpus: Vec<PathBuf>,
    /// A contender: words (our normaliser and word tokenizer), char (characters), a tokenizer.json (its ids, by our encode path), or
    /// crate:FILE (by the tokenizers crate alone); may be given several times [default: words and char, where no stage is asked for]
    #[arg(long, value_name = "NAME", value_parser = contender)]
    tokenizer: Vec<Contender>,
    /// Stages of the pipeline, joined by commas: split, normalize, tokenize, featurize, predict
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    stage: Vec<Stage>,
    /// The model whose stages are measured [default: the one inside this binary]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Numbers of threads to measure with, each apart
    #[arg(long, value_name = "N,N", value_delimiter = ',', default_value = "1")]
    threads: Vec<usize>,
    /// How much text to measure on: bytes, or with kB, MB or GB, or all
    #[arg(long, value_name = "SIZE", default_value = "32MB", value_parser = size)]
    sample: Limit,
    /// Warm runs of each contender
    #[arg(long, value_name = "N", default_value_t = FEWEST_RUNS)]
    runs: usize,
    /// Seed of the sample and of the order of the runs
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Run 1 MB of what nobody writes too (one word, marks, emoji, random bytes), and tell whose time grows faster than the text
    #[arg(long)]
    stress: bool,
    /// Format of the report
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: BenchFormat,
    /// Write a page with a bar chart too
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Compare with an earlier report (of --format json), and tell what is outside noise
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write to a file in place of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Read bytes that are not UTF-8 as the replacement character, in place of an error
    #[arg(long)]
    lossy: bool,
    /// No progress
    #[arg(long, short)]
    quiet: bool,
}

/// A format of the report.
#[derive(Clone, Copy, Default, ValueEnum)]
enum BenchFormat {
    /// Tables to read
    #[default]
    Table,
    /// Everything, also every run: a baseline for later
    Json,
    /// A line for each contender and thread count
    Csv,
    /// Tables for a web page
    Markdown,
}

/// Bytes, or all.
#[derive(Clone, Copy)]
struct Limit(Option<u64>);

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    one_standard_input(&args.corpus)?;
    // Asked for now rather than after the runs.
    for path in [&args.output, &args.html].into_iter().flatten().filter(|path| path.as_os_str() != "-") {
        AtomicFile::create(path)?;
    }
    let baseline = args.baseline.as_deref().map(read_report).transpose()?;
    let mut contenders = args.tokenizer.clone();
    contenders.extend(args.stage.iter().map(|&stage| Contender::Stage(stage)));
    if contenders.is_empty() {
        contenders = vec![Contender::Words, Contender::Char];
    }
    let mut seen = std::collections::HashSet::new();
    contenders.retain(|contender| seen.insert(contender.clone()));
    // A file that is missing is told now rather than after the corpus was read.
    for contender in &contenders {
        if let Contender::File(path) | Contender::Crate(path) = contender {
            std::fs::metadata(path).with_context(|| path.display().to_string())?;
        }
    }
    let pipeline = if args.stage.is_empty() { None } else { Some(Model::of(args.model.as_deref()).load()?) };
    let bar = progress::bytes(Some(0), args.quiet, false);
    bar.set_message("reading");
    let sample = Sample::draw(&args.corpus, args.sample.0, args.seed, args.lossy, |done, all| {
        bar.set_length(all.max(done));
        bar.set_position(done);
    })?;
    progress::restart(&bar, "{bar:30} {pos}/{len} runs  {msg}  {elapsed}  {eta} left", "measuring");
    let params = BenchParams { runs: args.runs, threads: args.threads, seed: args.seed, stress: args.stress };
    let mut report = bench(&sample, &contenders, pipeline.as_ref(), &params, |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    if let Some(baseline) = &baseline {
        report.compare(baseline);
    }
    if let Some(path) = &args.html {
        write_atomically(path, report.html().as_bytes())?;
    }
    let mut sink = Sink::open(args.output.as_deref())?;
    let text = match args.format {
        BenchFormat::Table => report.table(),
        BenchFormat::Json => serde_json::to_string_pretty(&report)? + "\n",
        BenchFormat::Csv => report.csv(),
        BenchFormat::Markdown => report.markdown(),
    };
    sink.write_all(text.as_bytes())?;
    sink.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn read_report(path: &Path) -> anyhow::Result<Report> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| {
        format!("{}: no report of tasnif bench; make one with --format json --output FILE", path.display())
    })
}

fn contender(text: &str) -> Result<Contender, String> {
    text.parse().map_err(|error: tasnif::Error| error.to_string())
}

/// Reads `32MB`, `500kB`, `1000` or `all`.
fn size(text: &str) -> Result<Limit, String> {
    if text == "all" {
        return Ok(Limit(None));
    }
    bytes(text).map(|bytes| Limit(Some(bytes))).map_err(|error| format!("{error}, or all"))
}
