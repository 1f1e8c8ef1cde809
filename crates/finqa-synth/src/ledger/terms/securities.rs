//! Money, securities, derivatives and what buyers take over.

use crate::ledger::items::{Term, term};

pub(in crate::ledger) static CASH: Term = term(
    &["cash", "cash on hand and in banks"],
    "the money in bank accounts",
);
/// Securities, from the most to the least liquid; the first two are never debt of ten years.
pub(in crate::ledger) static SECURITIES: [Term; 9] = [
    term(
        &["money market funds", "money market mutual funds"],
        "the holdings of money funds",
    ),
    term(
        &[
            "U.S. Treasury securities",
            "U.S. government securities",
            "U.S. Treasury bills and notes",
        ],
        "the claims on the federal government",
    ),
    term(
        &["commercial paper", "commercial paper held"],
        "the short-term paper of other companies",
    ),
    term(
        &[
            "corporate debt securities",
            "corporate notes and bonds",
            "corporate bonds",
        ],
        "the bonds of other companies",
    ),
    term(
        &["U.S. agency securities", "government agency bonds"],
        "the bonds of federal agencies",
    ),
    term(
        &["municipal securities", "state and municipal bonds"],
        "the bonds of states and cities",
    ),
    term(
        &[
            "certificates of deposit and time deposits",
            "time deposits",
            "certificates of deposit",
        ],
        "the money fixed with banks",
    ),
    term(
        &[
            "asset-backed securities",
            "mortgage- and asset-backed securities",
        ],
        "the securities backed by loans",
    ),
    term(
        &["non-U.S. government securities", "foreign government bonds"],
        "the bonds of foreign states",
    ),
];
pub(in crate::ledger) static MEASURED_ASSETS: [Term; 4] = [
    term(
        &[
            "marketable equity securities",
            "publicly traded equity securities",
        ],
        "the shares of listed companies",
    ),
    term(
        &[
            "foreign exchange derivative assets",
            "foreign currency derivative assets",
        ],
        "the currency derivatives in the money",
    ),
    term(
        &[
            "interest rate derivative assets",
            "interest rate swap assets",
        ],
        "the interest derivatives in the money",
    ),
    term(
        &[
            "convertible notes of private companies",
            "private company debt investments",
        ],
        "the holdings valued by models",
    ),
];
pub(in crate::ledger) static MEASURED_LIABILITIES: [Term; 3] = [
    term(
        &[
            "foreign exchange derivative liabilities",
            "foreign currency derivative liabilities",
        ],
        "the currency derivatives under water",
    ),
    term(
        &[
            "interest rate derivative liabilities",
            "interest rate swap liabilities",
        ],
        "the interest derivatives under water",
    ),
    term(
        &["contingent consideration", "acquisition earn-outs"],
        "the earn-outs valued by models",
    ),
];
pub(in crate::ledger) static DESIGNATED: [Term; 4] = [
    term(
        &[
            "foreign currency forwards, cash flow hedges",
            "currency cash flow hedges",
        ],
        "the currency hedges of future sales",
    ),
    term(
        &[
            "interest rate swaps, fair value hedges",
            "fixed-to-floating swaps",
        ],
        "the swaps that hedge debt",
    ),
    term(
        &[
            "cross-currency swaps, net investment hedges",
            "net investment hedges",
        ],
        "the hedges of foreign subsidiaries",
    ),
    term(
        &["commodity contracts, cash flow hedges", "commodity hedges"],
        "the hedges of input prices",
    ),
];
pub(in crate::ledger) static UNDESIGNATED: [Term; 3] = [
    term(
        &[
            "foreign currency forwards, not designated",
            "balance sheet currency hedges",
        ],
        "the currency contracts outside hedge accounting",
    ),
    term(
        &["total return swaps", "equity swaps"],
        "the swaps on stocks",
    ),
    term(
        &[
            "other derivative contracts",
            "other derivatives, not designated",
        ],
        "the derivatives not named one by one",
    ),
];

pub(in crate::ledger) static TAKEN_OVER: [Term; 8] = [
    term(
        &[
            "accounts receivable",
            "trade receivables acquired",
            "receivables",
        ],
        "the customer debts that came with the purchase",
    ),
    term(
        &["cash and cash equivalents", "cash acquired"],
        "the money that came with the purchase",
    ),
    term(
        &["inventories", "acquired inventories"],
        "the goods that came with the purchase",
    ),
    term(
        &[
            "prepaid expenses and other current assets",
            "other current assets",
        ],
        "the small current assets that came with the purchase",
    ),
    term(
        &["property, plant and equipment", "fixed assets"],
        "the plant that came with the purchase",
    ),
    term(
        &["operating lease right-of-use assets", "right-of-use assets"],
        "the leases that came with the purchase",
    ),
    term(
        &["other noncurrent assets", "other long-term assets"],
        "the small long-term assets that came with the purchase",
    ),
    term(
        &["deferred tax assets", "acquired tax attributes"],
        "the tax relief that came with the purchase",
    ),
];
pub(in crate::ledger) static ASSUMED: [Term; 6] = [
    term(
        &[
            "accounts payable and accrued liabilities",
            "payables and accruals",
            "current liabilities",
        ],
        "the bills that came with the purchase",
    ),
    term(
        &["deferred tax liabilities", "deferred income taxes"],
        "the taxes that came with the purchase",
    ),
    term(
        &["deferred revenue", "contract liabilities"],
        "the advances that came with the purchase",
    ),
    term(
        &["debt assumed", "long-term debt assumed"],
        "the borrowings that came with the purchase",
    ),
    term(
        &["operating lease liabilities", "lease liabilities"],
        "the rents that came with the purchase",
    ),
    term(
        &[
            "other noncurrent liabilities",
            "other long-term liabilities",
        ],
        "the small long-term liabilities that came with the purchase",
    ),
];
pub(in crate::ledger) static PAID: [Term; 4] = [
    term(
        &["cash paid", "cash consideration"],
        "the part of the price in money",
    ),
    term(
        &["common stock issued", "stock consideration"],
        "the part of the price in shares",
    ),
    term(
        &["contingent consideration", "fair value of earn-outs"],
        "the part of the price that depends on success",
    ),
    term(
        &["replacement equity awards", "fair value of assumed awards"],
        "the part of the price in staff awards",
    ),
];
/// Invented names of bought companies.
pub(in crate::ledger) static TARGETS: [&str; 24] = [
    "calvenix",
    "norrvale",
    "brixtand",
    "telmora",
    "quillard",
    "ostrevan",
    "halvique",
    "perrinol",
    "sundmark",
    "tavolix",
    "merrowgate",
    "ellwick",
    "corduval",
    "yarnfield",
    "pravessa",
    "dunmotis",
    "lorvine",
    "askerby",
    "fennorix",
    "wexmoor",
    "garrantis",
    "ivelund",
    "roscovar",
    "umberlin",
];
