//! Labels of an SLO line: which metric has which, and what their values mean.

use super::parse::{At, ratio};
use super::slo::{Burn, Concurrent, MemoryScope, Metric};
use crate::evidence::Selection;

/// The 0-based offset of what is wrong, and what would be accepted.
type Mistake = (usize, String);

/// A label and its value.
pub(super) type Label = (At<String>, At<String>);

/// Takes one label over.
pub(super) fn apply(
    metric: &mut Metric,
    selection: &mut Selection,
    label: &At<String>,
    value: &At<String>,
) -> Result<(), Mistake> {
    let wanted = value.value.clone();
    match (metric, label.value.as_str()) {
        (Metric::MaxMemory { scope } | Metric::MemorySlope { scope }, "scope") => {
            *scope = one_of(MemoryScope::ALL, MemoryScope::as_str, "scope", value)?;
        }
        (Metric::PeakConcurrency { of }, "of") => {
            *of = one_of(Concurrent::ALL, Concurrent::as_str, "of", value)?;
        }
        (Metric::BurnRate { of, .. }, "of") => *of = one_of(Burn::ALL, Burn::as_str, "of", value)?,
        (Metric::BurnRate { budget, .. }, "budget") => {
            let share = ratio(&wanted).filter(|share| *share > 0.0 && *share <= 1.0);
            *budget = share.ok_or_else(|| {
                (value.offset, format!("\"{wanted}\" is no budget; write a share above 0 like \"0.1%\""))
            })?;
        }
        (Metric::MeanStoreOperation { op }, "op") => *op = wanted,
        (Metric::Violations { oracle }, "oracle") => *oracle = Some(wanted),
        (Metric::Latency { .. } | Metric::MeanLatency, "source") => {
            let source = wanted.parse().map_err(|()| {
                (value.offset, format!("unknown source \"{wanted}\"; there are hit, coalesced, aggregate, stale, miss, bypass, error and unknown"))
            })?;
            selection.sources.push(source);
        }
        (Metric::ResponseTime { .. } | Metric::MeanResponseTime, "source") => {
            let what = "response_time counts from the intended start: what stood in the way may have been \
                        another source, so it has no `source`; latency has it";
            return Err((label.offset, what.into()));
        }
        (
            Metric::MaxMemory { .. } | Metric::MemorySlope { .. } | Metric::MeanStoreOperation { .. },
            "phase",
        ) => selection.phases.push(wanted),
        (Metric::MaxMemory { .. } | Metric::MemorySlope { .. }, other) => {
            return Err((label.offset, format!("memory has no label `{other}`; it has scope and phase")));
        }
        (Metric::MeanStoreOperation { .. }, other) => {
            return Err((
                label.offset,
                format!("store_operation has no label `{other}`; it has op and phase"),
            ));
        }
        (Metric::Violations { .. }, other) => {
            return Err((label.offset, format!("violations has no label `{other}`; it has oracle")));
        }
        (Metric::Speedup, "phase") => {
            return Err((
                label.offset,
                "speedup is over pairs, not over a phase; it has role and action".into(),
            ));
        }
        (_, "role") => selection.roles.push(wanted),
        (_, "action") => selection.actions.push(wanted),
        (_, "phase") => selection.phases.push(wanted),
        (Metric::BurnRate { .. }, other) => {
            let what = format!("unknown label `{other}`; burn_rate has budget, of, role, action and phase");
            return Err((label.offset, what));
        }
        (Metric::PeakConcurrency { .. }, other) => {
            let what = format!(
                "unknown label `{other}`; concurrency has of, phase and, for people, role and action"
            );
            return Err((label.offset, what));
        }
        (_, other) => {
            return Err((
                label.offset,
                format!("unknown label `{other}`; there are role, action, phase and, for latency, source"),
            ));
        }
    }
    Ok(())
}

/// What the labels of a metric lack, or hold that does not go together; `name` is where the
/// metric's name stands.
pub(super) fn check(metric: &Metric, labels: &[Label], name: usize) -> Result<(), Mistake> {
    let find = |wanted: &str| labels.iter().find(|(label, _)| label.value == wanted);
    let needs = |wanted: &str, what: &str| match find(wanted) {
        Some(_) => Ok(()),
        None => Err((name, what.to_owned())),
    };
    match metric {
        Metric::MeanStoreOperation { .. } => {
            needs("op", "store_operation needs a label op=\"read\", \"write\" or \"invalidate\"")
        }
        Metric::BurnRate { .. } => needs(
            "budget",
            "burn_rate needs a label budget=\"0.1%\", the share that may fail in the long run",
        ),
        Metric::PeakConcurrency { of } => {
            needs("of", "concurrency needs a label of=\"requests\" or of=\"people\"")?;
            match (of, find("role").or_else(|| find("action"))) {
                (Concurrent::Requests, Some((label, _))) => {
                    let what = "requests under way are counted for everybody together; of=\"people\" has role and action";
                    Err((label.offset, what.into()))
                }
                (Concurrent::Requests, None) | (Concurrent::People, _) => Ok(()),
            }
        }
        Metric::HitRate
        | Metric::EffectiveHitRate
        | Metric::Speedup
        | Metric::Latency { .. }
        | Metric::MeanLatency
        | Metric::ResponseTime { .. }
        | Metric::MeanResponseTime
        | Metric::DbQueryReduction
        | Metric::MaxMemory { .. }
        | Metric::MemorySlope { .. }
        | Metric::ErrorRate
        | Metric::Violations { .. } => Ok(()),
    }
}

/// The one that is written, or which there are.
fn one_of<T: Copy, const N: usize>(
    all: [T; N],
    name: fn(T) -> &'static str,
    label: &str,
    value: &At<String>,
) -> Result<T, Mistake> {
    all.into_iter().find(|one| name(*one) == value.value).ok_or_else(|| {
        let known: Vec<String> = all.into_iter().map(|one| format!("\"{}\"", name(one))).collect();
        (value.offset, format!("unknown {label} \"{}\"; there are {}", value.value, known.join(", ")))
    })
}
