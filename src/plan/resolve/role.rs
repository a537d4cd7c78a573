//! A role with its actions found and its numbers in range.

use super::Resolver;
use crate::plan::{ActionPlan, BurstPlan, DashboardPlan, ReactionPlan, RolePlan, ThinkPlan, Visit};
use crate::scenario::{Role, ScenarioError, suggest};
use std::time::Duration;

const MAX_GAP: Duration = Duration::from_secs(24 * 3_600);
/// Different people for each place at work, unless the scenario says otherwise.
const PEOPLE_PER_PLACE: u32 = 4;
/// Mean pages of a visit, unless the scenario says otherwise (eClass, April 2020).
const PAGES: f64 = 8.5;

/// A role being resolved: what all its checks need.
struct Subject<'a> {
    resolver: &'a Resolver<'a>,
    name: &'a str,
    actions: &'a [ActionPlan],
}

impl Resolver<'_> {
    pub(super) fn role(
        &self,
        name: &str,
        role: &Role,
        actions: &[ActionPlan],
        may_write: bool,
    ) -> Result<RolePlan, ScenarioError> {
        let subject = Subject { resolver: self, name, actions };
        if role.users == 0 {
            return Err(subject.fail(&["users"], "users: 0 is nobody; use at least 1, or leave the role out"));
        }
        let mut weights = Vec::new();
        for (action, weight) in &role.actions {
            let at = subject.action(&["actions", action], action)?;
            if !(weight.is_finite() && *weight >= 0.0) {
                let what = format!("weight {weight} of \"{action}\" must not be negative");
                return Err(subject.fail(&["actions", action], what));
            }
            if *weight > 0.0 && (may_write || actions[usize::from(at)].read) {
                weights.push((at, *weight));
            }
        }
        if weights.is_empty() {
            return Err(subject.fail(&["actions"], subject.idle(role)));
        }
        Ok(RolePlan {
            name: name.into(),
            users: role.users,
            places: role.users,
            people: role.people.unwrap_or(role.users.saturating_mul(PEOPLE_PER_PLACE)).max(role.users),
            visit: subject.visit(role)?,
            gap: role.session.gap.0,
            returns: subject.chance(&["session", "returns"], role.session.returns)?,
            think: subject.think(role)?,
            favourites: subject.exponent("favourites", role.favourites)?,
            filters: subject.exponent("filters", role.filters)?,
            again: subject.chance(&["again"], role.again)?,
            actions: weights,
            dashboard: subject.dashboard(role)?,
            burst: subject.burst(role)?.filter(|_| may_write),
            reacts: subject.reacts(role)?.filter(|_| may_write),
            browser: role.browser,
        })
    }
}

impl Subject<'_> {
    fn fail(&self, path: &[&str], what: impl std::fmt::Display) -> ScenarioError {
        let path = [&["roles", self.name], path].concat();
        self.resolver.error(&path, format!("role \"{}\": {what}", self.name))
    }

    /// Why nothing is left to do: writes may not be sent here, or nothing has a weight.
    fn idle(&self, role: &Role) -> String {
        let weighty =
            |action: &&ActionPlan| role.actions.get(&action.name).is_some_and(|weight| *weight > 0.0);
        let Some(write) = self.actions.iter().find(weighty) else {
            return "has nothing to do; give at least one read a weight above 0".into();
        };
        let (name, method) = (&write.name, &write.request.method);
        if super::request::reads(method) {
            return format!(
                "has nothing to do: `{name}` says `reads: false`, so it is a write, and this target may not be \
                 written to; give a read a weight above 0, or allow it with `target: {{writes: true}}`"
            );
        }
        format!(
            "has nothing to do: `{name}` is a {method}, so a write: `reads: true` if it only reads, or \
             `target: {{writes: true}}`"
        )
    }

    fn action(&self, path: &[&str], name: &str) -> Result<u16, ScenarioError> {
        let found = self.actions.iter().position(|known| known.name == name);
        found.and_then(|at| u16::try_from(at).ok()).ok_or_else(|| {
            let hint = suggest(name, self.actions.iter().map(|known| known.name.as_str()));
            let path = [&["roles", self.name], path].concat();
            let what = format!("role \"{}\": unknown action \"{name}\"{hint}", self.name);
            self.resolver.misnamed(&path, name, what)
        })
    }

    /// An action that only reads.
    fn read(&self, path: &[&str], name: &str, what: &str) -> Result<u16, ScenarioError> {
        let at = self.action(path, name)?;
        if self.actions[usize::from(at)].read {
            return Ok(at);
        }
        Err(self.fail(path, format!("{what} \"{name}\", which is a write")))
    }

    /// An action that writes.
    fn write(&self, path: &[&str], name: &str, what: &str) -> Result<u16, ScenarioError> {
        let at = self.action(path, name)?;
        if self.actions[usize::from(at)].read {
            return Err(self.fail(path, format!("{what} \"{name}\", which only reads")));
        }
        Ok(at)
    }

    fn chance(&self, path: &[&str], value: f64) -> Result<f64, ScenarioError> {
        if (0.0..=1.0).contains(&value) {
            return Ok(value);
        }
        Err(self.fail(path, format!("{} {value} is a probability; use 0 to 1", path.join("."))))
    }

    fn exponent(&self, name: &str, value: f64) -> Result<f64, ScenarioError> {
        if value.is_finite() && value >= 0.0 {
            return Ok(value);
        }
        Err(self.fail(&[name], format!("{name} {value} must not be negative")))
    }

    fn visit(&self, role: &Role) -> Result<Visit, ScenarioError> {
        let session = &role.session;
        if session.gap.0 > MAX_GAP {
            let what = format!("session.gap {} is too long; use at most 24h", session.gap);
            return Err(self.fail(&["session", "gap"], what));
        }
        match (session.pages, session.length) {
            (Some(_), Some(_)) => {
                Err(self.fail(&["session", "length"], "a session has `pages` or a `length`, not both"))
            }
            (None, Some(length)) if length.0 < Duration::from_secs(1) => {
                let what = format!("session.length {length} is too short; use at least 1s");
                Err(self.fail(&["session", "length"], what))
            }
            (None, Some(length)) => Ok(Visit::Length(length.0)),
            (pages, None) => {
                let pages = pages.unwrap_or(PAGES);
                if pages.is_nan() || !(1.0..=10_000.0).contains(&pages) {
                    let what = format!("session.pages {pages} is not a number of pages; use at least 1");
                    return Err(self.fail(&["session", "pages"], what));
                }
                Ok(Visit::Pages(pages))
            }
        }
    }

    fn think(&self, role: &Role) -> Result<ThinkPlan, ScenarioError> {
        let think = &role.think;
        if !(think.shape.is_finite() && think.shape > 0.0) {
            let what = format!("think.shape {} must be above 0", think.shape);
            return Err(self.fail(&["think", "shape"], what));
        }
        if think.mean.0.is_zero() {
            let what =
                "think.mean 0s is a machine, not a person; for load by the clock use a phase of kind `open`";
            return Err(self.fail(&["think", "mean"], what));
        }
        Ok(ThinkPlan { distribution: think.distribution, mean: think.mean.0, shape: think.shape })
    }

    fn dashboard(&self, role: &Role) -> Result<Option<DashboardPlan>, ScenarioError> {
        let Some(dashboard) = &role.dashboard else { return Ok(None) };
        let action = self.read(&["dashboard", "action"], &dashboard.action, "the dashboard repeats")?;
        if dashboard.every.0 < Duration::from_secs(1) {
            let what =
                format!("a dashboard that refreshes every {} is too fast; use at least 1s", dashboard.every);
            return Err(self.fail(&["dashboard", "every"], what));
        }
        Ok(Some(DashboardPlan { action, every: dashboard.every.0 }))
    }

    fn burst(&self, role: &Role) -> Result<Option<BurstPlan>, ScenarioError> {
        let Some(burst) = &role.burst else { return Ok(None) };
        let action = self.write(&["burst", "action"], &burst.action, "a burst repeats")?;
        if burst.size.is_nan() || !(1.0..=1_000.0).contains(&burst.size) {
            let what = format!("burst.size {} is not a number of writes; use 1 to 1000", burst.size);
            return Err(self.fail(&["burst", "size"], what));
        }
        let chance = self.chance(&["burst", "chance"], burst.chance)?;
        Ok(Some(BurstPlan { action, size: burst.size, think: burst.think.0, chance }))
    }

    fn reacts(&self, role: &Role) -> Result<Option<ReactionPlan>, ScenarioError> {
        let Some(reacts) = &role.reacts else { return Ok(None) };
        let to = self.write(&["reacts", "to"], &reacts.to, "people react to")?;
        if self.actions[usize::from(to)].changes.is_empty() {
            let what = format!(
                "nobody can react to \"{}\", because it does not say whom it `changes` something for",
                reacts.to
            );
            return Err(self.fail(&["reacts", "to"], what));
        }
        let mut with = Vec::new();
        for (at, name) in reacts.with_.iter().enumerate() {
            with.push(self.read(
                &["reacts", "with", &at.to_string()],
                name,
                "people react by reading, and not with",
            )?);
        }
        if with.is_empty() {
            return Err(self.fail(&["reacts", "with"], "a reaction needs a read, as in `with: [list]`"));
        }
        let chance = self.chance(&["reacts", "chance"], reacts.chance)?;
        Ok(Some(ReactionPlan { to, with, within: reacts.within.0, chance }))
    }
}
