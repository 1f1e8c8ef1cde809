//! Gold programs, run by an interpreter of their own on the tables' texts, come to the truths.

use finqa_core::answer::{Unit, cell_number};
use finqa_core::gold::{CellRef, GoldAnswer, GoldQuery, GoldRule};
use finqa_core::sql_guard::{SqlGuard, check};
use finqa_core::{Company, Table, Task};

use crate::{Generator, SplitName, SynthConfig};

/// The texts between quotes, doubled quotes undone.
fn quoted(sql: &str, mark: char) -> Vec<String> {
    let mut out = Vec::new();
    let mut chars = sql.chars().peekable();
    let mut inside: Option<(char, String)> = None;
    while let Some(c) = chars.next() {
        match &mut inside {
            None if c == '"' || c == '\'' => inside = Some((c, String::new())),
            None => {}
            Some((open, text)) if c == *open => {
                if chars.peek() == Some(&c) {
                    text.push(c);
                    chars.next();
                } else {
                    if *open == mark {
                        out.push(std::mem::take(text));
                    }
                    inside = None;
                }
            }
            Some((_, text)) => text.push(c),
        }
    }
    out
}

/// Runs a query of the one shape that gold programs have.
fn run(company: &Company, query: &GoldQuery) -> Vec<Vec<String>> {
    let table: &Table = company
        .tables
        .iter()
        .find(|t| t.name == query.table)
        .unwrap();
    let (select, filter) = query.sql.split_once(" WHERE ").unwrap();
    let mut names = quoted(select, '"');
    assert_eq!(names.pop().unwrap(), query.table);
    let labels = quoted(filter, '\'');
    let ids: Option<Vec<usize>> = filter.split_once("rowid").map(|(_, rest)| {
        rest.split(|c: char| !c.is_ascii_digit())
            .filter_map(|n| n.parse().ok())
            .collect()
    });
    assert_eq!(quoted(filter, '"')[0], table.columns[0]);
    let at = |name: &String| table.columns.iter().position(|c| c == name).unwrap();
    (0..table.rows.len() / table.columns.len())
        .filter(|&r| {
            let label = table.row(r)[0].as_str().unwrap_or_default();
            labels.iter().any(|l| l == label)
                && ids.as_ref().is_none_or(|ids| ids.contains(&(r + 1)))
        })
        .map(|r| {
            names
                .iter()
                .map(|n| table.row(r)[at(n)].as_str().unwrap_or_default().to_owned())
                .collect()
        })
        .collect()
}

/// The value of an expression by plain floating-point arithmetic, for the shapes that questions use.
fn arithmetic(expression: &str, v: &[f64]) -> Option<f64> {
    let sum: f64 = v.iter().sum();
    let n = v.len() as f64;
    let last = v[v.len() - 1];
    Some(match expression {
        "{0}" => v[0],
        "{0} - {1}" => v[0] - v[1],
        "{0} / {1}" => v[0] / v[1],
        "{0} / {1} * 100" => v[0] / v[1] * 100.0,
        "abs({0}) / abs({1})" => (v[0] / v[1]).abs(),
        "({0} - {1}) / {1} * 100" => (v[0] / v[1] - 1.0) * 100.0,
        "({0} / {1} - {2} / {3}) * 100" => (v[0] / v[1] - v[2] / v[3]) * 100.0,
        e if e.starts_with("(({0} / {1}) ** (1 / ") => {
            let years: f64 = e.split("(1 / ").nth(1)?.split(')').next()?.parse().ok()?;
            ((v[0] / v[1]).powf(1.0 / years) - 1.0) * 100.0
        }
        e if e.starts_with("{0} - (") => v[0] - sum / n,
        e if e.ends_with("* 100") && e.contains(" + ") => (sum - last) / last * 100.0,
        e if e.ends_with('}') && e.contains(") / {") => (sum - last) / last,
        e if e.contains(") / ") => sum / n,
        e if e.contains(" + ") => sum,
        _ => return None,
    })
}

fn number(text: &str) -> f64 {
    text.trim_start_matches("\\boxed{")
        .trim_end_matches('}')
        .trim_end_matches('%')
        .parse()
        .unwrap()
}

/// Checks one task; false if its answer is of a kind that this test does not work out.
fn verify(company: &Company, task: &Task) -> bool {
    let gold = task.gold.as_ref().unwrap();
    for query in &gold.queries {
        for guard in [SqlGuard::Rllm, SqlGuard::OpenEnv] {
            assert!(check(guard, &query.sql).is_ok(), "{}", query.sql);
        }
    }
    if task.answer.unit == Unit::Absent {
        return false;
    }
    let results: Vec<Vec<Vec<String>>> = gold.queries.iter().map(|q| run(company, q)).collect();
    let text = |at: &CellRef| {
        results[usize::from(at.query)][usize::from(at.row)][usize::from(at.column)].clone()
    };
    let value = |at: &CellRef| -> f64 { cell_number(&text(at)).unwrap().parse().unwrap() };
    match &gold.answer {
        GoldAnswer::Number {
            expression,
            operands,
            decimals,
            ..
        } => {
            let values: Vec<f64> = operands.iter().map(value).collect();
            let Some(got) = arithmetic(expression, &values) else {
                return false;
            };
            let half = 0.5 / 10f64.powi(decimals.unwrap_or(6).into());
            let slack = half + 1e-9 * got.abs();
            assert!(
                (got - number(&task.truth)).abs() <= slack,
                "{} {}: {got} for {}",
                task.question,
                expression,
                task.truth
            );
        }
        GoldAnswer::Extreme {
            operands,
            names,
            largest,
        } => {
            let values: Vec<f64> = operands.iter().map(value).collect();
            let best = (0..values.len())
                .max_by(|&a, &b| {
                    let order = values[a].total_cmp(&values[b]);
                    if *largest { order } else { order.reverse() }
                })
                .unwrap();
            assert_eq!(task.truth, format!("\\boxed{{{}}}", names[best]));
        }
        GoldAnswer::Greater { operands, .. } => {
            let yes = value(&operands[0]) > value(&operands[1]);
            assert_eq!(
                task.truth,
                format!("\\boxed{{{}}}", if yes { "yes" } else { "no" })
            );
        }
        GoldAnswer::Report {
            operands, values, ..
        } if task.rubric.is_none() => {
            let all: Vec<f64> = operands.iter().map(value).collect();
            let mut written = task
                .truth
                .trim_start_matches("\\boxed{")
                .trim_end_matches('}')
                .split(", ");
            for named in values {
                let GoldRule::Number { expression, .. } = &named.rule else {
                    return false;
                };
                // `{7} / {9}` over the cells becomes `{0} / {1}` over two of them.
                let mut own: Vec<usize> = Vec::new();
                let mut plain = expression.clone();
                for place in expression.split('{').skip(1) {
                    let index: usize = place.split('}').next().unwrap().parse().unwrap();
                    if !own.contains(&index) {
                        own.push(index);
                    }
                }
                for (new, old) in own.iter().enumerate() {
                    plain = plain.replace(&format!("{{{old}}}"), &format!("<{new}>"));
                }
                let plain = plain.replace('<', "{").replace('>', "}");
                let operands: Vec<f64> = own.iter().map(|&i| all[i]).collect();
                let got = arithmetic(&plain, &operands).unwrap();
                let (_, shown) = written.next().unwrap().split_once(": ").unwrap();
                assert!(
                    (got - number(shown)).abs() <= 0.005 + 1e-9 * got.abs(),
                    "{}",
                    task.truth
                );
            }
        }
        _ => return false,
    }
    true
}

#[test]
fn truths_follow_from_the_tables_as_written() {
    let generator = Generator::new(11, SynthConfig::default()).unwrap();
    let (mut verified, mut all) = (0, 0);
    for index in 0..60 {
        let made = generator.company(SplitName::Train, index);
        for task in made.tasks.iter().filter(|t| t.companies.len() == 1) {
            all += 1;
            verified += usize::from(verify(&made.company, task));
        }
    }
    assert!(verified * 100 > all * 80, "{verified} of {all}");
}
