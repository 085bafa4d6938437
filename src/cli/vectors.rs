//! `tasnif vectors`: word vectors from raw text.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Subcommand, ValueEnum};
use tasnif::output::AtomicFile;
use tasnif::vectors::{Method, PpmiParams, Progress, SkipGramParams, Stage, TrainParams, WordVectors};

use super::options::set_threads;
use super::progress;
use super::sink::Sink;

/// Learn word vectors from raw text, look into them, convert them
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Train(TrainArgs),
    Inspect(InspectArgs),
    Export(ExportArgs),
}

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Train(args) => train(args),
        Command::Inspect(args) => inspect(args),
        Command::Export(args) => export(args),
    }
}

/// Learn word vectors from raw text
///
/// CORPUS are files of text, a paragraph a line, plain or compressed (gzip, Zstandard); they may be larger than the memory. Words
/// are cut and folded as `tasnif train` does it. The same files and options give the same vectors, whatever the number of threads.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  tasnif vectors train news.txt.zst --output news.vectors
  tasnif vectors train *.txt.gz --dim 200 --epochs 10 --output news.vec
  tasnif vectors inspect news.vectors هدنة")]
struct TrainArgs {
    /// Files of text
    #[arg(value_name = "CORPUS", required = true)]
    corpus: Vec<PathBuf>,
    /// The file to write: word2vec text if it ends in .vec, otherwise all numbers in one binary file
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Numbers in a vector
    #[arg(long, value_name = "N", default_value_t = TrainParams::default().dim)]
    dim: usize,
    /// Words up to this far away are context; nearer ones count more
    #[arg(long, value_name = "N", default_value_t = TrainParams::default().window)]
    window: usize,
    /// Leave out words that occur less often than this
    #[arg(long, value_name = "N", default_value_t = TrainParams::default().min_count)]
    min_count: u64,
    /// Keep this many words, the most frequent ones
    #[arg(long, value_name = "N", default_value_t = TrainParams::default().max_words)]
    max_words: usize,
    /// What the vectors are fitted to
    #[arg(long, value_name = "NAME", value_enum, default_value_t)]
    method: MethodName,
    /// Passes over the corpus [skip-gram]
    #[arg(long, value_name = "N", default_value_t = SkipGramParams::default().epochs)]
    epochs: usize,
    /// Random words against each word [skip-gram]
    #[arg(long, value_name = "N", default_value_t = SkipGramParams::default().negatives)]
    negatives: usize,
    /// Skip words more frequent than this share now and then; 0 skips none [skip-gram]
    #[arg(long, value_name = "SHARE", default_value_t = SkipGramParams::default().subsample)]
    subsample: f64,
    /// Read bytes that are not UTF-8 as the replacement character, in place of an error
    #[arg(long)]
    lossy: bool,
    /// Seed of everything that is left to chance
    #[arg(long, value_name = "N", default_value_t = TrainParams::default().seed)]
    seed: u64,
    /// Threads to use [default: all cores]; the vectors are the same for any number
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// No progress
    #[arg(long, short)]
    quiet: bool,
}

/// The name of a method.
#[derive(Clone, Copy, Default, ValueEnum)]
enum MethodName {
    /// Tell the neighbours of a word from random words (skip-gram with negative sampling)
    #[default]
    SkipGram,
    /// How often words stand near each other, against chance, factorized: much faster, less good
    Ppmi,
}

fn train(args: TrainArgs) -> anyhow::Result<ExitCode> {
    set_threads(args.threads)?;
    let method = match args.method {
        MethodName::SkipGram => Method::SkipGram(SkipGramParams {
            epochs: args.epochs,
            negatives: args.negatives,
            subsample: args.subsample,
            ..SkipGramParams::default()
        }),
        MethodName::Ppmi => Method::Ppmi(PpmiParams::default()),
    };
    let params = TrainParams {
        dim: args.dim,
        window: args.window,
        min_count: args.min_count,
        max_words: args.max_words,
        lossy: args.lossy,
        seed: args.seed,
        method,
        ..TrainParams::default()
    };
    // Asked for now rather than after the training.
    AtomicFile::create(&args.output)?;
    let start = Instant::now();
    let bar = progress::bytes(None, args.quiet, false);
    let mut shown = None;
    let vectors = WordVectors::train(&args.corpus, &params, |at: Progress| {
        if shown != Some(at.stage) {
            let (template, message) = match at.stage {
                Stage::Reading => {
                    ("{bar:30} {bytes}/{total_bytes}  {msg}  {bytes_per_sec}  {eta} left", "reading")
                }
                Stage::Counting => ("{bar:30} {pos}/{len}  {msg}  {elapsed}", "counting neighbours"),
                Stage::Factorizing => ("{bar:30} {pos}/{len}  {msg}  {elapsed}", "factorizing"),
                Stage::Learning => {
                    ("{bar:30} {human_pos}/{human_len} words  {msg}  {per_sec}  {eta} left", "learning")
                }
            };
            progress::restart(&bar, template, message);
            shown = Some(at.stage);
        }
        bar.set_length(at.total);
        bar.set_position(at.done);
    })?;
    bar.set_message("writing");
    write(&vectors, &args.output)?;
    bar.finish_and_clear();
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{}: {} words, {} numbers each, from {} words of text in {seconds:.0} s ({:.0} words a second)",
        args.output.display(),
        vectors.len(),
        vectors.dim(),
        vectors.total(),
        vectors.total() as f64 / seconds
    );
    Ok(ExitCode::SUCCESS)
}

/// Show what is in a vectors file, or the nearest neighbours of words
#[derive(clap::Args)]
#[command(after_help = "Examples:
  tasnif vectors inspect news.vectors
  tasnif vectors inspect cc.ar.300.vec قصف هدنة --top 5")]
struct InspectArgs {
    /// A file that `tasnif vectors train` wrote, or word2vec or fastText text (.vec)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Words to show the neighbours of
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    /// How many neighbours
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
}

fn inspect(args: InspectArgs) -> anyhow::Result<ExitCode> {
    let vectors = WordVectors::load(&args.file)?;
    let mut sink = Sink::open(None)?;
    if args.words.is_empty() {
        summary(&mut sink, &vectors, &args.file)?;
    }
    let normalizer = vectors.normalizer();
    for word in &args.words {
        let folded = normalizer.normalize(word);
        let Some(index) = vectors.index(&folded) else {
            writeln!(sink, "{folded}: no vector")?;
            continue;
        };
        match vectors.count(index) {
            0 => writeln!(sink, "{folded}")?,
            count => writeln!(sink, "{folded} ({count} times)")?,
        }
        let near = vectors.neighbours(vectors.row(index), args.top.saturating_add(1));
        for (word, cosine) in near.into_iter().filter(|(word, _)| *word != folded).take(args.top) {
            writeln!(sink, "  {cosine:.3}  {word}")?;
        }
    }
    sink.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn summary(sink: &mut Sink, vectors: &WordVectors, file: &Path) -> anyhow::Result<()> {
    let training = vectors.training();
    writeln!(sink, "Vectors   {}: {} words, {} numbers each", file.display(), vectors.len(), vectors.dim())?;
    if vectors.total() > 0 {
        let with: u64 = (0..vectors.len()).map(|index| vectors.count(index)).sum();
        let share = with as f64 / vectors.total() as f64 * 100.0;
        writeln!(sink, "Corpus    {} words, {share:.1} % of them with a vector", vectors.total())?;
    }
    for source in &training.sources {
        let hash = &source.sha256[..source.sha256.len().min(16)];
        writeln!(sink, "          {} ({} lines, SHA-256 {hash}…)", source.name, source.records)?;
    }
    if training.version.is_empty() {
        writeln!(sink, "Made by   another program")?;
    } else {
        writeln!(
            sink,
            "Made by   tasnif {}, {}",
            training.version,
            serde_json::to_string(&training.params)?
        )?;
    }
    let first: Vec<&str> = (0..vectors.len().min(12)).map(|index| vectors.word(index)).collect();
    writeln!(sink, "Frequent  {}", first.join(" "))?;
    Ok(())
}

/// Convert vectors: to word2vec text (.vec), or to a compact file of one byte a number
#[derive(clap::Args)]
#[command(after_help = "Examples:
  tasnif vectors export news.vectors --output news.vec
  tasnif vectors export news.vectors --max-words 60000 --output small.vectors
  tasnif vectors export cc.ar.300.vec --max-words 100000 --output cc.vectors")]
struct ExportArgs {
    /// A file that `tasnif vectors train` wrote, or word2vec or fastText text (.vec)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The file to write: word2vec text if it ends in .vec, otherwise a compact file, each number shortened to a byte
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Keep this many words, the most frequent ones [default: all]
    #[arg(long, value_name = "N")]
    max_words: Option<usize>,
}

fn export(args: ExportArgs) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(args.max_words != Some(0), "--max-words 0: give 1 or more");
    // Asked for now rather than after the reading.
    AtomicFile::create(&args.output)?;
    let mut vectors = WordVectors::load(&args.file)?;
    if let Some(max_words) = args.max_words {
        vectors.truncate(max_words);
    }
    if !is_text(&args.output) {
        vectors.quantize();
    }
    write(&vectors, &args.output)?;
    Ok(ExitCode::SUCCESS)
}

fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("vec"))
}

fn write(vectors: &WordVectors, path: &Path) -> anyhow::Result<()> {
    if is_text(path) {
        let mut file = AtomicFile::create(path)?;
        vectors.write_text(&mut file).map_err(|error| tasnif::Error::io(path, error))?;
        file.finish()?;
    } else {
        vectors.save(path)?;
    }
    Ok(())
}
