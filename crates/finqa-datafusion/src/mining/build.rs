//! From candidates to tasks.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use finqa_core::answer::{AnswerSpec, Op, Scale, Unit};
use finqa_core::gold::{CellRef, Gold, GoldAnswer, GoldQuery};
use finqa_core::task::{KnownWrong, Mistake};
use finqa_core::{Company, Corpus, Split, Task};
use finqa_synth::ask::{Formula, Ratio, calculated_from, guard, identifier, literal};

use super::candidates::{Candidate, KINDS, mix};
use super::report::MineReport;
use super::sheet::{Measure, Sheet, label, number, scale};
use super::wording;
use super::wrong::wrong_values;
use super::{MINING_VERSION, MineOptions};
use crate::facts::number::Decimal;
use crate::facts::{FactsError, Result};

/// A cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct At {
    pub(super) table: usize,
    pub(super) row: usize,
    pub(super) column: usize,
}

/// The tables of a company with what is known of them.
pub(super) struct Desk<'a> {
    company: &'a Company,
    sheets: Vec<Option<Sheet>>,
}

/// Why a candidate is no task.
type Dropped = &'static str;

/// A question before its answer is worked out.
struct Question {
    kind: &'static str,
    formula: Formula,
    cells: Vec<At>,
    text: String,
    hint: String,
    spec: AnswerSpec,
    decimals: u8,
    suffix: &'static str,
}

/// Makes the tasks, company by company: kinds take turns until a company has enough.
pub(super) fn tasks(
    corpus: &Arc<Corpus>,
    options: &MineOptions,
    found: Vec<Candidate>,
) -> Result<(Vec<Task>, MineReport)> {
    let start = Instant::now();
    let mut report = MineReport {
        companies: corpus.num_companies() as u64,
        ..MineReport::default()
    };
    let mut by_company: BTreeMap<u32, BTreeMap<usize, Vec<Candidate>>> = BTreeMap::new();
    for candidate in found {
        let kind = KINDS
            .iter()
            .position(|k| *k == candidate.kind)
            .unwrap_or_default();
        let counts = report.kinds.entry(candidate.kind.to_owned()).or_default();
        counts.candidates += 1;
        by_company
            .entry(candidate.company)
            .or_default()
            .entry(kind)
            .or_default()
            .push(candidate);
    }
    let mut out = Vec::new();
    let mut labels: HashSet<String> = HashSet::new();
    let mut covered: HashSet<String> = HashSet::new();
    for index in 0..corpus.num_companies() as u32 {
        let company = corpus
            .company(index)
            .map_err(|e| FactsError::Engine(e.to_string()))?;
        let desk = Desk::new(&company);
        report.tables += company.tables.len() as u64;
        report.tables_usable += desk.sheets.iter().flatten().count() as u64;
        for (table, sheet) in company.tables.iter().zip(&desk.sheets) {
            let Some(sheet) = sheet else { continue };
            for row in (0..table.num_rows()).filter(|row| sheet.rows[*row].is_some()) {
                labels.extend(label(table, row).map(str::to_lowercase));
            }
        }
        let Some(kinds) = by_company.remove(&index) else {
            continue;
        };
        let before = out.len();
        of_company(&desk, options, kinds, &mut out, &mut report);
        let made = &out[before..];
        let asked: HashSet<&str> = made
            .iter()
            .flat_map(|task| task.gold.iter().flat_map(Gold::tables))
            .map(|t| t.1)
            .collect();
        report.tables_covered += asked.len() as u64;
        report.companies_covered += u64::from(!made.is_empty());
        covered.extend(desk.labels_of(made));
    }
    report.tasks = out.len() as u64;
    report.labels = labels.len() as u64;
    report.labels_covered = covered.len() as u64;
    for task in &out {
        *report
            .question_types
            .entry(task.question_type.clone())
            .or_default() += 1;
    }
    report.seconds = start.elapsed().as_secs_f64();
    Ok((out, report))
}

fn of_company(
    desk: &Desk<'_>,
    options: &MineOptions,
    kinds: BTreeMap<usize, Vec<Candidate>>,
    out: &mut Vec<Task>,
    report: &mut MineReport,
) {
    let mut queues: Vec<std::vec::IntoIter<Candidate>> =
        kinds.into_values().map(Vec::into_iter).collect();
    // Where a company has fewer tasks than there are kinds, not always the same ones are missing.
    let name = desk.company.name.bytes().map(u64::from);
    let turn = mix(std::iter::once(options.seed).chain(name)) as usize % queues.len().max(1);
    queues.rotate_left(turn);
    let mut asked: HashSet<String> = HashSet::new();
    let most = out.len() + options.per_company as usize;
    while out.len() < most && !queues.is_empty() {
        queues.retain_mut(|queue| {
            if out.len() >= most {
                return true;
            }
            // The next that stands, so that one bad candidate does not cost the kind its turn.
            for candidate in queue.by_ref() {
                let kind = candidate.kind;
                match desk.task(&candidate, options, &mut asked) {
                    Ok(task) => {
                        if let Some(counts) = report.kinds.get_mut(kind) {
                            counts.tasks += 1;
                        }
                        out.push(task);
                        return true;
                    }
                    Err(reason) => {
                        if let Some(counts) = report.kinds.get_mut(kind) {
                            *counts.dropped.entry(reason.to_owned()).or_default() += 1;
                        }
                    }
                }
            }
            false
        });
    }
    for candidate in queues.into_iter().flatten() {
        if let Some(counts) = report.kinds.get_mut(candidate.kind) {
            counts.not_needed += 1;
        }
    }
}

impl<'a> Desk<'a> {
    fn new(company: &'a Company) -> Self {
        Self {
            company,
            sheets: company.tables.iter().map(Sheet::of).collect(),
        }
    }

    fn sheet(&self, table: usize) -> Option<&Sheet> {
        self.sheets[table].as_ref()
    }

    /// The exact number of a cell.
    pub(super) fn ratio(&self, at: At) -> Option<Ratio> {
        let decimal = self.decimal(at)?;
        Ratio::new(decimal.units, 10i128.checked_pow(decimal.decimals)?)
    }

    fn decimal(&self, at: At) -> Option<Decimal> {
        Decimal::parse(&number(&self.company.tables[at.table], at.row, at.column)?)
    }

    fn period(&self, at: At) -> Option<i32> {
        let periods = &self.sheet(at.table)?.periods;
        periods
            .iter()
            .find(|(column, _)| *column == at.column)
            .map(|(_, period)| *period)
    }

    /// The cell of the same row some years later.
    pub(super) fn later(&self, at: At, years: i32) -> Option<At> {
        let column = self
            .sheet(at.table)?
            .column(self.period(at)? + 10 * years)?;
        Some(At { column, ..at })
    }

    /// The rows above and below that count the same and show a number there.
    pub(super) fn neighbours(&self, at: At) -> Vec<usize> {
        let Some(sheet) = self.sheet(at.table) else {
            return Vec::new();
        };
        let fits = |row: &usize| {
            sheet.rows[*row] == sheet.rows[at.row] && self.decimal(At { row: *row, ..at }).is_some()
        };
        let above = (0..at.row).rev().find(fits);
        let below = (at.row + 1..sheet.rows.len()).find(fits);
        above.into_iter().chain(below).collect()
    }

    pub(super) fn is_total(&self, table: usize, row: usize) -> bool {
        self.label(table, row).to_lowercase().starts_with("total")
    }

    fn label(&self, table: usize, row: usize) -> &'a str {
        label(&self.company.tables[table], row).unwrap_or_default()
    }

    /// Labels of the rows that gold programs of `tasks` read.
    fn labels_of(&self, tasks: &[Task]) -> HashSet<String> {
        let mut out = HashSet::new();
        for gold in tasks.iter().filter_map(|task| task.gold.as_ref()) {
            for query in &gold.queries {
                let Some(table) = self.company.table(&query.table) else {
                    continue;
                };
                let rows = (0..table.num_rows()).filter_map(|row| label(table, row));
                out.extend(
                    rows.filter(|l| query.sql.contains(&literal(l)))
                        .map(str::to_lowercase),
                );
            }
        }
        out
    }

    fn task(
        &self,
        candidate: &Candidate,
        options: &MineOptions,
        asked: &mut HashSet<String>,
    ) -> std::result::Result<Task, Dropped> {
        let cells: Vec<At> = candidate
            .cells
            .iter()
            .map(|&(table, row, column)| At { table, row, column })
            .collect();
        let made = if candidate.kind == "max_year" {
            self.extreme(cells[0])?
        } else {
            self.number(&self.question(candidate.kind, cells)?)?
        };
        let (identity, mut task) = made;
        let words = task.question.to_lowercase();
        if asked.contains(&words) || asked.contains(&identity) {
            return Err("duplicate");
        }
        let of_company = format!("{}\n{identity}", self.company.name);
        let hash = mix(of_company.bytes().map(u64::from));
        asked.insert(words);
        asked.insert(identity);
        task.id = format!("mined-{}-{hash:016x}", candidate.kind);
        task.split = Split(options.split.clone());
        task.companies = vec![self.company.name.clone()];
        task.source = format!("mined/{MINING_VERSION}");
        Ok(task)
    }

    /// What is asked about the cells of a candidate, in words and units.
    fn question(
        &self,
        kind: &'static str,
        cells: Vec<At>,
    ) -> std::result::Result<Question, Dropped> {
        let at = cells[0];
        let table = &self.company.tables[at.table];
        let measure = self.measure(at).ok_or("no_measure")?;
        let says = wording::table(table);
        let when = |at: At| self.period(at).map(wording::period).ok_or("no_period");
        let row =
            |at: At| wording::row(&self.company.tables[at.table], self.label(at.table, at.row));
        let a = row(at);
        let decimals = cells
            .iter()
            .filter_map(|at| self.decimal(*at))
            .map(|d| d.decimals)
            .max();
        let decimals = u8::try_from(decimals.unwrap_or(0)).map_err(|_| "too_many_decimals")?;
        let scale = match measure {
            Measure::Amount | Measure::Count => scale(table),
            Measure::PerShare | Measure::Percent => Scale::One,
        };
        let own = AnswerSpec {
            unit: measure.unit(),
            scale,
            op: Op::Exact,
            ..AnswerSpec::default()
        };
        let of = |unit| AnswerSpec {
            unit,
            ..AnswerSpec::default()
        };
        let in_own = unit_words(measure, scale);
        let change = |spec: AnswerSpec| AnswerSpec {
            signed_change: true,
            ..spec
        };
        let suffix = if measure == Measure::Percent { "%" } else { "" };
        let (formula, text, hint, spec, decimals, suffix) = match kind {
            "lookup" => {
                let negative = self.decimal(at).is_some_and(|d| d.units < 0);
                let more = if negative {
                    " Amounts in parentheses are negative."
                } else {
                    ""
                };
                let text = format!("What was {a} in {}, according to the {says}?", when(at)?);
                (
                    Formula::Cell,
                    text,
                    format!("{in_own}{more}"),
                    own,
                    decimals,
                    suffix,
                )
            }
            "net_change" => {
                let text = format!(
                    "By how much did {a} change from {} to {}, according to the {says}?",
                    when(cells[1])?,
                    when(at)?
                );
                let hint = format!("{in_own} A decrease is negative.");
                (Formula::Difference, text, hint, change(own), decimals, "")
            }
            "growth" => {
                let text = format!(
                    "By what percentage did {a} change from {} to {}, according to the {says}?",
                    when(cells[1])?,
                    when(at)?
                );
                let hint =
                    "Answer in percent with two decimals; a decrease is negative.".to_owned();
                (
                    Formula::Growth,
                    text,
                    hint,
                    change(of(Unit::Percent)),
                    2,
                    "%",
                )
            }
            "share" => {
                let text = format!(
                    "What percentage of {} in {} was {a}, according to the {says}?",
                    row(cells[1]),
                    when(at)?
                );
                let hint = "Answer in percent with two decimals.".to_owned();
                (Formula::Percent, text, hint, of(Unit::Percent), 2, "%")
            }
            "sum" => {
                let text = format!(
                    "What was the sum of {a} and {} in {}, according to the {says}?",
                    row(cells[1]),
                    when(at)?
                );
                (Formula::Sum, text, in_own, own, decimals, "")
            }
            "average" => {
                let text = format!(
                    "What was the average of {a} over {}, {} and {}, according to the {says}?",
                    when(cells[2])?,
                    when(cells[1])?,
                    when(at)?
                );
                let decimals = decimals + 2;
                let hint = format!("{in_own} Round to {decimals} decimals.");
                let spec = AnswerSpec {
                    op: Op::Derived,
                    ..own
                };
                (Formula::Mean, text, hint, spec, decimals, "")
            }
            _ => {
                let other = wording::table(&self.company.tables[cells[1].table]);
                let text = format!(
                    "What was the ratio of {a} (in the {says}) to {} (in the {other}) in {}?",
                    row(cells[1]),
                    when(at)?
                );
                let hint = "Answer as a decimal with three places.".to_owned();
                (Formula::Quotient, text, hint, of(Unit::Ratio), 3, "")
            }
        };
        Ok(Question {
            kind,
            formula,
            cells,
            text,
            hint,
            spec,
            decimals,
            suffix,
        })
    }

    fn measure(&self, at: At) -> Option<Measure> {
        self.sheet(at.table)?.rows[at.row]
    }

    /// The task of a question whose answer is a number, and what makes it another one.
    fn number(&self, asked: &Question) -> std::result::Result<(String, Task), Dropped> {
        let Question {
            formula,
            cells,
            decimals,
            suffix,
            ..
        } = asked;
        let operands: Option<Vec<Ratio>> = cells.iter().map(|at| self.ratio(*at)).collect();
        let value = operands
            .and_then(|operands| formula.value(&operands, *decimals))
            .ok_or("rounding_is_a_tie")?;
        if value == 0 {
            return Err("answer_is_zero");
        }
        if asked.spec.op == Op::Derived && value.abs() < 10 {
            return Err("too_few_digits");
        }
        let expression = formula.expression(cells.len());
        let numbers: Option<Vec<String>> = cells
            .iter()
            .map(|at| number(&self.company.tables[at.table], at.row, at.column))
            .collect();
        let calculated = numbers.and_then(|n| calculated_from(&expression, &n, *decimals));
        if calculated != Some(value) {
            return Err("calculator_disagrees");
        }
        let write = |value: i128| format!("\\boxed{{{}{suffix}}}", fixed(value, *decimals));
        let wrong = wrong_values(self, *formula, cells, *decimals)
            .into_iter()
            .map(|(value, mistake)| KnownWrong {
                answer: write(value),
                mistake,
            })
            .collect();
        let truth = write(value);
        let known_wrong = guard(&truth, &asked.spec, wrong).ok_or("known_wrong_accepted")?;
        let (queries, operands) = self.fetch(cells);
        let identity = format!("{}\n{expression}\n{cells:?}", asked.kind);
        let task = Task {
            question: asked.text.clone(),
            question_type: question_type(asked.kind).to_owned(),
            unit_hint: asked.hint.clone(),
            truth,
            answer: asked.spec.clone(),
            gold: Some(Gold {
                queries,
                answer: GoldAnswer::Number {
                    expression,
                    operands,
                    decimals: (*formula != Formula::Cell).then_some(*decimals),
                    suffix: (*suffix).to_owned(),
                },
            }),
            known_wrong,
            ..Task::default()
        };
        Ok((identity, task))
    }

    /// The year in which a row was highest, if it leads by two percent.
    fn extreme(&self, at: At) -> std::result::Result<(String, Task), Dropped> {
        let sheet = self.sheet(at.table).ok_or("no_period")?;
        let years: Vec<(usize, i32)> = sheet
            .periods
            .iter()
            .copied()
            .filter(|(_, period)| period % 10 == 0)
            .collect();
        let mut cells = Vec::new();
        let mut names = Vec::new();
        let mut values = Vec::new();
        for (column, period) in years {
            let cell = At { column, ..at };
            if let Some(value) = self.ratio(cell) {
                cells.push(cell);
                names.push(format!("FY{}", period / 10));
                values.push(value);
            }
        }
        let best = (0..values.len())
            .find(|&i| (0..values.len()).all(|j| i == j || leads(values[i], values[j])))
            .ok_or("no_clear_maximum")?;
        let (first, last) = (names.iter().min(), names.iter().max());
        let (Some(first), Some(last)) = (first, last) else {
            return Err("no_period");
        };
        // A year between them that the row does not show could be the highest.
        let span: Option<i32> = last[2..]
            .parse::<i32>()
            .ok()
            .zip(first[2..].parse::<i32>().ok())
            .map(|(b, a)| b - a);
        if names.len() < 3 || span != Some(names.len() as i32 - 1) {
            return Err("years_missing");
        }
        let table = &self.company.tables[at.table];
        let text = format!(
            "In which of the years {} to {} was {} highest, according to the {}?",
            &first[2..],
            &last[2..],
            wording::row(table, self.label(at.table, at.row)),
            wording::table(table)
        );
        let spec = AnswerSpec {
            unit: Unit::Year,
            op: Op::Exact,
            ..AnswerSpec::default()
        };
        let wrong = (0..names.len())
            .filter(|&i| i != best)
            .map(|i| KnownWrong {
                answer: format!("\\boxed{{{}}}", names[i]),
                mistake: Mistake::WrongYear,
            })
            .collect();
        let truth = format!("\\boxed{{{}}}", names[best]);
        let known_wrong = guard(&truth, &spec, wrong).ok_or("known_wrong_accepted")?;
        let (queries, operands) = self.fetch(&cells);
        let identity = format!("max_year\n{cells:?}");
        let task = Task {
            question: text,
            question_type: question_type("max_year").to_owned(),
            unit_hint: "Write the year as FY and four digits.".to_owned(),
            truth,
            answer: spec,
            gold: Some(Gold {
                queries,
                answer: GoldAnswer::Extreme {
                    operands,
                    names,
                    largest: true,
                },
            }),
            known_wrong,
            ..Task::default()
        };
        Ok((identity, task))
    }

    /// A query a table, and where each cell stands in the results. Labels are unique in their table.
    fn fetch(&self, cells: &[At]) -> (Vec<GoldQuery>, Vec<CellRef>) {
        let mut tables: Vec<usize> = Vec::new();
        for at in cells {
            if !tables.contains(&at.table) {
                tables.push(at.table);
            }
        }
        let mut places: HashMap<At, CellRef> = HashMap::new();
        let queries = tables
            .iter()
            .enumerate()
            .map(|(query, &index)| {
                let table = &self.company.tables[index];
                let own: Vec<At> = cells
                    .iter()
                    .copied()
                    .filter(|at| at.table == index)
                    .collect();
                let mut rows: Vec<usize> = own.iter().map(|at| at.row).collect();
                rows.sort_unstable();
                rows.dedup();
                let mut columns: Vec<usize> = Vec::new();
                for at in &own {
                    if !columns.contains(&at.column) {
                        columns.push(at.column);
                    }
                }
                let labels = identifier(&table.columns[0]);
                let several = rows.len() > 1;
                let mut shown: Vec<String> = columns
                    .iter()
                    .map(|&c| identifier(&table.columns[c]))
                    .collect();
                if several {
                    shown.insert(0, labels.clone());
                }
                let wanted: Vec<String> = rows
                    .iter()
                    .map(|&row| literal(self.label(index, row)))
                    .collect();
                let filter = if several {
                    format!("{labels} IN ({})", wanted.join(", "))
                } else {
                    format!("{labels} = {}", wanted.join(""))
                };
                for at in own {
                    let row = rows.iter().position(|r| *r == at.row).unwrap_or_default();
                    let column = columns
                        .iter()
                        .position(|c| *c == at.column)
                        .unwrap_or_default();
                    let place = CellRef {
                        query: query as u16,
                        row: row as u16,
                        column: (column + usize::from(several)) as u16,
                    };
                    places.insert(at, place);
                }
                GoldQuery {
                    company: self.company.name.clone(),
                    table: table.name.clone(),
                    sql: format!(
                        "SELECT {} FROM {} WHERE {filter}",
                        shown.join(", "),
                        identifier(&table.name)
                    ),
                }
            })
            .collect();
        (queries, cells.iter().map(|at| places[at]).collect())
    }
}

/// Whether `a` is above `b` by two percent.
fn leads(a: Ratio, b: Ratio) -> bool {
    let margin = Ratio::new(51, 50).and_then(|m| b.times(m));
    margin.is_some_and(|b| a.exceeds(b))
}

fn question_type(kind: &str) -> &'static str {
    match kind {
        "lookup" => "Lookup",
        "net_change" => "Net Change",
        "growth" => "Growth - YoY",
        "share" => "Contribution Share",
        "sum" => "Sum",
        "average" => "Average",
        "ratio" => "multi_table - Financial Ratio",
        _ => "Maximum/Minimum - Year",
    }
}

fn unit_words(measure: Measure, scale: Scale) -> String {
    let word = match scale {
        Scale::One => "",
        Scale::Thousand => "thousands",
        Scale::Million => "millions",
        Scale::Billion => "billions",
    };
    match measure {
        Measure::Percent => "Answer in percent.".to_owned(),
        Measure::PerShare => "Answer as an amount per share.".to_owned(),
        _ if word.is_empty() => "Answer in the unit of the table.".to_owned(),
        _ => format!("Answer in {word}."),
    }
}

/// A number in units of 10^-decimals with all its digits.
fn fixed(value: i128, decimals: u8) -> String {
    let width = usize::from(decimals);
    let digits = format!("{:0>1$}", value.unsigned_abs(), width + 1);
    let (whole, fraction) = digits.split_at(digits.len() - width);
    let sign = if value < 0 { "-" } else { "" };
    let point = if width > 0 { "." } else { "" };
    format!("{sign}{whole}{point}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(fixed(1230, 2), "12.30");
        assert_eq!(fixed(-5, 3), "-0.005");
        assert_eq!(fixed(7, 0), "7");
    }
}
