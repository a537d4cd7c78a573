//! The settings of the tables: each a world, what is asked of it, and the truth.

use super::truth::pooled_hit_rate;
use super::{Classes, Clusters, Crowd, Drift, Measured, PairedCosts, World};
use std::fmt;

/// A world with what is true of it.
pub struct Setting {
    /// Name in tables.
    pub name: &'static str,
    /// Draws the runs.
    pub world: Box<dyn World>,
    /// What is asked of each run, and what is true, in the unit's base.
    pub lines: Vec<(Measured, f64)>,
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setting")
            .field("name", &self.name)
            .field("lines", &self.lines)
            .finish_non_exhaustive()
    }
}

/// A hit rate whose truth is the pooled one of so many other runs.
fn pooled(name: &'static str, world: impl World + 'static, truth_runs: u64) -> Setting {
    let truth = pooled_hit_rate(&world, truth_runs).value;
    Setting { name, world: Box::new(world), lines: vec![(Measured::HitRate, truth)] }
}

fn latencies(name: &'static str, world: Drift) -> Setting {
    let mut lines = vec![(Measured::MeanOfHits, world.mean_us())];
    lines.extend([0.5, 0.95, 0.99].map(|q| (Measured::QuantileOfHits(q), world.quantile_us(q))));
    Setting { name, world: Box::new(world), lines }
}

fn speedups(name: &'static str, world: PairedCosts) -> Setting {
    let lines = vec![(Measured::Speedup, world.speedup)];
    Setting { name, world: Box::new(world), lines }
}

/// People who differ much: the busiest read some seven times as much as the median, and find
/// more. The same in every run where there is a roster.
#[must_use]
pub fn heavy_users(roster: Option<u64>) -> Crowd {
    Crowd { rate_spread: 0.9, hit_spread: 0.8, heavy_hit_more: 0.4, roster, ..Crowd::default() }
}

/// A few classes, each opening every 20 s or so.
#[must_use]
pub fn few_classes(classes: u32) -> Classes {
    Classes { classes, pupils: 25, opens_every: 20.0, writes_every: 60.0, ..Classes::default() }
}

/// All settings of the coverage table. Truths that no formula tells are pooled from so many
/// runs of their own.
#[must_use]
pub fn all(truth_runs: u64) -> Vec<Setting> {
    let mut all = rates(truth_runs);
    all.extend(of_latency());
    all.extend(of_pairs());
    all
}

/// Those of hit rates.
#[must_use]
pub fn rates(truth_runs: u64) -> Vec<Setting> {
    let independent = Crowd::default();
    let exact = independent.hit;
    let roster = heavy_users(Some(1));
    let of_the_roster = roster.of_the_roster().expect("there is a roster");
    let exactly = |name, world: Crowd, truth| Setting {
        name,
        world: Box::new(world),
        lines: vec![(Measured::HitRate, truth)],
    };
    let of_classes = |name, world: Classes| pooled(name, world, truth_runs);
    let of_people = |name, world: Crowd| pooled(name, world, truth_runs);
    let short = |seconds| Classes { seconds, ..Classes::default() };
    vec![
        exactly("independent people, 120 s", independent.clone(), exact),
        exactly("independent people, 10 s", Crowd { seconds: 10.0, ..independent }, exact),
        of_classes("class bursts and cascades, 120 s", Classes::default()),
        of_classes("class bursts and cascades, 10 min", short(600.0)),
        of_classes("4 classes, 120 s", few_classes(4)),
        of_classes("8 classes, 120 s", few_classes(8)),
        of_classes(
            "8 classes that differ, `cluster:` the class",
            Classes { differ: 0.7, clusters: Clusters::Classes, ..few_classes(8) },
        ),
        of_classes("class bursts, short: 10 s", short(10.0)),
        of_classes("class bursts, short: 20 s", short(20.0)),
        of_classes("class bursts, short: 30 s", short(30.0)),
        exactly("people who differ, the same in every run", roster, of_the_roster),
        of_people("people who differ, drawn anew", heavy_users(None)),
        of_people("12 people who differ, drawn anew", Crowd { people: 12, rate: 2.0, ..heavy_users(None) }),
        of_classes(
            "a day of 5 min from an empty cache",
            Classes { seconds: 300.0, opens_every: 20.0, day: true, ..Classes::default() },
        ),
        pooled("hit rate that drifts, 120 s", Drift { hit_level: 0.8, ..Drift::default() }, truth_runs),
    ]
}

/// Those of latencies: their truths are exact.
#[must_use]
pub fn of_latency() -> Vec<Setting> {
    vec![
        latencies(
            "latency, independent, 30 s",
            Drift { seconds: 30.0, phi: 0.0, level: 0.0, ..Drift::default() },
        ),
        latencies("latency that drifts, 120 s", Drift::default()),
        latencies("latency that drifts, 20 s", Drift { seconds: 20.0, ..Drift::default() }),
    ]
}

/// Those of speedups: their truths are exact.
#[must_use]
pub fn of_pairs() -> Vec<Setting> {
    vec![
        speedups("pairs of 25 people", PairedCosts::default()),
        speedups("pairs of 12 people", PairedCosts { people: 12, ..PairedCosts::default() }),
        speedups("pairs of 6 people", PairedCosts { people: 6, most_pairs: 32, ..PairedCosts::default() }),
    ]
}
