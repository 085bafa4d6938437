//! A report as a table, as Markdown and as CSV.

use std::fmt::Write as _;

use super::{Report, Row};

/// Cells under headings; every column but the first is of numbers.
pub(super) struct Grid {
    pub(super) title: &'static str,
    pub(super) heads: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Report {
    /// The report as tables to read in a terminal.
    pub fn table(&self) -> String {
        let mut out = format!("{}\n", self.preamble().join("\n"));
        for grid in self.grids() {
            let _ = write!(out, "\n{}\n", aligned(&grid));
        }
        for note in self.notes() {
            let _ = writeln!(out, "\n{note}");
        }
        out
    }

    /// The report as Markdown.
    pub fn markdown(&self) -> String {
        let mut out = self.preamble().iter().map(|line| format!("- {line}\n")).collect::<String>();
        for grid in self.grids() {
            let _ = write!(
                out,
                "\n{}:\n\n| {} |\n|---{}|\n",
                grid.title,
                grid.heads.join(" | "),
                "|---:".repeat(grid.heads.len() - 1)
            );
            for row in grid.rows {
                let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
                let _ = writeln!(out, "| {} |", cells.join(" | "));
            }
        }
        for note in self.notes() {
            let _ = writeln!(out, "\n{note}");
        }
        out
    }

    /// The rows as CSV with a header: plain numbers in seconds, bytes and shares.
    pub fn csv(&self) -> String {
        let mut out = String::from(
            "name,threads,bytes,sentences,tokens,runs,median_s,q1_s,q3_s,mb_per_s,sentences_per_s,tokens_per_s,load_s,first_call_s,\
             first_pass_s,memory_bytes,p50_s,p95_s,p99_s,max_s,fertility,characters_per_token,unknown,exact\n",
        );
        for row in &self.rows {
            let name = if row.name.contains([',', '"', '\n', '\r']) {
                format!("\"{}\"", row.name.replace('"', "\"\""))
            } else {
                row.name.clone()
            };
            let Row { threads, tokens, median, quartiles, latency, quality, .. } = row;
            let memory = row.memory_bytes.map_or(String::new(), |bytes| bytes.to_string());
            let _ = write!(
                out,
                "{name},{threads},{},{},{tokens},{},{median},{},{},{},{},{},{},{},{},{memory},{},{},{},{}",
                self.sample.bytes,
                self.sample.sentences,
                self.runs,
                quartiles.0,
                quartiles.1,
                row.mb_per_s,
                row.sentences_per_s,
                row.tokens_per_s,
                row.load_seconds,
                row.first_call_seconds,
                row.first_pass_seconds,
                latency.p50,
                latency.p95,
                latency.p99,
                latency.max
            );
            let _ = match quality {
                Some(quality) => writeln!(
                    out,
                    ",{},{},{},{}",
                    quality.fertility,
                    quality.characters_per_token,
                    quality.unknown.map_or(String::new(), |share| share.to_string()),
                    quality.exact
                ),
                None => writeln!(out, ",,,,"),
            };
        }
        out
    }

    /// What stands above the figures.
    pub(super) fn preamble(&self) -> Vec<String> {
        let (machine, corpus, sample) = (&self.machine, &self.corpus, &self.sample);
        let mut lines = vec![format!(
            "tasnif {}, tokenizers {}, {} ({} threads), {}",
            machine.tasnif, machine.tokenizers, machine.processor, machine.cores, machine.system
        )];
        if machine.debug {
            lines.push(
                "compiled without optimisation: no figure here means anything (cargo build --release)".into(),
            );
        }
        for file in &corpus.files {
            lines.push(format!(
                "{}: {} on the disk, SHA-256 {}",
                file.name,
                megabytes(file.bytes),
                file.sha256
            ));
        }
        let scripts: Vec<String> = corpus
            .scripts
            .iter()
            .filter(|(_, share)| *share >= 0.0005)
            .map(|(name, share)| format!("{name} {:.1} %", share * 100.0))
            .collect();
        lines.push(format!(
            "corpus: {} of text, {} characters, {} lines, {} sentences, {} words; letters: {}",
            megabytes(corpus.bytes),
            grouped(corpus.characters),
            grouped(corpus.lines),
            grouped(corpus.sentences),
            grouped(corpus.words),
            if scripts.is_empty() { "none".into() } else { scripts.join(", ") }
        ));
        lines.push(format!(
            "sample: {}, {} lines, {} sentences, seed {}, SHA-256 {}",
            megabytes(sample.bytes),
            grouped(sample.lines),
            grouped(sample.sentences),
            sample.seed,
            sample.sha256
        ));
        lines
    }

    /// The tables.
    pub(super) fn grids(&self) -> Vec<Grid> {
        let mut grids = vec![self.speed(), self.latency()];
        if self.rows.iter().any(|row| row.quality.is_some()) {
            grids.push(self.quality());
        }
        if !self.stress.is_empty() {
            grids.push(self.stress_grid());
        }
        if self.comparison.is_some() {
            grids.push(self.changes());
        }
        grids
    }

    fn speed(&self) -> Grid {
        let row = |row: &Row| {
            let mb = |seconds: f64| self.sample.bytes as f64 / 1e6 / seconds.max(f64::MIN_POSITIVE);
            vec![
                row.name.clone(),
                row.threads.to_string(),
                significant(row.mb_per_s),
                format!("{}–{}", significant(mb(row.quartiles.1)), significant(mb(row.quartiles.0))),
                grouped(row.sentences_per_s as u64),
                grouped(row.tokens_per_s as u64),
                significant(mb(row.first_pass_seconds)),
                row.memory_bytes.map_or("-".into(), |bytes| format!("{:.1}", bytes as f64 / 1e6)),
            ]
        };
        let heads = vec![
            "speed",
            "threads",
            "MB/s",
            "quartiles",
            "sentences/s",
            "tokens/s",
            "cold MB/s",
            "memory MB",
        ];
        Grid { title: "Speed", heads, rows: self.rows.iter().map(row).collect() }
    }

    fn latency(&self) -> Grid {
        let row = |row: &Row| {
            vec![
                row.name.clone(),
                micro(row.latency.p50),
                micro(row.latency.p95),
                micro(row.latency.p99),
                micro(row.latency.max),
                micro(row.first_call_seconds),
                micro(row.load_seconds),
            ]
        };
        let heads = vec!["µs a sentence", "p50", "p95", "p99", "max", "first call", "load"];
        Grid { title: "Latency", heads, rows: self.once().map(row).collect() }
    }

    fn quality(&self) -> Grid {
        let percent = |share: f64| format!("{:.2} %", share * 100.0);
        let row = |row: &Row| {
            let quality = row.quality.as_ref()?;
            Some(vec![
                row.name.clone(),
                grouped(row.tokens),
                format!("{:.3}", quality.fertility),
                format!("{:.3}", quality.characters_per_token),
                quality.unknown.map_or("-".into(), percent),
                percent(quality.exact),
            ])
        };
        let heads = vec!["tokens", "number", "a word", "characters each", "unknown", "comes back"];
        Grid { title: "Tokens", heads, rows: self.once().filter_map(row).collect() }
    }

    fn stress_grid(&self) -> Grid {
        let rows = self.stress.iter().map(|row| {
            let largest = row
                .seconds
                .iter()
                .zip(&row.bytes)
                .rev()
                .find_map(|(seconds, &bytes)| Some(((*seconds)?, bytes)));
            let speed = largest
                .map_or("-".into(), |(seconds, bytes)| significant(bytes as f64 / 1e6 / seconds.max(1e-9)));
            vec![
                format!("{}: {}", row.name, row.input),
                speed,
                format!("{:.2}", row.exponent),
                if row.steep { "STEEP" } else { "ok" }.to_owned(),
            ]
        });
        Grid {
            title: "1 MB of what nobody writes",
            heads: vec!["stress", "MB/s", "time ~ size^", ""],
            rows: rows.collect(),
        }
    }

    fn changes(&self) -> Grid {
        let changes = self.comparison.iter().flat_map(|comparison| &comparison.changes).map(|change| {
            vec![
                change.name.clone(),
                change.threads.to_string(),
                format!("{:.3}", change.ratio),
                format!("{:.3}–{:.3}", change.interval.0, change.interval.1),
                change.verdict().to_owned(),
            ]
        });
        let heads = vec!["against the baseline", "threads", "speed", "95 %", ""];
        Grid { title: "Against the baseline", heads, rows: changes.collect() }
    }

    /// One row for each contender.
    fn once(&self) -> impl Iterator<Item = &Row> {
        let first = self.rows.first().map(|row| row.threads);
        self.rows.iter().filter(move |row| Some(row.threads) == first)
    }

    /// What has to be said beside the figures.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = vec![format!(
            "Median of {} interleaved runs. Cold is the first pass. Latency: one sentence a call, the clock ({:.0} ns) included.",
            self.runs,
            self.clock_seconds * 1e9
        )];
        let steep: Vec<&str> = self.stress.iter().filter(|row| row.steep).map(|row| &*row.name).collect();
        if !steep.is_empty() {
            notes.push(format!("Steeper than sorting on some input: {}.", steep.join(", ")));
        }
        notes.extend(
            self.comparison
                .iter()
                .flat_map(|comparison| &comparison.caution)
                .map(|why| format!("Caution: {why}.")),
        );
        notes
    }
}

/// Cells below one another: names to the left, numbers to the right.
fn aligned(grid: &Grid) -> String {
    let lines: Vec<Vec<&str>> = std::iter::once(grid.heads.clone())
        .chain(grid.rows.iter().map(|row| row.iter().map(String::as_str).collect()))
        .collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..grid.heads.len()).map(width).collect();
    let line = |cells: &Vec<&str>| {
        let cells = cells.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            let pad = " ".repeat(width - cell.chars().count());
            if column == 0 { format!("{cell}{pad}") } else { format!("{pad}{cell}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn micro(seconds: f64) -> String {
    significant(seconds * 1e6)
}

/// Three digits that count, and never fewer than the whole ones.
pub(super) fn significant(value: f64) -> String {
    match value {
        _ if value >= 100.0 => grouped(value.round() as u64),
        _ if value >= 10.0 => format!("{value:.1}"),
        _ if value >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// A whole number with commas.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", significant(bytes as f64 / 1e6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_grouped() {
        assert_eq!([0, 7, 1_000, 1_234_567].map(grouped), ["0", "7", "1,000", "1,234,567"]);
        assert_eq!(
            [0.01234, 1.236, 12.36, 123.6, 12_345.0].map(significant),
            ["0.012", "1.24", "12.4", "124", "12,345"]
        );
    }

    #[test]
    fn columns_are_aligned() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let grid =
            Grid { title: "", heads: vec!["a", "b"], rows: vec![row(["long", "1"]), row(["x", "100"])] };
        assert_eq!(aligned(&grid), "a       b\nlong    1\nx     100");
    }
}
