//! Calls that a server has already taken out of the text.

use serde_json::Value;

use super::call::{RawCall, judge, take_call};
use super::feedback::{self, Wire};
use super::reader::MAX_ATTEMPTS;
use super::repair::Mended;
use super::types::{Attempt, AttemptStatus, ParseOptions, ParsedAction};
use crate::tool::Toolbox;

/// See [`super::parse_structured`].
pub(super) fn parse(calls: &Value, tools: &Toolbox) -> ParsedAction {
    let calls = match calls {
        Value::Null => &[],
        Value::Array(calls) => calls.as_slice(),
        single => std::slice::from_ref(single),
    };
    let attempts = calls
        .iter()
        .take(MAX_ATTEMPTS)
        .map(|call| attempt(call, tools))
        .collect();
    ParsedAction {
        attempts,
        text: String::new(),
    }
}

fn attempt(call: &Value, tools: &Toolbox) -> Attempt {
    let wire = Wire::Structured;
    let function = call.get("function").unwrap_or(call);
    let Some((name, _, arguments)) = take_call(function.clone()) else {
        return Attempt {
            span: (0, 0),
            status: AttemptStatus::MissingName,
            call: None,
            tool: None,
            feedback: feedback::missing_name(tools, "", wire),
            repairs: Vec::new(),
        };
    };
    let id = ["id", "call_id"]
        .iter()
        .find_map(|key| call.get(*key)?.as_str())
        .unwrap_or_default();
    let raw = RawCall {
        id: id.to_string(),
        name,
        arguments,
        mended: Mended::default(),
        wire,
    };
    judge(tools, ParseOptions::default(), (0, 0), raw)
}
