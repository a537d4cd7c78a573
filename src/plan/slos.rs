//! SLO lines against the names that they may use.

use crate::scenario::{ScenarioError, Source, suggest};
use crate::verdict::{Slo, SloError};

/// Names that SLO lines may use.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Of roles.
    pub roles: Vec<String>,
    /// Of actions.
    pub actions: Vec<String>,
    /// Of phases.
    pub phases: Vec<String>,
}

/// Parses the SLO lines that stand below a heading.
///
/// # Errors
/// The first line that is wrong, with its column.
pub fn resolve_slos(
    heading: &str,
    lines: &[String],
    names: &Names,
    source: &Source,
) -> Result<Vec<Slo>, ScenarioError> {
    resolve_slos_at(&[heading], lines, names, source)
}

/// The same for the lines that stand at a path.
pub(super) fn resolve_slos_at(
    path: &[&str],
    lines: &[String],
    names: &Names,
    source: &Source,
) -> Result<Vec<Slo>, ScenarioError> {
    lines.iter().enumerate().map(|(at, line)| slo(path, at, line, names, source)).collect()
}

fn slo(path: &[&str], at: usize, line: &str, names: &Names, source: &Source) -> Result<Slo, ScenarioError> {
    let at = at.to_string();
    let path = [path, &[at.as_str()]].concat();
    let fail = |offset: usize, what: String| {
        ScenarioError::within(source, &path, offset, format!("SLO `{line}`: {what}"))
    };
    let slo: Slo = line.parse().map_err(|error: SloError| fail(error.column - 1, error.to_string()))?;
    let sets = [
        ("role", &slo.selection.roles, &names.roles),
        ("action", &slo.selection.actions, &names.actions),
        ("phase", &slo.selection.phases, &names.phases),
    ];
    for (label, given, known) in sets {
        for name in given {
            if !known.contains(name) {
                let offset = line.find(&format!("\"{name}\"")).map_or(0, |at| line[..at].chars().count() + 1);
                let hint = suggest(name, known.iter().map(String::as_str));
                return Err(fail(offset, format!("unknown {label} \"{name}\"{hint}")));
            }
        }
    }
    Ok(slo)
}
