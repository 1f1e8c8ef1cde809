//! A build with DataFusion.

use std::path::{Path, PathBuf};
use std::time::Duration;

use finqa_datafusion::arrow::array::RecordBatch;
use finqa_datafusion::arrow::datatypes::Schema;
use finqa_datafusion::query::{self, Limits, QueryResult, RELATIONS, RunFolder};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList};

use super::RelationTuple;
use super::values::to_py;
use crate::exceptions::query_error;
use crate::gil;

/// The name that the interface prescribes.
const STREAM: &std::ffi::CStr = c"arrow_array_stream";

pub(super) struct Rows(QueryResult);

fn named(schema: &Schema) -> Vec<(String, String)> {
    schema
        .fields()
        .iter()
        .map(|field| (field.name().clone(), field.data_type().to_string()))
        .collect()
}

impl Rows {
    pub(super) fn num_rows(&self) -> usize {
        self.0.num_rows()
    }

    pub(super) fn columns(&self) -> Vec<(String, String)> {
        named(&self.0.schema)
    }

    pub(super) fn rows<'py>(
        &self,
        py: Python<'py>,
        start: usize,
        stop: usize,
    ) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        let mut before = 0;
        for batch in self.0.batches.iter() {
            let within =
                start.saturating_sub(before)..stop.saturating_sub(before).min(batch.num_rows());
            for row in within {
                list.append(row_dict(py, batch, row)?)?;
            }
            before += batch.num_rows();
        }
        Ok(list)
    }

    pub(super) fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (column, field) in self.0.schema.fields().iter().enumerate() {
            let list = PyList::empty(py);
            for batch in self.0.batches.iter() {
                for row in 0..batch.num_rows() {
                    list.append(to_py(py, batch.column(column), row)?)?;
                }
            }
            dict.set_item(field.name(), list)?;
        }
        Ok(dict)
    }

    pub(super) fn write_parquet(&self, py: Python<'_>, path: &Path) -> PyResult<()> {
        let written = gil::enter(py, || self.0.write_parquet(path));
        written.map_err(|error| query_error(&error))
    }

    pub(super) fn capsule<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        // Dropping the capsule releases a stream that nobody took.
        PyCapsule::new_with_value(py, self.0.stream(), STREAM)
    }
}

fn row_dict<'py>(py: Python<'py>, batch: &RecordBatch, row: usize) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        dict.set_item(field.name(), to_py(py, column, row)?)?;
    }
    Ok(dict)
}

pub(super) fn run(
    py: Python<'_>,
    sql: &str,
    runs: Vec<(Option<String>, PathBuf)>,
    memory_bytes: usize,
    timeout: Option<Duration>,
    max_rows: Option<usize>,
) -> PyResult<Rows> {
    let folders: Vec<RunFolder> = runs
        .into_iter()
        .map(|(name, path)| RunFolder { name, path })
        .collect();
    let limits = Limits {
        memory_bytes,
        timeout,
        max_rows,
    };
    let done = gil::enter_interruptible(py, |keep_going| {
        Some(query::query(sql, &folders, &limits, keep_going))
    })?;
    match done {
        Some(Ok(result)) => Ok(Rows(result)),
        Some(Err(error)) => Err(query_error(&error)),
        None => unreachable!("the work always returns"),
    }
}

pub(super) fn relations(py: Python<'_>) -> PyResult<Vec<RelationTuple>> {
    let found = gil::enter(py, || {
        RELATIONS
            .iter()
            .map(|relation| Ok((relation, query::columns(relation.name)?)))
            .collect::<Result<Vec<_>, query::QueryError>>()
    });
    Ok(found
        .map_err(|error| query_error(&error))?
        .into_iter()
        .map(|(relation, schema)| {
            (
                relation.name.to_string(),
                relation.is_table,
                relation.doc.to_string(),
                relation.sql.clone(),
                named(&schema),
            )
        })
        .collect())
}
