//! What is worked out from cells: the value in exact fractions, and the same as an expression for the calculator.

use super::exact::{Ratio, compound_growth};

/// A formula over operands `{0}`, `{1}`, …
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Formula {
    /// `{0}`.
    Cell,
    /// `{0} - {1}`.
    Difference,
    /// `{0}` relative to `{1}`, in percent.
    Growth,
    /// The change from `{1}` to `{0}` in percent of `{0}`: a mistake.
    GrowthOnNew,
    /// The yearly growth from `{1}` to `{0}` over so many years, in percent.
    Compound(u8),
    /// `{0} / {1}`.
    Quotient,
    /// `{0} / {1}` without signs.
    Cover,
    /// `{0} / {1}` in percent.
    Percent,
    /// All added up.
    Sum,
    /// The mean of all.
    Mean,
    /// All but the last added up, over the last.
    SumShare,
    /// The same in percent.
    SumPercent,
    /// `{0} / {1} - {2} / {3}` in percentage points.
    ShareChange,
    /// `{0}` less the mean of all.
    FromMean,
}

impl Formula {
    /// The expression over `n` operands.
    pub fn expression(self, n: usize) -> String {
        let all = |n: usize| {
            (0..n)
                .map(|i| format!("{{{i}}}"))
                .collect::<Vec<_>>()
                .join(" + ")
        };
        match self {
            Self::Cell => "{0}".to_owned(),
            Self::Difference => "{0} - {1}".to_owned(),
            Self::Growth => "({0} - {1}) / {1} * 100".to_owned(),
            Self::GrowthOnNew => "({0} - {1}) / {0} * 100".to_owned(),
            Self::Compound(years) => format!("(({{0}} / {{1}}) ** (1 / {years}) - 1) * 100"),
            Self::Quotient => "{0} / {1}".to_owned(),
            Self::Cover => "abs({0}) / abs({1})".to_owned(),
            Self::Percent => "{0} / {1} * 100".to_owned(),
            Self::Sum => all(n),
            Self::Mean => format!("({}) / {n}", all(n)),
            Self::SumShare => format!("({}) / {{{}}}", all(n - 1), n - 1),
            Self::SumPercent => format!("({}) / {{{}}} * 100", all(n - 1), n - 1),
            Self::ShareChange => "({0} / {1} - {2} / {3}) * 100".to_owned(),
            Self::FromMean => format!("{{0}} - ({}) / {n}", all(n)),
        }
    }

    /// The value in units of 10^-decimals; `None` where it has none, or where its rounding is a tie.
    pub fn value(self, operands: &[Ratio], decimals: u8) -> Option<i128> {
        let hundred = Ratio::whole(100);
        let at = |i: usize| operands.get(i).copied();
        let sum = |items: &[Ratio]| {
            items
                .iter()
                .try_fold(Ratio::whole(0), |sum, item| sum.plus(*item))
        };
        let mean = || sum(operands)?.over(Ratio::whole(operands.len() as i128));
        let sum_share = || {
            let (last, rest) = operands.split_last()?;
            sum(rest)?.over(*last)
        };
        let exact = match self {
            Self::Cell => at(0)?,
            Self::Difference => at(0)?.minus(at(1)?)?,
            Self::Growth => at(0)?.minus(at(1)?)?.over(at(1)?)?.times(hundred)?,
            Self::GrowthOnNew => at(0)?.minus(at(1)?)?.over(at(0)?)?.times(hundred)?,
            Self::Compound(years) => {
                return (decimals == 2)
                    .then(|| compound_growth(at(0)?, at(1)?, years.into()))
                    .flatten();
            }
            Self::Quotient => at(0)?.over(at(1)?)?,
            Self::Cover => at(0)?.over(at(1)?)?.absolute(),
            Self::Percent => at(0)?.over(at(1)?)?.times(hundred)?,
            Self::Sum => sum(operands)?,
            Self::Mean => mean()?,
            Self::SumShare => sum_share()?,
            Self::SumPercent => sum_share()?.times(hundred)?,
            Self::ShareChange => at(0)?
                .over(at(1)?)?
                .minus(at(2)?.over(at(3)?)?)?
                .times(hundred)?,
            Self::FromMean => at(0)?.minus(mean()?)?,
        };
        exact.rounded(decimals)
    }

    /// Whether the sign of the value says in which direction something changed.
    pub fn is_change(self) -> bool {
        matches!(
            self,
            Self::Difference
                | Self::Growth
                | Self::Compound(_)
                | Self::ShareChange
                | Self::FromMean
        )
    }
}

#[cfg(test)]
mod tests {
    use finqa_core::calculator::calculate;

    use super::*;
    use crate::style::plain;

    #[test]
    fn values_are_what_the_calculator_says() {
        let operands = [1234, 1000, 777, 890];
        let exact: Vec<Ratio> = operands.iter().map(|v| Ratio::scaled(*v, 1)).collect();
        for (formula, n) in [
            (Formula::Cell, 1),
            (Formula::Difference, 2),
            (Formula::Growth, 2),
            (Formula::GrowthOnNew, 2),
            (Formula::Compound(3), 2),
            (Formula::Quotient, 2),
            (Formula::Cover, 2),
            (Formula::Percent, 2),
            (Formula::Sum, 4),
            (Formula::Mean, 3),
            (Formula::SumShare, 4),
            (Formula::SumPercent, 3),
            (Formula::ShareChange, 4),
            (Formula::FromMean, 3),
        ] {
            let mut text = formula.expression(n);
            for (i, value) in operands.iter().enumerate() {
                text = text.replace(&format!("{{{i}}}"), &plain(i128::from(*value), 1));
            }
            let float: f64 = calculate(&text).unwrap().parse().unwrap();
            let value = formula.value(&exact[..n], 2).unwrap() as f64 / 100.0;
            assert!((value - float).abs() <= 0.005_000_1, "{formula:?}: {text}");
        }
    }
}
