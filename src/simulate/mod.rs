//! Virtual time: the run as it would be against a perfect cache, before any load.
//!
//! In: a [`Plan`] and a [`Population`]. Out: a
//! [`Forecast`]: the hit rate to expect, which targets no cache can meet here, and how long a run
//! must be for each SLO to be decided. Pure: no clock, no socket, no printing.
//!
//! The people are those of [`crate::workload`], so sessions, favourites, bursts and reactions are
//! in the forecast. Of the cache it knows its lifetimes and invalidations and nothing else; the rule
//! by which an entry is current is [`report_cache::remaining`], the one thing shared with the
//! embedded target.
//!
//! What it does not know, and says where it matters ([`Forecast::notes`]): memory limits (they
//! count bytes, and nobody knows those yet); what browsers keep (a target's `max-age` is not in a
//! scenario, so every read is taken to reach the server, as under `max-age=0`); the text of what
//! was captured (it is known from the first time the capturing action was done); arrivals by the
//! clock, pairs and replays, which are passed over; and what was in the cache before the run.

mod cache;
mod decidable;
mod engine;
mod expected;
mod feasible;
mod outcome;
mod place;
mod sweep;
#[cfg(test)]
mod tests;

pub use cache::{PerfectCache, Read, Rules, Served};
pub use decidable::{Need, Time, needs};
pub use engine::{RESPONSE, replay};
pub use expected::{Ceilings, Expected, Rate, RoleRate, expect, runs_for};
pub use feasible::{Feasibility, Outlook, outlooks};
pub use outcome::{Outcome, Tally};
pub use sweep::{Bound, Cell, Row, Swept};

use crate::evidence::ExpectedRate;
use crate::plan::{Plan, Work};
use crate::workload::Population;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;

/// Replays of a forecast, unless told otherwise.
pub const RUNS: u32 = 8;

/// What can be said of a run before it begins.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Forecast {
    /// How often the run was replayed, each time with another seed.
    pub runs: u32,
    /// Confidence of the intervals.
    pub confidence: f64,
    /// Expected hit rates: of each role with reads, then of all.
    pub roles: Vec<RoleRate>,
    /// Which hit rates can be reached.
    pub outlooks: Vec<Outlook>,
    /// How long the measured phases must be, for each SLO in their order.
    pub needs: Vec<Need>,
    /// Whether a measured phase has requests that arrive by the clock, which are not replayed.
    #[serde(skip)]
    pub by_clock: bool,
    /// What the forecast does not know.
    pub notes: Vec<String>,
}

/// Replays a plan so many times and draws the conclusions.
pub fn forecast(plan: &Arc<Plan>, population: &Population, runs: u32) -> Forecast {
    let expected = expect(plan, population, runs);
    Forecast {
        runs: expected.runs(),
        confidence: plan.confidence,
        roles: expected.by_role(plan),
        outlooks: outlooks(plan, &expected),
        needs: needs(plan, &expected),
        by_clock: plan.phases.iter().any(|phase| {
            phase.measured
                && match phase.work {
                    Work::Open(_) | Work::Breakpoint { .. } | Work::Replay { .. } => true,
                    Work::People(_) | Work::Pairs { .. } => false,
                }
        }),
        notes: expected.notes(plan),
    }
}

impl Forecast {
    /// The expected rates as the evidence keeps them.
    pub fn rates(&self) -> Vec<ExpectedRate> {
        let of = |row: &RoleRate| ExpectedRate {
            role: row.role.clone(),
            value: row.rate.value,
            lo: row.rate.lo,
            hi: row.rate.hi,
            first: row.rate.first,
            expired: row.rate.expired,
            invalidated: row.rate.invalidated,
        };
        self.roles.iter().map(of).collect()
    }
}
