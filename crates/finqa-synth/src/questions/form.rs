//! How an answer is written, and how a question says so.

use finqa_core::answer::{AnswerSpec, Multi, Op, Scale, Unit};

use crate::config::UnitHint;
use crate::draw::Draw;
use crate::note::Quantity;
use crate::style::{Written, plain};

/// Digits after the point of ratios and shares.
pub(crate) const RATIO_DECIMALS: u8 = 3;
/// Digits after the point of percentages, percentage points and multiples.
pub(crate) const PERCENT_DECIMALS: u8 = 2;

/// Unit, digits and sign of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) unit: Unit,
    pub(crate) scale: Scale,
    pub(crate) op: Op,
    pub(crate) decimals: u8,
    pub(crate) suffix: &'static str,
    /// What a negative answer means; empty if the question is about no change.
    pub(crate) sign: Sign,
    /// The table says the unit by itself.
    stated: bool,
}

/// What the sign of an answer tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// Nothing worth saying.
    None,
    /// Numbers of the row are in parentheses somewhere.
    Parentheses,
    /// A change: a decrease is negative.
    Change,
    /// A difference: negative if the first is smaller.
    Difference,
}

impl Form {
    /// The number of a row of a table as it stands there, with `further` digits.
    pub(crate) fn of_row(written: &Written, row: usize, further: u8, op: Op) -> Self {
        let quantity = written.note.rows[row].quantity;
        let (unit, scale, suffix) = match quantity {
            Quantity::Money => (Unit::Amount, written.display.scale, ""),
            Quantity::Shares => (Unit::Count, written.display.scale, ""),
            Quantity::PerShare => (Unit::PerShare, Scale::One, ""),
            Quantity::Rate | Quantity::FineRate => (Unit::Percent, Scale::One, "%"),
            Quantity::Years => (Unit::Count, Scale::One, ""),
        };
        let negative = written.note.rows[row]
            .cells
            .iter()
            .any(|c| c.number().is_some_and(|n| n < 0));
        Self {
            unit,
            scale,
            op,
            decimals: written.display.decimals_of(quantity) + further,
            suffix,
            sign: if negative {
                Sign::Parentheses
            } else {
                Sign::None
            },
            stated: written.scale_stated && further == 0,
        }
    }

    /// A difference of two numbers of such a row: rates differ by percentage points.
    pub(crate) fn difference(written: &Written, row: usize, sign: Sign) -> Self {
        let form = Self::of_row(written, row, 0, Op::Exact);
        let points = form.unit == Unit::Percent;
        Self {
            unit: if points { Unit::Pp } else { form.unit },
            suffix: "",
            sign,
            stated: form.stated && !points,
            ..form
        }
    }

    pub(crate) const fn percent(sign: Sign) -> Self {
        Self::derived(Unit::Percent, PERCENT_DECIMALS, "%", sign)
    }

    pub(crate) const fn points(sign: Sign) -> Self {
        Self::derived(Unit::Pp, PERCENT_DECIMALS, "", sign)
    }

    pub(crate) const fn ratio() -> Self {
        Self::derived(Unit::Ratio, RATIO_DECIMALS, "", Sign::None)
    }

    pub(crate) const fn multiple() -> Self {
        Self::derived(Unit::Multiple, PERCENT_DECIMALS, "", Sign::None)
    }

    const fn derived(unit: Unit, decimals: u8, suffix: &'static str, sign: Sign) -> Self {
        Self {
            unit,
            scale: Scale::One,
            op: Op::Derived,
            decimals,
            suffix,
            sign,
            stated: false,
        }
    }

    pub(crate) fn spec(&self, multi: Multi) -> AnswerSpec {
        AnswerSpec {
            unit: self.unit,
            scale: self.scale,
            op: self.op,
            multi,
            signed_change: matches!(self.sign, Sign::Change | Sign::Difference),
            aliases: Vec::new(),
        }
    }

    /// A number in units of the last digit as the benchmark writes it, without the box.
    pub(crate) fn write(&self, value: i128) -> String {
        format!("{}{}", plain(value, self.decimals), self.suffix)
    }

    /// The sentence that says which unit is wanted; empty where the table says it and that is enough.
    pub(crate) fn hint(&self, when: UnitHint, draw: &mut Draw) -> String {
        let unit = if when == UnitHint::WhenNeeded && self.stated {
            String::new()
        } else {
            self.unit_words(draw)
        };
        let sign = match self.sign {
            Sign::None => "",
            Sign::Parentheses => draw.pick(&[
                "Amounts in parentheses are negative.",
                "Treat figures in parentheses as negative.",
            ]),
            Sign::Change => draw.pick(&[
                "A decrease is negative.",
                "Use a minus sign for a decrease.",
                "Decreases carry a minus sign.",
            ]),
            Sign::Difference => draw.pick(&[
                "The answer is negative if the first is smaller.",
                "Use a minus sign if the first is the smaller one.",
            ]),
        };
        format!("{unit} {sign}").trim().to_owned()
    }

    fn unit_words(&self, draw: &mut Draw) -> String {
        let scale = match self.scale {
            Scale::One => "",
            Scale::Thousand => "thousands",
            Scale::Million => "millions",
            Scale::Billion => "billions",
        };
        let places = ["no", "one", "two", "three", "four"]
            .get(usize::from(self.decimals))
            .copied()
            .unwrap_or("five");
        let text = match (self.unit, self.scale) {
            (Unit::Amount, Scale::One) => {
                draw.pick(&["Answer in dollars.", "State it in dollars."])
            }
            (Unit::Amount, _) => draw.pick(&[
                "Answer in {scale}.",
                "Give the amount in {scale} of dollars.",
                "State the result in {scale}.",
                "Report it in $ {scale}.",
            ]),
            (Unit::Count, Scale::One) => draw.pick(&["Answer in years.", "Give it in years."]),
            (Unit::Count, _) => draw.pick(&[
                "Answer in {scale} of shares.",
                "Give the number of shares in {scale}.",
            ]),
            (Unit::PerShare, _) => {
                draw.pick(&["Answer in dollars per share.", "Give dollars per share."])
            }
            (Unit::Percent, _) if self.op == Op::Exact => {
                draw.pick(&["Answer as a percentage.", "Give it as a percentage."])
            }
            (Unit::Percent, _) => draw.pick(&[
                "Answer as a percentage with {places} decimals.",
                "Give a percentage with {places} decimals.",
                "State it in percent, rounded to {places} decimals.",
            ]),
            (Unit::Pp, _) if self.op == Op::Exact => {
                draw.pick(&["Answer in percentage points.", "Give percentage points."])
            }
            (Unit::Pp, _) => draw.pick(&[
                "Answer in percentage points with {places} decimals.",
                "Give percentage points, rounded to {places} decimals.",
            ]),
            (Unit::Multiple, _) => draw.pick(&[
                "Give the multiple with {places} decimals.",
                "Answer as a multiple, rounded to {places} decimals.",
            ]),
            _ => draw.pick(&[
                "Give a decimal with {places} places.",
                "Answer as a decimal to {places} places.",
                "Express it as a decimal rounded to {places} places.",
            ]),
        };
        let text = text.replace("{scale}", scale).replace("{places}", places);
        // A mean has more digits than its table; the other exact answers have the table's.
        if self.op == Op::Derived
            && matches!(self.unit, Unit::Amount | Unit::Count | Unit::PerShare)
        {
            format!("{} to {places} decimals.", text.trim_end_matches('.'))
        } else {
            text
        }
    }
}

/// The text in a box, as the benchmark writes answers.
pub(crate) fn boxed(text: &str) -> String {
    format!("\\boxed{{{text}}}")
}
