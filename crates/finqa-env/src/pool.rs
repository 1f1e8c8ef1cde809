//! The threads. Everything that runs in parallel runs here.
//!
//! A batch is cut into one range a worker, each sorted by company, so that from step to step a worker meets the same
//! companies and their warm connections. Who is done with its own range takes chunks of the others'.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::context::Context;
use crate::episode::{Action, Episode, Status, Step, Turn, UserCall};
use crate::recorder::NumTokens;
use crate::stats::Delta;

/// Where workers read actions from; a batch keeps its source alive until it is done.
pub trait ActionSource: Send + Sync {
    /// The action at `index`, and whether it was cut by its token limit.
    fn action(&self, index: usize) -> (Action<'_>, bool);

    /// Tokens of the action at `index`, if the caller counts them.
    fn num_tokens(&self, _index: usize) -> Option<NumTokens> {
        None
    }
}

/// What is to be done with one slot.
pub(crate) enum Work {
    /// Handle actions of a source.
    Actions(Arc<dyn ActionSource>),
    /// Go on with messages that waited for user tools: results by entry, each taken once.
    Resume(Vec<Mutex<Option<Result<String, String>>>>),
    /// End episodes whose tokens are used up.
    Truncate,
}

/// A slot whose message is handled, or waits for a user's tool.
pub(crate) struct Finished {
    pub(crate) slot: u32,
    pub(crate) outcome: Outcome,
}

pub(crate) enum Outcome {
    Turn(Turn),
    UserCall(UserCall),
}

/// Slots with something to do, sorted by company.
struct Batch {
    work: Work,
    /// (slot, index into the work).
    entries: Vec<(u32, u32)>,
    /// One range a worker: next entry and end.
    ranges: Vec<(AtomicUsize, usize)>,
    chunk: usize,
}

impl Batch {
    fn new(work: Work, entries: Vec<(u32, u32)>, workers: usize) -> Self {
        let n = entries.len();
        let ranges = (0..workers)
            .map(|w| (AtomicUsize::new(n * w / workers), n * (w + 1) / workers))
            .collect();
        Self {
            work,
            entries,
            ranges,
            chunk: (n / (workers * 16)).clamp(1, 64),
        }
    }

    /// The next chunk for `worker`: of its own range, then of the others'.
    fn claim(&self, worker: usize) -> Option<&[(u32, u32)]> {
        (0..self.ranges.len()).find_map(|i| {
            let (next, end) = &self.ranges[(worker + i) % self.ranges.len()];
            if next.load(Relaxed) >= *end {
                return None;
            }
            let start = next.fetch_add(self.chunk, Relaxed);
            (start < *end).then(|| &self.entries[start..(start + self.chunk).min(*end)])
        })
    }
}

/// Results on their way back.
#[derive(Default)]
struct Done {
    queue: Mutex<Vec<Finished>>,
    ready: Condvar,
}

/// Episodes and the threads that step them.
pub(crate) struct Pool {
    ctx: Arc<Context>,
    episodes: Arc<[Mutex<Option<Episode>>]>,
    workers: Vec<Sender<Arc<Batch>>>,
    threads: Vec<JoinHandle<()>>,
    done: Arc<Done>,
    /// The worker at which the next small batch starts.
    next_worker: AtomicUsize,
}

/// How often a wait looks for signals.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic inside a slot is caught before the lock is released, so poison carries no news.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    pub(crate) fn new(ctx: Arc<Context>, num_threads: usize) -> std::io::Result<Self> {
        let episodes: Arc<[Mutex<Option<Episode>>]> =
            (0..ctx.config.num_envs).map(|_| Mutex::new(None)).collect();
        let done = Arc::new(Done::default());
        let mut workers = Vec::with_capacity(num_threads);
        let mut threads = Vec::with_capacity(num_threads);
        for worker in 0..num_threads {
            let (sender, receiver) = unbounded();
            workers.push(sender);
            let (ctx, episodes, done) =
                (Arc::clone(&ctx), Arc::clone(&episodes), Arc::clone(&done));
            threads.push(
                std::thread::Builder::new()
                    .name(format!("finqa-env-{worker}"))
                    .spawn(move || run_worker(worker, &receiver, &ctx, &episodes, &done))?,
            );
        }
        Ok(Self {
            ctx,
            episodes,
            workers,
            threads,
            done,
            next_worker: AtomicUsize::new(0),
        })
    }

    /// The episode of a slot. Must not be called while the slot has an action under way, or it waits for it.
    pub(crate) fn episode(&self, slot: usize) -> MutexGuard<'_, Option<Episode>> {
        lock(&self.episodes[slot])
    }

    /// Starts work on `entries`, which must be sorted by company; results come through [`Pool::take`].
    pub(crate) fn submit(&self, work: Work, entries: Vec<(u32, u32)>) {
        // Few entries are not worth waking everybody.
        let workers = self.workers.len();
        let wanted = entries.len().div_ceil(4).clamp(1, workers);
        // Small batches take turns, or all of them would queue at the first worker. One that wakes everybody starts
        // at the first, so that workers keep meeting the same companies.
        let first = if wanted < workers {
            self.next_worker.fetch_add(wanted, Relaxed)
        } else {
            0
        };
        let batch = Arc::new(Batch::new(work, entries, wanted));
        for i in 0..wanted {
            // A worker ends only when its sender is dropped, so there is always a receiver.
            let _ = self.workers[first.wrapping_add(i) % workers].send(Arc::clone(&batch));
        }
    }

    /// Handles `entries` on the calling thread: for batches so small that waking a worker costs more.
    pub(crate) fn run_inline(&self, work: Work, entries: Vec<(u32, u32)>) -> Vec<Finished> {
        let batch = Batch::new(work, entries, 1);
        let mut out = Vec::with_capacity(batch.entries.len());
        let mut delta = Delta::new(self.ctx.config.measure_latency);
        while let Some(chunk) = batch.claim(0) {
            run_chunk(
                &batch,
                chunk,
                &self.ctx,
                &self.episodes,
                // The log behind those of the workers is that of the caller's thread.
                self.workers.len(),
                &mut delta,
                &mut out,
            );
        }
        self.ctx.stats.add(&delta);
        out
    }

    /// Waits until `n` results are there and takes them, in order of completion.
    ///
    /// `poll` is called every 100 ms; if it returns false the wait ends with `None` and nothing is lost.
    pub(crate) fn take(&self, n: usize, poll: &mut dyn FnMut() -> bool) -> Option<Vec<Finished>> {
        let mut queue = lock(&self.done.queue);
        // A deadline, not a timeout of one wait: results that trickle in must not put the poll off.
        let mut next_poll = Instant::now() + POLL_INTERVAL;
        while queue.len() < n {
            let now = Instant::now();
            if now >= next_poll {
                drop(queue);
                if !poll() {
                    return None;
                }
                next_poll = Instant::now() + POLL_INTERVAL;
                queue = lock(&self.done.queue);
                continue;
            }
            let (guard, _) = self
                .done
                .ready
                .wait_timeout(queue, next_poll - now)
                .unwrap_or_else(PoisonError::into_inner);
            queue = guard;
        }
        let rest = queue.split_off(n);
        Some(std::mem::replace(&mut *queue, rest))
    }

    /// Results that nobody has taken yet.
    pub(crate) fn num_ready(&self) -> usize {
        lock(&self.done.queue).len()
    }

    /// Ends the threads once they have finished what they were given.
    pub(crate) fn close(&mut self) {
        self.workers.clear();
        for thread in self.threads.drain(..) {
            // A worker catches panics of episodes; one that died otherwise has nothing left to give.
            let _ = thread.join();
        }
    }

    /// Forgets threads that do not exist in this process (after a fork).
    pub(crate) fn forget_threads(&mut self) {
        std::mem::forget(std::mem::take(&mut self.threads));
        std::mem::forget(std::mem::take(&mut self.workers));
    }
}

fn run_worker(
    worker: usize,
    batches: &Receiver<Arc<Batch>>,
    ctx: &Context,
    episodes: &[Mutex<Option<Episode>>],
    done: &Done,
) {
    let mut delta = Delta::new(ctx.config.measure_latency);
    let mut out = Vec::new();
    while let Ok(batch) = batches.recv() {
        while let Some(chunk) = batch.claim(worker) {
            run_chunk(&batch, chunk, ctx, episodes, worker, &mut delta, &mut out);
            ctx.stats.add(&delta);
            delta = Delta::new(ctx.config.measure_latency);
            lock(&done.queue).append(&mut out);
            done.ready.notify_all();
        }
    }
}

fn run_chunk(
    batch: &Batch,
    chunk: &[(u32, u32)],
    ctx: &Context,
    episodes: &[Mutex<Option<Episode>>],
    worker: usize,
    delta: &mut Delta,
    out: &mut Vec<Finished>,
) {
    let recorder = ctx.recorder.get().filter(|recorder| !recorder.defers());
    let mut log = recorder.map(|recorder| recorder.log(worker));
    for &(slot, index) in chunk {
        let mut guard = lock(&episodes[slot as usize]);
        // The vector environment checks that a slot was reset before it takes an action.
        let Some(episode) = guard.as_mut() else {
            continue;
        };
        let step = catch_unwind(AssertUnwindSafe(|| match &batch.work {
            Work::Actions(source) => {
                let (action, length_limited) = source.action(index as usize);
                episode.trail.tokens = source.num_tokens(index as usize);
                episode.step(ctx, action, length_limited, delta)
            }
            Work::Resume(results) => {
                let result = lock(&results[index as usize]).take();
                episode.resume(ctx, result.unwrap_or_else(|| Ok(String::new())), delta)
            }
            Work::Truncate => Step::Done(episode.truncate(ctx, delta)),
        }));
        let outcome = match step {
            Ok(Step::Done(turn)) => Outcome::Turn(turn),
            Ok(Step::UserCall(call)) => Outcome::UserCall(call),
            Err(panic) => Outcome::Turn(episode.abandon(panic_text(panic.as_ref()), delta)),
        };
        if let (Some(recorder), Some(log), Outcome::Turn(_)) = (recorder, &mut log, &outcome)
            && episode.status() != Status::Running
        {
            recorder.add(log, ctx, slot as usize, episode);
        }
        out.push(Finished { slot, outcome });
    }
    // Before anybody hears that these episodes are over.
    if let (Some(recorder), Some(log)) = (recorder, &mut log) {
        recorder.flush(log);
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panic without a text")
}
