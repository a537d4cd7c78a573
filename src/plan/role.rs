//! People of one role, resolved.

use std::time::Duration;

/// How people of one role behave; times on the scenario clock.
#[derive(Clone, Debug)]
pub struct RolePlan {
    /// Name in labels.
    pub name: String,
    /// At work at once.
    pub users: u32,
    /// Different people in the run.
    pub people: u32,
    /// Mean pages of a visit.
    pub pages: f64,
    /// Mean pause between visits.
    pub gap: Duration,
    /// Probability that the next visit is by the same person.
    pub returns: f64,
    /// Mean think time.
    pub think: Duration,
    /// Weibull shape of the think time.
    pub think_shape: f64,
    /// Zipf exponent over a person's reports.
    pub favourites: f64,
    /// (index of the action, weight).
    pub actions: Vec<(u16, f64)>,
    /// A page that refreshes itself.
    pub dashboard: Option<DashboardPlan>,
}

/// A page that refreshes itself.
#[derive(Clone, Debug)]
pub struct DashboardPlan {
    /// Index of the action.
    pub action: u16,
    /// How often.
    pub every: Duration,
}
