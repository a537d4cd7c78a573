//! Phases whose requests come by the clock: a pool of their own, fed from here.

use super::breakpoint::Climb;
use super::cast::Cast;
use super::conduct::{AttackError, Company, Played, SCRAPE_EVERY, index16};
use super::goose;
use super::open::{Stretch, Visitors, dispatch};
use super::pacer::Pacer;
use super::pool::Pool;
use super::replay::Replay;
use super::stop::{Cause, Stop};
use super::target::TargetError;
use crate::evidence::{Arrivals, CpuMeter};
use crate::plan::{Plan, Work};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::time::MissedTickBehavior;

/// The traces that will be sent again, read before anything is asked, by index of the phase.
pub(super) fn replays(plan: &Plan, cast: &Cast) -> Result<BTreeMap<usize, Replay>, TargetError> {
    let files = plan.phases.iter().enumerate().filter_map(|(at, phase)| match &phase.work {
        Work::Replay { file } => Some((at, file)),
        Work::Pairs { .. } | Work::People(_) | Work::Open(_) | Work::Breakpoint { .. } => None,
    });
    files.map(|(at, file)| Ok((at, Replay::read(file, plan, &cast.population)?))).collect()
}

/// Those who send a trace again: as many as were at work at once, where the trace is of such
/// a run, and never fewer than the pool of other arrivals has.
fn replay_pool(plan: &Plan) -> u32 {
    plan.roles.iter().map(|role| role.places).sum::<u32>().max(100)
}

impl Company {
    /// One such phase.
    pub(super) async fn by_clock(&self, at: usize, played: &mut Played) -> Result<(), AttackError> {
        let (stage, phase, index) = (&self.stage, &self.stage.plan.phases[at], index16(at));
        let visitors = Visitors::new(stage, index);
        let (size, owners) = match &phase.work {
            Work::Open(arrivals) | Work::Breakpoint { arrivals, .. } => (arrivals.pool, visitors.places()),
            Work::Replay { .. } => (replay_pool(&stage.plan), stage.population.len()),
            Work::People(_) | Work::Pairs { .. } => return Ok(()),
        };
        let visitors = Arc::new(Mutex::new(visitors));
        let curtain = Stop::default();
        let (pool, post) = Pool::new(stage, size, owners, &curtain);
        let over = {
            let curtain = curtain.clone();
            move || curtain.is_stopped()
        };
        let attack = goose::work(vec![post], stage.target.base.as_str(), over);
        let direct = async {
            pool.complete().await;
            let from_us = self.begin(at, phase);
            let meter = CpuMeter::start(self.pid);
            let before = stage.counts.by_clock();
            let work = self.send(at, &pool, &visitors, played);
            tokio::select! {
                () = work => {}
                () = self.scrape(index) => {}
            }
            stage.sink.scrape(self.scraper.read(index).await).await;
            played.machine.push(meter.stop(&phase.name));
            played.phases.push(self.ended(phase, from_us));
            let (arrivals, dropped) = stage.counts.by_clock();
            played.arrivals.push(Arrivals {
                phase: index,
                intended: arrivals - before.0,
                dropped: dropped - before.1,
            });
            pool.idle().await;
            // Nobody looked into these letters, and later they would all be late.
            stage.mail.clear();
            drop(pool);
            curtain.trigger(Cause::Interrupted);
            goose::end();
        };
        tokio::pin!(attack, direct);
        tokio::select! {
            // The scheduler first: it forgets an end that came before its beginning.
            biased;
            // Before the last request there is no good reason to end.
            worked = &mut attack => worked?,
            () = &mut direct => attack.await?,
        }
        Ok(())
    }

    /// Feeds the pool until the phase is over.
    async fn send(&self, at: usize, pool: &Pool, visitors: &Arc<Mutex<Visitors>>, played: &mut Played) {
        let (stage, phase, index) = (&self.stage, &self.stage.plan.phases[at], index16(at));
        match &phase.work {
            Work::Open(arrivals) => {
                let pacer = Pacer::new(arrivals, phase.duration, stage.plan.seed ^ u64::from(index));
                let stretch = Stretch { began: Instant::now(), length: phase.duration };
                dispatch(stage, pool, visitors, pacer, stretch).await;
            }
            Work::Breakpoint { arrivals, steps, limits } => {
                let climb = Climb { arrivals, steps: *steps, limits };
                played.breakpoints.extend(climb.climb(stage, pool, visitors, phase, index).await);
            }
            Work::Replay { .. } => {
                if let Some(replay) = played.replays.remove(&at) {
                    replay.send(stage, pool, phase, index, &mut played.troubles).await;
                }
            }
            Work::People(_) | Work::Pairs { .. } => {}
        }
    }

    /// Reads the target's counters for as long as somebody listens.
    async fn scrape(&self, phase: u16) {
        let mut tick = tokio::time::interval(SCRAPE_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tick.tick().await;
            self.stage.sink.scrape(self.scraper.read(phase).await).await;
        }
    }
}
