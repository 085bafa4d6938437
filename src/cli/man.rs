//! `tasnif completions` and `tasnif man`: what a package installs beside the binary.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::CommandFactory;

use super::Cli;

/// Print a completion script for a shell
///
/// For bash: tasnif completions bash > ~/.local/share/bash-completion/completions/tasnif
#[derive(clap::Args)]
pub struct CompletionsArgs {
    /// The shell to complete in
    shell: clap_complete::Shell,
}

/// Print the manual page, or write the pages of all commands to a folder
#[derive(clap::Args)]
pub struct ManArgs {
    /// Write tasnif.1, tasnif-predict.1 and so on to this folder
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

pub fn completions(args: CompletionsArgs) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "tasnif", &mut script);
    io::stdout().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}

pub fn man(args: ManArgs) -> anyhow::Result<ExitCode> {
    let command = Cli::command().version(env!("CARGO_PKG_VERSION"));
    match args.output {
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            io::stdout().write_all(&page)?;
        }
        Some(folder) => {
            std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
            clap_mangen::generate_to(command, &folder).with_context(|| folder.display().to_string())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
