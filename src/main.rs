//! The `tasnif` command: parse, dispatch, exit code.

mod cli;

use std::io;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

fn main() -> ExitCode {
    let command = cli::Cli::command().version(cli::version());
    let parsed = cli::Cli::from_arg_matches(&command.get_matches());
    let done = parsed.map_err(anyhow::Error::from).and_then(cli::run);
    match done {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(cli::BAD_INPUT)
        }
    }
}

/// Whoever read our output has seen enough: no error.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = match cause.downcast_ref::<tasnif::Error>() {
            Some(tasnif::Error::Io { error, .. }) => Some(error),
            _ => cause.downcast_ref::<io::Error>(),
        };
        io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
