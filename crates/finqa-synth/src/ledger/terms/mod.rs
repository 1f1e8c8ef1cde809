//! Vocabularies: what filings call the items of a balance, by industry.
//!
//! A wording fits one term of its table only, so that a synonym always names one row.

mod assets;
mod liabilities;
mod securities;

pub(super) use assets::*;
pub(super) use liabilities::*;
pub(super) use securities::*;
