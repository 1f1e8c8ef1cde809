//! Rows of TSV, CSV, JSON lines and Parquet as texts, with the line that each comes from.
//!
//! The same texts in the same order whatever the format: that is why the same facts give the same corpus. A reader of
//! the engine would be faster on several cores, but could not say which line a bad value stands in.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use finqa_data::DataError;
use serde_json::value::RawValue;

use super::error::Result;
use super::separated::separated;
use super::sources::Format;

/// A column that is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) name: &'a str,
    /// A file without it is refused.
    pub(super) required: bool,
}

/// One row.
pub(super) enum Row<'a> {
    /// The wanted columns; `None` where a column or its value is missing. An empty text is a missing value.
    Fields(&'a [Option<&'a str>]),
    /// It cannot be taken apart.
    Broken(String),
}

/// Receives the line (from 1; of Parquet the row) and the row; returning false ends the reading.
pub(super) type Take<'a> = dyn FnMut(u64, Row<'_>) -> Result<bool> + 'a;

/// Most bytes of a record: one that is longer, as after a quotation mark that nobody closes, is passed over.
pub(super) const MAX_RECORD_BYTES: u64 = 4 << 20;
/// Bytes read at once.
pub(super) const BUFFER: usize = 1 << 18;
/// Rows of Parquet decoded at once.
const BATCH_ROWS: usize = 4096;

/// Reads a file.
pub(super) fn read(path: &Path, wanted: &[Wanted<'_>], take: &mut Take<'_>) -> Result<()> {
    match Format::of(path) {
        Some(Format::Tsv) => separated(path, b'\t', wanted, take),
        Some(Format::Csv) => separated(path, b',', wanted, take),
        Some(Format::Parquet) => parquet(path, wanted, take),
        Some(Format::Json) => json(path, wanted, take),
        None => Err(DataError::layout(path, "is of no known format").into()),
    }
}

pub(super) fn open(path: &Path) -> Result<File> {
    Ok(File::open(path).map_err(|e| DataError::io(path, e))?)
}

/// What is said of a record over [`MAX_RECORD_BYTES`].
pub(super) fn too_long() -> String {
    format!("is longer than {MAX_RECORD_BYTES} bytes, or has a quotation mark that nobody closes")
}

/// Where the wanted columns stand; an error names one that is missing.
pub(super) fn places(
    path: &Path,
    wanted: &[Wanted<'_>],
    header: &[String],
) -> Result<Vec<Option<usize>>> {
    wanted
        .iter()
        .map(|column| {
            let found = header
                .iter()
                .position(|h| h.eq_ignore_ascii_case(column.name));
            if found.is_none() && column.required {
                return Err(DataError::record(
                    path,
                    "header",
                    format!(
                        "has no column {:?}; it has {}",
                        column.name,
                        header.join(", ")
                    ),
                )
                .into());
            }
            Ok(found.filter(|_| !column.name.is_empty()))
        })
        .collect()
}

fn json(path: &Path, wanted: &[Wanted<'_>], take: &mut Take<'_>) -> Result<()> {
    let mut reader = BufReader::with_capacity(BUFFER, open(path)?);
    let mut bytes = Vec::new();
    let mut line = 0;
    loop {
        bytes.clear();
        let n = reader
            .by_ref()
            .take(MAX_RECORD_BYTES)
            .read_until(b'\n', &mut bytes)
            .map_err(|e| DataError::io(path, e))?;
        if n == 0 {
            return Ok(());
        }
        line += 1;
        if n as u64 == MAX_RECORD_BYTES && !bytes.ends_with(b"\n") {
            reader
                .skip_until(b'\n')
                .map_err(|e| DataError::io(path, e))?;
            if !take(line, Row::Broken(too_long()))? {
                return Ok(());
            }
            continue;
        }
        let text = bytes.trim_ascii();
        if text.is_empty() {
            continue;
        }
        if line == 1 && text.starts_with(b"[") {
            return Err(DataError::record(
                path,
                "line 1",
                "starts a list; JSON facts are one object a line (JSON lines)",
            )
            .into());
        }
        let goes_on = match serde_json::from_slice::<HashMap<String, &RawValue>>(text) {
            Err(e) => take(line, Row::Broken(format!("is no JSON object: {e}")))?,
            Ok(object) => {
                let texts: Vec<Option<String>> = wanted
                    .iter()
                    .map(|column| plain(object.get(column.name)?.get()))
                    .collect();
                let fields: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
                take(line, Row::Fields(&fields))?
            }
        };
        if !goes_on {
            return Ok(());
        }
    }
}

/// A JSON scalar as text; numbers keep their spelling.
fn plain(json: &str) -> Option<String> {
    let text = match json.as_bytes().first()? {
        b'"' => serde_json::from_str::<String>(json).ok()?.trim().to_owned(),
        b'n' => return None,
        _ => json.to_owned(),
    };
    (!text.is_empty()).then_some(text)
}

fn parquet(path: &Path, wanted: &[Wanted<'_>], take: &mut Take<'_>) -> Result<()> {
    let broken = |e: &dyn std::fmt::Display| DataError::record(path, "Parquet", e.to_string());
    let builder = ParquetRecordBatchReaderBuilder::try_new(open(path)?).map_err(|e| broken(&e))?;
    let header: Vec<String> = builder
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let places = places(path, wanted, &header)?;
    let mut kept: Vec<usize> = places.iter().flatten().copied().collect();
    kept.sort_unstable();
    kept.dedup();
    let mask = ProjectionMask::roots(builder.parquet_schema(), kept.iter().copied());
    let reader = builder
        .with_projection(mask)
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(|e| broken(&e))?;
    let mut line = 0;
    for batch in reader {
        let batch = batch.map_err(|e| broken(&e))?;
        let columns = batch
            .columns()
            .iter()
            .map(|column| cast(column, &DataType::LargeUtf8))
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(|e| broken(&e))?;
        for row in 0..batch.num_rows() {
            line += 1;
            let fields: Vec<Option<&str>> = places
                .iter()
                .map(|place| {
                    let column = &columns[kept.binary_search(&(*place)?).ok()?];
                    let text = column
                        .is_valid(row)
                        .then(|| column.as_string::<i64>().value(row).trim())?;
                    (!text.is_empty()).then_some(text)
                })
                .collect();
            if !take(line, Row::Fields(&fields))? {
                return Ok(());
            }
        }
    }
    Ok(())
}
