//! The books of one company: every quantity that a table shows has one cell here.
//!
//! Sections are made in the order of the fields, each from those before it, so that identities hold by construction:
//! I1 to I17 of `docs/spec/synthetic.md`. [`Ledger::violations`] checks them again from the finished numbers.
//! Money is in the smallest unit that the company shows, newest year first.

mod base;
mod debt;

pub(crate) use base::{Base, Calendar, subtract};
pub(crate) use debt::Debt;

use crate::draw::Key;
use crate::identity::Identity;

/// Years of the books, newest first.
pub(crate) const YEARS: usize = 5;
/// One amount a year, newest first.
pub(crate) type ByYear = [i64; YEARS];

/// Everything.
pub(crate) struct Ledger {
    pub(crate) base: Base,
    pub(crate) debt: Debt,
}

impl Ledger {
    pub(crate) fn new(key: Key, identity: &Identity) -> Self {
        let base = Base::new(key, identity.industry);
        let debt = Debt::new(key, &base);
        Self { base, debt }
    }

    /// Identities that do not hold; empty for every company (tests).
    pub(crate) fn violations(&self) -> Vec<String> {
        self.base.violations()
    }
}
