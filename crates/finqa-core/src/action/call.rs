//! From a call as it was read to an attempt: names, arguments and the comparison with the tools.

use serde_json::{Map, Value};

use super::feedback::{self, Wire};
use super::repair::Mended;
use super::schema;
use super::types::{Attempt, AttemptStatus, ParseOptions};
use crate::tool::{ToolCall, Toolbox};

/// The name and arguments of a call as read, not yet compared with the tools.
pub(super) struct RawCall {
    pub(super) id: String,
    pub(super) name: String,
    /// `None` and `null` stand for no arguments.
    pub(super) arguments: Option<Value>,
    pub(super) mended: Mended,
    pub(super) wire: Wire,
}

/// Name, id and arguments of a call object; `None` if it has no name.
pub(super) fn take_call(value: Value) -> Option<(String, String, Option<Value>)> {
    let Value::Object(object) = value else {
        return None;
    };
    let (mut name, mut id, mut arguments, mut parameters) = (None, String::new(), None, None);
    for (key, value) in object {
        match (key.as_str(), value) {
            ("name", Value::String(text)) => name = Some(text),
            ("id", Value::String(text)) => id = text,
            ("arguments", value) => arguments = Some(value),
            ("parameters", value) => parameters = Some(value),
            _ => {}
        }
    }
    let name = name.filter(|name| !name.is_empty())?;
    Some((name, id, arguments.or(parameters)))
}

/// Compares a call with the tools.
pub(super) fn judge(
    tools: &Toolbox,
    options: ParseOptions,
    span: (usize, usize),
    raw: RawCall,
) -> Attempt {
    let RawCall {
        id,
        name,
        arguments,
        mut mended,
        wire,
    } = raw;
    let mut attempt = Attempt {
        span,
        status: AttemptStatus::UnknownTool,
        call: None,
        tool: None,
        feedback: String::new(),
        repairs: Vec::new(),
    };
    let Some((tool, spec)) = tools.find(&name) else {
        attempt.feedback = feedback::unknown_tool(tools, &name, wire);
        return attempt;
    };
    attempt.tool = Some(tool);
    let fit = as_object(arguments, options, &mut mended).and_then(|mut arguments| {
        schema::check(tools.parameters(tool), &mut arguments)?;
        Ok(arguments)
    });
    match fit {
        Ok(arguments) => {
            attempt.status = if mended.is_empty() {
                AttemptStatus::Ok
            } else {
                AttemptStatus::Repaired
            };
            attempt.repairs = mended.names();
            attempt.call = Some(ToolCall {
                id,
                name,
                arguments,
            });
        }
        Err(problem) => {
            attempt.status = AttemptStatus::BadArguments;
            attempt.feedback = feedback::bad_arguments(spec, wire, &problem);
        }
    }
    attempt
}

/// Arguments as an object: absent ones are `{}`, a string is read as JSON once.
fn as_object(
    arguments: Option<Value>,
    options: ParseOptions,
    mended: &mut Mended,
) -> Result<Map<String, Value>, String> {
    let text = match arguments {
        None | Some(Value::Null) => return Ok(Map::new()),
        Some(Value::Object(map)) => return Ok(map),
        Some(Value::String(text)) => text,
        Some(other) => {
            let other = feedback::shown(&other.to_string());
            return Err(format!("the arguments must be a JSON object, not {other}"));
        }
    };
    if super::scan::trim(&text).is_empty() {
        return Ok(Map::new());
    }
    let whole = ParseOptions {
        length_limited: false,
        ..options
    };
    match super::json::value_at(&text, 0, b"{", whole, || text.len()) {
        Ok(found) if super::scan::skip_blanks(&text, found.end) == text.len() => {
            mended.add(found.mended);
            match found.value {
                Value::Object(map) => Ok(map),
                other => Err(format!("the arguments must be a JSON object, not {other}")),
            }
        }
        Ok(_) => Err(format!(
            "the arguments are a string with text after its JSON object: {}",
            feedback::shown(&text)
        )),
        Err((fault, _)) => Err(format!(
            "the arguments are a string that is no JSON object ({}): {}",
            feedback::place(&text, (0, text.len()), &fault),
            feedback::shown(&text)
        )),
    }
}
