//! What the evidence says of each SLO: pass, fail or inconclusive.
//!
//! In: SLO lines ([`Slo`]) and [`crate::evidence::Evidence`]. Out: a [`Verdict`].
//! [`judge`] is pure and total: the same evidence gives the same verdict, and
//! nothing passes without evidence.

mod audit;
mod effect;
mod expectation;
mod finding;
mod gauge;
mod hit_rate;
mod judge;
mod latency;
mod measure;
mod own_counters;
mod parse;
mod reconcile;
mod slo;
mod speedup;
#[cfg(test)]
mod tests;

pub use effect::{Effect, Quantity};
pub use expectation::Expectation;
pub use finding::{Check, CheckOutcome, Finding, Judgement, Outcome, Severity, Verdict, Violation};
pub use gauge::{Gauge, Index, Tally};
pub use judge::judge;
pub(crate) use measure::SEED;
pub use parse::SloError;
pub use reconcile::{Agreement, Counted, Counter, Reconciliation};
pub use slo::{MemoryScope, Metric, Op, Slo};

/// Version of the verdict format.
pub const SCHEMA_VERSION: u32 = 1;
