//! Interest rates of the outside world, in thousandths of a percent.
//!
//! The figures are invented: they rise and fall about when and as far as dollar rates did, and are no record of them.
//! Debt, leases and pensions hang on the same world, so that bonds stand below par after rates have risen and
//! obligations shrink in the same year.

const FIRST: i32 = 2013;
const SHORT: [i64; 13] = [
    100, 100, 200, 500, 1000, 2000, 2200, 500, 100, 2000, 5100, 5200, 4300,
];
const LONG: [i64; 13] = [
    2400, 2500, 2100, 1800, 2300, 2900, 2100, 900, 1400, 3000, 4000, 4200, 4300,
];

/// Rate for some months in `year`; the ends of the known years hold beyond them.
pub(crate) fn short(year: i32) -> i64 {
    SHORT[(year - FIRST).clamp(0, SHORT.len() as i32 - 1) as usize]
}

/// Rate for ten years in `year`; before the known years it was higher.
pub(crate) fn long(year: i32) -> i64 {
    if year < FIRST {
        return 3600;
    }
    LONG[(year - FIRST).clamp(0, LONG.len() as i32 - 1) as usize]
}
