//! Numbers by which calls are told apart: equal for calls of one tool with the same arguments.

use std::hash::{Hash, Hasher as _};

use rustc_hash::FxHasher;
use serde_json::{Map, Value};

/// Of a call: the order of the arguments and blanks around them make no difference. `tool` is whatever tells the tools of
/// one log apart.
pub fn of_call(tool: impl Hash, arguments: &Map<String, Value>) -> u64 {
    let arguments = arguments.iter().fold(0_u64, |sum, (name, value)| {
        let mut hasher = FxHasher::default();
        name.hash(&mut hasher);
        match value {
            Value::String(text) => text.trim().hash(&mut hasher),
            // The number 5 is not the text "5".
            other => (1_u8, other.to_string()).hash(&mut hasher),
        }
        sum.wrapping_add(mixed(hasher.finish()))
    });
    let mut hasher = FxHasher::default();
    (tool, arguments).hash(&mut hasher);
    hasher.finish()
}

/// The hash is linear in its input, so that sums of it would be equal where values are swapped between arguments.
const fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// Of something that holds no call that could be read: its text.
pub fn of_text(text: &str) -> u64 {
    let mut hasher = FxHasher::default();
    text.trim().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(tool: usize, arguments: &str) -> u64 {
        of_call(tool, &serde_json::from_str(arguments).expect("an object"))
    }

    #[test]
    fn the_same_arguments_in_another_order_are_the_same_call() {
        let one = fingerprint(
            2,
            r#"{"company_name": "acme", "query": "SELECT 1", "limit": 5}"#,
        );
        let same = fingerprint(
            2,
            r#"{"limit": 5, "query": " SELECT 1\n", "company_name": "acme"}"#,
        );
        assert_eq!(one, same);
    }

    #[test]
    fn another_tool_or_another_argument_is_another_call() {
        let calls = [
            fingerprint(2, r#"{"a": "x", "b": "y"}"#),
            fingerprint(2, r#"{"a": "y", "b": "x"}"#),
            fingerprint(3, r#"{"a": "x", "b": "y"}"#),
            fingerprint(2, r#"{"a": "x"}"#),
            fingerprint(2, r#"{"a": 5}"#),
            fingerprint(2, r#"{"a": "5"}"#),
            fingerprint(2, "{}"),
        ];
        for (i, one) in calls.iter().enumerate() {
            assert!(!calls[i + 1..].contains(one), "call {i}");
        }
    }
}
