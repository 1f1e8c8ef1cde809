//! Tests of the action parser from outside: a catalogue of messages, properties on random ones, feedback texts.

mod catalogue;
mod common;
mod feedback;
mod properties;
