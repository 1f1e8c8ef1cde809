//! One message of the policy: its calls are run in order, then the turn is closed.

use std::sync::Arc;
use std::time::Instant;

use finqa_core::action::{Attempt, AttemptStatus, ParsedAction, parse_action, parse_structured};
use finqa_core::answer::final_answer;
use finqa_core::behaviour::{CallEvent, fingerprint};
use finqa_core::error::{ToolError, ToolErrorCode};
use finqa_core::tool::{ToolKind, ToolProfile};

use crate::config::{OnMalformed, OnNoCall};
use crate::context::Context;
use crate::dispatch::{self, Failure, Output, Touched};
use crate::observation::{Observation, Text, ToolMessage};
use crate::stats::Delta;

use super::{Action, Episode, Exchange, Status, Step, TruncationReason, Turn, UserCall};

/// Calls that the log of an episode has room for at first: list, schema, query, correction, calculation, answer.
const USUAL_CALLS: usize = 6;

/// A message half way through.
#[derive(Default)]
pub(super) struct Progress {
    attempts: std::vec::IntoIter<Attempt>,
    text: String,
    action: Box<str>,
    tool_calls: Box<str>,
    observation: Observation,
    num_attempts: u16,
    num_calls: u16,
    num_errors: u16,
    last_error: Option<ToolErrorCode>,
    infra_error: Option<Box<str>>,
    malformed: bool,
    in_reasoning: bool,
    /// Says so if the reasoning was never closed: a call behind it then counts as part of it.
    unclosed: &'static str,
    length_limited: bool,
    waiting: Option<Attempt>,
    /// Fingerprints of the attempts that hold no call, in order.
    unread: std::vec::IntoIter<u64>,
}

impl Episode {
    /// Handles one message. Costs a turn whatever it holds.
    pub fn step(
        &mut self,
        ctx: &Context,
        action: Action<'_>,
        length_limited: bool,
        delta: &mut Delta,
    ) -> Step {
        self.turn += 1;
        delta.steps += 1;
        let (content, calls) = match action {
            Action::Text(text) => (text, None),
            Action::Structured(text, calls) => (text, Some(calls)),
        };
        let num_bytes = content.len() + calls.map_or(0, text_bytes);
        let too_long = num_bytes > ctx.config.max_action_bytes;
        let parsed = if too_long {
            ParsedAction::default()
        } else if let Some(calls) = calls {
            // Calls come from the list alone, but reasoning is no answer here either.
            ParsedAction {
                text: parse_action(content, &ctx.toolbox, &ctx.parse_options(length_limited)).text,
                ..parse_structured(calls, &ctx.toolbox)
            }
        } else {
            parse_action(content, &ctx.toolbox, &ctx.parse_options(length_limited))
        };
        let unread: Vec<u64> = parsed
            .attempts
            .iter()
            .filter(|attempt| attempt.call.is_none())
            .map(|attempt| {
                // A structured call has no place in the text; then what is wrong with it tells it apart.
                let text = match attempt.span {
                    (0, 0) => attempt.feedback.as_str(),
                    (start, end) => content.get(start..end).unwrap_or(""),
                };
                fingerprint::of_text(text)
            })
            .collect();
        let mut progress = Progress {
            attempts: parsed.attempts.into_iter(),
            unread: unread.into_iter(),
            text: parsed.text,
            unclosed: if content.contains("<think>") && !content.contains("</think>") {
                ": the reasoning was never closed with </think>"
            } else {
                ""
            },
            length_limited,
            ..Progress::default()
        };
        if ctx.config.keep_messages {
            progress.action = content.into();
            progress.tool_calls = calls
                .map(ToString::to_string)
                .unwrap_or_default()
                .into_boxed_str();
        }
        if too_long {
            let error = ToolError::new(
                ToolErrorCode::MalformedAction,
                format!(
                    "Error: the message has {num_bytes} bytes, at most {} are read. Send a shorter message.",
                    ctx.config.max_action_bytes
                ),
            );
            progress.num_attempts = 1;
            progress.malformed = true;
            let touched = Touched::of_text(content);
            let status = AttemptStatus::InvalidJson;
            self.fail(ctx, &mut progress, None, status, touched, &error, delta);
        }
        self.advance(ctx, progress, delta)
    }

    /// Goes on with a message that waited for a user's tool: `result` is the tool's text, or its error text.
    ///
    /// Without a waiting message nothing happens: an empty turn comes back.
    pub fn resume(
        &mut self,
        ctx: &Context,
        result: Result<String, String>,
        delta: &mut Delta,
    ) -> Step {
        let Some(mut progress) = self.progress.take().map(|p| *p) else {
            return Step::Done(Turn::default());
        };
        if let Some(attempt) = progress.waiting.take() {
            let (kind, touched) = (
                ToolKind::User,
                Touched::of_attempt(&attempt, &mut progress.unread),
            );
            match result {
                Ok(text) => self.succeed(ctx, &mut progress, attempt, kind, touched, text.into()),
                Err(message) => {
                    let error = ToolError::new(ToolErrorCode::UserToolFailed, message);
                    let status = attempt.status;
                    self.fail(
                        ctx,
                        &mut progress,
                        Some(kind),
                        status,
                        touched,
                        &error,
                        delta,
                    );
                    name_last(&mut progress, attempt);
                }
            }
        }
        self.advance(ctx, progress, delta)
    }

    /// Runs the calls that are left, then closes the turn.
    fn advance(&mut self, ctx: &Context, mut progress: Progress, delta: &mut Delta) -> Step {
        while let Some(attempt) = progress.attempts.next() {
            let mut touched = Touched::of_attempt(&attempt, &mut progress.unread);
            if attempt.status == AttemptStatus::InReasoning
                || (is_malformed(attempt.status) && ctx.config.on_malformed == OnMalformed::Ignore)
            {
                progress.in_reasoning |= attempt.status == AttemptStatus::InReasoning;
                self.log(None, attempt.status, None, touched, Text::default());
                continue;
            }
            progress.num_attempts += 1;
            if let Some(error) = self.refusal(ctx, &progress, &attempt) {
                progress.malformed |= is_malformed(attempt.status);
                let kind = attempt.tool.map(|i| ctx.toolbox.specs()[i].kind);
                let status = attempt.status;
                self.fail(ctx, &mut progress, kind, status, touched, &error, delta);
                name_last(&mut progress, attempt);
                if progress.malformed && ctx.config.on_malformed == OnMalformed::Terminate {
                    break;
                }
                continue;
            }
            let (Some(call), Some(tool)) = (&attempt.call, attempt.tool) else {
                continue;
            };
            let kind = ctx.toolbox.specs()[tool].kind;
            progress.num_calls += 1;
            delta.calls[kind as usize] += 1;
            if kind == ToolKind::User {
                let user_call = UserCall {
                    tool,
                    call: call.clone(),
                };
                progress.waiting = Some(attempt);
                self.progress = Some(Box::new(progress));
                return Step::UserCall(user_call);
            }
            let start = ctx.config.measure_latency.then(Instant::now);
            let outcome = dispatch::run(ctx, &self.companies, kind, call, &mut touched);
            if let Some(start) = start {
                let nanos = start.elapsed().as_nanos() as u64;
                touched.latency_ns = u32::try_from(nanos).unwrap_or(u32::MAX);
                delta.record_latency(kind, nanos);
            }
            match outcome {
                Ok(Output::Text(text)) => {
                    self.succeed(ctx, &mut progress, attempt, kind, touched, text);
                }
                Ok(Output::Submission(answer)) => {
                    let text = format!("Answer submitted: {answer}").into();
                    self.submit(&answer);
                    self.succeed(ctx, &mut progress, attempt, kind, touched, text);
                }
                Err(Failure::Tool(error)) => {
                    let status = attempt.status;
                    self.fail(
                        ctx,
                        &mut progress,
                        Some(kind),
                        status,
                        touched,
                        &error,
                        delta,
                    );
                    name_last(&mut progress, attempt);
                }
                Err(Failure::Infra(infra)) => {
                    let reason = if infra.kind == "infra_timeout" {
                        TruncationReason::InfraTimeout
                    } else {
                        TruncationReason::InfraBackend
                    };
                    self.status = Status::Truncated(reason);
                    progress.infra_error =
                        Some(format!("{}: {}", infra.kind, infra.message).into());
                    delta.infra_faults += 1;
                }
            }
            if matches!(self.status, Status::Truncated(_)) {
                break;
            }
        }
        if progress.num_attempts == 0 {
            self.without_call(ctx, &mut progress, delta);
        }
        Step::Done(self.close_turn(ctx, progress, delta))
    }

    /// Why a call is not run, if it is not.
    fn refusal(&self, ctx: &Context, progress: &Progress, attempt: &Attempt) -> Option<ToolError> {
        if self.submission.is_some() {
            return Some(ToolError::new(
                ToolErrorCode::AlreadySubmitted,
                "Error: not run, an answer was already submitted. Only the first submission counts.",
            ));
        }
        let code = match attempt.status {
            AttemptStatus::Ok | AttemptStatus::Repaired => {
                if usize::from(progress.num_calls) >= ctx.config.max_calls_per_turn {
                    return Some(ToolError::new(
                        ToolErrorCode::TooManyCalls,
                        format!(
                            "Error: not run, a message may hold at most {} calls.",
                            ctx.config.max_calls_per_turn
                        ),
                    ));
                }
                return None;
            }
            AttemptStatus::UnknownTool => ToolErrorCode::UnknownTool,
            AttemptStatus::BadArguments => ToolErrorCode::BadArguments,
            AttemptStatus::Truncated => ToolErrorCode::TruncatedAction,
            AttemptStatus::InvalidJson
            | AttemptStatus::Unclosed
            | AttemptStatus::MissingName
            | AttemptStatus::InReasoning => ToolErrorCode::MalformedAction,
        };
        Some(ToolError::new(code, attempt.feedback.clone()))
    }

    /// A message without a call: a final answer, or feedback.
    fn without_call(&mut self, ctx: &Context, progress: &mut Progress, delta: &mut Delta) {
        let takes_text = ctx.config.tool_profile != ToolProfile::OpenEnv;
        // A message cut at its token limit may hold half a number, and an empty one holds no answer.
        let whole = !progress.length_limited && !progress.text.is_empty();
        let answer = match (final_answer(&progress.text), ctx.config.on_no_call()) {
            (Some(answer), _) if whole && takes_text => Some(answer),
            (_, OnNoCall::Submit) if whole => Some(progress.text.as_str()),
            _ => None,
        };
        if let Some(answer) = answer {
            let answer = answer.trim().to_string();
            self.submit(&answer);
            delta.calls[ToolKind::SubmitAnswer as usize] += 1;
            progress.num_calls += 1;
            let (kind, touched) = (ToolKind::SubmitAnswer, Touched::of_text(&answer));
            self.log(
                Some(kind),
                AttemptStatus::Ok,
                None,
                touched,
                Text::default(),
            );
            return;
        }
        let error = if progress.length_limited {
            ToolError::new(
                ToolErrorCode::TruncatedAction,
                "Error: your message was cut at its length limit, so nothing was run or submitted. Write less.",
            )
        } else if progress.in_reasoning {
            ToolError::new(
                ToolErrorCode::NoAction,
                "Error: the tool call stands inside the reasoning and was not run. Close the reasoning first, then \
                 call the tool.",
            )
        } else {
            let submit = ctx
                .toolbox
                .name_of(ToolKind::SubmitAnswer)
                .unwrap_or("the submit tool");
            let unclosed = progress.unclosed;
            let or = if takes_text {
                ", or end with a line `FINAL ANSWER: <answer>`"
            } else {
                ""
            };
            ToolError::new(
                ToolErrorCode::NoAction,
                format!(
                    "Error: no tool call found{unclosed}. Call one of the tools ({}), call {submit} with the answer{or}.",
                    ctx.toolbox.names()
                ),
            )
        };
        let touched = Touched::of_text(&progress.text);
        let status = AttemptStatus::MissingName;
        self.fail(ctx, progress, None, status, touched, &error, delta);
    }

    fn submit(&mut self, answer: &str) {
        self.submission = Some(answer.into());
        self.status = Status::Terminated;
    }

    /// Ends the turn: turn limit, score, transcript.
    fn close_turn(&mut self, ctx: &Context, progress: Progress, delta: &mut Delta) -> Turn {
        if self.status == Status::Running {
            if progress.malformed && ctx.config.on_malformed == OnMalformed::Terminate {
                self.status = Status::Truncated(TruncationReason::MalformedAction);
            } else if u32::from(self.turn) >= ctx.max_turns {
                self.status = Status::Truncated(TruncationReason::MaxTurns);
            }
        }
        if self.status != Status::Running {
            self.conclude(ctx, delta);
        }
        if ctx.config.keep_messages {
            self.transcript.push(Exchange {
                action: progress.action,
                tool_calls: progress.tool_calls,
                length_limited: progress.length_limited,
                num_tokens: self.trail.tokens.take(),
                messages: progress.observation.messages.clone().into_boxed_slice(),
            });
        }
        Turn {
            observation: progress.observation,
            reward: self.reward(),
            num_calls: progress.num_calls,
            num_errors: progress.num_errors,
            last_error: progress.last_error,
            infra_error: progress.infra_error,
        }
    }

    /// Writes a call with what it returned into the log.
    fn log(
        &mut self,
        kind: Option<ToolKind>,
        status: AttemptStatus,
        error: Option<ToolErrorCode>,
        touched: Touched,
        output: Text,
    ) {
        if self.calls.is_empty() {
            // Growing by doubling would leave holes behind in every live episode.
            self.calls.reserve_exact(USUAL_CALLS);
            self.outputs.reserve_exact(USUAL_CALLS);
        }
        self.outputs.push(output);
        if !touched.more_tables.is_empty() {
            // Joins are rare, so that what grows here need not grow fast but be small in every live episode.
            let place = self.calls.len();
            let more = touched.more_tables.into_iter().map(|table| (place, table));
            self.more_tables = self.more_tables.iter().copied().chain(more).collect();
        }
        self.calls.push(CallEvent {
            turn: self.turn,
            kind,
            status,
            error,
            table: touched.table,
            rows: touched.rows,
            fingerprint: touched.fingerprint,
            has_filter: touched.sql.has_filter,
            has_arithmetic: touched.sql.has_arithmetic,
            latency_ns: touched.latency_ns,
        });
    }

    fn succeed(
        &mut self,
        ctx: &Context,
        progress: &mut Progress,
        attempt: Attempt,
        kind: ToolKind,
        touched: Touched,
        mut content: Text,
    ) {
        // A submission echoes what the policy wrote, which may be long.
        content.cut(ctx.config.max_observation_chars);
        self.log(Some(kind), attempt.status, None, touched, content.clone());
        progress.observation.messages.push(ToolMessage {
            id: "".into(),
            name: "".into(),
            content,
        });
        name_last(progress, attempt);
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "what the log and the policy are told"
    )]
    fn fail(
        &mut self,
        ctx: &Context,
        progress: &mut Progress,
        kind: Option<ToolKind>,
        status: AttemptStatus,
        touched: Touched,
        error: &ToolError,
        delta: &mut Delta,
    ) {
        let mut content = Text::Shared(told(&error.message));
        content.cut(ctx.config.max_observation_chars);
        delta.errors[error.code as usize] += 1;
        self.log(kind, status, Some(error.code), touched, content.clone());
        progress.num_errors += 1;
        progress.last_error = Some(error.code);
        progress.observation.messages.push(ToolMessage {
            id: "".into(),
            name: "".into(),
            content,
        });
    }
}

/// A call that could not even be read, as against one that was read and is wrong or was cut by the token limit.
fn is_malformed(status: AttemptStatus) -> bool {
    matches!(
        status,
        AttemptStatus::InvalidJson | AttemptStatus::Unclosed | AttemptStatus::MissingName
    )
}

/// An error text as the policy sees it: every one begins in the same way, whoever wrote it.
fn told(message: &str) -> Arc<str> {
    if message.starts_with("Error") {
        message.into()
    } else {
        format!("Error: {message}").into()
    }
}

/// Bytes of all texts in a JSON value.
fn text_bytes(value: &serde_json::Value) -> usize {
    use serde_json::Value;
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(text_bytes).sum(),
        Value::Object(map) => map.iter().map(|(k, v)| k.len() + text_bytes(v)).sum(),
        // Numbers and words are short; one byte each keeps long lists of them from being free.
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
    }
}

/// Puts the id and tool name of `attempt` on the last message.
fn name_last(progress: &mut Progress, attempt: Attempt) {
    if let (Some(message), Some(call)) = (progress.observation.messages.last_mut(), attempt.call) {
        message.id = call.id.into_boxed_str();
        message.name = call.name.into_boxed_str();
    }
}
