//! A report against an earlier one.

use serde::{Deserialize, Serialize};

use super::Report;
use super::statistics::{quartiles, ratio_interval};

/// Two processes on one machine differ by so much without a cause (placement in memory, frequency): no change below is reported.
const FLOOR: f64 = 0.05;

/// What has changed since.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Why the two are not of the same text or machine; empty when they are.
    pub caution: Vec<String>,
    /// One for each row that both have.
    pub changes: Vec<Change>,
}

/// One row, then and now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The contender.
    pub name: String,
    /// Its threads.
    pub threads: usize,
    /// Speed now divided by speed then, at the medians.
    pub ratio: f64,
    /// A 95 % interval of it (bootstrap over the runs).
    pub interval: (f64, f64),
    /// Whether the interval excludes 1 and the change is above 5 %: outside noise.
    pub outside_noise: bool,
}

impl Report {
    /// Sets [`Report::comparison`] to what has changed since `baseline`.
    pub fn compare(&mut self, baseline: &Report) {
        let mut caution = Vec::new();
        if self.sample.sha256 != baseline.sample.sha256 {
            caution.push("the baseline was measured on another text".to_owned());
        }
        if self.machine.processor != baseline.machine.processor
            || self.machine.cores != baseline.machine.cores
        {
            caution.push(format!(
                "the baseline was measured on another machine ({})",
                baseline.machine.processor
            ));
        }
        if self.machine.debug != baseline.machine.debug {
            caution.push("one of the two was measured without optimisation".into());
        }
        let changes = self.rows.iter().filter_map(|row| {
            let same = |old: &&super::Row| old.name == row.name && old.threads == row.threads;
            let old = baseline.rows.iter().find(same).filter(|old| !old.seconds.is_empty())?;
            let ratio = quartiles(&old.seconds).1 / row.median.max(f64::MIN_POSITIVE);
            let interval = ratio_interval(&old.seconds, &row.seconds);
            let apart = interval.0 > 1.0 || interval.1 < 1.0;
            let outside_noise = apart && !(1.0 / (1.0 + FLOOR)..=1.0 + FLOOR).contains(&ratio);
            Some(Change { name: row.name.clone(), threads: row.threads, ratio, interval, outside_noise })
        });
        let changes: Vec<Change> = changes.collect();
        if changes.is_empty() {
            caution.push("no contender is in both reports".into());
        }
        self.comparison = Some(Comparison { caution, changes });
    }
}

impl Change {
    /// In a word.
    pub fn verdict(&self) -> &'static str {
        match (self.outside_noise, self.ratio > 1.0) {
            (false, _) => "within noise",
            (true, true) => "faster",
            (true, false) => "slower",
        }
    }
}
