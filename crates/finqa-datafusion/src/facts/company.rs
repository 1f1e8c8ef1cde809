//! The facts of one company: of every fact the value that its latest filing states.

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{Int32Type, UInt32Type, UInt64Type};

use super::error::{FactsError, Result};
use super::number::Decimal;
use super::period::Period;
use super::report::{Example, Restated};
use super::scan::Shared;

/// A fact whose value stands.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) tag: String,
    pub(super) segments: String,
    pub(super) unit: String,
    pub(super) period: Period,
    pub(super) value: Decimal,
    pub(super) taxonomy: String,
    pub(super) label: String,
    pub(super) statement: String,
    filing: u32,
    line: u64,
}

impl Cell {
    /// About the bytes that it takes.
    pub(super) fn size(&self) -> usize {
        size_of::<Self>()
            + self.tag.len()
            + self.segments.len()
            + self.unit.len()
            + self.taxonomy.len()
            + self.label.len()
            + self.statement.len()
    }
}

/// A line of a statement of one filing.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) filing: u32,
    pub(super) report: i32,
    pub(super) statement: String,
    pub(super) parenthetical: bool,
    pub(super) tag: String,
    pub(super) label: String,
    pub(super) negating: bool,
}

/// A company's part of the two streams.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) cells: Vec<Cell>,
    pub(super) shown: Vec<Shown>,
}

/// A column of a batch: of numbers of a type, or of texts.
macro_rules! column {
    ($batch:ident, $index:expr, $type:ty) => {
        $batch
            .column($index)
            .as_primitive_opt::<$type>()
            .ok_or_else(|| wrong_type($batch, $index))?
    };
    ($batch:ident, $index:expr) => {
        $batch
            .column($index)
            .as_string_opt::<i32>()
            .ok_or_else(|| wrong_type($batch, $index))?
    };
}

fn wrong_type(batch: &RecordBatch, index: usize) -> FactsError {
    FactsError::Engine(format!(
        "column {index} came as {}",
        batch.column(index).data_type()
    ))
}

/// The company of a row; both streams have it first.
pub(super) fn company_of(batch: &RecordBatch, row: usize) -> Result<u32> {
    Ok(column!(batch, 0, UInt32Type).value(row))
}

/// Takes the rows of `company` from `start` and returns where they end.
pub(super) fn take_facts(
    batch: &RecordBatch,
    start: usize,
    company: u32,
    cells: &mut Vec<Cell>,
    shared: &Shared,
) -> Result<usize> {
    let companies = column!(batch, 0, UInt32Type);
    let (tags, segments, units) = (column!(batch, 1), column!(batch, 2), column!(batch, 3));
    let (quarters, dates) = (column!(batch, 4, Int32Type), column!(batch, 5, Int32Type));
    let filings = column!(batch, 6, UInt32Type);
    let values = column!(batch, 7);
    let (taxonomies, labels, statements) =
        (column!(batch, 8), column!(batch, 9), column!(batch, 10));
    let lines = column!(batch, 11, UInt64Type);
    let mut row = start;
    while row < batch.num_rows() && companies.value(row) == company {
        let value = Decimal::parse(values.value(row))
            .ok_or_else(|| FactsError::Engine(format!("value {:?} changed", values.value(row))))?;
        let period = Period {
            date: dates.value(row),
            quarters: quarters.value(row),
        };
        let (filing, line) = (filings.value(row), lines.value(row));
        let same = cells.last_mut().filter(|last| {
            last.tag == tags.value(row)
                && last.segments == segments.value(row)
                && last.unit == units.value(row)
                && last.period == period
        });
        if let Some(last) = same {
            meet(last, value, filing, line, shared);
        } else {
            cells.push(Cell {
                tag: tags.value(row).to_owned(),
                segments: segments.value(row).to_owned(),
                unit: units.value(row).to_owned(),
                period,
                value,
                taxonomy: taxonomies.value(row).to_owned(),
                label: labels.value(row).to_owned(),
                statement: statements.value(row).to_owned(),
                filing,
                line,
            });
        }
        row += 1;
    }
    Ok(row)
}

/// What another row of the same fact means.
fn meet(cell: &mut Cell, value: Decimal, filing: u32, line: u64, shared: &Shared) {
    let of = |filing: u32| &shared.filings.filings[filing as usize];
    let mut report = shared.report();
    if cell.value == value {
        report.duplicates += 1;
        cell.filing = filing;
        return;
    }
    // Filings without a date are in no order, so the later one is not known.
    let is_later = filing != cell.filing && of(filing).filed > 0;
    if !is_later {
        let (first, second) = (place(cell.line, shared), place(line, shared));
        report.conflicts.add(shared.max_examples, || Example {
            at: second,
            detail: format!(
                "{} of {} is {} here and {} in {first}, which stands",
                cell.tag,
                cell.period.date,
                value.plain(),
                cell.value.plain()
            ),
        });
        return;
    }
    report.restated += 1;
    if report.restatements.len() < shared.max_examples {
        let mut tag = cell.tag.clone();
        if !cell.segments.is_empty() {
            tag = format!("{tag} [{}]", cell.segments);
        }
        report.restatements.push(Restated {
            company: shared.filings.company(of(filing).company).slug.clone(),
            tag,
            period: format!("{}, {} quarters", cell.period.date, cell.period.quarters),
            earlier: cell.value.plain(),
            latest: value.plain(),
            filing: of(filing).number.clone(),
        });
    }
    cell.value = value;
    cell.filing = filing;
    cell.line = line;
}

/// File and line out of one number.
fn place(line: u64, shared: &Shared) -> String {
    let (file, line) = (line >> 40, line & ((1 << 40) - 1));
    let name = shared.files.get(file as usize).map_or("", String::as_str);
    format!("{name} line {line}")
}

/// The same for the presentation.
pub(super) fn take_shown(
    batch: &RecordBatch,
    start: usize,
    company: u32,
    shown: &mut Vec<Shown>,
) -> Result<usize> {
    let companies = column!(batch, 0, UInt32Type);
    let filings = column!(batch, 1, UInt32Type);
    let reports = column!(batch, 2, Int32Type);
    let statements = column!(batch, 4);
    let parenthetical = column!(batch, 5, Int32Type);
    let (tags, labels) = (column!(batch, 6), column!(batch, 7));
    let negating = column!(batch, 8, Int32Type);
    let mut row = start;
    while row < batch.num_rows() && companies.value(row) == company {
        shown.push(Shown {
            filing: filings.value(row),
            report: reports.value(row),
            statement: statements.value(row).to_owned(),
            parenthetical: parenthetical.value(row) != 0,
            tag: tags.value(row).to_owned(),
            label: labels.value(row).to_owned(),
            negating: negating.value(row) != 0,
        });
        row += 1;
    }
    Ok(row)
}
