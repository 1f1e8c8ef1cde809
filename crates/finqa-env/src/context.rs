//! What all episodes of an environment share.

use std::sync::{Arc, OnceLock};

use finqa_core::Corpus;
use finqa_core::action::ParseOptions;
use finqa_core::behaviour::criteria_of;
use finqa_core::rubric::RubricFile;
use finqa_core::sql::{QueryLimits, ResultStyle, SqlBackend};
use finqa_core::task::Task;
use finqa_core::tool::{ToolProfile, Toolbox};

use crate::catalog::Catalog;
use crate::config::{DEFAULT_MAX_TURNS, EnvConfig};
use crate::error::{Error, Result};
use crate::prompt;
use crate::recorder::Recorder;
use crate::stats::Stats;

/// Most criteria of one task that arrays have a place for.
pub const MAX_CRITERIA: usize = 64;
/// Places for criteria where tasks are made on demand: twice what the reports of the generator have.
const CRITERIA_ON_DEMAND: usize = 32;

/// Shared by all slots and threads; immutable but for the lazily made texts and the counters.
pub struct Context {
    /// Settings.
    pub config: EnvConfig,
    /// Data.
    pub corpus: Arc<Corpus>,
    /// List and info texts.
    pub catalog: Catalog,
    /// Runs the SQL.
    pub backend: Arc<dyn SqlBackend>,
    /// The tools.
    pub toolbox: Toolbox,
    /// Limits of one query.
    pub limits: QueryLimits,
    /// Messages of an episode before it is truncated.
    pub max_turns: u32,
    /// Places for the criteria of a task in arrays of scores, the same for every task; a task with more keeps the rest
    /// to itself.
    pub max_criteria: usize,
    /// The system prompt.
    pub system_prompt: Arc<str>,
    /// Counters.
    pub stats: Stats,
    /// Writes finished episodes down, once [`crate::VectorEnv::start_recording`] was called.
    pub(crate) recorder: OnceLock<Recorder>,
}

impl Context {
    /// Checks `config` and puts everything together.
    ///
    /// # Errors
    /// [`crate::Error::Config`] or [`crate::Error::Core`] for values that cannot work.
    pub fn new(
        corpus: Arc<Corpus>,
        backend: Arc<dyn SqlBackend>,
        config: EnvConfig,
    ) -> Result<Self> {
        let max_turns = config.max_turns.or(corpus.info().limits.max_turns);
        config.check()?;
        let toolbox = Toolbox::new(
            config.tool_profile,
            &config.tool_names,
            config.user_tools.clone(),
        )?;
        let mut limits = corpus.query_limits();
        limits.repair_double_quotes = config.repair_double_quotes;
        // Rows are cut before characters, so the row cap follows the observation's size.
        limits.max_result_bytes = limits
            .max_result_bytes
            .min(u32::try_from(config.max_observation_chars).unwrap_or(u32::MAX));
        if config.tool_profile == ToolProfile::Compact {
            limits.style = ResultStyle::Compact;
        }
        let system_prompt = prompt::system_prompt(&config, &toolbox).into();
        let catalog = Catalog::new(Arc::clone(&corpus), config.tool_profile);
        if let Some(rubrics) = &config.rubrics {
            check_rubrics(&corpus, rubrics)?;
        }
        let max_criteria = max_criteria(&corpus, config.rubrics.as_deref());
        Ok(Self {
            config,
            corpus,
            catalog,
            backend,
            toolbox,
            limits,
            max_turns: max_turns.unwrap_or(DEFAULT_MAX_TURNS),
            max_criteria,
            system_prompt,
            stats: Stats::default(),
            recorder: OnceLock::new(),
        })
    }

    /// Task `index` of the corpus, with the rubric that this environment scores it by.
    ///
    /// # Errors
    /// [`crate::Error::Core`] if the corpus has no such task.
    pub fn task(&self, index: u32) -> Result<Arc<Task>> {
        let task = self.corpus.task(index)?;
        let rubrics = self.config.rubrics.as_ref();
        Ok(match rubrics.and_then(|file| file.rubric_for(&task)) {
            Some(rubric) => Arc::new(Task {
                rubric: Some(rubric.clone()),
                ..Task::clone(&task)
            }),
            None => task,
        })
    }

    /// The user message of a task.
    pub fn task_prompt(&self, task: &Task) -> String {
        prompt::task_prompt(&self.config, task)
    }

    /// How messages are parsed; `length_limited` says that the message was cut by its token limit.
    pub fn parse_options(&self, length_limited: bool) -> ParseOptions {
        ParseOptions {
            format: self.config.action_format,
            level: self.config.parse_level,
            length_limited,
        }
    }
}

fn max_criteria(corpus: &Corpus, rubrics: Option<&RubricFile>) -> usize {
    let written = rubrics.into_iter().flat_map(RubricFile::entries);
    let written = written.map(|(_, rubric)| rubric.criteria.len()).max();
    let own = match corpus.as_stored() {
        Some(stored) => {
            let tasks = stored.tasks().iter();
            tasks.map(|task| criteria_of(task).len()).max()
        }
        None => Some(CRITERIA_ON_DEMAND),
    };
    own.max(written).unwrap_or(0).min(MAX_CRITERIA)
}

/// Refuses a key that fits no task, where all tasks are at hand.
fn check_rubrics(corpus: &Corpus, rubrics: &RubricFile) -> Result<()> {
    let Some(stored) = corpus.as_stored() else {
        return Ok(());
    };
    let fits = |key: &str| {
        let mut tasks = stored.tasks().iter();
        key == RubricFile::ANY || tasks.any(|task| task.id == key || task.question_type == key)
    };
    match rubrics.entries().iter().find(|(key, _)| !fits(key)) {
        None => Ok(()),
        Some((key, _)) => Err(Error::Config(format!(
            "rubrics: {key:?} is neither the id nor the question type of a task of corpus {:?}, nor {:?} for any task",
            corpus.info().name,
            RubricFile::ANY
        ))),
    }
}
