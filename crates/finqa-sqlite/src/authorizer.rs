//! What a query may do: read the company's tables and call listed functions. Everything else is denied.

use std::cell::RefCell;

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

/// Functions that a query may call, sorted. None depends on time, place, connection state or chance; dates stand on a
/// clock that does not move. LIKE and GLOB arrive here as functions too.
const FUNCTIONS: &[&str] = &[
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "avg",
    "ceil",
    "ceiling",
    "char",
    "coalesce",
    "concat",
    "concat_ws",
    "cos",
    "cosh",
    "count",
    "cume_dist",
    "date",
    "datetime",
    "degrees",
    "dense_rank",
    "exp",
    "first_value",
    "floor",
    "format",
    "glob",
    "group_concat",
    "hex",
    "if",
    "ifnull",
    "iif",
    "instr",
    "julianday",
    "lag",
    "last_value",
    "lead",
    "length",
    "like",
    "ln",
    "log",
    "log10",
    "log2",
    "lower",
    "ltrim",
    "max",
    "min",
    "mod",
    "nth_value",
    "ntile",
    "nullif",
    "percent_rank",
    "pi",
    "pow",
    "power",
    "printf",
    "quote",
    "radians",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "strftime",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "tan",
    "tanh",
    "time",
    "timediff",
    "total",
    "trim",
    "trunc",
    "typeof",
    "unicode",
    "unixepoch",
    "upper",
];

/// Whether a query may call the function `name`.
pub(crate) fn is_allowed_function(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    FUNCTIONS.binary_search(&lower.as_str()).is_ok()
}

/// The listed function whose name is most like `name`.
pub(crate) fn similar_function(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    FUNCTIONS
        .iter()
        .copied()
        .map(|known| (strsim::normalized_damerau_levenshtein(&lower, known), known))
        .filter(|(similarity, _)| *similarity >= 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

/// What the authorizer denied first in the statement that is being prepared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Denial {
    /// A function that is not on the list.
    Function(String),
    /// A table that is not the company's.
    Table(String),
    /// WITH RECURSIVE.
    Recursion,
    /// Anything that is no reading.
    Action,
}

thread_local! {
    static DENIAL: RefCell<Option<Denial>> = const { RefCell::new(None) };
}

/// Takes the denial of the last prepare on this thread.
pub(crate) fn take_denial() -> Option<Denial> {
    DENIAL.with(|denial| denial.try_borrow_mut().ok()?.take())
}

fn deny(denial: Denial) -> Authorization {
    DENIAL.with(|slot| {
        if let Ok(mut slot) = slot.try_borrow_mut() {
            slot.get_or_insert(denial);
        }
    });
    Authorization::Deny
}

/// The callback. Tables need no list: an image holds the tables of one company and nothing else, so only SQLite's own
/// tables (`sqlite_…`) and other databases have to be kept out.
pub(crate) fn authorize(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select => Authorization::Allow,
        AuthAction::Read {
            table_name,
            column_name,
        } => {
            let is_system = table_name
                .get(..7)
                .is_some_and(|head| head.eq_ignore_ascii_case("sqlite_"));
            // `SELECT COUNT(*) FROM x` names no column, and no database either.
            let is_main = match context.database_name {
                Some(database) => database == "main",
                None => column_name.is_empty(),
            };
            if is_main && !is_system {
                Authorization::Allow
            } else {
                deny(Denial::Table(table_name.to_owned()))
            }
        }
        AuthAction::Function { function_name } => {
            if is_allowed_function(function_name) {
                Authorization::Allow
            } else {
                deny(Denial::Function(function_name.to_owned()))
            }
        }
        AuthAction::Recursive => deny(Denial::Recursion),
        _ => deny(Denial::Action),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_for_binary_search() {
        assert!(FUNCTIONS.is_sorted());
        assert!(is_allowed_function("GROUP_CONCAT"));
        for name in [
            "random",
            "randomblob",
            "load_extension",
            "changes",
            "sqlite_version",
            "json_each",
        ] {
            assert!(!is_allowed_function(name), "{name}");
        }
    }

    #[test]
    fn similar_names_are_found() {
        assert_eq!(similar_function("subst"), Some("substr"));
        assert_eq!(similar_function("zzzz"), None);
    }
}
