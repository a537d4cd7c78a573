//! How many times too fast an error budget is spent: the rate of bad events in the worst
//! window, by the rate that would spend the budget just in time.
//!
//! With a budget of 0.1 % for thirty days, 14.4 over an hour spends a fiftieth of it in that
//! hour: where the Site Reliability Workbook has somebody woken up (Google, 2018, chapter 5,
//! "Alerting on SLOs", <https://sre.google/workbook/alerting-on-slos/>). The window slides
//! over each stretch of phases that follow each other, as an alert's would.

use super::measure::Measurement;
use super::slo::Burn;
use super::stretch::{self, Stretch};
use super::window::{Seen, View, Windows};
use crate::evidence::Cell;
use crate::stats::Method;
use crate::stats::batch_means::Slice;
use crate::stats::window::{DesignEffect, Interval, sum};
use std::collections::BTreeMap;

pub(super) fn measure(view: &View<'_>, of: Burn, budget: f64) -> Measurement {
    let part: fn(&Cell) -> (u64, u64) = match of {
        Burn::Error => stretch::errors,
        Burn::Miss => misses,
    };
    let selection = &view.slo.selection;
    let filled: Vec<(Stretch, Vec<Slice>)> = stretch::joined(view.evidence, selection)
        .into_iter()
        .map(|stretch| (stretch.ratio(view.evidence, selection, part), stretch))
        .map(|(slices, stretch)| (stretch, slices))
        .collect();
    let apart: Vec<Vec<Slice>> = filled
        .iter()
        .flat_map(|(stretch, slices)| {
            let windows = stretch.consecutive(view.length).into_iter();
            windows.map(|window| slices[window.slices].to_vec()).collect::<Vec<_>>()
        })
        .collect();
    let effect = DesignEffect::of(&apart);
    // As for a rate over windows: errors that were seen did happen, hits hang together.
    let condemning = match of {
        Burn::Error => DesignEffect::NONE,
        Burn::Miss => effect,
    };
    let mut windows = Windows::default();
    let mut all: Vec<(String, Slice)> = Vec::new();
    for (stretch, slices) in &filled {
        for window in stretch.sliding(view.length) {
            let total = sum(&slices[window.slices.clone()]);
            if total.denominator > 0.0 {
                all.push((view.name(stretch, &window), total));
            } else {
                windows.empty += 1;
            }
        }
    }
    let together = view.together(all.len());
    // A window that has moved on by a slice has often the same in it.
    let mut known: BTreeMap<(u64, u64), (Interval, Interval)> = BTreeMap::new();
    for (name, total) in all {
        let key = (total.numerator as u64, total.denominator as u64);
        if let std::collections::btree_map::Entry::Vacant(vacant) = known.entry(key)
            && let (Some(alone), Some(together)) =
                (effect.share(total, view.confidence), condemning.share(total, together))
        {
            vacant.insert((spent(alone, budget), spent(together, budget)));
        }
        if let Some((alone, together)) = known.get(&key) {
            windows.seen.push(Seen { name, alone: *alone, together: *together });
        }
    }
    view.conclude(
        windows,
        Method::Binomial,
        match of {
            Burn::Error => "requests",
            Burn::Miss => "reads",
        },
    )
}

fn misses(cell: &Cell) -> (u64, u64) {
    let (hits, reads) = stretch::hits(cell);
    (reads - hits, reads)
}

/// A rate as so many times the budget.
fn spent(rate: Interval, budget: f64) -> Interval {
    Interval { value: rate.value / budget, lo: rate.lo / budget, hi: rate.hi / budget, n: rate.n }
}
