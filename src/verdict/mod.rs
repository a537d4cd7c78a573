//! What the evidence says of each SLO: pass, fail or inconclusive.
//!
//! In: SLO lines ([`Slo`]) and [`crate::evidence::Evidence`]. Out: a [`Verdict`].
//! [`judge`] is pure and total: the same evidence gives the same verdict, and
//! nothing passes without evidence.

mod audit;
mod burn_rate;
mod concurrency;
mod effect;
mod expectation;
mod finding;
mod gauge;
mod hit_rate;
mod judge;
mod labels;
mod latency;
mod measure;
mod over_time;
mod own_counters;
mod parse;
mod reconcile;
mod response_time;
mod sequential;
mod slo;
mod slope;
mod speedup;
mod steady;
mod stretch;
#[cfg(test)]
mod tests;
mod to_decide;
mod window;

pub use effect::{Effect, Quantity};
pub use expectation::Expectation;
pub use finding::{Check, CheckOutcome, Finding, Judgement, Outcome, Severity, Verdict, Violation};
pub use gauge::{Gauge, Index, Tally};
pub use judge::{decided_at, judge, judge_line};
pub(crate) use measure::SEED;
pub(crate) use own_counters::MIN_SCRAPES;
pub use parse::SloError;
pub use reconcile::{Agreement, Counted, Counter, Reconciliation};
pub use sequential::{Ledger, Need, Standing, Stretch, meant, need, pair_rounds, standings, store_batches};
pub use slo::{Burn, Concurrent, MemoryScope, Metric, Op, Slo};
pub use to_decide::ToDecide;

/// Version of the verdict format.
pub const SCHEMA_VERSION: u32 = 1;
