//! The figures that analysts set against each other, and the rows of notes that show them.

use crate::questions::desk::{Desk, fold};
use crate::questions::sheet::Sheet;

/// Something that a company reports, whichever note shows it.
pub(super) struct Figure {
    /// How an analyst calls it; with "the" where a sentence needs it.
    pub(super) name: &'static str,
    /// Stems of tables, each with what tells the row: its label, a synonym of it or the idea behind it.
    places: &'static [(&'static str, &'static [&'static str])],
}

const fn figure(
    name: &'static str,
    places: &'static [(&'static str, &'static [&'static str])],
) -> Figure {
    Figure { name, places }
}

impl Figure {
    /// The rows of a company that show the figure, one a table.
    pub(super) fn rows(&self, desk: &Desk<'_>) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for sheet in &desk.sheets {
            for (stem, keys) in self.places {
                if sheet.written.note.stem == *stem
                    && let Some(row) = row_of(sheet, keys)
                {
                    found.push((sheet.index, row));
                }
            }
        }
        found
    }
}

/// The last row that one of the keys tells: totals stand below what they are made of.
fn row_of(sheet: &Sheet<'_>, keys: &[&str]) -> Option<usize> {
    keys.iter().find_map(|key| {
        let key = fold(key);
        sheet.rows().iter().rposition(|row| {
            let label = &row.label;
            fold(label.concept) == key
                || fold(&label.text) == key
                || label.also.iter().any(|also| fold(also) == key)
        })
    })
}

const RESULTS: &str = "SummaryOfConsolidatedResultsOfOperations";
const EBITDA_TABLE: &str = "ReconciliationOfNetIncomeToAdjustedEbitda";
const SEGMENT_TIE: &str = "ReconciliationOfSegmentOperatingIncomeToIncomeBeforeIncomeTaxes";
const PRETAX_TABLE: &str = "ScheduleOfIncomeBeforeIncomeTaxDomesticAndForeign";
const TAX_TABLE: &str = "ScheduleOfComponentsOfIncomeTaxExpenseBenefit";
const REGIONS: &str = "RevenueFromExternalCustomersByGeographicAreas";
const OPEX_TABLE: &str = "SummaryOfOperatingExpenses";
const RETURNS: &str = "SummaryOfCapitalReturnedToShareholders";
const WEAR: &str = "ScheduleOfDepreciationAndAmortizationExpense";
const PLANT: &str = "ScheduleOfPropertyPlantAndEquipment";
const PLANS: &str = "ScheduleOfNetBenefitCosts";
const FUNDED: &str = "ScheduleOfNetFundedStatus";
const CASH_FLOW: &str = "ScheduleOfCashFlowSupplementalDisclosures";
const LEASE_SHEET: &str = "LeaseBalanceSheetInformation";

const TOP_LINE: &[&str] = &[
    "the top line",
    "total revenue",
    "total revenues",
    "net revenue",
    "total net sales",
];

pub(super) static REVENUE: Figure = figure(
    "total revenue",
    &[
        (RESULTS, TOP_LINE),
        (REGIONS, TOP_LINE),
        ("DisaggregationOfRevenue", TOP_LINE),
        ("RevenueBySegment", TOP_LINE),
        ("SummaryOfSegmentRevenueAndOperatingIncome", TOP_LINE),
    ],
);
pub(super) static COST_OF_REVENUE: Figure =
    figure("the cost of revenue", &[(RESULTS, &["direct costs"])]);
pub(super) static GROSS_PROFIT: Figure = figure("gross profit", &[(RESULTS, &["gross profit"])]);
pub(super) static OPEX: Figure = figure(
    "total operating expenses",
    &[
        (OPEX_TABLE, &["total operating expenses", "overhead"]),
        (RESULTS, &["total operating expenses"]),
    ],
);
pub(super) static RESEARCH: Figure = figure(
    "research and development expense",
    &[(OPEX_TABLE, &["research and development", "R&D"])],
);
pub(super) static OVERHEAD: Figure = figure(
    "selling, general and administrative expense",
    &[(OPEX_TABLE, &["selling, general and administrative", "SG&A"])],
);
pub(super) static OPERATING_INCOME: Figure = figure(
    "operating income",
    &[
        (RESULTS, &["profit from operations", "operating profit"]),
        (SEGMENT_TIE, &["profit from operations", "operating profit"]),
        (
            "SummaryOfSegmentRevenueAndOperatingIncome",
            &["profit from operations", "operating profit"],
        ),
    ],
);
pub(super) static PRETAX: Figure = figure(
    "pretax income",
    &[
        (
            PRETAX_TABLE,
            &["profit before the tax collector", "pretax income"],
        ),
        (
            RESULTS,
            &["profit before the tax collector", "pretax income"],
        ),
        (
            SEGMENT_TIE,
            &["profit before the tax collector", "pretax income"],
        ),
    ],
);
pub(super) static FOREIGN_PRETAX: Figure = figure(
    "foreign pretax income",
    &[(
        PRETAX_TABLE,
        &[
            "profit made abroad",
            "income earned outside the United States",
        ],
    )],
);
pub(super) static DOMESTIC_PRETAX: Figure = figure(
    "domestic pretax income",
    &[(
        PRETAX_TABLE,
        &[
            "profit made in the home country",
            "income earned in the United States",
        ],
    )],
);
pub(super) static NET_INCOME: Figure = figure(
    "net income",
    &[
        (RESULTS, &["the bottom line", "profit after tax"]),
        (EBITDA_TABLE, &["the bottom line", "profit after tax"]),
        (
            "ScheduleOfEarningsPerShareBasicAndDiluted",
            &["the bottom line", "profit after tax"],
        ),
    ],
);
pub(super) static EBITDA: Figure = figure("EBITDA", &[(EBITDA_TABLE, &["EBITDA"])]);
pub(super) static ADJUSTED_EBITDA: Figure =
    figure("adjusted EBITDA", &[(EBITDA_TABLE, &["adjusted EBITDA"])]);
pub(super) static FOREIGN_REVENUE: Figure = figure(
    "international revenue",
    &[(REGIONS, &["all that is sold abroad", "foreign sales"])],
);
pub(super) static HOME_REVENUE: Figure = figure(
    "revenue in the United States",
    &[(REGIONS, &["the home market", "United States"])],
);
pub(super) static INTEREST: Figure = figure(
    "interest expense",
    &[
        ("InterestCostComponents", &["total cost of borrowing"]),
        (RESULTS, &["interest expense"]),
        (EBITDA_TABLE, &["interest expense"]),
    ],
);
pub(super) static INTEREST_INCOME: Figure = figure(
    "interest income",
    &[
        ("InterestAndOtherIncome", &["interest income"]),
        (EBITDA_TABLE, &["interest income"]),
    ],
);
pub(super) static CASH_INTEREST: Figure = figure(
    "cash paid for interest",
    &[(
        CASH_FLOW,
        &[
            "cash that went to lenders for interest",
            "interest paid in cash",
        ],
    )],
);
pub(super) static TAX: Figure = figure(
    "income tax expense",
    &[
        (
            TAX_TABLE,
            &["what governments take of the profit", "total tax expense"],
        ),
        (RESULTS, &["what governments take of the profit"]),
    ],
);
pub(super) static CURRENT_TAX: Figure = figure(
    "current tax expense",
    &[(TAX_TABLE, &["current tax expense"])],
);
pub(super) static DEFERRED_TAX: Figure = figure(
    "deferred tax expense",
    &[(TAX_TABLE, &["deferred tax expense"])],
);
pub(super) static CASH_TAX: Figure = figure(
    "cash paid for income taxes",
    &[(
        CASH_FLOW,
        &["cash that went to tax authorities", "taxes paid in cash"],
    )],
);
pub(super) static UNCERTAIN_TAX: Figure = figure(
    "unrecognized tax benefits",
    &[(
        "ScheduleOfUnrecognizedTaxBenefitsRollForward",
        &["tax positions still in dispute"],
    )],
);
pub(super) static DEBT: Figure = figure(
    "total debt",
    &[(
        "ScheduleOfDebt",
        &["total debt", "carrying amount of all debt"],
    )],
);
pub(super) static PRINCIPAL: Figure = figure(
    "the principal of long-term debt",
    &[("LongTermDebtRollForward", &["closing principal"])],
);
pub(super) static SHORT_DEBT: Figure = figure(
    "short-term debt",
    &[(
        "ScheduleOfShortTermDebt",
        &["debt to be repaid or rolled over within a year"],
    )],
);
pub(super) static CASH: Figure = figure(
    "cash and investments",
    &[(
        "ScheduleOfCashCashEquivalentsAndShortTermInvestments",
        &["cash and investments in total"],
    )],
);
pub(super) static LEASE_COST: Figure = figure(
    "total lease cost",
    &[("LeaseCost", &["cost of all leases"])],
);
pub(super) static LEASE_LIABILITIES: Figure = figure(
    "total lease liabilities",
    &[(
        LEASE_SHEET,
        &["everything owed to lessors", "lease obligations in all"],
    )],
);
pub(super) static LEASE_ASSETS: Figure = figure(
    "total leased assets",
    &[(
        LEASE_SHEET,
        &["total leased assets", "right-of-use assets in all"],
    )],
);
pub(super) static STOCK_PAY: Figure = figure(
    "stock-based compensation",
    &[
        (
            "ScheduleOfEmployeeServiceShareBasedCompensationAllocationOfRecognizedPeriodCosts",
            &[
                "the cost of paying with shares",
                "total stock-based compensation expense",
            ],
        ),
        (
            EBITDA_TABLE,
            &["the cost of paying with shares", "stock-based compensation"],
        ),
    ],
);
pub(super) static DIVIDENDS: Figure = figure(
    "dividends declared",
    &[(RETURNS, &["dividends declared", "declared dividends"])],
);
pub(super) static BUYBACKS: Figure = figure(
    "share repurchases",
    &[
        (RETURNS, &["share repurchases", "buybacks"]),
        (
            "ShareRepurchaseProgramDisclosure",
            &["amount spent on buybacks"],
        ),
    ],
);
pub(super) static RETURNED: Figure = figure(
    "capital returned to shareholders",
    &[(RETURNS, &["total returned to shareholders"])],
);
pub(super) static AUTHORIZED: Figure = figure(
    "the remaining repurchase authorization",
    &[(
        "ShareRepurchaseProgramDisclosure",
        &["unused authorization"],
    )],
);
pub(super) static INVENTORY: Figure = figure(
    "total inventories",
    &[("ScheduleOfInventoryCurrent", &["inventory in total"])],
);
pub(super) static RECEIVABLES: Figure = figure(
    "accounts receivable, net",
    &[(
        "AccountsReceivableNet",
        &["receivables after the allowance"],
    )],
);
pub(super) static GROSS_RECEIVABLES: Figure = figure(
    "gross accounts receivable",
    &[(
        "AccountsReceivableNet",
        &["receivables before the allowance"],
    )],
);
pub(super) static ALLOWANCE: Figure = figure(
    "the allowance for credit losses",
    &[(
        "AccountsReceivableAllowanceForCreditLoss",
        &[
            "the credit loss allowance after the year's moves",
            "ending balance",
        ],
    )],
);
pub(super) static BAD_DEBT: Figure = figure(
    "the provision for credit losses",
    &[(
        "AccountsReceivableAllowanceForCreditLoss",
        &[
            "the bad debts expected this year",
            "provision for credit losses",
        ],
    )],
);
pub(super) static WARRANTY: Figure = figure(
    "the warranty liability",
    &[(
        "ScheduleOfProductWarrantyLiability",
        &[
            "the warranty reserve after the year's moves",
            "ending balance",
        ],
    )],
);
pub(super) static ADVANCES: Figure = figure(
    "contract liabilities",
    &[
        (
            "ContractWithCustomerAssetAndLiability",
            &["all customer advances", "advances from customers in total"],
        ),
        (
            "ContractLiabilitiesRollForward",
            &[
                "the customer advances after the year's moves",
                "closing balance",
            ],
        ),
    ],
);
pub(super) static PLANT_NET: Figure = figure(
    "property, plant and equipment, net",
    &[(
        PLANT,
        &["the book value of the plant", "plant after depreciation"],
    )],
);
pub(super) static PLANT_GROSS: Figure = figure(
    "gross property, plant and equipment",
    &[(PLANT, &["what all plant has cost", "plant at cost"])],
);
pub(super) static LONG_LIVED: Figure = figure(
    "total long-lived assets",
    &[(
        "LongLivedAssetsByGeographicAreas",
        &["long-lived assets in all countries"],
    )],
);
pub(super) static DEPRECIATION: Figure = figure(
    "depreciation expense",
    &[(
        WEAR,
        &["the yearly wear of the plant", "depreciation expense"],
    )],
);
pub(super) static AMORTIZATION: Figure = figure(
    "the amortization of intangible assets",
    &[(WEAR, &["the yearly wear of the intangible assets"])],
);
pub(super) static WEAR_AND_TEAR: Figure = figure(
    "depreciation and amortization",
    &[
        (
            WEAR,
            &[
                "the yearly wear of plant and intangibles",
                "depreciation plus amortization",
            ],
        ),
        (EBITDA_TABLE, &["depreciation and amortization", "D&A"]),
    ],
);
pub(super) static RESTRUCTURING: Figure = figure(
    "restructuring and impairment charges",
    &[
        (RESULTS, &["write-downs and layoffs"]),
        (EBITDA_TABLE, &["write-downs and layoffs"]),
    ],
);
pub(super) static PENSION_COST: Figure = figure(
    "net periodic benefit cost",
    &[(
        PLANS,
        &[
            "net periodic benefit cost",
            "cost of retirement plans for the year",
        ],
    )],
);
pub(super) static PENSION_INTEREST: Figure = figure(
    "the interest cost of the pension plans",
    &[(
        PLANS,
        &[
            "the interest burden of retiree plans",
            "interest on the obligation",
        ],
    )],
);
pub(super) static OBLIGATION: Figure = figure(
    "the benefit obligation",
    &[
        (
            "ScheduleOfChangesInProjectedBenefitObligations",
            &["closing benefit obligation"],
        ),
        (FUNDED, &["promises to retirees"]),
    ],
);
pub(super) static PLAN_ASSETS: Figure = figure(
    "the fair value of plan assets",
    &[
        (
            "ScheduleOfChangesInFairValueOfPlanAssets",
            &["closing plan assets"],
        ),
        ("ScheduleOfAllocationOfPlanAssets", &["all plan assets"]),
        (FUNDED, &["money set aside in the plans"]),
    ],
);
pub(super) static CONTRIBUTIONS: Figure = figure(
    "employer contributions to the pension plans",
    &[(
        "ScheduleOfChangesInFairValueOfPlanAssets",
        &[
            "cash the company put into its retirement funds",
            "company contributions",
        ],
    )],
);
pub(super) static ACCRUED: Figure = figure(
    "accrued liabilities",
    &[(
        "ScheduleOfAccruedLiabilities",
        &["accrued liabilities in total"],
    )],
);
pub(super) static PREPAID: Figure = figure(
    "prepaid expenses and other current assets",
    &[(
        "PrepaidExpensesAndOtherCurrentAssets",
        &["prepaid and other current assets in total"],
    )],
);
pub(super) static RETIREMENT_DUTY: Figure = figure(
    "asset retirement obligations",
    &[(
        "AssetRetirementObligationsRollForward",
        &[
            "the duty to dismantle, after the year's moves",
            "closing balance",
        ],
    )],
);
pub(super) static DEFERRED_ASSETS: Figure = figure(
    "deferred tax assets before the valuation allowance",
    &[(
        "ScheduleOfDeferredTaxAssetsAndLiabilities",
        &[
            "all future deductions, whether or not they will be used",
            "total deferred tax assets",
        ],
    )],
);
