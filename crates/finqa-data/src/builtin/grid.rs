//! A table before it is written: integer values with their roles, then cells as filings show them.

use finqa_core::answer::Scale;
use finqa_core::{Table, Value};

use super::draw::Draw;

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A heading without values.
    Section,
    /// A part of a total.
    Part,
    /// A total.
    Total,
}

/// One row; values in the smallest unit shown, newest period first.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) label: String,
    pub(super) role: Role,
    pub(super) values: Vec<i64>,
}

/// What the values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Amounts of a period, one column a year.
    Flow,
    /// Amounts at a date, one column a year.
    Stock,
    /// Amounts due, years as rows, one column.
    Ladder,
    /// Percentages with one decimal, one column a year.
    Rate,
}

/// A table and what questions need to know about it.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    /// Name without prefix and `TableTextBlock`.
    pub(super) stem: &'static str,
    /// Has the company's prefix instead of `us_gaap_`.
    pub(super) custom: bool,
    pub(super) shape: Shape,
    /// "revenue by product": how questions call the table.
    pub(super) topic: &'static str,
    /// Years of the columns, newest first; the reporting year alone for a ladder.
    pub(super) years: Vec<i32>,
    pub(super) rows: Vec<Row>,
}

/// How the amounts of a company are shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Display {
    pub(super) scale: Scale,
    pub(super) decimals: u8,
}

/// A written table together with what it was made from.
pub(super) struct Written {
    pub(super) grid: Grid,
    pub(super) table: Table,
    pub(super) display: Display,
    /// Header of the label column.
    pub(super) label_header: String,
    /// Headers of the value columns.
    pub(super) headers: Vec<String>,
    /// Labels as they stand in the table, one a row.
    pub(super) labels: Vec<String>,
}

const LABEL_HEADERS: [&str; 6] = [
    "category",
    "description",
    "line_item",
    "item",
    "component",
    "col_0",
];

/// The plural word of a scale.
pub(super) fn scale_words(scale: Scale) -> &'static str {
    match scale {
        Scale::One => "dollars",
        Scale::Thousand => "thousands",
        Scale::Million => "millions",
        Scale::Billion => "billions",
    }
}

/// Writes a table in one of the styles that filings have.
pub(super) fn write(grid: Grid, ticker: &str, company: Display, draw: &mut Draw) -> Written {
    let rate = grid.shape == Shape::Rate;
    let display = if rate {
        Display {
            scale: Scale::One,
            decimals: 1,
        }
    } else {
        company
    };
    let prefix = if grid.custom { ticker } else { "us_gaap" };
    let name = format!("{prefix}_{}TableTextBlock", grid.stem);
    let label_header = match grid.shape {
        Shape::Ladder => "year",
        _ => LABEL_HEADERS[[0, 0, 0, 1, 1, 2, 3, 3, 4, 5][draw.below(10)]],
    }
    .to_owned();
    let words = scale_words(display.scale);
    let in_header = !rate && draw.chance(12);
    let style = draw.below(10);
    let headers: Vec<String> = match grid.shape {
        Shape::Ladder if in_header => vec![format!("amount_in_{words}")],
        Shape::Ladder => vec!["amount".to_owned()],
        shape => grid
            .years
            .iter()
            .map(|year| match (shape, style) {
                _ if in_header => format!("{year}_usd_{words}"),
                (_, 0..=4) => year.to_string(),
                (Shape::Stock, _) => format!("december_31_{year}"),
                (_, 5..=7) => format!("year_ended_december_31_{year}"),
                _ => format!("fiscal_{year}"),
            })
            .collect(),
    };
    let label_style = draw.below(20);
    let labels: Vec<String> = grid
        .rows
        .iter()
        .map(|row| match label_style {
            0..=8 => capitalised(&row.label),
            9..=15 => row.label.clone(),
            _ => row.label.replace([' ', '-'], "_").replace([',', '.'], ""),
        })
        .collect();
    let dollars = !rate && draw.chance(60);
    let dash = draw.pick(&["—", "—", "—", "–", "-"]);
    let first = grid
        .rows
        .iter()
        .position(|r| r.role != Role::Section)
        .unwrap_or(0);
    let mut cells = Vec::with_capacity(grid.rows.len() * (headers.len() + 1));
    for (i, (row, label)) in grid.rows.iter().zip(&labels).enumerate() {
        cells.push(Value::text(label.as_str()));
        if row.role == Role::Section {
            cells.extend(headers.iter().map(|_| Value::text("")));
            continue;
        }
        let sign = dollars && (i == first || row.role == Role::Total);
        cells.extend(
            row.values
                .iter()
                .map(|v| Value::text(cell(*v, display.decimals, sign, rate, dash))),
        );
    }
    let mut columns = vec![label_header.clone()];
    columns.extend(headers.iter().cloned());
    let mut description = grid.topic.replace([' ', '-'], "_");
    if rate {
        description.push_str("_in_percent");
    } else if !in_header && draw.chance(92) {
        description.push_str("_in_");
        description.push_str(words);
    }
    let scale = match display.scale {
        Scale::One => "",
        Scale::Thousand => "thousand",
        Scale::Million => "million",
        Scale::Billion => "billion",
    };
    let table = Table {
        name,
        columns,
        rows: cells,
        description,
        scale: scale.to_owned(),
        extra: serde_json::Map::new(),
    };
    Written {
        grid,
        table,
        display,
        label_header,
        headers,
        labels,
    }
}

fn capitalised(label: &str) -> String {
    let mut chars = label.chars();
    chars
        .next()
        .map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// `$ 1,234.5`, `(56)`, `$ (56)`, `—`, `21.0%`, `(1.2)%`.
fn cell(value: i64, decimals: u8, dollar: bool, rate: bool, dash: &str) -> String {
    let plain = plain(value.abs().into(), decimals);
    let (whole, fraction) = plain
        .split_once('.')
        .map_or((plain.as_str(), None), |(w, f)| (w, Some(f)));
    let mut shown = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    if let Some(fraction) = fraction {
        shown.push('.');
        shown.push_str(fraction);
    }
    if value == 0 && !rate {
        dash.clone_into(&mut shown);
    } else if value < 0 {
        shown = format!("({shown})");
    }
    match (dollar, rate) {
        (true, _) => format!("$ {shown}"),
        (_, true) => format!("{shown}%"),
        _ => shown,
    }
}

/// A decimal number without grouping: 12345 with one decimal is `1234.5`.
pub(super) fn plain(value: i128, decimals: u8) -> String {
    let width = usize::from(decimals);
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = width + 1);
    let (whole, fraction) = digits.split_at(digits.len() - width);
    let sign = if value < 0 { "-" } else { "" };
    if width == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_look_like_filings() {
        for ((value, decimals, dollar, rate), want) in [
            ((1_234_567, 0, false, false), "1,234,567"),
            ((12_345, 1, true, false), "$ 1,234.5"),
            ((-56, 0, false, false), "(56)"),
            ((-56, 0, true, false), "$ (56)"),
            ((0, 0, true, false), "$ —"),
            ((210, 1, false, true), "21.0%"),
            ((-12, 1, false, true), "(1.2)%"),
            ((-5, 1, false, false), "(0.5)"),
            ((999, 0, false, false), "999"),
        ] {
            assert_eq!(cell(value, decimals, dollar, rate, "—"), want);
        }
        assert_eq!(plain(-5, 2), "-0.05");
        assert_eq!(plain(1234, 0), "1234");
    }
}
