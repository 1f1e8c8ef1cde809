//! The company's stock: earnings per share, counts, repurchases, dividends.

use super::Kind;
use super::rows::{flows, negative, part, row, years_shown};
use crate::draw::Draw;
use crate::identity::Identity;
use crate::ledger::{ByYear, Equity, Ledger, YEARS};
use crate::note::{Cell, Column, Label, Note, Period, Prefix, Quantity, Role, Row};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        stem: "ScheduleOfEarningsPerShareBasicAndDiluted",
        presence_pct: |_| 90,
        make: earnings_per_share,
    },
    Kind {
        stem: "ScheduleOfWeightedAverageNumberOfShares",
        presence_pct: |_| 34,
        make: weighted_shares,
    },
    Kind {
        stem: "DividendsDeclared",
        presence_pct: |i| if i.pays_dividends { 62 } else { 0 },
        make: dividends,
    },
    Kind {
        stem: "ScheduleOfCommonStockOutstandingRollForward",
        presence_pct: |_| 48,
        make: outstanding,
    },
    Kind {
        stem: "ShareRepurchaseProgramDisclosure",
        presence_pct: |i| if i.repurchases_shares { 66 } else { 0 },
        make: repurchases,
    },
];

fn share_rows(note: &mut Note, equity: &Equity, draw: &mut Draw) {
    let shares = &equity.shares;
    let count = Quantity::Shares;
    let basic = Label::new(draw.pick(&[
        "weighted-average basic shares outstanding",
        "weighted average shares outstanding, basic",
        "basic weighted-average shares",
    ]))
    .also(&["basic shares", "average shares outstanding"])
    .concept("shares in the year's average without dilution");
    let mut parts = vec![(row(note, basic, Role::Part, count, &shares.basic), 1)];
    let dilution: ByYear =
        std::array::from_fn(|y| shares.dilutive_options[y] + shares.dilutive_units[y]);
    if draw.chance(45) {
        let options =
            Label::new("dilutive effect of stock options").also(&["dilution from options"]);
        let units = Label::new("dilutive effect of restricted stock units")
            .also(&["dilution from stock units"]);
        parts.push((
            row(note, options, Role::Part, count, &shares.dilutive_options),
            1,
        ));
        parts.push((
            row(note, units, Role::Part, count, &shares.dilutive_units),
            1,
        ));
    } else {
        let label = Label::new(draw.pick(&[
            "effect of dilutive securities",
            "dilutive effect of stock awards",
            "dilutive potential common shares",
        ]))
        .also(&["dilution", "dilutive shares"])
        .concept("shares that awards would add");
        parts.push((row(note, label, Role::Part, count, &dilution), 1));
    }
    let diluted = Label::new(draw.pick(&[
        "weighted-average diluted shares outstanding",
        "weighted average shares outstanding, diluted",
        "diluted weighted-average shares",
    ]))
    .also(&["diluted shares"])
    .concept("shares in the year's average as if all awards were exercised");
    note.total(diluted, &parts);
}

fn earnings_per_share(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let shares = &ledger.equity.shares;
    let mut note = Note::new(
        "ScheduleOfEarningsPerShareBasicAndDiluted",
        "basic and diluted earnings per share",
        flows(ledger, years_shown(draw, 88)),
    );
    let headed = draw.chance(40);
    let heading = |note: &mut Note, text: &str| {
        if headed {
            note.section(text);
        }
    };
    heading(&mut note, "numerator:");
    let income = Label::new(draw.pick(&[
        "net income (loss)",
        "net income available to common shareholders",
        "net earnings",
    ]))
    .also(&["earnings for the year", "profit after tax"])
    .concept("the bottom line");
    row(
        &mut note,
        income,
        Role::Single,
        Quantity::Money,
        &ledger.income.net_income,
    );
    heading(&mut note, "denominator:");
    share_rows(&mut note, &ledger.equity, draw);
    heading(&mut note, "earnings (loss) per share:");
    let (basic, diluted) = if headed {
        ("basic", "diluted")
    } else {
        draw.pick(&[
            ("basic earnings per share", "diluted earnings per share"),
            (
                "net income per share - basic",
                "net income per share - diluted",
            ),
        ])
    };
    let basic = Label::new(basic)
        .also(&["basic EPS"])
        .concept("profit for each share without dilution");
    row(
        &mut note,
        basic,
        Role::Single,
        Quantity::PerShare,
        &shares.basic_eps,
    );
    let diluted = Label::new(diluted)
        .also(&["diluted EPS"])
        .concept("profit for each share counting awards");
    row(
        &mut note,
        diluted,
        Role::Single,
        Quantity::PerShare,
        &shares.diluted_eps,
    );
    if draw.chance(35) {
        let label = Label::new("antidilutive securities excluded from diluted shares")
            .also(&["antidilutive shares"])
            .concept("awards left out because they would not dilute");
        row(
            &mut note,
            label,
            Role::Single,
            Quantity::Shares,
            &shares.antidilutive,
        );
    }
    note
}

fn weighted_shares(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let mut note = Note::new(
        "ScheduleOfWeightedAverageNumberOfShares",
        "weighted-average number of shares",
        flows(ledger, years_shown(draw, 88)),
    );
    share_rows(&mut note, &ledger.equity, draw);
    note
}

fn outstanding(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let shares = &ledger.equity.shares;
    let mut note = Note::new(
        "ScheduleOfCommonStockOutstandingRollForward",
        "changes in common shares outstanding",
        flows(ledger, years_shown(draw, 85)),
    );
    let (open, close) = draw.pick(&[
        (
            "shares outstanding, beginning of year",
            "shares outstanding, end of year",
        ),
        ("beginning balance", "ending balance"),
        (
            "common stock outstanding, beginning balances",
            "common stock outstanding, ending balances",
        ),
    ]);
    let count = Quantity::Shares;
    let open = Label::new(open).also(&["opening share count", "shares at the start of the year"]);
    let mut parts = vec![(
        row(&mut note, open, Role::Opening, count, &shares.beginning),
        1,
    )];
    let issued = Label::new(draw.pick(&[
        "common stock issued, net of shares withheld for employee taxes",
        "issued under stock plans",
        "shares issued",
    ]))
    .also(&["new shares"])
    .concept("shares that came into being");
    parts.push((row(&mut note, issued, Role::Part, count, &shares.issued), 1));
    let n = note.columns.len();
    if shares.repurchased[..n].iter().any(|r| *r != 0) {
        let label = Label::new(draw.pick(&[
            "common stock repurchased",
            "shares repurchased",
            "repurchases",
        ]))
        .also(&["shares bought back", "buybacks"])
        .concept("shares that the company took off the market");
        let values = negative(&shares.repurchased);
        parts.push((row(&mut note, label, Role::Part, count, &values), 1));
    }
    let close = Label::new(close).also(&["closing share count", "shares at the end of the year"]);
    note.closing(close, &parts);
    note
}

fn repurchases(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let shares = &ledger.equity.shares;
    let mut note = Note::new(
        "ShareRepurchaseProgramDisclosure",
        "share repurchase program",
        flows(ledger, years_shown(draw, 80)),
    );
    note.prefix = Prefix::Ticker;
    let label = Label::new(draw.pick(&[
        "number of shares repurchased",
        "shares repurchased",
        "total shares repurchased",
    ]))
    .also(&["shares bought back"])
    .concept("shares that the company took off the market");
    row(
        &mut note,
        label,
        Role::Single,
        Quantity::Shares,
        &shares.repurchased,
    );
    let label = Label::new(draw.pick(&["average price paid per share", "average price per share"]))
        .also(&["average repurchase price"])
        .concept("what a share bought back cost on average");
    row(
        &mut note,
        label,
        Role::Single,
        Quantity::PerShare,
        &shares.paid_per_share,
    );
    let label = Label::new(draw.pick(&[
        "aggregate purchase price",
        "total cost of repurchases",
        "amount repurchased",
    ]))
    .also(&["amount spent on buybacks"])
    .concept("money returned by buying shares");
    let left = Label::new(draw.pick(&[
        "remaining authorization at year end",
        "amount remaining under the program",
    ]))
    .also(&["unused authorization"])
    .concept("what the board still allows to be spent on buybacks");
    let money = Quantity::Money;
    match draw.weighted(&[30, 30, 40]) {
        0 => {
            row(
                &mut note,
                label,
                Role::Single,
                money,
                &shares.repurchase_cost,
            );
        }
        1 => {
            row(
                &mut note,
                label,
                Role::Single,
                money,
                &shares.repurchase_cost,
            );
            row(
                &mut note,
                left,
                Role::Single,
                money,
                &shares.authorization_left,
            );
        }
        _ => {
            let opening = std::array::from_fn(|y| shares.authorization_opening(y));
            let open =
                Label::new("authorization at beginning of year").also(&["opening authorization"]);
            let added = Label::new("additional authorizations")
                .also(&["increases of the program"])
                .concept("what the board allowed on top");
            let parts = [
                (row(&mut note, open, Role::Opening, money, &opening), 1),
                part(&mut note, added, &shares.authorization_added),
                part(&mut note, label, &negative(&shares.repurchase_cost)),
            ];
            note.closing(left, &parts);
        }
    }
    note
}

fn dividends(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    match draw.weighted(&[50, 22, 28]) {
        0 => declared(ledger, draw, true),
        1 => declared(ledger, draw, false),
        _ => by_quarter(ledger, draw),
    }
}

/// One row a declaration, newest first or last. A row has one unit, so with amounts the cents a share are words.
fn declared(ledger: &Ledger, draw: &mut Draw, amounts: bool) -> Note {
    let books = &ledger.equity.dividends;
    let latest = ledger.base.calendar.latest_year;
    let column = |words| Column::named(Period::Of(latest), words);
    let recorded = draw.chance(70);
    let mut columns = Vec::new();
    if recorded {
        columns.push(column("record date"));
    }
    columns.push(column("payment date"));
    columns.push(column("dividend per share"));
    if amounts {
        columns.push(column("amount"));
    }
    let mut note = Note::new("DividendsDeclared", "dividends declared", columns);
    note.label_header = Some("declaration_date");
    let years = 1 + draw.weighted(&[20, 65, 15]);
    let mut quarters: Vec<(usize, usize)> = (0..years.min(YEARS))
        .rev()
        .flat_map(|y| (0..4).map(move |q| (y, q)))
        .collect();
    if draw.chance(70) {
        quarters.reverse();
    }
    for (y, q) in quarters {
        let (declared, record, paid) = books.days[y][q];
        let mut cells = Vec::new();
        if recorded {
            cells.push(Cell::Text(books.date(y, q, 2, record)));
        }
        cells.push(Cell::Text(books.date(y, q, 2, paid)));
        let cents = books.per_share[y][q];
        if amounts {
            cells.push(Cell::Text(format!("{}.{:02}", cents / 100, cents % 100)));
            cells.push(Cell::Number(books.amounts[y][q]));
        } else {
            cells.push(Cell::Number(cents));
        }
        note.push(
            Row {
                label: Label::new(books.date(y, q, 1, declared)),
                role: Role::Single,
                quantity: if amounts {
                    Quantity::Money
                } else {
                    Quantity::PerShare
                },
                cells,
                due: None,
            }
            .due_in(latest - y as i32),
        );
    }
    note
}

/// Quarters as rows, years as columns.
fn by_quarter(ledger: &Ledger, draw: &mut Draw) -> Note {
    const QUARTERS: [&str; 4] = [
        "first quarter",
        "second quarter",
        "third quarter",
        "fourth quarter",
    ];
    let books = &ledger.equity.dividends;
    let per_share = draw.chance(60);
    let topic = if per_share {
        "dividends declared per share"
    } else {
        "dividends declared"
    };
    let mut note = Note::new(
        "DividendsDeclared",
        topic,
        flows(ledger, years_shown(draw, 40)),
    );
    let (quantity, of) = if per_share {
        (Quantity::PerShare, &books.per_share)
    } else {
        (Quantity::Money, &books.amounts)
    };
    let parts: Vec<(usize, i8)> = QUARTERS
        .iter()
        .enumerate()
        .map(|(q, &label)| {
            let values = of.map(|quarters| quarters[q]);
            (row(&mut note, label, Role::Part, quantity, &values), 1)
        })
        .collect();
    let total = Label::new(if per_share {
        "total dividends per share"
    } else {
        "total dividends declared"
    })
    .also(&["dividends of the year"])
    .concept(if per_share {
        "what one share was promised over the year"
    } else {
        "what shareholders were promised over the year"
    });
    note.total(total, &parts);
    note
}
