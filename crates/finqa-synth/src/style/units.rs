//! Scales: where a table states its own, tables in thousands of a company in millions, descriptions.

use finqa_core::answer::Scale;

use super::calendar::year_end;
use super::house::House;
use super::names::slug;
use super::scale_words;
use crate::config::SynthConfig;
use crate::draw::Draw;
use crate::note::{Cell, Display, Note, Period, Quantity, Role};

/// Where a table states its scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Description,
    /// `2024_usd_millions`, `amount_in_millions`
    Columns,
    /// `in_millions`
    LabelHeader,
    Nowhere,
    /// There is nothing to scale: percentages, years.
    NotNeeded,
}

impl Place {
    pub(super) fn is_stated(self) -> bool {
        self != Self::Nowhere
    }
}

/// Quantities that have the table's scale.
fn is_scaled(quantity: Quantity) -> bool {
    matches!(quantity, Quantity::Money | Quantity::Shares)
}

fn any_scaled(note: &Note) -> bool {
    note.rows
        .iter()
        .any(|r| r.role != Role::Section && is_scaled(r.quantity))
}

/// What is scaled are shares, no money.
pub(super) fn is_shares(note: &Note) -> bool {
    any_scaled(note)
        && note
            .rows
            .iter()
            .all(|r| r.role == Role::Section || r.quantity != Quantity::Money)
}

/// Chooses where the scale stands; `must` says that it has to stand somewhere.
pub(super) fn place(
    note: &Note,
    display: Display,
    has_description: bool,
    must: bool,
    draw: &mut Draw,
) -> Place {
    let wanted = [
        Place::Description,
        Place::Columns,
        Place::LabelHeader,
        Place::Nowhere,
    ][draw.weighted(&[60, 16, 19, 5])];
    if !any_scaled(note) || display.scale == Scale::One {
        return Place::NotNeeded;
    }
    if wanted == Place::Nowhere && !must {
        return wanted;
    }
    let all_scaled = note
        .rows
        .iter()
        .all(|r| r.role == Role::Section || is_scaled(r.quantity));
    let plain_columns = note.columns.len() == 1 || note.columns.iter().all(|c| c.words.is_empty());
    let fits = |place: Place| match place {
        Place::Description => has_description,
        Place::Columns => all_scaled && plain_columns,
        Place::LabelHeader => note.label_header.is_none(),
        Place::Nowhere | Place::NotNeeded => false,
    };
    [
        wanted,
        Place::Description,
        Place::LabelHeader,
        Place::Columns,
    ]
    .into_iter()
    .find(|p| fits(*p))
    .unwrap_or(Place::Nowhere)
}

/// The description in snake case: topic, sometimes years, the unit if it stands here.
pub(super) fn description(
    note: &Note,
    display: Display,
    place: Place,
    years_are_lost: bool,
    house: &House,
    draw: &mut Draw,
) -> String {
    let mut words = note.topic.to_owned();
    let with_years = draw.chance(20);
    let form = draw.weighted(&[55, 15, 15, 15]);
    let percent = draw.chance(50);
    if years_are_lost || with_years {
        words.push_str(&years(note, house));
    }
    if place == Place::Description {
        let unit = scale_words(display.scale);
        words.push(' ');
        let counts = ["in", "shares in", "number of shares in", "amounts in"];
        let money = ["in", "usd", "dollars in", "amounts in"];
        words.push_str(if is_shares(note) { counts } else { money }[form]);
        words.push(' ');
        words.push_str(unit);
        if note.rows.iter().any(|r| r.quantity == Quantity::PerShare) {
            words.push_str(" except per share amounts");
        }
    } else if place == Place::NotNeeded && percent {
        let rates = |q| matches!(q, Quantity::Rate | Quantity::FineRate);
        if note.rows.iter().all(|r| rates(r.quantity)) {
            words.push_str(" in percent");
        }
    }
    slug(&words)
}

/// " december 31 2024 and december 31 2023", in the order of the columns.
fn years(note: &Note, house: &House) -> String {
    let mut ends: Vec<String> = Vec::new();
    for column in &note.columns {
        let text = match column.period {
            Period::YearEnd(year) => year_end(&house.calendar, year),
            period => format!("fiscal {}", period.year()),
        };
        if !ends.contains(&text) {
            ends.push(text);
        }
    }
    format!(" {}", ends.join(" and "))
}

/// The note in thousands, its company showing millions; `None` where that cannot be.
///
/// Every amount becomes its value in millions times 1,000 plus a rest of less than half a million, so that rounding it
/// gives the company's amount again. Rests are drawn for the rows and columns that are no sums; the others follow, so
/// that every sum of the note holds in thousands too.
pub(super) fn in_thousands(
    note: &Note,
    company: Display,
    draw: &mut Draw,
) -> Option<(Note, Display)> {
    let is_pure = note
        .rows
        .iter()
        .all(|r| r.role == Role::Section || r.quantity == Quantity::Money);
    let has_text =
        |c: &Cell| matches!(c, Cell::Text(t) if t.contains(|c: char| c.is_ascii_digit()));
    let texts = note.rows.iter().any(|r| r.cells.iter().any(has_text));
    if company.scale != Scale::Million || company.decimals > 2 || !is_pure || texts {
        return None;
    }
    let factor = 10_i64.pow(3 - u32::from(company.decimals));
    // A narrower draw where rests add up to more than half a unit too often.
    for width in [
        factor / 2,
        factor / 4,
        factor / 8,
        factor / 16,
        factor / 64,
        1,
    ] {
        for _ in 0..12 {
            let refined = refine(note, factor, (width - 1).max(0), draw);
            if refined.violations().is_empty() && rounds_back(note, &refined, factor) {
                let display = Display {
                    scale: Scale::Thousand,
                    decimals: 0,
                    share_decimals: 0,
                };
                return Some((refined, display));
            }
        }
    }
    None
}

/// Every amount rounds to the one it was made from.
fn rounds_back(coarse: &Note, fine: &Note, factor: i64) -> bool {
    coarse.rows.iter().zip(&fine.rows).all(|(a, b)| {
        a.cells.iter().zip(&b.cells).all(|(a, b)| {
            let (Some(a), Some(b)) = (a.number(), b.number()) else {
                return true;
            };
            (b - a * factor).abs() * 2 < factor
        })
    })
}

fn refine(note: &Note, factor: i64, most: i64, draw: &mut Draw) -> Note {
    let mut fine = note.clone();
    let (rows, columns) = (note.rows.len(), note.columns.len());
    for row in &mut fine.rows {
        for cell in &mut row.cells {
            if let Cell::Number(n) = cell {
                // A dash stays a dash.
                let rest = if *n == 0 { 0 } else { draw.range(-most, most) };
                *cell = Cell::Number(*n * factor + rest);
            }
        }
    }
    // Oldest year first, so that a balance opens with what the year before closed with.
    let mut by_age: Vec<usize> = (0..columns).collect();
    by_age.sort_by_key(|&c| note.columns[c].period.year());
    for &c in &by_age {
        carry_forward(note, &mut fine, c);
        add_up(note, &mut fine, c);
    }
    for sum in &note.column_sums {
        for r in 0..rows {
            let parts = sum
                .parts
                .iter()
                .map(|&(c, sign)| Some(fine.number(r, c)? * i64::from(sign)));
            if let (Some(total), Some(_)) = (parts.sum::<Option<i64>>(), fine.number(r, sum.total))
            {
                fine.rows[r].cells[sum.total] = Cell::Number(total);
            }
        }
    }
    for c in note.column_sums.iter().map(|s| s.total) {
        add_up(note, &mut fine, c);
    }
    fine
}

/// Works out the rows of column `c` that are sums; a sum of sums needs as many rounds as it is deep.
fn add_up(note: &Note, fine: &mut Note, c: usize) {
    for _ in 0..note.sums.len() {
        let mut changed = false;
        for sum in &note.sums {
            let parts = sum
                .parts
                .iter()
                .map(|&(r, sign)| Some(fine.number(r, c)? * i64::from(sign)));
            let (Some(total), Some(old)) = (parts.sum::<Option<i64>>(), fine.number(sum.total, c))
            else {
                continue;
            };
            changed |= total != old;
            fine.rows[sum.total].cells[c] = Cell::Number(total);
        }
        if !changed {
            return;
        }
    }
}

fn carry_forward(note: &Note, fine: &mut Note, c: usize) {
    let this = &note.columns[c];
    let before = note
        .columns
        .iter()
        .position(|o| o.words == this.words && o.period.year() + 1 == this.period.year());
    let closing = note.rows.iter().rposition(|r| r.role == Role::Closing);
    let opening = note.rows.iter().position(|r| r.role == Role::Opening);
    if let (Some(before), Some(closing), Some(opening)) = (before, closing, opening)
        && note.number(closing, before) == note.number(opening, c)
        && let Some(value) = fine.number(closing, before)
    {
        fine.rows[opening].cells[c] = Cell::Number(value);
    }
}

/// Whether this table is one of those in another scale than the company's.
pub(super) fn is_mismatched(config: &SynthConfig, draw: &mut Draw) -> bool {
    draw.chance(config.unit_mismatch_pct)
}

#[cfg(test)]
mod tests {
    use super::super::cells::tests::house;
    use super::*;
    use crate::draw::{Key, Stream};
    use crate::note::{Column, Label, Row, Sum, year_columns, year_end_columns};
    use crate::split::SplitName;

    fn draw(index: u32) -> Draw {
        let key = Key {
            seed: 1,
            split: SplitName::Val,
            index,
        };
        Draw::new(key, Stream::Style)
    }

    const MILLIONS: Display = Display {
        scale: Scale::Million,
        decimals: 0,
        share_decimals: 1,
    };

    fn totals() -> Note {
        let mut note = Note::new("A", "a", year_columns(2024, 2));
        let parts: Vec<(usize, i8)> = (0..8)
            .map(|i| {
                let label = format!("part {i}");
                (note.part(Label::new(label), &[10 + i, 7 - i]), 1)
            })
            .collect();
        let all = note.total("total".into(), &parts);
        let less = note.part("less".into(), &[-4, 0]);
        note.total("net".into(), &[(all, 1), (less, 1)]);
        note
    }

    #[test]
    fn thousands_round_to_the_millions_they_came_from() {
        for i in 0..100 {
            let (fine, display) = in_thousands(&totals(), MILLIONS, &mut draw(i)).unwrap();
            assert_eq!(display.scale, Scale::Thousand);
            assert_eq!(fine.violations(), [""; 0]);
            assert!(rounds_back(&totals(), &fine, 1000));
            assert_eq!(fine.number(7, 1), Some(0), "a dash stays a dash");
            assert_eq!(fine.number(9, 1), Some(0), "a dash stays a dash");
            assert!((0..7).any(|r| fine.number(r, 0).unwrap() % 1000 != 0));
        }
    }

    #[test]
    fn decimals_of_the_company_count() {
        let company = Display {
            decimals: 1,
            ..MILLIONS
        };
        let (fine, display) = in_thousands(&totals(), company, &mut draw(0)).unwrap();
        assert_eq!(display.decimals, 0);
        assert!(rounds_back(&totals(), &fine, 100));
    }

    #[test]
    fn sums_of_columns_hold_too() {
        let words = ["level 1", "level 2", "total"];
        let columns = words.map(|w| Column::named(Period::YearEnd(2024), w));
        let mut note = Note::new("A", "a", columns.to_vec());
        let parts = [[1, 2, 3], [4, 5, 9], [7, 0, 7]];
        let parts: Vec<(usize, i8)> = parts
            .iter()
            .map(|p| (note.part("x".into(), p), 1))
            .collect();
        note.total("total".into(), &parts);
        note.column_sums.push(Sum {
            total: 2,
            parts: vec![(0, 1), (1, 1)],
        });
        for i in 0..50 {
            let (fine, _) = in_thousands(&note, MILLIONS, &mut draw(i)).unwrap();
            assert_eq!(fine.violations(), [""; 0]);
        }
    }

    #[test]
    fn balances_open_with_what_the_year_before_closed_with() {
        let mut note = Note::new("A", "a", year_end_columns(2024, 3));
        let open = note.push(Row::numbers(
            "begin".into(),
            Role::Opening,
            Quantity::Money,
            &[13, 11, 10],
        ));
        let add = note.part("additions".into(), &[5, 2, 1]);
        note.closing("end".into(), &[(open, 1), (add, 1)]);
        let (fine, _) = in_thousands(&note, MILLIONS, &mut draw(3)).unwrap();
        assert_eq!(fine.number(0, 0), fine.number(2, 1));
        assert_eq!(fine.number(0, 1), fine.number(2, 2));
        assert_ne!(fine.number(0, 0).unwrap() % 1000, 0);
    }

    #[test]
    fn what_hangs_on_rounding_stays_in_the_companys_scale() {
        let mut note = totals();
        note.push(Row::numbers(
            "per share".into(),
            Role::Single,
            Quantity::PerShare,
            &[1, 2],
        ));
        assert!(in_thousands(&note, MILLIONS, &mut draw(0)).is_none());
        let thousands = Display {
            scale: Scale::Thousand,
            ..MILLIONS
        };
        assert!(in_thousands(&totals(), thousands, &mut draw(0)).is_none());
    }

    #[test]
    fn descriptions_state_the_unit_where_it_is_placed() {
        let texts = |place| -> Vec<String> {
            (0..60)
                .map(|i| description(&totals(), MILLIONS, place, false, &house(), &mut draw(i)))
                .collect()
        };
        assert!(
            texts(Place::Description)
                .iter()
                .all(|t| t.contains("millions"))
        );
        assert!(
            texts(Place::Columns)
                .iter()
                .all(|t| !t.contains("millions"))
        );
        let lost = description(
            &totals(),
            MILLIONS,
            Place::Description,
            true,
            &house(),
            &mut draw(1),
        );
        assert!(lost.contains("fiscal_2024_and_fiscal_2023"), "{lost}");
    }

    #[test]
    fn the_scale_stands_in_one_place() {
        let places = |note: &Note, has_description, must| -> Vec<Place> {
            (0..300)
                .map(|i| place(note, MILLIONS, has_description, must, &mut draw(i)))
                .collect()
        };
        let note = totals();
        let count = |places: &[Place], wanted| places.iter().filter(|p| **p == wanted).count();
        let all = places(&note, true, false);
        assert!((150..210).contains(&count(&all, Place::Description)));
        assert!((5..30).contains(&count(&all, Place::Nowhere)));
        assert_eq!(count(&places(&note, true, true), Place::Nowhere), 0);
        assert_eq!(count(&places(&note, false, false), Place::Description), 0);
        let mut rates = Note::new("A", "a", year_columns(2024, 2));
        rates.push(Row::numbers(
            "rate".into(),
            Role::Single,
            Quantity::Rate,
            &[1, 2],
        ));
        assert_eq!(count(&places(&rates, true, false), Place::NotNeeded), 300);
    }
}
