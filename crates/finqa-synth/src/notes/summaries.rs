//! Tables under the company's own tags that show the books in yet another way.

use super::Kind;
use super::rows::{flows, lines, part, row, years_shown};
use crate::draw::{Draw, scale};
use crate::identity::{Identity, Industry};
use crate::ledger::{ByYear, Ledger};
use crate::note::{Label, Note, Prefix, Quantity, Role};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        stem: "SummaryOfCapitalReturnedToShareholders",
        presence_pct: |i| {
            if i.pays_dividends && i.repurchases_shares {
                38
            } else {
                0
            }
        },
        make: returned,
    },
    Kind {
        stem: "SummaryOfRevenueBySalesChannel",
        presence_pct: |_| 26,
        make: channels,
    },
    Kind {
        stem: "SummaryOfOperatingExpenses",
        presence_pct: |i| match i.industry {
            // Those with several functions to tell apart.
            Industry::Software
            | Industry::Semiconductors
            | Industry::Pharma
            | Industry::Utility
            | Industry::Energy
            | Industry::Telecom => 38,
            _ => 0,
        },
        make: expenses,
    },
    Kind {
        stem: "ReconciliationOfOperatingIncomeToAdjustedOperatingIncome",
        presence_pct: |_| 30,
        make: adjusted,
    },
    Kind {
        stem: "SummaryOfResultsAsPercentageOfRevenue",
        presence_pct: |_| 26,
        make: percentages,
    },
];

fn custom(stem: &'static str, topic: &'static str, ledger: &Ledger, years: usize) -> Note {
    let mut note = Note::new(stem, topic, flows(ledger, years));
    note.prefix = Prefix::Ticker;
    note
}

fn returned(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let mut note = custom(
        "SummaryOfCapitalReturnedToShareholders",
        "capital returned to shareholders",
        ledger,
        years_shown(draw, 70),
    );
    let equity = &ledger.equity;
    let dividends = Label::new("dividends declared")
        .also(&["declared dividends"])
        .concept("what shareholders were promised over the year");
    let repurchases = Label::new(draw.pick(&["share repurchases", "repurchases of common stock"]))
        .also(&["buybacks"])
        .concept("money returned by buying shares");
    let parts = [
        part(&mut note, dividends, &equity.dividends.yearly_amount()),
        part(&mut note, repurchases, &equity.shares.repurchase_cost),
    ];
    let total = Label::new("total capital returned")
        .also(&["total returned to shareholders"])
        .concept("all that owners got");
    note.total(total, &parts);
    let income = Label::new("net income (loss)")
        .also(&["net earnings", "profit after tax"])
        .concept("the bottom line");
    row(
        &mut note,
        income,
        Role::Single,
        Quantity::Money,
        &ledger.income.net_income,
    );
    let per_share = Label::new("dividends declared per share")
        .also(&["dividend per share"])
        .concept("what one share was promised over the year");
    row(
        &mut note,
        per_share,
        Role::Single,
        Quantity::PerShare,
        &equity.dividends.yearly_per_share(),
    );
    note
}

fn channels(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let mut note = custom(
        "SummaryOfRevenueBySalesChannel",
        "revenue by sales channel",
        ledger,
        years_shown(draw, 60),
    );
    note.twin_of = Some("DisaggregationOfRevenue");
    let parts = lines(&mut note, &ledger.revenue.channels, 1);
    note.total(ledger.revenue.total.into(), &parts);
    note
}

fn expenses(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let mut note = custom(
        "SummaryOfOperatingExpenses",
        "operating expenses by function",
        ledger,
        years_shown(draw, 70),
    );
    let parts = lines(&mut note, &ledger.income.expenses, 1);
    let total = Label::new("total operating expenses")
        .also(&["overhead", "operating costs"])
        .concept("all costs between gross profit and operating income");
    note.total(total, &parts);
    note
}

fn adjusted(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let base = &ledger.base;
    let mut note = custom(
        "ReconciliationOfOperatingIncomeToAdjustedOperatingIncome",
        "reconciliation of operating income to adjusted operating income",
        ledger,
        years_shown(draw, 60),
    );
    let share = |values: &ByYear| -> ByYear {
        std::array::from_fn(|y| scale(values[y], 1000, base.revenue[y].max(1)))
    };
    let revenue = ledger.revenue.total;
    row(
        &mut note,
        revenue,
        Role::Single,
        Quantity::Money,
        &base.revenue,
    );
    let reported = Label::new("operating income (loss), as reported")
        .also(&["reported operating profit"])
        .concept("profit from operations before any adjustment");
    let awards = Label::new("stock-based compensation")
        .also(&["share-based pay"])
        .concept("the cost of paying with shares");
    let unusual = Label::new("restructuring and impairment charges")
        .also(&["unusual charges"])
        .concept("write-downs and layoffs");
    let parts = [
        part(&mut note, reported, &base.operating_income),
        part(&mut note, awards, &ledger.equity.awards.expense),
        part(&mut note, unusual, &base.unusual_charges),
    ];
    let total = Label::new("adjusted operating income")
        .also(&["operating profit after adjustments"])
        .concept("the operating profit that management prefers");
    note.total(total, &parts);
    let adjusted = std::array::from_fn(|y| {
        base.operating_income[y] + ledger.equity.awards.expense[y] + base.unusual_charges[y]
    });
    for (text, values) in [
        ("operating margin, as reported", &base.operating_income),
        ("adjusted operating margin", &adjusted),
    ] {
        row(
            &mut note,
            text,
            Role::Single,
            Quantity::Rate,
            &share(values),
        );
    }
    note
}

/// Every line as a share of revenue; rounded one by one, so they are no parts of a sum.
fn percentages(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let (base, income) = (&ledger.base, &ledger.income);
    let mut note = custom(
        "SummaryOfResultsAsPercentageOfRevenue",
        "results of operations as a percentage of revenue",
        ledger,
        years_shown(draw, 70),
    );
    let share = |values: &ByYear| -> ByYear {
        std::array::from_fn(|y| scale(values[y], 1000, base.revenue[y].max(1)))
    };
    let mut line = |label: Label, values: &ByYear| {
        row(
            &mut note,
            label,
            Role::Single,
            Quantity::Rate,
            &share(values),
        );
    };
    line(
        Label::new("cost of revenue").also(&["cost of sales"]),
        &base.cost_of_revenue,
    );
    line(
        Label::new("gross margin")
            .also(&["gross profit margin"])
            .concept("the share of sales left after direct costs"),
        &base.gross_profit,
    );
    for expense in &income.expenses {
        if expense.values[..2].iter().all(|v| *v != 0) {
            let label = Label::new(expense.term.text).also(expense.term.also);
            line(label, &expense.values);
        }
    }
    line(
        Label::new("operating margin")
            .also(&["operating income margin"])
            .concept("the share of sales that operations keep"),
        &base.operating_income,
    );
    line(
        Label::new("net margin")
            .also(&["net income margin"])
            .concept("the share of sales that reaches the bottom line"),
        &income.net_income,
    );
    note
}
