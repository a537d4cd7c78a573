//! Random sequences over every write route and every view, by people of every role.
//!
//! After each write a sample of what was warm is read again: it equals what a bypass computes, byte for
//! byte; what the write changes is gone, in exactly the number that the cache tells; what it cannot have
//! changed, by the rules as they are written down, is still a hit. A failure prints the seed and the
//! fewest steps that show it.

mod cast;
mod reads;
mod steps;
mod writes;

use std::time::{Duration, Instant};

use platform::{Config, Size, StoreChoice};
use proptest::test_runner::{Config as Cases, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use tempfile::TempDir;

use self::reads::Audit;
use self::steps::{Step, steps};
use crate::redis::Server;
use crate::school::{School, config};

/// Runs `cases` random sequences of at most `length` steps.
fn audit(seed: u8, cases: u32, length: usize, on_redis: bool) {
    // To search for longer than a test may.
    let given = |name: &str| std::env::var(name).ok().and_then(|value| value.parse().ok());
    let seed = given("AUDIT_SEED").unwrap_or(seed);
    let cases = given("AUDIT_CASES").map_or(cases, u32::from);
    let config = Cases { cases, max_shrink_iters: 60, failure_persistence: None, ..Cases::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]));
    let run = |steps: Vec<Step>| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let verdict = runtime.unwrap().block_on(run(&steps, on_redis));
        verdict.map_err(TestCaseError::fail)
    };
    if let Err(error) = runner.run(&steps(length), run) {
        panic!("seed {seed}: {error}");
    }
}

async fn run(steps: &[Step], on_redis: bool) -> Result<(), String> {
    let directory = TempDir::new().unwrap();
    let server = if on_redis { Some(Server::start().await) } else { None };
    let mut processes = Vec::new();
    for _ in 0..if on_redis { 2 } else { 1 } {
        let store = server.as_ref().map_or(StoreChoice::Memory, Server::store);
        let database = on_redis.then(|| directory.path().join("school.sqlite"));
        processes.push(School::with(Config { store, database, ..config(Size::small()) }).await);
    }
    let mut audit = Audit::of(processes).await;
    for (number, step) in steps.iter().enumerate() {
        audit.take(*step).await.map_err(|what| format!("step {number}, {step:?}: {what}"))?;
    }
    audit.counters_are_true().await?;
    // Whatever was invalidated is struck off.
    let waited = Instant::now();
    while !audit.outbox_is_empty().await {
        if waited.elapsed() > Duration::from_secs(10) {
            return Err("a confirmed invalidation stays in the outbox".to_owned());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

#[test]
fn after_any_writes_every_read_is_what_a_bypass_computes_and_nothing_else_is_lost() {
    audit(1, 4, 24, false);
}

#[test]
fn redis_after_any_writes_on_two_processes_every_read_is_what_a_bypass_computes() {
    audit(2, 3, 20, true);
}
