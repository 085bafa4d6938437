//! `tasnif check`: lint of labelled data.

mod args;
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
use tasnif::dataset::{Dataset, expand};
use tasnif::pipeline::PipelineParams;

use super::options::set_threads;
use super::progress;
use super::sink::Sink;
pub use args::Args;
use args::ReportFormat;
use finding::{Finding, Place};
use report::{Check, Report, Section};

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    set_threads(args.threads)?;
    let config = args.config.as_ref().map(PipelineParams::from_file).transpose()?;
    let bar = progress::step(args.quiet, "reading".into());
    let options = args.input.read_options();
    let files = |paths: &[PathBuf]| expand(paths, options.format);
    let corpus = Corpus::read(&files(&args.data)?, &files(&args.test)?, &options)?;
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
        for check in Check::value_variants().iter().copied().filter(|&check| wanted(check)) {
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
