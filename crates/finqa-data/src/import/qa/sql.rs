//! The query that fetches given cells of a table.

use std::collections::{BTreeSet, HashSet};

use finqa_core::gold::{CellRef, GoldQuery};

use super::grid::Grid;

/// One query for a set of cells, and where each cell stands in its result.
pub(crate) struct Fetch {
    pub(crate) query: GoldQuery,
    rows: Vec<usize>,
    columns: Vec<usize>,
}

fn name(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Fetch {
    /// The query for `cells` (row, column): the label column and the needed columns, filtered by label, and by rowid
    /// too where a label stands in several rows (rows are stored in table order, so rowid is the row plus one).
    pub(crate) fn new(grid: &Grid, cells: &[(usize, usize)]) -> Self {
        let rows: BTreeSet<usize> = cells.iter().map(|c| c.0).collect();
        let columns: BTreeSet<usize> = cells.iter().map(|c| c.1).chain([0]).collect();
        let names: Vec<String> = columns
            .iter()
            .map(|&c| name(&grid.table.columns[c]))
            .collect();
        let mut seen = HashSet::new();
        let labels: Vec<&str> = rows
            .iter()
            .map(|&r| grid.cell(r, 0))
            .filter(|l| seen.insert(*l))
            .collect();
        let ambiguous = (0..grid.num_rows())
            .any(|r| !rows.contains(&r) && labels.contains(&grid.cell(r, 0)))
            || labels.len() < rows.len();
        let label = name(&grid.table.columns[0]);
        let mut filter = match labels.as_slice() {
            [one] => format!("{label} = {}", literal(one)),
            several => {
                let list: Vec<String> = several.iter().map(|l| literal(l)).collect();
                format!("{label} IN ({})", list.join(", "))
            }
        };
        if ambiguous {
            let ids: Vec<String> = rows.iter().map(|r| (r + 1).to_string()).collect();
            filter = match ids.as_slice() {
                [one] => format!("{filter} AND rowid = {one}"),
                _ => format!("{filter} AND rowid IN ({})", ids.join(", ")),
            };
        }
        let sql = format!(
            "SELECT {} FROM {} WHERE {filter}",
            names.join(", "),
            name(&grid.table.name)
        );
        Self {
            query: GoldQuery {
                company: grid.company.clone(),
                table: grid.table.name.clone(),
                sql,
            },
            rows: rows.into_iter().collect(),
            columns: columns.into_iter().collect(),
        }
    }

    /// Where `cell` stands in the result. It must be one of the cells that the query was made for.
    pub(crate) fn place(&self, cell: (usize, usize)) -> CellRef {
        let index = |all: &[usize], wanted: usize| {
            all.iter()
                .position(|&x| x == wanted)
                .map_or(0, |i| i as u16)
        };
        CellRef {
            query: 0,
            row: index(&self.rows, cell.0),
            column: index(&self.columns, cell.1),
        }
    }
}
