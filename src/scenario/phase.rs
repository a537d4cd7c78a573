//! What happens when. Lengths of phases are time on the wall.

use super::Span;
use serde::{Deserialize, Serialize};

/// A stretch of the run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// What kind of phase.
    pub kind: Kind,
    /// Name in reports and labels; the kind's by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Length of a warm-up or steady phase; upper limit of a pairs phase.
    pub duration: Span,
    /// Pairs per action and role (pairs only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<u32>,
}

/// Kinds of phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The same request by the same person, cached and bypassed, in random order.
    Pairs,
    /// People at work, not measured.
    WarmUp,
    /// People at work, measured.
    Steady,
}

impl Kind {
    /// The name in YAML.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pairs => "pairs",
            Self::WarmUp => "warm-up",
            Self::Steady => "steady",
        }
    }
}
