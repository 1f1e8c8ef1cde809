//! Numbers that a submission claims.

use super::digits::{Written, next_number, scaled};
use crate::answer::extract::{Extracted, extract};
use crate::answer::normalize::normalize;
use crate::answer::unit::{Marks, Meaning, Tag, conversion, meaning};
use crate::answer::{AnswerSpec, Unit, final_answer};

/// A submitted number in the question's unit and scale; signs are not looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Claim {
    /// Magnitude.
    pub(crate) value: f64,
    /// Digits behind the point as written; `None`: exact.
    pub(crate) decimals: Option<i32>,
    /// Digits from the first one that is not 0.
    pub(crate) significant: u32,
    /// A percentage, ratio or the like, which results show times 100 or divided by it.
    pub(crate) is_rate: bool,
    /// Asked for as a year.
    pub(crate) is_year: bool,
}

impl Claim {
    /// Whether a text holds a number that could be the same, whatever its unit and scale: a cheap look before an exact one.
    pub(crate) fn may_stand_in(&self, text: &str) -> bool {
        const SCALES: [f64; 9] = [1.0, 1e2, 1e-2, 1e3, 1e-3, 1e6, 1e-6, 1e9, 1e-9];
        let is_near = |value: f64| {
            value == 0.0
                || self.value == 0.0
                || SCALES
                    .iter()
                    .any(|s| (value * s - self.value).abs() <= 0.02 * self.value)
        };
        let mut at = 0;
        while let Some(number) = next_number(text.as_bytes(), at) {
            at = number.end;
            if is_near(number.value) {
                return true;
            }
        }
        false
    }
}

/// Numbers of one submission that are looked up; what comes behind is not.
const MAX_CLAIMS: usize = 32;

/// Whether answers of this unit are rates.
pub(crate) const fn is_rate(unit: Unit) -> bool {
    matches!(unit, Unit::Percent | Unit::Ratio | Unit::Pp | Unit::Bps)
}

/// The numbers of a submission.
#[derive(Debug)]
pub(super) struct Claims {
    claims: [Option<Claim>; MAX_CLAIMS],
    len: usize,
}

impl Claims {
    /// The numbers that a submission gives for an answer of `spec`. What only labels is left out: years beside other
    /// numbers, keys (`2022: 5`), numbers in names (`Q3`, `10-K`).
    pub(super) fn read(submission: &str, spec: &AnswerSpec) -> Self {
        let mut found = Self {
            claims: [None; MAX_CLAIMS],
            len: 0,
        };
        let mut years = 0;
        let mut scan = |text: &str| {
            if text.is_ascii() {
                found.scan(text, spec, &mut years);
            } else {
                found.scan(&normalize(text), spec, &mut years);
            }
        };
        if submission.contains("\\boxed") {
            match extract(submission) {
                Extracted::Plain(text) => scan(text),
                Extracted::Boxes(boxes) => boxes.into_iter().for_each(scan),
            }
        } else {
            scan(final_answer(submission).unwrap_or(submission));
        }
        found.drop_labels(spec.unit, years);
        found
    }

    fn scan(&mut self, text: &str, spec: &AnswerSpec, years: &mut usize) {
        let mut at = 0;
        while self.len < MAX_CLAIMS
            && let Some(number) = next_number(text.as_bytes(), at)
        {
            at = number.end;
            let wants_year = spec.unit == Unit::Year && number.is_year;
            if (number.is_glued && !wants_year) || is_label(&text[number.end..]) {
                continue;
            }
            *years += usize::from(number.is_year);
            self.claims[self.len] = Some(claim(text, &number, spec));
            self.len += 1;
        }
    }

    /// Leaves years out where other numbers are asked for and given, and other numbers where years are.
    fn drop_labels(&mut self, unit: Unit, years: usize) {
        let keeps_years = unit == Unit::Year;
        if (keeps_years && years == 0) || (!keeps_years && years == self.len) {
            return;
        }
        for claim in &mut self.claims[..self.len] {
            if claim.is_some_and(|c| c.is_year != keeps_years) {
                *claim = None;
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Claim> {
        self.claims[..self.len].iter().flatten()
    }
}

/// A number with the unit behind it.
fn claim(text: &str, number: &Written, spec: &AnswerSpec) -> Claim {
    let mut marks = Marks::default();
    let mut rest = text[number.end..].trim_start_matches([' ', ')']);
    loop {
        if let Some(next) = rest.strip_prefix('%') {
            marks.tag = marks.tag.or(Some(Tag::Percent));
            rest = next;
        } else {
            let length = rest
                .find(|c: char| !c.is_ascii_alphabetic())
                .unwrap_or(rest.len());
            match meaning(&rest[..length]) {
                Meaning::Tag(tag) => marks.tag = marks.tag.or(Some(tag)),
                Meaning::Scale { exponent, .. } => marks.scale = marks.scale.or(Some(exponent)),
                _ => break,
            }
            rest = &rest[length..];
        }
        rest = rest.trim_start_matches([' ', ')']);
    }
    let shift = conversion(spec.unit, spec.scale, marks).unwrap_or(0);
    let is_bare = marks == Marks::default();
    Claim {
        value: scaled(number.value, shift),
        decimals: Some(number.decimals - shift),
        significant: number.significant,
        is_rate: is_rate(spec.unit)
            || matches!(
                marks.tag,
                Some(Tag::Percent | Tag::Points | Tag::BasisPoints)
            ),
        is_year: number.is_year && is_bare,
    }
}

/// Whether what follows a number makes it a label: a key's colon or equals sign, a word that goes on ("4th", "10-K").
fn is_label(rest: &str) -> bool {
    let mut chars = rest.chars();
    match chars.next() {
        Some('_') => true,
        Some('-') => chars.next().is_some_and(char::is_alphabetic),
        Some(c) if c.is_alphabetic() => {
            let length = rest
                .find(|c: char| !c.is_alphabetic())
                .unwrap_or(rest.len());
            !matches!(
                meaning(&rest[..length]),
                Meaning::Tag(_) | Meaning::Scale { .. }
            )
        }
        _ => rest
            .trim_start_matches([' ', '"', '\''])
            .starts_with([':', '=']),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Scale;

    fn values(text: &str, unit: Unit, scale: Scale) -> Vec<f64> {
        let spec = AnswerSpec {
            unit,
            scale,
            ..AnswerSpec::default()
        };
        Claims::read(text, &spec).iter().map(|c| c.value).collect()
    }

    #[test]
    fn labels_are_no_claims() {
        let amount = |text| values(text, Unit::Amount, Scale::Million);
        assert_eq!(amount("2022: 5; 2023: 6"), [5.0, 6.0]);
        assert_eq!(amount("{\"a 1\": 5, \"2\": 6}"), [5.0, 6.0]);
        assert_eq!(
            amount("37 in 2023, Q3, the 10-K and the 4th FY2024"),
            [37.0]
        );
        assert_eq!(amount("12 + 8 is \\boxed{20}"), [20.0]);
        assert_eq!(amount("I saw 7.\nFINAL ANSWER: 20"), [20.0]);
        assert_eq!(amount("\u{ff11}\u{ff12}"), [12.0]);
        // A year is a number if there is no other.
        assert_eq!(amount("2010"), [2010.0]);
        assert_eq!(amount("unknown"), [0.0; 0]);
        assert_eq!(values("FY2021, up 5", Unit::Year, Scale::One), [2021.0]);
    }

    #[test]
    fn units_are_converted() {
        let near = |got: Vec<f64>, want: f64| {
            assert!(
                got.len() == 1 && (got[0] - want).abs() < want * 1e-12,
                "{got:?} for {want}"
            );
        };
        near(values("$1.5 billion", Unit::Amount, Scale::Million), 1500.0);
        near(values("(77) thousand", Unit::Amount, Scale::Million), 0.077);
        near(values("4.6%", Unit::Ratio, Scale::One), 0.046);
        near(values("4.6 percent", Unit::Percent, Scale::One), 4.6);
        near(values("125 bps", Unit::Pp, Scale::One), 1.25);
        near(values("4.2x", Unit::Multiple, Scale::One), 4.2);
        let spec = AnswerSpec {
            unit: Unit::Ratio,
            ..AnswerSpec::default()
        };
        let claims = Claims::read("4.60%", &spec);
        let claim = claims.iter().next().expect("a number");
        assert_eq!(
            (claim.decimals, claim.significant, claim.is_rate),
            (Some(4), 3, true)
        );
    }
}
