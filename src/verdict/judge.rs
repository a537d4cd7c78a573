//! Evidence and SLO lines to a verdict: pure and total.

use super::audit::{Audit, audit};
use super::effect::effect;
use super::expectation::expectations;
use super::measure::{Measurement, Value, measure};
use super::reconcile::{self, reconcile};
use super::sequential;
use super::{Check, CheckOutcome, Finding, Judgement, Outcome, SCHEMA_VERSION, Slo, Verdict};
use crate::evidence::{Caveat, Evidence};
use crate::stats::Estimate;
use crate::units::Unit;

/// Oracles that later versions will ask; named so that nobody takes silence for consent.
const ORACLES: [&str; 6] = ["freshness", "isolation", "conditional", "ttl", "stampede", "degradation"];

/// An interval of a ratio that is wider than half of all a ratio can be.
const WIDE: f64 = 0.5;

/// Judges each line. The same evidence always gives the same verdict.
pub fn judge(slos: &[Slo], evidence: &Evidence, confidence: f64) -> Verdict {
    let mut findings: Vec<Finding> = slos.iter().map(|slo| find(slo, evidence, confidence)).collect();
    sequential::correct(&mut findings, slos, evidence, confidence);
    let Audit { bottlenecks, caveats } = audit(evidence);
    let reconciliation = reconcile(evidence);
    let counters = reconcile::check(&reconciliation);
    let violations = reconcile::violations(&reconciliation);
    let verdict = match overall(&findings) {
        _ if !bottlenecks.is_empty() => Outcome::Invalid,
        _ if !violations.is_empty() => Outcome::Fail,
        // What was left out of a run that was cut short might have failed.
        Outcome::Pass if evidence.interrupted => Outcome::Inconclusive,
        other => other,
    };
    let bottlenecks = bottlenecks.into_iter().map(|what| Caveat::Bottleneck { what });
    let caveats = bottlenecks
        .chain(caveats)
        .chain(sequential::caveats(evidence))
        .chain(evidence.caveats.iter().cloned())
        .collect();
    Verdict {
        schema_version: SCHEMA_VERSION,
        verdict,
        confidence,
        findings,
        checks: ORACLES
            .iter()
            .map(|oracle| Check {
                oracle: (*oracle).into(),
                outcome: CheckOutcome::Unchecked,
                trials: 0,
                bound: None,
                why: Some("not checked yet: this version has no oracles".into()),
            })
            .chain([counters])
            .collect(),
        violations,
        expectations: expectations(evidence, confidence),
        effect: effect(evidence, confidence),
        reconciliation,
        caveats,
        run: evidence.run.clone(),
    }
}

/// One line by itself, for whoever needs the value and its interval at a confidence of their own.
pub fn judge_line(slo: &Slo, evidence: &Evidence, confidence: f64) -> Finding {
    find(slo, evidence, confidence)
}

/// A pass needs every line (an intersection-union test, so no correction); no line
/// at all proves nothing.
fn overall(findings: &[Finding]) -> Outcome {
    let any = |judgement| findings.iter().any(|finding| finding.judgement == judgement);
    if any(Judgement::Fail) {
        Outcome::Fail
    } else if any(Judgement::Inconclusive) || findings.is_empty() {
        Outcome::Inconclusive
    } else {
        Outcome::Pass
    }
}

fn find(slo: &Slo, evidence: &Evidence, confidence: f64) -> Finding {
    let Measurement { value, note, withheld, warm_up_cut_seconds } =
        sequential::sequentially(slo, evidence, confidence)
            .unwrap_or_else(|| measure(slo, evidence, confidence));
    let unit = slo.metric.unit();
    let (judgement, measured, interval, n, method, why) = match value {
        Value::Estimated(estimate) => {
            let judgement = compare(slo, &estimate);
            let why = (judgement == Judgement::Inconclusive).then(|| straddles(slo, &estimate, confidence));
            (
                judgement,
                Some(estimate.value),
                Some([estimate.lo, estimate.hi]),
                estimate.n,
                Some(estimate.method),
                why,
            )
        }
        Value::Exact { value, n } => {
            let judgement = if slo.op.holds(value, slo.target) { Judgement::Pass } else { Judgement::Fail };
            (judgement, Some(value), None, n, None, None)
        }
        Value::Absent { why, n, lacks: _ } => (Judgement::Inconclusive, None, None, n, None, Some(why)),
    };
    let (judgement, why) = match withheld {
        Some(reason) => (Judgement::Inconclusive, Some(reason)),
        None => (judgement, why),
    };
    let note = match (why, note) {
        (Some(why), Some(note)) => Some(format!("{why}; {note}")),
        (why, note) => why.or(note),
    };
    Finding {
        slo: slo.text.clone(),
        judgement,
        measured,
        interval,
        confidence,
        n,
        unit,
        target: slo.target,
        op: slo.op.as_str().into(),
        method,
        note,
        warm_up_cut_seconds,
    }
}

/// Pass where the whole interval meets the target, fail where all of it misses.
fn compare(slo: &Slo, estimate: &Estimate) -> Judgement {
    match (slo.op.holds(estimate.lo, slo.target), slo.op.holds(estimate.hi, slo.target)) {
        (true, true) => Judgement::Pass,
        (false, false) => Judgement::Fail,
        (true, false) | (false, true) => Judgement::Inconclusive,
    }
}

/// Why an interval that holds the target decides nothing, and what would.
fn straddles(slo: &Slo, estimate: &Estimate, confidence: f64) -> String {
    let unit = slo.metric.unit();
    if unit == Unit::Ratio && estimate.hi - estimate.lo > WIDE {
        // From so little, a number of samples would be as much of a guess.
        return format!(
            "the interval from {} to {} is far too wide to decide; run longer",
            unit.show(estimate.lo),
            unit.show(estimate.hi)
        );
    }
    let distance = (estimate.value - slo.target).abs();
    let half = (estimate.hi - estimate.lo) / 2.0;
    let target = unit.show_target(slo.target);
    let n = estimate.n as f64;
    // The width of an interval shrinks with the square root of the samples.
    let factor = (half / distance).powi(2);
    if unit == Unit::Ratio && (estimate.value == 0.0 || estimate.value == 1.0) && distance > 0.0 {
        // Without a single exception Clopper-Pearson ends where (1 - distance)^n is α/2.
        let needed = (((1.0 - confidence) / 2.0).ln() / (-distance).ln_1p()).ceil().max(n + 1.0);
        format!(
            "the interval holds {target} as well; about {} samples would decide it, if all are like these",
            crate::units::count(needed as u64)
        )
    } else if distance > 0.0 && factor.is_finite() && factor < 50.0 && unit != Unit::Count {
        let needed = (n * factor).ceil().max(n + 1.0);
        format!(
            "the interval holds {target} as well; about {} samples would decide it",
            crate::units::count(needed as u64)
        )
    } else {
        format!("the interval holds {target} as well, too close to decide by running longer")
    }
}
