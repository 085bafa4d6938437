//! `tasnif train`: make a model.

mod online;
mod pipeline;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tasnif::classify::{CalibrationMethod, ClassifierParams, ConformalMethod};
use tasnif::cross_validation::{CrossValidation, cross_validate};
use tasnif::dataset::{Dataset, ReadOptions, RecordWeight, expand, folds, train_test_split};
use tasnif::features::window::Window;
use tasnif::metrics::Report;
use tasnif::pipeline::{Pipeline, ShrinkLoss, Threshold};

use super::evaluate::evaluate;
use super::options::{LabelledOptions, bytes, set_threads};
use super::progress;
use super::shrink::{ShrinkOptions, out_of_fold};

/// Train a model on labelled records
///
/// DATA are TSV (label, tab, text), CSV or JSONL (fields text and label) or fastText files, in any language and with any
/// labels. The model is one file; the same data and options give the same bytes, whatever the number of threads.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Labelled files; - is standard input: TSV, JSONL or fastText by its first bytes, or as --input-format says
    #[arg(value_name = "DATA", required = true)]
    data: Vec<PathBuf>,
    /// The model file to write
    #[arg(long, short, value_name = "MODEL")]
    output: PathBuf,
    #[command(flatten)]
    input: LabelledOptions,
    /// A pipeline file (TOML) that names everything below; see `tasnif inspect --format toml`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["classifier", "c", "analyzer", "ngrams", "min_df", "hash_bits", "subwords", "windows", "vectors"])]
    config: Option<PathBuf>,
    /// The classifier: svm (linear), logistic (regression), nb (multinomial naive Bayes), complement-nb, bernoulli-nb, nbsvm,
    /// online (one pass over data that need not fit in memory), or one of linfa's own on the 500 to 2,000 best features:
    /// linfa-NAME. Several joined by +, such as svm+nbsvm+complement-nb, are averaged into one [default: svm+nbsvm, or svm
    /// with --c]
    #[arg(long, value_name = "NAME", help_heading = "Pipeline", value_parser = classifier)]
    classifier: Option<String>,
    /// Inverse regularisation strength: larger fits the training data closer [default: 0.5 for svm, 1 in an average, 10 for logistic and
    /// linfa-logistic, 1 for nbsvm (0.5 in an average), linfa-svm and linfa-kernel-svm]
    #[arg(long, value_name = "C", help_heading = "Pipeline")]
    c: Option<f64>,
    /// What n-grams are made of: word, char, char_wb (characters within words) or subword, joined by + [default:
    /// word+char_wb, and the first three words once more]
    #[arg(long, value_name = "NAMES", help_heading = "Pipeline")]
    analyzer: Option<String>,
    /// Shortest and longest n-gram for each analyzer [default: 1-2 for words and subwords, 2-5 for characters]
    #[arg(long, value_name = "RANGES", help_heading = "Pipeline")]
    ngrams: Option<String>,
    /// Leave out n-grams in fewer records than this
    #[arg(long, value_name = "N", help_heading = "Pipeline")]
    min_df: Option<u32>,
    /// Words in this window as features of their own, such as 0:1 for the first word or -2: for the last two; may be repeated
    #[arg(long, value_name = "START:END", help_heading = "Pipeline", allow_hyphen_values = true)]
    windows: Vec<Window>,
    /// Word vectors learned from raw text (`tasnif vectors train`, or a .vec file), pooled over the text, its first four and
    /// its next eight words
    #[arg(long, value_name = "FILE", help_heading = "Pipeline")]
    vectors: Option<PathBuf>,
    /// Keep this many n-grams alone, those that a first classifier weighs most, for a smaller model
    #[arg(long, value_name = "N", help_heading = "Pipeline")]
    max_features: Option<usize>,
    /// Shrink the model to a file of this size, such as 4MB or 500kB: fewer n-grams, weights of fewer bits. The loss is measured on
    /// --valid, or else on five folds of DATA
    #[arg(long, value_name = "SIZE", value_parser = bytes, help_heading = "Size")]
    max_size: Option<u64>,
    #[command(flatten)]
    shrink: ShrinkOptions,
    /// Hash n-grams to 2^BITS columns in place of keeping a vocabulary: constant memory, no names [default: 22 for online]
    #[arg(long, value_name = "BITS", help_heading = "Pipeline")]
    hash_bits: Option<u32>,
    /// The Hugging Face tokenizer.json of the subword analyzer
    #[arg(long, value_name = "FILE", help_heading = "Pipeline")]
    subwords: Option<PathBuf>,
    /// Turn decision values into probabilities that hold, on held-out folds: none, temperature, platt or isotonic
    /// [default: temperature; none for online]
    #[arg(long, value_name = "METHOD", help_heading = "Training", value_parser = ["none", "temperature", "platt", "isotonic"])]
    calibration: Option<String>,
    /// Weights by label: none, balanced, or a TOML file of `label = weight` lines [default: none]
    #[arg(long, value_name = "WEIGHTS", help_heading = "Training")]
    class_weight: Option<String>,
    /// Records whose CSV column or JSONL field has this value count so many times, such as sure=false:0.5; may be repeated,
    /// and multiplies a field `weight` of the record
    #[arg(long, value_name = "FIELD=VALUE:WEIGHT", help_heading = "Training")]
    record_weight: Vec<RecordWeight>,
    /// The same for what records count when scores are calibrated, such as source=invented:0; * is any value. It is 1, or the
    /// record's own field `weight`, whatever --record-weight says
    #[arg(long, value_name = "FIELD=VALUE:WEIGHT", help_heading = "Training")]
    calibration_weight: Vec<RecordWeight>,
    /// With any number of labels: the probability from which on a label is given; f1 finds the best for each label [default:
    /// f1]
    #[arg(long, value_name = "f1|SHARE", help_heading = "Training")]
    threshold: Option<Threshold>,
    /// Held-out records for label sets of a given coverage (predict --coverage): a labelled file, or a fraction of DATA such
    /// as 0.2, which is then not trained on
    #[arg(long, value_name = "FILE|FRACTION", help_heading = "Training")]
    conformal: Option<String>,
    /// Held-out records to measure on: a labelled file, or a fraction of DATA such as 0.1 (by label and group), which is
    /// then not trained on
    #[arg(long, value_name = "FILE|FRACTION", help_heading = "Training")]
    valid: Option<String>,
    /// Print the scores of a K-fold cross-validation on DATA (by label and group) before training on all of it
    #[arg(long, value_name = "K", help_heading = "Training")]
    cv: Option<usize>,
    /// Keep near-duplicate texts on one side of the splits of --valid and --cv: join those whose character 5-grams have this
    /// Jaccard similarity or more, such as 0.8
    #[arg(long, value_name = "SIMILARITY", help_heading = "Training")]
    group_near_duplicates: Option<f64>,
    /// Seed of everything that is left to chance (the splits of --valid and --cv, the order of --classifier online, the trees
    /// of linfa-forest and linfa-adaboost)
    /// [default: 42]
    #[arg(long, value_name = "N", help_heading = "Training")]
    seed: Option<u64>,
    #[command(flatten)]
    online: online::OnlineOptions,
    /// Threads to use [default: all cores]; the model is the same for any number
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// No progress
    #[arg(long, short)]
    quiet: bool,
}

/// The kinds of classifiers, as a pipeline file names them.
const CLASSIFIERS: [&str; 16] = [
    "svm",
    "logistic",
    "nb",
    "complement-nb",
    "bernoulli-nb",
    "nbsvm",
    "online",
    "linfa-gaussian-nb",
    "linfa-bernoulli-nb",
    "linfa-logistic",
    "linfa-svm",
    "linfa-kernel-svm",
    "linfa-tree",
    "linfa-forest",
    "linfa-adaboost",
    "linfa-ftrl",
];

/// One kind of classifier, or several joined by +.
fn classifier(names: &str) -> Result<String, String> {
    match names.split('+').find(|name| !CLASSIFIERS.contains(name)) {
        Some(unknown) => Err(format!("no classifier '{unknown}': give one of {}", CLASSIFIERS.join(", "))),
        None => Ok(names.to_owned()),
    }
}

const EXAMPLES: &str = "\
Examples:
  tasnif train labelled.tsv --output my.tasnif --valid 0.1
  tasnif train labelled.tsv --output my.tasnif --cv 5
  tasnif train labelled.tsv --output small.tasnif --valid 0.1 --max-size 1MB
  tasnif train train.jsonl --text-field body --label-field topic --output topics.tasnif
  tasnif train train.tsv --analyzer word --ngrams 1-2 --c 10 --output words.tasnif
  tasnif inspect my.tasnif --format toml > pipeline.toml
  tasnif train more.tsv --config pipeline.toml --output better.tasnif
  zcat huge.tsv.gz | tasnif train --classifier online --checkpoint huge.state - --output huge.tasnif";

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    set_threads(args.threads)?;
    let params = args.params()?;
    // Asked for now rather than after the training.
    tasnif::output::AtomicFile::create(&args.output)?;
    if let ClassifierParams::Online(_) = params.classifier {
        return online::run(&args, &params);
    }
    args.online.refuse()?;
    args.shrink.check()?;
    let bar = progress::step(args.quiet, "reading".into());
    let mut data = args.read(&args.data)?;
    if !args.record_weight.is_empty()
        && !args.quiet
        && data.examples.iter().all(|example| example.weight == 1.0)
    {
        bar.suspend(|| eprintln!("warning: no record has a field and value that --record-weight names"));
    }
    if let Some(threshold) = args.group_near_duplicates {
        data.group_near_duplicates(threshold)?;
    }
    let (train, valid) = args.split(data, args.valid.as_deref())?;
    let (train, conformal) = args.split(train, args.conformal.as_deref())?;
    if let Some(count) = args.cv {
        bar.set_message(format!("cross-validating on {} records", train.len()));
        let found = cross_validate(&params, &train, &folds(&train, count, args.seed())?)?;
        bar.suspend(|| print_folds(&found));
    }
    bar.set_message(format!("training on {} records", train.len()));
    let mut pipeline = params.fit(&train)?;
    if let Some(max_size) = args.max_size {
        bar.set_message("shrinking");
        let shrink = args.shrink.params(max_size);
        let mut small = pipeline.shrink(&shrink)?;
        let (loss, on) = match &valid {
            Some(valid) => {
                let (before, after) = (evaluate(&pipeline, valid, 0.0)?, evaluate(&small, valid, 0.0)?);
                (
                    ShrinkLoss { records: after.n, before: before.macro_f1, after: after.macro_f1 },
                    "held-out records",
                )
            }
            None => {
                (out_of_fold(&params, &shrink, &train, args.seed())?, "records of folds that were held out")
            }
        };
        if !bar.suspend(|| args.shrink.report(loss, on)) {
            bar.finish_and_clear();
            return Ok(ExitCode::from(1));
        }
        small.set_shrink_loss(loss);
        pipeline = small;
    }
    if let Some(held_out) = &conformal {
        pipeline.fit_conformal(held_out, ConformalMethod::Lac)?;
    }
    let mut report = None;
    if let Some(valid) = &valid {
        bar.set_message(format!("measuring on {} records", valid.len()));
        let measured = evaluate(&pipeline, valid, 0.0)?;
        // A report would take room that a small file does not have.
        if args.max_size.is_none() {
            pipeline.set_validation(measured.clone());
        }
        report = Some(measured);
    }
    pipeline.save(&args.output)?;
    bar.finish_and_clear();
    summary(&pipeline, &args.output, report.as_ref());
    Ok(ExitCode::SUCCESS)
}

impl Args {
    fn read_options(&self) -> ReadOptions {
        ReadOptions {
            record_weights: self.record_weight.clone(),
            calibration_weights: self.calibration_weight.clone(),
            ..self.input.read_options()
        }
    }

    fn read(&self, paths: &[PathBuf]) -> anyhow::Result<Dataset> {
        let options = self.read_options();
        Ok(Dataset::read_all(expand(paths, options.format)?, &options)?)
    }

    fn seed(&self) -> u64 {
        self.seed.unwrap_or(42)
    }

    /// The records to train on, and those that a file or a fraction holds out.
    fn split(&self, data: Dataset, held_out: Option<&str>) -> anyhow::Result<(Dataset, Option<Dataset>)> {
        let Some(valid) = held_out else { return Ok((data, None)) };
        match valid.parse::<f64>() {
            Ok(fraction) => {
                let fold = train_test_split(&data, fraction, self.seed())?;
                Ok((data.select(&fold.train), Some(data.select(&fold.test))))
            }
            Err(_) => Ok((data, Some(self.read(&[PathBuf::from(valid)])?))),
        }
    }
}

/// The figures of each fold, and their means with intervals.
fn print_folds(found: &CrossValidation) {
    println!("fold        records  accuracy  macro F1");
    for (place, report) in found.folds.iter().enumerate() {
        println!("{:<10}  {:>7}  {:>8.3}  {:>8.3}", place + 1, report.n, report.accuracy, report.macro_f1);
    }
    let (accuracy, macro_f1) = (found.mean(|report| report.accuracy), found.mean(|report| report.macro_f1));
    let records: u64 = found.folds.iter().map(|report| report.n).sum();
    println!("{:<10}  {records:>7}  {:>8.3}  {:>8.3}", "mean", accuracy.mean, macro_f1.mean);
    println!("{:<10}  {:>7}  {:>8.3}  {:>8.3}", "deviation", "", accuracy.deviation, macro_f1.deviation);
    for (name, figure) in [("accuracy", accuracy), ("macro F1", macro_f1)] {
        println!(
            "{name} {:.3}, 95 % interval {:.3}–{:.3} (corrected for overlapping training sets)",
            figure.mean, figure.low, figure.high
        );
    }
    println!();
}

fn summary(pipeline: &Pipeline, output: &Path, report: Option<&Report>) {
    let provenance = pipeline.provenance();
    if let Some(report) = report {
        print!("{report}");
    }
    let size = std::fs::metadata(output).map_or(0, |data| data.len());
    println!(
        "{}: {} records, {} labels, {} features, {:.1} MB",
        output.display(),
        provenance.records,
        pipeline.labels().len(),
        provenance.features,
        size as f64 / 1e6
    );
    let wanted = pipeline.params().calibration.method;
    if !pipeline.is_multilabel()
        && wanted != CalibrationMethod::None
        && pipeline.calibration().method() != wanted
    {
        eprintln!(
            "warning: too few records, or groups of them, to calibrate on: the scores are no measured probabilities"
        );
    }
    if !provenance.convergence.converged {
        eprintln!(
            "warning: the solver stopped after {} iterations before it converged; the model is usable, but try a smaller --c",
            provenance.convergence.iterations
        );
    }
}
