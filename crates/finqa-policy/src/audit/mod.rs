//! The audit of a corpus: is every task answerable inside the sandbox, well scoped, and verifiable?

mod cells;
mod report;
mod scope;
mod wrong;

use std::collections::HashMap;
use std::sync::Arc;

use finqa_core::Corpus;
use finqa_core::answer::AnswerMode;
use finqa_core::gold::Gold;
use finqa_core::sql::SqlBackend;
use finqa_core::sql_guard::{SqlGuard, check as check_guard};
use finqa_core::task::Task;
use finqa_core::tool::{ToolKind, ToolProfile};
use finqa_env::Context;

use crate::access;
use crate::validate::{self, ValidateOptions};
use cells::Replay;

pub use report::{AuditReport, CODES, Class, Finding, TaskAudit, WrongAnswers, class_of};

/// What to look at, and how closely.
#[derive(Clone, Debug)]
pub struct AuditOptions {
    /// Tools that the gold programs are played with.
    pub tool_profile: ToolProfile,
    /// Only tasks of this split; `None` for all.
    pub split: Option<String>,
    /// At most so many tasks; `None` for all.
    pub max_tasks: Option<usize>,
    /// Wrong answers made up for a task that names none.
    pub max_wrong_answers: usize,
}

impl Default for AuditOptions {
    fn default() -> Self {
        Self {
            tool_profile: ToolProfile::Rllm,
            split: None,
            max_tasks: None,
            max_wrong_answers: 24,
        }
    }
}

/// Checks the tasks of a corpus one by one and against each other.
///
/// For each: companies and tables exist, the gold program runs in the sandbox under the limits, its queries pass the
/// published SQL guards, its answer and the truth itself are accepted in both answer modes, unit and labels are clear,
/// and no answer that a known mistake leads to is accepted. Then: no question has two truths.
///
/// `progress` is called after every task with the number done; returning false stops early.
///
/// # Errors
/// [`finqa_env::Error`] if the corpus has no such split or the environment cannot be set up over it.
///
/// ```
/// use std::sync::Arc;
///
/// use finqa_core::sql::SqlBackend;
/// use finqa_core::corpus::Pick;
/// use finqa_data::{SynthConfig, materialise, synthetic};
/// use finqa_policy::{AuditOptions, audit};
/// use finqa_sqlite::{BackendConfig, SqliteBackend};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let whole = synthetic(0, SynthConfig::default())?;
/// let corpus = Arc::new(materialise(&whole, &[Pick::first("val", 2)])?);
/// let backend: Arc<dyn SqlBackend> = Arc::new(SqliteBackend::new(BackendConfig::default())?);
/// let report = audit(&corpus, &backend, &AuditOptions::default(), &mut |_| true)?;
/// assert_eq!(report.num_failed(), 0);
/// println!("{}", report.to_markdown());
/// # Ok(())
/// # }
/// ```
pub fn audit(
    corpus: &Arc<Corpus>,
    backend: &Arc<dyn SqlBackend>,
    options: &AuditOptions,
    progress: &mut dyn FnMut(usize) -> bool,
) -> finqa_env::Result<AuditReport> {
    let ctx = validate::context(
        corpus,
        backend,
        &ValidateOptions {
            tool_profile: options.tool_profile,
            answer_mode: AnswerMode::Strict,
        },
    )?;
    let mut auditor = Auditor {
        ctx,
        replay: Replay::new()?,
        max_wrong_answers: options.max_wrong_answers,
        report: AuditReport {
            corpus: corpus.info().name.clone(),
            layout: corpus.info().layout.clone(),
            content_hash: corpus.info().content_hash.clone(),
            tool_profile: options.tool_profile.name(),
            split: options.split.clone(),
            ..AuditReport::default()
        },
    };
    let selected = corpus.task_indices(options.split.as_deref(), options.max_tasks)?;
    for (done, index) in selected.into_iter().enumerate() {
        auditor.task(index)?;
        if !progress(done + 1) {
            break;
        }
    }
    let mut report = auditor.report;
    find_duplicates(corpus, &mut report.tasks);
    for task in &mut report.tasks {
        task.findings.sort_by_key(|f| class_of(f.code));
    }
    Ok(report)
}

struct Auditor {
    ctx: Context,
    replay: Replay,
    max_wrong_answers: usize,
    report: AuditReport,
}

impl Auditor {
    fn task(&mut self, index: u32) -> finqa_env::Result<()> {
        let task = self.ctx.corpus.task(index)?;
        let mut audit = TaskAudit {
            task_index: index,
            task_id: task.id.clone(),
            ..TaskAudit::default()
        };
        let openenv_reads = truth(&task, &mut audit);
        let mut asked = None;
        if let Some(gold) = &task.gold {
            guards(gold, &mut audit);
            if self.names_exist(&task, gold, &mut audit) {
                self.play(index, &task, openenv_reads, &mut audit)?;
                asked = cells::ask(&self.ctx, gold);
            }
            if let Some(asked) = &asked {
                let located = cells::operands(gold).iter().all(|&at| {
                    let asked = asked.get(usize::from(at.query));
                    asked.is_some_and(|a| a.place(at).is_some())
                });
                if !located {
                    audit.find("cells_not_located", "");
                }
                scope::labels(&task, gold, asked, &mut audit);
                scope::unique_cell(gold, asked, &mut audit);
            }
        } else {
            audit.find("no_gold", "");
        }
        let companies: Vec<_> = task
            .companies
            .iter()
            .filter_map(|name| access::company(&self.ctx.corpus, name))
            .collect();
        let tables = scope::tables(&task, &companies);
        scope::unit(
            &task,
            &tables,
            asked.as_deref().unwrap_or_default(),
            &mut audit,
        );
        // What a broken program comes to says nothing about mistakes.
        if !audit.failed() {
            self.wrong_answers(&task, asked.as_deref(), openenv_reads, &mut audit);
        }
        self.report.tasks.push(audit);
        Ok(())
    }

    /// Whether the tools can reach everything that the program names.
    fn names_exist(&self, task: &Task, gold: &Gold, audit: &mut TaskAudit) -> bool {
        let takes_company = self
            .ctx
            .toolbox
            .specs()
            .iter()
            .any(|s| s.kind == ToolKind::SqlQuery && s.param_type("company_name").is_some());
        for (company, table) in gold.tables() {
            let named = |name: &String| name.eq_ignore_ascii_case(company);
            let found = access::company(&self.ctx.corpus, company);
            let Some(found) = found.filter(|_| task.companies.iter().any(named)) else {
                let reason = format!("{company:?}; the task names {:?}", task.companies);
                audit.find("unknown_company", reason);
                continue;
            };
            if !takes_company && !named(&task.companies[0]) {
                audit.find(
                    "unreachable_company",
                    format!("{company:?}; only {:?} can be asked", task.companies[0]),
                );
            }
            if found.table(table).is_none() {
                audit.find("unknown_table", format!("{table:?} of company {company:?}"));
            }
        }
        !audit.failed()
    }

    /// Plays the gold program and scores its answer in both modes.
    fn play(
        &self,
        index: u32,
        task: &Task,
        openenv_reads: bool,
        audit: &mut TaskAudit,
    ) -> finqa_env::Result<()> {
        let check = validate::check(&self.ctx, index)?;
        match check.outcome {
            "ok" | "truth_not_accepted" => {}
            other => audit.find(other, check.detail),
        }
        audit.submission = check.submission;
        let said = &audit.submission;
        if openenv_reads && !said.is_empty() {
            let verdict = task.score(said, AnswerMode::OpenEnv);
            if verdict.score < 1.0 {
                let detail = format!(
                    "submitted {said:?}, truth {:?} ({})",
                    task.truth, verdict.reason
                );
                audit.find("wrong_answer_openenv", detail);
            }
        }
        Ok(())
    }

    fn wrong_answers(
        &mut self,
        task: &Task,
        asked: Option<&[cells::Asked]>,
        openenv_reads: bool,
        audit: &mut TaskAudit,
    ) {
        let right = audit.submission.clone();
        let wrong = wrong::wrong_answers(task, asked, &self.replay, &right, self.max_wrong_answers);
        for wrong in wrong {
            let told = |mode: &str| {
                let wrong::Wrong { answer, mistake } = &wrong;
                format!("{mode} accepts {answer:?} ({mistake}) for {:?}", task.truth)
            };
            self.report.wrong_strict.tried += 1;
            if wrong::accepted(task, &wrong.answer, AnswerMode::Strict) {
                self.report.wrong_strict.accepted += 1;
                audit.find("known_wrong_accepted", told("strict"));
            }
            if !openenv_reads {
                continue;
            }
            self.report.wrong_openenv.tried += 1;
            if wrong::accepted(task, &wrong.answer, AnswerMode::OpenEnv) {
                self.report.wrong_openenv.accepted += 1;
                audit.find("known_wrong_accepted_openenv", told("openenv"));
            }
        }
    }
}

/// Is the truth its own answer? Returns whether mode openenv can read it.
fn truth(task: &Task, audit: &mut TaskAudit) -> bool {
    let own = |mode| task.score(&task.truth, mode);
    let strict = own(AnswerMode::Strict);
    if strict.score < 1.0 {
        let detail = format!("{:?} ({})", task.truth, strict.reason);
        audit.find("truth_not_accepted", detail);
    }
    let openenv = own(AnswerMode::OpenEnv);
    if openenv.score < 1.0 {
        let detail = format!("{:?} ({})", task.truth, openenv.reason);
        audit.find("openenv_truth_unreadable", detail);
    }
    openenv.score >= 1.0
}

fn guards(gold: &Gold, audit: &mut TaskAudit) {
    for (guard, code) in [
        (SqlGuard::Rllm, "refused_by_rllm_guard"),
        (SqlGuard::OpenEnv, "refused_by_openenv_guard"),
    ] {
        let refused = gold
            .queries
            .iter()
            .find_map(|query| Some((query, check_guard(guard, &query.sql).err()?)));
        if let Some((query, error)) = refused {
            audit.find(code, format!("{}: {}", query.sql, error.message));
        }
    }
}

/// The same question about the same companies must have one truth.
fn find_duplicates(corpus: &Corpus, tasks: &mut [TaskAudit]) {
    let mut groups: HashMap<String, Vec<usize>> = HashMap::new();
    let mut truths = Vec::with_capacity(tasks.len());
    for (i, audit) in tasks.iter().enumerate() {
        let Ok(task) = corpus.task(audit.task_index) else {
            truths.push(String::new());
            continue;
        };
        let words = task.user_query().to_lowercase();
        let key = words.split_whitespace().collect::<Vec<_>>().join(" ");
        groups.entry(key).or_default().push(i);
        truths.push(task.truth.clone());
    }
    let mut found: Vec<(usize, String)> = Vec::new();
    for group in groups.into_values() {
        for &i in &group {
            if let Some(&other) = group
                .iter()
                .find(|&&j| truths[j].trim() != truths[i].trim())
            {
                let detail = format!(
                    "task {:?} asks the same; its truth is {:?}, not {:?}",
                    tasks[other].task_id, truths[other], truths[i]
                );
                found.push((i, detail));
            }
        }
    }
    for (i, detail) in found {
        tasks[i].find("duplicate_question", detail);
    }
}
