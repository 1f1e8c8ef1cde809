//! How a truth that is only a string is to be read: the [`AnswerSpec`] of the strict mode.
//!
//! The published question files say nothing about units, so they are inferred from the truth's own text first and
//! from the question's words second. The rules, in order, are listed in `docs/spec/corpus.md`, "Units of a truth".

use finqa_core::answer::{AnswerSpec, Multi, Op, Scale, Unit};

use super::scale;

/// Infers how `truth` is read, given the question and the scale of the table it is about (if that is known).
///
/// ```
/// use finqa_core::answer::{Op, Unit};
/// use finqa_data::import::answer_spec::infer;
/// let spec = infer(r"\boxed{6.82\%}", "What was the growth in 2023?", None);
/// assert_eq!((spec.unit, spec.op), (Unit::Percent, Op::Derived));
/// ```
pub fn infer(truth: &str, question: &str, table_scale: Option<Scale>) -> AnswerSpec {
    let (parts, multi) = split(truth);
    let question = Words::new(question);
    let mut units = parts.iter().map(|part| unit(part, &question));
    let first = units.next().unwrap_or(Unit::Text);
    // Parts with different units have no common reading: they are compared as texts.
    let unit = if units.all(|u| u == first) {
        first
    } else {
        Unit::Text
    };
    let scaled = matches!(unit, Unit::Amount | Unit::Count);
    let scale = if scaled {
        scale_word(truth)
            .or_else(|| scale::stated([question.text.as_str()]))
            .or(table_scale)
            .unwrap_or_default()
    } else {
        Scale::One
    };
    AnswerSpec {
        unit,
        scale,
        op: op(unit, &parts, &question),
        multi,
        signed_change: signed_change(unit, &parts, &question),
        aliases: yes_or_no(&parts).into_iter().collect(),
    }
}

/// A truth of `true` or `false` is a text, since the yes/no rule reads the words yes and no; the word that a policy
/// would say is right too.
fn yes_or_no(parts: &[String]) -> Option<String> {
    let [only] = parts else { return None };
    match only.trim().to_lowercase().as_str() {
        "true" => Some("yes".into()),
        "false" => Some("no".into()),
        _ => None,
    }
}

/// Digits after the point of the first number in `truth`; `None` if there is no number.
pub(crate) fn decimals(truth: &str) -> Option<u8> {
    let (parts, _) = split(truth);
    let number = Number::read(parts.first()?)?;
    u8::try_from(number.decimals).ok()
}

/// The values of a truth without keys, and whether there are several.
fn split(truth: &str) -> (Vec<String>, Multi) {
    let boxes = boxes(truth);
    if boxes.len() > 1 {
        let keyed: Option<Vec<String>> = boxes.iter().map(|b| key_value(b)).collect();
        return match keyed {
            Some(values) => (values, Multi::Keyed),
            None => (boxes.iter().map(|b| plain(b)).collect(), Multi::List),
        };
    }
    let content = boxes.first().map_or(truth, |b| b);
    let parts = separate(&plain(content));
    if parts.len() > 1 {
        let keyed: Option<Vec<String>> = parts.iter().map(|p| key_value(p)).collect();
        if let Some(values) = keyed {
            return (values, Multi::Keyed);
        }
        if parts.iter().all(|p| Number::read(p).is_some()) {
            return (parts, Multi::List);
        }
    }
    (vec![plain(content)], Multi::Single)
}

/// Contents of every `\boxed{…}`, braces balanced.
fn boxes(text: &str) -> Vec<&str> {
    const OPEN: &str = "\\boxed{";
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(OPEN) {
        let inner = &rest[at + OPEN.len()..];
        let mut depth = 1usize;
        let close = inner.char_indices().find_map(|(i, c)| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            (depth == 0).then_some(i)
        });
        let Some(end) = close else { break };
        out.push(&inner[..end]);
        rest = &inner[end..];
    }
    out
}

/// Without LaTeX: `\text{x}` is x, `\%` is %, `\$` is $, spacing commands are blanks.
fn plain(text: &str) -> String {
    let mut out = text.replace("\\text{", "{").replace("\\mathrm{", "{");
    // `\frac{a}{b}` is a/b, as the strict rules read it.
    for fraction in ["\\frac{", "\\dfrac{"] {
        while let Some(at) = out.find(fraction) {
            out = format!(
                "{}{}",
                &out[..at],
                out[at + fraction.len()..].replacen("}{", "/", 1)
            );
        }
    }
    for (from, to) in [
        ("{,}", ","),
        ("\\%", "%"),
        ("\\$", "$"),
        ("\\,", " "),
        ("\\;", " "),
        ("\\ ", " "),
        ("\\!", ""),
        ("\\rightarrow", " to "),
        ("\\to", " to "),
        ("\u{2212}", "-"),
        ("{", ""),
        ("}", ""),
    ] {
        out = out.replace(from, to);
    }
    out.trim().to_owned()
}

/// Parts between `;`, newlines and commas that do not group digits.
fn separate(text: &str) -> Vec<String> {
    let bytes = text.as_bytes();
    let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    let mut parts = Vec::new();
    let mut start = 0;
    for (i, b) in bytes.iter().enumerate() {
        let groups = i > 0 && digit(i - 1) && (1..4).all(|k| digit(i + k)) && !digit(i + 4);
        if matches!(b, b';' | b'\n') || (*b == b',' && !groups) {
            parts.push(text[start..i].trim().to_owned());
            start = i + 1;
        }
    }
    parts.push(text[start..].trim().to_owned());
    parts.retain(|p| !p.is_empty());
    parts
}

/// The value behind `key:` or `key =`, if there is one.
fn key_value(part: &str) -> Option<String> {
    let part = plain(part);
    let (key, value) = part.split_once([':', '='])?;
    let value = value.trim();
    (!key.trim().is_empty() && Number::read(value).is_some()).then(|| value.to_owned())
}

/// What is written around the digits of a number.
struct Number<'a> {
    percent: bool,
    currency: bool,
    suffix: &'a str,
    digits: String,
    decimals: usize,
}

impl<'a> Number<'a> {
    /// Reads `($ 1,234.5)`, `-6.8%`, `4.2x`, `$5 million`; `None` if the text is no single number.
    fn read(text: &'a str) -> Option<Self> {
        let mut text = text.trim();
        for lead in ["approximately ", "about ", "USD ", "EUR ", "GBP "] {
            text = text.strip_prefix(lead).unwrap_or(text);
        }
        let first = text.find(|c: char| c.is_ascii_digit() || c == '.')?;
        let (before, rest) = text.split_at(first);
        let end = rest
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, ',' | '.' | '_' | '/')))
            .unwrap_or(rest.len());
        let (digits, after) = rest.split_at(end);
        let currency =
            before.contains(['$', '€', '£', '¥']) || after.to_lowercase().contains("dollar");
        if !before.chars().all(|c| "$€£¥(+-−–~ ".contains(c))
            || after.contains(|c: char| c.is_ascii_digit())
        {
            return None;
        }
        let digits = digits.trim_end_matches([',', '.']);
        let decimals = digits.rsplit_once('.').map_or(0, |(_, d)| d.len());
        let suffix = after.trim_matches(|c: char| c == ')' || c == '.' || c.is_whitespace());
        let known = [
            "",
            "%",
            "x",
            "times",
            "percent",
            "pp",
            "pps",
            "bp",
            "bps",
            "percentage points",
            "percentage point",
            "basis points",
            "k",
            "m",
            "mm",
            "bn",
            "b",
            "years",
            "days",
            "dollars",
            "usd",
        ];
        let lower = suffix.to_lowercase();
        let words_ok = known.contains(&lower.as_str())
            || lower.split_whitespace().all(|w| {
                scale::named(w).is_some() || matches!(w, "usd" | "dollars" | "shares" | "u.s.")
            });
        if digits.is_empty() || !words_ok {
            return None;
        }
        let percent = lower == "%" || lower == "percent" || after.contains('%');
        Some(Self {
            percent,
            currency,
            suffix,
            digits: digits.replace(',', ""),
            decimals,
        })
    }

    fn magnitude(&self) -> f64 {
        self.digits.parse().unwrap_or(f64::NAN)
    }
}

/// The question in lower case.
struct Words {
    text: String,
}

impl Words {
    fn new(question: &str) -> Self {
        Self {
            text: question.to_lowercase().replace(['-', '_'], " "),
        }
    }

    fn any(&self, needles: &[&str]) -> bool {
        needles.iter().any(|n| self.text.contains(n))
    }
}

fn unit(part: &str, question: &Words) -> Unit {
    let lower = part.to_lowercase();
    let bare = lower.trim_matches(|c: char| !c.is_alphanumeric());
    if matches!(bare, "yes" | "no") {
        return Unit::Bool;
    }
    let Some(number) = Number::read(part) else {
        return Unit::Text;
    };
    let suffix = number.suffix.to_lowercase();
    if suffix.starts_with("pp") || suffix.starts_with("percentage point") {
        return Unit::Pp;
    }
    if suffix.starts_with("bp") || suffix.starts_with("basis point") {
        return Unit::Bps;
    }
    if suffix == "x" || suffix == "times" {
        return Unit::Multiple;
    }
    let points = question.any(&["percentage point"]);
    if number.percent {
        return if points { Unit::Pp } else { Unit::Percent };
    }
    if number.currency {
        return if question.any(&["per share", "eps"]) {
            Unit::PerShare
        } else {
            Unit::Amount
        };
    }
    if number.digits.len() == 4
        && (1900.0..2100.0).contains(&number.magnitude())
        && question.any(&[
            "which year",
            "what year",
            "which fiscal year",
            "what fiscal year",
            "in which",
            "when",
        ])
    {
        return Unit::Year;
    }
    if question.any(&["basis point"]) {
        return Unit::Bps;
    }
    if points {
        return Unit::Pp;
    }
    let fraction = number.decimals >= 3 && number.magnitude() < 10.0;
    if question.any(&["per share", "earnings per", "eps"]) {
        return Unit::PerShare;
    }
    if question.any(&["percent", "%"]) {
        // "0.062" as the answer to a question for a percentage is a fraction; a ratio accepts "6.2%" too.
        return if fraction { Unit::Ratio } else { Unit::Percent };
    }
    if fraction || number.digits.contains('/') {
        return Unit::Ratio;
    }
    if number.decimals > 0
        && number.magnitude() < 10.0
        && question.any(&[
            "ratio",
            "proportion",
            "fraction",
            "share of",
            "as a decimal",
        ])
    {
        return Unit::Ratio;
    }
    if question.any(&["how many", "number of", "count of"]) && number.decimals == 0 {
        return Unit::Count;
    }
    Unit::Amount
}

fn op(unit: Unit, parts: &[String], question: &Words) -> Op {
    match unit {
        Unit::Percent | Unit::Ratio | Unit::Pp | Unit::Bps | Unit::Multiple => Op::Derived,
        Unit::Year | Unit::Text | Unit::Bool | Unit::Absent | Unit::Count => Op::Exact,
        Unit::Amount | Unit::PerShare => {
            let quotient = question.any(&["average", "mean ", "median", "cagr", "per employee"]);
            let long = parts
                .iter()
                .filter_map(|p| Number::read(p))
                .any(|n| n.decimals > 2);
            if quotient || long {
                Op::Derived
            } else {
                Op::Exact
            }
        }
    }
}

/// A question for a change in either direction; one that asks for the size of a decrease has a positive truth, and
/// there "decreased by 5" must not become −5.
fn signed_change(unit: Unit, parts: &[String], question: &Words) -> bool {
    if matches!(unit, Unit::Text | Unit::Bool | Unit::Absent | Unit::Year) {
        return false;
    }
    let change = question.any(&[
        "change", "growth", "grow", "grew", "increase", "decrease", "decline",
    ]);
    let negative = parts
        .iter()
        .any(|p| p.starts_with(['-', '(']) || p.contains("$-") || p.contains("$ -"));
    let decrease_only = question.any(&["decrease", "decline", "drop", "reduc", "fell", "fall"])
        && !question.any(&["increase", "change", "grow"]);
    change && (negative || !decrease_only)
}

/// A scale word behind the number or behind the box: `\boxed{-77} million`.
fn scale_word(truth: &str) -> Option<Scale> {
    truth
        .to_lowercase()
        .split(|c: char| !c.is_alphabetic())
        .filter(|w| !w.is_empty())
        .find_map(scale::named)
        .filter(|s| *s != Scale::One)
}

#[cfg(test)]
mod tests {
    use finqa_core::answer::{AnswerMode, score_answer};

    use super::*;

    fn spec(truth: &str, question: &str) -> AnswerSpec {
        infer(truth, question, Some(Scale::Million))
    }

    #[test]
    fn true_and_false_are_texts_that_yes_and_no_answer() {
        for (truth, right, wrong) in [("True", "yes", "no"), ("false", "No", "true")] {
            let spec = infer(truth, "Did it grow?", None);
            assert_eq!(spec.unit, Unit::Text);
            let score = |answer| score_answer(answer, truth, &spec, AnswerMode::Strict).score;
            assert_eq!((score(truth), score(right), score(wrong)), (1.0, 1.0, 0.0));
        }
    }

    #[test]
    fn the_truth_says_its_unit() {
        for (truth, unit) in [
            (r"\boxed{6.82%}", Unit::Percent),
            (r"48.6\%", Unit::Percent),
            ("(4.5)%", Unit::Percent),
            ("-4.5%", Unit::Percent),
            (r"\boxed{12 \text{ bps}}", Unit::Bps),
            ("1.2 pp", Unit::Pp),
            ("4.2x", Unit::Multiple),
            ("0.121", Unit::Ratio),
            (r"\boxed{\$1,234}", Unit::Amount),
            ("1,234.5", Unit::Amount),
            ("(1,234)", Unit::Amount),
            ("Yes", Unit::Bool),
            (r"\boxed{\text{No}}", Unit::Bool),
            (r"\boxed{\frac{1}{4}}", Unit::Ratio),
            ("approximately 5%", Unit::Percent),
            ("EUR 5", Unit::Amount),
            ("North America", Unit::Text),
            ("increased by 5 from 2 to 7", Unit::Text),
        ] {
            assert_eq!(spec(truth, "What is it?").unit, unit, "{truth}");
        }
    }

    #[test]
    fn the_question_decides_where_the_truth_does_not() {
        assert_eq!(
            spec("2023", "In which year was it highest?").unit,
            Unit::Year
        );
        assert_eq!(spec("2023", "What was the liability?").unit, Unit::Amount);
        assert_eq!(
            spec("1.24", "What were diluted earnings per share?").unit,
            Unit::PerShare
        );
        assert_eq!(
            spec("6.82", "By what percentage did it grow?").unit,
            Unit::Percent
        );
        assert_eq!(spec("0.062", "What percentage was it?").unit, Unit::Ratio);
        assert_eq!(spec("1.2%", "Change in percentage points?").unit, Unit::Pp);
        assert_eq!(spec("12", "How many notes are due?").unit, Unit::Count);
        assert_eq!(
            spec("0.4", "What is the ratio of A to B?").unit,
            Unit::Ratio
        );
    }

    #[test]
    fn several_boxes_are_a_list_and_keys_make_it_keyed() {
        let list = spec(r"\boxed{8,908}; \boxed{7,960}", "Both years?");
        assert_eq!((list.multi, list.unit), (Multi::List, Unit::Amount));
        let keyed = spec(r"\boxed{2022: 0.933, 2023: 0.930}", "By year?");
        assert_eq!((keyed.multi, keyed.unit), (Multi::Keyed, Unit::Ratio));
        let keyed = spec(
            r"\boxed{2022 \to 2023: -0.002, 2023 \to 2024: 0.004}",
            "By year?",
        );
        assert_eq!(keyed.multi, Multi::Keyed);
        assert_eq!(spec(r"\boxed{1,234, 2,345}", "Both?").multi, Multi::List);
        assert_eq!(spec(r"\boxed{1,234}", "One?").multi, Multi::Single);
        assert_eq!(spec("United States, Canada", "Where?").multi, Multi::Single);
    }

    #[test]
    fn mixed_units_are_text() {
        assert_eq!(
            spec(r"\boxed{5%}, \boxed{North}", "Which?").unit,
            Unit::Text
        );
    }

    #[test]
    fn scale_comes_from_truth_then_question_then_table() {
        assert_eq!(spec(r"\boxed{-77} million", "?").scale, Scale::Million);
        assert_eq!(
            spec(r"\boxed{12.3 \text{ billion}}", "?").scale,
            Scale::Billion
        );
        assert_eq!(
            spec("5", "What is it, in thousands?").scale,
            Scale::Thousand
        );
        assert_eq!(spec("5", "What is it?").scale, Scale::Million);
        assert_eq!(infer("5", "What is it?", None).scale, Scale::One);
        assert_eq!(spec("5%", "In thousands?").scale, Scale::One);
    }

    #[test]
    fn exactness_and_direction() {
        assert_eq!(spec("1234", "What was the total?").op, Op::Exact);
        assert_eq!(
            spec("1234.333", "What was the average of three years?").op,
            Op::Derived
        );
        assert_eq!(spec("0.5%", "?").op, Op::Derived);
        assert!(spec("-5", "What was the net change?").signed_change);
        assert!(!spec("5", "By how much did it decrease?").signed_change);
        assert!(!spec("5", "What was the total?").signed_change);
    }
}
