//! The verdict in words: its headline, each finding as a line, what was expected.

use crate::evidence::{Caveat, Selection};
use crate::units::{Unit, count, percent};
use crate::verdict::{Expectation, Finding, Judgement, Metric, Slo, Verdict};

/// One SLO line, ready to be shown.
#[derive(Clone, Debug)]
pub struct Line {
    /// The line.
    pub slo: String,
    /// The judgement.
    pub judgement: Judgement,
    /// Measured value, or a dash.
    pub measured: String,
    /// `[lo, hi]`, or empty.
    pub interval: String,
    /// The target with its comparison.
    pub target: String,
    /// Samples.
    pub n: String,
    /// Why, or what explains it.
    pub note: String,
    /// Where value, interval and target stand between 0 and 1 on a common scale.
    pub bar: Option<Bar>,
}

/// Positions from 0 to 1 on the line's own scale.
#[derive(Clone, Copy, Debug)]
pub struct Bar {
    /// Measured.
    pub value: f64,
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
    /// Target.
    pub target: f64,
}

/// The verdict in one sentence.
pub(super) fn headline(verdict: &Verdict) -> String {
    let n = |judgement| verdict.findings.iter().filter(|finding| finding.judgement == judgement).count();
    let (passed, failed, open) = (n(Judgement::Pass), n(Judgement::Fail), n(Judgement::Inconclusive));
    let all = verdict.findings.len();
    let met = |n: usize| if n == 1 { "the one SLO is met".into() } else { format!("all {n} SLOs are met") };
    match verdict.verdict {
        crate::verdict::Outcome::Pass => format!("Pass: {}.", met(all)),
        crate::verdict::Outcome::Fail if !verdict.violations.is_empty() => {
            let what = match verdict.violations.len() {
                1 => "one violation was confirmed".into(),
                n => format!("{n} violations were confirmed"),
            };
            format!("Fail: {what}; {failed} of {all} SLOs missed, {passed} met, {open} could not be decided.")
        }
        crate::verdict::Outcome::Fail if all == 1 => "Fail: the one SLO was missed.".into(),
        crate::verdict::Outcome::Fail => {
            format!("Fail: {failed} of {all} SLOs missed, {passed} met, {open} could not be decided.")
        }
        crate::verdict::Outcome::Inconclusive if all == 0 => "Inconclusive: the scenario has no SLOs.".into(),
        crate::verdict::Outcome::Inconclusive if open == 0 => {
            format!("Inconclusive: {} as far as the run went, but it was cut short.", met(all))
        }
        crate::verdict::Outcome::Inconclusive if all == 1 => {
            "Inconclusive: the one SLO could not be decided.".into()
        }
        crate::verdict::Outcome::Inconclusive => {
            format!("Inconclusive: none of {all} SLOs missed, {passed} met, {open} could not be decided.")
        }
        crate::verdict::Outcome::Invalid => {
            let reasons: Vec<&str> = bottlenecks(verdict).collect();
            format!(
                "INVALID: the generator was the bottleneck, so this says nothing of the target: {}.",
                reasons.join("; ")
            )
        }
    }
}

/// Why a run is invalid, where it is.
pub(super) fn bottlenecks(verdict: &Verdict) -> impl Iterator<Item = &str> {
    verdict.caveats.iter().filter_map(|caveat| {
        let Caveat::Bottleneck { what } = caveat else { return None };
        Some(what.as_str())
    })
}

/// What stands above the intervals of the lines.
pub(super) fn interval(verdict: &Verdict) -> String {
    let shown = format!("{} interval", Unit::Ratio.show_target(verdict.confidence));
    match higher_level(verdict) {
        Some(level) => format!("{shown}, decided at {}", Unit::Ratio.show_target(level)),
        None => shown,
    }
}

/// The level that lines were decided at, where it is not that of the intervals shown.
fn higher_level(verdict: &Verdict) -> Option<f64> {
    verdict.decided_at.filter(|&level| level > verdict.confidence && !verdict.findings.is_empty())
}

/// That level in a sentence, with what it is worth.
pub(super) fn decided_at(verdict: &Verdict) -> Option<String> {
    let level = higher_level(verdict)?;
    let [level, wrong] = [level, (1.0 - level) / 2.0].map(|of| Unit::Ratio.show_target(of));
    Some(format!("Decided at {level}: wrong passes and wrong failures are at most {wrong} each."))
}

/// One finding as words.
pub(super) fn line(finding: &Finding) -> Line {
    let unit = finding.unit;
    Line {
        slo: finding.slo.clone(),
        judgement: finding.judgement,
        measured: finding.measured.map_or_else(|| "–".into(), |value| unit.show(value)),
        interval: finding
            .interval
            .map_or_else(String::new, |[lo, hi]| format!("[{}, {}]", unit.show(lo), unit.show(hi))),
        target: format!("{} {}", finding.op, unit.show_target(finding.target)),
        n: count(finding.n),
        note: finding.note.clone().unwrap_or_default(),
        bar: bar(finding),
    }
}

/// An expectation as a row: role; expected, its interval, measured, its interval.
pub(super) fn expectation(of: &Expectation) -> (String, Vec<String>) {
    let dash = || "–".to_owned();
    let span = |[lo, hi]: [f64; 2]| format!("[{}, {}]", percent(lo), percent(hi));
    let cells = vec![
        percent(of.expected_value),
        span(of.expected),
        of.measured.map_or_else(dash, percent),
        of.interval.map_or_else(dash, span),
    ];
    (whose(of).to_owned(), cells)
}

fn whose(of: &Expectation) -> &str {
    of.role.as_deref().unwrap_or("all")
}

/// What keeps measured and expected apart, and what could not be compared.
pub(super) fn gaps(verdict: &Verdict) -> Vec<String> {
    let said = verdict.expectations.iter().filter_map(|of| Some((of, of.note.as_ref()?)));
    said.map(|(of, note)| format!("{}: {}{note}", whose(of), if of.gap { "gap: " } else { "" })).collect()
}

/// Places value, interval and target on one scale with some air around.
fn bar(finding: &Finding) -> Option<Bar> {
    let value = finding.measured?;
    let [lo, hi] = finding.interval.unwrap_or([value, value]);
    let (least, most) = (lo.min(finding.target), hi.max(finding.target));
    let air = ((most - least) * 0.15).max(most.abs() * 0.01).max(f64::MIN_POSITIVE);
    let place = |x: f64| ((x - least + air) / (most - least + 2.0 * air)).clamp(0.0, 1.0);
    Some(Bar { value: place(value), lo: place(lo), hi: place(hi), target: place(finding.target) })
}

/// The target of the SLO on this metric for exactly this role or action, if there is one.
pub(super) fn target_of(verdict: &Verdict, metric: &Metric, selection: &Selection) -> Option<f64> {
    verdict.findings.iter().find_map(|finding| {
        let slo: Slo = finding.slo.parse().ok()?;
        (slo.metric == *metric && slo.selection == *selection && slo.window.is_none()).then_some(slo.target)
    })
}
