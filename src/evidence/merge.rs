//! The evidence of several generators that drove one target at the same time, made one.
//!
//! In: the evidence of each. Out: [`Evidence`] with every count, histogram and pair of theirs on
//! one clock, or why they do not belong together. It loses nothing that is counted: cells and
//! histograms are summed, people whom several generators knew are the same cluster again
//! ([`Evidence::roster`]). What cannot be summed it says: quantiles of lag and peaks are the
//! worst generator's, each generator is audited by itself ([`Generator`]), and what a perfect
//! cache would reach is left out, since it was replayed for one generator's people alone.

mod align;
mod counts;
mod load;
mod names;
mod people;
#[cfg(test)]
mod tests;

use super::{Caveat, Environment, Evidence, Phase, Run, SCHEMA_VERSION};
use align::Clock;
use names::Indices;
use people::People;
use std::collections::BTreeMap;

/// Why evidence cannot be made one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// Fewer than two.
    #[error("merging takes the run folders of at least two generators")]
    TooFew,
    /// Each embedded target is a service of its own.
    #[error(
        "{id} drove the embedded service, which is a target of its own; let every generator drive the same \
         one with --target"
    )]
    Embedded {
        /// The run.
        id: String,
    },
    /// They measured different things.
    #[error("{other} does not belong to {first}: {what} differs ({ours} and {theirs})")]
    Unlike {
        /// The first run.
        first: String,
        /// The one that differs from it.
        other: String,
        /// In what.
        what: &'static str,
        /// Of the first.
        ours: String,
        /// Of the other.
        theirs: String,
    },
    /// It ended when it was decided, by its own reads alone.
    #[error("{id} was ended early by --until-decided: what stopped it were its own reads, not those of all")]
    Decided {
        /// The run.
        id: String,
    },
    /// They did not drive together.
    #[error(
        "{other} did not drive at the same time as the others: its phase {phase} was over before theirs began"
    )]
    Apart {
        /// The one that was over.
        other: String,
        /// The phase.
        phase: String,
    },
    /// A run of unknown beginning.
    #[error("{id}: `{started_at}` is not a moment of time")]
    NoBeginning {
        /// The run.
        id: String,
        /// What stands there.
        started_at: String,
    },
    /// The same evidence twice would count everything twice.
    #[error("{id} is given twice")]
    Twice {
        /// The run.
        id: String,
    },
}

/// One generator's evidence, and where everything in it goes.
struct Part<'a> {
    evidence: &'a Evidence,
    clock: Clock,
    indices: Indices,
    people: People,
}

/// Makes the evidence of several generators one. The first is what the others are held against;
/// roles, actions and phases keep its order.
///
/// # Errors
/// [`MergeError`] where they do not belong together.
pub fn merge(all: &[Evidence]) -> Result<Evidence, MergeError> {
    let first = all.first().filter(|_| all.len() > 1).ok_or(MergeError::TooFew)?;
    names::belong(all)?;
    let (clocks, slice_us) = align::clocks(all)?;
    let phases = names::phases(all);
    let (people, roster) = people::align(all);
    let parts: Vec<Part<'_>> = all
        .iter()
        .zip(clocks)
        .zip(people)
        .map(|((evidence, clock), people)| {
            let indices = Indices::new(first, &phases, evidence);
            Part { evidence, clock, indices, people }
        })
        .collect();
    let phases = together(&parts, phases)?;
    let mut caveats = align::caveats(&parts, slice_us, &phases);
    caveats.extend(people::caveat(&parts));
    caveats.extend(theirs(all));
    let machine = load::worst(&parts, &phases);
    Ok(Evidence {
        sequential: None,
        schema_version: SCHEMA_VERSION,
        run: run(&parts),
        roles: first.roles.clone(),
        actions: first.actions.clone(),
        slice_us,
        cluster: first.cluster.clone(),
        roster,
        cells: counts::cells(&parts),
        histograms: counts::histograms(&parts),
        response_times: counts::response_times(&parts),
        pairs: parts.iter().flat_map(counts::pairs).collect(),
        pairs_dropped: counts::dropped(&parts),
        scrapes: scrapes(&parts),
        faults: sum_by(all.iter().flat_map(|one| one.faults.iter().map(|(kind, n)| (kind.clone(), *n)))),
        lag: load::lag(all.iter().map(|one| &one.lag)),
        arrivals: load::arrivals(&parts),
        connections: load::connections(all),
        breakpoints: load::steps(&parts),
        environment: Environment {
            platform: either(all.iter().map(|one| one.environment.platform.as_str())),
            cpus: all.iter().map(|one| one.environment.cpus).sum(),
            machine,
        },
        generators: parts.iter().flat_map(load::generators).collect(),
        expected: Vec::new(),
        caveats,
        interrupted: all.iter().any(|one| one.interrupted),
        phases,
    })
}

fn sum_by<K: Ord>(parts: impl Iterator<Item = (K, u64)>) -> BTreeMap<K, u64> {
    let mut sums = BTreeMap::new();
    for (key, n) in parts {
        *sums.entry(key).or_default() += n;
    }
    sums
}

/// The text that all have, or each of them.
fn either<'a>(all: impl Iterator<Item = &'a str>) -> String {
    let mut texts: Vec<&str> = all.collect();
    texts.dedup();
    texts.join(" and ")
}

/// Each phase from the first generator's beginning of it to the last one's end. Its peak is the
/// busiest generator's: at least so many were under way, and at most the sum.
fn together(parts: &[Part<'_>], phases: Vec<Phase>) -> Result<Vec<Phase>, MergeError> {
    let mut merged = Vec::with_capacity(phases.len());
    for (index, phase) in (0_u16..).zip(phases) {
        let spans: Vec<(&Part<'_>, &Phase)> = parts
            .iter()
            .flat_map(|part| {
                part.evidence.phases.iter().zip(&part.indices.phases).map(move |(own, to)| (part, own, to))
            })
            .filter(|(.., to)| **to == index)
            .map(|(part, own, _)| (part, own))
            .collect();
        let at = |(part, own): &(&Part<'_>, &Phase)| (part.clock.at(own.from_us), part.clock.at(own.to_us));
        let latest = spans.iter().map(|span| at(span).0).max().unwrap_or(0);
        let apart = spans.iter().find(|span| phase.measured && at(span).1 < latest);
        if let Some((other, _)) = apart {
            return Err(MergeError::Apart { other: other.evidence.run.id.clone(), phase: phase.name });
        }
        merged.push(Phase {
            from_us: spans.iter().map(|span| at(span).0).min().unwrap_or(0),
            to_us: spans.iter().map(|span| at(span).1).max().unwrap_or(0),
            peak_in_flight: spans.iter().filter_map(|(_, own)| own.peak_in_flight).max(),
            ..phase
        });
    }
    Ok(merged)
}

fn run(parts: &[Part<'_>]) -> Run {
    let first = &parts[0].evidence.run;
    let earliest =
        parts.iter().min_by_key(|part| part.clock.after_us).map_or(first, |part| &part.evidence.run);
    let ends = parts.iter().map(|part| part.clock.after_us as f64 / 1e6 + part.evidence.run.seconds);
    let mut users: Vec<(String, u32)> = Vec::new();
    for (role, n) in parts.iter().flat_map(|part| &part.evidence.run.users) {
        match users.iter_mut().find(|(known, _)| known == role) {
            Some((_, sum)) => *sum += n,
            None => users.push((role.clone(), *n)),
        }
    }
    Run {
        started_at: earliest.started_at.clone(),
        started_us: earliest.started_us,
        seconds: ends.fold(0.0, f64::max),
        store: parts.iter().find_map(|part| part.evidence.run.store.clone()),
        users,
        ..first.clone()
    }
}

/// All read the same counters of one target: the fullest series is kept.
fn scrapes(parts: &[Part<'_>]) -> Vec<crate::observe::Scrape> {
    let mut fullest = &parts[0];
    for part in parts {
        if part.evidence.scrapes.len() > fullest.evidence.scrapes.len() {
            fullest = part;
        }
    }
    let moved = |scrape: &crate::observe::Scrape| crate::observe::Scrape {
        t_us: fullest.clock.at(scrape.t_us),
        phase: fullest.indices.phase(scrape.phase),
        ..scrape.clone()
    };
    fullest.evidence.scrapes.iter().map(moved).collect()
}

/// Everybody's caveats, each once; with the generator's id where not all have it.
fn theirs(all: &[Evidence]) -> Vec<Caveat> {
    let mut told: Vec<Caveat> = Vec::new();
    for one in all {
        for caveat in &one.caveats {
            let caveat = if all.iter().all(|other| other.caveats.contains(caveat)) {
                caveat.clone()
            } else {
                Caveat::Generator { id: one.run.id.clone(), what: Box::new(caveat.clone()) }
            };
            if !told.contains(&caveat) {
                told.push(caveat);
            }
        }
    }
    told
}
