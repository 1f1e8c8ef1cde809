//! The vectorised environment.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use finqa_core::error::ToolErrorCode;
use finqa_core::sql::SqlBackend;
use finqa_core::tool::{ToolKind, ToolSpec};
use finqa_data::trajectories::Session;
use finqa_env::observation::ToolMessage;
use finqa_env::sampler::SamplerState;
use finqa_env::vector::{EpisodeView, Row};
use finqa_env::{RecorderOptions, ResetOptions, Status, TruncationReason, VectorEnv};
use finqa_sqlite::{BackendConfig, SqliteBackend};
use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use crate::actions::Actions;
use crate::convert::{Batch, batch, json_to_py};
use crate::corpus::{PyCorpus, task_dict};
use crate::exceptions::Error;
use crate::gil;
use crate::options::{config, get};
use crate::scores::{self, CriterionTuple};

/// The messages behind a batch of observations, read when somebody asks.
#[pyclass(name = "Turns", module = "finqa_gym._native", frozen)]
pub(crate) struct PyTurns {
    rows: Vec<(u16, Vec<ToolMessage>)>,
}

#[pymethods]
impl PyTurns {
    /// The tool messages of row `index`: dicts with role, tool_call_id, name and content.
    fn messages<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        if let Some((turn, messages)) = self.rows.get(index) {
            for (i, message) in messages.iter().enumerate() {
                list.append(tool_message(py, message, *turn, i)?)?;
            }
        }
        Ok(list)
    }

    /// The tool of row `index` if it has a single message, whose content is then the row's observation.
    fn only_tool<'py>(&self, py: Python<'py>, index: usize) -> Option<Bound<'py, PyString>> {
        match &self.rows.get(index)?.1[..] {
            [message] => Some(PyString::intern(py, &message.name)),
            _ => None,
        }
    }

    fn __len__(&self) -> usize {
        self.rows.len()
    }
}

fn tool_message<'py>(
    py: Python<'py>,
    message: &ToolMessage,
    turn: u16,
    index: usize,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("role", "tool")?;
    if message.id.is_empty() {
        dict.set_item("tool_call_id", format!("call_{turn}_{index}"))?;
    } else {
        dict.set_item("tool_call_id", &*message.id)?;
    }
    dict.set_item("name", &*message.name)?;
    let mut content = String::new();
    message.content.write_to(&mut content);
    dict.set_item("content", content)?;
    Ok(dict)
}

/// Rows as (env_ids, observations, rewards, terminated, truncated, infos), their messages, and the calls of user
/// tools among them as (env_id, tool name, arguments as JSON).
type Received<'py> = (Batch<'py>, PyTurns, Vec<(u32, String, String)>);

/// N slots of episodes.
#[pyclass(name = "VectorEnv", module = "finqa_gym._native", frozen)]
pub(crate) struct PyVectorEnv {
    pub(crate) env: VectorEnv,
    backend: Arc<SqliteBackend>,
    /// The run that is recorded into.
    session: Mutex<Option<Session>>,
    process_id: u32,
}

impl PyVectorEnv {
    fn received<'py>(&self, py: Python<'py>, rows: Vec<Row>) -> PyResult<Received<'py>> {
        let arrays = batch(py, &rows, self.env.context().max_criteria)?;
        let mut user_calls = Vec::new();
        for row in &rows {
            if let Some(user) = &row.user_call {
                let arguments = serde_json::Value::Object(user.call.arguments.clone()).to_string();
                user_calls.push((row.slot, user.call.name.clone(), arguments));
            }
        }
        let rows = rows
            .into_iter()
            .map(|row| (row.info.turn, row.observation.messages))
            .collect();
        Ok((arrays, PyTurns { rows }, user_calls))
    }

    fn ids(&self, env_ids: Option<Vec<i64>>, num_actions: usize) -> PyResult<Vec<u32>> {
        let num_envs = self.env.context().config.num_envs;
        let ids = match env_ids {
            None => (0..num_envs as u32).collect(),
            Some(ids) => ids
                .into_iter()
                .map(|id| {
                    u32::try_from(id).map_err(|_| {
                        PyValueError::new_err(format!(
                            "env id {id} does not exist; there are {num_envs} envs"
                        ))
                    })
                })
                .collect::<PyResult<Vec<u32>>>()?,
        };
        if ids.len() == num_actions {
            return Ok(ids);
        }
        Err(PyValueError::new_err(format!(
            "{num_actions} actions for {} envs; one action for each env is needed",
            ids.len()
        )))
    }
}

#[pymethods]
impl PyVectorEnv {
    #[new]
    fn new(
        py: Python<'_>,
        corpus: &Bound<'_, PyCorpus>,
        options: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        let config = config(options)?;
        let base = BackendConfig::default();
        let backend_config = BackendConfig {
            result_cache_bytes: get(options, "cache_bytes", base.result_cache_bytes)?,
            ..base
        };
        let corpus = Arc::clone(&corpus.get().corpus);
        let backend = Arc::new(SqliteBackend::new(backend_config).map_err(Error::from)?);
        let dynamic: Arc<dyn SqlBackend> = Arc::clone(&backend) as Arc<dyn SqlBackend>;
        let env =
            gil::enter(py, || VectorEnv::new(corpus, dynamic, config)).map_err(Error::from)?;
        Ok(Self {
            env,
            backend,
            session: Mutex::new(None),
            process_id: std::process::id(),
        })
    }

    /// New episodes in all or the masked slots.
    #[pyo3(signature = (tasks=None, seed=None, slot_seeds=None, mask=None))]
    fn reset<'py>(
        &self,
        py: Python<'py>,
        tasks: Option<Vec<u32>>,
        seed: Option<u64>,
        slot_seeds: Option<Vec<Option<u64>>>,
        mask: Option<PyReadonlyArray1<'py, bool>>,
    ) -> PyResult<Received<'py>> {
        let options = ResetOptions {
            tasks,
            seed,
            slot_seeds,
            mask: mask.map(|mask| mask.as_array().to_vec()),
        };
        let rows = gil::enter(py, || self.env.reset(&options)).map_err(Error::from)?;
        self.received(py, rows)
    }

    #[pyo3(signature = (actions, finish_reasons=None, env_ids=None, num_tokens=None))]
    fn step<'py>(
        &self,
        py: Python<'py>,
        actions: &Bound<'py, PyAny>,
        finish_reasons: Option<&Bound<'py, PyAny>>,
        env_ids: Option<Vec<i64>>,
        num_tokens: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Received<'py>> {
        let actions = Arc::new(Actions::extract(actions, finish_reasons, num_tokens)?);
        let ids = self.ids(env_ids, actions.len())?;
        let mut failed = None;
        let source = Arc::clone(&actions);
        let rows = gil::enter_interruptible(py, |poll| match self.env.step(source, &ids, poll) {
            Ok(rows) => rows,
            Err(error) => {
                failed = Some(error);
                None
            }
        })?;
        if let Some(error) = failed {
            return Err(Error::from(error).into());
        }
        self.received(py, rows.unwrap_or_default())
    }

    #[pyo3(signature = (actions, env_ids=None, finish_reasons=None, num_tokens=None))]
    fn send(
        &self,
        py: Python<'_>,
        actions: &Bound<'_, PyAny>,
        env_ids: Option<Vec<i64>>,
        finish_reasons: Option<&Bound<'_, PyAny>>,
        num_tokens: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let actions = Arc::new(Actions::extract(actions, finish_reasons, num_tokens)?);
        let ids = self.ids(env_ids, actions.len())?;
        gil::enter(py, || self.env.send(actions, &ids)).map_err(Error::from)?;
        Ok(())
    }

    #[pyo3(signature = (batch_size, or_more=false))]
    fn recv<'py>(
        &self,
        py: Python<'py>,
        batch_size: i64,
        or_more: bool,
    ) -> PyResult<Received<'py>> {
        let batch_size = usize::try_from(batch_size).map_err(|_| {
            PyValueError::new_err(format!("batch_size is {batch_size}; it must be at least 0"))
        })?;
        let mut failed = None;
        let rows = gil::enter_interruptible(py, |poll| match self.env.recv(batch_size, poll) {
            Ok(rows) => rows,
            Err(error) => {
                failed = Some(error);
                None
            }
        })?;
        if let Some(error) = failed {
            return Err(Error::from(error).into());
        }
        let mut rows = rows.unwrap_or_default();
        if or_more {
            // Asked only now: while this thread waited for the GIL, more turns were finished.
            rows.extend(self.env.recv_ready().map_err(Error::from)?);
        }
        self.received(py, rows)
    }

    /// Ends episodes whose tokens are used up.
    fn truncate<'py>(&self, py: Python<'py>, env_ids: Vec<i64>) -> PyResult<Received<'py>> {
        let num_slots = env_ids.len();
        let ids = self.ids(Some(env_ids), num_slots)?;
        let rows = gil::enter(py, || self.env.truncate(&ids)).map_err(Error::from)?;
        self.received(py, rows)
    }

    /// Results of user tools: (env_id, text, failed).
    fn resume(&self, py: Python<'_>, results: Vec<(u32, String, bool)>) -> PyResult<()> {
        let results = results
            .into_iter()
            .map(|(slot, text, failed)| (slot, if failed { Err(text) } else { Ok(text) }))
            .collect();
        gil::enter(py, || self.env.resume(results)).map_err(Error::from)?;
        Ok(())
    }

    /// The chat of a slot so far, system and task prompt included.
    fn messages<'py>(&self, py: Python<'py>, slot: usize) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        let ctx = self.env.context();
        if !ctx.config.keep_messages {
            return Err(PyValueError::new_err(
                "this environment was made with keep_messages=False, so it has no messages to show",
            ));
        }
        let Some(view) = self.env.episode(slot).map_err(Error::from)? else {
            return Ok(list);
        };
        let message = |role: &str, content: &str| -> PyResult<Bound<'py, PyDict>> {
            let dict = PyDict::new(py);
            dict.set_item("role", role)?;
            dict.set_item("content", content)?;
            Ok(dict)
        };
        list.append(message("system", &ctx.system_prompt)?)?;
        list.append(message("user", &ctx.task_prompt(&view.task))?)?;
        for (turn, exchange) in view.transcript.iter().enumerate() {
            let assistant = message("assistant", &exchange.action)?;
            if let Ok(calls @ serde_json::Value::Array(_)) =
                serde_json::from_str(&exchange.tool_calls)
            {
                assistant.set_item("tool_calls", json_to_py(py, &calls)?)?;
            }
            list.append(assistant)?;
            for (i, tool) in exchange.messages.iter().enumerate() {
                list.append(tool_message(py, tool, turn as u16 + 1, i)?)?;
            }
        }
        Ok(list)
    }

    /// The episode of a slot: task, status, calls, submission, what it came to; None before the first reset.
    fn episode<'py>(&self, py: Python<'py>, slot: usize) -> PyResult<Option<Bound<'py, PyDict>>> {
        let view = self.env.episode(slot).map_err(Error::from)?;
        view.map(|view| self.view(py, &view)).transpose()
    }

    /// Counters since the start.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = self.env.stats();
        let dict = PyDict::new(py);
        dict.set_item("steps", stats.steps)?;
        dict.set_item("episodes_terminated", stats.terminated)?;
        dict.set_item("episodes_truncated", stats.truncated)?;
        dict.set_item("episodes_correct", stats.correct)?;
        dict.set_item("infra_faults", stats.infra_faults)?;
        dict.set_item("worker_panics", stats.panics)?;
        let tools = PyDict::new(py);
        for tool in &stats.tools {
            let entry = PyDict::new(py);
            entry.set_item("calls", tool.calls)?;
            entry.set_item("p50_us", tool.p50_ns.map(|ns| ns as f64 / 1e3))?;
            entry.set_item("p99_us", tool.p99_ns.map(|ns| ns as f64 / 1e3))?;
            tools.set_item(tool.kind.name(), entry)?;
        }
        dict.set_item("tools", tools)?;
        let errors = PyDict::new(py);
        for (code, n) in &stats.errors {
            errors.set_item(code.name(), n)?;
        }
        dict.set_item("tool_errors", errors)?;
        let backend = self.backend.stats();
        dict.set_item("cache_hits", backend.result_hits)?;
        dict.set_item("cache_misses", backend.result_misses)?;
        dict.set_item("cache_bytes", backend.result_bytes)?;
        dict.set_item("image_bytes", backend.image_bytes)?;
        dict.set_item("connections_opened", backend.connections_opened)?;
        Ok(dict)
    }

    /// Ends the threads; a recording is turned into Parquet.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let mut session = gil::enter(py, || {
            self.session
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take()
        });
        if std::process::id() != self.process_id {
            // The run is that of the process that was forked.
            session = None;
        }
        if let Err(error) = gil::enter(py, || self.env.close_recording()) {
            // Whoever makes room and closes again loses nothing.
            *self.session.lock().unwrap_or_else(PoisonError::into_inner) = session;
            return Err(Error::from(error).into());
        }
        if let Some(session) = session {
            gil::enter(py, || session.commit()).map_err(Error::from)?;
        }
        Ok(())
    }

    /// Records into the run `path`, which is made with `info` as its `run.json`; `custom` are the names and weights of
    /// criteria in Python, whose owner calls `record` then.
    fn start_recording(
        &self,
        py: Python<'_>,
        path: PathBuf,
        info: &str,
        append: bool,
        custom: Vec<(String, f32)>,
    ) -> PyResult<()> {
        let info = serde_json::from_str(info)
            .map_err(|e| PyValueError::new_err(format!("run.json: {e}")))?;
        gil::enter(py, || {
            let session = Session::start(&path, &info, append)?;
            let options = RecorderOptions {
                first_episode: session.first_episode(),
                defer: !custom.is_empty(),
                custom,
            };
            self.env.start_recording(&session.live(), options)?;
            *self.session.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
            Ok::<_, Error>(())
        })?;
        Ok(())
    }

    /// Says who acts in the episodes that end from now on.
    #[pyo3(signature = (name, step=None))]
    fn set_policy(&self, name: &str, step: Option<i64>) {
        if let Some(recorder) = self.env.recorder() {
            recorder.set_policy(name, step);
        }
    }

    /// Records finished episodes whose criteria in Python were asked: rewards (n,), scores (n, criteria).
    fn record(
        &self,
        py: Python<'_>,
        env_ids: PyReadonlyArray1<'_, i32>,
        rewards: PyReadonlyArray1<'_, f32>,
        scores: PyReadonlyArray2<'_, f32>,
    ) -> PyResult<()> {
        let slots: Vec<u32> = env_ids
            .as_array()
            .iter()
            .map(|id| id.cast_unsigned())
            .collect();
        let rewards: Vec<f32> = rewards.as_array().iter().copied().collect();
        let scores: Vec<f32> = scores.as_array().iter().copied().collect();
        gil::enter(py, || self.env.record(&slots, &rewards, &scores)).map_err(Error::from)?;
        Ok(())
    }

    /// State of the task sampler as JSON.
    fn sampler_state(&self) -> PyResult<String> {
        serde_json::to_string(&self.env.sampler_state())
            .map_err(|e| PyValueError::new_err(e.to_string()))
    }

    /// Takes a state that `sampler_state` returned.
    fn load_sampler_state(&self, state: &str) -> PyResult<()> {
        let state: SamplerState = serde_json::from_str(state)
            .map_err(|e| PyValueError::new_err(format!("not a state of this class: {e}")))?;
        self.env.load_sampler_state(&state).map_err(Error::from)?;
        Ok(())
    }

    #[getter]
    fn system_prompt(&self) -> &str {
        &self.env.context().system_prompt
    }

    /// Results of `send` that nobody has taken yet.
    #[getter]
    fn num_pending(&self) -> usize {
        self.env.num_pending()
    }

    #[getter]
    fn num_threads(&self) -> usize {
        self.env.num_threads()
    }

    /// A task as a dict, with the rubric that it is scored by.
    fn task<'py>(&self, py: Python<'py>, index: u32) -> PyResult<Bound<'py, PyAny>> {
        let task = gil::enter(py, || self.env.context().task(index)).map_err(Error::from)?;
        task_dict(py, &task)
    }

    /// The criteria of a task: (id, dimension, kind, weight), in the order of the columns of criteria.
    fn criteria(&self, py: Python<'_>, index: u32) -> PyResult<Vec<CriterionTuple>> {
        let task = gil::enter(py, || self.env.context().task(index)).map_err(Error::from)?;
        Ok(scores::criteria(&task))
    }

    /// Width of the arrays of criteria.
    #[getter]
    fn max_criteria(&self) -> usize {
        self.env.context().max_criteria
    }

    #[getter]
    fn max_turns(&self) -> u32 {
        self.env.context().max_turns
    }

    /// The tools in OpenAI form.
    #[getter]
    fn tools<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let specs = self
            .env
            .context()
            .toolbox
            .specs()
            .iter()
            .map(ToolSpec::to_openai)
            .collect();
        json_to_py(py, &serde_json::Value::Array(specs))
    }

    /// Names of `infos["error_code"]` by value.
    #[classattr]
    fn error_codes() -> Vec<&'static str> {
        ToolErrorCode::ALL.iter().map(|code| code.name()).collect()
    }

    /// Names of `infos["truncation_reason"]` by value.
    #[classattr]
    fn truncation_reasons() -> Vec<&'static str> {
        TruncationReason::NAMES.to_vec()
    }
}

impl PyVectorEnv {
    fn view<'py>(&self, py: Python<'py>, view: &EpisodeView) -> PyResult<Bound<'py, PyDict>> {
        let ctx = self.env.context();
        let dict = PyDict::new(py);
        dict.set_item("task_index", view.task_index)?;
        dict.set_item("task_id", &view.task.id)?;
        let (status, reason) = match view.status {
            Status::Running => ("running", None),
            Status::Terminated => ("terminated", None),
            Status::Truncated(reason) => ("truncated", Some(reason.name())),
        };
        dict.set_item("status", status)?;
        dict.set_item("truncation_reason", reason)?;
        dict.set_item("turn", view.turn)?;
        dict.set_item("submission", view.submission.as_deref())?;
        dict.set_item("score", view.verdict.map(|v| v.score))?;
        dict.set_item("is_correct", view.verdict.map(|v| v.is_correct))?;
        dict.set_item("answer_reason", view.verdict.map(|v| v.reason.to_string()))?;
        let calls = PyList::empty(py);
        for call in &view.calls {
            let entry = PyDict::new(py);
            entry.set_item("turn", call.turn)?;
            entry.set_item("tool", call.kind.map(ToolKind::name))?;
            entry.set_item("status", call.status.name())?;
            entry.set_item("error", call.error.map(ToolErrorCode::name))?;
            let (company, table) = call.table.unzip();
            let company = company
                .map(|index| gil::enter(py, || ctx.corpus.company(index)))
                .transpose()
                .map_err(Error::from)?;
            let table = company
                .as_ref()
                .zip(table)
                .map(|(company, table)| &company.tables[usize::from(table)].name);
            entry.set_item("company", company.as_ref().map(|c| &c.name))?;
            entry.set_item("table", table)?;
            entry.set_item("rows", call.rows)?;
            calls.append(entry)?;
        }
        dict.set_item("calls", calls)?;
        scores::describe(&dict, view.score.as_deref(), &scores::criteria(&view.task))?;
        Ok(dict)
    }
}
