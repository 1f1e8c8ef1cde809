//! FinQA: questions about pages of annual reports with reasoning programs (Chen et al., EMNLP 2021).
//!
//! A record names its page as `ticker/year/page_n.pdf`. The ticker becomes the company and every page one of its
//! tables, `report_<year>_page_<n>`. A question becomes a task if its program uses numbers of the table only and if
//! the written answer is a rounding of the value that the program gives; about one written answer in twenty is not.
//!
//! The published splits share tickers. A file keeps its own split here ([`import`]); whoever joins files must split
//! again by company, for which every question of a ticker is in one place.

mod cells;
mod page;
mod program;
mod question;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use finqa_core::{Company, Task};
use indexmap::IndexMap;
use serde_json::Value;

use super::Imported;
use super::qa::grid::Grid;
use super::qa::{records, split};
use crate::error::Result;
use question::{Question, Refused};

/// Licence of the data set, as its repository states it.
pub const LICENCE: &str = "MIT, Copyright (c) 2021 Zhiyu Chen; FinQA, Chen et al., EMNLP 2021";

/// A page's table with the names that annotators have for its rows.
struct Sheet {
    grid: Grid,
    /// For every row its index in FinQA's `table`.
    origin: Vec<Option<usize>>,
    /// Labels as FinQA's programs write them, by row of `table`.
    labels: Vec<String>,
}

/// Reads a FinQA file; `path` is only named in errors and gives the split ("dev" for `finqa_dev_200.json`).
///
/// Records that cannot be used are counted in [`Imported::refused`] by reason: `operand_only_in_text`,
/// `answer_disagrees_with_exe_ans`, `program_disagrees_with_exe_ans`, `answer_unreadable`, `answer_blank`,
/// `program_unreadable`, `bad_table`, `bad_question`, `duplicate_id`.
///
/// # Errors
/// [`crate::DataError::Record`] with path, line and reason if the text is no JSON list.
///
/// ```
/// let text = r#"[{"id": "ACME/2020/page_7.pdf-1", "filename": "ACME/2020/page_7.pdf",
///   "table_ori": [["", "2020", "2019"], ["Sales", "$1,200", "$1,000"]],
///   "table": [["", "2020", "2019"], ["sales", "$ 1200", "$ 1000"]],
///   "qa": {"question": "what was the growth of sales?", "answer": "20%", "exe_ans": 0.2,
///     "program": "subtract(1200, 1000), divide(#0, 1000)", "gold_inds": {"table_1": ""}}}]"#;
/// let imported = finqa_data::import::finqa::import("dev.json".as_ref(), text)?;
/// assert_eq!(imported.companies[0].tables[0].name, "report_2020_page_7");
/// assert_eq!(imported.tasks[0].truth, "20%");
/// # Ok::<(), finqa_data::DataError>(())
/// ```
pub fn import(path: &Path, text: &str) -> Result<Imported> {
    let list = records::list(path, text, "FinQA records")?;
    let mut out = Imported {
        licence: LICENCE.to_owned(),
        ..Imported::default()
    };
    let mut sheets: HashMap<String, Option<Sheet>> = HashMap::new();
    let mut companies: IndexMap<String, Vec<String>> = IndexMap::new();
    let mut ids = HashSet::new();
    let split = split::of_file(path);
    for (index, record) in list.iter().enumerate() {
        let id = records::text(record, "id");
        let place = format!("{}: record {index} ({id:?})", path.display());
        let file = records::text(record, "filename");
        let Some((company, name)) = names(file) else {
            let detail = format!("filename is {file:?}; it must be ticker/year/page_n.pdf");
            out.refuse(place, "bad_question", detail);
            continue;
        };
        if !sheets.contains_key(file) {
            let made = sheet(record, &company, &name);
            if let Err(detail) = &made {
                out.refuse(&place, "bad_table", detail);
            } else {
                companies
                    .entry(company.clone())
                    .or_default()
                    .push(file.to_owned());
            }
            let failed = made.is_err();
            sheets.insert(file.to_owned(), made.ok());
            if failed {
                continue;
            }
        }
        let Some(Some(sheet)) = sheets.get(file) else {
            out.refuse(
                place,
                "bad_table",
                format!("the table of {file:?} was refused before"),
            );
            continue;
        };
        let made = Question::of(record).and_then(|question| question.task(sheet, &split));
        match made {
            Ok(task) if id.is_empty() => {
                let detail = format!("the question {:?} has no id", task.question);
                out.refuse(place, "bad_question", detail);
            }
            Ok(_) if !ids.insert(id.to_owned()) => {
                out.refuse(place, "duplicate_id", format!("{id:?} appears before"));
            }
            Ok(task) => out.tasks.push(Task {
                id: id.to_owned(),
                ..task
            }),
            Err(Refused { reason, detail }) => out.refuse(place, reason, detail),
        }
    }
    for (name, files) in companies {
        let tables = files
            .iter()
            .filter_map(|file| sheets.remove(file).flatten())
            .map(|sheet| sheet.grid.table)
            .collect();
        out.companies.push(Company { name, tables });
    }
    Ok(out)
}

/// Company and table name of a page.
fn names(file: &str) -> Option<(String, String)> {
    let mut parts = file.split('/');
    let (ticker, year, page) = (parts.next()?, parts.next()?, parts.next()?);
    let page = page.strip_suffix(".pdf").unwrap_or(page);
    let good =
        |s: &str| !s.is_empty() && s.chars().all(|c| c.is_alphanumeric() || "._-".contains(c));
    (parts.next().is_none() && [ticker, year, page].into_iter().all(good)).then(|| {
        (
            ticker.to_owned(),
            format!("report_{year}_{page}").replace(['.', '-'], "_"),
        )
    })
}

fn sheet(record: &Value, company: &str, name: &str) -> Result<Sheet, String> {
    let table = records::rows(record.get("table"))?;
    let ori = match record.get("table_ori") {
        None | Some(Value::Null) => Vec::new(),
        some => records::rows(some)?,
    };
    let page = page::restore(&table, &ori)?;
    let grid = Grid::new(company, name, &page.header, &page.body)?;
    let labels = table
        .iter()
        .map(|row| row.first().cloned().unwrap_or_default())
        .collect();
    Ok(Sheet {
        grid,
        origin: page.origin,
        labels,
    })
}

impl Sheet {
    /// The rows that annotators named as evidence.
    fn marked(&self, evidence: &BTreeSet<usize>) -> BTreeSet<usize> {
        let rows = self.origin.iter().enumerate();
        rows.filter(|(_, o)| o.is_some_and(|o| evidence.contains(&o)))
            .map(|(r, _)| r)
            .collect()
    }
}
