//! Facts of filings: the stand-in for the real files, corpora made of facts, tasks mined from a corpus. The last two
//! need the feature `datafusion`; without it they say how to get it.

#[cfg(not(feature = "datafusion"))]
mod absent;
#[cfg(feature = "datafusion")]
mod built;

#[cfg(not(feature = "datafusion"))]
use absent as engine;
#[cfg(feature = "datafusion")]
use built as engine;

use std::path::PathBuf;

use finqa_data::{FilingsConfig, write_filings};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::corpus::PyCorpus;
use crate::exceptions::Error;
use crate::gil;

pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(write_facts_sample, m)?)?;
    m.add_function(wrap_pyfunction!(ingest_facts, m)?)?;
    m.add_function(wrap_pyfunction!(mine_tasks, m)?)?;
    m.add_function(wrap_pyfunction!(task_kinds, m)?)
}

/// Writes the four tables and returns how much of what.
#[pyfunction]
#[pyo3(signature = (path, num_facts, seed, progress=None))]
fn write_facts_sample(
    py: Python<'_>,
    path: PathBuf,
    num_facts: u64,
    seed: u64,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'_, PyDict>> {
    let config = FilingsConfig { num_facts, seed };
    let mut raised = None;
    let written = gil::enter(py, || {
        write_filings(&path, &config, &mut |facts| {
            tell(progress.as_ref(), (facts, num_facts), &mut raised)
        })
    });
    if let Some(error) = raised {
        return Err(error);
    }
    let written = written.map_err(Error::from)?;
    let out = PyDict::new(py);
    for (name, count) in [
        ("companies", written.num_companies),
        ("filings", written.num_filings),
        ("facts", written.num_facts),
        ("presented", written.num_presented),
        ("tags", written.num_tags),
    ] {
        out.set_item(name, count)?;
    }
    Ok(out)
}

/// Makes a corpus of facts; `options` and the report are JSON.
#[pyfunction]
#[pyo3(signature = (sources, target, options, progress=None))]
fn ingest_facts(
    py: Python<'_>,
    sources: Vec<PathBuf>,
    target: PathBuf,
    options: &str,
    progress: Option<Py<PyAny>>,
) -> PyResult<String> {
    engine::ingest(py, &sources, &target, options, progress.as_ref())
}

/// Mines tasks: the corpus with them, and the report as JSON.
#[pyfunction]
#[pyo3(signature = (corpus, options, name))]
fn mine_tasks(
    py: Python<'_>,
    corpus: &PyCorpus,
    options: &str,
    name: String,
) -> PyResult<(PyCorpus, String)> {
    engine::mine(py, corpus, options, name)
}

/// Kinds of mined tasks.
#[pyfunction]
fn task_kinds() -> PyResult<Vec<&'static str>> {
    engine::kinds()
}

/// Calls back with `arguments`; false if the callback or a signal handler raised, which is kept in `raised`.
fn tell<A>(callback: Option<&Py<PyAny>>, arguments: A, raised: &mut Option<PyErr>) -> bool
where
    A: for<'py> pyo3::call::PyCallArgs<'py>,
{
    Python::attach(|py| {
        let told = callback.map_or(Ok(()), |call| call.call1(py, arguments).map(drop));
        match told.and_then(|()| py.check_signals()) {
            Ok(()) => true,
            Err(error) => {
                raised.get_or_insert(error);
                false
            }
        }
    })
}

/// Stopped without an exception of Python's own: nobody does that today, and it must not pass for success.
#[cfg(feature = "datafusion")]
fn cancelled(target: PathBuf) -> PyErr {
    Error::from(finqa_data::DataError::Cancelled { path: target }).into()
}
