//! The report as a table for people.

use std::io::Write;

use super::finding::Row;
use super::report::{Report, Section};
use crate::cli::sink::Sink;

/// Characters of a text that are shown.
const TEXT: usize = 160;

/// A line for each check, then its first `show` findings.
pub fn write(sink: &mut Sink, report: &Report<'_>, show: usize) -> anyhow::Result<()> {
    let test =
        if report.test_records > 0 { format!(", {} to test on", report.test_records) } else { String::new() };
    writeln!(sink, "{} records{test}\n", report.records)?;
    let mut rows = vec![["check", "found", "limit", "", ""].map(str::to_owned)];
    for section in &report.sections {
        let (found, verdict) = match (&section.skipped, section.passed) {
            (Some(_), _) => ("-".into(), "skipped"),
            (_, Some(true)) => (section.found.to_string(), "ok"),
            (_, Some(false)) => (section.found.to_string(), "over"),
            (_, None) => (section.found.to_string(), "-"),
        };
        let note = section.skipped.as_ref().unwrap_or(&section.note).clone();
        rows.push([section.check.name().into(), found, section.shown_limit.clone(), verdict.into(), note]);
    }
    let widths = widths(rows.iter().map(|row| &row[..]));
    for [check, found, limit, verdict, note] in &rows {
        let line = format!(
            "{check:<0$}  {found:>1$}  {limit:>2$}  {verdict:<3$}  {note}",
            widths[0], widths[1], widths[2], widths[3]
        );
        writeln!(sink, "{}", line.trim_end())?;
    }
    for section in &report.sections {
        findings(sink, section, show)?;
    }
    Ok(())
}

fn findings(sink: &mut Sink, section: &Section<'_>, show: usize) -> anyhow::Result<()> {
    let shown: Vec<Row<'_>> = section.findings.iter().take(show).flat_map(|finding| finding.rows()).collect();
    if shown.is_empty() {
        return Ok(());
    }
    let more = if section.found > show { format!(", the first {show}") } else { String::new() };
    writeln!(sink, "\n{}{more}", section.check.name())?;
    let cells: Vec<Vec<String>> =
        shown.iter().map(|row| row.cells.iter().map(|cell| printable(cell)).collect()).collect();
    let widths = widths(cells.iter().map(|row| &row[..]));
    for (row, cells) in shown.iter().zip(&cells) {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(&widths) {
            line += &format!("  {cell}{}", " ".repeat(width - self::width(cell)));
        }
        line += &format!("  {}", shortened(row.text));
        writeln!(sink, "{}", line.trim_end())?;
    }
    Ok(())
}

fn widths<'r>(rows: impl Iterator<Item = &'r [String]>) -> Vec<usize> {
    let mut widths = Vec::new();
    for row in rows {
        widths.resize(row.len().max(widths.len()), 0);
        row.iter().zip(&mut widths).for_each(|(cell, most)| *most = width(cell).max(*most));
    }
    widths
}

fn width(cell: &str) -> usize {
    cell.chars().count()
}

/// A text on one line, in its own order, cut behind 160 characters.
fn shortened(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(TEXT) {
        Some((end, _)) => printable(&text[..end]) + "…",
        None => printable(text),
    }
}

/// Line ends as spaces, other control characters escaped.
fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' | '\u{85}' | '\u{2028}' | '\u{2029}' => safe.push(' '),
            c if c.is_control() => safe.extend(c.escape_default()),
            c => safe.push(c),
        }
    }
    safe
}
