//! The two representations of exact fractions must not be told apart by a single byte.

use num_bigint::BigInt;
use proptest::prelude::*;

use super::lexer::{Kind, tokenize};
use super::number::Number;
use super::ratio::Ratio;
use super::{calculate, eval, format};
use crate::error::ToolError;

/// [`calculate`] with every literal a big fraction; an operation with one gives one.
fn calculate_big(expression: &str) -> Result<String, ToolError> {
    let mut tokens = tokenize(expression)?;
    for token in &mut tokens {
        if let Kind::Number(Number::Exact(ratio)) = &mut token.kind {
            *ratio = Ratio::of(ratio.big().into_owned());
        }
    }
    let value = eval::evaluate(expression, &tokens)?;
    Ok(format::write(&value))
}

/// Literals around every bound that the small path has: 64, 127 and 128 bits, 17 and 30 digits.
fn literal() -> impl Strategy<Value = String> {
    let digits = prop_oneof![
        6 => "[0-9]{1,6}",
        2 => "[0-9]{1,20}",
        2 => "[0-9]{17,42}",
        1 => "(9){1,40}",
        1 => "1(0){0,40}",
        1 => (0_u32..130, -2_i128..3).prop_map(|(bits, off)| {
            (1_u128 << bits.min(127)).saturating_add_signed(off).to_string()
        }),
    ];
    let exponent = prop_oneof![
        8 => Just(String::new()),
        1 => (-45_i32..45).prop_map(|e| format!("e{e}")),
    ];
    (digits, prop::option::of(0_usize..30), exponent).prop_map(|(digits, point, exponent)| {
        let mut text = digits;
        if let Some(decimals) = point {
            if text.len() <= decimals {
                text.insert_str(0, &"0".repeat(decimals + 1 - text.len()));
            }
            text.insert(text.len() - decimals, '.');
        }
        text + &exponent
    })
}

fn expression() -> impl Strategy<Value = String> {
    literal().prop_recursive(5, 24, 3, |inner| {
        let operator = prop::sample::select(vec![
            "+", "-", "*", "/", "//", "% ", "<", "<=", "==", "!=", "of",
        ]);
        let unary = prop::sample::select(vec![
            "abs", "sqrt", "floor", "ceil", "round", "ln", "log10", "log2", "exp", "sum", "-", "",
        ]);
        let list = prop::sample::select(vec!["min", "max", "sum", "avg", "pow", "log"]);
        prop_oneof![
            6 => (inner.clone(), operator, inner.clone())
                .prop_map(|(a, operator, b)| format!("({a}) {operator} ({b})")),
            2 => (unary, inner.clone()).prop_map(|(name, a)| format!("{name}({a})")),
            1 => (list, inner.clone(), inner.clone())
                .prop_map(|(name, a, b)| format!("{name}(({a}), ({b}))")),
            1 => (inner.clone(), -32_i32..32).prop_map(|(a, n)| format!("round(({a}), {n})")),
            1 => (inner.clone(), -140_i32..140).prop_map(|(a, n)| format!("({a}) ** {n}")),
            1 => inner.prop_map(|a| format!("({a})%")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn small_and_big_fractions_give_the_same_bytes(text in expression()) {
        prop_assert_eq!(calculate(&text), calculate_big(&text));
    }

    #[test]
    fn literals_are_the_same_small_and_big(digits in "[0-9]{1,38}", exponent in -60_i64..60) {
        let value: u128 = digits.parse().map_err(|_| TestCaseError::fail("38 digits fit"))?;
        let small = Number::from_small_decimal(value, exponent);
        let big = Number::from_decimal(BigInt::from(value), exponent);
        let written = |number: Result<Number, ToolError>| number.map(|n| format::write(&n));
        prop_assert_eq!(&small, &big);
        prop_assert_eq!(written(small), written(big));
    }
}

#[test]
fn growth_needs_no_big_fraction() {
    let text = "(1496.5 - 1202.9) / 1202.9 * 100";
    let value = tokenize(text).and_then(|tokens| eval::evaluate(text, &tokens));
    assert!(
        matches!(value, Ok(Number::Exact(Ratio::Small(_)))),
        "{value:?}"
    );
}
