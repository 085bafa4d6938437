//! How fast, and how well, a tokenizer cuts one's own text: a benchmark that can be believed.
//!
//! - All contenders get the same bytes: a seeded sample of whole lines ([`Sample`]), decoded once, cut into sentences once. What is
//!   said of the corpus is said of all of it.
//! - Runs are interleaved, in another order each round, so that a machine that slows down slows all of them down. Medians and
//!   quartiles are given, never the best run, and every run stands in the JSON.
//! - The first call and the first pass are reported apart from the warm runs; so are load time and memory.
//! - Every run must give as many tokens as the first.
//! - Beside the speed stands what it buys: tokens a word, characters a token, unknown tokens, whether the text comes back.
//!
//! ```
//! use tasnif::bench::{BenchParams, Contender, Sample, bench};
//!
//! let corpus = tempfile::NamedTempFile::new().unwrap();
//! std::fs::write(corpus.path(), "قصفت الطائرات المدينة.\n".repeat(50)).unwrap();
//! let sample = Sample::draw(&[corpus.path()], Some(1_000_000), 0, false, |_, _| {})?;
//! let params = BenchParams { runs: 15, ..BenchParams::default() };
//! let report = bench(&sample, &[Contender::Words, Contender::Char], None, &params, |_, _| {})?;
//! assert_eq!(report.rows[0].tokens, 150);
//! println!("{}", report.table());
//! # Ok::<(), tasnif::Error>(())
//! ```

mod compare;
mod contender;
mod html;
mod machine;
mod measure;
mod quality;
mod render;
mod sample;
mod statistics;
mod stress;

use serde::{Deserialize, Serialize};

pub use compare::{Change, Comparison};
pub use contender::{Contender, Stage};
pub use machine::Machine;
pub use measure::bench;
pub use quality::Quality;
pub use sample::{CorpusStatistics, Sample, SampleStatistics, Source};
pub use statistics::Latency;
pub use stress::StressRow;

/// The least number of runs: quartiles of fewer say little.
pub const FEWEST_RUNS: usize = 15;

/// The options of [`bench()`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BenchParams {
    /// Warm runs of each contender, [`FEWEST_RUNS`] or more.
    pub runs: usize,
    /// Thread counts to measure with, each apart.
    pub threads: Vec<usize>,
    /// Seed of the order of the runs.
    pub seed: u64,
    /// Run the adversarial inputs too.
    pub stress: bool,
}

impl Default for BenchParams {
    fn default() -> Self {
        BenchParams { runs: FEWEST_RUNS, threads: vec![1], seed: 0, stress: false }
    }
}

/// Everything that was measured; as JSON it is the baseline of a later run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Where it ran.
    pub machine: Machine,
    /// The whole corpus.
    pub corpus: CorpusStatistics,
    /// What was tokenized.
    pub sample: SampleStatistics,
    /// Warm runs of each row.
    pub runs: usize,
    /// What reading the clock takes, in seconds: part of every latency.
    pub clock_seconds: f64,
    /// One for each contender and thread count.
    pub rows: Vec<Row>,
    /// The adversarial inputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stress: Vec<StressRow>,
    /// Against an earlier report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
}

/// One contender on one number of threads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What ran: `words`, `char`, a file, or a stage of the pipeline.
    pub name: String,
    /// On how many threads.
    pub threads: usize,
    /// Tokens of the sample; for stages what comes out: sentences (`split`), bytes of text (`normalize`), stored features (`featurize`), labels
    /// (`predict`).
    pub tokens: u64,
    /// Seconds of each warm run, in the order they were run.
    pub seconds: Vec<f64>,
    /// Median of `seconds`.
    pub median: f64,
    /// First and third quartile of `seconds`.
    pub quartiles: (f64, f64),
    /// Megabytes (10⁶) of text a second, at the median.
    pub mb_per_s: f64,
    /// Sentences a second, at the median.
    pub sentences_per_s: f64,
    /// Tokens a second, at the median.
    pub tokens_per_s: f64,
    /// Seconds to load it: read, parse, build tables.
    pub load_seconds: f64,
    /// Seconds of the very first sentence.
    pub first_call_seconds: f64,
    /// Seconds of the first pass over the sample, with caches cold.
    pub first_pass_seconds: f64,
    /// The most memory that loading and the first pass added to the process, in bytes, where the system tells.
    pub memory_bytes: Option<u64>,
    /// Seconds for one sentence alone, warm (one thread).
    pub latency: Latency,
    /// What the tokens are worth; for tokenizers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
}
