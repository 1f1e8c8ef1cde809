//! What the tools returned, as numbers: whether a submitted one stands there or follows.
//!
//! Outputs are read when they are needed, the newest first, each once. Errors, lists of tables and the echo of the
//! submission are no evidence; a result of the calculator is, once some data was there to calculate with.

use std::cell::RefCell;

use super::claim::Claim;
use super::digits::next_number;
use super::failure::is_needed;
use super::{CallEvent, EpisodeLog};
use crate::tool::ToolKind;

/// Bytes of outputs that are read for numbers; older outputs than these hold are not looked at.
const MAX_BYTES: usize = 64 * 1024;
/// Numbers that are combined with each other.
const MAX_COMBINED: usize = 48;
/// With more numbers than this, a submission of two digits is hit by chance: three are needed then.
const FEW_NUMBERS: usize = 12;
/// Pairs of numbers that are tried for one episode, so that a report of invented numbers costs no more than this.
const MAX_PAIRS: usize = 4 * MAX_COMBINED * MAX_COMBINED;

/// How results and answers may differ in scale.
const RATES: [f64; 5] = [1.0, 100.0, 0.01, 1e4, 1e-4];
const AMOUNTS: [f64; 7] = [1.0, 1e3, 1e-3, 1e6, 1e-6, 1e9, 1e-9];

/// A number in an output.
#[derive(Clone, Copy, Debug)]
struct Number {
    value: f64,
    /// Four digits that could be a year: never calculated with.
    is_year: bool,
    /// Worked out by the calculator or by arithmetic in SQL.
    is_calculated: bool,
}

/// The outputs of an episode.
pub(super) struct Evidence<'a> {
    log: &'a EpisodeLog<'a>,
    /// Index of the first call that returned data.
    first_data: usize,
    read: RefCell<Read>,
}

#[derive(Default)]
struct Read {
    /// Of queries, the calculator and user tools; the newest outputs first.
    numbers: Vec<Number>,
    /// Of schemas.
    schemas: Vec<Number>,
    /// Outputs before this index are not read yet; `None`: none is.
    unread: Option<usize>,
    has_schemas: bool,
    bytes: usize,
    pairs: usize,
}

/// A call that was run and succeeded.
pub(super) const fn succeeded(call: &CallEvent) -> bool {
    call.status.runs() && call.error.is_none()
}

impl<'a> Evidence<'a> {
    pub(super) fn new(log: &'a EpisodeLog<'a>) -> Self {
        let is_data = |call: &CallEvent| {
            succeeded(call)
                && match call.kind {
                    Some(ToolKind::SqlQuery) => call.rows > 0,
                    Some(ToolKind::TableInfo | ToolKind::User) => true,
                    _ => false,
                }
        };
        Self {
            log,
            first_data: log.calls.iter().position(is_data).unwrap_or(usize::MAX),
            read: RefCell::default(),
        }
    }

    /// Whether the number stands in an output or follows from numbers there: after rounding, a change of sign or scale,
    /// by one step of arithmetic, or as the number of rows of a result.
    pub(super) fn supports(&self, claim: &Claim) -> bool {
        self.holds(claim) || self.counts(claim) || self.in_schema(claim) || self.follows(claim)
    }

    /// Whether an exact value in some slot's unit was returned: `text` is a decimal or a fraction.
    pub(super) fn holds_text(&self, text: &str) -> bool {
        let number = |text: &str| next_number(text.as_bytes(), 0);
        let (above, below) = text.split_once('/').unwrap_or((text, "1"));
        let (Some(above), Some(below)) = (number(above), number(below)) else {
            return false;
        };
        let value = above.value / below.value;
        [true, false].into_iter().any(|is_rate| {
            let claim = Claim {
                value,
                decimals: text.contains('/').then_some(above.decimals),
                significant: above.significant,
                is_rate,
                is_year: false,
            };
            self.holds(&claim) || self.in_schema(&claim)
        })
    }

    /// Whether the calculator or arithmetic in SQL returned the number.
    pub(super) fn calculated(&self, claim: &Claim) -> bool {
        let accepts = Accepts::new(claim);
        self.any(&mut |n| n.is_calculated && accepts.number(n))
    }

    /// Whether the number stands in a result.
    pub(super) fn holds(&self, claim: &Claim) -> bool {
        let accepts = Accepts::new(claim);
        self.any(&mut |n| accepts.number(n)) || (claim.value == 0.0 && self.has_dash())
    }

    /// Whether some number of the results is what `wanted` looks for; reads outputs as far as needed.
    fn any(&self, wanted: &mut dyn FnMut(&Number) -> bool) -> bool {
        let read = &mut *self.read.borrow_mut();
        if read.numbers.iter().any(&mut *wanted) {
            return true;
        }
        let mut at = read.unread.unwrap_or(self.log.calls.len());
        while at > 0 && read.bytes < MAX_BYTES {
            at -= 1;
            read.unread = Some(at);
            let call = &self.log.calls[at];
            let is_calculated = match call.kind {
                _ if !succeeded(call) => continue,
                Some(ToolKind::SqlQuery) if call.rows > 0 => call.has_arithmetic,
                Some(ToolKind::Calculator) if at > self.first_data => true,
                Some(ToolKind::User) => false,
                _ => continue,
            };
            let before = read.numbers.len();
            let text = self.output(at);
            read.bytes += text.len();
            scan(text, is_calculated, &mut read.numbers);
            if read.numbers[before..].iter().any(&mut *wanted) {
                return true;
            }
        }
        false
    }

    fn output(&self, at: usize) -> &'a str {
        let text = self.log.outputs.get(at).copied().unwrap_or_default();
        let mut end = text.len().min(MAX_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        &text[..end]
    }

    /// Whether a query returned this many rows.
    fn counts(&self, claim: &Claim) -> bool {
        let is_count = !claim.is_rate && !claim.is_year && claim.decimals.is_some_and(|d| d <= 0);
        is_count
            && self.log.calls.iter().any(|call| {
                call.kind == Some(ToolKind::SqlQuery)
                    && succeeded(call)
                    && (f64::from(call.rows) - claim.value).abs() < 0.5
            })
    }

    /// Whether the schema of a needed table holds the number: schemas show values of label columns and samples. Those of
    /// other tables prove nothing, else reading them all would.
    fn in_schema(&self, claim: &Claim) -> bool {
        let read = &mut *self.read.borrow_mut();
        if !read.has_schemas {
            read.has_schemas = true;
            for (at, call) in self.log.calls.iter().enumerate() {
                let is_schema = call.kind == Some(ToolKind::TableInfo)
                    && succeeded(call)
                    && is_needed(self.log, at);
                if is_schema && read.bytes < MAX_BYTES {
                    let text = self.output(at);
                    read.bytes += text.len();
                    scan(text, false, &mut read.schemas);
                }
            }
        }
        let accepts = Accepts::new(claim);
        read.schemas.iter().any(|n| accepts.number(n))
    }

    /// Whether a result shows a dash, which tables print for zero.
    fn has_dash(&self) -> bool {
        (0..self.log.calls.len()).any(|at| {
            let call = &self.log.calls[at];
            call.kind == Some(ToolKind::SqlQuery)
                && succeeded(call)
                && [
                    "\"\u{2014}",
                    "\"\u{2013}",
                    "\"-\"",
                    "| \u{2014}",
                    "| \u{2013}",
                    "| -\n",
                    "| - |",
                    "\n\u{2014}",
                    "\n\u{2013}",
                    "$ \u{2014}",
                    "$ -",
                ]
                .iter()
                .any(|dash| self.output(at).contains(dash))
        })
    }

    /// Whether one step of arithmetic between two numbers of the results gives the number.
    fn follows(&self, claim: &Claim) -> bool {
        if claim.is_year || claim.value == 0.0 {
            return false;
        }
        let read = &mut *self.read.borrow_mut();
        let mut pool = [0.0; MAX_COMBINED];
        let mut size = 0;
        for number in &read.numbers {
            let is_new = !pool[..size].contains(&number.value);
            if is_new && !number.is_year && number.value > 0.0 {
                pool[size] = number.value;
                size += 1;
                if size == MAX_COMBINED {
                    break;
                }
            }
        }
        let digits = if size > FEW_NUMBERS { 3 } else { 2 };
        let step = Step::new(claim, digits);
        for (i, &a) in pool[..size].iter().enumerate() {
            if read.pairs + i > MAX_PAIRS {
                return false;
            }
            read.pairs += i;
            if pool[..i].iter().any(|&b| step.gives(a, b)) {
                return true;
            }
        }
        false
    }
}

/// Appends the numbers of an output.
fn scan(text: &str, is_calculated: bool, numbers: &mut Vec<Number>) {
    let mut at = 0;
    while let Some(number) = next_number(text.as_bytes(), at) {
        at = number.end;
        // "FY2024" names a year; "us_gaap_2" and "Q3" name no number.
        if !number.is_glued || number.is_year {
            numbers.push(Number {
                value: number.value,
                is_year: number.is_year,
                is_calculated,
            });
        }
    }
}

/// The numbers that agree with a claim: those that round to it.
#[derive(Clone, Copy)]
struct Within {
    low: f64,
    high: f64,
}

impl Within {
    /// Rounded to the claim's digits, or equal but for the error of floats.
    fn new(claim: &Claim, is_rounded: bool) -> Self {
        let error = claim.value * 1e-12;
        let half = match claim.decimals {
            Some(decimals) if is_rounded => super::digits::scaled(0.5, -decimals) + error,
            _ => error,
        };
        Self {
            low: claim.value - half,
            high: claim.value + half,
        }
    }

    fn holds(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// What numbers in results stand for a claim.
struct Accepts {
    /// As it stands.
    plain: Within,
    /// In another scale: rounded only if the claim has digits enough.
    scaled: Within,
    factors: &'static [f64],
    is_year: bool,
}

impl Accepts {
    fn new(claim: &Claim) -> Self {
        Self {
            plain: Within::new(claim, !claim.is_year && claim.significant > 0),
            scaled: Within::new(claim, claim.significant >= 2),
            factors: if claim.is_year {
                &[]
            } else if claim.is_rate {
                &RATES[1..]
            } else {
                &AMOUNTS[1..]
            },
            is_year: claim.is_year,
        }
    }

    fn number(&self, number: &Number) -> bool {
        self.plain.holds(number.value)
            || (!number.is_year
                && !self.is_year
                && self
                    .factors
                    .iter()
                    .any(|f| self.scaled.holds(number.value * f)))
    }
}

/// One step of arithmetic. Divisions are written as products: `a / b` is within the bounds if `a` is within `b` times
/// them.
struct Step {
    low: f64,
    high: f64,
    is_rate: bool,
}

impl Step {
    fn new(claim: &Claim, digits: u32) -> Self {
        let Within { low, high } = Within::new(claim, claim.significant >= digits);
        Self {
            low,
            high,
            is_rate: claim.is_rate,
        }
    }

    fn gives(&self, a: f64, b: f64) -> bool {
        let (low, high) = (self.low, self.high);
        let within = |value: f64, by: f64| low * by <= value && value <= high * by;
        let difference = (a - b).abs();
        // Changes: relative to the one or the other.
        let any = within(a + b, 1.0)
            | within(difference, 1.0)
            | within(a, b)
            | within(b, a)
            | within(difference, b)
            | within(difference, a);
        if self.is_rate {
            let (a100, b100, d100) = (a * 100.0, b * 100.0, difference * 100.0);
            any | within(a100, b)
                | within(b100, a)
                | within(d100, a)
                | within(d100, b)
                | within(d100, 1.0)
                | within(difference, 100.0)
        } else {
            any | within(a * b, 1.0)
        }
    }
}
