//! A report as a table for people.
//!
//! Columns are aligned by characters, not bytes, and combining marks (tashkeel) take no place, so
//! Arabic label names stand straight. Control characters in a name are escaped.

use std::collections::BTreeSet;
use std::fmt;

use unicode_normalization::char::is_combining_mark;

use super::{Interval, NO_LABEL, Report};

/// A wider confusion matrix is printed as a list of its most frequent errors.
const MAX_COLUMNS: usize = 24;

/// The length of that list.
const MAX_ERRORS: usize = 24;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = ["label", "precision", "recall", "F1", "support"].map(str::to_owned);
        let row = |(name, of): (&String, &super::LabelFigures)| {
            let [precision, recall, f1] = [of.precision, of.recall, of.f1].map(|x| format!("{x:.3}"));
            [printable(name), precision, recall, f1, of.support.to_string()]
        };
        let rows: Vec<_> = std::iter::once(header).chain(self.labels.iter().map(row)).collect();
        write_aligned(f, &rows)?;
        writeln!(f)?;
        let intervals = self.intervals.as_ref();
        write_figure(f, "macro F1", self.macro_f1, intervals.map(|of| of.macro_f1))?;
        match &self.multilabel {
            Some(figures) => {
                write_figure(f, "micro F1", figures.micro_f1, None)?;
                write_figure(f, "exact match", self.accuracy, None)?;
                write_figure(f, "Hamming loss", figures.hamming_loss, None)?;
            }
            None => write_figure(f, "accuracy", self.accuracy, intervals.map(|of| of.accuracy))?,
        }
        if let Some(brier) = self.brier {
            write_figure(f, "Brier score", brier, None)?;
        }
        if let Some(ece) = self.ece {
            write_figure(f, "calibration error", ece, None)?;
        }
        writeln!(f, "{:<17}  {}", "records", self.n)?;
        if self.multilabel.is_some() {
            return Ok(());
        }
        writeln!(f)?;
        write_confusion(f, self)
    }
}

fn write_figure(f: &mut fmt::Formatter<'_>, name: &str, value: f64, range: Option<Interval>) -> fmt::Result {
    write!(f, "{name:<17}  {value:.3}")?;
    if let Some(range) = range {
        write!(f, "  (95 % interval {range})")?;
    }
    writeln!(f)
}

fn write_confusion(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let predicted = report.confusion.values().flat_map(|row| row.keys()).map(String::as_str);
    let mut columns: BTreeSet<&str> = predicted.chain(report.confusion.keys().map(String::as_str)).collect();
    if columns.len() > MAX_COLUMNS {
        return write_errors(f, report);
    }
    let none = columns.remove(NO_LABEL);
    let columns: Vec<&str> = columns.into_iter().chain(none.then_some(NO_LABEL)).collect();

    writeln!(f, "confusion: gold in rows, predicted in columns")?;
    let header = std::iter::once(String::new()).chain(columns.iter().map(|name| printable(name)));
    let mut rows: Vec<Vec<String>> = vec![header.collect()];
    for (gold, counts) in &report.confusion {
        let count = |&name: &&str| counts.get(name).copied().unwrap_or(0).to_string();
        rows.push(std::iter::once(printable(gold)).chain(columns.iter().map(count)).collect());
    }
    write_aligned(f, &rows)
}

fn write_errors(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let cells = report.confusion.iter().flat_map(|(gold, row)| row.iter().map(move |cell| (gold, cell)));
    let mut errors: Vec<_> =
        cells.filter(|&(gold, (predicted, &count))| gold != predicted && count > 0).collect();
    errors.sort_by_key(|&(_, (_, &count))| std::cmp::Reverse(count));

    writeln!(f, "confusion: the most frequent errors")?;
    let mut rows = vec![["gold", "predicted", "count"].map(str::to_owned)];
    for (gold, (predicted, count)) in errors.into_iter().take(MAX_ERRORS) {
        rows.push([printable(gold), printable(predicted), count.to_string()]);
    }
    write_aligned(f, &rows)
}

/// Writes rows with two spaces between the columns: the first column flush left, the others right.
fn write_aligned<R: AsRef<[String]>>(f: &mut fmt::Formatter<'_>, rows: &[R]) -> fmt::Result {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows.iter().map(AsRef::as_ref) {
        widths.resize(widths.len().max(row.len()), 0);
        for (cell, at_least) in row.iter().zip(&mut widths) {
            *at_least = width(cell).max(*at_least);
        }
    }
    for row in rows.iter().map(AsRef::as_ref) {
        for (column, (cell, at_least)) in row.iter().zip(&widths).enumerate() {
            let pad = " ".repeat(at_least - width(cell));
            match column {
                0 if row.len() > 1 => write!(f, "{cell}{pad}")?,
                0 => write!(f, "{cell}")?,
                _ => write!(f, "  {pad}{cell}")?,
            }
        }
        writeln!(f)?;
    }
    Ok(())
}

/// The places that a text takes on a line.
fn width(text: &str) -> usize {
    text.chars().filter(|&c| !is_combining_mark(c)).count()
}

/// A name with its line breaks, tabs and other control characters escaped.
fn printable(name: &str) -> String {
    let mut safe = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_control() { safe.extend(c.escape_default()) } else { safe.push(c) }
    }
    safe
}
