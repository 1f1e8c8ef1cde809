//! Statements that the tables do not hold the answer.

use super::unit::{Meaning, is_currency, meaning};
use super::{Reason, strict};

/// What counts as such a statement, in the form of [`words`]. Listed in `docs/spec/rewards.md`.
///
/// "Unknown", "none" and "I don't know" are not here: they say what the policy knows, not what the tables hold.
const STATEMENTS: [&str; 41] = [
    "n a",
    "not answerable",
    "unanswerable",
    "cannot be answered",
    "cannot answer",
    "cannot be determined",
    "cannot determine",
    "cannot be calculated",
    "cannot be computed",
    "cannot be derived",
    "not determinable",
    "not available",
    "unavailable",
    "not disclosed",
    "undisclosed",
    "not reported",
    "not provided",
    "not stated",
    "not given",
    "not shown",
    "not included",
    "not contained",
    "not found",
    "not present",
    "not in the tables",
    "not in the table",
    "no data",
    "no such data",
    "insufficient data",
    "insufficient information",
    "not enough data",
    "not enough information",
    "not hold",
    "not contain",
    "not disclose",
    "not report",
    "not show",
    "not state",
    "not give",
    "not provide",
    "not include",
];

/// First words of [`STATEMENTS`].
const FIRST_WORDS: [&str; 8] = [
    "n",
    "not",
    "unanswerable",
    "cannot",
    "unavailable",
    "undisclosed",
    "no",
    "insufficient",
];

/// A statement and a sentence or two around it; a longer text argues in both directions.
const MAX_WORDS: usize = 40;

/// Words for numbers: a claim only where a unit or scale follows.
const NUMBER_WORDS: [&str; 30] = [
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
    "hundred",
    "zero",
    "half",
];

/// Compares a submission with a truth that says that there is no answer.
pub(super) fn score(predicted: &str, truth: &str) -> Reason {
    if !is_statement(truth) {
        return Reason::UnreadableTruth;
    }
    let text = match strict::single_text(predicted) {
        Ok(text) => text,
        Err(reason) => return reason,
    };
    let states = states(&text);
    if claims_number(&text) || (!states && text.bytes().any(|b| b.is_ascii_digit())) {
        Reason::InventedNumber
    } else if states {
        Reason::Equal
    } else {
        Reason::OffText
    }
}

/// Whether the text says that the tables hold no answer, and gives none.
pub(crate) fn is_statement(text: &str) -> bool {
    strict::single_text(text).is_ok_and(|text| states(&text) && !claims_number(&text))
}

fn states(text: &str) -> bool {
    let (words, count) = words(text);
    // Most texts have no first word of a statement, which costs less to see than looking for every statement.
    count <= MAX_WORDS
        && (words == " na "
            || (words.split(' ').any(|word| FIRST_WORDS.contains(&word))
                && STATEMENTS.iter().any(|s| contains_words(&words, s))))
}

fn contains_words(words: &str, statement: &str) -> bool {
    words.match_indices(statement).any(|(at, _)| {
        words.as_bytes()[at - 1] == b' '
            && words.as_bytes().get(at + statement.len()) == Some(&b' ')
    })
}

/// The words of a text in lower case with a blank around each, "can't" and the like written out; and their number,
/// which stops counting beyond the limit.
fn words(text: &str) -> (String, usize) {
    let mut out = String::from(" ");
    let mut count = 0;
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’');
    for word in text.split(|c: char| !is_part(c)) {
        let mut letters = word.chars().filter(|c| c.is_alphanumeric()).peekable();
        if letters.peek().is_none() {
            continue;
        }
        count += 1;
        if count > MAX_WORDS {
            break;
        }
        let start = out.len();
        out.extend(letters.flat_map(char::to_lowercase));
        let whole = match &out[start..] {
            "cant" => "cannot",
            "dont" => "do not",
            "doesnt" => "does not",
            "didnt" => "did not",
            "isnt" => "is not",
            "arent" => "are not",
            "not" if out[..start].ends_with(" can ") => {
                // "can not" is "cannot".
                out.remove(start - 1);
                out.push(' ');
                continue;
            }
            _ => {
                out.push(' ');
                continue;
            }
        };
        out.truncate(start);
        out.push_str(whole);
        out.push(' ');
    }
    (out, count)
}

/// Whether a text holds a number that is no mere year, period or name of a form.
fn claims_number(text: &str) -> bool {
    let mut rest = text;
    let mut before = "";
    while let Some(at) = rest.find(char::is_numeric) {
        before = if at == 0 { before } else { &rest[..at] };
        let digits = &rest[at..];
        let end = digits
            .find(|c: char| !c.is_numeric() && !matches!(c, '.' | ','))
            .unwrap_or(digits.len());
        // A point or comma behind the digits ends a sentence.
        let number = digits[..end].trim_end_matches(['.', ',']);
        let after = &digits[number.len()..];
        if !is_name(before, number, after) {
            return true;
        }
        (before, rest) = ("", after);
    }
    let mut last_is_number = false;
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .any(|word| {
            let claims = last_is_number && is_unit(word);
            last_is_number = NUMBER_WORDS.iter().any(|n| n.eq_ignore_ascii_case(word));
            claims
        })
}

/// Whether digits are part of a name: "2024", "FY24", "Q3", "10-K".
fn is_name(before: &str, digits: &str, after: &str) -> bool {
    let glued = before
        .rfind(|c: char| !c.is_alphabetic())
        .map_or(before, |at| {
            before[at..].trim_start_matches(|c: char| !c.is_alphabetic())
        });
    if before.trim_end().ends_with(is_currency) {
        return false;
    }
    if before.ends_with(char::is_alphabetic) {
        return digits.len() <= 4
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !after.starts_with(char::is_alphabetic)
            && ["q", "h", "fy", "cy"]
                .iter()
                .any(|p| glued.eq_ignore_ascii_case(p));
    }
    let mut form = after.chars();
    let is_form = form.next() == Some('-')
        && form.next().is_some_and(|c| "kqfKQF".contains(c))
        && !form.next().is_some_and(char::is_alphanumeric);
    if is_form && ["10", "8", "20", "40", "6"].contains(&digits) {
        return true;
    }
    let is_year = digits.len() == 4
        && digits.bytes().all(|b| b.is_ascii_digit())
        && (digits.starts_with("19") || digits.starts_with("20"));
    let unit = after
        .trim_start()
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or("");
    is_year
        && !after.trim_start().starts_with('%')
        && !after.starts_with(char::is_alphabetic)
        && !is_unit(unit)
}

fn is_unit(word: &str) -> bool {
    matches!(
        meaning(word),
        Meaning::Scale { .. } | Meaning::Tag(_) | Meaning::Currency | Meaning::Basis
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_words_are_those_of_the_statements() {
        for statement in STATEMENTS {
            let first = statement.split(' ').next().unwrap();
            assert!(FIRST_WORDS.contains(&first), "{statement}");
        }
    }

    #[test]
    fn plain_statements_are_understood() {
        for text in [
            "not answerable",
            "Not answerable.",
            "**Unanswerable**",
            "N/A",
            "n.a.",
            "NA",
            r"\boxed{\text{Not available}}",
            "FINAL ANSWER: cannot be determined from the tables",
            "Can not be determined",
            "It can't be determined.",
            "The tables do not hold the answer.",
            "The 10-K tables for fiscal 2024 don't disclose it.",
            "Q4 figures are not reported separately",
            "FY2024: not disclosed",
            "No data for 2022-2024.",
            "Not available in 2024.Not available at all.",
            "Neither of the two tables shows it, so it is not available in either one.",
        ] {
            assert_eq!(score(text, "not answerable"), Reason::Equal, "{text}");
        }
    }

    #[test]
    fn a_number_beside_a_statement_is_a_claim() {
        for text in [
            "1,234",
            "2024",
            "0",
            "Not disclosed, but about 5%",
            "N/A (12.5 million)",
            "not available; $2010",
            "not available: 2010 million",
            "not disclosed; twenty percent",
            "cannot be determined, five million dollars at most",
            "unavailable USD5",
            "unavailable ½",
            "FY24.5: no data",
            "N/A $10-K",
        ] {
            assert_eq!(score(text, "N/A"), Reason::InventedNumber, "{text}");
        }
    }

    #[test]
    fn other_texts_state_nothing() {
        let long = "well ".repeat(50) + "not available";
        for text in [
            "",
            "unknown",
            "none",
            "I don't know",
            "Goodwill",
            "available",
            &long,
            "native",
        ] {
            assert_eq!(score(text, "N/A"), Reason::OffText, "{text}");
        }
        assert_eq!(score("N/A", "12"), Reason::UnreadableTruth);
    }
}
