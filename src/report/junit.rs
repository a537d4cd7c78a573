//! `junit.xml`: a test case an SLO. Inconclusive is an error, never a skip: a gate that
//! skips what it cannot decide lets everything through.

use super::words::{bottlenecks, line};
use crate::verdict::{Judgement, Verdict};
use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};
use std::time::Duration;

pub(super) fn render(verdict: &Verdict) -> Result<String, SerializeError> {
    let mut suite = TestSuite::new(verdict.run.scenario.clone());
    suite.set_time(Duration::from_secs_f64(verdict.run.seconds.max(0.0)));
    // First of all: nothing below counts in an invalid run, and a gate must not let it through.
    for what in bottlenecks(verdict) {
        let said = format!("INVALID: the generator was the bottleneck: {what}");
        let mut case =
            TestCase::new("the generator keeps up", non_success(NonSuccessKind::Error, "invalid", &said));
        case.set_classname(format!("cacheproof.{}", verdict.run.scenario));
        suite.add_test_case(case);
    }
    for finding in &verdict.findings {
        let shown = line(finding);
        let said = [shown.measured.as_str(), &shown.interval, "target", &shown.target, &shown.note]
            .iter()
            .filter(|part| !part.is_empty())
            .copied()
            .collect::<Vec<_>>()
            .join(" ");
        let status = match finding.judgement {
            Judgement::Pass => TestCaseStatus::success(),
            Judgement::Fail => non_success(NonSuccessKind::Failure, "missed", &said),
            Judgement::Inconclusive => non_success(NonSuccessKind::Error, "inconclusive", &said),
        };
        let mut case = TestCase::new(finding.slo.clone(), status);
        case.set_classname(format!("cacheproof.{}", verdict.run.scenario)).set_system_out(said);
        suite.add_test_case(case);
    }
    for violation in &verdict.violations {
        let status = non_success(NonSuccessKind::Failure, "violation", &violation.what);
        let mut case = TestCase::new(format!("oracle {}", violation.oracle), status);
        case.set_classname(format!("cacheproof.{}", verdict.run.scenario))
            .set_system_out(violation.reproduce.clone());
        suite.add_test_case(case);
    }
    let mut report = Report::new("cacheproof");
    report.add_test_suite(suite);
    report.to_string()
}

fn non_success(kind: NonSuccessKind, word: &str, said: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(word).set_message(said);
    status
}
