//! One JSON object a line.

use serde_json::Value;

use super::Record;
use crate::dataset::ReadOptions;

/// Reads `text`, `label` or `labels`, `group` and `weight`; other fields are left alone.
pub(super) fn parse(
    line: &str,
    number: u64,
    options: &ReadOptions,
    labelled: bool,
) -> Result<Record, String> {
    let value: Value = serde_json::from_str(line)
        .map_err(|error| format!("not JSON: {error}").replace(" line 1 column", " column"))?;
    let Value::Object(object) = &value else {
        return Err("not a JSON object: a line is {\"text\": …, \"label\": …}".into());
    };
    let text = match find(&value, &options.text_field) {
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
    let group = options.group_field.split(',').find_map(|name| match find(&value, name) {
        Some(Value::String(group)) => Some(group.clone()),
        Some(Value::Null) | None => None,
        Some(other) => Some(other.to_string()),
    });
    let weight = match object.get("weight").map(Value::as_f64) {
        None => 1.0,
        Some(Some(weight)) if weight.is_finite() && weight >= 0.0 => weight as f32,
        Some(_) => return Err("field 'weight' is not a number from 0".into()),
    };
    let labels = if labelled { labels(&value, options)? } else { Vec::new() };
    Ok(Record { text, labels, group, weight, line: number })
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

/// A field by its name, or by a path of names joined by dots.
fn find<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    value.get(path).or_else(|| path.split('.').try_fold(value, |value, name| value.get(name)))
}
