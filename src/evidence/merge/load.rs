//! How the load was sent: summed where that can be, the worst where it cannot, and each
//! generator by itself for the audit.

use super::Part;
use crate::evidence::{Arrivals, Connections, Evidence, Generator, Lag, Machine, Phase, Step};
use std::collections::BTreeMap;

/// Counts are summed. Of quantiles the largest is kept: that of all together lies between the
/// least and the largest of the parts.
pub(super) fn lag<'a>(all: impl Iterator<Item = &'a Lag>) -> Lag {
    all.fold(Lag::default(), |sum, one| Lag {
        n: sum.n + one.n,
        late: sum.late + one.late,
        p50_us: sum.p50_us.max(one.p50_us),
        p99_us: sum.p99_us.max(one.p99_us),
        max_us: sum.max_us.max(one.max_us),
    })
}

fn own_arrivals(part: &Part<'_>) -> Vec<Arrivals> {
    let moved = |own: &Arrivals| Arrivals { phase: part.indices.phase(own.phase), ..own.clone() };
    part.evidence.arrivals.iter().map(moved).collect()
}

pub(super) fn arrivals(parts: &[Part<'_>]) -> Vec<Arrivals> {
    let mut sums: BTreeMap<u16, Arrivals> = BTreeMap::new();
    for own in parts.iter().flat_map(own_arrivals) {
        let sum = sums.entry(own.phase).or_insert(Arrivals { intended: 0, dropped: 0, ..own });
        sum.intended += own.intended;
        sum.dropped += own.dropped;
    }
    sums.into_values().collect()
}

/// Of those who counted any; the audit looks at each by itself.
pub(super) fn connections(all: &[Evidence]) -> Option<Connections> {
    let counted = all.iter().filter_map(|one| one.connections.clone());
    counted.reduce(|sum, own| Connections {
        opened: sum.opened + own.opened,
        requests: sum.requests + own.requests,
    })
}

/// The steps that all took, one by one: rates add up, of each limit the worst value is kept,
/// and a step is within the limits only if it was for everybody.
pub(super) fn steps(parts: &[Part<'_>]) -> Vec<Step> {
    let own = |part: &Part<'_>| -> Vec<Step> {
        let moved = |step: &Step| Step { phase: part.indices.phase(step.phase), ..step.clone() };
        part.evidence.breakpoints.iter().map(moved).collect()
    };
    let mut steps = own(&parts[0]);
    for other in parts[1..].iter().map(own) {
        steps.truncate(other.len());
        for (sum, own) in steps.iter_mut().zip(other) {
            sum.rate += own.rate;
            sum.achieved += own.achieved;
            sum.dropped += own.dropped;
            for ((line, value), (_, more)) in sum.values.iter_mut().zip(own.values) {
                *value = worse(line, *value, more);
            }
            sum.within &= own.within;
            sum.why = match (sum.why.take(), own.why) {
                (Some(a), Some(b)) if a != b => Some(format!("{a}; {b}")),
                (a, b) => a.or(b),
            };
        }
    }
    steps
}

/// The value that is further from what a line wants; nothing where either is absent.
fn worse(line: &str, a: Option<f64>, b: Option<f64>) -> Option<f64> {
    let (a, b) = (a?, b?);
    // A limit that wants much is written with `>`.
    Some(if line.contains('>') { a.min(b) } else { a.max(b) })
}

/// Of each phase the machine of the generator that was closest to its limit, for the report; the
/// audit looks at each.
pub(super) fn worst(parts: &[Part<'_>], phases: &[Phase]) -> Vec<Machine> {
    let used =
        |machine: &Machine| machine.generator / (1.0 - machine.steal.unwrap_or(0.0)).max(f64::MIN_POSITIVE);
    let of_phase = |index: usize| {
        let all =
            parts.iter().flat_map(|part| part.indices.phases.iter().zip(&part.evidence.environment.machine));
        let of = all.filter(move |(phase, _)| usize::from(**phase) == index).map(|(_, machine)| machine);
        of.max_by(|a, b| used(a).total_cmp(&used(b))).cloned()
    };
    phases
        .iter()
        .enumerate()
        .map(|(index, phase)| {
            of_phase(index).unwrap_or_else(|| Machine { phase: phase.name.clone(), ..Machine::default() })
        })
        .collect()
}

/// A generator that was merged before keeps its generators.
pub(super) fn generators(part: &Part<'_>) -> Vec<Generator> {
    let one = part.evidence;
    if !one.generators.is_empty() {
        let moved = |own: &Generator| Generator { after_us: part.clock.at(own.after_us), ..own.clone() };
        return one.generators.iter().map(moved).collect();
    }
    let mut machine = vec![Machine::default(); one.phases.len()];
    for (own, phase) in one.environment.machine.iter().zip(&part.indices.phases) {
        let at = usize::from(*phase);
        machine.resize(machine.len().max(at + 1), Machine::default());
        machine[at] = own.clone();
    }
    vec![Generator {
        id: one.run.id.clone(),
        seed: one.run.seed,
        after_us: part.clock.after_us,
        machine,
        lag: one.lag.clone(),
        arrivals: own_arrivals(part),
        connections: one.connections.clone(),
    }]
}
