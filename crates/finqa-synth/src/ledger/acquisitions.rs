//! Companies bought: what came with them, what was paid, and the goodwill between (I17).

use super::items::{Word, pool, words, words_and_last};
use super::{Base, ByYear, YEARS, terms};
use crate::draw::{Draw, Key, Stream, apportion, scale};
use crate::identity::Industry;

/// All purchases of the five years, newest first.
#[derive(Clone, Debug)]
pub(crate) struct Acquisitions {
    pub(crate) deals: Vec<Deal>,
    /// Goodwill that came with the purchases of each year.
    pub(crate) goodwill: ByYear,
}

/// One purchase. All deals of a company name their lines alike, so that they fit one table.
#[derive(Clone, Debug)]
pub(crate) struct Deal {
    pub(crate) target: &'static str,
    /// 0 for the newest year.
    pub(crate) year: usize,
    /// Tangible assets acquired, positive.
    pub(crate) assets: Vec<(Word, i64)>,
    /// Intangible assets acquired, positive.
    pub(crate) intangibles: Vec<(Word, i64)>,
    /// Liabilities assumed, negative.
    pub(crate) liabilities: Vec<(Word, i64)>,
    pub(crate) goodwill: i64,
    /// I17: everything above added up, and the parts below added up.
    pub(crate) price: i64,
    /// What the price was paid in.
    pub(crate) paid: Vec<(Word, i64)>,
}

/// The lines that the deals of a company share.
struct Lines {
    assets: Vec<Word>,
    intangibles: Vec<Word>,
    liabilities: Vec<Word>,
    paid: Vec<Word>,
}

impl Acquisitions {
    /// `classes` are the company's classes of finite-lived intangible assets.
    pub(crate) fn new(key: Key, base: &Base, industry: Industry, classes: &[Word]) -> Self {
        let mut draw = Draw::new(key, Stream::Acquisitions);
        let n = 1 + match industry {
            Industry::Utility => 0,
            _ => draw.weighted(&[58, 27, 15]),
        };
        let lines = Lines::new(&mut draw, classes);
        let names = draw.choose(&terms::TARGETS, n);
        let mut years: Vec<usize> = (0..n)
            .map(|_| draw.weighted(&[40, 30, 15, 10, 5]))
            .collect();
        // One purchase is young enough for a table of the newest filing.
        years[0] = years[0].min(2);
        years.sort_unstable();
        let deals: Vec<Deal> = names
            .into_iter()
            .zip(years)
            .map(|(target, year)| deal(&mut draw, base, &lines, target, year))
            .collect();
        let mut goodwill = [0; YEARS];
        for deal in &deals {
            goodwill[deal.year] += deal.goodwill;
        }
        Self { deals, goodwill }
    }

    /// What the deals brought of a class of intangible assets, by year.
    pub(crate) fn brought(&self, class: &Word) -> ByYear {
        let mut out = [0; YEARS];
        for deal in &self.deals {
            for (word, amount) in &deal.intangibles {
                if word.text == class.text {
                    out[deal.year] += amount;
                }
            }
        }
        out
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        let mut out = Vec::new();
        for deal in &self.deals {
            let lines = deal
                .assets
                .iter()
                .chain(&deal.intangibles)
                .chain(&deal.liabilities);
            let net: i64 = lines.map(|line| line.1).sum();
            let paid: i64 = deal.paid.iter().map(|line| line.1).sum();
            if net + deal.goodwill != deal.price || paid != deal.price {
                out.push(format!("I17: purchase of {}", deal.target));
            }
        }
        for y in 0..YEARS {
            let sum: i64 = self
                .deals
                .iter()
                .filter(|d| d.year == y)
                .map(|d| d.goodwill)
                .sum();
            if sum != self.goodwill[y] {
                out.push(format!("I17: goodwill of the purchases of year {y}"));
            }
        }
        out
    }
}

impl Lines {
    fn new(draw: &mut Draw, classes: &[Word]) -> Self {
        let mut assets = vec![terms::TAKEN_OVER[0].word(draw)];
        let n = 2 + draw.below(4);
        assets.extend(words(draw, &pool(&[&terms::TAKEN_OVER[1..]]), n));
        let named = classes.len().saturating_sub(1).max(1);
        let n = (1 + draw.below(3)).min(named);
        let intangibles = draw.choose(&classes[..named], n);
        let n = 1 + draw.below(3);
        let mut liabilities = vec![terms::ASSUMED[0].word(draw)];
        liabilities.extend(words(draw, &pool(&[&terms::ASSUMED[1..]]), n));
        let n = draw.weighted(&[30, 45, 25]);
        let mut paid = vec![terms::PAID[0].word(draw)];
        paid.extend(words(draw, &pool(&[&terms::PAID[1..]]), n));
        Self {
            assets,
            intangibles,
            liabilities,
            paid,
        }
    }
}

fn deal(draw: &mut Draw, base: &Base, lines: &Lines, target: &'static str, year: usize) -> Deal {
    // From 1 to 25 % of the year's revenue, most of them small.
    let size = [(10, 40), (40, 120), (120, 250)][draw.weighted(&[50, 35, 15])];
    let price = scale(base.revenue[year], draw.range(size.0, size.1), 1000).max(40);
    let mut split = |total: i64, words: &[Word]| -> Vec<(Word, i64)> {
        let weights: Vec<i64> = words
            .iter()
            .enumerate()
            // A deal need not have every line of the company's table.
            .map(|(i, _)| {
                if i > 0 && draw.chance(7) {
                    0
                } else {
                    draw.range(5, 60)
                }
            })
            .collect();
        words
            .iter()
            .copied()
            .zip(apportion(total, &weights))
            .collect()
    };
    let assets = split(scale(price, 220, 1000), &lines.assets);
    let intangibles = split(scale(price, 380, 1000), &lines.intangibles);
    let liabilities = split(-scale(price, 160, 1000), &lines.liabilities);
    let paid = split(price, &lines.paid);
    let mut vary = |lines: Vec<(Word, i64)>| -> Vec<(Word, i64)> {
        let by = draw.range(400, 1350);
        lines
            .into_iter()
            .map(|(word, amount)| (word, scale(amount, by, 1000)))
            .collect()
    };
    let (assets, intangibles, liabilities) = (vary(assets), vary(intangibles), vary(liabilities));
    let net: i64 = [&assets, &intangibles, &liabilities]
        .iter()
        .flat_map(|lines| lines.iter())
        .map(|line| line.1)
        .sum();
    Deal {
        target,
        year,
        assets,
        intangibles,
        liabilities,
        goodwill: price - net,
        price,
        paid,
    }
}

/// The company's classes of finite-lived intangible assets, in the words that all its tables use.
pub(crate) fn intangible_classes(key: Key, industry: Industry) -> Vec<Word> {
    let mut draw = Draw::nth(key, Stream::Acquisitions, 1);
    let classes = terms::finite(industry);
    let n = draw.range(3, classes.len() as i64) as usize;
    words_and_last(&mut draw, classes, n)
}
