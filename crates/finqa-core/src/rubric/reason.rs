//! Why a criterion scored what it scored.

macro_rules! reasons {
    ($($constant:ident, $name:literal, $meaning:literal;)*) => {
        $(pub(crate) const $constant: &str = $name;)*

        impl super::RubricScore {
            /// Every reason of a criterion that is none of [`crate::answer::Verdict::REASONS`], with its meaning.
            pub const REASONS: &'static [(&'static str, &'static str)] = &[$(($name, $meaning)),*];
        }
    };
}

reasons! {
    NOT_APPLICABLE, "not_applicable", "About the tool calls or for a judge: not looked at here.";
    MISSING, "missing", "The report has no such slot.";
    UNFILLED, "unfilled", "The slot still has its placeholder, or a text like N/A.";
    CONSISTENT, "consistent", "Not the true value, and the one that follows from the report's own numbers.";
    NO_RIGHT_INPUT, "no_right_input", "It follows from the report's own numbers, of which none is right.";
    EQUAL_INPUTS, "equal_inputs", "It follows from numbers that are all the same.";
    ZERO_INPUTS, "zero_inputs", "It follows from zeros.";
    INVENTED_INPUTS, "invented_inputs", "It follows from a wrong number that no tool returned.";
    TRUE_CHOICE, "true_choice", "The choice that follows from the report's numbers, and the true one.";
    SELF_CONSISTENT, "self_consistent", "The choice that follows from the report's numbers, but not the true one.";
    CONTRADICTION, "contradiction", "Another choice than the report's numbers call for.";
    MISSING_INPUT, "missing_input", "A number that it depends on is missing or cannot be read.";
    AGREE, "agree", "The numbers agree.";
    DISAGREE, "disagree", "The numbers do not agree.";
    COMPLETE, "complete", "All slots are filled; all headings are there in order.";
    INCOMPLETE, "incomplete", "Some slots are not filled; some headings are missing or out of order.";
    CROWDED, "crowded", "A line holds more than one value.";
}
