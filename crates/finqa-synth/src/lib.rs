//! The synthetic corpus: invented companies with the tables of a 10-K's notes, and questions about them.
//!
//! Company `index` of a split is a pure function of (version, seed, configuration, split, index): integers only, no
//! clock, no order of generation. One set of books (`ledger`) stands behind all tables of a company, so that what two
//! tables share agrees. From books to tasks: `ledger` → `notes` (tables as values with roles) → `style` (tables as
//! filings write them) → `questions` (drafts with gold programs, checked by a guard against known wrong answers).
//!
//! ```
//! use finqa_synth::{Generator, SplitName, SynthConfig};
//!
//! # fn main() -> Result<(), finqa_synth::SynthError> {
//! let generator = Generator::new(0, SynthConfig::default())?;
//! let made = generator.company(SplitName::Val, 0);
//! assert!(!made.company.tables.is_empty());
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod config;
mod draw;
mod error;
pub mod filings;
mod generator;
mod identity;
mod ledger;
mod note;
mod notes;
mod questions;
mod source;
mod split;
mod style;
mod tiny;

pub use config::{HeaderStyle, LabelStyle, SqlStrictness, SynthConfig, UnitHint, World};
pub use error::{Result, SynthError};
pub use generator::{Generator, Made};
pub use questions::{companies_of, tasks_of};
pub use source::corpus;
pub use split::SplitName;

/// What makes a question out of cells and is no matter of the synthetic corpus alone: formulas in exact fractions, their
/// programs, and the guard against known wrong answers.
pub mod ask {
    pub use crate::questions::{
        Formula, Ratio, calculated_from, guard, identifier, is_accepted, is_right, literal,
    };
}

/// Raised whenever the same seed and configuration give another table or task.
pub const VERSION: u32 = 1;

/// Lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|half| DIGITS[usize::from(half)]);
    bytes.iter().flat_map(digits).collect()
}
