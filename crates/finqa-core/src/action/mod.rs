//! Reading tool calls from what a model wrote.

use crate::tool::{ToolCall, Toolbox};

/// Which wire form calls are looked for in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ActionFormat {
    /// Decide by the markers in the message.
    #[default]
    Auto,
    /// `<tool_call>{"name":…,"arguments":{…}}</tool_call>` (Hermes, Qwen 2.5 and 3).
    Hermes,
    /// `<tool_call><function=NAME><parameter=K>V</parameter></function></tool_call>` (Qwen-coder, Qwen 3.5).
    QwenXml,
    /// Bare `{"name":…,"parameters":{…}}`, optionally behind `<|python_tag|>` (Llama 3).
    LlamaJson,
    /// `[f(a='x', b=1), g()]` (Llama 4).
    Pythonic,
    /// `[TOOL_CALLS]…` (Mistral).
    Mistral,
    /// Channels of gpt-oss.
    Harmony,
}

/// How forgiving the parser is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ParseLevel {
    /// The format's definition and what engines accept besides.
    #[default]
    Strict,
    /// Also mends trailing commas, quotes, literals and one missing brace; never invents values.
    Repair,
}

/// What became of one attempt to call a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum AttemptStatus {
    /// A well-formed call of a known tool with arguments that fit.
    Ok,
    /// The same after mending.
    Repaired,
    /// The call is no JSON (or XML, or Python call).
    InvalidJson,
    /// The call ends before it is complete.
    Unclosed,
    /// There is no tool name.
    MissingName,
    /// The arguments do not fit the tool's schema.
    BadArguments,
    /// There is no such tool.
    UnknownTool,
    /// The call stands inside reasoning and is not run.
    InReasoning,
    /// The message was cut by its token limit inside the call.
    Truncated,
}

/// One attempt to call a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// Byte range in the message.
    pub span: (usize, usize),
    /// What became of it.
    pub status: AttemptStatus,
    /// The call, if status is `Ok` or `Repaired`.
    pub call: Option<ToolCall>,
    /// Index of the tool in the [`Toolbox`], if known.
    pub tool: Option<usize>,
    /// For the policy: what is wrong and what would be right. Empty if the call runs.
    pub feedback: String,
    /// What was mended ("trailing_comma", …).
    pub repairs: Vec<&'static str>,
}

/// A message taken apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParsedAction {
    /// Attempts in the order in which they stand in the message.
    pub attempts: Vec<Attempt>,
    /// The message without reasoning and without calls, trimmed: where a final answer would stand.
    pub text: String,
}

/// How to parse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParseOptions {
    /// Wire form.
    pub format: ActionFormat,
    /// Forgiveness.
    pub level: ParseLevel,
    /// The message was cut by its token limit (`finish_reason == "length"`).
    pub length_limited: bool,
}

/// Finds the tool calls in `text`. Never fails: what cannot be read becomes an attempt with a status.
pub fn parse_action(text: &str, tools: &Toolbox, options: &ParseOptions) -> ParsedAction {
    let _ = (tools, options);
    ParsedAction { attempts: Vec::new(), text: text.trim().to_string() }
}

/// The same for calls in OpenAI's structured form, a list of
/// `{"id", "type", "function": {"name", "arguments": JSON string}}`.
pub fn parse_structured(calls: &serde_json::Value, tools: &Toolbox) -> ParsedAction {
    let _ = (calls, tools);
    ParsedAction::default()
}
