//! What is known so far, shared by the recorder, the progress line and `/metrics`.

use super::metrics::Metrics;
use crate::observe::{Observation, Scrape, Source};
use crate::plan::{PhasePlan, Plan};
use crate::scenario::Kind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A handle that everybody may clone.
#[derive(Clone, Debug)]
pub struct Live {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    metrics: Metrics,
    roles: Vec<String>,
    actions: Vec<String>,
    phases: Vec<String>,
    /// Phases in which half the reads are arranged to hit: their hit rate would mislead.
    arranged: Vec<bool>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    begun: Instant,
    phase: Option<(usize, Instant, Duration)>,
    responses: u64,
    errors: u64,
    phase_responses: u64,
    roles: Vec<(u64, u64)>,
}

/// What is known at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Name of the phase, once one has begun.
    pub phase: Option<String>,
    /// Time in the phase, and its planned length.
    pub in_phase: (Duration, Duration),
    /// Time since the run began.
    pub elapsed: Duration,
    /// Responses so far.
    pub responses: u64,
    /// Requests without a usable answer so far.
    pub errors: u64,
    /// Responses a second in this phase.
    pub rate: f64,
    /// Hit rate of each role in this phase.
    pub roles: Vec<RoleSoFar>,
}

/// Hit rate of a role so far.
#[derive(Clone, Debug)]
pub struct RoleSoFar {
    /// Name.
    pub name: String,
    /// Hits.
    pub hits: u64,
    /// Reads that the hit rate is over.
    pub reads: u64,
}

impl RoleSoFar {
    /// The rate; `None` before the first read.
    pub fn rate(&self) -> Option<f64> {
        (self.reads > 0).then(|| self.hits as f64 / self.reads as f64)
    }
}

impl Live {
    /// Nothing is known yet.
    pub fn new(plan: &Plan) -> Self {
        let roles: Vec<String> = plan.roles.iter().map(|role| role.name.clone()).collect();
        let state = State {
            begun: Instant::now(),
            phase: None,
            responses: 0,
            errors: 0,
            phase_responses: 0,
            roles: vec![(0, 0); roles.len()],
        };
        let inner = Inner {
            metrics: Metrics::new(&plan.name),
            roles,
            actions: plan.actions.iter().map(|action| action.name.clone()).collect(),
            phases: plan.phases.iter().map(|phase| phase.name.clone()).collect(),
            arranged: plan.phases.iter().map(|phase| phase.kind == Kind::Pairs).collect(),
            state: Mutex::new(state),
        };
        Self { inner: Arc::new(inner) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Counters stay usable whoever panicked while holding them.
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A phase begins: rates count anew.
    pub fn phase(&self, index: usize, phase: &PhasePlan) {
        let mut state = self.state();
        state.phase = Some((index, Instant::now(), phase.duration));
        state.phase_responses = 0;
        state.roles.iter_mut().for_each(|counts| *counts = (0, 0));
        drop(state);
        self.inner.metrics.phase(&phase.name);
    }

    /// A response.
    pub fn observe(&self, seen: &Observation) {
        let name = |names: &[String], index: u16| names.get(usize::from(index)).cloned().unwrap_or_default();
        let role = name(&self.inner.roles, seen.role);
        self.inner.metrics.observe(
            &name(&self.inner.phases, seen.phase),
            &role,
            &name(&self.inner.actions, seen.action),
            seen,
        );
        let mut state = self.state();
        state.responses += 1;
        state.phase_responses += 1;
        state.errors += u64::from(seen.source == Source::Error);
        let arranged = self.inner.arranged.get(usize::from(seen.phase)).copied().unwrap_or(false);
        let current = !arranged && state.phase.is_some_and(|(index, ..)| index == usize::from(seen.phase));
        let Some(counts) =
            state.roles.get_mut(usize::from(seen.role)).filter(|_| current && seen.source.in_hit_rate())
        else {
            return;
        };
        counts.0 += u64::from(seen.source.is_hit());
        counts.1 += 1;
        let ratio = counts.0 as f64 / counts.1 as f64;
        drop(state);
        self.inner.metrics.hit_ratio(&role, ratio);
    }

    /// The target's own counters.
    pub fn scrape(&self, scrape: &Scrape) {
        self.inner.metrics.scrape(scrape);
    }

    /// What is known now.
    pub fn snapshot(&self) -> Snapshot {
        let state = self.state();
        let (in_phase, planned) = state
            .phase
            .map_or((Duration::ZERO, Duration::ZERO), |(_, since, planned)| (since.elapsed(), planned));
        Snapshot {
            phase: state.phase.and_then(|(index, ..)| self.inner.phases.get(index).cloned()),
            in_phase: (in_phase, planned),
            elapsed: state.begun.elapsed(),
            responses: state.responses,
            errors: state.errors,
            rate: state.phase_responses as f64 / in_phase.as_secs_f64().max(0.001),
            roles: self
                .inner
                .roles
                .iter()
                .zip(&state.roles)
                .map(|(name, (hits, reads))| RoleSoFar { name: name.clone(), hits: *hits, reads: *reads })
                .collect(),
        }
    }

    /// The Prometheus exposition.
    pub fn exposition(&self) -> String {
        self.inner.metrics.text()
    }
}
