//! Parquet files as JSON objects, a row at a time: for records whose columns are lists and structs.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use serde_json::{Map, Value};

use super::parquet_rows;
use crate::error::{DataError, Result};

/// Rows that are in memory at a time.
const BATCH_ROWS: usize = 256;

/// The rows of a file. Ends after an error.
///
/// Structs become objects, lists arrays, dates and times ISO text. What JSON cannot hold (NaN, bytes that are no text)
/// becomes null.
pub struct JsonRows {
    path: PathBuf,
    reader: ParquetRecordBatchReader,
    names: Vec<String>,
    batch: Option<RecordBatch>,
    row: usize,
    num_rows: u64,
}

impl JsonRows {
    /// Opens a file.
    ///
    /// # Errors
    /// [`DataError`] if it cannot be read or is no Parquet.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| DataError::io(path, e))?;
        // Without the writer's Arrow schema there are fewer types: no dictionaries, no views, no large strings.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let broken = |e: &dyn std::fmt::Display| parquet_rows::broken(path, e);
        let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
            .map_err(|e| broken(&e))?;
        let names = builder
            .schema()
            .fields()
            .iter()
            .map(|f| f.name().clone())
            .collect();
        let num_rows = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
        let reader = builder
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(|e| broken(&e))?;
        Ok(Self {
            path: path.to_owned(),
            reader,
            names,
            batch: None,
            row: 0,
            num_rows,
        })
    }

    /// Rows of the file.
    pub fn num_rows(&self) -> u64 {
        self.num_rows
    }
}

impl Iterator for JsonRows {
    type Item = Result<Value>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(batch) = self.batch.as_ref().filter(|b| self.row < b.num_rows()) {
                let row = self.row;
                self.row += 1;
                let cells = self.names.iter().cloned().zip(batch.columns());
                let object: Map<String, Value> = cells
                    .map(|(name, column)| (name, json(column, row)))
                    .collect();
                return Some(Ok(object.into()));
            }
            match self.reader.next()? {
                Ok(batch) => (self.batch, self.row) = (Some(batch), 0),
                Err(e) => return Some(Err(parquet_rows::broken(&self.path, &e))),
            }
        }
    }
}

fn json(array: &ArrayRef, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    let list = |values: ArrayRef| {
        (0..values.len())
            .map(|i| json(&values, i))
            .collect::<Vec<_>>()
    };
    match array.data_type() {
        DataType::Boolean => array.as_boolean().value(row).into(),
        DataType::List(_) => list(array.as_list::<i32>().value(row)).into(),
        DataType::LargeList(_) => list(array.as_list::<i64>().value(row)).into(),
        DataType::FixedSizeList(..) => list(array.as_fixed_size_list().value(row)).into(),
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns();
            let members = fields.iter().zip(columns);
            let object: Map<String, Value> = members
                .map(|(field, column)| (field.name().clone(), json(column, row)))
                .collect();
            object.into()
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            let object: Map<String, Value> = (0..entries.len())
                .map(|i| (text_of(json(keys, i)), json(values, i)))
                .collect();
            object.into()
        }
        DataType::Binary => std::str::from_utf8(array.as_binary::<i32>().value(row))
            .map_or(Value::Null, Value::from),
        _ => parquet_rows::cell(array, row).map_or(Value::Null, plain),
    }
}

fn text_of(key: Value) -> String {
    match key {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn plain(cell: finqa_core::Value) -> Value {
    match cell {
        finqa_core::Value::Null => Value::Null,
        finqa_core::Value::Integer(i) => i.into(),
        finqa_core::Value::Real(x) => x.into(),
        finqa_core::Value::Text(text) => (&*text).into(),
    }
}
