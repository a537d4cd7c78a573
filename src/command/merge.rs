//! `cacheproof merge`: the run folders of several generators to one, judged as a whole.

use super::judge::slos_of;
use super::out::print;
use super::run::exit_of;
use crate::cli::MergeArgs;
use crate::evidence::{self, Caveat, Evidence};
use crate::exit::{Exit, Failure, OrExit as _};
use crate::report::{self, Folder};
use crate::scenario::{Loaded, load_saved};
use crate::verdict::{Slo, judge};
use std::path::Path;

pub(super) fn merge(args: &MergeArgs) -> Result<Exit, Failure> {
    let mut all = Vec::new();
    for dir in &args.dirs {
        all.push(evidence::load(dir).or_exit(Exit::Usage)?);
    }
    let mut merged = evidence::merge(&all).or_exit(Exit::Usage)?;
    let (slos, confidence) = asked(&args.dirs[0], &all[0])?;
    for (dir, one) in args.dirs.iter().zip(&all).skip(1) {
        if asked(dir, one)? != (slos.clone(), confidence) {
            let what = format!("{} asked other SLOs; those of {} are judged", one.run.id, all[0].run.id);
            merged.caveats.push(Caveat::Trouble { what });
        }
    }
    let own = args.dirs[0].join(report::SCENARIO_FILE);
    let Loaded { scenario, .. } = load_saved(&own).or_exit(Exit::Usage)?;
    let folder = Folder::create(args.out.as_deref(), &merged.run.scenario).or_exit(Exit::Usage)?;
    merged.run.id = folder.id();
    // Evidence first, as after a run.
    evidence::save(&merged, folder.path()).map_err(anyhow::Error::from)?;
    folder.write_scenario(&scenario).map_err(anyhow::Error::from)?;
    let verdict = judge(&slos, &merged, confidence);
    report::write(&folder, &merged, &verdict).map_err(anyhow::Error::from)?;
    if args.json {
        print(&report::to_json(&verdict))?;
    } else {
        print(&format!("{}\n", report::terminal(&merged, &verdict, Some(folder.path()))))?;
    }
    Ok(exit_of(verdict.verdict, args.inconclusive))
}

fn asked(dir: &Path, evidence: &Evidence) -> Result<(Vec<Slo>, f64), Failure> {
    slos_of(dir, None, evidence)
}
