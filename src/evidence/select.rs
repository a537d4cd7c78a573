//! Questions to the evidence: what happened in the measured phases to these roles,
//! actions and sources.

use super::{Cell, Evidence, IntervalHistogram, PairRecord, Phase};
use crate::observe::Source;
use crate::stats::batch_means::Slice;
use crate::stats::paired::Pair;
use crate::stats::quantile::{Counts, merge};
use crate::stats::two_way::Part;
use std::collections::BTreeMap;

/// Which part of the evidence is meant. An empty list means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Names of roles.
    pub roles: Vec<String>,
    /// Names of actions.
    pub actions: Vec<String>,
    /// Sources.
    pub sources: Vec<Source>,
    /// Names of phases; the measured ones where none is named.
    pub phases: Vec<String>,
    /// What is left out at the beginning of phases.
    pub cuts: Vec<Cut>,
}

/// The beginning of a phase that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Name of the phase.
    pub phase: String,
    /// The first slice that stays.
    pub before: u32,
}

impl Selection {
    /// All traffic of one role.
    pub fn of_role(role: &str) -> Self {
        Self { roles: vec![role.into()], ..Self::default() }
    }

    /// All traffic from these sources.
    pub fn of_sources(sources: &[Source]) -> Self {
        Self { sources: sources.to_vec(), ..Self::default() }
    }

    fn phase(&self, phase: &Phase) -> bool {
        if self.phases.is_empty() { phase.measured } else { self.phases.contains(&phase.name) }
    }

    /// Whether a slice of a phase stays.
    fn stays(&self, phase: &Phase, slice: u32) -> bool {
        self.cuts.iter().all(|cut| cut.phase != phase.name || slice >= cut.before)
    }

    /// Whether something of this slice of a phase, of this role and action is meant.
    pub fn takes(&self, evidence: &Evidence, (phase, slice): (u16, u32), role: u16, action: u16) -> bool {
        let meant = |phase: &Phase| self.phase(phase) && self.stays(phase, slice);
        evidence.phases.get(usize::from(phase)).is_some_and(meant) && self.names(evidence, role, action)
    }

    fn source(&self, source: Source) -> bool {
        self.sources.is_empty() || self.sources.contains(&source)
    }

    /// The cells that are meant.
    pub fn cells<'a>(&'a self, evidence: &'a Evidence) -> impl Iterator<Item = &'a Cell> {
        evidence.cells.iter().filter(|cell| {
            self.source(cell.source) && self.takes(evidence, (cell.phase, cell.slice), cell.role, cell.action)
        })
    }

    /// The histograms that are meant.
    pub fn histograms<'a>(&'a self, evidence: &'a Evidence) -> impl Iterator<Item = &'a IntervalHistogram> {
        evidence.histograms.iter().filter(|part| {
            self.source(part.source) && self.takes(evidence, (part.phase, part.slice), part.role, part.action)
        })
    }

    fn names(&self, evidence: &Evidence, role: u16, action: u16) -> bool {
        let named = |wanted: &[String], names: &[String], index: u16| {
            wanted.is_empty() || names.get(usize::from(index)).is_some_and(|name| wanted.contains(name))
        };
        named(&self.roles, &evidence.roles, role) && named(&self.actions, &evidence.actions, action)
    }

    /// The pairs that are meant. They stand outside the measured phases.
    pub fn pairs<'a>(&'a self, evidence: &'a Evidence) -> impl Iterator<Item = &'a PairRecord> {
        evidence.pairs.iter().filter(|pair| self.names(evidence, pair.role, pair.action))
    }

    /// How many of the pairs that are meant could not be used.
    pub fn pairs_dropped(&self, evidence: &Evidence) -> u64 {
        let meant = evidence.pairs_dropped.iter().filter(|part| self.names(evidence, part.role, part.action));
        meant.map(|part| part.n).sum()
    }

    /// The phases that are meant.
    pub fn phases<'a>(&'a self, evidence: &'a Evidence) -> impl Iterator<Item = &'a Phase> {
        evidence.phases.iter().filter(|phase| self.phase(phase))
    }

    /// The pairs that are meant as samples for a speedup, clustered as the run says.
    pub fn speed_pairs(&self, evidence: &Evidence) -> Vec<Pair> {
        self.pairs(evidence)
            .map(|pair| Pair {
                cached: pair.cached_us as f64,
                uncached: pair.uncached_us as f64,
                cluster: pair.cluster.unwrap_or(pair.person),
            })
            .collect()
    }

    /// Hits over the reads that reached the server, by slice of time.
    pub fn hit_rate(&self, evidence: &Evidence) -> Vec<Slice> {
        self.ratio(evidence, hits)
    }

    /// The same by slice of time and cluster, with the number of slices, as [`Self::parts`].
    pub fn hit_rate_parts(&self, evidence: &Evidence) -> (Vec<Part>, usize) {
        self.parts(evidence, hits)
    }

    /// The slices of time that lie in the phases that are meant.
    pub fn span(&self, evidence: &Evidence) -> Vec<u32> {
        let slice_us = evidence.slice_us;
        let mut slices: Vec<u32> = self
            .phases(evidence)
            .filter(|phase| phase.to_us > phase.from_us)
            .flat_map(|phase| {
                let slices = (phase.from_us / slice_us)..=((phase.to_us - 1) / slice_us);
                let slices = slices.filter_map(|slice| u32::try_from(slice).ok());
                slices.filter(|slice| self.stays(phase, *slice))
            })
            .collect();
        slices.sort_unstable();
        slices.dedup();
        slices
    }

    /// A ratio by slice of time: each cell gives what it adds above and below the line.
    /// Slices in which nothing happened are there, empty.
    pub fn ratio(&self, evidence: &Evidence, part: impl Fn(&Cell) -> (u64, u64)) -> Vec<Slice> {
        let mut by_slice: BTreeMap<u32, (u64, u64)> =
            self.span(evidence).into_iter().map(|slice| (slice, (0, 0))).collect();
        for cell in self.cells(evidence) {
            let (above, below) = part(cell);
            let sum = by_slice.entry(cell.slice).or_default();
            sum.0 += above;
            sum.1 += below;
        }
        by_slice
            .into_values()
            .map(|(above, below)| Slice { numerator: above as f64, denominator: below as f64 })
            .collect()
    }

    /// A ratio by slice of time and cluster, with the number of slices: each cell gives what it
    /// adds above and below the line. The slices are those of [`Self::ratio`].
    pub fn parts(&self, evidence: &Evidence, part: impl Fn(&Cell) -> (u64, u64)) -> (Vec<Part>, usize) {
        let mut index: BTreeMap<u32, usize> =
            self.span(evidence).into_iter().map(|slice| (slice, 0)).collect();
        index.extend(self.cells(evidence).map(|cell| (cell.slice, 0)));
        for (at, slice) in index.values_mut().enumerate() {
            *slice = at;
        }
        let parts = self.cells(evidence).filter_map(|cell| {
            let (above, below) = part(cell);
            (above > 0 || below > 0).then(|| Part {
                slice: index[&cell.slice],
                cluster: cell.cluster,
                stratum: cell.role,
                numerator: above as f64,
                denominator: below as f64,
            })
        });
        (parts.collect(), index.len())
    }

    /// Latencies by slice of time.
    pub fn latencies(&self, evidence: &Evidence) -> Vec<Counts> {
        let mut by_slice: BTreeMap<u32, Vec<Counts>> =
            self.span(evidence).into_iter().map(|slice| (slice, Vec::new())).collect();
        for part in self.histograms(evidence) {
            by_slice.entry(part.slice).or_default().push(part.counts.clone());
        }
        by_slice.into_values().map(|parts| merge(&parts)).collect()
    }

    /// How many responses.
    pub fn n(&self, evidence: &Evidence) -> u64 {
        self.cells(evidence).map(|cell| cell.n).sum()
    }
}

/// Hits, and the reads that reached the server.
fn hits(cell: &Cell) -> (u64, u64) {
    (if cell.source.is_hit() { cell.n } else { 0 }, if cell.source.in_hit_rate() { cell.n } else { 0 })
}
