//! Finding the values of a report.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::slots::SlotInfo;

/// What a submission holds.
#[derive(Debug)]
pub(super) struct Report<'a> {
    /// Text of each slot, in the order of the slots.
    pub(super) values: Vec<Option<Cow<'a, str>>>,
    /// Which of the headings stand in the text, in the order of the text.
    pub(super) headings: Vec<usize>,
    /// Some line holds more than one slot.
    pub(super) is_crowded: bool,
    /// JSON, which has no lines or headings.
    pub(super) is_json: bool,
}

/// Reads a submission: a JSON object `{slot or label: value}`, else a text with a line `label: value` for each slot.
///
/// `headings` are folded. Of several lines for one slot the last counts that has something behind its label.
pub(super) fn read<'a>(
    submission: &'a str,
    slots: &[SlotInfo<'_>],
    headings: &[String],
) -> Report<'a> {
    if let Some(values) = read_json(submission, slots) {
        return Report {
            values,
            headings: Vec::new(),
            is_crowded: false,
            is_json: true,
        };
    }
    let mut report = Report {
        values: vec![None; slots.len()],
        headings: Vec::new(),
        is_crowded: false,
        is_json: false,
    };
    let mut key = Key::default();
    let mut section = String::new();
    for line in submission.lines() {
        let line = without_marker(line);
        key.clear();
        let mut owner = None;
        for (at, c) in line.char_indices() {
            if !matches!(c, ':' | '：' | '=' | '|') {
                key.push(c);
                continue;
            }
            let rest = &line[at + c.len_utf8()..];
            if owner.is_some() {
                report.is_crowded |= slots.iter().any(|s| key.ends_with(&s.label));
            } else if let Some(slot) = key.find(slots, &section) {
                owner = Some(slot);
                let value = value(rest);
                if !value.is_empty() {
                    report.values[slot] = Some(Cow::Borrowed(value));
                }
                key.clear();
            }
            key.separate();
        }
        if owner.is_none() {
            let whole = key.full.trim_end();
            if !whole.is_empty() {
                if let Some(heading) = headings.iter().position(|h| h == whole) {
                    report.headings.push(heading);
                }
                let is_section = slots.iter().any(|s| s.section.as_deref() == Some(whole));
                if is_section
                    || report
                        .headings
                        .last()
                        .is_some_and(|&h| headings[h] == whole)
                {
                    whole.clone_into(&mut section);
                }
            }
        }
    }
    report
}

/// What stands behind a label, without the cell border and the emphasis around it.
fn value(rest: &str) -> &str {
    rest.trim()
        .trim_end_matches('|')
        .trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '`'))
}

/// The text before a value, folded: full, and without what stands in parentheses.
#[derive(Default)]
struct Key {
    full: String,
    /// Like `full` up to the first parenthesis, and only written behind it.
    plain: String,
    has_parentheses: bool,
    depth: usize,
}

impl Key {
    fn clear(&mut self) {
        self.full.clear();
        self.has_parentheses = false;
        self.depth = 0;
    }

    fn separate(&mut self) {
        self.push(' ');
    }

    fn push(&mut self, c: char) {
        if c == '(' && !self.has_parentheses {
            self.has_parentheses = true;
            self.plain.clone_from(&self.full);
        }
        push(&mut self.full, c);
        if !self.has_parentheses {
            return;
        }
        match c {
            '(' => self.depth += 1,
            ')' => self.depth = self.depth.saturating_sub(1),
            _ if self.depth > 0 => return,
            _ => {}
        }
        push(&mut self.plain, c);
    }

    /// The slot that this is the label of: by the full text, else without what stands in parentheses.
    fn find(&self, slots: &[SlotInfo<'_>], section: &str) -> Option<usize> {
        let find = |key: &str| {
            let key = key.trim_end();
            slots.iter().position(|s| {
                s.label == key && s.section.as_deref().is_none_or(|wanted| wanted == section)
            })
        };
        find(&self.full).or_else(|| {
            let plain = self.has_parentheses.then_some(&self.plain)?;
            find(plain)
        })
    }

    fn ends_with(&self, label: &str) -> bool {
        self.full
            .trim_end()
            .strip_suffix(label)
            .is_some_and(|before| before.is_empty() || before.ends_with(' '))
    }
}

/// Lower case; anything but letters and digits is one blank.
fn push(out: &mut String, c: char) {
    if c.is_ascii_alphanumeric() {
        out.push(c.to_ascii_lowercase());
    } else if c.is_alphanumeric() {
        out.extend(c.to_lowercase());
    } else if !out.is_empty() && !out.ends_with(' ') {
        out.push(' ');
    }
}

/// A label or heading for comparison: without list marker, case and punctuation.
pub(super) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in without_marker(text).chars() {
        push(&mut out, c);
    }
    out.truncate(out.trim_end().len());
    out
}

/// A line without what makes it a list item, a heading, a quotation or a table row: `- `, `# `, `> `, `| `, `2. `, `3) `.
fn without_marker(line: &str) -> &str {
    let line = line.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '(' && c != '$');
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    if (1..=2).contains(&digits)
        && let Some(rest) = line[digits..].strip_prefix(['.', ')'])
        && rest.starts_with(char::is_whitespace)
    {
        return rest.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '(' && c != '$');
    }
    line
}

/// The values of a JSON object, perhaps in a code fence; `None` if the text is none.
fn read_json<'a>(text: &'a str, slots: &[SlotInfo<'_>]) -> Option<Vec<Option<Cow<'a, str>>>> {
    let mut text = text.trim();
    if let Some(fenced) = text.strip_prefix("```") {
        text = fenced
            .trim_start_matches(char::is_alphanumeric)
            .trim_end()
            .strip_suffix("```")?
            .trim();
    }
    if !text.starts_with('{') {
        return None;
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let pairs = deserializer.deserialize_map(Pairs).ok()?;
    deserializer.end().ok()?;
    let mut values = vec![None; slots.len()];
    for (key, raw) in pairs {
        let at = slots.iter().position(|s| s.name == key).or_else(|| {
            let label = fold(&key);
            slots
                .iter()
                .position(|s| s.section.is_none() && s.label == label)
        });
        let raw: &'a str = raw.get();
        let value = match raw.as_bytes().first() {
            Some(b'"') => serde_json::from_str::<Cow<'a, str>>(raw).ok(),
            Some(b'n') => None,
            _ => Some(Cow::Borrowed(raw)),
        };
        if let (Some(at), Some(value)) = (at, value) {
            values[at] = Some(value);
        }
    }
    Some(values)
}

/// The members of an object, in order and with repeated keys; numbers keep their digits.
struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rubric::{Rubric, slots::slots};

    fn rubric() -> Rubric {
        serde_json::from_str(
            r#"{"slots": [{"name": "total", "label": "Total", "section": "1. Inputs", "unit": "amount"},
                          {"name": "total_end", "label": "Total", "section": "3. Conclusion", "unit": "amount"},
                          {"name": "ratio", "label": "Debt / equity: ratio"}],
                "criteria": [
                {"id": "p1", "dim": "primary", "kind": "value", "slot": "interest_cost_2024", "truth": {"value": "5"}},
                {"id": "p2", "dim": "primary", "kind": "value", "slot": "ratio", "truth": {"value": "5"}}]}"#,
        )
        .expect("a rubric")
    }

    fn values(text: &str) -> Vec<Option<String>> {
        let rubric = rubric();
        let slots = slots(&rubric);
        let headings = ["1. Inputs", "3. Conclusion"].map(fold);
        let report = read(text, &slots, &headings);
        report
            .values
            .into_iter()
            .map(|v| v.map(Cow::into_owned))
            .collect()
    }

    /// The value of the one slot without a section or a label of its own.
    fn cost(text: &str) -> Option<String> {
        values(text)[3].clone()
    }

    #[test]
    fn labels_are_found_in_any_dress() {
        for text in [
            "Interest cost 2024: 77",
            "- Interest cost 2024: 77",
            "* **Interest cost 2024**: 77",
            "**Interest cost 2024:** 77",
            "1. interest cost, 2024 = `77`",
            "> INTEREST COST 2024： 77  ",
            "| Interest cost 2024 | 77 |",
            "Interest cost 2024 (in $ millions): 77",
            "interest_cost_2024: 77",
            "Interest cost 2024: 5\nInterest cost 2024: 77\nInterest cost 2024:",
            "{\"interest_cost_2024\": 77}",
            // Cut off, so no JSON: then a line like any other.
            "{\"interest_cost_2024\": 77",
            "```json\n{\"a\": [1], \"Interest cost 2024\": \"77\"}\n```",
            "{\"interest_cost_2024\": 5, \"interest_cost_2024\": 77, \"interest cost 2024\": null}",
        ] {
            assert_eq!(cost(text).as_deref(), Some("77"), "{text}");
        }
        for text in [
            "",
            "The interest cost 2024: 77",
            "Interest cost 2023: 77",
            "Interest cost 2024 77",
            "Interest cost 2024:",
            "[\"interest_cost_2024\", 77]",
        ] {
            assert_eq!(cost(text), None, "{text}");
        }
        assert_eq!(
            cost("{\"interest_cost_2024\": 0.2500}").as_deref(),
            Some("0.2500")
        );
    }

    #[test]
    fn a_label_may_hold_what_separates() {
        assert_eq!(
            values("Debt / equity: ratio: 4.2x")[2].as_deref(),
            Some("4.2x")
        );
    }

    #[test]
    fn sections_tell_equal_labels_apart() {
        let found = values("## 1. Inputs\n- Total: 5\n\n**3) Conclusion**\n- Total: 6");
        assert_eq!(
            (found[0].as_deref(), found[1].as_deref()),
            (Some("5"), Some("6"))
        );
        assert_eq!(values("Total: 5")[0], None);
    }
}
