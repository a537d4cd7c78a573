//! Everything measured, on disk, rich enough to judge any SLO line again.
//!
//! In: observations, pairs and scrapes as they come ([`Gatherer`]). Out: an
//! [`Evidence`] that can be written, read back and asked ([`Selection`]). It draws
//! no conclusions.

mod caveat;
mod clusters;
mod disk;
mod environment;
mod expected;
mod gather;
mod generator;
mod histograms;
mod load;
mod merge;
mod scrapes;
mod select;
mod sequential;
mod sound;

pub use caveat::Caveat;
pub use clusters::{CLUSTERS, Clusters, Member};
pub use disk::{DiskError, FILE, load, save, write_whole};
pub use environment::{CpuMeter, Environment, Machine};
pub use expected::ExpectedRate;
pub use gather::{Gatherer, Names};
pub use generator::Generator;
pub use load::{Arrivals, Connections, LATE_US, Lag, Step};
pub use merge::{MergeError, merge};
pub use select::{Cut, Selection};
pub use sequential::{Sequential, Watched, WatchedPairs};
pub use sound::Unsound;

use crate::observe::{Fault, Scrape, Source};
use crate::scenario::Kind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the evidence format.
pub const SCHEMA_VERSION: u32 = 1;

/// What a run measured.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Version of this format.
    pub schema_version: u32,
    /// Which run it was.
    pub run: Run,
    /// Names of the roles, by index.
    pub roles: Vec<String>,
    /// Names of the actions, by index.
    pub actions: Vec<String>,
    /// The phases that took place, by index.
    pub phases: Vec<Phase>,
    /// Length of a time slice in microseconds; slices count from the run's beginning.
    pub slice_us: u64,
    /// What counts as one cluster: `person`, or the name of what its people share.
    #[serde(default = "clusters::person", skip_serializing_if = "clusters::is_person")]
    pub cluster: String,
    /// A fingerprint of who is in each cluster, by its number, which other generators at the
    /// same target give to the same people; empty where people have no names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roster: Vec<u32>,
    /// Counts and cost sums.
    pub cells: Vec<Cell>,
    /// Interval histograms of latency.
    pub histograms: Vec<IntervalHistogram>,
    /// Interval histograms of the time from the intended start, of answered reads in phases
    /// whose requests arrive by the clock.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub response_times: Vec<ResponseHistogram>,
    /// Every pair.
    pub pairs: Vec<PairRecord>,
    /// Pairs that could not be used, by reason.
    pub pairs_dropped: Vec<DroppedPairs>,
    /// The target's own counters over time.
    pub scrapes: Vec<Scrape>,
    /// Faults by kind.
    pub faults: BTreeMap<String, u64>,
    /// How late people were sent off, against when they meant to go.
    pub lag: Lag,
    /// Requests that were to arrive by the clock.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arrivals: Vec<Arrivals>,
    /// Over how many connections; absent where nothing counted them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<Connections>,
    /// Steps of breakpoints, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breakpoints: Vec<Step>,
    /// How the run looked at itself, where it was to end as soon as it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequential: Option<Sequential>,
    /// Where it was measured and what that cost.
    pub environment: Environment,
    /// The generators whose evidence this is, where there were several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub generators: Vec<Generator>,
    /// What a perfect cache was expected to reach: of each role, then of all.
    #[serde(default)]
    pub expected: Vec<ExpectedRate>,
    /// What weakens it.
    pub caveats: Vec<Caveat>,
    /// Whether the run was ended before its time.
    pub interrupted: bool,
}

/// Which run it was.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// `<scenario>-<UTC>`, the name of the run folder.
    pub id: String,
    /// Name of the scenario.
    pub scenario: String,
    /// What the scenario says of itself.
    pub about: String,
    /// When it began, RFC 3339, UTC.
    pub started_at: String,
    /// The same in microseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_us: Option<u64>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Seed of everything random.
    pub seed: u64,
    /// Version of cacheproof.
    pub version: String,
    /// `embedded` or the base URL.
    pub target: String,
    /// The store behind the cache, as the target calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// Seconds of the scenario clock per second of the wall.
    pub time_scale: f64,
    /// People at work at once, by role.
    pub users: Vec<(String, u32)>,
}

/// A phase that took place.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Phase {
    /// Its name.
    pub name: String,
    /// What kind it was.
    pub kind: Kind,
    /// Whether SLOs are judged on it.
    pub measured: bool,
    /// Factor on the people's declared pace.
    #[serde(default = "declared", skip_serializing_if = "is_declared")]
    pub pace: f64,
    /// Beginning, microseconds since the run began.
    pub from_us: u64,
    /// End.
    pub to_us: u64,
    /// The most requests that were under way at one moment; absent where nobody counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_in_flight: Option<u32>,
}

/// The pace that the scenario declares.
fn declared() -> f64 {
    1.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_declared(pace: &f64) -> bool {
    *pace == 1.0
}

/// Counts and cost sums of one combination in one slice of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cell {
    /// Index of the phase.
    pub phase: u16,
    /// Index of the role.
    pub role: u16,
    /// Index of the action.
    pub action: u16,
    /// Who served it.
    pub source: Source,
    /// The cluster (see [`Evidence::cluster`]), folded into a bounded number.
    pub cluster: u32,
    /// Slice of time.
    pub slice: u32,
    /// Responses.
    pub n: u64,
    /// Of these, first requests of that URL by that person in the run.
    pub firsts: u64,
    /// Of these, answered 304.
    pub validated: u64,
    /// Bytes of bodies.
    pub bytes: u64,
    /// Sum of latencies in microseconds.
    pub latency_us: u64,
}

/// Latencies of one combination in one slice of time.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct IntervalHistogram {
    /// Index of the phase.
    pub phase: u16,
    /// Index of the role.
    pub role: u16,
    /// Index of the action.
    pub action: u16,
    /// Who served it.
    pub source: Source,
    /// Slice of time.
    pub slice: u32,
    /// (microseconds, count), three significant digits, ascending.
    pub counts: Vec<(u64, u64)>,
}

/// Times from the intended start to the last byte, of one combination in one slice of time.
/// By source they would mislead: what stood before a request in the queue was another's fault.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ResponseHistogram {
    /// Index of the phase.
    pub phase: u16,
    /// Index of the role.
    pub role: u16,
    /// Index of the action.
    pub action: u16,
    /// Slice of time.
    pub slice: u32,
    /// (microseconds, count), three significant digits, ascending.
    pub counts: Vec<(u64, u64)>,
}

/// One pair: the same request by the same person, cached and bypassed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PairRecord {
    /// Index of the role.
    pub role: u16,
    /// Index of the action.
    pub action: u16,
    /// The person.
    pub person: u32,
    /// The cluster; absent where it is the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<u32>,
    /// Latency of the cached arm in microseconds.
    pub cached_us: u64,
    /// Latency of the uncached arm in microseconds.
    pub uncached_us: u64,
    /// Whether the cached arm went first.
    pub cached_first: bool,
    /// Database queries of the uncached arm, where the target counts them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queries: Option<f64>,
    /// Whether both bodies were equal.
    pub equal: bool,
}

/// Pairs that could not be used.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DroppedPairs {
    /// Index of the role.
    pub role: u16,
    /// Index of the action.
    pub action: u16,
    /// Why.
    pub why: PairFlaw,
    /// How many.
    pub n: u64,
}

/// Why a pair could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PairFlaw {
    /// The cached arm was not a hit.
    NotAHit,
    /// The uncached arm was not a bypass.
    NotABypass,
    /// One arm had no usable answer.
    Failed,
}

impl Evidence {
    /// Index of a role by name.
    pub fn role(&self, name: &str) -> Option<u16> {
        index(&self.roles, name)
    }

    /// Index of an action by name.
    pub fn action(&self, name: &str) -> Option<u16> {
        index(&self.actions, name)
    }

    /// Responses of all kinds in all phases.
    pub fn responses(&self) -> u64 {
        self.cells.iter().map(|cell| cell.n).sum()
    }

    /// How many requests ended in this fault.
    pub fn fault(&self, fault: Fault) -> u64 {
        self.faults.get(fault.as_str()).copied().unwrap_or(0)
    }
}

fn index(names: &[String], name: &str) -> Option<u16> {
    names.iter().position(|known| known == name).and_then(|at| u16::try_from(at).ok())
}
