//! Rows of the engine as NumPy arrays and lists.

use finqa_core::error::ToolErrorCode;
use finqa_env::Status;
use finqa_env::observation::Observation;
use finqa_env::vector::{Row, SlotInfo};
use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use serde_json::Value;

use crate::scores;

/// What a batch of rows becomes: (env_ids, observations, rewards, terminated, truncated, infos).
pub(crate) type Batch<'py> = (
    Bound<'py, PyArray1<i32>>,
    Bound<'py, PyList>,
    Bound<'py, PyArray1<f32>>,
    Bound<'py, PyArray1<bool>>,
    Bound<'py, PyArray1<bool>>,
    Bound<'py, PyDict>,
);

/// Converts rows, in their order; `max_criteria` is the width of the arrays of criteria.
pub(crate) fn batch<'py>(
    py: Python<'py>,
    rows: &[Row],
    max_criteria: usize,
) -> PyResult<Batch<'py>> {
    let mut scratch = String::new();
    let observations = PyList::empty(py);
    for row in rows {
        let text = match &row.prompt {
            Some(prompt) => PyString::new(py, prompt),
            None => observation_text(py, &row.observation, &mut scratch),
        };
        observations.append(text)?;
    }
    let infos = infos(py, rows.iter().map(|row| row.info))?;
    let columns = scores::columns(py, rows, max_criteria)?;
    scores::set_columns(&infos, &columns)?;
    if rows.iter().any(|row| row.infra_error.is_some()) {
        infos.set_item(
            "infra_error",
            rows.iter()
                .map(|row| row.infra_error.as_deref())
                .collect::<Vec<_>>(),
        )?;
    }
    if rows.iter().any(|row| row.last.is_some()) {
        let last: Vec<Option<Bound<'_, PyString>>> = rows
            .iter()
            .map(|row| {
                row.last
                    .as_ref()
                    .map(|last| observation_text(py, &last.0, &mut scratch))
            })
            .collect();
        infos.set_item("final_obs", last)?;
        // Rows without an ended episode carry their own numbers; `final_obs` says which rows count.
        let ended = rows
            .iter()
            .map(|row| row.last.as_ref().map_or(row.info, |last| last.1));
        let final_info = self::infos(py, ended)?;
        scores::set_columns(&final_info, &columns)?;
        infos.set_item("final_info", final_info)?;
    }
    Ok((
        PyArray1::from_iter(py, rows.iter().map(|row| row.slot as i32)),
        observations,
        PyArray1::from_iter(py, rows.iter().map(|row| row.reward)),
        PyArray1::from_iter(py, rows.iter().map(|row| row.status == Status::Terminated)),
        PyArray1::from_iter(
            py,
            rows.iter()
                .map(|row| matches!(row.status, Status::Truncated(_))),
        ),
        infos,
    ))
}

fn observation_text<'py>(
    py: Python<'py>,
    observation: &Observation,
    scratch: &mut String,
) -> Bound<'py, PyString> {
    if let Some(text) = observation.as_str() {
        return PyString::new(py, text);
    }
    scratch.clear();
    observation.write_to(scratch);
    PyString::new(py, scratch)
}

fn infos(
    py: Python<'_>,
    rows: impl Iterator<Item = SlotInfo> + Clone,
) -> PyResult<Bound<'_, PyDict>> {
    let infos = PyDict::new(py);
    let i32s = |f: fn(SlotInfo) -> i32| PyArray1::from_iter(py, rows.clone().map(f));
    infos.set_item("task_index", i32s(|i| i.task_index as i32))?;
    infos.set_item("turn", i32s(|i| i32::from(i.turn)))?;
    infos.set_item("num_calls", i32s(|i| i32::from(i.num_calls)))?;
    infos.set_item("num_errors", i32s(|i| i32::from(i.num_errors)))?;
    let code = |code: Option<ToolErrorCode>| code.map_or(-1, |c| c as i8);
    infos.set_item(
        "error_code",
        PyArray1::from_iter(py, rows.clone().map(|i| code(i.error))),
    )?;
    infos.set_item(
        "truncation_reason",
        PyArray1::from_iter(
            py,
            rows.clone().map(|i| match i.status {
                Status::Truncated(reason) => reason as u8,
                _ => 0,
            }),
        ),
    )?;
    infos.set_item(
        "score",
        PyArray1::from_iter(
            py,
            rows.clone()
                .map(|i| i.verdict.map_or(f32::NAN, |v| v.score as f32)),
        ),
    )?;
    infos.set_item(
        "was_reset",
        PyArray1::from_iter(py, rows.map(|i| i.was_reset)),
    )?;
    Ok(infos)
}

/// A JSON value as Python objects.
pub(crate) fn json_to_py<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(b) => b.into_pyobject(py)?.to_owned().into_any(),
        Value::Number(n) => match (n.as_i64(), n.as_f64()) {
            (Some(i), _) => i.into_pyobject(py)?.into_any(),
            (None, f) => f.unwrap_or(f64::NAN).into_pyobject(py)?.into_any(),
        },
        Value::String(s) => PyString::new(py, s).into_any(),
        Value::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(json_to_py(py, item)?)?;
            }
            list.into_any()
        }
        Value::Object(map) => {
            let dict = PyDict::new(py);
            for (key, item) in map {
                dict.set_item(key, json_to_py(py, item)?)?;
            }
            dict.into_any()
        }
    })
}

/// Python objects as a JSON value, by way of the `json` module.
pub(crate) fn py_to_json(value: &Bound<'_, PyAny>, what: &str) -> PyResult<Value> {
    let text: String = value
        .py()
        .import("json")?
        .call_method1("dumps", (value,))?
        .extract()?;
    serde_json::from_str(&text)
        .map_err(|e| pyo3::exceptions::PyValueError::new_err(format!("{what} is no JSON: {e}")))
}
