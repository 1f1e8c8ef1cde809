//! The walk through a message: reasoning, text and calls from left to right.

use serde_json::Value;

use super::call::{RawCall, judge, take_call};
use super::feedback::{self, Wire};
use super::repair::{Fault, Mended};
use super::scan::{THINK, UNTHINK, find, next_tag};
use super::types::{Attempt, AttemptStatus, ParseOptions};
use super::{harmony, llama, mistral, pythonic, tagged};
use crate::tool::Toolbox;

/// Most attempts that are taken from one message; what follows stays text. Bounds work and feedback on messages
/// that repeat a marker thousands of times.
pub(super) const MAX_ATTEMPTS: usize = 64;

/// The family of markers that a message is read by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `<tool_call>` with JSON in it.
    Hermes,
    /// `<tool_call><function=…>`, the outer tag optional.
    Xml,
    /// Either of the two, decided block by block.
    Tagged,
    Llama,
    Pythonic,
    Mistral,
    Harmony,
}

impl Dialect {
    /// Tags that end a stretch of text: those of reasoning, then the dialect's markers.
    const fn tags(self) -> &'static [&'static str] {
        match self {
            Self::Hermes => &[THINK, UNTHINK, tagged::OPEN],
            Self::Xml | Self::Tagged => &[THINK, UNTHINK, tagged::OPEN, tagged::FUNCTION],
            Self::Llama => &[THINK, UNTHINK, llama::MARKER],
            Self::Pythonic => &[THINK, UNTHINK, pythonic::STARTS[0], pythonic::STARTS[1]],
            Self::Mistral => &[THINK, UNTHINK, mistral::MARKER],
            Self::Harmony => &[THINK, UNTHINK, harmony::MESSAGE],
        }
    }

    const fn wire(self) -> Wire {
        match self {
            Self::Hermes | Self::Tagged => Wire::Hermes,
            Self::Xml => Wire::Xml,
            Self::Llama => Wire::LlamaJson,
            Self::Pythonic => Wire::Pythonic,
            Self::Mistral => Wire::MistralList,
            Self::Harmony => Wire::Harmony,
        }
    }
}

/// What reading at a marker comes to.
pub(super) struct Step {
    /// The text before ends here (at most the marker).
    pub(super) text_end: usize,
    /// The walk goes on here (past the marker).
    pub(super) resume: usize,
}

/// The state of the walk.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) tools: &'a Toolbox,
    pub(super) options: ParseOptions,
    pub(super) attempts: Vec<Attempt>,
    /// Byte ranges of visible text.
    pub(super) pieces: Vec<(usize, usize)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, tools: &'a Toolbox, options: ParseOptions) -> Self {
        Self {
            text,
            tools,
            options,
            attempts: Vec::new(),
            pieces: Vec::new(),
        }
    }

    pub(super) fn full(&self) -> bool {
        self.attempts.len() >= MAX_ATTEMPTS
    }

    /// Walks through the message; without a dialect only reasoning is taken out.
    pub(super) fn walk(&mut self, dialect: Option<Dialect>) {
        let tags = dialect.map_or(&[THINK, UNTHINK][..], Dialect::tags);
        // The current stretch of text begins at `from`; tags are looked for from `at` on.
        let (mut from, mut at) = (0, 0);
        while let Some((tag, place)) = next_tag(self.text, at, tags) {
            match (tag, dialect) {
                (0, _) => {
                    self.visible(dialect, from, place);
                    let inside = place + THINK.len();
                    let close = find(self.text, inside, UNTHINK);
                    let end = close.unwrap_or(self.text.len());
                    if let Some(dialect) = dialect {
                        self.inside_reasoning(dialect, inside, end);
                    }
                    from = close.map_or(end, |close| close + UNTHINK.len());
                    at = from;
                }
                (1, _) => {
                    self.all_was_reasoning(dialect);
                    from = place + UNTHINK.len();
                    at = from;
                }
                (_, Some(dialect)) if !self.full() => {
                    let step = self.read_at(dialect, tag, place, from);
                    self.piece(from, step.text_end);
                    from = step.resume;
                    at = from;
                }
                _ => at = place + 1,
            }
        }
        if dialect == Some(Dialect::Harmony) && !self.full() {
            harmony::tail(self, from);
        }
        self.visible(dialect, from, self.text.len());
    }

    fn read_at(&mut self, dialect: Dialect, tag: usize, place: usize, from: usize) -> Step {
        let resume = match dialect {
            Dialect::Hermes | Dialect::Xml | Dialect::Tagged => tagged::read(self, dialect, place),
            Dialect::Llama => llama::read(self, place),
            Dialect::Pythonic => pythonic::read(self, place, tag - 2),
            Dialect::Mistral => mistral::read(self, place),
            Dialect::Harmony => return harmony::read(self, from, place),
        };
        Step {
            text_end: place,
            resume,
        }
    }

    fn piece(&mut self, from: usize, to: usize) {
        if from < to {
            self.pieces.push((from, to));
        }
    }

    fn visible(&mut self, dialect: Option<Dialect>, from: usize, to: usize) {
        let to = match dialect {
            Some(Dialect::Harmony) => harmony::text_end(self.text, from, to),
            _ => to,
        };
        self.piece(from, to);
    }

    /// Notes the attempts inside reasoning, none of which is run: one per marker.
    fn inside_reasoning(&mut self, dialect: Dialect, from: usize, to: usize) {
        let inside = &self.text[..to];
        let markers = &dialect.tags()[2..];
        let mut at = from;
        while !self.full()
            && let Some((_, place)) = next_tag(inside, at, markers)
        {
            if dialect == Dialect::Harmony && !harmony::addresses_tool(&inside[at..place]) {
                at = place + harmony::MESSAGE.len();
                continue;
            }
            let mut body = place + 1;
            if inside[place..].starts_with(tagged::OPEN) {
                // <tool_call><function=…> is one attempt, not two.
                let after = super::scan::skip_blanks(inside, place + tagged::OPEN.len());
                if inside[after..].starts_with(tagged::FUNCTION) {
                    body = after + 1;
                }
            }
            let end = next_tag(inside, body, markers).map_or(to, |(_, next)| next);
            self.reasoned((place, end), dialect.wire());
            at = end;
        }
    }

    /// An unopened `</think>`: all that came before it was reasoning.
    fn all_was_reasoning(&mut self, dialect: Option<Dialect>) {
        self.pieces.clear();
        let wire = dialect.map_or(Wire::Hermes, Dialect::wire);
        for attempt in &mut self.attempts {
            let raw = &self.text[attempt.span.0..attempt.span.1];
            *attempt = Attempt {
                span: attempt.span,
                status: AttemptStatus::InReasoning,
                call: None,
                tool: None,
                feedback: feedback::in_reasoning(self.tools, raw, wire),
                repairs: Vec::new(),
            };
        }
    }

    fn reasoned(&mut self, span: (usize, usize), wire: Wire) {
        let feedback = feedback::in_reasoning(self.tools, &self.text[span.0..span.1], wire);
        self.push(span, AttemptStatus::InReasoning, None, feedback);
    }

    /// Notes an attempt that does not run. Lists of calls come here past the cap; what exceeds it is dropped.
    fn push(
        &mut self,
        span: (usize, usize),
        status: AttemptStatus,
        tool: Option<usize>,
        feedback: String,
    ) {
        if !self.full() {
            let (call, repairs) = (None, Vec::new());
            self.attempts.push(Attempt {
                span,
                status,
                call,
                tool,
                feedback,
                repairs,
            });
        }
    }

    /// A call that cannot be read. `closed`: its closing tag is there.
    pub(super) fn unreadable(
        &mut self,
        span: (usize, usize),
        wire: Wire,
        fault: &Fault,
        closed: bool,
    ) {
        let mut span = span;
        if span.0 == span.1 {
            // Something was to follow and nothing did: the attempt is the character that promised it.
            let before = self.text[..span.0]
                .chars()
                .next_back()
                .map_or(0, char::len_utf8);
            span.0 -= before;
        }
        let reaches_end = super::scan::skip_blanks(self.text, span.1) == self.text.len();
        let raw = &self.text[span.0..span.1];
        let place = || feedback::place(self.text, span, fault);
        let (status, feedback) = if !closed && reaches_end && self.options.length_limited {
            (
                AttemptStatus::Truncated,
                feedback::truncated(self.tools, raw, wire),
            )
        } else if !closed && fault.at_end {
            (
                AttemptStatus::Unclosed,
                feedback::unclosed(self.tools, raw, wire, &place()),
            )
        } else {
            (
                AttemptStatus::InvalidJson,
                feedback::invalid(self.tools, raw, wire, &place()),
            )
        };
        self.push(span, status, None, feedback);
    }

    /// A call without a name.
    pub(super) fn nameless(&mut self, span: (usize, usize), wire: Wire) {
        let feedback = feedback::missing_name(self.tools, &self.text[span.0..span.1], wire);
        self.push(span, AttemptStatus::MissingName, None, feedback);
    }

    /// A call in the form `{"name": …, "arguments" or "parameters": …}`.
    pub(super) fn object_call(
        &mut self,
        span: (usize, usize),
        value: Value,
        mended: Mended,
        wire: Wire,
    ) {
        let Some((name, id, arguments)) = take_call(value) else {
            self.nameless(span, wire);
            return;
        };
        self.call(
            span,
            RawCall {
                id,
                name,
                arguments,
                mended,
                wire,
            },
        );
    }

    /// A call that was read: compares it with the tools.
    pub(super) fn call(&mut self, span: (usize, usize), raw: RawCall) {
        if raw.name.is_empty() {
            self.nameless(span, raw.wire);
            return;
        }
        self.attempts
            .push(judge(self.tools, self.options, span, raw));
    }

    /// A call of a known or unknown tool whose arguments are wrong in a way that no schema says.
    pub(super) fn wrong_arguments(
        &mut self,
        span: (usize, usize),
        name: &str,
        wire: Wire,
        problem: &str,
    ) {
        let (tool, status, feedback) = match self.tools.find(name) {
            Some((index, spec)) => (
                Some(index),
                AttemptStatus::BadArguments,
                feedback::bad_arguments(spec, wire, problem),
            ),
            None => (
                None,
                AttemptStatus::UnknownTool,
                feedback::unknown_tool(self.tools, name, wire),
            ),
        };
        self.push(span, status, tool, feedback);
    }

    /// The visible text, joined and trimmed.
    pub(super) fn visible_text(&self) -> String {
        match self.pieces.as_slice() {
            [] => String::new(),
            [(from, to)] => super::scan::trim(&self.text[*from..*to]).to_string(),
            pieces => {
                let joined: String = pieces
                    .iter()
                    .map(|(from, to)| &self.text[*from..*to])
                    .collect();
                super::scan::trim(&joined).to_string()
            }
        }
    }
}
