//! `tasnif tokenizer train`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use tasnif::output::{AtomicFile, write_atomically};
use tasnif::text::normalize::Switches;
use tasnif::tokenizer::{ModelKind, Step, TrainParams, train};

use crate::cli::options::{one_standard_input, set_threads};
use crate::cli::progress;

/// Learn a subword vocabulary from raw text and write it as a Hugging Face tokenizer.json
///
/// CORPUS are files of text, a paragraph a line, plain or compressed (gzip, Zstandard); they may be larger than the memory. The
/// folds stand in the file as its normalizer, so that any program that reads such files gives the same ids. The same files and
/// options give the same file, whatever the number of threads.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  tasnif tokenizer train news.txt.zst --output tokenizer.json
  tasnif tokenizer train *.txt.gz --model wordpiece --vocab-size 8000 --output tokenizer.json
  xz -dc news.txt.xz | tasnif tokenizer train - --output tokenizer.json
  tasnif train labelled.tsv --analyzer subword --subwords tokenizer.json --output my.tasnif")]
pub struct Args {
    /// Files of text; - is standard input
    #[arg(value_name = "CORPUS", required = true)]
    corpus: Vec<PathBuf>,
    /// The tokenizer.json to write
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// What the vocabulary is made of: bpe (byte-level, as GPT-2), wordpiece (as BERT), unigram (as SentencePiece) or wordlevel
    #[arg(long, value_name = "NAME", default_value_t = ModelKind::Bpe)]
    model: ModelKind,
    /// Entries of the vocabulary, special tokens and single characters included
    #[arg(long, value_name = "N", default_value_t = TrainParams::new(ModelKind::Bpe).vocab_size)]
    vocab_size: usize,
    /// Leave out pairs (unigram: pieces, wordlevel: words) that occur less often than this
    #[arg(long, value_name = "N", default_value_t = TrainParams::new(ModelKind::Bpe).min_frequency)]
    min_frequency: u64,
    /// The folds of the normalizer: arabic, none, or names joined by commas, such as nfc,tatweel,tashkeel
    #[arg(long, value_name = "NAMES", default_value = "arabic", value_parser = folds)]
    fold: Switches,
    /// A token that is never cut and comes first; may be given several times
    #[arg(long, value_name = "TEXT")]
    special_token: Vec<String>,
    /// Learn from this many distinct words, the most frequent ones; more take more memory
    #[arg(long, value_name = "N", default_value_t = TrainParams::new(ModelKind::Bpe).max_words)]
    max_words: usize,
    /// Read bytes that are not UTF-8 as the replacement character, in place of an error
    #[arg(long)]
    lossy: bool,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// No progress
    #[arg(long, short)]
    quiet: bool,
}

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    set_threads(args.threads)?;
    one_standard_input(&args.corpus)?;
    let params = TrainParams {
        vocab_size: args.vocab_size,
        min_frequency: args.min_frequency,
        normalize: args.fold,
        special_tokens: args.special_token,
        lossy: args.lossy,
        max_words: args.max_words,
        ..TrainParams::new(args.model)
    };
    // Asked for now rather than after the training.
    AtomicFile::create(&args.output)?;
    let start = Instant::now();
    let bar = progress::bytes(None, args.quiet, false);
    let mut before = None;
    let learned = train(&args.corpus, &params, |at| {
        let now = Some((at.step, at.total > 0));
        if before != now {
            let (template, message) = match at.step {
                Step::Count if at.total == 0 => {
                    ("{spinner} {bytes}  {msg}  {bytes_per_sec}", "counting words")
                }
                Step::Count => {
                    ("{bar:30} {bytes}/{total_bytes}  {msg}  {bytes_per_sec}  {eta} left", "counting words")
                }
                Step::Learn if at.total > 0 => ("{bar:30} {pos}/{len} rounds  {msg}  {elapsed}", "learning"),
                Step::Learn => ("{spinner} {msg}  {elapsed}", "learning"),
            };
            progress::restart(&bar, template, message);
            bar.enable_steady_tick(std::time::Duration::from_millis(200));
            before = now;
        }
        if at.total > 0 {
            bar.set_length(at.total);
        }
        bar.set_position(at.done);
    })?;
    bar.finish_and_clear();
    write_atomically(&args.output, learned.json.as_bytes())?;
    println!(
        "{}: {} with {} entries, from {} words ({} distinct ones learned from) in {} lines, {:.1} MB, in {:.1} s",
        args.output.display(),
        args.model,
        learned.vocab_size,
        learned.words,
        learned.distinct_words,
        learned.lines,
        learned.bytes as f64 / 1e6,
        start.elapsed().as_secs_f64()
    );
    Ok(ExitCode::SUCCESS)
}

/// The switches of a list of names, as they are called in pipeline files.
fn folds(text: &str) -> Result<Switches, String> {
    match text {
        "arabic" => return Ok(Switches::arabic()),
        "none" => return Ok(Switches::none()),
        _ => {}
    }
    let mut switches =
        serde_json::to_value(Switches::none()).context("switches").map_err(|error| error.to_string())?;
    let known: Vec<String> = switches.as_object().into_iter().flat_map(|all| all.keys().cloned()).collect();
    for name in text.split(',').map(str::trim) {
        if !known.iter().any(|one| one == name) {
            return Err(format!("unknown fold '{name}'; give arabic, none, or some of {}", known.join(", ")));
        }
        switches[name] = true.into();
    }
    serde_json::from_value(switches).map_err(|error| error.to_string())
}
