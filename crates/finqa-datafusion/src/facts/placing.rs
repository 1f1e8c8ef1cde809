//! Which facts stand together in a table, in which row and column.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::company::{Cell, Gathered, Shown};
use super::families::{family, identifier, snake, statement, words};
use super::filings::Filer;
use super::number::Decimal;
use super::period::{Calendar, Column};
use super::report::IngestReport;

/// A table before it is written.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) rows: Vec<SheetRow>,
}

#[derive(Debug)]
pub(super) struct SheetRow {
    pub(super) label: String,
    pub(super) tag: String,
    pub(super) unit: String,
    pub(super) values: BTreeMap<Column, Decimal>,
}

/// What the whole ingest knows of placing.
pub(super) struct Rules<'a> {
    /// Label of each standard tag.
    pub(super) labels: &'a HashMap<String, String>,
    pub(super) min_year: Option<i32>,
    pub(super) quarters: bool,
}

struct Placed<'a> {
    cell: &'a Cell,
    column: Column,
}

/// Cells with their columns, and which of them stand in a table.
struct Desk<'a> {
    placed: Vec<Placed<'a>>,
    used: Vec<bool>,
    rules: &'a Rules<'a>,
    prefix: String,
}

/// The tables of a company and the calendar of their columns; what has no place is counted in `report`.
pub(super) fn sheets(
    filer: &Filer,
    gathered: &Gathered,
    rules: &Rules<'_>,
    report: &mut IngestReport,
) -> (Calendar, Vec<Sheet>) {
    let calendar = calendar(filer, &gathered.cells);
    let mut placed = Vec::with_capacity(gathered.cells.len());
    for cell in &gathered.cells {
        match calendar.column(cell.period) {
            Err(reason) => report.leave_out(reason, 1),
            Ok(Column::Quarter(..)) if !rules.quarters => report.leave_out("quarter", 1),
            Ok(column) if rules.min_year.is_some_and(|min| column.year() < min) => {
                report.leave_out("before_min_year", 1);
            }
            Ok(column) => placed.push(Placed { cell, column }),
        }
    }
    let mut desk = Desk {
        used: vec![false; placed.len()],
        prefix: prefix(&gathered.cells),
        placed,
        rules,
    };
    let mut out = Vec::new();
    let mut plain: HashMap<&str, Vec<usize>> = HashMap::new();
    for (i, placed) in desk.placed.iter().enumerate() {
        if placed.cell.segments.is_empty() {
            plain.entry(&placed.cell.tag).or_default().push(i);
        }
    }
    desk.statements(&gathered.shown, &plain, &mut out);
    desk.families(&mut out);
    desk.segments(&plain, report, &mut out);
    let used = desk.used.iter().filter(|used| **used).count();
    report.used += used as u64;
    (calendar, out)
}

/// The calendar of a company; where no filing says it, that of most of its years.
fn calendar(filer: &Filer, cells: &[Cell]) -> Calendar {
    if !filer.infers_calendar {
        return filer.calendar;
    }
    let mut months = [0u32; 13];
    for cell in cells.iter().filter(|cell| cell.period.quarters == 4) {
        months[(cell.period.date / 100 % 100).clamp(0, 12) as usize] += 1;
    }
    let most = (1..13)
        .rev()
        .max_by_key(|&month| months[month])
        .unwrap_or(12);
    let end_month = if months[most] == 0 { 12 } else { most as i32 };
    Calendar {
        end_month,
        offset: 0,
    }
}

/// The taxonomy that most facts are of, as the start of table names.
fn prefix(cells: &[Cell]) -> String {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for cell in cells.iter().filter(|cell| !cell.taxonomy.is_empty()) {
        *counts.entry(&cell.taxonomy).or_default() += 1;
    }
    let most = counts
        .into_iter()
        .max_by_key(|(name, count)| (*count, std::cmp::Reverse(*name)));
    most.map_or(String::new(), |(taxonomy, _)| identifier(taxonomy) + "_")
}

/// A group of lines that one table shows.
struct Group<'s> {
    name: String,
    title: String,
    lines: Vec<&'s Shown>,
}

impl Desk<'_> {
    /// The tables that the presentation names.
    fn statements(
        &mut self,
        shown: &[Shown],
        plain: &HashMap<&str, Vec<usize>>,
        out: &mut Vec<Sheet>,
    ) {
        for group in Self::groups(shown) {
            let rows: Vec<(String, &str, bool, Vec<usize>)> = group
                .lines
                .iter()
                .filter_map(|line| {
                    let cells = plain.get(line.tag.as_str())?.clone();
                    let label = if line.label.is_empty() {
                        self.label(&line.tag)
                    } else {
                        line.label.clone()
                    };
                    Some((label, line.tag.as_str(), line.negating, cells))
                })
                .collect();
            self.table(&group.name, &group.title, &rows, out);
        }
    }

    /// Lines by statement. The latest filing says order and labels; lines of earlier ones follow.
    fn groups(shown: &[Shown]) -> Vec<Group<'_>> {
        let mut keys: Vec<(&str, bool, i32)> = Vec::new();
        let mut groups: Vec<Group<'_>> = Vec::new();
        let mut seen: HashSet<(usize, &str)> = HashSet::new();
        let latest_other = shown
            .iter()
            .find(|line| statement(&line.statement).is_none());
        for line in shown {
            let known = statement(&line.statement);
            if known.is_none() && latest_other.is_some_and(|first| first.filing != line.filing) {
                // Reports without a kind cannot be matched between filings.
                continue;
            }
            let report = if known.is_some() { 0 } else { line.report };
            let key = (line.statement.as_str(), line.parenthetical, report);
            let place = keys.iter().position(|k| *k == key).unwrap_or_else(|| {
                let (name, title) = known.map_or_else(
                    || (identifier(&line.tag), words(&line.tag)),
                    |(name, title)| (name.to_owned(), title.to_owned()),
                );
                let (name, title) = if line.parenthetical {
                    (name + "_parenthetical", title + " (parenthetical)")
                } else {
                    (name, title)
                };
                keys.push(key);
                groups.push(Group {
                    name,
                    title,
                    lines: Vec::new(),
                });
                keys.len() - 1
            });
            if seen.insert((place, &line.tag)) {
                groups[place].lines.push(line);
            }
        }
        groups
    }

    /// Facts that no statement shows, by their own word for it or by family.
    fn families(&mut self, out: &mut Vec<Sheet>) {
        let mut tables: BTreeMap<(String, String), BTreeMap<&str, Vec<usize>>> = BTreeMap::new();
        for (i, placed) in self.placed.iter().enumerate() {
            let cell = placed.cell;
            if self.used[i] || !cell.segments.is_empty() {
                continue;
            }
            let key = if cell.statement.is_empty() {
                let name = family(&cell.tag, cell.period.quarters == 0);
                (name.to_owned(), words(name))
            } else if let Some((name, title)) = statement(&cell.statement) {
                (name.to_owned(), title.to_owned())
            } else {
                (identifier(&cell.statement), words(&cell.statement))
            };
            tables
                .entry(key)
                .or_default()
                .entry(&cell.tag)
                .or_default()
                .push(i);
        }
        for ((name, title), tags) in tables {
            let rows: Vec<(String, &str, bool, Vec<usize>)> = tags
                .into_iter()
                .map(|(tag, cells)| {
                    let own = cells.iter().map(|i| &self.placed[*i].cell.label);
                    let own = own.rev().find(|label| !label.is_empty()).cloned();
                    (own.unwrap_or_else(|| self.label(tag)), tag, false, cells)
                })
                .collect();
            self.table(&name, &title, &rows, out);
        }
    }

    /// Facts of one dimension: a table for each tag and axis, with the total where it is known.
    fn segments(
        &mut self,
        plain: &HashMap<&str, Vec<usize>>,
        report: &mut IngestReport,
        out: &mut Vec<Sheet>,
    ) {
        let mut tables: BTreeMap<(&str, &str), BTreeMap<&str, Vec<usize>>> = BTreeMap::new();
        for (i, placed) in self.placed.iter().enumerate() {
            let cell = placed.cell;
            if cell.segments.is_empty() {
                continue;
            }
            let mut parts = cell
                .segments
                .split(';')
                .filter(|part| !part.trim().is_empty());
            let axis = parts.next().and_then(|part| part.split_once('='));
            match (axis, parts.next()) {
                (Some((axis, member)), None) => {
                    let rows = tables.entry((&cell.tag, axis.trim())).or_default();
                    rows.entry(member.trim()).or_default().push(i);
                }
                _ => report.leave_out("several_dimensions", 1),
            }
        }
        for ((tag, axis), members) in tables {
            if members.len() < 2 {
                report.leave_out(
                    "single_member",
                    members.values().map(|m| m.len() as u64).sum(),
                );
                continue;
            }
            let name = format!(
                "{}_by_{}",
                identifier(tag),
                snake(axis.trim_end_matches("Axis"))
            );
            let title = format!(
                "{} by {}",
                self.label(tag),
                words(axis.trim_end_matches("Axis")).to_lowercase()
            );
            let mut rows: Vec<(String, &str, bool, Vec<usize>)> = members
                .into_iter()
                .map(|(member, cells)| {
                    (words(member.trim_end_matches("Member")), tag, false, cells)
                })
                .collect();
            if let Some(total) = plain.get(tag) {
                let columns: HashSet<Column> = rows
                    .iter()
                    .flat_map(|row| row.3.iter().map(|i| self.placed[*i].column))
                    .collect();
                let total: Vec<usize> = total
                    .iter()
                    .copied()
                    .filter(|i| columns.contains(&self.placed[*i].column))
                    .collect();
                rows.push(("Total".to_owned(), tag, false, total));
            }
            self.table(&name, &title, &rows, out);
        }
    }

    /// One table of years and one of quarters, as far as there are cells.
    fn table(
        &mut self,
        name: &str,
        title: &str,
        rows: &[(String, &str, bool, Vec<usize>)],
        out: &mut Vec<Sheet>,
    ) {
        for of_quarters in [false, true] {
            let mut sheet = Sheet {
                name: format!(
                    "{}{name}{}",
                    self.prefix,
                    if of_quarters { "_quarterly" } else { "" }
                ),
                title: format!("{title}{}", if of_quarters { ", by quarter" } else { "" }),
                rows: Vec::new(),
            };
            for (label, tag, negating, cells) in rows {
                let mut by_unit: BTreeMap<&str, BTreeMap<Column, Decimal>> = BTreeMap::new();
                for &i in cells {
                    let Placed { cell, column } = &self.placed[i];
                    if matches!(column, Column::Quarter(..)) != of_quarters {
                        continue;
                    }
                    let value = if *negating {
                        cell.value.negated()
                    } else {
                        cell.value
                    };
                    // A balance and a flow of one tag and year, or two ends of a year: the first stands.
                    let row = by_unit.entry(&cell.unit).or_default();
                    if let std::collections::btree_map::Entry::Vacant(place) = row.entry(*column) {
                        place.insert(value);
                        self.used[i] = true;
                    }
                }
                for (unit, values) in by_unit {
                    sheet.rows.push(SheetRow {
                        label: label.clone(),
                        tag: (*tag).to_owned(),
                        unit: unit.to_owned(),
                        values,
                    });
                }
            }
            if !sheet.rows.is_empty() {
                out.push(sheet);
            }
        }
    }

    fn label(&self, tag: &str) -> String {
        self.rules
            .labels
            .get(tag)
            .cloned()
            .unwrap_or_else(|| words(tag))
    }
}
