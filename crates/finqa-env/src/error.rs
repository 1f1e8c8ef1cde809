//! What goes wrong on our side or on the caller's.

/// Errors of the environment; mistakes of the policy are never here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value that cannot work.
    #[error("{0}")]
    Config(String),
    /// Something about the corpus.
    #[error(transparent)]
    Core(#[from] finqa_core::Error),
    /// `step` or `send` before `reset`.
    #[error("env {slot} was never reset; call reset() first")]
    ResetNeeded {
        /// The slot.
        slot: usize,
    },
    /// A step of a finished episode with autoreset off, or an end for one that is over.
    #[error(
        "the episode of env {slot} is over; call reset(reset_mask=...) for finished slots first"
    )]
    EpisodeOver {
        /// The slot.
        slot: usize,
    },
    /// A second action for a slot whose first is still running, or a call that needs all slots at rest.
    #[error("env {slot} still has an action under way; call recv() first")]
    AlreadyPending {
        /// The slot.
        slot: usize,
    },
    /// More results asked for than are under way.
    #[error("recv({asked}) asks for more results than are under way ({under_way}); send() first")]
    NothingPending {
        /// Results asked for.
        asked: usize,
        /// Actions under way.
        under_way: usize,
    },
    /// An argument of the wrong length or an index that does not exist.
    #[error("{0}")]
    Argument(String),
    /// The files of a recording could not be made or written.
    #[error("recording failed: {0}")]
    Recording(String),
    /// Use after `close`.
    #[error("the environment is closed")]
    Closed,
    /// Use in a process that was forked from the one that made the environment: its threads do not exist here.
    #[error(
        "this environment was made in process {parent}, this is process {child}: threads do not survive fork(). \
         Make the environment in the child, or start processes with the \"spawn\" or \"forkserver\" method"
    )]
    Forked {
        /// Process that made it.
        parent: u32,
        /// This process.
        child: u32,
    },
}

/// Result with [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
