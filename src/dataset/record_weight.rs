//! Records that count more or less than others, by what one of their fields says.

use std::str::FromStr;

use crate::dataset::{Example, ReadOptions, Record};
use crate::error::{Error, Result};

/// Records whose field `field` is `value` count `weight` times as much. Written `FIELD=VALUE:WEIGHT`.
///
/// For labels that their annotator was not sure of, or to balance a large source with a small one.
///
/// ```
/// use tasnif::dataset::RecordWeight;
///
/// let doubted: RecordWeight = "sure=false:0.5".parse()?;
/// assert_eq!((doubted.field.as_str(), doubted.value.as_str(), doubted.weight), ("sure", "false", 0.5));
/// # Ok::<(), tasnif::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RecordWeight {
    /// A CSV column or a JSONL field; dots lead into nested objects.
    pub field: String,
    /// What it holds, as JSON writes it, strings without their quotes; `*` stands for anything.
    pub value: String,
    /// A factor from 0.
    pub weight: f32,
}

impl FromStr for RecordWeight {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split_once('=').and_then(|(field, rest)| {
            let (value, weight) = rest.rsplit_once(':')?;
            let weight = weight.parse::<f32>().ok().filter(|weight| weight.is_finite() && *weight >= 0.0)?;
            Some(RecordWeight { field: field.into(), value: value.into(), weight })
        });
        parts.filter(|parts| !parts.field.is_empty()).ok_or_else(|| {
            Error::Parameter(format!(
                "record weight '{text}': give FIELD=VALUE:WEIGHT with a weight from 0, such as sure=false:0.5"
            ))
        })
    }
}

impl RecordWeight {
    fn means(&self, record: &Record) -> bool {
        let wanted = |value: &String| self.value == "*" || *value == self.value;
        record.fields.iter().any(|(field, value)| *field == self.field && wanted(value))
    }
}

/// What the rules that mean `record` come to together.
fn factor(rules: &[RecordWeight], record: &Record) -> f32 {
    rules.iter().filter(|rule| rule.means(record)).map(|rule| rule.weight).product()
}

impl ReadOptions {
    /// A record with the weights that these options give it.
    pub(super) fn example(&self, record: Record) -> Example {
        let weight = record.weight * factor(&self.record_weights, &record);
        let calibration_weight = record.weight * factor(&self.calibration_weights, &record);
        Example { weight, calibration_weight, ..Example::from(record) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Dataset;

    fn weights(name: &str, content: &str, rules: &[&str]) -> Vec<f32> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let record_weights = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        let options = ReadOptions { record_weights, ..ReadOptions::default() };
        Dataset::read(path, &options).unwrap().examples.iter().map(|example| example.weight).collect()
    }

    #[test]
    fn fields_of_csv_and_jsonl_weigh_records_and_rules_multiply() {
        let jsonl = "{\"text\":\"a\",\"label\":\"x\",\"sure\":false,\"by\":{\"source\":\"wire\"}}\n\
                     {\"text\":\"b\",\"label\":\"x\",\"sure\":true,\"weight\":3}\n\
                     {\"text\":\"c\",\"label\":\"x\",\"by\":{\"source\":\"wire\"},\"weight\":3}\n";
        let rules = ["sure=false:0.5", "by.source=wire:2"];
        assert_eq!(weights("a.jsonl", jsonl, &rules), [1.0, 3.0, 6.0]);
        let csv = "text,label,time\na,x,10:30\nb,x,9:00\n";
        assert_eq!(weights("a.csv", csv, &["time=10:30:0.25"]), [0.25, 1.0], "values may hold colons");
        assert_eq!(weights("a.csv", csv, &[]), [1.0, 1.0]);
    }

    #[test]
    fn calibration_has_weights_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let lines = "{\"text\":\"a\",\"label\":\"x\",\"sure\":false,\"weight\":2}\n{\"text\":\"b\",\"label\":\"x\",\"voice\":\"tv\"}\n";
        std::fs::write(&path, lines).unwrap();
        let options = ReadOptions {
            record_weights: vec!["sure=false:0.5".parse().unwrap()],
            calibration_weights: vec!["voice=*:0".parse().unwrap()],
            ..ReadOptions::default()
        };
        let data = Dataset::read(path, &options).unwrap();
        let weights: Vec<_> = data.examples.iter().map(|e| (e.weight, e.calibration_weight)).collect();
        assert_eq!(weights, [(1.0, 2.0), (1.0, 0.0)]);
    }

    #[test]
    fn what_is_no_rule_is_an_error_that_shows_one() {
        for wrong in ["sure", "sure=false", "=false:1", "sure=false:-1", "sure=false:nan", "sure:0.5"] {
            let error = wrong.parse::<RecordWeight>().unwrap_err().to_string();
            assert!(error.contains(wrong) && error.contains("sure=false:0.5"), "{error}");
        }
    }
}
