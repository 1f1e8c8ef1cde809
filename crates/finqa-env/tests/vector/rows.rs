//! Whatever subset is sent in whatever order and taken in whatever portions: every row comes back once.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::common::{Texts, calculate, env};
use finqa_env::EnvConfig;
use proptest::prelude::*;

/// Slots in random order, some of them; and random cuts into sends and receives.
fn plan() -> impl Strategy<Value = (usize, usize, Vec<u32>, Vec<usize>, Vec<usize>)> {
    (1_usize..40, 1_usize..5).prop_flat_map(|(n, threads)| {
        let all: Vec<u32> = (0..n as u32).collect();
        (
            Just(n),
            Just(threads),
            (0..=n)
                .prop_flat_map(move |k| proptest::sample::subsequence(all.clone(), k))
                .prop_shuffle(),
            proptest::collection::vec(1_usize..12, 1..6),
            proptest::collection::vec(1_usize..12, 1..6),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_row_comes_back_once((n, threads, ids, sends, recvs) in plan()) {
        let env = env(EnvConfig { num_envs: n, num_threads: threads, ..EnvConfig::default() });
        let mut sends = sends.into_iter().cycle();
        let mut rest = ids.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(sends.next().unwrap_or(1).min(rest.len()));
            let messages = now.iter().map(|slot| calculate(&slot.to_string())).collect();
            env.send(Arc::new(Texts(messages)), now).unwrap();
            rest = later;
        }
        prop_assert_eq!(env.num_pending(), ids.len());
        let mut seen = BTreeMap::new();
        for size in recvs.into_iter().cycle() {
            let size = size.min(env.num_pending());
            if size == 0 {
                break;
            }
            let rows = env.recv(size, &mut || true).unwrap().unwrap();
            prop_assert_eq!(rows.len(), size);
            for row in rows {
                let mut text = String::new();
                row.observation.write_to(&mut text);
                prop_assert_eq!(&text, &row.slot.to_string());
                prop_assert!(seen.insert(row.slot, row.info.turn).is_none());
            }
        }
        let expected: BTreeMap<u32, u16> = ids.iter().map(|&slot| (slot, 1)).collect();
        prop_assert_eq!(seen, expected);
        // `step` of the same subset gives the same rows, in slot order.
        let messages = ids.iter().map(|slot| calculate(&slot.to_string())).collect();
        let rows = env.step(Arc::new(Texts(messages)), &ids, &mut || true).unwrap().unwrap();
        let slots: Vec<u32> = rows.iter().map(|row| row.slot).collect();
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        prop_assert_eq!(slots, sorted);
        prop_assert!(rows.iter().all(|row| row.info.turn == 2));
    }
}
