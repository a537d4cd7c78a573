//! Scenario to plan: each name that refers to something must refer to it.

use super::changes::{Changes, apply};
use super::slos::resolve_slos;
use super::{ActionPlan, DashboardPlan, PhasePlan, Place, Placeholder, Plan, RolePlan, TargetPlan, Template};
use crate::observe::Selector;
use crate::scenario::{Action, Kind, Phase, Role, Scenario, ScenarioError, Source, suggest};
use std::time::Duration;

// Limits that keep a mistyped number from becoming a disaster.
pub(super) const MAX_USERS: u32 = 10_000;
const MAX_TIME_SCALE: f64 = 3_600.0;
const MAX_NAMES: usize = 64;
const MAX_PHASE: Duration = Duration::from_secs(7 * 24 * 3_600);
const MAX_GAP: Duration = Duration::from_secs(24 * 3_600);
/// Different people for each place at work, unless the scenario says otherwise.
const PEOPLE_PER_PLACE: u32 = 4;
/// Pairs per action and role, unless the scenario says otherwise.
const DEFAULT_SAMPLES: u32 = 40;

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
        if !scenario.scenario.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
            || scenario.scenario.is_empty()
        {
            return Err(self.error(
                &["scenario:"],
                format!(
                    "the name \"{}\" becomes a folder's; use letters, digits, - and _",
                    scenario.scenario
                ),
            ));
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

    fn target(&self, scenario: &Scenario, redis: Option<String>) -> Result<TargetPlan, ScenarioError> {
        let target = &scenario.target;
        let (place, time_scale) = match (&target.embedded, &target.url) {
            (Some(embedded), None) => (Place::Embedded { size: embedded.size, redis }, embedded.time_scale),
            (None, Some(_)) if redis.is_some() => {
                return Err(ScenarioError::Setting {
                    setting: "--redis".into(),
                    what: "only the embedded target can be given a Redis; a deployed one has its own".into(),
                });
            }
            (None, Some(url)) => {
                let parsed: reqwest::Url = url.parse().map_err(|error| {
                    self.error(
                        &[url, "url:"],
                        format!(
                            "target `{url}` is not a URL ({error}); write one like http://127.0.0.1:8080"
                        ),
                    )
                })?;
                if !matches!(parsed.scheme(), "http" | "https") || parsed.host_str().is_none() {
                    return Err(self
                        .error(&[url, "url:"], format!("target `{url}` is not an http:// or https:// URL")));
                }
                (Place::Url(parsed), target.time_scale)
            }
            (Some(_), Some(_)) => {
                return Err(self.error(&["url:"], "target has both `embedded` and `url`; keep one"));
            }
            (None, None) => {
                return Err(self.error(&["target:"], "target needs `embedded: {}` or `url: http://…`"));
            }
        };
        if !(time_scale > 0.0 && time_scale <= MAX_TIME_SCALE) {
            return Err(self.error(
                &["time_scale:"],
                format!("time_scale {time_scale} is not above 0 and at most {MAX_TIME_SCALE}"),
            ));
        }
        let queries: Selector =
            target.counters.queries.parse().map_err(|error| self.error(&["queries:"], error))?;
        Ok(TargetPlan {
            place,
            time_scale,
            login: target.login.clone(),
            discovery: target.discovery.clone(),
            stats: target.counters.stats.clone(),
            metrics: target.counters.metrics.clone(),
            queries,
            store_operations: target.counters.store_operations.clone(),
        })
    }

    fn action(&self, name: &str, action: &Action) -> Result<ActionPlan, ScenarioError> {
        let here = format!("{name}:");
        let template = |text: &str| {
            Template::parse(text).map_err(|unknown| {
                let known: Vec<String> =
                    Placeholder::ALL.iter().map(|hole| format!("{{{}}}", hole.as_str())).collect();
                self.error_below(
                    &["actions:", &here],
                    &[text, &here],
                    format!(
                        "action \"{name}\": unknown placeholder {{{unknown}}}; there are {}",
                        known.join(", ")
                    ),
                )
            })
        };
        if !action.path.starts_with('/') {
            return Err(self.error_below(
                &["actions:", &here],
                &[&action.path, &here],
                format!("action \"{name}\": path `{}` must begin with /", action.path),
            ));
        }
        let pairs =
            |map: &indexmap::IndexMap<String, String>| -> Result<Vec<(String, Template)>, ScenarioError> {
                map.iter().map(|(key, value)| Ok((key.clone(), template(value)?))).collect()
            };
        let path = template(&action.path)?;
        let query = pairs(&action.query)?;
        let mut filters = action.filters.iter().map(pairs).collect::<Result<Vec<_>, _>>()?;
        if filters.is_empty() {
            filters.push(Vec::new());
        }
        let mut uses: Vec<Placeholder> = path.holes().collect();
        uses.extend(query.iter().chain(filters.iter().flatten()).flat_map(|(_, value)| value.holes()));
        if let Some(body) = &action.body {
            for text in strings(body) {
                uses.extend(template(text)?.holes());
            }
        }
        Ok(ActionPlan {
            name: name.into(),
            method: action.method,
            path,
            query,
            filters,
            body: action.body.clone(),
            uses,
        })
    }

    fn role(
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

    fn phases(&self, phases: &[Phase]) -> Result<Vec<PhasePlan>, ScenarioError> {
        let mut resolved: Vec<PhasePlan> = Vec::new();
        for phase in phases {
            let name = phase.name.clone().unwrap_or_else(|| phase.kind.as_str().into());
            let here = format!("kind: {}", phase.kind.as_str());
            if phase.duration.0 < Duration::from_secs(1) {
                let what =
                    format!("phase \"{name}\": duration {} is too short; use at least 1s", phase.duration);
                return Err(self.error(&[&format!("duration: {}", phase.duration), &here], what));
            }
            if phase.duration.0 > MAX_PHASE {
                let what =
                    format!("phase \"{name}\": duration {} is too long; use at most 168h", phase.duration);
                return Err(self.error(&[&format!("duration: {}", phase.duration), &here], what));
            }
            if resolved.iter().any(|known| known.name == name) {
                return Err(
                    self.error(&[&here], format!("two phases are called \"{name}\"; give one a `name:`"))
                );
            }
            if phase.kind == Kind::Pairs && !resolved.is_empty() {
                return Err(
                    self.error(&[&here], "the pairs phase needs a quiet target, so it must come first")
                );
            }
            if phase.samples.is_some() && phase.kind != Kind::Pairs {
                return Err(
                    self.error(&["samples:"], format!("phase \"{name}\": only a pairs phase has `samples`"))
                );
            }
            resolved.push(PhasePlan {
                name,
                kind: phase.kind,
                duration: phase.duration.0,
                samples: phase.samples.unwrap_or(DEFAULT_SAMPLES).min(10_000),
            });
        }
        if resolved.is_empty() {
            return Err(self.error(
                &["phases:"],
                "there are no phases; a run needs at least one, as in {kind: steady, duration: 60s}",
            ));
        }
        Ok(resolved)
    }
}

fn strings(value: &serde_json::Value) -> Vec<&str> {
    match value {
        serde_json::Value::String(text) => vec![text],
        serde_json::Value::Array(items) => items.iter().flat_map(strings).collect(),
        serde_json::Value::Object(map) => map.values().flat_map(strings).collect(),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
