//! Breakpoints in words: the most load within the limits, and each step.

use crate::evidence::{Evidence, Step};
use crate::units::count;
use crate::verdict::Slo;

/// A breakpoint, ready to be shown.
#[derive(Debug)]
pub struct Breakpoint {
    /// What was found, in one sentence.
    pub found: String,
    /// Titles of the columns.
    pub head: Vec<String>,
    /// A row each step: rate and cells.
    pub steps: Vec<(String, Vec<String>)>,
}

/// The breakpoints of a run, in the order of their phases.
pub(super) fn breakpoints(evidence: &Evidence) -> Vec<Breakpoint> {
    let of_phase = evidence.breakpoints.chunk_by(|a, b| a.phase == b.phase);
    of_phase.map(|steps| breakpoint(evidence, steps)).collect()
}

/// Only the sentences.
pub(super) fn found(evidence: &Evidence) -> Vec<String> {
    breakpoints(evidence).into_iter().map(|breakpoint| breakpoint.found).collect()
}

fn breakpoint(evidence: &Evidence, steps: &[Step]) -> Breakpoint {
    let phase = steps.first().and_then(|step| evidence.phases.get(usize::from(step.phase)));
    let name = phase.map_or("breakpoint", |phase| phase.name.as_str());
    let limits: Vec<String> =
        steps.first().into_iter().flat_map(|step| &step.values).map(|(limit, _)| limit.clone()).collect();
    let mut head = ["requests/s", "sent/s", "dropped"].map(String::from).to_vec();
    head.extend(limits);
    head.push("within".into());
    let row = |step: &Step| {
        let mut cells = vec![rate(step.achieved), count(step.dropped)];
        cells.extend(step.values.iter().map(|(limit, value)| show(limit, *value)));
        cells.push(if step.within { "yes".into() } else { "no".into() });
        (rate(step.rate), cells)
    };
    Breakpoint { found: format!("{name}: {}", sentence(steps)), head, steps: steps.iter().map(row).collect() }
}

/// `the most load within the limits: 240 requests/s (at 280 p99(latency) was 231 ms)`
fn sentence(steps: &[Step]) -> String {
    let most = steps.iter().rfind(|step| step.within).map(|step| rate(step.rate));
    let broke = steps.iter().find(|step| !step.within);
    let why = broke
        .map(|step| format!("at {} {}", rate(step.rate), step.why.as_deref().unwrap_or("a limit broke")));
    match (most, why) {
        (Some(most), Some(why)) => format!("the most load within the limits: {most} requests/s ({why})"),
        (Some(most), None) => {
            format!("the most load within the limits: {most} requests/s, the most that was tried")
        }
        (None, Some(why)) => format!("no load that was tried is within the limits ({why})"),
        (None, None) => "nothing was tried".into(),
    }
}

fn rate(rate: f64) -> String {
    if rate < 100.0 {
        // Without zeros that say nothing: 12.5, but 40.
        let text = format!("{rate:.1}");
        text.strip_suffix(".0").map_or_else(|| text.clone(), String::from)
    } else {
        count(rate.round() as u64)
    }
}

/// A value in the unit of its limit.
fn show(limit: &str, value: Option<f64>) -> String {
    let unit = limit.parse::<Slo>().ok().map(|slo| slo.metric.unit());
    match (value, unit) {
        (Some(value), Some(unit)) => unit.show(value),
        (Some(value), None) => value.to_string(),
        (None, _) => "–".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Made, PAIRS, STEADY};

    fn step(phase: u16, rate: f64, p99: f64, why: Option<&str>) -> Step {
        Step {
            phase,
            rate,
            achieved: rate - 0.04,
            dropped: 1_234,
            values: vec![("p99(latency) < 200ms".into(), Some(p99)), ("hit_rate > 50%".into(), None)],
            within: why.is_none(),
            why: why.map(String::from),
        }
    }

    fn said(steps: Vec<Step>) -> Vec<String> {
        let mut evidence = Made::new().evidence();
        evidence.breakpoints = steps;
        found(&evidence)
    }

    #[test]
    fn the_most_load_within_the_limits_is_said_with_what_broke_above_it() {
        let broke = "p99(latency) was 231 ms";
        let up = || vec![step(STEADY, 40.0, 9_000.0, None), step(STEADY, 240.0, 90_000.0, None)];
        assert_eq!(
            said(up()),
            ["steady: the most load within the limits: 240 requests/s, the most that was tried"]
        );
        let mut over = up();
        over.push(step(STEADY, 1_280.0, 231_000.0, Some(broke)));
        assert_eq!(
            said(over),
            ["steady: the most load within the limits: 240 requests/s (at 1,280 p99(latency) was 231 ms)"]
        );
        assert_eq!(
            said(vec![step(PAIRS, 12.5, 231_000.0, Some(broke)), step(STEADY, 12.5, 1.0, None)]),
            [
                "pairs: no load that was tried is within the limits (at 12.5 p99(latency) was 231 ms)",
                "steady: the most load within the limits: 12.5 requests/s, the most that was tried",
            ]
        );
    }

    #[test]
    fn each_step_is_a_row_in_the_units_of_its_limits() {
        let mut evidence = Made::new().evidence();
        evidence.breakpoints = vec![step(STEADY, 40.0, 9_000.0, None)];
        let Breakpoint { head, steps, .. } = &breakpoints(&evidence)[0];
        assert_eq!(head.len(), steps[0].1.len() + 1);
        assert_eq!(steps[0].0, "40");
        assert_eq!(steps[0].1, ["40", "1,234", "9.00 ms", "–", "yes"]);
    }
}
