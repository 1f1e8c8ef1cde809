//! Reading the log of an environment that records, or recorded until its process died.
//!
//! The format is written by `finqa_env::recorder` and described in `docs/spec/trajectories.md`, section "Live log".

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use finqa_core::behaviour::{Failure, WrongAnswer};
use finqa_core::trajectory::{
    CallRecord, CriterionRecord, EpisodeRecord, MessageRecord, TurnRecord,
};
use serde::Deserialize;
use serde::de::Visitor;

use crate::error::{DataError, Result};

/// A text, the number of one in this file, or the length of the next one behind the record.
enum Text {
    Number(usize),
    Next(usize),
    Own(String),
}

impl Default for Text {
    fn default() -> Self {
        Self::Own(String::new())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl Visitor<'_> for TextVisitor {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, the number of one, or its length as a negative number")
            }

            fn visit_i64<E>(self, length: i64) -> Result<Text, E> {
                Ok(Text::Next(length.unsigned_abs() as usize))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Text, E> {
                Ok(Text::Number(number as usize))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text::Own(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<Text, E> {
                Ok(Text::Own(text))
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

/// What is the same in every episode of a task.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct TaskLine {
    id: String,
    index: Option<i32>,
    split: String,
    question_type: String,
    level: Option<i8>,
    num_tables: Option<i16>,
    companies: Vec<String>,
    question: String,
    truth: Option<String>,
    prompt: String,
    /// Id, dimension, weight.
    criteria: Vec<(String, String, f32)>,
}

#[derive(Deserialize)]
struct ScoreLine {
    is_correct: Option<bool>,
    outcome: Option<f32>,
    reward: Option<f32>,
    reason: String,
    wrong_answer: usize,
    failure: Option<usize>,
    failures: u32,
    flags: u32,
    process: Option<f32>,
    dimensions: Vec<Option<f32>>,
    checks: Vec<Option<f32>>,
    /// Score, applicable, reason.
    criteria: Vec<(f32, bool, String)>,
    /// Criteria of the user: id, weight, score.
    #[serde(default)]
    custom: Vec<(String, f32, Option<f32>)>,
}

/// Turn, tool, status, error, company, number of the table's name, rows, nanoseconds.
type CallLine = (
    i32,
    Option<String>,
    String,
    Option<String>,
    Option<usize>,
    Option<usize>,
    Option<i32>,
    u32,
);

#[derive(Deserialize)]
struct TurnLine {
    action: Text,
    #[serde(default)]
    tool_calls: Text,
    #[serde(default)]
    cut: bool,
    /// Tokens of the prompt and of the message.
    #[serde(default)]
    tokens: Option<(Option<i64>, Option<i64>)>,
    /// Id, name, content.
    messages: Vec<(String, String, Text)>,
}

#[derive(Deserialize)]
struct Line {
    episode: i64,
    /// Forget the texts of the records before.
    #[serde(default)]
    forget: bool,
    /// Lengths of the texts that get the next numbers. They stand behind the object, before its other ones.
    #[serde(default)]
    texts: Vec<usize>,
    policy: String,
    policy_step: Option<i64>,
    task: usize,
    env: i32,
    group: i32,
    seed: i64,
    started_ms: i64,
    duration_ms: f64,
    status: String,
    #[serde(default)]
    truncation_reason: String,
    submission: Option<String>,
    score: ScoreLine,
    calls: Vec<CallLine>,
    turns: Vec<TurnLine>,
}

impl Line {
    /// Bytes of the texts behind the object.
    fn num_bytes_behind(&self) -> u64 {
        let length = |text: &Text| match text {
            Text::Next(length) => *length as u64,
            Text::Number(_) | Text::Own(_) => 0,
        };
        let turns = self.turns.iter().map(|turn| {
            let contents = turn.messages.iter().map(|(_, _, content)| length(content));
            length(&turn.action) + length(&turn.tool_calls) + contents.sum::<u64>()
        });
        let new = self.texts.iter().map(|&length| length as u64);
        new.sum::<u64>() + turns.sum::<u64>()
    }
}

/// How a file of the log ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogEnd {
    /// With a whole record.
    Whole,
    /// With so many bytes of a record that was never finished.
    Torn(u64),
    /// With a record (its number, from 1) that cannot be read; what comes after it is lost too.
    Damaged(u64, String),
}

/// The episodes of one file, in the order in which they ended.
pub struct LogReader {
    path: PathBuf,
    file: BufReader<std::io::Take<File>>,
    texts: Vec<Arc<str>>,
    tasks: Vec<Option<Arc<TaskLine>>>,
    buffer: Vec<u8>,
    /// Texts behind the record under way, and how many bytes of them are taken.
    behind: String,
    taken: usize,
    record: u64,
    position: u64,
    end: Option<LogEnd>,
}

impl LogReader {
    /// Reads the first `num_bytes` of a file.
    ///
    /// # Errors
    /// [`DataError::Io`].
    pub fn open(path: &Path, num_bytes: u64) -> Result<Self> {
        let file = File::open(path).map_err(|e| DataError::io(path, e))?;
        Ok(Self {
            path: path.to_owned(),
            file: BufReader::with_capacity(1 << 20, file.take(num_bytes)),
            texts: Vec::new(),
            tasks: Vec::new(),
            buffer: Vec::new(),
            behind: String::new(),
            taken: 0,
            record: 0,
            position: 0,
            end: None,
        })
    }

    /// Session and name of the file, for messages.
    pub(super) fn name(&self) -> String {
        let file = self.path.file_name().unwrap_or_default();
        let session = self.path.parent().and_then(Path::file_name);
        let session = session.unwrap_or_default();
        format!("live/{}/{}", session.display(), file.display())
    }

    /// How the file ends; `None` before it was read to its end.
    pub fn end(&self) -> Option<&LogEnd> {
        self.end.as_ref()
    }

    /// The next episode; `None` at the end, whole or not.
    ///
    /// # Errors
    /// [`DataError::Io`].
    pub fn read(&mut self) -> Result<Option<EpisodeRecord>> {
        if self.end.is_some() {
            return Ok(None);
        }
        let (count, line) = match self.read_line()? {
            Ok(line) => line,
            Err(end) => {
                self.end = Some(end);
                return Ok(None);
            }
        };
        self.record += 1;
        let behind = line.num_bytes_behind();
        match self.read_behind(behind)? {
            Ok(()) => {}
            Err(read) => {
                self.end = Some(LogEnd::Torn(count + read));
                return Ok(None);
            }
        }
        match self.episode(line) {
            Ok(episode) => {
                self.position += count + behind + 1;
                Ok(Some(episode))
            }
            Err(reason) => {
                self.end = Some(LogEnd::Damaged(self.record, reason));
                Ok(None)
            }
        }
    }

    /// Bytes of the records that were read.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The next JSON object and its length, or how the file ends.
    fn read_line(&mut self) -> Result<Result<(u64, Line), LogEnd>> {
        self.buffer.clear();
        let count = self
            .file
            .read_until(b'\n', &mut self.buffer)
            .map_err(|e| DataError::io(&self.path, e))? as u64;
        if count == 0 {
            return Ok(Err(LogEnd::Whole));
        }
        if self.buffer.last() != Some(&b'\n') {
            return Ok(Err(LogEnd::Torn(count)));
        }
        Ok(serde_json::from_slice(&self.buffer)
            .map(|line| (count, line))
            .map_err(|e| LogEnd::Damaged(self.record + 1, e.to_string())))
    }

    /// Reads the texts behind an object; fewer bytes than that are the inner error.
    fn read_behind(&mut self, num_bytes: u64) -> Result<Result<(), u64>> {
        let mut bytes = std::mem::take(&mut self.behind).into_bytes();
        bytes.clear();
        // A line feed ends the record. A length that is damaged must not be believed before the bytes are there.
        let read = (&mut self.file)
            .take(num_bytes + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| DataError::io(&self.path, e))?;
        if read as u64 <= num_bytes {
            return Ok(Err(read as u64));
        }
        self.taken = 0;
        // Texts that are no UTF-8 are found when they are cut apart: none is there.
        self.behind = String::from_utf8(bytes).unwrap_or_default();
        Ok(Ok(()))
    }

    /// The next text behind the record.
    fn next(&mut self, length: usize) -> Result<&str, String> {
        let end = self.taken.saturating_add(length);
        let text = self.behind.get(self.taken..end);
        self.taken = end;
        text.ok_or_else(|| "the texts behind the record are damaged".to_owned())
    }

    fn text(&mut self, text: Text) -> Result<String, String> {
        match text {
            Text::Own(text) => Ok(text),
            Text::Next(length) => self.next(length).map(str::to_owned),
            Text::Number(number) => Ok((**self.stored(number)?).to_owned()),
        }
    }

    fn stored(&self, number: usize) -> Result<&Arc<str>, String> {
        self.texts
            .get(number)
            .ok_or_else(|| format!("text {number} stands in no record before"))
    }

    fn task(&mut self, number: usize) -> Result<Arc<TaskLine>, String> {
        self.tasks.resize(self.texts.len(), None);
        if let Some(Some(task)) = self.tasks.get(number) {
            return Ok(Arc::clone(task));
        }
        let task: TaskLine =
            serde_json::from_str(self.stored(number)?).map_err(|e| format!("task: {e}"))?;
        let task = Arc::new(task);
        self.tasks[number] = Some(Arc::clone(&task));
        Ok(task)
    }

    fn call_record(&self, call: CallLine, companies: &[String]) -> Result<CallRecord, String> {
        let (turn, tool, status, error, company, table, rows, nanoseconds) = call;
        let table = table.map(|number| self.stored(number)).transpose()?;
        Ok(CallRecord {
            turn,
            tool,
            status,
            error,
            company: company.and_then(|i| companies.get(i).cloned()),
            table: table.map(|name| (**name).to_owned()),
            rows,
            tool_ms: (nanoseconds > 0).then(|| (f64::from(nanoseconds) / 1e6) as f32),
        })
    }

    fn episode(&mut self, line: Line) -> Result<EpisodeRecord, String> {
        if line.forget {
            self.texts.clear();
            self.tasks.clear();
        }
        for length in line.texts {
            let text = Arc::from(self.next(length)?);
            self.texts.push(text);
        }
        let task = self.task(line.task)?;
        let task = &*task;
        let calls: Vec<CallRecord> = line
            .calls
            .into_iter()
            .map(|call| self.call_record(call, &task.companies))
            .collect::<Result<_, _>>()?;
        let num_turns = line.turns.len();
        let (mut prompt_tokens, mut completion_tokens) = (None, None);
        let mut turns = Vec::with_capacity(num_turns);
        for (i, turn) in line.turns.into_iter().enumerate() {
            let (prompt, completion) = turn.tokens.unwrap_or_default();
            add(&mut prompt_tokens, prompt);
            add(&mut completion_tokens, completion);
            // In the order in which their texts stand behind the record.
            let action = self.text(turn.action)?;
            let tool_calls = self.text(turn.tool_calls)?;
            let mut messages = Vec::with_capacity(turn.messages.len());
            for (k, (id, name, content)) in turn.messages.into_iter().enumerate() {
                messages.push(MessageRecord {
                    id: if id.is_empty() {
                        format!("call_{}_{k}", i + 1)
                    } else {
                        id
                    },
                    name,
                    content: self.text(content)?,
                });
            }
            turns.push(TurnRecord {
                action,
                tool_calls,
                length_limited: turn.cut,
                num_tokens: completion.map(|n| n as i32),
                reward: if i + 1 == num_turns {
                    line.score.reward.unwrap_or(0.0)
                } else {
                    0.0
                },
                messages,
            });
        }
        let score = line.score;
        let tool_ms: f64 = calls.iter().filter_map(|c| c.tool_ms).map(f64::from).sum();
        Ok(EpisodeRecord {
            episode: line.episode,
            policy: line.policy,
            policy_step: line.policy_step,
            task_id: task.id.clone(),
            task_index: task.index,
            split: task.split.clone(),
            question_type: task.question_type.clone(),
            level: task.level,
            num_tables: task.num_tables,
            companies: task.companies.clone(),
            question: task.question.clone(),
            truth: task.truth.clone(),
            env_id: Some(line.env),
            group: Some(line.group),
            seed: Some(line.seed),
            started_ms: Some(line.started_ms),
            duration_ms: Some(line.duration_ms),
            tool_ms: calls.iter().any(|c| c.tool_ms.is_some()).then_some(tool_ms),
            status: line.status,
            truncation_reason: line.truncation_reason,
            submission: line.submission,
            is_correct: score.is_correct,
            outcome: score.outcome,
            reward: score.reward,
            answer_reason: score.reason,
            wrong_answer: WrongAnswer::ALL
                .get(score.wrong_answer)
                .map(|w| w.name().to_owned())
                .ok_or_else(|| format!("there is no wrong answer {}", score.wrong_answer))?,
            failure: score
                .failure
                .and_then(|f| Failure::ALL.get(f))
                .map_or_else(String::new, |f| f.name().to_owned()),
            failures: Failure::ALL
                .iter()
                .filter(|&&f| score.failures >> f as u8 & 1 == 1)
                .map(|f| f.name().to_owned())
                .collect(),
            process: score.process,
            num_turns: num_turns as i32,
            num_calls: calls.len() as i32,
            num_errors: calls.iter().filter(|c| c.error.is_some()).count() as i32,
            num_prompt_tokens: prompt_tokens,
            num_completion_tokens: completion_tokens,
            dimensions: fixed(&score.dimensions),
            checks: fixed(&score.checks),
            flags: score.flags,
            criteria: criteria(&task.criteria, score.criteria, score.custom),
            calls,
            prompt: task.prompt.clone(),
            turns,
        })
    }
}

fn add(total: &mut Option<i64>, tokens: Option<i64>) {
    if let Some(tokens) = tokens {
        *total = Some(total.unwrap_or(0) + tokens);
    }
}

fn fixed<const N: usize>(values: &[Option<f32>]) -> [Option<f32>; N] {
    std::array::from_fn(|i| values.get(i).copied().flatten())
}

fn criteria(
    of_task: &[(String, String, f32)],
    scores: Vec<(f32, bool, String)>,
    custom: Vec<(String, f32, Option<f32>)>,
) -> Vec<CriterionRecord> {
    let built_in = of_task.iter().zip(scores);
    let built_in =
        built_in.map(
            |((id, dim, weight), (score, applicable, reason))| CriterionRecord {
                id: id.clone(),
                dim: dim.clone(),
                weight: *weight,
                score,
                applicable,
                reason,
            },
        );
    let custom = custom
        .into_iter()
        .map(|(id, weight, score)| CriterionRecord {
            id,
            dim: "custom".into(),
            weight,
            score: score.unwrap_or(0.0),
            applicable: score.is_some(),
            reason: String::new(),
        });
    built_in.chain(custom).collect()
}

/// What a session's log says of episodes that it holds no record of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Episodes that were started.
    pub started: u64,
    /// Episodes that the caller reset or closed before they ended.
    pub abandoned: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CountLine {
    started: u64,
    abandoned: u64,
}

/// Adds up the log of starts. A torn last line is left out: its episodes were never handed to the caller.
///
/// # Errors
/// [`DataError::Io`].
pub fn read_counts(path: &Path) -> Result<Counts> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        // The session died before its first reset.
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Counts::default()),
        Err(e) => return Err(DataError::io(path, e)),
    };
    let whole = bytes.iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
    let mut counts = Counts::default();
    for line in bytes[..whole].split(|&b| b == b'\n') {
        if let Ok(line) = serde_json::from_slice::<CountLine>(line) {
            counts.started += line.started;
            counts.abandoned += line.abandoned;
        }
    }
    Ok(counts)
}
