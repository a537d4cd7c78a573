//! Observations to evidence, as they come, in bounded memory.

use super::histograms::Histograms;
use super::scrapes::Scrapes;
use super::{
    Cell, Clusters, Connections, DroppedPairs, Evidence, IntervalHistogram, LATE_US, Lag, PairFlaw,
    PairRecord, Phase, ResponseHistogram, SCHEMA_VERSION,
};
use crate::observe::{Fault, Observation, Scrape, Source};
use hdrhistogram::Histogram;
use std::collections::{BTreeMap, HashMap, HashSet};

/// So many distinct (person, URL) are remembered to tell first reads from later ones.
const REQUESTS: usize = 1 << 20;
/// So many pairs are kept.
const RECORDS: usize = 100_000;
/// Lags above an hour are recorded as an hour.
const MAX_US: u64 = 3_600_000_000;

/// Names by index.
#[derive(Clone, Debug)]
pub struct Names {
    /// Roles.
    pub roles: Vec<String>,
    /// Actions.
    pub actions: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key {
    phase: u16,
    role: u16,
    action: u16,
    source: Source,
    slice: u32,
}

/// Collects the evidence of a run.
#[derive(Debug)]
pub struct Gatherer {
    names: Names,
    slice_us: u64,
    clusters: Clusters,
    cells: HashMap<(Key, u32), Cell>,
    /// By phase, role, action and source.
    histograms: Histograms<(u16, u16, u16, Source)>,
    /// By phase, role and action.
    response_times: Histograms<(u16, u16, u16)>,
    requests: HashSet<u64>,
    pairs: Vec<PairRecord>,
    dropped: BTreeMap<(u16, u16, PairFlaw), u64>,
    scrapes: Scrapes,
    faults: BTreeMap<String, u64>,
    /// How requests were sent, by phase: only the measured ones count.
    load: BTreeMap<u16, Load>,
    overflow: Option<&'static str>,
}

impl Gatherer {
    /// Begins; slices of `slice_us` microseconds.
    pub fn new(names: Names, slice_us: u64) -> Self {
        Self {
            names,
            slice_us: slice_us.max(1),
            clusters: Clusters::default(),
            cells: HashMap::new(),
            histograms: Histograms::default(),
            response_times: Histograms::default(),
            requests: HashSet::new(),
            pairs: Vec::new(),
            dropped: BTreeMap::new(),
            scrapes: Scrapes::default(),
            faults: BTreeMap::new(),
            load: BTreeMap::new(),
            overflow: None,
        }
    }

    /// The same, with people in these clusters.
    pub fn clustered(self, clusters: Clusters) -> Self {
        Self { clusters, ..self }
    }

    /// Adds one response.
    pub fn observe(&mut self, seen: &Observation) {
        if let Some(fault) = seen.fault {
            *self.faults.entry(fault.as_str().to_owned()).or_default() += 1;
        }
        if seen.fault == Some(Fault::Abandoned) {
            // Our own doing: it says nothing of the target.
            return;
        }
        let slice = self.slice_of(seen);
        let key = Key { phase: seen.phase, role: seen.role, action: seen.action, source: seen.source, slice };
        let first = if self.requests.len() < REQUESTS {
            self.requests.insert(seen.request)
        } else {
            self.overflow = Some("which reads were a person's first of a URL, beyond the first million URLs");
            false
        };
        let cluster = self.clusters.of(seen.person);
        let latency = seen.latency_us();
        let cell = self.cells.entry((key, cluster)).or_insert_with(|| Cell {
            phase: key.phase,
            role: key.role,
            action: key.action,
            source: key.source,
            cluster,
            slice,
            n: 0,
            firsts: 0,
            validated: 0,
            bytes: 0,
            latency_us: 0,
        });
        cell.n += 1;
        cell.firsts += u64::from(first);
        cell.validated += u64::from(seen.validated);
        cell.bytes += seen.bytes;
        cell.latency_us += latency;
        self.histograms.record(slice, (key.phase, key.role, key.action, key.source), latency);
        self.load.entry(seen.phase).or_insert_with(Load::none).add(seen);
    }

    /// The slice in which a response ended.
    fn slice_of(&self, seen: &Observation) -> u32 {
        u32::try_from(seen.finished_us / self.slice_us).unwrap_or(u32::MAX)
    }

    /// Adds how long an answered read took from its intended start, beside [`Self::observe`]:
    /// for requests that arrive by the clock.
    pub fn responded(&mut self, seen: &Observation, response_us: u64) {
        if seen.source.is_answered_read() {
            let slice = self.slice_of(seen);
            self.response_times.record(slice, (seen.phase, seen.role, seen.action), response_us);
        }
    }

    /// Adds a pair.
    pub fn pair(&mut self, pair: PairRecord) {
        if self.pairs.len() < RECORDS {
            let cluster = self.clusters.of_pair(pair.person);
            self.pairs.push(PairRecord { cluster, ..pair });
        } else {
            self.overflow = Some("pairs beyond the first 100,000");
        }
    }

    /// Counts a pair that could not be used.
    pub fn drop_pair(&mut self, role: u16, action: u16, why: PairFlaw) {
        *self.dropped.entry((role, action, why)).or_default() += 1;
    }

    /// Adds what the target says of itself.
    pub fn scrape(&mut self, scrape: Scrape) {
        self.scrapes.push(scrape);
    }

    /// The evidence so far. Order depends on the keys only, never on hashing.
    pub fn finish(self, phases: Vec<Phase>) -> Evidence {
        let mut cells: Vec<Cell> = self.cells.into_values().collect();
        cells.sort_by_key(|c| (c.phase, c.slice, c.role, c.action, c.source, c.cluster));
        let histograms = self.histograms.finish().into_iter();
        let histograms = histograms
            .map(|(slice, (phase, role, action, source), counts)| IntervalHistogram {
                phase,
                role,
                action,
                source,
                slice,
                counts,
            })
            .collect();
        let response_times = self.response_times.finish().into_iter();
        let response_times = response_times
            .map(|(slice, (phase, role, action), counts)| ResponseHistogram {
                phase,
                role,
                action,
                slice,
                counts,
            })
            .collect();
        let mut load = Load::none();
        for (phase, part) in &self.load {
            if phases.get(usize::from(*phase)).is_some_and(|phase| phase.measured) {
                load.merge(part);
            }
        }
        let Load { lag, late, connections } = load;
        Evidence {
            schema_version: SCHEMA_VERSION,
            run: super::Run::default(),
            roles: self.names.roles,
            actions: self.names.actions,
            phases,
            slice_us: self.slice_us,
            cluster: self.clusters.name().to_owned(),
            roster: self.clusters.into_roster(),
            cells,
            histograms,
            response_times,
            pairs: self.pairs,
            pairs_dropped: self
                .dropped
                .into_iter()
                .map(|((role, action, why), n)| DroppedPairs { role, action, why, n })
                .collect(),
            scrapes: self.scrapes.finish(),
            faults: self.faults,
            lag: Lag {
                n: lag.len(),
                p50_us: lag.value_at_quantile(0.5),
                p99_us: lag.value_at_quantile(0.99),
                max_us: lag.max(),
                late,
            },
            arrivals: Vec::new(),
            connections: (connections.requests > 0).then_some(connections),
            breakpoints: Vec::new(),
            sequential: None,
            environment: super::Environment::here(),
            caveats: self
                .overflow
                .map(|what| super::Caveat::Overflow { what: what.into() })
                .into_iter()
                .collect(),
            generators: Vec::new(),
            expected: Vec::new(),
            interrupted: false,
        }
    }
}

/// How the requests of a phase were sent.
#[derive(Debug)]
struct Load {
    lag: Histogram<u64>,
    late: u64,
    connections: Connections,
}

impl Load {
    fn none() -> Self {
        let lag = Histogram::new_with_bounds(1, MAX_US, 3);
        Self {
            lag: lag.expect("1 µs to an hour with 3 digits is a valid histogram"),
            late: 0,
            connections: Connections::default(),
        }
    }

    fn add(&mut self, seen: &Observation) {
        let lag = seen.started_us.saturating_sub(seen.due_us);
        self.lag.saturating_record(lag.min(MAX_US));
        self.late += u64::from(lag > LATE_US);
        // A copy that the browser showed needed no connection, and one that could not be
        // opened is a fault of its own.
        if seen.source != Source::Browser && seen.status.is_some() {
            self.connections.requests += 1;
            self.connections.opened += u64::from(!seen.reused);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.lag.add(&other.lag).expect("both have the same bounds");
        self.late += other.late;
        self.connections.requests += other.connections.requests;
        self.connections.opened += other.connections.opened;
    }
}

#[cfg(test)]
mod tests;
