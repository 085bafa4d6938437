//! Input columns that go to the output beside the labels.

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::ensure;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// What `--carry` asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Carry {
    #[default]
    Nothing,
    /// Every column but that of the text.
    All,
    /// These columns; dots lead into nested JSON.
    Named(Vec<String>),
}

impl FromStr for Carry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
        if names.iter().any(String::is_empty) {
            return Err("give names joined by commas, or all".into());
        }
        Ok(if text == "all" { Carry::All } else { Carry::Named(names) })
    }
}

/// The carried columns of one source.
#[derive(Clone, Debug, PartialEq)]
pub enum Columns {
    /// These, in this order; the names are those of the input.
    Fixed(Arc<[String]>),
    /// Whatever fields a JSON object has.
    Open,
}

impl Default for Columns {
    fn default() -> Self {
        Columns::Fixed(Arc::new([]))
    }
}

impl Columns {
    /// The fixed names; none where they are open.
    pub fn names(&self) -> &[String] {
        match self {
            Columns::Fixed(names) => names,
            Columns::Open => &[],
        }
    }
}

impl Carry {
    /// The carried ones among `columns` (those of a file with a header or a schema), which are without that of the text.
    pub fn among(&self, columns: &[String], file: &str) -> anyhow::Result<Vec<String>> {
        match self {
            Carry::Nothing => Ok(Vec::new()),
            Carry::All => Ok(columns.to_vec()),
            Carry::Named(names) => {
                for name in names {
                    ensure!(
                        columns.contains(name),
                        "{file}: no column '{name}' to carry among {}",
                        columns.join(", ")
                    );
                }
                Ok(names.clone())
            }
        }
    }
}

/// A carried value.
#[derive(Clone, Debug, PartialEq)]
pub enum Field<'a> {
    /// None, or a null.
    Missing,
    Text(Cow<'a, str>),
    /// Any value, as JSON.
    Json(Cow<'a, str>),
}

impl Field<'_> {
    /// As a cell of CSV or TSV: strings without quotes, other values as JSON, nothing for nothing.
    pub fn plain(&self) -> Cow<'_, str> {
        match self {
            Field::Missing => "".into(),
            Field::Text(text) => text.as_ref().into(),
            Field::Json(json) if json.as_ref() == "null" => "".into(),
            Field::Json(json) if json.starts_with('"') => {
                serde_json::from_str(json).map_or_else(|_| json.as_ref().into(), |text: String| text.into())
            }
            Field::Json(json) => json.as_ref().into(),
        }
    }
}

/// The carried fields of a line of JSONL: those of `columns`, or all but that at the head of `text_path`.
pub fn json_fields<'a>(
    line: &'a str,
    columns: &'a Columns,
    text_path: &str,
) -> Vec<(Cow<'a, str>, Field<'a>)> {
    match columns {
        Columns::Fixed(names) if names.is_empty() => Vec::new(),
        Columns::Fixed(names) => names
            .iter()
            .map(|name| {
                let found = find(line, name);
                (name.as_str().into(), found.map_or(Field::Missing, |json| Field::Json(json.into())))
            })
            .collect(),
        Columns::Open => {
            let object: Object<'_> = serde_json::from_str(line).unwrap_or_default();
            let has_whole = object.0.iter().any(|(name, _)| name == text_path);
            let head = text_path.split('.').next().unwrap_or_default();
            // A nested text leaves what stands around it.
            let is_text =
                |name: &str| if has_whole { name == text_path } else { name == head && head == text_path };
            object
                .0
                .into_iter()
                .filter(|(name, _)| !is_text(name))
                .map(|(name, json)| (name, Field::Json(json.get().into())))
                .collect()
        }
    }
}

/// The value at a path of names joined by dots, as it is written.
fn find<'a>(json: &'a str, path: &str) -> Option<&'a str> {
    let object: Object<'a> = serde_json::from_str(json).ok()?;
    if let Some((_, value)) = object.0.iter().rev().find(|(name, _)| name == path) {
        return Some(value.get());
    }
    let (head, rest) = path.split_once('.')?;
    let (_, value) = object.0.iter().rev().find(|(name, _)| name == head)?;
    find(value.get(), rest)
}

/// The members of a JSON object, as they are written.
#[derive(Default)]
struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &RawValue>()? {
                    members.push((name, value));
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// A name, borrowed where nothing in it is escaped.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// Names that the output itself uses.
const TAKEN: [&str; 11] =
    ["source", "index", "start", "end", "text", "label", "labels", "score", "set", "scores", "error"];

/// The name of a carried column in the output.
pub fn output_name(name: &str) -> Cow<'_, str> {
    if TAKEN.contains(&name) { format!("input_{name}").into() } else { name.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_carried_as_they_are_written() {
        let line = r#"{"id": 7, "a": {"b": [1, "x"], "text": "t"}, "text": "t", "s": "q\"uote"}"#;
        let open = json_fields(line, &Columns::Open, "text");
        let shown: Vec<String> =
            open.iter().map(|(name, field)| format!("{name}={}", field.plain())).collect();
        assert_eq!(shown, ["id=7", r#"a={"b": [1, "x"], "text": "t"}"#, "s=q\"uote"]);
        assert_eq!(json_fields(line, &Columns::Open, "a.text").len(), 4, "a nested text takes nothing away");
        let fixed = Columns::Fixed(["a.b".to_owned(), "none".to_owned()].into());
        let named = json_fields(line, &fixed, "text");
        assert_eq!(named[0].1, Field::Json(r#"[1, "x"]"#.into()));
        assert_eq!(named[1].1, Field::Missing);
    }

    #[test]
    fn names_of_ours_are_set_apart() {
        assert_eq!((output_name("label"), output_name("id")), ("input_label".into(), "id".into()));
        assert_eq!("a, b".parse(), Ok(Carry::Named(vec!["a".into(), "b".into()])));
        assert!("a,,b".parse::<Carry>().is_err());
        assert_eq!("all".parse(), Ok(Carry::All));
    }
}
