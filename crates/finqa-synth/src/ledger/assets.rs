//! Plant, inventories and where long-lived assets stand.

use super::income::shows_wear;
use super::items::{Item, Items, RollForward, Word, jumpy, trail, words, words_and_last};
use super::{Base, ByYear, Intangibles, Leases, Revenue, YEARS, terms};
use crate::draw::{Draw, Key, Stream, scale};
use crate::identity::Industry;

/// Property, plant and equipment, inventories, long-lived assets by place.
#[derive(Clone, Debug)]
pub(crate) struct Assets {
    /// By class.
    pub(crate) gross: Items,
    /// Accumulated depreciation at each year end, positive.
    pub(crate) accumulated: ByYear,
    /// I9: gross less accumulated depreciation.
    pub(crate) net: ByYear,
    /// Depreciation of the year, positive.
    pub(crate) depreciation: ByYear,
    /// I8: inventories by part, a reserve as a negative part; `None` without inventories.
    pub(crate) inventory: Option<Items>,
    /// Operating lease right-of-use assets as counted among the long-lived assets.
    pub(crate) right_of_use: ByYear,
    /// I16: by place, home first; the total is `net` plus `right_of_use`.
    pub(crate) long_lived: Items,
    /// Obligations to take plants down at the end; `None` for industries without such plants.
    pub(crate) retirement_obligation: Option<RollForward>,
}

impl Assets {
    /// Long-lived assets stand where the revenue comes from and count the operating leases; depreciation leaves room
    /// for what else is in the costs, the amortization of `intangibles` among it.
    pub(crate) fn new(
        key: Key,
        base: &Base,
        industry: Industry,
        leases: &Leases,
        revenue: &Revenue,
        intangibles: &Intangibles,
    ) -> Self {
        let mut draw = Draw::new(key, Stream::Assets);
        // Where depreciation is a line of the operating expenses there must be room for the others.
        let room: ByYear = std::array::from_fn(|y| {
            let usual = base.usual_expenses()[y];
            let room = if shows_wear(industry) {
                usual * 3 / 5
            } else {
                (usual + base.cost_of_revenue[y]) * 2 / 5
            };
            room - intangibles.amortization[y]
        });
        let (gross, accumulated, depreciation) = plant(&mut draw, base, industry, &room);
        let net = super::subtract(&gross.total, &accumulated);
        let inventory = inventory(&mut draw, base, industry);
        let regions = revenue.regions.iter();
        let places: Vec<Word> = regions
            // The tables of revenue have the concepts.
            .map(|line| Word::new(line.term.text, line.term.also, ""))
            .collect();
        let right_of_use = leases.operating.assets;
        let long_lived_total = std::array::from_fn(|y| net[y] + right_of_use[y]);
        let long_lived = by_place(&mut draw, &long_lived_total, &places, (620, 930));
        let retirement_obligation = retirement(&mut draw, &gross.total, industry);
        Self {
            gross,
            accumulated,
            net,
            depreciation,
            inventory,
            right_of_use,
            long_lived,
            retirement_obligation,
        }
    }

    pub(crate) fn violations(&self, leases: &Leases) -> Vec<String> {
        let mut out = self.gross.violations("I9: gross plant");
        out.extend(self.long_lived.violations("I16: long-lived assets"));
        if let Some(inventory) = &self.inventory {
            out.extend(inventory.violations("I8: inventory"));
        }
        if let Some(roll) = &self.retirement_obligation {
            out.extend(roll.violations("retirement obligations"));
        }
        for y in 0..YEARS {
            if self.gross.total[y] - self.accumulated[y] != self.net[y] || self.net[y] < 0 {
                out.push(format!("I9: plant of year {y}"));
            }
            if self.right_of_use[y] != leases.operating.assets[y]
                || self.long_lived.total[y] != self.net[y] + self.right_of_use[y]
            {
                out.push(format!("I16: long-lived assets of year {y}"));
            }
        }
        out
    }
}

fn plant(
    draw: &mut Draw,
    base: &Base,
    industry: Industry,
    room: &ByYear,
) -> (Items, ByYear, ByYear) {
    // Gross plant in tenths of a percent of revenue.
    let (low, high) = match industry {
        Industry::ManagedCare => (30, 90),
        Industry::Software => (90, 300),
        Industry::Retail | Industry::Industrial | Industry::ConsumerGoods => (250, 600),
        Industry::Pharma => (280, 650),
        Industry::Semiconductors => (400, 1100),
        Industry::Telecom => (1100, 2400),
        Industry::Energy => (1300, 3200),
        Industry::Utility => (2300, 4200),
    };
    let share = draw.range(low, high) * 10;
    let total = trail(draw, &base.revenue, share, 25, 60);
    let pool = terms::plant(industry);
    let n = draw.range(4, pool.len() as i64) as usize;
    let names = words_and_last(draw, pool, n);
    let gross = Items::split_calmly(draw, &total, &names);
    let rate = draw.range(20, 80);
    let depreciation = std::array::from_fn(|y| {
        let wear = scale(total[y], rate + draw.range(-3, 3), 1000);
        wear.min(room[y]).max(1)
    });
    let worn = draw.range(300, 700);
    let mut accumulated = total.map(|g| scale(g, worn + draw.range(-15, 15), 1000));
    for y in (0..YEARS - 1).rev() {
        // What is retired leaves the accumulated depreciation; nothing else does, so it grows by no more than a year's.
        accumulated[y] = accumulated[y].min(accumulated[y + 1] + depreciation[y]);
    }
    (gross, accumulated, depreciation)
}

fn inventory(draw: &mut Draw, base: &Base, industry: Industry) -> Option<Items> {
    let pool: Vec<_> = terms::inventory(industry).iter().collect();
    if pool.is_empty() {
        return None;
    }
    let (low, high) = match industry {
        Industry::Utility | Industry::Telecom => (150, 600),
        Industry::Energy => (300, 900),
        _ => (900, 2600),
    };
    let share = draw.range(low, high);
    let total = trail(draw, &base.cost_of_revenue, share, 60, 12);
    let n = if pool.len() > 3 { 3 + draw.below(2) } else { 3 };
    let names = words(draw, &pool, n);
    let mut parts = Items::split(draw, &total, &names);
    if draw.chance(25) {
        let share = draw.range(300, 1200);
        let reserve = jumpy(draw, &total, share);
        let reserve = std::array::from_fn(|y| -reserve[y].min(total[y] / 4));
        let word = terms::INVENTORY_RESERVE.word(draw);
        parts = parts.with(n, word.item(reserve));
    }
    Some(parts)
}

/// Splits a total by place; home has between `home.0` and `home.1` of 1000.
fn by_place(draw: &mut Draw, total: &ByYear, places: &[Word], home: (i64, i64)) -> Items {
    if places.len() == 1 {
        let items = vec![places[0].item(*total)];
        return Items {
            items,
            total: *total,
        };
    }
    let level = draw.range(home.0, home.1);
    let mut drift = 0;
    let at_home: ByYear = total.map(|t| {
        drift += draw.range(-14, 14);
        scale(t, (level + drift).clamp(300, 960), 1000)
    });
    let abroad = super::subtract(total, &at_home);
    Items::split_calmly(draw, &abroad, &places[1..]).with(0, places[0].item(at_home))
}

fn retirement(draw: &mut Draw, gross: &ByYear, industry: Industry) -> Option<RollForward> {
    if !matches!(
        industry,
        Industry::Utility | Industry::Energy | Industry::Telecom | Industry::Semiconductors
    ) {
        return None;
    }
    let share = draw.range(80, 500);
    let closing = trail(draw, gross, share, 50, 8);
    let [accretion, incurred, revised, settled] =
        [0, 1, 2, 3].map(|i| terms::RETIREMENT[i].word(draw));
    let rate = draw.range(300, 550);
    let accretion: Item = accretion.item(closing.map(|c| scale(c, rate, 10_000).max(1)));
    let incurred = incurred.item(jumpy(draw, &closing, 250));
    let revised = revised.item(super::items::sometimes(draw, &closing, 500, 60));
    let oldest = scale(closing[YEARS - 1], draw.range(880, 1020), 1000);
    Some(RollForward::toward(
        oldest,
        closing,
        accretion,
        vec![incurred, revised],
        settled,
    ))
}
