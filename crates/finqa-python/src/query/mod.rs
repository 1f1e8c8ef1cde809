//! SQL over recorded runs. The names are there in every build; without the feature `datafusion` they say how to get it.

#[cfg(not(feature = "datafusion"))]
mod absent;
#[cfg(feature = "datafusion")]
mod built;
#[cfg(feature = "datafusion")]
mod values;

#[cfg(not(feature = "datafusion"))]
use absent as engine;
#[cfg(feature = "datafusion")]
use built as engine;

use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList};

/// Cargo features of this build, for `build_info`.
pub(crate) const FEATURES: &[&str] = if cfg!(feature = "datafusion") {
    &["datafusion"]
} else {
    &[]
};

/// Rows of a query, in Arrow's memory layout.
#[pyclass(name = "QueryResult", module = "finqa_gym._native", frozen)]
pub(crate) struct PyQueryResult {
    rows: engine::Rows,
}

#[pymethods]
impl PyQueryResult {
    #[getter]
    fn num_rows(&self) -> usize {
        self.rows.num_rows()
    }

    /// (name, Arrow type) of each column.
    #[getter]
    fn columns(&self) -> Vec<(String, String)> {
        self.rows.columns()
    }

    /// Rows `start` to `stop` as dicts.
    fn rows<'py>(
        &self,
        py: Python<'py>,
        start: usize,
        stop: usize,
    ) -> PyResult<Bound<'py, PyList>> {
        self.rows.rows(py, start, stop)
    }

    /// Every column as a list.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.rows.to_dict(py)
    }

    /// Writes the rows to a Parquet file.
    fn write_parquet(&self, py: Python<'_>, path: std::path::PathBuf) -> PyResult<()> {
        self.rows.write_parquet(py, &path)
    }

    /// The rows over Arrow's C stream interface; what is asked for in `requested_schema` is not converted to, which
    /// the interface allows.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        self.rows.capsule(py)
    }
}

/// Runs SQL over `runs`, each a name (or None) and a folder.
#[pyfunction]
#[pyo3(signature = (sql, runs, memory_limit_bytes, timeout_s=None, max_rows=None))]
fn run_query(
    py: Python<'_>,
    sql: &str,
    runs: Vec<(Option<String>, std::path::PathBuf)>,
    memory_limit_bytes: usize,
    timeout_s: Option<f64>,
    max_rows: Option<usize>,
) -> PyResult<PyQueryResult> {
    let timeout = timeout_s
        .map(|seconds| {
            Duration::try_from_secs_f64(seconds)
                .ok()
                .filter(|timeout| !timeout.is_zero())
                .ok_or_else(|| {
                    PyValueError::new_err(format!(
                        "timeout_s is {seconds}; it must be a number of seconds above 0, or None"
                    ))
                })
        })
        .transpose()?;
    if memory_limit_bytes == 0 {
        return Err(PyValueError::new_err(
            "memory_limit_bytes is 0; it must be above 0",
        ));
    }
    let rows = engine::run(py, sql, runs, memory_limit_bytes, timeout, max_rows)?;
    Ok(PyQueryResult { rows })
}

/// (name, is_table, doc, sql, columns) of every table and view.
#[pyfunction]
fn query_relations(py: Python<'_>) -> PyResult<Vec<RelationTuple>> {
    engine::relations(py)
}

type RelationTuple = (String, bool, String, String, Vec<(String, String)>);

pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyQueryResult>()?;
    m.add_function(wrap_pyfunction!(run_query, m)?)?;
    m.add_function(wrap_pyfunction!(query_relations, m)?)?;
    Ok(())
}
