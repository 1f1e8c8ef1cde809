//! Tools: what a policy can call, under which names and with which arguments.

use serde_json::{Map, Value, json};

use crate::action::schema::Parameters;
use crate::error::{Error, Result};
use crate::sql_guard::SqlGuard;

/// A call as the parser or a structured message delivers it.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    /// Id given by the caller of a structured call; empty if there was none.
    pub id: String,
    /// Tool name as written.
    pub name: String,
    /// Arguments by name.
    pub arguments: Map<String, Value>,
}

/// What a tool does, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum ToolKind {
    /// Names of the company's tables.
    ListTables,
    /// Schema and description of one table.
    TableInfo,
    /// One read-only query.
    SqlQuery,
    /// Arithmetic.
    Calculator,
    /// Hands in the answer and ends the episode.
    SubmitAnswer,
    /// A tool of the user, run in Python for all slots of a step at once.
    User,
}

impl ToolKind {
    /// Every kind, in numeric order.
    pub const ALL: [Self; 6] = [
        Self::ListTables,
        Self::TableInfo,
        Self::SqlQuery,
        Self::Calculator,
        Self::SubmitAnswer,
        Self::User,
    ];

    /// Stable name, used in stats and records whatever the tool is called in a profile.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ListTables => "list_tables",
            Self::TableInfo => "table_info",
            Self::SqlQuery => "sql_query",
            Self::Calculator => "calculator",
            Self::SubmitAnswer => "submit_answer",
            Self::User => "user_tool",
        }
    }
}

/// A tool as a policy is told about it.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolSpec {
    /// Name to call it by.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// JSON schema of the arguments (`{"type":"object","properties":{…},"required":[…]}`).
    pub parameters: Value,
    /// What it does, for the engine.
    pub kind: ToolKind,
}

impl ToolSpec {
    /// The OpenAI form: `{"type":"function","function":{"name","description","parameters"}}`.
    pub fn to_openai(&self) -> Value {
        json!({"type": "function", "function": {
            "name": self.name, "description": self.description, "parameters": self.parameters}})
    }

    /// The JSON schema type of a parameter ("string", "number", …), if the schema names one.
    pub fn param_type(&self, param: &str) -> Option<&str> {
        self.parameters
            .get("properties")?
            .get(param)?
            .get("type")?
            .as_str()
    }

    /// Names of the required parameters.
    pub fn required(&self) -> impl Iterator<Item = &str> {
        self.parameters
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
    }
}

/// Which published interface the tools copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ToolProfile {
    /// rLLM's cookbook: get_table_names, get_table_info, sql_query, calculator; here also submit_answer.
    #[default]
    Rllm,
    /// OpenEnv's finqa_env: get_descriptions, get_table_info, sql_query, submit_answer.
    OpenEnv,
    /// For very small models: no company argument, short aligned observations, no guards on SQL.
    Compact,
}

impl ToolProfile {
    /// Every profile.
    pub const ALL: [Self; 3] = [Self::Rllm, Self::OpenEnv, Self::Compact];

    /// Name as users write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rllm => "rllm",
            Self::OpenEnv => "openenv",
            Self::Compact => "compact",
        }
    }

    /// Reads a name.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] naming the three profiles.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|p| p.name() == name).ok_or_else(|| {
            Error::InvalidConfig(format!(
                "tool_profile {name:?} is unknown; it must be \"rllm\", \"openenv\" or \"compact\""
            ))
        })
    }

    /// Which SQL guard the profile documents.
    pub const fn guard(self) -> SqlGuard {
        match self {
            Self::Rllm => SqlGuard::Rllm,
            Self::OpenEnv => SqlGuard::OpenEnv,
            Self::Compact => SqlGuard::Off,
        }
    }

    /// The profile's tools.
    pub fn specs(self) -> Vec<ToolSpec> {
        let company = (
            "company_name",
            "Name of the company, as given in the question.",
        );
        let table = ("table_name", "Name of the table, exactly as listed.");
        let answer = (
            "answer",
            "The final answer: a number with its unit, or a short text.",
        );
        let list_description =
            "List the names of all tables of a company. Call this first: names cannot be guessed.";
        let info_description = "Describe one table: its columns, their types and the values of its label columns. \
             Read this before writing a query.";
        let submit_description =
            "Submit the final answer. This ends the episode; only the first submission counts.";
        match self {
            Self::Rllm => vec![
                spec(
                    ToolKind::ListTables,
                    "get_table_names",
                    list_description,
                    &[company],
                ),
                spec(
                    ToolKind::TableInfo,
                    "get_table_info",
                    info_description,
                    &[company, table],
                ),
                spec(
                    ToolKind::SqlQuery,
                    "sql_query",
                    "Run one SQLite SELECT on a table and get the rows as JSON. Name the columns (SELECT * is \
                     refused) and use a filter, LIMIT or an aggregate. Cells are text as printed in the filing \
                     (\"$ 1,234\", \"(56)\").",
                    &[company, table, ("query", "One SQLite SELECT statement.")],
                ),
                spec(
                    ToolKind::Calculator,
                    "calculator",
                    "Evaluate one arithmetic expression, for example (1234.5 - 1100) / 1100 * 100.",
                    &[("expression", "The expression.")],
                ),
                spec(
                    ToolKind::SubmitAnswer,
                    "submit_answer",
                    submit_description,
                    &[answer],
                ),
            ],
            Self::OpenEnv => vec![
                spec(
                    ToolKind::ListTables,
                    "get_descriptions",
                    list_description,
                    &[company],
                ),
                spec(
                    ToolKind::TableInfo,
                    "get_table_info",
                    info_description,
                    &[company, table],
                ),
                spec(
                    ToolKind::SqlQuery,
                    "sql_query",
                    "Run one SQLite SELECT on a table and get the rows as JSON. Name the columns (SELECT * is \
                     refused); the query must filter (WHERE, HAVING, IN, LIKE, BETWEEN, IS NULL, CASE …).",
                    &[
                        company,
                        table,
                        ("query", "One SQLite SELECT statement with a filter."),
                    ],
                ),
                spec(
                    ToolKind::SubmitAnswer,
                    "submit_answer",
                    submit_description,
                    &[answer],
                ),
            ],
            Self::Compact => vec![
                spec(
                    ToolKind::ListTables,
                    "get_table_names",
                    "List the tables.",
                    &[],
                ),
                spec(
                    ToolKind::TableInfo,
                    "get_table_info",
                    "Show the columns of a table.",
                    &[table],
                ),
                spec(
                    ToolKind::SqlQuery,
                    "sql_query",
                    "Run one SQLite SELECT.",
                    &[("query", "One SQLite SELECT statement.")],
                ),
                spec(
                    ToolKind::Calculator,
                    "calculator",
                    "Evaluate an arithmetic expression.",
                    &[("expression", "The expression.")],
                ),
                spec(
                    ToolKind::SubmitAnswer,
                    "submit_answer",
                    "Submit the final answer.",
                    &[answer],
                ),
            ],
        }
    }
}

fn spec(kind: ToolKind, name: &str, description: &str, params: &[(&str, &str)]) -> ToolSpec {
    let properties: Map<String, Value> = params
        .iter()
        .map(|(param, about)| {
            (
                (*param).to_string(),
                json!({"type": "string", "description": about}),
            )
        })
        .collect();
    let required: Vec<&str> = params.iter().map(|(param, _)| *param).collect();
    ToolSpec {
        name: name.into(),
        description: description.into(),
        parameters: json!({"type": "object", "properties": properties, "required": required,
            "additionalProperties": false}),
        kind,
    }
}

/// The tools of one environment: a profile's, renamed if asked, and the user's.
#[derive(Clone, Debug, PartialEq)]
pub struct Toolbox {
    specs: Vec<ToolSpec>,
    /// What is checked of the arguments of each.
    parameters: Vec<Parameters>,
}

impl Toolbox {
    /// A profile's tools with `renames` (old name, new name) applied, then `user` tools.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] if a rename names no tool, two tools share a name, or a name is not made of
    /// letters, digits, `_` and `-`.
    pub fn new(
        profile: ToolProfile,
        renames: &[(String, String)],
        user: Vec<ToolSpec>,
    ) -> Result<Self> {
        let mut specs = profile.specs();
        for (old, new) in renames {
            let Some(spec) = specs.iter_mut().find(|s| s.name == *old) else {
                return Err(Error::InvalidConfig(format!(
                    "tool_names renames {old:?}, but profile {:?} has no such tool; it has {}",
                    profile.name(),
                    profile
                        .specs()
                        .iter()
                        .map(|s| s.name.clone())
                        .collect::<Vec<_>>()
                        .join(", ")
                )));
            };
            spec.name.clone_from(new);
        }
        specs.extend(user.into_iter().map(|s| ToolSpec {
            kind: ToolKind::User,
            ..s
        }));
        Self::of(specs)
    }

    /// Exactly these tools.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] if two tools share a name, or a name is not made of letters, digits, `_` and `-`.
    pub fn of(specs: Vec<ToolSpec>) -> Result<Self> {
        for (i, spec) in specs.iter().enumerate() {
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if spec.name.is_empty() || !spec.name.chars().all(fits) {
                return Err(Error::InvalidConfig(format!(
                    "tool name {:?} must be made of letters, digits, _ and -",
                    spec.name
                )));
            }
            if specs[..i].iter().any(|s| s.name == spec.name) {
                return Err(Error::InvalidConfig(format!(
                    "two tools are called {:?}",
                    spec.name
                )));
            }
        }
        let parameters = specs.iter().map(Parameters::of).collect();
        Ok(Self { specs, parameters })
    }

    /// The tools, the profile's first.
    pub fn specs(&self) -> &[ToolSpec] {
        &self.specs
    }

    /// What is checked of the arguments of tool `index`.
    pub(crate) fn parameters(&self, index: usize) -> &Parameters {
        &self.parameters[index]
    }

    /// Index and spec of a tool by exact name.
    pub fn find(&self, name: &str) -> Option<(usize, &ToolSpec)> {
        self.specs.iter().enumerate().find(|(_, s)| s.name == name)
    }

    /// The name under which the first tool of a kind is called.
    pub fn name_of(&self, kind: ToolKind) -> Option<&str> {
        self.specs
            .iter()
            .find(|s| s.kind == kind)
            .map(|s| s.name.as_str())
    }

    /// The names, joined by ", ", for error texts.
    pub fn names(&self) -> String {
        self.specs
            .iter()
            .map(|s| s.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    }
}
