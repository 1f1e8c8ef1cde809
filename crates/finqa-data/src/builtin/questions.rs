//! Questions about a company, with exact truths and gold programs.
//!
//! A candidate is dropped if a likely mistake (the neighbouring year, the wrong base, the other part) would still be
//! within the 1 % that OpenEnv's rule accepts, or if its rounding is a tie.

use finqa_core::answer::{AnswerSpec, Multi, Op, Scale, Unit};
use finqa_core::gold::{CellRef, Gold, GoldAnswer, GoldQuery};
use finqa_core::{Split, Task};

use super::draw::{Draw, Stream};
use super::grid::{Role, Shape, Written, plain, scale_words};
use crate::hash::sha256_hex;

/// Draws for one question before its type is given up for this company.
const ATTEMPTS: usize = 60;
/// Decimals of a growth in percent.
const GROWTH_DECIMALS: u8 = 2;
/// Decimals of a share or ratio.
const RATIO_DECIMALS: u8 = 3;

/// A cell by its row and by its value column (0 is the newest year).
#[derive(Clone, Copy)]
struct Cell {
    row: usize,
    column: usize,
}

/// A question before it becomes a task.
struct Draft {
    question_type: &'static str,
    question: String,
    unit_hint: String,
    truth: String,
    answer: AnswerSpec,
    gold: Gold,
}

type Maker = fn(&str, &[Written], &mut Draw) -> Option<Draft>;

/// Four to six tasks; one of them asks two tables.
pub(super) fn of_company(
    seed: u64,
    index: u32,
    company: &str,
    split: &str,
    tables: &[Written],
) -> Vec<Task> {
    let mut draw = Draw::new(seed, index, Stream::Questions);
    let mut single: [Maker; 5] = [lookup, net_change, growth, share, sum];
    draw.shuffle(&mut single);
    let wanted = 4 + draw.below(3);
    let mut tasks: Vec<Task> = Vec::with_capacity(wanted);
    let makers =
        std::iter::once(ratio as Maker).chain(single.into_iter().cycle().take(single.len() * 2));
    for make in makers {
        if tasks.len() == wanted {
            break;
        }
        let made = (0..ATTEMPTS).find_map(|_| make(company, tables, &mut draw));
        let Some(draft) = made else { continue };
        if tasks.iter().any(|t| t.question == draft.question) {
            continue;
        }
        tasks.push(finish(draft, company, split));
    }
    tasks
}

fn finish(draft: Draft, company: &str, split: &str) -> Task {
    let kind = draft
        .question_type
        .to_lowercase()
        .replace(" - ", "_")
        .replace(' ', "_");
    let programs: Vec<&str> = draft.gold.queries.iter().map(|q| q.sql.as_str()).collect();
    let digest =
        sha256_hex(format!("{kind}\n{}\n{}", programs.join("\n"), draft.question).as_bytes());
    let id = format!("{company}/{kind}/{}", &digest[..8]);
    Task {
        split: Split(split.to_owned()),
        companies: vec![company.to_owned()],
        question: draft.question,
        question_type: draft.question_type.to_owned(),
        unit_hint: draft.unit_hint,
        truth: draft.truth,
        answer: draft.answer,
        gold: Some(draft.gold),
        source: format!("builtin/{}", super::VERSION),
        id,
    }
}

// --- the six types -------------------------------------------------------------------------------------------------

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

/// (stem and row of the numerator, stem and row of the denominator).
const RATIOS: [(&str, &str, &str, &str); 9] = [
    (
        "ScheduleOfNetBenefitCosts",
        "interest cost",
        "DisaggregationOfRevenue",
        "total revenue",
    ),
    (
        "LeaseCost",
        "total lease cost",
        "DisaggregationOfRevenue",
        "total revenue",
    ),
    (
        "ScheduleOfAccruedLiabilities",
        "total accrued liabilities",
        "DisaggregationOfRevenue",
        "total revenue",
    ),
    (
        "ScheduleOfInventoryCurrent",
        "total inventory",
        "RevenueFromExternalCustomersByGeographicAreas",
        "total revenue",
    ),
    (
        "ScheduleOfComponentsOfIncomeTaxExpenseBenefit",
        "provision for income taxes",
        "ScheduleOfIncomeBeforeIncomeTaxDomesticAndForeign",
        "total income before income taxes",
    ),
    (
        "ScheduleOfDebt",
        "total debt",
        "ScheduleOfIncomeBeforeIncomeTaxDomesticAndForeign",
        "total income before income taxes",
    ),
    (
        "LongLivedAssetsByGeographicAreas",
        "total long-lived assets",
        "RevenueFromExternalCustomersByGeographicAreas",
        "total revenue",
    ),
    (
        "ScheduleOfIncomeBeforeIncomeTaxDomesticAndForeign",
        "total income before income taxes",
        "DisaggregationOfRevenue",
        "total revenue",
    ),
    (
        "ScheduleOfOtherNonoperatingIncomeExpense",
        "interest income",
        "ScheduleOfIncomeBeforeIncomeTaxDomesticAndForeign",
        "total income before income taxes",
    ),
];

fn ratio(company: &str, tables: &[Written], draw: &mut Draw) -> Option<Draft> {
    let (stem, label, base_stem, base_label) = draw.pick(&RATIOS);
    let find = |stem: &str, label: &str| {
        let table = tables.iter().find(|t| t.grid.stem == stem)?;
        let row = table.grid.rows.iter().position(|r| r.label == label)?;
        table.is_unique(row).then_some((table, row))
    };
    let ((table, row), (base, base_row)) = (find(stem, label)?, find(base_stem, base_label)?);
    let column = draw.below(table.headers.len().min(base.headers.len()));
    let values = |c: usize| {
        (
            i128::from(table.value(row, c)),
            i128::from(base.value(base_row, c)),
        )
    };
    let (a, b) = values(column);
    // At three decimals, 0.020 has two digits that count and 0.002 one.
    if a <= 0 || b <= 0 || a * 50 < b || a > b * 50 {
        return None;
    }
    let truth = divide(a, b, RATIO_DECIMALS)?;
    let others = (0..table.headers.len().min(base.headers.len()))
        .filter(|c| *c != column)
        .filter_map(|c| divide(values(c).0, values(c).1, RATIO_DECIMALS));
    if others
        .chain(divide(b, a, RATIO_DECIMALS))
        .any(|other| close(truth, other))
    {
        return None;
    }
    let year = table.grid.years[column];
    let (topic, base_topic) = (table.grid.topic, base.grid.topic);
    let question = match draw.below(3) {
        0 => format!(
            "What was the ratio of {label} ({topic}) to {base_label} ({base_topic}) for fiscal {year}?"
        ),
        1 => format!(
            "Combining the notes on {topic} and {base_topic}, how large was {label} relative to {base_label} in {year}?"
        ),
        _ => format!(
            "For {year}, divide {label} from the note on {topic} by {base_label} from the note on {base_topic}. What is \
             the result?"
        ),
    };
    let (first, first_cells) = select(company, table, &[Cell { row, column }]);
    let (second, second_cells) = select(
        company,
        base,
        &[Cell {
            row: base_row,
            column,
        }],
    );
    let mut cells = operands(0, &first_cells);
    cells.extend(operands(1, &second_cells));
    Some(Draft {
        question_type: "multi_table - Ratio",
        question,
        unit_hint: "Give a decimal with three places.".to_owned(),
        truth: boxed(&plain(truth, RATIO_DECIMALS)),
        answer: spec(Unit::Ratio, Scale::One, Op::Derived, false),
        gold: number(
            vec![first, second],
            "{0} / {1}",
            cells,
            Some(RATIO_DECIMALS),
            "",
        ),
    })
}

// --- choosing ------------------------------------------------------------------------------------------------------

fn any_table<'a>(tables: &'a [Written], draw: &mut Draw) -> &'a Written {
    &tables[draw.below(tables.len())]
}

/// A row with values whose label names it and no other.
fn any_row(table: &Written, draw: &mut Draw) -> Option<usize> {
    let row = draw.below(table.labels.len());
    (table.grid.rows[row].role != Role::Section && table.is_unique(row)).then_some(row)
}

/// A row of amounts and two neighbouring years, the newer one first.
fn two_years<'a>(
    tables: &'a [Written],
    draw: &mut Draw,
) -> Option<(&'a Written, usize, usize, usize)> {
    let table = any_table(tables, draw);
    if matches!(table.grid.shape, Shape::Rate | Shape::Ladder) {
        return None;
    }
    let row = any_row(table, draw)?;
    let new = draw.below(table.headers.len() - 1);
    Some((table, row, new, new + 1))
}

/// The total row, if every other row is a part of it and none is negative.
fn composition(table: &Written, column: usize) -> Option<usize> {
    let rows = &table.grid.rows;
    let total = rows.iter().position(|r| r.role == Role::Total)?;
    let parts_only = rows
        .iter()
        .enumerate()
        .all(|(i, r)| i == total || (r.role == Role::Part && r.values[column] >= 0));
    let added: i64 = rows
        .iter()
        .filter(|r| r.role == Role::Part)
        .map(|r| r.values[column])
        .sum();
    let sums = added == rows[total].values[column] && added > 0;
    (table.grid.shape != Shape::Rate && parts_only && sums && table.is_unique(total))
        .then_some(total)
}

/// Would a 1 % tolerance take one for the other?
fn close(a: i128, b: i128) -> bool {
    (a - b).abs() * 50 <= a.abs().max(b.abs())
}

/// `numerator / denominator` in units of 10^-decimals, rounded half away from zero; `None` for a tie, where binary
/// floating point might round the other way, and for a zero denominator.
fn divide(numerator: i128, denominator: i128, decimals: u8) -> Option<i128> {
    if denominator == 0 {
        return None;
    }
    let scaled = numerator.abs() * 10i128.pow(decimals.into());
    let (quotient, rest) = (scaled / denominator.abs(), scaled % denominator.abs());
    let twice = rest * 2;
    if twice == denominator.abs() {
        return None;
    }
    let rounded = quotient + i128::from(twice > denominator.abs());
    Some(if (numerator < 0) == (denominator < 0) {
        rounded
    } else {
        -rounded
    })
}

impl Written {
    fn value(&self, row: usize, column: usize) -> i64 {
        self.grid.rows[row].values[column]
    }

    fn is_unique(&self, row: usize) -> bool {
        self.labels
            .iter()
            .filter(|l| **l == self.labels[row])
            .count()
            == 1
    }

    fn period(&self, column: usize) -> String {
        let year = self.grid.years[column];
        if self.grid.shape == Shape::Stock {
            format!("as of December 31, {year}")
        } else {
            format!("in fiscal {year}")
        }
    }
}

/// How a question calls a row of a ladder.
fn due(table: &Written, row: usize) -> String {
    match table.grid.rows[row].label.as_str() {
        "thereafter" => "the years thereafter".to_owned(),
        year => format!("fiscal {year}"),
    }
}

// --- programs ------------------------------------------------------------------------------------------------------

/// A query for cells of one table, and where each is in the result. Rows come in table order.
fn select(company: &str, table: &Written, cells: &[Cell]) -> (GoldQuery, Vec<(u16, u16)>) {
    let mut rows: Vec<usize> = cells.iter().map(|c| c.row).collect();
    rows.sort_unstable();
    rows.dedup();
    let mut columns: Vec<usize> = Vec::new();
    for cell in cells {
        if !columns.contains(&cell.column) {
            columns.push(cell.column);
        }
    }
    let label = identifier(&table.label_header);
    let mut shown: Vec<String> = columns
        .iter()
        .map(|&c| identifier(&table.headers[c]))
        .collect();
    let literals: Vec<String> = rows
        .iter()
        .map(|&r| format!("'{}'", table.labels[r].replace('\'', "''")))
        .collect();
    let (filter, offset) = match literals.as_slice() {
        [one] => (format!("{label} = {one}"), 0),
        several => {
            shown.insert(0, label.clone());
            (format!("{label} IN ({})", several.join(", ")), 1)
        }
    };
    let sql = format!(
        "SELECT {} FROM {} WHERE {filter}",
        shown.join(", "),
        identifier(&table.table.name)
    );
    let place = |cell: &Cell| {
        let row = rows.iter().position(|r| *r == cell.row).unwrap_or_default();
        let column = columns
            .iter()
            .position(|c| *c == cell.column)
            .unwrap_or_default();
        (row as u16, (column + offset) as u16)
    };
    let places = cells.iter().map(place).collect();
    (
        GoldQuery {
            company: company.to_owned(),
            table: table.table.name.clone(),
            sql,
        },
        places,
    )
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn operands(query: u16, places: &[(u16, u16)]) -> Vec<CellRef> {
    places
        .iter()
        .map(|&(row, column)| CellRef { query, row, column })
        .collect()
}

fn number(
    queries: Vec<GoldQuery>,
    expression: &str,
    operands: Vec<CellRef>,
    decimals: Option<u8>,
    suffix: &str,
) -> Gold {
    let answer = GoldAnswer::Number {
        expression: expression.to_owned(),
        operands,
        decimals,
        suffix: suffix.to_owned(),
    };
    Gold { queries, answer }
}

fn spec(unit: Unit, scale: Scale, op: Op, signed_change: bool) -> AnswerSpec {
    AnswerSpec {
        unit,
        scale,
        op,
        multi: Multi::Single,
        signed_change,
        aliases: Vec::new(),
    }
}

fn amount(
    question_type: &'static str,
    question: String,
    table: &Written,
    value: i64,
    hint: &str,
    signed_change: bool,
    gold: Gold,
) -> Draft {
    Draft {
        question_type,
        question,
        unit_hint: format!("Answer in {}.{hint}", scale_words(table.display.scale)),
        truth: boxed(&plain(value.into(), table.display.decimals)),
        answer: spec(Unit::Amount, table.display.scale, Op::Exact, signed_change),
        gold,
    }
}

fn boxed(value: &str) -> String {
    format!("\\boxed{{{value}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_rounds_half_away_and_refuses_ties() {
        assert_eq!(divide(1, 3, 3), Some(333));
        assert_eq!(divide(2, 3, 3), Some(667));
        assert_eq!(divide(-2, 3, 3), Some(-667));
        assert_eq!(divide(1, -3, 3), Some(-333));
        assert_eq!(divide(1, 2000, 3), None);
        assert_eq!(divide(1, 0, 3), None);
    }
}
