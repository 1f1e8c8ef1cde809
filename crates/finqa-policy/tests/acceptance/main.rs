//! What the synthetic corpus has to be: played by every script in every tool profile, audited, counted, exported and
//! pinned. The acceptance list of the generator, as far as it needs the engine; the identities of the books are tested
//! beside them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]
#![expect(clippy::print_stdout, reason = "measured figures are told")]

mod audited;
mod exported;
mod knobs;
mod played;
mod splits;
mod worlds;
