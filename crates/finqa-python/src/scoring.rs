//! Scoring, the calculator and the parser as plain functions.

use finqa_core::action::{ActionFormat, Attempt, ParseLevel, ParseOptions, parse_action};
use finqa_core::answer::{AnswerMode, AnswerSpec};
use finqa_core::calculator;
use finqa_core::rubric::{Dimension, Rubric, RubricOptions};
use finqa_core::tool::{ToolKind, ToolProfile, ToolSpec, Toolbox};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::convert::{json_to_py, py_to_json};
use crate::exceptions::Error;

fn spec(spec: &Bound<'_, PyDict>) -> PyResult<AnswerSpec> {
    serde_json::from_value(py_to_json(spec, "the answer spec")?)
        .map_err(|e| PyValueError::new_err(format!("answer spec: {e}")))
}

/// Compares `predicted` with `truth`: (score, reason).
#[pyfunction]
fn score_answer(
    predicted: &str,
    truth: &str,
    answer: &Bound<'_, PyDict>,
    mode: &str,
) -> PyResult<(f64, String)> {
    let mode = AnswerMode::parse(mode).map_err(Error::from)?;
    let verdict = finqa_core::answer::score_answer(predicted, truth, &spec(answer)?, mode);
    Ok((verdict.score, verdict.reason.to_string()))
}

/// Scores a report by its rubric, which is JSON text: (score, is_correct, outcome, dimensions, criteria) with a
/// (name, score) for each dimension that applies and (id, score, applicable, reason) for each criterion.
#[pyfunction]
fn score_rubric(
    submission: &str,
    rubric: &str,
    mode: &str,
    cascade_credit: f64,
) -> PyResult<RubricTuple> {
    let rubric: Rubric =
        serde_json::from_str(rubric).map_err(|e| PyValueError::new_err(format!("rubric: {e}")))?;
    if !(0.0..=1.0).contains(&cascade_credit) {
        return Err(PyValueError::new_err(format!(
            "cascade_credit is {cascade_credit}; it must be from 0 to 1"
        )));
    }
    let mode = AnswerMode::parse(mode).map_err(Error::from)?;
    let options = RubricOptions {
        cascade_credit,
        ..RubricOptions::of(mode)
    };
    let scored = finqa_core::score_rubric(submission, &rubric, &options);
    let dimensions = Dimension::SCORED
        .iter()
        .zip(scored.dimensions)
        .filter(|(_, score)| score.applicable)
        .map(|(dimension, score)| (dimension.name(), score.score))
        .collect();
    let criteria = rubric
        .criteria
        .into_iter()
        .zip(&scored.criteria)
        .map(|(criterion, c)| (criterion.id, c.score, c.applicable, c.reason))
        .collect();
    Ok((
        scored.score,
        scored.is_correct,
        scored.outcome,
        dimensions,
        criteria,
    ))
}

type RubricTuple = (
    f64,
    bool,
    f64,
    Vec<(&'static str, f64)>,
    Vec<(String, f64, bool, &'static str)>,
);

/// Evaluates an arithmetic expression.
#[pyfunction]
fn calculate(expression: &str) -> PyResult<String> {
    Ok(calculator::calculate(expression).map_err(Error::from)?)
}

/// The tools of a profile in OpenAI form.
#[pyfunction]
fn tool_specs<'py>(py: Python<'py>, profile: &str) -> PyResult<Bound<'py, PyAny>> {
    let profile = ToolProfile::parse(profile).map_err(Error::from)?;
    let specs = profile.specs().iter().map(ToolSpec::to_openai).collect();
    json_to_py(py, &serde_json::Value::Array(specs))
}

/// Takes a message apart: (attempts as dicts, text).
#[pyfunction]
#[pyo3(signature = (text, tools, format, level, length_limited))]
fn parse_message<'py>(
    py: Python<'py>,
    text: &str,
    tools: &Bound<'py, PyAny>,
    format: &str,
    level: &str,
    length_limited: bool,
) -> PyResult<(Bound<'py, PyList>, String)> {
    let toolbox = toolbox(tools)?;
    let options = ParseOptions {
        format: ActionFormat::parse(format).map_err(Error::from)?,
        level: ParseLevel::parse(level).map_err(Error::from)?,
        length_limited,
    };
    let parsed = parse_action(text, &toolbox, &options);
    let list = PyList::empty(py);
    for attempt in &parsed.attempts {
        list.append(attempt_dict(py, attempt, text)?)?;
    }
    Ok((list, parsed.text))
}

fn attempt_dict<'py>(
    py: Python<'py>,
    attempt: &Attempt,
    text: &str,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("status", attempt.status.name())?;
    dict.set_item("name", attempt.call.as_ref().map(|call| call.name.as_str()))?;
    let arguments = match &attempt.call {
        Some(call) => json_to_py(py, &serde_json::Value::Object(call.arguments.clone()))?,
        None => py.None().into_bound(py),
    };
    dict.set_item("arguments", arguments)?;
    dict.set_item("feedback", &attempt.feedback)?;
    dict.set_item("repairs", attempt.repairs.clone())?;
    // Python counts characters, Rust bytes.
    let chars = |bytes: usize| text[..bytes].chars().count();
    dict.set_item("span", (chars(attempt.span.0), chars(attempt.span.1)))?;
    Ok(dict)
}

/// A toolbox from a profile name or a list of tools in OpenAI form.
fn toolbox(tools: &Bound<'_, PyAny>) -> PyResult<Toolbox> {
    if let Ok(profile) = tools.extract::<String>() {
        let profile = ToolProfile::parse(&profile).map_err(Error::from)?;
        return Ok(Toolbox::new(profile, &[], Vec::new()).map_err(Error::from)?);
    }
    let value = py_to_json(tools, "tools")?;
    let text = |v: &serde_json::Value, key: &str| v[key].as_str().unwrap_or_default().to_string();
    let specs = value
        .as_array()
        .into_iter()
        .flatten()
        .map(|tool| &tool["function"])
        .map(|f| ToolSpec {
            name: text(f, "name"),
            description: text(f, "description"),
            parameters: f["parameters"].clone(),
            kind: ToolKind::User,
        })
        .collect();
    Ok(Toolbox::of(specs).map_err(Error::from)?)
}

pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(score_answer, m)?)?;
    m.add_function(wrap_pyfunction!(score_rubric, m)?)?;
    m.add_function(wrap_pyfunction!(calculate, m)?)?;
    m.add_function(wrap_pyfunction!(tool_specs, m)?)?;
    m.add_function(wrap_pyfunction!(parse_message, m)?)?;
    Ok(())
}
