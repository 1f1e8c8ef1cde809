//! Accruals, other liabilities, other assets, and the moves of reserves.

use crate::identity::Industry;
use crate::ledger::items::{Term, term};

static ACCRUED: [Term; 10] = [
    term(
        &[
            "compensation and benefits",
            "payroll and employee benefits",
            "salaries, wages and related items",
        ],
        "the pay owed to staff",
    ),
    term(
        &[
            "sales incentives and rebates",
            "customer rebates and incentives",
            "accrued rebates",
        ],
        "the discounts owed to customers",
    ),
    term(
        &[
            "taxes other than income taxes",
            "non-income taxes",
            "property and sales taxes",
        ],
        "the levies owed besides income tax",
    ),
    term(
        &[
            "professional fees",
            "legal and professional fees",
            "accrued professional services",
        ],
        "the fees owed to lawyers and advisers",
    ),
    term(
        &[
            "advertising and marketing",
            "accrued marketing",
            "marketing and promotion",
        ],
        "the promotion costs not yet paid",
    ),
    term(
        &["accrued interest", "interest payable"],
        "the interest owed but not yet paid",
    ),
    term(
        &[
            "freight and logistics",
            "accrued freight",
            "transportation costs",
        ],
        "the shipping costs not yet paid",
    ),
    term(
        &[
            "insurance",
            "self-insurance reserves, current",
            "insurance claims",
        ],
        "the claims covered by the company itself",
    ),
    term(
        &[
            "legal settlements",
            "litigation accruals",
            "accrued litigation",
        ],
        "the settlements not yet paid",
    ),
    term(
        &["accrued capital expenditures", "construction payables"],
        "the plant bought but not yet paid for",
    ),
];
static ACCRUED_TECH: [Term; 3] = [
    term(
        &["royalties and licenses", "accrued royalties"],
        "the fees owed for using others' inventions",
    ),
    term(
        &["cloud hosting and data center costs", "hosting costs"],
        "the hosting bills not yet paid",
    ),
    term(
        &["sales commissions", "accrued commissions"],
        "the commissions owed to sellers",
    ),
];
static ACCRUED_PHARMA: [Term; 3] = [
    term(
        &[
            "clinical trial costs",
            "accrued research and development",
            "accrued clinical expenses",
        ],
        "the trial costs not yet paid",
    ),
    term(
        &["Medicaid and managed care rebates", "government rebates"],
        "the rebates owed to payers",
    ),
    term(
        &["product returns", "sales returns reserve"],
        "the goods expected back from customers",
    ),
];
static ACCRUED_CARE: [Term; 3] = [
    term(
        &["risk adjustment payables", "premium rebates"],
        "the premiums to be handed back",
    ),
    term(
        &[
            "government program payables",
            "amounts due to government agencies",
        ],
        "the amounts owed to public programs",
    ),
    term(
        &["broker commissions", "agent commissions"],
        "the commissions owed to agents",
    ),
];
static ACCRUED_SHOPS: [Term; 3] = [
    term(
        &["gift cards and certificates", "unredeemed gift cards"],
        "the gift cards not yet used",
    ),
    term(
        &["rent and occupancy", "accrued occupancy"],
        "the store rents not yet paid",
    ),
    term(
        &["loyalty program", "loyalty rewards"],
        "the points owed to loyal customers",
    ),
];
static ACCRUED_GRID: [Term; 4] = [
    term(
        &["customer deposits", "deposits from customers"],
        "the money held for customers",
    ),
    term(
        &["environmental remediation", "accrued environmental costs"],
        "the clean-up owed",
    ),
    term(
        &[
            "royalties and production taxes",
            "severance and production taxes",
        ],
        "the levies on what was produced",
    ),
    term(
        &[
            "franchise fees and regulatory assessments",
            "regulatory fees",
        ],
        "the fees owed to regulators",
    ),
];

/// Accrued liabilities of an industry, common ones first.
pub(in crate::ledger) fn accrued(industry: Industry) -> Vec<&'static Term> {
    let own: &'static [Term] = match industry {
        Industry::Software | Industry::Semiconductors => &ACCRUED_TECH,
        Industry::Pharma => &ACCRUED_PHARMA,
        Industry::ManagedCare => &ACCRUED_CARE,
        Industry::Retail | Industry::ConsumerGoods => &ACCRUED_SHOPS,
        Industry::Utility | Industry::Energy | Industry::Telecom => &ACCRUED_GRID,
        Industry::Industrial => &[],
    };
    // The first belongs to every company; an industry's own stand before the rare ones.
    ACCRUED[1..5]
        .iter()
        .chain(own)
        .chain(&ACCRUED[5..])
        .collect()
}
pub(in crate::ledger) static PAY: &Term = &ACCRUED[0];
pub(in crate::ledger) static OTHER_ACCRUED: Term = term(
    &[
        "other accrued liabilities",
        "other",
        "other accrued expenses",
        "all other accruals",
    ],
    "the accruals not named one by one",
);

pub(in crate::ledger) static DIVIDENDS_ACCRUED: Term = term(
    &["dividends payable", "accrued dividends"],
    "what shareholders were promised but had not yet received",
);

/// Accruals that are balances of reserves.
pub(in crate::ledger) static WARRANTY_ACCRUED: Term = term(
    &[
        "product warranty",
        "warranty reserve",
        "accrued warranty costs",
    ],
    "the repairs promised to buyers",
);
pub(in crate::ledger) static RESTRUCTURING_ACCRUED: Term = term(
    &[
        "restructuring",
        "restructuring reserve",
        "accrued restructuring costs",
    ],
    "the unpaid cost of reorganizing",
);

pub(in crate::ledger) static OTHER_CURRENT: [Term; 7] = [
    term(
        &["income taxes payable", "accrued income taxes"],
        "the income tax owed within a year",
    ),
    term(
        &["customer advances", "advances from customers"],
        "the money paid ahead by buyers",
    ),
    term(
        &["escrow and holdback liabilities", "acquisition holdbacks"],
        "the purchase price held back",
    ),
    term(
        &["uncashed checks", "outstanding checks"],
        "the checks not yet cashed",
    ),
    term(
        &["liabilities to collaboration partners", "due to partners"],
        "the amounts owed to partners",
    ),
    term(
        &["refund liabilities", "sales refunds"],
        "the refunds owed to customers",
    ),
    term(
        &["other current liabilities", "other", "other current items"],
        "the short-term liabilities not named one by one",
    ),
];
pub(in crate::ledger) static DEFERRED_REVENUE: Term = term(
    &[
        "deferred revenue",
        "current deferred revenue",
        "unearned revenue",
    ],
    "the revenue billed but not yet earned, current",
);

pub(in crate::ledger) static OTHER_NONCURRENT: [Term; 9] = [
    term(
        &[
            "long-term income taxes payable",
            "income taxes payable, noncurrent",
        ],
        "the income tax owed after a year",
    ),
    term(
        &["deferred compensation", "deferred compensation plans"],
        "the pay that executives put off",
    ),
    term(
        &[
            "environmental liabilities",
            "environmental remediation, noncurrent",
        ],
        "the clean-up due after a year",
    ),
    term(
        &["self-insurance reserves", "insurance reserves, noncurrent"],
        "the insured losses due after a year",
    ),
    term(
        &["deferred gains and credits", "deferred credits"],
        "the gains put off",
    ),
    term(
        &[
            "legal reserves, noncurrent",
            "long-term litigation reserves",
        ],
        "the lawsuits due after a year",
    ),
    term(
        &["guarantee obligations", "financial guarantees"],
        "the debts of others that the company backs",
    ),
    term(
        &["deposits received", "long-term deposits"],
        "the deposits held after a year",
    ),
    term(
        &[
            "other noncurrent liabilities",
            "other",
            "other long-term items",
        ],
        "the long-term liabilities not named one by one",
    ),
];
pub(in crate::ledger) static LONG_DEFERRED_REVENUE: Term = term(
    &["long-term deferred revenue", "deferred revenue, noncurrent"],
    "the revenue billed but not earned within a year",
);

pub(in crate::ledger) static OTHER_ASSETS: [Term; 10] = [
    term(
        &["equity method investments", "investments in affiliates"],
        "the stakes in affiliates",
    ),
    term(
        &["long-term prepaid expenses", "prepaid expenses, noncurrent"],
        "the costs paid more than a year ahead",
    ),
    term(
        &[
            "capitalized contract costs",
            "deferred sales commissions",
            "costs to obtain contracts",
        ],
        "the cost of winning customers, put off",
    ),
    term(
        &[
            "cash surrender value of life insurance",
            "company-owned life insurance",
        ],
        "the value of insurance on staff lives",
    ),
    term(
        &["deferred compensation plan assets", "rabbi trust assets"],
        "the assets set aside for executives' pay",
    ),
    term(
        &["long-term receivables", "notes receivable, noncurrent"],
        "the customer debts due after a year",
    ),
    term(
        &["deposits", "security deposits"],
        "the deposits paid to others",
    ),
    term(
        &["regulatory and other deferred charges", "deferred charges"],
        "the costs put off",
    ),
    term(
        &[
            "assets held for sale, noncurrent",
            "noncurrent assets held for sale",
        ],
        "the assets to be sold after a year",
    ),
    term(
        &["other", "other noncurrent assets", "all other assets"],
        "the assets not named one by one",
    ),
];
pub(in crate::ledger) static PREPAID: [Term; 8] = [
    term(&["prepaid expenses", "prepayments"], "the costs paid ahead"),
    term(
        &["income taxes receivable", "prepaid income taxes"],
        "the tax to be refunded",
    ),
    term(
        &[
            "value added tax receivable",
            "indirect taxes receivable",
            "VAT receivable",
        ],
        "the sales tax to be refunded",
    ),
    term(
        &[
            "non-trade receivables",
            "vendor non-trade receivables",
            "other receivables",
        ],
        "the amounts owed by others than customers",
    ),
    term(
        &["restricted cash", "restricted cash, current"],
        "the cash that may not be spent freely",
    ),
    term(
        &["current contract costs", "deferred contract costs, current"],
        "the contract costs to be expensed within a year",
    ),
    term(
        &["assets held for sale", "current assets held for sale"],
        "the assets to be sold within a year",
    ),
    term(
        &["other current assets", "other", "other current items"],
        "the short-term assets not named one by one",
    ),
];

pub(in crate::ledger) static PAYABLE: Term = term(
    &[
        "accounts payable",
        "trade accounts payable",
        "trade payables",
    ],
    "the bills of suppliers",
);

pub(in crate::ledger) static WARRANTY: [Term; 5] = [
    term(
        &[
            "accruals for warranties issued",
            "provision for warranties issued",
            "warranties issued during the year",
        ],
        "the new promises to repair",
    ),
    term(
        &[
            "changes in estimates for pre-existing warranties",
            "adjustments to prior warranties",
            "changes in prior estimates",
        ],
        "the second thoughts about old promises",
    ),
    term(
        &[
            "warranties assumed in acquisitions",
            "acquired warranty obligations",
        ],
        "the promises taken over from bought companies",
    ),
    term(
        &["foreign exchange and other", "currency translation"],
        "the currency effect on the warranty reserve",
    ),
    term(
        &[
            "settlements made",
            "warranty claims paid",
            "payments and repairs",
        ],
        "the repairs done and paid",
    ),
];
pub(in crate::ledger) static ALLOWANCE: [Term; 4] = [
    term(
        &[
            "provision for credit losses",
            "additions charged to expense",
            "current-period provision",
        ],
        "the bad debts expected this year",
    ),
    term(
        &["recoveries", "recoveries of amounts written off"],
        "the bad debts that were paid after all",
    ),
    term(
        &[
            "foreign currency and other",
            "translation and other adjustments",
        ],
        "the currency effect on the allowance",
    ),
    term(
        &[
            "write-offs",
            "amounts written off",
            "write-offs charged against the allowance",
        ],
        "the customer debts given up",
    ),
];
pub(in crate::ledger) static CONTRACTS: [Term; 4] = [
    term(
        &[
            "billings and cash received in advance",
            "additions to deferred revenue",
            "amounts billed in advance",
        ],
        "the money taken in ahead of delivery",
    ),
    term(
        &[
            "contract liabilities assumed in acquisitions",
            "acquired contract liabilities",
        ],
        "the advances taken over from bought companies",
    ),
    term(
        &["currency translation and other", "foreign exchange effects"],
        "the currency effect on contract liabilities",
    ),
    term(
        &[
            "revenue recognized",
            "recognized as revenue",
            "revenue earned from billings",
        ],
        "the advances that were earned",
    ),
];
pub(in crate::ledger) static RETIREMENT: [Term; 4] = [
    term(
        &["accretion expense", "accretion"],
        "the yearly growth of the duty to dismantle",
    ),
    term(
        &["liabilities incurred", "new obligations"],
        "the new duties to dismantle",
    ),
    term(
        &["revisions in estimated cash flows", "changes in estimates"],
        "the second thoughts about dismantling costs",
    ),
    term(
        &["liabilities settled", "settlements", "obligations settled"],
        "the dismantling done and paid",
    ),
];
/// Moves of a restructuring reserve.
pub(in crate::ledger) static REORGANIZED: [Term; 3] = [
    term(
        &["charges", "restructuring charges", "additions"],
        "the new cost of reorganizing",
    ),
    term(
        &["non-cash items and other", "non-cash charges and currency"],
        "the part of reorganizing that costs no cash",
    ),
    term(
        &["cash payments", "payments", "cash paid"],
        "the cash spent on reorganizing",
    ),
];
