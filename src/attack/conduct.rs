//! Carries a plan out: phase after phase, people at work through the traffic phases
//! without a break.

use super::abort::Lookout;
use super::by_clock::replays;
use super::cast::{Cast, CastError};
use super::clock::Clock;
use super::errands;
use super::goose::{self, Post, SchedulerError};
use super::mail::Mail;
use super::pairs;
use super::recorder::Recorder;
use super::replay::Replay;
use super::scraper::Scraper;
use super::stage::{Counts, Scene, Stage};
use super::stop::{Cause, Stop};
use super::target::{Target, TargetError};
use super::trace::Tracer;
use super::undecided::{Monitor, Watch};
use super::worker::Worker;
use crate::evidence::{
    Arrivals, CpuMeter, Gatherer, Machine, Names, Phase, Sequential, Step, Watched, WatchedPairs,
};
use crate::expose::Live;
use crate::plan::{PhasePlan, Plan, Work};
use crate::units::to_micros;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// The target's counters are read so often.
pub(super) const SCRAPE_EVERY: Duration = Duration::from_secs(1);

/// An attack that could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum AttackError {
    /// Nobody to send.
    #[error(transparent)]
    Cast(#[from] CastError),
    /// The target's part.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Goose's part.
    #[error(transparent)]
    Scheduler(#[from] SchedulerError),
    /// A defect of ours.
    #[error("the recorder failed: {0}")]
    Recorder(#[from] tokio::task::JoinError),
}

/// What was seen, not yet evidence.
pub struct Conducted {
    /// Everything that was sent to the recorder.
    pub gatherer: Gatherer,
    /// Phases as they took place.
    pub phases: Vec<Phase>,
    /// What each stretch took of the machine.
    pub machine: Vec<Machine>,
    /// Requests that were to arrive by the clock.
    pub arrivals: Vec<Arrivals>,
    /// Steps of breakpoints.
    pub breakpoints: Vec<Step>,
    /// How the run looked at itself, where it was to end as soon as it was decided.
    pub sequential: Option<Sequential>,
    /// How often the target asked to wait, and was waited for.
    pub waited: u64,
    /// How often somebody had to log in again.
    pub logins: u64,
    /// What did not go as it should and does not end a run.
    pub troubles: Vec<String>,
    /// Why it could not be carried to its end, where that was our own doing.
    pub failed: Option<AttackError>,
}

/// Carries a plan out. Ends early when `stop` says so; what was seen until then is
/// returned all the same.
///
/// # Errors
/// What kept it from beginning: a setup request that failed, a trace that cannot be written
/// or is not one that can be sent again.
pub async fn conduct(
    plan: &Arc<Plan>,
    mut target: Target,
    cast: Cast,
    live: Live,
    stop: &Stop,
    trace: Option<&Path>,
) -> Result<Conducted, AttackError> {
    let mut embedded = target.embedded.take();
    let target = Arc::new(target);
    let replays = replays(plan, &cast)?;
    errands::run(plan, &target, &cast, &plan.setup).await?;
    let clock = Clock::start();
    let pid = embedded.as_ref().and_then(super::embedded::Embedded::pid);
    let names = Names {
        roles: plan.roles.iter().map(|role| role.name.clone()).collect(),
        actions: plan.actions.iter().map(|action| action.name.clone()).collect(),
    };
    let lookout = Lookout::new(plan, clock, stop);
    let monitor = Monitor::new(plan, &live);
    let watch = monitor.is_some().then(|| Watch::new(plan));
    let gatherer = Gatherer::new(names, to_micros(plan.slice())).clustered(cast.clusters(plan));
    let recorder = Recorder::start(gatherer, live.clone(), lookout, watch);
    let scraper =
        Scraper::new(Arc::clone(&target), Arc::clone(plan), cast.staff.clone(), stop.clone(), clock)?
            .of_process(pid);
    let (tracer, sink) = trace.map(Tracer::start).transpose()?.unzip();
    let (curtain, scene) = watch::channel(Scene { phase: 0, began: Instant::now() });
    let stage = Stage {
        plan: Arc::clone(plan),
        belongings: Stage::belongings(&cast),
        population: Arc::new(cast.population.clone()),
        target: Arc::clone(&target),
        clock,
        sink: recorder.sink(),
        stop: stop.clone(),
        scene,
        mail: Arc::new(Mail::new(plan)),
        trace: sink,
        counts: Arc::new(Counts::default()),
    };
    let counts = Arc::clone(&stage.counts);
    let record = monitor.as_ref().map(Monitor::record);
    let company = Company { stage, scene: curtain, scraper, live, pid, monitor };
    // A child that dies ends the run: what follows would only count its absence.
    let mut played = Played { replays, sequential: record, ..Played::default() };
    let outcome = {
        let lost = async {
            match embedded.as_mut() {
                Some(embedded) => embedded.lost().await,
                None => std::future::pending().await,
            }
        };
        let play = company.play(&mut played);
        tokio::pin!(play, lost);
        tokio::select! {
            outcome = &mut play => outcome,
            what = &mut lost => {
                stop.trigger(Cause::TargetLost(what));
                play.await
            }
        }
    };
    drop(company);
    let Played { phases, machine, arrivals, breakpoints, sequential, mut troubles, .. } = played;
    if let Err(error) = errands::run(plan, &target, &cast, &plan.teardown).await {
        troubles.push(format!("teardown: {error}"));
    }
    if let Some(tracer) = tracer
        && let Err(error) = tracer.finish().await
    {
        troubles.push(format!("the trace is not whole: {error}"));
    }
    if let Some(embedded) = embedded {
        embedded.end().await;
    }
    let gatherer = recorder.finish().await?;
    Ok(Conducted {
        gatherer,
        phases,
        machine,
        arrivals,
        breakpoints,
        sequential,
        waited: counts.waited.load(Ordering::Relaxed),
        logins: counts.logins.load(Ordering::Relaxed),
        troubles,
        failed: outcome.err(),
    })
}

/// What took place, and what is still to be sent again.
#[derive(Default)]
pub(super) struct Played {
    pub(super) phases: Vec<Phase>,
    pub(super) machine: Vec<Machine>,
    pub(super) arrivals: Vec<Arrivals>,
    pub(super) breakpoints: Vec<Step>,
    pub(super) sequential: Option<Sequential>,
    pub(super) troubles: Vec<String>,
    pub(super) replays: BTreeMap<usize, Replay>,
}

impl Played {
    /// A watched phase that was not ended by a look is judged on its whole batches.
    fn undecided(&mut self, watched: Option<Watched>, to_us: u64, slice_us: u64) {
        let (Some(record), Some(watched)) = (&mut self.sequential, watched) else { return };
        if record.phase(watched.phase).is_none() {
            record.phases.push(Watched { batches: watched.batches_at(to_us, slice_us), ..watched });
        }
    }
}

/// Whether people are at work in a phase: such phases in a row are one attack.
fn at_work(phase: &PhasePlan) -> bool {
    matches!(phase.work, Work::People(_))
}

pub(super) fn index16(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}

/// Everything that the phases are played with.
pub(super) struct Company {
    pub(super) stage: Stage,
    scene: watch::Sender<Scene>,
    pub(super) scraper: Scraper,
    live: Live,
    /// Of the embedded target.
    pub(super) pid: Option<u32>,
    /// Ends phases that are decided.
    monitor: Option<Monitor>,
}

impl Company {
    async fn play(&self, played: &mut Played) -> Result<(), AttackError> {
        let plans = &self.stage.plan.phases;
        let mut at = 0;
        while at < plans.len() && !self.stage.stop.is_stopped() {
            match &plans[at].work {
                Work::People(_) => {
                    let traffic = plans[at..].iter().take_while(|phase| at_work(phase)).count();
                    self.traffic(at, &plans[at..at + traffic], played).await?;
                    at += traffic;
                    continue;
                }
                Work::Pairs { samples } => self.pairs(at, *samples, played).await,
                Work::Open(_) | Work::Breakpoint { .. } | Work::Replay { .. } => {
                    self.by_clock(at, played).await?;
                }
            }
            at += 1;
        }
        Ok(())
    }

    async fn pairs(&self, at: usize, samples: u32, played: &mut Played) {
        let phase = &self.stage.plan.phases[at];
        let from_us = self.begin(at, phase);
        let meter = CpuMeter::start(self.pid);
        let watched = self.monitor.as_ref().and_then(|monitor| Some((monitor, monitor.pairs(at, samples)?)));
        let monitor = watched.map(|(monitor, _)| monitor);
        let (rounds, decided) =
            pairs::work(&self.stage, phase, samples, index16(at), &self.scraper, monitor).await;
        if let (Some(record), Some((_, watched))) = (&mut played.sequential, watched) {
            record.pairs = Some(WatchedPairs { rounds, decided, ..watched });
        }
        played.machine.push(meter.stop(&phase.name));
        played.phases.push(self.ended(phase, from_us));
    }

    /// Marks the beginning of a phase.
    pub(super) fn begin(&self, index: usize, phase: &PhasePlan) -> u64 {
        self.stage.counts.in_flight.begin();
        self.scene.send_replace(Scene { phase: index16(index), began: Instant::now() });
        self.live.phase(index, phase);
        self.stage.clock.now()
    }

    pub(super) fn ended(&self, phase: &PhasePlan, from_us: u64) -> Phase {
        Phase {
            name: phase.name.clone(),
            kind: phase.kind,
            measured: phase.measured,
            pace: phase.mood().map_or(1.0, |mood| mood.pace),
            from_us,
            to_us: self.stage.clock.now(),
            peak_in_flight: Some(self.stage.counts.in_flight.peak()),
        }
    }

    /// The traffic phases: one attack, so that nobody starts again between two phases.
    async fn traffic(
        &self,
        first: usize,
        plans: &[PhasePlan],
        played: &mut Played,
    ) -> Result<(), AttackError> {
        let curtain = Stop::default();
        let begun = self.begin(first, &plans[0]);
        let posts = self.posts(&curtain);
        let over = {
            let curtain = curtain.clone();
            move || curtain.is_stopped()
        };
        let attack = goose::work(posts, self.stage.target.base.as_str(), over);
        let direct = async {
            let mut from_us = begun;
            for (offset, phase) in plans.iter().enumerate() {
                if offset > 0 {
                    from_us = self.begin(first + offset, phase);
                }
                let meter = CpuMeter::start(self.pid);
                let watched = self.monitor.as_ref().and_then(|m| m.batches(first + offset, from_us));
                let going_on = tokio::select! {
                    going_on = self.watch(phase.duration, index16(first + offset)) => going_on,
                    batches = self.decided(watched) => {
                        if let (Some(record), Some(watched)) = (&mut played.sequential, watched) {
                            record.phases.push(Watched { batches, decided: true, ..watched });
                        }
                        self.stage.sink.scrape(self.scraper.read(index16(first + offset)).await).await;
                        true
                    }
                };
                played.machine.push(meter.stop(&phase.name));
                let ended = self.ended(phase, from_us);
                played.undecided(watched, ended.to_us, to_micros(self.stage.plan.slice()));
                played.phases.push(ended);
                if !going_on {
                    break;
                }
            }
            curtain.trigger(Cause::Interrupted);
            goose::end();
        };
        let (worked, ()) = tokio::join!(attack, direct);
        worked?;
        Ok(())
    }

    /// Ends when a watched phase is decided, with its batches; of any other, never.
    async fn decided(&self, watched: Option<Watched>) -> u32 {
        match (&self.monitor, watched) {
            (Some(monitor), Some(watched)) => {
                monitor.watch(watched, &self.stage.sink, self.stage.clock).await
            }
            (Some(_) | None, _) => std::future::pending().await,
        }
    }

    /// Reads the target's counters until the phase is over; `false` if the run was ended.
    async fn watch(&self, duration: Duration, phase: u16) -> bool {
        let end = tokio::time::Instant::now() + duration;
        let mut tick = tokio::time::interval(SCRAPE_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                () = self.stage.stop.stopped() => {
                    self.stage.sink.scrape(self.scraper.read(phase).await).await;
                    return false;
                }
                () = tokio::time::sleep_until(end) => {
                    self.stage.sink.scrape(self.scraper.read(phase).await).await;
                    return true;
                }
                _ = tick.tick() => {
                    let scrape = self.scraper.read(phase).await;
                    self.stage.sink.scrape(scrape).await;
                }
            }
        }
    }

    fn posts(&self, curtain: &Stop) -> Vec<Post> {
        let roles = self.stage.plan.roles.iter().enumerate();
        let post = |(role, behaviour): (usize, &crate::plan::RolePlan)| Post {
            name: behaviour.name.clone(),
            workers: (0..behaviour.places as usize)
                .map(|place| -> Box<dyn goose::Work> {
                    Box::new(Worker::new(self.stage.clone(), curtain.clone(), role, place))
                })
                .collect(),
        };
        roles.map(post).collect()
    }
}
