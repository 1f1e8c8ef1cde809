//! Writing finished episodes down while an environment runs.
//!
//! Every worker has a file of its own. It writes the records of the episodes that ended in a chunk of work with one
//! call of the operating system, before it says that they ended: what the process has written outlives it, so `kill -9`
//! at any moment loses at most the episodes that still ran. How many those were says a log of starts. The format and the
//! rules of a crash are described in `docs/spec/trajectories.md`, section "Live log"; `finqa_data::trajectories` reads it.

mod line;
mod log;
mod texts;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::context::Context;
use crate::episode::Episode;
use crate::error::{Error, Result};

use line::Extra;
use log::{Appender, Log};

/// Tokens of one message, as far as the caller says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NumTokens {
    /// Of the prompt that the message answers.
    pub prompt: Option<u32>,
    /// Of the message.
    pub completion: Option<u32>,
}

/// What the recorder keeps of an episode while it runs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trail {
    /// Number in the run.
    pub(crate) number: i64,
    /// When it was started.
    pub(crate) started: Option<Instant>,
    /// The same as Unix time.
    pub(crate) started_ms: i64,
    /// Tokens of the message under way.
    pub(crate) tokens: Option<NumTokens>,
    /// Its record is written.
    pub(crate) is_recorded: bool,
}

/// How an environment records.
#[derive(Clone, Debug, Default)]
pub struct RecorderOptions {
    /// Number of the first episode.
    pub first_episode: i64,
    /// Leave episodes to [`crate::VectorEnv::record`]: the caller has criteria of its own to add.
    pub defer: bool,
    /// Those criteria: names and weights.
    pub custom: Vec<(String, f32)>,
}

/// The files of one session.
pub struct Recorder {
    options: RecorderOptions,
    /// One a worker, and the last for calls on the caller's thread.
    logs: Box<[Mutex<Log>]>,
    starts: Mutex<Appender>,
    next: AtomicI64,
    /// Who acts, as members of a record.
    policy: RwLock<Box<str>>,
    has_failed: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Recorder {
    /// Makes the files in `folder`, which must be there and empty, for `num_workers` threads and their caller.
    ///
    /// # Errors
    /// [`Error::Recording`] if a file cannot be made.
    pub fn new(folder: &Path, num_workers: usize, options: RecorderOptions) -> Result<Self> {
        let failed = |e: std::io::Error| Error::Recording(format!("{}: {e}", folder.display()));
        let logs = (0..=num_workers)
            .map(|worker| {
                let path = folder.join(format!("worker-{worker:03}.log"));
                Ok(Mutex::new(Log::new(Appender::create(&path)?)))
            })
            .collect::<std::io::Result<_>>()
            .map_err(failed)?;
        let starts = Appender::create(&folder.join("started.jsonl")).map_err(failed)?;
        let recorder = Self {
            logs,
            starts: Mutex::new(starts),
            next: AtomicI64::new(options.first_episode),
            policy: RwLock::default(),
            has_failed: AtomicBool::new(false),
            options,
        };
        recorder.set_policy("", None);
        Ok(recorder)
    }

    /// Says who acts in the episodes that end from now on.
    pub fn set_policy(&self, name: &str, step: Option<i64>) {
        let text = line::policy_members(name, step).into_boxed_str();
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = text;
    }

    /// Whether workers leave finished episodes to the caller.
    pub(crate) fn defers(&self) -> bool {
        self.options.defer
    }

    /// Number of the caller's own criteria.
    pub fn num_custom(&self) -> usize {
        self.options.custom.len()
    }

    /// Logs that `num_started` episodes start and `num_abandoned` are given up, and numbers the new ones.
    ///
    /// # Errors
    /// [`Error::Recording`] if that cannot be written: then nothing has started.
    pub(crate) fn begin(&self, num_started: usize, num_abandoned: usize) -> Result<Trail> {
        let mut starts = lock(&self.starts);
        starts.flush().map_err(|e| not_written(&e))?;
        line::counts(&mut starts.buffer, num_started, num_abandoned);
        if let Err(e) = starts.flush() {
            if starts.withdraw() {
                return Err(Error::Recording(e.to_string()));
            }
            // A part of the line stands in the file, so the rest must follow.
            self.has_failed.store(true, Relaxed);
        }
        Ok(self.number(num_started))
    }

    /// The same where episodes start whatever happens: what cannot be written is kept, and the next call tells.
    pub(crate) fn begin_anyway(&self, num_started: usize, num_abandoned: usize) -> Trail {
        let mut starts = lock(&self.starts);
        line::counts(&mut starts.buffer, num_started, num_abandoned);
        if starts.flush().is_err() {
            self.has_failed.store(true, Relaxed);
        }
        self.number(num_started)
    }

    fn number(&self, num_started: usize) -> Trail {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Trail {
            number: self.next.fetch_add(num_started as i64, Relaxed),
            started: Some(Instant::now()),
            started_ms: now.as_millis() as i64,
            ..Trail::default()
        }
    }

    /// The log of a worker, locked for a chunk of work.
    pub(crate) fn log(&self, worker: usize) -> MutexGuard<'_, Log> {
        lock(&self.logs[worker.min(self.logs.len() - 1)])
    }

    /// The log of the caller's thread.
    pub(crate) fn callers_log(&self) -> MutexGuard<'_, Log> {
        self.log(usize::MAX)
    }

    /// Puts a finished episode into `log`; it is written with [`Recorder::flush`].
    pub(crate) fn add(&self, log: &mut Log, ctx: &Context, slot: usize, episode: &mut Episode) {
        self.add_with(log, ctx, slot, episode, None, &[]);
    }

    /// The same with a reward and scores of the caller's own criteria; NaN where one does not apply.
    pub(crate) fn add_with(
        &self,
        log: &mut Log,
        ctx: &Context,
        slot: usize,
        episode: &mut Episode,
        reward: Option<f32>,
        scores: &[f32],
    ) {
        if std::mem::replace(&mut episode.trail.is_recorded, true) {
            return;
        }
        let policy = self.policy.read().unwrap_or_else(PoisonError::into_inner);
        let extra = Extra {
            policy: &policy,
            slot,
            reward,
            custom: &self.options.custom,
            scores,
        };
        log.add(ctx, episode, &extra);
    }

    /// Writes what `log` holds. A failure is told with the next call that comes from outside.
    pub(crate) fn flush(&self, log: &mut Log) {
        if log.appender.flush().is_err() {
            self.has_failed.store(true, Relaxed);
        }
    }

    /// Tries again what could not be written.
    ///
    /// # Errors
    /// [`Error::Recording`] if it still cannot: nothing is lost yet, the records are in memory.
    pub(crate) fn check(&self) -> Result<()> {
        if !self.has_failed.swap(false, Relaxed) {
            return Ok(());
        }
        let logs = self.logs.iter().map(|log| lock(log).appender.flush());
        for result in logs.chain([lock(&self.starts).flush()]) {
            result.map_err(|e| {
                self.has_failed.store(true, Relaxed);
                not_written(&e)
            })?;
        }
        Ok(())
    }
}

fn not_written(e: &std::io::Error) -> Error {
    Error::Recording(format!(
        "{e}; the records are kept in memory and written with the next call that succeeds"
    ))
}
