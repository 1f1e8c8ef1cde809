//! SQL over runs: tables, views and limits.

mod fixture;
#[cfg(target_os = "linux")]
mod growth;
mod hostile;
mod limits;
mod opening;
mod tables;
mod views;
