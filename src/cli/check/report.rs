//! What the checks found, against their limits; as JSON.

use std::io::Write;

use clap::ValueEnum;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::finding::Finding;
use crate::cli::sink::Sink;

/// A check by its name, in the order of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Check {
    /// Texts that repeat an earlier one to the byte
    Duplicates,
    /// Texts that are nearly an earlier one
    NearDuplicates,
    /// Test texts that are, or nearly are, in the training data
    TestOverlap,
    /// Exact and near duplicates with different labels
    Conflicts,
    /// Labels that a model trained on the other records contradicts
    LabelErrors,
    /// Empty and damaged texts
    OddTexts,
    /// Texts of unusual length or script
    Outliers,
    /// Rare labels, labels spelt in two ways, labels of the test data alone
    Balance,
    /// Other fields, and the length, that give the label away
    Leaks,
}

impl Check {
    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Check::Duplicates => "duplicates",
            Check::NearDuplicates => "near-duplicates",
            Check::TestOverlap => "test-overlap",
            Check::Conflicts => "conflicts",
            Check::LabelErrors => "label-errors",
            Check::OddTexts => "odd-texts",
            Check::Outliers => "outliers",
            Check::Balance => "balance",
            Check::Leaks => "leaks",
        }
    }
}

/// What one check found.
#[derive(Serialize)]
pub struct Section<'a> {
    #[serde(skip)]
    pub check: Check,
    pub found: usize,
    /// What is measured against: a count, a share, a difference; none where there is no limit.
    limit: Option<f64>,
    /// Whether the limit holds; none where there is none, or nothing was checked.
    pub passed: Option<bool>,
    /// Why nothing was checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
    #[serde(flatten)]
    details: Map<String, Value>,
    pub findings: Vec<Finding<'a>>,
    #[serde(skip)]
    pub shown_limit: String,
    #[serde(skip)]
    pub note: String,
}

impl<'a> Section<'a> {
    /// With a limit on `measured`.
    pub fn limited(check: Check, findings: Vec<Finding<'a>>, measured: f64, limit: f64) -> Self {
        Section {
            limit: Some(limit),
            passed: Some(measured <= limit),
            shown_limit: limit.to_string(),
            ..Section::unlimited(check, findings)
        }
    }

    /// With a limit on the number of findings.
    pub fn counted(check: Check, findings: Vec<Finding<'a>>, most: usize) -> Self {
        let found = findings.len() as f64;
        Section::limited(check, findings, found, most as f64)
    }

    /// Without a limit.
    pub fn unlimited(check: Check, findings: Vec<Finding<'a>>) -> Self {
        Section {
            check,
            found: findings.len(),
            limit: None,
            passed: None,
            skipped: None,
            details: Map::new(),
            findings,
            shown_limit: String::new(),
            note: String::new(),
        }
    }

    /// Of a check that these data do not allow.
    pub fn skipped(check: Check, reason: String) -> Self {
        Section { skipped: Some(reason), ..Section::unlimited(check, Vec::new()) }
    }

    /// The limit as the table shows it.
    pub fn shown_limit(self, shown_limit: String) -> Self {
        Section { shown_limit, ..self }
    }

    /// What the table says behind the count.
    pub fn note(self, note: String) -> Self {
        Section { note, ..self }
    }

    /// A figure for JSON.
    pub fn detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}

/// What all checks found.
pub struct Report<'a> {
    pub records: usize,
    pub test_records: usize,
    pub sections: Vec<Section<'a>>,
}

impl Report<'_> {
    /// The names of the checks whose limit is passed.
    pub fn over(&self) -> Vec<&'static str> {
        let over = self.sections.iter().filter(|section| section.passed == Some(false));
        over.map(|section| section.check.name()).collect()
    }

    /// One object.
    pub fn write_json(&self, sink: &mut Sink) -> anyhow::Result<()> {
        serde_json::to_writer_pretty(&mut *sink, self)?;
        Ok(writeln!(sink)?)
    }

    /// One finding a line.
    pub fn write_jsonl(&self, sink: &mut Sink) -> anyhow::Result<()> {
        #[derive(Serialize)]
        struct Line<'f> {
            check: &'static str,
            #[serde(flatten)]
            finding: &'f Finding<'f>,
        }
        for section in &self.sections {
            for finding in &section.findings {
                serde_json::to_writer(&mut *sink, &Line { check: section.check.name(), finding })?;
                writeln!(sink)?;
            }
        }
        Ok(())
    }
}

impl Serialize for Report<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Checks<'r>(&'r [Section<'r>]);
        impl Serialize for Checks<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map(self.0.iter().map(|section| (section.check.name(), section)))
            }
        }
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("records", &self.records)?;
        map.serialize_entry("test_records", &self.test_records)?;
        map.serialize_entry("passed", &self.over().is_empty())?;
        map.serialize_entry("checks", &Checks(&self.sections))?;
        map.end()
    }
}
