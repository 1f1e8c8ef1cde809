//! Scripted policies of finqa-gym and the checks made with them.
//!
//! The policies act through the same messages and the same engine as a model: nothing here looks behind the tools.
#![forbid(unsafe_code)]

mod access;
pub mod actions;
pub mod audit;
pub mod demonstrate;
pub mod gold;
pub mod policy;
pub mod reading;
mod select;
pub mod validate;

pub use audit::{AuditOptions, AuditReport, audit};
pub use demonstrate::{DemonstrateOptions, Demonstrations, demonstrate};
pub use policy::{PolicyKind, PolicyRun, ScriptedPolicy};
pub use validate::{TaskCheck, ValidateOptions, validate};
