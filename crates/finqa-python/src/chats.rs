//! Chats of recorded episodes on their way to files.

use std::path::{Path, PathBuf};

use finqa_core::chat::{ArgumentsForm, CallForm, ChatCall, ChatMessage, Demonstration, Role};
use finqa_core::tool::ToolProfile;
use finqa_data::DataError as FileError;
use finqa_data::export::{MessagesFormat, MessagesOptions, MessagesWriter};
use finqa_data::trajectories::{ShareGptChat, write_lines, write_sharegpt};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyIterator;
use serde_json::Value;

use crate::exceptions::{DataError, Error};

/// Writes records, one JSON object each, as JSON lines or Parquet; returns their number.
#[pyfunction]
pub(crate) fn write_chats(
    path: PathBuf,
    format: &str,
    ending: &str,
    overwrite: bool,
    records: &Bound<'_, PyIterator>,
) -> PyResult<u64> {
    if ending != "jsonl" && ending != "parquet" {
        return Err(PyValueError::new_err(format!(
            "{} must end in .jsonl or .parquet: the ending says how it is written",
            path.display()
        )));
    }
    if path.exists() && !(overwrite && path.is_file()) {
        return Err(DataError::new_err(format!(
            "{} is there already; overwrite=True (--overwrite) replaces a file",
            path.display()
        )));
    }
    let mut raised = None;
    let mut number = 0;
    let mut lines = records.try_iter()?.map(|line| {
        number += 1;
        line.and_then(|line| line.extract::<String>())
            .map_err(|error| {
                raised = Some(error);
                // What stops the writer; the exception itself is raised below.
                FileError::layout(&path, "the records ended with an exception")
            })
    });
    let written = match (ending, format) {
        ("jsonl", _) => write_lines(&path, &mut lines),
        (_, "sharegpt") => {
            let mut number = 0;
            let mut chats = lines.map(|line| {
                number += 1;
                ShareGptChat::from_json(&path, number, &line?)
            });
            write_sharegpt(&path, &mut chats)
        }
        _ => write_openai(&path, &mut lines),
    };
    match raised {
        Some(error) => Err(error),
        None => Ok(written.map_err(Error::from)?),
    }
}

fn write_openai(
    path: &Path,
    lines: &mut dyn Iterator<Item = Result<String, FileError>>,
) -> Result<u64, FileError> {
    let options = MessagesOptions {
        arguments: ArgumentsForm::Text,
        overwrite: true,
    };
    let mut writer = MessagesWriter::create(path, MessagesFormat::Parquet, options)?;
    for (number, line) in lines.enumerate() {
        let line = line?;
        let record = serde_json::from_str::<Value>(&line)
            .map_err(|e| e.to_string())
            .and_then(|record| demonstration(&record));
        let record = record.map_err(|e| FileError::record(path, format!("record {number}"), e))?;
        writer.write(&record)?;
    }
    writer.finish()
}

fn demonstration(record: &Value) -> Result<Demonstration, String> {
    let text = |name: &str| record[name].as_str().unwrap_or("").to_owned();
    let count = |name: &str| record[name].as_u64().unwrap_or(0) as u32;
    let messages = record["messages"].as_array().into_iter().flatten();
    Ok(Demonstration {
        task_id: text("task_id"),
        split: text("split"),
        policy: text("policy"),
        variant: text("variant"),
        seed: record["seed"].as_i64().unwrap_or(0).cast_unsigned(),
        tool_profile: ToolProfile::parse(&text("tool_profile")).map_err(|e| e.to_string())?,
        call_form: CallForm::parse(&text("format")).map_err(|e| e.to_string())?,
        messages: messages.map(message).collect::<Result<_, _>>()?,
        tools: std::sync::Arc::new(record["tools"].clone()),
        submission: record["submission"].as_str().map(str::to_owned),
        reward: record["reward"].as_f64().unwrap_or(0.0) as f32,
        verdict: text("verdict"),
        num_turns: count("num_turns"),
        num_calls: count("num_calls"),
        num_errors: count("num_errors"),
    })
}

fn message(message: &Value) -> Result<ChatMessage, String> {
    let text = |name: &str| message[name].as_str().unwrap_or("").to_owned();
    let role = match message["role"].as_str() {
        Some("system") => Role::System,
        Some("user") => Role::User,
        Some("tool") => Role::Tool,
        _ => Role::Assistant,
    };
    let calls = message["tool_calls"].as_array().into_iter().flatten();
    Ok(ChatMessage {
        tool_calls: calls.map(call).collect::<Result<_, _>>()?,
        tool_call_id: text("tool_call_id"),
        name: text("name"),
        ..ChatMessage::text(role, text("content"))
    })
}

fn call(call: &Value) -> Result<ChatCall, String> {
    let function = &call["function"];
    let arguments = match &function["arguments"] {
        Value::String(text) => serde_json::from_str(text).ok(),
        Value::Object(arguments) => Some(arguments.clone()),
        _ => None,
    };
    Ok(ChatCall {
        id: call["id"].as_str().unwrap_or("").to_owned(),
        name: function["name"].as_str().unwrap_or("").to_owned(),
        arguments: arguments.ok_or_else(|| {
            format!("the arguments of a call are no object ({function}), which Parquet cannot hold; write .jsonl")
        })?,
    })
}
