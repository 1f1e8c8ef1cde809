//! The vectorised environment over the real SQL sandbox: faults, and rows that all come back, rewards of reports.

mod common;
mod faults;
mod rows;
mod rubric;
