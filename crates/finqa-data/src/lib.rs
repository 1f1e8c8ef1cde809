//! finqa-data

pub mod error;
pub mod import;

pub use error::{DataError, Result};
pub use import::{Imported, Refusal};
