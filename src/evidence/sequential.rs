//! How a run that was to end as soon as it was decided looked at itself, so that it can be
//! judged by the same looks again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was fixed before the run, and where each stretch was cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sequential {
    /// Chance of ever deciding wrongly, of each line.
    pub alpha: f64,
    /// ρ² of the confidence sequences.
    pub rho2: f64,
    /// Batches before the first look.
    pub first_look: u32,
    /// Phases that could end early. What is about other phases is judged as ever.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<Watched>,
    /// The pairs, where they could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairs: Option<WatchedPairs>,
}

/// A phase that could end early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Watched {
    /// Index of the phase.
    pub phase: u16,
    /// The first slice that lies wholly in it.
    pub first_slice: u32,
    /// Slices of a batch.
    pub batch_slices: u32,
    /// Whole batches until the end: those that are judged.
    pub batches: u32,
    /// Its declared length in microseconds.
    pub declared_us: u64,
    /// Whether it ended because everything was decided.
    pub decided: bool,
}

/// Pairs that could end early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WatchedPairs {
    /// Index of the phase.
    pub phase: u16,
    /// Its declared limit in microseconds.
    pub declared_us: u64,
    /// Rounds over all (role, action) that were declared.
    pub declared_rounds: u32,
    /// Rounds until the end.
    pub rounds: u32,
    /// Whether they ended because everything was decided.
    pub decided: bool,
}

impl Sequential {
    /// How this phase was watched, if it was.
    pub fn phase(&self, phase: u16) -> Option<&Watched> {
        self.phases.iter().find(|watched| watched.phase == phase)
    }
}

impl Watched {
    /// The batch that a slice of time belongs to; of all that were planned or came.
    pub fn batch(&self, slice: u32) -> Option<usize> {
        let at = slice.checked_sub(self.first_slice)? / self.batch_slices.max(1);
        Some(at as usize)
    }

    /// The moment at which so many batches are over, in microseconds since the run began.
    pub fn end_us(&self, batches: u32, slice_us: u64) -> u64 {
        (u64::from(self.first_slice) + u64::from(batches) * u64::from(self.batch_slices)) * slice_us
    }

    /// Whole batches at a moment.
    pub fn batches_at(&self, t_us: u64, slice_us: u64) -> u32 {
        let slices = (t_us / slice_us.max(1)).saturating_sub(self.first_slice.into());
        u32::try_from(slices / u64::from(self.batch_slices.max(1))).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_whole_and_begin_with_the_first_whole_slice() {
        let watched = Watched {
            phase: 1,
            first_slice: 10,
            batch_slices: 3,
            batches: 0,
            declared_us: 60_000_000,
            decided: false,
        };
        assert_eq!([9, 10, 12, 13].map(|slice| watched.batch(slice)), [None, Some(0), Some(0), Some(1)]);
        let slice_us = 500_000;
        assert_eq!(watched.end_us(2, slice_us), 8_000_000);
        assert_eq!(watched.batches_at(7_999_999, slice_us), 1);
        assert_eq!(watched.batches_at(8_000_000, slice_us), 2);
        assert_eq!(watched.batches_at(1, slice_us), 0);
    }
}
