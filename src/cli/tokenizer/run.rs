//! `tasnif tokenizer encode` and `decode`.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::{Deserialize, Serialize};
use tasnif::Error;
use tasnif::text::tokenize::SubwordTokenizer;

use crate::cli::sink::Sink;

/// Cut lines of text into the pieces of a tokenizer.json
///
/// One JSON object a line: the ids, the pieces, and where each stands in the line, in bytes. An empty line is a record too.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  tasnif tokenizer encode tokenizer.json article.txt
  echo 'أعلنت اللجنة هدنة' | tasnif tokenizer encode tokenizer.json --ids-only")]
pub struct EncodeArgs {
    /// The tokenizer
    #[arg(value_name = "TOKENIZER")]
    tokenizer: PathBuf,
    /// Files of text, a record a line [default: standard input]
    #[arg(value_name = "INPUT")]
    input: Vec<PathBuf>,
    /// Leave out pieces and offsets: many times faster
    #[arg(long)]
    ids_only: bool,
    #[command(flatten)]
    common: Common,
}

/// Join ids to text
///
/// A line is a JSON object with a list `ids`, as encode writes them, or a list alone. One JSON object a line comes out: `text`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  tasnif tokenizer encode tokenizer.json article.txt | tasnif tokenizer decode tokenizer.json
  echo '[5, 17, 4]' | tasnif tokenizer decode tokenizer.json --output-format text")]
pub struct DecodeArgs {
    /// The tokenizer
    #[arg(value_name = "TOKENIZER")]
    tokenizer: PathBuf,
    /// Files of ids [default: standard input]
    #[arg(value_name = "INPUT")]
    input: Vec<PathBuf>,
    /// Format of the output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    output_format: DecodeFormat,
    #[command(flatten)]
    common: Common,
}

/// Options of both.
#[derive(clap::Args)]
struct Common {
    /// Write to a file in place of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Read bytes that are not UTF-8 as the replacement character, in place of an error
    #[arg(long)]
    lossy: bool,
}

/// A format of decoded text.
#[derive(Clone, Copy, Default, PartialEq, clap::ValueEnum)]
enum DecodeFormat {
    /// One JSON object a line
    #[default]
    Jsonl,
    /// The text alone; line ends in it become spaces
    Text,
}

/// One encoded line.
#[derive(Serialize)]
struct Encoded<'a> {
    ids: &'a [u32],
    #[serde(skip_serializing_if = "Option::is_none")]
    pieces: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offsets: Option<Vec<(usize, usize)>>,
}

pub fn encode(args: EncodeArgs) -> anyhow::Result<ExitCode> {
    let tokenizer = SubwordTokenizer::from_file(&args.tokenizer)?;
    let mut sink = Sink::open(args.common.output.as_deref())?;
    let mut ids = Vec::new();
    each_line(&args.input, args.common.lossy, |path, number, line| {
        ids.clear();
        let refused = |error: Error| Error::data(path, number, error.to_string());
        let (mut pieces, mut offsets) = (None, None);
        if args.ids_only {
            tokenizer.ids_into(line, &mut ids).map_err(refused)?;
        } else {
            let tokens = tokenizer.encode(line).map_err(refused)?;
            ids.extend(tokens.iter().map(|(id, _)| *id));
            offsets = Some(tokens.iter().map(|(_, token)| (token.span.start, token.span.end)).collect());
            pieces = Some(tokens.into_iter().map(|(_, token)| token.text.into_owned()).collect());
        }
        serde_json::to_writer(&mut sink, &Encoded { ids: &ids, pieces, offsets })?;
        Ok(sink.write_all(b"\n")?)
    })?;
    sink.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// A line of ids.
#[derive(Deserialize)]
#[serde(untagged)]
enum Ids {
    Alone(Vec<u32>),
    Record { ids: Vec<u32> },
}

pub fn decode(args: DecodeArgs) -> anyhow::Result<ExitCode> {
    let tokenizer = SubwordTokenizer::from_file(&args.tokenizer)?;
    let mut sink = Sink::open(args.common.output.as_deref())?;
    each_line(&args.input, args.common.lossy, |path, number, line| {
        let ids = match serde_json::from_str(line) {
            Ok(Ids::Alone(ids) | Ids::Record { ids }) => ids,
            Err(_) => {
                let message = "no ids here: a line is [1, 2, …] or {\"ids\": [1, 2, …]}";
                return Err(Error::data(path, number, message).into());
            }
        };
        let text = tokenizer.decode(&ids).map_err(|error| Error::data(path, number, error.to_string()))?;
        match args.output_format {
            DecodeFormat::Jsonl => writeln!(sink, "{}", serde_json::json!({ "text": text }))?,
            DecodeFormat::Text => writeln!(sink, "{}", text.replace(['\n', '\r'], " "))?,
        }
        Ok(())
    })?;
    sink.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// Calls `each` with every line of the files, or of standard input, its number from 1, and without its end.
fn each_line(
    paths: &[PathBuf],
    lossy: bool,
    mut each: impl FnMut(&Path, u64, &str) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let standard = [PathBuf::from("-")];
    let paths = if paths.is_empty() { &standard[..] } else { paths };
    for path in paths {
        let fail = |error| Error::io(path, error);
        let mut reader: Box<dyn BufRead> = if path.as_os_str() == "-" {
            Box::new(std::io::stdin().lock())
        } else {
            Box::new(BufReader::with_capacity(1 << 16, std::fs::File::open(path).map_err(fail)?))
        };
        let (mut bytes, mut number) = (Vec::new(), 0);
        loop {
            bytes.clear();
            if reader.read_until(b'\n', &mut bytes).map_err(fail)? == 0 {
                break;
            }
            number += 1;
            let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            match std::str::from_utf8(line) {
                Ok(line) => each(path, number, line)?,
                Err(_) if lossy => each(path, number, &String::from_utf8_lossy(line))?,
                Err(_) => {
                    let message = "not valid UTF-8; convert the file, or give --lossy to go on with a replacement character";
                    return Err(Error::data(path, number, message).into());
                }
            }
        }
    }
    Ok(())
}
