//! The words of a question: rows, periods, the table's topic, and how a template becomes a sentence.

use super::desk::Desk;
use crate::draw::Draw;
use crate::note::Period;
use crate::style::year_end;

/// Longest question, in words, without the unit hint (TAT-QA and FinQA: 7 to 23 from the 10th to the 90th percentile).
const MOST_WORDS: usize = 24;
/// The length above which another wording is tried first.
const LONG_WORDS: usize = 15;

/// How years are written; one way a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Years {
    /// "fiscal 2024".
    Fiscal,
    /// "2024", where fiscal years are calendar years.
    Plain,
    /// "December 31, 2024".
    Dated,
}

/// The wording of one question about one table.
pub(crate) struct Say<'d, 'a> {
    desk: &'d Desk<'a>,
    table: usize,
    years: Years,
    needs_topic: bool,
}

impl<'d, 'a> Say<'d, 'a> {
    pub(crate) fn new(desk: &'d Desk<'a>, table: usize, draw: &mut Draw) -> Self {
        let calendar = &desk.view.ledger.base.calendar;
        let years = match draw.weighted(&[40, 52, 8]) {
            1 if calendar.end_month == 12 && !calendar.weeks => Years::Plain,
            2 => Years::Dated,
            _ => Years::Fiscal,
        };
        Self {
            desk,
            table,
            years,
            needs_topic: false,
        }
    }

    /// Makes the question name the table's topic.
    pub(crate) fn require_topic(&mut self) {
        self.needs_topic = true;
    }

    /// A name for a row in a column; it says what the column shows where other columns show other things.
    pub(crate) fn row(&mut self, row: usize, column: usize, draw: &mut Draw) -> Option<String> {
        let name = self.plain_row(row, draw)?;
        let sheet = &self.desk.sheets[self.table];
        let words = sheet.columns()[column].words;
        Some(if sheet.words_matter(row, column) {
            if name.starts_with("the amount") {
                format!("{name} ({words})")
            } else {
                in_column(&name, words)
            }
        } else {
            name
        })
    }

    /// A name for a row whatever the column.
    pub(crate) fn plain_row(&mut self, row: usize, draw: &mut Draw) -> Option<String> {
        let name = self.desk.name(self.table, row, draw)?;
        self.needs_topic |= name.needs_topic;
        Some(name.text)
    }

    /// Several rows: "a, b and c".
    pub(crate) fn rows(
        &mut self,
        rows: &[usize],
        column: usize,
        draw: &mut Draw,
    ) -> Option<String> {
        let names: Option<Vec<String>> = rows.iter().map(|&r| self.row(r, column, draw)).collect();
        Some(list(&names?))
    }

    /// When, for a column: "in fiscal 2024"; empty if the column has no period. Says which version of restated years.
    pub(crate) fn period(&self, column: usize) -> String {
        let period = self.desk.sheets[self.table].columns()[column].period;
        format!("{}{}", self.when(period), self.version(column))
    }

    /// When, for any period.
    pub(crate) fn when(&self, period: Period) -> String {
        let calendar = &self.desk.view.ledger.base.calendar;
        match (period, self.years) {
            (Period::Of(_), _) => String::new(),
            (Period::Year(y), Years::Plain) => format!("in {y}"),
            (Period::Year(y), Years::Fiscal) => format!("in fiscal {y}"),
            (Period::Year(y), Years::Dated) => {
                format!("for the year ended {}", year_end(calendar, y))
            }
            (Period::YearEnd(y), Years::Plain) => format!("at year-end {y}"),
            (Period::YearEnd(y), Years::Fiscal) => format!("at the end of fiscal {y}"),
            (Period::YearEnd(y), Years::Dated) => format!("as of {}", year_end(calendar, y)),
            (Period::Quarter(y, q), Years::Plain) => format!("in the {} quarter of {y}", nth(q)),
            (Period::Quarter(y, q), _) => format!("in the {} quarter of fiscal {y}", nth(q)),
        }
    }

    /// The name of a column's period: "fiscal 2023", "December 31, 2023".
    pub(crate) fn year(&self, column: usize) -> String {
        let period = self.desk.sheets[self.table].columns()[column].period;
        format!("{}{}", self.named(period), self.version(column))
    }

    /// The name of any period.
    pub(crate) fn named(&self, period: Period) -> String {
        let calendar = &self.desk.view.ledger.base.calendar;
        match (period, self.years) {
            (Period::YearEnd(y), Years::Dated) => year_end(calendar, y),
            (Period::Quarter(y, q), Years::Plain) => format!("the {} quarter of {y}", nth(q)),
            (Period::Quarter(y, q), _) => format!("the {} quarter of fiscal {y}", nth(q)),
            (period, Years::Plain) => period.year().to_string(),
            (period, _) => format!("fiscal {}", period.year()),
        }
    }

    fn version(&self, column: usize) -> &'static str {
        let sheet = &self.desk.sheets[self.table];
        if sheet.columns()[column].restated {
            ", as restated"
        } else if sheet.other_version(column).is_some() {
            ", as first reported"
        } else {
            ""
        }
    }

    /// Fills one of the templates. Places: `{p}` is a period with its preposition and may be empty, the others as
    /// given. The topic of the table goes before or behind, or is left out where the question is clear without.
    pub(crate) fn ask(
        &self,
        templates: &[&str],
        fill: &[(&str, &str)],
        draw: &mut Draw,
    ) -> Option<String> {
        self.ask_about(self.desk.topic(self.table), templates, fill, draw)
    }

    /// The same about a topic that need not be the table's.
    pub(crate) fn ask_about(
        &self,
        topic: Option<&str>,
        templates: &[&str],
        fill: &[(&str, &str)],
        draw: &mut Draw,
    ) -> Option<String> {
        if self.needs_topic && topic.is_none() {
            return None;
        }
        let mut best: Option<String> = None;
        // Half of the questions are as short as the templates make them; people are brief.
        let brief = draw.chance(50);
        for _ in 0..6 {
            let mut text = draw.pick(templates).to_owned();
            for (place, with) in fill {
                text = text.replace(&format!("{{{place}}}"), with);
            }
            let named = topic.filter(|t| {
                (self.needs_topic || draw.chance(4)) && !text.to_lowercase().contains(*t)
            });
            let text = tidy(&place_topic(&text, named, brief, draw));
            let words = text.split(' ').count();
            if words <= LONG_WORDS && !brief {
                return Some(text);
            }
            if best.as_ref().is_none_or(|b| b.split(' ').count() > words) {
                best = Some(text);
            }
        }
        best.filter(|text| text.split(' ').count() <= MOST_WORDS)
    }
}

/// Words in the names of columns that say what is measured; the others say whose or when.
const MEASURES: [&str; 13] = [
    "amortized cost",
    "amount",
    "average",
    "carrying",
    "cost basis",
    "fair",
    "gain",
    "gross",
    "loss",
    "net",
    "price",
    "rate",
    "value",
];

/// A row in a column: "the fair value of X", "X for other postretirement benefits", "X due after 5 years".
fn in_column(name: &str, words: &str) -> String {
    if words == "total" {
        format!("{name} in total")
    } else if words.ends_with(" years") || words.ends_with(" year") {
        let within = if words.starts_with(|c: char| c.is_ascii_digit()) {
            "in "
        } else {
            ""
        };
        format!("{name} due {within}{words}")
    } else if MEASURES.iter().any(|m| words.contains(m)) {
        format!("the {words} of {name}")
    } else {
        format!("{name} for {words}")
    }
}

fn place_topic(text: &str, topic: Option<&str>, brief: bool, draw: &mut Draw) -> String {
    let Some(topic) = topic else {
        return text.to_owned();
    };
    if !brief && draw.chance(25) {
        let opener = draw.pick(&[
            "Looking at",
            "According to the note on",
            "Under",
            "Based on",
            "In",
            "For",
        ]);
        return format!("{opener} {topic}, {}", lower_first(text));
    }
    let end = text.trim_end_matches(['?', '.']);
    let mark = &text[end.len()..];
    let how = if brief {
        draw.pick(&[" under", " in", ", per"])
    } else {
        draw.pick(&[
            " under",
            " in the note on",
            ", according to",
            " as shown in",
        ])
    };
    format!("{end}{how} {topic}{mark}")
}

/// Collapses what empty places leave behind.
pub(crate) fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        // Some names bring their article along.
        if word == "the" && (out.ends_with(" the") || out == "The") {
            continue;
        }
        if !out.is_empty() && !word.starts_with([',', '?', '.', ';']) {
            out.push(' ');
        }
        out.push_str(word);
    }
    let out = once_fiscal(&out);
    let mut chars = out.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => out,
    }
}

/// "fiscal 2023 to fiscal 2024" is said "fiscal 2023 to 2024".
fn once_fiscal(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let is_year = |word: &str| word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit());
    let kept: Vec<&str> = words
        .iter()
        .enumerate()
        .filter(|(i, word)| {
            let follows = **word == "fiscal"
                && *i > 2
                && matches!(words[i - 1], "to" | "and")
                && is_year(words[i - 2])
                && words[i - 3].eq_ignore_ascii_case("fiscal");
            !follows
        })
        .map(|(_, word)| *word)
        .collect();
    kept.join(" ")
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// "a, b and c".
pub(crate) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn nth(quarter: u8) -> &'static str {
    ["first", "second", "third", "fourth"][usize::from(quarter.clamp(1, 4)) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_fiscal_years_are_called_so_once() {
        for (text, want) in [
            (
                "from fiscal 2023 to fiscal 2024?",
                "From fiscal 2023 to 2024?",
            ),
            (
                "fiscal 2021 and fiscal 2022 , too",
                "Fiscal 2021 and 2022, too",
            ),
            ("sales to fiscal 2024", "Sales to fiscal 2024"),
        ] {
            assert_eq!(tidy(text), want);
        }
    }
}
