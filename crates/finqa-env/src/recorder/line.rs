//! The JSON objects of a log.

use finqa_core::behaviour::{CallEvent, EpisodeScore, criteria_of, needed_tables};
use finqa_core::error::ToolErrorCode;
use finqa_core::rubric::CriterionScore;
use finqa_core::task::Task;
use finqa_core::tool::ToolKind;
use serde::Serialize;

use crate::context::Context;
use crate::episode::{Episode, Exchange, Status};

use super::texts::{RecordTexts, Texts};

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
    level: Option<i8>,
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
        // The column holds 8 bits with a sign.
        level: i8::try_from(task.level).ok().filter(|level| *level > 0),
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

/// Appends `value` as JSON.
pub(super) fn json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    // Texts and numbers into memory: there is nothing that could fail.
    let _ = serde_json::to_writer(out, value);
}

/// Appends a score. Most are one of these, and to write any number takes longer than all else in a record.
fn score(out: &mut Vec<u8>, score: Option<f64>) {
    match score {
        None => out.extend_from_slice(b"null"),
        Some(0.0) => out.push(b'0'),
        Some(1.0) => out.push(b'1'),
        Some(other) => json(out, &(other as f32)),
    }
}

/// The members that say who acts, with a comma before them.
pub(super) fn policy_members(name: &str, step: Option<i64>) -> String {
    let mut out = b",\"policy\":".to_vec();
    json(&mut out, name);
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

fn member<T: Serialize + ?Sized>(out: &mut Vec<u8>, key: &str, value: &T) {
    out.extend_from_slice(key.as_bytes());
    json(out, value);
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
    texts: &mut RecordTexts<'_>,
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
        write_call(out, episode, call, texts);
    });
    out.extend_from_slice(b",\"turns\":");
    list(out, episode.transcript(), |out, exchange| {
        write_turn(out, exchange, texts);
    });
    out.extend_from_slice(b"}\n");
}

fn score_of(score: &CriterionScore) -> Option<f64> {
    score.applicable.then_some(score.score)
}

fn write_score(out: &mut Vec<u8>, of: &EpisodeScore, extra: &Extra<'_>) {
    member(out, ",\"score\":{\"is_correct\":", &of.is_correct);
    member(out, ",\"outcome\":", &(of.outcome as f32));
    member(
        out,
        ",\"reward\":",
        &extra.reward.unwrap_or(of.reward as f32),
    );
    member(out, ",\"reason\":", of.reason.unwrap_or(""));
    member(out, ",\"wrong_answer\":", &(of.wrong_answer as u8));
    member(out, ",\"failure\":", &of.failure.map(|f| f as u8));
    member(out, ",\"failures\":", &of.failures);
    member(out, ",\"flags\":", &of.flags);
    member(out, ",\"process\":", &of.process.map(|p| p as f32));
    out.extend_from_slice(b",\"dimensions\":");
    list(out, &of.dimensions, |out, d| {
        score(out, d.applicable.then_some(d.score));
    });
    out.extend_from_slice(b",\"checks\":");
    list(out, &of.checks, |out, check| {
        score(out, score_of(check));
    });
    out.extend_from_slice(b",\"criteria\":");
    list(out, &of.criteria, |out, c| {
        out.push(b'[');
        score(out, Some(c.score));
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

fn write_call(out: &mut Vec<u8>, episode: &Episode, call: &CallEvent, texts: &mut RecordTexts<'_>) {
    let company = call
        .table
        .and_then(|(company, _)| episode.company_place(company));
    let table = call.table.and_then(|key| {
        let name = episode.table_name(key)?;
        Some(texts.table(key, name))
    });
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

fn write_turn(out: &mut Vec<u8>, exchange: &Exchange, texts: &mut RecordTexts<'_>) {
    out.extend_from_slice(b"{\"action\":");
    texts.write_own(out, &exchange.action);
    if !exchange.tool_calls.is_empty() {
        out.extend_from_slice(b",\"tool_calls\":");
        texts.write_own(out, &exchange.tool_calls);
    }
    if exchange.length_limited {
        out.extend_from_slice(b",\"cut\":true");
    }
    if let Some(tokens) = exchange.num_tokens {
        member(out, ",\"tokens\":", &(tokens.prompt, tokens.completion));
    }
    out.extend_from_slice(b",\"messages\":");
    list(out, &exchange.messages, |out, message| {
        member(out, "[", &message.id);
        member(out, ",", &message.name);
        out.push(b',');
        texts.write(out, &message.content.whole());
        out.push(b']');
    });
    out.push(b'}');
}
