//! The measurement: load, first call, first pass, interleaved runs, latencies.

use std::time::Instant;

use rayon::prelude::*;

use super::contender::{Contender, Loaded};
use super::machine::Memory;
use super::quality::quality;
use super::statistics::{Latency, quantile, quartiles};
use super::{BenchParams, FEWEST_RUNS, Machine, Report, Row, Sample, stress};
use crate::error::{Error, Result};
use crate::pipeline::Pipeline;
use crate::random::SplitMix64;

/// Texts that one task takes.
const CHUNK: usize = 256;
/// Readings that the time of the clock is the median of.
const READINGS: usize = 10_001;

/// Measures every contender on every number of threads. `progress` gets the runs done and their total.
///
/// # Errors
/// [`Error::Parameter`] for options that make no sense; what loading and running the contenders raises; [`Error::Tokenizer`] when a
/// run gives another number of tokens than the first.
pub fn bench(
    sample: &Sample,
    contenders: &[Contender],
    pipeline: Option<&Pipeline>,
    params: &BenchParams,
    mut progress: impl FnMut(usize, usize),
) -> Result<Report> {
    check(contenders, params)?;
    let sentences = sample.sentences();
    let lines: Vec<&str> = sample.lines.iter().map(|line| &**line).collect();
    let texts = |contender: &Contender| if contender.takes_lines() { &lines } else { &sentences };
    let pool = |threads| {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
        builder.build().map_err(|error| Error::Parameter(format!("{threads} threads: {error}")))
    };
    let pools = params.threads.iter().map(|&threads| pool(threads)).collect::<Result<Vec<_>>>()?;
    let single = pool(1)?;
    let mut entries: Vec<Entry<'_>> = Vec::new();
    let jobs: Vec<(usize, usize)> = (0..contenders.len())
        .flat_map(|contender| (0..pools.len()).map(move |pool| (contender, pool)))
        .collect();
    let steps = contenders.len() + params.runs * jobs.len();
    let mut done = 0;
    let mut step = || {
        done += 1;
        progress(done, steps);
    };
    for contender in contenders {
        entries.push(Entry::load(contender, pipeline, texts(contender), &single)?);
        step();
    }
    let mut seconds: Vec<Vec<f64>> = vec![Vec::with_capacity(params.runs); jobs.len()];
    let mut random = SplitMix64::new(params.seed);
    for _ in 0..params.runs {
        let mut order: Vec<usize> = (0..jobs.len()).collect();
        random.shuffle(&mut order);
        for job in order {
            let (contender, pool) = jobs[job];
            let entry = &entries[contender];
            let start = Instant::now();
            let tokens = pools[pool].install(|| pass(&entry.loaded, texts(&contenders[contender])))?;
            seconds[job].push(start.elapsed().as_secs_f64());
            entry.same(tokens)?;
            step();
        }
    }
    let clock_seconds = clock();
    let statistics = &sample.statistics;
    for (entry, contender) in entries.iter_mut().zip(contenders) {
        entry.latency = single.install(|| latency(&entry.loaded, texts(contender)))?;
        entry.quality =
            quality(&entry.loaded, &sentences, entry.tokens, statistics.characters, statistics.words)?;
    }
    let rows = jobs.iter().zip(seconds).map(|(&(contender, pool), seconds)| {
        entries[contender].row(contenders[contender].name(), params.threads[pool], seconds, sample)
    });
    let rows = rows.collect();
    let stress =
        if params.stress { single.install(|| stress::run(contenders, &entries))? } else { Vec::new() };
    Ok(Report {
        machine: Machine::here(),
        corpus: sample.corpus.clone(),
        sample: statistics.clone(),
        runs: params.runs,
        clock_seconds,
        rows,
        stress,
        comparison: None,
    })
}

fn check(contenders: &[Contender], params: &BenchParams) -> Result<()> {
    if contenders.is_empty() {
        return Err(Error::Parameter("nothing to measure: give a tokenizer or a stage".into()));
    }
    if params.runs < FEWEST_RUNS {
        return Err(Error::Parameter(format!(
            "{} runs: give {FEWEST_RUNS} or more, fewer say little about their spread",
            params.runs
        )));
    }
    if params.threads.is_empty() || params.threads.contains(&0) {
        return Err(Error::Parameter("threads: give one number or more, each 1 or more, such as 1,2".into()));
    }
    Ok(())
}

/// A contender that is loaded, and what was measured of it besides the runs.
pub(super) struct Entry<'a> {
    pub(super) loaded: Loaded<'a>,
    name: String,
    tokens: u64,
    load_seconds: f64,
    first_call_seconds: f64,
    first_pass_seconds: f64,
    memory_bytes: Option<u64>,
    latency: Latency,
    quality: Option<super::Quality>,
}

impl<'a> Entry<'a> {
    fn load(
        contender: &Contender,
        pipeline: Option<&'a Pipeline>,
        texts: &[&str],
        single: &rayon::ThreadPool,
    ) -> Result<Self> {
        let memory = Memory::watch();
        let (loaded, load_seconds) = timed(|| contender.load(pipeline))?;
        let (_, first_call_seconds) = timed(|| single.install(|| loaded.run(&texts[..texts.len().min(1)])))?;
        let (tokens, first_pass_seconds) = timed(|| single.install(|| pass(&loaded, texts)))?;
        Ok(Entry {
            loaded,
            name: contender.name(),
            tokens,
            load_seconds,
            first_call_seconds,
            first_pass_seconds,
            memory_bytes: memory.added(),
            latency: Latency::default(),
            quality: None,
        })
    }

    /// An answer that changes from run to run is no answer.
    fn same(&self, tokens: u64) -> Result<()> {
        if tokens == self.tokens {
            return Ok(());
        }
        Err(Error::Tokenizer(format!(
            "{} gave {} tokens on the first run and {tokens} on another: has it dropout? then it cannot be compared",
            self.name, self.tokens
        )))
    }

    fn row(&self, name: String, threads: usize, seconds: Vec<f64>, sample: &Sample) -> Row {
        let (first, median, third) = quartiles(&seconds);
        let a_second = |amount: u64| amount as f64 / median.max(f64::MIN_POSITIVE);
        Row {
            name,
            threads,
            tokens: self.tokens,
            seconds,
            median,
            quartiles: (first, third),
            mb_per_s: a_second(sample.statistics.bytes) / 1e6,
            sentences_per_s: a_second(sample.statistics.sentences),
            tokens_per_s: a_second(self.tokens),
            load_seconds: self.load_seconds,
            first_call_seconds: self.first_call_seconds,
            first_pass_seconds: self.first_pass_seconds,
            memory_bytes: self.memory_bytes,
            latency: self.latency,
            quality: self.quality.clone(),
        }
    }
}

/// All texts once, on the threads of the pool this runs in.
fn pass(loaded: &Loaded<'_>, texts: &[&str]) -> Result<u64> {
    texts.par_chunks(CHUNK).map(|texts| loaded.run(texts)).sum()
}

/// Every text alone.
fn latency(loaded: &Loaded<'_>, texts: &[&str]) -> Result<Latency> {
    let mut seconds = Vec::with_capacity(texts.len());
    for text in texts {
        seconds.push(timed(|| loaded.run(&[text]))?.1);
    }
    Ok(Latency::of(seconds))
}

pub(super) fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, f64)> {
    let start = Instant::now();
    let done = work()?;
    Ok((done, start.elapsed().as_secs_f64()))
}

/// What it takes to read the clock, in seconds.
fn clock() -> f64 {
    let mut readings: Vec<f64> = (0..READINGS).map(|_| Instant::now().elapsed().as_secs_f64()).collect();
    readings.sort_unstable_by(f64::total_cmp);
    quantile(&readings, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn sample() -> Sample {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        for line in 0..40 {
            writeln!(file, "أعلنت اللجنة {line} خروق للهدنة. وقصفت طائرة مستودعاً.").unwrap();
        }
        Sample::draw(&[file.path()], None, 0, false, |_, _| {}).unwrap()
    }

    #[test]
    fn every_contender_has_a_row_a_thread_count_and_its_runs() {
        let params = BenchParams { threads: vec![1, 2], stress: true, ..BenchParams::default() };
        let contenders = [Contender::Words, Contender::Char];
        let mut steps = Vec::new();
        let report =
            bench(&sample(), &contenders, None, &params, |done, all| steps.push((done, all))).unwrap();
        assert_eq!(steps.last(), Some(&(62, 62)));
        let rows: Vec<(&str, usize)> = report.rows.iter().map(|row| (&*row.name, row.threads)).collect();
        assert_eq!(rows, [("words", 1), ("words", 2), ("char", 1), ("char", 2)]);
        for row in &report.rows {
            assert_eq!(row.seconds.len(), 15);
            assert!(row.quartiles.0 <= row.median && row.median <= row.quartiles.1);
            assert!(row.latency.p50 > 0.0 && row.latency.p50 <= row.latency.max);
        }
        assert_eq!(report.rows[0].tokens, 40 * 8);
        let quality = report.rows[0].quality.as_ref().unwrap();
        assert!((quality.fertility - 1.0).abs() < 1e-9 && quality.unknown.is_none(), "{quality:?}");
        assert!(!report.stress.is_empty());
        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
    }

    #[test]
    fn senseless_options_are_errors_with_their_cure() {
        let refused = |contenders: &[Contender], params: BenchParams| {
            bench(&sample(), contenders, None, &params, |_, _| {}).unwrap_err().to_string()
        };
        assert!(refused(&[], BenchParams::default()).contains("nothing to measure"));
        let few = BenchParams { runs: 3, ..BenchParams::default() };
        assert!(refused(&[Contender::Words], few).contains("15 or more"));
        let none = BenchParams { threads: vec![0], ..BenchParams::default() };
        assert!(refused(&[Contender::Words], none).contains("1,2"));
        let stage = [Contender::Stage(super::super::Stage::Predict)];
        assert!(refused(&stage, BenchParams::default()).contains("--model"));
    }
}
