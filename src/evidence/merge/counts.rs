//! What is counted, summed: nothing of it is lost.

use super::{Part, sum_by};
use crate::evidence::{Cell, DroppedPairs, IntervalHistogram, PairRecord, ResponseHistogram};
use crate::stats::quantile;
use std::collections::BTreeMap;

pub(super) fn cells(parts: &[Part<'_>]) -> Vec<Cell> {
    let mut sums: BTreeMap<_, Cell> = BTreeMap::new();
    for part in parts {
        for cell in &part.evidence.cells {
            let moved = Cell {
                phase: part.indices.phase(cell.phase),
                role: part.indices.role(cell.role),
                action: part.indices.action(cell.action),
                cluster: part.people.cluster(cell.cluster),
                slice: part.clock.slice(cell.slice),
                ..*cell
            };
            // The order in which a gatherer leaves them.
            let key = (moved.phase, moved.slice, moved.role, moved.action, moved.source, moved.cluster);
            sums.entry(key)
                .and_modify(|sum| {
                    sum.n += moved.n;
                    sum.firsts += moved.firsts;
                    sum.validated += moved.validated;
                    sum.bytes += moved.bytes;
                    sum.latency_us += moved.latency_us;
                })
                .or_insert(moved);
        }
    }
    sums.into_values().collect()
}

pub(super) fn histograms(parts: &[Part<'_>]) -> Vec<IntervalHistogram> {
    let mut sums: BTreeMap<_, Vec<quantile::Counts>> = BTreeMap::new();
    for part in parts {
        for own in &part.evidence.histograms {
            let key = (
                part.indices.phase(own.phase),
                part.indices.role(own.role),
                part.indices.action(own.action),
                own.source,
                part.clock.slice(own.slice),
            );
            sums.entry(key).or_default().push(own.counts.clone());
        }
    }
    let whole = |((phase, role, action, source, slice), counts): (_, Vec<quantile::Counts>)| {
        IntervalHistogram { phase, role, action, source, slice, counts: quantile::merge(&counts) }
    };
    sums.into_iter().map(whole).collect()
}

pub(super) fn response_times(parts: &[Part<'_>]) -> Vec<ResponseHistogram> {
    let mut sums: BTreeMap<_, Vec<quantile::Counts>> = BTreeMap::new();
    for part in parts {
        for own in &part.evidence.response_times {
            let key = (
                part.indices.phase(own.phase),
                part.indices.role(own.role),
                part.indices.action(own.action),
                part.clock.slice(own.slice),
            );
            sums.entry(key).or_default().push(own.counts.clone());
        }
    }
    let whole = |((phase, role, action, slice), counts): (_, Vec<quantile::Counts>)| ResponseHistogram {
        phase,
        role,
        action,
        slice,
        counts: quantile::merge(&counts),
    };
    sums.into_iter().map(whole).collect()
}

pub(super) fn pairs<'p>(part: &'p Part<'_>) -> impl Iterator<Item = PairRecord> + 'p {
    part.evidence.pairs.iter().map(|pair| {
        let (person, cluster) = part.people.of_pair(pair);
        PairRecord {
            role: part.indices.role(pair.role),
            action: part.indices.action(pair.action),
            person,
            cluster,
            ..pair.clone()
        }
    })
}

pub(super) fn dropped(parts: &[Part<'_>]) -> Vec<DroppedPairs> {
    let each = parts.iter().flat_map(|part| {
        part.evidence
            .pairs_dropped
            .iter()
            .map(|own| ((part.indices.role(own.role), part.indices.action(own.action), own.why), own.n))
    });
    sum_by(each).into_iter().map(|((role, action, why), n)| DroppedPairs { role, action, why, n }).collect()
}
