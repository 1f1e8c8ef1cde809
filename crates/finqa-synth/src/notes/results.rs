//! From operating income down, and bridges between measures of profit.

use super::Kind;
use super::rows::{bare, flows, lines, lines_as, negative, part, row, years_shown};
use crate::draw::Draw;
use crate::identity::Identity;
use crate::ledger::{Ledger, Line};
use crate::note::{Label, Note, Prefix, Quantity, Role};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        stem: "ScheduleOfOtherNonoperatingIncomeExpense",
        presence_pct: |_| 58,
        make: other_income,
    },
    Kind {
        stem: "InterestAndOtherIncome",
        presence_pct: |_| 40,
        make: interest_and_other,
    },
    Kind {
        stem: "ScheduleOfCashFlowSupplementalDisclosures",
        presence_pct: |_| 66,
        make: cash_flow,
    },
    Kind {
        stem: "SummaryOfConsolidatedResultsOfOperations",
        presence_pct: |_| 42,
        make: results,
    },
    Kind {
        stem: "ReconciliationOfSegmentOperatingIncomeToIncomeBeforeIncomeTaxes",
        presence_pct: |_| 40,
        make: segment_bridge,
    },
    Kind {
        stem: "ReconciliationOfNetIncomeToAdjustedEbitda",
        presence_pct: |_| 40,
        make: adjusted,
    },
];

fn interest_expense() -> Label {
    Label::new("interest expense")
        .also(&["interest on borrowings"])
        .concept("the cost of borrowed money")
}

fn interest_and_other_income() -> Label {
    Label::new("interest and other income, net")
        .also(&["income beside operations"])
        .concept("income beside operations, before the cost of borrowing")
}

fn pretax() -> Label {
    Label::new("income (loss) before income taxes")
        .also(&["pretax income", "earnings before taxes"])
        .concept("profit before the tax collector")
}

fn taxes() -> Label {
    Label::new("provision for (benefit from) income taxes")
        .also(&["income tax expense", "tax expense"])
        .concept("what governments take of the profit")
}

fn net_income() -> Label {
    Label::new("net income (loss)")
        .also(&["net earnings", "profit after tax"])
        .concept("the bottom line")
}

fn operating_income() -> Label {
    Label::new("operating income (loss)")
        .also(&["operating profit"])
        .concept("profit from operations")
}

fn other_income(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let mut note = Note::new(
        "ScheduleOfOtherNonoperatingIncomeExpense",
        "other income and expense",
        flows(ledger, years_shown(draw, 80)),
    );
    let income = &ledger.income;
    let mut parts = lines(&mut note, &income.other[..1], 1);
    let interest = negative(&ledger.debt.interest_expense);
    parts.push(part(&mut note, interest_expense(), &interest));
    parts.extend(lines(&mut note, &income.other[1..], 1));
    let total = Label::new(draw.pick(&[
        "total other income (expense), net",
        "total nonoperating income (expense)",
    ]))
    .also(&["nonoperating result"])
    .concept("all that did not come from operations");
    note.total(total, &parts);
    note
}

fn interest_and_other(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let mut note = Note::new(
        "InterestAndOtherIncome",
        "interest and other income before interest expense",
        flows(ledger, years_shown(draw, 80)),
    );
    let parts = lines(&mut note, &ledger.income.other, 1);
    note.total(interest_and_other_income(), &parts);
    note
}

fn cash_flow(ledger: &Ledger, identity: &Identity, draw: &mut Draw) -> Note {
    let mut note = Note::new(
        "ScheduleOfCashFlowSupplementalDisclosures",
        "supplemental cash flow information",
        flows(ledger, years_shown(draw, 85)),
    );
    let cash = &ledger.cash;
    let headed = draw.chance(60);
    if headed {
        note.section("cash paid during the year for:");
    }
    let label = if headed {
        "interest"
    } else {
        "cash paid for interest"
    };
    let interest = Label::new(label)
        .also(&["interest paid in cash", "interest payments"])
        .concept("cash that went to lenders for interest");
    row(
        &mut note,
        interest,
        Role::Single,
        Quantity::Money,
        &cash.interest_paid,
    );
    let label = if headed {
        "income taxes, net of refunds"
    } else {
        "cash paid for income taxes, net of refunds"
    };
    let taxes = Label::new(label)
        .also(&["taxes paid in cash", "income tax payments"])
        .concept("cash that went to tax authorities");
    row(
        &mut note,
        taxes,
        Role::Single,
        Quantity::Money,
        &cash.taxes_paid,
    );
    if headed {
        note.section("non-cash investing and financing activities:");
    }
    let count = 1 + draw.below(4);
    let years = note.columns.len();
    let alive: Vec<Line> = cash
        .non_cash
        .iter()
        .filter(|line| line.values[..years].iter().any(|v| *v != 0))
        .copied()
        .collect();
    let shown = draw.choose(&alive, count);
    let first = note.rows.len();
    lines(&mut note, &shown, 1);
    for row in &mut note.rows[first..] {
        row.role = Role::Single;
    }
    if identity.pays_dividends && draw.chance(70) {
        let unpaid = ledger.equity.dividends.unpaid();
        let label = Label::new("dividends declared but not yet paid")
            .also(&["unpaid dividends"])
            .concept("what shareholders were promised but had not yet received");
        row(&mut note, label, Role::Single, Quantity::Money, &unpaid);
    }
    note
}

fn results(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let (base, income) = (&ledger.base, &ledger.income);
    let mut note = Note::new(
        "SummaryOfConsolidatedResultsOfOperations",
        "consolidated results of operations",
        flows(ledger, years_shown(draw, 75)),
    );
    note.prefix = Prefix::Ticker;
    let (revenue, _) = part(&mut note, ledger.revenue.total, &base.revenue);
    let cost = Label::new(draw.pick(&["cost of revenue", "cost of sales", "cost of goods sold"]))
        .also(&["direct costs"]);
    let (cost, _) = part(&mut note, cost, &base.cost_of_revenue);
    let gross = Label::new("gross profit")
        .also(&["gross margin dollars"])
        .concept("what is left of sales after direct costs");
    let gross = note.total(gross, &[(revenue, 1), (cost, -1)]);
    let label = Label::new("total operating expenses").also(&["overhead"]);
    let expenses = if draw.chance(75) {
        if draw.chance(50) {
            note.section("operating expenses:");
        }
        let parts = lines(&mut note, &income.expenses, 1);
        if parts.len() > 1 {
            note.total(label, &parts)
        } else {
            parts[0].0
        }
    } else {
        part(&mut note, label, &base.operating_expenses).0
    };
    let operating = note.total(operating_income(), &[(gross, 1), (expenses, -1)]);
    let other = interest_and_other_income();
    let (other, _) = part(&mut note, other, &income.other_income);
    let (interest, _) = part(&mut note, interest_expense(), &ledger.debt.interest_expense);
    let before = note.total(pretax(), &[(operating, 1), (other, 1), (interest, -1)]);
    let (tax, _) = part(&mut note, taxes(), &income.tax_expense);
    note.total(net_income(), &[(before, 1), (tax, -1)]);
    note
}

fn segment_bridge(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let books = &ledger.revenue;
    let mut note = Note::new(
        "ReconciliationOfSegmentOperatingIncomeToIncomeBeforeIncomeTaxes",
        "reconciliation of segment operating income to income before income taxes",
        flows(ledger, years_shown(draw, 70)),
    );
    note.prefix = Prefix::Ticker;
    // What names a segment in general does not say that its income is meant.
    let parts = lines_as(&mut note, &books.segment_income, 1, Quantity::Money, bare);
    let total = Label::new("total segment operating income")
        .also(&["operating income of all segments"])
        .concept("what the segments earned together");
    let total = note.total(total, &parts);
    let corporate = Label::new("corporate and unallocated")
        .also(&["head office costs"])
        .concept("what no segment bears");
    let corporate = part(&mut note, corporate, &books.corporate);
    let operating = note.total(operating_income(), &[(total, 1), corporate]);
    let other = interest_and_other_income();
    let other = part(&mut note, other, &ledger.income.other_income);
    let interest = negative(&ledger.debt.interest_expense);
    let interest = part(&mut note, interest_expense(), &interest);
    note.total(pretax(), &[(operating, 1), other, interest]);
    note
}

fn adjusted(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let (base, income) = (&ledger.base, &ledger.income);
    let mut note = Note::new(
        "ReconciliationOfNetIncomeToAdjustedEbitda",
        "reconciliation of net income to adjusted EBITDA",
        flows(ledger, years_shown(draw, 60)),
    );
    note.prefix = Prefix::Ticker;
    let mut parts = vec![
        part(&mut note, net_income(), &income.net_income),
        part(&mut note, taxes(), &income.tax_expense),
        part(&mut note, interest_expense(), &ledger.debt.interest_expense),
    ];
    parts.extend(lines_as(
        &mut note,
        &income.other[..1],
        -1,
        Quantity::Money,
        |_| Label::new("interest income").also(&["interest earned"]),
    ));
    let depreciation = Label::new("depreciation and amortization")
        .also(&["D&A"])
        .concept("the wear of assets");
    parts.push(part(
        &mut note,
        depreciation,
        &ledger.depreciation_and_amortization(),
    ));
    let label = Label::new("EBITDA")
        .also(&["earnings before interest, taxes, depreciation and amortization"]);
    let ebitda = note.total(label, &parts);
    let awards = Label::new("stock-based compensation")
        .also(&["share-based pay"])
        .concept("the cost of paying with shares");
    let mut parts = vec![
        (ebitda, 1),
        part(&mut note, awards, &ledger.equity.awards.expense),
    ];
    if base.unusual_charges[..note.columns.len()]
        .iter()
        .any(|c| *c != 0)
    {
        let label = Label::new("restructuring and impairment charges")
            .also(&["unusual charges"])
            .concept("write-downs and layoffs");
        parts.push(part(&mut note, label, &base.unusual_charges));
    }
    // One row for what is left of other income.
    let rest = Line {
        term: income.other[0].term,
        values: std::array::from_fn(|y| income.other_income[y] - income.other[0].values[y]),
    };
    parts.extend(lines_as(&mut note, &[rest], -1, Quantity::Money, |_| {
        Label::new("other (income) expense, net")
            .also(&["other nonoperating items"])
            .concept("gains taken out and losses put back")
    }));
    let label = Label::new("adjusted EBITDA")
        .also(&["adjusted earnings before interest, taxes, depreciation and amortization"])
        .concept("the profit measure that management prefers");
    note.total(label, &parts);
    note
}
