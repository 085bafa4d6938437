//! `tasnif check`: lint of labelled data.

mod finding;
mod report;
mod table;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::json;
use tasnif::curate::{
    Balance, Column, Corpus, LabelErrors, Leak, Twin, Twins, balance, find_twins, label_errors, leaks,
    length_outliers, odd_text, out_of_fold, script_outliers,
};
use tasnif::dataset::Dataset;
use tasnif::pipeline::PipelineParams;

use super::options::{LabelledOptions, set_threads, share};
use super::progress;
use super::sink::Sink;
use finding::{Finding, Place};
use report::{Check, Report, Section};

/// Look for what is wrong with labelled data: duplicates, label errors, leaks
///
/// Finds exact and near duplicates, also between training and test data; near duplicates with different labels; labels that
/// a model trained on the other records contradicts (confident learning); empty and damaged texts; texts unlike all others;
/// rare labels; and fields, such as an outlet or the length, that give the label away. Each finding names file and line. Works on
/// any language without set-up.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Labelled files; - is standard input: TSV, JSONL or fastText by its first bytes, or as --input-format says
    #[arg(value_name = "DATA", required = true)]
    data: Vec<PathBuf>,
    /// Labelled test files: none of their texts should stand in DATA; may be repeated
    #[arg(long, value_name = "FILE", num_args = 1..)]
    test: Vec<PathBuf>,
    #[command(flatten)]
    input: LabelledOptions,
    /// CSV columns or JSONL fields, joined by commas, that are notes on the label and no property of the text: they are not
    /// looked at for leaks
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = "Input")]
    ignore_fields: Vec<String>,
    /// Make these checks alone, joined by commas
    #[arg(long, value_name = "CHECKS", value_enum, value_delimiter = ',', help_heading = "Checks")]
    only: Vec<Check>,
    /// Leave out these checks, joined by commas; label-errors takes most of the time
    #[arg(
        long,
        value_name = "CHECKS",
        value_enum,
        value_delimiter = ',',
        conflicts_with = "only",
        help_heading = "Checks"
    )]
    skip: Vec<Check>,
    /// Texts whose character 5-grams have this Jaccard similarity or more are near duplicates, from 0.1 to 1
    #[arg(long, value_name = "SIMILARITY", default_value_t = 0.5, help_heading = "Checks")]
    near: f64,
    /// The pipeline whose out-of-fold predictions doubt labels (TOML) [default: logistic regression on the
    /// features of `tasnif train`, or on words alone for more than
    /// 8 MB of text]
    #[arg(long, value_name = "FILE", help_heading = "Checks")]
    config: Option<PathBuf>,
    /// Folds of its cross-validation, which cut neither groups nor near duplicates apart
    #[arg(long, value_name = "K", default_value_t = 5, help_heading = "Checks")]
    folds: usize,
    /// Seed of the folds
    #[arg(long, value_name = "N", default_value_t = 42, help_heading = "Checks")]
    seed: u64,
    #[command(flatten)]
    limits: Limits,
    /// Format of the report
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, help_heading = "Output")]
    format: ReportFormat,
    /// Findings of each check that the table shows
    #[arg(long, value_name = "N", default_value_t = 5, help_heading = "Output")]
    show: usize,
    /// Write to a file, which appears when it is complete, in place of standard output
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Threads to use [default: all cores]; the result is the same for any number
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// No progress
    #[arg(long, short)]
    quiet: bool,
}

/// How much of each is too much.
#[derive(clap::Args)]
struct Limits {
    /// Exit with code 1 when a limit is passed
    #[arg(long, help_heading = "Limits")]
    strict: bool,
    /// Records that repeat an earlier one to the byte
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Limits")]
    max_duplicates: usize,
    /// Records with a near duplicate before them
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Limits")]
    max_near_duplicates: usize,
    /// Test records with an exact or near duplicate in DATA
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Limits")]
    max_test_overlap: usize,
    /// Records with an exact or near duplicate that has another label
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Limits")]
    max_conflicts: usize,
    /// Empty and damaged texts
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Limits")]
    max_odd_texts: usize,
    /// The share of records whose label is doubted
    #[arg(long, value_name = "SHARE", default_value_t = 0.1, value_parser = share, help_heading = "Limits")]
    max_label_errors: f64,
    /// The fewest records of a label
    #[arg(long, value_name = "N", default_value_t = 5, help_heading = "Limits")]
    min_class: usize,
    /// How far above chance the macro F1 of predictions from other fields may be
    #[arg(long, value_name = "F1", default_value_t = 0.2, value_parser = share, help_heading = "Limits")]
    max_leak: f64,
}

const EXAMPLES: &str = "\
Examples:
  tasnif check labelled.tsv
  tasnif check train.jsonl --test test.jsonl --strict
  tasnif check train.jsonl --skip label-errors --near 0.8 --max-near-duplicates 100
  tasnif check train.jsonl --only label-errors --format jsonl --output doubted.jsonl

json is one object: records, test_records, passed, and checks by name, each with found, limit, passed and findings; \
jsonl is one finding a line. Both hold all findings.

Exit codes: 0 done, 1 a limit was passed under --strict, 2 bad usage or bad input.";

/// A format of reports.
#[derive(Clone, Copy, Default, ValueEnum)]
enum ReportFormat {
    /// A line for each check, then its first findings
    #[default]
    Table,
    /// One JSON object
    Json,
    /// One JSON object a finding
    Jsonl,
}

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    set_threads(args.threads)?;
    let config = args.config.as_ref().map(PipelineParams::from_file).transpose()?;
    let bar = progress::step(args.quiet, "reading".into());
    let corpus = Corpus::read(&args.data, &args.test, &args.input.read_options())?;
    bar.finish_and_clear();
    anyhow::ensure!(corpus.train > 0, "there are no records to check: the files are empty");

    let lint = Lint { args: &args, corpus: &corpus };
    let report = Report {
        records: corpus.train,
        test_records: corpus.data.len() - corpus.train,
        sections: lint.sections(config.as_ref())?,
    };
    let mut sink = Sink::open(args.output.as_deref())?;
    match args.format {
        ReportFormat::Table => table::write(&mut sink, &report, args.show)?,
        ReportFormat::Json => report.write_json(&mut sink)?,
        ReportFormat::Jsonl => report.write_jsonl(&mut sink)?,
    }
    sink.finish()?;
    let over = report.over();
    if args.limits.strict && !over.is_empty() {
        eprintln!("limits passed: {}", over.join(", "));
        return Ok(ExitCode::from(1));
    }
    Ok(ExitCode::SUCCESS)
}

/// One run of the command.
struct Lint<'a> {
    args: &'a Args,
    corpus: &'a Corpus,
}

impl<'a> Lint<'a> {
    /// The checks that were asked for, in the order of their names' list.
    fn sections(&self, config: Option<&PipelineParams>) -> anyhow::Result<Vec<Section<'a>>> {
        let wanted = |check: Check| {
            let asked = self.args.only.is_empty() || self.args.only.contains(&check);
            let of_use = check != Check::TestOverlap || !self.args.test.is_empty();
            asked && of_use && !self.args.skip.contains(&check)
        };
        let data = &self.corpus.data;
        // What is one text must stand in one fold; so these checks need the twins as well.
        let need_twins = [
            Check::Duplicates,
            Check::NearDuplicates,
            Check::TestOverlap,
            Check::Conflicts,
            Check::LabelErrors,
            Check::Leaks,
        ];
        let twins = if need_twins.into_iter().any(wanted) { self.find_twins()? } else { Twins::default() };
        let train = Dataset {
            examples: if wanted(Check::LabelErrors) || wanted(Check::Leaks) {
                data.examples[..self.corpus.train].to_vec()
            } else {
                Vec::new()
            },
            sources: Vec::new(),
        };

        let mut sections = Vec::new();
        for check in Check::ALL.into_iter().filter(|&check| wanted(check)) {
            let limits = &self.args.limits;
            sections.push(match check {
                Check::Duplicates => self.twins(check, &twins.exact, limits.max_duplicates),
                Check::NearDuplicates => self.twins(check, &twins.near, limits.max_near_duplicates),
                Check::TestOverlap => self.twins(check, &twins.overlap, limits.max_test_overlap),
                Check::Conflicts => self.twins(check, &twins.conflicts, limits.max_conflicts),
                Check::LabelErrors => self.label_errors(&train, &twins, config)?,
                Check::OddTexts => self.odd_texts(),
                Check::Outliers => self.outliers(),
                Check::Balance => self.balance(),
                Check::Leaks => self.leaks(&train, &twins)?,
            });
        }
        Ok(sections)
    }

    fn place(&self, record: usize) -> Place<'a> {
        let origin = self.corpus.origins[record];
        let example = &self.corpus.data.examples[record];
        Place {
            file: self.corpus.files[origin.file].display().to_string(),
            line: origin.line,
            label: example.labels.join(self.args.input.label_separator.as_deref().unwrap_or("|")),
            text: &example.text,
        }
    }

    fn find_twins(&self) -> anyhow::Result<Twins> {
        let bar = progress::steps(self.args.quiet, "near duplicates");
        let twins = find_twins(&self.corpus.data, self.corpus.train, self.args.near, |done, all| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        })?;
        bar.finish_and_clear();
        Ok(twins)
    }

    fn twins(&self, check: Check, twins: &[Twin], most: usize) -> Section<'a> {
        let finding = |twin: &Twin| Finding::Twin {
            at: self.place(twin.record),
            similarity: twin.similarity,
            of: self.place(twin.of),
        };
        let note = match check {
            Check::Duplicates => "the same text to the byte".to_owned(),
            _ => format!("character 5-grams, Jaccard {} or more", self.args.near),
        };
        Section::counted(check, twins.iter().map(finding).collect(), most).note(note)
    }

    fn label_errors(
        &self,
        train: &Dataset,
        twins: &Twins,
        config: Option<&PipelineParams>,
    ) -> anyhow::Result<Section<'a>> {
        let bar = progress::steps(self.args.quiet, "cross-validation");
        let clusters = &twins.clusters[..train.len()];
        let (folds, seed) = (self.args.folds, self.args.seed);
        let scored = out_of_fold(train, clusters, config, folds, seed, |done, all| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        });
        bar.finish_and_clear();
        let scored = match scored {
            Ok(scored) => scored,
            Err(tasnif::Error::Dataset(reason)) => return Ok(Section::skipped(Check::LabelErrors, reason)),
            Err(error) => return Err(error.into()),
        };
        let class = |label: &str| scored.labels.binary_search_by(|known| known.as_str().cmp(label));
        let given: Vec<usize> =
            train.examples.iter().map(|example| class(example.label()).unwrap_or_default()).collect();
        let found = label_errors(&given, &scored.scores, scored.labels.len());
        if found.judged == 0 {
            let reason = "no label has enough records in other groups to learn it from".into();
            return Ok(Section::skipped(Check::LabelErrors, reason));
        }
        let findings = found.doubts.iter().map(|doubt| Finding::Doubt {
            at: self.place(doubt.record),
            suggested: scored.labels[doubt.suggested].clone(),
            given_probability: doubt.given_probability,
            suggested_probability: doubt.suggested_probability,
        });
        let share = found.doubts.len() as f64 / found.judged as f64;
        let pairs = pairs(&found, &scored.labels);
        let most = pairs.first().map_or_else(String::new, |(given, suggested, count)| {
            format!("; most often {given}, rather {suggested} ({count})")
        });
        let note = format!("{:.1} %, out-of-fold accuracy {:.3}{most}", 100.0 * share, scored.accuracy);
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(given, suggested, count)| json!({"given": given, "suggested": suggested, "count": count}))
            .collect();
        Ok(Section::limited(Check::LabelErrors, findings.collect(), share, self.args.limits.max_label_errors)
            .shown_limit(format!("{} %", 100.0 * self.args.limits.max_label_errors))
            .note(note)
            .detail("judged", found.judged)
            .detail("share", share)
            .detail("estimated_share", found.estimated_share)
            .detail("accuracy", scored.accuracy)
            .detail("pairs", pairs))
    }

    fn odd_texts(&self) -> Section<'a> {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let mut findings = Vec::new();
        for (record, example) in self.corpus.data.examples.iter().enumerate() {
            if let Some(odd) = odd_text(&example.text) {
                *counts.entry(odd.to_string()).or_default() += 1;
                findings.push(Finding::Odd { at: self.place(record), odd });
            }
        }
        let note: Vec<String> = counts.iter().map(|(odd, count)| format!("{count} {odd}")).collect();
        Section::counted(Check::OddTexts, findings, self.args.limits.max_odd_texts)
            .note(note.join(", "))
            .detail("kinds", json!(counts))
    }

    /// Texts that stand out are worth a look, not an error: there is no limit.
    fn outliers(&self) -> Section<'a> {
        let examples = &self.corpus.data.examples;
        let lengths = length_outliers(examples);
        let scripts = script_outliers(examples);
        let note = format!("{} by length, {} by script", lengths.len(), scripts.len());
        let lengths = lengths.into_iter().map(|found| Finding::Length {
            at: self.place(found.record),
            characters: found.characters,
            median: found.median,
        });
        let scripts = scripts.into_iter().map(|found| Finding::Script {
            at: self.place(found.record),
            script: found.script,
            beside: found.beside,
            mixed_word: found.mixed_word,
        });
        Section::unlimited(Check::Outliers, lengths.chain(scripts).collect()).note(note)
    }

    fn balance(&self) -> Section<'a> {
        let fewest = self.args.limits.min_class;
        let Balance { counts, test_counts, rare, alike, untrained } =
            balance(&self.corpus.data, self.corpus.train, fewest);
        let mut findings: Vec<Finding<'a>> = Vec::new();
        findings.extend(rare.into_iter().map(|label| Finding::RareLabel { count: counts[&label], label }));
        findings.extend(alike.into_iter().map(|labels| Finding::AlikeLabels { labels }));
        findings.extend(
            untrained.into_iter().map(|label| Finding::UntrainedLabel { count: test_counts[&label], label }),
        );
        let extreme = |at: Option<(&String, &usize)>| {
            at.map_or_else(String::new, |(label, count)| format!("{label} {count}"))
        };
        let least = extreme(counts.iter().min_by_key(|&(_, count)| count));
        let most = extreme(counts.iter().max_by_key(|&(_, count)| count));
        Section::counted(Check::Balance, findings, 0)
            .shown_limit(format!("{fewest} a label"))
            .note(format!("{} labels, from {least} to {most}", counts.len()))
            .detail("min_class", fewest)
            .detail("labels", json!(counts))
            .detail("test_labels", json!(test_counts))
    }

    fn leaks(&self, train: &Dataset, twins: &Twins) -> anyhow::Result<Section<'a>> {
        let bar = progress::step(self.args.quiet, "leaks".into());
        let columns: Vec<Column> = (self.corpus.columns.iter())
            .filter(|column| !self.args.ignore_fields.iter().any(|ignored| ignored == column.name()))
            .cloned()
            .collect();
        let clusters = &twins.clusters[..train.len()];
        let found = leaks(train, &columns, clusters, self.args.folds, self.args.seed);
        bar.finish_and_clear();
        let found = match found {
            Ok(found) => found,
            Err(tasnif::Error::Dataset(reason)) => return Ok(Section::skipped(Check::Leaks, reason)),
            Err(error) => return Err(error.into()),
        };
        let limit = self.args.limits.max_leak;
        let above = found.iter().map(Leak::above_chance).fold(0.0, f64::max);
        let difference = |leak: &Leak| leak.macro_f1 - leak.chance;
        let highest = found.iter().max_by(|a, b| difference(a).total_cmp(&difference(b)));
        let note = highest.map_or_else(String::new, |Leak { field, macro_f1, chance, .. }| {
            format!("highest: macro F1 {macro_f1:.3} from {field}, chance {chance:.3}")
        });
        let fields: Vec<_> = found
            .iter()
            .map(|leak| json!({"field": leak.field, "macro_f1": leak.macro_f1, "chance": leak.chance}))
            .collect();
        let findings = found.into_iter().filter(|leak| leak.above_chance() > limit).map(|leak| {
            let Leak { field, macro_f1, chance, .. } = leak;
            Finding::Leak { field, macro_f1, chance }
        });
        Ok(Section::limited(Check::Leaks, findings.collect(), above, limit)
            .shown_limit(format!("+{limit}"))
            .note(note)
            .detail("fields", fields))
    }
}

/// How often each label was given where another was suggested, the most frequent first.
fn pairs<'l>(found: &LabelErrors, labels: &'l [String]) -> Vec<(&'l str, &'l str, usize)> {
    let mut counts: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for doubt in &found.doubts {
        *counts.entry((doubt.given, doubt.suggested)).or_default() += 1;
    }
    let mut pairs: Vec<_> = counts
        .into_iter()
        .map(|((given, suggested), count)| (labels[given].as_str(), labels[suggested].as_str(), count))
        .collect();
    pairs.sort_by_key(|&(_, _, count)| std::cmp::Reverse(count));
    pairs
}
