//! Table 4: what ending a run early saves, and whether that is paid for with errors.

use super::settings::few_classes;
use super::truth::pooled_hit_rate;
use super::{Classes, Crowd, Drift, PairedCosts, Share, World, each_seed, record};
use crate::evidence::{Evidence, Selection};
use crate::stats::batch_means::{self, Slice};
use crate::stats::sequential::{self, Decision, FIRST_LOOK};
use std::fmt;

/// Chance of ever deciding wrongly that is allowed, whatever the number of looks: what is left by
/// the level at which lines are decided.
pub const ALPHA: f64 = 0.02;
/// Batches of a phase at its declared length.
const BATCHES: usize = 50;
/// 99 % and 90 % points of the standard normal distribution: two-sided 98 %, power 90 %.
const Z: f64 = 2.326_348 + 1.281_552;

/// A world that is run until it is decided.
pub struct Case {
    /// Name in the table.
    pub name: &'static str,
    world: Box<dyn World>,
    /// Hits over reads, which are shares, or uncached over cached time of rounds of pairs.
    share: bool,
    truth: f64,
    /// Targets so far below the truth: in points of a share, else in hundredths of it.
    distances: &'static [f64],
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).field("truth", &self.truth).finish_non_exhaustive()
    }
}

/// All cases. Truths that no formula tells are pooled from so many runs of their own.
#[must_use]
pub fn cases(truth_runs: u64) -> Vec<Case> {
    const POINTS: &[f64] = &[-5.0, -2.0, 0.0, 1.0, 2.0, 5.0, 10.0];
    let rate = |name, world: Box<dyn World>| {
        let truth = pooled_hit_rate(&*world, truth_runs).value;
        Case { name, world, share: true, truth, distances: POINTS }
    };
    let pairs = PairedCosts { people: 60, most_pairs: 16, ..PairedCosts::default() };
    vec![
        rate("independent people, 10 min", Box::new(Crowd { seconds: 600.0, ..Crowd::default() })),
        rate("class bursts and cascades, 10 min", Box::new(Classes { seconds: 600.0, ..Classes::default() })),
        rate("8 classes, 10 min", Box::new(Classes { seconds: 600.0, ..few_classes(8) })),
        rate(
            "hit rate that drifts, 10 min",
            Box::new(Drift { seconds: 600.0, hit_level: 0.8, ..Drift::default() }),
        ),
        Case {
            name: "pairs of 60 people",
            truth: pairs.speedup,
            world: Box::new(pairs),
            share: false,
            distances: &[-20.0, -10.0, 0.0, 5.0, 10.0, 20.0, 50.0],
        },
    ]
}

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Name of the case.
    pub case: &'static str,
    /// How far the truth is above its target, in words.
    pub distance: String,
    /// Runs that stopped on the wrong side; at the target, that stopped at all.
    pub wrong: Share,
    /// Runs that stopped on the right side.
    pub decided: Share,
    /// Mean share of a whole run's requests that were needed; all of them where undecided.
    pub used: f64,
    /// Mean requests of a whole run.
    pub whole: f64,
    /// Requests of a fixed design with 90 % power that knew distance and spread beforehand;
    /// `None` at the target, where none decides.
    pub fixed: Option<f64>,
    /// Runs that a plain interval, looked at as often, would have ended on the wrong side.
    pub peeking: Share,
}

/// What came of one run against one target.
struct Ended {
    decision: Decision,
    used: f64,
    peeking: Decision,
}

/// One run: its rate and size, and how it ended at each target.
struct Run {
    rate: f64,
    n: f64,
    ended: Vec<Ended>,
}

impl Case {
    fn target(&self, distance: f64) -> f64 {
        if self.share { self.truth - distance / 100.0 } else { self.truth * (1.0 - distance / 100.0) }
    }

    /// Batches of a fixed length, in the order in which they come.
    fn batches(&self, evidence: &Evidence) -> Vec<Slice> {
        let add = |part: &[Slice]| {
            part.iter().fold(Slice { numerator: 0.0, denominator: 0.0 }, |sum, slice| Slice {
                numerator: sum.numerator + slice.numerator,
                denominator: sum.denominator + slice.denominator,
            })
        };
        if self.share {
            let slices = Selection::default().hit_rate(evidence);
            slices.chunks(slices.len().div_ceil(BATCHES)).map(add).collect()
        } else {
            // A round is a person's pairs: pairs of one person are not independent.
            let round = |pairs: &[crate::evidence::PairRecord]| Slice {
                numerator: pairs.iter().map(|pair| pair.uncached_us as f64).sum(),
                denominator: pairs.iter().map(|pair| pair.cached_us as f64).sum(),
            };
            evidence.pairs.chunk_by(|a, b| a.person == b.person).map(round).collect()
        }
    }

    fn run(&self, seed: u64) -> Run {
        let evidence = record(&*self.world, seed);
        let batches = self.batches(&evidence);
        let total = |of: fn(&Slice) -> f64| batches.iter().map(of).sum::<f64>();
        let (above, below) = (total(|slice| slice.numerator), total(|slice| slice.denominator));
        let n = if self.share { below } else { evidence.pairs.len() as f64 };
        let ended = self.distances.iter().map(|distance| {
            let target = self.target(*distance);
            let (decision, used) = sequential::run(batches.iter().copied(), self.share, target, ALPHA);
            let seen: f64 = batches[..used.min(batches.len())].iter().map(|slice| slice.denominator).sum();
            Ended { decision, used: seen / below, peeking: peek(&batches, target) }
        });
        let ended = ended.collect();
        Run { rate: above / below, n, ended }
    }

    /// So many runs: a row for each target.
    #[must_use]
    pub fn rows(&self, runs: u64) -> Vec<Row> {
        let all = each_seed(0, runs, |seed| self.run(seed));
        let whole = all.iter().map(|run| run.n).sum::<f64>() / runs as f64;
        let spread = all.iter().map(|run| (run.rate - self.truth).powi(2)).sum::<f64>() / runs as f64;
        let row = |(at, distance): (usize, &f64)| {
            let of = |holds: &dyn Fn(&Ended) -> bool| Share {
                count: all.iter().filter(|run| holds(&run.ended[at])).count() as u64,
                of: runs,
            };
            let away = self.target(*distance) - self.truth;
            let wrong = |decision| match decision {
                Decision::Above => away >= 0.0,
                Decision::Below => away <= 0.0,
                Decision::Open => false,
            };
            Row {
                case: self.name,
                distance: self.distance(*distance),
                wrong: of(&|ended| wrong(ended.decision)),
                decided: of(&|ended| ended.decision != Decision::Open && !wrong(ended.decision)),
                used: all.iter().map(|run| run.ended[at].used).sum::<f64>() / runs as f64,
                whole,
                fixed: (away != 0.0).then(|| Z.powi(2) * spread * whole / away.powi(2)),
                peeking: of(&|ended| wrong(ended.peeking)),
            }
        };
        self.distances.iter().enumerate().map(row).collect()
    }

    fn distance(&self, distance: f64) -> String {
        let unit = if self.share { "pt" } else { "%" };
        if distance == 0.0 { "at the target".into() } else { format!("{distance:+} {unit}") }
    }
}

/// The interval that is right once, looked at after every batch until it decides.
fn peek(batches: &[Slice], target: f64) -> Decision {
    (FIRST_LOOK..=batches.len())
        .find_map(|used| match batch_means::ratio(&batches[..used], 1.0 - ALPHA) {
            Ok(estimate) if estimate.lo > target => Some(Decision::Above),
            Ok(estimate) if estimate.hi < target => Some(Decision::Below),
            Ok(_) | Err(_) => None,
        })
        .unwrap_or(Decision::Open)
}

/// Head of the table, in Markdown.
pub const HEAD: &str = "\
| setting | truth | stops wrongly [95 % of it] | stops rightly | requests used | a fixed design that knew | peeking, wrong |
|---|---|---:|---:|---:|---:|---:|";

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lo, hi) = self.wrong.interval().unwrap_or((0.0, 1.0));
        let fixed = self.fixed.map_or_else(|| "–".into(), |n| format!("{n:.0}"));
        write!(
            f,
            "| {} | {} | {} [{:.1}, {:.1}] | {} | {:.0} of {:.0} ({:.0} %) | {fixed} | {} |",
            self.case,
            self.distance,
            self.wrong,
            100.0 * lo,
            100.0 * hi,
            self.decided,
            self.used * self.whole,
            self.whole,
            100.0 * self.used,
            self.peeking
        )
    }
}
