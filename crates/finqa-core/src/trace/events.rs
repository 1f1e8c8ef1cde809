//! From the calls of a trace to events as the engine logs them.

use std::borrow::Cow;
use std::sync::Arc;

use crate::action::AttemptStatus;
use crate::behaviour::{CallEvent, TableKey, fingerprint, sql_reads};
use crate::error::{Error, Result, ToolErrorCode};
use crate::table::Company;
use crate::tool::ToolKind;

use super::{TracedCall, error_code, num_rows};

/// Names of companies and tables as numbers: those of the corpus, or in order of appearance.
pub(super) struct Names<'a> {
    companies: &'a [(u32, Arc<Company>)],
    seen: Vec<(String, Vec<String>)>,
    /// Tables that a call read with success and the corpus does not have.
    pub(super) strangers: Vec<String>,
}

impl<'a> Names<'a> {
    pub(super) fn new(companies: &'a [(u32, Arc<Company>)]) -> Self {
        Self {
            companies,
            seen: Vec::new(),
            strangers: Vec::new(),
        }
    }

    /// The table that is called so; the first company is meant where none is named.
    pub(super) fn table(&mut self, company: Option<&str>, table: &str) -> Option<TableKey> {
        let written = table.trim();
        let table = plain(table);
        if table.is_empty() {
            return None;
        }
        if self.companies.is_empty() {
            return Some(self.intern(company.unwrap_or_default().trim(), written));
        }
        let named = company.map(plain).filter(|name| !name.is_empty());
        let found = match named {
            Some(name) => self
                .companies
                .iter()
                .find(|(_, c)| c.name.to_lowercase() == name)?,
            None => self.companies.first()?,
        };
        let (index, company) = found;
        let position = company
            .tables
            .iter()
            .position(|t| t.name.to_lowercase() == table)?;
        Some((*index, u16::try_from(position).ok()?))
    }

    fn intern(&mut self, company: &str, table: &str) -> TableKey {
        let is_same = |name: &str, other: &str| plain(name) == plain(other);
        let known = self
            .seen
            .iter()
            .position(|(name, _)| is_same(name, company));
        let company_at = known.unwrap_or_else(|| {
            self.seen.push((company.to_owned(), Vec::new()));
            self.seen.len() - 1
        });
        let tables = &mut self.seen[company_at].1;
        let known = tables.iter().position(|name| is_same(name, table));
        let table_at = known.unwrap_or_else(|| {
            tables.push(table.to_owned());
            tables.len() - 1
        });
        (
            u32::try_from(company_at).unwrap_or(u32::MAX),
            u16::try_from(table_at).unwrap_or(u16::MAX),
        )
    }

    /// Names of a table, as the corpus writes them, or as they were written first.
    pub(super) fn of(&self, key: TableKey) -> Option<(&str, &str)> {
        let (company, table) = (key.0, usize::from(key.1));
        if self.companies.is_empty() {
            let (name, tables) = self.seen.get(company as usize)?;
            return Some((name, tables.get(table)?));
        }
        let (_, found) = self.companies.iter().find(|(index, _)| *index == company)?;
        Some((&found.name, &found.tables.get(table)?.name))
    }
}

/// A name without what makes no difference: case, blanks and backticks around it, the ending of a file.
fn plain(name: &str) -> String {
    let name = name.trim().trim_matches('`').to_lowercase();
    name.strip_suffix(".json")
        .map_or(name.clone(), ToOwned::to_owned)
}

/// The event of a call, and the tables it asks beyond the first.
pub(super) fn event(
    call: &TracedCall,
    names: &mut Names<'_>,
) -> Result<(CallEvent, Vec<TableKey>)> {
    let kind = call.kind.as_deref().map(kind_of).transpose()?;
    let mut status = status_of(&call.status)?;
    let output = call.output.as_deref().unwrap_or("");
    let error = if status.runs() {
        call.is_error.then(|| error_code(kind, output))
    } else {
        of_status(status, output)
    };
    let mut kind = kind;
    match error {
        Some(ToolErrorCode::UnknownTool) if status.runs() => {
            (status, kind) = (AttemptStatus::UnknownTool, None);
        }
        Some(ToolErrorCode::BadArguments) if status.runs() => status = AttemptStatus::BadArguments,
        Some(ToolErrorCode::TruncatedAction) if status.runs() => status = AttemptStatus::Truncated,
        _ => {}
    }
    let was_run = status.runs()
        && !matches!(
            error,
            Some(
                ToolErrorCode::UnknownCompany
                    | ToolErrorCode::TooManyCalls
                    | ToolErrorCode::AlreadySubmitted
            )
        );
    let reached = was_run && error != Some(ToolErrorCode::UnknownTable);
    let is_query = kind == Some(ToolKind::SqlQuery) && was_run;
    let (sql, tables) = call
        .sql
        .as_deref()
        .filter(|_| is_query)
        .map(sql_reads)
        .unwrap_or_default();
    let (asked, more) = match kind {
        Some(ToolKind::TableInfo | ToolKind::SqlQuery) if reached => asked(call, &tables, names),
        _ => (None, Vec::new()),
    };
    if reached && asked.is_none() && error.is_none() && !names.companies.is_empty() {
        names.strangers.extend(call.table.clone());
    }
    let rows = if is_query && error.is_none() && !call.is_empty {
        num_rows(output)
    } else {
        0
    };
    let event = CallEvent {
        turn: call.turn,
        kind,
        status,
        error,
        table: asked,
        rows,
        fingerprint: fingerprint_of(call),
        has_filter: sql.has_filter,
        has_arithmetic: sql.has_arithmetic,
        latency_ns: 0,
    };
    Ok((event, more))
}

/// The tables that a call asks: those of its query that are known, else the one named.
fn asked(
    call: &TracedCall,
    in_query: &[Cow<'_, str>],
    names: &mut Names<'_>,
) -> (Option<TableKey>, Vec<TableKey>) {
    let company = call.company.as_deref();
    let mut found = in_query
        .iter()
        .filter_map(|name| names.table(company, name));
    if let Some(first) = found.next() {
        return (Some(first), found.filter(|key| *key != first).collect());
    }
    let argument = call.table.as_deref().filter(|t| !t.trim().is_empty());
    (
        argument.and_then(|table| names.table(company, table)),
        Vec::new(),
    )
}

/// The mistake of an attempt that is no call.
fn of_status(status: AttemptStatus, output: &str) -> Option<ToolErrorCode> {
    Some(match status {
        AttemptStatus::Ok | AttemptStatus::Repaired | AttemptStatus::InReasoning => return None,
        AttemptStatus::UnknownTool => ToolErrorCode::UnknownTool,
        AttemptStatus::BadArguments => ToolErrorCode::BadArguments,
        AttemptStatus::Truncated => ToolErrorCode::TruncatedAction,
        AttemptStatus::InvalidJson | AttemptStatus::Unclosed | AttemptStatus::MissingName => {
            match error_code(None, output) {
                code @ (ToolErrorCode::NoAction
                | ToolErrorCode::TruncatedAction
                | ToolErrorCode::AlreadySubmitted) => code,
                _ => ToolErrorCode::MalformedAction,
            }
        }
    })
}

fn kind_of(name: &str) -> Result<ToolKind> {
    let known = ToolKind::ALL.into_iter().find(|kind| kind.name() == name);
    known.ok_or_else(|| {
        let names = ToolKind::ALL.map(ToolKind::name).join(", ");
        Error::InvalidConfig(format!(
            "kind {name:?} of a call is unknown; it must be one of {names}"
        ))
    })
}

fn status_of(name: &str) -> Result<AttemptStatus> {
    let known = AttemptStatus::ALL
        .into_iter()
        .find(|status| status.name() == name);
    known.ok_or_else(|| {
        let names = AttemptStatus::ALL.map(AttemptStatus::name).join(", ");
        Error::InvalidConfig(format!(
            "status {name:?} of a call is unknown; it must be one of {names}"
        ))
    })
}

/// As in the engine; a call that could not be read goes by its text.
fn fingerprint_of(call: &TracedCall) -> u64 {
    if call.text.is_empty() {
        fingerprint::of_call(call.tool.trim(), &call.arguments)
    } else {
        fingerprint::of_text(&call.text)
    }
}
