//! What a scenario means: names resolved, defaults filled in, choices made. Later
//! stages have nothing left to validate.
//!
//! In: a [`Scenario`] and what the command line changed. Out: a [`Plan`], or an
//! error that points at the line. It does no I/O.

mod action;
mod cache;
mod changes;
mod cluster;
mod people;
mod phase;
mod request;
mod resolve;
mod role;
mod secrets;
mod slos;
mod target;
mod template;
mod value;

pub use action::{ActionPlan, ChangePlan, Condition, Draws};
pub use cache::{BypassPlan, CachePlan, CountersPlan, TtlPlan};
pub use changes::Changes;
pub use cluster::{ClusterPlan, PERSON};
pub use people::{Origin, PeoplePlan, RelationPlan, StockPlan, USERNAME};
pub use phase::{ArrivalsPlan, Mood, PhasePlan, Work};
pub use request::{BodyPlan, ExpectPlan, RequestPlan};
pub use resolve::resolve;
pub use role::{BurstPlan, DashboardPlan, ReactionPlan, RolePlan, ThinkPlan, Visit};
pub use secrets::Secrets;
pub use slos::{Names, resolve_slos};
pub use target::{CsrfPlan, LoginPlan, LoginWay, Place, TargetPlan};
pub use template::{Hole, JsonTemplate, Template};
pub use value::ValuePlan;

use crate::scenario::{Credentials, Scenario};
use crate::verdict::{Concurrent, Metric, Slo};
use std::time::Duration;

/// A run, decided in every detail.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Name of the scenario.
    pub name: String,
    /// One sentence about it.
    pub about: String,
    /// Seed of everything random.
    pub seed: u64,
    /// The system under test.
    pub target: TargetPlan,
    /// Who there is.
    pub people: PeoplePlan,
    /// Values that no person owns, by index.
    pub values: Vec<ValuePlan>,
    /// Names of what is captured, by index.
    pub captures: Vec<String>,
    /// What people do, by index.
    pub actions: Vec<ActionPlan>,
    /// The cache under test.
    pub cache: CachePlan,
    /// Who does it, by index.
    pub roles: Vec<RolePlan>,
    /// Requests before the first phase.
    pub setup: Vec<RequestPlan>,
    /// What happens when.
    pub phases: Vec<PhasePlan>,
    /// Requests after the last phase.
    pub teardown: Vec<RequestPlan>,
    /// When to end the run early.
    pub abort_on: Vec<Slo>,
    /// What must hold.
    pub slos: Vec<Slo>,
    /// Who counts as one.
    pub cluster: ClusterPlan,
    /// Confidence of the intervals.
    pub confidence: f64,
    /// Whether phases end as soon as what they can decide is decided.
    pub until_decided: bool,
    /// Actions that are not done, and why.
    pub left_out: Vec<String>,
    /// Environment variables that the scenario names and that are not set: no run without them.
    pub missing: Vec<String>,
    /// Passwords and tokens of people, from files beside the scenario.
    pub credentials: Credentials,
    /// What the environment gave for `${NAME}`.
    pub secrets: Secrets,
    /// The scenario as resolved, for the run folder.
    pub scenario: Scenario,
}

impl Plan {
    /// People at work at once in an ordinary phase.
    pub fn users(&self) -> u32 {
        self.roles.iter().map(|role| role.users).sum()
    }

    /// The longest it can take on the wall, without start-up.
    pub fn longest(&self) -> Duration {
        self.phases.iter().map(|phase| phase.duration).sum()
    }

    /// Length of a slice of evidence: about 300 in a run, in steps of a quarter second,
    /// so that a run of seconds still has the batches that an interval needs. Six at least in
    /// the shortest window of an SLO, as long as that makes no more than 1,200: a day's evidence
    /// must not be larger than a disk and a reader bear.
    pub fn slice(&self) -> Duration {
        const STEP: Duration = Duration::from_millis(250);
        let run = self.longest();
        let usual = steps(run / 300, STEP).max(1);
        let windows = self.slos.iter().filter_map(|slo| slo.window).chain(self.a_minute());
        let steps = match windows.min() {
            // Downwards, so that there are not fewer.
            Some(window) => {
                let fine = ((window / 6).as_millis() / STEP.as_millis()).max(1);
                usual.min(fine).max(steps(run / 1_200, STEP))
            }
            None => usual,
        };
        STEP * u32::try_from(steps).unwrap_or(u32::MAX)
    }

    /// People at one time are those of a minute, where a line asks for them.
    fn a_minute(&self) -> Option<Duration> {
        let of_people = |slo: &Slo| slo.metric == Metric::PeakConcurrency { of: Concurrent::People };
        self.slos.iter().any(of_people).then(|| Duration::from_secs(60))
    }

    /// A wall duration for a duration of the scenario clock.
    pub fn wall(&self, scenario: Duration) -> Duration {
        scenario.div_f64(self.target.time_scale)
    }

    /// An action by index.
    pub fn action(&self, index: u16) -> &ActionPlan {
        &self.actions[usize::from(index)]
    }

    /// A role by index.
    pub fn role(&self, index: u16) -> &RolePlan {
        &self.roles[usize::from(index)]
    }
}

/// How many steps make a length, rounded up.
fn steps(length: Duration, step: Duration) -> u128 {
    length.as_millis().div_ceil(step.as_millis())
}
