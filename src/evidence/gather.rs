//! Observations to evidence, as they come, in bounded memory.

use super::{
    Cell, Connections, DroppedPairs, Evidence, IntervalHistogram, LATE_US, Lag, PairFlaw, PairRecord, Phase,
    SCHEMA_VERSION,
};
use crate::observe::{Fault, Observation, Scrape, Source};
use hdrhistogram::Histogram;
use std::collections::{BTreeMap, HashMap, HashSet};

/// People are folded into at most so many clusters.
const CLUSTERS: u32 = 1024;
/// So many distinct (person, URL) are remembered to tell first reads from later ones.
const REQUESTS: usize = 1 << 20;
/// So many pairs and scrapes are kept.
const RECORDS: usize = 100_000;
/// Latencies above an hour are recorded as an hour.
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
    cells: HashMap<(Key, u32), Cell>,
    histograms: HashMap<Key, Histogram<u32>>,
    requests: HashSet<u64>,
    pairs: Vec<PairRecord>,
    dropped: BTreeMap<(u16, u16, PairFlaw), u64>,
    scrapes: Vec<Scrape>,
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
            cells: HashMap::new(),
            histograms: HashMap::new(),
            requests: HashSet::new(),
            pairs: Vec::new(),
            dropped: BTreeMap::new(),
            scrapes: Vec::new(),
            faults: BTreeMap::new(),
            load: BTreeMap::new(),
            overflow: None,
        }
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
        let slice = u32::try_from(seen.finished_us / self.slice_us).unwrap_or(u32::MAX);
        let key = Key { phase: seen.phase, role: seen.role, action: seen.action, source: seen.source, slice };
        let first = if self.requests.len() < REQUESTS {
            self.requests.insert(seen.request)
        } else {
            self.overflow = Some("which reads were a person's first of a URL, beyond the first million URLs");
            false
        };
        let cluster = seen.person % CLUSTERS;
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
        self.histograms
            .entry(key)
            // This kind grows with its values; one with a fixed maximum would clip them.
            .or_insert_with(|| Histogram::new(3).expect("3 digits are a valid precision"))
            .record(latency.min(MAX_US))
            .expect("a histogram that grows takes every value");
        self.load.entry(seen.phase).or_insert_with(Load::none).add(seen);
    }

    /// Adds a pair.
    pub fn pair(&mut self, pair: PairRecord) {
        if self.pairs.len() < RECORDS {
            self.pairs.push(pair);
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
        if self.scrapes.len() < RECORDS {
            self.scrapes.push(scrape);
        } else {
            self.overflow = Some("scrapes beyond the first 100,000");
        }
    }

    /// The evidence so far. Order depends on the keys only, never on hashing.
    pub fn finish(self, phases: Vec<Phase>) -> Evidence {
        let mut cells: Vec<Cell> = self.cells.into_values().collect();
        cells.sort_by_key(|c| (c.phase, c.slice, c.role, c.action, c.source, c.cluster));
        let mut histograms: Vec<(Key, Histogram<u32>)> = self.histograms.into_iter().collect();
        histograms.sort_by_key(|(key, _)| *key);
        let histograms = histograms
            .into_iter()
            .map(|(key, histogram)| IntervalHistogram {
                phase: key.phase,
                role: key.role,
                action: key.action,
                source: key.source,
                slice: key.slice,
                counts: histogram
                    .iter_recorded()
                    .map(|value| (value.value_iterated_to(), value.count_at_value().into()))
                    .collect(),
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
            cells,
            histograms,
            pairs: self.pairs,
            pairs_dropped: self
                .dropped
                .into_iter()
                .map(|((role, action, why), n)| DroppedPairs { role, action, why, n })
                .collect(),
            scrapes: self.scrapes,
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
            environment: super::Environment::here(),
            caveats: self
                .overflow
                .map(|what| super::Caveat::Overflow { what: what.into() })
                .into_iter()
                .collect(),
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
mod tests {
    use super::*;
    use crate::scenario::Kind;

    fn seen(person: u32, source: Source, started_us: u64, took: u64, request: u64) -> Observation {
        Observation {
            person,
            role: 0,
            action: 0,
            phase: 0,
            due_us: started_us.saturating_sub(5),
            started_us,
            first_byte_us: None,
            finished_us: started_us + took,
            status: Some(200),
            claimed: source,
            source,
            validated: false,
            request,
            digest: None,
            bytes: 10,
            reused: true,
            fault: (source == Source::Error).then_some(Fault::Status),
        }
    }

    fn gatherer() -> Gatherer {
        Gatherer::new(Names { roles: vec!["teacher".into()], actions: vec!["list".into()] }, 1_000_000)
    }

    #[test]
    fn responses_land_in_the_slice_in_which_they_ended() {
        let mut gatherer = gatherer();
        gatherer.observe(&seen(1, Source::Hit, 999_000, 2_000, 7));
        gatherer.observe(&seen(1, Source::Hit, 100, 300, 7));
        let evidence = gatherer.finish(Vec::new());
        assert_eq!(
            evidence.cells.iter().map(|c| (c.slice, c.n, c.firsts)).collect::<Vec<_>>(),
            [(0, 1, 0), (1, 1, 1)]
        );
        assert_eq!(evidence.responses(), 2);
        assert_eq!(evidence.lag.n, 0, "no phase was measured");
    }

    #[test]
    fn people_sent_off_late_count_in_measured_phases_only() {
        let mut gatherer = gatherer();
        gatherer.observe(&seen(1, Source::Hit, 100, 300, 7));
        gatherer.observe(&seen(2, Source::Hit, 200, 300, 8));
        gatherer.observe(&Observation { phase: 1, ..seen(3, Source::Hit, 300, 300, 9) });
        let phase = |kind: Kind, measured| Phase {
            name: kind.as_str().into(),
            kind,
            measured,
            pace: 1.0,
            from_us: 0,
            to_us: 1,
        };
        let evidence = gatherer.finish(vec![phase(Kind::Steady, true), phase(Kind::Pairs, false)]);
        assert_eq!((evidence.lag.n, evidence.lag.p50_us, evidence.lag.max_us), (2, 5, 5));
    }

    #[test]
    fn the_order_of_observations_does_not_change_the_evidence() {
        let all: Vec<Observation> = (0..200)
            .map(|i| {
                seen(
                    i % 7,
                    Source::ALL[(i % 9) as usize],
                    u64::from(i) * 31_000,
                    50 + u64::from(i),
                    u64::from(i),
                )
            })
            .collect();
        let forward = all
            .iter()
            .fold(gatherer(), |mut g, o| {
                g.observe(o);
                g
            })
            .finish(Vec::new());
        let backward = all
            .iter()
            .rev()
            .fold(gatherer(), |mut g, o| {
                g.observe(o);
                g
            })
            .finish(Vec::new());
        assert_eq!(
            serde_json::to_string(&forward.cells).unwrap(),
            serde_json::to_string(&backward.cells).unwrap()
        );
        assert_eq!(
            serde_json::to_string(&forward.histograms).unwrap(),
            serde_json::to_string(&backward.histograms).unwrap()
        );
        assert_eq!(forward.fault(Fault::Status), backward.fault(Fault::Status));
        assert!(forward.fault(Fault::Status) > 0);
    }

    #[test]
    fn histograms_keep_every_latency_to_three_digits() {
        let mut gatherer = gatherer();
        for took in [87, 1_234, 5_000_000] {
            gatherer.observe(&seen(1, Source::Miss, 0, took, 1));
        }
        let evidence = gatherer.finish(Vec::new());
        let counts: Vec<(u64, u64)> = evidence.histograms.iter().flat_map(|h| h.counts.clone()).collect();
        assert_eq!(counts.iter().map(|(_, n)| n).sum::<u64>(), 3);
        for (expected, (value, _)) in [87_u64, 1_234, 5_000_000].iter().zip(counts) {
            assert!((value as f64 / *expected as f64 - 1.0).abs() < 0.001, "{expected} was kept as {value}");
        }
    }
}
