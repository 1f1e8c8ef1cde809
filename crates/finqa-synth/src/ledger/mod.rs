//! The books of one company: every quantity that a table shows has one cell here.
//!
//! Sections are made in the order of the fields, each from those before it, so that identities hold by construction:
//! I1 to I17 of `docs/spec/synthetic.md`. [`Ledger::violations`] checks them again from the finished numbers.
//! Money is in the smallest unit that the company shows, newest year first.

mod base;
mod debt;
mod leases;
mod obligations;
mod pension;
mod rates;

pub(crate) use base::{Base, Calendar, subtract};
pub(crate) use debt::{Debt, Ladder};
pub(crate) use leases::Leases;
pub(crate) use obligations::Obligations;
pub(crate) use pension::{Pension, Plan};

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
    pub(crate) leases: Leases,
    pub(crate) pension: Option<Pension>,
    pub(crate) obligations: Obligations,
}

impl Ledger {
    pub(crate) fn new(key: Key, identity: &Identity) -> Self {
        let base = Base::new(key, identity.industry);
        let debt = Debt::new(key, &base, identity.industry);
        let leases = Leases::new(key, &base, identity.industry);
        let pension = Pension::new(key, &base, identity.industry);
        let obligations = Obligations::new(key, &base, identity.industry, &debt, &leases);
        Self {
            base,
            debt,
            leases,
            pension,
            obligations,
        }
    }

    /// Identities that do not hold; empty for every company (tests).
    pub(crate) fn violations(&self) -> Vec<String> {
        let mut out = self.base.violations();
        out.extend(self.debt.violations());
        out.extend(self.leases.violations());
        out.extend(self.pension.iter().flat_map(Pension::violations));
        out.extend(self.obligations.violations(&self.debt, &self.leases));
        out
    }
}
