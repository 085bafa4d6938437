//! `tasnif tokenizer`: learn a subword vocabulary, run one, look into one.

mod inspect;
mod run;
mod train;

use std::process::ExitCode;

use clap::Subcommand;

/// Learn a subword vocabulary from raw text, encode and decode with any tokenizer.json, look into one
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Train(train::Args),
    Encode(run::EncodeArgs),
    Decode(run::DecodeArgs),
    Inspect(inspect::Args),
}

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Train(args) => train::run(args),
        Command::Encode(args) => run::encode(args),
        Command::Decode(args) => run::decode(args),
        Command::Inspect(args) => inspect::run(args),
    }
}
