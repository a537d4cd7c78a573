//! What a scenario means: names resolved, defaults filled in, choices made. Later
//! stages have nothing left to validate.
//!
//! In: a [`Scenario`] and what the command line changed. Out: a [`Plan`], or an
//! error that points at the line. It does no I/O.

mod action;
mod changes;
mod resolve;
mod role;
mod slos;

pub use action::{ActionPlan, Placeholder, Template};
pub use changes::Changes;
pub use resolve::resolve;
pub use role::{DashboardPlan, RolePlan};
pub use slos::resolve_slos;

use crate::observe::Selector;
use crate::scenario::{Discovery, Kind, Login, Scenario, Size};
use crate::verdict::Slo;
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
    /// What people do, by index.
    pub actions: Vec<ActionPlan>,
    /// Who does it, by index.
    pub roles: Vec<RolePlan>,
    /// What happens when.
    pub phases: Vec<PhasePlan>,
    /// What must hold.
    pub slos: Vec<Slo>,
    /// Confidence of the intervals.
    pub confidence: f64,
    /// Actions that are not done, and why.
    pub left_out: Vec<String>,
    /// The scenario as resolved, for the run folder.
    pub scenario: Scenario,
}

/// The system under test.
#[derive(Clone, Debug)]
pub struct TargetPlan {
    /// Which one.
    pub place: Place,
    /// Seconds of the scenario clock per second of the wall.
    pub time_scale: f64,
    /// How people log in.
    pub login: Login,
    /// Where to ask who there is.
    pub discovery: Discovery,
    /// Path of the management call with memory.
    pub stats: String,
    /// Path of the Prometheus text.
    pub metrics: String,
    /// Series of the database queries of reports.
    pub queries: Selector,
    /// Histogram of store operations.
    pub store_operations: String,
}

/// Where the system under test is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Started for this run.
    Embedded {
        /// How large a school.
        size: Size,
        /// Redis to use as L1, where it is not the in-process store.
        redis: Option<String>,
    },
    /// There already.
    Url(reqwest::Url),
}

/// A stretch of the run.
#[derive(Clone, Debug)]
pub struct PhasePlan {
    /// Name in labels.
    pub name: String,
    /// What kind.
    pub kind: Kind,
    /// Length, or upper limit of pairs, on the wall.
    pub duration: Duration,
    /// Pairs per action (pairs only).
    pub samples: u32,
}

impl PhasePlan {
    /// Whether SLOs are judged on it.
    pub fn measured(&self) -> bool {
        match self.kind {
            Kind::Steady => true,
            Kind::Pairs | Kind::WarmUp => false,
        }
    }
}

impl Plan {
    /// People at work at once.
    pub fn users(&self) -> u32 {
        self.roles.iter().map(|role| role.users).sum()
    }

    /// The longest it can take on the wall, without start-up.
    pub fn longest(&self) -> Duration {
        self.phases.iter().map(|phase| phase.duration).sum()
    }

    /// Length of a slice of evidence: about 300 in a run, in steps of a quarter second,
    /// so that a run of seconds still has the batches that an interval needs.
    pub fn slice(&self) -> Duration {
        const STEP: Duration = Duration::from_millis(250);
        let steps = (self.longest() / 300).as_millis().div_ceil(STEP.as_millis()).max(1);
        STEP * u32::try_from(steps).unwrap_or(u32::MAX)
    }

    /// A wall duration for a duration of the scenario clock.
    pub fn wall(&self, scenario: Duration) -> Duration {
        scenario.div_f64(self.target.time_scale)
    }
}
