//! The program as people and CI meet it: started, fed, interrupted, and judged by its
//! exit code, its words and the files that it leaves.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

mod commands;
mod compare;
mod deployed;
mod ending;
mod examples;
mod folder;
mod live;
mod page;
mod refused;
mod schemas;
mod servers;
mod simulate;
mod smoke;
mod soak;
mod support;
mod until_decided;
