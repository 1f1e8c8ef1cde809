//! What statements show: items with their tags, labels and places.

/// A figure in the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Item {
    Cash,
    Receivables,
    Inventory,
    OtherCurrent,
    CurrentAssets,
    Property,
    Goodwill,
    OtherAssets,
    Assets,
    Payables,
    Accrued,
    CurrentDebt,
    CurrentLiabilities,
    LongDebt,
    OtherLiabilities,
    Liabilities,
    Paid,
    Retained,
    Treasury,
    Equity,
    LiabilitiesAndEquity,
    Revenue,
    Cost,
    Gross,
    Research,
    Selling,
    OperatingExpenses,
    Operating,
    Interest,
    OtherIncome,
    Pretax,
    Tax,
    Net,
    EpsBasic,
    EpsDiluted,
    SharesBasic,
    SharesDiluted,
    Depreciation,
    StockPay,
    OtherNonCash,
    ChangeReceivables,
    ChangeInventory,
    ChangePayables,
    ChangeAccrued,
    FromOperations,
    Capex,
    FromInvesting,
    Borrowed,
    Repaid,
    Dividends,
    Repurchases,
    FromFinancing,
    CashChange,
    Currency,
    Comprehensive,
    RightOfUse,
    LeaseLiability,
    UnrecognisedTax,
    Advertising,
    RentExpense,
}

pub(super) const NUM_ITEMS: usize = Item::RentExpense as usize + 1;

/// How a figure relates to time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// At the end of a period.
    Instant,
    /// Over a period, in dollars.
    Flow,
    /// Over a period, in dollars a share.
    PerShare,
    /// Over a period, in shares.
    Shares,
}

/// A line of a statement; statement `""` is for facts that no statement shows.
pub(super) struct Line {
    pub(super) item: Item,
    pub(super) tag: &'static str,
    pub(super) label: &'static str,
    pub(super) statement: &'static str,
    pub(super) kind: Kind,
    /// The statement shows it with the other sign.
    pub(super) negating: bool,
}

const fn line(
    statement: &'static str,
    item: Item,
    tag: &'static str,
    label: &'static str,
    kind: Kind,
) -> Line {
    Line {
        item,
        tag,
        label,
        statement,
        kind,
        negating: false,
    }
}

const fn negated(mut line: Line) -> Line {
    line.negating = true;
    line
}

use Item as I;
use Kind::{Flow, Instant, PerShare, Shares};

/// In the order in which statements show them.
#[rustfmt::skip]
pub(super) const LINES: &[Line] = &[
    line("BS", I::Cash, "CashAndCashEquivalentsAtCarryingValue", "Cash and cash equivalents", Instant),
    line("BS", I::Receivables, "AccountsReceivableNetCurrent", "Accounts receivable, net", Instant),
    line("BS", I::Inventory, "InventoryNet", "Inventories", Instant),
    line("BS", I::OtherCurrent, "OtherAssetsCurrent", "Other current assets", Instant),
    line("BS", I::CurrentAssets, "AssetsCurrent", "Total current assets", Instant),
    line("BS", I::Property, "PropertyPlantAndEquipmentNet", "Property, plant and equipment, net", Instant),
    line("BS", I::Goodwill, "Goodwill", "Goodwill", Instant),
    line("BS", I::OtherAssets, "OtherAssetsNoncurrent", "Other non-current assets", Instant),
    line("BS", I::Assets, "Assets", "Total assets", Instant),
    line("BS", I::Payables, "AccountsPayableCurrent", "Accounts payable", Instant),
    line("BS", I::Accrued, "AccruedLiabilitiesCurrent", "Accrued liabilities", Instant),
    line("BS", I::CurrentDebt, "LongTermDebtCurrent", "Current portion of long-term debt", Instant),
    line("BS", I::CurrentLiabilities, "LiabilitiesCurrent", "Total current liabilities", Instant),
    line("BS", I::LongDebt, "LongTermDebtNoncurrent", "Long-term debt, less current portion", Instant),
    line("BS", I::OtherLiabilities, "OtherLiabilitiesNoncurrent", "Other non-current liabilities", Instant),
    line("BS", I::Liabilities, "Liabilities", "Total liabilities", Instant),
    line("BS", I::Paid, "CommonStocksIncludingAdditionalPaidInCapital", "Common stock and additional paid-in capital", Instant),
    line("BS", I::Retained, "RetainedEarningsAccumulatedDeficit", "Retained earnings", Instant),
    negated(line("BS", I::Treasury, "TreasuryStockValue", "Treasury stock, at cost", Instant)),
    line("BS", I::Equity, "StockholdersEquity", "Total stockholders' equity", Instant),
    line("BS", I::LiabilitiesAndEquity, "LiabilitiesAndStockholdersEquity", "Total liabilities and stockholders' equity", Instant),
    line("IS", I::Revenue, "RevenueFromContractWithCustomerExcludingAssessedTax", "Net sales", Flow),
    line("IS", I::Cost, "CostOfGoodsAndServicesSold", "Cost of sales", Flow),
    line("IS", I::Gross, "GrossProfit", "Gross profit", Flow),
    line("IS", I::Research, "ResearchAndDevelopmentExpense", "Research and development", Flow),
    line("IS", I::Selling, "SellingGeneralAndAdministrativeExpense", "Selling, general and administrative", Flow),
    line("IS", I::OperatingExpenses, "OperatingExpenses", "Total operating expenses", Flow),
    line("IS", I::Operating, "OperatingIncomeLoss", "Operating income", Flow),
    negated(line("IS", I::Interest, "InterestExpense", "Interest expense", Flow)),
    line("IS", I::OtherIncome, "OtherNonoperatingIncomeExpense", "Other income (expense), net", Flow),
    line("IS", I::Pretax, "IncomeLossFromContinuingOperationsBeforeIncomeTaxes", "Income before income taxes", Flow),
    line("IS", I::Tax, "IncomeTaxExpenseBenefit", "Provision for income taxes", Flow),
    line("IS", I::Net, "NetIncomeLoss", "Net income", Flow),
    line("IS", I::EpsBasic, "EarningsPerShareBasic", "Basic earnings per share", PerShare),
    line("IS", I::EpsDiluted, "EarningsPerShareDiluted", "Diluted earnings per share", PerShare),
    line("IS", I::SharesBasic, "WeightedAverageNumberOfSharesOutstandingBasic", "Weighted-average basic shares", Shares),
    line("IS", I::SharesDiluted, "WeightedAverageNumberOfDilutedSharesOutstanding", "Weighted-average diluted shares", Shares),
    line("CI", I::Net, "NetIncomeLoss", "Net income", Flow),
    line("CI", I::Currency, "OtherComprehensiveIncomeLossForeignCurrencyTransactionAndTranslationAdjustmentNetOfTax", "Foreign currency translation", Flow),
    line("CI", I::Comprehensive, "ComprehensiveIncomeNetOfTax", "Comprehensive income", Flow),
    line("CF", I::Net, "NetIncomeLoss", "Net income", Flow),
    line("CF", I::Depreciation, "DepreciationDepletionAndAmortization", "Depreciation and amortization", Flow),
    line("CF", I::StockPay, "ShareBasedCompensation", "Stock-based compensation", Flow),
    line("CF", I::OtherNonCash, "OtherNoncashIncomeExpense", "Other non-cash items", Flow),
    negated(line("CF", I::ChangeReceivables, "IncreaseDecreaseInAccountsReceivable", "Accounts receivable", Flow)),
    negated(line("CF", I::ChangeInventory, "IncreaseDecreaseInInventories", "Inventories", Flow)),
    line("CF", I::ChangePayables, "IncreaseDecreaseInAccountsPayable", "Accounts payable", Flow),
    line("CF", I::ChangeAccrued, "IncreaseDecreaseInAccruedLiabilities", "Accrued liabilities", Flow),
    line("CF", I::FromOperations, "NetCashProvidedByUsedInOperatingActivities", "Net cash provided by operating activities", Flow),
    negated(line("CF", I::Capex, "PaymentsToAcquirePropertyPlantAndEquipment", "Purchases of property, plant and equipment", Flow)),
    line("CF", I::FromInvesting, "NetCashProvidedByUsedInInvestingActivities", "Net cash used in investing activities", Flow),
    line("CF", I::Borrowed, "ProceedsFromIssuanceOfLongTermDebt", "Proceeds from long-term debt", Flow),
    negated(line("CF", I::Repaid, "RepaymentsOfLongTermDebt", "Repayments of long-term debt", Flow)),
    negated(line("CF", I::Dividends, "PaymentsOfDividendsCommonStock", "Dividends paid", Flow)),
    negated(line("CF", I::Repurchases, "PaymentsForRepurchaseOfCommonStock", "Repurchases of common stock", Flow)),
    line("CF", I::FromFinancing, "NetCashProvidedByUsedInFinancingActivities", "Net cash used in financing activities", Flow),
    line("CF", I::CashChange, "CashCashEquivalentsPeriodIncreaseDecreaseIncludingExchangeRateEffect", "Change in cash and cash equivalents", Flow),
    line("", I::RightOfUse, "OperatingLeaseRightOfUseAsset", "Operating Lease, Right-of-Use Asset", Instant),
    line("", I::LeaseLiability, "OperatingLeaseLiability", "Operating Lease, Liability", Instant),
    line("", I::UnrecognisedTax, "UnrecognizedTaxBenefits", "Unrecognized Tax Benefits", Instant),
    line("", I::Advertising, "AdvertisingExpense", "Advertising Expense", Flow),
    line("", I::RentExpense, "OperatingLeaseCost", "Operating Lease, Cost", Flow),
];

/// The item whose standard tag some companies replace by one of their own.
pub(super) const CUSTOM_ITEM: Item = Item::OtherNonCash;

/// Words of custom tags.
pub(super) const CUSTOM_WORDS: [&str; 6] = [
    "GainOnSaleOfBusinessLines",
    "AmortizationOfContentLibraries",
    "ImpairmentOfCloudArrangements",
    "RestructuringRelatedSettlements",
    "ChangeInDeferredFranchiseFees",
    "RevaluationOfEarnOuts",
];

/// Names of business segments and of regions: members of two axes.
pub(super) const SEGMENTS: [&str; 8] = [
    "Consumer",
    "Enterprise",
    "Cloud",
    "Devices",
    "Services",
    "Industrial",
    "Healthcare",
    "Logistics",
];
/// Regions.
pub(super) const REGIONS: [&str; 6] = [
    "Americas",
    "EMEA",
    "GreaterChina",
    "Japan",
    "AsiaPacific",
    "LatinAmerica",
];
