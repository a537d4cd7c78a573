//! What only the target itself can count: queries, memory, store operations.

use super::measure::{Measurement, SEED, Value};
use super::slo::MemoryScope;
use crate::evidence::{Evidence, Phase, Selection};
use crate::observe::{Scrape, Source};
use crate::stats::batch_means::{self, Slice};
use crate::stats::reduction::{self, Stratum};
use crate::units::count;
use std::collections::BTreeMap;

/// A largest value is read from at least so many scrapes.
pub(crate) const MIN_SCRAPES: u64 = 10;

/// The query count is read within this of a phase's ends.
const SLACK_US: u64 = 2_500_000;

/// 1 − queries ÷ Σ what the same requests cost uncached, each (role, action)
/// costing what its pairs cost.
pub(super) fn query_reduction(selection: &Selection, evidence: &Evidence, confidence: f64) -> Measurement {
    let narrowed = !(selection.roles.is_empty() && selection.actions.is_empty());
    if narrowed {
        return Measurement::absent(
            "the target counts queries for everybody together, not by role or action",
            0,
        );
    }
    let used: Result<f64, String> = selection.phases(evidence).map(|phase| queries_in(evidence, phase)).sum();
    let used = match used {
        Ok(used) => used,
        Err(why) => return Measurement::absent(why, 0),
    };
    let mut requests: BTreeMap<(u16, u16), u64> = BTreeMap::new();
    for cell in
        selection.cells(evidence).filter(|cell| cell.source.in_hit_rate() || cell.source == Source::Bypass)
    {
        *requests.entry((cell.role, cell.action)).or_default() += cell.n;
    }
    let costs = |role: Option<u16>, action: u16| -> Vec<f64> {
        evidence
            .pairs
            .iter()
            .filter(|pair| pair.action == action && role.is_none_or(|role| pair.role == role))
            .filter_map(|pair| pair.queries)
            .collect()
    };
    let mut strata = Vec::new();
    for ((role, action), n) in requests {
        let of_role = costs(Some(role), action);
        // An action that this role had no pairs of costs what it costs others.
        let costs = if of_role.is_empty() { costs(None, action) } else { of_role };
        if costs.is_empty() {
            let name = evidence.actions.get(usize::from(action)).map_or("?", String::as_str);
            return Measurement::absent(format!("no pair told what `{name}` costs uncached"), n);
        }
        strata.push(Stratum { requests: n, costs });
    }
    let n = strata.iter().map(|stratum| stratum.requests).sum();
    let uncached: f64 = strata
        .iter()
        .map(|stratum| {
            stratum.requests as f64 * stratum.costs.iter().sum::<f64>() / stratum.costs.len() as f64
        })
        .sum();
    let note = format!(
        "{} queries for {} reads; uncached they would have cost about {}",
        count(used as u64),
        count(n),
        count(uncached.round() as u64)
    );
    Measurement::estimated(reduction::reduction(used, &strata, confidence, SEED), n, || None).note(Some(note))
}

/// Queries in a phase: the reads are counted over all of it, so the queries must be too.
fn queries_in(evidence: &Evidence, phase: &Phase) -> Result<f64, String> {
    let inside: Vec<(u64, f64)> =
        scrapes(evidence, phase).filter_map(|scrape| Some((scrape.t_us, scrape.queries?))).collect();
    match (inside.first(), inside.last()) {
        (Some((first_us, first)), Some((last_us, last)))
            if first_us - phase.from_us <= SLACK_US && phase.to_us - last_us <= SLACK_US && last >= first =>
        {
            Ok(last - first)
        }
        (Some(_), Some(_)) => {
            Err(format!("the target's query count does not cover all of phase {}", phase.name))
        }
        (None, _) | (_, None) => Err(format!("the target told no query count in phase {}", phase.name)),
    }
}

/// What a scrape says of somebody's memory.
pub(super) fn bytes_of(scrape: &Scrape, scope: MemoryScope) -> Option<f64> {
    match scope {
        MemoryScope::User => scrape.largest_user_bytes,
        MemoryScope::Total => scrape.bytes,
        MemoryScope::Process => scrape.resident_bytes,
    }
}

/// By whose count, and what is said where there is none.
pub(super) fn whose(scope: MemoryScope) -> (&'static str, &'static str) {
    match scope {
        MemoryScope::User | MemoryScope::Total => ("by the cache's own count", "the target told no memory"),
        MemoryScope::Process => (
            "resident memory of the target's process",
            "nobody told the target's resident memory: it is known of the embedded service, and where the \
             target's Prometheus text (`cache.counters.prometheus`) has process_resident_memory_bytes",
        ),
    }
}

/// The largest that any scrape showed: in the whole run, or in the phases that are named.
pub(super) fn memory(scope: MemoryScope, selection: &Selection, evidence: &Evidence) -> Measurement {
    let meant = |scrape: &&Scrape| {
        let phase = evidence.phases.get(usize::from(scrape.phase));
        selection.phases.is_empty() || phase.is_some_and(|phase| selection.phases.contains(&phase.name))
    };
    let seen: Vec<f64> =
        evidence.scrapes.iter().filter(meant).filter_map(|scrape| bytes_of(scrape, scope)).collect();
    let n = seen.len() as u64;
    let (count_of, untold) = whose(scope);
    match seen.into_iter().reduce(f64::max) {
        None => Measurement::absent(untold, 0),
        Some(_) if n < MIN_SCRAPES => {
            Measurement::absent(format!("seen only {n} times; at least {MIN_SCRAPES} are needed"), n)
        }
        Some(value) => Measurement::of(Value::Exact { value, n })
            .note(Some(format!("largest of {} looks, {count_of}", count(n)))),
    }
}

/// Mean time of a store operation in microseconds: batch means over the intervals
/// between scrapes.
pub(super) fn store_operation(
    op: &str,
    selection: &Selection,
    evidence: &Evidence,
    confidence: f64,
) -> Measurement {
    let mut slices = Vec::new();
    for phase in selection.phases(evidence) {
        let inside: Vec<_> =
            scrapes(evidence, phase).filter_map(|scrape| scrape.store_operations.get(op)).collect();
        slices.extend(inside.windows(2).filter(|pair| pair[1].count >= pair[0].count).map(|pair| Slice {
            numerator: (pair[1].seconds - pair[0].seconds) * 1e6,
            denominator: pair[1].count - pair[0].count,
        }));
    }
    let n = slices.iter().map(|slice| slice.denominator).sum::<f64>() as u64;
    if n == 0 {
        return Measurement::absent(
            format!("the target told of no `{op}` operations in the phases that are meant"),
            0,
        );
    }
    Measurement::estimated(batch_means::ratio(&slices, confidence), n, || batch_means::plain(&slices))
}

/// Scrapes within a phase.
pub(super) fn scrapes<'a>(evidence: &'a Evidence, phase: &'a Phase) -> impl Iterator<Item = &'a Scrape> {
    evidence.scrapes.iter().filter(|scrape| (phase.from_us..=phase.to_us).contains(&scrape.t_us))
}
