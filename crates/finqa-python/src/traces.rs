//! Somebody else's logs: their Parquet files as dicts, and their episodes scored.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use finqa_core::Task;
use finqa_core::answer::AnswerMode;
use finqa_core::behaviour::RewardConfig;
use finqa_core::table::Company;
use finqa_core::trace::{Reference, Trace};
use finqa_data::import::answer_spec::infer;
use finqa_data::import::parquet_json::JsonRows;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::convert::json_to_py;
use crate::corpus::PyCorpus;
use crate::exceptions::Error;
use crate::gil;
use crate::trajectories::episode_dict;

pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyParquetRecords>()?;
    m.add_function(wrap_pyfunction!(score_trace, m)?)?;
    m.add_function(wrap_pyfunction!(read_yaml, m)?)?;
    m.add_function(wrap_pyfunction!(final_answer, m)?)?;
    Ok(())
}

/// The rows of a Parquet file as dicts, nested columns included.
#[pyclass(name = "ParquetRecords", module = "finqa_gym._native", frozen)]
pub(crate) struct PyParquetRecords {
    rows: Mutex<JsonRows>,
}

#[pymethods]
impl PyParquetRecords {
    #[new]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let rows = gil::enter(py, || JsonRows::open(&path)).map_err(Error::from)?;
        Ok(Self {
            rows: Mutex::new(rows),
        })
    }

    /// Rows of the file.
    #[getter]
    fn num_rows(&self) -> u64 {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.num_rows()
    }

    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let row = gil::enter(py, || {
            self.rows
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .next()
        });
        let row = row.transpose().map_err(Error::from)?;
        row.map(|row| json_to_py(py, &row)).transpose()
    }
}

/// A record as a dict, whether the rules hold the answer for right, and tables that the corpus does not hold.
type Scored<'py> = (Bound<'py, PyDict>, Option<bool>, Vec<String>);

/// Scores a trace (JSON text) against a task of a corpus, or against a task that is made of what the log says: `told`
/// is JSON text of a task's fields, whose answer spec is inferred.
#[pyfunction]
#[pyo3(signature = (trace, mode, corpus=None, task_index=None, told=None))]
fn score_trace<'py>(
    py: Python<'py>,
    trace: &str,
    mode: &str,
    corpus: Option<&PyCorpus>,
    task_index: Option<u32>,
    told: Option<&str>,
) -> PyResult<Scored<'py>> {
    let mode = AnswerMode::parse(mode).map_err(Error::from)?;
    let trace: Trace = from_json("trace", trace)?;
    let scored = gil::enter(py, || {
        let (task, companies) = match (corpus, task_index) {
            (Some(corpus), Some(index)) => in_corpus(corpus, index)?,
            _ => (Arc::new(made_of(told)?), Vec::new()),
        };
        let reference = Reference {
            task: &task,
            task_index: task_index.filter(|_| corpus.is_some()),
            companies: &companies,
        };
        finqa_core::trace::score_trace(&trace, &reference, mode, &RewardConfig::default())
            .map_err(|e| PyErr::from(Error::from(e)))
    })?;
    let record = episode_dict(py, &scored.record)?;
    Ok((record, scored.by_rules, scored.strangers))
}

/// Companies with their indices in the corpus.
type Companies = Vec<(u32, Arc<Company>)>;

fn in_corpus(corpus: &PyCorpus, index: u32) -> PyResult<(Arc<Task>, Companies)> {
    let corpus = &corpus.corpus;
    let task = corpus.task(index).map_err(Error::from)?;
    let companies = corpus
        .task_companies(index)
        .and_then(|indices| {
            let pairs = indices.into_iter().map(|i| Ok((i, corpus.company(i)?)));
            pairs.collect::<finqa_core::Result<Vec<_>>>()
        })
        .map_err(Error::from)?;
    Ok((task, companies))
}

fn made_of(told: Option<&str>) -> PyResult<Task> {
    let mut value: serde_json::Value = from_json("task", told.unwrap_or("{}"))?;
    // Fields that a task cannot be without; what the log does not say stays empty.
    for (field, empty) in [
        ("id", "".into()),
        ("split", "".into()),
        ("companies", serde_json::json!([])),
        ("question", "".into()),
        ("truth", "".into()),
    ] {
        if value[field].is_null() {
            value[field] = empty;
        }
    }
    let mut task: Task =
        serde_json::from_value(value).map_err(|e| PyValueError::new_err(format!("task: {e}")))?;
    if !task.truth.is_empty() {
        task.answer = infer(&task.truth, &task.question, None);
    }
    Ok(task)
}

fn from_json<T: serde::de::DeserializeOwned>(what: &str, text: &str) -> PyResult<T> {
    serde_json::from_str(text).map_err(|e| PyValueError::new_err(format!("{what}: {e}")))
}

/// YAML text as Python objects; JSON is YAML.
#[pyfunction]
fn read_yaml<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    let value: serde_json::Value =
        serde_saphyr::from_str(text).map_err(|e| PyValueError::new_err(e.to_string()))?;
    json_to_py(py, &value)
}

/// The final answer in a message without calls: what follows `FINAL ANSWER:`, or what is boxed.
#[pyfunction]
fn final_answer(text: &str) -> Option<String> {
    finqa_core::answer::final_answer(text).map(|answer| answer.trim().to_owned())
}
