//! Behaviour: checks, flags, failures and rewards of episodes that are written by hand.

#![expect(
    clippy::float_cmp,
    reason = "scores are shares of small numbers, which floats hold exactly or compare by the same division"
)]

mod builder;
mod checks;
mod failures;
mod hallucination;
mod page;
mod properties;
mod rewards;
mod rubrics;
