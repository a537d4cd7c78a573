//! A role with its actions found and its numbers in range.

use super::Resolver;
use crate::plan::{ActionPlan, DashboardPlan, RolePlan};
use crate::scenario::{Role, ScenarioError, suggest};
use std::time::Duration;

const MAX_GAP: Duration = Duration::from_secs(24 * 3_600);
/// Different people for each place at work, unless the scenario says otherwise.
const PEOPLE_PER_PLACE: u32 = 4;

impl Resolver<'_> {
    pub(super) fn role(
        &self,
        name: &str,
        role: &Role,
        actions: &[ActionPlan],
        may_write: bool,
    ) -> Result<RolePlan, ScenarioError> {
        let here = format!("{name}:");
        let fail = |needles: &[&str], what: String| {
            self.error_below(&["roles:", &here], needles, format!("role \"{name}\": {what}"))
        };
        if role.users == 0 {
            return Err(fail(
                &["users: 0", &here],
                "users: 0 is nobody; use at least 1, or leave the role out".into(),
            ));
        }
        let index = |action: &str| {
            actions.iter().position(|known| known.name == action).ok_or_else(|| {
                let hint = suggest(action, actions.iter().map(|known| known.name.as_str()));
                fail(&[&format!("{action}:"), action], format!("unknown action \"{action}\"{hint}"))
            })
        };
        let mut weights = Vec::new();
        for (action, weight) in &role.actions {
            let at = index(action)?;
            if !(weight.is_finite() && *weight >= 0.0) {
                return Err(fail(
                    &[&format!("{action}: {weight}"), &here],
                    format!("weight {weight} of \"{action}\" must not be negative"),
                ));
            }
            if *weight > 0.0 && (may_write || actions[at].method.is_read()) {
                weights.push((at as u16, *weight));
            }
        }
        if weights.is_empty() {
            return Err(fail(&[&here], "has nothing to do; give at least one read a weight above 0".into()));
        }
        let positive = |value: f64, what: &str| {
            if value.is_finite() && value > 0.0 {
                Ok(value)
            } else {
                Err(fail(&[&here], format!("{what} {value} must be above 0")))
            }
        };
        let session = &role.session;
        if !(0.0..=1.0).contains(&session.returns) {
            return Err(fail(
                &["returns:", &here],
                format!("session.returns {} is a probability; use 0 to 1", session.returns),
            ));
        }
        if session.pages.is_nan() || session.pages < 1.0 {
            return Err(fail(
                &["pages:", &here],
                format!("session.pages {} is too few; use at least 1", session.pages),
            ));
        }
        if session.gap.0 > MAX_GAP {
            return Err(fail(
                &["gap:", &here],
                format!("session.gap {} is too long; use at most 24h", session.gap),
            ));
        }
        let dashboard = match &role.dashboard {
            None => None,
            Some(dashboard) => {
                let at = index(&dashboard.action)?;
                if !actions[at].method.is_read() {
                    return Err(fail(
                        &["dashboard:"],
                        format!("the dashboard repeats \"{}\", which is a write", dashboard.action),
                    ));
                }
                if dashboard.every.0 < Duration::from_secs(1) {
                    return Err(fail(
                        &["every:"],
                        format!(
                            "a dashboard that refreshes every {} is too fast; use at least 1s",
                            dashboard.every
                        ),
                    ));
                }
                Some(DashboardPlan { action: at as u16, every: dashboard.every.0 })
            }
        };
        Ok(RolePlan {
            name: name.into(),
            users: role.users,
            people: role.people.unwrap_or(role.users.saturating_mul(PEOPLE_PER_PLACE)).max(role.users),
            pages: session.pages,
            gap: session.gap.0,
            returns: session.returns,
            think: role.think.mean.0,
            think_shape: positive(role.think.shape, "think.shape")?,
            favourites: if role.favourites >= 0.0 {
                role.favourites
            } else {
                return Err(fail(&["favourites:"], "favourites must not be negative".into()));
            },
            actions: weights,
            dashboard,
        })
    }
}
