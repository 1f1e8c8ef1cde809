//! Tests of the sandbox from outside.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stdout, reason = "skips are told with their reason")]

mod catalogue;
mod concurrency;
mod database;
mod layers;
mod lifetimes;
mod parity;
mod support;

/// Type and bytes of a value, or the message of an error.
type Found = Result<(String, String), String>;
