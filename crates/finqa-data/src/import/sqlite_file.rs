//! A user's SQLite database: one company, named after the file.

use std::path::Path;

use finqa_core::Company;

use super::{Imported, tasks_file};
use crate::error::{DataError, Result};
use crate::load::ReadSqlite;

/// Reads the tables through `read_sqlite` and the tasks from `tasks` or from `<stem>.tasks.*` beside the database.
pub(crate) fn import(
    path: &Path,
    read_sqlite: Option<ReadSqlite>,
    tasks: Option<&Path>,
) -> Result<Imported> {
    let Some(read_sqlite) = read_sqlite else {
        return Err(DataError::layout(
            path,
            "this is a SQLite database, but LoadOptions::read_sqlite is not set; pass the reader of finqa-sqlite",
        ));
    };
    let stem = path
        .file_stem()
        .and_then(|s| s.to_str())
        .unwrap_or("database")
        .to_owned();
    let (tables, refusals) = read_sqlite(path).map_err(|reason| DataError::layout(path, reason))?;
    let mut out = Imported::default();
    for refusal in refusals {
        out.refuse(refusal.record, &refusal.reason, refusal.detail);
    }
    out.companies.push(Company {
        name: stem.clone(),
        tables,
    });
    let found = match tasks {
        Some(path) => Some(path.to_owned()),
        None => tasks_file::find(
            path.parent().unwrap_or_else(|| Path::new("")),
            &format!("{stem}.tasks"),
        )?,
    };
    if let Some(path) = found {
        tasks_file::read(&path, &mut out)?;
    }
    Ok(out)
}
