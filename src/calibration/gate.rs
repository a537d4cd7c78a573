//! Table 2: how often a gate passes what is bad or fails what is good.

use super::settings::{few_classes, heavy_users};
use super::truth::pooled_hit_rate;
use super::{CONFIDENCE, Classes, Composed, Crowd, Drift, Measured, PairedCosts, Share, World};
use super::{each_seed, record};
use crate::verdict::{Outcome, Slo, judge};
use std::fmt;

/// False passes, and false fails, that are allowed.
pub const ALLOWED: f64 = 0.01;

/// What came of the runs of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Passed.
    pub pass: u64,
    /// Failed.
    pub fail: u64,
    /// Not decided.
    pub inconclusive: u64,
    /// The run itself was no good.
    pub invalid: u64,
}

impl Tally {
    fn of(outcomes: impl Iterator<Item = Outcome>) -> Self {
        let mut tally = Self::default();
        outcomes.for_each(|outcome| tally.add(outcome));
        tally
    }

    /// Counts one run.
    pub fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Pass => self.pass += 1,
            Outcome::Fail => self.fail += 1,
            Outcome::Inconclusive => self.inconclusive += 1,
            Outcome::Invalid => self.invalid += 1,
        }
    }

    /// All runs.
    #[must_use]
    pub fn runs(self) -> u64 {
        self.pass + self.fail + self.inconclusive + self.invalid
    }
}

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Name of the setting.
    pub setting: String,
    /// How far from the target the truth is, in words.
    pub distance: String,
    /// Whether the truth meets every line.
    pub good: bool,
    /// What came of the runs.
    pub tally: Tally,
}

impl Row {
    /// Runs that passed although the truth misses, or failed although it meets.
    #[must_use]
    pub fn wrong(&self) -> Share {
        let count = if self.good { self.tally.fail } else { self.tally.pass };
        Share { count, of: self.tally.runs() }
    }

    /// Runs that were judged as the truth is.
    #[must_use]
    pub fn right(&self) -> Share {
        let count = if self.good { self.tally.pass } else { self.tally.fail };
        Share { count, of: self.tally.runs() }
    }
}

/// One line, or several together, against the truth at some distance.
#[derive(Clone, Debug)]
pub struct Target {
    /// How far from the truth it is, in words.
    pub distance: String,
    /// Whether the truth meets all of it.
    pub good: bool,
    /// The lines.
    pub lines: Vec<Slo>,
}

/// A world and the targets that its runs are judged against, each by itself.
pub struct Case {
    /// Name in the table.
    pub name: String,
    /// Draws the runs.
    pub world: Box<dyn World>,
    /// Each judged alone, on the same runs.
    pub targets: Vec<Target>,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case")
            .field("name", &self.name)
            .field("targets", &self.targets)
            .finish_non_exhaustive()
    }
}

impl Case {
    /// Judges so many runs: a row for each target.
    #[must_use]
    pub fn rows(&self, runs: u64) -> Vec<Row> {
        let each = each_seed(0, runs, |seed| {
            let evidence = record(&*self.world, seed);
            let verdict = |target: &Target| judge(&target.lines, &evidence, CONFIDENCE).verdict;
            self.targets.iter().map(verdict).collect::<Vec<_>>()
        });
        let row = |(at, target): (usize, &Target)| Row {
            setting: self.name.clone(),
            distance: target.distance.clone(),
            good: target.good,
            tally: Tally::of(each.iter().map(|run| run[at])),
        };
        self.targets.iter().enumerate().map(row).collect()
    }
}

/// Points by which the true hit rate lies above the target.
pub const POINTS: [f64; 7] = [-5.0, -2.0, -1.0, 0.0, 1.0, 2.0, 5.0];
/// True speedups that are held against `>= 10x`.
pub const SPEEDUPS: [f64; 7] = [8.0, 9.0, 9.5, 10.0, 10.5, 11.0, 12.0];

/// The cases of the gate table that have a part in their names. Truths that no formula tells are
/// pooled from so many runs of their own.
#[must_use]
pub fn cases(truth_runs: u64, part: &str) -> Vec<Case> {
    let mut cases = rates(truth_runs, part);
    cases.extend(speedups().into_iter().filter(|case| case.name.contains(part)));
    if SEVERAL.contains(part) {
        cases.push(several(truth_runs));
    }
    cases
}

/// Name of the case of several lines.
const SEVERAL: &str = "six lines at once, 300 s";

/// Hit rates, each held against targets at all distances; those with a part in their names.
#[must_use]
pub fn rates(truth_runs: u64, part: &str) -> Vec<Case> {
    let independent = Crowd::default();
    let exact = independent.hit;
    let bursts = |seconds| -> Box<dyn World> { Box::new(Classes { seconds, ..Classes::default() }) };
    let settings: [(&str, Box<dyn World>, Option<f64>); 6] = [
        ("independent people, 120 s", Box::new(independent), Some(exact)),
        ("class bursts and cascades, 120 s", Box::<Classes>::default(), None),
        ("class bursts and cascades, 10 min", bursts(600.0), None),
        ("8 classes, 120 s", Box::new(few_classes(8)), None),
        ("class bursts, short: 20 s", bursts(20.0), None),
        ("people who differ, drawn anew", Box::new(heavy_users(None)), None),
    ];
    settings
        .into_iter()
        .filter(|(name, ..)| name.contains(part))
        .map(|(name, world, truth)| {
            let truth = truth.unwrap_or_else(|| pooled_hit_rate(&*world, truth_runs).value);
            hit_rate(name, world, truth)
        })
        .collect()
}

/// Speedups against `>= 10x`, of many people's pairs and of few.
#[must_use]
pub fn speedups() -> Vec<Case> {
    [25, 12].into_iter().flat_map(|people| SPEEDUPS.map(|true_one| speedup(people, true_one))).collect()
}

/// `hit_rate >=` targets so many points below the truth.
fn hit_rate(name: &str, world: Box<dyn World>, truth: f64) -> Case {
    let target = |by: &f64| Target {
        distance: if *by == 0.0 { "at the target".into() } else { format!("{by:+} pt") },
        good: *by >= 0.0,
        lines: vec![Measured::HitRate.at_least(truth - by / 100.0)],
    };
    Case { name: name.into(), world, targets: POINTS.iter().map(target).collect() }
}

/// A true speedup against `>= 10x`.
fn speedup(people: u32, true_one: f64) -> Case {
    let target = Target {
        distance: if true_one == 10.0 { "at the target".into() } else { format!("{true_one}x") },
        good: true_one >= 10.0,
        lines: vec![Measured::Speedup.at_least(10.0)],
    };
    Case {
        name: format!("`speedup >= 10x`, pairs of {people} people"),
        world: Box::new(PairedCosts { people, speedup: true_one, ..PairedCosts::default() }),
        targets: vec![target],
    }
}

/// Six lines at once, on three roles and pairs.
#[must_use]
pub fn several(truth_runs: u64) -> Case {
    let classes = || Classes { seconds: 300.0, ..Classes::default() };
    let crowd = || Crowd { seconds: 300.0, ..Crowd::default() };
    let drift = || Drift { seconds: 300.0, ..Drift::default() };
    let pairs = PairedCosts { speedup: 20.0, ..PairedCosts::default() };
    let of_classes = pooled_hit_rate(&classes(), truth_runs).value;
    let (of_crowd, of_drift) = (crowd().hit, drift().hit);
    let p95_ms = drift().quantile_us(0.95) / 1e3;
    let mean_ms = drift().mean_us() / 1e3;
    // Each line with the truth so much better (worse, where negative) than its target, in
    // points and in hundredths.
    let lines = |points: [f64; 3], percent: [f64; 3]| -> Vec<Slo> {
        let text = [
            format!(r#"hit_rate{{role="r0"}} >= {:.4}%"#, 100.0 * of_classes - points[0]),
            format!(r#"hit_rate{{role="r1"}} >= {:.4}%"#, 100.0 * of_crowd - points[1]),
            format!(r#"hit_rate{{role="r2"}} >= {:.4}%"#, 100.0 * of_drift - points[2]),
            format!(
                r#"p95(latency{{role="r2", source="hit"}}) <= {:.4}ms"#,
                p95_ms * (1.0 + percent[0] / 100.0)
            ),
            format!(
                r#"mean(latency{{role="r2", source="hit"}}) <= {:.4}ms"#,
                mean_ms * (1.0 + percent[1] / 100.0)
            ),
            format!("speedup >= {:.4}x", 20.0 / (1.0 + percent[2] / 100.0)),
        ];
        text.iter().map(|line| line.parse().expect("a line as a person would write it")).collect()
    };
    let target = |distance: &str, good, points, percent| Target {
        distance: distance.into(),
        good,
        lines: lines(points, percent),
    };
    Case {
        name: SEVERAL.into(),
        world: Box::new(Composed(vec![
            Box::new(classes()),
            Box::new(crowd()),
            Box::new(drift()),
            Box::new(pairs),
        ])),
        targets: vec![
            target("all met with 5 pt / 25 % of room", true, [5.0; 3], [25.0; 3]),
            target("all met with 2 pt / 10 % of room", true, [2.0; 3], [10.0; 3]),
            target("all exactly at their targets", true, [0.0; 3], [0.0; 3]),
            target("one hit rate 1 pt short, the rest with room", false, [5.0, -1.0, 5.0], [25.0; 3]),
            target("one hit rate 2 pt short, the rest with room", false, [5.0, -2.0, 5.0], [25.0; 3]),
            target("p95 10 % too slow, the rest with room", false, [5.0; 3], [-10.0, 25.0, 25.0]),
            target("all short by 2 pt / 10 %", false, [-2.0; 3], [-10.0; 3]),
        ],
    }
}

/// Head of the table, in Markdown.
pub const HEAD: &str = "\
| setting | truth | should | pass | fail | inconclusive | wrong [95 % of it] |
|---|---|---|---:|---:|---:|---:|";

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |count| Share { count, of: self.tally.runs() };
        let (pass, fail) = (of(self.tally.pass), of(self.tally.fail));
        // An invalid run decides nothing either.
        let open = of(self.tally.inconclusive + self.tally.invalid);
        let wrong = self.wrong();
        let (lo, hi) = wrong.interval().unwrap_or((0.0, 1.0));
        let should = if self.good { "pass" } else { "fail" };
        write!(
            f,
            "| {} | {} | {should} | {pass} | {fail} | {open} | {wrong} [{:.1}, {:.1}] |",
            self.setting,
            self.distance,
            100.0 * lo,
            100.0 * hi
        )
    }
}
