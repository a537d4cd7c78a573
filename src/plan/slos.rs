//! SLO lines against the names that they may use.

use crate::scenario::{ScenarioError, Source, suggest};
use crate::verdict::{Slo, SloError};

/// Parses SLO lines against the names of a plan.
pub fn resolve_slos(
    lines: &[String],
    roles: &[String],
    actions: &[String],
    phases: &[String],
    source: &Source,
) -> Result<Vec<Slo>, ScenarioError> {
    lines.iter().map(|line| slo(line, roles, actions, phases, source)).collect()
}

fn slo(
    line: &str,
    roles: &[String],
    actions: &[String],
    phases: &[String],
    source: &Source,
) -> Result<Slo, ScenarioError> {
    let place = source.locate(&[line, line.split(' ').next().unwrap_or(line)]);
    let at = |column: usize| place.map(|(line, start)| (line, start + column - 1));
    let slo: Slo = line.parse().map_err(|error: SloError| {
        ScenarioError::at(source, at(error.column), format!("SLO `{line}`: {error}"))
    })?;
    let sets = [
        ("role", &slo.selection.roles, roles),
        ("action", &slo.selection.actions, actions),
        ("phase", &slo.selection.phases, phases),
    ];
    for (label, given, known) in sets {
        for name in given {
            if !known.contains(name) {
                let column = line.find(&format!("\"{name}\"")).map_or(1, |at| line[..at].chars().count() + 2);
                let hint = suggest(name, known.iter().map(String::as_str));
                return Err(ScenarioError::at(
                    source,
                    at(column),
                    format!("SLO `{line}`: unknown {label} \"{name}\"{hint}"),
                ));
            }
        }
    }
    Ok(slo)
}
