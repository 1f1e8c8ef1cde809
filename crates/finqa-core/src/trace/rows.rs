//! How many rows a tool's output shows, whoever wrote the tool.

use serde_json::Value;

/// Members of a JSON object that hold its rows.
const HOLDERS: [&str; 7] = [
    "rows", "data", "result", "results", "records", "items", "values",
];

/// Rows of a query's result, by its text: records in JSON (also inside an object, or by columns), a list as Python prints
/// it, a table in Markdown or CSV or as pandas prints it, or lines.
///
/// ```
/// use finqa_core::trace::num_rows;
///
/// assert_eq!(num_rows(r#"[{"item": "Revenue", "2024": "5"}]"#), 1);
/// assert_eq!(num_rows("| item | 2024 |\n|---|---|\n| Revenue | 5 |\n| Cost | 3 |"), 2);
/// assert_eq!(num_rows("[]"), 0);
/// ```
pub fn num_rows(output: &str) -> u32 {
    let (text, of) = without_notice(output);
    if let Some(total) = of {
        return total;
    }
    let trimmed = text.trim();
    let count = if trimmed.is_empty() {
        0
    } else if let Ok(value) = serde_json::from_str::<Value>(trimmed) {
        of_json(&value)
    } else if trimmed.starts_with(['[', '(']) {
        of_list(trimmed)
    } else {
        of_lines(text)
    };
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Takes off this project's own last line, "(showing the first 5 of 12 rows; …)", which says how many there are.
fn without_notice(output: &str) -> (&str, Option<u32>) {
    let Some((text, notice)) = output.rsplit_once("\n(showing the first ") else {
        return (output, None);
    };
    let total = notice
        .split_once(" of ")
        .map(|(_, rest)| rest.strip_prefix("at least ").unwrap_or(rest))
        .and_then(|rest| rest.split(' ').next()?.replace(',', "").parse().ok());
    (text, total)
}

fn of_json(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        Value::Array(rows) => rows.len(),
        Value::Object(object) => {
            let held = HOLDERS.iter().find_map(|key| object.get(*key)?.as_array());
            if let Some(rows) = held {
                return rows.len();
            }
            // By columns, as pandas' to_json and to_dict write it.
            let length = |column: &Value| match column {
                Value::Array(cells) => Some(cells.len()),
                Value::Object(cells) => Some(cells.len()),
                _ => None,
            };
            let columns: Option<Vec<usize>> = object.values().map(length).collect();
            match columns.as_deref() {
                Some([first, rest @ ..]) if rest.iter().all(|n| n == first) => *first,
                _ => usize::from(!object.is_empty()),
            }
        }
        Value::String(text) => usize::from(!text.trim().is_empty()),
        Value::Bool(_) | Value::Number(_) => 1,
    }
}

/// Elements of a list as Python prints it: commas at the first level, outside of quotes.
fn of_list(text: &str) -> usize {
    let (mut depth, mut count, mut filled) = (0_u32, 0_usize, false);
    let mut quote: Option<char> = None;
    let mut escaped = false;
    for c in text.chars() {
        if let Some(open) = quote {
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == open {
                quote = None;
            }
            continue;
        }
        match c {
            '\'' | '"' => {
                quote = Some(c);
                filled = true;
            }
            '[' | '(' | '{' => {
                filled |= depth > 0;
                depth += 1;
            }
            ']' | ')' | '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
            ',' if depth == 1 => {
                count += usize::from(filled);
                filled = false;
            }
            c => filled |= !c.is_whitespace(),
        }
    }
    count + usize::from(filled)
}

/// Lines, without a heading and its rule.
fn of_lines(text: &str) -> usize {
    let is_rule = |line: &str| {
        line.contains("--")
            && line
                .chars()
                .all(|c| matches!(c, '-' | '|' | '+' | ':' | '=' | ' '))
    };
    // The profile compact: every line begins with a blank, the first holds the names of the columns.
    if text.lines().all(|l| l.starts_with(' ')) {
        let rows = text.lines().filter(|l| !is_count(l)).count();
        return rows.saturating_sub(1);
    }
    let mut lines = text.lines().filter(|l| !l.trim().is_empty() && !is_rule(l));
    let Some(first) = lines.next() else { return 0 };
    let rest = lines.filter(|l| !is_count(l)).count();
    let is_heading =
        first.starts_with(' ') || first.contains(['|', '\t']) || (first.contains(',') && rest > 0);
    rest + usize::from(!is_heading)
}

/// A last line that says how many rows there are: "[5 rows x 3 columns]", "(5 rows)", "(no rows)".
fn is_count(line: &str) -> bool {
    let line = line.trim();
    let counted = |text: &str| text.ends_with(" rows") || text.ends_with(" row");
    let inner = line.strip_prefix('(').and_then(|l| l.strip_suffix(')'));
    inner.is_some_and(counted) || (line.starts_with('[') && line.contains(" rows x "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_in_every_form() {
        for (text, rows) in [
            ("", 0),
            ("null", 0),
            ("[]", 0),
            ("()", 0),
            ("{}", 0),
            ("5", 1),
            ("\"Revenue\"", 1),
            ("[(1, 'a, b'), (2, \"c)\")]", 2),
            ("[('x',)]", 1),
            ("[{'a': None}, {'a': [1, 2]}]", 2),
            (r#"{"columns": ["a"], "rows": [[1], [2], [3]]}"#, 3),
            (r#"{"a": {"0": 1, "1": 2}, "b": {"0": 3, "1": 4}}"#, 2),
            (r#"{"a": 1, "b": 2}"#, 1),
            (" item | 2024", 0),
            (" item | 2024\n Revenue | 5", 1),
            (" item | 2024\n (no rows)", 0),
            (
                " item | a\n------+---\n Revenue | 5\n Cost | 3\n(2 rows)",
                2,
            ),
            (" item\n Revenue", 1),
            (
                "   item  2024\n0  Revenue  5\n1  Cost  3\n\n[2 rows x 2 columns]",
                2,
            ),
            ("item,2024\nRevenue,5", 1),
            ("Revenue", 1),
            (" 2024", 1),
            (" 2024\n  \n 5", 2),
            ("5", 1),
            (
                "[{\"a\":1}]\n(showing the first 1 of 12 rows; narrow the query)",
                12,
            ),
            (
                "[{\"a\":1}]\n(showing the first 1 of at least 300 rows; narrow it)",
                300,
            ),
        ] {
            assert_eq!(num_rows(text), rows, "{text}");
        }
    }
}
