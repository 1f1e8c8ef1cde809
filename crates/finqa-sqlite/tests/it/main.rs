//! Tests of the sandbox from outside.

mod catalogue;
mod concurrency;
mod database;
mod layers;
mod lifetimes;
mod parity;
mod support;
