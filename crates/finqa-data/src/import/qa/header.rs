//! Header rows of a table of strings: how many there are, what the columns are called, what else they say.
//!
//! A header row is a leading row without a number that is no year, at most four of them. A row that fills only its
//! first cell is a section heading (`"Deferred tax assets:"`) and ends the header, unless it states a unit or stands
//! first. A labelled row below a row that names every column is data even if it holds no number
//! (`"Dividend yield", "None", "None"`). A header over several columns is written over one of them and the rest are empty: a lone one belongs to
//! the whole table and goes into the description, several are spread over the columns they stand for.

use finqa_core::answer::Scale;

use super::number;
use super::words;

/// What the header says.
#[derive(Debug, Default)]
pub(crate) struct Header {
    /// Leading rows that it takes.
    pub(crate) rows: usize,
    /// A title for every column; may be empty.
    pub(crate) titles: Vec<String>,
    /// What belongs to the whole table.
    pub(crate) notes: Vec<String>,
}

/// Most header rows that a table can have.
const MAX_ROWS: usize = 4;

fn holds_value(cell: &str) -> bool {
    !number::is_year(cell) && !is_marked_year(cell) && number::read(cell).is_some()
}

/// A year with a footnote digit glued to it: `20181` was 2018¹.
fn is_marked_year(cell: &str) -> bool {
    let digits = cell.len() == 5 && cell.bytes().all(|b| b.is_ascii_digit());
    digits && number::is_year(&cell[..4]) && !cell.ends_with('0')
}

/// The scale that a text states: "in millions", "$'000", "USDm".
pub(crate) fn stated_scale(text: &str) -> Option<Scale> {
    let lower = text.to_lowercase();
    if lower.contains("'000")
        || lower.contains("’000")
        || lower.contains("$000")
        || lower.contains("£000")
    {
        return Some(Scale::Thousand);
    }
    lower
        .split(|c: char| !c.is_alphanumeric() && c != '$' && c != '£' && c != '€')
        .find_map(|word| match word {
            "thousands" | "thousand" | "usd000" => Some(Scale::Thousand),
            "millions" | "million" | "$m" | "£m" | "€m" | "usdm" | "rmbm" => {
                Some(Scale::Million)
            }
            "billions" | "billion" | "$bn" | "£bn" | "€bn" => Some(Scale::Billion),
            _ => None,
        })
}

/// A text that says nothing but a unit: "(in millions)", "$'000", "(dollars in thousands, except per share data)".
fn is_unit(text: &str) -> bool {
    let t = text.trim();
    let bare = t.trim_matches(['(', ')']);
    let lower = bare.to_lowercase();
    stated_scale(t).is_some()
        && (t.starts_with('(')
            || lower.starts_with("in ")
            || lower.starts_with("amounts")
            || bare.len() <= 24)
}

/// How many leading rows are header; 0 if the first row already holds data.
pub(crate) fn count(rows: &[Vec<String>]) -> usize {
    let mut named = false;
    let mut complete = false;
    let mut count = 0;
    for row in rows.iter().take(MAX_ROWS.min(rows.len().saturating_sub(1))) {
        let rest = row.get(1..).unwrap_or_default();
        if rest.iter().any(|c| holds_value(c)) {
            break;
        }
        let alone = rest.iter().all(String::is_empty);
        let label = row.first().map_or("", String::as_str);
        if !is_unit(label) && (alone && named || complete && !label.is_empty()) {
            break;
        }
        named |= !alone;
        complete |= rest.iter().all(|c| !c.is_empty());
        count += 1;
    }
    if named { count } else { 0 }
}

/// Reads the first `count` rows as header.
pub(crate) fn read(rows: &[Vec<String>], count: usize) -> Header {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut header = Header {
        rows: count,
        titles: vec![String::new(); width],
        notes: Vec::new(),
    };
    let mut units = vec![String::new(); width];
    for row in &rows[..count] {
        let label = row.first().map_or("", String::as_str);
        let spread = spread(row, width, &mut header.notes);
        let alone = row
            .get(1..)
            .unwrap_or_default()
            .iter()
            .all(String::is_empty);
        if alone || is_unit(label) {
            note(&mut header.notes, label);
        } else {
            join(&mut header.titles[0], label);
        }
        for (c, part) in spread.iter().enumerate().skip(1) {
            if is_unit(part) {
                note(&mut header.notes, part);
                units[c].clone_from(part);
            } else {
                join(&mut header.titles[c], part);
            }
        }
    }
    // A unit names a column only where nothing else does.
    for (title, unit) in header.titles.iter_mut().zip(units) {
        if title.is_empty() {
            *title = unit;
        }
    }
    header
}

fn note(notes: &mut Vec<String>, text: &str) {
    if !text.is_empty() && !notes.iter().any(|n| n == text) {
        notes.push(text.to_owned());
    }
}

fn join(title: &mut String, part: &str) {
    if part.is_empty() || title == part {
        return;
    }
    if !title.is_empty() {
        title.push(' ');
    }
    title.push_str(part);
}

/// The header of every column in one header row.
fn spread(row: &[String], width: usize, notes: &mut Vec<String>) -> Vec<String> {
    let mut cells: Vec<String> = row.to_vec();
    cells.resize(width, String::new());
    let filled: Vec<usize> = (1..width).filter(|&c| !cells[c].is_empty()).collect();
    let columns = width.saturating_sub(1);
    if filled.is_empty() || filled.len() == columns {
        return cells;
    }
    if let [only] = filled.as_slice() {
        note(notes, &cells[*only]);
        cells[*only].clear();
        return cells;
    }
    // Blocks of equal width with one header each, wherever in its block it stands; else each runs on to the next.
    let block = columns / filled.len();
    let regular = columns.is_multiple_of(filled.len())
        && filled
            .iter()
            .enumerate()
            .all(|(k, &c)| (c - 1) / block == k);
    if regular {
        let heads: Vec<String> = filled.iter().map(|&c| cells[c].clone()).collect();
        for c in 1..width {
            cells[c].clone_from(&heads[(c - 1) / block]);
        }
    } else {
        for c in 2..width {
            if cells[c].is_empty() {
                let left = cells[c - 1].clone();
                cells[c] = left;
            }
        }
    }
    cells
}

/// A column name: lower-case words joined by underscores; a year stays a year, `%` is "percent".
pub(crate) fn slug(title: &str) -> String {
    let title = words::without_footnotes(title);
    let title = if is_marked_year(title) {
        &title[..4]
    } else {
        title
    };
    let mut out = String::new();
    for c in title.replace('%', " percent ").to_lowercase().chars() {
        if c.is_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('_') && !matches!(c, '\'' | '’') {
            out.push('_');
        }
    }
    out.truncate(out.trim_end_matches('_').len());
    out
}

/// Column names for titles: `item` or `col_i` where a title is empty, `_2` for repeats.
pub(crate) fn names(titles: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(titles.len());
    for (i, title) in titles.iter().enumerate() {
        let base = match slug(title) {
            s if !s.is_empty() => s,
            _ if i == 0 => "item".to_owned(),
            _ => format!("col_{i}"),
        };
        let mut name = base.clone();
        let mut n = 2;
        while names.contains(&name) {
            name = format!("{base}_{n}");
            n += 1;
        }
        names.push(name);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter()
            .map(|r| r.iter().map(|s| (*s).to_owned()).collect())
            .collect()
    }

    fn columns(rows: &[&[&str]]) -> (usize, Vec<String>, Vec<String>) {
        let rows = table(rows);
        let h = read(&rows, count(&rows));
        (h.rows, names(&h.titles), h.notes)
    }

    #[test]
    fn a_lone_spanning_header_goes_into_the_description() {
        let (rows, names, notes) = columns(&[
            &["", "", "Fiscal", ""],
            &["", "2019", "2018", "2017"],
            &["Sales", "1", "2", "3"],
        ]);
        assert_eq!(
            (rows, names),
            (
                2,
                vec!["item".into(), "2019".into(), "2018".into(), "2017".into()]
            )
        );
        assert_eq!(notes, ["Fiscal"]);
    }

    #[test]
    fn several_spanning_headers_cover_their_columns() {
        let (_, names, _) = columns(&[
            &["", "North", "", "South", ""],
            &["", "2019", "2018", "2019", "2018"],
            &["Rate", "4.0%", "3.7%", "1.9%", "2.8%"],
        ]);
        assert_eq!(
            names,
            [
                "item",
                "north_2019",
                "north_2018",
                "south_2019",
                "south_2018"
            ]
        );
    }

    #[test]
    fn sections_and_units_below_the_years() {
        let (rows, names, notes) = columns(&[
            &["", "2019", "2018"],
            &["(in thousands)", "", ""],
            &["Assets:", "", ""],
            &["Cash", "1", "2"],
        ]);
        assert_eq!((rows, names[0].as_str()), (2, "item"));
        assert_eq!(notes, ["(in thousands)"]);
    }

    #[test]
    fn a_labelled_row_without_numbers_is_data() {
        let (rows, ..) = columns(&[
            &["Plan", "2019", "2018"],
            &["Yield", "None", "None"],
            &["Rate", "2%", "3%"],
        ]);
        assert_eq!(rows, 1);
    }

    #[test]
    fn no_header_at_all() {
        assert_eq!(count(&table(&[&["Cash", "12"], &["Debt", "13"]])), 0);
    }

    #[test]
    fn footnote_digits_leave_years() {
        assert_eq!(
            (slug("20181"), slug("2018 (4)"), slug("% Change")),
            ("2018".into(), "2018".into(), "percent_change".into())
        );
    }
}
