//! A report as one page: nothing is fetched, nothing runs.

use std::fmt::Write as _;

use super::render::significant;
use super::{Report, Row};

/// Width of the bars, in the units of the drawing.
const BARS: f64 = 460.0;
/// Where they begin: names stand to the left.
const LEFT: f64 = 230.0;
/// Height of one bar with its space.
const STEP: f64 = 34.0;
/// Characters of a label that fit.
const LABEL: usize = 28;
/// Of these, before what is left out: `crate:` and the first of a path.
const HEAD: usize = 10;

/// Names of files and lines about them run from left to right, also where they begin with an Arabic word: `.json` stays at the end.
const LTR: &str = "<bdi dir=\"ltr\">";

const STYLE: &str = "\
:root{color-scheme:light dark;--bar:#2a6f97;--text:#1b1b1b;--soft:#666;--line:#ddd;--paper:#fff}\
@media(prefers-color-scheme:dark){:root{--bar:#61a5c2;--text:#eee;--soft:#aaa;--line:#444;--paper:#181818}}\
body{font:15px/1.5 system-ui,sans-serif;color:var(--text);background:var(--paper);max-width:60rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}\
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\
th,td{text-align:end;padding:.3rem .6rem;border-bottom:1px solid var(--line);white-space:nowrap}\
th:first-child,td:first-child{text-align:start;white-space:normal;overflow-wrap:anywhere;min-width:9rem}\
.facts,.notes{color:var(--soft);font-size:.9rem;overflow-wrap:anywhere}\
.wide{overflow-x:auto}svg{width:100%;min-width:36rem;height:auto}\
svg text{fill:var(--text);font:13px system-ui,sans-serif}svg .soft{fill:var(--soft)}\
svg rect{fill:var(--bar)}svg line{stroke:var(--text);stroke-width:1.5}";

impl Report {
    /// The report as a page with a bar chart, complete in itself.
    pub fn html(&self) -> String {
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
             <title>tasnif bench</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>tasnif bench</h1>\n"
        );
        let facts: Vec<String> =
            self.preamble().iter().map(|line| format!("{LTR}{}</bdi>", escape(line))).collect();
        let (facts, chart) = (facts.join("<br>\n"), self.chart());
        let _ = write!(out, "<p class=\"facts\">{facts}</p>\n<div class=\"wide\">{chart}</div>\n");
        for grid in self.grids() {
            let _ = write!(out, "<h2>{}</h2>\n<div class=\"wide\"><table>\n<thead><tr>", escape(grid.title));
            grid.heads.iter().for_each(|head| {
                let _ = write!(out, "<th>{}</th>", escape(head));
            });
            out.push_str("</tr></thead>\n<tbody>\n");
            for row in &grid.rows {
                let cells = row.iter().map(|cell| format!("<td>{LTR}{}</bdi></td>", escape(cell)));
                let _ = writeln!(out, "<tr>{}</tr>", cells.collect::<String>());
            }
            out.push_str("</tbody>\n</table></div>\n");
        }
        let notes: Vec<String> =
            self.notes().iter().map(|note| format!("{LTR}{}</bdi>", escape(note))).collect();
        let _ = write!(out, "<p class=\"notes\">{}</p>\n</body>\n</html>\n", notes.join("<br>\n"));
        out
    }

    /// Megabytes a second as bars, with their quartiles.
    fn chart(&self) -> String {
        let speed = |seconds: f64| self.sample.bytes as f64 / 1e6 / seconds.max(f64::MIN_POSITIVE);
        let most = self.rows.iter().map(|row| speed(row.quartiles.0).max(row.mb_per_s)).fold(0.0, f64::max);
        let x = |value: f64| LEFT + BARS * (value / most.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
        let height = STEP * self.rows.len() as f64 + 24.0;
        let width = LEFT + BARS + 90.0;
        let mut out = format!(
            "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"Megabytes of text a second by contender\">\n\
             <text class=\"soft\" x=\"{LEFT}\" y=\"14\">MB/s, median; the line spans the quartiles</text>\n"
        );
        for (place, row) in self.rows.iter().enumerate() {
            let top = 24.0 + STEP * place as f64;
            let middle = top + STEP / 2.0 - 3.0;
            let (low, high) = (x(speed(row.quartiles.1)), x(speed(row.quartiles.0)));
            let _ = writeln!(
                out,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
                 <rect x=\"{LEFT}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"2\"><title>{}</title></rect>\
                 <line x1=\"{low:.1}\" x2=\"{high:.1}\" y1=\"{middle:.1}\" y2=\"{middle:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                LEFT - 8.0,
                middle + 4.0,
                escape(&label(row)),
                (x(row.mb_per_s) - LEFT).max(1.0),
                STEP - 8.0,
                escape(&row.name),
                high.max(x(row.mb_per_s)) + 6.0,
                middle + 4.0,
                significant(row.mb_per_s)
            );
        }
        out.push_str("</svg>\n");
        out
    }
}

/// The name and the threads; of a long name its two ends (`crate:` stands at one, paths differ at the other). It runs from left to
/// right, apart from the text around it.
fn label(row: &Row) -> String {
    let threads = if row.threads == 1 { String::new() } else { format!(" ×{}", row.threads) };
    let (count, room) = (row.name.chars().count(), LABEL - threads.chars().count().min(LABEL - HEAD - 2));
    let name: String = match count > room {
        true => {
            let tail = row.name.chars().skip(count - (room - HEAD - 1));
            row.name.chars().take(HEAD).chain(['…']).chain(tail).collect()
        }
        false => row.name.clone(),
    };
    format!("\u{2066}{name}\u{2069}{threads}")
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::bench::{BenchParams, Contender, Sample, bench};

    #[test]
    fn a_page_is_complete_in_itself_and_nothing_breaks_out_of_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "قصفت الطائرات المدينة.\n".repeat(20)).unwrap();
        let sample = Sample::draw(&[file.path()], None, 0, false, |_, _| {}).unwrap();
        let mut report =
            bench(&sample, &[Contender::Words], None, &BenchParams::default(), |_, _| {}).unwrap();
        report.rows[0].name = "<script>\"نص\" & more, a name that is longer than its place".into();
        let page = report.html();
        assert!(
            page.contains("\u{2066}&lt;script&gt;&quot;ن…er than its place\u{2069}"),
            "both ends of a long name"
        );
        assert!(!page.contains("<script") && page.contains("&lt;script&gt;"));
        assert!(!page.contains("http"), "nothing is fetched");
        for tag in ["html", "body", "svg", "table", "tbody", "div", "tr>"] {
            let (open, close) =
                (page.matches(&format!("<{tag}")).count(), page.matches(&format!("</{tag}")).count());
            assert!(open == close, "{tag}: {open} {close}");
        }
        report.compare(&report.clone());
        assert!(report.table().contains("within noise") && report.markdown().contains("within noise"));
        assert_eq!(report.csv().lines().count(), 2);
    }
}
