//! Answers parity questions: JSON lines in, JSON lines out, one for each, in order.
//!
//! In: `{"kind": "answer", "predicted", "truth", "question", "mode"}`, `{"kind": "calculate", "expression"}` or
//! `{"kind": "action", "text", "format", "level", "length_limited"}` (tools of profile `rllm`).
//! Out: `{"score", "reason"}`; `{"value"}` or `{"error"}`; `{"attempts": [{"status", "name", "arguments"}], "text"}`.
//!
//! ```console
//! $ echo '{"kind": "calculate", "expression": "0.1 + 0.2"}' | cargo run -q -p finqa-core --example parity_probe
//! {"value":"0.3"}
//! ```

use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};

use finqa_core::action::{ActionFormat, ParseLevel, ParseOptions, parse_action};
use finqa_core::answer::{AnswerMode, AnswerSpec, score_answer};
use finqa_core::calculator::calculate;
use finqa_core::tool::{ToolProfile, Toolbox};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Question {
    Answer {
        predicted: String,
        truth: String,
        question: AnswerSpec,
        mode: String,
    },
    Calculate {
        expression: String,
    },
    Action {
        text: String,
        format: String,
        level: String,
        length_limited: bool,
    },
}

fn main() -> Result<(), Box<dyn Error>> {
    let tools = Toolbox::new(ToolProfile::Rllm, &[], Vec::new())?;
    let mut out = stdout().lock();
    for line in stdin().lock().lines() {
        let question = serde_json::from_str(&line?)?;
        writeln!(out, "{}", answer(question, &tools)?)?;
    }
    Ok(())
}

fn answer(question: Question, tools: &Toolbox) -> Result<Value, Box<dyn Error>> {
    Ok(match question {
        Question::Answer {
            predicted,
            truth,
            question,
            mode,
        } => {
            let mode = AnswerMode::parse(&mode)?;
            let verdict = score_answer(&predicted, &truth, &question, mode);
            json!({"score": verdict.score, "reason": verdict.reason})
        }
        Question::Calculate { expression } => match calculate(&expression) {
            Ok(value) => json!({"value": value}),
            Err(error) => json!({"error": error.code.name()}),
        },
        Question::Action {
            text,
            format,
            level,
            length_limited,
        } => {
            let options = ParseOptions {
                format: ActionFormat::parse(&format)?,
                level: ParseLevel::parse(&level)?,
                length_limited,
            };
            let parsed = parse_action(&text, tools, &options);
            let attempts: Vec<Value> = parsed
                .attempts
                .iter()
                .map(|attempt| {
                    let call = attempt.call.as_ref();
                    json!({
                        "status": attempt.status.name(),
                        "name": call.map(|c| &c.name),
                        "arguments": call.map(|c| &c.arguments),
                    })
                })
                .collect();
            json!({"attempts": attempts, "text": parsed.text})
        }
    })
}
