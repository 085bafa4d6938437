//! One finding: what it is in JSON, and as lines of a table.

use serde::Serialize;
use tasnif::curate::OddText;

/// A record as a person finds it.
#[derive(Serialize)]
pub struct Place<'a> {
    pub file: String,
    /// From 1.
    pub line: u64,
    /// Several labels stand side by side.
    pub label: String,
    pub text: &'a str,
}

/// Something that a check found.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Finding<'a> {
    Twin {
        #[serde(flatten)]
        at: Place<'a>,
        similarity: f64,
        of: Place<'a>,
    },
    Doubt {
        #[serde(flatten)]
        at: Place<'a>,
        suggested: String,
        given_probability: f64,
        suggested_probability: f64,
    },
    Odd {
        #[serde(flatten)]
        at: Place<'a>,
        odd: OddText,
    },
    Length {
        #[serde(flatten)]
        at: Place<'a>,
        characters: usize,
        median: usize,
    },
    Script {
        #[serde(flatten)]
        at: Place<'a>,
        script: &'static str,
        beside: &'static str,
        mixed_word: bool,
    },
    RareLabel {
        label: String,
        count: usize,
    },
    AlikeLabels {
        labels: Vec<String>,
    },
    UntrainedLabel {
        label: String,
        count: usize,
    },
    Leak {
        field: String,
        macro_f1: f64,
        chance: f64,
    },
}

/// A line of a table: cells that are aligned, then a text of any direction.
pub struct Row<'a> {
    pub cells: Vec<String>,
    pub text: &'a str,
}

impl<'a> Finding<'a> {
    /// Its lines: place, numbers, label, and the text last, so that right-to-left letters do not move what stands before them.
    pub fn rows(&self) -> Vec<Row<'a>> {
        let row = |at: &Place<'a>, cells: Vec<String>| {
            let cells = [vec![format!("{}:{}", at.file, at.line)], cells].concat();
            Row { cells, text: at.text }
        };
        let bare = |cells: Vec<String>| vec![Row { cells, text: "" }];
        match self {
            Finding::Twin { at, similarity, of } => vec![
                row(at, vec![format!("{similarity:.2}"), at.label.clone()]),
                row(of, vec!["of".into(), of.label.clone()]),
            ],
            Finding::Doubt { at, suggested, given_probability, suggested_probability } => {
                let given = format!("{} {given_probability:.2}", at.label);
                vec![row(at, vec![given, format!("rather {suggested} {suggested_probability:.2}")])]
            }
            Finding::Odd { at, odd } => vec![row(at, vec![odd.to_string(), at.label.clone()])],
            Finding::Length { at, characters, median } => {
                let length = format!("{characters} characters, median {median}");
                vec![row(at, vec![length, at.label.clone()])]
            }
            Finding::Script { at, script, beside, mixed_word } => {
                let what = if *mixed_word {
                    format!("{script} and {beside} in one word")
                } else {
                    format!("{script} among {beside}")
                };
                vec![row(at, vec![what, at.label.clone()])]
            }
            Finding::RareLabel { label, count } => bare(vec![label.clone(), format!("{count} records")]),
            Finding::AlikeLabels { labels } => {
                let labels: Vec<String> = labels.iter().map(|label| format!("'{label}'")).collect();
                bare(vec![labels.join(" and "), "look alike".into()])
            }
            Finding::UntrainedLabel { label, count } => {
                bare(vec![label.clone(), format!("{count} test records, none to train on")])
            }
            Finding::Leak { field, macro_f1, chance } => {
                bare(vec![field.clone(), format!("macro F1 {macro_f1:.3}"), format!("chance {chance:.3}")])
            }
        }
    }
}
