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
