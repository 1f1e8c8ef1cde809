//! Estimators and intervals against values worked out by hand and against what must hold of them.

use finqa_core::statistics::{Bootstrap, bootstrap_mean, paired_difference, pass_at_k};
use proptest::prelude::*;

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

/// C(n, k) by Pascal's triangle: another way than the product under test.
fn choose(n: u32, k: u32) -> u128 {
    let mut row = vec![1_u128];
    for _ in 0..n {
        let mut next = vec![1];
        next.extend(row.windows(2).map(|pair| pair[0] + pair[1]));
        next.push(1);
        row = next;
    }
    row.get(k as usize).copied().unwrap_or(0)
}

#[test]
fn pass_at_k_equals_the_binomial_formula_for_all_small_counts() {
    for n in 1..=24 {
        for c in 0..=n {
            for k in 1..=n {
                let expected = 1.0 - choose(n - c, k) as f64 / choose(n, k) as f64;
                let got = pass_at_k(n, c, k).unwrap();
                assert!(
                    close(got, expected),
                    "n={n} c={c} k={k}: {got} for {expected}"
                );
            }
        }
    }
}

#[test]
fn pass_at_k_by_hand() {
    assert_eq!(pass_at_k(8, 2, 1), Some(0.25));
    // 1 - C(6,4)/C(8,4) = 1 - 15/70
    assert!(close(pass_at_k(8, 2, 4).unwrap(), 55.0 / 70.0));
    assert_eq!(pass_at_k(8, 0, 8), Some(0.0));
    assert_eq!(pass_at_k(8, 1, 8), Some(1.0));
    assert_eq!(pass_at_k(5, 5, 3), Some(1.0));
}

#[test]
fn pass_at_k_that_cannot_be_estimated_is_none() {
    assert_eq!(pass_at_k(4, 1, 5), None);
    assert_eq!(pass_at_k(4, 1, 0), None);
    assert_eq!(pass_at_k(4, 5, 1), None);
    assert_eq!(pass_at_k(0, 0, 1), None);
}

#[test]
fn pass_at_k_of_huge_counts_ends_and_stays_a_probability() {
    for (c, k) in [
        (u32::MAX / 2, u32::MAX / 2),
        (1 << 16, 1 << 16),
        (1, u32::MAX),
        (u32::MAX, 1),
    ] {
        let value = pass_at_k(u32::MAX, c, k).unwrap();
        assert!((0.0..=1.0).contains(&value), "{value}");
    }
}

#[test]
fn two_clusters_resample_to_the_values_and_their_mean_only() {
    // Means of two draws from {0, 1}: 0, 0.5, 0.5, 1, so the outer 2.5 % are 0 and 1.
    let all = bootstrap_mean(&[0.0, 1.0], None, &Bootstrap::default()).unwrap();
    assert_eq!((all.mean, all.low, all.high), (0.5, Some(0.0), Some(1.0)));
    assert_eq!(all.num_clusters, 2);
    // The inner 40 % of them are 0.5: a quarter of the means lies on each side.
    let inner = Bootstrap {
        level: 0.4,
        ..Bootstrap::default()
    };
    let narrow = bootstrap_mean(&[0.0, 1.0], None, &inner).unwrap();
    assert_eq!((narrow.low, narrow.high), (Some(0.5), Some(0.5)));
}

#[test]
fn the_spread_is_that_of_the_mean() {
    // 400 questions, half of them right: the standard error is sqrt(0.25 / 400) = 0.025, the interval about ±0.049.
    let values: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
    let interval = bootstrap_mean(&values, None, &Bootstrap::default()).unwrap();
    assert!(
        (interval.high.unwrap() - 0.549).abs() < 0.006,
        "{interval:?}"
    );
    assert!(
        (interval.low.unwrap() - 0.451).abs() < 0.006,
        "{interval:?}"
    );
}

#[test]
fn episodes_of_one_question_do_not_pass_for_independent_ones() {
    // 8 episodes each of 50 questions, all right or all wrong: as much is known as from 50 episodes.
    let values: Vec<f64> = (0..400).map(|i| f64::from(i / 8 % 2)).collect();
    let clusters: Vec<i64> = (0..400).map(|i| i / 8).collect();
    let options = Bootstrap::default();
    let by_question = bootstrap_mean(&values, Some(&clusters), &options).unwrap();
    let by_episode = bootstrap_mean(&values, None, &options).unwrap();
    let width = |i: finqa_core::statistics::Interval| i.high.unwrap() - i.low.unwrap();
    let ratio = width(by_question) / width(by_episode);
    assert!((ratio - 8_f64.sqrt()).abs() < 0.35, "{ratio}");
    assert_eq!(by_question.num_clusters, 50);
}

#[test]
fn ninety_five_of_a_hundred_intervals_hold_the_true_mean() {
    // 300 samples of 80 values each from a known coin, drawn by a plain congruential generator.
    let mut state = 12345_u64;
    let mut coin = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        f64::from(u8::from((state >> 33) % 10 < 3))
    };
    let mut held = 0;
    for _ in 0..300 {
        let values: Vec<f64> = (0..80).map(|_| coin()).collect();
        let i = bootstrap_mean(&values, None, &Bootstrap::default()).unwrap();
        held += usize::from(i.low.unwrap() <= 0.3 && 0.3 <= i.high.unwrap());
    }
    // 285 expected, give or take 4.
    assert!((270..=297).contains(&held), "{held} of 300");
}

#[test]
fn one_cluster_has_a_mean_and_no_interval() {
    let one = bootstrap_mean(&[1.0, 0.0, 0.0], Some(&[4, 4, 4]), &Bootstrap::default()).unwrap();
    assert!(close(one.mean, 1.0 / 3.0));
    assert_eq!((one.low, one.high, one.num_clusters), (None, None, 1));
}

#[test]
fn the_seed_matters_and_nothing_else_does() {
    let values: Vec<f64> = (0..60).map(|i| f64::from(i * 7 % 11)).collect();
    let run = |seed| {
        bootstrap_mean(
            &values,
            None,
            &Bootstrap {
                seed,
                ..Bootstrap::default()
            },
        )
    };
    assert_eq!(run(0).unwrap(), run(0).unwrap());
    assert_ne!(run(0).unwrap(), run(1).unwrap());
}

#[test]
fn a_difference_is_taken_question_by_question() {
    // Question 1: 0.5 to 1.0; question 2: 1.0 to 1.0; question 3: 1.0 to 0.0. 4 and 5 are of one run only.
    let a = ([0.0, 1.0, 1.0, 1.0, 0.0], [1, 1, 2, 3, 4]);
    let b = ([1.0, 1.0, 1.0, 0.0, 1.0], [1, 1, 2, 3, 5]);
    let d = paired_difference((&a.0, &a.1), (&b.0, &b.1), &Bootstrap::default()).unwrap();
    assert!(close(d.difference.mean, (0.5 + 0.0 - 1.0) / 3.0), "{d:?}");
    assert!(close(d.mean_a, 2.5 / 3.0) && close(d.mean_b, 2.0 / 3.0));
    assert_eq!((d.num_better, d.num_worse), (1, 1));
    assert_eq!((d.num_only_a, d.num_only_b), (1, 1));
    assert_eq!(d.difference.num_clusters, 3);
    assert!(d.difference.low.unwrap() < 0.0 && d.difference.high.unwrap() > 0.0);
}

#[test]
fn pairing_takes_out_what_the_questions_have_in_common() {
    // Both runs differ by 0.1 on every question; the questions differ by far more among themselves.
    let ids: Vec<i64> = (0..40).collect();
    let a: Vec<f64> = ids.iter().map(|i| (i % 10) as f64 / 10.0).collect();
    let b: Vec<f64> = a.iter().map(|value| value + 0.125).collect();
    let d = paired_difference((&a, &ids), (&b, &ids), &Bootstrap::default()).unwrap();
    assert!((d.difference.low.unwrap() - 0.125).abs() < 1e-9);
    assert!((d.difference.high.unwrap() - 0.125).abs() < 1e-9);
}

#[test]
fn bad_input_is_refused_by_name() {
    let options = Bootstrap::default();
    let message = |e: finqa_core::Error| e.to_string();
    let nan = bootstrap_mean(&[1.0, f64::NAN], None, &options).unwrap_err();
    assert_eq!(message(nan), "value 1 is NaN; leave out what is not known");
    let short = bootstrap_mean(&[1.0], Some(&[1, 2]), &options).unwrap_err();
    assert_eq!(message(short), "1 values, but clusters for 2");
    assert!(message(bootstrap_mean(&[], None, &options).unwrap_err()).contains("no values"));
    let level = Bootstrap {
        level: 95.0,
        ..options
    };
    assert!(message(bootstrap_mean(&[1.0], None, &level).unwrap_err()).contains("level is 95"));
    let none = Bootstrap {
        resamples: 0,
        ..options
    };
    assert!(message(bootstrap_mean(&[1.0], None, &none).unwrap_err()).contains("resamples is 0"));
    let apart = paired_difference((&[1.0], &[1]), (&[1.0], &[2]), &options).unwrap_err();
    assert!(message(apart).contains("no question in common"));
}

proptest! {
    #[test]
    fn more_tries_never_lower_pass_at_k(n in 1_u32..60, c in 0_u32..60, k in 1_u32..60) {
        prop_assume!(c <= n && k < n);
        let (now, more) = (pass_at_k(n, c, k).unwrap(), pass_at_k(n, c, k + 1).unwrap());
        prop_assert!(more >= now - 1e-12 && (0.0..=1.0).contains(&now));
    }

    #[test]
    fn an_interval_depends_neither_on_order_nor_on_names(
        rows in prop::collection::vec((0_i64..12, 0_u8..5), 2..80), turn in 0_usize..80, shift in 1_i64..1000,
    ) {
        let value = |row: &(i64, u8)| f64::from(row.1) / 3.0;
        let values: Vec<f64> = rows.iter().map(value).collect();
        let clusters: Vec<i64> = rows.iter().map(|row| row.0).collect();
        let mut turned = rows.clone();
        turned.rotate_left(turn % rows.len());
        let other: Vec<f64> = turned.iter().map(value).collect();
        let renamed: Vec<i64> = turned.iter().map(|row| shift - row.0).collect();
        let options = Bootstrap { resamples: 50, ..Bootstrap::default() };
        prop_assert_eq!(
            bootstrap_mean(&values, Some(&clusters), &options).unwrap(),
            bootstrap_mean(&other, Some(&renamed), &options).unwrap()
        );
    }

    #[test]
    fn an_interval_lies_within_the_values(values in prop::collection::vec(-5.0_f64..5.0, 2..40)) {
        let options = Bootstrap { resamples: 200, ..Bootstrap::default() };
        let i = bootstrap_mean(&values, None, &options).unwrap();
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (low, high) = (i.low.unwrap(), i.high.unwrap());
        prop_assert!(least - 1e-9 <= low && low <= high && high <= most + 1e-9);
    }
}
