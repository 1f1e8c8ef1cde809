//! Accumulated other comprehensive income by component, and what left it for income.

use super::items::{Item, Term, openings, sometimes, term, words};
use super::{Base, ByYear, Pension, Plan, YEARS};
use crate::draw::{Draw, Key, Stream, apportion, scale};

/// Accumulated other comprehensive income, net of tax, by component.
#[derive(Clone, Debug)]
pub(crate) struct Aoci {
    pub(crate) components: Vec<Component>,
}

/// A component; I6: `opening + before + reclassified = closing`, and it opens where the year before closed.
#[derive(Clone, Debug)]
pub(crate) struct Component {
    /// Header words of its column: "currency translation".
    pub(crate) name: &'static str,
    pub(crate) opening: ByYear,
    /// Other comprehensive income before reclassifications.
    pub(crate) before: ByYear,
    /// Amounts reclassified from it; a gain that goes to income is negative here.
    pub(crate) reclassified: ByYear,
    pub(crate) closing: ByYear,
    /// What was reclassified by line of the income statement, before tax, gains positive.
    pub(crate) lines: Vec<Item>,
    /// Tax on the lines; lines plus tax is `reclassified` with its sign turned.
    pub(crate) tax: ByYear,
}

/// What a component is called and where it goes.
struct Kind {
    names: &'static [&'static str],
    lines: &'static [Term],
    /// Level in hundredths of a percent of revenue.
    share: i64,
    /// Whether plans decide what is reclassified.
    of_plans: bool,
}

static TRANSLATION: Kind = Kind {
    names: &[
        "foreign currency translation",
        "currency translation adjustments",
        "cumulative translation",
    ],
    lines: &[],
    share: 260,
    of_plans: false,
};
static RETIREMENT: Kind = Kind {
    names: &[
        "pension and postretirement plans",
        "retirement plans",
        "defined benefit plans",
    ],
    lines: &[
        term(
            &[
                "amortization of actuarial losses",
                "actuarial losses recognized",
            ],
            "the old plan losses taken to income",
        ),
        term(
            &[
                "amortization of prior service credit",
                "prior service credit recognized",
            ],
            "the old plan changes taken to income",
        ),
        term(
            &["settlements and curtailments", "settlement losses"],
            "the plan settlements taken to income",
        ),
    ],
    share: 320,
    of_plans: true,
};
static HEDGES: Kind = Kind {
    names: &[
        "cash flow hedges",
        "derivatives designated as hedges",
        "hedging instruments",
    ],
    lines: &[
        term(&["net sales", "revenue"], "the hedge results in sales"),
        term(
            &["cost of sales", "cost of goods sold"],
            "the hedge results in the cost of goods",
        ),
        term(
            &["interest expense", "interest expense, net"],
            "the hedge results in interest",
        ),
    ],
    share: 150,
    of_plans: false,
};
static SECURITIES: Kind = Kind {
    names: &[
        "available-for-sale securities",
        "unrealized gains and losses on investments",
        "marketable debt securities",
    ],
    lines: &[
        term(
            &[
                "realized gains and losses on securities",
                "investment gains and losses",
            ],
            "the securities sold",
        ),
        term(
            &["credit losses on securities", "impairment of securities"],
            "the securities written down",
        ),
    ],
    share: 90,
    of_plans: false,
};

impl Aoci {
    /// What plans take from it is what their net cost shows.
    pub(crate) fn new(key: Key, base: &Base, pension: Option<&Pension>) -> Self {
        let mut draw = Draw::nth(key, Stream::Liabilities, 1);
        let mut kinds = Vec::new();
        if draw.chance(92) {
            kinds.push(&TRANSLATION);
        }
        if pension.is_some() {
            kinds.push(&RETIREMENT);
        }
        if draw.chance(70) || kinds.is_empty() {
            kinds.push(&HEDGES);
        }
        if draw.chance(45) || kinds.len() < 2 {
            kinds.push(&SECURITIES);
        }
        let tax = draw.range(180, 280);
        let components = kinds
            .into_iter()
            .map(|kind| {
                let lines = match pension {
                    Some(pension) if kind.of_plans => plans(&mut draw, pension),
                    _ => lines(&mut draw, base, kind),
                };
                component(&mut draw, base, kind, lines, tax)
            })
            .collect();
        Self { components }
    }

    /// Lines of the plans.
    pub(crate) fn plans(&self) -> impl Iterator<Item = &Item> {
        let plans = |c: &&Component| RETIREMENT.names.contains(&c.name);
        self.components.iter().filter(plans).flat_map(|c| &c.lines)
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        let mut out = Vec::new();
        for c in &self.components {
            for y in 0..YEARS {
                if c.opening[y] + c.before[y] + c.reclassified[y] != c.closing[y]
                    || (y + 1 < YEARS && c.opening[y] != c.closing[y + 1])
                {
                    out.push(format!("I6: {} of year {y}", c.name));
                }
                let lines: i64 = c.lines.iter().map(|line| line.amounts[y]).sum();
                if lines + c.tax[y] != -c.reclassified[y] {
                    out.push(format!("I6: reclassified {} of year {y}", c.name));
                }
            }
        }
        out
    }
}

/// What the plans' net cost takes out, gains positive; nothing that is zero throughout.
fn plans(draw: &mut Draw, pension: &Pension) -> Vec<Item> {
    let mut out = Vec::new();
    for (i, term) in RETIREMENT.lines.iter().enumerate() {
        let of_plan = |plan: &Plan, y: usize| plan.reclassified()[i][y];
        let taken: ByYear =
            std::array::from_fn(|y| -pension.plans().map(|plan| of_plan(plan, y)).sum::<i64>());
        if taken.iter().any(|t| *t != 0) {
            out.push(term.word(draw).item(taken));
        }
    }
    out
}

fn lines(draw: &mut Draw, base: &Base, kind: &Kind) -> Vec<Item> {
    let n = kind.lines.len();
    if n == 0 {
        return Vec::new();
    }
    let shown = 1 + draw.below(n);
    let names = words(draw, &kind.lines.iter().collect::<Vec<_>>(), shown);
    let share = kind.share * draw.range(30, 180) / 400 + 2;
    let gross = sometimes(draw, &base.revenue, share, 45);
    let mut lines: Vec<Item> = names.iter().map(|w| w.item([0; YEARS])).collect();
    let weights: Vec<i64> = lines.iter().map(|_| draw.range(8, 100)).collect();
    for (y, gross) in gross.into_iter().enumerate() {
        for (line, part) in lines.iter_mut().zip(apportion(gross, &weights)) {
            // Lines of one component may offset each other.
            line.amounts[y] = if draw.chance(15) { -part / 2 } else { part };
        }
    }
    lines
}

fn component(
    draw: &mut Draw,
    base: &Base,
    kind: &'static Kind,
    lines: Vec<Item>,
    tax_rate: i64,
) -> Component {
    let share = kind.share * draw.range(30, 180) / 100 + 1;
    let mut tax = [0; YEARS];
    let mut reclassified = [0; YEARS];
    for y in 0..YEARS {
        let before_tax: i64 = lines.iter().map(|line| line.amounts[y]).sum();
        tax[y] = -scale(before_tax, tax_rate, 1000);
        reclassified[y] = -(before_tax + tax[y]);
    }
    let sign = if draw.chance(72) { -1 } else { 1 };
    let oldest = sign * scale(base.revenue[YEARS - 1], share, 10_000).max(3);
    let before = sometimes(draw, &base.revenue, (share / 3).max(2), 45);
    let mut closing = [0; YEARS];
    let mut balance = oldest;
    for y in (0..YEARS).rev() {
        balance += before[y] + reclassified[y];
        closing[y] = balance;
    }
    Component {
        name: draw.pick(kind.names),
        opening: openings(oldest, &closing),
        before,
        reclassified,
        closing,
        lines,
        tax,
    }
}
