//! Gold programs: the queries that fetch cells, and the check that the calculator comes to the truth.

use std::collections::BTreeSet;

use finqa_core::answer::cell_number;
use finqa_core::calculator::calculate;
use finqa_core::gold::{CellRef, GoldQuery};

use super::desk::Desk;
use super::sheet::At;
use crate::config::SqlStrictness;
use crate::style::Written;

/// A quoted name.
pub fn identifier(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A quoted text.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// One query a table for the cells, and where each cell stands in the results.
///
/// Rows are filtered by label, and by rowid too where a label stands in several rows (rows are stored in table order).
pub(crate) fn fetch(desk: &Desk<'_>, cells: &[At]) -> (Vec<GoldQuery>, Vec<CellRef>) {
    let company = &desk.view.identity.slug;
    let mut tables: Vec<usize> = Vec::new();
    for at in cells {
        if !tables.contains(&at.table) {
            tables.push(at.table);
        }
    }
    let mut queries = Vec::with_capacity(tables.len());
    let mut places = vec![None; cells.len()];
    for (query, &table) in tables.iter().enumerate() {
        let own: Vec<(usize, At)> = cells
            .iter()
            .copied()
            .enumerate()
            .filter(|(_, at)| at.table == table)
            .collect();
        let rows: BTreeSet<usize> = own.iter().map(|(_, at)| at.row).collect();
        let mut columns: Vec<usize> = Vec::new();
        for (_, at) in &own {
            if !columns.contains(&at.column) {
                columns.push(at.column);
            }
        }
        let strictness = desk.view.config.sql_strictness;
        let (sql, offset, whole) = select(desk.sheets[table].written, &rows, &columns, strictness);
        queries.push(GoldQuery {
            company: company.clone(),
            table: desk.sheets[table].written.table.name.clone(),
            sql,
        });
        for (i, at) in own {
            let row = if whole {
                at.row
            } else {
                rows.iter().position(|r| *r == at.row).unwrap_or_default()
            };
            let column = columns
                .iter()
                .position(|c| *c == at.column)
                .unwrap_or_default();
            places[i] = Some(CellRef {
                query: query as u16,
                row: row as u16,
                column: (column + offset) as u16,
            });
        }
    }
    (queries, places.into_iter().flatten().collect())
}

/// The query, how many columns of its result stand before the values, and whether it returns every row.
///
/// rLLM's guard takes LIMIT for a filter, OpenEnv's does not: where only the first must be passed, queries for several
/// rows, or for one whose label is not enough, read the whole column.
fn select(
    written: &Written,
    rows: &BTreeSet<usize>,
    columns: &[usize],
    strictness: SqlStrictness,
) -> (String, usize, bool) {
    let label = identifier(written.label_header());
    let mut shown: Vec<String> = columns
        .iter()
        .map(|&c| identifier(written.header(c)))
        .collect();
    let mut labels: Vec<&str> = Vec::new();
    for &row in rows {
        if !labels.contains(&written.label(row)) {
            labels.push(written.label(row));
        }
    }
    let repeated = labels.len() < rows.len()
        || (0..written.note.rows.len())
            .any(|r| !rows.contains(&r) && labels.contains(&written.label(r)));
    if strictness == SqlStrictness::Rllm && (repeated || rows.len() > 1) {
        shown.insert(0, label);
        let sql = format!(
            "SELECT {} FROM {} LIMIT {}",
            shown.join(", "),
            identifier(&written.table.name),
            written.note.rows.len()
        );
        return (sql, 1, true);
    }
    let mut filter = match labels.as_slice() {
        [one] => format!("{label} = {}", literal(one)),
        several => {
            let list: Vec<String> = several.iter().map(|l| literal(l)).collect();
            format!("{label} IN ({})", list.join(", "))
        }
    };
    if repeated {
        let ids: Vec<String> = rows.iter().map(|r| (r + 1).to_string()).collect();
        filter = match ids.as_slice() {
            [one] => format!("{filter} AND rowid = {one}"),
            _ => format!("{filter} AND rowid IN ({})", ids.join(", ")),
        };
    }
    let offset = usize::from(rows.len() > 1);
    if offset == 1 {
        shown.insert(0, label);
    }
    let sql = format!(
        "SELECT {} FROM {} WHERE {filter}",
        shown.join(", "),
        identifier(&written.table.name)
    );
    (sql, offset, false)
}

/// What the calculator makes of an expression over cells as they are shown, rounded half away from zero to `decimals`
/// digits, in units of the last.
pub(crate) fn calculated(
    desk: &Desk<'_>,
    expression: &str,
    cells: &[At],
    decimals: u8,
) -> Option<i128> {
    let numbers: Option<Vec<String>> = cells
        .iter()
        .map(|at| cell_number(desk.sheet(*at).written.shown(at.row, at.column)))
        .collect();
    calculated_from(expression, &numbers?, decimals)
}

/// The same from the numbers of the cells.
pub fn calculated_from(expression: &str, numbers: &[String], decimals: u8) -> Option<i128> {
    let mut text = expression.to_owned();
    for (i, number) in numbers.iter().enumerate() {
        let number = if number.starts_with('-') {
            format!("({number})")
        } else {
            number.clone()
        };
        text = text.replace(&format!("{{{i}}}"), &number);
    }
    rounded(&calculate(&text).ok()?, decimals)
}

fn rounded(text: &str, decimals: u8) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let width = usize::from(decimals);
    let up = fraction.as_bytes().get(width).is_some_and(|d| *d >= b'5');
    let kept = &fraction[..fraction.len().min(width)];
    let value: i128 = format!("{whole}{kept:0<width$}").parse().ok()?;
    let value = value + i128::from(up);
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calculator_texts_are_rounded_half_away() {
        for (text, decimals, want) in [
            ("1.005", 2, Some(101)),
            ("-1.005", 2, Some(-101)),
            ("12", 2, Some(1200)),
            ("0.20394", 3, Some(204)),
            ("1e30", 2, None),
        ] {
            assert_eq!(rounded(text, decimals), want, "{text}");
        }
    }
}
