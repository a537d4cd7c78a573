//! `histograms.hlog`: the interval histograms in HdrHistogram's V2 log format, one
//! line a slice and `phase.role.action.source`, latencies in microseconds.

use super::ReportError;
use crate::evidence::Evidence;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use std::time::{Duration, UNIX_EPOCH};

/// The log says milliseconds per unit: its own maximum column is in these.
const MICROS_PER_MILLI: f64 = 1_000.0;

pub(super) fn render(evidence: &Evidence) -> Result<Vec<u8>, ReportError> {
    let fail = |error: &dyn std::fmt::Display| ReportError::Histograms(error.to_string());
    let started: jiff::Timestamp = evidence.run.started_at.parse().unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let base = UNIX_EPOCH + Duration::from_secs(u64::try_from(started.as_second()).unwrap_or(0));
    let mut out = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment(&format!(
            "cacheproof {}, run {}, values in microseconds",
            evidence.run.version, evidence.run.id
        ))
        .with_start_time(base)
        .with_base_time(base)
        .with_max_value_divisor(MICROS_PER_MILLI)
        .begin_log_with(&mut out, &mut serializer)
        .map_err(|error| fail(&error))?;
    let slice = Duration::from_micros(evidence.slice_us);
    let mut parts: Vec<_> = evidence.histograms.iter().collect();
    // A log is read in the order of time.
    parts.sort_by_key(|part| part.slice);
    for part in parts {
        let mut histogram: Histogram<u64> = Histogram::new(3).map_err(|error| fail(&error))?;
        for (value, n) in &part.counts {
            histogram.record_n(*value, *n).map_err(|error| fail(&error))?;
        }
        let name = |names: &[String], index: u16| {
            names.get(usize::from(index)).map_or("unknown", String::as_str).to_owned()
        };
        let phase = evidence.phases.get(usize::from(part.phase)).map_or("unknown", |phase| &phase.name);
        let (role, action) = (name(&evidence.roles, part.role), name(&evidence.actions, part.action));
        let tag = format!("{phase}.{role}.{action}.{}", part.source.as_str());
        log.write_histogram(&histogram, slice * part.slice, slice, Tag::new(&tag))
            .map_err(|error| fail(&format!("{error:?}")))?;
    }
    Ok(out)
}
