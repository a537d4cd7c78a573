//! Time cut into windows: consecutive ones of each phase, or one that slides.

use crate::evidence::{Cell, Evidence, Selection};
use crate::observe::Source;
use crate::stats::batch_means::Slice;
use crate::stats::quantile::{Counts, merge};
use crate::units::clock;
use std::ops::Range;
use std::time::Duration;

/// A stretch that lacks less than this of a last window has it whole: a phase ends when its
/// timer says so.
const SHORT: f64 = 0.01;

/// Time without a gap: a phase, or several that follow each other.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    /// Indices of its phases.
    phases: Vec<u16>,
    from_us: u64,
    to_us: u64,
    slice_us: u64,
}

/// A window: slices of a stretch, counted from its first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) slices: Range<usize>,
    /// Since the run began, microseconds.
    from_us: u64,
}

/// Each phase that is meant.
pub(super) fn phases(evidence: &Evidence, selection: &Selection) -> Vec<Stretch> {
    let all = (0..).zip(&evidence.phases).filter(|(_, phase)| phase.to_us > phase.from_us);
    let meant = all.filter(|(_, phase)| selection.phases(evidence).any(|meant| meant.name == phase.name));
    meant
        .map(|(at, phase)| Stretch {
            phases: vec![at],
            from_us: phase.from_us,
            to_us: phase.to_us,
            slice_us: evidence.slice_us.max(1),
        })
        .collect()
}

/// The phases that are meant, those together that follow each other within a slice.
pub(super) fn joined(evidence: &Evidence, selection: &Selection) -> Vec<Stretch> {
    let mut joined: Vec<Stretch> = Vec::new();
    for stretch in phases(evidence, selection) {
        match joined.last_mut() {
            Some(last) if stretch.from_us.saturating_sub(last.to_us) <= last.slice_us => {
                last.to_us = stretch.to_us;
                last.phases.extend(stretch.phases);
            }
            Some(_) | None => joined.push(stretch),
        }
    }
    joined
}

impl Stretch {
    /// How many slices it has, whole or in part.
    pub(super) fn len(&self) -> usize {
        (self.last() - self.first() + 1) as usize
    }

    fn first(&self) -> u64 {
        self.from_us / self.slice_us
    }

    fn last(&self) -> u64 {
        (self.to_us - 1).max(self.from_us) / self.slice_us
    }

    /// How long it is.
    pub(super) fn length(&self) -> Duration {
        Duration::from_micros(self.to_us - self.from_us)
    }

    /// Name of its last phase.
    pub(super) fn phase<'a>(&self, evidence: &'a Evidence) -> &'a str {
        let last = self.phases.last().and_then(|at| evidence.phases.get(usize::from(*at)));
        last.map_or("the run", |phase| phase.name.as_str())
    }

    /// Where a slice of the run stands here. What was asked in a phase and ended behind it counts
    /// to its end.
    fn index(&self, slice: u32) -> usize {
        (u64::from(slice).clamp(self.first(), self.last()) - self.first()) as usize
    }

    /// Windows one behind the other; the last one that is not whole is left out. A slice belongs
    /// where its middle is: ends are off by half a slice at most.
    pub(super) fn consecutive(&self, length: Duration) -> Vec<Window> {
        let length_us = length.as_secs_f64() * 1e6;
        let count = ((self.to_us - self.from_us) as f64 / length_us + SHORT) as usize;
        let window_of = |at: usize| {
            let from = ((self.first() + at as u64) * self.slice_us).max(self.from_us);
            let to = ((self.first() + at as u64 + 1) * self.slice_us).min(self.to_us);
            let middle = u64::midpoint(from, to.max(from)) - self.from_us;
            ((middle as f64 / length_us) as usize).min(count)
        };
        let mut windows: Vec<Window> = (0..count)
            .map(|at| Window { slices: 0..0, from_us: self.from_us + (at as f64 * length_us) as u64 })
            .collect();
        for slice in 0..self.len() {
            if let Some(window) = windows.get_mut(window_of(slice)) {
                let from = if window.slices.is_empty() { slice } else { window.slices.start };
                window.slices = from..slice + 1;
            }
        }
        windows
    }

    /// A window that moves on by a slice: as many whole slices as come nearest to its length.
    pub(super) fn sliding(&self, length: Duration) -> Vec<Window> {
        let slices = self.slices_in(length).max(1);
        // What lacks next to nothing of one window is one.
        let slices = if self.consecutive(length).is_empty() { slices } else { slices.min(self.len()) };
        let last = self.len().checked_sub(slices);
        let at = |from: usize| Window {
            slices: from..from + slices,
            from_us: ((self.first() + from as u64) * self.slice_us).max(self.from_us),
        };
        last.map_or_else(Vec::new, |last| (0..=last).map(at).collect())
    }

    fn slices_in(&self, length: Duration) -> usize {
        (length.as_secs_f64() * 1e6 / self.slice_us as f64).round() as usize
    }

    /// How much of it behind the last whole window is in none.
    pub(super) fn left_over(&self, length: Duration) -> Duration {
        let windows = self.consecutive(length).len() as f64;
        let left = (self.to_us - self.from_us) as f64 / 1e6 - windows * length.as_secs_f64();
        Duration::from_secs_f64(if left > SHORT * length.as_secs_f64() { left } else { 0.0 })
    }

    /// Which window that is: `1:20 to 1:50 of steady`.
    pub(super) fn name(&self, evidence: &Evidence, window: &Window, length: Duration) -> String {
        let phases = self.phases.iter().filter_map(|at| evidence.phases.get(usize::from(*at)));
        let Some(phase) = phases.rev().find(|phase| phase.from_us <= window.from_us) else {
            return format!("{} of the run", clock(Duration::from_micros(window.from_us)));
        };
        let from = Duration::from_micros(window.from_us - phase.from_us);
        format!("{} to {} of {}", clock(from), clock(from + length), phase.name)
    }

    /// A ratio by slice: each cell gives what it adds above and below the line.
    pub(super) fn ratio(
        &self,
        evidence: &Evidence,
        selection: &Selection,
        part: impl Fn(&Cell) -> (u64, u64),
    ) -> Vec<Slice> {
        let mut slices = vec![Slice { numerator: 0.0, denominator: 0.0 }; self.len()];
        for cell in selection.cells(evidence).filter(|cell| self.phases.contains(&cell.phase)) {
            let (above, below) = part(cell);
            let slice = &mut slices[self.index(cell.slice)];
            slice.numerator += above as f64;
            slice.denominator += below as f64;
        }
        slices
    }

    /// Histograms by slice, of those that are given with their phase and slice.
    pub(super) fn histograms<'a>(&self, all: impl Iterator<Item = (u16, u32, &'a Counts)>) -> Vec<Counts> {
        let mut slices: Vec<Vec<Counts>> = vec![Vec::new(); self.len()];
        for (_, slice, counts) in all.filter(|(phase, _, _)| self.phases.contains(phase)) {
            slices[self.index(slice)].push(counts.clone());
        }
        slices.iter().map(|parts| merge(parts)).collect()
    }
}

/// Hits above, the reads that reached the server below.
pub(super) fn hits(cell: &Cell) -> (u64, u64) {
    let below = cell.source.in_hit_rate();
    (if cell.source.is_hit() { cell.n } else { 0 }, if below { cell.n } else { 0 })
}

/// The same with copies of browsers on both sides.
pub(super) fn effective_hits(cell: &Cell) -> (u64, u64) {
    let (above, below) = hits(cell);
    if cell.source == Source::Browser { (cell.n, cell.n) } else { (above, below) }
}

/// Errors above, what was asked of the target below.
pub(super) fn errors(cell: &Cell) -> (u64, u64) {
    let asked = cell.source != Source::Browser;
    (if cell.source == Source::Error { cell.n } else { 0 }, if asked { cell.n } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Made, STEADY, TEACHER};

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn stretch(from_us: u64, to_us: u64, slice_us: u64) -> Stretch {
        Stretch { phases: vec![0], from_us, to_us, slice_us }
    }

    #[test]
    fn consecutive_windows_share_the_slices_and_the_rest_is_left_out() {
        let stretch = stretch(20_000_000, 90_000_000, 1_000_000);
        let windows = stretch.consecutive(seconds(30));
        let slices: Vec<Range<usize>> = windows.iter().map(|window| window.slices.clone()).collect();
        assert_eq!(slices, [0..30, 30..60]);
        assert_eq!(stretch.left_over(seconds(30)), seconds(10));
        assert!(stretch.consecutive(seconds(71)).is_empty());
        assert_eq!(stretch.consecutive(seconds(70)).len(), 1);
        assert_eq!(stretch.left_over(seconds(35)), Duration::ZERO);
    }

    #[test]
    fn phases_need_not_begin_with_a_slice_or_end_with_a_window() {
        // 0.3 s into a slice, and 40 ms short of a minute.
        let stretch = stretch(10_300_000, 70_260_000, 1_000_000);
        let windows = stretch.consecutive(seconds(20));
        assert_eq!(windows.len(), 3, "a timer is never exact");
        assert_eq!(windows.iter().map(|window| window.slices.len()).sum::<usize>(), stretch.len());
        assert!(windows.iter().all(|window| (20..=21).contains(&window.slices.len())), "{windows:?}");
        assert_eq!(stretch.left_over(seconds(20)), Duration::ZERO);
    }

    #[test]
    fn a_sliding_window_moves_on_by_a_slice() {
        let stretch = stretch(0, 10_000_000, 1_000_000);
        let windows = stretch.sliding(seconds(4));
        assert_eq!(windows.len(), 7);
        assert_eq!((windows[0].slices.clone(), windows[6].slices.clone()), (0..4, 6..10));
        assert!(stretch.sliding(seconds(11)).is_empty());
        assert_eq!(stretch.sliding(seconds(10)).len(), 1);
    }

    #[test]
    fn what_ended_behind_its_phase_counts_to_its_end() {
        let evidence = Made::new().reads(STEADY, TEACHER, Source::Error, 90_000_000, |_| 1).evidence();
        let selection = Selection::default();
        let steady = phases(&evidence, &selection).remove(0);
        let slices = steady.ratio(&evidence, &selection, errors);
        assert_eq!(slices.len(), 100);
        assert_eq!(slices[99].denominator, 91.0);
        assert_eq!(slices.iter().map(|slice| slice.denominator).sum::<f64>(), 100.0);
    }

    #[test]
    fn phases_that_follow_each_other_are_one_stretch_and_a_window_says_where_it_began() {
        let evidence = Made::new().four_fifths().evidence();
        let both = Selection { phases: vec!["warm-up".into(), "steady".into()], ..Selection::default() };
        let joined = joined(&evidence, &both);
        assert_eq!((joined.len(), joined[0].len()), (1, 110));
        let windows = joined[0].sliding(seconds(15));
        assert_eq!(joined[0].name(&evidence, &windows[0], seconds(15)), "0:00 to 0:15 of warm-up");
        assert_eq!(joined[0].name(&evidence, &windows[90], seconds(15)), "1:20 to 1:35 of steady");
        let apart = Selection { phases: vec!["pairs".into(), "steady".into()], ..Selection::default() };
        assert_eq!(super::joined(&evidence, &apart).len(), 2);
    }
}
