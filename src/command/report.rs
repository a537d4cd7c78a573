//! `cacheproof report`: the files of a run folder again, without load.

use super::judge::verdict_of;
use super::out::print;
use crate::cli::ReportArgs;
use crate::exit::{Exit, Failure};
use crate::report::{self, Folder};

pub(super) fn report(args: &ReportArgs) -> Result<Exit, Failure> {
    let (verdict, evidence) = verdict_of(&args.dir, None)?;
    let folder = Folder::existing(&args.dir);
    report::write(&folder, &evidence, &verdict).map_err(anyhow::Error::from)?;
    print(&format!("{}\n", folder.path().join(report::HTML_FILE).display()))?;
    Ok(Exit::Passed)
}
