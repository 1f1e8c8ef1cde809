//! A table before it is written: exact integers with their roles.

use finqa_core::answer::Scale;

/// A table of a filing's notes as values. `style` writes it.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    /// Name without prefix and `TableTextBlock`.
    pub(crate) stem: &'static str,
    pub(crate) prefix: Prefix,
    /// How questions and descriptions call the table: "revenue by product".
    pub(crate) topic: &'static str,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Row>,
    /// Rows that are sums of rows, in every column where all of them have a number.
    pub(crate) sums: Vec<Sum>,
    /// Columns that are sums of columns, in every row where all of them have a number.
    pub(crate) column_sums: Vec<Sum>,
    /// Header of the label column where the kind of table fixes it ("year", "declaration_date").
    pub(crate) label_header: Option<&'static str>,
    /// The note whose figures this one shows in another cut, if any (stem).
    pub(crate) twin_of: Option<&'static str>,
}

/// Prefix of a table's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefix {
    UsGaap,
    Srt,
    /// The company's own tag.
    Ticker,
}

/// A value column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) period: Period,
    /// What the column shows beside the period ("gross carrying amount"); empty if the period says all.
    pub(crate) words: &'static str,
    /// A prior year as shown again in a later filing, with changed values.
    pub(crate) restated: bool,
}

/// The period of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Period {
    /// Amounts of a fiscal year.
    Year(i32),
    /// Amounts at the end of a fiscal year.
    YearEnd(i32),
    /// Amounts of a quarter, 1 to 4.
    Quarter(i32, u8),
    /// None: years stand in the rows, or the column is no amount of a period. Holds the year that the table reports on.
    Of(i32),
}

impl Period {
    pub(crate) fn year(self) -> i32 {
        match self {
            Self::Year(y) | Self::YearEnd(y) | Self::Quarter(y, _) | Self::Of(y) => y,
        }
    }
}

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A heading without values.
    Section,
    /// A part of a total.
    Part,
    /// A total or subtotal: it has a [`Sum`] unless its parts are not shown.
    Total,
    /// The opening balance of a roll-forward.
    Opening,
    /// The closing balance of a roll-forward; it has a [`Sum`].
    Closing,
    /// A number that stands by itself (a rate, a coupon, an amount per share).
    Single,
}

/// What the numbers of a row are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantity {
    /// Money in the smallest unit that the company shows ([`Display`]).
    Money,
    /// Shares in the smallest unit that the company shows.
    Shares,
    /// Money for one share, in cents.
    PerShare,
    /// Tenths of a percent.
    Rate,
    /// Hundredths of a percent (coupons, yields: "3.625" needs thousandths, so coupons are text where they must be).
    FineRate,
    /// Tenths of years.
    Years,
}

/// A row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) label: Label,
    pub(crate) role: Role,
    pub(crate) quantity: Quantity,
    /// One a column of the note; empty for sections.
    pub(crate) cells: Vec<Cell>,
    /// The fiscal year that the row is about, where years stand in the rows.
    pub(crate) due: Option<i32>,
}

/// A label and other ways to say it.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    /// As a filing writes it, lower case except proper names: "interest cost", "United States".
    pub(crate) text: String,
    /// Synonyms that name this row and no other of the table.
    pub(crate) also: &'static [&'static str],
    /// The idea behind the row in this table ("the interest burden of retiree plans"); empty if there is none.
    pub(crate) concept: &'static str,
}

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Nothing is shown.
    Empty,
    /// A number; 0 is shown as a dash.
    Number(i64),
    /// Words ("Level 2", "March 2031", "N/A").
    Text(String),
}

impl Cell {
    pub(crate) fn number(&self) -> Option<i64> {
        match self {
            Self::Number(n) => Some(*n),
            Self::Empty | Self::Text(_) => None,
        }
    }
}

/// `total = Σ sign · part`, by index of row or of column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) total: usize,
    /// Index and sign, +1 or −1.
    pub(crate) parts: Vec<(usize, i8)>,
}

/// How the amounts of a company, or of one table, are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Display {
    pub(crate) scale: Scale,
    /// Digits after the point of money amounts.
    pub(crate) decimals: u8,
    /// Digits after the point of share counts (which have the same scale as money).
    pub(crate) share_decimals: u8,
}

impl Display {
    /// Digits after the point of a quantity.
    pub(crate) fn decimals_of(self, quantity: Quantity) -> u8 {
        match quantity {
            Quantity::Money => self.decimals,
            Quantity::Shares => self.share_decimals,
            Quantity::PerShare | Quantity::FineRate => 2,
            Quantity::Rate | Quantity::Years => 1,
        }
    }
}

impl Note {
    /// A note without rows under a `us_gaap` name.
    pub(crate) fn new(stem: &'static str, topic: &'static str, columns: Vec<Column>) -> Self {
        Self {
            stem,
            prefix: Prefix::UsGaap,
            topic,
            columns,
            rows: Vec::new(),
            sums: Vec::new(),
            column_sums: Vec::new(),
            label_header: None,
            twin_of: None,
        }
    }

    /// Appends a row and returns its index.
    pub(crate) fn push(&mut self, row: Row) -> usize {
        self.rows.push(row);
        self.rows.len() - 1
    }

    /// Appends a heading.
    pub(crate) fn section(&mut self, label: &str) -> usize {
        self.push(Row {
            label: Label::new(label),
            role: Role::Section,
            quantity: Quantity::Money,
            cells: Vec::new(),
            due: None,
        })
    }

    /// Appends a row of money amounts.
    pub(crate) fn part(&mut self, label: Label, values: &[i64]) -> usize {
        self.push(Row::numbers(label, Role::Part, Quantity::Money, values))
    }

    /// Appends a total of the rows `parts` (index, sign); its values are worked out.
    pub(crate) fn total(&mut self, label: Label, parts: &[(usize, i8)]) -> usize {
        self.sum_row(label, Role::Total, parts)
    }

    /// Appends a closing balance of the rows `parts` (index, sign); its values are worked out.
    pub(crate) fn closing(&mut self, label: Label, parts: &[(usize, i8)]) -> usize {
        self.sum_row(label, Role::Closing, parts)
    }

    fn sum_row(&mut self, label: Label, role: Role, parts: &[(usize, i8)]) -> usize {
        let cells = (0..self.columns.len())
            .map(|c| {
                let values: Option<Vec<i64>> = parts
                    .iter()
                    .map(|&(row, sign)| {
                        let cell = self.rows[row].cells.get(c)?;
                        Some(cell.number()? * i64::from(sign))
                    })
                    .collect();
                values.map_or(Cell::Empty, |v| Cell::Number(v.iter().sum()))
            })
            .collect();
        // A total without parts is a fault that `violations` names; it must not stop an episode.
        let quantity = parts
            .first()
            .map_or(Quantity::Money, |&(row, _)| self.rows[row].quantity);
        let total = self.push(Row {
            label,
            role,
            quantity,
            cells,
            due: None,
        });
        self.sums.push(Sum {
            total,
            parts: parts.to_vec(),
        });
        total
    }

    /// The number at `row`, `column`.
    pub(crate) fn number(&self, row: usize, column: usize) -> Option<i64> {
        self.rows.get(row)?.cells.get(column)?.number()
    }

    /// What breaks the note's own rules: cells that do not fill the columns, sums that do not add up.
    pub(crate) fn violations(&self) -> Vec<String> {
        let mut out = Vec::new();
        for row in &self.rows {
            let wanted = if row.role == Role::Section {
                0
            } else {
                self.columns.len()
            };
            if row.cells.len() != wanted {
                out.push(format!(
                    "{}: row {:?} has {} cells, not {wanted}",
                    self.stem,
                    row.label.text,
                    row.cells.len()
                ));
            }
        }
        let adds_up = |total: Option<i64>, parts: Option<Vec<i64>>| match (total, parts) {
            (Some(total), Some(parts)) => total == parts.iter().sum::<i64>(),
            _ => true,
        };
        for sum in &self.sums {
            if sum.parts.is_empty() {
                out.push(format!(
                    "{}: row {:?} is a total without parts",
                    self.stem, self.rows[sum.total].label.text
                ));
            }
            for c in 0..self.columns.len() {
                let parts = sum
                    .parts
                    .iter()
                    .map(|&(r, s)| Some(self.number(r, c)? * i64::from(s)))
                    .collect();
                if !adds_up(self.number(sum.total, c), parts) {
                    out.push(format!(
                        "{}: row {:?} is not the sum of its parts in column {c}",
                        self.stem, self.rows[sum.total].label.text
                    ));
                }
            }
        }
        for sum in &self.column_sums {
            for (r, row) in self.rows.iter().enumerate() {
                let parts = sum
                    .parts
                    .iter()
                    .map(|&(c, s)| Some(self.number(r, c)? * i64::from(s)))
                    .collect();
                if !adds_up(self.number(r, sum.total), parts) {
                    out.push(format!(
                        "{}: column {} of row {:?} is not the sum of its parts",
                        self.stem, sum.total, row.label.text
                    ));
                }
            }
        }
        out
    }
}

impl Row {
    /// A row of numbers, one a column.
    pub(crate) fn numbers(label: Label, role: Role, quantity: Quantity, values: &[i64]) -> Self {
        Self {
            label,
            role,
            quantity,
            cells: values.iter().map(|v| Cell::Number(*v)).collect(),
            due: None,
        }
    }

    /// The same row about fiscal year `year` (years in the rows).
    pub(crate) fn due_in(mut self, year: i32) -> Self {
        self.due = Some(year);
        self
    }
}

impl Label {
    /// A label without other ways to say it.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            also: &[],
            concept: "",
        }
    }

    /// With synonyms.
    pub(crate) fn also(mut self, also: &'static [&'static str]) -> Self {
        self.also = also;
        self
    }

    /// With the idea behind it.
    pub(crate) fn concept(mut self, concept: &'static str) -> Self {
        self.concept = concept;
        self
    }
}

impl From<&str> for Label {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// Columns for the newest `n` years of flows, newest first.
pub(crate) fn year_columns(latest: i32, n: usize) -> Vec<Column> {
    (0..n as i32)
        .map(|i| Column::of(Period::Year(latest - i)))
        .collect()
}

/// Columns for the newest `n` year ends, newest first.
pub(crate) fn year_end_columns(latest: i32, n: usize) -> Vec<Column> {
    (0..n as i32)
        .map(|i| Column::of(Period::YearEnd(latest - i)))
        .collect()
}

impl Column {
    /// A column that its period names.
    pub(crate) fn of(period: Period) -> Self {
        Self {
            period,
            words: "",
            restated: false,
        }
    }

    /// A column that words name beside the period.
    pub(crate) fn named(period: Period, words: &'static str) -> Self {
        Self {
            period,
            words,
            restated: false,
        }
    }
}
