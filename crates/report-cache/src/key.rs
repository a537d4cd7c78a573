//! What a cached report is filed under: report, person and filters.
//!
//! In: the facts a [`Classify`](crate::Classify) found in a request. Out: a key that two requests share
//! exactly when one answer serves both.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use crate::filters::{Filters, FiltersHash};

/// The kinds of report; each has a time to live and is invalidated on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReportType {
    /// One student's scores, averages and completion.
    StudentProgress,
    /// A class's scores per assignment.
    GradeDistribution,
    /// A class's per-student averages, hardest assignments and timeliness.
    Analytics,
    /// Sections chosen by the author.
    Custom,
    /// Collections (list, export: report id 0) and types this cache does not know.
    Default,
}

impl ReportType {
    /// Every type, in the order of the TTL table.
    pub const ALL: [Self; 5] =
        [Self::StudentProgress, Self::GradeDistribution, Self::Analytics, Self::Custom, Self::Default];

    /// The name on the wire, in metrics and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StudentProgress => "student_progress",
            Self::GradeDistribution => "grade_distribution",
            Self::Analytics => "analytics",
            Self::Custom => "custom",
            Self::Default => "default",
        }
    }

    /// The type called `name`; a name nobody knows is a [`ReportType::Default`].
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        name.parse().unwrap_or(Self::Default)
    }
}

impl fmt::Display for ReportType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ReportType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ReportType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A name that is not a report type.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "unknown report type {name:?}; use student_progress, grade_distribution, analytics, custom or default"
)]
pub struct UnknownReportType {
    /// What was given.
    pub name: String,
}

impl FromStr for ReportType {
    type Err = UnknownReportType;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|report_type| report_type.as_str() == name)
            .ok_or_else(|| UnknownReportType { name: name.to_owned() })
    }
}

/// The key of one cached answer, written `report:{report_id}:{user_id}:{filters_hash}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReportKey {
    /// The report; 0 for collections (list, export).
    pub report_id: u64,
    /// The person who reads. Two people never share an entry.
    pub user_id: u64,
    /// Everything else that selects the answer.
    pub filters: FiltersHash,
}

impl ReportKey {
    /// The key of what `user_id` sees of `report_id` under `filters`.
    #[must_use]
    pub fn new(report_id: u64, user_id: u64, filters: &Filters) -> Self {
        Self { report_id, user_id, filters: filters.hash() }
    }
}

impl fmt::Display for ReportKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "report:{}:{}:{}", self.report_id, self.user_id, self.filters)
    }
}

/// What a request asks for, once its reader is known and allowed to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFacts {
    /// Which answer.
    pub key: ReportKey,
    /// Which TTL, and which invalidations concern it.
    pub report_type: ReportType,
    /// The reader's role: a label of the metrics, so one of a few fixed words.
    pub role: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_equal_the_published_vectors() {
        let vectors = [
            (42, 123, "{}", "report:42:123:99914b932bd3"),
            (42, 123, r#"{"type":"analytics","status":"sent"}"#, "report:42:123:14f653579ad4"),
            (0, 7, r#"{"page":"2","ordering":"-week_start"}"#, "report:0:7:905779a48d77"),
            (0, 7, r#"{"search":"Ивáн \"x\"\\","student":"9"}"#, "report:0:7:da896fcb914f"),
            (5, 1, r#"{"nested":{"b":[1,2.5,null,true],"a":"ü"}}"#, "report:5:1:748c782291c8"),
        ];
        for (report, user, filters, expected) in vectors {
            let filters = Filters::from_json(serde_json::from_str(filters).unwrap());
            assert_eq!(ReportKey::new(report, user, &filters).to_string(), expected);
        }
    }

    #[test]
    fn every_type_reads_back_from_its_name() {
        for report_type in ReportType::ALL {
            assert_eq!(report_type.as_str().parse(), Ok(report_type));
        }
        assert!("Analytics".parse::<ReportType>().is_err());
        assert_eq!(ReportType::from_name("timetable"), ReportType::Default);
    }
}
