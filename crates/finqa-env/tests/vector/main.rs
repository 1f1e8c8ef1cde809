//! The vectorised environment over the real SQL sandbox: faults, and rows that all come back.

mod common;
mod faults;
mod rows;
