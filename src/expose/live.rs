//! What is known so far, shared by the recorder, the progress line and `/metrics`.

use super::metrics::{Metrics, Series};
use crate::observe::{Observation, Scrape, Source};
use crate::plan::{PhasePlan, Plan};
use crate::scenario::Kind;
use std::collections::HashMap;
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
    requests: u64,
    copies: u64,
    errors: u64,
    phase_requests: u64,
    /// Hits and reads of each role in this phase.
    roles: Vec<(u64, u64)>,
    series: HashMap<Labels, Series>,
    decided: Option<(usize, usize)>,
}

/// Phase, role, action and source of a response.
type Labels = (u16, u16, u16, Source);

/// What is known at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Name of the phase, once one has begun.
    pub phase: Option<String>,
    /// Time in the phase, and its planned length.
    pub in_phase: (Duration, Duration),
    /// Time since the run began.
    pub elapsed: Duration,
    /// Requests answered or given up so far.
    pub requests: u64,
    /// Copies that browsers showed so far: nothing was sent for them.
    pub copies: u64,
    /// Requests without a usable answer so far.
    pub errors: u64,
    /// Requests a second in this phase.
    pub rate: f64,
    /// Hit rate of each role in this phase.
    pub roles: Vec<RoleSoFar>,
    /// Lines decided so far, of how many, where the run ends when they are.
    pub decided: Option<(usize, usize)>,
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
        rate(self.hits, self.reads)
    }
}

fn rate(hits: u64, reads: u64) -> Option<f64> {
    (reads > 0).then(|| hits as f64 / reads as f64)
}

impl Inner {
    fn series(&self, (phase, role, action, source): Labels) -> Series {
        let name = |names: &[String], index: u16| names.get(usize::from(index)).cloned().unwrap_or_default();
        let (phase, role) = (name(&self.phases, phase), name(&self.roles, role));
        self.metrics.series(&phase, &role, &name(&self.actions, action), source)
    }
}

impl Live {
    /// Nothing is known yet.
    pub fn new(plan: &Plan) -> Self {
        let roles: Vec<String> = plan.roles.iter().map(|role| role.name.clone()).collect();
        let state = State {
            begun: Instant::now(),
            phase: None,
            requests: 0,
            copies: 0,
            errors: 0,
            phase_requests: 0,
            roles: vec![(0, 0); roles.len()],
            series: HashMap::new(),
            decided: None,
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
        state.phase_requests = 0;
        state.roles.iter_mut().for_each(|counts| *counts = (0, 0));
        drop(state);
        self.inner.metrics.phase(&phase.name);
    }

    /// A response.
    pub fn observe(&self, seen: &Observation) {
        let mut guard = self.state();
        let state = &mut *guard;
        let labels = (seen.phase, seen.role, seen.action, seen.source);
        state.series.entry(labels).or_insert_with(|| self.inner.series(labels)).count(seen);
        let copy = seen.source == Source::Browser;
        state.copies += u64::from(copy);
        state.requests += u64::from(!copy);
        state.phase_requests += u64::from(!copy);
        state.errors += u64::from(seen.source == Source::Error);
        let arranged = self.inner.arranged.get(usize::from(seen.phase)).copied().unwrap_or(false);
        let current = !arranged && state.phase.is_some_and(|(index, ..)| index == usize::from(seen.phase));
        if let Some((hits, reads)) = state.roles.get_mut(usize::from(seen.role))
            && current
            && seen.source.in_hit_rate()
        {
            *hits += u64::from(seen.source.is_hit());
            *reads += 1;
        }
        drop(guard);
        if let Some(fault) = seen.fault {
            self.inner.metrics.fault(fault);
        }
    }

    /// The target's own counters.
    pub fn scrape(&self, scrape: &Scrape) {
        self.inner.metrics.scrape(scrape);
    }

    /// So many lines are decided, of so many that can be before the end.
    pub fn decided(&self, lines: usize, of: usize) {
        self.state().decided = Some((lines, of));
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
            requests: state.requests,
            copies: state.copies,
            errors: state.errors,
            decided: state.decided,
            rate: state.phase_requests as f64 / in_phase.as_secs_f64().max(0.001),
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
        let counts = self.state().roles.clone();
        for (name, (hits, reads)) in self.inner.roles.iter().zip(counts) {
            if let Some(ratio) = rate(hits, reads) {
                self.inner.metrics.hit_ratio(name, ratio);
            }
        }
        self.inner.metrics.text()
    }
}
