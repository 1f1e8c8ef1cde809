//! Lines of credit.

use crate::draw::{Draw, apportion, scale};

/// A line of credit at the newest year end.
#[derive(Clone, Debug)]
pub(crate) struct Facility {
    pub(crate) label: String,
    pub(crate) commitment: i64,
    pub(crate) drawn: i64,
    pub(crate) letters: i64,
    /// Commitment less borrowings and letters of credit.
    pub(crate) available: i64,
}

/// Lines that cover `drawn`; what they promise in all is some times that or a part of `income`.
pub(super) fn facilities(draw: &mut Draw, latest: i32, income: i64, drawn: i64) -> Vec<Facility> {
    let mut labels = vec![format!(
        "five-year revolving credit facility due {}",
        latest + draw.range(2, 5) as i32
    )];
    for (percent, label) in [
        (50, "364-day credit facility"),
        (25, "delayed draw term facility"),
        (35, "foreign subsidiary credit lines"),
        (20, "receivables facility"),
        (30, "uncommitted bank lines"),
    ] {
        if draw.chance(percent) {
            labels.push(label.to_owned());
        }
    }
    if labels.len() <= 2 {
        labels.push("other bank lines".to_owned());
    }
    let total = (drawn * draw.range(12, 30) / 10)
        .max(scale(income, draw.range(20, 120), 100))
        .max(100);
    let weights: Vec<i64> = (0..labels.len())
        .map(|i| draw.range(3, 9) * if i == 0 { 3 } else { 1 })
        .collect();
    let sizes = apportion(total, &weights);
    // The lines are drawn in their order, each up to nine tenths.
    let mut left = drawn;
    let mut out: Vec<Facility> = labels
        .into_iter()
        .zip(sizes)
        .map(|(label, commitment)| {
            let drawn = left.min(commitment * 9 / 10);
            left -= drawn;
            let letters = if draw.chance(55) {
                scale(commitment - drawn, draw.range(5, 90), 1000)
            } else {
                0
            };
            Facility {
                label,
                commitment,
                drawn,
                letters,
                available: 0,
            }
        })
        .collect();
    out[0].commitment += left;
    out[0].drawn += left;
    for line in &mut out {
        line.available = line.commitment - line.drawn - line.letters;
    }
    out
}
