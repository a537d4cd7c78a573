//! The count of one request: kept exactly once, by role and in all.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus::IntCounter;

use crate::metrics::{ABANDONED, Metrics};
use crate::outcome::{Outcome, Verdict};
use crate::window::{Counts, Window};

/// What is counted of one role.
#[derive(Debug)]
pub(crate) struct RoleCounters {
    hit: IntCounter,
    miss: IntCounter,
    bypass: IntCounter,
    lately: Mutex<Window>,
}

impl RoleCounters {
    pub(crate) fn new(hit: IntCounter, miss: IntCounter, bypass: IntCounter) -> Self {
        Self { hit, miss, bypass, lately: Mutex::default() }
    }

    fn count(&self, verdict: Verdict, now: Duration) {
        match verdict {
            Verdict::Hit => self.hit.inc(),
            Verdict::Miss => self.miss.inc(),
            Verdict::Bypass => self.bypass.inc(),
        }
        self.lately.lock().unwrap_or_else(PoisonError::into_inner).record(verdict, now);
    }

    pub(crate) fn counts(&self, window: Option<Duration>, now: Duration) -> Counts {
        match window {
            None => Counts { hits: self.hit.get(), misses: self.miss.get(), bypasses: self.bypass.get() },
            Some(over) => self.lately.lock().unwrap_or_else(PoisonError::into_inner).counts(over, now),
        }
    }
}

/// One request that will be counted exactly once. Dropped without an outcome (the client went away while
/// it was computed, or the service failed), it counts as the way it had taken.
#[derive(Debug)]
pub(crate) struct Tally<'m> {
    metrics: &'m Metrics,
    role: Arc<RoleCounters>,
    span: tracing::Span,
    started: Duration,
    /// What it counts as if it is dropped now; `None` once it is counted.
    open: Option<Verdict>,
}

impl<'m> Tally<'m> {
    /// Dropped now, it is a miss: it was looked for and not served from here.
    pub(crate) fn open(metrics: &'m Metrics, role: Arc<RoleCounters>, span: tracing::Span) -> Self {
        Self { metrics, role, span, started: metrics.now(), open: Some(Verdict::Miss) }
    }

    /// The request goes the way of this outcome.
    pub(crate) fn heads_for(&mut self, outcome: Outcome) {
        self.open = Some(outcome.verdict());
    }

    pub(crate) fn settle(mut self, outcome: Outcome) {
        self.open = None;
        self.count(outcome.verdict(), outcome.label());
        if outcome == Outcome::Coalesced {
            self.metrics.coalesced.inc();
        }
    }

    fn count(&self, verdict: Verdict, label: &'static str) {
        let now = self.metrics.now();
        self.role.count(verdict, now);
        self.metrics.took(label, now.saturating_sub(self.started));
        self.span.record("outcome", label);
    }
}

impl Drop for Tally<'_> {
    fn drop(&mut self) {
        if let Some(verdict) = self.open {
            self.count(verdict, ABANDONED);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn a_request_is_counted_once_even_if_it_is_abandoned() {
        let (clock, hand) = Clock::manual(1.0);
        let metrics = Metrics::new(clock);
        let tally = || metrics.tally("parent", tracing::Span::none());
        tally().settle(Outcome::Coalesced);
        hand.advance(Duration::from_secs(60));
        tally().settle(Outcome::StoreDown { collapsed: false });
        drop(tally());
        let mut around = tally();
        around.heads_for(Outcome::Bypassed);
        drop(around);
        let counts = |window| metrics.counts_by_role(window)["parent"];
        assert_eq!(counts(None), Counts { hits: 1, misses: 1, bypasses: 2 });
        let lately = Some(Duration::from_secs(30));
        assert_eq!(counts(lately), Counts { hits: 0, misses: 1, bypasses: 2 });
        assert_eq!(metrics.coalesced.get(), 1);
    }
}
