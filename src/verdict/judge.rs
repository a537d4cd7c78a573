//! Evidence and SLO lines to a verdict: pure and total.

use super::audit::{Audit, audit};
use super::effect::effect;
use super::expectation::expectations;
use super::measure::{Measurement, Value, measure};
use super::reconcile::{self, reconcile};
use super::sequential;
use super::to_decide::{Open, lacks, straddles};
use super::{Check, CheckOutcome, Finding, Judgement, Outcome, SCHEMA_VERSION, Slo, Verdict};
use crate::evidence::{Caveat, Evidence};
use crate::stats::holm::step_down;
use crate::stats::{Estimate, Insufficient};
use crate::units::Unit;

/// Oracles that later versions will ask; named so that nobody takes silence for consent.
const ORACLES: [&str; 6] = ["freshness", "isolation", "conditional", "ttl", "stampede", "degradation"];

/// Lines are decided at this confidence at least, whatever that of the intervals shown: at most one
/// in a hundred passes that should not, and one that fails. At 95 % it would be one in forty where
/// an interval is much wider than the distance from the target.
const DECIDED_AT: f64 = 0.98;

/// The confidence that lines are decided at where intervals are shown at this one.
#[must_use]
pub fn decided_at(confidence: f64) -> f64 {
    confidence.max(DECIDED_AT)
}

/// Judges each line. The same evidence always gives the same verdict.
pub fn judge(slos: &[Slo], evidence: &Evidence, confidence: f64) -> Verdict {
    let findings = find_all(slos, evidence, confidence);
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
        decided_at: Some(decided_at(confidence)),
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

/// One line by itself, for whoever needs the value and its interval at a confidence of their own:
/// shown and decided at one and the same.
pub fn judge_line(slo: &Slo, evidence: &Evidence, confidence: f64) -> Finding {
    find(slo, evidence, confidence, confidence)
}

/// A pass needs every line (an intersection-union test, so no correction); no line
/// at all proves nothing. One failed line is enough, so failures are corrected before.
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

/// Every line by itself, then the failures held against each other.
fn find_all(slos: &[Slo], evidence: &Evidence, confidence: f64) -> Vec<Finding> {
    let level = decided_at(confidence);
    let mut findings: Vec<Finding> = slos.iter().map(|slo| find(slo, evidence, confidence, level)).collect();
    // Lines that could have ended the run are held to the same looks as then.
    sequential::correct(&mut findings, slos, evidence, level);
    let estimated = findings.iter().filter(|finding| finding.interval.is_some()).count();
    let failed = |finding: &Finding| finding.judgement == Judgement::Fail && finding.interval.is_some();
    let candidates: Vec<usize> = (0..findings.len())
        .filter(|&at| failed(&findings[at]) && !sequential::watched(&slos[at], evidence))
        .collect();
    // Whoever asks twenty lines of a sound cache must not see one fail by chance.
    let stand = step_down(estimated, &candidates, 1.0 - level, |at, alpha| {
        match measured(&slos[at], evidence, 1.0 - alpha).value {
            Value::Estimated(estimate) => compare(&slos[at], &estimate) == Judgement::Fail,
            Value::Exact { .. } | Value::Absent { .. } => false,
        }
    });
    for at in candidates.into_iter().filter(|at| !stand.contains(at)) {
        let finding = &mut findings[at];
        finding.judgement = Judgement::Inconclusive;
        let why = format!(
            "it misses {} by itself, but among {estimated} lines one may by chance (Holm); run longer",
            slos[at].metric.unit().show_target(slos[at].target)
        );
        finding.note = Some(finding.note.take().map_or(why.clone(), |note| format!("{why}; {note}")));
    }
    findings
}

/// What one line comes to at a confidence.
fn measured(slo: &Slo, evidence: &Evidence, confidence: f64) -> Measurement {
    sequential::sequentially(slo, evidence, confidence).unwrap_or_else(|| measure(slo, evidence, confidence))
}

/// One line, shown at one confidence and decided at another that is no lower.
fn find(slo: &Slo, evidence: &Evidence, confidence: f64, level: f64) -> Finding {
    let Measurement { value, mut note, withheld, warm_up_cut_seconds } = measured(slo, evidence, confidence);
    let mut finding = Finding {
        slo: slo.text.clone(),
        judgement: Judgement::Inconclusive,
        measured: None,
        interval: None,
        confidence,
        n: 0,
        unit: slo.metric.unit(),
        target: slo.target,
        op: slo.op.as_str().into(),
        method: None,
        note: None,
        warm_up_cut_seconds,
        to_decide: None,
    };
    let mut why = None;
    match value {
        Value::Estimated(estimate) => {
            finding.judgement = compare(slo, &estimate);
            let open = if finding.judgement == Judgement::Inconclusive {
                // What would decide it is what the verdict asks for, not what is shown.
                let asked = match measured(slo, evidence, level).value {
                    Value::Estimated(asked) if level > confidence => asked,
                    Value::Estimated(_) | Value::Exact { .. } | Value::Absent { .. } => estimate,
                };
                Some(straddles(slo, evidence, &asked, level))
            } else {
                left_open(slo, evidence, &mut finding, &mut note, level)
            };
            if let Some((words, more)) = open {
                (why, finding.to_decide) = (Some(words), more);
            }
            finding.measured = Some(estimate.value);
            finding.interval = Some([estimate.lo, estimate.hi]);
            finding.n = estimate.n;
            finding.method = Some(estimate.method);
        }
        Value::Exact { value, n } => {
            finding.judgement =
                if slo.op.holds(value, slo.target) { Judgement::Pass } else { Judgement::Fail };
            // The worst of many windows is said without an interval where that has no end.
            if slo.window.is_some() {
                why = left_open(slo, evidence, &mut finding, &mut note, level).map(|(words, _)| words);
            }
            finding.measured = Some(value);
            finding.n = n;
        }
        Value::Absent { why: words, n, lacks: missing, plain } => {
            finding.n = n;
            finding.measured = plain;
            let (words, to_decide) = absent(slo, evidence, words, missing.as_ref(), n);
            (why, finding.to_decide) = (Some(words), to_decide);
        }
    }
    if let Some(reason) = withheld {
        finding.judgement = Judgement::Inconclusive;
        finding.to_decide = None;
        why = Some(reason);
    }
    finding.note = match (why, note) {
        (Some(why), Some(note)) => Some(format!("{why}; {note}")),
        (why, note) => why.or(note),
    };
    finding
}

/// Opens a line again that is decided by the interval shown, and not at the level that lines are
/// decided at: why, and what would decide it.
fn left_open(
    slo: &Slo,
    evidence: &Evidence,
    finding: &mut Finding,
    note: &mut Option<String>,
    level: f64,
) -> Option<Open> {
    if level <= finding.confidence {
        return None;
    }
    let asked = measured(slo, evidence, level);
    let (words, more) = match (asked.value, asked.withheld) {
        (_, Some(reason)) => (reason, None),
        (Value::Exact { .. }, None) => return None,
        (Value::Estimated(estimate), None) if compare(slo, &estimate) == finding.judgement => return None,
        (Value::Estimated(estimate), None) => straddles(slo, evidence, &estimate, level),
        (Value::Absent { why, n, lacks, .. }, None) => absent(slo, evidence, why, lacks.as_ref(), n),
    };
    finding.judgement = Judgement::Inconclusive;
    if slo.window.is_some() {
        // It counts the windows that held and missed.
        *note = asked.note;
    }
    let [shown, level, wrong] =
        [finding.confidence, level, (1.0 - level) / 2.0].map(|of| Unit::Ratio.show_target(of));
    let target = slo.metric.unit().show_target(slo.target);
    let words = format!(
        "the {shown} interval clears {target}, but a verdict asks for {level}, to be wrong {wrong} of the \
         time at most: there {words}"
    );
    Some((words, more))
}

/// Why there is no estimate, and what would give one.
fn absent(slo: &Slo, evidence: &Evidence, why: String, missing: Option<&Insufficient>, n: u64) -> Open {
    match missing.and_then(|missing| lacks(slo, evidence, missing, n)) {
        Some((more, to_decide)) => (format!("{why}: {}", more.trim_end_matches(',')), to_decide),
        None => (why, None),
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
