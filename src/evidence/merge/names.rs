//! Whether runs belong together, and the index that each name has in the merged evidence.

use super::MergeError;
use crate::evidence::{Evidence, Phase};

/// New indices by old ones.
pub(super) struct Indices {
    pub(super) phases: Vec<u16>,
    roles: Vec<u16>,
    actions: Vec<u16>,
}

impl Indices {
    pub(super) fn new(first: &Evidence, phases: &[Phase], own: &Evidence) -> Self {
        let find = |names: &[String], own: &[String]| own.iter().map(|name| position(names, name)).collect();
        let known: Vec<String> = phases.iter().map(|phase| phase.name.clone()).collect();
        let named: Vec<String> = own.phases.iter().map(|phase| phase.name.clone()).collect();
        Self {
            phases: find(&known, &named),
            roles: find(&first.roles, &own.roles),
            actions: find(&first.actions, &own.actions),
        }
    }

    pub(super) fn phase(&self, index: u16) -> u16 {
        at(&self.phases, index)
    }

    pub(super) fn role(&self, index: u16) -> u16 {
        at(&self.roles, index)
    }

    pub(super) fn action(&self, index: u16) -> u16 {
        at(&self.actions, index)
    }
}

/// What stands for nothing stays so.
fn at(new: &[u16], index: u16) -> u16 {
    new.get(usize::from(index)).copied().unwrap_or(u16::MAX)
}

fn position(names: &[String], name: &String) -> u16 {
    names.iter().position(|known| known == name).and_then(|at| u16::try_from(at).ok()).unwrap_or(u16::MAX)
}

/// The phases of all, in the order of the first; one that was interrupted may lack the last.
pub(super) fn phases(all: &[Evidence]) -> Vec<Phase> {
    let mut phases: Vec<Phase> = Vec::new();
    for phase in all.iter().flat_map(|one| &one.phases) {
        if !phases.iter().any(|known| known.name == phase.name) {
            phases.push(phase.clone());
        }
    }
    phases
}

/// What must be the same, as text.
type Read = fn(&Evidence) -> String;

/// Whether all drove the same target in the same way.
pub(super) fn belong(all: &[Evidence]) -> Result<(), MergeError> {
    if let Some(own) = all.iter().find(|one| one.run.target == "embedded") {
        return Err(MergeError::Embedded { id: own.run.id.clone() });
    }
    if let Some(decided) = all.iter().find(|one| one.sequential.is_some()) {
        return Err(MergeError::Decided { id: decided.run.id.clone() });
    }
    for (at, one) in all.iter().enumerate() {
        let same =
            |other: &&Evidence| other.run.id == one.run.id && other.run.started_us == one.run.started_us;
        if all[..at].iter().any(|other| same(&other)) {
            return Err(MergeError::Twice { id: one.run.id.clone() });
        }
    }
    let first = &all[0];
    for other in &all[1..] {
        let unlike = |what, ours: String, theirs: String| MergeError::Unlike {
            first: first.run.id.clone(),
            other: other.run.id.clone(),
            what,
            ours,
            theirs,
        };
        let of: [(&'static str, Read); 8] = [
            ("the scenario", |one| one.run.scenario.clone()),
            ("the target", |one| one.run.target.trim_end_matches('/').to_owned()),
            ("the scenario clock", |one| one.run.time_scale.to_string()),
            ("what counts as independent", |one| one.cluster.clone()),
            ("the list of roles", |one| sorted(&one.roles)),
            ("the list of actions", |one| sorted(&one.actions)),
            ("the list of phases", |one| if one.interrupted { String::new() } else { listed(one) }),
            ("the format", |one| one.schema_version.to_string()),
        ];
        for (what, read) in of {
            let (ours, theirs) = (read(first), read(other));
            // Nothing is held against a run that was cut short for the phases it lacks.
            if ours != theirs && !ours.is_empty() && !theirs.is_empty() {
                return Err(unlike(what, ours, theirs));
            }
        }
        for phase in &first.phases {
            let of = other.phases.iter().find(|own| own.name == phase.name);
            if let Some(own) = of.filter(|own| (own.kind, own.measured) != (phase.kind, phase.measured)) {
                return Err(unlike("the kind of a phase", kind(phase), kind(own)));
            }
            if let Some(own) = of.filter(|own| own.pace != phase.pace) {
                return Err(unlike("the pace of people", phase.pace.to_string(), own.pace.to_string()));
            }
        }
    }
    Ok(())
}

fn kind(phase: &Phase) -> String {
    let measured = if phase.measured { "measured" } else { "not measured" };
    format!("{}: {}, {measured}", phase.name, phase.kind.as_str())
}

fn sorted(names: &[String]) -> String {
    let mut names = names.to_vec();
    names.sort();
    names.join(", ")
}

fn listed(one: &Evidence) -> String {
    sorted(&one.phases.iter().map(|phase| phase.name.clone()).collect::<Vec<_>>())
}
