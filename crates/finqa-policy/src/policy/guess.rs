//! The undisciplined policy: names are guessed instead of read, and the error does not lead back to the tools.

use finqa_core::answer::Unit;
use finqa_core::gold::GoldAnswer;
use finqa_core::task::Task;
use finqa_core::tool::ToolKind;

use super::draw::Draw;
use super::listing::{keywords, right_looking, table_names, year};
use super::{Scene, Script};
use crate::actions::call;
use crate::gold::submit;

/// Tables that an undisciplined model tries first, with the label column that it expects there.
const TABLES: [(&str, &str); 6] = [
    ("income_statement", "item"),
    ("balance_sheet", "item"),
    ("cash_flow_statement", "line_item"),
    ("revenue", "category"),
    ("financials", "metric"),
    ("debt", "description"),
];
/// Columns that it expects in a table that it has not read.
const COLUMNS: [&str; 4] = ["amount", "value", "total_amount", "fiscal_year_value"];
const GIVE_UPS: [&str; 4] = [
    "unknown",
    "I could not find the data.",
    "The information is not available.",
    "N/A",
];

pub(super) struct Guess {
    draw: Draw,
    variant: &'static str,
    /// The table is listed, so only the column is guessed.
    lists: bool,
    gives_up: bool,
    /// Guesses left.
    guesses: usize,
    names: Option<Vec<String>>,
    listing_asked: bool,
}

impl Guess {
    pub(super) fn new(task: &Task, mut draw: Draw) -> Self {
        let lists = draw.below(2) == 1;
        // Where nothing can be found, "unknown" would be right: a guesser invents there.
        let unanswerable = task.answer.unit == Unit::Absent
            || task
                .gold
                .as_ref()
                .is_some_and(|gold| matches!(gold.answer, GoldAnswer::Text { .. }));
        let gives_up = draw.below(2) == 1 && !unanswerable;
        let guesses = 1 + draw.below(2);
        let variant = match (lists, gives_up) {
            (false, false) => "guessed_table_invents",
            (false, true) => "guessed_table_gives_up",
            (true, false) => "guessed_column_invents",
            (true, true) => "guessed_column_gives_up",
        };
        Self {
            draw,
            variant,
            lists,
            gives_up,
            guesses,
            names: None,
            listing_asked: false,
        }
    }

    fn query(&mut self, scene: &Scene<'_>) -> String {
        let question = &scene.task.question;
        let words = keywords(question);
        let tie = self.draw.below(1 << 16);
        let listed = self
            .names
            .as_deref()
            .and_then(|names| right_looking(names, &words, tie));
        let (guessed, label) = TABLES[self.draw.below(TABLES.len())];
        let table = listed.unwrap_or(guessed);
        let column = match year(question) {
            Some(year) if self.draw.below(2) == 0 => format!("fy{year}"),
            _ => COLUMNS[self.draw.below(COLUMNS.len())].to_owned(),
        };
        let word = self.draw.pick(&words).map_or("total", String::as_str);
        let sql = format!(
            "SELECT {column} FROM \"{}\" WHERE {label} LIKE '%{word}%'",
            table.replace('"', "\"\"")
        );
        call(
            scene.tools,
            ToolKind::SqlQuery,
            &[
                ("company_name", &scene.task.companies[0]),
                ("table_name", table),
                ("query", &sql),
            ],
        )
        .unwrap_or_default()
    }

    /// A number as the question would have it written.
    fn invented(&mut self, question: &str) -> String {
        if question.to_lowercase().contains("percent") {
            let tenths = 10 + self.draw.below(890);
            let hundredths = self.draw.below(10);
            return format!("{}.{}{hundredths}%", tenths / 10, tenths % 10);
        }
        self.draw.invented()
    }
}

impl Script for Guess {
    fn variant(&self) -> &'static str {
        self.variant
    }

    fn act(&mut self, scene: &Scene<'_>, observation: &str) -> String {
        if self.lists && self.names.is_none() {
            if self.listing_asked {
                self.names = Some(table_names(observation));
            } else {
                self.listing_asked = true;
                let company = ("company_name", scene.task.companies[0].as_str());
                return call(scene.tools, ToolKind::ListTables, &[company]).unwrap_or_default();
            }
        }
        if self.guesses > 0 {
            self.guesses -= 1;
            return self.query(scene);
        }
        let answer = if self.gives_up {
            GIVE_UPS[self.draw.below(GIVE_UPS.len())].to_owned()
        } else {
            self.invented(&scene.task.question)
        };
        submit(scene.tools, &answer)
    }
}
