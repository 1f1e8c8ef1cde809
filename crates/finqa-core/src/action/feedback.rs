//! What the policy is told about a call that does not run: what, where, and what would be right.

use std::fmt::Write as _;

use serde_json::Value;

use super::repair::Fault;
use super::schema::{Types, property};
use crate::tool::{ToolSpec, Toolbox};

/// The wire form an example is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    Hermes,
    Xml,
    LlamaJson,
    Pythonic,
    MistralList,
    MistralNamed,
    Harmony,
    Structured,
}

/// Most characters of the policy's text that a feedback repeats.
const MAX_SHOWN: usize = 60;

/// `text` on one line, cut to [`MAX_SHOWN`] characters, in double quotes.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((cut, _)) => format!("{:?}…", &text[..cut]),
        None => format!("{text:?}"),
    }
}

/// A JSON value as it was written, cut if it is long.
pub(super) fn shown_json(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(MAX_SHOWN) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

/// `sql_query(company_name, table_name, query)`; optional parameters in brackets, types other than string after a
/// colon.
pub(super) fn signature(spec: &ToolSpec) -> String {
    let params: Vec<String> = properties(spec)
        .map(|(name, schema)| {
            let typed = match schema.get("type").and_then(Value::as_str) {
                Some("string") | None => name.clone(),
                Some(other) => format!("{name}: {other}"),
            };
            if spec.required().any(|r| r == name) {
                typed
            } else {
                format!("[{typed}]")
            }
        })
        .collect();
    format!("{}({})", spec.name, params.join(", "))
}

fn properties(spec: &ToolSpec) -> impl Iterator<Item = (&String, &Value)> {
    spec.parameters
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

/// A correct call of `spec` in the wire form, its required parameters filled with "...".
pub(super) fn example(spec: &ToolSpec, wire: Wire) -> String {
    let name = &spec.name;
    let arguments: Vec<(&str, &str)> = spec
        .required()
        .map(|param| {
            (
                param,
                property(spec, param).map_or("\"...\"", |s| Types::of(s).example()),
            )
        })
        .collect();
    let json = || {
        let pairs: Vec<String> = arguments
            .iter()
            .map(|(param, value)| format!("{param:?}: {value}"))
            .collect();
        format!("{{{}}}", pairs.join(", "))
    };
    match wire {
        Wire::Hermes => format!(
            "<tool_call>\n{{\"name\": \"{name}\", \"arguments\": {}}}\n</tool_call>",
            json()
        ),
        Wire::Xml => {
            let mut out = format!("<tool_call>\n<function={name}>\n");
            for (param, value) in &arguments {
                let value = value.trim_matches('"');
                let _ = writeln!(out, "<parameter={param}>\n{value}\n</parameter>");
            }
            out.push_str("</function>\n</tool_call>");
            out
        }
        Wire::LlamaJson => format!("{{\"name\": \"{name}\", \"parameters\": {}}}", json()),
        Wire::Pythonic => {
            let pairs: Vec<String> = arguments
                .iter()
                .map(|(param, value)| {
                    let value = if *value == "true" { "True" } else { value };
                    format!("{param}={}", value.replace('"', "'"))
                })
                .collect();
            format!("[{name}({})]", pairs.join(", "))
        }
        Wire::MistralList => {
            format!(
                "[TOOL_CALLS][{{\"name\": \"{name}\", \"arguments\": {}}}]",
                json()
            )
        }
        Wire::MistralNamed => format!("[TOOL_CALLS]{name}{}", json()),
        Wire::Harmony => format!(
            "<|channel|>commentary to=functions.{name} <|constrain|>json<|message|>{}<|call|>",
            json()
        ),
        Wire::Structured => format!(
            "{{\"type\": \"function\", \"function\": {{\"name\": \"{name}\", \"arguments\": {}}}}}",
            Value::String(json())
        ),
    }
}

/// The tool that `raw` seems to mean: the first whose name it holds near its beginning, else the first of all.
fn meant<'a>(tools: &'a Toolbox, raw: &str) -> Option<&'a ToolSpec> {
    let cut = raw
        .char_indices()
        .nth(300)
        .map_or(raw.len(), |(cut, _)| cut);
    let head = &raw[..cut];
    tools
        .specs()
        .iter()
        .find(|spec| head.contains(&spec.name))
        .or_else(|| tools.specs().first())
}

fn write_it_as(tools: &Toolbox, raw: &str, wire: Wire) -> String {
    meant(tools, raw).map_or_else(String::new, |spec| {
        format!("\nA correct call looks like this:\n{}", example(spec, wire))
    })
}

/// "at character 12, near \"…\": expected ','".
pub(super) fn place(text: &str, span: (usize, usize), fault: &Fault) -> String {
    let at = floor_boundary(text, fault.at.clamp(span.0, span.1));
    let character = text[span.0..at].chars().count() + 1;
    let rest = &text[at..span.1];
    let near: String = rest.chars().take(24).collect();
    if near.is_empty() {
        format!("{} at its end, character {character}", fault.what)
    } else {
        format!(
            "{} at character {character} of the call, near {near:?}",
            fault.what
        )
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at;
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

pub(super) fn invalid(tools: &Toolbox, raw: &str, wire: Wire, place: &str) -> String {
    format!(
        "The tool call could not be read: {place}.{}",
        write_it_as(tools, raw, wire)
    )
}

pub(super) fn unclosed(tools: &Toolbox, raw: &str, wire: Wire, place: &str) -> String {
    format!(
        "The tool call is not complete: {place}.{}",
        write_it_as(tools, raw, wire)
    )
}

pub(super) fn truncated(tools: &Toolbox, raw: &str, wire: Wire) -> String {
    format!(
        "The message reached its length limit inside a tool call, so that call was not run. Write less before the \
         call and send it again.{}",
        write_it_as(tools, raw, wire)
    )
}

pub(super) fn missing_name(tools: &Toolbox, raw: &str, wire: Wire) -> String {
    format!(
        "The tool call has no tool name. The tools are {}.{}",
        tools.names(),
        write_it_as(tools, raw, wire)
    )
}

pub(super) fn unknown_tool(tools: &Toolbox, name: &str, wire: Wire) -> String {
    let mut out = format!("There is no tool {}.", shown(name));
    let near = nearest(tools, name);
    if let Some(spec) = near {
        let _ = write!(out, " Did you mean {}?", spec.name);
    }
    let _ = write!(out, " The tools are {}.", tools.names());
    if let Some(spec) = near {
        let _ = write!(
            out,
            "\nA correct call looks like this:\n{}",
            example(spec, wire)
        );
    }
    out
}

/// The tool whose name is most like `name`, if any is like it.
fn nearest<'a>(tools: &'a Toolbox, name: &str) -> Option<&'a ToolSpec> {
    let name: String = name.chars().take(64).collect::<String>().to_lowercase();
    let mut best: Option<(f64, &ToolSpec)> = None;
    for spec in tools.specs() {
        let like = strsim::normalized_damerau_levenshtein(&name, &spec.name.to_lowercase());
        if like >= 0.5 && best.is_none_or(|(most, _)| like > most) {
            best = Some((like, spec));
        }
    }
    best.map(|(_, spec)| spec)
}

pub(super) fn bad_arguments(spec: &ToolSpec, wire: Wire, problem: &str) -> String {
    format!(
        "Wrong arguments for {}: {problem}. It is called as {}.\nA correct call looks like this:\n{}",
        spec.name,
        signature(spec),
        example(spec, wire)
    )
}

pub(super) fn in_reasoning(tools: &Toolbox, raw: &str, wire: Wire) -> String {
    format!(
        "A tool call inside the reasoning (before </think>) is not run. Write it after the reasoning.{}",
        write_it_as(tools, raw, wire)
    )
}
