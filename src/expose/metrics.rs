//! The harness's own metrics, all named `cacheproof_*`, in base units.

use crate::observe::{Fault, Observation, Scrape, Source};
use prometheus::{
    Encoder as _, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts,
    Registry, TextEncoder,
};

/// From 50 µs hits to 5 s misses.
const BUCKETS: [f64; 16] = [
    50e-6, 100e-6, 200e-6, 500e-6, 1e-3, 2e-3, 5e-3, 10e-3, 20e-3, 50e-3, 100e-3, 200e-3, 500e-3, 1.0, 2.0,
    5.0,
];

/// Everything exposed.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    faults: IntCounterVec,
    durations: HistogramVec,
    hit_ratio: GaugeVec,
    phase: GaugeVec,
    // Without labels, but in families of their own: such a family is exposed once it is set,
    // where a plain gauge would say 0 for what the target does not tell.
    entries: GaugeVec,
    bytes: GaugeVec,
    queries: GaugeVec,
}

/// Where responses with the same labels are counted: found once, because finding it costs
/// more than counting.
#[derive(Debug)]
pub(super) struct Series {
    requests: IntCounter,
    /// A copy that the browser showed took no time.
    durations: Option<Histogram>,
}

impl Series {
    pub(super) fn count(&self, seen: &Observation) {
        self.requests.inc();
        if let Some(durations) = &self.durations {
            durations.observe(seen.latency_us() as f64 / 1e6);
        }
    }
}

impl Metrics {
    pub(super) fn new(scenario: &str) -> Self {
        Self::try_new(scenario).expect("names and labels are fixed and valid")
    }

    fn try_new(scenario: &str) -> prometheus::Result<Self> {
        let registry = Registry::new();
        let requests = IntCounterVec::new(
            Opts::new(
                "cacheproof_requests_total",
                "Responses by phase, role, action and the layer that served them.",
            ),
            &["phase", "role", "action", "source"],
        )?;
        let faults = IntCounterVec::new(
            Opts::new("cacheproof_faults_total", "Requests without a usable answer."),
            &["fault"],
        )?;
        let durations = HistogramVec::new(
            HistogramOpts::new("cacheproof_request_duration_seconds", "From sending to the last byte.")
                .buckets(BUCKETS.to_vec()),
            &["role", "action", "source"],
        )?;
        let hit_ratio = GaugeVec::new(
            Opts::new("cacheproof_hit_ratio", "Hit rate of the phase so far, 0 to 1."),
            &["role"],
        )?;
        let phase = GaugeVec::new(Opts::new("cacheproof_phase", "1 for the phase that is on."), &["phase"])?;
        let told = |name: &str, help: &str| GaugeVec::new(Opts::new(name, help), &[]);
        let entries = told("cacheproof_target_cache_entries", "Entries in the cache, by its own count.")?;
        let bytes = told("cacheproof_target_cache_bytes", "Bytes in the cache, by its own count.")?;
        let queries = told(
            "cacheproof_target_report_queries",
            "Database queries for reports, by the target's own count.",
        )?;
        let build = GaugeVec::new(
            Opts::new("cacheproof_build_info", "1, with version and scenario."),
            &["version", "scenario"],
        )?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION"), scenario]).set(1.0);
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(faults.clone()))?;
        registry.register(Box::new(durations.clone()))?;
        registry.register(Box::new(hit_ratio.clone()))?;
        registry.register(Box::new(phase.clone()))?;
        registry.register(Box::new(entries.clone()))?;
        registry.register(Box::new(bytes.clone()))?;
        registry.register(Box::new(queries.clone()))?;
        registry.register(Box::new(build))?;
        Ok(Self { registry, requests, faults, durations, hit_ratio, phase, entries, bytes, queries })
    }

    /// The series of these labels.
    pub(super) fn series(&self, phase: &str, role: &str, action: &str, source: Source) -> Series {
        let name = source.as_str();
        Series {
            requests: self.requests.with_label_values(&[phase, role, action, name]),
            durations: (source != Source::Browser)
                .then(|| self.durations.with_label_values(&[role, action, name])),
        }
    }

    pub(super) fn fault(&self, fault: Fault) {
        self.faults.with_label_values(&[fault.as_str()]).inc();
    }

    pub(super) fn hit_ratio(&self, role: &str, ratio: f64) {
        self.hit_ratio.with_label_values(&[role]).set(ratio);
    }

    pub(super) fn phase(&self, name: &str) {
        self.phase.reset();
        self.hit_ratio.reset();
        self.phase.with_label_values(&[name]).set(1.0);
    }

    pub(super) fn scrape(&self, scrape: &Scrape) {
        for (gauge, value) in
            [(&self.entries, scrape.entries), (&self.bytes, scrape.bytes), (&self.queries, scrape.queries)]
        {
            if let Some(value) = value {
                gauge.with_label_values::<&str>(&[]).set(value);
            }
        }
    }

    pub(super) fn text(&self) -> String {
        let mut buffer = Vec::new();
        TextEncoder::new()
            .encode(&self.registry.gather(), &mut buffer)
            .expect("encoding into memory does not fail");
        String::from_utf8(buffer).expect("the exposition is UTF-8")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_target_does_not_tell_is_absent_and_not_0() {
        let metrics = Metrics::new("made-up");
        metrics.scrape(&Scrape { entries: None, bytes: None, queries: None, ..Scrape::default() });
        assert!(!metrics.text().contains("cacheproof_target_"), "{}", metrics.text());
        metrics.scrape(&Scrape { entries: Some(0.0), bytes: Some(12.5), ..Scrape::default() });
        metrics.scrape(&Scrape { entries: None, bytes: Some(13.5), ..Scrape::default() });
        let text = metrics.text();
        assert!(text.contains("\ncacheproof_target_cache_entries 0\n"), "a 0 that was told: {text}");
        assert!(text.contains("\ncacheproof_target_cache_bytes 13.5\n"), "{text}");
        assert!(!text.contains("cacheproof_target_report_queries"), "{text}");
    }
}
