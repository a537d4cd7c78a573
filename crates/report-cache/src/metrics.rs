//! The counters of one cache, and their names in Prometheus.
//!
//! Labels are bounded: role, outcome, operation, reason. Never a person, a report or an error text.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use prometheus::core::{Collector, Desc};
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    exponential_buckets,
};

use crate::clock::Clock;
use crate::outcome::{Outcome, Verdict};
use crate::store::Usage;
use crate::tally::{RoleCounters, Tally};
use crate::watch::Unusual;
use crate::window::Counts;

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

/// The label value of requests whose client went away before the answer.
pub(crate) const ABANDONED: &str = "abandoned";

#[derive(Debug)]
pub(crate) struct Metrics {
    clock: Clock,
    requests: IntCounterVec,
    by_role: RwLock<BTreeMap<&'static str, Arc<RoleCounters>>>,
    request_seconds: HistogramVec,
    /// The children of `request_seconds`, by label.
    seconds_by_outcome: BTreeMap<&'static str, Histogram>,
    pub(crate) coalesced: IntCounter,
    pub(crate) not_modified: IntCounter,
    pub(crate) stored: IntCounter,
    pub(crate) evicted: IntCounter,
    pub(crate) refreshed: IntCounter,
    pub(crate) bypass_refused: IntCounter,
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

fn histograms(name: &str, help: &str, label: &str) -> HistogramVec {
    HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets()), &[label]).expect(VALID)
}

/// 10 µs to 2.5 s in steps of 1, 2.5, 5.
fn buckets() -> Vec<f64> {
    let decades = exponential_buckets(1e-5, 10.0, 6).expect("a start and a factor above 0");
    let steps = decades.into_iter().flat_map(|decade| [decade, decade * 2.5, decade * 5.0]);
    steps.filter(|&bound| bound < 2.6).collect()
}

impl Metrics {
    /// Zeroed counters; `clock` tells how long requests took, and when they ended.
    pub(crate) fn new(clock: Clock) -> Self {
        let request_seconds = histograms(
            "report_cache_request_seconds",
            "Time from a request for a report to the head of its answer",
            "outcome",
        );
        let labels = Outcome::LABELS.into_iter().chain([ABANDONED]);
        let seconds_by_outcome =
            labels.map(|label| (label, request_seconds.with_label_values(&[label]))).collect();
        Self {
            clock,
            requests: counters(
                "report_cache_requests_total",
                "Authorised GET and HEAD requests for reports, by how they were answered",
                &["role", "outcome"],
            ),
            by_role: RwLock::default(),
            request_seconds,
            seconds_by_outcome,
            coalesced: counter(
                "report_cache_coalesced_total",
                "Hits that shared the answer another request was computing",
            ),
            not_modified: counter("report_cache_not_modified_total", "Answers 304"),
            stored: counter("report_cache_stored_total", "Entries stored"),
            evicted: counter("report_cache_evicted_total", "Entries that went to make room"),
            refreshed: counter(
                "report_cache_refreshed_total",
                "Entries computed anew and stored before they expired",
            ),
            bypass_refused: counter(
                "report_cache_bypass_refused_total",
                "Requests that asked to go around the cache and were looked up instead",
            ),
            operation_seconds: histograms(
                "report_cache_store_operation_seconds",
                "Time the store took for one operation, as the service saw it",
                "op",
            ),
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
        let collectors: [Box<dyn Collector>; 17] = [
            Box::new(self.requests.clone()),
            Box::new(self.request_seconds.clone()),
            Box::new(self.coalesced.clone()),
            Box::new(self.not_modified.clone()),
            Box::new(self.stored.clone()),
            Box::new(self.evicted.clone()),
            Box::new(self.refreshed.clone()),
            Box::new(self.bypass_refused.clone()),
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
    pub(crate) fn tally(&self, role: &'static str, span: tracing::Span) -> Tally<'_> {
        Tally::open(self, self.role(role), span)
    }

    fn role(&self, role: &'static str) -> Arc<RoleCounters> {
        let known = self.by_role.read().unwrap_or_else(PoisonError::into_inner).get(role).cloned();
        known.unwrap_or_else(|| {
            let of = |verdict: Verdict| self.requests.with_label_values(&[role, verdict.label()]);
            let counters = RoleCounters::new(of(Verdict::Hit), of(Verdict::Miss), of(Verdict::Bypass));
            let mut by_role = self.by_role.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(by_role.entry(role).or_insert_with(|| Arc::new(counters)))
        })
    }

    /// Wall time on the clock that durations and windows are read from.
    pub(crate) fn now(&self) -> Duration {
        self.clock.elapsed()
    }

    /// Notes how long a request took that ended as `label` says.
    pub(crate) fn took(&self, label: &'static str, took: Duration) {
        if let Some(seconds) = self.seconds_by_outcome.get(label) {
            seconds.observe(took.as_secs_f64());
        }
    }

    /// The counts of each role; those of the last `window` if one is given.
    pub(crate) fn counts_by_role(&self, window: Option<Duration>) -> BTreeMap<&'static str, Counts> {
        let now = self.now();
        let by_role = self.by_role.read().unwrap_or_else(PoisonError::into_inner);
        by_role.iter().map(|(&role, counters)| (role, counters.counts(window, now))).collect()
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

/// A gauge whose value is read when it is scraped.
pub(crate) struct Watched<F> {
    gauge: IntGauge,
    read: F,
}

impl<F: Fn() -> bool> Watched<F> {
    /// 1 while `read` says so, else 0.
    pub(crate) fn new(name: &str, help: &str, read: F) -> Self {
        Self { gauge: gauge(name, help), read }
    }
}

impl<F: Fn() -> bool + Send + Sync> Collector for Watched<F> {
    fn desc(&self) -> Vec<&Desc> {
        self.gauge.desc()
    }

    fn collect(&self) -> Vec<prometheus::proto::MetricFamily> {
        self.gauge.set(i64::from((self.read)()));
        self.gauge.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_apart_from_10_us_to_2_5_s() {
        let buckets = buckets();
        assert_eq!(buckets.len(), 17);
        assert!((buckets[0] - 1e-5).abs() < 1e-12 && (buckets[16] - 2.5).abs() < 1e-9);
    }

    #[test]
    fn every_outcome_has_a_duration() {
        let metrics = Metrics::new(Clock::default());
        let outcomes = [
            Outcome::Hit { age_secs: 0, ttl_secs: 1 },
            Outcome::Coalesced,
            Outcome::Miss { stored: true },
            Outcome::Refetched,
            Outcome::Bypassed,
            Outcome::StoreDown { collapsed: false },
            Outcome::Refused,
        ];
        for outcome in outcomes {
            metrics.tally("parent", tracing::Span::none()).settle(outcome);
            assert_eq!(metrics.seconds_by_outcome[outcome.label()].get_sample_count(), 1);
        }
    }
}
