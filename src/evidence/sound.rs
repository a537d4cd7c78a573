//! Whether evidence fits together, before anything is concluded from a file that was cut,
//! patched or written by something else.

use super::Evidence;
use crate::observe::Source;
use std::collections::BTreeMap;

/// A run keeps some 1,200 slices apart; a million are not from a run, and would take minutes.
const MOST_SLICES: u64 = 1_000_000;
/// Whole numbers up to here are exact as floating-point numbers, with which all is computed.
const EXACT: u128 = 1 << 53;

/// What does not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    /// Time is not cut into slices.
    #[error("slices of time have no length")]
    NoSlices,
    /// A phase ends before it begins, or goes on for ever.
    #[error("phase {phase} lasts from {from_us} to {to_us} µs in slices of {slice_us} µs")]
    Phase {
        /// Its name.
        phase: String,
        /// Its beginning.
        from_us: u64,
        /// Its end.
        to_us: u64,
        /// Length of a slice.
        slice_us: u64,
    },
    /// More than can be counted.
    #[error("{what} add up to more than can be counted")]
    TooLarge {
        /// What was summed.
        what: &'static str,
    },
    /// Responses without latency, or latencies without response.
    #[error("{cells} responses of phase {phase}, {source_name} were counted, but {latencies} latencies kept")]
    Latencies {
        /// Index of the phase.
        phase: u16,
        /// Their source.
        source_name: &'static str,
        /// Responses counted.
        cells: u128,
        /// Latencies in histograms.
        latencies: u128,
    },
    /// Reads by the clock without time from the intended start, or the reverse.
    #[error("{reads} answered reads of phase {phase} were counted, but {times} response times kept")]
    ResponseTimes {
        /// Index of the phase.
        phase: u16,
        /// Answered reads counted.
        reads: u128,
        /// Response times in histograms.
        times: u128,
    },
}

/// Holds what is told twice against itself, and sums against what can be computed.
pub(super) fn check(evidence: &Evidence) -> Result<(), Unsound> {
    if evidence.slice_us == 0 {
        return Err(Unsound::NoSlices);
    }
    for phase in &evidence.phases {
        if phase.to_us < phase.from_us || phase.to_us / evidence.slice_us > MOST_SLICES {
            return Err(Unsound::Phase {
                phase: phase.name.clone(),
                from_us: phase.from_us,
                to_us: phase.to_us,
                slice_us: evidence.slice_us,
            });
        }
    }
    sums(evidence)?;
    latencies(evidence)?;
    response_times(evidence)
}

fn sums(evidence: &Evidence) -> Result<(), Unsound> {
    let sum = |what, parts: &mut dyn Iterator<Item = u128>| {
        // Of fewer than 2^64 parts below 2^64 each the sum of 128 bits cannot overflow.
        if parts.sum::<u128>() > EXACT { Err(Unsound::TooLarge { what }) } else { Ok(()) }
    };
    let cells = || evidence.cells.iter();
    sum("responses", &mut cells().map(|cell| cell.n.into()))?;
    sum("bytes", &mut cells().map(|cell| cell.bytes.into()))?;
    sum("latencies", &mut cells().map(|cell| cell.latency_us.into()))?;
    let histograms = evidence.histograms.iter().map(|part| &part.counts);
    let times =
        || histograms.clone().chain(evidence.response_times.iter().map(|part| &part.counts)).flatten();
    sum(
        "times in histograms",
        &mut times().map(|part| u128::from(part.0).saturating_mul(part.1.into()).min(EXACT + 1)),
    )?;
    sum("counts in histograms", &mut times().map(|part| part.1.into()))
}

/// Every response has its latency, in the histogram of its phase and source.
fn latencies(evidence: &Evidence) -> Result<(), Unsound> {
    let mut told: BTreeMap<(u16, Source), (u128, u128)> = BTreeMap::new();
    for cell in &evidence.cells {
        told.entry((cell.phase, cell.source)).or_default().0 += u128::from(cell.n);
    }
    for part in &evidence.histograms {
        told.entry((part.phase, part.source)).or_default().1 += total(&part.counts);
    }
    match told.into_iter().find(|(_, (cells, latencies))| cells != latencies) {
        Some(((phase, source), (cells, latencies))) => {
            Err(Unsound::Latencies { phase, source_name: source.as_str(), cells, latencies })
        }
        None => Ok(()),
    }
}

/// In a phase that has response times, every answered read has one.
fn response_times(evidence: &Evidence) -> Result<(), Unsound> {
    let mut told: BTreeMap<u16, (u128, u128)> = BTreeMap::new();
    for part in &evidence.response_times {
        told.entry(part.phase).or_default().1 += total(&part.counts);
    }
    for cell in evidence.cells.iter().filter(|cell| cell.source.is_answered_read()) {
        if let Some(of) = told.get_mut(&cell.phase) {
            of.0 += u128::from(cell.n);
        }
    }
    match told.into_iter().find(|(_, (reads, times))| reads != times) {
        Some((phase, (reads, times))) => Err(Unsound::ResponseTimes { phase, reads, times }),
        None => Ok(()),
    }
}

fn total(counts: &[(u64, u64)]) -> u128 {
    counts.iter().map(|part| u128::from(part.1)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{LIST, Made, STEADY, TEACHER};

    /// A run with hits and response times, broken in one place.
    fn broken(how: impl FnOnce(&mut Evidence)) -> Result<(), Unsound> {
        let mut evidence = Made::new().reads(STEADY, TEACHER, Source::Hit, 900, |_| 3).evidence();
        how(&mut evidence);
        check(&evidence)
    }

    #[test]
    fn what_a_run_writes_fits_together() {
        assert_eq!(broken(|_| ()), Ok(()));
    }

    #[test]
    fn time_that_no_run_has_is_refused() {
        assert_eq!(broken(|evidence| evidence.slice_us = 0), Err(Unsound::NoSlices));
        let endless = broken(|evidence| evidence.phases[usize::from(STEADY)].to_us = u64::MAX);
        assert!(matches!(endless, Err(Unsound::Phase { .. })), "{endless:?}");
        let backwards = broken(|evidence| evidence.phases[usize::from(STEADY)].to_us = 0);
        assert!(matches!(backwards, Err(Unsound::Phase { .. })), "{backwards:?}");
    }

    #[test]
    fn sums_beyond_what_can_be_computed_are_refused() {
        let too_large = |what| Err(Unsound::TooLarge { what });
        assert_eq!(broken(|evidence| evidence.cells[0].n = u64::MAX), too_large("responses"));
        assert_eq!(broken(|evidence| evidence.cells[0].latency_us = u64::MAX), too_large("latencies"));
        let counts = vec![(u64::MAX, u64::MAX)];
        assert_eq!(
            broken(|evidence| evidence.histograms[0].counts = counts),
            too_large("times in histograms")
        );
    }

    #[test]
    fn latencies_that_are_missing_are_not_passed_over() {
        let cut = broken(|evidence| drop(evidence.histograms.pop()));
        assert!(matches!(cut, Err(Unsound::Latencies { .. })), "{cut:?}");
    }

    #[test]
    fn response_times_are_those_of_all_reads_or_of_none() {
        let one = |evidence: &mut Evidence| {
            let counts = vec![(700, 1)];
            let part = super::super::ResponseHistogram {
                phase: STEADY,
                role: TEACHER,
                action: LIST,
                slice: 30,
                counts,
            };
            evidence.response_times.push(part);
        };
        assert!(matches!(broken(one), Err(Unsound::ResponseTimes { times: 1, .. })));
    }
}
