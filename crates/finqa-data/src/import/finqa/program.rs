//! FinQA's program language: `subtract(5829, 5735), divide(#0, 5735)`.
//!
//! Operations add, subtract, multiply, divide, exp, greater and table_sum, table_average, table_max, table_min;
//! `#k` is the result of step k, `const_100` is 100, `const_m1` is −1. Source: the language as the FinQA paper
//! (Chen et al., EMNLP 2021) describes it.

use super::super::qa::Exact;
use super::super::qa::expr::{Expr, Fun, Literal, MAX_LEAVES, Op};
use super::super::qa::number;

/// A whole program.
#[derive(Debug)]
pub(super) enum Program {
    Value(Expr<Literal>),
    Greater(Expr<Literal>, Expr<Literal>),
}

/// Reads a program. `row` gives the cells of the row with a label, as literals; the error says what is not
/// understood.
pub(super) fn parse(
    text: &str,
    row: &impl Fn(&str) -> Option<Vec<Literal>>,
) -> Result<Program, String> {
    let mut steps: Vec<Expr<Literal>> = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest
            .split_once('(')
            .ok_or_else(|| format!("no parenthesis in {rest:?}"))?;
        let end = closing(after).ok_or_else(|| format!("{rest:?} is not closed"))?;
        let (inside, next) = (&after[..end], after[end + 1..].trim_start());
        rest = next.strip_prefix(',').unwrap_or(next).trim_start();
        let name = name.trim();
        let (first, second) = inside
            .rsplit_once(", ")
            .ok_or_else(|| format!("{name} has one argument"))?;
        if let Some(aggregate) = name.strip_prefix("table_") {
            let cells = row(first.trim()).ok_or_else(|| format!("no row is called {first:?}"))?;
            if cells.len() > MAX_LEAVES {
                return Err(format!("more than {MAX_LEAVES} numbers"));
            }
            steps.push(aggregated(aggregate, cells).ok_or_else(|| format!("{name} of {first:?}"))?);
            continue;
        }
        let a = argument(first, &steps)?;
        let b = argument(second, &steps)?;
        let op = match name {
            "add" => Op::Add,
            "subtract" => Op::Sub,
            "multiply" => Op::Mul,
            "divide" => Op::Div,
            "exp" => Op::Pow,
            "greater" if rest.is_empty() => return Ok(Program::Greater(a, b)),
            "greater" => return Err("greater is not the last step".to_owned()),
            other => return Err(format!("the operation {other:?} is unknown")),
        };
        let step = step(op, a, b);
        if step.size() > MAX_LEAVES {
            return Err(format!("more than {MAX_LEAVES} numbers"));
        }
        steps.push(step);
    }
    steps
        .pop()
        .map(Program::Value)
        .ok_or_else(|| "the program is empty".to_owned())
}

/// The place of the parenthesis that closes the one before `text`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (i, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return Some(i),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// One step; a number that only counts or compares is a constant: an exponent, the 1 of "minus one".
fn step(op: Op, a: Expr<Literal>, b: Expr<Literal>) -> Expr<Literal> {
    let computed = !matches!(a, Expr::Leaf(_));
    let b = match b {
        Expr::Leaf(l) if op == Op::Pow || op == Op::Sub && computed && l.number.text() == "1" => {
            Expr::Const(l.number.value)
        }
        other => other,
    };
    Expr::bin(op, a, b)
}

fn argument(text: &str, steps: &[Expr<Literal>]) -> Result<Expr<Literal>, String> {
    let text = text.trim();
    if let Some(k) = text.strip_prefix('#') {
        let step = k.parse::<usize>().ok().and_then(|k| steps.get(k));
        return step
            .cloned()
            .ok_or_else(|| format!("{text:?} is no earlier step"));
    }
    if let Some(name) = text.strip_prefix("const_") {
        let value = match name.strip_prefix('m') {
            Some(n) => number::read(n).map(|n| -n.value),
            None => number::read(name).map(|n| n.value),
        };
        return value
            .map(Expr::Const)
            .ok_or_else(|| format!("{text:?} is no constant"));
    }
    let number = number::read(text).ok_or_else(|| format!("{text:?} is no number"))?;
    Ok(Expr::Leaf(Literal { number, at: None }))
}

fn aggregated(name: &str, cells: Vec<Literal>) -> Option<Expr<Literal>> {
    let n = i64::try_from(cells.len()).ok()?;
    let leaves: Vec<Expr<Literal>> = cells.into_iter().map(Expr::Leaf).collect();
    match name {
        "max" => Some(Expr::Call(Fun::Max, leaves)),
        "min" => Some(Expr::Call(Fun::Min, leaves)),
        "sum" | "average" => {
            let sum = leaves.into_iter().reduce(|a, b| Expr::bin(Op::Add, a, b))?;
            let divisor = Expr::Const(number::whole(n));
            Some(if name == "sum" {
                sum
            } else {
                Expr::bin(Op::Div, sum, divisor)
            })
        }
        _ => None,
    }
}

/// The value that FinQA's own evaluator gives: percentages are fractions.
pub(super) fn official_value(expr: &Expr<Literal>) -> Option<Exact> {
    expr.value(&|l: &Literal| {
        let v = l.number.value.clone();
        if l.number.percent {
            v / number::whole(100)
        } else {
            v
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> String {
        let row = |label: &str| {
            (label == "net loss ( gain ), total").then(|| {
                ["4", "8"]
                    .iter()
                    .map(|t| Literal {
                        number: number::read(t).unwrap(),
                        at: Some((0, 1)),
                    })
                    .collect()
            })
        };
        match parse(text, &row) {
            Ok(Program::Value(e)) => number::plain(&official_value(&e).unwrap()).unwrap(),
            Ok(Program::Greater(..)) => "greater".to_owned(),
            Err(e) => e,
        }
    }

    #[test]
    fn programs_of_every_operation() {
        assert_eq!(
            value("subtract(12, 10), divide(#0, 10), multiply(#1, const_100)"),
            "20"
        );
        assert_eq!(
            value("divide(6.9%, const_100), add(const_1, #0), exp(#1, 2)"),
            "1.00138047610000000".trim_end_matches('0')
        );
        assert_eq!(value("table_average(net loss ( gain ), total, none)"), "6");
        assert_eq!(value("table_max(net loss ( gain ), total, none)"), "8");
        assert_eq!(value("multiply(351, const_m1), add(#0, 538)"), "187");
        assert_eq!(value("greater(1, 2)"), "greater");
    }

    #[test]
    fn broken_programs_say_what_is_wrong() {
        assert!(value("subtract(12, 10").contains("not closed"));
        assert!(value("root(12, 10)").contains("unknown"));
        assert!(value("add(#3, 1)").contains("no earlier step"));
        assert!(value("table_sum(rent, none)").contains("no row"));
        assert!(value("").contains("empty"));
        let doubled: Vec<String> = (0..40).map(|k| format!(", add(#{k}, #{k})")).collect();
        let doubled = doubled.concat();
        assert!(value(&format!("add(1, 2){doubled}")).contains("more than 256"));
    }
}
