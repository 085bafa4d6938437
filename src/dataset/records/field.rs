//! One string field of a JSON object, found without building the object: the text of a JSONL record.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The string at `path`, a name or names joined by dots; `None` where there is none, and where `line` is not JSON.
pub(super) fn string_field<'a>(line: &'a str, path: &str) -> Option<Cow<'a, str>> {
    let mut json = serde_json::Deserializer::from_str(line);
    let found = Field { path, whole: true }.deserialize(&mut json).ok()?;
    json.end().ok()?;
    found
}

/// A value in which a field is looked for.
struct Field<'p> {
    path: &'p str,
    /// Whether a name may be the whole path, dots and all: so at the top.
    whole: bool,
}

impl<'de> DeserializeSeed<'de> for Field<'_> {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// What other values than the wanted one come to.
macro_rules! nothing {
    ($($visit:ident: $type:ty),*) => {
        $(fn $visit<E>(self, _: $type) -> Result<Self::Value, E> { Ok(None) })*
        fn visit_unit<E>(self) -> Result<Self::Value, E> { Ok(None) }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(None)
        }
    };
}

impl<'de> Visitor<'de> for Field<'_> {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    nothing!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut literal, mut nested) = (None, None);
        while let Some(Some(key)) = map.next_key_seed(Text)? {
            match self.path.strip_prefix(&*key).map(|rest| (rest, rest.strip_prefix('.'))) {
                Some(("", _)) if self.whole || !key.contains('.') => literal = map.next_value_seed(Text)?,
                Some((_, Some(path))) if !key.contains('.') => {
                    nested = map.next_value_seed(Field { path, whole: false })?;
                }
                _ => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(literal.or(nested))
    }
}

/// A string, or nothing where another value stands.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    nothing!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64);

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_name_and_by_path() {
        let line = r#"{"n":[1,{"text":"no"}],"text":"yes\n","a":{"b":{"c":"deep"},"b.c":"no"},"x.y":"dotted","x":{"y":"nested"},"five":5}"#;
        for (path, expected) in [
            ("text", Some("yes\n")),
            ("a.b.c", Some("deep")),
            ("x.y", Some("dotted")),
            ("five", None),
            ("a", None),
            ("a.b", None),
            ("none", None),
        ] {
            assert_eq!(string_field(line, path).as_deref(), expected, "{path}");
        }
        assert_eq!(string_field(r#"{"a":{"b":"x"}}"#, "a.b").as_deref(), Some("x"));
        assert!(matches!(string_field(r#"{"text":"borrowed"}"#, "text"), Some(Cow::Borrowed("borrowed"))));
        for bad in ["", "[", "{\"text\":\"x\"} y", "[\"text\"]", "7", "{\"text\":\"x\""] {
            assert_eq!(string_field(bad, "text"), None, "{bad}");
        }
    }
}
