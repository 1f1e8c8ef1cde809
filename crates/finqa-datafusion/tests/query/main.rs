//! SQL over runs: tables, views and limits.

mod fixture;
mod hostile;
mod limits;
mod opening;
mod tables;
mod views;
