//! What happens when. Lengths of phases are time on the wall.

use super::Span;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A stretch of the run.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// What kind of phase.
    pub kind: Kind,
    /// Name in reports and labels; the kind's by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Length; upper limit of pairs, a breakpoint and a replay.
    pub duration: Span,
    /// Whether SLOs are judged on it; warm-up, quiet, pairs, breakpoint and replay are not unless
    /// said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<bool>,
    /// Pairs per action and role (pairs only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<u32>,
    /// Factors on how many people of a role are at work.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub users: IndexMap<String, f64>,
    /// Factor on everybody's pace: 2 halves the think times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pace: Option<f64>,
    /// Factors on how often people do an action.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub weights: IndexMap<String, f64>,
    /// How many of the people are at work over the phase, 0 to 1, evenly spaced in time
    /// and straight between.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<f64>,
    /// Everybody asks for their next page within this time of the phase's beginning (scenario
    /// clock): pages that were further off are brought forward.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub together: Option<Span>,
    /// Requests that arrive by the clock, whoever is free (open and breakpoint only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrivals: Option<Arrivals>,
    /// Steps of a breakpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
    /// What must hold at a step of a breakpoint, as SLO lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
    /// Trace to send again (replay only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// Kinds of phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The same request by the same person, cached and bypassed, in random order.
    Pairs,
    /// People at work, not measured.
    WarmUp,
    /// People at work, measured.
    #[default]
    Steady,
    /// More or fewer people over the phase, by its `curve`.
    Day,
    /// Writes come much more often: ten times, unless `weights` says otherwise.
    GradeBurst,
    /// Everybody asks for their next page at the same moment.
    Bell,
    /// Many times as many people of some roles, by `users`.
    ReportNight,
    /// Nobody is at work.
    Quiet,
    /// Requests arrive by the clock, not by people who wait for answers.
    Open,
    /// More and more requests, until the limits break.
    Breakpoint,
    /// A trace, sent again.
    Replay,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Pairs,
        Self::WarmUp,
        Self::Steady,
        Self::Day,
        Self::GradeBurst,
        Self::Bell,
        Self::ReportNight,
        Self::Quiet,
        Self::Open,
        Self::Breakpoint,
        Self::Replay,
    ];

    /// The name in YAML.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pairs => "pairs",
            Self::WarmUp => "warm-up",
            Self::Steady => "steady",
            Self::Day => "day",
            Self::GradeBurst => "grade-burst",
            Self::Bell => "bell",
            Self::ReportNight => "report-night",
            Self::Quiet => "quiet",
            Self::Open => "open",
            Self::Breakpoint => "breakpoint",
            Self::Replay => "replay",
        }
    }
}

/// Requests that arrive by the clock.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Arrivals {
    /// Requests a second of the wall, at the beginning.
    pub rate: f64,
    /// How the rate goes on.
    #[serde(default)]
    pub shape: Shape,
    /// Requests a second at the end of a ramp or a breakpoint, or the crest of a sine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<f64>,
    /// Length of a sine's wave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Span>,
    /// Requests under way at once; an arrival that finds none free is dropped and counted.
    #[serde(default = "pool")]
    pub pool: u32,
}

/// How a rate of arrivals goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// Evenly spaced.
    #[default]
    Constant,
    /// Straight from `rate` to `to`.
    Ramp,
    /// A wave between `rate` and `to`.
    Sine,
    /// Random, with the mean `rate` (exponential gaps).
    Poisson,
}

fn pool() -> u32 {
    100
}
