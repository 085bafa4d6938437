//! Options that several commands share.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use tasnif::dataset::{Dataset, Encoding, Format, ReadOptions, expand};
use tasnif::pipeline::{Pipeline, Prediction};

/// How input files are read.
#[derive(Args, Clone)]
pub struct InputOptions {
    /// Format of the input: text, lines, tsv, csv, jsonl, fasttext, parquet or arrow [default: by the file's extension, before .gz
    /// or .zst]
    #[arg(long, value_name = "FORMAT", help_heading = "Input")]
    pub input_format: Option<Format>,
    /// The column or JSONL field that holds the text; dots lead into nested objects
    #[arg(long, value_name = "NAME", default_value = "text", help_heading = "Input")]
    pub text_field: String,
    /// What stands between CSV fields
    #[arg(long, value_name = "CHAR", default_value = ",", value_parser = delimiter, help_heading = "Input")]
    pub delimiter: u8,
    /// Encoding of text files: utf-8, utf-16le, utf-16be, windows-1256 or another name of the Encoding Standard; auto looks at the
    /// first bytes
    #[arg(long, value_name = "NAME", default_value = "auto", help_heading = "Input")]
    pub encoding: Encoding,
    /// Read bytes that are not text as the replacement character, in place of an error
    #[arg(long, help_heading = "Input")]
    pub lossy: bool,
}

/// How labelled files are read.
#[derive(Args, Clone)]
pub struct LabelledOptions {
    #[command(flatten)]
    pub input: InputOptions,
    /// The CSV column or JSONL field that holds the label
    #[arg(long, value_name = "NAME", default_value = "label", help_heading = "Input")]
    pub label_field: String,
    /// The CSV column or JSONL field that names the group (article) of a record, which no split cuts apart; of several,
    /// joined by commas, the first that there is
    #[arg(long, value_name = "NAME", default_value = "group", help_heading = "Input")]
    pub group_field: String,
    /// What stands between several labels of one record, in TSV and CSV labels and JSONL strings
    #[arg(long, value_name = "TEXT", help_heading = "Input")]
    pub label_separator: Option<String>,
    /// A record may have several labels, or none: each is learned against the rest. Understood without this flag from lists
    /// of labels
    #[arg(long, help_heading = "Input")]
    pub multi_label: bool,
}

/// Refuses to read standard input twice.
pub fn one_standard_input(paths: &[PathBuf]) -> anyhow::Result<()> {
    let standard = paths.iter().filter(|path| path.as_os_str() == "-").count();
    anyhow::ensure!(
        standard < 2,
        "standard input (-) was given {standard} times and can be read once: give - once"
    );
    Ok(())
}

/// A share between 0 and 1, ends excluded.
pub fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err("give a number between 0 and 1, such as 0.9".into()),
    }
}

/// The label set of each prediction.
pub fn label_sets<'a>(
    pipeline: &'a Pipeline,
    predictions: &[Prediction<'a>],
    coverage: f64,
) -> anyhow::Result<Vec<Vec<&'a str>>> {
    predictions
        .iter()
        .map(|prediction| pipeline.label_set(prediction, coverage))
        .collect::<Option<Vec<_>>>()
        .context("this model has no held-out scores to draw label sets from: train it with --conformal 0.2")
}

/// A size in bytes: `32MB`, `1.5MB`, `500kB` or `1000`.
pub fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || "give a size such as 32MB, 500kB or 1GB".to_owned();
    let cut = text.find(|c: char| c.is_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(cut);
    let unit = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" | "k" => 1e3,
        "mb" | "m" => 1e6,
        "gb" | "g" => 1e9,
        _ => return Err(wrong()),
    };
    match number.trim().parse::<f64>() {
        Ok(number) if number * unit >= 1.0 && number * unit <= 1e15 => Ok((number * unit) as u64),
        _ => Err(wrong()),
    }
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text {
        "\\t" | "tab" => Ok(b'\t'),
        _ if text.len() == 1 => Ok(text.as_bytes()[0]),
        _ => Err("give one ASCII character, or tab".into()),
    }
}

impl InputOptions {
    /// The options of the library, for records without labels.
    pub fn read_options(&self) -> ReadOptions {
        ReadOptions {
            format: self.input_format,
            text_field: self.text_field.clone(),
            delimiter: self.delimiter,
            encoding: self.encoding,
            lossy: self.lossy,
            ..ReadOptions::default()
        }
    }
}

impl LabelledOptions {
    /// The options of the library.
    pub fn read_options(&self) -> ReadOptions {
        ReadOptions {
            label_field: self.label_field.clone(),
            group_field: self.group_field.clone(),
            label_separator: self.label_separator.clone(),
            multilabel: self.multi_label,
            ..self.input.read_options()
        }
    }

    /// Reads labelled files.
    pub fn read(&self, paths: &[PathBuf]) -> anyhow::Result<Dataset> {
        let options = self.read_options();
        Ok(Dataset::read_all(expand(paths, options.format)?, &options)?)
    }
}

/// Where a model comes from.
pub enum Model {
    /// A file.
    File(PathBuf),
    /// The binary itself.
    Embedded,
}

impl Model {
    /// The given file, or the embedded model.
    pub fn of(path: Option<&Path>) -> Model {
        path.map_or(Model::Embedded, |path| Model::File(path.to_owned()))
    }

    /// The bytes of the model file.
    pub fn bytes(&self) -> anyhow::Result<Vec<u8>> {
        match self {
            Model::File(path) => std::fs::read(path).with_context(|| path.display().to_string()),
            #[cfg(feature = "embedded-model")]
            Model::Embedded => Ok(tasnif::model_file::EMBEDDED.to_vec()),
            #[cfg(not(feature = "embedded-model"))]
            Model::Embedded => anyhow::bail!("this build has no embedded model: give --model FILE"),
        }
    }

    /// The pipeline in it.
    pub fn load(&self) -> anyhow::Result<Pipeline> {
        match self {
            Model::File(path) => Ok(Pipeline::load(path)?),
            #[cfg(feature = "embedded-model")]
            Model::Embedded => Ok(Pipeline::embedded()?),
            #[cfg(not(feature = "embedded-model"))]
            Model::Embedded => anyhow::bail!("this build has no embedded model: give --model FILE"),
        }
    }

    /// What to call it.
    pub fn name(&self) -> String {
        match self {
            Model::File(path) => path.display().to_string(),
            Model::Embedded => "the embedded model".into(),
        }
    }
}

/// Sets the number of threads of everything that follows; results do not depend on it.
pub fn set_threads(threads: Option<usize>) -> anyhow::Result<()> {
    if let Some(threads) = threads {
        anyhow::ensure!(threads > 0, "--threads 0: give 1 or more");
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    }
    Ok(())
}
