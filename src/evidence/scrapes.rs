//! Scrapes as they come, in bounded number: where there are too many, those between are let
//! go of, the first and the last of each phase are kept.

use crate::observe::Scrape;

/// So many are kept at most: 2.7 hours of one a second, and of more than that, one in two, in
/// four, …
const MOST: usize = 10_000;

/// What the target said of itself.
#[derive(Debug)]
pub(super) struct Scrapes {
    kept: Vec<Scrape>,
    /// Scrapes of a phase that are closer than this are thinned out, microseconds.
    gap_us: u64,
    most: usize,
}

impl Default for Scrapes {
    fn default() -> Self {
        Self { kept: Vec::new(), gap_us: 0, most: MOST }
    }
}

impl Scrapes {
    /// Adds one.
    pub(super) fn push(&mut self, scrape: Scrape) {
        self.add(scrape);
        while self.kept.len() > self.most {
            let (first, last) = (self.kept[0].t_us, self.kept[self.kept.len() - 1].t_us);
            let usual = last.saturating_sub(first) / self.kept.len() as u64;
            self.gap_us = self.gap_us.saturating_mul(2).max(usual.saturating_mul(3) / 2).max(1);
            let before = self.kept.len();
            for scrape in std::mem::take(&mut self.kept) {
                self.add(scrape);
            }
            if self.kept.len() == before && self.gap_us > last {
                // Nothing but beginnings and ends of phases.
                return;
            }
        }
    }

    /// The newest is always kept, in place of the one before where that stands too close
    /// behind its own and begins no phase.
    fn add(&mut self, scrape: Scrape) {
        if let [.., before, last] = self.kept.as_slice()
            && before.phase == last.phase
            && last.phase == scrape.phase
            && last.t_us.saturating_sub(before.t_us) < self.gap_us
        {
            self.kept.pop();
        }
        self.kept.push(scrape);
    }

    /// All that were kept, in order.
    pub(super) fn finish(self) -> Vec<Scrape> {
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrapes(most: usize, all: &[(u16, u64)]) -> Vec<(u16, u64)> {
        let mut scrapes = Scrapes { most, ..Scrapes::default() };
        for (phase, seconds) in all {
            scrapes.push(Scrape { phase: *phase, t_us: seconds * 1_000_000, ..Scrape::default() });
        }
        scrapes.finish().into_iter().map(|scrape| (scrape.phase, scrape.t_us / 1_000_000)).collect()
    }

    #[test]
    fn a_few_are_all_kept() {
        let all: Vec<(u16, u64)> = (0..100).map(|at| (0, at)).collect();
        assert_eq!(scrapes(100, &all), all);
    }

    #[test]
    fn of_many_the_ends_of_each_phase_are_kept_and_the_rest_is_spread_evenly() {
        let phase = |second: u64| u16::from(second >= 300) + u16::from(second >= 310);
        let all: Vec<(u16, u64)> = (0..5_000).map(|at| (phase(at), at)).collect();
        let kept = scrapes(200, &all);
        assert!((70..=200).contains(&kept.len()), "{}", kept.len());
        for end in [0, 299, 300, 309, 310, 4_999] {
            assert!(kept.iter().any(|(_, at)| *at == end), "{end} is gone");
        }
        let widest = kept.windows(2).map(|two| two[1].1 - two[0].1).max().unwrap();
        assert!(widest <= 5_000 / 50, "{widest} s without any");
        assert!(kept.is_sorted());
    }

    #[test]
    fn nothing_but_ends_of_phases_is_kept_all_the_same() {
        let all: Vec<(u16, u64)> = (0..50)
            .flat_map(|phase| [(phase, 10 * u64::from(phase)), (phase, 10 * u64::from(phase) + 9)])
            .collect();
        assert_eq!(scrapes(20, &all), all);
    }
}
