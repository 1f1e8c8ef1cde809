//! The one place of this crate that makes threads: a lazy runtime, and waiting for work on it that can be stopped.

use std::future::Future;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::runtime::{Builder, Runtime};

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
    /// Threads do not survive a fork.
    #[error(
        "the threads were started in process {started_in}, and this is process {here}, forked from it; \
         use the \"spawn\" start method, or make the first query after the fork"
    )]
    Forked {
        /// Where the runtime lives.
        started_in: u32,
        /// Who asked.
        here: u32,
    },
    /// A bug, or input that broke a library: contained to the one piece of work.
    #[error("the work failed inside: {0}")]
    Panicked(String),
    /// The system gave no threads.
    #[error("cannot start threads: {0}")]
    NoThreads(String),
}

fn runtime() -> Result<&'static Runtime, Stopped> {
    static RUNTIME: OnceLock<(u32, Result<Runtime, String>)> = OnceLock::new();
    let here = std::process::id();
    let (started_in, runtime) = RUNTIME.get_or_init(|| {
        let runtime = Builder::new_multi_thread()
            .thread_name("finqa-datafusion")
            // Plans of many runs and nested expressions recurse deeply.
            .thread_stack_size(8 << 20)
            .enable_time()
            .build();
        (here, runtime.map_err(|error| error.to_string()))
    });
    if *started_in != here {
        return Err(Stopped::Forked {
            started_in: *started_in,
            here,
        });
    }
    runtime
        .as_ref()
        .map_err(|error| Stopped::NoThreads(error.clone()))
}

/// Runs `work` on the runtime's threads and waits for it.
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
    let runtime = runtime()?;
    let start = Instant::now();
    let mut handle = runtime.spawn(work);
    loop {
        let left = timeout.map(|limit| limit.saturating_sub(start.elapsed()));
        let slice = left.map_or(POLL, |left| left.min(POLL));
        let waited = runtime.block_on(async { tokio::time::timeout(slice, &mut handle).await });
        let stopped = match waited {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(failed)) => return Err(Stopped::Panicked(panic_text(failed))),
            Err(_) if left.is_some_and(|left| left <= slice) => Stopped::Timeout(start.elapsed()),
            Err(_) if !keep_going() => Stopped::Interrupted,
            Err(_) => continue,
        };
        handle.abort();
        return Err(stopped);
    }
}

fn panic_text(failed: tokio::task::JoinError) -> String {
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
    fn a_panic_costs_one_piece_of_work() {
        let failed = block_on(
            async { assert!(1 > 2, "one is not two") },
            None,
            &mut || true,
        );
        assert!(matches!(failed, Err(Stopped::Panicked(text)) if text == "one is not two"));
        assert_eq!(block_on(async { 1 }, None, &mut || true).unwrap(), 1);
    }
}
