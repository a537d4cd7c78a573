//! By how much memory grows: a leak shows in hours, and in the trend before it shows in the
//! largest value.

use super::measure::{Measurement, Value};
use super::own_counters::{bytes_of, scrapes, whose};
use super::slo::{MemoryScope, Slo};
use crate::evidence::Evidence;
use crate::stats::trend::{self, Reading};
use crate::stats::{Estimate, Insufficient};
use crate::units::{Unit, count, duration};
use std::time::Duration;

const HOUR: f64 = 3_600.0;

/// Growth an hour of the wall, over the phases that are meant.
pub(super) fn memory(slo: &Slo, scope: MemoryScope, evidence: &Evidence, confidence: f64) -> Measurement {
    let mut series: Vec<Reading> = Vec::new();
    for phase in slo.selection.phases(evidence) {
        for scrape in scrapes(evidence, phase) {
            let at = scrape.t_us as f64 / 1e6;
            // The last look of a phase and the first of the next may fall together.
            if let Some(bytes) = bytes_of(scrape, scope)
                && series.last().is_none_or(|(last, _)| at > *last)
            {
                series.push((at, bytes));
            }
        }
    }
    let n = series.len() as u64;
    let estimate = match trend::slope(&series, confidence) {
        Ok(estimate) => per_hour(estimate),
        Err(Insufficient::NoSamples) => return Measurement::absent(whose(scope).1, 0),
        Err(Insufficient::TooFewSamples { have, need }) => {
            let why = format!("{} looks are too few for a trend: at least {need} are needed", count(have));
            return Measurement::absent(why, n);
        }
        Err(
            why @ (Insufficient::TooFewBatches { .. }
            | Insufficient::Correlated { .. }
            | Insufficient::TooFewClusters { .. }
            | Insufficient::Degenerate { .. }),
        ) => {
            return Measurement::absent(why.to_string(), n);
        }
    };
    let (from, to) = (series[0], series[series.len() - 1]);
    let over = Duration::from_secs_f64(to.0 - from.0);
    let mut measurement = Measurement::of(Value::Estimated(estimate)).note(Some(format!(
        "{}, from {} to {} in {} of the wall, {} looks",
        whose(scope).0,
        Unit::Bytes.show(from.1),
        Unit::Bytes.show(to.1),
        duration(over),
        count(n)
    )));
    measurement.withheld = bent(slo, &series);
    measurement
}

/// A cache fills before it holds: while growth still wears off, no line says where it ends. What
/// grows faster and faster will not get better, and is judged as it is.
fn bent(slo: &Slo, series: &[Reading]) -> Option<String> {
    let (first, second) = trend::bend(series)?;
    let (first, second) = (first * HOUR, second * HOUR);
    let towards = if slo.op.holds(f64::NEG_INFINITY, slo.target) { second < first } else { second > first };
    towards.then(|| {
        format!(
            "it has not settled: {} in the first half, {} in the second; a longer warm-up would leave that out",
            Unit::BytesPerHour.show(first),
            Unit::BytesPerHour.show(second)
        )
    })
}

fn per_hour(a_second: Estimate) -> Estimate {
    let Estimate { value, lo, hi, n, method } = a_second;
    Estimate { value: value * HOUR, lo: lo * HOUR, hi: hi * HOUR, n, method }
}

#[cfg(test)]
mod tests;
