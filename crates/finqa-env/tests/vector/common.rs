//! A corpus of one company, messages, and a backend that fails where a query says so.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use finqa_core::answer::AnswerSpec;
use finqa_core::corpus::{Corpus, CorpusInfo};
use finqa_core::sql::{InfraError, QueryLimits, QueryOutcome, SqlBackend};
use finqa_core::table::{Company, Table, Value};
use finqa_core::task::{Split, Task};
use finqa_env::{Action, ActionSource, EnvConfig, ResetOptions, VectorEnv};
use finqa_sqlite::{BackendConfig, SqliteBackend};

/// Two tasks about one company with one table of three rows.
pub(crate) fn corpus() -> Arc<Corpus> {
    let rows = ["sales", "$ 10", "costs", "(4)", "profit", "$ 6"].map(Value::text);
    let columns = vec!["item".to_string(), "2024".to_string()];
    let table = Table::new("acme", "income", columns, rows.to_vec()).expect("a valid table");
    let company = Company {
        name: "acme".into(),
        tables: vec![table],
    };
    let task = |id: &str| Task {
        id: id.into(),
        split: Split("train".into()),
        companies: vec!["acme".into()],
        question: "What was the profit?".into(),
        question_type: String::new(),
        unit_hint: String::new(),
        truth: "6".into(),
        answer: AnswerSpec::default(),
        gold: None,
        source: String::new(),
        ..Task::default()
    };
    let info = CorpusInfo {
        name: "test".into(),
        ..CorpusInfo::default()
    };
    Arc::new(Corpus::new(info, vec![company], vec![task("a"), task("b")]).expect("a valid corpus"))
}

/// SQLite, but queries that hold one of these words fail or wait.
pub(crate) struct Faulty {
    sqlite: SqliteBackend,
    /// Queries with the word `meet`: how many are inside now, how many were at most.
    meeting: Mutex<(usize, usize)>,
    somebody_came: Condvar,
}

impl Faulty {
    /// Waits until `wanted` queries are inside at once, or too long; then `most_at_once` tells.
    fn meet(&self, wanted: usize) {
        let mut inside = self.meeting.lock().expect("no panic inside");
        inside.0 += 1;
        inside.1 = inside.1.max(inside.0);
        self.somebody_came.notify_all();
        let patience = Duration::from_secs(5);
        let (mut inside, _) = self
            .somebody_came
            .wait_timeout_while(inside, patience, |inside| inside.1 < wanted)
            .expect("no panic inside");
        inside.0 -= 1;
    }

    /// The largest number of queries that were inside at once.
    pub(crate) fn most_at_once(&self) -> usize {
        self.meeting.lock().expect("no panic inside").1
    }
}

impl SqlBackend for Faulty {
    fn query(
        &self,
        company: &Arc<Company>,
        sql: &str,
        limits: &QueryLimits,
    ) -> Result<QueryOutcome, InfraError> {
        assert!(!sql.contains("'panic'"), "planted panic");
        for kind in ["infra_timeout", "infra_backend"] {
            if sql.contains(kind) {
                return Err(InfraError {
                    kind,
                    message: "planted fault".into(),
                });
            }
        }
        if let Some((_, rest)) = sql.split_once("'sleep ") {
            let millis = rest.split('\'').next().and_then(|ms| ms.parse().ok());
            std::thread::sleep(Duration::from_millis(millis.expect("milliseconds")));
        }
        if let Some((_, rest)) = sql.split_once("'meet ") {
            let wanted = rest.split('\'').next().and_then(|n| n.parse().ok());
            self.meet(wanted.expect("a number"));
        }
        self.sqlite.query(company, sql, limits)
    }

    fn version(&self) -> String {
        self.sqlite.version()
    }
}

/// An environment over [`corpus`] and [`Faulty`], every slot reset.
pub(crate) fn env(config: EnvConfig) -> VectorEnv {
    env_and_backend(config).0
}

/// The same, with its backend to ask.
pub(crate) fn env_and_backend(config: EnvConfig) -> (VectorEnv, Arc<Faulty>) {
    let backend = Arc::new(Faulty {
        sqlite: SqliteBackend::new(BackendConfig::default()).expect("SQLite starts"),
        meeting: Mutex::new((0, 0)),
        somebody_came: Condvar::new(),
    });
    let shared = Arc::clone(&backend) as Arc<dyn SqlBackend>;
    let env = VectorEnv::new(corpus(), shared, config).expect("a valid config");
    env.reset(&ResetOptions::default()).expect("a reset");
    (env, backend)
}

/// Messages of a batch.
pub(crate) struct Texts(pub(crate) Vec<String>);

impl ActionSource for Texts {
    fn action(&self, index: usize) -> (Action<'_>, bool) {
        (Action::Text(&self.0[index]), false)
    }
}

/// The same message for `n` slots.
pub(crate) fn texts(text: &str, n: usize) -> Arc<Texts> {
    Arc::new(Texts(vec![text.to_string(); n]))
}

/// A query that selects the rows of `income` where `condition` holds.
pub(crate) fn query(condition: &str) -> String {
    format!(
        "<tool_call>{{\"name\": \"sql_query\", \"arguments\": {{\"company_name\": \"acme\", \"table_name\": \
         \"income\", \"query\": \"SELECT item FROM income WHERE {condition}\"}}}}</tool_call>"
    )
}

/// A call of the calculator.
pub(crate) fn calculate(expression: &str) -> String {
    format!(
        "<tool_call>{{\"name\": \"calculator\", \"arguments\": {{\"expression\": \"{expression}\"}}}}</tool_call>"
    )
}
