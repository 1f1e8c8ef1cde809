//! Options of an environment as Python hands them over.

use std::sync::Arc;

use finqa_core::action::{ActionFormat, ParseLevel};
use finqa_core::answer::AnswerMode;
use finqa_core::tool::{ToolKind, ToolProfile, ToolSpec};
use finqa_env::{AutoresetMode, EnvConfig, OnMalformed, OnNoCall};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::convert::py_to_json;
use crate::exceptions::Error;
use crate::scores;

/// An option, or its default if it is missing or None.
pub(crate) fn get<'py, T>(options: &Bound<'py, PyDict>, name: &str, default: T) -> PyResult<T>
where
    T: for<'a> FromPyObject<'a, 'py>,
    for<'a> <T as FromPyObject<'a, 'py>>::Error: Into<PyErr>,
{
    match options.get_item(name)? {
        Some(value) if !value.is_none() => value.extract::<T>().map_err(|e| {
            let e: PyErr = e.into();
            PyValueError::new_err(format!("{name}: {e}"))
        }),
        _ => Ok(default),
    }
}

/// All options; what is missing keeps its default.
pub(crate) fn config(options: &Bound<'_, PyDict>) -> PyResult<EnvConfig> {
    let base = EnvConfig::default();
    let text = |name: &str, default: &str| get(options, name, default.to_string());
    let on_no_call = match get(options, "on_no_call", None::<String>)?.as_deref() {
        None => None,
        Some("feedback") => Some(OnNoCall::Feedback),
        Some("submit") => Some(OnNoCall::Submit),
        Some(other) => {
            return Err(PyValueError::new_err(format!(
                "on_no_call {other:?} is unknown; it must be \"feedback\" or \"submit\""
            )));
        }
    };
    let on_malformed = match text("on_malformed", "feedback")?.as_str() {
        "feedback" => OnMalformed::Feedback,
        "terminate" => OnMalformed::Terminate,
        "ignore" => OnMalformed::Ignore,
        other => {
            return Err(PyValueError::new_err(format!(
                "on_malformed {other:?} is unknown; it must be \"feedback\", \"terminate\" or \"ignore\""
            )));
        }
    };
    let user_tools = match options.get_item("user_tools")? {
        Some(tools) if !tools.is_none() => {
            let mut specs = Vec::new();
            for tool in tools.try_iter()? {
                let tool = tool?;
                let field = |name: &str| tool.get_item(name);
                specs.push(ToolSpec {
                    name: field("name")?.extract()?,
                    description: field("description")?.extract()?,
                    parameters: py_to_json(&field("parameters")?, "the parameters of a user tool")?,
                    kind: ToolKind::User,
                });
            }
            specs
        }
        _ => Vec::new(),
    };
    let reward = match get(options, "reward", None::<String>)? {
        Some(reward) => scores::reward(&reward, "json")?,
        None => base.reward,
    };
    let rubrics = get(options, "rubrics", None::<(String, String)>)?
        .map(|(text, form)| scores::rubrics(&text, &form).map(Arc::new))
        .transpose()?;
    let parse = |e: finqa_core::Error| PyErr::from(Error::from(e));
    Ok(EnvConfig {
        num_envs: get(options, "num_envs", base.num_envs)?,
        group_size: get(options, "group_size", base.group_size)?,
        split: get(options, "split", None)?,
        seed: get(options, "seed", base.seed)?,
        shuffle: get(options, "shuffle", base.shuffle)?,
        shuffle_block: base.shuffle_block,
        max_turns: get(options, "max_turns", None)?,
        num_threads: get(options, "num_threads", base.num_threads)?,
        tool_profile: ToolProfile::parse(&text("tool_profile", "rllm")?).map_err(parse)?,
        tool_names: get(options, "tool_names", Vec::new())?,
        user_tools,
        answer_mode: AnswerMode::parse(&text("answer_mode", "strict")?).map_err(parse)?,
        reward,
        rubrics,
        autoreset_mode: AutoresetMode::parse(&text("autoreset_mode", "disabled")?)
            .map_err(Error::from)?,
        action_format: ActionFormat::parse(&text("action_format", "auto")?).map_err(parse)?,
        parse_level: ParseLevel::parse(&text("parse_level", "strict")?).map_err(parse)?,
        on_no_call,
        on_malformed,
        max_calls_per_turn: get(options, "max_calls_per_turn", base.max_calls_per_turn)?,
        max_action_bytes: get(options, "max_action_bytes", base.max_action_bytes)?,
        max_observation_chars: get(options, "max_observation_chars", base.max_observation_chars)?,
        repair_double_quotes: get(options, "repair_double_quotes", base.repair_double_quotes)?,
        system_prompt: get(options, "system_prompt", None)?,
        task_prompt: get(options, "task_prompt", None)?,
        keep_messages: get(options, "keep_messages", base.keep_messages)?,
        measure_latency: get(options, "measure_latency", base.measure_latency)?,
    })
}
