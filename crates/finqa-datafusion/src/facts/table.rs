//! Sheets as tables of a corpus: numbers as filings write them, the unit in the description.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;

use finqa_core::{Company, Result, Table, Value};
use serde_json::Map;

use super::families::words;
use super::filings::Filer;
use super::period::{Calendar, Column};
use super::placing::{Sheet, SheetRow};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// What a row counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    Money,
    PerShare,
    Shares,
    Other,
}

fn measure(unit: &str) -> Measure {
    let is_code = |text: &str| text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase());
    match unit {
        "shares" => Measure::Shares,
        _ if is_code(unit) => Measure::Money,
        _ if unit
            .split_once('/')
            .is_some_and(|(money, per)| is_code(money) && per == "shares") =>
        {
            Measure::PerShare
        }
        _ => Measure::Other,
    }
}

/// The company with its tables, and how many cells hold a value.
pub(super) fn company(
    filer: &Filer,
    calendar: Calendar,
    sheets: Vec<Sheet>,
) -> Result<(Company, u64)> {
    let mut names = HashSet::new();
    let mut cells = 0;
    let mut tables = Vec::with_capacity(sheets.len());
    for mut sheet in sheets {
        let mut name = sheet.name.clone();
        let mut number = 2;
        while !names.insert(name.to_lowercase()) {
            name = format!("{}_{number}", sheet.name);
            number += 1;
        }
        sheet.name = name;
        cells += sheet
            .rows
            .iter()
            .map(|row| row.values.len() as u64)
            .sum::<u64>();
        tables.push(table(filer, calendar, &sheet)?);
    }
    let name = filer.slug.clone();
    Ok((Company { name, tables }, cells))
}

fn table(filer: &Filer, calendar: Calendar, sheet: &Sheet) -> Result<Table> {
    // The newest first, as filings have it.
    let columns: BTreeSet<Column> = sheet
        .rows
        .iter()
        .flat_map(|row| row.values.keys().copied())
        .collect();
    let columns: Vec<Column> = columns.into_iter().rev().collect();
    let currency = currency(&sheet.rows);
    let power = power(&sheet.rows, Measure::Money);
    let shares = power_of_shares(&sheet.rows);
    let labels = labels(&sheet.rows);
    let mut cells = Vec::with_capacity(sheet.rows.len() * (columns.len() + 1));
    let mut units = Map::new();
    for (row, label) in sheet.rows.iter().zip(&labels) {
        let (power, least) = match measure(&row.unit) {
            Measure::Money => (power, 0),
            Measure::Shares => (shares, 0),
            Measure::PerShare => (0, 2),
            Measure::Other => (0, 0),
        };
        if row.unit != currency {
            units.insert(label.clone(), said(&row.unit, shares).into());
        }
        cells.push(Value::text(label.as_str()));
        for column in &columns {
            let value = row.values.get(column);
            cells.push(Value::text(
                value.map_or_else(String::new, |v| v.shown(power, least)),
            ));
        }
    }
    let headers = std::iter::once("item".to_owned()).chain(columns.iter().map(|c| c.header()));
    let mut table = Table::new(&filer.slug, &sheet.name, headers.collect(), cells)?;
    let about = format!("{} of {}.", sheet.title, filer.name);
    table.description = about + &description(calendar, &columns, &currency, power);
    scale_word(power).clone_into(&mut table.scale);
    if !units.is_empty() {
        table.extra.insert("units".to_owned(), units.into());
    }
    Ok(table)
}

/// The currency of most rows; empty if there is none.
fn currency(rows: &[SheetRow]) -> String {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for row in rows
        .iter()
        .filter(|row| measure(&row.unit) == Measure::Money)
    {
        *counts.entry(&row.unit).or_default() += 1;
    }
    let most = counts
        .into_iter()
        .max_by_key(|(unit, n)| (*n, std::cmp::Reverse(*unit)));
    most.map_or(String::new(), |(unit, _)| unit.to_owned())
}

/// The largest scale in which every value of a measure is whole: 6, 3 or 0.
fn power(rows: &[SheetRow], of: Measure) -> u32 {
    let values = || {
        let rows = rows.iter().filter(move |row| measure(&row.unit) == of);
        rows.flat_map(|row| row.values.values())
    };
    if values().all(|value| value.is_zero()) {
        return 0;
    }
    let fits = |power: &u32| values().all(|value| value.is_multiple_of_power(*power));
    [6, 3].into_iter().find(fits).unwrap_or(0)
}

fn power_of_shares(rows: &[SheetRow]) -> u32 {
    power(rows, Measure::Shares)
}

fn scale_word(power: u32) -> &'static str {
    match power {
        6 => "million",
        3 => "thousand",
        _ => "",
    }
}

/// A unit as `get_table_info` shows it beside a row.
fn said(unit: &str, shares: u32) -> String {
    match measure(unit) {
        Measure::Shares if shares > 0 => format!("shares, in {}s", scale_word(shares)),
        Measure::PerShare => unit.replace("/shares", " per share"),
        _ => unit.to_owned(),
    }
}

/// Labels that tell rows apart: a repeated one gets its tag, then its unit, then a number.
fn labels(rows: &[SheetRow]) -> Vec<String> {
    let mut out: Vec<String> = rows.iter().map(|row| row.label.clone()).collect();
    let repeated = |out: &[String]| {
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for label in out {
            *counts.entry(label.to_lowercase()).or_default() += 1;
        }
        counts
    };
    let of_tag: fn(&SheetRow) -> String = |row| words(&row.tag);
    let of_unit: fn(&SheetRow) -> String = |row| row.unit.clone();
    for more in [of_tag, of_unit] {
        let counts = repeated(&out);
        for (label, row) in out.iter_mut().zip(rows) {
            if counts[&label.to_lowercase()] > 1 {
                *label = format!("{label} ({})", more(row));
            }
        }
    }
    let mut seen = HashSet::new();
    for label in &mut out {
        let plain = label.clone();
        let mut number = 2;
        while !seen.insert(label.to_lowercase()) {
            *label = format!("{plain} ({number})");
            number += 1;
        }
    }
    out
}

/// What the columns are and what the amounts are in.
fn description(calendar: Calendar, columns: &[Column], currency: &str, power: u32) -> String {
    let month = MONTHS[(calendar.end_month - 1).clamp(0, 11) as usize];
    let mut out = String::new();
    if columns.iter().any(|c| matches!(c, Column::Year(_))) {
        // Writing to a String cannot fail.
        let _ = write!(out, " Columns are fiscal years, which end in {month}.");
    } else {
        let _ = write!(
            out,
            " Columns are quarters of fiscal years, which end in {month}."
        );
    }
    if !currency.is_empty() {
        let _ = match power {
            0 => write!(out, " Amounts in {currency}."),
            _ => write!(out, " Amounts in {}s of {currency}.", scale_word(power)),
        };
    }
    out
}
