//! Chats in OpenAI's form, and demonstrations: whole episodes of a scripted policy as training data.

use serde_json::{Map, Value, json};

use crate::tool::ToolProfile;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The environment's instructions.
    System,
    /// The task.
    User,
    /// The policy.
    Assistant,
    /// A tool's answer to one call.
    Tool,
}

impl Role {
    /// OpenAI's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

/// A call inside an assistant message.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatCall {
    /// The id that the tool's answer names.
    pub id: String,
    /// Tool.
    pub name: String,
    /// Arguments by name.
    pub arguments: Map<String, Value>,
}

impl ChatCall {
    /// `{"id", "type": "function", "function": {"name", "arguments"}}`, the arguments as JSON text or as an object.
    pub fn to_openai(&self, arguments: ArgumentsForm) -> Value {
        let object = Value::Object(self.arguments.clone());
        let arguments = match arguments {
            ArgumentsForm::Text => Value::String(object.to_string()),
            ArgumentsForm::Object => object,
        };
        json!({"id": self.id, "type": "function",
            "function": {"name": self.name, "arguments": arguments}})
    }
}

/// How the arguments of a call are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ArgumentsForm {
    /// As JSON text: what OpenAI's interface sends, and the only form with one schema for all tools.
    #[default]
    Text,
    /// As an object: what most chat templates expect.
    Object,
}

impl ArgumentsForm {
    /// Reads "text" or "object".
    ///
    /// # Errors
    /// [`crate::Error::InvalidConfig`] for anything else.
    pub fn parse(name: &str) -> crate::Result<Self> {
        match name {
            "text" => Ok(Self::Text),
            "object" => Ok(Self::Object),
            _ => Err(crate::Error::InvalidConfig(format!(
                "arguments {name:?} is unknown; it must be \"text\" or \"object\""
            ))),
        }
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatMessage {
    /// Who speaks.
    pub role: Role,
    /// The text; may be empty beside calls.
    pub content: String,
    /// Calls of an assistant message.
    pub tool_calls: Vec<ChatCall>,
    /// Of a tool message: the call that it answers.
    pub tool_call_id: String,
    /// Of a tool message: the tool.
    pub name: String,
}

impl ChatMessage {
    /// A message of text alone.
    pub fn text(role: Role, content: impl Into<String>) -> Self {
        Self {
            role,
            content: content.into(),
            tool_calls: Vec::new(),
            tool_call_id: String::new(),
            name: String::new(),
        }
    }

    /// OpenAI's form; members that a role does not have are left out.
    pub fn to_openai(&self, arguments: ArgumentsForm) -> Value {
        let mut out = Map::new();
        out.insert("role".into(), self.role.name().into());
        if self.role == Role::Tool {
            out.insert("tool_call_id".into(), self.tool_call_id.clone().into());
            out.insert("name".into(), self.name.clone().into());
        }
        out.insert("content".into(), self.content.clone().into());
        if !self.tool_calls.is_empty() {
            let calls = self.tool_calls.iter().map(|c| c.to_openai(arguments));
            out.insert("tool_calls".into(), calls.collect());
        }
        Value::Object(out)
    }
}

/// How the calls of assistant messages stand in a demonstration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CallForm {
    /// In `tool_calls`, for trainers that apply a model's own chat template.
    #[default]
    Structured,
    /// In the content, as `<tool_call>{…}</tool_call>`: the text that Hermes and Qwen models write.
    Text,
}

impl CallForm {
    /// The name that [`CallForm::parse`] reads.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Structured => "structured",
            Self::Text => "text",
        }
    }

    /// Reads "structured" or "text".
    ///
    /// # Errors
    /// [`crate::Error::InvalidConfig`] for anything else.
    pub fn parse(name: &str) -> crate::Result<Self> {
        match name {
            "structured" => Ok(Self::Structured),
            "text" => Ok(Self::Text),
            _ => Err(crate::Error::InvalidConfig(format!(
                "format {name:?} is unknown; it must be \"structured\" or \"text\""
            ))),
        }
    }
}

/// An episode of a scripted policy, played in the engine: the tool messages are what the tools returned.
#[derive(Clone, Debug, PartialEq)]
pub struct Demonstration {
    /// Task.
    pub task_id: String,
    /// Split of the task.
    pub split: String,
    /// Script that played ("recovery").
    pub policy: String,
    /// Course that it took ("wrong_column").
    pub variant: String,
    /// Seed of its draws, as given by the caller.
    pub seed: u64,
    /// Tools.
    pub tool_profile: ToolProfile,
    /// How calls are written in `messages`.
    pub call_form: CallForm,
    /// System prompt, task, then assistant and tool messages in turn; ends with the answer to the submission.
    pub messages: Vec<ChatMessage>,
    /// The tools in OpenAI's form.
    pub tools: std::sync::Arc<Value>,
    /// What was handed in; `None` if the episode ended without an answer.
    pub submission: Option<String>,
    /// Reward of the episode, 0 to 1.
    pub reward: f32,
    /// Why the answer is right or wrong, or why there is none ("max_turns").
    pub verdict: String,
    /// Assistant messages.
    pub num_turns: u32,
    /// Calls, the failed ones included.
    pub num_calls: u32,
    /// Failed calls.
    pub num_errors: u32,
}

impl Demonstration {
    /// One JSON object: the fields by their names, messages and tools in OpenAI's form.
    pub fn to_json(&self, arguments: ArgumentsForm) -> Value {
        let messages: Vec<Value> = self
            .messages
            .iter()
            .map(|m| m.to_openai(arguments))
            .collect();
        json!({
            "task_id": self.task_id,
            "split": self.split,
            "policy": self.policy,
            "variant": self.variant,
            "seed": self.seed,
            "tool_profile": self.tool_profile.name(),
            "format": self.call_form.name(),
            "messages": messages,
            "tools": *self.tools,
            "submission": self.submission,
            "reward": f64::from(self.reward),
            "verdict": self.verdict,
            "num_turns": self.num_turns,
            "num_calls": self.num_calls,
            "num_errors": self.num_errors,
        })
    }
}
