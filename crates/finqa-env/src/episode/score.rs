//! What an episode came to, once it is over.

use std::borrow::Cow;
use std::sync::Arc;

use finqa_core::behaviour::{
    Check, Ended, EpisodeLog, EpisodeScore, Failure, Flag, TableKey, WrongAnswer, needed_tables,
    score_episode,
};
use finqa_core::rubric::{CriterionScore, DimensionScore};
use finqa_core::tool::ToolKind;

use crate::context::Context;
use crate::observation::Text;
use crate::stats::Delta;

use super::{Episode, Status, TruncationReason};

impl Episode {
    /// Scores and counts the episode, which is over, and lets go of what only the score needed.
    pub(super) fn conclude(&mut self, ctx: &Context, delta: &mut Delta) {
        let texts: Vec<Cow<'_, str>> = self.outputs.iter().map(Text::whole).collect();
        let outputs: Vec<&str> = texts.iter().map(|text| &**text).collect();
        let needed_tables = self.needed_tables();
        let log = EpisodeLog {
            calls: &self.calls,
            more_tables: &self.more_tables,
            outputs: &outputs,
            submission: self.submission.as_deref(),
            ended: self.ended(),
            needed_tables: &needed_tables,
            can_list: ctx.toolbox.name_of(ToolKind::ListTables).is_some(),
            can_inspect: ctx.toolbox.name_of(ToolKind::TableInfo).is_some(),
        };
        let config = &ctx.config;
        let score = score_episode(&self.task, &log, config.answer_mode, &config.reward);
        if self.status == Status::Terminated {
            delta.terminated += 1;
            delta.correct += u64::from(score.is_correct);
        } else {
            delta.truncated += 1;
        }
        self.score = Some(Arc::new(score));
        self.outputs = Vec::new();
    }

    /// What the episode earned; 0 while it runs.
    pub(super) fn reward(&self) -> f32 {
        self.score.as_ref().map_or(0.0, |s| s.reward as f32)
    }

    fn ended(&self) -> Ended {
        match self.status {
            Status::Terminated => Ended::Submitted,
            Status::Running
            | Status::Truncated(TruncationReason::MaxTurns | TruncationReason::TokenLimit) => {
                Ended::OutOfTurns
            }
            Status::Truncated(TruncationReason::MalformedAction) => Ended::Malformed,
            Status::Truncated(
                TruncationReason::InfraTimeout
                | TruncationReason::InfraBackend
                | TruncationReason::WorkerPanic,
            ) => Ended::Fault,
        }
    }

    /// Keys of the tables that the task needs.
    fn needed_tables(&self) -> Vec<TableKey> {
        // That of a table which the corpus does not have: no call has it.
        const NO_TABLE: TableKey = (u32::MAX, u16::MAX);
        needed_tables(&self.task)
            .into_iter()
            .map(|(company, table)| {
                self.companies
                    .iter()
                    .find(|(_, texts)| texts.company.name.eq_ignore_ascii_case(company))
                    .and_then(|(index, texts)| Some((*index, texts.table(table)?)))
                    .unwrap_or(NO_TABLE)
            })
            .collect()
    }
}

/// The score of an episode that a panic ended: nothing is said about the policy.
pub(super) fn lost() -> EpisodeScore {
    EpisodeScore {
        reward: 0.0,
        outcome: 0.0,
        is_correct: false,
        reason: None,
        dimensions: [DimensionScore::default(); 6],
        criteria: Vec::new(),
        checks: [CriterionScore {
            score: 0.0,
            applicable: false,
            reason: "not_applicable",
        }; Check::COUNT],
        process: None,
        flags: 1 << Flag::InfraFault as u8,
        failures: 1 << Failure::InfraFault as u8,
        failure: Some(Failure::InfraFault),
        wrong_answer: WrongAnswer::None,
    }
}
