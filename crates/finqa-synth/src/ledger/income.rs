//! From operating income to net income (I2).

use super::line::{Line, Pace, Word, jump, split, sum};
use super::{Base, ByYear, Debt, Pension, YEARS, revenue::Revenue, subtract};
use crate::draw::{Draw, Key, Stream, scale};
use crate::identity::Industry;

/// The lower half of the income statement.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_field_names,
    reason = "net income and other income are what they are called"
)]
pub(crate) struct Income {
    /// Operating expenses by function; they add up to [`Base::operating_expenses`].
    pub(crate) expenses: Vec<Line>,
    /// Other income and (negative) expense without interest expense; the first line is interest income.
    pub(crate) other: Vec<Line>,
    /// Sum of `other`.
    pub(crate) other_income: ByYear,
    /// operating income + other income − interest expense.
    pub(crate) pretax: ByYear,
    /// domestic + foreign = pretax; foreign is zero for companies that sell at home only.
    pub(crate) domestic: ByYear,
    pub(crate) foreign: ByYear,
    /// Negative for a benefit.
    pub(crate) tax_expense: ByYear,
    pub(crate) net_income: ByYear,
}

/// Lines beside interest income, with the share of gains among their years in percent.
const OTHER: [(Word, u32); 10] = [
    (
        Word::new(
            "net gains (losses) on investments",
            &["investment gains and losses"],
            "how the securities portfolio did",
        ),
        68,
    ),
    (
        Word::new(
            "foreign currency losses, net",
            &["exchange losses"],
            "what moving exchange rates did",
        ),
        22,
    ),
    (
        Word::new(
            "equity in earnings of affiliates",
            &["equity-method income"],
            "share in profits of companies partly owned",
        ),
        85,
    ),
    (
        Word::new(
            "gain on sale of businesses",
            &["divestiture gains"],
            "profit from selling units",
        ),
        95,
    ),
    (
        Word::new(
            "loss on extinguishment of debt",
            &["debt retirement losses"],
            "the price of repaying borrowings early",
        ),
        0,
    ),
    (PENSION_CREDIT, 80),
    (
        Word::new("royalty and license income", &["royalties"], ""),
        100,
    ),
    (
        Word::new("dividend income", &["dividends received"], ""),
        100,
    ),
    (
        Word::new(
            "litigation settlements",
            &["legal settlements"],
            "what ended lawsuits brought or cost",
        ),
        35,
    ),
    (
        Word::new(
            "other, net",
            &["remaining items"],
            "what is too small to be named",
        ),
        55,
    ),
];

const PENSION_CREDIT: Word = Word::new(
    "non-service pension credit (cost)",
    &["pension income other than service"],
    "",
);

const INTEREST_INCOME: Word = Word::new(
    "interest income",
    &["interest earned"],
    "what cash and securities earned",
);

impl Income {
    pub(crate) fn new(
        key: Key,
        industry: Industry,
        base: &Base,
        revenue: &Revenue,
        debt: &Debt,
        wear: &ByYear,
        pension: Option<&Pension>,
    ) -> Self {
        let mut draw = Draw::new(key, Stream::Income);
        let expenses = expense_lines(industry, base, wear, &mut draw);
        let mut other = other_lines(base, pension, &mut draw);
        let operating: ByYear =
            std::array::from_fn(|y| base.operating_income[y] - debt.interest_expense[y]);
        for (y, profit) in operating.iter().enumerate() {
            // A pretax income next to nothing would make rates without meaning: the last line moves it away from zero.
            let least = base.revenue[y] / 250 + 2;
            let pretax = profit + sum(&other)[y];
            if pretax.abs() < least
                && let Some(rest) = other.last_mut()
            {
                rest.values[y] += if pretax < 0 { -least } else { least } - pretax;
            }
        }
        let other_income = sum(&other);
        let pretax: ByYear = std::array::from_fn(|y| operating[y] + other_income[y]);
        let foreign = foreign(&pretax, base, revenue, &mut draw);
        let domestic = std::array::from_fn(|y| pretax[y] - foreign[y]);
        let tax_expense = tax_expense(industry, &pretax, base, &mut draw);
        let net_income = std::array::from_fn(|y| pretax[y] - tax_expense[y]);
        Self {
            expenses,
            other,
            other_income,
            pretax,
            domestic,
            foreign,
            tax_expense,
            net_income,
        }
    }

    pub(crate) fn violations(&self, base: &Base, debt: &Debt) -> Vec<String> {
        let mut out = Vec::new();
        for y in 0..YEARS {
            let pretax = base.operating_income[y] + sum(&self.other)[y] - debt.interest_expense[y];
            if pretax != self.pretax[y]
                || sum(&self.expenses)[y] != base.operating_expenses[y]
                || self.other_income[y] != sum(&self.other)[y]
                || self.domestic[y] + self.foreign[y] != pretax
                || pretax - self.tax_expense[y] != self.net_income[y]
            {
                out.push(format!("I2: income of year {y}"));
            }
        }
        out
    }
}

/// Whether depreciation and amortization is a line of its own among the operating expenses.
pub(crate) fn shows_wear(industry: Industry) -> bool {
    matches!(
        industry,
        Industry::Utility | Industry::Energy | Industry::Telecom
    )
}

fn expense_lines(industry: Industry, base: &Base, wear: &ByYear, draw: &mut Draw) -> Vec<Line> {
    const RESEARCH: Word = Word::new(
        "research and development",
        &["R&D"],
        "the cost of inventing",
    );
    const SELLING: Word = Word::new(
        "sales and marketing",
        &["selling expenses"],
        "the cost of winning customers",
    );
    const GENERAL: Word = Word::new(
        "general and administrative",
        &["G&A"],
        "the cost of head office",
    );
    const TOGETHER: Word = Word::new(
        "selling, general and administrative",
        &["SG&A"],
        "the cost of selling and of head office",
    );
    const DEPRECIATION: Word = Word::new(
        "depreciation and amortization",
        &["D&A"],
        "the wear of assets",
    );
    const OPERATIONS: Word = Word::new(
        "operations and maintenance",
        &["O&M"],
        "the cost of running the plants",
    );
    const LEVIES: Word = Word::new(
        "taxes other than income taxes",
        &["property and other taxes"],
        "",
    );
    let terms: &[Word] = match industry {
        Industry::Software => &[RESEARCH, SELLING, GENERAL],
        Industry::Semiconductors | Industry::Pharma => &[RESEARCH, TOGETHER],
        Industry::Industrial => draw.pick(&[&[TOGETHER][..], &[TOGETHER, RESEARCH]]),
        Industry::Utility => &[OPERATIONS, DEPRECIATION, LEVIES],
        Industry::Energy => draw.pick(&[
            &[TOGETHER, DEPRECIATION, LEVIES][..],
            &[OPERATIONS, DEPRECIATION],
        ]),
        Industry::Telecom => &[TOGETHER, DEPRECIATION],
        _ => draw.pick(&[&[TOGETHER][..], &[SELLING, GENERAL]]),
    };
    let usual = base.usual_expenses();
    let mut lines: Vec<Line> = if shows_wear(industry) {
        let rest = subtract(&usual, wear);
        let others: Vec<Word> = terms
            .iter()
            .copied()
            .filter(|t| *t != DEPRECIATION)
            .collect();
        let mut lines = split(&rest, &others, Pace::Settled, draw);
        lines.insert(
            1,
            Line {
                term: DEPRECIATION,
                values: *wear,
            },
        );
        lines
    } else {
        split(&usual, terms, Pace::Settled, draw)
    };
    lines.push(Line {
        term: Word::new(
            "restructuring and impairment charges",
            &["unusual charges"],
            "write-downs and layoffs",
        ),
        values: base.unusual_charges,
    });
    lines
}

fn other_lines(base: &Base, pension: Option<&Pension>, draw: &mut Draw) -> Vec<Line> {
    let level = draw.range(10, 90);
    let mut lines = vec![Line {
        term: INTEREST_INCOME,
        values: base
            .revenue
            .map(|r| scale(r, (level + draw.range(-9, 9)).max(2), 10_000).max(1)),
    }];
    let count = 2 + draw.weighted(&[20, 30, 25, 15, 10]);
    let mut chosen = draw.choose(&OTHER[..OTHER.len() - 1], count);
    chosen.push(OTHER[OTHER.len() - 1]);
    for (term, gains_pct) in chosen {
        if term == PENSION_CREDIT {
            // What the plans' net cost shows beside service.
            if let Some(pension) = pension {
                let values = std::array::from_fn(|y| {
                    pension.plans().map(|p| p.service[y] - p.net_cost[y]).sum()
                });
                lines.push(Line { term, values });
            }
            continue;
        }
        let mut size = scale(base.revenue[0], draw.range(4, 60), 10_000);
        let mut gains = draw.chance(gains_pct);
        let values = std::array::from_fn(|_| {
            let value = if gains { size } else { -size };
            if draw.chance(30) {
                gains = draw.chance(gains_pct);
            }
            size = scale(size, 1000, 1000 + jump(draw)).clamp(0, base.revenue[0] / 90);
            // Sales of businesses, settlements and the like do not come every year.
            if draw.chance(20) { 0 } else { value }
        });
        lines.push(Line { term, values });
    }
    lines
}

/// Pretax income from abroad: goes with the share of revenue, and falls below zero now and then.
fn foreign(pretax: &ByYear, base: &Base, revenue: &Revenue, draw: &mut Draw) -> ByYear {
    if !revenue.is_international() {
        return [0; YEARS];
    }
    let mut tilt = draw.range(60, 150);
    std::array::from_fn(|y| {
        let abroad = base.revenue[y] - revenue.regions[0].values[y];
        let share = scale(abroad, 1000, base.revenue[y].max(1));
        let of_pretax = (share * tilt / 100).clamp(50, 700);
        tilt = (tilt + draw.range(-20, 20)).clamp(40, 180);
        let value = scale(pretax[y], of_pretax, 1000);
        if draw.chance(5) { -value / 3 } else { value }
    })
}

/// Rates of 12 to 28 % in most years; a quarter more than a third above or below in one of twelve.
fn tax_expense(industry: Industry, pretax: &ByYear, base: &Base, draw: &mut Draw) -> ByYear {
    let (low, high) = match industry {
        Industry::Utility => (90, 220),
        Industry::Retail | Industry::ManagedCare => (215, 275),
        _ => (120, 280),
    };
    let level = draw.range(low, high);
    std::array::from_fn(|y| {
        let above = statutory_rate(base, y) - 210;
        let mut rate = level + above * 3 / 4 + draw.range(-16, 16);
        if draw.chance(8) {
            rate += draw.range(-120, 150);
        }
        if pretax[y] < 0 && draw.chance(25) {
            // The loss brings no benefit: the deferred tax asset is not expected to be of use.
            rate = draw.range(-60, 40);
        }
        scale(pretax[y], rate, 1000)
    })
}

/// The federal rate in tenths of a percent: 21 % since 2018, 35 % before, mixed by months in fiscal years that the
/// change fell into (26 U.S.C. 11(b) and 15).
pub(crate) fn statutory_rate(base: &Base, year: usize) -> i64 {
    let months = i64::from(base.calendar.end_month);
    match base.calendar.latest_year - year as i32 {
        ..=2017 => 350,
        2018 => (350 * (12 - months) + 210 * months + 6) / 12,
        _ => 210,
    }
}
