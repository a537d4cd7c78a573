//! Whether the generator was the bottleneck: then the run says nothing of the target.
//!
//! In: evidence. Out: reasons why the run is invalid, and caveats where it was close or where
//! others are to blame. Pure. Only measured phases count.

use crate::evidence::{Arrivals, Caveat, Connections, Evidence, Generator, LATE_US, Lag, Machine, Phase};
use crate::units::{count, micros, percent};

/// A generator that uses more than this of the processor time it was given queues behind
/// itself: at 85 % a single queue's mean wait is already 5.7 services (M/M/1, ρ/(1 − ρ)).
const OWN_CPU: f64 = 0.85;
/// Dropped arrivals are the ones at the crest: with more than this missing, p99 is not the
/// 99th percentile of what was meant.
const DROPPED: f64 = 0.01;
/// The same share as a test's usual error: with more requests late, the pace was not the
/// people's.
const LATE: f64 = 0.05;
/// With less than this taken by others the lateness is the generator's own. Others are other
/// tenants (steal) and other programs of this machine, which keep it from running just as well.
const TAKEN: f64 = 0.05;
/// People keep their connections; where most requests open one, latency is mostly handshakes.
const OPENED: f64 = 0.5;
/// Below so many requests a share says nothing: everybody opens a first connection.
const ENOUGH: u64 = 100;

/// What came of the audit.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Audit {
    /// Why the run is invalid; empty where it is not.
    pub(super) bottlenecks: Vec<String>,
    /// What weakens it.
    pub(super) caveats: Vec<Caveat>,
}

/// How one generator sent its load.
struct Sent<'a> {
    phases: &'a [Phase],
    machine: &'a [Machine],
    lag: &'a Lag,
    arrivals: &'a [Arrivals],
    connections: Option<&'a Connections>,
}

/// Audits the generator; of several each by itself, since one that was too slow is not made
/// good by one that was not.
pub(super) fn audit(evidence: &Evidence) -> Audit {
    let phases = &evidence.phases;
    if evidence.generators.is_empty() {
        return audit_one(&Sent {
            phases,
            machine: &evidence.environment.machine,
            lag: &evidence.lag,
            arrivals: &evidence.arrivals,
            connections: evidence.connections.as_ref(),
        });
    }
    let mut all = Audit::default();
    for generator in &evidence.generators {
        let Generator { id, machine, lag, arrivals, connections, .. } = generator;
        let Audit { bottlenecks, caveats } =
            audit_one(&Sent { phases, machine, lag, arrivals, connections: connections.as_ref() });
        all.bottlenecks.extend(bottlenecks.into_iter().map(|what| format!("of {id}, {what}")));
        let of = |what| Caveat::Generator { id: id.clone(), what: Box::new(what) };
        all.caveats.extend(caveats.into_iter().map(of));
    }
    all
}

fn audit_one(evidence: &Sent<'_>) -> Audit {
    let mut audit = Audit::default();
    for machine in measured(evidence) {
        let given = 1.0 - machine.steal.unwrap_or(0.0);
        // A stretch of nothing but steal has other caveats, and no share of it to speak of.
        if given > 0.0 && machine.generator / given > OWN_CPU {
            audit.bottlenecks.push(format!(
                "in {} it used {} of the processor time that it could get (at most {} may be)",
                machine.phase,
                percent(machine.generator / given),
                percent(OWN_CPU)
            ));
        }
    }
    for arrivals in evidence.arrivals {
        let Some(phase) = evidence.phases.get(usize::from(arrivals.phase)).filter(|phase| phase.measured)
        else {
            continue;
        };
        let share = share(arrivals.dropped, arrivals.intended);
        if share > DROPPED {
            audit.bottlenecks.push(format!(
                "in {} {} of {} arrivals ({}) found nobody free in the pool and were not sent; a larger `pool:` or a lower `rate:` would do",
                phase.name,
                count(arrivals.dropped),
                count(arrivals.intended),
                percent(share)
            ));
        }
    }
    let late = share(evidence.lag.late, evidence.lag.n);
    if late > LATE {
        let taken = taken(evidence);
        if taken < TAKEN {
            audit.bottlenecks.push(format!(
                "{} of the requests were sent more than {} after they were due",
                percent(late),
                micros(LATE_US as f64)
            ));
        } else {
            audit.caveats.push(Caveat::HeldUp { share: late, taken });
        }
    }
    if let Some(connections) = evidence.connections
        && connections.requests >= ENOUGH
        && share(connections.opened, connections.requests) > OPENED
    {
        let (opened, requests) = (connections.opened, connections.requests);
        audit.caveats.push(Caveat::Reconnected { opened, requests });
    }
    audit
}

fn share(part: u64, of: u64) -> f64 {
    part as f64 / of.max(1) as f64
}

/// What each measured phase took of the machine.
fn measured<'a>(evidence: &Sent<'a>) -> impl Iterator<Item = &'a Machine> + use<'a> {
    let both = evidence.phases.iter().zip(evidence.machine);
    both.filter(|(phase, _)| phase.measured).map(|(_, machine)| machine)
}

/// What others took over the measured phases; nothing where the system does not tell: an excuse
/// needs evidence as well.
fn taken(evidence: &Sent<'_>) -> f64 {
    let seconds: f64 = measured(evidence).map(|machine| machine.seconds).sum();
    let of = |machine: &Machine| machine.steal.unwrap_or(0.0) + machine.others.unwrap_or(0.0);
    let taken: f64 = measured(evidence).map(|machine| machine.seconds * of(machine)).sum();
    if seconds > 0.0 { taken / seconds } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Made, PAIRS, STEADY};
    use crate::verdict::{Outcome, judge};

    /// A run without faults: two phases that do not count, and one that does.
    fn sound() -> Evidence {
        let mut evidence = Made::new().four_fifths().evidence();
        let steady = evidence.environment.machine.remove(0);
        evidence.environment.machine = ["pairs", "warm-up"]
            .map(|phase| Machine { phase: phase.into(), generator: 0.99, seconds: 10.0, ..steady.clone() })
            .into();
        evidence.environment.machine.push(steady);
        evidence.connections = Some(Connections { opened: 10, requests: 1_000 });
        evidence
    }

    fn of(change: impl FnOnce(&mut Evidence)) -> Audit {
        let mut evidence = sound();
        change(&mut evidence);
        audit(&evidence)
    }

    #[test]
    fn a_generator_that_keeps_up_is_not_mentioned() {
        assert_eq!(audit(&sound()), Audit::default());
    }

    #[test]
    fn processor_time_is_measured_against_what_the_machine_gave() {
        let busy = |generator, steal| {
            of(|evidence| {
                evidence.environment.machine[2].generator = generator;
                evidence.environment.machine[2].steal = steal;
            })
        };
        assert!(busy(0.84, None).bottlenecks.is_empty());
        assert_eq!(busy(0.86, None).bottlenecks.len(), 1);
        let half = busy(0.44, Some(0.5)).bottlenecks;
        assert!(half[0].contains("88.0 %"), "{half:?}");
        assert!(busy(0.42, Some(0.5)).bottlenecks.is_empty());
        assert!(busy(0.0, Some(1.0)).bottlenecks.is_empty());
    }

    #[test]
    fn dropped_arrivals_count_in_measured_phases_only() {
        let dropped = |phase, dropped| {
            of(|evidence| evidence.arrivals = vec![Arrivals { phase, intended: 10_000, dropped }])
        };
        assert!(dropped(STEADY, 100).bottlenecks.is_empty());
        let found = dropped(STEADY, 101).bottlenecks;
        assert!(found[0].contains("101 of 10,000"), "{found:?}");
        assert!(dropped(PAIRS, 9_000).bottlenecks.is_empty());
    }

    #[test]
    fn lateness_is_the_generators_unless_others_took_the_machine() {
        let late = |late, steal| {
            of(|evidence| {
                evidence.lag.n = 1_000;
                evidence.lag.late = late;
                evidence.environment.machine[2].steal = steal;
            })
        };
        assert_eq!(late(50, Some(0.0)), Audit::default());
        assert_eq!(late(51, Some(0.0)).bottlenecks.len(), 1);
        assert_eq!(late(51, None).bottlenecks.len(), 1, "no excuse without evidence of it");
        let held_up = late(51, Some(0.3));
        assert!(held_up.bottlenecks.is_empty());
        assert_eq!(held_up.caveats, [Caveat::HeldUp { share: 0.051, taken: 0.3 }]);
        let beside = of(|evidence| {
            (evidence.lag.n, evidence.lag.late) = (1_000, 51);
            evidence.environment.machine[2].steal = None;
            evidence.environment.machine[2].others = Some(0.6);
        });
        assert_eq!(beside.caveats, [Caveat::HeldUp { share: 0.051, taken: 0.6 }], "other programs");
    }

    #[test]
    fn connections_that_are_not_kept_are_a_caveat() {
        let opened = |opened, requests| {
            of(|evidence| evidence.connections = Some(Connections { opened, requests })).caveats
        };
        assert!(opened(500, 1_000).is_empty());
        assert_eq!(opened(501, 1_000), [Caveat::Reconnected { opened: 501, requests: 1_000 }]);
        assert!(opened(40, 40).is_empty(), "first connections");
    }

    #[test]
    fn an_invalid_run_is_invalid_whatever_its_findings_and_still_shows_them() {
        let mut evidence = sound();
        evidence.arrivals = vec![Arrivals { phase: STEADY, intended: 100, dropped: 50 }];
        for line in ["hit_rate > 1%", "hit_rate > 99%"] {
            let slos = [line.parse().unwrap()];
            let (before, after) = (judge(&slos, &sound(), 0.95), judge(&slos, &evidence, 0.95));
            assert_eq!(after.verdict, Outcome::Invalid, "{line}");
            assert_eq!(after.findings[0].judgement, before.findings[0].judgement);
            assert!(
                matches!(&after.caveats[..], [Caveat::Bottleneck { what }] if what.contains("50 of 100"))
            );
        }
    }
}
