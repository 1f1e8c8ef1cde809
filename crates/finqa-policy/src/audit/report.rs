//! What an audit found, as data, JSON and Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

/// What a finding means for the corpus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// The task cannot be solved as it stands, or rewards a wrong answer in mode strict.
    Failure,
    /// To be looked at: a policy may be misled, or another mode or profile sees the task differently.
    Warning,
    /// Worth knowing; nothing is wrong.
    Note,
}

impl Class {
    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// Every code with its class and meaning. The codes are stable.
pub const CODES: &[(&str, Class, &str)] = &[
    (
        "unknown_company",
        Class::Failure,
        "The gold program asks a company that the task does not name.",
    ),
    (
        "unknown_table",
        Class::Failure,
        "The gold program asks a table that is not there.",
    ),
    (
        "unreachable_company",
        Class::Failure,
        "The tools of the profile take no company, so only the first can be asked.",
    ),
    (
        "truth_not_accepted",
        Class::Failure,
        "The truth is not accepted as its own answer in mode strict.",
    ),
    (
        "tool_error",
        Class::Failure,
        "A call of the gold program fails; the detail is what a policy would read.",
    ),
    (
        "no_answer",
        Class::Failure,
        "The gold program ends without a submission.",
    ),
    (
        "wrong_answer",
        Class::Failure,
        "The gold program's answer is not accepted in mode strict.",
    ),
    (
        "known_wrong_accepted",
        Class::Failure,
        "Mode strict accepts the result of a known mistake.",
    ),
    (
        "duplicate_question",
        Class::Failure,
        "The same question about the same companies has another truth elsewhere.",
    ),
    (
        "wrong_answer_openenv",
        Class::Warning,
        "The gold program's answer is not accepted in mode openenv.",
    ),
    (
        "known_wrong_accepted_openenv",
        Class::Warning,
        "Mode openenv accepts the result of a known mistake: its tolerance is 1 %.",
    ),
    (
        "refused_by_rllm_guard",
        Class::Warning,
        "A gold query does not pass the SQL guard of profile rllm.",
    ),
    (
        "refused_by_openenv_guard",
        Class::Warning,
        "A gold query does not pass the SQL guard of profile openenv.",
    ),
    (
        "unit_not_stated",
        Class::Warning,
        "Neither question, hint nor tables say in which unit to answer.",
    ),
    (
        "ambiguous_label",
        Class::Warning,
        "The label of a needed row stands in other rows too, and the question does not say which.",
    ),
    (
        "answer_cell_not_unique",
        Class::Warning,
        "The query for a single cell returns several rows.",
    ),
    (
        "no_gold",
        Class::Note,
        "There is no gold program: only the truth was checked.",
    ),
    (
        "openenv_truth_unreadable",
        Class::Note,
        "Mode openenv cannot read the truth, so nothing was compared in it.",
    ),
    (
        "cells_not_located",
        Class::Note,
        "The gold queries are not simple enough to say where their cells stand: label and sibling checks were left out.",
    ),
];

/// The class of a code.
pub fn class_of(code: &str) -> Class {
    CODES
        .iter()
        .find(|(name, ..)| *name == code)
        .map_or(Class::Failure, |(_, class, _)| *class)
}

/// One thing found in a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// One of [`CODES`].
    pub code: &'static str,
    /// What was seen.
    pub detail: String,
}

/// What came of one task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskAudit {
    /// Index in the corpus.
    pub task_index: u32,
    /// Id.
    pub task_id: String,
    /// The answer that the gold program came to.
    pub submission: String,
    /// What was found, failures first.
    pub findings: Vec<Finding>,
}

impl TaskAudit {
    pub(super) fn find(&mut self, code: &'static str, detail: impl Into<String>) {
        self.findings.push(Finding {
            code,
            detail: detail.into(),
        });
    }

    /// The code of the first failure, else `no_gold` or `ok`.
    pub fn outcome(&self) -> &'static str {
        let first = |wanted: &dyn Fn(&str) -> bool| {
            self.findings
                .iter()
                .map(|f| f.code)
                .find(|code| wanted(code))
        };
        first(&|code| class_of(code) == Class::Failure)
            .or_else(|| first(&|code| code == "no_gold"))
            .unwrap_or("ok")
    }

    /// Whether there is a failure.
    pub fn failed(&self) -> bool {
        self.findings
            .iter()
            .any(|f| class_of(f.code) == Class::Failure)
    }
}

/// Wrong answers tried in one mode, and how many of them were accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WrongAnswers {
    /// Tried.
    pub tried: usize,
    /// Accepted.
    pub accepted: usize,
}

/// What came of a corpus.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Name of the corpus.
    pub corpus: String,
    /// Layout that it was read from.
    pub layout: String,
    /// Its content hash.
    pub content_hash: String,
    /// Tools that the gold programs were played with.
    pub tool_profile: &'static str,
    /// The split that was looked at; `None` for all.
    pub split: Option<String>,
    /// The tasks, in corpus order.
    pub tasks: Vec<TaskAudit>,
    /// Known wrong answers in mode strict.
    pub wrong_strict: WrongAnswers,
    /// Known wrong answers in mode openenv.
    pub wrong_openenv: WrongAnswers,
}

impl AuditReport {
    /// Number of tasks with a failure.
    pub fn num_failed(&self) -> usize {
        self.tasks.iter().filter(|t| t.failed()).count()
    }

    /// Number of tasks with a warning and no failure.
    pub fn num_warned(&self) -> usize {
        let warned = |t: &&TaskAudit| {
            t.findings
                .iter()
                .any(|f| class_of(f.code) == Class::Warning)
        };
        self.tasks
            .iter()
            .filter(|t| !t.failed())
            .filter(warned)
            .count()
    }

    /// Number of tasks by code, each counted once a code; only codes that occurred.
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for task in &self.tasks {
            let mut codes: Vec<&'static str> = task.findings.iter().map(|f| f.code).collect();
            codes.sort_unstable();
            codes.dedup();
            for code in codes {
                *counts.entry(code).or_insert(0) += 1;
            }
        }
        counts
    }

    /// Number of tasks by [`TaskAudit::outcome`].
    pub fn outcomes(&self) -> BTreeMap<&'static str, usize> {
        let mut outcomes = BTreeMap::new();
        for task in &self.tasks {
            *outcomes.entry(task.outcome()).or_insert(0) += 1;
        }
        outcomes
    }

    /// The report as one JSON object; `docs/spec/corpus.md` describes it.
    pub fn to_json(&self) -> Value {
        let counts: Vec<Value> = self
            .counts()
            .into_iter()
            .map(|(code, n)| json!({"code": code, "class": class_of(code).name(), "tasks": n}))
            .collect();
        let tasks: Vec<Value> = self
            .tasks
            .iter()
            .map(|task| {
                let findings: Vec<Value> = task
                    .findings
                    .iter()
                    .map(|f| json!({"code": f.code, "class": class_of(f.code).name(), "detail": f.detail}))
                    .collect();
                json!({"task_index": task.task_index, "task_id": task.task_id, "outcome": task.outcome(),
                    "submission": task.submission, "findings": findings})
            })
            .collect();
        let wrong = |w: WrongAnswers| json!({"tried": w.tried, "accepted": w.accepted});
        json!({
            "format": "finqa-gym-validation",
            "format_version": 1,
            "corpus": {"name": self.corpus, "layout": self.layout, "content_hash": self.content_hash},
            "tool_profile": self.tool_profile,
            "split": self.split,
            "num_tasks": self.tasks.len(),
            "num_failed": self.num_failed(),
            "num_warned": self.num_warned(),
            "outcomes": self.outcomes(),
            "counts": counts,
            "known_wrong_answers": {"strict": wrong(self.wrong_strict), "openenv": wrong(self.wrong_openenv)},
            "tasks": tasks,
        })
    }

    /// The report as Markdown: counts with their meaning, then the failures and the first warnings of each kind.
    pub fn to_markdown(&self) -> String {
        /// Warnings of one kind that are shown.
        const SHOWN: usize = 5;
        let mut out = format!("# Validation of {}\n\n", self.corpus);
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{} tasks, profile {}: {} failed, {} with warnings. Content hash `{}`.\n",
            self.tasks.len(),
            self.tool_profile,
            self.num_failed(),
            self.num_warned(),
            self.content_hash
        );
        let wrong = |w: WrongAnswers| format!("{} of {}", w.accepted, w.tried);
        let _ = writeln!(
            out,
            "Known wrong answers accepted: strict {}, openenv {}.\n",
            wrong(self.wrong_strict),
            wrong(self.wrong_openenv)
        );
        let counts = self.counts();
        if counts.is_empty() {
            out.push_str("Nothing was found.\n");
            return out;
        }
        out.push_str("| class | code | tasks | meaning |\n| --- | --- | ---: | --- |\n");
        for (code, class, meaning) in CODES {
            if let Some(n) = counts.get(code) {
                let _ = writeln!(out, "| {} | `{code}` | {n} | {meaning} |", class.name());
            }
        }
        for (code, class, _) in CODES {
            let found: Vec<(&TaskAudit, &Finding)> = self
                .tasks
                .iter()
                .flat_map(|t| t.findings.iter().map(move |f| (t, f)))
                .filter(|(_, f)| f.code == *code)
                .collect();
            if found.is_empty() || *class == Class::Note {
                continue;
            }
            let shown = if *class == Class::Failure {
                found.len()
            } else {
                SHOWN
            };
            let _ = writeln!(out, "\n## {code}\n");
            for (task, finding) in found.iter().take(shown) {
                let detail = finding.detail.replace('\n', " ");
                let _ = writeln!(out, "- `{}`: {detail}", task.task_id);
            }
            if found.len() > shown {
                let _ = writeln!(out, "- … and {} more", found.len() - shown);
            }
        }
        out
    }
}
