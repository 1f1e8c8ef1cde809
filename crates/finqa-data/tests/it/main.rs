//! Tests of finqa-data through its public interface, on files that the tests write.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]
#![expect(clippy::print_stdout, reason = "skips are told with their reason")]

mod common;
mod detect;
mod export;
mod folder;
mod messages;
mod native;
mod openenv;
mod recorded;
mod rllm;
mod trajectories;
