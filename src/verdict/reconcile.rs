//! The client's ledger beside what the service and its Redis counted in the same time: whoever
//! disagrees miscounts, or answers from somewhere that nobody counts.

mod agreement;
mod window;

use agreement::judge;
use window::Window;

use super::measure::{Measurement, Value};
use super::{Check, CheckOutcome, Severity, Violation};
use crate::evidence::Evidence;
use crate::observe::{Scrape, Source};
use crate::units::count;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One counter, by the client and by somebody else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reconciliation {
    /// What is counted.
    pub counter: Counter,
    /// Who else counted it.
    pub by: Counted,
    /// Responses of that kind that the client received between the first and the last reading.
    pub ledger: u64,
    /// The fewest and the most that the other may have counted in that time: requests were under
    /// way at both readings, and some answers do not say what they were.
    pub between: [u64; 2],
    /// What the other counted.
    pub counted: Option<u64>,
    /// Whether the two agree.
    pub agreement: Agreement,
    /// Why not, or why that cannot be told.
    pub note: Option<String>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Counter {
    /// Reads that the cache served.
    Hits,
    /// Reads that it did not serve.
    Misses,
    /// Reads around it.
    Bypasses,
    /// Keys that were looked up: at least one for each read that the store was asked for.
    Lookups,
}

/// Who counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// The service itself.
    Service,
    /// `INFO` of its Redis.
    Redis,
}

/// Whether two counts agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// Within what requests under way explain.
    Agrees,
    /// Beyond it.
    Differs,
    /// It cannot be told.
    Unknown,
}

impl Counter {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hits => "hits",
            Self::Misses => "misses",
            Self::Bypasses => "bypasses",
            Self::Lookups => "lookups",
        }
    }

    /// Whether a response of this source is one of these for certain.
    fn is(self, source: Source) -> bool {
        match self {
            Self::Hits => source.is_hit(),
            Self::Misses => matches!(source, Source::Miss | Source::Aggregate),
            Self::Bypasses => source == Source::Bypass,
            // Who waits for another's computation looks nothing up.
            Self::Lookups => source.in_hit_rate() && source != Source::Coalesced,
        }
    }

    /// Whether it may be one: an answer that was lost on its way was counted all the same.
    fn may_be(self, source: Source) -> bool {
        self.is(source) || matches!(source, Source::Unknown | Source::Error | Source::Stale)
    }

    fn read(self, scrape: &Scrape) -> Option<f64> {
        match self {
            Self::Hits => scrape.hits,
            Self::Misses => scrape.misses,
            Self::Bypasses => scrape.bypasses,
            Self::Lookups => scrape.redis.as_ref().map(|redis| redis.hits + redis.misses),
        }
    }
}

/// Holds every counter that somebody else told against the ledger.
pub(super) fn reconcile(evidence: &Evidence) -> Vec<Reconciliation> {
    [
        (Counter::Hits, Counted::Service),
        (Counter::Misses, Counted::Service),
        (Counter::Bypasses, Counted::Service),
        (Counter::Lookups, Counted::Redis),
    ]
    .into_iter()
    .filter_map(|(counter, by)| of(counter, by, evidence))
    .collect()
}

/// `None` where nobody told the counter.
fn of(counter: Counter, by: Counted, evidence: &Evidence) -> Option<Reconciliation> {
    let told: Vec<(&Scrape, f64)> = evidence
        .scrapes
        .iter()
        // What only Redis told are lookups of keys, whoever asked.
        .filter(|scrape| by == Counted::Redis || !scrape.counted_by_redis)
        .filter_map(|scrape| Some((scrape, counter.read(scrape)?)))
        .collect();
    let ((first, before), (last, after)) = (*told.first()?, *told.last()?);
    let window = Window::new(evidence, first, last);
    let [ledger, least, most] = window.count(counter, evidence);
    let mut found = Reconciliation {
        counter,
        by,
        ledger,
        between: [least, most],
        counted: None,
        agreement: Agreement::Unknown,
        note: None,
    };
    if first.t_us == last.t_us {
        found.note = Some("it was read only once".into());
        return Some(found);
    }
    if told.windows(2).any(|pair| pair[1].1 < pair[0].1) {
        found.note = Some("the counter fell during the run: who counts was restarted".into());
        return Some(found);
    }
    let counted = (after - before).round() as u64;
    found.counted = Some(counted);
    (found.agreement, found.note) = judge(counter, counted, least, most, evidence);
    Some(found)
}

/// The oracle that all this is the answer of.
pub(super) const ORACLE: &str = "counters";

/// The number of counters that are wrong for certain; nothing where none could be told.
pub(super) fn measure(evidence: &Evidence) -> Measurement {
    let found = reconcile(evidence);
    let check = check(&found);
    match check.outcome {
        CheckOutcome::Holds | CheckOutcome::Violated => {
            Measurement::of(Value::Exact { value: violations(&found).len() as f64, n: check.trials })
        }
        CheckOutcome::Unchecked | CheckOutcome::NotApplicable => {
            Measurement::absent(check.why.unwrap_or_else(|| "it could not be told".into()), check.trials)
        }
    }
}

/// What the comparison says of the service's own counters. Redis counts lookups of keys, which
/// prove nothing against the service: some layer before it may well answer.
pub(super) fn check(found: &[Reconciliation]) -> Check {
    let by_service = || found.iter().filter(|found| found.by == Counted::Service);
    let any = |agreement| by_service().any(|found| found.agreement == agreement);
    let (outcome, why) = if any(Agreement::Differs) {
        (CheckOutcome::Violated, None)
    } else if any(Agreement::Unknown) {
        let why = by_service().find_map(|found| found.note.clone());
        (CheckOutcome::Unchecked, why)
    } else if any(Agreement::Agrees) {
        (CheckOutcome::Holds, None)
    } else {
        (CheckOutcome::NotApplicable, Some("the service tells no hits, misses or bypasses".into()))
    };
    let trials = by_service().map(|found| found.ledger).sum();
    Check { oracle: ORACLE.into(), outcome, trials, bound: None, why }
}

/// Counters of the service that are wrong for certain.
pub(super) fn violations(found: &[Reconciliation]) -> Vec<Violation> {
    let wrong =
        |found: &&Reconciliation| found.by == Counted::Service && found.agreement == Agreement::Differs;
    found
        .iter()
        .filter(wrong)
        .map(|found| {
            let what = found.counter.as_str();
            Violation {
                oracle: ORACLE.into(),
                severity: Severity::Fault,
                what: format!("the service's count of {what}: {}", found.note.as_deref().unwrap_or_default()),
                request: format!("its counters at the beginning and at the end of the run: {what}"),
                expected: format!("{} to {}", count(found.between[0]), count(found.between[1])),
                seen: found.counted.map_or_else(String::new, count),
                reproduce: format!("jq -c '.scrapes | first.{what}, last.{what}' evidence.json"),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
