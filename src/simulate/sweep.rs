//! What a value of the scenario decides: the hit rates to expect as it moves, the others as they
//! were written.

use super::expected::Rate;
use super::feasible::{Feasibility, Outlook};
use super::{Forecast, RoleRate};
use crate::evidence::Selection;
use crate::plan::Plan;
use crate::verdict::{Metric, Slo};
use schemars::JsonSchema;
use serde::Serialize;

/// One key of the scenario, moved.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Swept {
    /// Path of the value.
    pub key: String,
    /// What comes of each value, in their order.
    pub rows: Vec<Row>,
}

/// What comes of one value.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Row {
    /// The value, as it was given.
    pub value: String,
    /// Whether the scenario has it anyway.
    pub written: bool,
    /// The hit rate of each role with reads, then of all.
    pub cells: Vec<Cell>,
    /// Targets of something else than one role or all.
    pub others: Vec<Outlook>,
}

/// A hit rate and the targets it is held against.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Cell {
    /// Name of the role; `None` for all.
    pub role: Option<String>,
    /// What to expect.
    pub rate: Rate,
    /// The targets.
    pub targets: Vec<Bound>,
}

/// A target of a hit rate.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Bound {
    /// The line as it was written.
    pub slo: String,
    /// The target, as a fraction.
    pub target: f64,
    /// Whether it can be met.
    pub feasibility: Feasibility,
}

impl Row {
    /// What a forecast of the scenario with this value says of its hit rates.
    pub fn new(value: String, written: bool, plan: &Plan, forecast: Forecast) -> Self {
        let Forecast { roles, outlooks, .. } = forecast;
        let judged = plan.slos.iter().filter(|slo| is_of_rates(slo)).zip(outlooks);
        let (held, others): (Vec<_>, Vec<_>) = judged.partition(|(slo, _)| of_whom(slo).is_some());
        let cells = roles.into_iter().map(|RoleRate { role, rate }| {
            let mine = held.iter().filter(|(slo, _)| of_whom(slo) == Some(role.as_deref()));
            let targets = mine.map(|(slo, outlook)| Bound {
                slo: outlook.slo.clone(),
                target: slo.target,
                feasibility: outlook.feasibility,
            });
            let targets = targets.collect();
            Cell { role, rate, targets }
        });
        let cells = cells.collect();
        Self { value, written, cells, others: others.into_iter().map(|(_, outlook)| outlook).collect() }
    }
}

/// The lines that [`super::outlooks`] speaks of.
fn is_of_rates(slo: &Slo) -> bool {
    matches!(slo.metric, Metric::HitRate | Metric::EffectiveHitRate)
}

/// The role whose hit rate a line is about, `None` for all; nothing where it is about another part
/// of the run.
fn of_whom(slo: &Slo) -> Option<Option<&str>> {
    if slo.metric != Metric::HitRate {
        return None;
    }
    match slo.selection.roles.as_slice() {
        [] => (slo.selection == Selection::default()).then_some(None),
        [role] => (slo.selection == Selection::of_role(role)).then_some(Some(role)),
        [_, _, ..] => None,
    }
}
