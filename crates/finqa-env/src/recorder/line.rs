//! The lines of a log.

use finqa_core::behaviour::{CallEvent, EpisodeScore, criteria_of, needed_tables};
use finqa_core::error::ToolErrorCode;
use finqa_core::rubric::CriterionScore;
use finqa_core::task::Task;
use finqa_core::tool::ToolKind;
use serde::Serialize;

use crate::context::Context;
use crate::episode::{Episode, Exchange, Status};

use super::escape::{json, text};
use super::texts::Texts;

/// What a record holds that the episode does not know.
pub(super) struct Extra<'a> {
    /// Members about who acts.
    pub(super) policy: &'a str,
    pub(super) slot: usize,
    /// Reward that the caller came to; `None` for the engine's.
    pub(super) reward: Option<f32>,
    /// Names and weights of the caller's criteria, and the scores by them.
    pub(super) custom: &'a [(String, f32)],
    pub(super) scores: &'a [f32],
}

/// What is the same in every episode of a task.
#[derive(Serialize)]
struct TaskText<'a> {
    id: &'a str,
    index: u32,
    split: &'a str,
    question_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_tables: Option<usize>,
    companies: &'a [String],
    question: &'a str,
    truth: &'a str,
    prompt: String,
    criteria: Vec<(&'a str, &'static str, f32)>,
}

fn task_text(ctx: &Context, task: &Task, index: u32) -> String {
    let num_tables = needed_tables(task).len();
    let about = TaskText {
        id: &task.id,
        index,
        split: &task.split.0,
        question_type: &task.question_type,
        level: (task.level > 0).then_some(task.level),
        num_tables: (num_tables > 0).then_some(num_tables),
        companies: &task.companies,
        question: &task.question,
        truth: &task.truth,
        prompt: ctx.task_prompt(task),
        criteria: criteria_of(task)
            .iter()
            .map(|c| (c.id, c.dim.name(), c.weight as f32))
            .collect(),
    };
    let mut out = Vec::new();
    json(&mut out, &about);
    String::from_utf8(out).unwrap_or_default()
}

/// The members that say who acts, with a comma before them.
pub(super) fn policy_members(name: &str, step: Option<i64>) -> String {
    let mut out = b",\"policy\":".to_vec();
    text(&mut out, name);
    out.extend_from_slice(b",\"policy_step\":");
    json(&mut out, &step);
    String::from_utf8(out).unwrap_or_default()
}

/// A line of the log of starts.
pub(super) fn counts(out: &mut Vec<u8>, num_started: usize, num_abandoned: usize) {
    member(out, "{\"started\":", &num_started);
    member(out, ",\"abandoned\":", &num_abandoned);
    out.extend_from_slice(b"}\n");
}

pub(super) fn number(out: &mut Vec<u8>, number: u32) {
    json(out, &number);
}

fn member<T: Serialize + ?Sized>(out: &mut Vec<u8>, key: &str, value: &T) {
    out.extend_from_slice(key.as_bytes());
    json(out, value);
}

/// A text behind a key.
fn text_member(out: &mut Vec<u8>, key: &str, value: &str) {
    out.extend_from_slice(key.as_bytes());
    text(out, value);
}

/// A name of ours, which needs no escapes, or null.
fn name(out: &mut Vec<u8>, name: Option<&str>) {
    match name {
        Some(name) => {
            out.extend_from_slice(b",\"");
            out.extend_from_slice(name.as_bytes());
            out.push(b'"');
        }
        None => out.extend_from_slice(b",null"),
    }
}

fn list<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut item: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (i, value) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        item(out, value);
    }
    out.push(b']');
}

/// The members before the line's own texts.
pub(super) fn begin(out: &mut Vec<u8>, episode: &Episode, texts: &mut Texts) {
    member(out, "{\"episode\":", &episode.trail.number);
    if texts.forget_if_full() {
        out.extend_from_slice(b",\"forget\":true");
    }
}

/// The members after them.
pub(super) fn body(
    out: &mut Vec<u8>,
    ctx: &Context,
    episode: &Episode,
    extra: &Extra<'_>,
    texts: &mut Texts,
) {
    out.extend_from_slice(extra.policy.as_bytes());
    let index = episode.task_index();
    let task = texts.task(index, || task_text(ctx, episode.task(), index));
    member(out, ",\"task\":", &task);
    member(out, ",\"env\":", &extra.slot);
    member(out, ",\"group\":", &(extra.slot / ctx.config.group_size));
    // JSON readers hold signed numbers; the bits are the same.
    member(out, ",\"seed\":", &ctx.config.seed.cast_signed());
    let trail = &episode.trail;
    member(out, ",\"started_ms\":", &trail.started_ms);
    let elapsed = trail
        .started
        .map_or(0.0, |start| start.elapsed().as_secs_f64());
    member(out, ",\"duration_ms\":", &((elapsed * 1e6).round() / 1e3));
    match episode.status() {
        Status::Truncated(reason) => {
            out.extend_from_slice(b",\"status\":\"truncated\",\"truncation_reason\":\"");
            out.extend_from_slice(reason.name().as_bytes());
            out.push(b'"');
        }
        Status::Terminated => out.extend_from_slice(b",\"status\":\"terminated\""),
        Status::Running => out.extend_from_slice(b",\"status\":\"running\""),
    }
    member(out, ",\"submission\":", &episode.submission());
    if let Some(score) = episode.score() {
        write_score(out, score, extra);
    }
    out.extend_from_slice(b",\"calls\":");
    list(out, episode.calls(), |out, call| {
        write_call(out, episode, call);
    });
    out.extend_from_slice(b",\"turns\":");
    list(out, episode.transcript(), |out, exchange| {
        write_turn(out, exchange, texts);
    });
    out.extend_from_slice(b"}\n");
}

fn score_of(score: &CriterionScore) -> Option<f32> {
    score.applicable.then_some(score.score as f32)
}

fn write_score(out: &mut Vec<u8>, score: &EpisodeScore, extra: &Extra<'_>) {
    member(out, ",\"score\":{\"is_correct\":", &score.is_correct);
    member(out, ",\"outcome\":", &(score.outcome as f32));
    member(
        out,
        ",\"reward\":",
        &extra.reward.unwrap_or(score.reward as f32),
    );
    member(out, ",\"reason\":", score.reason.unwrap_or(""));
    member(out, ",\"wrong_answer\":", &(score.wrong_answer as u8));
    member(out, ",\"failure\":", &score.failure.map(|f| f as u8));
    member(out, ",\"failures\":", &score.failures);
    member(out, ",\"flags\":", &score.flags);
    member(out, ",\"process\":", &score.process.map(|p| p as f32));
    out.extend_from_slice(b",\"dimensions\":");
    list(out, &score.dimensions, |out, d| {
        json(out, &d.applicable.then_some(d.score as f32));
    });
    out.extend_from_slice(b",\"checks\":");
    list(out, &score.checks, |out, check| json(out, &score_of(check)));
    out.extend_from_slice(b",\"criteria\":");
    list(out, &score.criteria, |out, c| {
        member(out, "[", &(c.score as f32));
        member(out, ",", &c.applicable);
        name(out, Some(c.reason));
        out.push(b']');
    });
    if !extra.scores.is_empty() {
        out.extend_from_slice(b",\"custom\":");
        list(
            out,
            extra.custom.iter().zip(extra.scores),
            |out, ((id, weight), &score)| {
                member(out, "[", id);
                member(out, ",", weight);
                member(out, ",", &(!score.is_nan()).then_some(score));
                out.push(b']');
            },
        );
    }
    out.push(b'}');
}

fn write_call(out: &mut Vec<u8>, episode: &Episode, call: &CallEvent) {
    let company = call
        .table
        .and_then(|(company, _)| episode.company_place(company));
    let table = call.table.and_then(|key| episode.table_name(key));
    member(out, "[", &call.turn);
    name(out, call.kind.map(ToolKind::name));
    name(out, Some(call.status.name()));
    name(out, call.error.map(ToolErrorCode::name));
    member(out, ",", &company);
    member(out, ",", &table);
    let has_rows = call.kind == Some(ToolKind::SqlQuery) && call.error.is_none();
    member(out, ",", &has_rows.then_some(call.rows));
    member(out, ",", &call.latency_ns);
    out.push(b']');
}

fn write_turn(out: &mut Vec<u8>, exchange: &Exchange, texts: &mut Texts) {
    text_member(out, "{\"action\":", &exchange.action);
    if !exchange.tool_calls.is_empty() {
        text_member(out, ",\"tool_calls\":", &exchange.tool_calls);
    }
    if exchange.length_limited {
        out.extend_from_slice(b",\"cut\":true");
    }
    if let Some(tokens) = exchange.num_tokens {
        member(out, ",\"tokens\":", &(tokens.prompt, tokens.completion));
    }
    out.extend_from_slice(b",\"messages\":");
    list(out, &exchange.messages, |out, message| {
        text_member(out, "[", &message.id);
        text_member(out, ",", &message.name);
        out.push(b',');
        texts.write(out, &message.content.whole());
        out.push(b']');
    });
    out.push(b'}');
}
