//! Scenario to plan: each name that refers to something must refer to it.

mod action;
mod cache;
mod cluster;
mod names;
mod people;
mod phases;
mod request;
mod role;
mod target;

use super::changes::{Changes, apply};
use super::slos::{Names, resolve_slos};
use super::{ActionPlan, Plan, RolePlan, Secrets, ValuePlan};
use crate::scenario::{Credentials, Scenario, ScenarioError, Source, Value, env};
use std::cell::RefCell;

// Limits that keep a mistyped number from becoming a disaster.
pub(super) const MAX_USERS: u32 = 10_000;
const MAX_NAMES: usize = 64;

/// Resolves a scenario.
///
/// # Errors
/// What is wrong with it, with its line.
pub fn resolve(mut scenario: Scenario, source: &Source, changes: &Changes) -> Result<Plan, ScenarioError> {
    apply(&mut scenario, changes)?;
    let resolver = Resolver { source, changes, missing: RefCell::default(), secrets: RefCell::default() };
    resolver.resolve(scenario)
}

struct Resolver<'a> {
    source: &'a Source,
    changes: &'a Changes,
    /// Variables that are not set.
    missing: RefCell<Vec<String>>,
    /// Values of those that are.
    secrets: RefCell<Secrets>,
}

impl Resolver<'_> {
    fn error(&self, path: &[&str], what: impl std::fmt::Display) -> ScenarioError {
        ScenarioError::at(self.source, path, what)
    }

    /// An error in a name, which stands at a path as a key or as a value.
    fn misnamed(&self, path: &[&str], name: &str, what: impl std::fmt::Display) -> ScenarioError {
        if path.last() == Some(&name) {
            return ScenarioError::at_key(self.source, path, what);
        }
        ScenarioError::at(self.source, path, what)
    }

    /// The text with variables of the environment in it. One that is not set is noted: the
    /// scenario is right all the same, it just cannot be run.
    fn expand(&self, text: &str) -> String {
        self.expand_noting(text, &|value| self.secrets.borrow_mut().add(value))
    }

    /// The same of a text that everybody may see.
    fn expand_open(&self, text: &str) -> String {
        self.expand_noting(text, &|_| {})
    }

    fn expand_noting(&self, text: &str, note: &dyn Fn(&str)) -> String {
        let look_up = |name: &str| {
            let found = std::env::var(name).ok();
            if found.is_none() && !self.missing.borrow().iter().any(|known| known == name) {
                self.missing.borrow_mut().push(name.to_owned());
            }
            found.as_deref().into_iter().for_each(note);
            Some(found.unwrap_or_default())
        };
        env::expand(text, &look_up).unwrap_or_else(|_| text.to_owned())
    }

    fn resolve(&self, scenario: Scenario) -> Result<Plan, ScenarioError> {
        self.name(&["scenario"], &scenario.scenario)?;
        for (heading, names) in [
            ("actions", scenario.actions.keys().collect::<Vec<_>>()),
            ("roles", scenario.roles.keys().collect()),
            ("values", scenario.values.keys().collect()),
        ] {
            for name in &names {
                self.name(&[heading, name], name)?;
            }
            if heading != "values" && (names.is_empty() || names.len() > MAX_NAMES) {
                let what = format!("{} {heading}; there must be 1 to {MAX_NAMES}", names.len());
                return Err(self.error(&[heading], what));
            }
        }
        if !(scenario.confidence > 0.5 && scenario.confidence < 1.0) {
            return Err(self.error(
                &["confidence"],
                format!("confidence {} is not between 0.5 and 1; 0.95 is usual", scenario.confidence),
            ));
        }
        let scope = self.scope(&scenario)?;
        let target = self.target(&scenario, &scope)?;
        let values = self.values(&scenario)?;
        let actions: Vec<ActionPlan> = scenario
            .actions
            .iter()
            .map(|(name, action)| self.action(name, action, &scenario, &scope))
            .collect::<Result<_, _>>()?;
        let mut left_out = Vec::new();
        if !target.may_write {
            let writes = actions.iter().filter(|action| !action.read);
            left_out.extend(writes.map(|action| {
                format!("`{}`, a write, because we did not start this target; `target: {{writes: true}}` allows it", action.name)
            }));
        }
        let mut roles: Vec<RolePlan> = scenario
            .roles
            .iter()
            .map(|(name, role)| self.role(name, role, &actions, target.may_write))
            .collect::<Result<_, _>>()?;
        let phases = self.phases(&scenario, &actions, &roles)?;
        for (index, role) in roles.iter_mut().enumerate() {
            let most = phases.iter().filter_map(|phase| phase.mood()?.users.get(index)).max();
            role.places = most.copied().unwrap_or(0).max(role.users);
            role.people = role.people.max(role.places);
        }
        let places: u64 = roles.iter().map(|role| u64::from(role.places)).sum();
        if places > u64::from(MAX_USERS) {
            let what = format!("{places} users are more than the {MAX_USERS} that one generator may have");
            return Err(self.error(&["roles", &roles[0].name, "users"], what));
        }
        let cluster = self.cluster(&scenario.cluster, &scope)?;
        let people = self.people(&scenario, &scope, &actions, &roles, cluster.stock)?;
        let cache = self.cache(&scenario, &scope, &actions)?;
        let names = Names {
            roles: scenario.roles.keys().cloned().collect(),
            actions: scenario.actions.keys().cloned().collect(),
            phases: phases.iter().map(|phase| phase.name.clone()).collect(),
        };
        let slos = resolve_slos("slos", &scenario.slos, &names, self.source)?;
        let abort_on = resolve_slos("abort_on", &scenario.abort_on, &names, self.source)?;
        self.abort_lines(&abort_on)?;
        let own = |heading: &str, requests: &[crate::scenario::RequestSpec]| {
            let each = requests.iter().enumerate();
            each.map(|(at, request)| {
                self.request(&[heading, &at.to_string()], request, &scope, &["role", "page", "password"])
            })
            .collect::<Result<Vec<_>, _>>()
        };
        let (setup, teardown) = (own("setup", &scenario.setup)?, own("teardown", &scenario.teardown)?);
        let writes = |request: &super::RequestPlan| !request::reads(&request.method);
        for (heading, requests) in [("setup", &setup), ("teardown", &teardown)] {
            if let (false, Some(at)) = (target.may_write, requests.iter().position(writes)) {
                let what = "this request may change a target that we did not start; `target: {writes: true}` allows it";
                return Err(self.error(&[heading, &at.to_string()], what));
            }
        }
        Ok(Plan {
            name: scenario.scenario.clone(),
            about: scenario.about.clone(),
            seed: scenario.seed,
            target,
            people,
            values,
            captures: scope.captures,
            actions,
            cache,
            roles,
            setup,
            phases,
            teardown,
            abort_on,
            slos,
            cluster,
            confidence: scenario.confidence,
            until_decided: false,
            left_out,
            missing: self.missing.take(),
            credentials: Credentials::default(),
            secrets: self.secrets.take(),
            scenario,
        })
    }

    fn values(&self, scenario: &Scenario) -> Result<Vec<ValuePlan>, ScenarioError> {
        let check = |(name, kind): (&String, &Value)| {
            let fault = match kind {
                Value::Random(from, to) if from > to => {
                    Some(format!("random [{from}, {to}] is empty; write the smaller number first"))
                }
                Value::Zipf(zipf) if zipf.from > zipf.to => {
                    Some(format!("zipf from {} to {} is empty", zipf.from, zipf.to))
                }
                Value::Zipf(zipf) if !(zipf.exponent.is_finite() && zipf.exponent >= 0.0) => {
                    Some(format!("exponent {} must not be negative", zipf.exponent))
                }
                Value::OneOf(items) if items.is_empty() => Some("one_of: [] has nothing to draw".into()),
                Value::Random(..) | Value::Zipf(_) | Value::Counter(_) | Value::OneOf(_) => None,
            };
            match fault {
                Some(what) => Err(self.error(&["values", name], format!("value \"{name}\": {what}"))),
                None => Ok(ValuePlan { name: name.clone(), kind: kind.clone() }),
            }
        };
        scenario.values.iter().map(check).collect()
    }

    /// Names become folders, labels and tags.
    fn name(&self, path: &[&str], name: &str) -> Result<(), ScenarioError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
            let what = format!("the name \"{name}\" becomes a label; use up to 64 letters, digits, - and _");
            return Err(self.misnamed(path, name, what));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
