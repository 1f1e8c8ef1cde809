//! The vectorised environment over the real SQL sandbox: faults, rows that all come back, companies made on demand,
//! rewards of reports, episodes that their caller ends.

mod common;
mod faults;
#[path = "../../../finqa-core/tests/support/numbered.rs"]
mod numbered;
mod on_demand;
mod rows;
mod rubric;
mod truncate;
