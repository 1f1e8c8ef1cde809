//! The one door through which the engine is entered: it releases the GIL, and waits answer to Ctrl-C.

use pyo3::prelude::*;

/// Runs `work` without the GIL.
pub(crate) fn enter<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> T {
    py.detach(work)
}

/// Runs `work` without the GIL; `work` gets a function that it calls now and then and that returns false once a
/// signal handler raised (Ctrl-C). That exception is returned if `work` gave up for it.
pub(crate) fn enter_interruptible<T: Send>(
    py: Python<'_>,
    work: impl FnOnce(&mut dyn FnMut() -> bool) -> Option<T> + Send,
) -> PyResult<Option<T>> {
    let mut raised: Option<PyErr> = None;
    let result = py.detach(|| {
        work(&mut || {
            Python::attach(|py| match py.check_signals() {
                Ok(()) => true,
                Err(error) => {
                    raised = Some(error);
                    false
                }
            })
        })
    });
    match raised {
        Some(error) => Err(error),
        None => Ok(result),
    }
}
