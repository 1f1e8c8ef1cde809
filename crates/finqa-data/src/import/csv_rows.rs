//! CSV and TSV files as rows of strings; nothing is guessed.

use std::path::Path;

use crate::error::{DataError, Result, utf8};

/// Header, and the rows with the line on which each starts. Rows may be ragged.
pub(crate) struct CsvRows {
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<(u64, Vec<String>)>,
}

/// Reads a file; `delimiter` is `b','` or `b'\t'`. Lines without any text are left out.
pub(crate) fn read(path: &Path, bytes: &[u8], delimiter: u8) -> Result<CsvRows> {
    let text = utf8(path, bytes)?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut header = None;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| {
            let line = e.position().map_or(0, csv::Position::line);
            DataError::record(path, format!("line {line}"), e.to_string())
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let cells: Vec<String> = record.iter().map(str::to_owned).collect();
        if header.is_none() {
            header = Some(cells);
        } else {
            rows.push((line, cells));
        }
    }
    let header = header.ok_or_else(|| {
        DataError::record(
            path,
            "line 1",
            "the file is empty; its first line must hold the column names",
        )
    })?;
    Ok(CsvRows { header, rows })
}
