//! One JSON object a line.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::Record;
use super::field::string_field;
use crate::dataset::ReadOptions;

/// The text alone.
pub(super) fn text<'a>(line: &'a str, options: &ReadOptions) -> Result<Cow<'a, str>, String> {
    match string_field(line, &options.text_field) {
        Some(text) => Ok(text),
        // What is wrong is worth the time.
        None => parse(line, 0, options, false).map(|record| record.text.into()),
    }
}

/// Reads `text`, `label` or `labels`, `group` and `weight`; other fields are left alone.
pub(super) fn parse(
    line: &str,
    number: u64,
    options: &ReadOptions,
    labelled: bool,
) -> Result<Record, String> {
    let value: Value = serde_json::from_str(line)
        .map_err(|error| format!("not JSON: {error}").replace(" line 1 column", " column"))?;
    record(&value, number, options, labelled)
}

/// Reads the same from an object.
pub(in crate::dataset) fn record(
    value: &Value,
    number: u64,
    options: &ReadOptions,
    labelled: bool,
) -> Result<Record, String> {
    let Value::Object(object) = value else {
        return Err("not a JSON object: a line is {\"text\": …, \"label\": …}".into());
    };
    let text = match find(value, &options.text_field) {
        Some(Value::String(text)) => text.clone(),
        Some(_) => return Err(format!("field '{}' is not a string", options.text_field)),
        None => {
            let fields = object.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(format!(
                "no field '{}' among {fields}; name the text with --text-field",
                options.text_field
            ));
        }
    };
    let group = options.group_field.split(',').find_map(|name| match find(value, name) {
        Some(Value::String(group)) => Some(group.clone()),
        Some(Value::Null) | None => None,
        Some(other) => Some(other.to_string()),
    });
    let weight = match object.get("weight").map(Value::as_f64) {
        None => 1.0,
        Some(Some(weight)) if weight.is_finite() && weight >= 0.0 => weight as f32,
        Some(_) => return Err("field 'weight' is not a number from 0".into()),
    };
    let labels = if labelled { labels(value, options)? } else { Vec::new() };
    let mut fields = Vec::new();
    if options.other_fields {
        other_fields(object, "", options, &mut fields);
    }
    Ok(Record { text, labels, group, weight, line: number, fields })
}

fn labels(value: &Value, options: &ReadOptions) -> Result<Vec<String>, String> {
    let field = find(value, &options.label_field).or_else(|| value.get("labels"));
    match field {
        Some(Value::String(label)) => options.split_labels(label),
        Some(Value::Array(labels)) => labels
            .iter()
            .map(|label| match label {
                Value::String(label) if !label.is_empty() => Ok(label.clone()),
                _ => Err("a label that is not a string, or empty".to_owned()),
            })
            .collect(),
        Some(_) => Err(format!("field '{}' is neither a string nor a list of strings", options.label_field)),
        None => {
            Err(format!("no field '{}' or 'labels'; name the label with --label-field", options.label_field))
        }
    }
}

/// The fields that `options` do not name, under their paths, into `fields`.
fn other_fields(
    object: &Map<String, Value>,
    prefix: &str,
    options: &ReadOptions,
    fields: &mut Vec<(String, String)>,
) {
    for (key, value) in object {
        let name = format!("{prefix}{key}");
        match value {
            _ if options.knows(&name) => {}
            Value::Null => {}
            Value::Object(inner) => other_fields(inner, &format!("{name}."), options, fields),
            Value::Array(items) => {
                // What order a list of tags has says nothing.
                let mut items: Vec<String> = items.iter().map(plain).collect();
                items.sort_unstable();
                fields.push((name, items.join(", ")));
            }
            value => fields.push((name, plain(value))),
        }
    }
}

/// A value as text, a string without its quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A field by its name, or by a path of names joined by dots.
fn find<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    value.get(path).or_else(|| path.split('.').try_fold(value, |value, name| value.get(name)))
}
