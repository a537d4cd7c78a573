//! `cacheproof check`: what a scenario means, without load.

use super::forecast::table;
use super::out::print;
use super::prepare;
use super::simulate::{replayed, who_there_is};
use crate::attack::Stop;
use crate::cli::CheckArgs;
use crate::exit::{Exit, Failure};
use crate::plan::{PhasePlan, Place, Plan, Visit, Work};
use crate::simulate::runs_for;
use crate::stats::quantile::samples_needed;
use crate::units::{count, duration};
use crate::verdict::{Metric, Slo, decided_at};
use std::fmt::Write as _;
use std::sync::Arc;

pub(super) async fn check(args: CheckArgs) -> Result<Exit, Failure> {
    let plan = Arc::new(prepare::plan(&args.scenario)?);
    print(&describe(&plan))?;
    if args.offline {
        return Ok(Exit::Passed);
    }
    let stop = Stop::default();
    super::signals::install(&stop)?;
    tokio::select! {
        outlook = outlook(&plan) => print(&format!("\n{}\n", outlook.trim_end()))?,
        () = stop.stopped() => return Ok(Exit::Interrupted),
    }
    Ok(Exit::Passed)
}

/// What a perfect cache would reach, or why that is not known: the scenario is valid all the same.
async fn outlook(plan: &Arc<Plan>) -> String {
    let population = match who_there_is(plan).await {
        Ok(population) => Arc::new(population),
        Err(why) => return format!("feasibility not determined: {why}"),
    };
    let runs = runs_for(plan).unwrap_or(2);
    match replayed(plan, population, runs).await {
        Ok(forecast) => table(&forecast),
        Err(why) => format!("feasibility not determined: {why}"),
    }
}

fn describe(plan: &Plan) -> String {
    let mut out = String::new();
    let scale = plan.target.time_scale;
    let target = match &plan.target.place {
        Place::Embedded { redis: None, .. } => "the embedded school service, in-process store".to_owned(),
        Place::Embedded { redis: Some(_), .. } => "the embedded school service, Redis store".to_owned(),
        Place::Url(url) => url.to_string(),
    };
    let mut line = |text: String| writeln!(out, "{text}").expect("writing to a string does not fail");
    line(format!("{} is a valid scenario.", plan.name));
    line(String::new());
    line(format!("target   {target}; its clock runs {scale} times as fast as the wall"));
    line(format!("seed     {}", plan.seed));
    line(String::new());
    line("people   at work  in all  reads/s (about)  do".into());
    for role in &plan.roles {
        let actions: Vec<&str> =
            role.actions.iter().map(|(at, _)| plan.actions[usize::from(*at)].name.as_str()).collect();
        line(format!(
            "  {:<8} {:>5} {:>7}  {:>14.1}  {}",
            role.name,
            role.users,
            role.people,
            reads_per_second(plan, role),
            actions.join(", ")
        ));
    }
    line(String::new());
    line("phases".into());
    for phase in &plan.phases {
        let what = describe_phase(plan, phase);
        line(format!("  {:<8} {what}", phase.name));
    }
    line(format!("  at most {} in all, and some seconds to start", duration(plan.longest())));
    line(String::new());
    line("SLOs".into());
    for slo in &plan.slos {
        line(format!("  {slo}{}", remark(plan, slo)));
    }
    for left_out in &plan.left_out {
        line(format!("left out: {left_out}"));
    }
    out
}

fn describe_phase(plan: &Plan, phase: &PhasePlan) -> String {
    let wall = duration(phase.duration);
    let measured = if phase.measured { "" } else { ", not measured" };
    match &phase.work {
        Work::Pairs { samples } => format!("up to {wall}, {samples} pairs for each role and read"),
        Work::People(mood) => {
            let school = duration(phase.duration.mul_f64(plan.target.time_scale));
            let people: u32 = mood.users.iter().sum();
            format!("{wall} of the wall, {school} of their time, {people} people{measured}")
        }
        Work::Open(arrivals) => {
            format!(
                "{wall}, {} requests/s by the clock, at most {} at once{measured}",
                arrivals.rate, arrivals.pool
            )
        }
        Work::Breakpoint { arrivals, steps, .. } => {
            format!("up to {wall}, {steps} steps from {} to {} requests/s", arrivals.rate, arrivals.to)
        }
        Work::Replay { file } => format!("up to {wall}, {} again{measured}", file.display()),
    }
}

/// Mean pages and refreshes a second of a role, by the means of its distributions.
fn reads_per_second(plan: &Plan, role: &crate::plan::RolePlan) -> f64 {
    let think = role.think.mean.as_secs_f64();
    let pages = match role.visit {
        Visit::Pages(pages) => pages,
        Visit::Length(length) => length.as_secs_f64() / think,
    };
    let visit = pages * think + role.gap.as_secs_f64();
    let refreshes =
        role.dashboard.as_ref().map_or(0.0, |dashboard| pages * think / dashboard.every.as_secs_f64());
    f64::from(role.users) * (pages + refreshes) / visit.max(0.001) * plan.target.time_scale
}

/// What is known of an SLO before any load.
fn remark(plan: &Plan, slo: &Slo) -> String {
    match &slo.metric {
        Metric::Latency { quantile } | Metric::ResponseTime { quantile } if slo.window.is_none() => {
            format!("   (needs {} samples)", count(samples_needed(*quantile, decided_at(plan.confidence))))
        }
        Metric::Violations { .. } => "   (not checked yet: will be inconclusive)".into(),
        Metric::Speedup | Metric::DbQueryReduction
            if !plan.phases.iter().any(|phase| matches!(phase.work, Work::Pairs { .. })) =>
        {
            "   (needs a pairs phase, and there is none: will be inconclusive)".into()
        }
        Metric::HitRate
        | Metric::EffectiveHitRate
        | Metric::Speedup
        | Metric::MeanLatency
        | Metric::DbQueryReduction
        | Metric::Latency { .. }
        | Metric::ResponseTime { .. }
        | Metric::MeanResponseTime
        | Metric::BurnRate { .. }
        | Metric::MaxMemory { .. }
        | Metric::MemorySlope { .. }
        | Metric::PeakConcurrency { .. }
        | Metric::MeanStoreOperation { .. }
        | Metric::ErrorRate => String::new(),
    }
}
