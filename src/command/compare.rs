//! `cacheproof compare`: two run folders against each other, or many in a row.

use super::judge::slos_of;
use super::out::print;
use super::run::exit_of;
use crate::cli::CompareArgs;
use crate::compare::{Comparison, Margin, Past, Side, compare as compare_sides, trend};
use crate::evidence::{self, Evidence};
use crate::exit::{Exit, Failure, OrExit as _};
use crate::report;
use crate::verdict::{Outcome, Slo, Verdict};
use anyhow::{Context as _, anyhow};
use std::path::{Path, PathBuf};

/// Files of a run folder that may be named in its place.
const NAMED: [&str; 2] = [evidence::FILE, report::VERDICT_FILE];

pub(super) fn compare(args: &CompareArgs) -> Result<Exit, Failure> {
    match (&args.trend, args.base.as_deref().zip(args.new.as_deref())) {
        (Some(dir), _) => over_time(dir, args),
        (None, Some((base, new))) => two(base, new, args),
        (None, None) => {
            Err(anyhow!("two run folders are compared; a folder of them takes --trend")).or_exit(Exit::Usage)
        }
    }
}

fn two(base: &Path, new: &Path, args: &CompareArgs) -> Result<Exit, Failure> {
    let (base, new) = (Read::folder(base)?, Read::folder(new)?);
    let margin = Margin { relative: args.within.0, points: args.points.0 };
    let comparison = compare_sides(base.side(), new.side(), margin).or_exit(Exit::Usage)?;
    if let Some(out) = &args.out {
        report::write_comparison(out, &comparison).or_exit(Exit::Usage)?;
    }
    if args.json {
        print(&report::pretty(&comparison))?;
    } else {
        print(&report::comparison_terminal(&comparison, args.all))?;
    }
    Ok(if args.fail_on_regression { exit(&comparison, args) } else { Exit::Passed })
}

/// Anything worse fails; a line that cannot be told apart from a regression is inconclusive.
fn exit(comparison: &Comparison, args: &CompareArgs) -> Exit {
    if comparison.is_invalid() {
        Exit::Invalid
    } else if comparison.is_worse() {
        Exit::Failed
    } else if comparison.open().next().is_some() {
        exit_of(Outcome::Inconclusive, args.inconclusive)
    } else {
        Exit::Passed
    }
}

/// A run folder, read.
struct Read {
    evidence: Evidence,
    slos: Vec<Slo>,
    confidence: f64,
}

impl Read {
    fn folder(path: &Path) -> Result<Self, Failure> {
        let dir = run_folder(path);
        let evidence = evidence::load(&dir).or_exit(Exit::Usage)?;
        let (slos, confidence) = slos_of(&dir, None, &evidence)?;
        Ok(Self { evidence, slos, confidence })
    }

    fn side(&self) -> Side<'_> {
        Side { evidence: &self.evidence, slos: &self.slos, confidence: self.confidence }
    }
}

/// The folder itself, or the one that a file named in its place lies in.
fn run_folder(path: &Path) -> PathBuf {
    let named = path.file_name().is_some_and(|name| NAMED.iter().any(|known| name == *known));
    match path.parent() {
        Some(parent) if named && path.is_file() => parent.to_owned(),
        Some(_) | None => path.to_owned(),
    }
}

fn over_time(dir: &Path, args: &CompareArgs) -> Result<Exit, Failure> {
    let (past, unreadable) = runs_in(dir).or_exit(Exit::Usage)?;
    let n = past.len();
    if n == 0 {
        let none = anyhow::anyhow!("{}: no run folder in it", dir.display());
        return Err(none).or_exit(Exit::Usage);
    }
    let mut told = trend(past)
        .with_context(|| format!("{}: {n} runs are no trend yet", dir.display()))
        .or_exit(Exit::Usage)?;
    told.left_out.extend(unreadable);
    if let Some(out) = &args.out {
        report::write_trend(out, &told).or_exit(Exit::Usage)?;
    }
    if args.json {
        print(&report::pretty(&told))?;
    } else {
        print(&report::trend_terminal(&told))?;
    }
    Ok(Exit::Passed)
}

/// The verdicts of every run folder in a folder, and those that cannot be read, with why.
fn runs_in(dir: &Path) -> anyhow::Result<(Vec<Past>, Vec<String>)> {
    let (mut past, mut unreadable) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(dir).with_context(|| dir.display().to_string())? {
        let folder = entry.with_context(|| dir.display().to_string())?.path();
        // Other folders and files may lie beside the runs.
        let Ok(text) = std::fs::read(folder.join(report::VERDICT_FILE)) else { continue };
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match serde_json::from_slice::<Verdict>(&text) {
            Ok(verdict) => past.push(Past { folder: name, verdict }),
            Err(why) => unreadable.push(format!("{name}: not a verdict that this version reads: {why}")),
        }
    }
    unreadable.sort();
    Ok((past, unreadable))
}
