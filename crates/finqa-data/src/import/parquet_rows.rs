//! Parquet files as rows of typed cells.

use std::fs::File;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, Time32MillisecondType, Time64MicrosecondType, Time64NanosecondType,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};
use finqa_core::Value;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

use crate::error::{DataError, Result};

/// Digits that every `f64` holds: a decimal with no more loses nothing as a float.
const EXACT_FLOAT_DIGITS: usize = 15;
const MICROS_A_DAY: i64 = 86_400_000_000;

/// Typed rows, and what could not be used.
pub(crate) struct ParquetRows {
    /// Names as the file has them.
    pub(crate) columns: Vec<String>,
    /// Row-major cells.
    pub(crate) rows: Vec<Value>,
    /// (column, reason, detail) of every column, or every kind of cell, that was not used.
    pub(crate) refused: Vec<(String, &'static str, String)>,
}

/// Reads a file. Integers, floats, strings and booleans (0 and 1) keep their type, dates and times become ISO text,
/// decimals become floats where those are exact and text where not. NaN and infinity become NULL and are counted.
pub(crate) fn read(path: &Path) -> Result<ParquetRows> {
    let broken = |e: &dyn std::fmt::Display| broken(path, e);
    let file = File::open(path).map_err(|e| DataError::io(path, e))?;
    // Without the writer's Arrow schema there are fewer types: no dictionaries, no views, no large strings.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
        .map_err(|e| broken(&e))?;
    let schema = builder.schema().clone();
    let mut refused = Vec::new();
    let mut used = Vec::new();
    for (i, field) in schema.fields().iter().enumerate() {
        match unsupported(field.data_type()) {
            Some(reason) => refused.push((
                field.name().clone(),
                reason,
                format!(
                    "the type is {}; a column must hold plain values",
                    field.data_type()
                ),
            )),
            None => used.push(i),
        }
    }
    let columns: Vec<String> = used
        .iter()
        .map(|&i| schema.field(i).name().clone())
        .collect();
    let mut not_finite = vec![0u64; used.len()];
    let mut rows = Vec::new();
    for batch in builder.build().map_err(|e| broken(&e))? {
        let batch = batch.map_err(|e| broken(&e))?;
        let arrays: Vec<&ArrayRef> = used.iter().map(|&i| batch.column(i)).collect();
        rows.reserve(batch.num_rows() * arrays.len());
        for row in 0..batch.num_rows() {
            for (array, not_finite) in arrays.iter().zip(&mut not_finite) {
                if array.is_null(row) {
                    rows.push(Value::Null);
                    continue;
                }
                let value = cell(array, row).ok_or_else(|| {
                    broken(&format!(
                        "row {row}: a value of type {} is out of range",
                        array.data_type()
                    ))
                })?;
                let usable = !matches!(value, Value::Real(f) if !f.is_finite());
                *not_finite += u64::from(!usable);
                rows.push(if usable { value } else { Value::Null });
            }
        }
    }
    for (i, &field) in used.iter().enumerate() {
        if matches!(schema.field(field).data_type(), DataType::Decimal128(_, scale) if *scale > 0) {
            exact_floats(&mut rows, i, used.len());
        }
    }
    for (column, count) in columns.iter().zip(not_finite) {
        if count > 0 {
            let detail = format!("{count} cells are NaN or infinite; they became NULL");
            refused.push((column.clone(), "non_finite_number", detail));
        }
    }
    Ok(ParquetRows {
        columns,
        rows,
        refused,
    })
}

/// What is said of a file that cannot be read.
pub(super) fn broken(path: &Path, error: &dyn std::fmt::Display) -> DataError {
    let reason = error.to_string();
    // The reader speaks of its own compile-time features.
    let reason = if reason.contains("Disabled feature at compile time") {
        "the file is compressed in a way that is not read; write it with Snappy, Zstandard or no compression"
            .to_owned()
    } else {
        reason
    };
    DataError::record(path, "Parquet", reason)
}

fn unsupported(data_type: &DataType) -> Option<&'static str> {
    match data_type {
        DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64
        | DataType::Float32
        | DataType::Float64
        | DataType::Utf8
        | DataType::Date32
        | DataType::Time32(TimeUnit::Millisecond)
        | DataType::Time64(TimeUnit::Microsecond | TimeUnit::Nanosecond)
        | DataType::Timestamp(_, _)
        | DataType::Decimal128(_, _) => None,
        DataType::Binary | DataType::FixedSizeBinary(_) => Some("binary_column"),
        other if other.is_nested() => Some("nested_column"),
        _ => Some("unsupported_column"),
    }
}

pub(super) fn cell(array: &ArrayRef, row: usize) -> Option<Value> {
    let integer = |n: i64| Some(Value::Integer(n));
    match array.data_type() {
        DataType::Boolean => integer(i64::from(array.as_boolean().value(row))),
        DataType::Int8 => integer(array.as_primitive::<Int8Type>().value(row).into()),
        DataType::Int16 => integer(array.as_primitive::<Int16Type>().value(row).into()),
        DataType::Int32 => integer(array.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => integer(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt8 => integer(array.as_primitive::<UInt8Type>().value(row).into()),
        DataType::UInt16 => integer(array.as_primitive::<UInt16Type>().value(row).into()),
        DataType::UInt32 => integer(array.as_primitive::<UInt32Type>().value(row).into()),
        DataType::UInt64 => i64::try_from(array.as_primitive::<UInt64Type>().value(row))
            .ok()
            .map(Value::Integer),
        // Through its shortest text, so that 0.1 stays 0.1.
        DataType::Float32 => {
            let shown = array.as_primitive::<Float32Type>().value(row).to_string();
            shown.parse().ok().map(Value::Real)
        }
        DataType::Float64 => Some(Value::Real(array.as_primitive::<Float64Type>().value(row))),
        DataType::Utf8 => Some(Value::text(array.as_string::<i32>().value(row))),
        DataType::Decimal128(_, scale) => {
            decimal(array.as_primitive::<Decimal128Type>().value(row), *scale)
        }
        DataType::Date32 => Some(Value::text(date(
            array.as_primitive::<Date32Type>().value(row).into(),
        ))),
        DataType::Time32(_) => Some(Value::text(time(
            i64::from(array.as_primitive::<Time32MillisecondType>().value(row)) * 1000,
        ))),
        DataType::Time64(TimeUnit::Microsecond) => Some(Value::text(time(
            array.as_primitive::<Time64MicrosecondType>().value(row),
        ))),
        DataType::Time64(_) => Some(Value::text(time(
            array.as_primitive::<Time64NanosecondType>().value(row) / 1000,
        ))),
        DataType::Timestamp(unit, _) => {
            let micros = match unit {
                TimeUnit::Second => array
                    .as_primitive::<TimestampSecondType>()
                    .value(row)
                    .checked_mul(1_000_000)?,
                TimeUnit::Millisecond => array
                    .as_primitive::<TimestampMillisecondType>()
                    .value(row)
                    .checked_mul(1000)?,
                TimeUnit::Microsecond => {
                    array.as_primitive::<TimestampMicrosecondType>().value(row)
                }
                TimeUnit::Nanosecond => array
                    .as_primitive::<TimestampNanosecondType>()
                    .value(row)
                    .div_euclid(1000),
            };
            let (day, rest) = (
                micros.div_euclid(MICROS_A_DAY),
                micros.rem_euclid(MICROS_A_DAY),
            );
            Some(Value::text(format!("{}T{}", date(day), time(rest))))
        }
        _ => None,
    }
}

fn decimal(value: i128, scale: i8) -> Option<Value> {
    if scale <= 0 {
        let whole = value.checked_mul(10i128.checked_pow(u32::from(scale.unsigned_abs()))?)?;
        return Some(
            i64::try_from(whole).map_or_else(|_| Value::text(whole.to_string()), Value::Integer),
        );
    }
    let scale = usize::from(scale.unsigned_abs());
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if value < 0 { "-" } else { "" };
    let text = format!("{sign}{whole}.{fraction}");
    Some(Value::text(text))
}

/// Turns a column of decimals into floats if every one of them is exact as a float. All or none: a column with both
/// would not sort.
fn exact_floats(rows: &mut [Value], column: usize, num_columns: usize) {
    let digits = |text: &str| {
        let all: String = text.chars().filter(char::is_ascii_digit).collect();
        all.trim_start_matches('0').len()
    };
    let mut cells = rows.iter().skip(column).step_by(num_columns);
    if !cells.all(|cell| {
        cell.as_str()
            .is_none_or(|text| digits(text) <= EXACT_FLOAT_DIGITS)
    }) {
        return;
    }
    for cell in rows.iter_mut().skip(column).step_by(num_columns) {
        if let Some(number) = cell.as_str().and_then(|text| text.parse().ok()) {
            *cell = Value::Real(number);
        }
    }
}

/// ISO date of a day number since 1970-01-01 in the proleptic Gregorian calendar.
fn date(days: i64) -> String {
    // Years begin in March here, so that the leap day is the last one; eras of 400 years repeat exactly.
    let z = days + 719_468;
    let (era, day) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year_of_era = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day_of_month:02}")
}

/// ISO time of microseconds since midnight; the fraction only if there is one.
fn time(micros: i64) -> String {
    let (seconds, fraction) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut out = format!("{hours:02}:{minutes:02}:{seconds:02}");
    if fraction != 0 {
        out.push_str(format!(".{fraction:06}").trim_end_matches('0'));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_gregorian() {
        for (days, want) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (11_016, "2000-02-29"),
            (19_723, "2024-01-01"),
            (20_088, "2024-12-31"),
            (-135_081, "1600-02-29"),
        ] {
            assert_eq!(date(days), want);
        }
        assert_eq!(time(3_661_500_000), "01:01:01.5");
    }

    #[test]
    fn decimals_are_floats_where_all_of_a_column_are_exact() {
        assert_eq!(decimal(-5, 2), Some(Value::text("-0.05")));
        assert_eq!(decimal(1234, 0), Some(Value::Integer(1234)));
        assert_eq!(decimal(12, -2), Some(Value::Integer(1200)));
        let long = "1234567890123456.78";
        let mut rows: Vec<Value> = ["1.25", long, "-0.01", "2.00"].map(Value::text).into();
        rows.extend([Value::Null, Value::Null]);
        exact_floats(&mut rows, 0, 2);
        exact_floats(&mut rows, 1, 2);
        let want = [
            Value::Real(1.25),
            Value::text(long),
            Value::Real(-0.01),
            Value::text("2.00"),
            Value::Null,
            Value::Null,
        ];
        assert_eq!(rows, want);
    }
}
