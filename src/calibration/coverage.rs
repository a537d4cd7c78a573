//! Table 1: does a nominal 95 % interval hold the truth 95 times of 100?

use super::settings::Setting;
use super::{CONFIDENCE, Measured, Share, each_seed, plain, record};
use crate::evidence::Evidence;
use crate::verdict::{Finding, Judgement, judge};
use std::fmt;

/// Coverage that must be reached, where an interval is given at all.
pub const REQUIRED: f64 = 0.93;

/// How intervals of one kind did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    /// Runs whose interval held the truth, of those that gave one.
    pub covered: Share,
    /// Runs that gave none: they say that they cannot tell.
    pub none: u64,
    /// Median width, in the unit's base; `None` where no run gave one.
    pub width: Option<f64>,
}

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Name of the setting.
    pub setting: &'static str,
    /// The metric.
    pub measured: Measured,
    /// What is true.
    pub truth: f64,
    /// The judge's intervals.
    pub judged: Held,
    /// Those of a textbook that knows of no correlation.
    pub plain: Held,
}

impl Row {
    /// Whether it covers what is required, but for chance, or gives no interval.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.judged.covered.may_be_at_least(REQUIRED)
    }

    /// Runs, of all, that gave an interval without the truth in it.
    #[must_use]
    pub fn misled(&self) -> Share {
        let Share { count, of } = self.judged.covered;
        Share { count: of - count, of: of + self.judged.none }
    }
}

/// Judges so many runs of a setting: one row for each of its metrics.
#[must_use]
pub fn coverage(setting: &Setting, runs: u64) -> Vec<Row> {
    let world = &*setting.world;
    let each = each_seed(0, runs, |seed| {
        let evidence = record(world, seed);
        let both = |measured: Measured| (judged(measured, &evidence), plain::interval(measured, &evidence));
        setting.lines.iter().map(|(measured, _)| both(*measured)).collect::<Vec<_>>()
    });
    let row = |(at, (measured, truth)): (usize, &(Measured, f64))| Row {
        setting: setting.name,
        measured: *measured,
        truth: *truth,
        judged: held(each.iter().map(|run| run[at].0), *truth),
        plain: held(each.iter().map(|run| run[at].1), *truth),
    };
    setting.lines.iter().enumerate().map(row).collect()
}

/// The interval of a line that any value meets; `None` where the judge gives none, or gives
/// one that it would not decide on.
fn judged(measured: Measured, evidence: &Evidence) -> Option<[f64; 2]> {
    let mut verdict = judge(&[measured.at_least(0.0)], evidence, CONFIDENCE);
    let Finding { judgement, interval, .. } = verdict.findings.remove(0);
    match judgement {
        Judgement::Pass | Judgement::Fail => interval,
        Judgement::Inconclusive => None,
    }
}

fn held(intervals: impl Iterator<Item = Option<[f64; 2]>>, truth: f64) -> Held {
    let (mut covered, mut none) = (0, 0);
    let mut widths = Vec::new();
    for interval in intervals {
        match interval {
            Some([lo, hi]) => {
                covered += u64::from(lo <= truth && truth <= hi);
                widths.push(hi - lo);
            }
            None => none += 1,
        }
    }
    widths.sort_by(f64::total_cmp);
    let of = widths.len() as u64;
    Held { covered: Share { count: covered, of }, none, width: widths.get(widths.len() / 2).copied() }
}

/// Head of the table, in Markdown.
pub const HEAD: &str = "\
| setting | metric | truth | covers [95 % of it] | no interval | misled, of all | width | plain covers | plain width |
|---|---|---:|---:|---:|---:|---:|---:|---:|";

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setting, measured, truth, judged, plain } = self;
        let runs = (judged.covered.of + judged.none).max(1);
        let none = Share { count: judged.none, of: runs };
        let misled = self.misled();
        let span = match judged.covered.interval() {
            Some((lo, hi)) => format!("{} [{:.1}, {:.1}]", judged.covered, 100.0 * lo, 100.0 * hi),
            None => "–".into(),
        };
        let width = |held: &Held| held.width.map_or_else(|| "–".into(), |width| measured.show_width(width));
        write!(
            f,
            "| {setting} | `{}` | {} | {span} | {none} | {misled} | {} | {} | {} |",
            measured.text(),
            measured.show(*truth),
            width(judged),
            plain.covered,
            width(plain)
        )
    }
}
