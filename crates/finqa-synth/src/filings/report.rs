//! Which filings a company makes and which periods each of them states.

use super::books::Books;
use super::draw_of;
use super::items::{Item, Kind, LINES};

/// A filing.
#[derive(Clone, Debug)]
pub(super) struct Filing {
    /// Position among the company's filings: part of its number.
    pub(super) number: u32,
    pub(super) form: &'static str,
    /// Position of the last quarter that it covers.
    pub(super) last: usize,
    /// Date as YYYYMMDD.
    pub(super) filed: u32,
    /// An amendment follows.
    pub(super) amended_later: bool,
    /// Sales and cost of restated years are stated anew, from this fiscal year backwards.
    pub(super) restates_to: Option<usize>,
}

/// A period that a statement shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) quarters: usize,
}

impl Span {
    pub(super) const fn last(self) -> usize {
        self.start + self.quarters - 1
    }
}

/// Filings in the order in which they are made.
pub(super) fn filings_of(books: &Books) -> Vec<Filing> {
    let mut out: Vec<Filing> = Vec::new();
    let mut restates_to = None;
    for year in 2..books.num_years() + 2 {
        for quarter in 0..4 {
            let last = year * 4 + quarter;
            let is_annual = quarter == 3;
            let amended_later = is_annual && books.restated[year] > 0;
            let mut draw = draw_of(books.key, 1 + last as u32);
            // 10-K after seven weeks or so, 10-Q after five, an amendment half a year on.
            let days = if is_annual {
                draw.range(45, 75)
            } else {
                draw.range(30, 42)
            };
            let mut file = |form, days, amended_later, restates_to| {
                let number = out.len() as u32;
                out.push(Filing {
                    number,
                    form,
                    last,
                    filed: date_after(books, last, days),
                    amended_later,
                    restates_to,
                });
            };
            file(
                if is_annual { "10-K" } else { "10-Q" },
                days,
                amended_later,
                restates_to,
            );
            if amended_later {
                restates_to = Some(year);
                file("10-K/A", days + draw.range(20, 28), false, restates_to);
            } else if is_annual && draw.chance(4) {
                // Amended for other reasons: every fact is stated again as it was.
                file("10-K/A", days + draw.range(10, 28), false, restates_to);
            }
        }
    }
    out
}

impl Filing {
    /// Fiscal year, counted from the first that the books hold.
    pub(super) const fn year(&self) -> usize {
        self.last / 4
    }

    pub(super) fn is_annual(&self) -> bool {
        self.form.starts_with("10-K")
    }

    /// The spans that it states for figures of a kind, in a statement.
    pub(super) fn spans(&self, statement: &str, kind: Kind) -> Vec<Span> {
        let span = |last: usize, quarters: usize| Span {
            start: last + 1 - quarters,
            quarters,
        };
        let so_far = self.last % 4 + 1;
        match (kind, self.is_annual()) {
            (Kind::Instant, true) => vec![span(self.last, 1), span(self.last - 4, 1)],
            // The balance sheet of a quarter stands beside that of the last year's end.
            (Kind::Instant, false) => vec![span(self.last, 1), span(self.year() * 4 - 1, 1)],
            (_, true) => [0, 4, 8].map(|back| span(self.last - back, 4)).to_vec(),
            (_, false) if statement == "CF" || so_far == 1 => {
                [0, 4].map(|back| span(self.last - back, so_far)).to_vec()
            }
            (_, false) => [(0, 1), (4, 1), (0, so_far), (4, so_far)]
                .map(|(back, quarters)| span(self.last - back, quarters))
                .to_vec(),
        }
    }

    /// Facts that the filing states.
    pub(super) fn num_facts(&self, books: &Books) -> u64 {
        let mut count = 0;
        for (i, line) in LINES.iter().enumerate() {
            if is_first(i) {
                count += self.spans(line.statement, line.kind).len();
            }
        }
        let spans = self.spans("IS", Kind::Flow).len();
        (count + spans * (books.segments.len() + books.regions.len())) as u64
    }

    /// What restatement takes from sales and cost in a span.
    pub(super) fn restatement(&self, books: &Books, item: Item, span: Span) -> i64 {
        let year = span.start / 4;
        let stated = self.restates_to.is_some_and(|to| year <= to);
        let whole_year = span.quarters == 4 && matches!(item, Item::Revenue | Item::Cost);
        if stated && whole_year {
            books.restated[year]
        } else {
            0
        }
    }
}

/// Whether no earlier line has the same tag: a fact is stated once, however many statements show it.
pub(super) fn is_first(index: usize) -> bool {
    !LINES[..index]
        .iter()
        .any(|line| line.tag == LINES[index].tag)
}

/// Year and month of the end of a quarter.
pub(super) fn end_of(books: &Books, quarter: usize) -> (i64, u32) {
    let months = (books.first_year - 2) * 12
        + i64::from(books.end_month)
        + (quarter as i64 + 1 - 4) * 3
        - 1
        // A year that ends in January bears the number of the year before.
        + if books.end_month == 1 { 12 } else { 0 };
    (months.div_euclid(12), months.rem_euclid(12) as u32 + 1)
}

/// The last day of a month as YYYYMMDD.
pub(super) fn month_end(year: i64, month: u32) -> u32 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let day = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 31,
    };
    year as u32 * 10_000 + month * 100 + day
}

/// A date some days after the end of a quarter; months count 28 days, which is near enough for a filing date.
fn date_after(books: &Books, quarter: usize, days: i64) -> u32 {
    let (year, month) = end_of(books, quarter);
    let months = year * 12 + i64::from(month) + days / 28;
    (months.div_euclid(12) * 10_000 + (months.rem_euclid(12) + 1) * 100 + days % 28 + 1) as u32
}
