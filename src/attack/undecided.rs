//! Looks at the lines while a run goes on, and ends a phase as soon as all that it can
//! decide is decided.
//!
//! Everything is fixed before the first request: which phases are watched, how long their
//! batches are, after how many the first look is. What a look sees is copied by the recorder
//! ([`Watch`]); what it means is worked out beside it, so that recording never waits.

use super::clock::Clock;
use super::recorder::Sink;
use crate::evidence::{PairRecord, Sequential, Watched, WatchedPairs};
use crate::expose::Live;
use crate::observe::{Observation, Scrape};
use crate::plan::{PhasePlan, Plan, Work};
use crate::scenario::Kind;
use crate::stats::sequential::{Design, Samples};
use crate::units::to_micros;
use crate::verdict::{Index, Judgement, Ledger, MIN_SCRAPES, Metric, Need, Slo, Stretch};
use crate::verdict::{decided_at, meant, need, pair_rounds, standings, store_batches};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A batch is this share of its phase: fifty of them, so that a phase can end after two
/// fifths of its length and each batch is long against what connects neighbouring requests.
const BATCH: f64 = 0.02;
/// Slices of the shortest batch.
const MIN_SLICES: u32 = 2;
/// After the end of a batch, responses have so long to be recorded.
const GRACE: Duration = Duration::from_millis(100);

/// What may end early in a plan, and why the rest may not.
#[derive(Debug)]
pub(super) struct Outlook {
    /// Watched phases: their batches, without their beginning.
    phases: Vec<(usize, u32)>,
    /// The phase of pairs.
    pairs: Option<usize>,
    /// What is said of them before the run.
    pub(super) words: Vec<String>,
}

impl Outlook {
    pub(super) fn of(plan: &Plan) -> Self {
        let stretches = stretches(plan);
        let needs: Vec<Need> = plan.slos.iter().map(|slo| need(slo, &stretches)).collect();
        let first_look = Design::new(1.0 - plan.confidence).first_look;
        let mut outlook = Self { phases: Vec::new(), pairs: None, words: Vec::new() };
        let mut say = |phase: &PhasePlan, what: String| {
            outlook.words.push(format!("--until-decided: {} {what}", phase.name));
        };
        let pairs = plan.phases.iter().filter(|phase| matches!(phase.work, Work::Pairs { .. })).count();
        for (at, phase) in plan.phases.iter().enumerate() {
            let whole = plan.slos.iter().zip(&needs).find_map(|(slo, need)| match need {
                Need::Whole(why) if meant(slo, &stretches).contains(&at) => Some((slo, *why)),
                Need::Whole(_) | Need::Phase(_) | Need::Pairs | Need::Rest => None,
            });
            if let Work::Pairs { samples } = phase.work {
                if !needs.contains(&Need::Pairs) {
                    say(phase, "runs its whole length: no line is about pairs".into());
                } else if pairs > 1 {
                    say(phase, "runs its whole length: pairs of several phases are judged together".into());
                } else if (samples as usize) < first_look {
                    say(
                        phase,
                        format!(
                            "runs its whole length: {samples} rounds, and the first look is after {first_look}"
                        ),
                    );
                } else {
                    outlook.pairs = Some(at);
                }
            } else if phase.measured {
                let slices = batch_slices(plan, phase);
                let most = phase.duration.as_secs_f64() / (plan.slice().as_secs_f64() * f64::from(slices));
                if phase.kind != Kind::Steady || !matches!(phase.work, Work::People(_)) {
                    say(
                        phase,
                        format!(
                            "runs its whole length: a phase of kind {} is judged as a whole",
                            phase.kind.as_str()
                        ),
                    );
                } else if let Some((slo, why)) = whole {
                    say(phase, format!("runs its whole length for `{slo}`: {why}"));
                } else if !needs.contains(&Need::Phase(at)) {
                    say(phase, "runs its whole length: no line can be decided by its batches".into());
                } else if most < first_look as f64 + 1.0 {
                    say(
                        phase,
                        format!(
                            "runs its whole length: it is too short for {first_look} batches, the first look; \
                             a longer one can end early"
                        ),
                    );
                } else {
                    outlook.phases.push((at, slices));
                }
            }
        }
        outlook
    }
}

fn stretches(plan: &Plan) -> Vec<Stretch> {
    let of =
        |phase: &PhasePlan| Stretch { name: phase.name.clone(), kind: phase.kind, measured: phase.measured };
    plan.phases.iter().map(of).collect()
}

/// Slices of a batch of a phase.
fn batch_slices(plan: &Plan, phase: &PhasePlan) -> u32 {
    let slices = phase.duration.mul_f64(BATCH).as_secs_f64() / plan.slice().as_secs_f64();
    (slices.round() as u32).max(MIN_SLICES)
}

/// What the recorder keeps for the looks.
#[derive(Debug)]
pub(super) struct Watch {
    plan: Arc<Plan>,
    slice_us: u64,
    roles: Vec<String>,
    actions: Vec<String>,
    phases: Vec<String>,
    /// The phase that is watched, and its lines by index.
    now: Option<(Watched, Vec<(usize, Ledger)>)>,
    scrapes: Vec<Scrape>,
    pairs: Vec<PairRecord>,
}

impl Watch {
    pub(super) fn new(plan: &Arc<Plan>) -> Self {
        Self {
            slice_us: to_micros(plan.slice()),
            roles: plan.roles.iter().map(|role| role.name.clone()).collect(),
            actions: plan.actions.iter().map(|action| action.name.clone()).collect(),
            phases: plan.phases.iter().map(|phase| phase.name.clone()).collect(),
            plan: Arc::clone(plan),
            now: None,
            scrapes: Vec::new(),
            pairs: Vec::new(),
        }
    }

    /// A watched phase begins.
    pub(super) fn begin(&mut self, watched: Watched) {
        let index = Index { roles: &self.roles, actions: &self.actions, phases: &self.phases };
        let stretches = stretches(&self.plan);
        let meant = self
            .plan
            .slos
            .iter()
            .enumerate()
            .filter(|(_, slo)| need(slo, &stretches) == Need::Phase(usize::from(watched.phase)));
        let ledgers = meant.map(|(at, slo)| (at, Ledger::new(slo, index, watched, self.slice_us)));
        self.now = Some((watched, ledgers.collect()));
        self.scrapes.clear();
    }

    pub(super) fn observe(&mut self, seen: &Observation) {
        if let Some((_, ledgers)) = &mut self.now {
            ledgers.iter_mut().for_each(|(_, ledger)| ledger.observe(seen));
        }
    }

    pub(super) fn scrape(&mut self, scrape: &Scrape) {
        if self.now.as_ref().is_some_and(|(watched, _)| watched.phase == scrape.phase) {
            self.scrapes.push(scrape.clone());
        }
    }

    pub(super) fn pair(&mut self, pair: &PairRecord) {
        self.pairs.push(pair.clone());
    }

    /// What there is of each line; `None` of those that this look cannot decide.
    pub(super) fn look(&self, at: Look) -> Seen {
        let of = |line: usize, slo: &Slo| match (at, &self.now) {
            (Look::Pairs, _) => (slo.metric == Metric::Speedup).then(|| {
                let named = |wanted: &[String], names: &[String], index: u16| {
                    wanted.is_empty()
                        || names.get(usize::from(index)).is_some_and(|name| wanted.contains(name))
                };
                let meant = self.pairs.iter().filter(|pair| {
                    named(&slo.selection.roles, &self.roles, pair.role)
                        && named(&slo.selection.actions, &self.actions, pair.action)
                });
                Samples::Ratio(pair_rounds(meant))
            }),
            (Look::Batches(batches), Some((watched, ledgers))) => {
                let (_, ledger) = ledgers.iter().find(|(known, _)| *known == line)?;
                let watched = Watched { batches, ..*watched };
                Some(if let Metric::MeanStoreOperation { op } = &slo.metric {
                    Samples::Ratio(store_batches(&self.scrapes, op, &watched, self.slice_us))
                } else {
                    ledger.samples(batches)
                })
            }
            (Look::Batches(_), None) => None,
        };
        let lines = self.plan.slos.iter().enumerate().map(|(line, slo)| of(line, slo)).collect();
        Seen { lines, scrapes: self.scrapes.len() as u64 }
    }
}

/// At what a look is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Look {
    /// The first so many batches of the watched phase.
    Batches(u32),
    /// The pairs so far.
    Pairs,
}

/// What a look saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// One for each SLO line.
    lines: Vec<Option<Samples>>,
    /// How often the target told its counters in this phase.
    scrapes: u64,
}

/// Asks, and ends phases.
#[derive(Debug)]
pub(super) struct Monitor {
    plan: Arc<Plan>,
    outlook: Outlook,
    design: Design,
    live: Live,
    /// Lines that were decided at the last look at them.
    decided: Mutex<Vec<bool>>,
}

impl Monitor {
    /// `None` where nothing of the plan can end early.
    pub(super) fn new(plan: &Arc<Plan>, live: &Live) -> Option<Self> {
        if !plan.until_decided {
            return None;
        }
        let outlook = Outlook::of(plan);
        if outlook.phases.is_empty() && outlook.pairs.is_none() {
            return None;
        }
        Some(Self {
            outlook,
            // The level that the verdict will be decided at: no look is more easily pleased.
            design: Design::new(1.0 - decided_at(plan.confidence)),
            live: live.clone(),
            decided: Mutex::new(vec![false; plan.slos.len()]),
            plan: Arc::clone(plan),
        })
    }

    /// The record of a run that nothing was seen of yet.
    pub(super) fn record(&self) -> Sequential {
        Sequential {
            alpha: self.design.alpha,
            rho2: self.design.rho2,
            first_look: u32::try_from(self.design.first_look).unwrap_or(u32::MAX),
            phases: Vec::new(),
            pairs: None,
        }
    }

    /// The batches of a phase that begins, where it is watched.
    pub(super) fn batches(&self, at: usize, from_us: u64) -> Option<Watched> {
        let (_, batch_slices) = self.outlook.phases.iter().find(|(known, _)| *known == at)?;
        let first_slice = from_us.div_ceil(to_micros(self.plan.slice()).max(1));
        Some(Watched {
            phase: u16::try_from(at).ok()?,
            first_slice: u32::try_from(first_slice).ok()?,
            batch_slices: *batch_slices,
            batches: 0,
            declared_us: to_micros(self.plan.phases[at].duration),
            decided: false,
        })
    }

    /// The pairs of a phase that begins, where they are watched.
    pub(super) fn pairs(&self, at: usize, rounds: u32) -> Option<WatchedPairs> {
        (self.outlook.pairs == Some(at)).then(|| WatchedPairs {
            phase: u16::try_from(at).unwrap_or(u16::MAX),
            declared_us: to_micros(self.plan.phases[at].duration),
            declared_rounds: rounds,
            rounds: 0,
            decided: false,
        })
    }

    /// Looks at the end of each batch; returns when every line of the phase is decided, with
    /// the number of batches that decided it.
    pub(super) async fn watch(&self, watched: Watched, sink: &Sink, clock: Clock) -> u32 {
        sink.watch(watched).await;
        let slice_us = to_micros(self.plan.slice());
        let mut batches = u32::try_from(self.design.first_look).unwrap_or(u32::MAX);
        loop {
            let due = Duration::from_micros(watched.end_us(batches, slice_us).saturating_sub(clock.now()));
            tokio::time::sleep(due + GRACE).await;
            if let Some(seen) = sink.look(Look::Batches(batches)).await
                && self.all_decided(seen).await
            {
                return batches;
            }
            batches += 1;
        }
    }

    /// Whether every line about pairs is decided after so many rounds.
    pub(super) async fn paired_enough(&self, rounds: u32, sink: &Sink) -> bool {
        if (rounds as usize) < self.design.first_look {
            return false;
        }
        match sink.look(Look::Pairs).await {
            Some(seen) => self.all_decided(seen).await,
            None => false,
        }
    }

    async fn all_decided(&self, seen: Seen) -> bool {
        let (plan, design) = (Arc::clone(&self.plan), self.design);
        // Beside the people at work: a look takes milliseconds of a processor.
        let stands = tokio::task::spawn_blocking(move || {
            let concerned: Vec<bool> = seen.lines.iter().map(Option::is_some).collect();
            let lines: Vec<(&Slo, Option<Samples>)> = plan.slos.iter().zip(seen.lines).collect();
            let stands: Vec<bool> = standings(&lines, &design)
                .iter()
                .map(|standing| standing.judgement != Judgement::Inconclusive)
                .collect();
            let memory = plan.slos.iter().any(|slo| matches!(slo.metric, Metric::MaxMemory { .. }));
            (concerned, stands, !memory || seen.scrapes >= MIN_SCRAPES)
        });
        let Ok((concerned, stands, enough)) = stands.await else { return false };
        let mut decided = self.decided.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = enough;
        for (at, stands) in stands.into_iter().enumerate().filter(|(at, _)| concerned[*at]) {
            decided[at] = stands;
            all &= stands;
        }
        let known = decided.iter().filter(|known| **known).count();
        drop(decided);
        self.live.decided(known, self.decidable());
        all
    }

    /// Lines that some look can decide.
    fn decidable(&self) -> usize {
        let stretches = stretches(&self.plan);
        let watched = |need: Need| match need {
            Need::Phase(at) => self.outlook.phases.iter().any(|(known, _)| *known == at),
            Need::Pairs => self.outlook.pairs.is_some(),
            Need::Whole(_) | Need::Rest => false,
        };
        self.plan.slos.iter().filter(|slo| watched(need(slo, &stretches))).count()
    }
}

/// What can end early in a plan, and what cannot, in words.
pub fn until_decided(plan: &Plan) -> Vec<String> {
    Outlook::of(plan).words
}
