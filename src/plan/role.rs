//! People of one role, resolved.

use crate::scenario::Distribution;
use std::time::Duration;

/// How people of one role behave; times on the scenario clock.
#[derive(Clone, Debug)]
pub struct RolePlan {
    /// Name in labels.
    pub name: String,
    /// At work at once, where a phase does not say otherwise.
    pub users: u32,
    /// Places for the phase with the most of them.
    pub places: u32,
    /// Different people in the run.
    pub people: u32,
    /// How long a visit is.
    pub visit: Visit,
    /// Mean pause between visits.
    pub gap: Duration,
    /// Probability that the next visit is by the same person.
    pub returns: f64,
    /// Time between two pages.
    pub think: ThinkPlan,
    /// Zipf exponent over what a person may use.
    pub favourites: f64,
    /// Zipf exponent over the filters of an action.
    pub filters: f64,
    /// Chance that a page is the one before, once more.
    pub again: f64,
    /// (index of the action, weight).
    pub actions: Vec<(u16, f64)>,
    /// A page that refreshes itself.
    pub dashboard: Option<DashboardPlan>,
    /// Writes in a row.
    pub burst: Option<BurstPlan>,
    /// What they do when somebody else writes.
    pub reacts: Option<ReactionPlan>,
    /// Whether they have a browser that keeps copies.
    pub browser: bool,
}

/// How long a visit is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Visit {
    /// Mean number of pages (geometric).
    Pages(f64),
    /// Mean time (exponential).
    Length(Duration),
}

/// Time between two pages.
#[derive(Clone, Copy, Debug)]
pub struct ThinkPlan {
    /// The distribution.
    pub distribution: Distribution,
    /// Mean.
    pub mean: Duration,
    /// Weibull's shape, or the standard deviation of the logarithm.
    pub shape: f64,
}

/// A page that refreshes itself.
#[derive(Clone, Debug)]
pub struct DashboardPlan {
    /// Index of the action.
    pub action: u16,
    /// How often.
    pub every: Duration,
}

/// Writes in a row.
#[derive(Clone, Debug)]
pub struct BurstPlan {
    /// Index of the action.
    pub action: u16,
    /// Mean number in a row (geometric).
    pub size: f64,
    /// Mean pause between two (exponential).
    pub think: Duration,
    /// Chance that a page is the beginning of a row.
    pub chance: f64,
}

/// What people do when somebody else writes something they must see.
#[derive(Clone, Debug)]
pub struct ReactionPlan {
    /// Index of the write.
    pub to: u16,
    /// Indices of the reads, in order.
    pub with: Vec<u16>,
    /// Mean time until they look (exponential).
    pub within: Duration,
    /// Chance that somebody looks.
    pub chance: f64,
}

impl RolePlan {
    /// Every action that they may come to do.
    pub fn reachable(&self) -> impl Iterator<Item = u16> {
        let weighted = self.actions.iter().map(|(action, _)| *action);
        let dashboard = self.dashboard.iter().map(|dashboard| dashboard.action);
        let burst = self.burst.iter().map(|burst| burst.action);
        let reacts = self.reacts.iter().flat_map(|reacts| reacts.with.iter().copied());
        weighted.chain(dashboard).chain(burst).chain(reacts)
    }
}
