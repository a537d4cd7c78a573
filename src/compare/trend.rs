//! Many runs in a row: each SLO line over time, and since when it is otherwise.

use super::{Better, CompareError};
use crate::stats::change_points::change_points;
use crate::units::Unit;
use crate::verdict::{Finding, Judgement, Op, Outcome, SEED, Slo, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How rare a change point must be in a line that did not change. Not shared out over the
/// lines: a change that is told is looked at, not gated on, and with ten runs no order is rarer
/// than one in a hundred.
pub const SLO_SIGNIFICANCE: f64 = 0.01;

/// A run of the past, by its verdict.
#[derive(Clone, Debug)]
pub struct Past {
    /// Name of the folder.
    pub folder: String,
    /// What was said of it.
    pub verdict: Verdict,
}

/// Runs of one scenario over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trend {
    /// Version of this format.
    pub schema_version: u32,
    /// Name of the scenario.
    pub scenario: String,
    /// Ids of the runs, the oldest first.
    pub runs: Vec<String>,
    /// When each began, RFC 3339, UTC.
    pub started_at: Vec<String>,
    /// One for each SLO line of which at least two runs have a value.
    pub tracks: Vec<Track>,
    /// Runs that were left out, and why.
    pub left_out: Vec<String>,
}

/// One SLO line over the runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Track {
    /// The line, as the newest run has it.
    pub line: String,
    /// Which way is better.
    pub better: Better,
    /// Unit of the values.
    pub unit: Unit,
    /// The newest target.
    pub target: f64,
    /// Values, the oldest first; runs without one are not there.
    pub points: Vec<TrendPoint>,
    /// Where the values become others.
    pub shifts: Vec<Shift>,
}

/// A value of one run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrendPoint {
    /// Index of the run.
    pub run: usize,
    /// The value, in the unit's base.
    pub value: f64,
    /// Its interval, where there is one.
    pub interval: Option<[f64; 2]>,
    /// What was said of it then.
    pub judgement: Judgement,
}

/// A change point.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Shift {
    /// Index of the first run after it.
    pub run: usize,
    /// Mean from the change before it (of times, factors and bytes the geometric one).
    pub before: f64,
    /// Mean up to the next change.
    pub after: f64,
    /// Chance of such a change in a line that did not change, at most.
    pub p: f64,
    /// Whether it was for the worse.
    pub worse: bool,
}

/// Puts runs in order of time. Runs of another scenario, target or clock than the newest are
/// left out, and so are those that say nothing of the target.
///
/// # Errors
/// [`CompareError::NothingInCommon`] where fewer than two runs have a value of the same line.
pub fn trend(mut past: Vec<Past>) -> Result<Trend, CompareError> {
    past.sort_by(|a, b| key(a).cmp(&key(b)));
    let (newest, oldest) = match (past.last(), past.first()) {
        (Some(newest), Some(oldest)) => (newest.verdict.run.clone(), oldest.verdict.run.id.clone()),
        (None, _) | (_, None) => (crate::evidence::Run::default(), String::new()),
    };
    let mut left_out = Vec::new();
    past.retain(|run| {
        let of = &run.verdict.run;
        let why = if of.scenario != newest.scenario {
            format!("it is of the scenario {}", of.scenario)
        } else if of.target != newest.target {
            format!("its target was {}", of.target)
        } else if of.time_scale != newest.time_scale {
            format!("its clock ran {} times as fast as the wall", of.time_scale)
        } else if run.verdict.verdict == Outcome::Invalid {
            "it is invalid: its generator was the bottleneck".into()
        } else {
            return true;
        };
        left_out.push(format!("{}: {why}", run.folder));
        false
    });
    let tracks: Vec<Track> = lines(&past).iter().filter_map(|slo| track(slo, &past)).collect();
    if tracks.is_empty() {
        return Err(CompareError::NothingInCommon { base: oldest, new: newest.id });
    }
    Ok(Trend {
        schema_version: super::SCHEMA_VERSION,
        scenario: newest.scenario,
        runs: past.iter().map(|run| run.verdict.run.id.clone()).collect(),
        started_at: past.iter().map(|run| run.verdict.run.started_at.clone()).collect(),
        tracks,
        left_out,
    })
}

/// By time, which RFC 3339 sorts as text does; by name where two began together.
fn key(run: &Past) -> (&str, u64, &str) {
    let of = &run.verdict.run;
    (&of.started_at, of.started_us.unwrap_or(0), &of.id)
}

/// What a line measures, whatever its target.
fn alike(a: &Slo, b: &Slo) -> bool {
    a.metric == b.metric && a.selection == b.selection && a.window == b.window
}

/// The lines of all runs, those of the newest first.
fn lines(past: &[Past]) -> Vec<Slo> {
    let mut lines: Vec<Slo> = Vec::new();
    for finding in past.iter().rev().flat_map(|run| &run.verdict.findings) {
        // A line of a later version, whose words this one does not know, has no track.
        if let Ok(slo) = finding.slo.parse::<Slo>()
            && !lines.iter().any(|known| alike(known, &slo))
        {
            lines.push(slo);
        }
    }
    lines
}

fn track(slo: &Slo, past: &[Past]) -> Option<Track> {
    let find = |run: &Past| -> Option<Finding> {
        let mut findings = run.verdict.findings.iter();
        findings.find(|finding| finding.slo.parse().is_ok_and(|other| alike(slo, &other))).cloned()
    };
    let points: Vec<TrendPoint> = past
        .iter()
        .enumerate()
        .filter_map(|(run, of)| {
            let finding = find(of)?;
            let value = finding.measured.filter(|value| value.is_finite())?;
            Some(TrendPoint { run, value, interval: finding.interval, judgement: finding.judgement })
        })
        .collect();
    let better = match slo.op {
        Op::Above | Op::AtLeast => Better::Higher,
        Op::Below | Op::AtMost | Op::Equal => Better::Lower,
    };
    let unit = slo.metric.unit();
    (points.len() > 1).then(|| Track {
        line: slo.text.clone(),
        better,
        unit,
        target: slo.target,
        shifts: shifts(&points, unit, better),
        points,
    })
}

/// Change points, of times and the like on logarithms: there twice as slow is as far as twice
/// as fast, and a single slow run does not outweigh ten.
fn shifts(points: &[TrendPoint], unit: Unit, better: Better) -> Vec<Shift> {
    let logs = match unit {
        Unit::Times | Unit::Microseconds | Unit::Bytes => points.iter().all(|point| point.value > 0.0),
        Unit::Ratio | Unit::Count | Unit::BytesPerHour => false,
    };
    let values: Vec<f64> =
        points.iter().map(|point| if logs { point.value.ln() } else { point.value }).collect();
    let found = change_points(&values, SLO_SIGNIFICANCE, SEED);
    let told = |value: f64| if logs { value.exp() } else { value };
    found
        .into_iter()
        .map(|point| Shift {
            run: points[point.at].run,
            before: told(point.before),
            after: told(point.after),
            p: point.p,
            worse: match better {
                Better::Higher => point.after < point.before,
                Better::Lower => point.after > point.before,
            },
        })
        .collect()
}
