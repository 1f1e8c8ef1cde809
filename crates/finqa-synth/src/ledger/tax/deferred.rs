//! Deferred tax balances at year ends (I5).

use crate::draw::{Draw, scale};
use crate::identity::Industry;
use crate::ledger::line::{Line, Pace, Word, jumping, lifetime, split, sum};
use crate::ledger::{Base, ByYear, YEARS};

/// Deferred tax assets and liabilities; all amounts positive but `net` and `in_oci`.
#[derive(Clone, Debug)]
pub(crate) struct Deferred {
    pub(crate) assets: Vec<Line>,
    pub(crate) allowance: ByYear,
    pub(crate) liabilities: Vec<Line>,
    /// assets − allowance − liabilities.
    pub(crate) net: ByYear,
    /// What other comprehensive income added to `net` in a year: net(t) − net(t−1) = in_oci(t) − deferred expense(t).
    /// Of the oldest year too, though its opening balance is not in the books.
    pub(crate) in_oci: ByYear,
}

const ASSETS: [Word; 13] = [
    Word::new(
        "net operating loss carryforwards",
        &["loss carryforwards"],
        "losses kept for later years",
    ),
    Word::new(
        "tax credit carryforwards",
        &["unused tax credits"],
        "credits kept for later years",
    ),
    Word::new("stock-based compensation", &["share-based awards"], ""),
    Word::new("operating lease liabilities", &["lease liabilities"], ""),
    Word::new("accrued compensation and benefits", &["accrued pay"], ""),
    Word::new(
        "capitalized research and development",
        &["capitalized R&D"],
        "research that must be written off over years",
    ),
    Word::new("deferred revenue", &["contract liabilities"], ""),
    Word::new("inventories", &["inventory reserves"], ""),
    Word::new("allowance for credit losses", &["bad debt reserves"], ""),
    Word::new("accrued liabilities and reserves", &["accruals"], ""),
    Word::new(
        "pension and postretirement benefits",
        &["retirement obligations"],
        "promises to retirees",
    ),
    Word::new(
        "interest expense carryforward",
        &["disallowed interest"],
        "interest that may be deducted later",
    ),
    Word::new("self-insurance reserves", &["insurance reserves"], ""),
];

const LIABILITIES: [Word; 9] = [
    Word::new(
        "property, plant and equipment",
        &["fixed assets"],
        "faster write-offs of plants",
    ),
    Word::new("intangible assets", &["acquired intangibles"], ""),
    Word::new("operating lease right-of-use assets", &["lease assets"], ""),
    Word::new("goodwill", &["goodwill amortized for tax"], ""),
    Word::new(
        "unremitted foreign earnings",
        &["undistributed earnings abroad"],
        "profits left abroad",
    ),
    Word::new("deferred contract costs", &["capitalized commissions"], ""),
    Word::new("prepaid expenses", &["prepayments"], ""),
    Word::new("unrealized gains on investments", &["investment gains"], ""),
    Word::new("debt issuance and hedging", &["hedges"], ""),
];

const OTHER_ASSETS: Word = Word::new("other", &["other deferred tax assets"], "");
const OTHER_LIABILITIES: Word = Word::new("other", &["other deferred tax liabilities"], "");

impl Deferred {
    pub(super) fn new(
        industry: Industry,
        base: &Base,
        deferred_expense: &ByYear,
        draw: &mut Draw,
    ) -> Self {
        let assets = assets(base, draw);
        let gross = sum(&assets);
        let share = if draw.chance(78) {
            draw.range(20, 300)
        } else {
            0
        };
        let allowance: ByYear = if share == 0 {
            [0; YEARS]
        } else {
            gross.map(|a| scale(a, share + draw.range(-share / 8, share / 8), 1000))
        };
        let in_oci = base.revenue.map(|r| scale(r, draw.normal(13), 10_000));
        // Where the net balance stands against the newest year's.
        let mut moved = [0; YEARS];
        for y in 1..YEARS {
            moved[y] = moved[y - 1] + deferred_expense[y - 1] - in_oci[y - 1];
        }
        // The liabilities fill what is left, so the newest net balance is such that there are some in every year.
        let owned: ByYear = std::array::from_fn(|y| gross[y] - allowance[y] - moved[y]);
        let least = match industry {
            Industry::Utility | Industry::Energy | Industry::Telecom => draw.range(900, 4000),
            _ => draw.range(150, 1400),
        };
        let newest =
            owned.iter().copied().min().unwrap_or_default() - scale(gross[0], least, 1000).max(6);
        let net: ByYear = moved.map(|m| newest + m);
        let total: ByYear = std::array::from_fn(|y| gross[y] - allowance[y] - net[y]);
        let count = 2 + draw.weighted(&[25, 35, 25, 15]);
        let mut terms = draw.choose(&LIABILITIES, count);
        terms.push(OTHER_LIABILITIES);
        let liabilities = split(&total, &terms, Pace::Steady, draw);
        Self {
            assets,
            allowance,
            liabilities,
            net,
            in_oci,
        }
    }

    /// The net balance at the beginning of a year of the books.
    pub(crate) fn opening(&self, year: usize, deferred_expense: &ByYear) -> i64 {
        self.net[year] + deferred_expense[year] - self.in_oci[year]
    }

    pub(super) fn violations(&self, deferred_expense: &ByYear) -> Vec<String> {
        let mut out = Vec::new();
        for (y, expense) in deferred_expense.iter().enumerate() {
            let (assets, liabilities) = (sum(&self.assets)[y], sum(&self.liabilities)[y]);
            if assets - self.allowance[y] - liabilities != self.net[y] {
                out.push(format!("I5: balances of year {y}"));
            }
            let all = self.assets.iter().chain(&self.liabilities);
            if all.into_iter().any(|l| l.values[y] < 0) || self.allowance[y] < 0 {
                out.push(format!("I5: a negative balance in year {y}"));
            }
            if y + 1 < YEARS && self.net[y] - self.net[y + 1] != self.in_oci[y] - expense {
                out.push(format!("I5: change of year {y}"));
            }
        }
        out
    }
}

fn assets(base: &Base, draw: &mut Draw) -> Vec<Line> {
    let count = 4 + draw.weighted(&[14, 24, 26, 20, 16]);
    let mut terms = draw.choose(&ASSETS, count);
    terms.push(OTHER_ASSETS);
    let share = draw.range(25, 110);
    let each = scale(base.revenue[0], share, 1000 * terms.len() as i64);
    terms
        .into_iter()
        .enumerate()
        .map(|(i, term)| {
            let size = draw.range(12, 100).pow(2);
            let mut values = jumping(scale(each, size, 3500).max(1), draw);
            if i > 0 {
                lifetime(&mut values, 26, draw);
            }
            Line { term, values }
        })
        .collect()
}
