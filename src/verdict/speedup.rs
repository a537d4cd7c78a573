//! How many times faster, over pairs.

use super::measure::{Measurement, SEED};
use crate::evidence::{Evidence, Selection};
use crate::stats::paired::{self, Pair};
use crate::units::{micros, percent, times};

pub(super) fn speedup(selection: &Selection, evidence: &Evidence, confidence: f64) -> Measurement {
    let pairs = selection.speed_pairs(evidence);
    let used = pairs.len() as u64;
    let dropped = selection.pairs_dropped(evidence);
    let note = (used > 0).then(|| {
        let mean = |of: fn(&Pair) -> f64| pairs.iter().map(of).sum::<f64>() / used as f64;
        let median =
            paired::median_ratio(&pairs).map(|ratio| format!(", median of the ratios {}", times(ratio)));
        let share = (dropped > 0)
            .then(|| format!(", {} of the pairs dropped", percent(dropped as f64 / (used + dropped) as f64)));
        format!(
            "{} uncached against {} cached{}{}",
            micros(mean(|pair| pair.uncached)),
            micros(mean(|pair| pair.cached)),
            median.unwrap_or_default(),
            share.unwrap_or_default()
        )
    });
    let plain = || paired::ratio(&pairs);
    Measurement::estimated(paired::speedup(&pairs, confidence, SEED), used, plain).note(note)
}
