//! `tasnif tokenizer inspect`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;
use serde_json::Value;
use tasnif::text::tokenize::SubwordTokenizer;

use crate::cli::sink::Sink;

/// Show what is in a tokenizer.json
#[derive(clap::Args)]
#[command(after_help = "Examples:
  tasnif tokenizer inspect tokenizer.json
  tasnif tokenizer inspect tokenizer.json --pieces 500 --format json")]
pub struct Args {
    /// The tokenizer
    #[arg(value_name = "TOKENIZER")]
    tokenizer: PathBuf,
    /// Show so many pieces, spread evenly over the vocabulary
    #[arg(long, value_name = "N", default_value_t = 20)]
    pieces: usize,
    /// Format of what is shown
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: InspectFormat,
    /// Write to a file in place of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// A format of what is shown.
#[derive(Clone, Copy, Default, clap::ValueEnum)]
enum InspectFormat {
    /// Lines to read
    #[default]
    Table,
    /// One JSON object
    Json,
}

/// What there is to say about a tokenizer.
#[derive(Serialize)]
struct Summary {
    model: String,
    vocab_size: usize,
    normalizer: String,
    pre_tokenizer: String,
    post_processor: String,
    decoder: String,
    unknown: Option<String>,
    added_tokens: Vec<String>,
    /// Pieces by their length in characters, as they are spelled in the vocabulary.
    lengths: BTreeMap<usize, usize>,
    pieces: Vec<(u32, String)>,
}

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let tokenizer = SubwordTokenizer::from_file(&args.tokenizer)?;
    let json: Value = serde_json::from_str(tokenizer.json())?;
    let inner = tokenizer.tokenizer();
    let mut added: Vec<_> = inner.get_added_tokens_decoder().into_iter().collect();
    added.sort_by_key(|(id, _)| *id);
    let mut vocabulary: Vec<(u32, String)> =
        inner.get_vocab(true).into_iter().map(|(piece, id)| (id, piece)).collect();
    vocabulary.sort();
    let mut lengths = BTreeMap::new();
    for (_, piece) in &vocabulary {
        *lengths.entry(piece.chars().count()).or_insert(0) += 1;
    }
    let shown = args.pieces.min(vocabulary.len());
    let summary = Summary {
        model: name(&json["model"]),
        vocab_size: tokenizer.vocabulary_size(),
        normalizer: name(&json["normalizer"]),
        pre_tokenizer: name(&json["pre_tokenizer"]),
        post_processor: name(&json["post_processor"]),
        decoder: name(&json["decoder"]),
        unknown: tokenizer.unknown_id().and_then(|id| inner.id_to_token(id)),
        added_tokens: added.into_iter().map(|(_, token)| token.content).collect(),
        lengths,
        pieces: (0..shown).map(|place| vocabulary[place * vocabulary.len() / shown].clone()).collect(),
    };
    let mut sink = Sink::open(args.output.as_deref())?;
    match args.format {
        InspectFormat::Json => writeln!(sink, "{}", serde_json::to_string_pretty(&summary)?)?,
        InspectFormat::Table => table(&mut sink, &summary)?,
    }
    sink.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn table(sink: &mut Sink, summary: &Summary) -> anyhow::Result<()> {
    writeln!(sink, "Model           {}, {} pieces", summary.model, summary.vocab_size)?;
    writeln!(sink, "Normalizer      {}", summary.normalizer)?;
    writeln!(sink, "Pre-tokenizer   {}", summary.pre_tokenizer)?;
    writeln!(sink, "Post-processor  {}", summary.post_processor)?;
    writeln!(sink, "Decoder         {}", summary.decoder)?;
    writeln!(sink, "Unknown         {}", summary.unknown.as_deref().unwrap_or("none"))?;
    let added = if summary.added_tokens.is_empty() { "none".into() } else { summary.added_tokens.join(" ") };
    writeln!(sink, "Added tokens    {added}")?;
    let lengths: Vec<String> =
        summary.lengths.iter().map(|(length, count)| format!("{length}: {count}")).collect();
    writeln!(sink, "By characters   {}", lengths.join(", "))?;
    writeln!(sink)?;
    for (id, piece) in &summary.pieces {
        writeln!(sink, "{id:>8}  {piece}")?;
    }
    Ok(())
}

/// The type of a component, with those of the parts of a sequence.
fn name(component: &Value) -> String {
    let kind = component["type"].as_str().unwrap_or("none");
    let parts = ["normalizers", "pretokenizers", "processors", "decoders"];
    match parts.iter().find_map(|part| component[part].as_array()) {
        Some(inner) => {
            let mut names: Vec<(String, usize)> = Vec::new();
            for one in inner.iter().map(name) {
                match names.last_mut() {
                    Some((last, times)) if *last == one => *times += 1,
                    _ => names.push((one, 1)),
                }
            }
            let names: Vec<String> = names
                .into_iter()
                .map(|(name, times)| if times > 1 { format!("{name} ×{times}") } else { name })
                .collect();
            format!("{kind} ({})", names.join(", "))
        }
        None => kind.into(),
    }
}
