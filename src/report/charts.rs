//! Which pictures a report has, and the numbers in them.

use super::compose::by_source;
use super::plots::{self, Curve, EstimateRow, PhaseSpan, Picture, PlotError, TimelinePoint};
use super::words::target_of;
use crate::evidence::{Evidence, Selection};
use crate::observe::Source;
use crate::stats::quantile;
use crate::verdict::{Metric, Op, Slo, Verdict, judge_line};
use std::collections::BTreeMap;

/// A picture with its file name and what it shows.
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) caption: &'static str,
    pub(super) picture: Picture,
}

/// Draws all of them.
pub(super) fn draw(evidence: &Evidence, verdict: &Verdict) -> Result<Vec<Chart>, PlotError> {
    let speedups = speedups(evidence, verdict);
    let mut charts = vec![
        Chart {
            name: "hit-rate",
            title: "Hit rate by role",
            caption: "Share of the reads that reached the server and were served by the cache, in the measured phases. The bar is the confidence interval; the mark is the target.",
            picture: plots::hit_rate(&hit_rates(evidence, verdict))?,
        },
        Chart {
            name: "latency",
            title: "Latency by percentile",
            caption: "From sending to the last byte. Hits and misses are people's reads in the measured phases; bypassed reads are the uncached arms of the pairs, on a quiet target.",
            picture: plots::latency(&curves(evidence))?,
        },
        Chart {
            name: "timeline",
            title: "Timeline",
            caption: "Hit rate and median latency over time. Shaded phases are not judged.",
            picture: plots::timeline(&timeline(evidence), &phases(evidence))?,
        },
    ];
    // Without pairs there is nothing to say, not an empty picture of it.
    if !speedups.is_empty() {
        let chart = Chart {
            name: "speedup",
            title: "Speedup by action",
            caption: "Mean uncached over mean cached latency: the same request by the same person, in random order, on a quiet target.",
            picture: plots::speedup(&speedups)?,
        };
        charts.insert(2, chart);
    }
    Ok(charts)
}

fn hit_rates(evidence: &Evidence, verdict: &Verdict) -> Vec<EstimateRow> {
    let row = |label: &str, selection: Selection| row(label, Metric::HitRate, selection, evidence, verdict);
    let mut rows: Vec<EstimateRow> =
        evidence.roles.iter().map(|role| row(role, Selection::of_role(role))).collect();
    rows.push(row("all", Selection::default()));
    rows
}

/// A metric as the judge measures it: chart and table show the same interval.
fn row(
    label: &str,
    metric: Metric,
    selection: Selection,
    evidence: &Evidence,
    verdict: &Verdict,
) -> EstimateRow {
    let target = target_of(verdict, &metric, &selection);
    let slo = Slo { text: String::new(), metric, selection, op: Op::AtLeast, target: 0.0, window: None };
    let found = judge_line(&slo, evidence, verdict.confidence);
    EstimateRow {
        label: label.into(),
        value: found.measured.or_else(|| raw(&slo, evidence)).unwrap_or(0.0),
        lo: found.interval.map(|[lo, _]| lo),
        hi: found.interval.map(|[_, hi]| hi),
        n: found.n,
        target,
    }
}

/// The value where there is too little for an interval.
fn raw(slo: &Slo, evidence: &Evidence) -> Option<f64> {
    let (above, below) = if slo.metric == Metric::Speedup {
        let pairs = slo.selection.speed_pairs(evidence);
        pairs.iter().fold((0.0, 0.0), |sum, pair| (sum.0 + pair.uncached, sum.1 + pair.cached))
    } else {
        let slices = slo.selection.hit_rate(evidence);
        slices.iter().fold((0.0, 0.0), |sum, slice| (sum.0 + slice.numerator, sum.1 + slice.denominator))
    };
    (below > 0.0).then(|| above / below)
}

fn curves(evidence: &Evidence) -> Vec<Curve> {
    const NINES: [f64; 24] = [
        0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.965, 0.975, 0.98,
        0.985, 0.99, 0.995, 0.998, 0.999, 0.9999,
    ];
    by_source(evidence)
        .into_iter()
        .filter(|(source, _)| matches!(source, Source::Hit | Source::Miss | Source::Bypass))
        .map(|(source, counts)| {
            let n: u64 = counts.iter().map(|(_, n)| n).sum();
            // A curve ends where its samples do: beyond 1 - 1/n it would only repeat its maximum.
            let reach = 1.0 - 1.0 / n as f64;
            let points = NINES
                .iter()
                .filter(|q| **q <= reach)
                .filter_map(|q| Some((*q, quantile::quantile(&counts, *q)? as f64)))
                .collect();
            Curve { label: source.as_str().into(), n, points }
        })
        .collect()
}

fn speedups(evidence: &Evidence, verdict: &Verdict) -> Vec<EstimateRow> {
    let of = |action: &String| Selection { actions: vec![action.clone()], ..Selection::default() };
    evidence
        .actions
        .iter()
        .map(|action| (action, of(action)))
        .filter(|(_, selection)| selection.pairs(evidence).next().is_some())
        .map(|(action, selection)| row(action, Metric::Speedup, selection, evidence, verdict))
        .collect()
}

fn phases(evidence: &Evidence) -> Vec<PhaseSpan> {
    evidence
        .phases
        .iter()
        .map(|phase| PhaseSpan {
            label: phase.name.clone(),
            from_secs: phase.from_us as f64 / 1e6,
            to_secs: phase.to_us as f64 / 1e6,
            measured: phase.measured,
        })
        .collect()
}

#[derive(Default)]
struct Moment {
    hits: u64,
    reads: u64,
    requests: u64,
    hit: Vec<quantile::Counts>,
    miss: Vec<quantile::Counts>,
}

fn timeline(evidence: &Evidence) -> Vec<TimelinePoint> {
    let mut moments: BTreeMap<u64, Moment> = BTreeMap::new();
    // The pairs are arranged half and half: a hit rate there would only mislead.
    let people = |phase: u16| {
        evidence
            .phases
            .get(usize::from(phase))
            .is_some_and(|phase| phase.kind != crate::scenario::Kind::Pairs)
    };
    // Shorter stretches than a second hold too few reads to draw a rate from.
    let width = (1_000_000 / evidence.slice_us.max(1)).max(1);
    let bin = |slice: u32| u64::from(slice) / width;
    let bin_us = width * evidence.slice_us;
    for cell in evidence.cells.iter().filter(|cell| people(cell.phase)) {
        let moment = moments.entry(bin(cell.slice)).or_default();
        moment.requests += cell.n;
        moment.hits += if cell.source.is_hit() { cell.n } else { 0 };
        moment.reads += if cell.source.in_hit_rate() { cell.n } else { 0 };
    }
    for part in evidence.histograms.iter().filter(|part| people(part.phase)) {
        let moment = moments.entry(bin(part.slice)).or_default();
        match part.source {
            Source::Hit => moment.hit.push(part.counts.clone()),
            Source::Miss => moment.miss.push(part.counts.clone()),
            Source::Browser
            | Source::Coalesced
            | Source::Aggregate
            | Source::Stale
            | Source::Bypass
            | Source::Error
            | Source::Unknown
            | Source::Write => {}
        }
    }
    let median =
        |parts: &[quantile::Counts]| quantile::quantile(&quantile::merge(parts), 0.5).map(|us| us as f64);
    moments
        .into_iter()
        .map(|(bin, moment)| TimelinePoint {
            t_secs: (bin as f64 + 0.5) * bin_us as f64 / 1e6,
            hit_rate: (moment.reads > 0).then(|| moment.hits as f64 / moment.reads as f64),
            hit_p50_us: median(&moment.hit),
            miss_p50_us: median(&moment.miss),
            requests: moment.requests,
        })
        .collect()
}
