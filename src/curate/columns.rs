//! Fields of records as columns of numbered values.

use std::collections::{BTreeMap, HashMap};

/// Longer values are prose, no property that records share.
const LONGEST: usize = 200;

/// One field over all records.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    name: String,
    /// The value of each record as an index of `values`, plus one; 0 where the field is missing or prose.
    codes: Vec<u32>,
    /// The different values, in the order of their first record.
    values: Vec<String>,
}

impl Column {
    /// A column of one value (or none) for each record.
    pub fn new<V: Into<String>>(
        name: impl Into<String>,
        values: impl IntoIterator<Item = Option<V>>,
    ) -> Self {
        let mut building = Building::default();
        let mut count = 0;
        for value in values {
            if let Some(value) = value {
                building.push(count, value.into());
            }
            count += 1;
        }
        building.finish(name.into(), count)
    }

    /// The name of the field.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of records.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// The value of a record; none where the field is missing, or holds prose of more than 200 bytes.
    ///
    /// # Panics
    /// When there is no such record.
    pub fn value(&self, record: usize) -> Option<&str> {
        let code = self.codes[record] as usize;
        code.checked_sub(1).map(|code| self.values[code].as_str())
    }

    /// The value of each record as a number, 0 for none.
    pub(super) fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// The values that numbers from 1 stand for.
    pub(super) fn values(&self) -> &[String] {
        &self.values
    }
}

/// Columns being read, record by record.
#[derive(Debug, Default)]
pub(super) struct Columns(BTreeMap<String, Building>);

impl Columns {
    /// Adds the fields of a record; records come in order.
    pub(super) fn push(&mut self, record: usize, fields: Vec<(String, String)>) {
        for (name, value) in fields {
            self.0.entry(name).or_default().push(record, value);
        }
    }

    /// The columns of `records` records, sorted by name.
    pub(super) fn finish(self, records: usize) -> Vec<Column> {
        self.0.into_iter().map(|(name, building)| building.finish(name, records)).collect()
    }
}

#[derive(Debug, Default)]
struct Building {
    codes: Vec<u32>,
    values: HashMap<String, u32>,
}

impl Building {
    fn push(&mut self, record: usize, value: String) {
        if value.len() > LONGEST {
            return;
        }
        let next = self.values.len() as u32 + 1;
        let code = *self.values.entry(value).or_insert(next);
        self.codes.resize(record, 0);
        self.codes.push(code);
    }

    fn finish(mut self, name: String, records: usize) -> Column {
        self.codes.resize(records, 0);
        let mut values: Vec<(String, u32)> = self.values.into_iter().collect();
        values.sort_unstable_by_key(|(_, code)| *code);
        let values = values.into_iter().map(|(value, _)| value).collect();
        Column { name, codes: self.codes, values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_fields_and_prose_have_no_value() {
        let mut columns = Columns::default();
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        columns.push(0, vec![field("b", "x")]);
        columns.push(1, vec![field("a", &"long ".repeat(99))]);
        columns.push(2, vec![field("b", "x"), field("a", "y")]);
        let columns = columns.finish(4);
        assert_eq!(columns.iter().map(Column::name).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(columns[0].codes(), [0, 0, 1, 0]);
        assert_eq!(columns[1].codes(), [1, 0, 1, 0]);
        assert_eq!((columns[1].value(2), columns[1].value(3), columns[1].len()), (Some("x"), None, 4));
    }
}
