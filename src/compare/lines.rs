//! What is compared: the SLO lines of both runs, and the figures of each role, action and source.

use super::{Better, Side};
use crate::evidence::{Evidence, Selection};
use crate::observe::Source;
use crate::stats::quantile::samples_needed;
use crate::verdict::{Metric, Op, Slo};
use std::collections::BTreeMap;

/// Fewer samples than this in a run are no row: batch means ask for as many.
const ENOUGH: u64 = 100;

/// A figure and which way is better.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// How it is measured, in the base and in the new run.
    pub(super) base: Slo,
    pub(super) new: Slo,
    /// What it is called.
    pub(super) name: String,
    pub(super) better: Better,
    /// What was asked, where it was.
    pub(super) target: Option<f64>,
}

/// The lines of either run, in the order of the new one, then what only the base asks. Lines
/// that differ in their target alone are one: the target is not what is compared.
pub(super) fn of_slos(base: Side<'_>, new: Side<'_>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let alike = |a: &Slo, b: &Slo| {
        a.metric == b.metric && a.selection == b.selection && a.window == b.window && better(a) == better(b)
    };
    for slo in new.slos.iter().chain(base.slos) {
        // Oracles that do not exist yet have no figure to compare.
        if matches!(slo.metric, Metric::Violations { .. }) || lines.iter().any(|line| alike(&line.new, slo)) {
            continue;
        }
        lines.push(Line {
            // A figure that only one run asks for is measured in both all the same.
            base: base.slos.iter().find(|other| alike(other, slo)).unwrap_or(slo).clone(),
            new: slo.clone(),
            name: slo.text.clone(),
            better: better(slo),
            target: Some(slo.target),
        });
    }
    lines
}

fn better(slo: &Slo) -> Better {
    match slo.op {
        Op::Above | Op::AtLeast => Better::Higher,
        Op::Below | Op::AtMost | Op::Equal => Better::Lower,
    }
}

/// Samples by role, action and source, by name.
type Samples<'a> = BTreeMap<(&'a str, &'a str, Source), u64>;

fn samples(evidence: &Evidence) -> Samples<'_> {
    let mut samples = Samples::new();
    for cell in Selection::default().cells(evidence) {
        let names =
            (evidence.roles.get(usize::from(cell.role)), evidence.actions.get(usize::from(cell.action)));
        if let (Some(role), Some(action)) = names {
            *samples.entry((role, action, cell.source)).or_default() += cell.n;
        }
    }
    samples
}

/// The hit rate of each role and action, and mean, p50 and p99 of each of their sources, where
/// both runs have samples enough. A copy that a browser showed took no time, and an error has a
/// rate of its own.
pub(super) fn of_traffic(base: &Evidence, new: &Evidence, confidence: f64) -> Vec<Line> {
    let (base, new) = (samples(base), samples(new));
    let mut reads: BTreeMap<(&str, &str), [u64; 2]> = BTreeMap::new();
    for (side, samples) in [&base, &new].into_iter().enumerate() {
        for ((role, action, _), n) in samples.iter().filter(|((.., source), _)| source.in_hit_rate()) {
            reads.entry((role, action)).or_default()[side] += n;
        }
    }
    let mut lines = Vec::new();
    for ((role, action), n) in reads {
        if n.into_iter().min() >= Some(ENOUGH) {
            let names = format!(r#"{{role="{role}",action="{action}"}}"#);
            lines.push(line(
                format!("hit_rate{names}"),
                Metric::HitRate,
                selection(role, action, &[]),
                Better::Higher,
            ));
        }
    }
    for ((role, action, source), n) in base {
        let least = n.min(new.get(&(role, action, source)).copied().unwrap_or(0));
        if least < ENOUGH || matches!(source, Source::Browser | Source::Error) {
            continue;
        }
        let names = format!(r#"(latency{{role="{role}",action="{action}",source="{}"}})"#, source.as_str());
        let mut add = |name: &str, metric| {
            let selection = selection(role, action, &[source]);
            lines.push(line(format!("{name}{names}"), metric, selection, Better::Lower));
        };
        add("mean", Metric::MeanLatency);
        for (name, quantile) in [("p50", 0.5), ("p99", 0.99)] {
            if least >= samples_needed(quantile, confidence) {
                add(name, Metric::Latency { quantile });
            }
        }
    }
    lines
}

fn selection(role: &str, action: &str, sources: &[Source]) -> Selection {
    Selection {
        roles: vec![role.into()],
        actions: vec![action.into()],
        sources: sources.to_vec(),
        ..Selection::default()
    }
}

/// A figure that nobody asked for: a line that every value meets, so that the judge says only
/// what keeps it from being judged.
fn line(name: String, metric: Metric, selection: Selection, better: Better) -> Line {
    let slo = Slo { text: name.clone(), metric, selection, op: Op::AtLeast, target: 0.0, window: None };
    Line { base: slo.clone(), new: slo, name, better, target: None }
}
