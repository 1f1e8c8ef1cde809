//! Writing messages in the Hermes form, with the tool names of an environment.

use finqa_core::tool::{ToolKind, ToolSpec, Toolbox};
use serde_json::{Map, Value};

/// A message that calls the first tool of `kind` with `values` by parameter name; parameters that the tool does not
/// have (the company in profile `compact`) are left out.
///
/// Returns `None` if there is no such tool.
pub fn call(tools: &Toolbox, kind: ToolKind, values: &[(&str, &str)]) -> Option<String> {
    let spec = tools.specs().iter().find(|s| s.kind == kind)?;
    Some(call_of(spec, values))
}

/// The same for a given tool.
pub fn call_of(spec: &ToolSpec, values: &[(&str, &str)]) -> String {
    let arguments: Map<String, Value> = values
        .iter()
        .filter(|(name, _)| spec.param_type(name).is_some())
        .map(|(name, value)| ((*name).to_string(), Value::from(*value)))
        .collect();
    let mut call = Map::new();
    call.insert("name".into(), Value::from(spec.name.as_str()));
    call.insert("arguments".into(), Value::Object(arguments));
    format!("<tool_call>\n{}\n</tool_call>", Value::Object(call))
}

/// Tool name and arguments.
pub type NamedCall = (String, Map<String, Value>);

/// The calls of a message that is made of [`call`] and [`call_of`], and the text around them.
///
/// ```
/// use finqa_policy::actions::{call_of, calls_in};
///
/// let spec = &finqa_core::ToolProfile::Rllm.specs()[4];
/// let (text, calls) = calls_in(&format!("Done.\n{}", call_of(spec, &[("answer", "42")])));
/// assert_eq!(text, "Done.");
/// assert_eq!(calls[0].0, "submit_answer");
/// assert_eq!(calls[0].1["answer"], "42");
/// ```
pub fn calls_in(message: &str) -> (String, Vec<NamedCall>) {
    let mut text = Vec::new();
    let mut calls = Vec::new();
    let mut lines = message.lines();
    while let Some(line) = lines.next() {
        // The JSON of a call is one line, since its line feeds are escaped.
        if line != "<tool_call>" {
            text.push(line);
            continue;
        }
        let object = lines.next().map(serde_json::from_str::<Map<String, Value>>);
        if let Some(Ok(mut object)) = object
            && let (Some(Value::String(name)), Some(Value::Object(arguments))) =
                (object.remove("name"), object.remove("arguments"))
        {
            calls.push((name, arguments));
        }
        lines.next();
    }
    (text.join("\n").trim().to_owned(), calls)
}
