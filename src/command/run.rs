//! `cacheproof run`: scenario, plan, attack, evidence, verdict, files, exit code.

use super::forecast::brief;
use super::open_files;
use super::prepare;
use super::progress::{Mode, Progress};
use super::signals;
use super::simulate::replayed;
use crate::attack::{AttackError, Cast, Cause, Conducted, Stop, Target, TargetError, conduct, until_decided};
use crate::cli::{Inconclusive, RunArgs};
use crate::evidence::{self, Caveat, Evidence, ExpectedRate, Run};
use crate::exit::{Exit, Failure, OrExit as _};
use crate::expose::{self, Live};
use crate::plan::{Place, Plan};
use crate::report::{self, Folder};
use crate::scenario::Kind;
use crate::simulate::runs_for;
use crate::units::duration;
use crate::verdict::{Outcome, judge};
use crate::workload::Request;
use std::sync::Arc;
use std::time::Instant;

/// People sent off later than this at the 99th percentile weaken the evidence.
const LATE_US: u64 = 20_000;
/// More steal than this weakens it.
const STEAL: f64 = 0.02;

pub(super) async fn run(args: RunArgs) -> Result<Exit, Failure> {
    let mut plan = prepare::plan(&args.scenario)?;
    plan.until_decided = args.until_decided;
    let plan = Arc::new(plan);
    let mode = Mode::choose(args.quiet || args.json);
    if plan.until_decided {
        until_decided(&plan).iter().for_each(|what| mode.say(what));
    }
    let folder = Folder::create(args.out.as_deref(), &plan.name).or_exit(Exit::Usage)?;
    let outcome = measure(&plan, &args, &folder, mode).await;
    let (evidence, stop, failed) = match outcome {
        Ok(measured) => measured,
        Err(failure) => {
            // Nothing was measured: an empty folder would only puzzle.
            folder.discard();
            return Err(failure);
        }
    };
    // Evidence first: whatever fails after this, the run can be judged again. A disk that is
    // full must not keep the verdict from being told.
    let saved = evidence::save(&evidence, folder.path()).and_then(|()| folder.write_scenario(&plan.scenario));
    let verdict = judge(&plan.slos, &evidence, plan.confidence);
    let written = report::write(&folder, &evidence, &verdict);
    let told = if args.json {
        report::to_json(&verdict)
    } else {
        format!("{}\n", report::terminal(&evidence, &verdict, Some(folder.path())))
    };
    let told = super::out::print(&told);
    saved.map_err(anyhow::Error::from)?;
    written.map_err(anyhow::Error::from)?;
    told?;
    let mut exit = exit_of(verdict.verdict, args.inconclusive);
    match stop.cause() {
        Some(Cause::Interrupted) => exit = exit.and(Exit::Interrupted),
        Some(Cause::TargetLost(_)) => exit = exit.and(Exit::TargetLost),
        // The verdict stands on what there is, and cannot pass, whatever `--inconclusive` says.
        Some(Cause::Aborted { .. }) => exit = exit.and(Exit::Inconclusive),
        None => {}
    }
    if let Some(error) = failed {
        return Err(Failure { exit: Exit::Unexpected.and(exit), source: error.into() });
    }
    Ok(exit)
}

/// The code of an outcome, as `--inconclusive` wants it.
pub(super) fn exit_of(outcome: Outcome, inconclusive: Option<Inconclusive>) -> Exit {
    match (outcome, inconclusive) {
        (Outcome::Inconclusive, Some(Inconclusive::Pass)) => Exit::Passed,
        (Outcome::Inconclusive, Some(Inconclusive::Fail)) => Exit::Failed,
        (outcome, _) => outcome.exit(),
    }
}

type Measured = (Evidence, Stop, Option<AttackError>);

async fn measure(plan: &Arc<Plan>, args: &RunArgs, folder: &Folder, mode: Mode) -> Result<Measured, Failure> {
    let stop = Stop::default();
    signals::install(&stop)?;
    open_files::raise();
    let live = Live::new(plan);
    if let Some(address) = args.metrics {
        let bound = expose::serve(live.clone(), address).await.or_exit(Exit::Usage)?;
        mode.say(&format!("metrics of this run: http://{bound}/metrics"));
    }
    let begun = Instant::now();
    mode.say(&match &plan.target.place {
        Place::Embedded { .. } => format!("{}: starting the embedded school service", plan.name),
        Place::Url(url) => format!("{}: target {}", plan.name, public(url)),
    });
    let ready = async {
        let target = Target::open(plan, &folder.target_log()).await.map_err(AttackError::from)?;
        let cast = Cast::assemble(plan, &target).await.map_err(AttackError::from)?;
        let store = store_name(&target, &cast, plan).await;
        Ok::<_, AttackError>((target, cast, store))
    };
    let (target, cast, store) = tokio::select! {
        ready = ready => ready.map_err(refused)?,
        () = stop.stopped() => {
            return Err(Failure { exit: Exit::Interrupted, source: anyhow::anyhow!("interrupted before anything was measured") });
        }
    };
    mode.say(&format!(
        "{} people logged in after {}; {} at work at once, up to {} of measuring; Ctrl-C keeps what there is",
        cast.population.len(),
        duration(begun.elapsed()),
        plan.users(),
        duration(plan.longest())
    ));
    let expected = tokio::select! {
        expected = expected(plan, &cast, mode) => expected,
        () = stop.stopped() => {
            return Err(Failure { exit: Exit::Interrupted, source: anyhow::anyhow!("interrupted before anything was measured") });
        }
    };
    let started_at = jiff::Timestamp::now();
    let attack_begun = Instant::now();
    let progress = Progress::start(mode, live.clone(), plan.longest());
    let conducted = conduct(plan, target, cast, live, &stop, args.trace.as_deref()).await;
    progress.end();
    let conducted = conducted.map_err(refused)?;
    let run = Run {
        id: folder.id(),
        scenario: plan.name.clone(),
        about: plan.about.clone(),
        started_at: started_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        started_us: u64::try_from(started_at.as_microsecond()).ok(),
        seconds: attack_begun.elapsed().as_secs_f64(),
        seed: plan.seed,
        version: env!("CARGO_PKG_VERSION").into(),
        target: match &plan.target.place {
            Place::Embedded { .. } => "embedded".into(),
            Place::Url(url) => public(url),
        },
        store,
        time_scale: plan.target.time_scale,
        users: plan.roles.iter().map(|role| (role.name.clone(), role.users)).collect(),
    };
    let (mut evidence, failed) = compile(plan, conducted, run, &stop);
    evidence.expected = expected;
    Ok((evidence, stop, failed))
}

/// What a perfect cache would reach, said before the load and kept beside what is measured.
async fn expected(plan: &Arc<Plan>, cast: &Cast, mode: Mode) -> Vec<ExpectedRate> {
    let Some(runs) = runs_for(plan) else {
        mode.say("expected of a perfect cache: not computed, the run is too long to replay before it; see `cacheproof simulate`");
        return Vec::new();
    };
    match replayed(plan, Arc::new(cast.population.clone()), runs).await {
        Ok(forecast) => {
            mode.say(&brief(&forecast));
            forecast.rates()
        }
        Err(why) => {
            mode.say(&format!("expected of a perfect cache: not computed: {why}"));
            Vec::new()
        }
    }
}

/// What was seen becomes evidence: the run's particulars and what weakens it.
fn compile(plan: &Plan, conducted: Conducted, run: Run, stop: &Stop) -> (Evidence, Option<AttackError>) {
    let Conducted {
        gatherer,
        phases,
        machine,
        arrivals,
        breakpoints,
        sequential,
        waited,
        logins,
        troubles,
        failed,
    } = conducted;
    let mut evidence = gatherer.finish(phases);
    evidence.run = run;
    evidence.environment.machine = machine;
    evidence.arrivals = arrivals;
    evidence.breakpoints = breakpoints;
    evidence.sequential = sequential;
    evidence.interrupted = stop.is_stopped() || failed.is_some();
    let caveats = caveats(plan, &evidence, stop);
    evidence.caveats.extend(caveats);
    if waited > 0 {
        evidence.caveats.push(Caveat::Throttled { n: waited });
    }
    if logins > 0 {
        evidence.caveats.push(Caveat::LoggedInAgain { n: logins });
    }
    evidence.caveats.extend(troubles.into_iter().map(|what| Caveat::Trouble { what }));
    (evidence, failed)
}

fn caveats(plan: &Plan, evidence: &Evidence, stop: &Stop) -> Vec<Caveat> {
    let mut caveats = Vec::new();
    match stop.cause() {
        Some(Cause::Interrupted) => {
            let covers: Vec<String> = evidence
                .phases
                .iter()
                .map(|phase| {
                    format!(
                        "{} of {}",
                        duration(std::time::Duration::from_micros(phase.to_us - phase.from_us)),
                        phase.name
                    )
                })
                .collect();
            let covers = if covers.is_empty() { "nothing".into() } else { covers.join(", ") };
            caveats.push(Caveat::Interrupted { covers });
        }
        Some(Cause::TargetLost(what)) => caveats.push(Caveat::TargetLost { what: what.clone() }),
        Some(Cause::Aborted { line, value }) => {
            caveats.push(Caveat::Aborted { line: line.clone(), value: value.clone() });
        }
        None => {}
    }
    if plan.target.time_scale != 1.0 {
        caveats.push(Caveat::TimeCompressed { scale: plan.target.time_scale });
    }
    caveats.extend(shared(evidence));
    for (phase, machine) in evidence.phases.iter().zip(&evidence.environment.machine) {
        // Steal matters wherever latencies are judged: in the pairs as well.
        if let Some(share) = machine.steal.filter(|share| *share > STEAL && phase.kind != Kind::WarmUp) {
            caveats.push(Caveat::Steal { phase: phase.name.clone(), share });
        }
    }
    if evidence.lag.p99_us > LATE_US {
        caveats.push(Caveat::Late { p99_us: evidence.lag.p99_us });
    }
    let unequal = evidence.pairs.iter().filter(|pair| !pair.equal).count() as u64;
    if unequal > 0 {
        caveats.push(Caveat::UnequalPairs { n: unequal, of: evidence.pairs.len() as u64 });
    }
    caveats.extend(plan.left_out.iter().map(|what| Caveat::LeftOut { what: what.clone() }));
    caveats
}

/// That generator and target shared a machine, as it was in the busiest measured phase.
fn shared(evidence: &Evidence) -> Option<Caveat> {
    let phases = evidence.phases.iter().zip(&evidence.environment.machine);
    let shares = phases.filter(|(phase, _)| phase.measured).filter_map(|(_, machine)| {
        let target = machine.target?;
        Some((machine.generator, target))
    });
    let (generator, target) = shares.max_by(|a, b| (a.0 + a.1).total_cmp(&(b.0 + b.1)))?;
    Some(Caveat::SharedMachine { generator, target })
}

/// What the target calls its store, where it says so.
async fn store_name(target: &Target, cast: &Cast, plan: &Plan) -> Option<String> {
    let json = plan.cache.counters.json.as_ref()?;
    let request = Request {
        method: http::Method::GET,
        url: target.url(&json.path),
        headers: http::HeaderMap::new(),
        body: None,
        fingerprint: 0,
    };
    let answer = target.json(plan, &request, &cast.staff).await.ok()?;
    json.backend(&answer)
}

/// The exit code of an attack that never began.
pub(super) fn refused(error: AttackError) -> Failure {
    use crate::attack::CastError;
    let exit = match &error {
        AttackError::Target(target) | AttackError::Cast(CastError::Target(target)) => match target {
            TargetError::NoPassword { .. }
            | TargetError::Unset { .. }
            | TargetError::Wire(_)
            | TargetError::Trace { .. } => Exit::Usage,
            TargetError::Unreachable { .. } | TargetError::Unexpected { .. } | TargetError::Embedded(_) => {
                Exit::TargetLost
            }
        },
        AttackError::Cast(CastError::TooFew { .. } | CastError::Nothing { .. }) => Exit::Usage,
        AttackError::Scheduler(_) | AttackError::Recorder(_) => Exit::Unexpected,
    };
    Failure { exit, source: error.into() }
}

/// A URL without the password that may stand in it.
fn public(url: &reqwest::Url) -> String {
    let mut url = url.clone();
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Machine;
    use crate::fixture::Made;

    #[test]
    fn a_shared_machine_is_told_once_as_it_was_when_it_was_busiest() {
        let mut evidence = Made::new().evidence();
        evidence.environment.machine.clear();
        assert_eq!(shared(&evidence), None, "nobody measured");
        let phase = evidence.phases.iter().find(|phase| phase.measured).unwrap().clone();
        evidence.phases = vec![phase.clone(), phase];
        evidence.environment.machine = [(0.1, 0.3), (0.1, 0.2)]
            .map(|(generator, target)| Machine {
                phase: "steady".into(),
                seconds: 10.0,
                generator,
                target: Some(target),
                steal: None,
                others: None,
            })
            .into();
        assert_eq!(shared(&evidence), Some(Caveat::SharedMachine { generator: 0.1, target: 0.3 }));
    }
}
