//! Runs: opening, reading and writing.

use std::path::PathBuf;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use finqa_core::behaviour::{Check, Flag};
use finqa_core::rubric::Dimension;
use finqa_core::trajectory::{
    CallRecord, CriterionRecord, EpisodeRecord, MessageRecord, TurnRecord,
};
use finqa_data::DataError as FileError;
use finqa_data::trajectories::{Run, Session, episode_from_json};
use numpy::{Element, PyArray1};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PyList, PyString};

use crate::convert::json_to_py;
use crate::exceptions::{DataError, Error};
use crate::gil;

/// A run as it was when it was opened.
#[pyclass(name = "Run", module = "finqa_gym._native", frozen)]
pub(crate) struct PyRun {
    pub(crate) run: Run,
}

#[pymethods]
impl PyRun {
    #[new]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let run = gil::enter(py, || Run::open(&path)).map_err(Error::from)?;
        Ok(Self { run })
    }

    #[getter]
    fn info<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json_to_py(py, self.run.info())
    }

    #[getter]
    fn num_episodes(&self) -> u64 {
        self.run.num_episodes()
    }

    #[getter]
    fn num_lost(&self) -> u64 {
        self.run.num_lost()
    }

    #[getter]
    fn num_running(&self) -> u64 {
        self.run.num_running()
    }

    #[getter]
    fn num_abandoned(&self) -> u64 {
        self.run.num_abandoned()
    }

    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.run.warnings().to_vec()
    }

    /// The Parquet files of the closed sessions.
    #[getter]
    fn files(&self) -> Vec<PathBuf> {
        self.run.files()
    }

    /// Names of the columns that `columns` reads.
    #[staticmethod]
    fn column_names() -> Vec<String> {
        Run::scalar_columns()
            .iter()
            .map(|f| f.name().clone())
            .collect()
    }

    /// Columns of scalars by name: arrays, or lists of str.
    fn columns<'py>(&self, py: Python<'py>, names: Vec<String>) -> PyResult<Bound<'py, PyDict>> {
        let wanted: Vec<&str> = names.iter().map(String::as_str).collect();
        let batches = gil::enter(py, || self.run.columns(&wanted)).map_err(Error::from)?;
        let dict = PyDict::new(py);
        for name in wanted {
            let arrays: Vec<&ArrayRef> = batches
                .iter()
                .filter_map(|batch| batch.column_by_name(name))
                .collect();
            let field = Run::scalar_columns().into_iter().find(|f| f.name() == name);
            let data_type = field.map_or(DataType::Null, |f| f.data_type().clone());
            dict.set_item(name, column(py, &data_type, &arrays)?)?;
        }
        Ok(dict)
    }

    /// The episodes `start..stop` as dicts.
    fn episodes<'py>(
        &self,
        py: Python<'py>,
        start: u64,
        stop: u64,
    ) -> PyResult<Bound<'py, PyList>> {
        let episodes = gil::enter(py, || {
            let mut episodes = Vec::new();
            self.run.episodes(start, stop, &mut |episode| {
                episodes.push(episode);
                true
            })?;
            Ok::<_, FileError>(episodes)
        })
        .map_err(Error::from)?;
        let list = PyList::empty(py);
        for episode in &episodes {
            list.append(episode_dict(py, episode)?)?;
        }
        Ok(list)
    }
}

/// Makes a run of episodes that are there already: its `run.json`, then one JSON object an episode.
#[pyfunction]
pub(crate) fn write_run(
    path: PathBuf,
    info: &str,
    records: &Bound<'_, PyIterator>,
    append: bool,
) -> PyResult<u64> {
    let info =
        serde_json::from_str(info).map_err(|e| DataError::new_err(format!("run.json: {e}")))?;
    let session = Session::start(&path, &info, append).map_err(Error::from)?;
    let mut raised = None;
    let first = session.first_episode();
    let mut number = 0;
    let episodes = records.try_iter()?.map_while(|record| {
        let record = record.and_then(|text| text.extract::<String>());
        let text = match record {
            Ok(text) => text,
            Err(error) => {
                raised = Some(error);
                // What stops the writer; the exception itself is raised below.
                return Some(Err(FileError::layout(
                    &path,
                    "the records ended with an exception",
                )));
            }
        };
        let place = number;
        number += 1;
        let broken = |reason: String| FileError::record(&path, format!("record {place}"), reason);
        let parsed = serde_json::from_str::<serde_json::Value>(&text)
            .map_err(|e| broken(e.to_string()))
            .and_then(|value| {
                let numbered = value.get("episode").is_some();
                let mut episode = episode_from_json(value).map_err(broken)?;
                if !numbered {
                    episode.episode = first + place;
                }
                Ok(episode)
            });
        Some(parsed)
    });
    let written = session.write(episodes);
    if let Some(error) = raised {
        return Err(error);
    }
    Ok(written.map_err(Error::from)?.num_episodes)
}

fn column<'py>(
    py: Python<'py>,
    data_type: &DataType,
    arrays: &[&ArrayRef],
) -> PyResult<Bound<'py, PyAny>> {
    let nulls = arrays.iter().any(|array| array.null_count() > 0);
    Ok(match data_type {
        DataType::Int8 => integers::<Int8Type>(py, arrays, nulls),
        DataType::Int16 => integers::<Int16Type>(py, arrays, nulls),
        DataType::Int32 => integers::<Int32Type>(py, arrays, nulls),
        DataType::Int64 => integers::<Int64Type>(py, arrays, nulls),
        DataType::Float32 => numbers::<Float32Type, _>(py, arrays, |n| n.unwrap_or(f32::NAN)),
        DataType::Float64 => numbers::<Float64Type, _>(py, arrays, |n| n.unwrap_or(f64::NAN)),
        DataType::Boolean => {
            let flags = arrays.iter().flat_map(|array| array.as_boolean().iter());
            if nulls {
                let flags = flags.map(|f| f.map_or(f64::NAN, |f| f64::from(u8::from(f))));
                PyArray1::from_iter(py, flags).into_any()
            } else {
                PyArray1::from_iter(py, flags.map(|f| f == Some(true))).into_any()
            }
        }
        _ => texts(py, arrays)?.into_any(),
    })
}

/// Integers; with nulls floats, where NaN stands for them.
fn integers<'py, T>(py: Python<'py>, arrays: &[&ArrayRef], nulls: bool) -> Bound<'py, PyAny>
where
    T: ArrowPrimitiveType,
    T::Native: Element + Into<i64>,
{
    if nulls {
        return numbers::<T, f64>(py, arrays, |n| n.map_or(f64::NAN, |n| n.into() as f64));
    }
    numbers::<T, T::Native>(py, arrays, Option::unwrap_or_default)
}

fn numbers<'py, T, N>(
    py: Python<'py>,
    arrays: &[&ArrayRef],
    value: impl Fn(Option<T::Native>) -> N,
) -> Bound<'py, PyAny>
where
    T: ArrowPrimitiveType,
    N: Element,
{
    let values = arrays
        .iter()
        .flat_map(|array| array.as_primitive::<T>().iter());
    PyArray1::from_iter(py, values.map(value)).into_any()
}

/// Texts or None. Neighbours that are equal share one object: columns such as the policy hold few values.
fn texts<'py>(py: Python<'py>, arrays: &[&ArrayRef]) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    let mut before: Option<(&str, Bound<'py, PyString>)> = None;
    for text in arrays
        .iter()
        .flat_map(|array| array.as_string::<i32>().iter())
    {
        match (text, &before) {
            (None, _) => list.append(py.None())?,
            (Some(text), Some((seen, object))) if text == *seen => list.append(object)?,
            (Some(text), _) => {
                let object = PyString::new(py, text);
                list.append(&object)?;
                before = Some((text, object));
            }
        }
    }
    Ok(list)
}

/// A dict with the named fields of a struct.
macro_rules! fields_dict {
    ($py:expr, $row:expr, $($field:ident),* $(,)?) => {{
        let dict = PyDict::new($py);
        $(dict.set_item(intern!($py, stringify!($field)), &$row.$field)?;)*
        dict
    }};
}

fn dicts<'py, T>(
    py: Python<'py>,
    rows: &[T],
    dict: fn(Python<'py>, &T) -> PyResult<Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for row in rows {
        list.append(dict(py, row)?)?;
    }
    Ok(list)
}

fn criterion_dict<'py>(py: Python<'py>, row: &CriterionRecord) -> PyResult<Bound<'py, PyDict>> {
    Ok(fields_dict!(
        py, row, id, dim, weight, score, applicable, reason
    ))
}

fn call_dict<'py>(py: Python<'py>, row: &CallRecord) -> PyResult<Bound<'py, PyDict>> {
    Ok(fields_dict!(
        py, row, turn, tool, status, error, company, table, rows, tool_ms
    ))
}

fn message_dict<'py>(py: Python<'py>, row: &MessageRecord) -> PyResult<Bound<'py, PyDict>> {
    Ok(fields_dict!(py, row, id, name, content))
}

fn turn_dict<'py>(py: Python<'py>, row: &TurnRecord) -> PyResult<Bound<'py, PyDict>> {
    let dict = fields_dict!(
        py,
        row,
        action,
        tool_calls,
        length_limited,
        num_tokens,
        reward
    );
    dict.set_item(
        intern!(py, "messages"),
        dicts(py, &row.messages, message_dict)?,
    )?;
    Ok(dict)
}

/// An episode as `Run.episodes` returns it.
pub(crate) fn episode_dict<'py>(
    py: Python<'py>,
    row: &EpisodeRecord,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = fields_dict!(
        py,
        row,
        episode,
        policy,
        policy_step,
        task_id,
        task_index,
        split,
        question_type,
        level,
        num_tables,
        companies,
        question,
        truth,
        env_id,
        group,
        seed,
        started_ms,
        duration_ms,
        tool_ms,
        status,
        truncation_reason,
        submission,
        is_correct,
        outcome,
        reward,
        answer_reason,
        wrong_answer,
        failure,
        failures,
        process,
        num_turns,
        num_calls,
        num_errors,
        num_prompt_tokens,
        num_completion_tokens,
    );
    let named = PyDict::new(py);
    for (dimension, score) in Dimension::SCORED.iter().zip(row.dimensions) {
        named.set_item(dimension.name(), score)?;
    }
    dict.set_item(intern!(py, "dimensions"), named)?;
    let named = PyDict::new(py);
    for (check, score) in Check::ALL.iter().zip(row.checks) {
        named.set_item(check.name(), score)?;
    }
    dict.set_item(intern!(py, "checks"), named)?;
    let named = PyDict::new(py);
    for &flag in Flag::ALL {
        named.set_item(flag.name(), row.flags >> flag as u8 & 1 == 1)?;
    }
    dict.set_item(intern!(py, "flags"), named)?;
    dict.set_item(
        intern!(py, "criteria"),
        dicts(py, &row.criteria, criterion_dict)?,
    )?;
    dict.set_item(intern!(py, "calls"), dicts(py, &row.calls, call_dict)?)?;
    dict.set_item(intern!(py, "prompt"), &row.prompt)?;
    dict.set_item(intern!(py, "turns"), dicts(py, &row.turns, turn_dict)?)?;
    Ok(dict)
}
