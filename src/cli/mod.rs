//! The command line: one file a command.

mod bench;
mod check;
mod evaluate;
mod inspect;
mod man;
mod options;
mod predict;
mod progress;
mod shrink;
mod sink;
mod tokenizer;
mod train;
mod tune;
mod vectors;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The exit code of bad usage, bad input and failed reads and writes.
pub const BAD_INPUT: u8 = 2;

/// Label the sentences of conflict news by type.
///
/// Out of the box, `tasnif predict article.txt` splits an Arabic article into sentences and labels each as strike_report,
/// diplomatic_statement, ceasefire_monitoring, editorial_framing or other. `tasnif train` makes a model for any other
/// labels and languages.
#[derive(Parser)]
#[command(name = "tasnif", max_term_width = 100, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  tasnif predict article.txt                            a table of labelled sentences
  tasnif predict *.txt --output-format jsonl            one JSON object a sentence
  tasnif train labelled.tsv --output my.tasnif          a model of your own (label, tab, text)
  tasnif tune labelled.tsv --output my.tasnif --time 60s    the best pipeline for it
  tasnif evaluate test.tsv --model my.tasnif            how good it is
  tasnif inspect my.tasnif                              what is in it
  tasnif shrink my.tasnif --max-size 4MB --output small.tasnif test.tsv    smaller and faster
  tasnif check labelled.tsv                             duplicates, label errors and leaks in data
  tasnif vectors train news.txt --output news.vectors   word vectors from raw text
  tasnif tokenizer train news.txt --output tokenizer.json    a subword vocabulary from raw text
  tasnif bench news.txt --tokenizer words --tokenizer tokenizer.json    how fast each is on your text

Exit codes: 0 done, 1 a check did not hold, 2 bad usage or bad input.";

#[derive(Subcommand)]
enum Command {
    Predict(predict::Args),
    Train(Box<train::Args>),
    Tune(tune::Args),
    Evaluate(evaluate::Args),
    Check(Box<check::Args>),
    Inspect(inspect::Args),
    Shrink(Box<shrink::Args>),
    Vectors(vectors::Args),
    Tokenizer(tokenizer::Args),
    Bench(bench::Args),
    Completions(man::CompletionsArgs),
    Man(man::ManArgs),
}

/// Runs the command that was asked for.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Predict(args) => predict::run(args),
        Command::Train(args) => train::run(*args),
        Command::Tune(args) => tune::run(args),
        Command::Evaluate(args) => evaluate::run(args),
        Command::Check(args) => check::run(*args),
        Command::Inspect(args) => inspect::run(args),
        Command::Shrink(args) => shrink::run(*args),
        Command::Vectors(args) => vectors::run(args),
        Command::Tokenizer(args) => tokenizer::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Completions(args) => man::completions(args),
        Command::Man(args) => man::man(args),
    }
}

/// The version of the binary and the name of the model inside it.
pub fn version() -> String {
    let version = env!("CARGO_PKG_VERSION");
    #[cfg(feature = "embedded-model")]
    let version = {
        use tasnif::model_file::{EMBEDDED, fingerprint};
        format!("{version} (embedded model default.tasnif, {})", fingerprint(EMBEDDED))
    };
    #[cfg(not(feature = "embedded-model"))]
    let version = format!("{version} (no embedded model)");
    version
}
