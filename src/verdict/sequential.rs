//! Lines of a run that ends as soon as it is decided: the looks of the run and the judgement
//! afterwards are one and the same function of the same batches.
//!
//! In: lines, and what was seen of them batch by batch, live ([`Ledger`]) or from evidence.
//! Out: how each line stands ([`standings`]), and for [`super::judge`] its measurement.
//! A line that was still open at the declared end is judged by its sequence as well: whoever
//! would have stopped early may not then ask for the narrower interval of a fixed length.

mod batches;
mod ledger;
#[cfg(test)]
mod tests;

pub use batches::{pair_rounds, store_batches};
pub use ledger::Ledger;

use super::measure::{Measurement, Value, measure};
use super::slo::{Metric, Slo};
use super::{Finding, Judgement};
use crate::evidence::{Caveat, Evidence, Sequential, Watched};
use crate::observe::Source;
use crate::scenario::Kind;
use crate::stats::holm::step_down;
use crate::stats::sequential::{Design, Samples};
use crate::stats::{Estimate, Insufficient};
use crate::units::{count, duration, percent};
use std::time::Duration;

/// What a line asks of a run that may end early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It is decided by the batches of this phase, by index.
    Phase(usize),
    /// It is decided by pairs.
    Pairs,
    /// All the phases that it is about must run their whole length: why.
    Whole(&'static str),
    /// It is judged on what there is, and keeps nothing from ending.
    Rest,
}

/// A phase as a line may mean it.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// Its name.
    pub name: String,
    /// What kind.
    pub kind: Kind,
    /// Whether lines without a phase mean it.
    pub measured: bool,
}

/// The phases that a line means, by index.
pub fn meant(slo: &Slo, phases: &[Stretch]) -> Vec<usize> {
    let named = &slo.selection.phases;
    let means = |phase: &Stretch| if named.is_empty() { phase.measured } else { named.contains(&phase.name) };
    phases.iter().enumerate().filter(|(_, phase)| means(phase)).map(|(at, _)| at).collect()
}

/// What a line asks of a run over these phases.
pub fn need(slo: &Slo, phases: &[Stretch]) -> Need {
    if slo.window.is_some() {
        return Need::Whole("it is about every moment of them");
    }
    match &slo.metric {
        Metric::HitRate
        | Metric::EffectiveHitRate
        | Metric::ErrorRate
        | Metric::MeanLatency
        | Metric::Latency { .. }
        | Metric::MeanStoreOperation { .. } => match meant(slo, phases).as_slice() {
            [] => Need::Rest,
            [only] if phases[*only].measured && phases[*only].kind == Kind::Steady => Need::Phase(*only),
            [_] => Need::Rest,
            // Their mixture has no one mean that the batches could scatter around.
            [..] => Need::Whole("it is about several phases together"),
        },
        Metric::Speedup => Need::Pairs,
        Metric::MemorySlope { .. } | Metric::BurnRate { .. } => Need::Whole("it is about all of their time"),
        // Response times from the intended start are those of requests that come by the clock.
        Metric::ResponseTime { .. }
        | Metric::MeanResponseTime
        | Metric::DbQueryReduction
        | Metric::MaxMemory { .. }
        | Metric::PeakConcurrency { .. }
        | Metric::Violations { .. } => Need::Rest,
    }
}

/// What so many like responses add above and below the line; `None` where they are not meant.
fn part(slo: &Slo, source: Source, n: u64, latency_us: u64) -> Option<(u64, u64)> {
    let sources = &slo.selection.sources;
    if !sources.is_empty() && !sources.contains(&source) {
        return None;
    }
    let browser = source == Source::Browser;
    let some = |meant: bool| if meant { n } else { 0 };
    match slo.metric {
        Metric::HitRate => Some((some(source.is_hit()), some(source.in_hit_rate()))),
        Metric::EffectiveHitRate => {
            Some((some(source.is_hit() || browser), some(source.in_hit_rate() || browser)))
        }
        Metric::ErrorRate => Some((some(source == Source::Error), some(!browser))),
        Metric::MeanLatency | Metric::Latency { .. } => {
            let read = !sources.is_empty() || source.is_answered_read();
            read.then_some((latency_us, n))
        }
        Metric::Speedup
        | Metric::DbQueryReduction
        | Metric::ResponseTime { .. }
        | Metric::MeanResponseTime
        | Metric::BurnRate { .. }
        | Metric::MaxMemory { .. }
        | Metric::MemorySlope { .. }
        | Metric::PeakConcurrency { .. }
        | Metric::MeanStoreOperation { .. }
        | Metric::Violations { .. } => None,
    }
}

/// How a line stands at a look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// Pass, fail, or inconclusive while it is open.
    pub judgement: Judgement,
    /// Of its target, where there is one.
    pub p_value: Option<f64>,
}

/// How lines stand at a look. `None` is a line that cannot be decided by this look, and still
/// counts in the correction: passes need none, since a run passes only if every line does
/// (intersection-union); failures are corrected by Holm's method over all lines.
pub fn standings(lines: &[(&Slo, Option<Samples>)], design: &Design) -> Vec<Standing> {
    let alone: Vec<Standing> = lines
        .iter()
        .map(|(slo, samples)| match samples {
            None => Standing { judgement: Judgement::Inconclusive, p_value: None },
            Some(samples) => Standing {
                judgement: samples
                    .interval(slo.target, design)
                    .map_or(Judgement::Inconclusive, |estimate| side(slo, &estimate)),
                p_value: Some(samples.p_value(slo.target, design)),
            },
        })
        .collect();
    let failing: Vec<usize> = (0..alone.len()).filter(|&at| alone[at].judgement == Judgement::Fail).collect();
    let stand = step_down(alone.len(), &failing, design.alpha, |at, level| {
        alone[at].p_value.is_some_and(|p| p <= level)
    });
    alone
        .into_iter()
        .enumerate()
        .map(|(at, standing)| match standing.judgement {
            Judgement::Fail if !stand.contains(&at) => {
                Standing { judgement: Judgement::Inconclusive, ..standing }
            }
            Judgement::Pass | Judgement::Fail | Judgement::Inconclusive => standing,
        })
        .collect()
}

/// Pass where the whole interval meets the target, fail where all of it misses.
fn side(slo: &Slo, estimate: &Estimate) -> Judgement {
    match (slo.op.holds(estimate.lo, slo.target), slo.op.holds(estimate.hi, slo.target)) {
        (true, true) => Judgement::Pass,
        (false, false) => Judgement::Fail,
        (true, false) | (false, true) => Judgement::Inconclusive,
    }
}

fn design(sequential: &Sequential, confidence: f64) -> Design {
    Design {
        // Judged again at another confidence, the batches and the boundary stay what they were.
        alpha: 1.0 - confidence,
        rho2: sequential.rho2,
        first_look: sequential.first_look as usize,
    }
}

fn stretches(evidence: &Evidence) -> Vec<Stretch> {
    let of = |phase: &crate::evidence::Phase| Stretch {
        name: phase.name.clone(),
        kind: phase.kind,
        measured: phase.measured,
    };
    evidence.phases.iter().map(of).collect()
}

/// What the evidence holds of a line by batches, where the run looked at it.
fn samples(slo: &Slo, evidence: &Evidence) -> Option<Samples> {
    let sequential = evidence.sequential.as_ref()?;
    match need(slo, &stretches(evidence)) {
        Need::Phase(at) => {
            let watched = sequential.phase(u16::try_from(at).ok()?)?;
            Some(batches::in_phase(slo, evidence, watched))
        }
        Need::Pairs => {
            sequential.pairs?;
            Some(Samples::Ratio(pair_rounds(slo.selection.pairs(evidence))))
        }
        Need::Whole(_) | Need::Rest => None,
    }
}

/// A line's measurement by its confidence sequence, where the run looked at it.
pub(super) fn sequentially(slo: &Slo, evidence: &Evidence, confidence: f64) -> Option<Measurement> {
    let samples = samples(slo, evidence)?;
    let sequential = evidence.sequential.as_ref()?;
    let ordinary = measure(slo, evidence, confidence);
    let (n, plain) = match ordinary.value {
        Value::Estimated(Estimate { n, value, .. }) | Value::Exact { n, value } => (n, Some(value)),
        Value::Absent { n, plain, .. } => (n, plain),
    };
    // What may keep a hit rate from being decided at all is no matter of its interval; what
    // may keep another interval from being one, is.
    let hits = matches!(slo.metric, Metric::HitRate | Metric::EffectiveHitRate);
    let withheld = ordinary.withheld.filter(|_| hits);
    let estimate = samples.interval(slo.target, &design(sequential, confidence)).map(|estimate| Estimate {
        // What is below the line of a speedup is time: its samples are pairs.
        n: if slo.metric == Metric::Speedup { n } else { estimate.n },
        ..estimate
    });
    let measurement = match estimate {
        Err(Insufficient::TooFewBatches { have, need }) => Measurement::of(Value::Absent {
            why: format!(
                "{have} batches are too few for a first look: a run that ends as soon as it is decided looks after {need}"
            ),
            n,
            lacks: None,
            plain,
        }),
        estimate => Measurement::estimated(estimate, n, || plain),
    };
    Some(Measurement { withheld, note: ordinary.note, ..measurement })
}

/// Whether the run looked at a line while it was on.
pub(super) fn watched(slo: &Slo, evidence: &Evidence) -> bool {
    samples(slo, evidence).is_some()
}

/// Takes back failures of a sequential run that do not stand beside so many lines.
pub(super) fn correct(findings: &mut [Finding], slos: &[Slo], evidence: &Evidence, confidence: f64) {
    let Some(sequential) = &evidence.sequential else { return };
    let lines: Vec<(&Slo, Option<Samples>)> = slos.iter().map(|slo| (slo, samples(slo, evidence))).collect();
    let standings = standings(&lines, &design(sequential, confidence));
    for ((finding, standing), (_, samples)) in findings.iter_mut().zip(standings).zip(&lines) {
        if samples.is_some()
            && finding.judgement == Judgement::Fail
            && standing.judgement == Judgement::Inconclusive
        {
            finding.judgement = Judgement::Inconclusive;
            let why = format!(
                "alone it would have failed, but one of {} lines misses as far by chance too often (Holm's correction)",
                lines.len()
            );
            finding.note = Some(match finding.note.take() {
                Some(note) => format!("{why}; {note}"),
                None => why,
            });
        }
    }
}

/// What was saved, and what its intervals assume.
pub(super) fn caveats(evidence: &Evidence) -> Vec<Caveat> {
    let Some(sequential) = &evidence.sequential else { return Vec::new() };
    let mut caveats: Vec<Caveat> =
        sequential.phases.iter().filter_map(|watched| cut(evidence, watched)).collect();
    if let Some(pairs) = &sequential.pairs
        && let Some(phase) = evidence.phases.get(usize::from(pairs.phase))
    {
        caveats.push(Caveat::UntilDecided {
            phase: phase.name.clone(),
            what: if pairs.decided {
                format!(
                    "every line about pairs was decided after {} of at most {} rounds: {} of the pairs saved",
                    pairs.rounds,
                    pairs.declared_rounds,
                    percent(1.0 - f64::from(pairs.rounds) / f64::from(pairs.declared_rounds.max(1)))
                )
            } else {
                format!(
                    "not every line about pairs was decided in {} rounds, one group of pairs each",
                    pairs.rounds
                )
            },
        });
    }
    caveats
}

fn cut(evidence: &Evidence, watched: &Watched) -> Option<Caveat> {
    let phase = evidence.phases.get(usize::from(watched.phase))?;
    let took = phase.to_us - phase.from_us;
    let batch = Duration::from_micros(u64::from(watched.batch_slices) * evidence.slice_us);
    let declared = duration(Duration::from_micros(watched.declared_us));
    let outcome = if watched.decided {
        let share = 1.0 - took as f64 / watched.declared_us.max(1) as f64;
        let sent: u64 = evidence
            .cells
            .iter()
            .filter(|cell| cell.phase == watched.phase && cell.source != Source::Browser)
            .map(|cell| cell.n)
            .sum();
        let saved = sent as f64 * (watched.declared_us as f64 / took.max(1) as f64 - 1.0);
        format!(
            "decided after {} of {declared}: {} of the time and about {} requests saved",
            duration(Duration::from_micros(took)),
            percent(share.max(0.0)),
            count(saved.max(0.0).round() as u64)
        )
    } else {
        format!("not every line was decided in {declared}")
    };
    Some(Caveat::UntilDecided {
        phase: phase.name.clone(),
        what: format!(
            "{outcome}; intervals are confidence sequences over {} batches of {}, wider than for a length \
             fixed beforehand, and hold as far as batches are about independent, the phase steady and {} \
             batches enough for a normal limit",
            watched.batches,
            duration(batch),
            evidence.sequential.as_ref().map_or(0, |sequential| sequential.first_look)
        ),
    })
}
