//! Scoring an episode: answer, rubric, behaviour and reward in one go, for single-table and multi-table tasks alike.

use crate::answer::{AnswerMode, Unit, Verdict, is_statement};
use crate::rubric::{
    CriterionKind, CriterionScore, Dimension, DimensionScore, NOT_APPLICABLE, Report, Rubric,
    RubricOptions, Trace, score_report,
};
use crate::task::Task;

use super::checks::{self, is_empty_query, looked, not_applicable, scored};
use super::claim::{Claim, Claims};
use super::evidence::{Evidence, succeeded};
use super::failure::{self, Answered};
use super::reason as why;
use super::reward::process;
use super::wrong::{self, WrongReport};
use super::{CallEvent, Check, Failure, Flag, RewardConfig, TableKey, WrongAnswer, needed_tables};

/// How an episode ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// An answer was handed in.
    Submitted,
    /// Its turns were used up, or the caller cut it off.
    OutOfTurns,
    /// A malformed call ended it.
    Malformed,
    /// A fault of the machine ended it.
    Fault,
}

/// What happened in an episode, as its score needs it.
pub struct EpisodeLog<'a> {
    /// The calls, in order.
    pub calls: &'a [CallEvent],
    /// Tables that a call asks beyond [`CallEvent::table`]: position of the call, and table. Queries that join have them.
    pub more_tables: &'a [(usize, TableKey)],
    /// What each call returned, in the order of `calls`: the text that the policy saw, error texts included.
    pub outputs: &'a [&'a str],
    /// The answer that was handed in.
    pub submission: Option<&'a str>,
    /// How it ended.
    pub ended: Ended,
    /// The keys of [`needed_tables`] of the task, in their order; empty if that is not known. A table that the corpus does
    /// not have has a key that no call has.
    pub needed_tables: &'a [TableKey],
    /// The policy has a tool that lists tables.
    pub can_list: bool,
    /// The policy has a tool that shows a table's schema.
    pub can_inspect: bool,
}

impl EpisodeLog<'_> {
    /// The tables that call number `at` asks.
    pub(super) fn tables(&self, at: usize) -> impl Iterator<Item = TableKey> {
        let more = self.more_tables.iter().filter(move |(call, _)| *call == at);
        let first = self.calls[at].table.into_iter();
        first.chain(more.map(|(_, table)| *table))
    }
}

/// A set of [`Flag`]s or [`Failure`]s: bit `i` is the one with numeric value `i`.
pub type Set = u32;

/// What an episode came to.
#[derive(Clone, Debug, PartialEq)]
pub struct EpisodeScore {
    /// The reward that trainers get.
    pub reward: f64,
    /// Outcome: 0 or 1 for a single answer, the rubric's for a report; 0 without a submission.
    pub outcome: f64,
    /// Whether the answer is right.
    pub is_correct: bool,
    /// Why the answer is right or wrong; `None` without a submission.
    pub reason: Option<&'static str>,
    /// In the order of [`crate::rubric::Dimension::SCORED`].
    pub dimensions: [DimensionScore; 6],
    /// One for each of [`criteria_of`](super::criteria_of) the task. Without a submission those about the answer are 0.
    pub criteria: Vec<CriterionScore>,
    /// In the order of [`Check::ALL`].
    pub checks: [CriterionScore; Check::COUNT],
    /// Weighted mean of the process criteria that apply; `None` if none does.
    pub process: Option<f64>,
    /// The [`Flag`]s.
    pub flags: Set,
    /// The [`Failure`]s that the episode shows, whether its answer is right or not.
    pub failures: Set,
    /// The failure class; `None` if the answer is right.
    pub failure: Option<Failure>,
    /// The kind of wrong answer.
    pub wrong_answer: WrongAnswer,
}

impl EpisodeScore {
    /// Whether a flag is set.
    pub const fn has(&self, flag: Flag) -> bool {
        self.flags >> flag as u8 & 1 == 1
    }

    /// Whether the episode shows a failure.
    pub const fn shows(&self, failure: Failure) -> bool {
        self.failures >> failure as u8 & 1 == 1
    }

    /// What a check came to.
    pub const fn check(&self, check: Check) -> CriterionScore {
        self.checks[check as usize]
    }
}

/// Scores an episode.
///
/// Takes any log and any text and never panics; costs microseconds. Rules: `docs/spec/behaviour.md`, and
/// `docs/spec/rewards.md` for the answer. A task without truth and rubric (somebody else's log) is scored for its
/// behaviour: it is never right, and its failure class is `None` where the calls explain nothing.
///
/// ```
/// use finqa_core::Task;
/// use finqa_core::answer::AnswerMode;
/// use finqa_core::behaviour::{Check, Ended, EpisodeLog, Failure, RewardConfig, score_episode};
///
/// let task = Task { truth: "17.0%".into(), ..Task::default() };
/// let log = EpisodeLog {
///     calls: &[],
///     more_tables: &[],
///     outputs: &[],
///     submission: Some("12.5%"),
///     ended: Ended::Submitted,
///     needed_tables: &[],
///     can_list: true,
///     can_inspect: true,
/// };
/// let score = score_episode(&task, &log, AnswerMode::Strict, &RewardConfig::default());
/// assert_eq!(score.check(Check::NoHallucinatedAnswer).reason, "invented");
/// assert_eq!(score.failure, Some(Failure::HallucinatedAfterFailure));
/// ```
pub fn score_episode(
    task: &Task,
    log: &EpisodeLog<'_>,
    mode: AnswerMode,
    config: &RewardConfig,
) -> EpisodeScore {
    let evidence = Evidence::new(log);
    let mut answer = match (&task.rubric, log.submission) {
        (rubric, None) => Answer::without_submission(rubric.as_ref()),
        (None, Some(text)) => Answer::single(task, text, mode),
        (Some(rubric), Some(text)) => Answer::report(task, rubric, text, mode, config, &evidence),
    };
    let is_unanswerable = task.answer.unit == Unit::Absent;
    let declines = log
        .submission
        .is_some_and(|text| answer.declines(task, text));
    // A text that fills no slot of a report may still hold a number.
    let is_report = answer.report.as_ref().is_some_and(|r| r.num_filled > 0);
    let claims = log
        .submission
        .filter(|_| !(is_report || declines && is_unanswerable))
        .map(|text| Claims::read(text, &task.answer));
    let origin = Origin::new(task, log, &answer, claims.as_ref(), &evidence);
    let checks = all_checks(task, log, &answer, declines, &origin);
    if let Some(rubric) = &task.rubric {
        answer.score_process(task, rubric, log, &checks);
    }
    let process = answer.process(task, &checks, config);
    let wrong_answer = match log.submission {
        Some(text) if !answer.is_correct && task.has_truth() => {
            answer.wrong(task, text, claims.as_ref(), declines)
        }
        _ => WrongAnswer::None,
    };
    let answered = Answered {
        is_correct: answer.is_correct,
        is_unanswerable,
        declines,
        has_number: origin.has_number,
        is_report: answer.report.is_some(),
        has_truth: task.has_truth(),
        wrong: wrong_answer,
    };
    let flags = failure::flags(log, answered, &checks);
    let failures = failure::failures(log, answered, flags);
    EpisodeScore {
        reward: if log.submission.is_some() {
            config.reward(answer.outcome, answer.is_correct, process)
        } else {
            0.0
        },
        outcome: answer.outcome,
        is_correct: answer.is_correct,
        reason: answer.reason,
        dimensions: answer.dimensions,
        criteria: answer.criteria,
        checks,
        process,
        flags,
        failures,
        failure: failure::class(failures, answer.is_correct),
        wrong_answer,
    }
}

/// What the submission is worth, before its process is looked at.
struct Answer {
    outcome: f64,
    is_correct: bool,
    reason: Option<&'static str>,
    dimensions: [DimensionScore; 6],
    criteria: Vec<CriterionScore>,
    /// Of a report with slots.
    report: Option<Report>,
}

impl Answer {
    /// A task without a rubric is one with a single criterion.
    fn single(task: &Task, submission: &str, mode: AnswerMode) -> Self {
        let verdict = task.score(submission, mode);
        let mut dimensions = [DimensionScore::default(); 6];
        dimensions[0] = DimensionScore {
            score: verdict.score,
            applicable: true,
        };
        Self {
            outcome: verdict.score,
            is_correct: verdict.is_correct,
            reason: Some(verdict.reason),
            dimensions,
            criteria: vec![scored(verdict.score, verdict.reason)],
            report: None,
        }
    }

    fn report(
        task: &Task,
        rubric: &Rubric,
        submission: &str,
        mode: AnswerMode,
        config: &RewardConfig,
        evidence: &Evidence<'_>,
    ) -> Self {
        let seen = |text: &str| evidence.holds_text(text);
        let options = RubricOptions {
            cascade_credit: config.cascade_credit,
            seen: Some(&seen),
            answer: task.answer_verdict(submission, mode),
            ..RubricOptions::of(mode)
        };
        let mut report = score_report(submission, rubric, &options, Some(evidence));
        let score = &mut report.score;
        let verdict = Verdict::of_report(score.is_correct, score.outcome);
        Self {
            outcome: score.outcome,
            is_correct: score.is_correct,
            reason: Some(verdict.reason),
            dimensions: score.dimensions,
            criteria: std::mem::take(&mut score.criteria),
            // Without slots the submission is a single answer that a rubric looks at.
            report: (report.num_slots > 0).then_some(report),
        }
    }

    /// Nothing was handed in: what would apply is 0.
    fn without_submission(rubric: Option<&Rubric>) -> Self {
        let mut answer = Self {
            outcome: 0.0,
            is_correct: false,
            reason: None,
            dimensions: [DimensionScore::default(); 6],
            criteria: vec![scored(0.0, why::NO_SUBMISSION)],
            report: None,
        };
        answer.dimensions[0].applicable = true;
        if let Some(rubric) = rubric {
            let empty = score_report("", rubric, &RubricOptions::default(), None);
            answer.criteria = empty.score.criteria;
            for (score, criterion) in answer.criteria.iter_mut().zip(&rubric.criteria) {
                if score.applicable && criterion.dim != Dimension::Process {
                    *score = scored(0.0, why::NO_SUBMISSION);
                }
            }
            for (own, empty) in answer.dimensions.iter_mut().zip(empty.score.dimensions) {
                own.applicable = empty.applicable;
            }
        }
        answer
    }

    /// Whether the submission says that there is no answer.
    fn declines(&self, task: &Task, submission: &str) -> bool {
        if task.answer.unit == Unit::Absent && self.is_correct {
            return is_statement(submission);
        }
        let is_empty = self.report.as_ref().is_none_or(|r| r.num_filled == 0);
        !self.is_correct && is_empty && wrong::gives_up(task.answer.unit, submission)
    }

    fn wrong(
        &self,
        task: &Task,
        submission: &str,
        claims: Option<&Claims>,
        declines: bool,
    ) -> WrongAnswer {
        match (&self.report, &task.rubric, claims) {
            (Some(report), Some(rubric), _) => {
                let mut reasons = self
                    .criteria
                    .iter()
                    .zip(&rubric.criteria)
                    .filter(|(score, c)| c.dim == Dimension::Primary && score.score < 1.0)
                    .map(|(score, _)| score.reason);
                let first = reasons.next();
                let wrong = WrongReport {
                    num_filled: report.num_filled,
                    values: &report.wrong_values,
                    only_reason: first.filter(|first| reasons.all(|r| r == *first)),
                };
                wrong::of_report(task, rubric, submission, &wrong)
            }
            (_, _, Some(claims)) => wrong::of_answer(task, submission, claims, declines),
            // Declined where the tables hold no answer, and not in words that count.
            _ => WrongAnswer::Unreadable,
        }
    }

    /// Scores the criteria about the calls.
    fn score_process(
        &mut self,
        task: &Task,
        rubric: &Rubric,
        log: &EpisodeLog<'_>,
        checks: &[CriterionScore; Check::COUNT],
    ) {
        let is_access = |kind: &CriterionKind| matches!(kind, CriterionKind::TableAccess { .. });
        let num_access = rubric
            .criteria
            .iter()
            .filter(|c| is_access(&c.kind))
            .count();
        for (score, criterion) in self.criteria.iter_mut().zip(&rubric.criteria) {
            match &criterion.kind {
                CriterionKind::Behaviour { check } => {
                    *score = Check::parse(check)
                        .map_or(not_applicable(NOT_APPLICABLE), |c| checks[c as usize]);
                }
                CriterionKind::TableAccess { .. } if num_access == 1 => {
                    *score = checks[Check::TableAccess as usize];
                }
                CriterionKind::TableAccess { tables } => {
                    let named = needed_tables(task);
                    let own: Vec<TableKey> = if named.len() == log.needed_tables.len() {
                        let is_own = |name: &str| tables.iter().any(|t| t == name);
                        let pairs = named.iter().zip(log.needed_tables);
                        pairs
                            .filter(|((_, name), _)| is_own(name))
                            .map(|(_, k)| *k)
                            .collect()
                    } else {
                        log.needed_tables.to_vec()
                    };
                    *score = checks::table_access(log, &own);
                }
                _ => {}
            }
        }
    }

    /// By the rubric's process criteria if it has any, else by the configured checks.
    fn process(
        &self,
        task: &Task,
        checks: &[CriterionScore; Check::COUNT],
        config: &RewardConfig,
    ) -> Option<f64> {
        let own = || {
            let criteria = task.rubric.iter().flat_map(|r| &r.criteria);
            let pairs = criteria.zip(&self.criteria);
            pairs.filter(|(c, _)| c.dim == Dimension::Process && c.kind.is_about_calls())
        };
        if own().next().is_none() {
            return config.checks.mean(checks);
        }
        process(own().map(|(criterion, score)| {
            let check = match &criterion.kind {
                CriterionKind::Behaviour { check } => Check::parse(check),
                _ => None,
            };
            (check, criterion.weight, *score)
        }))
    }
}

/// Where the submitted numbers come from.
struct Origin {
    /// The check `no_hallucinated_answer`.
    grounded: CriterionScore,
    /// The calculator or arithmetic in SQL returned a submitted number; `None` if no number was submitted.
    is_calculated: Option<bool>,
    /// A number other than 0 was submitted.
    has_number: bool,
}

impl Origin {
    fn new(
        task: &Task,
        log: &EpisodeLog<'_>,
        answer: &Answer,
        claims: Option<&Claims>,
        evidence: &Evidence<'_>,
    ) -> Self {
        let mut origin = Self {
            grounded: not_applicable(why::NO_SUBMISSION),
            is_calculated: None,
            has_number: false,
        };
        if log.submission.is_none() {
            return origin;
        }
        let (mut num_given, mut num_invented, mut num_possible) = (0, 0, 1);
        if let Some(report) = answer.report.as_ref().filter(|r| r.num_filled > 0) {
            num_given = report.num_given;
            num_invented = report.num_invented;
            num_possible = report.num_numbers.max(1);
            origin.has_number = num_given > 0;
            origin.is_calculated = (num_given > 0).then_some(report.num_calculated > 0);
        } else if matches!(task.answer.unit, Unit::Text | Unit::Bool) {
            origin.grounded = not_applicable(why::NO_NUMBER_ASKED);
            return origin;
        } else if let Some(claims) = claims {
            num_given = claims.iter().count();
            // One wrong number is as bad as many: repeating right ones must not help.
            num_invented = usize::from(!claims.iter().all(|c| evidence.supports(c)));
            origin.has_number = claims.iter().any(|c| c.value > 0.0);
            origin.is_calculated =
                (num_given > 0).then(|| claims.iter().any(|c| evidence.calculated(c)));
        }
        // A right answer to which the results of every needed table led was worked out from them, in more steps than are
        // traced.
        if answer.is_correct && failure::found_all_data(log) {
            num_invented = 0;
        }
        let is_blind = failure::last_query(log)
            .is_some_and(|q| is_empty_query(q) || checks::failed(q))
            && !failure::found_data(log);
        origin.grounded = if num_given == 0 {
            scored(1.0, why::NO_NUMBER_GIVEN)
        } else if is_blind {
            scored(0.0, why::NOTHING_FOUND)
        } else if num_invented == 0 {
            scored(1.0, why::GROUNDED)
        } else {
            scored(
                1.0 - num_invented as f64 / num_possible as f64,
                why::INVENTED,
            )
        };
        origin
    }
}

/// All checks, in the order of [`Check::ALL`].
fn all_checks(
    task: &Task,
    log: &EpisodeLog<'_>,
    answer: &Answer,
    declines: bool,
    origin: &Origin,
) -> [CriterionScore; Check::COUNT] {
    let mut scores = [not_applicable(NOT_APPLICABLE); Check::COUNT];
    for (score, check) in scores.iter_mut().zip(Check::ALL) {
        *score = match check {
            Check::ListedBeforeQuery => checks::listed_before_query(log),
            Check::InspectedBeforeQuery => checks::inspected_before_query(log),
            Check::RecoveredFromError => checks::recovered_from_error(log),
            Check::NoRepeatFailed => checks::no_repeat_failed(log),
            // Where there is no answer, an empty result is what there is to find.
            Check::HandledEmpty if declines && task.answer.unit == Unit::Absent => {
                not_applicable(why::ABSTAINED)
            }
            Check::HandledEmpty => checks::handled_empty(log),
            Check::NoHallucinatedAnswer => origin.grounded,
            Check::FilteredSql => checks::filtered_sql(log),
            Check::CalculatorUsed => calculator_used(task, log, origin),
            Check::Budget => checks::budget(log, task.gold.as_ref()),
            Check::TableAccess => checks::table_access(log, log.needed_tables),
            Check::AbstainedRightly => abstained_rightly(task, log, answer, declines),
        };
    }
    scores
}

fn calculator_used(task: &Task, log: &EpisodeLog<'_>, origin: &Origin) -> CriterionScore {
    use crate::tool::ToolKind;
    let Some(gold) = &task.gold else {
        return not_applicable(why::NO_GOLD);
    };
    if !gold.needs_arithmetic() {
        return not_applicable(why::NO_ARITHMETIC);
    }
    let works_out = |c: &CallEvent| match c.kind {
        Some(ToolKind::Calculator) => succeeded(c),
        _ => checks::found_rows(c) && c.has_arithmetic,
    };
    if !log.calls.iter().any(works_out) {
        scored(0.0, why::NOT_CALCULATED)
    } else if origin.is_calculated == Some(false) {
        scored(0.0, why::RESULT_UNUSED)
    } else {
        scored(1.0, why::CALCULATED)
    }
}

fn abstained_rightly(
    task: &Task,
    log: &EpisodeLog<'_>,
    answer: &Answer,
    declines: bool,
) -> CriterionScore {
    if task.answer.unit != Unit::Absent {
        return not_applicable(why::ANSWERABLE);
    }
    if log.submission.is_none() {
        scored(0.0, why::NO_SUBMISSION)
    } else if !(declines && answer.is_correct) {
        scored(0.0, why::NOT_ABSTAINED)
    } else if log.calls.iter().any(looked) {
        scored(1.0, why::ABSTAINED)
    } else {
        scored(0.0, why::ABSTAINED_BLINDLY)
    }
}

impl Trace for Evidence<'_> {
    fn supports(&self, claim: &Claim) -> bool {
        Evidence::supports(self, claim)
    }

    fn holds(&self, claim: &Claim) -> bool {
        Evidence::holds(self, claim)
    }

    fn calculated(&self, claim: &Claim) -> bool {
        Evidence::calculated(self, claim)
    }
}
