//! Accruals, payables, other assets and liabilities, receivables and the reserves behind them.

use super::items::{Item, Items, RollForward, jumpy, sometimes, trail, words, words_and_last};
use super::{Acquisitions, Base, ByYear, YEARS, subtract, terms};
use crate::draw::{Draw, Key, Stream, scale};
use crate::identity::Industry;

/// Accruals, payables, other assets and liabilities, and reserves (I6, I12).
#[derive(Clone, Debug)]
pub(crate) struct Liabilities {
    /// Accrued liabilities by kind; reserves that are accrued are among them.
    pub(crate) accrued: Items,
    pub(crate) accounts_payable: Item,
    pub(crate) other_current: Items,
    pub(crate) other_noncurrent: Items,
    /// Other assets, noncurrent.
    pub(crate) other_assets: Items,
    /// Prepaid expenses and other current assets.
    pub(crate) prepaid: Items,
    /// Product warranty reserve, all of it accrued; `None` for industries without.
    pub(crate) warranty: Option<RollForward>,
    /// Restructuring reserve, all of it accrued.
    pub(crate) restructuring: Restructuring,
    /// Allowance for credit losses.
    pub(crate) allowance: RollForward,
    pub(crate) contracts: Contracts,
}

/// Receivables and what customers paid ahead.
#[derive(Clone, Debug)]
pub(crate) struct Contracts {
    /// Before the allowance.
    pub(crate) receivables_gross: ByYear,
    /// The part of the gross receivables not yet invoiced.
    pub(crate) unbilled: ByYear,
    /// After the allowance.
    pub(crate) receivables: ByYear,
    pub(crate) contract_assets: ByYear,
    /// All contract liabilities.
    pub(crate) roll: RollForward,
    pub(crate) current: ByYear,
    /// The closing balance less `current`.
    pub(crate) noncurrent: ByYear,
}

/// A restructuring reserve by kind of cost.
#[derive(Clone, Debug)]
pub(crate) struct Restructuring {
    /// Severance, facilities, other; the moves are charges, payments (negative), non-cash and other.
    pub(crate) kinds: Vec<RollForward>,
    pub(crate) closing: ByYear,
}

impl Liabilities {
    /// `dividends`: declared and not yet paid at each year end.
    pub(crate) fn new(
        key: Key,
        base: &Base,
        industry: Industry,
        acquisitions: &Acquisitions,
        dividends: &ByYear,
    ) -> Self {
        let mut draw = Draw::new(key, Stream::Liabilities);
        let draw = &mut draw;
        let warranty = warranty(draw, base, industry);
        let restructuring = restructuring(draw, base);
        let mut accrued = accrued(draw, base, industry);
        if let Some(roll) = &warranty {
            let item = terms::WARRANTY_ACCRUED.word(draw).item(roll.closing);
            accrued = accrued.with(1 + draw.below(3), item);
        }
        let item = terms::RESTRUCTURING_ACCRUED
            .word(draw)
            .item(restructuring.closing);
        accrued = accrued.with(1 + draw.below(3), item);
        if dividends[0] != 0 && draw.chance(40) {
            let item = terms::DIVIDENDS_ACCRUED.word(draw).item(*dividends);
            accrued = accrued.with(1 + draw.below(3), item);
        }
        let (contracts, allowance) = contracts(draw, base, industry, acquisitions);
        let share = draw.range(350, 1100);
        let accounts_payable = trail(draw, &base.cost_of_revenue, share, 55, 15);
        let accounts_payable = terms::PAYABLE.word(draw).item(accounts_payable);
        let n = draw.range(4, 7) as usize;
        let deferred = terms::DEFERRED_REVENUE.word(draw).item(contracts.current);
        let other_current =
            others(draw, base, &terms::OTHER_CURRENT, n, (60, 420)).with(0, deferred);
        let n = draw.range(4, 8) as usize;
        let deferred = terms::LONG_DEFERRED_REVENUE
            .word(draw)
            .item(contracts.noncurrent);
        let at = draw.below(3);
        let other_noncurrent =
            others(draw, base, &terms::OTHER_NONCURRENT, n, (150, 900)).with(at, deferred);
        let n = draw.range(5, 9) as usize;
        let other_assets = others(draw, base, &terms::OTHER_ASSETS, n, (120, 1100));
        let n = draw.range(5, 8) as usize;
        let prepaid = others(draw, base, &terms::PREPAID, n, (90, 700));
        Self {
            accrued,
            accounts_payable,
            other_current,
            other_noncurrent,
            other_assets,
            prepaid,
            warranty,
            restructuring,
            allowance,
            contracts,
        }
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        let mut out = Vec::new();
        for (items, what) in [
            (&self.accrued, "accrued liabilities"),
            (&self.other_current, "other current liabilities"),
            (&self.other_noncurrent, "other noncurrent liabilities"),
            (&self.other_assets, "other assets"),
            (&self.prepaid, "other current assets"),
        ] {
            out.extend(items.violations(&format!("I12: {what}")));
        }
        out.extend(self.allowance.violations("allowance"));
        out.extend(self.contracts.roll.violations("contract liabilities"));
        if let Some(roll) = &self.warranty {
            out.extend(roll.violations("warranty"));
        }
        let c = &self.contracts;
        for y in 0..YEARS {
            if c.current[y] + c.noncurrent[y] != c.roll.closing[y]
                || c.receivables_gross[y] - self.allowance.closing[y] != c.receivables[y]
            {
                out.push(format!("I12: contract balances of year {y}"));
            }
        }
        let reserve = &self.restructuring;
        for roll in &reserve.kinds {
            out.extend(roll.violations("restructuring"));
        }
        for y in 0..YEARS {
            if reserve.kinds.iter().map(|k| k.closing[y]).sum::<i64>() != reserve.closing[y] {
                out.push(format!("I6: restructuring reserve of year {y}"));
            }
        }
        out
    }
}

fn accrued(draw: &mut Draw, base: &Base, industry: Industry) -> Items {
    let terms = terms::accrued(industry);
    let n = draw.range(4, 9) as usize;
    let mut names = vec![terms::PAY.word(draw)];
    names.extend(words(draw, &terms, n));
    names.push(terms::OTHER_ACCRUED.word(draw));
    let share = draw.range(350, 1300);
    let total = trail(draw, &base.revenue, share, 45, 40);
    Items::split(draw, &total, &names)
}

/// Items of which the last term is the rest; `share` bounds the total in hundredths of a percent of revenue.
fn others(
    draw: &mut Draw,
    base: &Base,
    terms: &'static [super::items::Term],
    n: usize,
    share: (i64, i64),
) -> Items {
    let names = words_and_last(draw, terms, n);
    let share = draw.range(share.0, share.1);
    let total = trail(draw, &base.revenue, share, 60, 25);
    Items::split(draw, &total, &names)
}

fn warranty(draw: &mut Draw, base: &Base, industry: Industry) -> Option<RollForward> {
    let makes_goods = matches!(
        industry,
        Industry::Semiconductors | Industry::Industrial | Industry::ConsumerGoods
    );
    if !makes_goods {
        return None;
    }
    // 0.5 to 2 % of revenue is the yearly accrual.
    let share = draw.range(50, 200);
    let reserve = share * draw.range(6, 14) / 10;
    let closing = trail(draw, &base.revenue, reserve, 60, 8);
    let issued = jumpy_level(draw, &base.revenue, share);
    let [issued_word, estimates, acquired, foreign, settled] =
        [0, 1, 2, 3, 4].map(|i| terms::WARRANTY[i].word(draw));
    let mut minor = vec![estimates.item(sometimes(draw, &closing, 600, 45))];
    if draw.chance(30) {
        minor.push(acquired.item(sometimes(draw, &closing, 300, 100)));
    }
    if draw.chance(45) {
        minor.push(foreign.item(sometimes(draw, &closing, 150, 45)));
    }
    let oldest = scale(closing[YEARS - 1], draw.range(850, 1100), 1000);
    let issued = issued_word.item(issued);
    Some(RollForward::toward(oldest, closing, issued, minor, settled))
}

/// An amount that follows another with a little noise.
fn jumpy_level(draw: &mut Draw, of: &ByYear, share: i64) -> ByYear {
    of.map(|amount| scale(amount, share * draw.range(900, 1100), 10_000_000).max(2))
}

fn restructuring(draw: &mut Draw, base: &Base) -> Restructuring {
    let share = draw.range(15, 130);
    let n = 2 + draw.below(2);
    let kinds: Vec<RollForward> = (0..n)
        .map(|i| {
            let share = (share / (1 + 2 * i as i64)).max(2);
            let closing = jumpy(draw, &base.revenue, share);
            let charges = jumpy(draw, &base.revenue, share * 2).map(|a| a.max(1));
            let [in_word, noncash, paid] = [0, 1, 2].map(|i| terms::REORGANIZED[i].plain());
            let noncash = noncash.item(sometimes(draw, &closing, 800, 25));
            let oldest = scale(closing[YEARS - 1], draw.range(500, 1600), 1000);
            RollForward::toward(oldest, closing, in_word.item(charges), vec![noncash], paid)
        })
        .collect();
    let closing = std::array::from_fn(|y| kinds.iter().map(|k| k.closing[y]).sum());
    Restructuring { kinds, closing }
}

fn contracts(
    draw: &mut Draw,
    base: &Base,
    industry: Industry,
    acquisitions: &Acquisitions,
) -> (Contracts, RollForward) {
    let share = draw.range(700, 2000);
    let receivables = trail(draw, &base.revenue, share, 45, 30);
    let share = draw.range(60, 450);
    let allowed = trail(draw, &receivables, share, 110, 4);
    let [provision, recoveries, foreign, written_off] =
        [0, 1, 2, 3].map(|i| terms::ALLOWANCE[i].word(draw));
    let share = draw.range(1500, 6000);
    let provision = provision.item(jumpy(draw, &allowed, share).map(|a| a.max(1)));
    let mut minor = Vec::new();
    if draw.chance(55) {
        minor.push(recoveries.item(sometimes(draw, &allowed, 500, 100)));
    }
    if draw.chance(50) {
        minor.push(foreign.item(sometimes(draw, &allowed, 250, 45)));
    }
    let oldest = scale(allowed[YEARS - 1], draw.range(800, 1150), 1000);
    let allowance = RollForward::toward(oldest, allowed, provision, minor, written_off);

    let (low, high) = match industry {
        Industry::Software => (1800, 4500),
        Industry::Industrial | Industry::Semiconductors => (200, 1200),
        _ => (60, 500),
    };
    let share = draw.range(low, high);
    let closing = trail(draw, &base.revenue, share, 55, 15);
    let long = draw.range(80, 380);
    let noncurrent = closing.map(|c| scale(c, long + draw.range(-30, 30), 1000));
    let [billed, assumed, foreign, earned] = [0, 1, 2, 3].map(|i| terms::CONTRACTS[i].word(draw));
    let pace = draw.range(9_000, 18_000);
    let billed = billed.item(jumpy_level(draw, &closing, pace));
    let mut minor = Vec::new();
    if !acquisitions.deals.is_empty() {
        // Advances that came with purchases, where a purchase names them.
        let mut taken = [0; YEARS];
        for deal in &acquisitions.deals {
            for (word, amount) in &deal.liabilities {
                if terms::ASSUMED[2].says(word.text) {
                    taken[deal.year] -= amount;
                }
            }
        }
        if taken.iter().any(|t| *t != 0) {
            minor.push(assumed.item(taken));
        }
    }
    if draw.chance(45) {
        minor.push(foreign.item(sometimes(draw, &closing, 120, 45)));
    }
    let oldest = scale(closing[YEARS - 1], draw.range(850, 1080), 1000);
    let roll = RollForward::toward(oldest, closing, billed, minor, earned);
    let share = draw.range(30, 500);
    let contract_assets = trail(draw, &base.revenue, share, 120, 6);
    let receivables_gross: ByYear = std::array::from_fn(|y| receivables[y] + allowed[y]);
    let share = draw.range(40, 300);
    let unbilled = receivables_gross.map(|g| scale(g, share + draw.range(-20, 20), 1000));
    let contracts = Contracts {
        unbilled,
        receivables_gross,
        receivables,
        contract_assets,
        current: subtract(&closing, &noncurrent),
        noncurrent,
        roll,
    };
    (contracts, allowance)
}
