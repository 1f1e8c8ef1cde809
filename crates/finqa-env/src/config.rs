//! What an environment is told at the start.

use std::sync::Arc;

use finqa_core::action::{ActionFormat, ParseLevel};
use finqa_core::answer::AnswerMode;
use finqa_core::behaviour::RewardConfig;
use finqa_core::rubric::RubricFile;
use finqa_core::tool::{ToolProfile, ToolSpec};

use crate::error::{Error, Result};
use crate::sampler::DEFAULT_SHUFFLE_BLOCK;

/// What happens to a finished slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AutoresetMode {
    /// Nothing: the caller resets it. The default, since GRPO decides which task comes next.
    #[default]
    Disabled,
    /// The next step ignores its action and returns the first observation of a new episode.
    NextStep,
    /// The step that ends an episode already returns the first observation of the next one.
    SameStep,
}

impl AutoresetMode {
    /// Reads "disabled", "next_step" or "same_step"; Gymnasium's spellings ("NextStep") are read too.
    ///
    /// # Errors
    /// [`Error::Config`] naming the three modes.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "disabled" | "Disabled" => Ok(Self::Disabled),
            "next_step" | "NextStep" => Ok(Self::NextStep),
            "same_step" | "SameStep" => Ok(Self::SameStep),
            _ => Err(Error::Config(format!(
                "autoreset_mode {name:?} is unknown; it must be \"disabled\", \"next_step\" or \"same_step\""
            ))),
        }
    }

    /// The name that [`AutoresetMode::parse`] reads.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::NextStep => "next_step",
            Self::SameStep => "same_step",
        }
    }
}

/// What a message without a tool call and without a final answer comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnNoCall {
    /// An observation that says so; it costs a turn.
    Feedback,
    /// The whole text is the answer.
    Submit,
}

/// What a malformed call comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnMalformed {
    /// An observation that says what was wrong; it costs a turn.
    #[default]
    Feedback,
    /// The episode ends as truncated with reason `malformed_action`.
    Terminate,
    /// As if the call had not been there.
    Ignore,
}

/// Turns of an episode where neither the caller nor the corpus says otherwise: rLLM's limit.
pub const DEFAULT_MAX_TURNS: u32 = 20;

/// Settings of a [`crate::VectorEnv`].
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches, each named by what it does"
)]
pub struct EnvConfig {
    /// Slots.
    pub num_envs: usize,
    /// Consecutive slots that get the same task (GRPO); divides `num_envs`.
    pub group_size: usize,
    /// Only tasks of this split; `None` for all, or for the endless split of a corpus that has one.
    pub split: Option<String>,
    /// Seed of the task order.
    pub seed: u64,
    /// Draw tasks in a seeded random order, every task once an epoch; else in corpus order.
    pub shuffle: bool,
    /// Tasks of an endless split that are shuffled among each other; see [`crate::sampler::Tasks::Range`].
    pub shuffle_block: u32,
    /// Messages of an episode before it is truncated; `None` is the corpus's own limit, or [`DEFAULT_MAX_TURNS`].
    pub max_turns: Option<u32>,
    /// Worker threads; 0 means as many as the process may use cores, at most one a slot.
    pub num_threads: usize,
    /// Tools and their names.
    pub tool_profile: ToolProfile,
    /// (old, new) names of tools.
    pub tool_names: Vec<(String, String)>,
    /// Tools of the user.
    pub user_tools: Vec<ToolSpec>,
    /// Answer rules.
    pub answer_mode: AnswerMode,
    /// What a trainer is told.
    pub reward: RewardConfig,
    /// Rubrics that replace those of the corpus's tasks.
    pub rubrics: Option<Arc<RubricFile>>,
    /// What happens to finished slots.
    pub autoreset_mode: AutoresetMode,
    /// Wire form of calls.
    pub action_format: ActionFormat,
    /// Forgiveness of the parser.
    pub parse_level: ParseLevel,
    /// See [`OnNoCall`]; `None` is the profile's default (`Submit` for compact, else `Feedback`).
    pub on_no_call: Option<OnNoCall>,
    /// See [`OnMalformed`].
    pub on_malformed: OnMalformed,
    /// Calls run of one message; further ones are refused.
    pub max_calls_per_turn: usize,
    /// Bytes of one message; a longer one is refused as malformed.
    pub max_action_bytes: usize,
    /// Characters of one tool result; rows are cut first, then the middle.
    pub max_observation_chars: usize,
    /// Whether `"Revenue"` may stand for `'Revenue'` where no such column exists.
    pub repair_double_quotes: bool,
    /// Replaces the profile's system prompt.
    pub system_prompt: Option<String>,
    /// Replaces the task prompt: `{query}` is the default text, `{question}`, `{companies}`, `{unit_hint}` its parts.
    pub task_prompt: Option<String>,
    /// Keep messages of running episodes, so that `messages` can return them.
    pub keep_messages: bool,
    /// Measure the latency of every tool call (two clock reads a call).
    pub measure_latency: bool,
}

impl Default for EnvConfig {
    fn default() -> Self {
        Self {
            num_envs: 1,
            group_size: 1,
            split: None,
            seed: 0,
            shuffle: true,
            shuffle_block: DEFAULT_SHUFFLE_BLOCK,
            max_turns: None,
            num_threads: 0,
            tool_profile: ToolProfile::default(),
            tool_names: Vec::new(),
            user_tools: Vec::new(),
            answer_mode: AnswerMode::default(),
            reward: RewardConfig::default(),
            rubrics: None,
            autoreset_mode: AutoresetMode::default(),
            action_format: ActionFormat::default(),
            parse_level: ParseLevel::default(),
            on_no_call: None,
            on_malformed: OnMalformed::default(),
            max_calls_per_turn: 8,
            max_action_bytes: 64 * 1024,
            max_observation_chars: 8_000,
            repair_double_quotes: true,
            system_prompt: None,
            task_prompt: None,
            keep_messages: true,
            measure_latency: false,
        }
    }
}

/// Most slots of an environment. A slot takes memory before it holds an episode, and running out of it ends the
/// process, so a slip such as bytes for slots must be an error here.
pub const MAX_NUM_ENVS: usize = 1 << 24;

/// Refuses a task prompt that could not tell the policy what is asked.
fn check_template(template: &str) -> Result<()> {
    if !template.contains("{query}") && !template.contains("{question}") {
        return Err(Error::Config(format!(
            "task_prompt {template:?} holds neither {{query}} nor {{question}}; without one of them the policy never \
             sees its task"
        )));
    }
    Ok(())
}

impl EnvConfig {
    /// Checks the values against each other.
    ///
    /// # Errors
    /// [`Error::Config`] naming the field, the value seen and what would be right.
    pub fn check(&self) -> Result<()> {
        let positive = [
            ("num_envs", self.num_envs),
            ("group_size", self.group_size),
            ("shuffle_block", self.shuffle_block as usize),
            ("max_turns", self.max_turns.unwrap_or(1) as usize),
            ("max_calls_per_turn", self.max_calls_per_turn),
            ("max_action_bytes", self.max_action_bytes),
        ];
        for (name, value) in positive {
            if value == 0 {
                return Err(Error::Config(format!("{name} is 0; it must be at least 1")));
            }
        }
        if self.num_envs > MAX_NUM_ENVS {
            return Err(Error::Config(format!(
                "num_envs is {}; it must be at most {MAX_NUM_ENVS}",
                self.num_envs
            )));
        }
        if let Some(template) = &self.task_prompt {
            check_template(template)?;
        }
        self.reward.check()?;
        if !self.num_envs.is_multiple_of(self.group_size) {
            return Err(Error::Config(format!(
                "num_envs ({}) is not divisible by group_size ({}); whole groups are needed",
                self.num_envs, self.group_size
            )));
        }
        if self.max_turns.is_some_and(|n| n > u32::from(u16::MAX)) {
            return Err(Error::Config(format!(
                "max_turns is {}; at most {}",
                self.max_turns.unwrap_or_default(),
                u16::MAX
            )));
        }
        if self.max_observation_chars < 200 {
            return Err(Error::Config(format!(
                "max_observation_chars is {}; at least 200 are needed for an error text",
                self.max_observation_chars
            )));
        }
        Ok(())
    }

    /// What a message without a call comes to under this configuration.
    pub fn on_no_call(&self) -> OnNoCall {
        self.on_no_call.unwrap_or(match self.tool_profile {
            ToolProfile::Compact => OnNoCall::Submit,
            ToolProfile::Rllm | ToolProfile::OpenEnv => OnNoCall::Feedback,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(config: &EnvConfig) -> String {
        config.check().unwrap_err().to_string()
    }

    #[test]
    fn more_slots_than_any_machine_holds_are_an_error() {
        let num_envs = |num_envs| EnvConfig {
            num_envs,
            ..EnvConfig::default()
        };
        assert!(num_envs(MAX_NUM_ENVS).check().is_ok());
        assert!(refusal(&num_envs(MAX_NUM_ENVS + 1)).contains("at most 16777216"));
    }

    #[test]
    fn a_reward_keeps_its_bounds() {
        let process_weight = |process_weight| EnvConfig {
            reward: RewardConfig {
                process_weight,
                ..RewardConfig::default()
            },
            ..EnvConfig::default()
        };
        assert!(process_weight(0.1).check().is_ok());
        assert!(refusal(&process_weight(0.11)).contains("process_weight is 0.11"));
    }

    #[test]
    fn a_task_prompt_must_show_the_task() {
        let prompt = |text: &str| EnvConfig {
            task_prompt: Some(text.into()),
            ..EnvConfig::default()
        };
        for good in [
            "{query}",
            "Q: {question} {unit_hint} ({companies})",
            "{query} as {\"a\": 1}, {}",
        ] {
            assert!(prompt(good).check().is_ok(), "{good}");
        }
        assert!(refusal(&prompt("hello")).contains("never sees its task"));
    }
}
