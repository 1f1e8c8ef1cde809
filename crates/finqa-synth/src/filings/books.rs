//! The books of a company, quarter by quarter: every statement is read off them, so all statements agree.

use super::draw_of;
use super::items::{Item as I, NUM_ITEMS, REGIONS, SEGMENTS};
use crate::draw::{Draw, Key, apportion, scale};
use crate::identity::identity;

/// Figures of a quarter in table units; shares in thousands.
pub(super) type Quarter = [i64; NUM_ITEMS];

/// First fiscal year that any company reports.
const FIRST_YEAR: i64 = 2015;

/// A company.
pub(super) struct Books {
    pub(super) key: Key,
    pub(super) cik: u32,
    /// As filings write it: upper case, with a legal suffix.
    pub(super) name: String,
    pub(super) prefix: String,
    pub(super) sic: u32,
    /// Month in which the fiscal year ends.
    pub(super) end_month: u32,
    /// Dollars of a table unit.
    pub(super) unit: i64,
    pub(super) first_year: i64,
    /// Four for each fiscal year, and four before the first for comparison.
    pub(super) quarters: Vec<Quarter>,
    pub(super) segments: Vec<&'static str>,
    pub(super) regions: Vec<&'static str>,
    segment_weights: Vec<i64>,
    region_weights: Vec<i64>,
    /// Replaces a standard tag.
    pub(super) custom: Option<usize>,
    /// What an amendment takes from sales and cost of a fiscal year, by year; 0 for none.
    pub(super) restated: Vec<i64>,
}

impl Books {
    pub(super) fn new(key: Key) -> Self {
        let mut draw = draw_of(key, 0);
        let who = identity(key);
        let num_years = draw.range(4, 9);
        let suffix = draw.pick(&["INC", "CORP", "CO", "HOLDINGS INC", "LTD"]);
        let mut books = Self {
            key,
            cik: 700_000 + key.index * 13 + draw.below(13) as u32,
            name: format!("{} {suffix}", who.slug.replace('_', " ").to_uppercase()),
            prefix: who.ticker,
            sic: draw.pick(&[2834, 3571, 3674, 4911, 5331, 5812, 7372, 3711, 2086, 4813]),
            end_month: [12, 6, 9, 3, 1][draw.weighted(&[64, 12, 12, 6, 6])],
            unit: if draw.chance(45) { 1_000_000 } else { 1_000 },
            first_year: FIRST_YEAR + draw.range(0, 9 - num_years),
            quarters: Vec::new(),
            segments: Vec::new(),
            regions: Vec::new(),
            segment_weights: Vec::new(),
            region_weights: Vec::new(),
            custom: draw.chance(35).then(|| draw.below(6)),
            restated: Vec::new(),
        };
        let count = draw.range(2, 5) as usize;
        books.segments = draw.choose(&SEGMENTS, count);
        let count = draw.range(2, 4) as usize;
        books.regions = draw.choose(&REGIONS, count);
        books.segment_weights = weights(books.segments.len(), &mut draw);
        books.region_weights = weights(books.regions.len(), &mut draw);
        books.quarters = quarters((num_years as usize + 2) * 4, &mut draw);
        for year in 0..num_years + 2 {
            // What is taken from sales is small beside the cost, so nothing changes its sign.
            let revenue = books.flow(I::Revenue, year as usize * 4, 4);
            let amount = (revenue / draw.range(60, 300)).max(1);
            let changes = draw.chance(5);
            books.restated.push(if changes { amount } else { 0 });
        }
        books
    }

    /// Fiscal years that have a filing of their own; two more years before them are there for comparison.
    pub(super) fn num_years(&self) -> usize {
        self.quarters.len() / 4 - 2
    }

    /// A flow over `count` quarters from `start`.
    pub(super) fn flow(&self, item: I, start: usize, count: usize) -> i64 {
        let quarters = &self.quarters[start..start + count];
        let sum = |item: I| quarters.iter().map(|q| q[item as usize]).sum::<i64>();
        let shares = |item: I| sum(item) / count as i64;
        // Cents a share: table units are dollars, shares are thousands.
        let a_share = |item: I| scale(sum(I::Net) * (self.unit / 1000), 100, shares(item).max(1));
        match item {
            I::EpsBasic => a_share(I::SharesBasic),
            I::EpsDiluted => a_share(I::SharesDiluted),
            I::SharesBasic | I::SharesDiluted => shares(item),
            _ => sum(item),
        }
    }

    /// Sales by segment (or region) over some quarters, adding up to `total`.
    pub(super) fn sales_by(&self, regions: bool, start: usize, total: i64) -> Vec<i64> {
        let weights = if regions {
            &self.region_weights
        } else {
            &self.segment_weights
        };
        // Shares drift from year to year, each at its own pace.
        let year = (start / 4) as i64;
        let drifted: Vec<i64> = weights
            .iter()
            .enumerate()
            .map(|(i, w)| w + year * ((i as i64 * 7 + w) % 9))
            .collect();
        apportion(total, &drifted)
    }
}

fn weights(n: usize, draw: &mut Draw) -> Vec<i64> {
    (0..n).map(|_| draw.range(30, 300)).collect()
}

fn quarters(count: usize, draw: &mut Draw) -> Vec<Quarter> {
    let mut revenue = [2_000, 9_000, 40_000, 160_000][draw.weighted(&[3, 4, 3, 1])];
    revenue += draw.range(0, revenue);
    let season: Vec<i64> = (0..4).map(|_| draw.range(92, 110)).collect();
    let cost_pct = draw.range(35, 74);
    let research_pct = draw.range(1, 14);
    let selling_pct = draw.range(6, 15);
    let tax_pct = draw.range(17, 26);
    let payout_pct = draw.range(0, 40);
    let mut shares = revenue * draw.range(4, 30);
    let mut now = opening(revenue, draw);
    let mut out = Vec::with_capacity(count);
    for index in 0..count {
        revenue = scale(revenue, 1000 + draw.normal(22) + 12, 1000).max(100);
        let sales = scale(revenue, season[index % 4], 100);
        let mut q: Quarter = [0; NUM_ITEMS];
        let mut put = |item: I, value: i64| {
            q[item as usize] = value;
            value
        };
        let jitter = |draw: &mut Draw| 1000 + draw.normal(30);
        put(I::Revenue, sales);
        let cost = put(I::Cost, scale(sales, cost_pct * jitter(draw), 100_000));
        let gross = put(I::Gross, sales - cost);
        let research = put(
            I::Research,
            scale(sales, research_pct * jitter(draw), 100_000),
        );
        let selling = put(
            I::Selling,
            scale(sales, selling_pct * jitter(draw), 100_000),
        );
        let expenses = put(I::OperatingExpenses, research + selling);
        let operating = put(I::Operating, gross - expenses);
        let debt = now[I::LongDebt as usize] + now[I::CurrentDebt as usize];
        let interest = put(I::Interest, debt / 90);
        let other = put(I::OtherIncome, draw.normal((sales / 120).max(2)));
        let pretax = put(I::Pretax, operating - interest + other);
        let tax = put(I::Tax, scale(pretax, tax_pct * jitter(draw), 100_000));
        let net = put(I::Net, pretax - tax);
        shares = scale(shares, 1000 + draw.normal(3) - 1, 1000).max(1000);
        put(I::SharesBasic, shares);
        put(I::SharesDiluted, shares + shares / 80 + draw.range(1, 40));
        let depreciation = put(I::Depreciation, now[I::Property as usize] / 32);
        let pay = put(I::StockPay, sales / draw.range(35, 60));
        let non_cash = put(I::OtherNonCash, draw.normal((sales / 150).max(2)));
        let to = |item: I, percent: i64, draw: &mut Draw| {
            scale(sales, percent * (1000 + draw.normal(60)), 100_000) - now[item as usize]
        };
        let receivables = put(I::ChangeReceivables, to(I::Receivables, 55, draw));
        let inventory = put(I::ChangeInventory, to(I::Inventory, 38, draw));
        let payables = put(I::ChangePayables, to(I::Payables, 33, draw));
        let accrued = put(I::ChangeAccrued, to(I::Accrued, 28, draw));
        let operations = put(
            I::FromOperations,
            net + depreciation + pay + non_cash - receivables - inventory + payables + accrued,
        );
        let capex = put(I::Capex, depreciation + sales / draw.range(25, 70));
        put(I::FromInvesting, -capex);
        let repaid = put(I::Repaid, now[I::CurrentDebt as usize] / 4);
        let dividends = put(I::Dividends, scale(net.max(0), payout_pct, 100));
        let repurchases = put(I::Repurchases, (operations - capex - dividends).max(0) / 3);
        // Borrows what keeps a month of sales in cash, and now and then for nothing in particular.
        let left = now[I::Cash as usize] + operations - capex - repaid - dividends - repurchases;
        let wanted = if draw.chance(8) { sales / 2 } else { 0 };
        let borrowed = put(I::Borrowed, (sales / 3 - left).max(wanted));
        let financing = put(
            I::FromFinancing,
            borrowed - repaid - dividends - repurchases,
        );
        let change = put(I::CashChange, operations - capex + financing);
        let currency = put(I::Currency, draw.normal((sales / 90).max(2)));
        put(I::Comprehensive, net + currency);
        put(I::Advertising, selling / draw.range(5, 9));
        put(I::RentExpense, sales / draw.range(70, 90));
        let after = |item: I, by: i64| now[item as usize] + by;
        let balances = [
            (I::Cash, after(I::Cash, change)),
            (I::Receivables, after(I::Receivables, receivables)),
            (I::Inventory, after(I::Inventory, inventory)),
            // Non-cash items and translation land in what is left over.
            (I::OtherCurrent, after(I::OtherCurrent, -non_cash)),
            (I::Property, after(I::Property, capex - depreciation)),
            (I::Goodwill, after(I::Goodwill, 0)),
            (I::OtherAssets, after(I::OtherAssets, 0)),
            (I::Payables, after(I::Payables, payables)),
            (I::Accrued, after(I::Accrued, accrued)),
            (I::OtherLiabilities, after(I::OtherLiabilities, 0)),
            (I::Paid, after(I::Paid, pay)),
            (I::Retained, after(I::Retained, net - dividends)),
            (I::Treasury, after(I::Treasury, repurchases)),
        ];
        for (item, value) in balances {
            q[item as usize] = value;
        }
        let owed = debt + borrowed - repaid;
        q[I::CurrentDebt as usize] = owed / 9;
        q[I::LongDebt as usize] = owed - owed / 9;
        q[I::RightOfUse as usize] = q[I::Property as usize] / 6;
        q[I::LeaseLiability as usize] = q[I::Property as usize] / 6 + sales / 200;
        q[I::UnrecognisedTax as usize] = (sales / draw.range(30, 45)).max(1);
        totals(&mut q);
        now = q;
        out.push(q);
    }
    out
}

/// Balances before the first quarter.
fn opening(revenue: i64, draw: &mut Draw) -> Quarter {
    let mut q: Quarter = [0; NUM_ITEMS];
    let mut part = |item: I, percent: i64| q[item as usize] = revenue * percent / 100;
    for (item, low, high) in [
        (I::Cash, 60, 160),
        (I::Receivables, 50, 60),
        (I::Inventory, 30, 45),
        (I::OtherCurrent, 30, 60),
        (I::Property, 150, 400),
        (I::Goodwill, 20, 300),
        (I::OtherAssets, 30, 90),
        (I::Payables, 30, 36),
        (I::Accrued, 25, 30),
        (I::CurrentDebt, 10, 20),
        (I::LongDebt, 80, 200),
        (I::OtherLiabilities, 20, 60),
        (I::Retained, 20, 40),
        (I::Treasury, 5, 15),
    ] {
        part(item, draw.range(low, high));
    }
    totals(&mut q);
    // Whatever the owners paid in makes the first balance sheet balance.
    q[I::Paid as usize] = q[I::Assets as usize] - q[I::LiabilitiesAndEquity as usize];
    totals(&mut q);
    q
}

fn totals(q: &mut Quarter) {
    let sum = |q: &Quarter, items: &[I]| items.iter().map(|i| q[*i as usize]).sum::<i64>();
    q[I::CurrentAssets as usize] =
        sum(q, &[I::Cash, I::Receivables, I::Inventory, I::OtherCurrent]);
    q[I::Assets as usize] = sum(
        q,
        &[I::CurrentAssets, I::Property, I::Goodwill, I::OtherAssets],
    );
    q[I::CurrentLiabilities as usize] = sum(q, &[I::Payables, I::Accrued, I::CurrentDebt]);
    q[I::Liabilities as usize] = sum(
        q,
        &[I::CurrentLiabilities, I::LongDebt, I::OtherLiabilities],
    );
    q[I::Equity as usize] = sum(q, &[I::Paid, I::Retained]) - q[I::Treasury as usize];
    q[I::LiabilitiesAndEquity as usize] = sum(q, &[I::Liabilities, I::Equity]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split::SplitName;

    #[test]
    fn statements_add_up() {
        for index in 0..300 {
            let books = Books::new(Key {
                seed: 3,
                split: SplitName::Train,
                index,
            });
            for pair in books.quarters.windows(2) {
                let [before, q] = pair else { continue };
                let of = |item: I| q[item as usize];
                assert_eq!(
                    of(I::Assets),
                    of(I::LiabilitiesAndEquity),
                    "company {index}"
                );
                assert_eq!(of(I::Cash) - before[I::Cash as usize], of(I::CashChange));
                assert_eq!(of(I::Revenue) - of(I::Cost), of(I::Gross));
                assert!(of(I::Cash) > 0 && of(I::Assets) > 0 && of(I::Inventory) > 0);
            }
        }
    }
}
