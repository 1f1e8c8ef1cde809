//! Scripted policies of finqa-gym and the checks made with them.
//!
//! The policies act through the same messages and the same engine as a model: nothing here looks behind the tools.
#![forbid(unsafe_code)]

pub mod actions;
pub mod gold;
pub mod policy;
pub mod reading;
pub mod validate;

pub use policy::{PolicyKind, ScriptedPolicy};
pub use validate::{TaskCheck, ValidateOptions, validate};
