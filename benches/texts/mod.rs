//! The texts that benches measure on.
//!
//! Arabic: the sentences of `data/`, or the first 8 MB of the file that `TASNIF_BENCH_TEXT` names (a paragraph a line). English: the prose
//! of this project's own pages, or the file that `TASNIF_BENCH_ENGLISH` names (`benches/english.py` joins one).

use std::io::{BufRead, BufReader};
use std::path::Path;

use tasnif::dataset::{Dataset, ReadOptions};

/// Bytes of a file of the environment that are read.
const BYTES: usize = 8 << 20;

fn file(variable: &str) -> Option<String> {
    let path = std::env::var_os(variable)?;
    let file = std::fs::File::open(&path).unwrap_or_else(|error| panic!("{variable}: {error}"));
    let mut text = String::new();
    for line in BufReader::new(file).lines() {
        text.push_str(&line.expect("the file is UTF-8"));
        text.push('\n');
        if text.len() >= BYTES {
            break;
        }
    }
    Some(text)
}

/// A name and a text for each language.
pub fn texts() -> Vec<(&'static str, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let data =
        ["written-1.jsonl", "written-2.jsonl", "written-3.jsonl"].map(|name| root.join("data").join(name));
    let data = || Dataset::read_all(&data, &ReadOptions::default()).expect("data/ is part of the repository");
    let pages = || {
        let page = |name: &str| std::fs::read_to_string(root.join(name)).expect("a page of this project");
        ["README.md", "CHANGELOG.md", "data/README.md", "models/README.md"].map(page).concat()
    };
    vec![
        ("arabic", file("TASNIF_BENCH_TEXT").unwrap_or_else(|| data().texts().join("\n"))),
        ("english", file("TASNIF_BENCH_ENGLISH").unwrap_or_else(pages)),
    ]
}
