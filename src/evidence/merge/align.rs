//! One clock for all: when each began, and where its slices of time fall.

use super::{MergeError, Part};
use crate::evidence::{Caveat, Evidence, Phase};

/// Slices may grow by so much where those of two runs do not fit into each other.
const COARSEST: u64 = 8;
/// A clock that is told in seconds only may be off by so much.
const SECOND_US: u64 = 1_000_000;

/// Where a run's moments fall on the common clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// Microseconds after the first run that it began.
    pub(super) after_us: u64,
    own_slice_us: u64,
    slice_us: u64,
}

impl Clock {
    /// A moment of the run.
    pub(super) fn at(self, us: u64) -> u64 {
        us.saturating_add(self.after_us)
    }

    /// The common slice in which the middle of one of its slices lies.
    pub(super) fn slice(self, slice: u32) -> u32 {
        let middle = u64::from(slice).saturating_mul(self.own_slice_us).saturating_add(self.own_slice_us / 2);
        u32::try_from(self.at(middle) / self.slice_us).unwrap_or(u32::MAX)
    }
}

/// The clock of each, and the common length of a slice: the least that all slices fit into.
pub(super) fn clocks(all: &[Evidence]) -> Result<(Vec<Clock>, u64), MergeError> {
    let begun = all.iter().map(beginning).collect::<Result<Vec<_>, _>>()?;
    let origin = begun.iter().copied().min().unwrap_or(0);
    let longest = all.iter().map(|one| one.slice_us.max(1)).max().unwrap_or(1);
    let slice_us = all.iter().map(|one| one.slice_us.max(1)).fold(1, least_common);
    if let Some(other) = all.iter().find(|one| one.slice_us != all[0].slice_us)
        && slice_us > longest.saturating_mul(COARSEST)
    {
        return Err(MergeError::Unlike {
            first: all[0].run.id.clone(),
            other: other.run.id.clone(),
            what: "the length of a slice of time, which has no common multiple near,",
            ours: format!("{} µs", all[0].slice_us),
            theirs: format!("{} µs", other.slice_us),
        });
    }
    let clock = |(one, begun): (&Evidence, u64)| Clock {
        after_us: begun - origin,
        own_slice_us: one.slice_us.max(1),
        slice_us,
    };
    Ok((all.iter().zip(begun).map(clock).collect(), slice_us))
}

/// Microseconds since 1970; earlier evidence has seconds only.
fn beginning(one: &Evidence) -> Result<u64, MergeError> {
    let run = &one.run;
    let parsed = || run.started_at.parse::<jiff::Timestamp>().ok()?.as_microsecond().try_into().ok();
    run.started_us
        .or_else(parsed)
        .ok_or_else(|| MergeError::NoBeginning { id: run.id.clone(), started_at: run.started_at.clone() })
}

fn least_common(a: u64, b: u64) -> u64 {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    (a / x.max(1)).saturating_mul(b)
}

/// What one clock for all leaves uncertain.
pub(super) fn caveats(parts: &[Part<'_>], slice_us: u64, phases: &[Phase]) -> Vec<Caveat> {
    let coarse = parts.iter().any(|part| part.evidence.run.started_us.is_none());
    let off_us = slice_us / 2 + if coarse { SECOND_US } else { 0 };
    let apart_us = parts.iter().map(|part| part.clock.after_us).max().unwrap_or(0);
    let peaks = phases.iter().any(|phase| phase.peak_in_flight.is_some());
    let generators = parts.iter().map(|part| part.evidence.run.id.clone()).collect();
    vec![Caveat::Merged { generators, apart_us, off_us, peaks }]
}
