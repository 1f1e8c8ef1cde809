//! The books of one company: every quantity that a table shows has one cell here.
//!
//! Sections are made in the order of the fields, each from those before it, so that identities hold by construction:
//! I1 to I17 of `docs/spec/synthetic.md`. [`Ledger::violations`] checks them again from the finished numbers.
//! Money is in the smallest unit that the company shows, newest year first.

mod acquisitions;
mod aoci;
mod assets;
mod base;
mod cash;
mod debt;
mod leases;
mod obligations;
mod pension;
mod rates;

mod equity;
mod income;
mod intangibles;
mod investments;
pub(crate) mod items;
mod liabilities;
mod line;
mod revenue;
mod tax;
mod terms;

#[cfg(test)]
mod identities_test;
#[cfg(test)]
mod plausible_test;

pub(crate) use acquisitions::{Acquisitions, Deal, intangible_classes};
pub(crate) use aoci::{Aoci, Component};
pub(crate) use assets::Assets;
pub(crate) use base::{Base, Calendar, MONTHS, subtract};
pub(crate) use cash::Cash;
pub(crate) use debt::{Debt, Ladder};
pub(crate) use equity::Equity;
pub(crate) use income::Income;
pub(crate) use intangibles::{Intangibles, Segment};
pub(crate) use investments::{Investments, Measured, Security};
pub(crate) use leases::Leases;
pub(crate) use liabilities::Liabilities;
pub(crate) use line::Line;
pub(crate) use obligations::Obligations;
pub(crate) use pension::{Pension, Plan};
pub(crate) use revenue::Revenue;
pub(crate) use tax::Tax;

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
    pub(crate) revenue: Revenue,
    pub(crate) income: Income,
    pub(crate) tax: Tax,
    pub(crate) equity: Equity,
    pub(crate) cash: Cash,
    pub(crate) assets: Assets,
    pub(crate) acquisitions: Acquisitions,
    pub(crate) intangibles: Intangibles,
    pub(crate) liabilities: Liabilities,
    pub(crate) aoci: Aoci,
    pub(crate) investments: Investments,
}

impl Ledger {
    #[cfg(test)]
    pub(crate) fn new(key: Key, identity: &Identity) -> Self {
        Self::shown(key, identity, None)
    }

    /// The books, with amounts of `decimals` digits where the company reports in millions (`None`: as drawn).
    pub(crate) fn shown(key: Key, identity: &Identity, decimals: Option<u8>) -> Self {
        let base = Base::new(key, identity.industry, decimals);
        let debt = Debt::new(key, &base, identity.industry);
        let leases = Leases::new(key, &base, identity.industry);
        let pension = Pension::new(key, &base, identity.industry);
        let obligations = Obligations::new(key, &base, identity.industry, &debt, &leases);
        let industry = identity.industry;
        let revenue = Revenue::new(key, industry, &base);
        let classes = intangible_classes(key, industry);
        let acquisitions = Acquisitions::new(key, &base, industry, &classes);
        let intangibles = Intangibles::new(key, &base, industry, &acquisitions, &classes, &revenue);
        let assets = Assets::new(key, &base, industry, &leases, &revenue, &intangibles);
        let wear = wear(&assets, &intangibles);
        let income = Income::new(
            key,
            industry,
            &base,
            &revenue,
            &debt,
            &wear,
            pension.as_ref(),
        );
        let tax = Tax::new(key, industry, &base, &revenue, &income);
        let equity = Equity::new(key, identity, &base, &income);
        let cash = Cash::new(key, &base, &debt, &income, &tax);
        let dividends = equity.dividends.unpaid();
        let liabilities = Liabilities::new(key, &base, industry, &acquisitions, &dividends);
        let aoci = Aoci::new(key, &base, pension.as_ref());
        let investments = Investments::new(key, &base, industry, &acquisitions);
        Self {
            base,
            debt,
            leases,
            pension,
            obligations,
            revenue,
            income,
            tax,
            equity,
            cash,
            assets,
            acquisitions,
            intangibles,
            liabilities,
            aoci,
            investments,
        }
    }

    /// Depreciation of plant and amortization of intangible assets.
    pub(crate) fn depreciation_and_amortization(&self) -> ByYear {
        wear(&self.assets, &self.intangibles)
    }

    /// Identities that do not hold; empty for every company (tests).
    pub(crate) fn violations(&self) -> Vec<String> {
        let mut out = self.base.violations();
        out.extend(self.debt.violations());
        out.extend(self.leases.violations());
        out.extend(self.pension.iter().flat_map(Pension::violations));
        out.extend(self.obligations.violations(&self.debt, &self.leases));
        out.extend(self.revenue.violations(&self.base));
        out.extend(self.income.violations(&self.base, &self.debt));
        out.extend(self.shared());
        out.extend(self.tax.violations(&self.base, &self.income));
        out.extend(self.equity.violations(&self.base, &self.income));
        out.extend(self.assets.violations(&self.leases));
        out.extend(self.acquisitions.violations());
        out.extend(self.intangibles.violations(&self.acquisitions));
        out.extend(self.liabilities.violations());
        out.extend(self.aoci.violations());
        out.extend(self.investments.violations());
        out
    }

    /// Quantities that two sections hold and that differ.
    fn shared(&self) -> Vec<String> {
        let mut out = Vec::new();
        let wear = self.depreciation_and_amortization();
        let line = |name: &str| self.income.expenses.iter().find(|l| l.term.text == name);
        if line("depreciation and amortization").is_some_and(|l| l.values != wear) {
            out.push("I9: the expense line of depreciation and amortization".to_owned());
        }
        if let Some(pension) = &self.pension {
            let credit = |y: usize| -> i64 {
                let plans = pension.plans();
                plans.map(|p| p.service[y] - p.net_cost[y]).sum()
            };
            let line = |l: &&Line| l.term.text == "non-service pension credit (cost)";
            if let Some(line) = self.income.other.iter().find(line)
                && (0..YEARS).any(|y| line.values[y] != credit(y))
            {
                out.push("I6: non-service cost of the plans".to_owned());
            }
            let taken: i64 = pension.plans().flat_map(Plan::reclassified).flatten().sum();
            let shown: i64 = self.aoci.plans().flat_map(|line| line.amounts).sum();
            if taken != -shown {
                out.push("I6: plan losses reclassified".to_owned());
            }
        }
        out
    }
}

/// Depreciation of plant and amortization of intangible assets: what EBITDA adds back.
fn wear(assets: &Assets, intangibles: &Intangibles) -> ByYear {
    std::array::from_fn(|y| assets.depreciation[y] + intangibles.amortization[y])
}
