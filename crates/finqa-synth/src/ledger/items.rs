//! Amounts with names: items that add up to a total, and balances that roll forward.

use super::line::jump;
use super::{ByYear, YEARS};
use crate::draw::{Draw, apportion, scale};
use crate::note::Label;

/// Several ways to say one thing; a company uses one of them.
pub(crate) struct Term {
    texts: &'static [&'static str],
    concept: &'static str,
}

/// The words for a row as one company has them: how a table writes it and how else a question may call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: &'static str,
    pub(crate) also: &'static [&'static str],
    pub(crate) concept: &'static str,
}

/// An amount by year under a name.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) word: Word,
    pub(crate) amounts: ByYear,
}

/// Items that add up to a total.
#[derive(Clone, Debug)]
pub(crate) struct Items {
    pub(crate) items: Vec<Item>,
    pub(crate) total: ByYear,
}

/// How far the shares of items move from year to year.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    Jumpy,
    Calm,
}

/// A balance that moves from year end to year end: opening plus moves is closing, and every year opens where the year
/// before closed (I6).
#[derive(Clone, Debug)]
pub(crate) struct RollForward {
    pub(crate) opening: ByYear,
    /// With their signs.
    pub(crate) moves: Vec<Item>,
    pub(crate) closing: ByYear,
}

/// A term from its wordings, none of which may fit another term of the same list.
pub(crate) const fn term(texts: &'static [&'static str], concept: &'static str) -> Term {
    Term { texts, concept }
}

impl Term {
    /// One of the wordings; the others become synonyms.
    pub(crate) fn word(&self, draw: &mut Draw) -> Word {
        let i = draw.below(self.texts.len());
        // Synonyms must be a slice of the list: those after the wording, or all before the last one.
        let also = if i + 1 < self.texts.len() {
            &self.texts[i + 1..]
        } else {
            &self.texts[..i]
        };
        Word {
            text: self.texts[i],
            also,
            concept: self.concept,
        }
    }

    /// The first wording.
    pub(crate) fn plain(&self) -> Word {
        Word {
            text: self.texts[0],
            also: &self.texts[1..],
            concept: self.concept,
        }
    }

    /// Whether `text` is one of the wordings.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.texts.contains(&text)
    }
}

/// `n` of the terms in their order, each worded once.
pub(crate) fn words(draw: &mut Draw, terms: &[&'static Term], n: usize) -> Vec<Word> {
    draw.choose(terms, n)
        .into_iter()
        .map(|t| t.word(draw))
        .collect()
}

/// As [`words`], but the last term is always among them.
pub(crate) fn words_and_last(draw: &mut Draw, terms: &'static [Term], n: usize) -> Vec<Word> {
    let last = terms.len() - 1;
    let mut out = words(draw, &pool(&[&terms[..last]]), n - 1);
    out.push(terms[last].word(draw));
    out
}

/// References to the terms of several lists, in order.
pub(crate) fn pool(lists: &[&'static [Term]]) -> Vec<&'static Term> {
    lists.iter().flat_map(|list| list.iter()).collect()
}

impl Word {
    /// From its words.
    pub(crate) const fn new(
        text: &'static str,
        also: &'static [&'static str],
        concept: &'static str,
    ) -> Self {
        Self {
            text,
            also,
            concept,
        }
    }

    pub(crate) fn label(self) -> Label {
        Label::new(self.text).also(self.also).concept(self.concept)
    }

    /// The item that this names.
    pub(crate) fn item(self, amounts: ByYear) -> Item {
        Item {
            word: self,
            amounts,
        }
    }
}

impl From<Word> for Label {
    fn from(word: Word) -> Self {
        word.label()
    }
}

impl Items {
    /// Splits `total` among `words`: heavy items first, shares that jump from year to year, and here and there an
    /// item that appears or ends. The last word is the rest ("other") and neither appears nor ends.
    pub(crate) fn split(draw: &mut Draw, total: &ByYear, words: &[Word]) -> Self {
        Self::split_with(draw, total, words, Pace::Jumpy)
    }

    /// As [`Items::split`], but shares drift and hardly any item appears or ends: plant, places, brands.
    pub(crate) fn split_calmly(draw: &mut Draw, total: &ByYear, words: &[Word]) -> Self {
        Self::split_with(draw, total, words, Pace::Calm)
    }

    fn split_with(draw: &mut Draw, total: &ByYear, words: &[Word], pace: Pace) -> Self {
        let n = words.len() as i64;
        let mut shares: Vec<i64> = (0..n)
            .map(|i| {
                let size = draw.range(12, 100);
                (size * size * (2 * n - i)).max(1) * 1000
            })
            .collect();
        let lives: Vec<(usize, usize)> = (0..words.len())
            .map(|i| {
                let fate = draw.below(if pace == Pace::Calm { 500 } else { 100 });
                match fate {
                    _ if i == 0 || i + 1 == words.len() => (0, YEARS),
                    0..7 => (0, 1),
                    7..10 => (0, 2),
                    10..15 => (1, YEARS),
                    _ => (0, YEARS),
                }
            })
            .collect();
        let mut items: Vec<Item> = words.iter().map(|w| w.item([0; YEARS])).collect();
        for (year, whole) in total.iter().enumerate() {
            let alive: Vec<i64> = shares
                .iter()
                .zip(&lives)
                .map(|(s, life)| {
                    if (life.0..life.1).contains(&year) {
                        *s
                    } else {
                        0
                    }
                })
                .collect();
            for (item, part) in items.iter_mut().zip(apportion(*whole, &alive)) {
                item.amounts[year] = part;
            }
            let sum: i64 = shares.iter().sum();
            for share in &mut shares {
                // What is large jumps less: four fifths as far at half of the total.
                let (pace, of) = if pace == Pace::Calm { (3, 5) } else { (5, 5) };
                let growth = jump(draw) * pace * sum / (of * (sum + *share / 2));
                *share = scale(*share, 1000, 1000 + growth).clamp(1000, 1 << 45);
            }
        }
        Self {
            items,
            total: *total,
        }
    }

    /// Adds an item that another section fixes; the total grows by it.
    pub(crate) fn with(mut self, at: usize, item: Item) -> Self {
        self.total = std::array::from_fn(|y| self.total[y] + item.amounts[y]);
        self.items.insert(at.min(self.items.len()), item);
        self
    }

    /// Years in which the items do not add up to the total.
    pub(crate) fn violations(&self, what: &str) -> Vec<String> {
        let sum = |y: usize| self.items.iter().map(|item| item.amounts[y]).sum::<i64>();
        (0..YEARS)
            .filter(|&y| sum(y) != self.total[y])
            .map(|y| {
                format!(
                    "{what}: parts of year {y} are {}, the total {}",
                    sum(y),
                    self.total[y]
                )
            })
            .collect()
    }
}

impl RollForward {
    /// Rolls an opening balance forward to the given closing balances.
    ///
    /// `added` is what comes in each year (positive), `minor` the other moves with their signs; `removed` takes what is
    /// left to reach the closing balance. Where that would be less than nothing, more comes in.
    pub(crate) fn toward(
        oldest: i64,
        closing: ByYear,
        mut added: Item,
        minor: Vec<Item>,
        removed: Word,
    ) -> Self {
        let opening = openings(oldest, &closing);
        let mut out = [0; YEARS];
        for y in 0..YEARS {
            let others: i64 = minor.iter().map(|item| item.amounts[y]).sum();
            let left = opening[y] + added.amounts[y] + others - closing[y];
            let least = added.amounts[y] / 9;
            if left < least {
                added.amounts[y] += least - left;
            }
            out[y] = -left.max(least);
        }
        let mut moves = vec![added];
        moves.extend(minor);
        moves.push(removed.item(out));
        Self {
            opening,
            moves,
            closing,
        }
    }

    /// Years that do not roll.
    pub(crate) fn violations(&self, what: &str) -> Vec<String> {
        let mut out = Vec::new();
        for y in 0..YEARS {
            let moved: i64 = self.moves.iter().map(|m| m.amounts[y]).sum();
            if self.opening[y] + moved != self.closing[y] {
                out.push(format!("I6: {what} of year {y} does not roll forward"));
            }
            if y + 1 < YEARS && self.opening[y] != self.closing[y + 1] {
                out.push(format!(
                    "I6: {what} of year {y} opens apart from where it closed"
                ));
            }
        }
        out
    }
}

/// Opening balances that follow from closing ones.
pub(crate) fn openings(oldest: i64, closing: &ByYear) -> ByYear {
    std::array::from_fn(|y| {
        if y + 1 < YEARS {
            closing[y + 1]
        } else {
            oldest
        }
    })
}

/// A balance that follows revenue half way and grows by 2 % a year beside: `share` hundredths of a percent of the newest revenue, noise of
/// two `sd` tenths of a percent a year, never below `least`.
pub(crate) fn trail(draw: &mut Draw, revenue: &ByYear, share: i64, sd: i64, least: i64) -> ByYear {
    let mut out = [scale(revenue[0], share, 10_000).max(least); YEARS];
    for y in 1..YEARS {
        let growth =
            (scale(1000, revenue[y - 1], revenue[y]) - 1000) / 2 + 25 + draw.normal(2 * sd);
        out[y] = scale(out[y - 1], 1000, 1000 + growth.clamp(-450, 900)).max(least);
    }
    out
}

/// A small amount by year that jumps, about `share` hundredths of a percent of `of`.
pub(crate) fn jumpy(draw: &mut Draw, of: &ByYear, share: i64) -> ByYear {
    let mut level = share * 1000;
    of.map(|amount| {
        let out = scale(amount, level, 10_000_000);
        level = scale(level, 1000, 1000 + jump(draw)).clamp(share * 60, share * 9000);
        out
    })
}

/// A small amount that is there in some years only and may have either sign.
pub(crate) fn sometimes(draw: &mut Draw, of: &ByYear, share: i64, positive_pct: u32) -> ByYear {
    let quiet = draw.chance(15);
    let amounts = jumpy(draw, of, share);
    amounts.map(|amount| match draw.below(100) {
        0..8 => 0,
        _ if quiet && draw.chance(40) => 0,
        _ if draw.chance(positive_pct) => amount,
        _ => -amount,
    })
}
