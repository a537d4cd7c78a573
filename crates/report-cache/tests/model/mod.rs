//! Random interleavings of reads, writes, expiries, faults and removals against a trivial model.
//!
//! Two nodes share a store and a table of invalidations; the origin is a number for each report. Reads
//! overlap with writes, computations last as long as the steps say, the store fails, stalls, loses its
//! answers or everything. The model: a read shows its own reader's report, at a version no older than
//! what was acknowledged before it began and no newer than what was written before it ended.

mod moody;
mod steps;
mod world;

use proptest::prelude::*;

use self::steps::{Step, steps};
use self::world::World;

fn run(steps: &[Step], outbox: bool) -> Result<(), TestCaseError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut world = World::new(outbox);
        for step in steps {
            world.take(*step).await;
        }
        world.end().await;
        world.verdict().map_err(TestCaseError::fail)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, max_shrink_iters: 4_000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_read_is_stale_foreign_or_malformed(steps in steps()) {
        run(&steps, true)?;
    }

    /// Without an outbox a node makes good what it itself could not tell the store.
    #[test]
    fn nor_is_it_on_the_node_that_wrote_where_there_is_no_outbox(steps in steps()) {
        run(&steps, false)?;
    }
}

#[test]
fn the_model_sees_a_cache_that_forgets_to_invalidate() {
    // A control: were the property blind, it would pass this too.
    let mut steps = vec![Step::Read { node: 0, user: 7, report: 1, how: steps::How::Plain }, Step::Release];
    steps.push(Step::WriteUntold { report: 1 });
    steps.push(Step::Read { node: 0, user: 7, report: 1, how: steps::How::Plain });
    let seen = run(&steps, true).unwrap_err().to_string();
    assert!(seen.contains("stale"), "{seen}");
}
