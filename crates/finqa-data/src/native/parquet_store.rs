//! JSON objects as Parquet rows: text members are text columns, everything else is JSON text.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::LargeStringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::Value as Json;

use super::records::Object;
use crate::error::{DataError, Result};

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A string member.
    Text,
    /// A member that is a non-negative integer.
    Integer,
    /// Any other member, as JSON text.
    Json,
}

/// Columns of `tables.parquet`.
pub(super) const TABLES: &[(&str, Kind)] = &[
    ("company", Kind::Text),
    ("name", Kind::Text),
    ("num_rows", Kind::Integer),
    ("columns", Kind::Json),
    ("rows", Kind::Json),
    ("description", Kind::Text),
    ("scale", Kind::Text),
    ("extra", Kind::Json),
];

/// Columns of `tasks.parquet`.
pub(super) const TASKS: &[(&str, Kind)] = &[
    ("id", Kind::Text),
    ("split", Kind::Text),
    ("companies", Kind::Json),
    ("question", Kind::Text),
    ("question_type", Kind::Text),
    ("unit_hint", Kind::Text),
    ("truth", Kind::Text),
    ("answer", Kind::Json),
    ("gold", Kind::Json),
    ("source", Kind::Text),
];

/// Column for members that have none of their own, as one JSON object; NULL if there are none.
const MORE: &str = "more";

/// Rows of one row group: also the unit in which other programs read.
const GROUP_ROWS: usize = 8192;

/// Bytes that records take before they are written, where they come one by one.
const GROUP_BYTES: usize = 16 << 20;

fn broken(path: &Path, e: &dyn std::fmt::Display) -> DataError {
    DataError::record(path, "Parquet", e.to_string())
}

/// The bytes of a Parquet file with these records.
pub(super) fn encode(records: &[Object], columns: Columns, path: &Path) -> Result<Vec<u8>> {
    let mut encoder = Encoder::new(Vec::new(), columns, path)?;
    for group in records.chunks(GROUP_ROWS) {
        encoder.write(group)?;
    }
    encoder.finish()
}

/// Names and kinds of columns.
type Columns = &'static [(&'static str, Kind)];

/// Writes a Parquet file record by record.
pub(super) struct Encoder<W: Write + Send> {
    writer: ArrowWriter<W>,
    schema: SchemaRef,
    columns: Columns,
    path: PathBuf,
    waiting: Vec<Object>,
    waiting_bytes: usize,
}

impl<W: Write + Send> Encoder<W> {
    pub(super) fn new(out: W, columns: Columns, path: &Path) -> Result<Self> {
        let mut fields: Vec<Field> = columns
            .iter()
            .map(|(name, kind)| {
                let data_type = if *kind == Kind::Integer {
                    DataType::Int64
                } else {
                    DataType::LargeUtf8
                };
                Field::new(*name, data_type, true)
            })
            .collect();
        fields.push(Field::new(MORE, DataType::LargeUtf8, true));
        let schema = Arc::new(Schema::new(fields));
        let level = ZstdLevel::try_new(3).map_err(|e| broken(path, &e))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .build();
        let writer = ArrowWriter::try_new(out, schema.clone(), Some(properties))
            .map_err(|e| broken(path, &e))?;
        Ok(Self {
            writer,
            schema,
            columns,
            path: path.to_owned(),
            waiting: Vec::new(),
            waiting_bytes: 0,
        })
    }

    /// Adds a record; what waits is written before it grows large.
    pub(super) fn push(&mut self, record: Object) -> Result<()> {
        // JSON in memory is some times its text; the longest member tells enough.
        self.waiting_bytes += record.get("rows").map_or(256, size);
        self.waiting.push(record);
        if self.waiting.len() >= GROUP_ROWS || self.waiting_bytes >= GROUP_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        self.write(&waiting)?;
        if self.writer.in_progress_size() >= GROUP_BYTES {
            self.writer.flush().map_err(|e| broken(&self.path, &e))?;
        }
        Ok(())
    }

    fn write(&mut self, records: &[Object]) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        let mut arrays: Vec<ArrayRef> = self
            .columns
            .iter()
            .map(|(name, kind)| array(records, name, *kind))
            .collect();
        arrays.push(more(records, self.columns));
        RecordBatch::try_new(self.schema.clone(), arrays)
            .map_err(|e| broken(&self.path, &e))
            .and_then(|batch| {
                self.writer
                    .write(&batch)
                    .map_err(|e| broken(&self.path, &e))
            })
    }

    /// Ends the file and hands back what it was written to.
    pub(super) fn finish(mut self) -> Result<W> {
        self.flush()?;
        self.writer.into_inner().map_err(|e| broken(&self.path, &e))
    }
}

/// About the bytes that a value takes in memory.
fn size(value: &Json) -> usize {
    match value {
        Json::Array(items) => 32 + items.iter().map(size).sum::<usize>(),
        Json::String(text) => 32 + text.len(),
        _ => 32,
    }
}

fn array(records: &[Object], name: &str, kind: Kind) -> ArrayRef {
    if kind == Kind::Integer {
        let numbers = records.iter().map(|r| r.get(name).and_then(Json::as_i64));
        return Arc::new(numbers.collect::<Int64Array>());
    }
    let mut texts = LargeStringBuilder::new();
    for record in records {
        match record.get(name) {
            None | Some(Json::Null) => texts.append_null(),
            Some(Json::String(text)) if kind == Kind::Text => texts.append_value(text),
            Some(other) => texts.append_value(other.to_string()),
        }
    }
    Arc::new(texts.finish())
}

fn more(records: &[Object], columns: &[(&str, Kind)]) -> ArrayRef {
    let mut texts = LargeStringBuilder::new();
    for record in records {
        let rest: Object = record
            .iter()
            .filter(|(key, _)| !columns.iter().any(|(name, _)| name == key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        if rest.is_empty() {
            texts.append_null();
        } else {
            texts.append_value(Json::Object(rest).to_string());
        }
    }
    Arc::new(texts.finish())
}

/// The records of a file that [`encode`] wrote.
pub(super) fn decode(path: &Path, columns: &[(&str, Kind)]) -> Result<Vec<Object>> {
    let file = std::fs::File::open(path).map_err(|e| DataError::io(path, e))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .map_err(|e| broken(path, &e))?;
    let mut out = Vec::new();
    for batch in reader {
        let batch = batch.map_err(|e| broken(path, &e))?;
        let first = out.len();
        out.resize_with(first + batch.num_rows(), Object::new);
        for (name, kind) in columns.iter().chain([&(MORE, Kind::Json)]) {
            let Some(array) = batch.column_by_name(name) else {
                continue;
            };
            for (row, record) in out[first..]
                .iter_mut()
                .enumerate()
                .filter(|(row, _)| array.is_valid(*row))
            {
                let value = value(array, row, *kind).map_err(|reason| {
                    DataError::record(
                        path,
                        format!("row {}, column {name:?}", first + row),
                        reason,
                    )
                })?;
                match value {
                    Json::Object(rest) if *name == MORE => record.extend(rest),
                    value => {
                        record.insert((*name).to_owned(), value);
                    }
                }
            }
        }
    }
    Ok(out)
}

fn value(array: &ArrayRef, row: usize, kind: Kind) -> Result<Json, String> {
    if kind == Kind::Integer {
        let numbers = array.as_primitive_opt::<Int64Type>();
        return numbers
            .map(|n| n.value(row).into())
            .ok_or_else(|| format!("{} is no INT64", array.data_type()));
    }
    let text = array
        .as_string_opt::<i64>()
        .map(|texts| texts.value(row))
        .ok_or_else(|| format!("{} is no text", array.data_type()))?;
    if kind == Kind::Text {
        Ok(text.into())
    } else {
        serde_json::from_str(text).map_err(|e| e.to_string())
    }
}
