//! From operating income to net income (I2).

use super::line::{Line, Term, jump, sum, term};
use super::{Base, ByYear, Debt, YEARS, revenue::Revenue};
use crate::draw::{Draw, Key, Stream, scale};
use crate::identity::Industry;

/// The lower half of the income statement.
#[derive(Clone, Debug)]
pub(crate) struct Income {
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
const OTHER: [(Term, u32); 10] = [
    (
        term(
            "net gains (losses) on investments",
            &["investment gains and losses"],
            "how the securities portfolio did",
        ),
        68,
    ),
    (
        term(
            "foreign currency losses, net",
            &["exchange losses"],
            "what moving exchange rates did",
        ),
        22,
    ),
    (
        term(
            "equity in earnings of affiliates",
            &["equity-method income"],
            "share in profits of companies partly owned",
        ),
        85,
    ),
    (
        term(
            "gain on sale of businesses",
            &["divestiture gains"],
            "profit from selling units",
        ),
        95,
    ),
    (
        term(
            "loss on extinguishment of debt",
            &["debt retirement losses"],
            "the price of repaying borrowings early",
        ),
        0,
    ),
    (
        term(
            "non-service pension credit",
            &["pension income other than service"],
            "",
        ),
        80,
    ),
    (term("royalty and license income", &["royalties"], ""), 100),
    (term("dividend income", &["dividends received"], ""), 100),
    (
        term(
            "litigation settlements",
            &["legal settlements"],
            "what ended lawsuits brought or cost",
        ),
        35,
    ),
    (
        term(
            "other, net",
            &["remaining items"],
            "what is too small to be named",
        ),
        55,
    ),
];

const INTEREST_INCOME: Term = term(
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
    ) -> Self {
        let mut draw = Draw::new(key, Stream::Income);
        let mut other = other_lines(base, &mut draw);
        let operating: ByYear =
            std::array::from_fn(|y| base.operating_income[y] - debt.interest_expense[y]);
        for y in 0..YEARS {
            // A pretax income next to nothing would make rates without meaning: the last line moves it away from zero.
            let least = base.revenue[y] / 250 + 2;
            let pretax = operating[y] + sum(&other)[y];
            if pretax.abs() < least {
                let last = other.len() - 1;
                other[last].values[y] += if pretax < 0 { -least } else { least } - pretax;
            }
        }
        let other_income = sum(&other);
        let pretax: ByYear = std::array::from_fn(|y| operating[y] + other_income[y]);
        let foreign = foreign(&pretax, base, revenue, &mut draw);
        let domestic = std::array::from_fn(|y| pretax[y] - foreign[y]);
        let tax_expense = tax_expense(industry, &pretax, base, &mut draw);
        let net_income = std::array::from_fn(|y| pretax[y] - tax_expense[y]);
        Self {
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

fn other_lines(base: &Base, draw: &mut Draw) -> Vec<Line> {
    let level = draw.range(10, 90);
    let mut lines = vec![Line {
        term: INTEREST_INCOME,
        values: base
            .revenue
            .map(|r| scale(r, (level + draw.range(-9, 9)).max(2), 10_000).max(1)),
    }];
    let count = 1 + draw.weighted(&[15, 25, 30, 20, 10]);
    let mut chosen = draw.choose(&OTHER[..OTHER.len() - 1], count);
    chosen.push(OTHER[OTHER.len() - 1]);
    for (term, gains_pct) in chosen {
        let mut size = scale(base.revenue[0], draw.range(4, 60), 10_000);
        let values = std::array::from_fn(|_| {
            let value = if draw.chance(gains_pct) { size } else { -size };
            size = scale(size, 1000, 1000 + jump(draw)).clamp(0, base.revenue[0] / 90);
            // Sales of businesses, settlements and the like do not come every year.
            if draw.chance(7) { 0 } else { value }
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
