//! The grammar of an SLO line, with errors that point at the column.
//!
//! ```text
//! slo      = metric op number [unit] ["over" duration]
//! metric   = name [labels] | function "(" name [labels] ")"
//! labels   = "{" label "=" string ("," label "=" string)* "}"
//! op       = "<=" | "<" | ">=" | ">" | "=="
//! ```

use super::labels;
use super::slo::{Burn, Concurrent, MemoryScope, Metric, Op, Slo};
use crate::evidence::Selection;
use crate::scenario::Span;
use crate::units::Unit;
use std::time::Duration;
use winnow::ascii::{float, multispace0, multispace1};
use winnow::combinator::{alt, cut_err, delimited, opt, peek, preceded, separated, terminated};
use winnow::error::{StrContext, StrContextValue};
use winnow::stream::Location as _;
use winnow::token::{rest, take_till, take_while};
use winnow::{LocatingSlice, ModalResult, Parser};

/// A line that is not an SLO.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct SloError {
    /// 1-based column in the line.
    pub column: usize,
    /// What is wrong, and what would be accepted.
    pub what: String,
}

type Input<'a> = LocatingSlice<&'a str>;

/// A word and the 0-based offset at which it stands.
#[derive(Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) offset: usize,
}

#[derive(Debug)]
struct Series {
    name: At<String>,
    labels: Vec<(At<String>, At<String>)>,
}

#[derive(Debug)]
struct Line {
    function: Option<At<String>>,
    series: Series,
    op: Op,
    number: f64,
    unit: At<String>,
    /// What stands after `over`.
    window: Option<At<String>>,
}

/// Names that may stand where a metric is expected.
const METRICS: &str = "hit_rate, effective_hit_rate, speedup, p50(latency), p95(latency), p99(latency), mean(latency), p99(response_time), mean(response_time), db_query_reduction, max(memory), slope(memory), max(concurrency), mean(store_operation), error_rate, burn_rate or violations";

/// Metrics that may end in a window.
const WINDOWED: &str =
    "hit_rate, effective_hit_rate, error_rate, burn_rate, latency and response_time may have one";

/// Bounds of a window.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(72 * 3_600);

pub(super) fn parse(text: &str) -> Result<Slo, SloError> {
    let line = line.parse(LocatingSlice::new(text)).map_err(|error| {
        let expected: Vec<String> = error
            .inner()
            .context()
            .filter_map(|context| match context {
                StrContext::Expected(value) => Some(value.to_string()),
                _ => None,
            })
            .collect();
        let offset = error.offset();
        let what = match (expected.as_slice(), text[offset..].trim()) {
            ([], "") => "the line ends too early".to_owned(),
            ([], rest) => {
                format!("`{rest}` does not belong here; a line is METRIC{{label=\"value\"}} > NUMBER, or that with `over TIME`")
            }
            (expected, "") => format!("the line ends here; expected {}", expected.join(" or ")),
            (expected, _) => format!("expected {}", expected.join(" or ")),
        };
        SloError { column: text[..offset].chars().count() + 1, what }
    })?;
    interpret(text, line)
}

fn line(input: &mut Input<'_>) -> ModalResult<Line> {
    let _ = multispace0.parse_next(input)?;
    let name = word.context(expected(METRICS)).parse_next(input)?;
    let (function, series) = if opt("(").parse_next(input)?.is_some() {
        let inner = cut_err(word.context(expected("a metric, as in p99(latency)"))).parse_next(input)?;
        let labels = labels.parse_next(input)?;
        cut_err(preceded(multispace0, ")").context(expected("`)`"))).parse_next(input)?;
        (Some(name), Series { name: inner, labels })
    } else {
        (None, Series { name, labels: labels.parse_next(input)? })
    };
    let op = cut_err(
        delimited(
            multispace0,
            alt((
                "<=".value(Op::AtMost),
                "<".value(Op::Below),
                ">=".value(Op::AtLeast),
                ">".value(Op::Above),
                "==".value(Op::Equal),
            )),
            multispace0,
        )
        .context(expected("a comparison: <, <=, >, >= or ==")),
    )
    .parse_next(input)?;
    let number = cut_err(float.context(expected("a number"))).parse_next(input)?;
    let _ = multispace0.parse_next(input)?;
    let offset = input.current_token_start();
    let unit: &str = match opt(peek(terminated("over", multispace1))).parse_next(input)? {
        // A number without a unit, and then a window.
        Some(_) => "",
        None => take_while(0.., |c: char| c.is_alphabetic() || c == '%' || c == '/').parse_next(input)?,
    };
    let _ = multispace0.parse_next(input)?;
    let window = opt(preceded(("over", multispace1), length)).parse_next(input)?;
    Ok(Line { function, series, op, number, unit: At { value: unit.to_owned(), offset }, window })
}

/// A length of time: whatever is left of the line.
fn length(input: &mut Input<'_>) -> ModalResult<At<String>> {
    let offset = input.current_token_start();
    Ok(At { value: rest.parse_next(input)?.trim_end().to_owned(), offset })
}

fn labels(input: &mut Input<'_>) -> ModalResult<Vec<(At<String>, At<String>)>> {
    if opt(preceded(multispace0, "{")).parse_next(input)?.is_none() {
        return Ok(Vec::new());
    }
    let label = (
        preceded(multispace0, word).context(expected("a label, as in role=\"teacher\"")),
        cut_err(delimited(multispace0, "=", multispace0).context(expected("`=`"))),
        cut_err(text.context(expected("a value in double quotes"))),
    )
        .map(|(name, _, value)| (name, value));
    cut_err(separated(1.., label, preceded(multispace0, ","))).parse_next(input).and_then(|labels| {
        cut_err(preceded(multispace0, "}").context(expected("`,` or `}`"))).parse_next(input)?;
        Ok(labels)
    })
}

fn word(input: &mut Input<'_>) -> ModalResult<At<String>> {
    let offset = input.current_token_start();
    let value: &str =
        take_while(1.., |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.').parse_next(input)?;
    Ok(At { value: value.to_owned(), offset })
}

fn text(input: &mut Input<'_>) -> ModalResult<At<String>> {
    let offset = input.current_token_start();
    let value: &str = delimited("\"", take_till(0.., '"'), "\"").parse_next(input)?;
    Ok(At { value: value.to_owned(), offset })
}

fn expected(what: &'static str) -> StrContext {
    StrContext::Expected(StrContextValue::Description(what))
}

fn interpret(text: &str, line: Line) -> Result<Slo, SloError> {
    let error = |offset: usize, what: String| SloError { column: text[..offset].chars().count() + 1, what };
    let name = line.series.name.value.as_str();
    let function = line.function.as_ref().map(|function| function.value.as_str());
    let at = line.function.as_ref().map_or(line.series.name.offset, |function| function.offset);
    let mut metric = match (function, name) {
        (None, "hit_rate") => Metric::HitRate,
        (None, "effective_hit_rate") => Metric::EffectiveHitRate,
        (None, "speedup") => Metric::Speedup,
        (None, "db_query_reduction") => Metric::DbQueryReduction,
        (None, "error_rate") => Metric::ErrorRate,
        (None, "burn_rate") => Metric::BurnRate { of: Burn::Error, budget: f64::NAN },
        (None, "violations") => Metric::Violations { oracle: None },
        (Some("mean"), "response_time") => Metric::MeanResponseTime,
        (Some("max"), "concurrency") => Metric::PeakConcurrency { of: Concurrent::Requests },
        (Some("slope"), "memory") => Metric::MemorySlope { scope: MemoryScope::Total },
        (Some("mean"), "latency") => Metric::MeanLatency,
        (Some("mean"), "store_operation") => Metric::MeanStoreOperation { op: String::new() },
        (Some("max"), "memory") => Metric::MaxMemory { scope: MemoryScope::Total },
        (Some(function), "latency" | "response_time") => {
            let quantile = parse_quantile(function).ok_or_else(|| {
                error(at, format!("`{function}` is not a quantile; write p50, p95, p99, p99.9 or mean"))
            })?;
            if name == "latency" { Metric::Latency { quantile } } else { Metric::ResponseTime { quantile } }
        }
        (None, "latency" | "response_time" | "memory" | "concurrency" | "store_operation") => {
            return Err(error(at, format!("`{name}` needs a function around it: {METRICS}")));
        }
        (Some(function), "memory") => {
            return Err(error(at, format!("`{function}` is not told of memory; write max or slope")));
        }
        (Some(_) | None, _) => {
            let given = &text[at..].split([' ', '{', '<', '>', '=']).next().unwrap_or(name);
            return Err(error(at, format!("unknown metric `{given}`; there are {METRICS}")));
        }
    };
    let mut selection = Selection::default();
    for (label, value) in &line.series.labels {
        labels::apply(&mut metric, &mut selection, label, value)
            .map_err(|(offset, what)| error(offset, what))?;
    }
    labels::check(&metric, &line.series.labels, line.series.name.offset)
        .map_err(|(offset, what)| error(offset, what))?;
    let target = to_base(metric.unit(), line.number, &line.unit.value).map_err(|accepted| {
        let unit = line.unit.value.as_str();
        let what = match unit {
            "" => format!("{name} needs another number: {accepted}"),
            "%" if metric.unit() == Unit::Ratio => format!("{name} needs another number: {accepted}"),
            unit => format!("unit `{unit}` does not fit {name}; {accepted}"),
        };
        error(line.unit.offset, what)
    })?;
    let exact = matches!(metric, Metric::Violations { .. } | Metric::PeakConcurrency { .. });
    if line.op == Op::Equal && !exact {
        return Err(error(
            at,
            format!("{name} is measured with an interval, so `==` can never be decided; use >= or <="),
        ));
    }
    let window = match line.window {
        Some(written) if metric.has_windows() => {
            Some(window(&written).map_err(|(offset, what)| error(offset, what))?)
        }
        Some(written) => {
            return Err(error(
                written.offset,
                format!("{name} is measured over all of its phases and has no window; {WINDOWED}"),
            ));
        }
        None if matches!(metric, Metric::BurnRate { .. }) => {
            let what = "burn_rate needs a window behind its target, as in < 14.4 over 1h";
            return Err(error(text.trim_end().len(), what.into()));
        }
        None => None,
    };
    Ok(Slo { text: text.trim().to_owned(), metric, selection, op: line.op, target, window })
}

/// The window of a line: seconds are what is kept apart while a run is on.
fn window(written: &At<String>) -> Result<Duration, (usize, String)> {
    let span: Span = written.value.parse().map_err(|what| (written.offset, what))?;
    if !(SHORTEST..=LONGEST).contains(&span.0) {
        return Err((written.offset, format!("a window of {span} is not between 1s and 72h")));
    }
    Ok(span.0)
}

fn parse_quantile(text: &str) -> Option<f64> {
    let percent: f64 = text.strip_prefix('p')?.parse().ok()?;
    // Through whole numbers, so that p99.9 is 0.999 and not the float above it.
    (percent > 0.0 && percent < 100.0).then_some((percent * 1e9).round() / 1e11)
}

/// A share as a label writes it: `0.1%` or `0.001`.
pub(super) fn ratio(written: &str) -> Option<f64> {
    let (number, unit) = match written.trim().strip_suffix('%') {
        Some(number) => (number, "%"),
        None => (written, ""),
    };
    to_base(Unit::Ratio, number.trim().parse().ok()?, unit).ok()
}

/// The number in the unit's base, or which units would do.
fn to_base(unit: Unit, number: f64, written: &str) -> Result<f64, &'static str> {
    const KIB: f64 = 1024.0;
    if !number.is_finite() || number < 0.0 {
        return Err("write a number that is not negative");
    }
    let factor = match (unit, written) {
        (Unit::Ratio, "%") if (0.0..=100.0).contains(&number) => 0.01,
        (Unit::Ratio, "%") => return Err("a share is between 0% and 100%"),
        (Unit::Ratio, "") if (0.0..=1.0).contains(&number) => 1.0,
        (Unit::Ratio, _) => return Err("write a percentage like 90% or a fraction like 0.9"),
        (Unit::Times, "x" | "") => 1.0,
        (Unit::Times, _) => return Err("write a factor like 10x"),
        (Unit::Microseconds, "us" | "µs") => 1.0,
        (Unit::Microseconds, "ms") => 1_000.0,
        (Unit::Microseconds, "s") => 1_000_000.0,
        (Unit::Microseconds, _) => return Err("write a time like 500us, 50ms or 2s"),
        (Unit::Bytes, "B" | "") => 1.0,
        (Unit::Bytes, "KB" | "KiB") => KIB,
        (Unit::Bytes, "MB" | "MiB") => KIB * KIB,
        (Unit::Bytes, "GB" | "GiB") => KIB * KIB * KIB,
        (Unit::Bytes, _) => return Err("write a size like 50MB"),
        (Unit::BytesPerHour, "B/h") => 1.0,
        (Unit::BytesPerHour, "KB/h" | "KiB/h") => KIB,
        (Unit::BytesPerHour, "MB/h" | "MiB/h") => KIB * KIB,
        (Unit::BytesPerHour, "GB/h" | "GiB/h") => KIB * KIB * KIB,
        (Unit::BytesPerHour, _) => return Err("write growth per hour of the wall, like 1MB/h"),
        (Unit::Count, "") => 1.0,
        (Unit::Count, _) => return Err("write a plain number"),
    };
    Ok(number * factor)
}

#[cfg(test)]
mod tests;
