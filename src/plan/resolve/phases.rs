//! Phases in an order that can be measured.

use super::Resolver;
use crate::plan::PhasePlan;
use crate::scenario::{Kind, Phase, ScenarioError};
use std::time::Duration;

const MAX_PHASE: Duration = Duration::from_secs(7 * 24 * 3_600);
/// Pairs per action and role, unless the scenario says otherwise.
const DEFAULT_SAMPLES: u32 = 40;

impl Resolver<'_> {
    pub(super) fn phases(&self, phases: &[Phase]) -> Result<Vec<PhasePlan>, ScenarioError> {
        let mut resolved: Vec<PhasePlan> = Vec::new();
        for phase in phases {
            let name = phase.name.clone().unwrap_or_else(|| phase.kind.as_str().into());
            let here = format!("kind: {}", phase.kind.as_str());
            if phase.duration.0 < Duration::from_secs(1) {
                let what =
                    format!("phase \"{name}\": duration {} is too short; use at least 1s", phase.duration);
                return Err(self.error(&[&format!("duration: {}", phase.duration), &here], what));
            }
            if phase.duration.0 > MAX_PHASE {
                let what =
                    format!("phase \"{name}\": duration {} is too long; use at most 168h", phase.duration);
                return Err(self.error(&[&format!("duration: {}", phase.duration), &here], what));
            }
            self.name(&here, &name)?;
            if resolved.iter().any(|known| known.name == name) {
                return Err(
                    self.error(&[&here], format!("two phases are called \"{name}\"; give one a `name:`"))
                );
            }
            if phase.samples.is_some() && phase.kind != Kind::Pairs {
                return Err(
                    self.error(&["samples:"], format!("phase \"{name}\": only a pairs phase has `samples`"))
                );
            }
            resolved.push(PhasePlan {
                name,
                kind: phase.kind,
                duration: phase.duration.0,
                samples: phase.samples.unwrap_or(DEFAULT_SAMPLES).min(10_000),
            });
        }
        let inside = resolved.iter().skip(1).take(resolved.len().saturating_sub(2));
        if let Some(phase) = inside.clone().find(|phase| phase.kind == Kind::Pairs) {
            let what =
                format!("phase \"{}\" needs a quiet target: put pairs first or, better, last", phase.name);
            return Err(self.error(&["kind: pairs"], what));
        }
        if resolved.is_empty() {
            return Err(self.error(
                &["phases:"],
                "there are no phases; a run needs at least one, as in {kind: steady, duration: 60s}",
            ));
        }
        Ok(resolved)
    }
}
