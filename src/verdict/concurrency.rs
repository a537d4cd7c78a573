//! The most at one time, counted.

use super::measure::{Measurement, Value};
use super::slo::{Concurrent, Op, Slo};
use super::stretch;
use crate::evidence::{CLUSTERS, Evidence};
use crate::observe::Source;
use crate::units::{count, duration};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// People who asked within this are there at one time.
const MINUTE: Duration = Duration::from_secs(60);
/// With so many of the clusters in use, some hold more than one person.
const CROWDED: usize = CLUSTERS as usize * 9 / 10;

pub(super) fn peak(slo: &Slo, of: Concurrent, evidence: &Evidence) -> Measurement {
    match of {
        Concurrent::Requests => requests(slo, evidence),
        Concurrent::People => people(slo, evidence),
    }
}

/// The most requests under way at one moment, counted where they are sent.
fn requests(slo: &Slo, evidence: &Evidence) -> Measurement {
    let n = slo.selection.n(evidence);
    let phases = slo.selection.phases(evidence);
    let peaks = phases.filter_map(|phase| Some((phase.peak_in_flight?, phase.name.as_str())));
    match peaks.max_by_key(|(peak, _)| *peak) {
        _ if n == 0 => Measurement::absent("nothing was asked in the phases that are meant", 0),
        None => Measurement::absent("requests under way were not counted in this run", 0),
        Some((peak, phase)) => Measurement::of(Value::Exact { value: f64::from(peak), n })
            .note(Some(format!("under way at one moment of {phase}, counted"))),
    }
}

/// The most distinct people who asked something of the target within a minute of the wall: of
/// every minute that begins with a slice.
fn people(slo: &Slo, evidence: &Evidence) -> Measurement {
    let slice = Duration::from_micros(evidence.slice_us.max(1));
    if slice > MINUTE {
        let why = format!("this run kept {} apart, more than a minute", duration(slice));
        return Measurement::absent(why, 0);
    }
    // A cluster holds people of one number modulo the number of clusters, and each has one role.
    let mut by_slice: BTreeMap<u32, BTreeSet<(u16, u32)>> = BTreeMap::new();
    let mut clusters: BTreeSet<u32> = BTreeSet::new();
    let mut n = 0;
    for cell in slo.selection.cells(evidence).filter(|cell| cell.source != Source::Browser) {
        by_slice.entry(cell.slice).or_default().insert((cell.role, cell.cluster));
        clusters.insert(cell.cluster);
        n += cell.n;
    }
    if by_slice.is_empty() {
        return Measurement::absent("nothing was asked in the phases that are meant", 0);
    }
    let slices = (MINUTE.as_micros() / slice.as_micros()) as u32;
    let within = |from: u32| by_slice.range(from..from.saturating_add(slices));
    let at_once = |from: u32| within(from).flat_map(|(_, who)| who).collect::<BTreeSet<_>>().len();
    let most = by_slice.keys().map(|from| at_once(*from)).max().unwrap_or(0);
    // Where people of a class count as one, there are at least as many people as classes.
    let crowded = clusters.len() >= CROWDED || evidence.cluster != crate::plan::PERSON;
    let at_least = if crowded { "at least; " } else { "" };
    let longest = stretch::phases(evidence, &slo.selection).iter().map(stretch::Stretch::length).max();
    let within = longest.unwrap_or(MINUTE).min(MINUTE);
    Measurement {
        note: Some(format!("{at_least}who asked something within {} of the wall, counted", duration(within))),
        withheld: (crowded && !bound_decides(slo, most as f64)).then(|| {
            format!(
                "people are told apart up to {} of them, so there were {} or more",
                count(CLUSTERS.into()),
                count(most as u64)
            )
        }),
        ..Measurement::of(Value::Exact { value: most as f64, n })
    }
}

/// Whether a line is decided by there being at least so many.
fn bound_decides(slo: &Slo, at_least: f64) -> bool {
    let holds = slo.op.holds(at_least, slo.target);
    match slo.op {
        Op::Above | Op::AtLeast => holds,
        Op::Below | Op::AtMost => !holds,
        Op::Equal => at_least > slo.target,
    }
}

#[cfg(test)]
mod tests;
