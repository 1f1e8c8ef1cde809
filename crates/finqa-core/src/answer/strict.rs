//! The strict rules: one grammar for every submission, exact comparison.

use std::borrow::Cow;

use super::absent;
use super::extract::{Extracted, extract};
use super::multi;
use super::normalize::{fold_label, normalize};
use super::number::compare;
use super::scan::{Reading, read};
use super::{AnswerSpec, Multi, Reason, Scale, Unit};

/// Compares a submission with the truth.
pub(super) fn score(predicted: &str, truth: &str, spec: &AnswerSpec) -> Reason {
    if spec.unit == Unit::Absent {
        return absent::score(predicted, truth);
    }
    let reason = score_values(predicted, truth, spec);
    let says_nothing = matches!(
        reason,
        Reason::NoNumber | Reason::OffText | Reason::NoYesOrNo
    );
    if says_nothing && absent::is_statement(predicted) {
        return Reason::Declined;
    }
    reason
}

fn score_values(predicted: &str, truth: &str, spec: &AnswerSpec) -> Reason {
    if spec.multi != Multi::Single {
        return multi::score(predicted, truth, spec);
    }
    let Ok(truth) = single_text(truth) else {
        return Reason::UnreadableTruth;
    };
    match single_text(predicted) {
        Ok(predicted) => compare_values(&predicted, &truth, spec),
        Err(reason) => reason,
    }
}

pub(super) fn parse_number(text: &str, unit: Unit, scale: Scale) -> Option<String> {
    if matches!(unit, Unit::Text | Unit::Bool | Unit::Absent) {
        return None;
    }
    let text = single_text(text).ok()?;
    Some(read(&text, unit, scale, false).ok()?.value.to_text())
}

/// The normalised text of a single value.
pub(super) fn single_text(text: &str) -> Result<Cow<'_, str>, Reason> {
    match extract(text) {
        Extracted::Plain(text) => Ok(normalize(text)),
        Extracted::Boxes(boxes) => match boxes[..] {
            [only] => Ok(normalize(only)),
            _ => Err(Reason::SeveralBoxes),
        },
    }
}

/// Compares two normalised texts of one value each.
pub(super) fn compare_values(predicted: &str, truth: &str, spec: &AnswerSpec) -> Reason {
    match spec.unit {
        Unit::Text => compare_labels(predicted, truth, &spec.aliases),
        Unit::Bool => compare_yes_no(predicted, truth),
        _ => compare_numbers(predicted, truth, spec),
    }
}

fn compare_numbers(predicted: &str, truth: &str, spec: &AnswerSpec) -> Reason {
    let read = |text| read(text, spec.unit, spec.scale, spec.signed_change);
    let Ok(truth) = read(truth) else {
        return Reason::UnreadableTruth;
    };
    let Reading { value, in_full } = match read(predicted) {
        Ok(reading) => reading,
        Err(reason) => return reason,
    };
    let first = compare(&value, &truth.value, spec.op);
    if first.is_right() {
        return first;
    }
    in_full
        .map(|full| compare(&full, &truth.value, spec.op))
        .filter(|second| second.is_right())
        .unwrap_or(first)
}

fn compare_labels(predicted: &str, truth: &str, aliases: &[String]) -> Reason {
    let label = fold_label(truth);
    if label.is_empty() {
        // Nothing but punctuation: then that is the label.
        let same = !truth.is_empty() && predicted == truth;
        return if same { Reason::Equal } else { Reason::OffText };
    }
    let predicted = fold_label(predicted);
    if predicted == label
        || (!predicted.is_empty()
            && aliases
                .iter()
                .any(|a| fold_label(&normalize(a)) == predicted))
    {
        Reason::Equal
    } else {
        Reason::OffText
    }
}

fn compare_yes_no(predicted: &str, truth: &str) -> Reason {
    let Ok(truth) = yes_or_no(truth) else {
        return Reason::UnreadableTruth;
    };
    match yes_or_no(predicted) {
        Ok(answer) if answer == truth => Reason::Equal,
        Ok(_) => Reason::OtherYesNo,
        Err(reason) => reason,
    }
}

/// The first word decides; both words are no answer.
fn yes_or_no(text: &str) -> Result<bool, Reason> {
    let mut words = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let first = words.next().ok_or(Reason::NoYesOrNo)?;
    let (answer, other) = if first.eq_ignore_ascii_case("yes") {
        (true, "no")
    } else if first.eq_ignore_ascii_case("no") {
        (false, "yes")
    } else {
        return Err(Reason::NoYesOrNo);
    };
    if words.any(|word| word.eq_ignore_ascii_case(other)) {
        Err(Reason::BothYesAndNo)
    } else {
        Ok(answer)
    }
}
