//! One figure in both runs: measured, and how far apart.

use super::lines::Line;
use super::{Better, Change, Margin, Measured, Scale};
use crate::evidence::Evidence;
use crate::stats::difference::{Span, difference, ratio};
use crate::units::Unit;
use crate::verdict::{Finding, Judgement, Op, Slo, judge_line};

/// What was measured of a figure, or why it must not be used.
pub(super) struct Pair {
    pub(super) base: Option<Measured>,
    pub(super) new: Option<Measured>,
    pub(super) unit: Unit,
    /// From base to new with its interval, at the confidence it was measured at.
    pub(super) change: Result<(Scale, Span), String>,
}

/// Measures a figure in both runs.
pub(super) fn measure(line: &Line, base: &Evidence, new: &Evidence, confidence: f64) -> Pair {
    let found = [judge_line(&line.base, base, confidence), judge_line(&line.new, new, confidence)];
    let unit = found[1].unit;
    let change = apart(&line.base, &found[0])
        .map_err(|why| format!("in the base: {why}"))
        .and_then(|base| {
            Ok((base, apart(&line.new, &found[1]).map_err(|why| format!("in the new run: {why}"))?))
        })
        .and_then(|(base, new)| change(unit, base, new));
    let [base, new] = found.map(|finding| measured(&finding));
    Pair { base, new, unit, change }
}

fn measured(finding: &Finding) -> Option<Measured> {
    let value = finding.measured?;
    Some(Measured { value, interval: finding.interval, n: finding.n })
}

/// A value with its interval, or why there is none to compare.
fn apart(slo: &Slo, finding: &Finding) -> Result<Span, String> {
    let why = || finding.note.clone().unwrap_or_else(|| "nothing was measured".into());
    let Some(value) = finding.measured else { return Err(why()) };
    let Some([lo, hi]) = finding.interval else {
        if finding.judgement == Judgement::Inconclusive {
            return Err(why());
        }
        return Err("it was read off, so there is no interval".into());
    };
    // An interval on one side of the target that decides nothing all the same: the judge
    // withholds it, because of what the value rests on.
    let sides = (slo.op.holds(lo, slo.target), slo.op.holds(hi, slo.target));
    if finding.judgement == Judgement::Inconclusive && sides.0 == sides.1 && slo.op != Op::Equal {
        return Err(why());
    }
    Ok(Span { value, lo, hi })
}

fn change(unit: Unit, base: Span, new: Span) -> Result<(Scale, Span), String> {
    match unit {
        Unit::Ratio | Unit::Count | Unit::BytesPerHour => Ok((Scale::Difference, difference(base, new))),
        Unit::Times | Unit::Microseconds | Unit::Bytes => ratio(base, new)
            .map(|span| (Scale::Ratio, span))
            .ok_or_else(|| "an interval reaches zero, so the ratio may be anything".into()),
    }
}

/// What counts as the same of a figure, on the scale of its change.
///
/// Of times, factors and bytes a share of the base, since a millisecond is much of one request
/// and nothing of another; as a ratio it is told both ways alike, [1/(1+x), 1+x]. Of rates
/// points, since 5 % of a hit rate of 90 % would be half of its misses. Near its ends a rate
/// has no such room: the margin is at most half of what it, or what was asked of it, has to 0
/// or 1, whichever is nearer. Between 0.01 and 0.05 % of errors lie no 2 points, and yet all.
/// Of what may be below zero, as a slope, a share of the base or of what was asked for.
pub(super) fn same(
    (scale, unit): (Scale, Unit),
    line: &Line,
    base: Option<Measured>,
    margin: Margin,
) -> [f64; 2] {
    match (scale, unit) {
        (Scale::Ratio, _) => [1.0 / (1.0 + margin.relative), 1.0 + margin.relative],
        (
            Scale::Difference,
            Unit::Count | Unit::BytesPerHour | Unit::Times | Unit::Microseconds | Unit::Bytes,
        ) => {
            let of = base.map_or(0.0, |base| base.value.abs()).max(line.target.map_or(0.0, f64::abs));
            [-of * margin.relative, of * margin.relative]
        }
        (Scale::Difference, Unit::Ratio) => {
            let room = |rate: f64| rate.min(1.0 - rate).max(0.0);
            let most = base.map_or(0.0, |base| room(base.value)).max(line.target.map_or(0.0, room));
            let points = margin.points.min(most / 2.0);
            [-points, points]
        }
    }
}

/// Whether a change is for the worse.
pub(super) fn is_worse(better: Better, scale: Scale, value: f64) -> bool {
    match better {
        Better::Lower => value > scale.none(),
        Better::Higher => value < scale.none(),
    }
}

/// A ratio as the logarithm on which its interval was made; a difference as it is.
pub(super) fn straight(scale: Scale, span: Span) -> Span {
    match scale {
        Scale::Difference => span,
        Scale::Ratio => Span { value: span.value.ln(), lo: span.lo.ln(), hi: span.hi.ln() },
    }
}

/// A change as it is told.
pub(super) fn told(scale: Scale, span: Span, same: [f64; 2], detectable: f64) -> Change {
    let detectable = match scale {
        Scale::Difference => detectable,
        Scale::Ratio => detectable.exp_m1(),
    };
    Change { scale, value: span.value, interval: [span.lo, span.hi], same, detectable }
}
