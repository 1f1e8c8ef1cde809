//! What a question about two tables is about: two rows, how they are called, and the years that both show.

use super::figures::Figure;
use super::pairs::{GAPS, Pair, RATIOS, SUMS};
use super::{BASES, TableRow, cell, headline, positive};
use crate::draw::Draw;
use crate::note::{Period, Role};
use crate::questions::desk::{Desk, fold, is_generic};

/// One of the two rows.
#[derive(Clone, Debug)]
pub(super) struct Side {
    pub(super) row: TableRow,
    /// What it is called, without the table.
    pub(super) name: String,
    /// The table's topic, which no other table of the company has.
    pub(super) topic: &'static str,
    /// The name alone could mean a row of another table.
    needs_topic: bool,
}

/// Two rows of different tables.
pub(super) struct Chosen {
    /// What the catalogue says about the ratio of the two.
    pub(super) pair: Option<&'static Pair>,
    pub(super) sides: [Side; 2],
    /// Years for which both show a positive amount.
    pub(super) years: Vec<i32>,
}

/// Which operation the two rows are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Ratio,
    Gap,
    Sum,
}

/// Where rows come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The catalogue of what analysts set against each other.
    Catalogue,
    /// Any two totals: for companies without the tables.
    Shape,
}

/// Rows of a company that show the two figures of an entry of the catalogue.
struct Entry {
    pair: Option<&'static Pair>,
    names: [&'static str; 2],
    rows: [Vec<TableRow>; 2],
}

/// A ratio with the rows of two companies.
pub(super) type Shared<'s> = (
    &'static Pair,
    &'s [Vec<TableRow>; 2],
    &'s [Vec<TableRow>; 2],
);

/// What of the catalogue a company's tables show.
pub(super) struct Stock {
    ratios: Vec<Entry>,
    gaps: Vec<Entry>,
    sums: Vec<Entry>,
}

impl Stock {
    pub(super) fn of(desk: &Desk<'_>) -> Self {
        let entry = |top: &'static Figure, base: &'static Figure, pair| {
            let rows = [top.rows(desk), base.rows(desk)];
            let names = [top.name, base.name];
            (!rows[0].is_empty() && !rows[1].is_empty()).then_some(Entry { pair, names, rows })
        };
        let two = |list: &'static [(&'static Figure, &'static Figure)]| {
            list.iter().filter_map(|(a, b)| entry(a, b, None)).collect()
        };
        Self {
            ratios: RATIOS
                .iter()
                .filter_map(|p| entry(p.top, p.base, Some(p)))
                .collect(),
            gaps: two(&GAPS),
            sums: two(&SUMS),
        }
    }

    /// Two rows, the first of which passes `fits`.
    pub(super) fn choose(
        &self,
        desk: &Desk<'_>,
        (source, purpose): (Source, Use),
        draw: &mut Draw,
        fits: impl Fn(TableRow) -> bool,
    ) -> Option<Chosen> {
        if source == Source::Shape {
            return by_shape(desk, purpose, draw, fits);
        }
        let entries = match purpose {
            Use::Ratio => &self.ratios,
            Use::Gap => &self.gaps,
            Use::Sum => &self.sums,
        };
        let usable: Vec<&Entry> = entries
            .iter()
            .filter(|e| e.rows[0].iter().any(|r| fits(*r)))
            .collect();
        if usable.is_empty() {
            return None;
        }
        let entry = draw.pick(&usable);
        let tops: Vec<TableRow> = entry.rows[0].iter().copied().filter(|r| fits(*r)).collect();
        let rows = [draw.pick(&tops), draw.pick(&entry.rows[1])];
        let sides = [
            called(desk, rows[0], entry.names[0], draw)?,
            called(desk, rows[1], entry.names[1], draw)?,
        ];
        chosen(desk, entry.pair, sides)
    }

    /// Several rows of different tables, and the row that the catalogue sets all of them against.
    pub(super) fn several(
        &self,
        desk: &Desk<'_>,
        n: usize,
        draw: &mut Draw,
    ) -> Option<(Vec<Side>, Side)> {
        let of_base = |name: &str| {
            self.ratios
                .iter()
                .filter(|e| e.names[1] == name)
                .collect::<Vec<_>>()
        };
        let mut bases: Vec<&'static str> = self.ratios.iter().map(|e| e.names[1]).collect();
        bases.dedup();
        bases.retain(|name| of_base(name).len() >= n);
        if bases.is_empty() {
            return None;
        }
        let mut entries = of_base(draw.pick(&bases));
        draw.shuffle(&mut entries);
        let base = called(
            desk,
            draw.pick(&entries[0].rows[1]),
            entries[0].names[1],
            draw,
        )?;
        let mut sides: Vec<Side> = Vec::with_capacity(n);
        for entry in entries {
            let row = draw.pick(&entry.rows[0]);
            let is_new = row.0 != base.row.0 && sides.iter().all(|s| s.row.0 != row.0);
            if sides.len() < n && is_new {
                sides.push(called(desk, row, entry.names[0], draw)?);
            }
        }
        let names: Vec<String> = sides.iter().map(|s| fold(&s.name)).collect();
        let distinct = (0..names.len()).all(|i| !names[..i].contains(&names[i]));
        (sides.len() == n && distinct).then_some((sides, base))
    }

    /// Entries that two companies share: the ratio with the rows of both.
    pub(super) fn shared<'s>(&'s self, other: &'s Self) -> Vec<Shared<'s>> {
        let mut out = Vec::new();
        for own in &self.ratios {
            let same = |e: &&Entry| match (e.pair, own.pair) {
                (Some(a), Some(b)) => std::ptr::eq(a, b),
                _ => false,
            };
            if let (Some(pair), Some(theirs)) = (own.pair, other.ratios.iter().find(same)) {
                out.push((pair, &own.rows, &theirs.rows));
            }
        }
        out
    }
}

/// A row of the catalogue by its label, by a synonym, or as analysts say.
fn called(desk: &Desk<'_>, row: TableRow, usual: &'static str, draw: &mut Draw) -> Option<Side> {
    let sheet = &desk.sheets[row.0];
    let this = &sheet.rows()[row.1];
    let label = &this.label;
    let level = desk.view.config.paraphrase_level;
    let is_balance = matches!(this.role, Role::Opening | Role::Closing);
    let is_clear = |name: &&str| {
        !is_balance
            && !is_generic(name)
            && !name.contains(['(', ':', '$'])
            && !name.starts_with("less ")
    };
    let verbatim = Some(label.text.as_str()).filter(is_clear);
    let also = label.also.iter().copied().find(is_clear);
    let wanted = if level >= 2 {
        draw.weighted(&[45, 10, 45])
    } else {
        0
    };
    let name = match wanted {
        0 => verbatim.unwrap_or(usual),
        1 => also.unwrap_or(usual),
        _ => usual,
    };
    let needs_topic = is_balance
        || is_generic(&label.text)
        || [name, usual, &label.text]
            .into_iter()
            .any(|name| desk.namesakes(name, row).any(|(table, _)| table != row.0));
    Some(Side {
        row,
        name: name.to_owned(),
        topic: desk.topic(row.0)?,
        needs_topic,
    })
}

/// Two headlines of different tables, whatever they are.
fn by_shape(
    desk: &Desk<'_>,
    purpose: Use,
    draw: &mut Draw,
    fits: impl Fn(TableRow) -> bool,
) -> Option<Chosen> {
    let first = draw.below(desk.sheets.len());
    let second = if purpose == Use::Ratio {
        let stem = draw.pick(&BASES);
        let mut sheets = desk.sheets.iter();
        sheets.position(|s| s.written.note.stem == stem)?
    } else {
        draw.below(desk.sheets.len())
    };
    if first == second {
        return None;
    }
    let mut side = |table: usize| {
        let (row, _) = headline(desk, table, draw)?;
        let name = desk.name(table, row, draw)?;
        Some(Side {
            row: (table, row),
            needs_topic: name.needs_topic,
            name: name.text,
            topic: desk.topic(table)?,
        })
    };
    let sides = [side(first)?, side(second)?];
    if !fits(sides[0].row) {
        return None;
    }
    chosen(desk, None, sides)
}

/// The same quantity in two tables makes no ratio, and years are those that both show.
fn chosen(desk: &Desk<'_>, pair: Option<&'static Pair>, sides: [Side; 2]) -> Option<Chosen> {
    if sides[0].row.0 == sides[1].row.0 || fold(&sides[0].name) == fold(&sides[1].name) {
        return None;
    }
    let mut years: Vec<i32> = desk.sheets[sides[0].row.0]
        .columns()
        .iter()
        .map(|c| c.period.year())
        .collect();
    years.dedup();
    let amounts = |year| Some([0, 1].map(|i| positive(desk, sides[i].row, year)));
    years.retain(|y| matches!(amounts(*y), Some([Some(a), Some(b)]) if a != b));
    (!years.is_empty()).then_some(Chosen { pair, sides, years })
}

impl Chosen {
    pub(super) fn rows(&self) -> [TableRow; 2] {
        [self.sides[0].row, self.sides[1].row]
    }

    /// A year for which both rows also show the year before.
    pub(super) fn year_of_two(&self, draw: &mut Draw) -> Option<i32> {
        let late: Vec<i32> = self
            .years
            .iter()
            .copied()
            .filter(|y| self.years.contains(&(y - 1)))
            .collect();
        (!late.is_empty()).then(|| draw.pick(&late))
    }

    /// What the two are called on the lines of a report: short, and never the same.
    pub(super) fn names(&self) -> [&str; 2] {
        [&self.sides[0].name, &self.sides[1].name]
    }

    /// In which notes the two stand.
    pub(super) fn sources(&self) -> String {
        let [a, b] = &self.sides;
        format!(
            "Take {} from the note on {} and {} from the note on {}.",
            a.name, a.topic, b.name, b.topic
        )
    }
}

impl Side {
    /// The name with the table's topic where the name alone does not say which table, or always.
    pub(super) fn full(&self, always: bool) -> String {
        let says = fold(&self.name).contains(&fold(self.topic));
        if says || !(always || self.needs_topic) {
            self.name.clone()
        } else {
            format!("{} ({})", self.name, self.topic)
        }
    }
}

/// Whether a row shows amounts at a point in time.
pub(super) fn is_balance(desk: &Desk<'_>, (table, row): TableRow, year: i32) -> bool {
    let sheet = &desk.sheets[table];
    matches!(sheet.rows()[row].role, Role::Opening | Role::Closing)
        || cell(desk, (table, row), year)
            .is_some_and(|at| matches!(sheet.columns()[at.column].period, Period::YearEnd(_)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::SynthConfig;
    use crate::draw::{Key, Stream};
    use crate::identity::identity;
    use crate::ledger::Ledger;
    use crate::questions::View;
    use crate::questions::multi::{Maker, burden, number};
    use crate::split::SplitName;
    use crate::style::write_all;

    #[test]
    fn every_entry_of_the_catalogue_is_in_some_company() {
        let config = SynthConfig::default();
        let mut seen: BTreeMap<[&str; 2], usize> = BTreeMap::new();
        let mut fewest = usize::MAX;
        let (mut numbers, mut reports) = (0, 0);
        for index in 0..100 {
            let key = Key {
                seed: 3,
                split: SplitName::Train,
                index,
            };
            let identity = identity(key);
            let ledger = Ledger::new(key, &identity);
            let notes = crate::notes::of_company(key, &config, &identity, &ledger);
            let tables = write_all(notes, key, &ledger, &identity, &config);
            let view = View {
                key,
                config: &config,
                identity: &identity,
                ledger: &ledger,
                tables: &tables,
            };
            let desk = Desk::new(&view);
            let stock = Stock::of(&desk);
            let mut draw = Draw::nth(key, Stream::Questions, 0);
            let mut is_made = |maker: Maker| {
                (0..80).any(|_| maker(&desk, &stock, Source::Catalogue, &mut draw).is_some())
            };
            numbers += usize::from(is_made(number::ratio));
            reports += usize::from(is_made(burden::burden));
            fewest = fewest.min(stock.ratios.len());
            for entry in stock.ratios.iter().chain(&stock.gaps).chain(&stock.sums) {
                *seen.entry(entry.names).or_default() += 1;
            }
        }
        println!("{fewest} ratios at least, numbers {numbers} %, reports {reports} %; {seen:?}");
        assert!(numbers >= 98 && reports >= 98, "{numbers} {reports}");
        let pairs = RATIOS.iter().map(|p| [p.top.name, p.base.name]);
        let others = GAPS.iter().chain(&SUMS).map(|(a, b)| [a.name, b.name]);
        let missing: Vec<_> = pairs
            .chain(others)
            .filter(|n| !seen.contains_key(n))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
