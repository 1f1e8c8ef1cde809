//! Questions about one table.

use finqa_core::answer::{Op, Scale, Unit};

use super::choose::{any_row, any_table, close, composition, divide, due, two_years};
use super::program::{Cell, amount, boxed, number, operands, select, spec};
use super::{Draft, GROWTH_DECIMALS, Maker, RATIO_DECIMALS};
use crate::builtin::draw::Draw;
use crate::builtin::grid::{Role, Shape, Written, plain};

/// Every type.
pub(super) const ALL: [Maker; 5] = [lookup, net_change, growth, share, sum];

fn lookup(company: &str, tables: &[Written], draw: &mut Draw) -> Option<Draft> {
    let table = any_table(tables, draw);
    let row = any_row(table, draw)?;
    let column = draw.below(table.headers.len());
    let value = table.value(row, column);
    let others = table.grid.rows[row]
        .values
        .iter()
        .enumerate()
        .filter(|(c, _)| *c != column);
    if value == 0
        || others
            .map(|(_, v)| *v)
            .any(|other| close(value.into(), other.into()))
    {
        return None;
    }
    let (label, topic) = (table.grid.rows[row].label.as_str(), table.grid.topic);
    let question = match table.grid.shape {
        Shape::Ladder if table.grid.rows[row].role == Role::Total => draw
            .pick(&[
                "What do the {topic} add up to?",
                "What is the total of the {topic}?",
            ])
            .replace("{topic}", topic),
        Shape::Ladder => {
            let due = due(table, row);
            match draw.below(3) {
                0 => format!("How much of the {topic} is scheduled for {due}?"),
                1 => format!("According to the schedule of {topic}, which amount falls in {due}?"),
                _ => format!("What amount is shown for {due} in the schedule of {topic}?"),
            }
        }
        _ => {
            let period = table.period(column);
            match draw.below(4) {
                0 => format!("What was {label} {period}, as reported under {topic}?"),
                1 => format!("Which value does the note on {topic} give for {label} {period}?"),
                2 => format!("Looking at {topic}, how much was reported for {label} {period}?"),
                _ => format!("Find {label} {period} in the company's disclosure of {topic}."),
            }
        }
    };
    let (sql, cells) = select(company, table, &[Cell { row, column }]);
    let sign = if value < 0 {
        " Amounts in parentheses are negative."
    } else {
        ""
    };
    Some(if table.grid.shape == Shape::Rate {
        Draft {
            question_type: "Lookup",
            question,
            unit_hint: format!("Answer as a percentage.{sign}"),
            truth: boxed(&format!("{}%", plain(value.into(), table.display.decimals))),
            answer: spec(Unit::Percent, Scale::One, Op::Derived, false),
            gold: number(
                vec![sql],
                "{0}",
                operands(0, &cells),
                Some(table.display.decimals),
                "%",
            ),
        }
    } else {
        amount(
            "Lookup",
            question,
            table,
            value,
            sign,
            false,
            number(vec![sql], "{0}", operands(0, &cells), None, ""),
        )
    })
}

fn net_change(company: &str, tables: &[Written], draw: &mut Draw) -> Option<Draft> {
    let (table, row, new, old) = two_years(tables, draw)?;
    let (a, b) = (table.value(row, new), table.value(row, old));
    let change = a - b;
    if change == 0 || close(a.into(), b.into()) {
        return None;
    }
    let (label, topic) = (&table.grid.rows[row].label, table.grid.topic);
    let (from, to) = (table.grid.years[old], table.grid.years[new]);
    let question = match draw.below(4) {
        0 => format!("What was the net change in {label} from {from} to {to} under {topic}?"),
        1 => {
            format!("By how much did {label} change between {from} and {to}, according to {topic}?")
        }
        2 => format!("Relative to {from}, how did {label} change in {to} in the note on {topic}?"),
        _ => format!("Compute the change in {label} from {from} to {to} ({topic})."),
    };
    let (sql, cells) = select(
        company,
        table,
        &[Cell { row, column: new }, Cell { row, column: old }],
    );
    let gold = number(
        vec![sql],
        "{0} - {1}",
        operands(0, &cells),
        Some(table.display.decimals),
        "",
    );
    Some(amount(
        "Net Change",
        question,
        table,
        change,
        " A decrease is negative.",
        true,
        gold,
    ))
}

fn growth(company: &str, tables: &[Written], draw: &mut Draw) -> Option<Draft> {
    let (table, row, new, old) = two_years(tables, draw)?;
    let (a, b) = (
        i128::from(table.value(row, new)),
        i128::from(table.value(row, old)),
    );
    // Below 3 % the growth on the wrong base would be within 1 % of the right one or close to it.
    if a <= 0 || b <= 0 || (a - b).abs() * 100 < 3 * b || (a - b).abs() > 9 * b {
        return None;
    }
    let percent = divide((a - b) * 100, b, GROWTH_DECIMALS)?;
    let (label, topic) = (&table.grid.rows[row].label, table.grid.topic);
    let (from, to) = (table.grid.years[old], table.grid.years[new]);
    let question = match draw.below(4) {
        0 => {
            format!("What was the percentage growth of {label} from {from} to {to} under {topic}?")
        }
        1 => format!(
            "By what percentage did {label} change from {from} to {to}, according to {topic}?"
        ),
        2 => format!(
            "How fast did {label} grow in {to} relative to {from} in the note on {topic}, in percent?"
        ),
        _ => format!(
            "Calculate the growth rate of {label} between {from} and {to} ({topic}) as a percentage."
        ),
    };
    let (sql, cells) = select(
        company,
        table,
        &[Cell { row, column: new }, Cell { row, column: old }],
    );
    Some(Draft {
        question_type: "Growth - YoY",
        question,
        unit_hint: "Give a percentage with two decimals; a decrease is negative.".to_owned(),
        truth: boxed(&format!("{}%", plain(percent, GROWTH_DECIMALS))),
        answer: spec(Unit::Percent, Scale::One, Op::Derived, true),
        gold: number(
            vec![sql],
            "({0} - {1}) / {1} * 100",
            operands(0, &cells),
            Some(GROWTH_DECIMALS),
            "%",
        ),
    })
}

fn share(company: &str, tables: &[Written], draw: &mut Draw) -> Option<Draft> {
    let table = any_table(tables, draw);
    let column = draw.below(table.headers.len());
    let total_row = composition(table, column)?;
    let row = any_row(table, draw)?;
    let (part, total) = (table.value(row, column), table.value(total_row, column));
    // A share below 2 % has too few digits at three decimals.
    if row == total_row || part * 50 < total {
        return None;
    }
    let ratio = divide(part.into(), total.into(), RATIO_DECIMALS)?;
    let others = (0..table.headers.len())
        .filter(|c| *c != column)
        .filter_map(|c| {
            divide(
                table.value(row, c).into(),
                table.value(total_row, c).into(),
                RATIO_DECIMALS,
            )
        });
    if others
        .chain([1000 - ratio])
        .any(|other| close(ratio, other))
    {
        return None;
    }
    let (label, topic) = (&table.grid.rows[row].label, table.grid.topic);
    let question = if table.grid.shape == Shape::Ladder {
        let due = due(table, row);
        match draw.below(2) {
            0 => format!("What share of the {topic} falls in {due}?"),
            _ => format!("Which proportion of all {topic} is scheduled for {due}?"),
        }
    } else {
        let period = table.period(column);
        let whole = &table.grid.rows[total_row].label;
        match draw.below(4) {
            0 => format!("What share of {whole} came from {label} {period}, according to {topic}?"),
            1 => format!("Which proportion of {whole} did {label} make up {period} under {topic}?"),
            2 => format!(
                "How large was {label} {period} as a fraction of {whole} in the note on {topic}?"
            ),
            _ => format!("Compute the contribution of {label} to {whole} {period} ({topic})."),
        }
    };
    let (sql, cells) = select(
        company,
        table,
        &[
            Cell { row, column },
            Cell {
                row: total_row,
                column,
            },
        ],
    );
    Some(Draft {
        question_type: "Contribution Share",
        question,
        unit_hint: "Give a decimal with three places.".to_owned(),
        truth: boxed(&plain(ratio, RATIO_DECIMALS)),
        answer: spec(Unit::Ratio, Scale::One, Op::Derived, false),
        gold: number(
            vec![sql],
            "{0} / {1}",
            operands(0, &cells),
            Some(RATIO_DECIMALS),
            "",
        ),
    })
}

fn sum(company: &str, tables: &[Written], draw: &mut Draw) -> Option<Draft> {
    let table = any_table(tables, draw);
    if table.grid.shape == Shape::Rate {
        return None;
    }
    let column = draw.below(table.headers.len());
    let parts: Vec<usize> = (0..table.labels.len())
        .filter(|&r| {
            table.grid.rows[r].role == Role::Part
                && table.is_unique(r)
                && table.value(r, column) > 0
        })
        .collect();
    let n = 2 + draw.below(2);
    // All parts together would be the total, which is a lookup.
    if parts.len() <= n {
        return None;
    }
    let rows = draw.choose(&parts, n);
    let total: i64 = rows.iter().map(|&r| table.value(r, column)).sum();
    let names: Vec<String> = rows
        .iter()
        .map(|&r| {
            if table.grid.shape == Shape::Ladder {
                due(table, r)
            } else {
                table.grid.rows[r].label.clone()
            }
        })
        .collect();
    let (last, first) = names.split_last()?;
    let names = format!("{} and {last}", first.join(", "));
    let topic = table.grid.topic;
    let question = if table.grid.shape == Shape::Ladder {
        format!("How much of the {topic} falls in {names} together?")
    } else {
        let period = table.period(column);
        match draw.below(3) {
            0 => format!("What were {names} together {period}, according to {topic}?"),
            1 => format!("Add up {names} {period} under {topic}. What is the sum?"),
            _ => format!("What is the combined amount of {names} {period} in the note on {topic}?"),
        }
    };
    let wanted: Vec<Cell> = rows.iter().map(|&row| Cell { row, column }).collect();
    let (sql, cells) = select(company, table, &wanted);
    let expression = (0..n)
        .map(|i| format!("{{{i}}}"))
        .collect::<Vec<_>>()
        .join(" + ");
    let gold = number(
        vec![sql],
        &expression,
        operands(0, &cells),
        Some(table.display.decimals),
        "",
    );
    Some(amount("Sum", question, table, total, "", false, gold))
}
