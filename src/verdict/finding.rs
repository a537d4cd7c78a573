//! The verdict and its parts, as they stand in `verdict.json`.

use super::{Effect, Expectation, Reconciliation, ToDecide};
use crate::evidence::{Caveat, Run};
use crate::exit::Exit;
use crate::stats::Method;
use crate::units::Unit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The verdict on a run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// Version of this format.
    pub schema_version: u32,
    /// The whole in one word.
    pub verdict: Outcome,
    /// Confidence of every interval.
    pub confidence: f64,
    /// Confidence that lines are decided at, no lower: wrong passes and wrong failures are each at
    /// most half of what is left of 1. Absent in verdicts that decided by the interval shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<f64>,
    /// One for each SLO line, in their order.
    pub findings: Vec<Finding>,
    /// One for each oracle.
    pub checks: Vec<Check>,
    /// Confirmed violations.
    pub violations: Vec<Violation>,
    /// What was expected of a perfect cache, and what was measured.
    #[serde(default)]
    pub expectations: Vec<Expectation>,
    /// What the cache does to all traffic; absent where no pair tells what anything costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// The client's ledger beside the service's counters and its Redis.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reconciliation: Vec<Reconciliation>,
    /// What weakens the evidence.
    pub caveats: Vec<Caveat>,
    /// Which run it was.
    pub run: Run,
}

/// The whole in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every SLO passed.
    Pass,
    /// An SLO failed, or a violation was confirmed.
    Fail,
    /// None failed, but at least one could not be decided.
    Inconclusive,
    /// The generator was the bottleneck.
    Invalid,
}

impl Outcome {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::Invalid => "invalid",
        }
    }

    /// The exit code it deserves.
    pub fn exit(self) -> Exit {
        match self {
            Self::Pass => Exit::Passed,
            Self::Fail => Exit::Failed,
            Self::Inconclusive => Exit::Inconclusive,
            Self::Invalid => Exit::Invalid,
        }
    }
}

/// What is said of one SLO.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// The whole interval meets the target, at the confidence that lines are decided at too.
    Pass,
    /// The whole interval misses it, likewise.
    Fail,
    /// The interval holds both, or there is none.
    Inconclusive,
}

impl Judgement {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// One SLO, judged.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The line as it was written.
    pub slo: String,
    /// What is said of it.
    pub judgement: Judgement,
    /// The measured value, in the unit's base; of an open line it may stand without an interval,
    /// where too few moments or people tell how far to trust it.
    pub measured: Option<f64>,
    /// Its interval; absent for exact values and where nothing was measured.
    pub interval: Option<[f64; 2]>,
    /// Confidence of the interval.
    pub confidence: f64,
    /// Samples.
    pub n: u64,
    /// Unit of measured, interval and target.
    pub unit: Unit,
    /// The target, in the unit's base.
    pub target: f64,
    /// The comparison: `<`, `<=`, `>`, `>=` or `==`.
    pub op: String,
    /// How the interval was made.
    pub method: Option<Method>,
    /// Why it could not be decided, or what explains the value.
    pub note: Option<String>,
    /// How much of the steady phases was left out as warm-up, in seconds; absent where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_up_cut_seconds: Option<f64>,
    /// What more of the same would decide an open line; absent where it would not, or is decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_decide: Option<ToDecide>,
}

/// What an oracle found.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// Its name.
    pub oracle: String,
    /// What came of it.
    pub outcome: CheckOutcome,
    /// Trials that could have failed.
    pub trials: u64,
    /// Upper bound of the rate of violations.
    pub bound: Option<f64>,
    /// Why it was not checked, or does not apply.
    pub why: Option<String>,
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// No violation.
    Holds,
    /// At least one.
    Violated,
    /// This target has no such feature.
    NotApplicable,
    /// It could not be checked, or was not.
    Unchecked,
}

/// A confirmed violation.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Violation {
    /// The oracle that found it.
    pub oracle: String,
    /// How grave.
    pub severity: Severity,
    /// What happened, in a sentence.
    pub what: String,
    /// The request.
    pub request: String,
    /// What would have been right.
    pub expected: String,
    /// What was seen.
    pub seen: String,
    /// A command that repeats it, without secrets.
    pub reproduce: String,
}

/// How grave a violation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Somebody saw what is not theirs.
    Leak,
    /// Somebody saw what was no longer true.
    Stale,
    /// Something else that must not be.
    Fault,
}
