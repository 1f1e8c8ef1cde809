//! Running one tool call. To add a tool: a `ToolKind`, a `ToolSpec` in a profile, and an arm here.

use std::sync::Arc;

use finqa_core::action::Attempt;
use finqa_core::behaviour::{SqlTraits, TableKey, fingerprint, sql_reads};
use finqa_core::calculator::calculate;
use finqa_core::error::{ToolError, ToolErrorCode};
use finqa_core::sql::InfraError;
use finqa_core::sql_guard;
use finqa_core::suggest::nearest;
use finqa_core::tool::{ToolCall, ToolKind};

use crate::catalog::CompanyTexts;
use crate::context::Context;
use crate::observation::Text;

/// What a call came to.
pub(crate) enum Output {
    /// A text for the policy.
    Text(Text),
    /// The answer that was handed in.
    Submission(String),
}

/// What the log keeps of a call besides its outcome.
#[derive(Default)]
pub(crate) struct Touched {
    /// By what calls are told apart; see [`fingerprint`].
    pub(crate) fingerprint: u64,
    /// The table that was asked.
    pub(crate) table: Option<TableKey>,
    /// The others, if a query joins several.
    pub(crate) more_tables: Vec<TableKey>,
    /// Rows of a query's result.
    pub(crate) rows: u32,
    /// What a query's text says about it.
    pub(crate) sql: SqlTraits,
    /// Time the tool took; 0 if it was not measured.
    pub(crate) latency_ns: u32,
}

impl Touched {
    /// Of a call that has yet to run; `unread` holds the fingerprints of attempts that hold none.
    pub(crate) fn of_attempt(attempt: &Attempt, unread: &mut impl Iterator<Item = u64>) -> Self {
        let fingerprint = match &attempt.call {
            Some(call) => fingerprint::of_call(attempt.tool.unwrap_or(usize::MAX), &call.arguments),
            None => unread.next().unwrap_or(0),
        };
        Self {
            fingerprint,
            ..Self::default()
        }
    }

    /// Of a message that holds no call.
    pub(crate) fn of_text(text: &str) -> Self {
        Self {
            fingerprint: fingerprint::of_text(text),
            ..Self::default()
        }
    }
}

/// Why a call has no output.
pub(crate) enum Failure {
    /// The policy's mistake.
    Tool(Arc<ToolError>),
    /// Ours.
    Infra(InfraError),
}

impl From<ToolError> for Failure {
    fn from(error: ToolError) -> Self {
        Self::Tool(Arc::new(error))
    }
}

/// A company that an episode may look at: its index in the corpus and its texts.
pub(crate) type InScope = (u32, Arc<CompanyTexts>);

/// Runs `call` of a built-in tool for an episode that may look at `companies`.
pub(crate) fn run(
    ctx: &Context,
    companies: &[InScope],
    kind: ToolKind,
    call: &ToolCall,
    touched: &mut Touched,
) -> Result<Output, Failure> {
    match kind {
        ToolKind::ListTables => {
            let (_, company) = company(companies, call)?;
            Ok(Output::Text(Text::Shared(Arc::clone(&company.names))))
        }
        ToolKind::TableInfo => {
            let (index, company) = company(companies, call)?;
            let table = table(ctx, company, call)?;
            touched.table = Some((index, table));
            Ok(Output::Text(Text::Shared(Arc::clone(company.info(table)))))
        }
        ToolKind::SqlQuery => {
            let (index, company) = company(companies, call)?;
            let sql = text(call, "query");
            let (traits, names) = sql_reads(sql);
            touched.sql = traits;
            let by_argument = match argument(call, "table_name") {
                Some(_) => Some(table(ctx, company, call)?),
                None => None,
            };
            // What the query reads is what was asked, whatever the argument says.
            let mut read = names.iter().filter_map(|name| company.table(name));
            let first = read.next();
            touched.more_tables = read
                .filter(|table| Some(*table) != first)
                .map(|table| (index, table))
                .collect();
            touched.table = first.or(by_argument).map(|table| (index, table));
            sql_guard::check(ctx.config.tool_profile.guard(), sql)?;
            match ctx.backend.query(&company.company, sql, &ctx.limits) {
                Ok(Ok(rows)) => {
                    touched.rows = rows.total_rows;
                    Ok(Output::Text(Text::Rows(rows)))
                }
                Ok(Err(error)) => Err(Failure::Tool(error)),
                Err(infra) => Err(Failure::Infra(infra)),
            }
        }
        ToolKind::Calculator => Ok(Output::Text(calculate(text(call, "expression"))?.into())),
        ToolKind::SubmitAnswer => Ok(Output::Submission(text(call, "answer").to_string())),
        // The episode hands these to Python; they never arrive here.
        ToolKind::User => Err(ToolError::new(
            ToolErrorCode::UserToolFailed,
            "this tool can only be run by its owner",
        )
        .into()),
    }
}

/// An argument. The tools here have at most three, and to compare that many names costs less than to hash one.
fn argument<'a>(call: &'a ToolCall, name: &str) -> Option<&'a serde_json::Value> {
    let (_, value) = call.arguments.iter().find(|(given, _)| *given == name)?;
    Some(value)
}

/// An argument as text. The parser has checked it against the schema, so it is there and a string.
fn text<'a>(call: &'a ToolCall, name: &str) -> &'a str {
    argument(call, name)
        .and_then(serde_json::Value::as_str)
        .unwrap_or("")
}

/// The company of a call: the named one, which must be one of the episode's, or the first if tools take no company.
fn company<'a>(
    companies: &'a [InScope],
    call: &ToolCall,
) -> Result<(u32, &'a CompanyTexts), ToolError> {
    let mut texts = companies.iter().map(|(index, texts)| (*index, &**texts));
    let Some(named) = argument(call, "company_name").and_then(serde_json::Value::as_str) else {
        let (index, texts) = &companies[0];
        return Ok((*index, texts));
    };
    let name = named.trim().trim_matches('`');
    texts
        .find(|(_, c)| c.company.name.eq_ignore_ascii_case(name))
        .ok_or_else(|| {
            let allowed: Vec<_> = companies
                .iter()
                .map(|(_, texts)| texts.company.name.as_str())
                .collect();
            ToolError::new(
                ToolErrorCode::UnknownCompany,
                format!(
                    "Error: company {named:?} is not part of this question. Use company_name {}.",
                    allowed
                        .iter()
                        .map(|n| format!("{n:?}"))
                        .collect::<Vec<_>>()
                        .join(" or ")
                ),
            )
        })
}

fn table(ctx: &Context, company: &CompanyTexts, call: &ToolCall) -> Result<u16, ToolError> {
    let name = text(call, "table_name");
    company.table(name).ok_or_else(|| {
        let near = nearest(name, company.company.tables.iter().map(|t| t.name.as_str()), 3);
        let near = if near.is_empty() {
            String::new()
        } else {
            format!(" The nearest names are: {}.", near.join(", "))
        };
        let list = ctx.toolbox.name_of(ToolKind::ListTables).unwrap_or("the list tool");
        ToolError::new(
            ToolErrorCode::UnknownTable,
            format!(
                "Error: table {name:?} not found for company {:?}.{near} Call {list} for all names.",
                company.company.name
            ),
        )
    })
}
