//! Which figures analysts set against each other, what they call it, and where they draw the lines.
//!
//! The bands are plain rules of thumb for a 10-K company; a question states them, so no knowledge is asked for.

use super::figures as f;
use super::figures::Figure;

/// One figure over another.
pub(super) struct Pair {
    pub(super) top: &'static Figure,
    pub(super) base: &'static Figure,
    /// What an analyst calls the ratio: "payout ratio".
    pub(super) what: &'static str,
    pub(super) bands: Bands,
}

/// Below the first limit the first word, below the second the second, else the third.
#[derive(Clone, Copy)]
pub(super) struct Bands {
    /// With three digits after the point at most.
    pub(super) limits: [&'static str; 2],
    pub(super) words: [&'static str; 3],
}

const LEVEL: [&str; 3] = ["low", "moderate", "high"];
const COVER: [&str; 3] = ["thin", "adequate", "strong"];

pub(super) const fn level(low: &'static str, high: &'static str) -> Bands {
    Bands {
        limits: [low, high],
        words: LEVEL,
    }
}

const fn cover(low: &'static str, high: &'static str) -> Bands {
    Bands {
        limits: [low, high],
        words: COVER,
    }
}

const fn pair(
    what: &'static str,
    top: &'static Figure,
    base: &'static Figure,
    bands: Bands,
) -> Pair {
    Pair {
        top,
        base,
        what,
        bands,
    }
}

/// Ratios.
pub(super) static RATIOS: [Pair; 72] = [
    // Cost and coverage of debt.
    pair(
        "interest burden",
        &f::INTEREST,
        &f::PRETAX,
        level("0.05", "0.2"),
    ),
    pair(
        "interest coverage",
        &f::OPERATING_INCOME,
        &f::INTEREST,
        cover("3", "10"),
    ),
    pair(
        "EBITDA coverage of interest",
        &f::EBITDA,
        &f::INTEREST,
        cover("4", "12"),
    ),
    pair(
        "pretax coverage of interest",
        &f::PRETAX,
        &f::INTEREST,
        cover("2", "8"),
    ),
    pair(
        "average cost of debt",
        &f::INTEREST,
        &f::DEBT,
        level("0.03", "0.05"),
    ),
    pair(
        "cash share of interest expense",
        &f::CASH_INTEREST,
        &f::INTEREST,
        level("0.9", "1.05"),
    ),
    pair(
        "debt to EBITDA ratio",
        &f::DEBT,
        &f::EBITDA,
        level("1.5", "3.5"),
    ),
    pair(
        "debt to adjusted EBITDA ratio",
        &f::DEBT,
        &f::ADJUSTED_EBITDA,
        level("1.5", "3"),
    ),
    pair(
        "debt principal to EBITDA ratio",
        &f::PRINCIPAL,
        &f::EBITDA,
        level("1.5", "3.5"),
    ),
    pair(
        "debt principal to operating income ratio",
        &f::PRINCIPAL,
        &f::OPERATING_INCOME,
        level("2", "5"),
    ),
    pair(
        "liquidity cover of debt",
        &f::CASH,
        &f::DEBT,
        cover("0.2", "0.8"),
    ),
    pair(
        "liquidity cover of short-term debt",
        &f::CASH,
        &f::SHORT_DEBT,
        cover("1", "4"),
    ),
    pair(
        "short-term share of debt",
        &f::SHORT_DEBT,
        &f::DEBT,
        level("0.05", "0.2"),
    ),
    pair(
        "interest income to interest expense ratio",
        &f::INTEREST_INCOME,
        &f::INTEREST,
        level("0.1", "0.5"),
    ),
    pair(
        "yield on cash and investments",
        &f::INTEREST_INCOME,
        &f::CASH,
        level("0.015", "0.035"),
    ),
    // Leases.
    pair(
        "lease intensity",
        &f::LEASE_COST,
        &f::REVENUE,
        level("0.015", "0.03"),
    ),
    pair(
        "lease share of operating expenses",
        &f::LEASE_COST,
        &f::OPEX,
        level("0.05", "0.12"),
    ),
    pair(
        "lease cost to EBITDA ratio",
        &f::LEASE_COST,
        &f::EBITDA,
        level("0.05", "0.15"),
    ),
    pair(
        "lease liabilities to debt ratio",
        &f::LEASE_LIABILITIES,
        &f::DEBT,
        level("0.1", "0.5"),
    ),
    pair(
        "lease liabilities to EBITDA ratio",
        &f::LEASE_LIABILITIES,
        &f::EBITDA,
        level("0.2", "0.8"),
    ),
    pair(
        "leased to owned assets ratio",
        &f::LEASE_ASSETS,
        &f::PLANT_NET,
        level("0.1", "0.4"),
    ),
    // Pay in shares, and what shareholders get.
    pair(
        "stock compensation intensity",
        &f::STOCK_PAY,
        &f::REVENUE,
        level("0.02", "0.06"),
    ),
    pair(
        "stock compensation share of operating expenses",
        &f::STOCK_PAY,
        &f::OPEX,
        level("0.05", "0.15"),
    ),
    pair(
        "stock compensation to net income ratio",
        &f::STOCK_PAY,
        &f::NET_INCOME,
        level("0.1", "0.4"),
    ),
    pair(
        "payout ratio",
        &f::DIVIDENDS,
        &f::NET_INCOME,
        level("0.25", "0.5"),
    ),
    pair(
        "dividend cost relative to EBITDA",
        &f::DIVIDENDS,
        &f::EBITDA,
        level("0.1", "0.3"),
    ),
    pair(
        "buyback ratio",
        &f::BUYBACKS,
        &f::NET_INCOME,
        level("0.2", "0.6"),
    ),
    pair(
        "buyback offset of stock compensation",
        &f::BUYBACKS,
        &f::STOCK_PAY,
        level("1", "3"),
    ),
    pair(
        "total payout ratio",
        &f::RETURNED,
        &f::NET_INCOME,
        level("0.5", "1"),
    ),
    pair(
        "remaining authorization to net income ratio",
        &f::AUTHORIZED,
        &f::NET_INCOME,
        level("0.5", "1.5"),
    ),
    // Taxes.
    pair(
        "effective tax rate",
        &f::TAX,
        &f::PRETAX,
        level("0.17", "0.23"),
    ),
    pair(
        "current tax rate",
        &f::CURRENT_TAX,
        &f::PRETAX,
        level("0.15", "0.22"),
    ),
    pair(
        "deferred tax rate",
        &f::DEFERRED_TAX,
        &f::PRETAX,
        level("0.01", "0.04"),
    ),
    pair(
        "cash tax rate",
        &f::CASH_TAX,
        &f::PRETAX,
        level("0.15", "0.22"),
    ),
    pair(
        "cash share of tax expense",
        &f::CASH_TAX,
        &f::TAX,
        level("0.8", "1.05"),
    ),
    pair(
        "uncertain tax positions to tax expense ratio",
        &f::UNCERTAIN_TAX,
        &f::TAX,
        level("0.2", "0.6"),
    ),
    pair(
        "uncertain tax positions to pretax income ratio",
        &f::UNCERTAIN_TAX,
        &f::PRETAX,
        level("0.05", "0.15"),
    ),
    pair(
        "deferred tax assets to tax expense ratio",
        &f::DEFERRED_ASSETS,
        &f::TAX,
        level("1", "3"),
    ),
    // Regions.
    pair(
        "foreign pretax margin",
        &f::FOREIGN_PRETAX,
        &f::FOREIGN_REVENUE,
        level("0.08", "0.2"),
    ),
    pair(
        "domestic pretax margin",
        &f::DOMESTIC_PRETAX,
        &f::HOME_REVENUE,
        level("0.08", "0.2"),
    ),
    // Working capital and reserves.
    pair(
        "inventory to cost of revenue ratio",
        &f::INVENTORY,
        &f::COST_OF_REVENUE,
        level("0.12", "0.25"),
    ),
    pair(
        "inventory to revenue ratio",
        &f::INVENTORY,
        &f::REVENUE,
        level("0.06", "0.15"),
    ),
    pair(
        "receivables to revenue ratio",
        &f::RECEIVABLES,
        &f::REVENUE,
        level("0.1", "0.18"),
    ),
    pair(
        "credit loss coverage",
        &f::ALLOWANCE,
        &f::GROSS_RECEIVABLES,
        level("0.01", "0.03"),
    ),
    pair(
        "credit cost",
        &f::BAD_DEBT,
        &f::REVENUE,
        level("0.002", "0.006"),
    ),
    pair(
        "warranty reserve to revenue ratio",
        &f::WARRANTY,
        &f::REVENUE,
        level("0.005", "0.015"),
    ),
    pair(
        "contract liabilities to revenue ratio",
        &f::ADVANCES,
        &f::REVENUE,
        level("0.05", "0.15"),
    ),
    pair(
        "accruals to operating expenses ratio",
        &f::ACCRUED,
        &f::OPEX,
        level("0.2", "0.5"),
    ),
    pair(
        "accruals to revenue ratio",
        &f::ACCRUED,
        &f::REVENUE,
        level("0.05", "0.12"),
    ),
    pair(
        "prepaid assets to operating expenses ratio",
        &f::PREPAID,
        &f::OPEX,
        level("0.05", "0.15"),
    ),
    // Plant and intangibles.
    pair(
        "depreciation rate",
        &f::DEPRECIATION,
        &f::PLANT_GROSS,
        level("0.05", "0.08"),
    ),
    pair(
        "depreciation to revenue ratio",
        &f::DEPRECIATION,
        &f::REVENUE,
        level("0.02", "0.06"),
    ),
    pair(
        "amortization burden",
        &f::AMORTIZATION,
        &f::PRETAX,
        level("0.05", "0.2"),
    ),
    pair(
        "depreciation and amortization to revenue ratio",
        &f::WEAR_AND_TEAR,
        &f::REVENUE,
        level("0.04", "0.1"),
    ),
    pair(
        "owned share of long-lived assets",
        &f::PLANT_NET,
        &f::LONG_LIVED,
        level("0.6", "0.85"),
    ),
    pair(
        "capital intensity",
        &f::PLANT_NET,
        &f::REVENUE,
        level("0.2", "0.6"),
    ),
    pair(
        "long-lived assets to revenue ratio",
        &f::LONG_LIVED,
        &f::REVENUE,
        level("0.2", "0.6"),
    ),
    pair(
        "asset retirement obligations to revenue ratio",
        &f::RETIREMENT_DUTY,
        &f::REVENUE,
        level("0.05", "0.15"),
    ),
    // Retirement plans.
    pair(
        "pension interest to interest expense ratio",
        &f::PENSION_INTEREST,
        &f::INTEREST,
        level("0.1", "0.4"),
    ),
    pair(
        "interest rate on the benefit obligation",
        &f::PENSION_INTEREST,
        &f::OBLIGATION,
        level("0.03", "0.045"),
    ),
    pair(
        "benefit cost to obligation ratio",
        &f::PENSION_COST,
        &f::OBLIGATION,
        level("0.01", "0.03"),
    ),
    pair(
        "pension burden",
        &f::PENSION_COST,
        &f::PRETAX,
        level("0.01", "0.05"),
    ),
    pair(
        "funded ratio",
        &f::PLAN_ASSETS,
        &f::OBLIGATION,
        cover("0.8", "1"),
    ),
    pair(
        "pension contribution rate",
        &f::CONTRIBUTIONS,
        &f::OBLIGATION,
        level("0.01", "0.04"),
    ),
    // Costs and margins.
    pair(
        "research intensity",
        &f::RESEARCH,
        &f::REVENUE,
        level("0.05", "0.15"),
    ),
    pair(
        "overhead ratio",
        &f::OVERHEAD,
        &f::REVENUE,
        level("0.1", "0.25"),
    ),
    pair(
        "operating expense ratio",
        &f::OPEX,
        &f::REVENUE,
        level("0.2", "0.4"),
    ),
    pair(
        "restructuring share of operating expenses",
        &f::RESTRUCTURING,
        &f::OPEX,
        level("0.02", "0.06"),
    ),
    pair(
        "restructuring burden",
        &f::RESTRUCTURING,
        &f::PRETAX,
        level("0.03", "0.1"),
    ),
    pair(
        "gross margin",
        &f::GROSS_PROFIT,
        &f::REVENUE,
        level("0.35", "0.6"),
    ),
    pair(
        "operating margin",
        &f::OPERATING_INCOME,
        &f::REVENUE,
        level("0.08", "0.2"),
    ),
    pair(
        "net margin",
        &f::NET_INCOME,
        &f::REVENUE,
        level("0.05", "0.15"),
    ),
];

/// Differences: the first less the second, and what is left.
pub(super) static GAPS: [(&Figure, &Figure); 22] = [
    (&f::TAX, &f::CASH_TAX),
    (&f::CURRENT_TAX, &f::CASH_TAX),
    (&f::INTEREST, &f::CASH_INTEREST),
    (&f::INTEREST, &f::INTEREST_INCOME),
    (&f::CASH, &f::DEBT),
    (&f::DEBT, &f::LEASE_LIABILITIES),
    (&f::OBLIGATION, &f::PLAN_ASSETS),
    (&f::NET_INCOME, &f::DIVIDENDS),
    (&f::NET_INCOME, &f::RETURNED),
    (&f::NET_INCOME, &f::BUYBACKS),
    (&f::BUYBACKS, &f::STOCK_PAY),
    (&f::EBITDA, &f::OPERATING_INCOME),
    (&f::ADJUSTED_EBITDA, &f::OPERATING_INCOME),
    (&f::RECEIVABLES, &f::ADVANCES),
    (&f::INVENTORY, &f::ACCRUED),
    (&f::PENSION_COST, &f::CONTRIBUTIONS),
    (&f::PLANT_NET, &f::DEBT),
    (&f::LONG_LIVED, &f::PLANT_NET),
    (&f::FOREIGN_PRETAX, &f::CASH_TAX),
    (&f::PRETAX, &f::CASH_TAX),
    (&f::OPERATING_INCOME, &f::INTEREST),
    (&f::OPEX, &f::STOCK_PAY),
];

/// Amounts that make sense together.
pub(super) static SUMS: [(&Figure, &Figure); 14] = [
    (&f::DEBT, &f::LEASE_LIABILITIES),
    (&f::DEBT, &f::OBLIGATION),
    (&f::INTEREST, &f::LEASE_COST),
    (&f::INTEREST, &f::PENSION_INTEREST),
    (&f::INTEREST, &f::TAX),
    (&f::DIVIDENDS, &f::BUYBACKS),
    (&f::STOCK_PAY, &f::WEAR_AND_TEAR),
    (&f::OPERATING_INCOME, &f::WEAR_AND_TEAR),
    (&f::INVENTORY, &f::RECEIVABLES),
    (&f::CASH, &f::RECEIVABLES),
    (&f::ACCRUED, &f::ADVANCES),
    (&f::PLANT_NET, &f::LEASE_ASSETS),
    (&f::OPEX, &f::COST_OF_REVENUE),
    (&f::CASH_INTEREST, &f::DIVIDENDS),
];
