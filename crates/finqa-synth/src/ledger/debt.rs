//! Notes, commercial paper, maturities and interest.

use super::{Base, ByYear, YEARS};
use crate::draw::{Draw, Key, Stream, scale};

/// Borrowings.
#[derive(Clone, Debug)]
pub(crate) struct Debt {
    /// Principal of all notes at each year end.
    pub(crate) principal: ByYear,
    /// Interest expense, positive.
    pub(crate) interest_expense: ByYear,
}

impl Debt {
    pub(crate) fn new(key: Key, base: &Base) -> Self {
        let mut draw = Draw::new(key, Stream::Debt);
        let level = draw.range(150, 900);
        let principal = base
            .revenue
            .map(|r| scale(r, level + draw.range(-40, 40), 1000));
        let coupon = draw.range(150, 700);
        let interest_expense = std::array::from_fn(|y| {
            let before = principal[(y + 1).min(YEARS - 1)];
            scale(principal[y] + before, coupon, 20_000)
        });
        Self {
            principal,
            interest_expense,
        }
    }
}
