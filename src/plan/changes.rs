//! What the command line changes of a scenario, before it is resolved.

use super::resolve::MAX_USERS;
use crate::scenario::{Kind, Phase, Scenario, ScenarioError, Span};
use std::time::Duration;

/// What the command line changed.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Another target.
    pub target: Option<String>,
    /// Redis as L1 of the embedded target.
    pub redis: Option<String>,
    /// Another seed.
    pub seed: Option<u64>,
    /// Length of the steady phase, or of what is measured where there is none.
    pub duration: Option<Duration>,
    /// People at work, spread over the roles as the scenario spreads them.
    pub users: Option<u32>,
}

/// Applies the changes.
pub(super) fn apply(scenario: &mut Scenario, changes: &Changes) -> Result<(), ScenarioError> {
    if let Some(url) = &changes.target {
        scenario.target.embedded = None;
        scenario.target.url = Some(url.clone());
    }
    if let Some(seed) = changes.seed {
        scenario.seed = seed;
    }
    if let Some(duration) = changes.duration {
        // The steady phase is meant; a scenario without one means whatever it measures.
        let steady = scenario.phases.iter().any(|phase| phase.kind == Kind::Steady);
        let meant = |phase: &Phase| if steady { phase.kind == Kind::Steady } else { measures(phase.kind) };
        for phase in scenario.phases.iter_mut().filter(|phase| meant(phase)) {
            phase.duration = Span(duration);
        }
    }
    if let Some(users) = changes.users {
        let total: f64 = scenario.roles.values().map(|role| f64::from(role.users)).sum();
        let roles = u32::try_from(scenario.roles.len()).unwrap_or(u32::MAX);
        if users < roles || users > MAX_USERS {
            return Err(ScenarioError::Setting {
                setting: format!("--users {users}"),
                what: format!("needs at least one for each of the {roles} roles, and at most {MAX_USERS}"),
            });
        }
        for role in scenario.roles.values_mut() {
            let share = f64::from(role.users) * f64::from(users) / total.max(1.0);
            role.people = role
                .people
                .map(|people| (f64::from(people) * f64::from(users) / total.max(1.0)).ceil() as u32);
            role.users = (share.round() as u32).max(1);
        }
    }
    Ok(())
}

/// Whether a phase of this kind is there to be measured.
fn measures(kind: Kind) -> bool {
    match kind {
        Kind::Steady | Kind::Day | Kind::GradeBurst | Kind::Bell | Kind::ReportNight | Kind::Open => true,
        Kind::Pairs | Kind::WarmUp | Kind::Quiet | Kind::Breakpoint | Kind::Replay => false,
    }
}
