//! The client's ledger beside what the service and its Redis counted in the same time: whoever
//! disagrees miscounts, or answers from somewhere that nobody counts.

use super::measure::{Measurement, Value};
use super::{Check, CheckOutcome, Severity, Violation};
use crate::evidence::{Evidence, Selection};
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

fn judge(
    counter: Counter,
    counted: u64,
    least: u64,
    most: u64,
    evidence: &Evidence,
) -> (Agreement, Option<String>) {
    let what = counter.as_str();
    if counted < least {
        let by = count(least - counted);
        let why = match counter {
            Counter::Hits | Counter::Misses | Counter::Bypasses => {
                format!("{by} {what} fewer than the client received: the service does not count all of them")
            }
            Counter::Lookups => {
                format!("{by} fewer than reads that the cache answered: something before Redis answers them")
            }
        };
        return (Agreement::Differs, Some(why));
    }
    match counter {
        // One read may look up several keys, and others may use that Redis.
        Counter::Lookups => {
            let each = counted as f64 / least.max(1) as f64;
            (Agreement::Agrees, (least > 0).then(|| format!("about {each:.1} for each read")))
        }
        Counter::Hits | Counter::Misses | Counter::Bypasses if counted <= most => (Agreement::Agrees, None),
        Counter::Hits | Counter::Misses | Counter::Bypasses => {
            let more = count(counted - most);
            if evidence.run.target == EMBEDDED {
                let why = format!(
                    "{more} {what} more than the client received, and nobody else used the service: it \
                     counts some of them twice"
                );
                (Agreement::Differs, Some(why))
            } else {
                let why = format!(
                    "{more} {what} more than this client received: others used the service as well, or it \
                     counts twice"
                );
                (Agreement::Unknown, Some(why))
            }
        }
    }
}

/// The target of a run against the service that comes with cacheproof.
const EMBEDDED: &str = "embedded";

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

/// Slices of time for certain, and perhaps, between two readings.
struct Window {
    between: std::ops::RangeInclusive<u64>,
    surely: std::ops::Range<u64>,
    perhaps: std::ops::RangeInclusive<u64>,
}

impl Window {
    /// A response that ended at f after at most the longest latency L was counted between f − L
    /// and f; the readings took place at some moment before they ended.
    fn new(evidence: &Evidence, first: &Scrape, last: &Scrape) -> Self {
        let slice = evidence.slice_us.max(1);
        let longest = longest(evidence);
        let began = |scrape: &Scrape| scrape.t_us.saturating_sub(scrape.took_us);
        Self {
            between: first.t_us / slice..=last.t_us / slice,
            surely: (first.t_us + longest).div_ceil(slice)..began(last) / slice,
            perhaps: began(first) / slice..=(last.t_us + longest) / slice,
        }
    }

    /// Between the readings; for certain; at most.
    fn count(&self, counter: Counter, evidence: &Evidence) -> [u64; 3] {
        let mut n = [0; 3];
        for cell in &evidence.cells {
            let slice = u64::from(cell.slice);
            if counter.is(cell.source) {
                n[0] += if self.between.contains(&slice) { cell.n } else { 0 };
                n[1] += if self.surely.contains(&slice) { cell.n } else { 0 };
            }
            if counter.may_be(cell.source) && self.perhaps.contains(&slice) {
                n[2] += cell.n;
            }
        }
        n
    }
}

/// The longest that any response took, in microseconds.
fn longest(evidence: &Evidence) -> u64 {
    let everything = Selection {
        phases: evidence.phases.iter().map(|phase| phase.name.clone()).collect(),
        ..Selection::default()
    };
    everything
        .histograms(evidence)
        .filter_map(|part| part.counts.last().map(|(us, _)| *us))
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Made, STEADY, TEACHER};
    use crate::observe::RedisSeen;
    use crate::verdict::{Judgement, Outcome, judge as judge_all};

    /// Eight hits and two misses a slice over 100 slices; the service is read in each and counts
    /// so many for each of the client's.
    fn run(hits: f64, misses: f64) -> Evidence {
        let mut evidence = Made::new()
            .reads(STEADY, TEACHER, Source::Hit, 400, |_| 8)
            .reads(STEADY, TEACHER, Source::Miss, 9_000, |_| 2)
            .scrapes(100)
            .evidence();
        for (at, scrape) in (0..).zip(&mut evidence.scrapes) {
            let seen = f64::from(at);
            (scrape.hits, scrape.misses) = (Some(5.0 + seen * hits), Some(seen * misses));
        }
        evidence
    }

    fn found(evidence: &Evidence, counter: Counter) -> Reconciliation {
        reconcile(evidence).into_iter().find(|found| found.counter == counter).unwrap()
    }

    #[test]
    fn counts_that_requests_under_way_explain_agree() {
        let evidence = run(8.0, 2.0);
        for counter in [Counter::Hits, Counter::Misses] {
            let found = found(&evidence, counter);
            assert_eq!((found.agreement, &found.note), (Agreement::Agrees, &None), "{found:?}");
            let counted = found.counted.unwrap();
            assert!(found.between[0] <= counted && counted <= found.between[1], "{found:?}");
            assert!(found.between[1] - found.between[0] <= 3 * 8, "no wider than its edges: {found:?}");
        }
        assert_eq!(reconcile(&evidence).len(), 2, "nobody told of bypasses or Redis");
    }

    #[test]
    fn a_service_that_counts_fewer_hits_than_it_served_differs() {
        let found = found(&run(7.5, 2.0), Counter::Hits);
        assert_eq!(found.agreement, Agreement::Differs);
        assert!(found.note.unwrap().contains("fewer than the client received"));
    }

    #[test]
    fn more_than_the_client_received_may_be_others_unless_the_service_was_ours_alone() {
        let mut evidence = run(9.0, 2.0);
        assert_eq!(found(&evidence, Counter::Hits).agreement, Agreement::Differs);
        evidence.run.target = "http://127.0.0.1:8080/".into();
        assert_eq!(found(&evidence, Counter::Hits).agreement, Agreement::Unknown);
    }

    #[test]
    fn a_counter_that_is_wrong_for_certain_fails_the_run() {
        let line = |evidence: &Evidence| {
            let verdict =
                judge_all(&[r#"violations{oracle="counters"} == 0"#.parse().unwrap()], evidence, 0.95);
            (verdict.verdict, verdict.findings[0].judgement, verdict.violations.len())
        };
        assert_eq!(line(&run(8.0, 2.0)), (Outcome::Pass, Judgement::Pass, 0));
        assert_eq!(line(&run(7.0, 2.0)), (Outcome::Fail, Judgement::Fail, 1));
        let mut others = run(9.0, 2.0);
        others.run.target = "http://127.0.0.1:8080/".into();
        assert_eq!(line(&others), (Outcome::Inconclusive, Judgement::Inconclusive, 0));
    }

    #[test]
    fn answers_that_do_not_say_what_they_were_may_be_either() {
        let mut evidence = run(9.0, 2.0);
        for cell in &mut evidence.cells {
            // One of five responses of a slice has lost its header.
            if cell.source == Source::Hit && cell.cluster == 0 {
                cell.source = Source::Unknown;
            }
        }
        let served = run(8.0, 2.0);
        evidence.scrapes.clone_from(&served.scrapes);
        assert_eq!(found(&evidence, Counter::Hits).agreement, Agreement::Agrees);
    }

    #[test]
    fn a_counter_that_falls_was_restarted_and_tells_nothing() {
        let mut evidence = run(8.0, 2.0);
        evidence.scrapes[50].hits = Some(0.0);
        let found = found(&evidence, Counter::Hits);
        assert_eq!((found.agreement, found.counted), (Agreement::Unknown, None));
        assert!(found.note.unwrap().contains("restarted"));
    }

    #[test]
    fn a_redis_that_was_asked_less_often_than_the_cache_answered_differs() {
        let with = |lookups: f64| {
            let mut evidence = run(8.0, 2.0);
            for (at, scrape) in (0..).zip(&mut evidence.scrapes) {
                let seen = f64::from(at);
                scrape.redis = Some(RedisSeen { hits: seen * lookups, misses: seen });
            }
            found(&evidence, Counter::Lookups)
        };
        let found = with(29.0);
        assert_eq!(found.agreement, Agreement::Agrees, "a read may look up several keys");
        assert_eq!(found.counted, Some(2_970));
        assert!(found.note.unwrap().contains("for each read"));
        assert_eq!(with(5.0).agreement, Agreement::Differs);
    }
}
