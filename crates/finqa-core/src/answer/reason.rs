//! Why a comparison came out as it did.

use super::Verdict;

macro_rules! reasons {
    ($($variant:ident, $name:literal, $right:literal, $meaning:literal;)*) => {
        /// Why a submission is right or wrong; the names are stable and fit for logs and counters.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason {
            $(#[doc = $meaning] $variant,)*
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable `snake_case` name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Whether the submission is right.
            pub const fn is_right(self) -> bool {
                match self { $(Self::$variant => $right,)* }
            }
        }

        impl Verdict {
            /// Every reason's name with its meaning.
            pub const REASONS: &'static [(&'static str, &'static str)] = &[$(($name, $meaning)),*];
        }
    };
}

reasons! {
    Equal, "equal", true, "Same value, label, or yes/no.";
    Rounded, "rounded", true, "A correct rounding of the truth, or the truth is one of it.";
    WithinTolerance, "within_tolerance", true, "Within OpenEnv's tolerances (mode openenv).";
    OffValue, "off_value", false, "A readable value, and another one.";
    WrongSign, "wrong_sign", false, "The truth with the other sign.";
    WrongScale, "wrong_scale", false, "The truth times a power of ten: 100 (a rate) or 1000, 1000000 (an amount).";
    TooFewDigits, "too_few_digits", false, "A rounding of the truth to fewer than three significant digits.";
    WrongUnit, "wrong_unit", false, "An explicit unit, scale word or currency that the question does not take.";
    NoNumber, "no_number", false, "No number where one is asked for.";
    MalformedNumber, "malformed_number", false, "Something like a number that the grammar does not take.";
    NumberTooLong, "number_too_long", false, "More digits or a larger exponent than any answer needs.";
    SeveralNumbers, "several_numbers", false, "More than one number, or a range.";
    SeveralBoxes, "several_boxes", false, "More than one boxed part for a single-valued question.";
    WrongCount, "wrong_count", false, "Fewer or more values than the truth has.";
    WrongKeys, "wrong_keys", false, "Keys that are repeated, missing for some values, or not the truth's.";
    OffText, "off_text", false, "Not the label nor one of its aliases.";
    NoYesOrNo, "no_yes_or_no", false, "The first word is neither yes nor no.";
    BothYesAndNo, "both_yes_and_no", false, "Both yes and no.";
    OtherYesNo, "other_yes_no", false, "Yes for no, or no for yes.";
    InventedNumber, "invented_number", false, "A number where the tables hold no answer (unit absent).";
    Declined, "declined", false, "A statement that there is no answer, where there is one.";
    RubricPassed, "rubric_passed", true, "The report of a task with a rubric passes.";
    RubricFailed, "rubric_failed", false, "The report of a task with a rubric does not pass; its score is at most 0.8.";
    UnreadableTruth, "unreadable_truth", false, "The truth itself has no reading under the question's rules.";
    Error, "error", false, "OpenEnv's function would raise an exception (mode openenv).";
}

impl From<Reason> for Verdict {
    fn from(reason: Reason) -> Self {
        Self {
            score: f64::from(u8::from(reason.is_right())),
            is_correct: reason.is_right(),
            reason: reason.name(),
        }
    }
}
