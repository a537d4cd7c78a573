//! The counters of one cache, and their names in Prometheus.
//!
//! Labels are bounded: role, outcome, operation, reason. Never a person, a report or an error text.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, exponential_buckets,
};

use crate::outcome::{Outcome, Verdict};
use crate::store::Usage;
use crate::watch::Unusual;

/// What a store was asked to do, as the metrics distinguish it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Read,
    Write,
    Invalidate,
}

impl Op {
    const fn label(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Invalidate => "invalidate",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Metrics {
    requests: IntCounterVec,
    by_role: RwLock<BTreeMap<&'static str, RoleCounters>>,
    pub(crate) coalesced: IntCounter,
    pub(crate) not_modified: IntCounter,
    pub(crate) stored: IntCounter,
    pub(crate) evicted: IntCounter,
    operation_seconds: HistogramVec,
    store_errors: IntCounterVec,
    invalidations: IntCounterVec,
    invalidated_keys: IntCounterVec,
    unusual: IntCounterVec,
    pub(crate) events_lost: IntCounter,
    entries: IntGauge,
    bytes: IntGauge,
    largest_user_bytes: IntGauge,
}

/// The three counters of one role.
#[derive(Debug, Clone)]
struct RoleCounters {
    hit: IntCounter,
    miss: IntCounter,
    bypass: IntCounter,
}

/// Authorised cacheable requests so far; their sum is all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    pub(crate) bypasses: u64,
}

const VALID: &str = "names and labels written here are valid";

fn counter(name: &str, help: &str) -> IntCounter {
    IntCounter::new(name, help).expect(VALID)
}

fn counters(name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    IntCounterVec::new(Opts::new(name, help), labels).expect(VALID)
}

fn gauge(name: &str, help: &str) -> IntGauge {
    IntGauge::new(name, help).expect(VALID)
}

/// 10 µs to 2.5 s in steps of 1, 2.5, 5.
fn operation_buckets() -> Vec<f64> {
    let decades = exponential_buckets(1e-5, 10.0, 6).expect("a start and a factor above 0");
    let steps = decades.into_iter().flat_map(|decade| [decade, decade * 2.5, decade * 5.0]);
    steps.filter(|&bound| bound < 2.6).collect()
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let operation_seconds = HistogramOpts::new(
            "report_cache_store_operation_seconds",
            "Time the store took for one operation, as the service saw it",
        )
        .buckets(operation_buckets());
        Self {
            requests: counters(
                "report_cache_requests_total",
                "Authorised GET and HEAD requests for reports, by how they were answered",
                &["role", "outcome"],
            ),
            by_role: RwLock::default(),
            coalesced: counter(
                "report_cache_coalesced_total",
                "Hits that shared the answer another request was computing",
            ),
            not_modified: counter("report_cache_not_modified_total", "Answers 304"),
            stored: counter("report_cache_stored_total", "Entries stored"),
            evicted: counter("report_cache_evicted_total", "Entries that went to make room"),
            operation_seconds: HistogramVec::new(operation_seconds, &["op"]).expect(VALID),
            store_errors: counters(
                "report_cache_store_errors_total",
                "Operations the store failed or did not finish in time",
                &["op"],
            ),
            invalidations: counters("report_cache_invalidations_total", "Invalidations", &["reason"]),
            invalidated_keys: counters(
                "report_cache_invalidated_keys_total",
                "Entries that invalidations removed",
                &["reason"],
            ),
            unusual: {
                let unusual = counters(
                    "report_cache_unusual_invalidations_total",
                    "Patterns of invalidation that are worth a look",
                    &["pattern"],
                );
                // An alert on a rate needs the series to be there before the first one.
                for pattern in Unusual::ALL {
                    unusual.with_label_values(&[pattern.as_str()]);
                }
                unusual
            },
            events_lost: counter(
                "report_cache_events_lost_total",
                "Invalidations that the stream of events does not have",
            ),
            entries: gauge("report_cache_entries", "Entries in the store"),
            bytes: gauge("report_cache_bytes", "Bytes of all entries in the store"),
            largest_user_bytes: gauge(
                "report_cache_largest_user_bytes",
                "Bytes of the entries of the person who has most",
            ),
        }
    }

    pub(crate) fn register(&self, registry: &Registry) -> prometheus::Result<()> {
        let collectors: [Box<dyn Collector>; 14] = [
            Box::new(self.requests.clone()),
            Box::new(self.coalesced.clone()),
            Box::new(self.not_modified.clone()),
            Box::new(self.stored.clone()),
            Box::new(self.evicted.clone()),
            Box::new(self.operation_seconds.clone()),
            Box::new(self.store_errors.clone()),
            Box::new(self.invalidations.clone()),
            Box::new(self.invalidated_keys.clone()),
            Box::new(self.unusual.clone()),
            Box::new(self.events_lost.clone()),
            Box::new(self.entries.clone()),
            Box::new(self.bytes.clone()),
            Box::new(self.largest_user_bytes.clone()),
        ];
        collectors.into_iter().try_for_each(|collector| registry.register(collector))
    }

    /// Opens the count of one request; it is counted once whatever becomes of it.
    pub(crate) fn tally(&self, role: &'static str) -> Tally<'_> {
        Tally { metrics: self, role: self.role(role), settled: false }
    }

    fn role(&self, role: &'static str) -> RoleCounters {
        let known = self.by_role.read().unwrap_or_else(PoisonError::into_inner).get(role).cloned();
        known.unwrap_or_else(|| {
            let of = |verdict: Verdict| self.requests.with_label_values(&[role, verdict.label()]);
            let counters =
                RoleCounters { hit: of(Verdict::Hit), miss: of(Verdict::Miss), bypass: of(Verdict::Bypass) };
            let mut by_role = self.by_role.write().unwrap_or_else(PoisonError::into_inner);
            by_role.entry(role).or_insert(counters).clone()
        })
    }

    pub(crate) fn counts_by_role(&self) -> BTreeMap<&'static str, Counts> {
        let by_role = self.by_role.read().unwrap_or_else(PoisonError::into_inner);
        by_role.iter().map(|(&role, counters)| (role, counters.counts())).collect()
    }

    pub(crate) fn operation(&self, op: Op, took: Duration, failed: bool) {
        self.operation_seconds.with_label_values(&[op.label()]).observe(took.as_secs_f64());
        if failed {
            self.store_errors.with_label_values(&[op.label()]).inc();
        }
    }

    pub(crate) fn invalidation(&self, reason: &str) {
        self.invalidations.with_label_values(&[reason]).inc();
    }

    pub(crate) fn invalidated(&self, reason: &str, keys: u64) {
        self.invalidated_keys.with_label_values(&[reason]).inc_by(keys);
    }

    pub(crate) fn unusual(&self, pattern: Unusual) {
        self.unusual.with_label_values(&[pattern.as_str()]).inc();
    }

    pub(crate) fn usage(&self, usage: &Usage) {
        let level = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.entries.set(level(usage.entries));
        self.bytes.set(level(usage.bytes));
        self.largest_user_bytes.set(level(usage.largest_user_bytes));
    }
}

impl RoleCounters {
    fn counts(&self) -> Counts {
        Counts { hits: self.hit.get(), misses: self.miss.get(), bypasses: self.bypass.get() }
    }
}

/// One request that will be counted exactly once. Dropped without an outcome (the client went away while
/// it was computed), it is a miss: it was looked for and not served from here.
#[derive(Debug)]
pub(crate) struct Tally<'m> {
    metrics: &'m Metrics,
    role: RoleCounters,
    settled: bool,
}

impl Tally<'_> {
    pub(crate) fn settle(mut self, outcome: Outcome) {
        self.settled = true;
        match outcome.verdict() {
            Verdict::Hit => self.role.hit.inc(),
            Verdict::Miss => self.role.miss.inc(),
            Verdict::Bypass => self.role.bypass.inc(),
        }
        if outcome == Outcome::Coalesced {
            self.metrics.coalesced.inc();
        }
    }
}

impl Drop for Tally<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.role.miss.inc();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_told_apart_from_10_us_to_2_5_s() {
        let buckets = operation_buckets();
        assert_eq!(buckets.len(), 17);
        assert!((buckets[0] - 1e-5).abs() < 1e-12 && (buckets[16] - 2.5).abs() < 1e-9);
    }

    #[test]
    fn a_request_is_counted_once_even_if_it_is_abandoned() {
        let metrics = Metrics::new();
        metrics.tally("parent").settle(Outcome::Coalesced);
        metrics.tally("parent").settle(Outcome::StoreDown);
        drop(metrics.tally("parent"));
        let counts = metrics.counts_by_role()["parent"];
        assert_eq!(counts, Counts { hits: 1, misses: 1, bypasses: 1 });
        assert_eq!(metrics.coalesced.get(), 1);
    }
}
