//! The books of one company: every quantity that a table shows has one cell here.
//!
//! Sections are made in the order of the fields, each from those before it, so that identities hold by construction:
//! I1 to I17 of `docs/spec/synthetic.md`. [`Ledger::violations`] checks them again from the finished numbers.
//! Money is in the smallest unit that the company shows, newest year first.

mod base;
mod cash;
mod debt;
mod equity;
mod income;
mod line;
mod revenue;
mod tax;

pub(crate) use base::{Base, Calendar, subtract};
pub(crate) use cash::Cash;
pub(crate) use debt::Debt;
pub(crate) use equity::Equity;
pub(crate) use income::Income;
pub(crate) use line::Line;
pub(crate) use revenue::Revenue;
pub(crate) use tax::Tax;

#[cfg(test)]
mod identities_test;

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
    pub(crate) revenue: Revenue,
    pub(crate) income: Income,
    pub(crate) tax: Tax,
    pub(crate) equity: Equity,
    pub(crate) cash: Cash,
}

impl Ledger {
    pub(crate) fn new(key: Key, identity: &Identity) -> Self {
        let base = Base::new(key, identity.industry);
        let debt = Debt::new(key, &base);
        let industry = identity.industry;
        let revenue = Revenue::new(key, industry, &base);
        let income = Income::new(key, industry, &base, &revenue, &debt);
        let tax = Tax::new(key, industry, &base, &revenue, &income);
        let equity = Equity::new(key, identity, &base, &income);
        let cash = Cash::new(key, &base, &debt, &income, &tax);
        Self {
            base,
            debt,
            revenue,
            income,
            tax,
            equity,
            cash,
        }
    }

    /// Identities that do not hold; empty for every company (tests).
    pub(crate) fn violations(&self) -> Vec<String> {
        let mut out = self.base.violations();
        out.extend(self.revenue.violations(&self.base));
        out.extend(self.income.violations(&self.base, &self.debt));
        out.extend(self.tax.violations(&self.base, &self.income));
        out.extend(self.equity.violations(&self.base, &self.income));
        out
    }
}
