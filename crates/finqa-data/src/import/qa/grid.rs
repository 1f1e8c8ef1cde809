//! An imported table with what the search for cells needs: numbers, sections, titles.

use finqa_core::answer::Scale;
use finqa_core::{Table, Value};

use super::header::{self, Header};
use super::number::{self, Number};
use super::words;

/// A table of one company, beside it its cells as numbers.
#[derive(Debug)]
pub(crate) struct Grid {
    pub(crate) company: String,
    pub(crate) table: Table,
    /// The title of every column as the source writes it.
    pub(crate) titles: Vec<String>,
    /// The heading under which each row stands; empty if there is none.
    pub(crate) sections: Vec<String>,
    numbers: Vec<Option<Number>>,
}

/// The word that `Table::scale` uses.
pub(crate) fn scale_word(scale: Scale) -> &'static str {
    match scale {
        Scale::One => "",
        Scale::Thousand => "thousand",
        Scale::Million => "million",
        Scale::Billion => "billion",
    }
}

impl Grid {
    /// Makes the table that agents see out of header and body. Empty rows are left out.
    ///
    /// The error says what is wrong with the table.
    pub(crate) fn new(
        company: &str,
        name: &str,
        header: &Header,
        body: &[Vec<String>],
    ) -> Result<Self, String> {
        let width = header.titles.len();
        let mut rows = Vec::with_capacity(body.len() * width);
        let mut sections = Vec::new();
        let mut section = String::new();
        for (i, row) in body.iter().enumerate() {
            if row.len() != width {
                return Err(format!(
                    "row {} has {} cells, the header has {width}; all rows must be equally long",
                    i + header.rows,
                    row.len()
                ));
            }
            if row.iter().all(String::is_empty) {
                continue;
            }
            if row[1..].iter().all(String::is_empty) {
                section.clone_from(&row[0]);
            }
            sections.push(section.clone());
            rows.extend(row.iter().cloned());
        }
        if rows.is_empty() {
            return Err("the table has no rows below its header".to_owned());
        }
        let numbers = rows.iter().map(|c| number::read(c)).collect();
        let values = rows.into_iter().map(Value::text).collect();
        let mut table = Table::new(company, name, header::names(&header.titles), values)
            .map_err(|e| e.to_string())?;
        table.description = header.notes.join("; ");
        let stated = header
            .notes
            .iter()
            .chain(&header.titles)
            .find_map(|t| header::stated_scale(t));
        scale_word(stated.unwrap_or_default()).clone_into(&mut table.scale);
        Ok(Self {
            company: company.to_owned(),
            table,
            titles: header.titles.clone(),
            sections,
            numbers,
        })
    }

    pub(crate) fn num_rows(&self) -> usize {
        self.table.num_rows()
    }

    pub(crate) fn num_columns(&self) -> usize {
        self.table.columns.len()
    }

    /// The cell's text.
    pub(crate) fn cell(&self, row: usize, column: usize) -> &str {
        self.table.rows[row * self.num_columns() + column]
            .as_str()
            .unwrap_or_default()
    }

    /// The cell's number, if it shows one.
    pub(crate) fn number(&self, row: usize, column: usize) -> Option<&Number> {
        self.numbers[row * self.num_columns() + column].as_ref()
    }

    /// The cells right of the label column that show numbers, row by row.
    pub(crate) fn numeric_cells(&self) -> impl Iterator<Item = ((usize, usize), &Number)> {
        let width = self.num_columns();
        self.numbers.iter().enumerate().filter_map(move |(i, n)| {
            let at = (i / width, i % width);
            (at.1 > 0).then_some(())?;
            n.as_ref().map(|n| (at, n))
        })
    }

    /// The scale that the table states.
    pub(crate) fn scale(&self) -> Option<Scale> {
        header::stated_scale(&self.table.scale)
    }

    /// How well the words of a question fit to a cell: its label, its column, its section.
    pub(crate) fn fit(&self, question: &[String], at: (usize, usize)) -> f64 {
        let label = words::tokens(words::without_footnotes(self.cell(at.0, 0)));
        let mut title = words::tokens(&self.titles[at.1]);
        title.extend(self.table.columns[at.1].split('_').map(str::to_owned));
        let section = words::tokens(&self.sections[at.0]);
        3.0 * words::covered(&label, question)
            + 2.0 * words::covered(&title, question)
            + words::covered(&section, question)
    }
}
