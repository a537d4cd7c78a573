//! The hit rate to expect of a perfect cache, how much it differs from run to run, and what it
//! would be without one of the cache's limits.

use super::engine::{RESPONSE, replay};
use super::outcome::{Outcome, Tally};
use crate::evidence::Selection;
use crate::plan::{Plan, RolePlan, Visit};
use crate::stats::prediction;
use crate::workload::Population;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;

/// Requests that a forecast beside a run may replay in all: about two seconds of one processor.
const AFFORDABLE: f64 = 400_000.0;
/// Fewer runs than this show nothing of the spread.
const LEAST: u32 = 3;

/// Several replays of one plan.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The plan's own seed first.
    outcomes: Vec<Outcome>,
}

/// A hit rate to expect.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Rate {
    /// Mean over the replays.
    pub value: f64,
    /// A single run falls between this
    pub lo: f64,
    /// and this (prediction interval at the plan's confidence).
    pub hi: f64,
    /// Mean number of reads of a run.
    pub reads: f64,
    /// Share of the reads whose key was never asked before.
    pub first: f64,
    /// Share of the reads that found an entry at the end of its lifetime.
    pub expired: f64,
    /// Share of the reads that found an entry invalidated.
    pub invalidated: f64,
    /// What it would be without one of the cache's limits.
    pub ceilings: Ceilings,
}

/// Hit rates of caches that do not exist.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Ceilings {
    /// Lifetimes without end.
    pub endless: f64,
    /// Without invalidations.
    pub untouched: f64,
    /// Both: all but the first reads. No cache of these keys can do better.
    pub repeated: f64,
}

/// A role and its rate.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RoleRate {
    /// Name of the role; `None` for all.
    pub role: Option<String>,
    /// What to expect.
    pub rate: Rate,
}

/// Replays a plan with its own seed and those that follow it, at least twice, on every processor.
pub fn expect(plan: &Arc<Plan>, population: &Population, runs: u32) -> Expected {
    let runs = runs.max(2) as usize;
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(runs);
    let mut outcomes: Vec<(usize, Outcome)> = std::thread::scope(|scope| {
        let replay_every = |first: usize| {
            move || {
                let mine = (first..runs).step_by(threads);
                mine.map(|run| (run, replay(plan, population, run as u64, RESPONSE))).collect::<Vec<_>>()
            }
        };
        let workers: Vec<_> = (0..threads).map(|first| scope.spawn(replay_every(first))).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a replay does not panic")).collect()
    });
    outcomes.sort_by_key(|(run, _)| *run);
    Expected { outcomes: outcomes.into_iter().map(|(_, outcome)| outcome).collect() }
}

/// How many replays a forecast beside a run can afford, by the means of what people do; `None` if
/// even the fewest would keep the run waiting.
pub fn runs_for(plan: &Plan) -> Option<u32> {
    let seconds = |of: std::time::Duration| of.as_secs_f64();
    let rate = |role: &RolePlan| {
        let think = seconds(role.think.mean).max(0.001);
        let pages = match role.visit {
            Visit::Pages(pages) => pages,
            Visit::Length(length) => seconds(length) / think,
        };
        let refreshes =
            role.dashboard.as_ref().map_or(0.0, |page| pages * think / seconds(page.every).max(0.001));
        (pages + refreshes) / (pages * think + seconds(role.gap))
    };
    let of_phase = |phase: &crate::plan::PhasePlan| {
        let Some(mood) = phase.mood() else { return 0.0 };
        let people = plan.roles.iter().zip(&mood.users).map(|(role, users)| rate(role) * f64::from(*users));
        people.sum::<f64>() * mood.pace * seconds(phase.duration) * plan.target.time_scale
    };
    let requests: f64 = plan.phases.iter().map(of_phase).sum();
    let runs = (AFFORDABLE / requests.max(1.0)).min(f64::from(super::RUNS)) as u32;
    (runs >= LEAST).then_some(runs)
}

impl Expected {
    /// How many replays there were.
    pub fn runs(&self) -> u32 {
        u32::try_from(self.outcomes.len()).unwrap_or(u32::MAX)
    }

    /// The replays, the plan's own seed first.
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// The rate of a part of the run; `None` where some replay has no reads in it.
    pub fn rate(&self, plan: &Plan, selection: &Selection) -> Option<Rate> {
        let tallies: Vec<Tally> =
            self.outcomes.iter().map(|outcome| outcome.tally(plan, selection)).collect();
        let rates: Vec<f64> = tallies.iter().map(Tally::hit_rate).collect::<Option<_>>()?;
        let (value, lo, hi) = prediction::next(&rates, plan.confidence)?;
        let n = tallies.len() as f64;
        let mean = |part: fn(&Tally) -> u64| {
            tallies.iter().filter_map(|tally| tally.share(part(tally))).sum::<f64>() / n
        };
        let first = mean(|tally| tally.firsts);
        Some(Rate {
            value,
            lo: lo.max(0.0),
            hi: hi.min(1.0),
            reads: tallies.iter().map(|tally| tally.reads as f64).sum::<f64>() / n,
            first,
            expired: mean(|tally| tally.expired),
            invalidated: mean(|tally| tally.invalidated),
            ceilings: Ceilings {
                endless: mean(|tally| tally.endless),
                untouched: mean(|tally| tally.untouched),
                repeated: 1.0 - first,
            },
        })
    }

    /// The rate of each role that reads in the measured phases, and of all.
    pub fn by_role(&self, plan: &Plan) -> Vec<RoleRate> {
        let roles = plan.roles.iter().map(|role| Some(role.name.clone())).chain([None]);
        let rate = |role: Option<String>| {
            let selection = role.as_deref().map_or_else(Selection::default, Selection::of_role);
            Some(RoleRate { rate: self.rate(plan, &selection)?, role })
        };
        roles.filter_map(rate).collect()
    }

    /// What the replays do not know of this plan.
    pub fn notes(&self, plan: &Plan) -> Vec<String> {
        let mut notes = Vec::new();
        let over: Vec<&str> = plan
            .phases
            .iter()
            .filter(|phase| phase.measured && phase.mood().is_none())
            .map(|phase| phase.name.as_str())
            .collect();
        if !over.is_empty() {
            notes.push(format!("not simulated: {}; only people at work are", over.join(", ")));
        }
        if plan.roles.iter().any(|role| role.browser) {
            notes.push("copies in browsers are not known: every read is taken to reach the server".into());
        }
        notes.push("limits of memory are not known: nothing is taken to be evicted".into());
        if plan.actions.iter().any(|action| !action.draws.captures.is_empty()) {
            notes.push("what is captured is taken to stay the same for a person".into());
        }
        if matches!(plan.target.place, crate::plan::Place::Url(_)) {
            notes.push("the cache is taken to be empty when the run begins".into());
        }
        notes
    }
}
