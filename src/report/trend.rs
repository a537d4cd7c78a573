//! Runs over time as text: each SLO line, its latest value, and since when it is otherwise.

use super::terminal::indented;
use crate::compare::{Track, Trend};
use crate::units::count;
use std::fmt::Write as _;

/// Fewer runs than this on either side of a change can be no change at the significance asked.
const FEW: usize = 10;

/// The trend as text.
pub fn trend_terminal(trend: &Trend) -> String {
    let mut out = format!("\n{}: {} runs", trend.scenario, count(trend.runs.len() as u64));
    if let (Some(first), Some(last)) = (trend.started_at.first(), trend.started_at.last()) {
        let _ = write!(out, ", {first} to {last}");
    }
    out.push_str("\n\n");
    let widest = trend.tracks.iter().map(|track| track.line.chars().count()).max().unwrap_or(0).min(60);
    for track in &trend.tracks {
        let _ = writeln!(out, "{:<widest$}  {}", track.line, spread(track));
        for said in since(track, trend) {
            out.push_str(&indented(&said, "    ", "      ", 100));
        }
    }
    if trend.runs.len() < FEW {
        let _ = writeln!(out, "\nWith fewer than {FEW} runs no change is told from chance.");
    }
    if !trend.left_out.is_empty() {
        out.push_str("\nLeft out:\n");
        for run in &trend.left_out {
            out.push_str(&indented(run, "  - ", "    ", 100));
        }
    }
    out
}

/// The latest value, and the range of all.
fn spread(track: &Track) -> String {
    let show = |value: f64| track.unit.show(value);
    let values = || track.points.iter().map(|point| point.value);
    let (least, most) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let last = values().next_back().map_or_else(|| "–".into(), show);
    format!("{last} now, {} to {} over {} runs", show(least), show(most), track.points.len())
}

/// Each change in a sentence: `since run X: 93.0 % → 71.0 %`.
pub(super) fn since(track: &Track, trend: &Trend) -> Vec<String> {
    let mut said = Vec::new();
    for shift in &track.shifts {
        let run = trend.runs.get(shift.run).map_or("?", String::as_str);
        said.push(format!(
            "since run {run}: {} → {} ({}; a line without a change shows one like it with a chance of {} at most)",
            track.unit.show(shift.before),
            track.unit.show(shift.after),
            if shift.worse { "worse" } else { "better" },
            crate::units::percent(shift.p)
        ));
    }
    said
}

/// `trend.md`.
pub(super) fn markdown(trend: &Trend) -> String {
    let mut out = format!(
        "# cacheproof: {} over {} runs\n\n![each SLO line over the runs](plots/trend.svg)\n",
        trend.scenario,
        trend.runs.len()
    );
    let _ = writeln!(out, "\n| SLO line | now and before | since when otherwise |\n|---|---|---|");
    for track in &trend.tracks {
        let line = track.line.replace('|', "\\|");
        let _ = writeln!(out, "| `{line}` | {} | {} |", spread(track), since(track, trend).join("; "));
    }
    let _ = writeln!(out, "\n| run | began |\n|---|---|");
    for (run, began) in trend.runs.iter().zip(&trend.started_at) {
        let _ = writeln!(out, "| {run} | {began} |");
    }
    if !trend.left_out.is_empty() {
        let _ = writeln!(out, "\nLeft out:\n");
        for run in &trend.left_out {
            let _ = writeln!(out, "- {run}");
        }
    }
    out
}
