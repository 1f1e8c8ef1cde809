//! Tests of finqa-data through its public interface, on files that the tests write.

mod builtin;
mod common;
mod detect;
mod folder;
mod native;
mod openenv;
mod rllm;
