//! Calendar, display and the operating lines that every other section hangs on.

use finqa_core::answer::Scale;

use super::{ByYear, YEARS};
use crate::draw::{Draw, Key, Stream, scale};
use crate::identity::Industry;
use crate::note::Display;

/// Names of months, January first.
pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Fiscal years.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calendar {
    /// The newest fiscal year.
    pub(crate) latest_year: i32,
    /// Month in which fiscal years end, 1 to 12.
    pub(crate) end_month: u8,
    /// Last day of the fiscal year; 52/53-week years end on another day each year.
    pub(crate) end_day: u8,
    /// Whether fiscal years have 52 or 53 weeks.
    pub(crate) weeks: bool,
}

/// The operating part of the income statement; costs are positive.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    pub(crate) calendar: Calendar,
    pub(crate) display: Display,
    pub(crate) revenue: ByYear,
    pub(crate) cost_of_revenue: ByYear,
    pub(crate) gross_profit: ByYear,
    pub(crate) operating_expenses: ByYear,
    /// Impairments and restructuring, within operating expenses; zero in most years.
    pub(crate) unusual_charges: ByYear,
    /// May be negative.
    pub(crate) operating_income: ByYear,
}

impl Base {
    pub(crate) fn new(key: Key, industry: Industry, decimals: Option<u8>) -> Self {
        let mut draw = Draw::new(key, Stream::Base);
        let calendar = calendar(&mut draw);
        let (display, newest) = size(&mut draw, decimals);
        let mut revenue = [newest; YEARS];
        let mut growth = draw.range(-20, 90);
        for year in 1..YEARS {
            // AR(1) around 4 % a year, in tenths of a percent; the newest year is given, so it runs backwards.
            growth = 40 + (growth - 40) * 4 / 10 + draw.normal(75);
            let finer = growth.clamp(-350, 900) * 1000 + draw.range(-500, 499);
            revenue[year] = scale(revenue[year - 1], 1_000_000, 1_000_000 + finer).max(100);
        }
        let (gross, opex) = margins(industry, &mut draw);
        let cost_of_revenue = revenue.map(|r| scale(r, 1000 - drift(&mut draw, gross, 12), 1000));
        let gross_profit = subtract(&revenue, &cost_of_revenue);
        let mut operating_expenses = revenue.map(|r| scale(r, drift(&mut draw, opex, 14), 1000));
        // One year in eight brings impairments and the like; with thin margins, a tenth of the years are losses.
        let mut unusual_charges = [0; YEARS];
        for (year, charge) in unusual_charges.iter_mut().enumerate() {
            if draw.chance(13) {
                *charge = scale(gross_profit[year], draw.range(200, 700), 1000);
                operating_expenses[year] += *charge;
            }
        }
        let operating_income = subtract(&gross_profit, &operating_expenses);
        Self {
            calendar,
            display,
            revenue,
            cost_of_revenue,
            gross_profit,
            operating_expenses,
            unusual_charges,
            operating_income,
        }
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        let mut out = Vec::new();
        for y in 0..YEARS {
            if self.revenue[y] - self.cost_of_revenue[y] != self.gross_profit[y]
                || self.gross_profit[y] - self.operating_expenses[y] != self.operating_income[y]
            {
                out.push(format!("I2: operating lines of year {y}"));
            }
        }
        out
    }

    /// Operating expenses without the unusual charges.
    pub(crate) fn usual_expenses(&self) -> ByYear {
        subtract(&self.operating_expenses, &self.unusual_charges)
    }
}

fn calendar(draw: &mut Draw) -> Calendar {
    let latest_year = draw.range(2019, 2025) as i32;
    let (end_month, end_day, weeks) = match draw.weighted(&[60, 12, 10, 10, 8]) {
        0 => (12, 31, false),
        1 => (9, 30, false),
        2 => (6, 30, false),
        3 => (draw.pick(&[1, 2]), draw.range(25, 28) as u8, true),
        _ => {
            let (month, day) = draw.pick(&[(3, 31), (10, 31), (11, 30), (5, 31)]);
            (month, day, false)
        }
    };
    Calendar {
        latest_year,
        end_month,
        end_day,
        weeks,
    }
}

/// Display and newest revenue: log-normal-like from 0.3 to 400 billion; the small ones report in thousands.
fn size(draw: &mut Draw, fixed_decimals: Option<u8>) -> (Display, i64) {
    // Powers of ten in hundredths: 8.5 (0.3 billion) to 11.6 (400 billion), most near 9.8.
    let exponent = (980 + draw.normal(62)).clamp(850, 1160);
    // Small companies have no choice: a million would be too coarse for their rows.
    let thousands = exponent < 915 || (exponent < 985 && draw.chance(38));
    let decimals = if thousands {
        0
    } else {
        let drawn = [0, 1, 2][draw.weighted(&[75, 20, 5])];
        fixed_decimals.unwrap_or(drawn)
    };
    let scale_exponent = if thousands { 300 } else { 600 } - 100 * i64::from(decimals);
    let newest = power_of_ten(exponent - scale_exponent, draw);
    let display = Display {
        scale: if thousands {
            Scale::Thousand
        } else {
            Scale::Million
        },
        decimals,
        share_decimals: u8::from(!thousands),
    };
    (display, newest)
}

/// About `10^(hundredths / 100)` with random low digits.
fn power_of_ten(hundredths: i64, draw: &mut Draw) -> i64 {
    // 1000 * 10^(k/10) for k = 0..10; between them a straight line is close enough for a size.
    const TENTHS: [i64; 11] = [
        1000, 1259, 1585, 1995, 2512, 3162, 3981, 5012, 6310, 7943, 10_000,
    ];
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    let (low, high) = (
        TENTHS[(rest / 10) as usize],
        TENTHS[(rest / 10) as usize + 1],
    );
    let mantissa = low * 10 + (high - low) * (rest % 10);
    let base = 10i64.pow(whole.max(0) as u32);
    let value = i128::from(base) * i128::from(mantissa) / 10_000;
    let value = value as i64;
    value + draw.range(0, (value / 100).max(1))
}

/// Gross margin and operating expenses in tenths of a percent of revenue.
fn margins(industry: Industry, draw: &mut Draw) -> (i64, i64) {
    let (gross, operating) = match industry {
        Industry::Software => ((620, 800), (90, 280)),
        Industry::Semiconductors => ((420, 640), (120, 300)),
        Industry::Industrial => ((270, 420), (70, 180)),
        Industry::ConsumerGoods => ((330, 560), (90, 220)),
        Industry::Retail => ((230, 380), (30, 100)),
        Industry::Pharma => ((600, 780), (100, 320)),
        Industry::ManagedCare => ((130, 200), (25, 70)),
        Industry::Utility => ((350, 520), (140, 260)),
        Industry::Energy => ((250, 460), (60, 240)),
        Industry::Telecom => ((480, 620), (110, 240)),
    };
    let gross = draw.range(gross.0, gross.1);
    let operating = draw.range(operating.0, operating.1);
    (gross, gross - operating)
}

/// `level` give or take `by`, both in tenths of a percent.
fn drift(draw: &mut Draw, level: i64, by: i64) -> i64 {
    level + draw.range(-by, by)
}

/// `a - b` by year.
pub(crate) fn subtract(a: &ByYear, b: &ByYear) -> ByYear {
    std::array::from_fn(|y| a[y] - b[y])
}
