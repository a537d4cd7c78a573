//! `cacheproof judge`: a verdict from a run folder, without load.

use super::out::print;
use super::run::exit_of;
use crate::cli::JudgeArgs;
use crate::evidence;
use crate::exit::{Exit, Failure, OrExit as _};
use crate::plan::{Names, resolve_slos};
use crate::report;
use crate::scenario::{Loaded, Phase, Scenario, Source, load_saved, slo_file};
use crate::verdict::{Slo, Verdict, judge as judge_evidence};
use std::path::Path;

pub(super) fn judge(args: &JudgeArgs) -> Result<Exit, Failure> {
    let (verdict, evidence) = verdict_of(&args.dir, args.slo.as_deref())?;
    if args.json {
        print(&report::to_json(&verdict))?;
    } else {
        print(&format!("{}\n", report::terminal(&evidence, &verdict, None)))?;
    }
    Ok(exit_of(verdict.verdict, args.inconclusive))
}

/// The verdict on a run folder, by its own SLOs or those of a file.
pub(super) fn verdict_of(dir: &Path, slo: Option<&Path>) -> Result<(Verdict, evidence::Evidence), Failure> {
    let evidence = evidence::load(dir).or_exit(Exit::Usage)?;
    let (slos, confidence) = slos_of(dir, slo, &evidence)?;
    let verdict = judge_evidence(&slos, &evidence, confidence);
    Ok((verdict, evidence))
}

/// The SLO lines of a run folder, or those of a file, and the scenario's confidence.
pub(super) fn slos_of(
    dir: &Path,
    slo: Option<&Path>,
    evidence: &evidence::Evidence,
) -> Result<(Vec<Slo>, f64), Failure> {
    let own = dir.join(report::SCENARIO_FILE);
    let Loaded { scenario, source: own_source, .. } = load_saved(&own).or_exit(Exit::Usage)?;
    let (lines, source) = match slo {
        Some(path) => slo_file(path).or_exit(Exit::Usage)?,
        None => (scenario.slos.clone(), own_source),
    };
    Ok((parse(&lines, evidence, &scenario, &source)?, scenario.confidence))
}

/// Phases that the run did not reach are known by the scenario: a line on one of them is
/// inconclusive, not wrong.
fn parse(
    lines: &[String],
    evidence: &evidence::Evidence,
    scenario: &Scenario,
    source: &Source,
) -> Result<Vec<Slo>, Failure> {
    let named = |phase: &Phase| phase.name.clone().unwrap_or_else(|| phase.kind.as_str().into());
    let took_place = evidence.phases.iter().map(|phase| phase.name.clone());
    let phases: Vec<String> = took_place.chain(scenario.phases.iter().map(named)).collect();
    let names = Names { roles: evidence.roles.clone(), actions: evidence.actions.clone(), phases };
    resolve_slos("slos", lines, &names, source).or_exit(Exit::Usage)
}
