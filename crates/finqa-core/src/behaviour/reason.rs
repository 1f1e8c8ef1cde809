//! Why a check scored what it scored, and all reasons in one order.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use crate::answer::Verdict;
use crate::rubric::RubricScore;

macro_rules! reasons {
    ($($constant:ident, $name:literal, $meaning:literal;)*) => {
        $(pub(super) const $constant: &str = $name;)*

        /// Every reason of a check with its meaning, besides those of rubrics and answers.
        pub const CHECK_REASONS: &[(&str, &str)] = &[$(($name, $meaning)),*];
    };
}

reasons! {
    NO_SUBMISSION, "no_submission", "No answer was handed in.";
    NO_LIST_TOOL, "no_list_tool", "The policy had no tool that lists tables.";
    NO_SCHEMA_TOOL, "no_schema_tool", "The policy had no tool that shows a schema.";
    NOTHING_DONE, "nothing_done", "No table was read or queried and no answer was given.";
    LISTED_FIRST, "listed_first", "The tables were listed before anything else was done.";
    LISTED_LATE, "listed_late", "The tables were listed after one was read or queried, or an answer given.";
    NOT_LISTED, "not_listed", "The tables were never listed.";
    NO_QUERY, "no_query", "No query was made.";
    INSPECTED, "inspected", "The schema of each queried table was read before the first query on it.";
    INSPECTED_IN_PART, "inspected_in_part", "The schema of some queried tables was read before the first query on them.";
    NOT_INSPECTED, "not_inspected", "No queried table's schema was read before the first query on it.";
    NO_FAILED_QUERY, "no_failed_query", "No query failed.";
    RECOVERED, "recovered", "Each failed query was soon followed by a different one that succeeded.";
    RECOVERED_IN_PART, "recovered_in_part", "Some failed queries were soon followed by a different one that succeeded.";
    NOT_RECOVERED, "not_recovered", "No failed query was soon followed by a different one that succeeded.";
    NO_FAILED_CALL, "no_failed_call", "No call failed.";
    NOT_REPEATED, "not_repeated", "No failed call was made again unchanged.";
    REPEATED, "repeated", "A failed call was made again unchanged.";
    NO_EMPTY_RESULT, "no_empty_result", "No query came back empty.";
    HANDLED, "handled", "After each empty result another query was made or a schema read.";
    HANDLED_IN_PART, "handled_in_part", "After some empty results another query was made or a schema read.";
    NOT_HANDLED, "not_handled", "After an empty result neither another query was made nor a schema read.";
    NO_NUMBER_ASKED, "no_number_asked", "The question asks for a label or for yes or no: no number to trace.";
    NO_NUMBER_GIVEN, "no_number_given", "The submission holds no number.";
    GROUNDED, "grounded", "Every submitted number stands in a result or follows from numbers there.";
    INVENTED, "invented", "A submitted number stands in no result and follows from none.";
    NOTHING_FOUND, "nothing_found",
        "A number was submitted after the last query failed or came back empty, and none on a needed table had rows.";
    FILTERED, "filtered", "Every query filters rows.";
    FILTERED_IN_PART, "filtered_in_part", "Some queries filter rows.";
    NOT_FILTERED, "not_filtered", "No query filters rows.";
    NO_GOLD, "no_gold", "The task has no gold program to compare with.";
    NO_ARITHMETIC, "no_arithmetic", "The gold program takes no arithmetic behind its queries.";
    CALCULATED, "calculated", "The submitted number is a result of the calculator or of arithmetic in SQL.";
    NOT_CALCULATED, "not_calculated", "Neither the calculator nor SQL worked anything out.";
    RESULT_UNUSED, "result_unused", "Something was worked out, but the submission holds none of it.";
    WITHIN_BUDGET, "within_budget", "At most twice the calls of the gold program.";
    OVER_BUDGET, "over_budget", "More than twice the calls of the gold program.";
    TABLES_UNKNOWN, "tables_unknown", "It is not known which tables are needed.";
    RIGHT_TABLES, "right_tables", "The needed tables were looked at and no other.";
    OTHER_TABLES, "other_tables", "Some needed tables were looked at, with others beside or some left out.";
    NO_RIGHT_TABLE, "no_right_table", "No needed table was looked at.";
    ANSWERABLE, "answerable", "The tables hold an answer.";
    ABSTAINED, "abstained", "The tables were looked at, and the submission says that they hold no answer.";
    ABSTAINED_BLINDLY, "abstained_blindly", "The submission says that there is no answer, but no table was looked at.";
    NOT_ABSTAINED, "not_abstained", "The submission does not say that there is no answer.";
}

const LISTS: [&[(&str, &str)]; 3] = [RubricScore::REASONS, Verdict::REASONS, CHECK_REASONS];
const COUNT: usize = LISTS[0].len() + LISTS[1].len() + LISTS[2].len();

/// Every reason that a criterion or a check can have, with its meaning: those of rubrics, of answers, of checks. The
/// index of a reason is its code.
pub const REASONS: [(&str, &str); COUNT] = {
    let mut all = [("", ""); COUNT];
    let (mut list, mut at) = (0, 0);
    while list < LISTS.len() {
        let mut i = 0;
        while i < LISTS[list].len() {
            all[at] = LISTS[list][i];
            at += 1;
            i += 1;
        }
        list += 1;
    }
    all
};

/// The code of a reason: its index in [`REASONS`], or the number of reasons if it is none of them.
///
/// ```
/// use finqa_core::behaviour::{REASONS, reason_code};
///
/// assert_eq!(reason_code("not_applicable"), 0);
/// assert_eq!(REASONS[usize::from(reason_code("grounded"))].0, "grounded");
/// ```
pub fn reason_code(reason: &str) -> u16 {
    static CODES: OnceLock<FxHashMap<&str, u16>> = OnceLock::new();
    let codes = CODES.get_or_init(|| {
        (0u16..)
            .zip(&REASONS)
            .map(|(i, (name, _))| (*name, i))
            .collect()
    });
    codes.get(reason).copied().unwrap_or(COUNT as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct() {
        for (i, (name, _)) in REASONS.iter().enumerate() {
            assert_eq!(
                usize::from(reason_code(name)),
                i,
                "{name} stands in two lists"
            );
        }
        assert_eq!(usize::from(reason_code("no such reason")), REASONS.len());
    }
}
