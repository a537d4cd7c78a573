//! Evidence and verdict to one view model: words and numbers in the order in which a
//! stranger wants them.

use super::breakpoint::{Breakpoint, breakpoints};
use super::ledger;
use super::words::{Line, expectation, gaps, headline, interval, line};
use crate::evidence::{Cell, Evidence, Selection};
use crate::observe::Source;
use crate::stats::{paired, quantile};
use crate::units::{Unit, bytes, count, duration, micros, percent, times};
use crate::verdict::Verdict;
use std::time::Duration;

/// What every report shows.
#[derive(Debug)]
pub struct View {
    /// Run id.
    pub id: String,
    /// Name of the scenario and what it says of itself.
    pub scenario: String,
    /// What the scenario says of itself.
    pub about: String,
    /// `pass`, `fail`, `inconclusive` or `invalid`.
    pub outcome: &'static str,
    /// The verdict in one sentence.
    pub headline: String,
    /// Confidence of the intervals, as in `95 %`.
    pub confidence: String,
    /// What stands above the intervals of the lines, as in `95 % interval, decided at 98 %`.
    pub interval: String,
    /// One line each SLO.
    pub lines: Vec<Line>,
    /// Sources by role.
    pub roles: Vec<SourceRow>,
    /// What was expected of a perfect cache: role; expected, its interval, measured, its interval.
    pub expected: Vec<(String, Vec<String>)>,
    /// Gaps between the two, in words.
    pub gaps: Vec<String>,
    /// Latency by source: label and cells.
    pub latency: Vec<(String, Vec<String>)>,
    /// What the cache does to all traffic, a sentence each.
    pub effect: Vec<String>,
    /// The client's ledger beside other people's counters: label and cells.
    pub ledger: Vec<(String, Vec<String>)>,
    /// What there is to say of that.
    pub ledger_notes: Vec<String>,
    /// Confirmed violations: in words, and how to repeat them.
    pub violations: Vec<(String, String)>,
    /// Pairs by action: label and cells.
    pub pairs: Vec<(String, Vec<String>)>,
    /// How much load it took.
    pub breakpoints: Vec<Breakpoint>,
    /// What was not checked.
    pub unchecked: Vec<String>,
    /// What weakens the evidence.
    pub caveats: Vec<String>,
    /// Environment and how to repeat: name and value.
    pub facts: Vec<(String, String)>,
}

/// Who served a role's reads.
#[derive(Clone, Debug)]
pub struct SourceRow {
    /// The role, or "all".
    pub role: String,
    /// Hit rate, or a dash.
    pub hit_rate: String,
    /// (source, responses), only those that occurred.
    pub sources: Vec<(&'static str, u64)>,
    /// Of the hits, answered 304.
    pub validated: u64,
    /// Of the reads, a person's first of that URL.
    pub firsts: u64,
}

/// Turns evidence and verdict into what reports show.
pub fn compose(evidence: &Evidence, verdict: &Verdict) -> View {
    View {
        id: verdict.run.id.clone(),
        scenario: verdict.run.scenario.clone(),
        about: verdict.run.about.clone(),
        outcome: verdict.verdict.as_str(),
        headline: headline(verdict),
        confidence: Unit::Ratio.show_target(verdict.confidence),
        interval: interval(verdict),
        lines: verdict.findings.iter().map(line).collect(),
        roles: evidence
            .roles
            .iter()
            .map(|role| sources(role, &Selection::of_role(role), evidence))
            .chain([sources("all", &Selection::default(), evidence)])
            .collect(),
        expected: verdict.expectations.iter().map(expectation).collect(),
        gaps: gaps(verdict),
        latency: latency(evidence),
        effect: verdict.effect.as_ref().map(crate::verdict::Effect::sentences).unwrap_or_default(),
        ledger: ledger::rows(verdict),
        ledger_notes: ledger::notes(verdict),
        violations: verdict
            .violations
            .iter()
            .map(|violation| (ledger::violation(violation), violation.reproduce.clone()))
            .collect(),
        pairs: pairs(evidence),
        breakpoints: breakpoints(evidence),
        unchecked: verdict
            .checks
            .iter()
            .filter_map(|check| Some(format!("{}: {}", check.oracle, check.why.as_ref()?)))
            .collect(),
        caveats: verdict.caveats.iter().map(ToString::to_string).collect(),
        facts: facts(evidence),
    }
}

fn sources(role: &str, selection: &Selection, evidence: &Evidence) -> SourceRow {
    let mut row =
        SourceRow { role: role.into(), hit_rate: "–".into(), sources: Vec::new(), validated: 0, firsts: 0 };
    let (mut hits, mut reads) = (0, 0);
    for source in Source::ALL {
        let mut n = 0;
        for cell in selection.cells(evidence).filter(|cell| cell.source == source) {
            n += cell.n;
            if source.is_hit() {
                hits += cell.n;
                row.validated += cell.validated;
            }
            if source.in_hit_rate() {
                reads += cell.n;
                row.firsts += cell.firsts;
            }
        }
        if n > 0 {
            row.sources.push((source.as_str(), n));
        }
    }
    if reads > 0 {
        row.hit_rate = percent(hits as f64 / reads as f64);
    }
    row
}

/// Quantiles by source; bypassed reads are those of the pairs.
fn latency(evidence: &Evidence) -> Vec<(String, Vec<String>)> {
    const QUANTILES: [f64; 4] = [0.5, 0.9, 0.99, 0.999];
    by_source(evidence)
        .into_iter()
        .map(|(source, counts)| {
            let n: u64 = counts.iter().map(|(_, n)| n).sum();
            let mut cells = vec![count(n)];
            cells.extend(QUANTILES.iter().map(|q| {
                // Fewer samples than a quantile needs say nothing about it.
                if n < quantile::samples_needed(*q, 0.95) {
                    return "–".into();
                }
                quantile::quantile(&counts, *q).map_or_else(|| "–".into(), |us| micros(us as f64))
            }));
            (source.as_str().into(), cells)
        })
        .collect()
}

/// Latencies of each source that occurred: in the measured phases, and in the pairs for
/// bypassed reads, which people do not make.
pub(super) fn by_source(evidence: &Evidence) -> Vec<(Source, quantile::Counts)> {
    let pairs: Vec<String> = evidence
        .phases
        .iter()
        .filter(|phase| phase.kind == crate::scenario::Kind::Pairs)
        .map(|phase| phase.name.clone())
        .collect();
    [
        Source::Hit,
        Source::Coalesced,
        Source::Aggregate,
        Source::Stale,
        Source::Miss,
        Source::Bypass,
        Source::Unknown,
        Source::Write,
    ]
    .into_iter()
    .filter_map(|source| {
        let mut selection = Selection::of_sources(&[source]);
        if source == Source::Bypass && selection.n(evidence) == 0 && !pairs.is_empty() {
            selection.phases.clone_from(&pairs);
        }
        let counts = quantile::merge(&selection.latencies(evidence));
        (!counts.is_empty()).then_some((source, counts))
    })
    .collect()
}

fn pairs(evidence: &Evidence) -> Vec<(String, Vec<String>)> {
    evidence
        .actions
        .iter()
        .enumerate()
        .filter_map(|(index, action)| {
            let of: Vec<_> = evidence.pairs.iter().filter(|pair| usize::from(pair.action) == index).collect();
            let n = of.len() as f64;
            if of.is_empty() {
                return None;
            }
            let mean = |value: fn(&crate::evidence::PairRecord) -> f64| {
                of.iter().map(|pair| value(pair)).sum::<f64>() / n
            };
            let (cached, uncached) =
                (mean(|pair| pair.cached_us as f64), mean(|pair| pair.uncached_us as f64));
            let costs: Vec<f64> = of.iter().filter_map(|pair| pair.queries).collect();
            let queries = if costs.is_empty() {
                "–".into()
            } else {
                format!("{:.1}", costs.iter().sum::<f64>() / costs.len() as f64)
            };
            let selection = Selection { actions: vec![action.clone()], ..Selection::default() };
            let ratios = selection.speed_pairs(evidence);
            let dropped = selection.pairs_dropped(evidence);
            let cells = vec![
                count(of.len() as u64),
                count(dropped),
                micros(uncached),
                micros(cached),
                times(uncached / cached),
                paired::median_ratio(&ratios).map_or_else(|| "–".into(), times),
                queries,
            ];
            Some((action.clone(), cells))
        })
        .collect()
}

/// Requests that were sent, and copies that browsers showed without sending one.
fn requests<'a>(cells: impl Iterator<Item = &'a Cell>) -> (u64, u64) {
    cells.fold((0, 0), |(sent, copies), cell| match cell.source {
        Source::Browser => (sent, copies + cell.n),
        Source::Hit
        | Source::Coalesced
        | Source::Aggregate
        | Source::Stale
        | Source::Miss
        | Source::Bypass
        | Source::Error
        | Source::Unknown
        | Source::Write => (sent + cell.n, copies),
    })
}

fn asked<'a>(cells: impl Iterator<Item = &'a Cell>) -> String {
    let (sent, copies) = requests(cells);
    count(sent) + &shown(copies)
}

fn shown(copies: u64) -> String {
    if copies == 0 { String::new() } else { format!(", {} shown from browsers", count(copies)) }
}

fn facts(evidence: &Evidence) -> Vec<(String, String)> {
    let run = &evidence.run;
    let mut facts = vec![
        ("Run".into(), run.id.clone()),
        ("Started".into(), run.started_at.clone()),
        ("Took".into(), duration(Duration::from_secs_f64(run.seconds))),
        (
            "Target".into(),
            run.store
                .as_ref()
                .map_or_else(|| run.target.clone(), |store| format!("{}, store: {store}", run.target)),
        ),
        (
            "People at work".into(),
            run.users.iter().map(|(role, users)| format!("{users} {role}")).collect::<Vec<_>>().join(", "),
        ),
        ("Requests".into(), asked(evidence.cells.iter())),
        ("Clock".into(), format!("{} scenario seconds per second", run.time_scale)),
        ("Seed".into(), run.seed.to_string()),
        ("cacheproof".into(), run.version.clone()),
        (
            "Machine".into(),
            format!("{}, {} processors", evidence.environment.platform, evidence.environment.cpus),
        ),
    ];
    for machine in &evidence.environment.machine {
        let optional = |name: &str, share: Option<f64>| {
            share.map(|share| format!(", {name} {}", percent(share))).unwrap_or_default()
        };
        facts.push((
            format!("Processors in {}", machine.phase),
            format!(
                "generator {}{}{}{} over {}",
                percent(machine.generator),
                optional("target", machine.target),
                optional("other programs", machine.others),
                optional("taken by others", machine.steal),
                duration(Duration::from_secs_f64(machine.seconds))
            ),
        ));
    }
    for phase in evidence.phases.iter().filter(|phase| phase.to_us > phase.from_us) {
        let named = Selection { phases: vec![phase.name.clone()], ..Selection::default() };
        let (n, copies) = requests(named.cells(evidence));
        let seconds = (phase.to_us - phase.from_us) as f64 / 1e6;
        facts.push((
            format!("Phase {}", phase.name),
            format!(
                "{seconds:.0} s, {} requests, {:.0}/s{}{}",
                count(n),
                n as f64 / seconds,
                shown(copies),
                phase
                    .peak_in_flight
                    .map(|peak| format!(", at most {} under way at once", count(peak.into())))
                    .unwrap_or_default()
            ),
        ));
    }
    facts.push((
        "Sent off late".into(),
        format!(
            "half below {}, 99 % below {}",
            micros(evidence.lag.p50_us as f64),
            micros(evidence.lag.p99_us as f64)
        ),
    ));
    let largest = evidence.scrapes.iter().filter_map(|scrape| scrape.bytes).reduce(f64::max);
    if let Some(largest) = largest {
        facts.push(("Largest cache".into(), bytes(largest)));
    }
    facts
}
