//! Which hit rates can be reached here: infeasible is not broken.

use super::expected::{Expected, Rate};
use crate::plan::Plan;
use crate::units::{Unit, percent};
use crate::verdict::{Metric, Slo};
use schemars::JsonSchema;
use serde::Serialize;

/// Whether a target can be met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Feasibility {
    /// A perfect cache meets it in nearly every run.
    Feasible,
    /// A perfect cache meets it in some runs and not in others.
    Tight,
    /// No cache with these lifetimes and invalidations meets it.
    Infeasible,
    /// Nothing was simulated that would tell.
    Unknown,
}

impl Feasibility {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Feasible => "feasible",
            Self::Tight => "tight",
            Self::Infeasible => "infeasible",
            Self::Unknown => "unknown",
        }
    }
}

/// What is to be expected of one SLO on a hit rate.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Outlook {
    /// The line as it was written.
    pub slo: String,
    /// Whether it can be met.
    pub feasibility: Feasibility,
    /// What a perfect cache would reach.
    pub expected: Option<Rate>,
    /// Why, and what would make it feasible.
    pub why: String,
}

/// What is to be expected of each SLO on a hit rate, in their order.
pub fn outlooks(plan: &Plan, expected: &Expected) -> Vec<Outlook> {
    let of_rates = |slo: &&Slo| matches!(slo.metric, Metric::HitRate | Metric::EffectiveHitRate);
    plan.slos.iter().filter(of_rates).map(|slo| outlook(plan, expected, slo)).collect()
}

fn outlook(plan: &Plan, expected: &Expected, slo: &Slo) -> Outlook {
    let line = slo.text.clone();
    let Some(rate) = expected.rate(plan, &slo.selection) else {
        let why = "nobody at work reads there, so it is not simulated".into();
        return Outlook { slo: line, feasibility: Feasibility::Unknown, expected: None, why };
    };
    let holds = |value: f64| slo.op.holds(value, slo.target);
    let browsers = slo.metric == Metric::EffectiveHitRate && holds(rate.ceilings.repeated);
    let target = Unit::Ratio.show_target(slo.target);
    let (feasibility, why) = match (holds(rate.lo), holds(rate.hi)) {
        (true, true) => (Feasibility::Feasible, String::new()),
        (false, false) if browsers => {
            let why = "only copies in browsers could do it; what they keep is not known before the run";
            (Feasibility::Tight, format!("{why}; {}", advice(slo, &rate)))
        }
        (false, false) => (Feasibility::Infeasible, advice(slo, &rate)),
        (true, false) | (false, true) => {
            let why = format!("{target} lies within what differs from run to run: either may come out");
            (Feasibility::Tight, why)
        }
    };
    Outlook { slo: line, feasibility, expected: Some(rate), why }
}

/// Why no cache meets a target here, and what would have to change.
fn advice(slo: &Slo, rate: &Rate) -> String {
    let misses = (1.0 - rate.value).max(f64::MIN_POSITIVE);
    let reach = |value: f64| slo.op.holds(value, slo.target);
    let of_misses = |share: f64| percent((share / misses).clamp(0.0, 1.0));
    if rate.value > slo.target {
        return "a perfect cache serves more than that".into();
    }
    let ceilings = rate.ceilings;
    let mut parts = vec![format!(
        "of its misses {} are first reads, {} expired, {} invalidated",
        of_misses(rate.first),
        of_misses(rate.expired),
        of_misses(rate.invalidated)
    )];
    parts.push(format!(
        "with lifetimes without end {}, without invalidations {}, with both {}",
        percent(ceilings.endless),
        percent(ceilings.untouched),
        percent(ceilings.repeated)
    ));
    let remedy = match (reach(ceilings.endless), reach(ceilings.untouched), reach(ceilings.repeated)) {
        (true, _, _) => "longer lifetimes would do (`cache.ttl`)",
        (false, true, _) => "fewer or more precise invalidations would do (`cache.invalidates_by`)",
        (false, false, true) => "it takes both longer lifetimes and fewer invalidations",
        (false, false, false) => {
            "no cache of these keys can do it: people would have to come back more often \
             (`session.returns`, fewer `people`), or the warm-up or the run be longer"
        }
    };
    parts.push(remedy.into());
    parts.join("; ")
}
