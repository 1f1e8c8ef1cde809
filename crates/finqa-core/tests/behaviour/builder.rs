//! Episodes in a few words.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};

use finqa_core::Task;
use finqa_core::ToolErrorCode;
use finqa_core::action::AttemptStatus;
use finqa_core::answer::{AnswerMode, AnswerSpec, Op, Scale, Unit};
use finqa_core::behaviour::{
    CallEvent, Check, Ended, EpisodeLog, EpisodeScore, Failure, Flag, RewardConfig, TableKey,
    score_episode,
};
use finqa_core::gold::{CellRef, Gold, GoldAnswer, GoldQuery};
use finqa_core::tool::ToolKind;

/// Tables of the only company.
pub(crate) const DEBT: TableKey = (0, 0);
pub(crate) const INCOME: TableKey = (0, 1);
pub(crate) const OTHER: TableKey = (0, 2);

/// The calls of an episode as they are made.
#[derive(Clone)]
pub(crate) struct Episode {
    pub(crate) calls: Vec<CallEvent>,
    pub(crate) more_tables: Vec<(usize, TableKey)>,
    pub(crate) outputs: Vec<String>,
    pub(crate) submission: Option<String>,
    pub(crate) ended: Ended,
    pub(crate) needed: Vec<TableKey>,
    pub(crate) can_list: bool,
    pub(crate) can_inspect: bool,
}

/// An episode without calls that needs the table DEBT.
pub(crate) fn episode() -> Episode {
    Episode {
        calls: Vec::new(),
        more_tables: Vec::new(),
        outputs: Vec::new(),
        submission: None,
        ended: Ended::OutOfTurns,
        needed: vec![DEBT],
        can_list: true,
        can_inspect: true,
    }
}

impl Episode {
    fn call(mut self, kind: ToolKind, arguments: &str, output: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        (kind, arguments).hash(&mut hasher);
        self.calls.push(CallEvent {
            turn: self.calls.len() as u16 + 1,
            kind: Some(kind),
            status: AttemptStatus::Ok,
            error: None,
            table: None,
            rows: 0,
            fingerprint: hasher.finish(),
            has_filter: false,
            has_arithmetic: false,
            latency_ns: 0,
        });
        self.outputs.push(output.to_owned());
        self
    }

    fn last(&mut self) -> &mut CallEvent {
        self.calls.last_mut().expect("a call was made")
    }

    /// The last call failed instead.
    pub(crate) fn failing(mut self, code: ToolErrorCode) -> Self {
        let call = self.last();
        call.error = Some(code);
        call.rows = 0;
        if code == ToolErrorCode::BadArguments {
            call.status = AttemptStatus::BadArguments;
        }
        if matches!(
            code,
            ToolErrorCode::UnknownTable | ToolErrorCode::BadArguments
        ) {
            call.table = None;
        }
        *self.outputs.last_mut().expect("a call was made") = format!("Error: {code} 99,999");
        self
    }

    pub(crate) fn list(self) -> Self {
        self.call(ToolKind::ListTables, "", "debt, income, other 777")
    }

    pub(crate) fn info(self, table: TableKey) -> Self {
        let text = format!("{{\"table\":{},\"labels\":[\"Rate 4.25\"]}}", table.1);
        let mut this = self.call(ToolKind::TableInfo, &format!("{table:?}"), &text);
        this.last().table = Some(table);
        this
    }

    /// A filtered query whose rows hold these cells, a row each.
    pub(crate) fn query(self, table: TableKey, cells: &[&str]) -> Self {
        let rows: Vec<String> = cells
            .iter()
            .map(|c| format!("{{\"item\":\"Total\",\"2024\":\"{c}\"}}"))
            .collect();
        let sql = format!("{table:?} {cells:?}");
        let mut this = self.call(ToolKind::SqlQuery, &sql, &format!("[{}]", rows.join(",")));
        let call = this.last();
        (call.table, call.rows, call.has_filter) = (Some(table), cells.len() as u32, true);
        this
    }

    /// The last query does arithmetic.
    pub(crate) fn with_arithmetic(mut self) -> Self {
        self.last().has_arithmetic = true;
        self
    }

    /// The last query has no filter.
    pub(crate) fn unfiltered(mut self) -> Self {
        self.last().has_filter = false;
        self
    }

    pub(crate) fn calculate(self, result: &str) -> Self {
        self.call(ToolKind::Calculator, result, result)
    }

    pub(crate) fn user_tool(self, result: &str) -> Self {
        self.call(ToolKind::User, result, result)
    }

    /// A message without a call that can be read.
    pub(crate) fn malformed(self) -> Self {
        let mut this = self
            .call(ToolKind::User, "", "")
            .failing(ToolErrorCode::MalformedAction);
        let call = this.last();
        (call.kind, call.status) = (None, AttemptStatus::InvalidJson);
        this
    }

    /// Ends with an answer.
    pub(crate) fn submit(self, answer: &str) -> Self {
        let mut this = self.call(
            ToolKind::SubmitAnswer,
            answer,
            &format!("Answer submitted: {answer}"),
        );
        this.submission = Some(answer.to_owned());
        this.ended = Ended::Submitted;
        this
    }

    /// The last call, a query, joins the table too.
    pub(crate) fn joining(mut self, table: TableKey) -> Self {
        self.more_tables.push((self.calls.len() - 1, table));
        self
    }

    pub(crate) fn needs(mut self, tables: &[TableKey]) -> Self {
        self.needed = tables.to_vec();
        self
    }

    pub(crate) fn score(&self, task: &Task) -> EpisodeScore {
        self.score_with(task, &RewardConfig::default())
    }

    pub(crate) fn score_with(&self, task: &Task, config: &RewardConfig) -> EpisodeScore {
        let outputs: Vec<&str> = self.outputs.iter().map(String::as_str).collect();
        let log = EpisodeLog {
            calls: &self.calls,
            more_tables: &self.more_tables,
            outputs: &outputs,
            submission: self.submission.as_deref(),
            ended: self.ended,
            needed_tables: &self.needed,
            can_list: self.can_list,
            can_inspect: self.can_inspect,
        };
        score_episode(task, &log, AnswerMode::Strict, config)
    }
}

/// Score and reason of a check; the score is `None` where it does not apply.
pub(crate) fn check(episode: &Episode, task: &Task, check: Check) -> (Option<f64>, &'static str) {
    let score = episode.score(task).check(check);
    (score.applicable.then_some(score.score), score.reason)
}

pub(crate) fn flags(score: &EpisodeScore) -> Vec<&'static str> {
    let set = Flag::ALL.iter().filter(|f| score.has(**f));
    set.map(|f| f.name()).collect()
}

pub(crate) fn failures(score: &EpisodeScore) -> Vec<&'static str> {
    let set = Failure::ALL.iter().filter(|f| score.shows(**f));
    set.map(|f| f.name()).collect()
}

/// The change of the debt in percent, 100 to 117: a list, a schema, a query, a calculation and the answer.
pub(crate) fn growth() -> Task {
    let cell = |row| CellRef {
        query: 0,
        row,
        column: 1,
    };
    Task {
        companies: vec!["acme".into()],
        truth: "17.0%".into(),
        answer: AnswerSpec {
            unit: Unit::Percent,
            op: Op::Derived,
            ..AnswerSpec::default()
        },
        gold: Some(Gold {
            queries: vec![gold_query("debt")],
            answer: GoldAnswer::Number {
                expression: "({0}-{1})/{1}*100".into(),
                operands: vec![cell(0), cell(1)],
                decimals: Some(1),
                suffix: "%".into(),
            },
        }),
        ..Task::default()
    }
}

pub(crate) fn gold_query(table: &str) -> GoldQuery {
    GoldQuery {
        company: "acme".into(),
        table: table.into(),
        sql: format!("SELECT \"2024\" FROM {table} WHERE item = 'Total'"),
    }
}

/// A cell in millions.
pub(crate) fn lookup(truth: &str) -> Task {
    let mut task = growth();
    truth.clone_into(&mut task.truth);
    task.answer = AnswerSpec {
        unit: Unit::Amount,
        scale: Scale::Million,
        op: Op::Exact,
        ..AnswerSpec::default()
    };
    if let Some(gold) = &mut task.gold {
        gold.answer = GoldAnswer::Cells {
            cells: vec![CellRef {
                query: 0,
                row: 0,
                column: 1,
            }],
        };
    }
    task
}

/// A question that the tables do not answer.
pub(crate) fn unanswerable() -> Task {
    let mut task = growth();
    "not answerable".clone_into(&mut task.truth);
    task.answer = AnswerSpec {
        unit: Unit::Absent,
        ..AnswerSpec::default()
    };
    if let Some(gold) = &mut task.gold {
        gold.answer = GoldAnswer::Text {
            text: task.truth.clone(),
        };
    }
    task
}

/// What the gold policy does for [`growth`].
pub(crate) fn gold_growth() -> Episode {
    episode()
        .list()
        .info(DEBT)
        .query(DEBT, &["117", "100"])
        .calculate("17")
        .submit("17.0%")
}
