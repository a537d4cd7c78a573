//! What differs between two runs beside what was measured.

use crate::evidence::{Evidence, Run};
use crate::units::percent;

/// Runs whose lengths differ by more than this rest on other stretches of people's time.
const LENGTH: f64 = 0.1;

/// Why no row can tell anything, where that is so.
pub(super) fn incomparable(
    base: &Evidence,
    new: &Evidence,
    base_invalid: bool,
    new_invalid: bool,
) -> Option<String> {
    let bottleneck = |which: &str| {
        format!("{which} is invalid: its generator was the bottleneck, so it says nothing of its target")
    };
    if base_invalid {
        return Some(bottleneck("the base"));
    }
    if new_invalid {
        return Some(bottleneck("the new run"));
    }
    (base.run.time_scale != new.run.time_scale).then(|| {
        format!(
            "the scenario clock ran {} times as fast as the wall in the base and {} times in the new run: \
             neither lifetimes nor load are the same",
            base.run.time_scale, new.run.time_scale
        )
    })
}

/// Every difference that may explain a change.
pub(super) fn between(base: &Evidence, new: &Evidence, withheld: Option<String>) -> Vec<String> {
    let mut caveats: Vec<String> = withheld.into_iter().collect();
    let (from, to) = (&base.run, &new.run);
    let mut differs = |what: &str, base: &str, new: &str| {
        if base != new {
            caveats.push(format!("{what} differs: {base} in the base, {new} in the new run"));
        }
    };
    differs("the scenario", &from.scenario, &to.scenario);
    differs("the target", &from.target, &to.target);
    let store = |run: &Run| run.store.clone().unwrap_or_else(|| "none told".into());
    differs("the store", &store(from), &store(to));
    differs("the seed", &from.seed.to_string(), &to.seed.to_string());
    differs("the version of cacheproof", &from.version, &to.version);
    differs("the number of people at work", &users(from), &users(to));
    differs("what counts as independent", &base.cluster, &new.cluster);
    let machine = |evidence: &Evidence| {
        format!("{} with {} processors", evidence.environment.platform, evidence.environment.cpus)
    };
    differs("the machine of the generator", &machine(base), &machine(new));
    differs("the phases", &phases(base), &phases(new));
    let (short, long) = (from.seconds.min(to.seconds), from.seconds.max(to.seconds));
    if long > 0.0 && 1.0 - short / long > LENGTH {
        caveats.push(format!(
            "the length differs: {:.0} s in the base, {:.0} s in the new run ({} of the longer)",
            from.seconds,
            to.seconds,
            percent(short / long)
        ));
    }
    for (which, evidence) in [("the base", base), ("the new run", new)] {
        if evidence.interrupted {
            caveats.push(format!("{which} was ended before its time"));
        }
    }
    if from.id == to.id && from.started_at == to.started_at {
        caveats.push("both are the same run: nothing can have changed".into());
    }
    caveats
}

fn users(run: &Run) -> String {
    let all: Vec<String> = run.users.iter().map(|(role, users)| format!("{users} {role}")).collect();
    if all.is_empty() { "unknown".into() } else { all.join(" + ") }
}

fn phases(evidence: &Evidence) -> String {
    let measured = evidence.phases.iter().filter(|phase| phase.measured);
    measured.map(|phase| format!("{} ({})", phase.name, phase.kind.as_str())).collect::<Vec<_>>().join(", ")
}
