//! Gold programs in a tasks file: `gold_sql`, `gold_expression` and `tables`.

use finqa_core::Company;
use finqa_core::answer::{AnswerSpec, Op, Unit};
use finqa_core::gold::{CellRef, Gold, GoldAnswer, GoldQuery};

use super::answer_spec;
use super::tasks_file::{Row, list};

/// The program of a record, `None` if it has none, or why it cannot be used.
pub(super) fn gold(
    row: &Row,
    truth: &str,
    spec: &AnswerSpec,
    companies: &[&Company],
    tables: &[String],
) -> Result<Option<Gold>, String> {
    let sqls = list(row.get("gold_sql").map_or("", |v| v.trim()));
    if sqls.is_empty() {
        return match row.get("gold_expression") {
            Some(_) => Err("there is a gold_expression without gold_sql".into()),
            None => Ok(None),
        };
    }
    let mut queries = Vec::with_capacity(sqls.len());
    for (i, sql) in sqls.iter().enumerate() {
        let table = match (tables, companies) {
            ([only], _) => only.as_str(),
            (several, _) if several.len() == sqls.len() => several[i].as_str(),
            ([], [company]) if company.tables.len() == 1 => company.tables[0].name.as_str(),
            _ => {
                return Err(format!(
                    "gold_sql has {} queries and tables has {} names; give one table for all or one for each",
                    sqls.len(),
                    tables.len()
                ));
            }
        };
        let company = companies.iter().find(|c| c.table(table).is_some());
        let company = company.ok_or_else(|| format!("no table {table:?}"))?;
        queries.push(GoldQuery {
            company: company.name.clone(),
            table: table.to_owned(),
            sql: sql.clone(),
        });
    }
    let first = CellRef {
        query: 0,
        row: 0,
        column: 0,
    };
    let expression = row.get("gold_expression").map_or("{0}", |e| e.trim());
    let answer = if matches!(spec.unit, Unit::Text | Unit::Bool) && expression == "{0}" {
        GoldAnswer::Cells { cells: vec![first] }
    } else {
        let (expression, operands) = operands(expression, queries.len())?;
        GoldAnswer::Number {
            expression,
            operands,
            decimals: if spec.op == Op::Derived {
                answer_spec::decimals(truth)
            } else {
                None
            },
            suffix: if spec.unit == Unit::Percent {
                "%".into()
            } else {
                String::new()
            },
        }
    };
    Ok(Some(Gold { queries, answer }))
}

/// Turns `{query}` and `{query.row.column}` into numbered operands; each cell gets one number.
fn operands(expression: &str, num_queries: usize) -> Result<(String, Vec<CellRef>), String> {
    let mut out = String::new();
    let mut cells: Vec<CellRef> = Vec::new();
    let mut rest = expression;
    while let Some(open) = rest.find('{') {
        let close = rest[open..]
            .find('}')
            .ok_or_else(|| format!("{expression:?} has no closing brace"))?
            + open;
        let inside = &rest[open + 1..close];
        let numbers: Result<Vec<u16>, _> = inside.split('.').map(|n| n.trim().parse()).collect();
        let cell = match numbers.as_deref() {
            Ok([query]) => CellRef {
                query: *query,
                row: 0,
                column: 0,
            },
            Ok([query, row, column]) => CellRef {
                query: *query,
                row: *row,
                column: *column,
            },
            _ => {
                return Err(format!(
                    "{{{inside}}} must be {{query}} or {{query.row.column}}, counted from 0"
                ));
            }
        };
        if usize::from(cell.query) >= num_queries {
            return Err(format!(
                "{{{inside}}} names query {}, but there are {num_queries}",
                cell.query
            ));
        }
        let index = cells.iter().position(|c| *c == cell).unwrap_or_else(|| {
            cells.push(cell);
            cells.len() - 1
        });
        out.push_str(&rest[..open]);
        out.extend(["{", index.to_string().as_str(), "}"]);
        rest = &rest[close + 1..];
    }
    out.push_str(rest);
    Ok((out, cells))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_are_numbered_by_cell() {
        let (text, cells) = operands("({0.0.1} - {0.0.2}) / {0.0.2} + {1}", 2).unwrap();
        assert_eq!(text, "({0} - {1}) / {1} + {2}");
        assert_eq!(cells.len(), 3);
        assert_eq!(
            cells[2],
            CellRef {
                query: 1,
                row: 0,
                column: 0
            }
        );
        assert!(operands("{2}", 2).unwrap_err().contains("there are 2"));
        assert!(operands("{a}", 1).is_err());
        assert!(operands("{0", 1).is_err());
    }
}
