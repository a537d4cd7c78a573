//! Warm-up that a line itself shows: left out in phases that are declared steady.
//!
//! A phase of kind `steady` claims that its traffic has one long-run value, so what lies before
//! that value is reached is not part of it (MSER-5, [`crate::stats::steady_state`]). Phases shaped
//! like a day, bursts and bells are terminating: what is asked of them is the traffic-weighted
//! rate of that very day, its morning included, and nothing is ever cut. The same holds for errors,
//! which count whenever they come, and for what is read off the target's own counters.

use super::measure::Measurement;
use crate::evidence::{Cut, Evidence, Phase, Selection, Watched};
use crate::scenario::Kind;
use crate::stats::batch_means::Slice;
use crate::stats::steady_state::{SteadyState, steady_state};
use crate::units::duration;
use std::time::Duration;

/// What is left of a selection once its warm-up is cut.
#[derive(Clone, Debug)]
pub(super) struct Steady {
    /// What is to be measured.
    pub(super) selection: Selection,
    /// How much of it was cut, in seconds.
    seconds: f64,
    /// What was cut, in words.
    cut: Vec<String>,
    /// Phases in which no steady state was found.
    never: Vec<String>,
}

impl Steady {
    /// Everything, without a look at it.
    pub(super) fn whole(selection: &Selection) -> Self {
        Self { selection: selection.clone(), seconds: 0.0, cut: Vec::new(), never: Vec::new() }
    }

    /// Looks at the line's own series in each steady phase.
    pub(super) fn of(
        selection: &Selection,
        evidence: &Evidence,
        series: impl Fn(&Selection) -> Vec<Slice>,
    ) -> Self {
        let mut steady = Self::whole(selection);
        let looks = |phase: &&Phase| phase.kind == Kind::Steady && !is_watched(phase, evidence);
        for phase in selection.phases(evidence).filter(looks) {
            let one = Selection { phases: vec![phase.name.clone()], ..selection.clone() };
            match steady_state(&series(&one)) {
                SteadyState::FromTheStart => {}
                SteadyState::After(slices) => {
                    let Some(&before) = one.span(evidence).get(slices) else { continue };
                    let until_us = u64::from(before) * evidence.slice_us;
                    let seconds = until_us.saturating_sub(phase.from_us) as f64 / 1e6;
                    steady.seconds += seconds;
                    let shown = duration(Duration::from_secs_f64(seconds.max(1.0).round()));
                    steady.cut.push(format!("the first {shown} of {}", phase.name));
                    steady.selection.cuts.push(Cut { phase: phase.name.clone(), before });
                }
                SteadyState::Never => steady.never.push(phase.name.clone()),
            }
        }
        steady
    }

    /// The measurement with what was cut, withheld where there is no steady state.
    pub(super) fn mark(self, measurement: Measurement) -> Measurement {
        let note = (!self.cut.is_empty())
            .then(|| format!("{} were warm-up and are left out", self.cut.join(" and ")));
        let mut measurement = measurement.note(note);
        measurement.warm_up_cut_seconds = (!self.cut.is_empty()).then_some(self.seconds);
        if !self.never.is_empty() {
            measurement.withheld.get_or_insert(format!(
                "it went on changing until the end of {}: no steady state was found, so there is no one value to decide",
                self.never.join(" and ")
            ));
        }
        measurement
    }
}

/// Whether the phase could end as soon as it was decided: what is cut of it must then be fixed
/// beforehand.
fn is_watched(phase: &Phase, evidence: &Evidence) -> bool {
    let watched = evidence.sequential.iter().flat_map(|sequential| &sequential.phases);
    let named = |watched: &Watched| evidence.phases.get(usize::from(watched.phase));
    watched.filter_map(named).any(|watched| watched.name == phase.name)
}
