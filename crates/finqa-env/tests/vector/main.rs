//! The vectorised environment over the real SQL sandbox: faults, and rows that all come back.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]

mod common;
mod faults;
mod rows;
