//! Phases in an order that can be measured.

use super::Resolver;
use crate::plan::slos::{Names, resolve_slos_at};
use crate::plan::{ActionPlan, ArrivalsPlan, Mood, PhasePlan, RolePlan, Work};
use crate::scenario::{Arrivals, Kind, Phase, Scenario, ScenarioError, Shape, suggest};
use crate::verdict::{Metric, Slo};
use std::time::Duration;

const MAX_PHASE: Duration = Duration::from_secs(7 * 24 * 3_600);
/// Pairs per action and role, unless the scenario says otherwise.
const DEFAULT_SAMPLES: u32 = 40;
/// Writes come so much more often in a grade burst, unless the scenario says otherwise.
const BURST: f64 = 10.0;
/// Everybody comes within this time of the bell, unless the scenario says otherwise.
const BELL: Duration = Duration::from_secs(30);
/// Requests a second that one generator may be asked for.
const MAX_RATE: f64 = 1e6;
const MAX_STEPS: u32 = 100;
/// How far a line of `abort_on` may look back: each second of it is kept apart.
const LONGEST_LOOK: Duration = Duration::from_secs(3_600);

/// What a phase is resolved against.
#[derive(Clone, Copy)]
struct Company<'a> {
    actions: &'a [ActionPlan],
    roles: &'a [RolePlan],
}

impl Resolver<'_> {
    pub(super) fn phases(
        &self,
        scenario: &Scenario,
        actions: &[ActionPlan],
        roles: &[RolePlan],
    ) -> Result<Vec<PhasePlan>, ScenarioError> {
        let company = Company { actions, roles };
        let mut resolved: Vec<PhasePlan> = Vec::new();
        for (at, phase) in scenario.phases.iter().enumerate() {
            let plan = self.phase(&at.to_string(), phase, company)?;
            if resolved.iter().any(|known| known.name == plan.name) {
                let what = format!("two phases are called \"{}\"; give one a `name:`", plan.name);
                return Err(self.error(&["phases", &at.to_string(), "kind"], what));
            }
            resolved.push(plan);
        }
        let inside = resolved.iter().enumerate().skip(1).take(resolved.len().saturating_sub(2));
        if let Some((at, phase)) = inside.into_iter().find(|(_, phase)| phase.kind == Kind::Pairs) {
            let what =
                format!("phase \"{}\" needs a quiet target: put pairs first or, better, last", phase.name);
            return Err(self.error(&["phases", &at.to_string(), "kind"], what));
        }
        if resolved.is_empty() {
            let what = "there are no phases; a run needs at least one, as in {kind: steady, duration: 60s}";
            return Err(self.error(&["phases"], what));
        }
        Ok(resolved)
    }

    fn phase(&self, at: &str, phase: &Phase, company: Company<'_>) -> Result<PhasePlan, ScenarioError> {
        let name = phase.name.clone().unwrap_or_else(|| phase.kind.as_str().into());
        let fail =
            |key: &str, what: String| self.error(&["phases", at, key], format!("phase \"{name}\": {what}"));
        if phase.duration.0 < Duration::from_secs(1) {
            let what = format!("duration {} is too short; use at least 1s", phase.duration);
            return Err(fail("duration", what));
        }
        if phase.duration.0 > MAX_PHASE {
            return Err(fail(
                "duration",
                format!("duration {} is too long; use at most 168h", phase.duration),
            ));
        }
        self.name(&["phases", at, "name"], &name)?;
        let kind = phase.kind;
        let people = matches!(
            kind,
            Kind::WarmUp
                | Kind::Steady
                | Kind::Day
                | Kind::GradeBurst
                | Kind::Bell
                | Kind::ReportNight
                | Kind::Quiet
        );
        let by_clock = matches!(kind, Kind::Open | Kind::Breakpoint);
        let misplaced = [
            ("samples", phase.samples.is_some() && kind != Kind::Pairs, "a pairs phase"),
            ("users", !phase.users.is_empty() && !people, "a phase with people at work"),
            ("pace", phase.pace.is_some() && !people, "a phase with people at work"),
            ("weights", !phase.weights.is_empty() && !people, "a phase with people at work"),
            ("curve", !phase.curve.is_empty() && !people, "a phase with people at work"),
            ("together", phase.together.is_some() && !people, "a phase with people at work"),
            ("arrivals", phase.arrivals.is_some() && !by_clock, "an open or breakpoint phase"),
            ("steps", phase.steps.is_some() && kind != Kind::Breakpoint, "a breakpoint phase"),
            ("limits", !phase.limits.is_empty() && kind != Kind::Breakpoint, "a breakpoint phase"),
            ("file", phase.file.is_some() && kind != Kind::Replay, "a replay phase"),
        ];
        if let Some((key, _, owner)) = misplaced.into_iter().find(|(_, misplaced, _)| *misplaced) {
            return Err(fail(key, format!("only {owner} has `{key}`")));
        }
        let work = match kind {
            Kind::Pairs => Work::Pairs { samples: phase.samples.unwrap_or(DEFAULT_SAMPLES).min(10_000) },
            Kind::Open => Work::Open(self.arrivals(at, phase)?),
            Kind::Breakpoint => self.breakpoint(at, phase, company)?,
            Kind::Replay => match &phase.file {
                Some(file) => Work::Replay { file: file.into() },
                None => return Err(fail("kind", "needs a `file:`, a trace that `run --trace` wrote".into())),
            },
            Kind::WarmUp
            | Kind::Steady
            | Kind::Day
            | Kind::GradeBurst
            | Kind::Bell
            | Kind::ReportNight
            | Kind::Quiet => Work::People(self.mood(at, phase, company)?),
        };
        let measured = phase.measured.unwrap_or(match kind {
            Kind::Steady | Kind::Day | Kind::GradeBurst | Kind::Bell | Kind::ReportNight | Kind::Open => true,
            Kind::Pairs | Kind::WarmUp | Kind::Quiet | Kind::Breakpoint | Kind::Replay => false,
        });
        if measured && kind == Kind::Pairs {
            return Err(fail("measured", "pairs are judged by themselves (speedup), not as traffic".into()));
        }
        Ok(PhasePlan { name, kind, duration: phase.duration.0, measured, work })
    }

    fn mood(&self, at: &str, phase: &Phase, company: Company<'_>) -> Result<Mood, ScenarioError> {
        let Company { actions, roles } = company;
        let fail = |path: &[&str], what: String| self.error(&[&["phases", at], path].concat(), what);
        let factor = |path: &[&str], value: f64| {
            if value.is_finite() && (0.0..=1_000.0).contains(&value) {
                return Ok(value);
            }
            Err(fail(path, format!("{value} is no factor; use 0 to 1000, 1 changes nothing")))
        };
        let mut mood = Mood::ordinary(roles.iter().map(|role| role.users).collect(), actions.len());
        for (name, times) in &phase.users {
            let role = roles.iter().position(|role| role.name == *name).ok_or_else(|| {
                let hint = suggest(name, roles.iter().map(|role| role.name.as_str()));
                self.misnamed(&["phases", at, "users", name], name, format!("unknown role \"{name}\"{hint}"))
            })?;
            let times = factor(&["users", name], *times)?;
            mood.users[role] = (f64::from(mood.users[role]) * times).round() as u32;
        }
        for (name, times) in &phase.weights {
            let action = actions.iter().position(|action| action.name == *name).ok_or_else(|| {
                let hint = suggest(name, actions.iter().map(|action| action.name.as_str()));
                self.misnamed(
                    &["phases", at, "weights", name],
                    name,
                    format!("unknown action \"{name}\"{hint}"),
                )
            })?;
            mood.weights[action] = factor(&["weights", name], *times)?;
        }
        if let Some(pace) = phase.pace {
            mood.pace = factor(&["pace"], pace)?;
            if pace < 0.001 {
                return Err(fail(&["pace"], format!("pace {pace} is too slow; use at least 0.001")));
            }
        }
        if let Some(share) = phase.curve.iter().find(|share| !(0.0..=1.0).contains(*share)) {
            let what = format!("{share} is no share of the people; a curve goes from 0 (nobody) to 1 (all)");
            return Err(fail(&["curve"], what));
        }
        mood.curve.clone_from(&phase.curve);
        mood.together = phase.together.map(|span| span.0);
        match phase.kind {
            Kind::Quiet => mood.users.fill(0),
            Kind::Bell => mood.together = mood.together.or(Some(BELL)),
            Kind::GradeBurst if phase.weights.is_empty() => {
                if actions.iter().all(|action| action.read) {
                    return Err(fail(&["kind"], "a grade burst needs an action that writes".into()));
                }
                for (weight, action) in mood.weights.iter_mut().zip(actions) {
                    *weight = if action.read { 1.0 } else { BURST };
                }
            }
            Kind::Day if phase.curve.is_empty() => {
                let what = "a day needs a `curve:`, how many of the people are at work, as in [0.2, 1, 0.6]";
                return Err(fail(&["kind"], what.into()));
            }
            Kind::ReportNight if phase.users.is_empty() => {
                let what = "a report night needs `users:`, who comes in what numbers, as in {parent: 40}";
                return Err(fail(&["kind"], what.into()));
            }
            Kind::GradeBurst | Kind::Day | Kind::ReportNight | Kind::WarmUp | Kind::Steady => {}
            Kind::Pairs | Kind::Open | Kind::Breakpoint | Kind::Replay => {}
        }
        Ok(mood)
    }

    fn arrivals(&self, at: &str, phase: &Phase) -> Result<ArrivalsPlan, ScenarioError> {
        let fail = |path: &[&str], what: String| self.error(&[&["phases", at], path].concat(), what);
        let Some(arrivals) = &phase.arrivals else {
            let what = "requests that arrive by the clock need `arrivals:`, as in {rate: 50, pool: 100}";
            return Err(fail(&["kind"], what.into()));
        };
        let Arrivals { rate, shape, to, period, pool } = arrivals;
        for (key, value) in [("rate", Some(*rate)), ("to", *to)] {
            if let Some(value) = value.filter(|value| !(*value > 0.0 && *value <= MAX_RATE)) {
                let what = format!("{key} {value} is no rate; use requests a second above 0");
                return Err(fail(&["arrivals", key], what));
            }
        }
        let goes_on = matches!(shape, Shape::Ramp | Shape::Sine) || phase.kind == Kind::Breakpoint;
        if goes_on && to.is_none() {
            return Err(fail(&["arrivals"], "needs a `to:`, the rate that it rises to".into()));
        }
        if *pool == 0 || *pool > super::MAX_USERS {
            let what = format!("pool {pool} is not between 1 and {}", super::MAX_USERS);
            return Err(fail(&["arrivals", "pool"], what));
        }
        Ok(ArrivalsPlan {
            rate: *rate,
            shape: *shape,
            to: to.unwrap_or(*rate),
            period: period.map_or(phase.duration.0, |period| period.0),
            pool: *pool,
        })
    }

    fn breakpoint(&self, at: &str, phase: &Phase, company: Company<'_>) -> Result<Work, ScenarioError> {
        let fail = |path: &[&str], what: String| self.error(&[&["phases", at], path].concat(), what);
        let arrivals = self.arrivals(at, phase)?;
        if arrivals.to <= arrivals.rate {
            return Err(fail(&["arrivals", "to"], "a breakpoint rises: `to` must be above `rate`".into()));
        }
        let steps = phase.steps.unwrap_or(10);
        if !(2..=MAX_STEPS).contains(&steps) {
            return Err(fail(&["steps"], format!("steps {steps} is not between 2 and {MAX_STEPS}")));
        }
        if phase.duration.0 < Duration::from_secs(1) * steps {
            return Err(fail(&["duration"], format!("{steps} steps need at least {steps}s")));
        }
        let names = Names {
            roles: company.roles.iter().map(|role| role.name.clone()).collect(),
            actions: company.actions.iter().map(|action| action.name.clone()).collect(),
            phases: Vec::new(),
        };
        let written =
            if phase.limits.is_empty() { vec!["error_rate < 1%".to_owned()] } else { phase.limits.clone() };
        let limits = resolve_slos_at(&["phases", at, "limits"], &written, &names, self.source)?;
        let wrong = |line: usize, offset: usize, what: String| {
            let line = line.to_string();
            ScenarioError::within(self.source, &["phases", at, "limits", line.as_str()], offset, what)
        };
        for (line, slo) in limits.iter().enumerate() {
            let text = &slo.text;
            if !slo.metric.is_told_by_responses() {
                let what = format!(
                    "`{text}` cannot be told of a step, by its responses alone; use latency, response_time, error_rate or hit_rate"
                );
                return Err(wrong(line, 0, what));
            }
            if slo.window.is_some() {
                let what = format!("`{text}`: a step is its own window; leave out `over`");
                let over = text.rfind(" over ").map_or(0, |at| text[..at].chars().count() + 1);
                return Err(wrong(line, over, what));
            }
        }
        Ok(Work::Breakpoint { arrivals, steps, limits })
    }

    /// What may end a run early.
    pub(super) fn abort_lines(&self, lines: &[Slo]) -> Result<(), ScenarioError> {
        for (at, slo) in lines.iter().enumerate() {
            let line = at.to_string();
            let wrong =
                |offset, what: String| ScenarioError::within(self.source, &["abort_on", &line], offset, what);
            // Responses come here one by one, without the moment at which they were meant.
            let from_due = matches!(slo.metric, Metric::ResponseTime { .. } | Metric::MeanResponseTime);
            if from_due || !slo.metric.is_told_by_responses() {
                let what = format!(
                    "`{}` cannot be told while a run is on, by single responses; use error_rate, hit_rate or latency",
                    slo.text
                );
                return Err(wrong(0, what));
            }
            if slo.window.is_some_and(|window| window > LONGEST_LOOK) {
                let over = slo.text.rfind(" over ").map_or(0, |at| slo.text[..at].chars().count() + 1);
                return Err(wrong(over, format!("`{}`: abort_on looks back 1h at most", slo.text)));
            }
        }
        Ok(())
    }
}
