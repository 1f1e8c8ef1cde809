//! Reading tool calls from what a model wrote.
//!
//! [`parse_action`] walks once through a message from left to right, takes out reasoning and calls, and gives every
//! attempt at a call a status. The rules, in a form to reimplement them from: `docs/spec/actions.md`.

mod call;
mod feedback;
mod harmony;
mod hermes;
mod json;
mod llama;
mod mistral;
mod python;
mod pythonic;
mod reader;
mod repair;
mod scan;
pub(crate) mod schema;
mod structured;
mod tagged;
mod types;
mod xml;

pub use types::{ActionFormat, Attempt, AttemptStatus, ParseLevel, ParseOptions, ParsedAction};

use self::reader::{Dialect, Reader};
use self::scan::{THINK, UNTHINK, find, next_tag, trim};
use crate::tool::Toolbox;

/// Finds the tool calls in `text`. Never fails: what cannot be read becomes an attempt with a status.
///
/// Takes time linear in the length of `text`; at most 64 attempts are taken from one message.
///
/// ```
/// use finqa_core::action::{AttemptStatus, ParseOptions, parse_action};
/// use finqa_core::tool::{ToolProfile, Toolbox};
///
/// let tools = Toolbox::new(ToolProfile::Rllm, &[], vec![])?;
/// let text = "<think>Sum first.</think>I add.\n\
///     <tool_call>\n{\"name\": \"calculator\", \"arguments\": {\"expression\": \"1+2\"}}\n</tool_call>";
/// let action = parse_action(text, &tools, &ParseOptions::default());
/// assert_eq!(action.text, "I add.");
/// assert_eq!(action.attempts[0].status, AttemptStatus::Ok);
/// let call = action.calls().next().expect("one call");
/// assert_eq!((call.name.as_str(), &call.arguments["expression"]), ("calculator", &"1+2".into()));
/// # Ok::<(), finqa_core::Error>(())
/// ```
pub fn parse_action(text: &str, tools: &Toolbox, options: &ParseOptions) -> ParsedAction {
    let text = scan::without_end_tokens(text);
    let mut reader = Reader::new(text, tools, *options);
    let (dialect, bare) = match options.format {
        ActionFormat::Auto => {
            let (outside, inside) = detect(text);
            (outside.or(inside), outside.is_none())
        }
        ActionFormat::Hermes => (Some(Dialect::Hermes), false),
        ActionFormat::QwenXml => (Some(Dialect::Xml), false),
        ActionFormat::LlamaJson => (Some(Dialect::Llama), true),
        ActionFormat::Pythonic => (Some(Dialect::Pythonic), true),
        ActionFormat::Mistral => (Some(Dialect::Mistral), false),
        ActionFormat::Harmony => (Some(Dialect::Harmony), false),
    };
    reader.walk(dialect);
    if bare {
        read_bare(&mut reader);
    }
    ParsedAction {
        text: reader.visible_text(),
        attempts: reader.attempts,
    }
}

/// The same for calls in OpenAI's structured form, a list of
/// `{"id", "type", "function": {"name", "arguments": JSON string}}`.
///
/// `null` is no call; one object stands for a list of one; `arguments` may also be an object. The spans are `(0, 0)`.
pub fn parse_structured(calls: &serde_json::Value, tools: &Toolbox) -> ParsedAction {
    structured::parse(calls, tools)
}

/// The markers by which [`ActionFormat::Auto`] decides, behind the tags of reasoning.
const AUTO_TAGS: [&str; 11] = [
    THINK,
    UNTHINK,
    tagged::OPEN,
    tagged::FUNCTION,
    llama::MARKER,
    mistral::MARKER,
    pythonic::STARTS[0],
    pythonic::STARTS[1],
    harmony::CHANNEL,
    harmony::START,
    harmony::MESSAGE,
];

const fn dialect_of(tag: usize) -> Dialect {
    match tag {
        2 | 3 => Dialect::Tagged,
        4 => Dialect::Llama,
        5 => Dialect::Mistral,
        6 | 7 => Dialect::Pythonic,
        _ => Dialect::Harmony,
    }
}

/// The dialect of the first marker outside of reasoning, and of the first inside.
fn detect(text: &str) -> (Option<Dialect>, Option<Dialect>) {
    let (mut outside, mut inside) = (None, None);
    let mut at = 0;
    while let Some((tag, place)) = next_tag(text, at, &AUTO_TAGS) {
        at = place + AUTO_TAGS[tag].len();
        match tag {
            0 => {
                let end = find(text, at, UNTHINK);
                if inside.is_none() {
                    inside = next_tag(&text[..end.unwrap_or(text.len())], at, &AUTO_TAGS[2..])
                        .map(|(marker, _)| dialect_of(marker + 2));
                }
                at = end.map_or(text.len(), |end| end + UNTHINK.len());
            }
            1 => inside = inside.or(outside.take()),
            _ => {
                outside.get_or_insert(dialect_of(tag));
            }
        }
    }
    (outside, inside)
}

/// If no call was found outside of reasoning: the message may be a bare call as a whole.
fn read_bare(reader: &mut Reader<'_>) {
    if reader.full()
        || reader
            .attempts
            .iter()
            .any(|a| a.status != AttemptStatus::InReasoning)
    {
        return;
    }
    let text = reader.text;
    let mut filled = reader
        .pieces
        .iter()
        .copied()
        .filter(|(a, b)| !trim(&text[*a..*b]).is_empty());
    let (Some((from, to)), None) = (filled.next(), filled.next()) else {
        return;
    };
    let from = scan::skip_blanks(text, from);
    let to = from + trim(&text[from..to]).len();
    let found = match reader.options.format {
        ActionFormat::LlamaJson => llama::bare(reader, from, to),
        ActionFormat::Pythonic => pythonic::bare(reader, from, to),
        _ => llama::bare(reader, from, to) || pythonic::bare(reader, from, to),
    };
    if found {
        reader.pieces.clear();
        reader.attempts.sort_by_key(|attempt| attempt.span.0);
    }
}
