//! Carries a plan out: phase after phase, people at work through the traffic phases
//! without a break.

use super::cast::{Cast, CastError};
use super::clock::Clock;
use super::goose::{self, Post, SchedulerError};
use super::http::Http;
use super::journey::Journey;
use super::pairs;
use super::recorder::Recorder;
use super::scraper::Scraper;
use super::stop::{Cause, Stop};
use super::target::{TIMEOUT, Target, TargetError};
use super::worker::{Stage, Worker};
use crate::evidence::{CpuMeter, Gatherer, Machine, Names, Phase};
use crate::expose::Live;
use crate::plan::{PhasePlan, Plan};
use crate::scenario::Kind;
use crate::units::to_micros;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

/// The target's counters are read so often.
const SCRAPE_EVERY: Duration = Duration::from_secs(1);

/// A counter that takes longer than this to read is not read.
const SCRAPE_WITHIN: Duration = Duration::from_secs(2);

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
    /// Why it could not be carried to its end, where that was our own doing.
    pub failed: Option<AttackError>,
}

/// Carries a plan out. Ends early when `stop` says so; what was seen until then is
/// returned all the same.
pub async fn conduct(
    plan: &Arc<Plan>,
    target: &mut Target,
    cast: Arc<Cast>,
    live: Live,
    stop: &Stop,
) -> Result<Conducted, AttackError> {
    let clock = Clock::start();
    let names = Names {
        roles: plan.roles.iter().map(|role| role.name.clone()).collect(),
        actions: plan.actions.iter().map(|action| action.name.clone()).collect(),
    };
    let recorder = Recorder::start(Gatherer::new(names, to_micros(plan.slice())), live.clone());
    let scraper = Scraper::new(
        Http::new(&target.base, SCRAPE_WITHIN).map_err(TargetError::Client)?,
        stop.clone(),
        clock,
        target.url(&plan.target.stats),
        target.url(&plan.target.metrics),
        cast.staff.clone(),
        Arc::clone(plan),
    );
    let stage = Stage {
        plan: Arc::clone(plan),
        cast,
        base: target.base.clone(),
        clock,
        sink: recorder.sink(),
        stop: stop.clone(),
        phase: Arc::new(AtomicU16::new(0)),
        refused: Arc::default(),
    };
    let pid = target.embedded.as_ref().and_then(super::embedded::Embedded::pid);
    let company = Company { stage, scraper, live, pid };
    // A child that dies ends the run: what follows would only count its absence.
    let (mut phases, mut machine) = (Vec::new(), Vec::new());
    let outcome = {
        let lost = async {
            match target.embedded.as_mut() {
                Some(embedded) => embedded.lost().await,
                None => std::future::pending().await,
            }
        };
        let play = company.play(&mut phases, &mut machine);
        tokio::pin!(play, lost);
        tokio::select! {
            outcome = &mut play => outcome,
            what = &mut lost => {
                stop.trigger(Cause::TargetLost(what));
                play.await
            }
        }
    };
    let gatherer = recorder.finish().await?;
    Ok(Conducted { gatherer, phases, machine, failed: outcome.err() })
}

struct Company {
    stage: Stage,
    scraper: Scraper,
    live: Live,
    pid: Option<u32>,
}

impl Company {
    async fn play(&self, phases: &mut Vec<Phase>, machine: &mut Vec<Machine>) -> Result<(), AttackError> {
        let plans = &self.stage.plan.phases;
        let mut at = 0;
        while at < plans.len() && !self.stage.stop.is_stopped() {
            match plans[at].kind {
                Kind::Pairs => {
                    self.pairs(at, &plans[at], phases, machine).await?;
                    at += 1;
                }
                Kind::WarmUp | Kind::Steady => {
                    let traffic = plans[at..].iter().take_while(|phase| phase.kind != Kind::Pairs).count();
                    self.traffic(at, &plans[at..at + traffic], phases, machine).await?;
                    at += traffic;
                }
            }
        }
        Ok(())
    }

    /// Marks the beginning of a phase.
    fn begin(&self, index: usize, phase: &PhasePlan) -> u64 {
        self.stage.phase.store(u16::try_from(index).unwrap_or(u16::MAX), Ordering::Release);
        self.live.phase(index, phase);
        self.stage.clock.now()
    }

    fn ended(&self, phase: &PhasePlan, from_us: u64) -> Phase {
        Phase {
            name: phase.name.clone(),
            kind: phase.kind,
            measured: phase.measured(),
            from_us,
            to_us: self.stage.clock.now(),
        }
    }

    async fn pairs(
        &self,
        index: usize,
        phase: &PhasePlan,
        phases: &mut Vec<Phase>,
        machine: &mut Vec<Machine>,
    ) -> Result<(), AttackError> {
        let http = Http::new(&self.stage.base, TIMEOUT).map_err(TargetError::Client)?;
        let from_us = self.begin(index, phase);
        let meter = CpuMeter::start(self.pid);
        pairs::work(&self.stage, phase, u16::try_from(index).unwrap_or(u16::MAX), &http, &self.scraper).await;
        machine.push(meter.stop(&phase.name));
        phases.push(self.ended(phase, from_us));
        Ok(())
    }

    /// The traffic phases: one attack, so that nobody starts again between two phases.
    async fn traffic(
        &self,
        first: usize,
        plans: &[PhasePlan],
        phases: &mut Vec<Phase>,
        machine: &mut Vec<Machine>,
    ) -> Result<(), AttackError> {
        let curtain = Stop::default();
        let posts = self.posts(&curtain)?;
        let over = {
            let curtain = curtain.clone();
            move || curtain.is_stopped()
        };
        let begun = self.begin(first, &plans[0]);
        let attack = goose::work(posts, self.stage.base.as_str(), over);
        let direct = async {
            let mut from_us = begun;
            for (offset, phase) in plans.iter().enumerate() {
                if offset > 0 {
                    from_us = self.begin(first + offset, phase);
                }
                let meter = CpuMeter::start(self.pid);
                let index = u16::try_from(first + offset).unwrap_or(u16::MAX);
                let going_on = self.watch(phase.duration, index).await;
                machine.push(meter.stop(&phase.name));
                phases.push(self.ended(phase, from_us));
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

    fn posts(&self, curtain: &Stop) -> Result<Vec<Post>, AttackError> {
        let plan = &self.stage.plan;
        let mut posts = Vec::new();
        for (role, behaviour) in plan.roles.iter().enumerate() {
            let places = behaviour.users as usize;
            let mut workers = Vec::with_capacity(places);
            for place in 0..places {
                let people = self.stage.cast.at_place(role, place, places);
                let journey =
                    Journey::new(Arc::clone(plan), role, u32::try_from(place).unwrap_or(u32::MAX), people);
                let http = Http::new(&self.stage.base, TIMEOUT).map_err(TargetError::Client)?;
                workers.push(Worker::new(self.stage.clone(), curtain.clone(), journey, http));
            }
            posts.push(Post { name: behaviour.name.clone(), workers });
        }
        Ok(posts)
    }
}
