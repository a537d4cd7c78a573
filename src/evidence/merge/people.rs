//! The same people at several generators are the same clusters again.

use super::Part;
use crate::evidence::{Caveat, Evidence, PairRecord};
use std::collections::HashMap;

/// New clusters by old ones.
pub(super) struct People {
    /// By old number; empty where numbers are moved by the offset.
    clusters: Vec<u32>,
    /// People of the generators before.
    offset: u32,
    /// How many were known from a generator before.
    pub(super) shared: usize,
}

impl People {
    pub(super) fn cluster(&self, old: u32) -> u32 {
        match self.clusters.len() {
            0 => old.saturating_add(self.offset),
            // People beyond the last cluster were folded into the first ones.
            most => self.clusters[old as usize % most],
        }
    }

    /// Person and cluster of a pair. Where people are the clusters, both are one number, as
    /// they were.
    pub(super) fn of_pair(&self, pair: &PairRecord) -> (u32, Option<u32>) {
        match pair.cluster {
            None => (self.cluster(pair.person), None),
            Some(cluster) => (pair.person.saturating_add(self.offset), Some(self.cluster(cluster))),
        }
    }
}

/// Numbers the clusters of all: by their fingerprints where every generator left them, one
/// after the other where not. The first keeps its numbers.
pub(super) fn align(all: &[Evidence]) -> (Vec<People>, Vec<u32>) {
    let known = all.iter().all(|one| !one.roster.is_empty());
    let (mut people, mut roster): (Vec<People>, Vec<u32>) = (Vec::new(), Vec::new());
    let mut numbers: HashMap<u32, u32> = HashMap::new();
    let mut offset = 0_u32;
    for one in all {
        let (mut clusters, mut shared, mut seen) = (Vec::new(), 0, Vec::new());
        for print in one.roster.iter().filter(|_| known) {
            let number = numbers.get(print).copied().unwrap_or_else(|| {
                roster.push(*print);
                let number = roster.len() as u32 - 1;
                seen.push((*print, number));
                number
            });
            shared += usize::from(numbers.contains_key(print));
            clusters.push(number);
        }
        // Only now: two of one generator with the same fingerprint are two all the same.
        numbers.extend(seen);
        people.push(People { clusters, offset, shared });
        offset = offset.saturating_add(most(one) + 1);
    }
    (people, roster)
}

/// The largest number of a cluster or a person.
fn most(one: &Evidence) -> u32 {
    let cells = one.cells.iter().map(|cell| cell.cluster);
    let pairs = one.pairs.iter().flat_map(|pair| [pair.person, pair.cluster.unwrap_or(0)]);
    cells.chain(pairs).max().unwrap_or(0)
}

/// What is counted twice because of people at several generators.
pub(super) fn caveat(parts: &[Part<'_>]) -> Option<Caveat> {
    let shared: usize = parts.iter().map(|part| part.people.shared).sum();
    (shared > 0).then(|| Caveat::Trouble {
        what: format!(
            "{shared} clusters were at several generators: each counts the first read of a URL for itself, so \
             what is said of first reads is too high"
        ),
    })
}
