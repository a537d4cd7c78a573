//! `cacheproof simulate`: what a perfect cache would reach, before any load.

use super::forecast::table;
use super::prepare;
use super::run::refused;
use super::sweep;
use crate::attack::{AttackError, Cast, Stop, Target};
use crate::cli::SimulateArgs;
use crate::exit::{Exit, Failure};
use crate::plan::Plan;
use crate::simulate::{Forecast, forecast};
use crate::workload::Population;
use anyhow::Context as _;
use serde::Serialize;
use std::sync::Arc;

pub(super) async fn simulate(args: SimulateArgs) -> Result<Exit, Failure> {
    if !args.sweeps.is_empty() {
        return moved(&args).await;
    }
    let plan = Arc::new(prepare::plan(&args.scenario)?);
    let stop = Stop::default();
    super::signals::install(&stop)?;
    let work = async {
        let population = who_there_is(&plan).await.map_err(refused)?;
        Ok::<_, Failure>(replayed(&plan, Arc::new(population), args.runs).await?)
    };
    let forecast = tokio::select! {
        forecast = work => forecast?,
        () = stop.stopped() => return Ok(Exit::Interrupted),
    };
    print(&forecast, args.json, table)?;
    Ok(Exit::Passed)
}

/// The same with one value after another.
async fn moved(args: &SimulateArgs) -> Result<Exit, Failure> {
    let stop = Stop::default();
    super::signals::install(&stop)?;
    let sweeps = tokio::select! {
        sweeps = sweep::sweep(args) => sweeps?,
        () = stop.stopped() => return Ok(Exit::Interrupted),
    };
    print(&sweeps, args.json, sweep::table)?;
    Ok(Exit::Passed)
}

fn print<T: Serialize>(what: &T, json: bool, table: fn(&T) -> String) -> Result<(), Failure> {
    if json {
        super::out::print(&(serde_json::to_string_pretty(what).context("a forecast is plain data")? + "\n"))
    } else {
        super::out::print(&table(what))
    }
}

/// Asks the target who there is and what they may use, and leaves it as it was.
///
/// # Errors
/// A target that does not answer, or does not do its part.
pub(super) async fn who_there_is(plan: &Arc<Plan>) -> Result<Population, AttackError> {
    let log = std::env::temp_dir().join(format!("cacheproof-simulate-{}.log", std::process::id()));
    let asked = async {
        let mut target = Target::open(plan, &log).await?;
        let cast = Cast::assemble(plan, &target).await;
        if let Some(embedded) = target.embedded.take() {
            embedded.end().await;
        }
        Ok::<_, AttackError>(cast?.population)
    };
    let population = asked.await;
    // A log of a service that did its work is of no use to anybody.
    let _ = std::fs::remove_file(&log);
    population
}

/// The forecast, computed beside the runtime.
///
/// # Errors
/// A defect of ours.
pub(super) async fn replayed(
    plan: &Arc<Plan>,
    population: Arc<Population>,
    runs: u32,
) -> Result<Forecast, anyhow::Error> {
    let plan = Arc::clone(plan);
    let replay = move || forecast(&plan, &population, runs);
    tokio::task::spawn_blocking(replay).await.context("the replay in virtual time failed")
}
