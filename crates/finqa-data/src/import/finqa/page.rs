//! A page's table, put together from FinQA's two copies of it.
//!
//! `table_ori` holds the cells as the report shows them, with HTML tags and with the header in several rows.
//! `table` is a tokenised copy: header rows merged, lower case, commas gone, negatives doubled (`-12 ( 12 )`),
//! percentages doubled (`62% ( 62 % )`), and, worst, every em dash turned into the text `2014` and every en dash
//! into `2013`, so that an empty cell reads as a year. Cells come from `table_ori` wherever its row fits; a row
//! that does not fit keeps its tokens, cleaned as far as that is possible.

use super::super::qa::header::{self, Header};
use super::super::qa::number;
use super::super::qa::words;

/// Header and body of a table, and which row of FinQA's `table` each body row is.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) header: Header,
    pub(super) body: Vec<Vec<String>>,
    /// For every body row its index in `table`, by which annotators name it; `None` where it was merged away.
    pub(super) origin: Vec<Option<usize>>,
}

/// Removes tags and entities from a cell of `table_ori`.
fn plain(cell: &str) -> String {
    let mut out = String::with_capacity(cell.len());
    let mut rest = cell;
    while let Some(open) = rest.find('<') {
        let Some(close) = rest[open..].find('>') else {
            break;
        };
        out.push_str(&rest[..open]);
        // A superscript is a footnote mark; without a blank it would become part of a number.
        if rest[open..].starts_with("<sup") {
            out.push(' ');
        }
        rest = &rest[open + close + 1..];
    }
    out.push_str(rest);
    let decoded = out
        .replace("&nbsp;", " ")
        .replace("&amp;", "&")
        .replace("&lt;", "<")
        .replace("&gt;", ">");
    words::collapse(&decoded)
}

/// A cell of `table` without its doubled copy in parentheses.
pub(super) fn undoubled(cell: &str) -> String {
    let cell = words::collapse(cell);
    if let Some(inner) = cell.strip_prefix('(').and_then(|c| c.strip_suffix(')')) {
        let inside = undoubled(inner);
        if inside != inner.trim() {
            return format!("({inside})");
        }
    }
    if let Some(open) = cell.strip_suffix(')').and_then(|c| c.rfind('(')) {
        let kept = cell[..open].trim_end();
        let copy: String = cell[open..].chars().filter(char::is_ascii_digit).collect();
        let digits: String = kept.chars().filter(char::is_ascii_digit).collect();
        if number::read(kept).is_some() && (copy.is_empty() || copy == digits) {
            return kept.to_owned();
        }
    }
    cell.replace(" 2019s ", "'s ")
}

/// Letters and digits of a text as the tokenised copy writes them, dashes as the years they became.
fn tokens(text: &str) -> Vec<String> {
    text.replace('–', " 2013 ")
        .replace('—', " 2014 ")
        .replace(',', "")
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A merged title with its last part as the report shows it: "payments 2 2013 3 years" gets its dash back.
fn restored_title(merged: &str, last: Option<&String>) -> String {
    let merged = words::collapse(merged);
    let Some(last) = last.filter(|l| l.contains(['–', '—'])) else {
        return merged;
    };
    let ends = tokens(last);
    let mut rest = merged.as_str();
    for token in ends.iter().rev() {
        let trimmed = rest.trim_end_matches(|c: char| !c.is_alphanumeric());
        let Some(shorter) = trimmed
            .to_lowercase()
            .strip_suffix(token.as_str())
            .map(str::len)
        else {
            return merged;
        };
        // Lower case can be longer or shorter than what it stands for.
        let Some(before) = trimmed.get(..shorter) else {
            return merged;
        };
        rest = before;
    }
    words::collapse(&format!("{rest} {last}"))
}

/// Takes "( dollars in millions )" off the front of a merged title, where it repeats over every column.
fn without_unit(title: &str, notes: &mut Vec<String>) -> String {
    if let Some(end) = title.strip_prefix('(').and_then(|t| t.find(')')) {
        let (unit, rest) = title.split_at(end + 2);
        if header::stated_scale(unit).is_some() && !rest.trim().is_empty() {
            if !notes.iter().any(|n| n == unit) {
                notes.push(unit.to_owned());
            }
            return rest.trim().to_owned();
        }
    }
    title.to_owned()
}

/// The header rows of the report in full width, each spanning title at the start of its block of columns.
///
/// The copy writes the first spanning title over every column but the last ("three months ended change" where the
/// report says twelve), so the report's own rows are taken wherever their titles divide the columns evenly.
fn spread_heads(heads: &[Vec<String>], merged: &[String]) -> Option<Vec<Vec<String>>> {
    let width = merged.len();
    let (last, spanning) = heads
        .split_last()
        .filter(|(last, above)| width > 1 && last.len() == width && !above.is_empty())?;
    let mut rows = Vec::new();
    for row in spanning {
        if row.len() == width {
            rows.push(row.clone());
            continue;
        }
        let first = row.first()?;
        let labelled = first.is_empty() || tokens(&merged[0]).starts_with(&tokens(first));
        let (label, titles) = if labelled {
            (first.as_str(), &row[1..])
        } else {
            ("", &row[..])
        };
        if titles.is_empty() || !(width - 1).is_multiple_of(titles.len()) {
            return None;
        }
        let block = (width - 1) / titles.len();
        let mut full = vec![String::new(); width];
        label.clone_into(&mut full[0]);
        for (k, title) in titles.iter().enumerate() {
            full[1 + k * block].clone_from(title);
        }
        rows.push(full);
    }
    rows.push(last.clone());
    // With a row of data below, all of them must be read as header.
    let mut probe = rows.clone();
    probe.push(vec!["1".to_owned(); width]);
    (header::count(&probe) == rows.len()).then_some(rows)
}

/// Puts a page's table together; the error says what is wrong with it.
pub(super) fn restore(table: &[Vec<String>], ori: &[Vec<String>]) -> Result<Page, String> {
    let width = table.first().map_or(0, Vec::len);
    if width == 0 {
        return Err("the table has no first row".to_owned());
    }
    if let Some((r, row)) = table.iter().enumerate().find(|(_, row)| row.len() != width) {
        let len = row.len();
        return Err(format!(
            "row {r} has {len} cells, row 0 has {width}; all rows must be equally long"
        ));
    }
    let ori: Vec<Vec<String>> = ori
        .iter()
        .map(|row| row.iter().map(|c| plain(c)).collect())
        .collect();
    let merged = (ori.len() + 1)
        .checked_sub(table.len())
        .filter(|m| (1..=4).contains(m));
    let body = |r: usize| -> Vec<String> {
        let original = merged.and_then(|m| ori.get(r + m - 1));
        match original {
            Some(row) if row.len() == width && fits(&table[r], row) => row.clone(),
            // A footnote over the whole width is repeated in every cell of the copy.
            Some(row) if row.len() == 1 => {
                let mut cells = vec![String::new(); width];
                cells[0].clone_from(&row[0]);
                cells
            }
            _ => table[r].iter().map(|c| undoubled(c)).collect(),
        }
    };
    let mut rows: Vec<(Option<usize>, Vec<String>)> = Vec::new();
    let heads = merged.map_or(&[][..], |m| &ori[..m]);
    let whole = heads.iter().all(|row| row.len() == width);
    let swallowed = whole && heads.len() > 1 && header::count(&ori) < heads.len();
    if (heads.len() == 1 && whole) || swallowed {
        // Nothing was merged, or a row of data was merged into the header: the report's own rows are right.
        rows.extend(
            heads
                .iter()
                .map(|row| ((heads.len() == 1).then_some(0), row.clone())),
        );
    } else if let Some(spread) = spread_heads(heads, &table[0]) {
        rows.extend(spread.into_iter().map(|row| (None, row)));
    } else {
        let last = heads.last().filter(|row| row.len() == width);
        let titles = table[0]
            .iter()
            .enumerate()
            .map(|(c, title)| restored_title(&undoubled(title), last.and_then(|row| row.get(c))));
        rows.push((Some(0), titles.collect()));
    }
    rows.extend((1..table.len()).map(|r| (Some(r), body(r))));
    rows.retain(|(_, cells)| cells.iter().any(|c| !c.is_empty()));

    let cells: Vec<Vec<String>> = rows.iter().map(|(_, cells)| cells.clone()).collect();
    let count = header::count(&cells);
    let mut notes = Vec::new();
    let mut heads = cells[..count].to_vec();
    for title in heads.iter_mut().flatten() {
        *title = without_unit(title, &mut notes);
    }
    heads.extend_from_slice(&cells[count..]);
    let mut header = header::read(&heads, count);
    notes.extend(std::mem::take(&mut header.notes));
    header.notes = notes;
    Ok(Page {
        header,
        origin: rows[count..].iter().map(|(origin, _)| *origin).collect(),
        body: heads.split_off(count),
    })
}

/// The row of the report and the row of the copy show the same: label or some number agree.
fn fits(copy: &[String], original: &[String]) -> bool {
    tokens(&copy[0]) == tokens(&original[0])
        || copy.iter().zip(original).skip(1).any(|(c, o)| {
            let (c, o) = (number::read(&undoubled(c)), number::read(o));
            c.is_some() && c.map(|n| n.value) == o.map(|n| n.value)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubled_numbers_are_taken_apart() {
        for (cell, single) in [
            ("$ -12 ( 12 )", "$ -12"),
            ("62% ( 62 % )", "62%"),
            ("( 0.4 ) % (  % )", "( 0.4 ) %"),
            ("( 21% ( 21 % ) )", "(21%)"),
            ("visa inc. ( 1 )", "visa inc. ( 1 )"),
            ("5 ( 6 )", "5 ( 6 )"),
            ("( 12 )", "( 12 )"),
        ] {
            assert_eq!(undoubled(cell), single, "{cell}");
        }
    }

    #[test]
    fn titles_get_their_dash_back() {
        let last = "2 – 3 years".to_owned();
        assert_eq!(
            restored_title("payments due 2 2013 3 years", Some(&last)),
            "payments due 2 – 3 years"
        );
        assert_eq!(
            restored_title("payments due 2013", Some(&"2013".to_owned())),
            "payments due 2013"
        );
    }

    #[test]
    fn spanning_titles_stand_over_their_own_columns() {
        let rows = |rows: &[&[&str]]| -> Vec<Vec<String>> {
            rows.iter()
                .map(|r| r.iter().map(|s| (*s).to_owned()).collect())
                .collect()
        };
        let table = rows(&[
            &[
                "",
                "three months ended 2013",
                "three months ended change",
                "three months ended 2013",
                "change",
            ],
            &["sales", "5", "1", "20", "2"],
        ]);
        let ori = rows(&[
            &["", "Three Months Ended", "Twelve Months Ended"],
            &["", "2013", "Change", "2013", "Change"],
            &["Sales", "5", "1", "20", "2"],
        ]);
        let page = restore(&table, &ori).unwrap();
        assert_eq!(
            header::names(&page.header.titles)[1..],
            [
                "three_months_ended_2013",
                "three_months_ended_change",
                "twelve_months_ended_2013",
                "twelve_months_ended_change"
            ]
        );
        assert_eq!(page.origin, [Some(1)]);
    }

    #[test]
    fn tags_go_and_footnotes_stay_apart() {
        assert_eq!(plain("Visa Inc.<sup>(1)</sup>"), "Visa Inc. (1)");
        assert_eq!(plain("50.3<i></i>"), "50.3");
    }
}
