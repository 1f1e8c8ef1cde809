//! What is looked at in an episode, by name. The names are stable: they stand in infos, records, views and reports.

/// Declares an enum with stable `snake_case` names, in an order that is part of the format: new ones go to the end.
macro_rules! named {
    ($(#[$outer:meta])* $type:ident { $($variant:ident => $name:literal, $meaning:literal;)* }) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum $type { $(#[doc = $meaning] $variant,)* }

        impl $type {
            /// All of them, in numeric order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it means, in a sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            /// Reads a name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.name() == name)
            }
        }
    };
}

named! {
    /// Checks of how an answer was come to: each gives a score from 0 to 1, or does not apply.
    Check {
        ListedBeforeQuery => "listed_before_query",
            "The tables were listed before the first table was read or queried, or the answer given.";
        InspectedBeforeQuery => "inspected_before_query",
            "Share of the queried tables whose schema was read before they were queried.";
        RecoveredFromError => "recovered_from_error",
            "Share of the failed queries that a different, successful query followed within three calls; calls that list \
             tables or read a schema are not counted.";
        NoRepeatFailed => "no_repeat_failed", "No call that had failed was made again unchanged.";
        HandledEmpty => "handled_empty", "Share of the empty results that a different query or a schema followed.";
        NoHallucinatedAnswer => "no_hallucinated_answer",
            "Every submitted number stands in a result or follows from numbers there.";
        FilteredSql => "filtered_sql", "Share of the queries that filter rows.";
        CalculatorUsed => "calculator_used", "Arithmetic was left to the calculator or to SQL, where it was needed.";
        Budget => "budget", "At most twice the calls that the gold program makes.";
        TableAccess => "table_access", "F1 of the tables that were read or queried against those that are needed.";
        AbstainedRightly => "abstained_rightly",
            "Where the tables hold no answer: they were looked at, and the submission says that there is none.";
    }
}

named! {
    /// Facts about an episode, right or wrong.
    Flag {
        Listed => "listed", "The tables were listed.";
        ReadSchema => "read_schema", "The schema of some table was read.";
        Queried => "queried", "Some query succeeded.";
        Calculated => "calculated", "The calculator succeeded, or SQL did arithmetic.";
        Submitted => "submitted", "An answer was handed in.";
        HadError => "had_error", "Some call failed.";
        Recovered => "recovered", "Some query failed, and each such failure was followed by a success.";
        HadEmptyResult => "had_empty_result", "Some query returned no rows.";
        Hallucinated => "hallucinated", "A submitted number is in no result and follows from none.";
        Declined => "declined", "The submission says that there is no answer.";
        Unanswerable => "unanswerable", "The tables hold no answer to the task.";
        MalformedCall => "malformed_call", "Some message held no call that could be read.";
        RepeatedFailed => "repeated_failed", "A call that had failed was made again unchanged.";
        InfraFault => "infra_fault", "The episode was ended by a fault of the machine.";
    }
}

named! {
    /// Ways to fail. An episode shows any number of them; those of an episode without a right answer are ordered by
    /// cause, and the first is its failure class.
    Failure {
        InfraFault => "infra_fault", "Ended by a fault of the machine: says nothing about the policy.";
        AnsweredUnanswerable => "answered_unanswerable", "Gave an answer where the tables hold none.";
        GaveUp => "gave_up", "Said that there is no answer, where there is one.";
        MalformedCall => "malformed_call", "Wrote calls that could not be read, and no readable call came after.";
        OutOfTurns => "out_of_turns", "Used up its turns or was cut off without an answer.";
        HallucinatedAfterFailure => "hallucinated_after_failure",
            "Submitted a number that no tool returned after queries failed, came back empty or were never made.";
        EmptyAsAnswer => "empty_as_answer", "Took an empty result for an answer.";
        UnknownTable => "unknown_table", "Asked for a table that does not exist, and never found a right one.";
        NoCorrection => "no_correction", "An error was not followed by a corrected call.";
        NoSchema => "no_schema", "Queried without ever reading a schema.";
        WrongTable => "wrong_table", "Never looked at a table that is needed.";
        WrongYear => "wrong_year", "Right data, wrong year.";
        WrongBase => "wrong_base", "Right data, wrong base.";
        WrongSign => "wrong_sign", "Right data, wrong sign.";
        WrongScale => "wrong_scale", "Right data, wrong scale.";
        WrongRow => "wrong_row", "Another row, a part for a total, or a restated value.";
        Rounding => "rounding", "Right but for the rounding.";
        WrongReport => "wrong_report", "A report that does not pass, for none of the causes above.";
        OtherWrong => "other_wrong", "A wrong answer, for none of the causes above.";
    }
}

named! {
    /// What kind of wrong answer was handed in.
    WrongAnswer {
        None => "none", "The answer is right, or none was handed in.";
        WrongYear => "wrong_year", "The right formula on another year's cells.";
        WrongBase => "wrong_base", "A change divided by the new value, or by the wrong total.";
        Sign => "sign", "The truth with the other sign.";
        Scale => "scale", "The truth times a power of ten.";
        SiblingRow => "sibling_row", "Another row of the same table.";
        SiblingTable => "sibling_table", "Another table that shows something alike.";
        Restated => "restated", "The restated value instead of the one first reported, or the other way round.";
        PartOrTotal => "part_or_total", "A part instead of the total, or the total instead of a part.";
        Rounding => "rounding", "The truth, rounded wrongly or to too few digits.";
        Invented => "invented", "A number where the tables hold no answer.";
        Declined => "declined", "A statement that there is no answer, where there is one.";
        Unreadable => "unreadable", "Nothing that can be read as an answer of the kind asked for.";
        Report => "report", "A report that does not pass.";
        Other => "other", "Wrong in none of these ways.";
    }
}
