//! The one place of this crate that makes threads: a runtime for each piece of work, and waiting that can be stopped.
//!
//! A runtime of its own costs some 100 microseconds and keeps work apart: what was given up and still computes (a task
//! ends where it next yields) holds its own threads, never those of the next; and a forked process simply makes others.

use std::future::Future;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::runtime::Builder;
use tokio::task::JoinError;

/// How often a wait asks whether it is to go on.
const POLL: Duration = Duration::from_millis(100);

/// Why work gave no result.
#[derive(Debug, Error)]
pub enum Stopped {
    /// It took longer than it was given.
    #[error("stopped after {:.1} s: the time limit", .0.as_secs_f64())]
    Timeout(Duration),
    /// The caller was told to stop (Ctrl-C).
    #[error("interrupted")]
    Interrupted,
    /// A bug, or input that broke a library: contained to the one piece of work.
    #[error("the work failed inside: {0}")]
    Panicked(String),
    /// The system gave no threads.
    #[error("cannot start threads: {0}")]
    NoThreads(std::io::Error),
}

/// Runs `work` on threads of its own, one for each core, and waits for it.
///
/// `keep_going` is asked ten times a second. Work that is stopped is dropped where it next yields; this function returns
/// at once, whatever the work is in the middle of.
///
/// # Errors
/// [`Stopped`], if there is no result.
pub fn block_on<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
    timeout: Option<Duration>,
    keep_going: &mut dyn FnMut() -> bool,
) -> Result<T, Stopped> {
    let runtime = Builder::new_multi_thread()
        .thread_name("finqa-datafusion")
        // Plans of nested expressions recurse deeply.
        .thread_stack_size(8 << 20)
        .enable_time()
        .build()
        .map_err(Stopped::NoThreads)?;
    let start = Instant::now();
    let (send, receive) = mpsc::sync_channel(1);
    let task = runtime.spawn(work);
    runtime.spawn(async move { send.send(task.await) });
    // Not a timer of the runtime: it would stand still while the work keeps all threads busy.
    let result = loop {
        let left = timeout.map(|limit| limit.saturating_sub(start.elapsed()));
        let slice = left.map_or(POLL, |left| left.min(POLL));
        match receive.recv_timeout(slice) {
            Ok(done) => break done.map_err(|failed| Stopped::Panicked(panic_text(failed))),
            Err(RecvTimeoutError::Disconnected) => {
                break Err(Stopped::Panicked("it was dropped".to_string()));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        if timeout.is_some_and(|limit| start.elapsed() >= limit) {
            break Err(Stopped::Timeout(start.elapsed()));
        }
        if !keep_going() {
            break Err(Stopped::Interrupted);
        }
    };
    runtime.shutdown_background();
    result
}

fn panic_text(failed: JoinError) -> String {
    let Ok(payload) = failed.try_into_panic() else {
        return "cancelled".to_string();
    };
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no reason given".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_gives_its_value() {
        assert_eq!(block_on(async { 7 }, None, &mut || true).unwrap(), 7);
    }

    #[test]
    fn a_time_limit_stops_work_that_waits() {
        let never = std::future::pending::<()>();
        let limit = Duration::from_millis(150);
        let stopped = block_on(never, Some(limit), &mut || true).unwrap_err();
        assert!(matches!(stopped, Stopped::Timeout(after) if after >= limit && after < limit * 10));
    }

    #[test]
    fn a_signal_stops_work_that_waits() {
        let mut asked = 0;
        let stopped = block_on(std::future::pending::<()>(), None, &mut || {
            asked += 1;
            asked < 3
        });
        assert!(matches!(stopped, Err(Stopped::Interrupted)));
        assert_eq!(asked, 3);
    }

    #[test]
    fn work_that_never_yields_is_left_behind_and_blocks_nobody() {
        use std::sync::Arc;
        use std::sync::atomic::{AtomicBool, Ordering};
        let over = Arc::new(AtomicBool::new(false));
        let busy = |over: Arc<AtomicBool>| async move {
            while !over.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        };
        let limit = Some(Duration::from_millis(100));
        for _ in 0..4 {
            let stopped = block_on(busy(Arc::clone(&over)), limit, &mut || true);
            assert!(matches!(stopped, Err(Stopped::Timeout(_))));
        }
        assert_eq!(block_on(async { 5 }, None, &mut || true).unwrap(), 5);
        over.store(true, Ordering::Relaxed);
    }

    fn fails() {
        panic!("one is not two")
    }

    #[test]
    fn a_panic_costs_one_piece_of_work() {
        let failed = block_on(async { fails() }, None, &mut || true);
        assert!(matches!(failed, Err(Stopped::Panicked(text)) if text == "one is not two"));
        assert_eq!(block_on(async { 1 }, None, &mut || true).unwrap(), 1);
    }
}
