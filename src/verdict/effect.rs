//! What the cache does to all traffic: the effect on the mean, its ceiling, and the time that
//! misses still take.
//!
//! A hit may be a hundred times faster and people may still hardly notice: what they wait for is
//! the misses. Speedup is measured over pairs; this is what comes of it over everything that
//! people asked.

use super::SEED;
use crate::evidence::{Cell, Evidence, Selection};
use crate::stats::reduction::{self, Stratum};
use crate::stats::{Estimate, batch_means};
use crate::units::percent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the cache does to the mean of all reads that reached the server in measured phases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Effect {
    /// Reads that it is over.
    pub reads: u64,
    /// Of all reads, the share that it is over: those whose uncached cost the pairs tell.
    pub covered: f64,
    /// What they would have taken uncached (by the pairs) ÷ what they took: a factor.
    pub mean: Quantity,
    /// The same if hits took no time: what the misses leave to be gained. Absent without misses.
    pub ceiling: Option<Quantity>,
    /// Share of the time of all reads that went into misses, 0 to 1.
    pub time_in_misses: Option<Quantity>,
}

/// A value and its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quantity {
    /// The value.
    pub value: f64,
    /// Its interval; absent where too little is known.
    pub interval: Option<[f64; 2]>,
}

impl From<Estimate> for Quantity {
    fn from(of: Estimate) -> Self {
        Self { value: of.value, interval: Some([of.lo, of.hi]) }
    }
}

/// The effect; `None` where no pair tells what anything costs uncached, or nothing was read.
///
/// mean = Σ n·c ÷ Σ latency over the reads that reached the server, n reads of a (role, action)
/// at a mean uncached cost of c; ceiling = Σ n·c ÷ Σ latency of the misses. At 75 % hits, equal
/// costs and hits that take nothing, both are 4. The interval is that of the costs: they were
/// sampled, what the reads took was counted.
pub(super) fn effect(evidence: &Evidence, confidence: f64) -> Option<Effect> {
    let selection = Selection::default();
    let costs = costs(evidence);
    let mut strata: BTreeMap<(u16, u16), Stratum> = BTreeMap::new();
    let (mut reads, mut covered) = (0, 0);
    let (mut took, mut in_misses) = (0_u64, 0_u64);
    for cell in selection.cells(evidence).filter(|cell| cell.source.in_hit_rate()) {
        reads += cell.n;
        let key = (cell.role, cell.action);
        // An action that this role had no pairs of costs what it costs others.
        let Some(of) = costs.get(&(Some(key.0), key.1)).or_else(|| costs.get(&(None, key.1))) else {
            continue;
        };
        covered += cell.n;
        took += cell.latency_us;
        in_misses += if cell.source.is_hit() { 0 } else { cell.latency_us };
        strata.entry(key).or_insert_with(|| Stratum { requests: 0, costs: of.clone() }).requests += cell.n;
    }
    let strata: Vec<Stratum> = strata.into_values().collect();
    let factor = |used: u64| factor(used, &strata, confidence);
    Some(Effect {
        reads: covered,
        covered: covered as f64 / reads.max(1) as f64,
        mean: factor(took)?,
        ceiling: factor(in_misses),
        time_in_misses: time_in_misses(&selection, evidence, confidence),
    })
}

/// What each (role, action) costs uncached, and each action over all roles; microseconds.
fn costs(evidence: &Evidence) -> BTreeMap<(Option<u16>, u16), Vec<f64>> {
    let mut costs: BTreeMap<(Option<u16>, u16), Vec<f64>> = BTreeMap::new();
    for pair in &evidence.pairs {
        for role in [Some(pair.role), None] {
            costs.entry((role, pair.action)).or_default().push(pair.uncached_us as f64);
        }
    }
    costs
}

/// Σ what they would have taken ÷ `used`. A reduction r = 1 − used ÷ Σ is the factor 1/(1 − r).
fn factor(used: u64, strata: &[Stratum], confidence: f64) -> Option<Quantity> {
    if used == 0 {
        return None;
    }
    match reduction::reduction(used as f64, strata, confidence, SEED) {
        Ok(saved) => {
            let of = |reduction: f64| 1.0 / (1.0 - reduction);
            Some(Quantity { value: of(saved.value), interval: Some([of(saved.lo), of(saved.hi)]) })
        }
        Err(_) => {
            let mean = |costs: &[f64]| costs.iter().sum::<f64>() / costs.len() as f64;
            let uncached: f64 =
                strata.iter().map(|stratum| stratum.requests as f64 * mean(&stratum.costs)).sum();
            (uncached > 0.0).then(|| Quantity { value: uncached / used as f64, interval: None })
        }
    }
}

fn time_in_misses(selection: &Selection, evidence: &Evidence, confidence: f64) -> Option<Quantity> {
    let of = |cell: &Cell| {
        let read = if cell.source.in_hit_rate() { cell.latency_us } else { 0 };
        (if cell.source.is_hit() { 0 } else { read }, read)
    };
    let slices = selection.ratio(evidence, of);
    let all: f64 = slices.iter().map(|slice| slice.denominator).sum();
    if all <= 0.0 {
        return None;
    }
    let misses: f64 = slices.iter().map(|slice| slice.numerator).sum();
    // The denominators are microseconds, not events: whether there are enough of those is for
    // the reads to say.
    let events: u64 =
        selection.cells(evidence).filter(|cell| cell.source.in_hit_rate()).map(|cell| cell.n).sum();
    let estimate = batch_means::ratio(&slices, confidence).ok().filter(|_| events >= ENOUGH);
    Some(estimate.map_or(Quantity { value: misses / all, interval: None }, Quantity::from))
}

/// Reads below which the share has no interval.
const ENOUGH: u64 = 100;

impl Effect {
    /// What it says, a sentence each.
    pub fn sentences(&self) -> Vec<String> {
        let shown = |of: &Quantity, show: fn(f64) -> String| match of.interval {
            Some([lo, hi]) => format!("{} [{}, {}]", show(of.value), show(lo), show(hi)),
            None => show(of.value),
        };
        let times: fn(f64) -> String = crate::units::times;
        let mut said = vec![format!(
            "uncached, all reads together would have taken {} as long{}",
            shown(&self.mean, times),
            match &self.ceiling {
                Some(ceiling) =>
                    format!("; with these misses it can be no more than {}", shown(ceiling, times)),
                None => "; nothing was a miss".into(),
            }
        )];
        if let Some(share) = &self.time_in_misses {
            said.push(format!("{} of the time of all reads went into misses", shown(share, percent)));
        }
        if self.covered < 1.0 {
            said.push(format!(
                "this is over {} of the reads: no pair tells what the others cost uncached",
                percent(self.covered)
            ));
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{LIST, Made, REPORT, STEADY, TEACHER};
    use crate::observe::Source;

    /// Three hits of 100 µs and a miss of 10 ms in each slice, an uncached request 10 ms.
    fn made() -> Made {
        Made::new()
            .reads(STEADY, TEACHER, Source::Hit, 100, |_| 3)
            .reads(STEADY, TEACHER, Source::Miss, 10_000, |_| 1)
            .pairs(LIST, 40)
            .pairs(REPORT, 40)
    }

    #[test]
    fn at_three_quarters_hits_of_equal_cost_the_ceiling_is_four() {
        let effect = effect(&made().evidence(), 0.95).unwrap();
        let ceiling = effect.ceiling.unwrap();
        assert!((ceiling.value - 4.0).abs() < 0.2, "{ceiling:?}");
        assert!(effect.mean.value < ceiling.value, "hits take time too");
        assert!(effect.mean.value > 3.7, "{effect:?}");
        let [lo, hi] = effect.mean.interval.unwrap();
        assert!(lo <= effect.mean.value && effect.mean.value <= hi);
        assert_eq!(effect.covered, 1.0);
        let share = effect.time_in_misses.unwrap();
        assert!((share.value - 10_000.0 / 10_303.0).abs() < 0.01, "{share:?}");
    }

    #[test]
    fn what_no_pair_tells_of_is_left_out_and_said() {
        let evidence = Made::new()
            .reads(STEADY, TEACHER, Source::Hit, 100, |_| 2)
            .reads(STEADY, TEACHER, Source::Miss, 10_000, |_| 1)
            .pairs(LIST, 40)
            .evidence();
        let effect = effect(&evidence, 0.95).unwrap();
        let lists = evidence.cells.iter().filter(|cell| cell.action == LIST).map(|cell| cell.n).sum::<u64>();
        let all: u64 = evidence.cells.iter().map(|cell| cell.n).sum();
        assert_eq!(effect.reads, lists);
        assert!((effect.covered - lists as f64 / all as f64).abs() < 1e-12);
        assert!(effect.sentences().iter().any(|said| said.contains("no pair tells")), "{effect:?}");
    }

    #[test]
    fn without_pairs_or_reads_there_is_no_effect() {
        assert_eq!(effect(&Made::new().four_fifths().evidence(), 0.95), None);
        assert_eq!(effect(&Made::new().pairs(LIST, 40).evidence(), 0.95), None);
    }

    #[test]
    fn without_a_miss_there_is_no_ceiling() {
        let evidence =
            Made::new().reads(STEADY, TEACHER, Source::Hit, 100, |_| 3).pairs(LIST, 40).pairs(REPORT, 40);
        let effect = effect(&evidence.evidence(), 0.95).unwrap();
        assert_eq!(effect.ceiling, None);
        assert!(effect.sentences()[0].contains("nothing was a miss"), "{:?}", effect.sentences());
    }
}
