//! What was measured beside what a perfect cache was expected to reach: a gap is a finding.

use crate::evidence::{Evidence, ExpectedRate, Selection};
use crate::observe::Source;
use crate::scenario::Kind;
use crate::stats::two_way;
use crate::units::percent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// More reads than this shown by browsers, and the two rates are not over the same reads.
const BROWSER_LIMIT: f64 = 0.01;

/// A hit rate as expected and as measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Expectation {
    /// Name of the role; absent for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// What a perfect cache was expected to reach.
    pub expected_value: f64,
    /// Where a single run of a perfect cache falls.
    pub expected: [f64; 2],
    /// What was measured while people were at work.
    pub measured: Option<f64>,
    /// Its interval.
    pub interval: Option<[f64; 2]>,
    /// Whether the two intervals have nothing in common.
    pub gap: bool,
    /// What a gap may mean, or why there is nothing to compare.
    pub note: Option<String>,
}

/// Holds each expected rate against the evidence.
pub(super) fn expectations(evidence: &Evidence, confidence: f64) -> Vec<Expectation> {
    evidence.expected.iter().map(|rate| expectation(rate, evidence, confidence)).collect()
}

fn expectation(rate: &ExpectedRate, evidence: &Evidence, confidence: f64) -> Expectation {
    let selection = Selection {
        roles: rate.role.iter().cloned().collect(),
        // Only people at work were replayed. An empty list would mean every measured phase.
        phases: evidence
            .phases
            .iter()
            .filter(|phase| phase.measured && of_people(phase.kind))
            .map(|phase| phase.name.clone())
            .collect(),
        ..Selection::default()
    };
    let mut expectation = Expectation {
        role: rate.role.clone(),
        expected_value: rate.value,
        expected: [rate.lo, rate.hi],
        measured: None,
        interval: None,
        gap: false,
        note: None,
    };
    if selection.phases.is_empty() {
        expectation.note = Some("no measured phase with people at work took place".into());
        return expectation;
    }
    // As a line on the same rate would be judged, so that the two do not contradict each other.
    let (parts, slices) = selection.hit_rate_parts(evidence);
    let estimate = match two_way::ratio(&parts, slices, confidence) {
        Ok(checked) => checked.estimate,
        Err(why) => {
            let (hits, reads) =
                parts.iter().fold((0.0, 0.0), |sum, part| (sum.0 + part.numerator, sum.1 + part.denominator));
            expectation.measured = (why.only_the_interval() && reads > 0.0).then_some(hits / reads);
            expectation.note = Some(why.to_string());
            return expectation;
        }
    };
    expectation.measured = Some(estimate.value);
    expectation.interval = Some([estimate.lo, estimate.hi]);
    let browser: u64 =
        selection.cells(evidence).filter(|cell| cell.source == Source::Browser).map(|cell| cell.n).sum();
    let shown = browser as f64 / (browser + estimate.n).max(1) as f64;
    let apart = if estimate.hi < rate.lo {
        Some(
            "measured below what a perfect cache would reach: entries were lost, evicted or not stored, \
             lived shorter than declared, or more was invalidated than declared",
        )
    } else if estimate.lo > rate.hi {
        Some(
            "measured above what a perfect cache could reach: entries were served beyond the declared \
             lifetimes or not invalidated, or were there before the run: look at freshness; or entries are \
             shared between people (`cache.private`), or a write changes less than `changes` says",
        )
    } else {
        None
    };
    expectation.note = match apart {
        None => None,
        Some(_) if evidence.interrupted => {
            Some("the run was cut short, and what was expected is for all of it".into())
        }
        Some(_) if shown > BROWSER_LIMIT => Some(format!(
            "browsers showed copies of their own for {} of the reads; the forecast does not know copies in \
             browsers",
            percent(shown)
        )),
        Some(meaning) => {
            expectation.gap = true;
            let copies = if browser > 0 { "; the forecast does not know copies in browsers" } else { "" };
            Some(format!("{meaning}{copies}"))
        }
    };
    expectation
}

fn of_people(kind: Kind) -> bool {
    match kind {
        Kind::WarmUp
        | Kind::Steady
        | Kind::Day
        | Kind::GradeBurst
        | Kind::Bell
        | Kind::ReportNight
        | Kind::Quiet => true,
        Kind::Pairs | Kind::Open | Kind::Breakpoint | Kind::Replay => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Made, STEADY, STUDENT};

    /// The made-up run has a hit rate of about 80 %.
    fn held(lo: f64, hi: f64, role: Option<&str>) -> (Evidence, Expectation) {
        let mut evidence = Made::new().four_fifths().evidence();
        let rate = ExpectedRate {
            role: role.map(Into::into),
            value: (lo + hi) / 2.0,
            lo,
            hi,
            first: 0.1,
            expired: 0.05,
            invalidated: 0.05,
        };
        evidence.expected = vec![rate];
        let found = expectations(&evidence, 0.95).remove(0);
        (evidence, found)
    }

    #[test]
    fn intervals_that_overlap_are_no_finding() {
        for role in [None, Some("teacher")] {
            let (_, found) = held(0.7, 0.9, role);
            assert!(!found.gap && found.note.is_none(), "{found:?}");
            assert!((0.75..0.85).contains(&found.measured.unwrap()), "{found:?}");
            assert_eq!(found.role.as_deref(), role);
        }
    }

    #[test]
    fn a_gap_is_named_with_what_it_may_mean() {
        let (_, below) = held(0.93, 0.97, None);
        assert!(below.gap && below.note.unwrap().contains("evicted"));
        let (_, above) = held(0.3, 0.4, None);
        let note = above.note.unwrap();
        assert!(above.gap && note.contains("freshness") && note.contains("`cache.private`"), "{note}");
        assert!(!note.contains("browsers"), "none showed a copy: {note}");
    }

    #[test]
    fn it_is_measured_as_a_line_on_the_same_rate() {
        let (mut evidence, _) = held(0.93, 0.97, None);
        for cell in &mut evidence.cells {
            cell.cluster = 0;
        }
        let found = &expectations(&evidence, 0.95)[0];
        assert!(found.measured.is_some() && found.interval.is_none() && !found.gap, "{found:?}");
        assert!(found.note.as_ref().unwrap().contains("too few to know how people differ"), "{found:?}");
    }

    #[test]
    fn what_cannot_be_compared_is_no_gap() {
        let (mut evidence, _) = held(0.93, 0.97, None);
        evidence.interrupted = true;
        let found = &expectations(&evidence, 0.95)[0];
        assert!(!found.gap && found.note.as_ref().unwrap().contains("cut short"));

        let mut evidence =
            Made::new().four_fifths().reads(STEADY, STUDENT, Source::Browser, 1, |_| 1).evidence();
        evidence.expected = held(0.93, 0.97, None).0.expected;
        let found = &expectations(&evidence, 0.95)[0];
        assert!(!found.gap && found.note.as_ref().unwrap().contains("browsers"), "{found:?}");

        let mut evidence = Made::new().evidence();
        evidence.expected = held(0.93, 0.97, None).0.expected;
        let found = &expectations(&evidence, 0.95)[0];
        assert!(!found.gap && found.measured.is_none() && found.note.is_some());
    }
}
