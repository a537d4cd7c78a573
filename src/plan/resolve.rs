//! Scenario to plan: each name that refers to something must refer to it.

mod action;
mod phases;
mod role;
mod target;

use super::changes::{Changes, apply};
use super::slos::resolve_slos;
use super::{ActionPlan, Place, Plan, RolePlan};
use crate::scenario::{Scenario, ScenarioError, Source};

// Limits that keep a mistyped number from becoming a disaster.
pub(super) const MAX_USERS: u32 = 10_000;
const MAX_NAMES: usize = 64;

/// Resolves a scenario.
pub fn resolve(mut scenario: Scenario, source: &Source, changes: &Changes) -> Result<Plan, ScenarioError> {
    apply(&mut scenario, changes)?;
    let resolver = Resolver { source };
    resolver.resolve(scenario, changes.redis.clone())
}

struct Resolver<'a> {
    source: &'a Source,
}

impl Resolver<'_> {
    fn error(&self, needles: &[&str], what: impl std::fmt::Display) -> ScenarioError {
        ScenarioError::at(self.source, self.source.locate(needles), what)
    }

    fn error_below(
        &self,
        headings: &[&str],
        needles: &[&str],
        what: impl std::fmt::Display,
    ) -> ScenarioError {
        ScenarioError::at(self.source, self.source.locate_below(headings, needles), what)
    }

    fn resolve(&self, scenario: Scenario, redis: Option<String>) -> Result<Plan, ScenarioError> {
        self.name("scenario:", &scenario.scenario)?;
        for name in scenario.actions.keys().chain(scenario.roles.keys()) {
            self.name(&format!("{name}:"), name)?;
        }
        if !(scenario.confidence > 0.5 && scenario.confidence < 1.0) {
            return Err(self.error(
                &["confidence:"],
                format!("confidence {} is not between 0.5 and 1; 0.95 is usual", scenario.confidence),
            ));
        }
        let target = self.target(&scenario, redis)?;
        let may_write = matches!(target.place, Place::Embedded { .. }) || scenario.target.writes;
        if scenario.actions.is_empty() || scenario.actions.len() > MAX_NAMES {
            return Err(self.error(
                &["actions:"],
                format!("{} actions; there must be 1 to {MAX_NAMES}", scenario.actions.len()),
            ));
        }
        if scenario.roles.is_empty() || scenario.roles.len() > MAX_NAMES {
            return Err(self.error(
                &["roles:"],
                format!("{} roles; there must be 1 to {MAX_NAMES}", scenario.roles.len()),
            ));
        }
        let actions: Vec<ActionPlan> = scenario
            .actions
            .iter()
            .map(|(name, action)| self.action(name, action))
            .collect::<Result<_, _>>()?;
        let mut left_out = Vec::new();
        if !may_write {
            let writes = actions.iter().filter(|action| !action.method.is_read());
            left_out.extend(writes.map(|action| {
                format!("`{}`, a write, because we did not start this target; `target: {{writes: true}}` allows it", action.name)
            }));
        }
        let roles: Vec<RolePlan> = scenario
            .roles
            .iter()
            .map(|(name, role)| self.role(name, role, &actions, may_write))
            .collect::<Result<_, _>>()?;
        let users: u64 = roles.iter().map(|role| u64::from(role.users)).sum();
        if users > u64::from(MAX_USERS) {
            return Err(self.error(
                &["users:"],
                format!("{users} users are more than the {MAX_USERS} that one generator may have"),
            ));
        }
        let phases = self.phases(&scenario.phases)?;
        let names = |names: Vec<&String>| names.into_iter().cloned().collect::<Vec<String>>();
        let slos = resolve_slos(
            &scenario.slos,
            &names(scenario.roles.keys().collect()),
            &names(scenario.actions.keys().collect()),
            &phases.iter().map(|phase| phase.name.clone()).collect::<Vec<_>>(),
            self.source,
        )?;
        Ok(Plan {
            name: scenario.scenario.clone(),
            about: scenario.about.clone(),
            seed: scenario.seed,
            target,
            actions,
            roles,
            phases,
            slos,
            confidence: scenario.confidence,
            left_out,
            scenario,
        })
    }

    /// Names become folders, labels and tags.
    fn name(&self, at: &str, name: &str) -> Result<(), ScenarioError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
            let what = format!("the name \"{name}\" becomes a label; use up to 64 letters, digits, - and _");
            return Err(self.error(&[at, name], what));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
