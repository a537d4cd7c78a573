//! What was removed, and why: the record that other nodes and an auditor can follow.
//!
//! Events go to an append-only stream of the store. An event that changes very many people is kept with
//! their number and the first of them, so that no event is large.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::invalidate::Reason;
use crate::key::ReportType;

/// Scopes of one event that the stream names; of the rest it tells the number.
pub const NAMED_SCOPES: usize = 100;

/// One removal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Wall milliseconds since 1970 when it was done.
    #[serde(rename = "at")]
    pub at_unix_ms: u64,
    /// Why.
    pub reason: Reason,
    /// What it ended.
    pub scope: EventScope,
    /// How many entries there were.
    pub removed: u64,
    /// How long the store needed, in wall time; microseconds in JSON.
    #[serde(rename = "took_us", serialize_with = "write_micros", deserialize_with = "read_micros")]
    pub took: Duration,
}

/// What a removal ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventScope {
    /// The reports of these (person, type), and these people's collections.
    People(Vec<(u64, ReportType)>),
    /// The same of more than [`NAMED_SCOPES`], as the stream gives it back.
    ManyPeople {
        /// How many (person, type) there were.
        total: u64,
        /// The first of them.
        first: Vec<(u64, ReportType)>,
    },
    /// One report, everyone's.
    Report(u64),
    /// All there was.
    Everything,
}

impl Event {
    /// The event as the stream keeps it: with no more scopes than it names.
    pub(crate) fn kept(&self) -> Self {
        let scope = match &self.scope {
            EventScope::People(scopes) if scopes.len() > NAMED_SCOPES => EventScope::ManyPeople {
                total: u64::try_from(scopes.len()).unwrap_or(u64::MAX),
                first: scopes[..NAMED_SCOPES].to_vec(),
            },
            scope @ (EventScope::People(_)
            | EventScope::ManyPeople { .. }
            | EventScope::Report(_)
            | EventScope::Everything) => scope.clone(),
        };
        Self { scope, ..self.clone() }
    }
}

fn write_micros<S: Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(took.as_micros()).unwrap_or(u64::MAX))
}

fn read_micros<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    Ok(Duration::from_micros(u64::deserialize(deserializer)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(scope: EventScope) -> Event {
        let took = Duration::from_micros(1_234);
        Event { at_unix_ms: 1_788_242_400_000, reason: Reason::GradeChanged, scope, removed: 3, took }
    }

    #[test]
    fn an_event_is_one_short_line_of_json_and_reads_back() {
        let people = vec![(7, ReportType::Analytics), (8, ReportType::StudentProgress)];
        let graded = event(EventScope::People(people));
        let json = serde_json::to_string(&graded).unwrap();
        assert_eq!(
            json,
            "{\"at\":1788242400000,\"reason\":\"grade_changed\",\"scope\":{\"people\":[[7,\"analytics\"],\
             [8,\"student_progress\"]]},\"removed\":3,\"took_us\":1234}"
        );
        for scope in [graded.scope, EventScope::Report(42), EventScope::Everything] {
            let event = event(scope);
            let json = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event);
        }
    }

    #[test]
    fn an_event_of_many_people_keeps_their_number_and_the_first_hundred() {
        let people: Vec<_> = (0..250).map(|user| (user, ReportType::Custom)).collect();
        let kept = event(EventScope::People(people.clone())).kept();
        let scope = EventScope::ManyPeople { total: 250, first: people[..100].to_vec() };
        assert_eq!(kept, event(scope));
        assert_eq!(kept.kept(), kept);
        let few = event(EventScope::People(people[..100].to_vec()));
        assert_eq!(few.kept(), few);
    }
}
