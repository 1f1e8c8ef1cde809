//! Words that carry units, scales and directions.

use super::{Reason, Scale, Unit};

/// A unit that a submission names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    Percent,
    Points,
    BasisPoints,
    Times,
    /// A unit that no question asks for (cents, dozens).
    Foreign,
}

/// What a word means beside a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Tag(Tag),
    /// A power of ten; `spelled_out` if it means the same away from the number ("in millions").
    Scale {
        exponent: i32,
        spelled_out: bool,
    },
    Currency,
    Shares,
    Increase,
    Decrease,
    /// "FY": may stand before a year without a space.
    Fiscal,
    /// First word of "per cent", "percentage points", "basis points".
    Per,
    Percentage,
    Basis,
    Point,
    Other,
}

/// The meaning of a word in any case.
pub(crate) fn meaning(word: &str) -> Meaning {
    const LONGEST: usize = 12;
    let mut buffer = [0; LONGEST];
    let Some(lower) = buffer.get_mut(..word.len()) else {
        return Meaning::Other;
    };
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    let scale = |exponent| Meaning::Scale {
        exponent,
        spelled_out: true,
    };
    let letter = |exponent| Meaning::Scale {
        exponent,
        spelled_out: false,
    };
    match &*lower {
        b"percent" | b"pct" => Meaning::Tag(Tag::Percent),
        b"pp" | b"pps" | b"ppt" | b"ppts" => Meaning::Tag(Tag::Points),
        b"bp" | b"bps" => Meaning::Tag(Tag::BasisPoints),
        b"x" | b"times" => Meaning::Tag(Tag::Times),
        b"cent" | b"cents" | b"pence" | b"hundred" | b"dozen" | b"lakh" | b"crore" => {
            Meaning::Tag(Tag::Foreign)
        }
        b"thousand" | b"thousands" => scale(3),
        b"million" | b"millions" => scale(6),
        b"billion" | b"billions" => scale(9),
        b"trillion" | b"trillions" => scale(12),
        b"k" | b"thou" | b"tsd" => letter(3),
        b"m" | b"mm" | b"mn" | b"mln" | b"mil" | b"mio" => letter(6),
        b"b" | b"bn" | b"bln" | b"bil" => letter(9),
        b"tn" | b"trn" => letter(12),
        b"usd" | b"eur" | b"gbp" | b"jpy" | b"chf" | b"cad" | b"aud" | b"cny" | b"rmb" | b"inr"
        | b"dollar" | b"dollars" | b"euro" | b"euros" | b"pound" | b"pounds" | b"yen" => {
            Meaning::Currency
        }
        b"share" | b"shares" => Meaning::Shares,
        b"increase" | b"increased" | b"increases" | b"increasing" | b"rise" | b"rises"
        | b"rose" | b"risen" | b"grew" | b"grow" | b"grown" | b"growth" | b"gain" | b"gained"
        | b"up" | b"higher" | b"climbed" | b"expanded" | b"improved" | b"more" => Meaning::Increase,
        b"decrease" | b"decreased" | b"decreases" | b"decreasing" | b"decline" | b"declined"
        | b"declines" | b"declining" | b"fall" | b"falls" | b"fell" | b"fallen" | b"drop"
        | b"dropped" | b"drops" | b"down" | b"lower" | b"lowered" | b"reduced" | b"reduction"
        | b"shrank" | b"shrunk" | b"contracted" | b"contraction" | b"worsened" | b"less"
        | b"fewer" => Meaning::Decrease,
        b"fy" | b"cy" => Meaning::Fiscal,
        b"per" => Meaning::Per,
        b"percentage" => Meaning::Percentage,
        b"basis" => Meaning::Basis,
        b"point" | b"points" => Meaning::Point,
        _ => Meaning::Other,
    }
}

/// Whether the character is a currency sign that amounts carry.
pub(crate) const fn is_currency(c: char) -> bool {
    matches!(c, '$' | '€' | '£' | '¥' | '₹' | '₩')
}

/// The power of ten of a scale.
pub(crate) const fn exponent(scale: Scale) -> i32 {
    match scale {
        Scale::One => 0,
        Scale::Thousand => 3,
        Scale::Million => 6,
        Scale::Billion => 9,
    }
}

/// Units that a number carries besides its digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) tag: Option<Tag>,
    pub(crate) scale: Option<i32>,
    pub(crate) currency: bool,
}

/// By which power of ten a number with these marks is multiplied to be in the question's unit and scale.
///
/// # Errors
/// [`Reason::WrongUnit`] if the question does not take them.
pub(crate) fn conversion(unit: Unit, scale: Scale, marks: Marks) -> Result<i32, Reason> {
    let takes_currency = matches!(unit, Unit::Amount | Unit::Count | Unit::PerShare);
    let takes_scale = matches!(unit, Unit::Amount | Unit::Count);
    if (marks.currency && !takes_currency) || (marks.scale.is_some() && !takes_scale) {
        return Err(Reason::WrongUnit);
    }
    match (unit, marks.tag) {
        (Unit::Amount | Unit::Count, None) => Ok(marks.scale.map_or(0, |e| e - exponent(scale))),
        (Unit::PerShare | Unit::Year, None)
        | (Unit::Percent, None | Some(Tag::Percent))
        | (Unit::Ratio | Unit::Multiple, None | Some(Tag::Times))
        | (Unit::Pp, None | Some(Tag::Percent | Tag::Points))
        | (Unit::Bps, None | Some(Tag::BasisPoints)) => Ok(0),
        (Unit::Ratio, Some(Tag::Percent)) | (Unit::Pp, Some(Tag::BasisPoints)) => Ok(-2),
        (Unit::Bps, Some(Tag::Percent | Tag::Points)) => Ok(2),
        _ => Err(Reason::WrongUnit),
    }
}
