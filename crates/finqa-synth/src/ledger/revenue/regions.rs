//! Where companies sell.

use super::{ByYear, Draw, Industry, Line, Pace, Term, split, term};
use crate::draw::scale;

const HOME: Term = term(
    "United States",
    &["the U.S.", "the domestic market"],
    "the home market",
);

/// Ways to cut the world outside the United States; the last line of each is the rest.
const WORLDS: [&[Term]; 6] = [
    &[
        term("Europe", &["European countries"], ""),
        term("Asia Pacific", &["the Asia-Pacific region"], ""),
        term(
            "other countries",
            &["the rest of the world"],
            "all places not named",
        ),
    ],
    &[
        term("Europe, Middle East and Africa", &["EMEA"], ""),
        term("Asia Pacific", &["APAC"], ""),
        term("Latin America", &["South and Central America"], ""),
        term(
            "Canada",
            &["the Canadian market"],
            "the neighbor to the north",
        ),
    ],
    &[
        term("China", &["the Chinese market"], "the largest Asian market"),
        term("Germany", &["the German market"], ""),
        term("Japan", &["the Japanese market"], ""),
        term(
            "other international",
            &["the rest of the world"],
            "all places not named",
        ),
    ],
    &[
        term(
            "Canada",
            &["the Canadian market"],
            "the neighbor to the north",
        ),
        term("United Kingdom", &["the U.K."], ""),
        term(
            "other countries",
            &["the remaining countries"],
            "all places not named",
        ),
    ],
    &[
        term(
            "Americas excluding the United States",
            &["the other Americas"],
            "",
        ),
        term("EMEA", &["Europe, the Middle East and Africa"], ""),
        term("Greater China", &["China, Hong Kong and Taiwan"], ""),
        term("Japan", &["the Japanese market"], ""),
        term("rest of Asia Pacific", &["the other Asian countries"], ""),
    ],
    &[
        term("Taiwan", &["the Taiwanese market"], ""),
        term("South Korea", &["the Korean market"], ""),
        term("China", &["the Chinese market"], ""),
        term("Europe", &["European countries"], ""),
        term("other", &["the rest of the world"], "all places not named"),
    ],
];

/// Share of revenue from outside in thousandths; none for companies whose licence ends at the border.
const fn foreign_range(industry: Industry) -> Option<(i64, i64)> {
    match industry {
        Industry::Utility | Industry::ManagedCare => None,
        Industry::Telecom | Industry::Retail => Some((60, 260)),
        Industry::Semiconductors => Some((350, 800)),
        Industry::Energy => Some((120, 450)),
        _ => Some((150, 600)),
    }
}

pub(super) fn of(industry: Industry, total: &ByYear, draw: &mut Draw) -> Vec<Line> {
    let world = if industry == Industry::Semiconductors {
        draw.pick(&[WORLDS[2], WORLDS[4], WORLDS[5]])
    } else {
        draw.pick(&WORLDS)
    };
    let Some((low, high)) = foreign_range(industry) else {
        return split(total, &[HOME], Pace::Steady, draw);
    };
    let mut share = draw.range(low, high);
    let abroad: ByYear = total.map(|t| {
        let value = scale(t, share, 1000);
        share = (share + draw.range(-18, 18)).clamp(40, 850);
        value
    });
    let mut lines = vec![Line {
        term: HOME,
        values: std::array::from_fn(|y| total[y] - abroad[y]),
    }];
    lines.extend(split(&abroad, world, Pace::Steady, draw));
    lines
}
