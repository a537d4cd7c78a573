//! One subject of one class: histogram and quartiles.

use serde::Serialize;

use super::spread::Spread;

/// The report. It covers the term up to the report's week.
#[derive(Debug, Serialize)]
pub(crate) struct GradeDistribution {
    pub(super) class: String,
    pub(super) overall: Option<Spread>,
    pub(super) histogram: Vec<Bucket>,
    pub(super) assignments: Vec<Assignment>,
}

/// Answers with `from <= score <= to`.
#[derive(Debug, Serialize)]
pub(crate) struct Bucket {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) answers: i64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Assignment {
    pub(super) assignment_id: i64,
    pub(super) title: String,
    pub(super) spread: Option<Spread>,
}

/// Ten buckets, ten wide; the last one also takes the full 100. `counts` are answers by bucket.
pub(super) fn histogram(counts: &[(i64, i64)]) -> Vec<Bucket> {
    let bucket = |bucket| Bucket {
        from: bucket * 10,
        to: if bucket == 9 { 100 } else { bucket * 10 + 9 },
        answers: counts.iter().find(|(of, _)| *of == bucket).map_or(0, |(_, answers)| *answers),
    };
    (0..10).map(bucket).collect()
}
