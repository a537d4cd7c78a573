//! `report.html`: one file, no script, nothing loaded from elsewhere.

use super::charts::Chart;
use super::compose::{SourceRow, View};
use super::style::CSS;
use super::words::{Bar, Line};
use crate::units::count;
use maud::{DOCTYPE, Markup, PreEscaped, html};

pub(super) fn render(view: &View, charts: &[Chart]) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "cacheproof: " (view.scenario) ": " (view.outcome) }
                style { (PreEscaped(CSS)) }
            }
            body {
                header {
                    div class="kicker" { "cacheproof · " (view.id) }
                    h1 { (view.scenario) }
                    @if !view.about.is_empty() { div class="soft" { (view.about) } }
                    p class={ "verdict " (view.outcome) } { (view.headline) }
                }
                main {
                    section {
                        h2 { "What was asked, and what was measured" }
                        (slos(&view.lines, &view.interval))
                    }
                    @if !view.violations.is_empty() {
                        section {
                            h2 { "What was wrong" }
                            ul {
                                @for (what, reproduce) in &view.violations {
                                    li { (what) br; code { (reproduce) } }
                                }
                            }
                        }
                    }
                    @if !view.breakpoints.is_empty() {
                        section {
                            h2 { "How much load it took" }
                            @for breakpoint in &view.breakpoints {
                                p { (breakpoint.found) }
                                (table(&breakpoint.head, &breakpoint.steps))
                            }
                        }
                    }
                    @if !view.caveats.is_empty() {
                        section {
                            h2 { "What weakens this evidence" }
                            ul { @for caveat in &view.caveats { li { (caveat) } } }
                        }
                    }
                    @if !view.expected.is_empty() {
                        section {
                            h2 { "Expected of a perfect cache" }
                            (table(&["role", "expected hit rate", "a single run", "measured", "interval"], &view.expected))
                            @if !view.gaps.is_empty() {
                                ul { @for gap in &view.gaps { li { (gap) } } }
                            }
                            p class="soft" {
                                "Before the load these people were replayed in virtual time against a cache "
                                "that loses nothing, with the lifetimes and invalidations of the scenario."
                            }
                        }
                    }
                    @for chart in charts {
                        section {
                            h2 { (chart.title) }
                            figure {
                                (PreEscaped(inline(&chart.picture.svg)))
                                figcaption { (chart.caption) }
                            }
                            @if chart.name == "hit-rate" { (roles(&view.roles)) }
                            @if chart.name == "latency" { (latency(&view.latency)) }
                            @if chart.name == "speedup" {
                                (pairs(&view.pairs))
                                @if !view.effect.is_empty() {
                                    h3 { "What that comes to over all traffic" }
                                    ul { @for said in &view.effect { li { (said) } } }
                                }
                            }
                        }
                    }
                    @if !view.ledger.is_empty() {
                        section {
                            h2 { "Whether everybody counted the same" }
                            (table(&super::ledger::HEAD, &view.ledger))
                            ul { @for note in &view.ledger_notes { li { (note) } } }
                            p class="soft" {
                                "From the first to the last reading of the counters. Requests that were under "
                                "way at either, and answers that do not say what they were, leave some room."
                            }
                        }
                    }
                    section {
                        h2 { "What was not checked" }
                        ul { @for line in &view.unchecked { li { (line) } } }
                    }
                    section {
                        h2 { "Where and how" }
                        dl { @for (name, value) in &view.facts { dt { (name) } dd { (value) } } }
                        p class="soft" {
                            "The folder of this page holds the evidence. "
                            code { "cacheproof judge DIR --slo FILE" }
                            " judges other targets by it without new load; "
                            code { "cacheproof run DIR/scenario.yaml" }
                            " repeats the run with the same seed."
                        }
                    }
                }
            }
        }
    }
    .into_string()
}

fn slos(lines: &[Line], interval: &str) -> Markup {
    html! {
        div class="scroll" {
            table class="slos" {
                thead { tr {
                    th { "" } th { "SLO" } th class="n" { "measured" } th class="n" { (interval) }
                    th { "against target" } th class="n" { "n" }
                } }
                @for line in lines {
                    tbody {
                        tr {
                            td { span class={ "tag " (line.judgement.as_str()) } { (word(line)) } }
                            td { code { (line.slo) } }
                            td class="n" { (line.measured) }
                            td class="n" { (line.interval) }
                            td { @if let Some(bar) = line.bar { (draw(&bar, line)) } }
                            td class="n" { (line.n) }
                        }
                        @if !line.note.is_empty() {
                            tr class="note" { td {} td colspan="5" { (line.note) } }
                        }
                    }
                }
            }
        }
    }
}

fn word(line: &Line) -> &'static str {
    match line.judgement {
        crate::verdict::Judgement::Pass => "pass",
        crate::verdict::Judgement::Fail => "fail",
        crate::verdict::Judgement::Inconclusive => "open",
    }
}

/// Value and interval against the target, on the line's own scale.
fn draw(bar: &Bar, line: &Line) -> Markup {
    let x = |place: f64| format!("{:.1}", 4.0 + place * 122.0);
    let label = format!("measured {} {}, target {}", line.measured, line.interval, line.target);
    html! {
        svg class="bar" viewBox="0 0 130 22" role="img" aria-label=(label) {
            line class="axis" x1="0" x2="130" y1="11" y2="11" {}
            line class="span" x1=(x(bar.lo)) x2=(x(bar.hi)) y1="11" y2="11" {}
            line class="target" x1=(x(bar.target)) x2=(x(bar.target)) y1="1" y2="21" {}
            circle class="value" cx=(x(bar.value)) cy="11" r="4" {}
        }
    }
}

fn roles(rows: &[SourceRow]) -> Markup {
    html! {
        div class="scroll" {
            table {
                thead { tr { th { "role" } th class="n" { "hit rate" } th { "served by" } th class="n" { "of the hits, 304" } th class="n" { "first reads" } } }
                tbody {
                    @for row in rows {
                        tr {
                            td { (row.role) }
                            td class="n" { (row.hit_rate) }
                            td { (row.sources.iter().map(|(source, n)| format!("{source} {}", count(*n))).collect::<Vec<_>>().join(", ")) }
                            td class="n" { (count(row.validated)) }
                            td class="n" { (count(row.firsts)) }
                        }
                    }
                }
            }
        }
    }
}

fn latency(rows: &[(String, Vec<String>)]) -> Markup {
    table(&["served by", "n", "p50", "p90", "p99", "p99.9"], rows)
}

fn pairs(rows: &[(String, Vec<String>)]) -> Markup {
    table(
        &[
            "action",
            "pairs",
            "dropped",
            "uncached, mean",
            "cached, mean",
            "speedup",
            "median ratio",
            "queries uncached",
        ],
        rows,
    )
}

fn table(head: &[impl maud::Render], rows: &[(String, Vec<String>)]) -> Markup {
    html! {
        div class="scroll" {
            table {
                thead { tr { @for (index, title) in head.iter().enumerate() { th class=[(index > 0).then_some("n")] { (title) } } } }
                tbody {
                    @for (label, cells) in rows {
                        tr { td { (label) } @for cell in cells { td class="n" { (cell) } } }
                    }
                }
            }
        }
    }
}

/// An SVG file as part of a page: without the XML declaration before it.
fn inline(svg: &str) -> &str {
    svg.find("<svg").map_or(svg, |at| &svg[at..])
}
