//! From the statutory to the effective rate, in amounts and in rates (I4).

use crate::draw::{Draw, scale};
use crate::identity::Industry;
use crate::ledger::income::statutory_rate;
use crate::ledger::line::{Line, Word, lifetime, sum};
use crate::ledger::{Base, ByYear, Income, YEARS};

/// The rate reconciliation.
#[derive(Clone, Debug)]
pub(crate) struct Reconciliation {
    /// Tenths of a percent.
    pub(crate) statutory_rate: ByYear,
    /// Pretax income at the statutory rate, rounded.
    pub(crate) statutory: ByYear,
    /// What leads from there to the tax expense; the last line is the rest.
    pub(crate) items: Vec<Line>,
    /// `items` in tenths of a percent of pretax income; the last line takes up the rounding.
    pub(crate) rates: Vec<Line>,
    /// Tax expense in tenths of a percent of pretax income, rounded.
    pub(crate) effective_rate: ByYear,
}

/// Items with their usual range in tenths of a percent of pretax income.
type Item = (Word, i64, i64);

const STATE: Item = (
    Word::new(
        "state income taxes, net of federal benefit",
        &["state taxes"],
        "what states add after the federal deduction",
    ),
    6,
    42,
);
const FOREIGN: Item = (
    Word::new(
        "foreign rate differential",
        &["effect of foreign operations"],
        "the effect of earning abroad at other rates",
    ),
    -75,
    30,
);
const RESEARCH: Item = (
    Word::new(
        "research and development credit",
        &["R&D tax credits"],
        "the reward for inventing",
    ),
    -45,
    -5,
);
const VALUATION_ALLOWANCE: Item = (
    Word::new(
        "change in valuation allowance",
        &["valuation allowance"],
        "doubts about using deferred tax assets",
    ),
    -20,
    30,
);
const COMMON: [Item; 7] = [
    (
        Word::new(
            "stock-based compensation",
            &["share-based awards"],
            "the effect of paying with shares",
        ),
        -35,
        18,
    ),
    VALUATION_ALLOWANCE,
    (
        Word::new(
            "nondeductible executive compensation",
            &["disallowed executive pay"],
            "",
        ),
        2,
        11,
    ),
    (
        Word::new(
            "unrecognized tax benefits",
            &["uncertain tax positions"],
            "movements in disputed positions",
        ),
        -12,
        16,
    ),
    (
        Word::new(
            "audit settlements",
            &["settlements with tax authorities"],
            "",
        ),
        -25,
        8,
    ),
    (
        Word::new(
            "nondeductible goodwill",
            &["goodwill without deduction"],
            "",
        ),
        3,
        32,
    ),
    (
        Word::new(
            "return-to-provision adjustments",
            &["prior-year true-ups"],
            "",
        ),
        -9,
        9,
    ),
];
const ABROAD: [Item; 4] = [
    (
        Word::new(
            "foreign-derived intangible income",
            &["FDII deduction"],
            "the deduction for exports of know-how",
        ),
        -40,
        -5,
    ),
    (
        Word::new(
            "global intangible low-taxed income",
            &["GILTI inclusion"],
            "the extra levy on lightly taxed profits abroad",
        ),
        3,
        28,
    ),
    (
        Word::new("foreign withholding taxes", &["withholding taxes"], ""),
        2,
        18,
    ),
    (
        Word::new(
            "foreign tax credits",
            &["credits for taxes paid abroad"],
            "",
        ),
        -30,
        -3,
    ),
];

const fn of_industry(industry: Industry) -> Item {
    match industry {
        Industry::Utility => (
            Word::new(
                "amortization of excess deferred taxes",
                &["excess deferred taxes returned"],
                "old rate cuts handed back to customers",
            ),
            -70,
            -10,
        ),
        Industry::Energy => (
            Word::new("percentage depletion", &["depletion in excess of cost"], ""),
            -20,
            -3,
        ),
        Industry::ManagedCare => (
            Word::new("health insurer fee", &["nondeductible insurer fee"], ""),
            5,
            34,
        ),
        Industry::Industrial => (
            Word::new("manufacturing incentives", &["investment tax credits"], ""),
            -22,
            -3,
        ),
        Industry::Retail => (
            Word::new(
                "work opportunity credits",
                &["federal employment credits"],
                "",
            ),
            -14,
            -2,
        ),
        Industry::Telecom => (
            Word::new(
                "noncontrolling interest",
                &["partners' share of income"],
                "",
            ),
            -12,
            -2,
        ),
        Industry::ConsumerGoods => (
            Word::new("charitable contributions", &["donated inventory"], ""),
            -9,
            -1,
        ),
        _ => RESEARCH,
    }
}

const OTHER: [Word; 2] = [
    Word::new("other, net", &["remaining items"], ""),
    Word::new("other", &["all other items"], ""),
];

impl Reconciliation {
    pub(super) fn new(
        industry: Industry,
        base: &Base,
        income: &Income,
        international: bool,
        draw: &mut Draw,
    ) -> Self {
        let mut chosen = vec![STATE];
        if international {
            chosen.push(FOREIGN);
            let count = draw.below(3);
            chosen.extend(draw.choose(&ABROAD, count));
        }
        if industry == Industry::Utility || draw.chance(75) {
            chosen.push(of_industry(industry));
        }
        let count = 2 + draw.below(4);
        let mut common = draw.choose(&COMMON, count);
        // Losses that bring no benefit show as an allowance.
        if income.pretax.iter().any(|p| *p < 0) && !common.contains(&VALUATION_ALLOWANCE) {
            common.push(VALUATION_ALLOWANCE);
        }
        chosen.extend(common);
        let allowance = chosen.iter().position(|item| *item == VALUATION_ALLOWANCE);
        let statutory_rates: ByYear = std::array::from_fn(|y| statutory_rate(base, y));
        let statutory: ByYear =
            std::array::from_fn(|y| scale(income.pretax[y], statutory_rates[y], 1000));
        let mut items: Vec<Line> = chosen
            .iter()
            .enumerate()
            .map(|(i, &(term, low, high))| {
                let level = draw.range(low, high);
                let by = (high - low) / 4 + 1;
                let mut values = std::array::from_fn(|y| {
                    let rate = (level + draw.range(-by, by)).clamp(low, high);
                    scale(income.pretax[y].abs(), rate, 1000)
                });
                if i > 1 {
                    lifetime(&mut values, 34, draw);
                }
                Line { term, values }
            })
            .collect();
        // What the drawn items leave open: "other" takes a few thousandths, the item that can be large the rest.
        let carrier = usize::from(international || industry == Industry::Utility);
        let mut other = Line {
            term: draw.pick(&OTHER),
            values: [0; YEARS],
        };
        for (y, at_statutory) in statutory.iter().enumerate() {
            let gap = income.tax_expense[y] - at_statutory - sum(&items)[y];
            let size = scale(income.pretax[y].abs(), draw.range(1, 7), 1000);
            other.values[y] = gap.clamp(-size, size);
            let carrier = match allowance {
                Some(allowance) if income.pretax[y] < 0 => allowance,
                _ => carrier,
            };
            items[carrier].values[y] += gap - other.values[y];
        }
        items.push(other);
        let (effective_rate, rates) = rates(income, &statutory_rates, &items);
        Self {
            statutory_rate: statutory_rates,
            statutory,
            items,
            rates,
            effective_rate,
        }
    }

    pub(super) fn violations(&self, base: &Base, income: &Income) -> Vec<String> {
        let mut out = Vec::new();
        for y in 0..YEARS {
            let rate = statutory_rate(base, y);
            if scale(income.pretax[y], rate, 1000) + sum(&self.items)[y] != income.tax_expense[y] {
                out.push(format!("I4: amounts of year {y}"));
            }
            let effective = scale(income.tax_expense[y], 1000, income.pretax[y]);
            if effective != self.effective_rate[y] || rate + sum(&self.rates)[y] != effective {
                out.push(format!("I4: rates of year {y}"));
            }
            for (item, rate) in self.items.iter().zip(&self.rates).rev().skip(1) {
                if scale(item.values[y], 1000, income.pretax[y]) != rate.values[y] {
                    out.push(format!("I4: rate of {:?} in year {y}", item.term.text));
                }
            }
        }
        out
    }
}

fn rates(income: &Income, statutory: &ByYear, items: &[Line]) -> (ByYear, Vec<Line>) {
    let of_pretax = |amounts: &ByYear| -> ByYear {
        std::array::from_fn(|y| scale(amounts[y], 1000, income.pretax[y]))
    };
    let effective = of_pretax(&income.tax_expense);
    let mut rates: Vec<Line> = items
        .iter()
        .map(|item| Line {
            term: item.term,
            values: of_pretax(&item.values),
        })
        .collect();
    let last = rates.len() - 1;
    let named = sum(&rates[..last]);
    rates[last].values = std::array::from_fn(|y| effective[y] - statutory[y] - named[y]);
    (effective, rates)
}
