//! What goes into the parser and what comes out of it.

use crate::error::{Error, Result};
use crate::tool::ToolCall;

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

impl ActionFormat {
    /// Every format.
    pub const ALL: [Self; 7] = [
        Self::Auto,
        Self::Hermes,
        Self::QwenXml,
        Self::LlamaJson,
        Self::Pythonic,
        Self::Mistral,
        Self::Harmony,
    ];

    /// Name as users write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Hermes => "hermes",
            Self::QwenXml => "qwen_xml",
            Self::LlamaJson => "llama_json",
            Self::Pythonic => "pythonic",
            Self::Mistral => "mistral",
            Self::Harmony => "harmony",
        }
    }

    /// Reads a name.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] naming the formats.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|f| f.name() == name)
            .ok_or_else(|| {
                Error::InvalidConfig(format!(
                    "action_format {name:?} is unknown; it must be one of {}",
                    Self::ALL.map(|f| format!("{:?}", f.name())).join(", ")
                ))
            })
    }
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

impl ParseLevel {
    /// Both levels.
    pub const ALL: [Self; 2] = [Self::Strict, Self::Repair];

    /// Name as users write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Repair => "repair",
        }
    }

    /// Reads a name.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] naming the levels.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|l| l.name() == name)
            .ok_or_else(|| {
                Error::InvalidConfig(format!(
                    "parse_level {name:?} is unknown; it must be \"strict\" or \"repair\""
                ))
            })
    }
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

impl AttemptStatus {
    /// Every status, in numeric order.
    pub const ALL: [Self; 9] = [
        Self::Ok,
        Self::Repaired,
        Self::InvalidJson,
        Self::Unclosed,
        Self::MissingName,
        Self::BadArguments,
        Self::UnknownTool,
        Self::InReasoning,
        Self::Truncated,
    ];

    /// Stable `snake_case` name, used in infos, records and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Repaired => "repaired",
            Self::InvalidJson => "invalid_json",
            Self::Unclosed => "unclosed",
            Self::MissingName => "missing_name",
            Self::BadArguments => "bad_arguments",
            Self::UnknownTool => "unknown_tool",
            Self::InReasoning => "in_reasoning",
            Self::Truncated => "truncated",
        }
    }

    /// Whether the attempt carries a call to run.
    pub const fn runs(self) -> bool {
        matches!(self, Self::Ok | Self::Repaired)
    }
}

/// One attempt to call a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// Byte range in the message, on character boundaries; `(0, 0)` for a structured call.
    pub span: (usize, usize),
    /// What became of it.
    pub status: AttemptStatus,
    /// The call, if status is `Ok` or `Repaired`.
    pub call: Option<ToolCall>,
    /// Index of the tool in the [`Toolbox`](crate::tool::Toolbox), if the call names one of its tools.
    pub tool: Option<usize>,
    /// For the policy: what is wrong and what would be right. Empty if the call runs.
    pub feedback: String,
    /// What was mended ("trailing_comma", …), in the order of the list in `docs/spec/actions.md`.
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

impl ParsedAction {
    /// The calls to run, in order.
    pub fn calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.attempts
            .iter()
            .filter_map(|attempt| attempt.call.as_ref())
    }
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
