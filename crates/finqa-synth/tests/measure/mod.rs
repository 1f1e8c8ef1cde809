//! The shape of a corpus, measured on its written tables the way the published ones were measured.

use std::collections::{BTreeMap, BTreeSet};

use finqa_core::{Company, Value};

/// What tables look like; shares in tenths of a percent.
#[derive(Debug, Default)]
pub struct Shape {
    tables: Vec<i64>,
    rows: Vec<i64>,
    columns: Vec<i64>,
    /// Changes from one year column to the next older one, in tenths of a percent; the page of measured figures takes
    /// amounts above zero in both years and no percentages (so does a count on TAT-QA's dev file).
    growth: Vec<i64>,
    numbers: u64,
    negatives: u64,
    zeros: u64,
    digits: [u64; 10],
    /// Tables by the number of years in their headers.
    years: BTreeMap<usize, u64>,
    custom: u64,
    stems: BTreeMap<String, u64>,
}

impl Shape {
    /// Counts a company in.
    pub fn add(&mut self, company: &Company) {
        self.tables.push(company.tables.len() as i64);
        for table in &company.tables {
            let width = table.columns.len();
            self.columns.push(width as i64);
            self.rows.push((table.rows.len() / width) as i64);
            let (prefix, stem) = table.name.split_once('_').unwrap_or(("", &table.name));
            let standard = matches!(prefix, "us_gaap" | "srt") || table.name.starts_with("us_gaap");
            self.custom += u64::from(!standard);
            let stem = stem.strip_prefix("gaap_").unwrap_or(stem);
            *self.stems.entry(stem.to_owned()).or_default() += 1;
            let years: Vec<Option<i64>> = table.columns.iter().map(|c| year_of(c)).collect();
            let distinct: BTreeSet<i64> = years.iter().flatten().copied().collect();
            *self.years.entry(distinct.len()).or_default() += 1;
            let plain = years.iter().flatten().count() == distinct.len();
            for row in table.rows.chunks(width) {
                let cells: Vec<Option<f64>> = row.iter().map(number).collect();
                for (c, cell) in cells.iter().enumerate().skip(1) {
                    let Some(cell) = cell else { continue };
                    self.numbers += 1;
                    self.negatives += u64::from(*cell < 0.0);
                    self.zeros += u64::from(*cell == 0.0);
                    let digits = format!("{}", cell.abs());
                    let first = digits.bytes().find(|b| (b'1'..=b'9').contains(b));
                    if let Some(first) = first {
                        self.digits[usize::from(first - b'0')] += 1;
                    }
                    let Some(Some(year)) = years.get(c) else {
                        continue;
                    };
                    let older = years.iter().position(|y| *y == Some(year - 1));
                    let older = older.filter(|_| plain).and_then(|o| cells[o]);
                    // As measured: of amounts above zero in both years, without percentages.
                    if let Some(old) = older.filter(|o| *o > 0.0)
                        && *cell > 0.0
                        && !row[c].as_str().is_some_and(|text| text.contains('%'))
                    {
                        self.growth.push(((cell - old) / old * 1000.0) as i64);
                    }
                }
            }
        }
    }

    /// The value at `per_mille` of the rows a table.
    pub fn rows(&mut self, per_mille: usize) -> i64 {
        quantile(&mut self.rows, per_mille)
    }

    /// The same of the columns, the label column counted.
    pub fn columns(&mut self, per_mille: usize) -> i64 {
        quantile(&mut self.columns, per_mille)
    }

    /// The same of the tables a company.
    pub fn tables(&mut self, per_mille: usize) -> i64 {
        quantile(&mut self.tables, per_mille)
    }

    /// The same of the year-on-year changes.
    pub fn growth(&mut self, per_mille: usize) -> i64 {
        quantile(&mut self.growth, per_mille)
    }

    /// Mean tables a company, in tenths.
    pub fn mean_tables(&self) -> i64 {
        self.tables.iter().sum::<i64>() * 10 / self.tables.len() as i64
    }

    /// Of 1000 numbers: below zero, zero.
    pub fn signs(&self) -> (u64, u64) {
        let share = |n| n * 1000 / self.numbers;
        (share(self.negatives), share(self.zeros))
    }

    /// Of 1000 numbers other than zero, those with first digit `digit`.
    pub fn first_digit(&self, digit: usize) -> u64 {
        self.digits[digit] * 1000 / self.digits.iter().sum::<u64>()
    }

    /// Of 1000 tables, those whose headers show one of `counts` years.
    pub fn years(&self, counts: std::ops::RangeInclusive<usize>) -> u64 {
        let all: u64 = self.years.values().sum();
        let these: u64 = self.years.range(counts).map(|(_, n)| n).sum();
        these * 1000 / all
    }

    /// Of 1000 tables, those under a company's own tag.
    pub fn custom(&self) -> u64 {
        self.custom * 1000 / self.rows.len() as u64
    }

    /// Stems of table names with the number of their tables.
    pub fn stems(&self) -> &BTreeMap<String, u64> {
        &self.stems
    }
}

fn quantile(list: &mut [i64], per_mille: usize) -> i64 {
    list.sort_unstable();
    list[(list.len() - 1) * per_mille / 1000]
}

/// The last year that a header names.
fn year_of(header: &str) -> Option<i64> {
    let runs = header.split(|c: char| !c.is_ascii_digit());
    runs.filter(|run| run.len() == 4 && run.starts_with("20"))
        .filter_map(|run| run.parse().ok())
        .next_back()
}

/// A cell as a number: dashes are zero, parentheses are negative; `None` for words and blanks.
fn number(cell: &Value) -> Option<f64> {
    let text = cell.as_str()?;
    let bare: String = text.chars().filter(|c| !"$,% ".contains(*c)).collect();
    match bare.as_str() {
        "" => return None,
        "—" | "–" | "-" => return Some(0.0),
        _ => {}
    }
    let inside = bare.strip_prefix('(').and_then(|b| b.strip_suffix(')'));
    let sign = if inside.is_some() { -1.0 } else { 1.0 };
    Some(sign * inside.unwrap_or(&bare).parse::<f64>().ok()?)
}
