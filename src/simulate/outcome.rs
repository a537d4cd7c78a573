//! What a replay came to: counts by phase, role, action and slice of time.

use super::cache::Served;
use crate::evidence::Selection;
use crate::observe::Source;
use crate::plan::Plan;
use crate::stats::batch_means::Slice;
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

/// Counts of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests of all kinds.
    pub requests: u64,
    /// Of these, writes.
    pub writes: u64,
    /// Of these, reads that the cache is meant to serve.
    pub reads: u64,
    /// Of the reads: served by the cache.
    pub hits: u64,
    /// Of a key that was never asked before in the run.
    pub firsts: u64,
    /// Of an entry at the end of its lifetime.
    pub expired: u64,
    /// Of an entry that somebody's write took away.
    pub invalidated: u64,
    /// Hits of a cache whose entries live for ever.
    pub endless: u64,
    /// Hits of a cache that no write invalidates.
    pub untouched: u64,
}

impl Tally {
    /// Hits by reads; `None` without reads.
    pub fn hit_rate(&self) -> Option<f64> {
        self.share(self.hits)
    }

    /// A share of the reads; `None` without reads.
    pub fn share(&self, part: u64) -> Option<f64> {
        (self.reads > 0).then(|| part as f64 / self.reads as f64)
    }

    fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.writes += other.writes;
        self.reads += other.reads;
        self.hits += other.hits;
        self.firsts += other.firsts;
        self.expired += other.expired;
        self.invalidated += other.invalidated;
        self.endless += other.endless;
        self.untouched += other.untouched;
    }

    /// Responses that these sources give; `None` where a perfect cache says nothing of one.
    pub fn of_sources(&self, sources: &[Source]) -> Option<u64> {
        if sources.is_empty() {
            // As latencies are judged: the reads that the server answered.
            return Some(self.requests - self.writes);
        }
        let of = |source: &Source| match source {
            Source::Hit => Some(self.hits),
            Source::Miss => Some(self.reads - self.hits),
            Source::Write => Some(self.writes),
            Source::Browser | Source::Coalesced | Source::Error => Some(0),
            Source::Aggregate | Source::Stale | Source::Bypass | Source::Unknown => None,
        };
        sources.iter().map(of).sum()
    }
}

/// Where a request is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot {
    pub(super) phase: u16,
    pub(super) role: u16,
    pub(super) action: u16,
    pub(super) slice: u64,
}

/// What a replay came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    cells: BTreeMap<Slot, Tally>,
    slice: Duration,
    /// When each phase with people at work took place, on the wall since the run began.
    spans: BTreeMap<u16, Range<Duration>>,
}

impl Outcome {
    pub(super) fn new(plan: &Plan) -> Self {
        let mut at = Duration::ZERO;
        let mut spans = BTreeMap::new();
        for (index, phase) in (0..).zip(&plan.phases) {
            if phase.mood().is_some() {
                spans.insert(index, at..at + phase.duration);
            }
            at += phase.duration;
        }
        Self { cells: BTreeMap::new(), slice: plan.slice(), spans }
    }

    pub(super) fn slice_at(&self, wall: Duration) -> u64 {
        (wall.as_micros() / self.slice.as_micros().max(1)) as u64
    }

    pub(super) fn request(&mut self, slot: Slot, read: bool) {
        let tally = self.cells.entry(slot).or_default();
        tally.requests += 1;
        tally.writes += u64::from(!read);
    }

    pub(super) fn read(&mut self, slot: Slot, served: Served, endless: Served, untouched: Served) {
        let tally = self.cells.entry(slot).or_default();
        tally.requests += 1;
        tally.reads += 1;
        tally.endless += u64::from(endless == Served::Hit);
        tally.untouched += u64::from(untouched == Served::Hit);
        match served {
            Served::Hit => tally.hits += 1,
            Served::First => tally.firsts += 1,
            Served::Expired => tally.expired += 1,
            Served::Invalidated => tally.invalidated += 1,
        }
    }

    /// Whether a phase is meant: those named, or the measured ones.
    fn meant(plan: &Plan, selection: &Selection, phase: u16) -> bool {
        plan.phases.get(usize::from(phase)).is_some_and(|phase| {
            if selection.phases.is_empty() { phase.measured } else { selection.phases.contains(&phase.name) }
        })
    }

    fn cells<'a>(
        &'a self,
        plan: &'a Plan,
        selection: &'a Selection,
    ) -> impl Iterator<Item = (&'a Slot, &'a Tally)> {
        let named = |wanted: &[String], name: &String| wanted.is_empty() || wanted.contains(name);
        self.cells.iter().filter(move |(slot, _)| {
            Self::meant(plan, selection, slot.phase)
                && named(&selection.roles, &plan.role(slot.role).name)
                && named(&selection.actions, &plan.action(slot.action).name)
        })
    }

    /// Everything that is meant, summed. Sources are not looked at.
    pub fn tally(&self, plan: &Plan, selection: &Selection) -> Tally {
        let mut sum = Tally::default();
        for (_, tally) in self.cells(plan, selection) {
            sum.add(tally);
        }
        sum
    }

    /// How long the simulated phases that are meant are, on the wall.
    pub fn length(&self, plan: &Plan, selection: &Selection) -> Duration {
        let meant = self.spans.iter().filter(|(phase, _)| Self::meant(plan, selection, **phase));
        meant.map(|(_, span)| span.end - span.start).sum()
    }

    /// Hits over reads by slice of time, empty slices included: what the evidence of one such run
    /// will hold.
    pub fn slices(&self, plan: &Plan, selection: &Selection) -> Vec<Slice> {
        let meant = self.spans.iter().filter(|(phase, _)| Self::meant(plan, selection, **phase));
        let last = |end: Duration| self.slice_at(end.saturating_sub(Duration::from_micros(1)));
        let mut by_slice: BTreeMap<u64, (u64, u64)> = meant
            .flat_map(|(_, span)| self.slice_at(span.start)..=last(span.end))
            .map(|slice| (slice, (0, 0)))
            .collect();
        for (slot, tally) in self.cells(plan, selection) {
            let sum = by_slice.entry(slot.slice).or_default();
            sum.0 += tally.hits;
            sum.1 += tally.reads;
        }
        let slice = |(hits, reads): (u64, u64)| Slice { numerator: hits as f64, denominator: reads as f64 };
        by_slice.into_values().map(slice).collect()
    }
}
