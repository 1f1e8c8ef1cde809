//! Tasks: a question, the companies it may look at, and what counts as right. Frozen data.

use serde::{Deserialize, Serialize};

use crate::answer::AnswerSpec;
use crate::gold::Gold;

/// Which part of a corpus a task belongs to; any name is allowed, a few have a meaning.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Split(pub String);

impl Split {
    /// The default split of sources that have none.
    pub const ALL: &'static str = "all";
}

/// One question with its truth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Durable id, unique in its corpus.
    pub id: String,
    /// The split.
    pub split: Split,
    /// Names of the companies that the episode may look at; the first is the default.
    pub companies: Vec<String>,
    /// The question without the company preamble.
    pub question: String,
    /// Free label ("Growth - YoY"); empty if unknown. `multi_table…` marks multi-table questions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub question_type: String,
    /// Words added to the prompt so that the unit asked for can be known ("Answer in millions."); may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit_hint: String,
    /// The expected answer as the benchmark writes it (`"\\boxed{0.204}"`, `"6.82%"`).
    pub truth: String,
    /// How `truth` and a submission are read and compared.
    #[serde(default)]
    pub answer: AnswerSpec,
    /// How the answer is found with the tools, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gold: Option<Gold>,
    /// Where the task comes from ("tatqa/dev/<uid>"), for reports.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
}

impl Task {
    /// The user message: "For company `slug`, here is the question: …" (the wording of both published data sets).
    pub fn user_query(&self) -> String {
        let mut text = String::with_capacity(self.question.len() + 64);
        if let [only] = self.companies.as_slice() {
            text.push_str("For company `");
            text.push_str(only);
            text.push_str("`, here is the question: ");
        } else {
            text.push_str("For companies ");
            for (i, company) in self.companies.iter().enumerate() {
                text.push_str(if i == 0 { "`" } else { ", `" });
                text.push_str(company);
                text.push('`');
            }
            text.push_str(", here is the question: ");
        }
        text.push_str(self.question.trim());
        if !self.unit_hint.is_empty() {
            text.push(' ');
            text.push_str(&self.unit_hint);
        }
        text
    }
}
