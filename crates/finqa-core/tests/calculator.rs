//! The calculator's language, errors and bounds.

use std::time::{Duration, Instant};

use finqa_core::calculator::calculate;
use finqa_core::error::ToolErrorCode;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Zero as _;
use proptest::prelude::*;

#[track_caller]
fn gives(expression: &str, result: &str) {
    assert_eq!(calculate(expression).as_deref(), Ok(result), "{expression}");
}

#[track_caller]
fn fails(expression: &str, code: ToolErrorCode) -> String {
    let error = calculate(expression).expect_err(expression);
    assert_eq!(error.code, code, "{expression}: {}", error.message);
    error.message
}

#[test]
fn decimals_are_exact() {
    gives("0.1 + 0.2", "0.3");
    gives("2.675 * 100", "267.5");
    gives("1/3", "0.33333333333333333");
    gives("2/3", "0.66666666666666667");
    gives("1/3*3", "1");
    gives("361.9 / 1774.5", "0.20394477317554241");
    gives("(1234.5 - 1100) / 1100 * 100", "12.227272727272727");
    gives(
        "123456789012345678901234567890",
        "123456789012345678901234567890",
    );
    gives("2**64", "18446744073709551616");
    gives("10**29", "100000000000000000000000000000");
    gives("10**30", "1e30");
    gives("1.5e-21", "1.5e-21");
    gives("-1.5e-20", "-0.000000000000000000015");
    gives(
        "99999999999999999999/99999999999999999999.0000000000000001",
        "1",
    );
    gives("0.5**5000", "0");
    gives("-0", "0");
}

#[test]
fn operators_bind_as_in_python() {
    gives("2+3*4", "14");
    gives("-2**2", "-4");
    gives("2**-1", "0.5");
    gives("2**3**2", "512");
    gives("2^10", "1024");
    gives("7 // 2", "3");
    gives("-7 // 2", "-4");
    gives("-7 % (3)", "2");
    gives("10 % 3", "1");
    gives("10%3", "1");
    gives("--5", "5");
    gives("5 > 3", "1");
    gives("5 <= 3", "0");
    gives("1 < 2 < 3", "1");
    gives("3 == 3.0", "1");
    gives("3 ≠ 3", "0");
}

#[test]
fn percent_after_a_number_is_a_hundredth() {
    gives("12%", "0.12");
    gives("12% * 50", "6");
    gives("1 % ", "0.01");
    gives("12% - 5%", "0.07");
    gives("15% of 200", "30");
    gives("(5+5)%", "0.1");
    gives("200 * (1 + 5%)", "210");
}

#[test]
fn what_models_write_is_read() {
    gives("$1,234.50 + €10", "1244.5");
    gives("-$5", "-5");
    gives("(1,234)", "1234");
    gives("1,234,567 − 234,567", "1000000");
    gives("６ × ７", "42");
    gives("（1＋2）÷ 4", "0.75");
    gives("1\u{a0}+\n2", "3");
    gives("= 1+1", "2");
    gives("1+1 =", "2");
    gives("1+1 = ?", "2");
    gives("2·3", "6");
    gives("π > 3", "1");
    gives("math.sqrt(16)", "4");
    gives("SUM([1, 2, 3])", "6");
    gives("1_000 + .5", "1000.5");
    gives("5.", "5");
}

#[test]
fn commas_in_argument_lists_follow_their_style() {
    gives("max(100,200)", "200");
    gives("max(100, 200)", "200");
    gives("sum(1,234, 5)", "1239");
    gives("sum(1,234,5)", "240");
    gives("sqrt(1,024)", "32");
    gives("max((1,234), 5)", "1234");
    gives("round(1,234.567, 1)", "1234.6");
    gives("sum(abs(1,000),2)", "1002");
    fails("round(1,234.567,1)", ToolErrorCode::CalcSyntax);
    fails("1, 234", ToolErrorCode::CalcSyntax);
    fails("0,123", ToolErrorCode::CalcSyntax);
}

#[test]
fn functions() {
    gives("abs(-3)", "3");
    gives("min(3, 1, 2)", "1");
    gives("avg(1, 2)", "1.5");
    gives("mean(1, 2, 6)", "3");
    gives("round(2.5)", "2");
    gives("round(2.675, 2)", "2.68");
    gives("round(-1234.5, -2)", "-1200");
    gives("floor(-1.5)", "-2");
    gives("ceil(1.2)", "2");
    gives("sqrt(2)", "1.4142135623730951");
    gives("sqrt(0.25)", "0.5");
    gives("4**0.5", "2");
    gives("exp(0)", "1");
    gives("ln(1)", "0");
    gives("log10(1000)", "3");
    gives("log2(1/8)", "-3");
    gives("log(125, 5)", "3");
    gives("pow(2, 0.5)", "1.4142135623730951");
    gives("pi", "3.141592653589793");
    gives("round((120/100)**(1/3)-1, 6)", "0.062659");
}

#[test]
fn errors_name_the_place_and_a_shape_that_works() {
    let message = fails("1 + foo(2)", ToolErrorCode::CalcSyntax);
    assert!(
        message.contains("character 5") && message.contains("foo(2)"),
        "{message}"
    );
    assert!(
        message.contains("(1234.5 - 1100) / 1100 * 100"),
        "{message}"
    );
    assert!(fails("1 +", ToolErrorCode::CalcSyntax).contains("end of the expression"));
    for bad in [
        "",
        " ",
        "=",
        "1 2",
        "2(3)",
        "(1",
        "1)",
        "x=5",
        "'a'",
        "1;2",
        "[1]",
        "max()",
        "sqrt(1,2)",
        "5 million",
        "*",
        "sum([1, 2)",
        "é",
        "é?",
        "1?",
        "1 == ",
        "\0",
        "__import__(1)",
        "open(1)",
        "sqrt",
        "1..2",
        "1e",
    ] {
        fails(bad, ToolErrorCode::CalcSyntax);
    }
    fails("1/0", ToolErrorCode::CalcDivisionByZero);
    fails("1 // 0", ToolErrorCode::CalcDivisionByZero);
    fails("5 % (1-1)", ToolErrorCode::CalcDivisionByZero);
    fails("0 ** -1", ToolErrorCode::CalcDivisionByZero);
    fails("sqrt(-1)", ToolErrorCode::CalcDomain);
    fails("ln(0)", ToolErrorCode::CalcDomain);
    fails("log10(-5)", ToolErrorCode::CalcDomain);
    fails("(-8) ** (1/3)", ToolErrorCode::CalcDomain);
    fails("round(1, 0.5)", ToolErrorCode::CalcDomain);
    fails("round(1, 99)", ToolErrorCode::CalcDomain);
}

/// What rLLM's evaluator ran, or was killed for.
#[test]
fn programs_are_not_expressions() {
    for attack in [
        "while 1: pass",
        "sum([1 for i in range(10^8)])",
        "ord(open('train_finqa.csv').read()[57])",
        "[1]*10^10",
        "ones(10^10)",
        "x=5; x*2",
        "__import__('os').system('id')",
        "abs.__class__",
        "(lambda: 1)()",
        "max(*[1])",
        "1 if 1 else 2",
        "e.real",
        "math.pi.real",
        "f'{1}'",
    ] {
        fails(attack, ToolErrorCode::CalcSyntax);
    }
}

#[test]
fn huge_numbers_overflow_quickly() {
    let start = Instant::now();
    let nines = "9".repeat(4000);
    for huge in [
        "2**100000",
        "9**9**9",
        "10**10**10",
        "9^9^9",
        "10**10**10**10",
        "2e308*10",
        "1e309",
        "1e99999999999999999999",
        "2**1024",
        "exp(1000)",
        "1e308 + 1e308",
        "-2**1024",
        "7**0.5**-20",
        &nines,
    ] {
        fails(huge, ToolErrorCode::CalcOverflow);
    }
    gives("1**10**10", "1");
    gives("(-1)**(10**10+1)", "-1");
    gives("0**10**10", "0");
    gives("2**1023 > 0", "1");
    gives("1e-99999999999999999999", "0");
    assert!(
        calculate("1.0001**10000")
            .unwrap()
            .starts_with("2.7181459268")
    );
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn long_and_deep_expressions_are_refused_or_fast() {
    fails(&"1+".repeat(3000), ToolErrorCode::CalcSyntax);
    fails(&"(".repeat(4000), ToolErrorCode::CalcSyntax);
    fails(&"sum(".repeat(1000), ToolErrorCode::CalcSyntax);
    fails(
        &format!("2{}", "**1".repeat(1000)),
        ToolErrorCode::CalcSyntax,
    );
    gives(&format!("{}5", "-".repeat(4000)), "5");
    gives(&format!("1{}", "%".repeat(2000)), "0");
    let nested = format!("{}1{}", "(".repeat(60), ")".repeat(60));
    gives(&nested, "1");
    // Denominators that grow with every term fall back to floats instead of growing on.
    let sum: Vec<String> = (1..600).map(|i| format!("1/{}", 2 * i + 1)).collect();
    let start = Instant::now();
    assert!(
        calculate(&sum.join("+"))
            .unwrap()
            .starts_with("3.1802198984")
    );
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}

/// An expression over integers and its value; `None` where it divides by zero.
fn integer_expression() -> impl Strategy<Value = (String, Option<BigRational>)> {
    let leaf = (-1000_i64..1000).prop_map(|n| {
        (
            format!("({n})"),
            Some(BigRational::from_integer(BigInt::from(n))),
        )
    });
    leaf.prop_recursive(5, 48, 2, |inner| {
        (
            inner.clone(),
            prop::sample::select(vec!["+", "-", "*", "/", " // ", " % "]),
            inner,
        )
            .prop_map(|((a, x), op, (b, y))| {
                let value = x.zip(y).and_then(|(x, y)| match op {
                    "+" => Some(x + y),
                    "-" => Some(x - y),
                    "*" => Some(x * y),
                    _ if y.is_zero() => None,
                    "/" => Some(x / y),
                    " // " => Some((x / y).floor()),
                    _ => Some(&x - &y * (&x / &y).floor()),
                });
                (format!("({a}{op}{b})"), value)
            })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_rational_arithmetic((text, value) in integer_expression()) {
        match (calculate(&text), value) {
            (Ok(got), Some(want)) => {
                let got = decimal(&got);
                let error = if got >= want { &got - &want } else { &want - &got };
                let size = if want < BigRational::zero() { -&want } else { want.clone() };
                // Half a unit of the 17th digit.
                prop_assert!(error * BigInt::from(10).pow(16) <= size, "{} gave {}", text, got);
                if want.is_integer() && want.numer().to_string().len() <= 30 {
                    prop_assert_eq!(got, want);
                }
            }
            (Err(error), None) => prop_assert_eq!(error.code, ToolErrorCode::CalcDivisionByZero),
            (got, want) => prop_assert!(false, "{text}: {got:?} but {want:?}"),
        }
    }

    #[test]
    fn never_panics_on_its_own_alphabet(text in "[0-9.,%()+*/^<>=eE \\-\\[\\]$]{0,60}") {
        let start = Instant::now();
        let _ = calculate(&text);
        prop_assert!(start.elapsed() < Duration::from_secs(1), "{text}");
    }

    #[test]
    fn never_panics_on_names(parts in prop::collection::vec(prop::sample::select(vec![
        "sum(", "max(", "log(", "round(", "sqrt(", "exp(", ")", "(", ",", ", ", "1", "23", "456", "0", "e", "pi", "**", "%",
        "-", "+", "/", "//", "1e300", "0.1", "[", "]", "==", "of", "$", "−",
    ]), 0..40)) {
        let _ = calculate(&parts.concat());
    }

    #[test]
    fn never_panics_on_anything(text in "\\PC{0,80}") {
        let _ = calculate(&text);
    }
}

/// Reads what the calculator writes, exactly.
fn decimal(text: &str) -> BigRational {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: BigInt = format!("{whole}{fraction}").parse().expect("digits");
    let exponent = exponent.parse::<i32>().expect("exponent") - fraction.len() as i32;
    let power = BigRational::from_integer(BigInt::from(10).pow(exponent.unsigned_abs()));
    if exponent < 0 {
        BigRational::from_integer(digits) / power
    } else {
        BigRational::from_integer(digits) * power
    }
}
