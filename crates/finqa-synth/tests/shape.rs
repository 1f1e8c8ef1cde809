//! The tables have the shape that was measured on published ones; `cargo run --example shape` prints it.

mod measure;

use finqa_synth::{Generator, SplitName, SynthConfig};
use measure::Shape;

fn shape(companies: u32) -> Shape {
    let generator = Generator::new(1, SynthConfig::default()).unwrap();
    let mut shape = Shape::default();
    for index in 0..companies {
        shape.add(&generator.tables(SplitName::Train, index));
    }
    shape
}

/// What TAT-QA's dev file has stands beside each range; FinQA's is near it.
#[test]
fn tables_have_the_measured_shape() {
    let mut shape = shape(600);
    let mut wrong = Vec::new();
    let mut check = |name: &str, value: i64, low: i64, high: i64| {
        if !(low..=high).contains(&value) {
            wrong.push(format!("{name}: {value}, not {low} to {high}"));
        }
    };
    // Rows: 6, 8, 12, p95 19 with one to four header rows, which leaves 4, 6, 10, 16; ours have one.
    check("rows q1", shape.rows(250), 4, 6);
    check("rows median", shape.rows(500), 6, 8);
    check("rows q3", shape.rows(750), 9, 12);
    check("rows p95", shape.rows(950), 13, 19);
    // Columns: 3 and 4 in 79 % of tables.
    check("columns q1", shape.columns(250), 3, 3);
    check("columns median", shape.columns(500), 3, 4);
    check("columns q3", shape.columns(750), 4, 5);
    // -61.3, -33.6, -9.0, 4.0, 21.5, 68.4, 186.8 %.
    for (per_mille, low, high) in [
        (50, -700, -400),
        (100, -400, -250),
        (250, -120, -60),
        (500, 10, 60),
        (750, 150, 270),
        (900, 450, 900),
        (950, 900, 2600),
    ] {
        check(
            &format!("year on year, {per_mille}"),
            shape.growth(per_mille),
            low,
            high,
        );
    }
    // 14 % and 5.6 %.
    let (negatives, zeros) = shape.signs();
    check("negatives", negatives as i64, 80, 180);
    check("zeros", zeros as i64, 30, 70);
    // Measured first digits, near Benford's.
    for (i, measured) in [305, 170, 126, 98, 77, 61, 58, 53, 53]
        .into_iter()
        .enumerate()
    {
        let name = format!("first digit {}", i + 1);
        check(
            &name,
            shape.first_digit(i + 1) as i64,
            measured - 20,
            measured + 20,
        );
    }
    // 52 %, 29 %, 15 %, 4 %.
    check("tables with two years", shape.years(2..=2) as i64, 440, 580);
    check("three", shape.years(3..=3) as i64, 230, 340);
    check("none or one", shape.years(0..=1) as i64, 120, 215);
    check("four and more", shape.years(4..=20) as i64, 20, 60);
    check("custom tags", shape.custom() as i64, 250, 350);
    check("fewest tables", shape.tables(0), 20, 45);
    check("most tables", shape.tables(1000), 20, 45);
    check("mean tables, tenths", shape.mean_tables(), 315, 345);
    check("stems", shape.stems().len() as i64, 40, 200);
    assert!(wrong.is_empty(), "{wrong:#?}");
}
