//! The grammar of an SLO line, with errors that point at the column.
//!
//! ```text
//! slo      = metric op number [unit] ["over" duration]
//! metric   = name [labels] | function "(" name [labels] ")"
//! labels   = "{" label "=" string ("," label "=" string)* "}"
//! op       = "<=" | "<" | ">=" | ">" | "=="
//! ```

use super::slo::{MemoryScope, Metric, Op, Slo};
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
struct At<T> {
    value: T,
    offset: usize,
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
const METRICS: &str = "hit_rate, effective_hit_rate, speedup, p50(latency), p95(latency), p99(latency), mean(latency), db_query_reduction, max(memory), mean(store_operation), error_rate or violations";

/// Bounds of a window.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(3_600);

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
                format!("`{rest}` does not belong here; a line is METRIC{{label=\"value\"}} > NUMBER")
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
        None => take_while(0.., |c: char| c.is_alphabetic() || c == '%').parse_next(input)?,
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
        (None, "violations") => Metric::Violations { oracle: None },
        (Some("mean"), "latency") => Metric::MeanLatency,
        (Some("mean"), "store_operation") => Metric::MeanStoreOperation { op: String::new() },
        (Some("max"), "memory") => Metric::MaxMemory { scope: MemoryScope::Total },
        (Some(quantile), "latency") => Metric::Latency {
            quantile: parse_quantile(quantile).ok_or_else(|| {
                error(at, format!("`{quantile}` is not a quantile; write p50, p95, p99, p99.9 or mean"))
            })?,
        },
        (None, "latency" | "memory" | "store_operation") => {
            return Err(error(at, format!("`{name}` needs a function around it: {METRICS}")));
        }
        (Some(_) | None, _) => {
            let given = &text[at..].split([' ', '{', '<', '>', '=']).next().unwrap_or(name);
            return Err(error(at, format!("unknown metric `{given}`; there are {METRICS}")));
        }
    };
    let mut selection = Selection::default();
    for (label, value) in &line.series.labels {
        apply_label(&mut metric, &mut selection, label, value)
            .map_err(|(offset, what)| error(offset, what))?;
    }
    if let Metric::MeanStoreOperation { op } = &metric
        && op.is_empty()
    {
        return Err(error(
            line.series.name.offset,
            "store_operation needs a label op=\"read\", \"write\" or \"invalidate\"".into(),
        ));
    }
    let target = to_base(metric.unit(), line.number, &line.unit.value).map_err(|accepted| {
        error(line.unit.offset, format!("unit `{}` does not fit {name}; {accepted}", line.unit.value))
    })?;
    let exact = matches!(metric, Metric::Violations { .. });
    if line.op == Op::Equal && !exact {
        return Err(error(
            at,
            format!("{name} is measured with an interval, so `==` can never be decided; use >= or <="),
        ));
    }
    let window = line.window.map(|written| window(&written)).transpose();
    let window = window.map_err(|(offset, what)| error(offset, what))?;
    Ok(Slo { text: text.trim().to_owned(), metric, selection, op: line.op, target, window })
}

/// The window of a line: seconds are what is kept apart while a run is on.
fn window(written: &At<String>) -> Result<Duration, (usize, String)> {
    let span: Span = written.value.parse().map_err(|what| (written.offset, what))?;
    if !(SHORTEST..=LONGEST).contains(&span.0) {
        return Err((written.offset, format!("a window of {span} is not between 1s and 1h")));
    }
    Ok(span.0)
}

fn apply_label(
    metric: &mut Metric,
    selection: &mut Selection,
    label: &At<String>,
    value: &At<String>,
) -> Result<(), (usize, String)> {
    let wanted = value.value.clone();
    match (metric, label.value.as_str()) {
        (Metric::MaxMemory { scope }, "scope") => {
            *scope = match wanted.as_str() {
                "user" => MemoryScope::User,
                "total" => MemoryScope::Total,
                _ => {
                    return Err((
                        value.offset,
                        format!("unknown scope \"{wanted}\"; there are \"user\" and \"total\""),
                    ));
                }
            };
        }
        (Metric::MeanStoreOperation { op }, "op") => *op = wanted,
        (Metric::Violations { oracle }, "oracle") => *oracle = Some(wanted),
        (Metric::Latency { .. } | Metric::MeanLatency, "source") => {
            let source = wanted.parse().map_err(|()| {
                (value.offset, format!("unknown source \"{wanted}\"; there are hit, coalesced, aggregate, stale, miss, bypass, error and unknown"))
            })?;
            selection.sources.push(source);
        }
        (Metric::MaxMemory { .. }, other) => {
            return Err((label.offset, format!("memory has no label `{other}`; it has scope")));
        }
        (Metric::MeanStoreOperation { .. }, other) => {
            return Err((label.offset, format!("store_operation has no label `{other}`; it has op")));
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
        (_, other) => {
            return Err((
                label.offset,
                format!("unknown label `{other}`; there are role, action, phase and, for latency, source"),
            ));
        }
    }
    Ok(())
}

fn parse_quantile(text: &str) -> Option<f64> {
    let percent: f64 = text.strip_prefix('p')?.parse().ok()?;
    // Through whole numbers, so that p99.9 is 0.999 and not the float above it.
    (percent > 0.0 && percent < 100.0).then_some((percent * 1e9).round() / 1e11)
}

/// The number in the unit's base, or which units would do.
fn to_base(unit: Unit, number: f64, written: &str) -> Result<f64, &'static str> {
    const KIB: f64 = 1024.0;
    if !number.is_finite() || number < 0.0 {
        return Err("write a number that is not negative");
    }
    let factor = match (unit, written) {
        (Unit::Ratio, "%") => 0.01,
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
        (Unit::Count, "") => 1.0,
        (Unit::Count, _) => return Err("write a plain number"),
    };
    Ok(number * factor)
}

#[cfg(test)]
mod tests;
