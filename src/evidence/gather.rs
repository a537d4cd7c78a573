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
mod tests {
    use super::*;
    use crate::evidence::Member;
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
    fn a_response_time_is_of_an_answered_read_and_of_no_source() {
        let mut gatherer = gatherer();
        for source in [Source::Hit, Source::Miss, Source::Browser, Source::Error, Source::Write] {
            gatherer.responded(&seen(1, source, 100, 300, 7), 5_000);
        }
        let evidence = gatherer.finish(Vec::new());
        assert_eq!(evidence.response_times.len(), 1);
        let n: u64 = evidence.response_times[0].counts.iter().map(|(_, n)| n).sum();
        assert_eq!(n, 2);
        assert!(evidence.histograms.is_empty());
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
            peak_in_flight: None,
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
    fn people_who_share_a_class_are_one_cluster_in_cells_and_pairs() {
        let class = |label| Member { label, name: Some("x") };
        let all = [class(Some("7b")), class(None), class(Some("7b"))];
        let mut gatherer = gatherer().clustered(Clusters::new("class", all.into_iter()));
        for person in 0..3 {
            gatherer.observe(&seen(person, Source::Hit, 100, 300, u64::from(person)));
        }
        let pair = |person| PairRecord {
            role: 0,
            action: 0,
            person,
            cluster: None,
            cached_us: 1,
            uncached_us: 10,
            cached_first: true,
            queries: None,
            equal: true,
        };
        gatherer.pair(pair(2));
        let evidence = gatherer.finish(Vec::new());
        assert_eq!(evidence.cells.iter().map(|c| (c.cluster, c.n)).collect::<Vec<_>>(), [(0, 2), (1, 1)]);
        assert_eq!((evidence.pairs[0].person, evidence.pairs[0].cluster), (2, Some(0)));
        assert_eq!((evidence.cluster.as_str(), evidence.roster.len()), ("class", 2));
        let pairs = crate::evidence::Selection::default().speed_pairs(&evidence);
        assert_eq!(pairs[0].cluster, 0);
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
