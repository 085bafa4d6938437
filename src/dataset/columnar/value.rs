//! Single values of columns: as text, and as JSON for formats that have no columns.

use arrow_array::cast::AsArray;
use arrow_array::temporal_conversions::{date32_to_datetime, date64_to_datetime};
use arrow_array::types::{
    Date32Type, Date64Type, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};
use serde_json::{Map, Value};

/// The string in a row; `None` where there is a null or a value of another type.
pub fn text(column: &dyn Array, row: usize) -> Option<&str> {
    if column.is_null(row) {
        return None;
    }
    match column.data_type() {
        DataType::Utf8 => Some(column.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => Some(column.as_string::<i64>().value(row)),
        DataType::Utf8View => Some(column.as_string_view().value(row)),
        _ => None,
    }
}

/// The value in a row as JSON: numbers, strings, booleans, lists and objects as they are, dates and times in ISO 8601, without
/// their time zone; null for what JSON has no word for, such as NaN.
///
/// # Errors
/// The name of a type that has no such form.
pub fn json(column: &dyn Array, row: usize) -> Result<Value, String> {
    if column.is_null(row) {
        return Ok(Value::Null);
    }
    macro_rules! number {
        ($($data_type:ident: $native:ty),*) => {
            match column.data_type() {
                $(DataType::$data_type => Some(Value::from(column.as_primitive::<$native>().value(row))),)*
                _ => None,
            }
        };
    }
    if let Some(value) = number!(
        Int8: Int8Type, Int16: Int16Type, Int32: Int32Type, Int64: Int64Type, UInt8: UInt8Type, UInt16: UInt16Type,
        UInt32: UInt32Type, UInt64: UInt64Type, Float64: Float64Type
    ) {
        return Ok(value);
    }
    if let Some(text) = text(column, row) {
        return Ok(text.into());
    }
    let list = |items: ArrayRef| -> Result<Value, String> {
        (0..items.len())
            .map(|item| json(items.as_ref(), item))
            .collect::<Result<Vec<Value>, _>>()
            .map(Value::from)
    };
    let time = |time: Option<String>| Ok(time.map_or(Value::Null, Value::from));
    match column.data_type() {
        DataType::Null => Ok(Value::Null),
        DataType::Boolean => Ok(column.as_boolean().value(row).into()),
        // Their shortest decimals, not those of the 64-bit number.
        DataType::Float32 => short_float(column.as_primitive::<Float32Type>().value(row)),
        DataType::Float16 => short_float(column.as_primitive::<Float16Type>().value(row).to_f32()),
        DataType::Date32 => {
            let date = date32_to_datetime(column.as_primitive::<Date32Type>().value(row));
            time(date.map(|date| date.date().to_string()))
        }
        DataType::Date64 => {
            let date = date64_to_datetime(column.as_primitive::<Date64Type>().value(row));
            time(date.map(|date| date.date().to_string()))
        }
        DataType::Timestamp(unit, _) => {
            let moment = match unit {
                TimeUnit::Second => column.as_primitive::<TimestampSecondType>().value_as_datetime(row),
                TimeUnit::Millisecond => {
                    column.as_primitive::<TimestampMillisecondType>().value_as_datetime(row)
                }
                TimeUnit::Microsecond => {
                    column.as_primitive::<TimestampMicrosecondType>().value_as_datetime(row)
                }
                TimeUnit::Nanosecond => {
                    column.as_primitive::<TimestampNanosecondType>().value_as_datetime(row)
                }
            };
            time(moment.map(|moment| moment.format("%Y-%m-%dT%H:%M:%S%.f").to_string()))
        }
        DataType::List(_) => list(column.as_list::<i32>().value(row)),
        DataType::LargeList(_) => list(column.as_list::<i64>().value(row)),
        DataType::FixedSizeList(..) => list(column.as_fixed_size_list().value(row)),
        DataType::Struct(fields) => {
            let mut object = Map::new();
            for (field, inner) in fields.iter().zip(column.as_struct().columns()) {
                object.insert(field.name().clone(), json(inner.as_ref(), row)?);
            }
            Ok(object.into())
        }
        DataType::Dictionary(..) => {
            let dictionary = column.as_any_dictionary();
            let key = dictionary.normalized_keys().get(row).copied().unwrap_or(0);
            json(dictionary.values().as_ref(), key)
        }
        other => Err(format!(
            "a column of type {other} has no form in JSON, CSV and TSV; carry it to Parquet or Arrow"
        )),
    }
}

fn short_float(value: f32) -> Result<Value, String> {
    Ok(value
        .to_string()
        .parse::<f64>()
        .ok()
        .filter(|value| value.is_finite())
        .map_or(Value::Null, Value::from))
}
