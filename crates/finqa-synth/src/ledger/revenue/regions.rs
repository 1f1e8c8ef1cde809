//! Where companies sell.

use super::{ByYear, Draw, Industry, Line, Pace, Word, split};
use crate::draw::scale;

const HOME: Word = Word::new(
    "United States",
    &["the U.S.", "the domestic market"],
    "the home market",
);

/// Ways to cut the world outside the United States; the last line of each is the rest.
const WORLDS: [&[Word]; 6] = [
    &[
        Word::new("Europe", &["European countries"], ""),
        Word::new("Asia Pacific", &["the Asia-Pacific region"], ""),
        Word::new(
            "other countries",
            &["the rest of the world"],
            "all places not named",
        ),
    ],
    &[
        Word::new("Europe, Middle East and Africa", &["EMEA"], ""),
        Word::new("Asia Pacific", &["APAC"], ""),
        Word::new("Latin America", &["South and Central America"], ""),
        Word::new(
            "Canada",
            &["the Canadian market"],
            "the neighbor to the north",
        ),
    ],
    &[
        Word::new("China", &["the Chinese market"], "the largest Asian market"),
        Word::new("Germany", &["the German market"], ""),
        Word::new("Japan", &["the Japanese market"], ""),
        Word::new(
            "other international",
            &["the rest of the world"],
            "all places not named",
        ),
    ],
    &[
        Word::new(
            "Canada",
            &["the Canadian market"],
            "the neighbor to the north",
        ),
        Word::new("United Kingdom", &["the U.K."], ""),
        Word::new(
            "other countries",
            &["the remaining countries"],
            "all places not named",
        ),
    ],
    &[
        Word::new(
            "Americas excluding the United States",
            &["the other Americas"],
            "",
        ),
        Word::new("EMEA", &["Europe, the Middle East and Africa"], ""),
        Word::new("Greater China", &["China, Hong Kong and Taiwan"], ""),
        Word::new("Japan", &["the Japanese market"], ""),
        Word::new("rest of Asia Pacific", &["the other Asian countries"], ""),
    ],
    &[
        Word::new("Taiwan", &["the Taiwanese market"], ""),
        Word::new("South Korea", &["the Korean market"], ""),
        Word::new("China", &["the Chinese market"], ""),
        Word::new("Europe", &["European countries"], ""),
        Word::new("other", &["the rest of the world"], "all places not named"),
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
