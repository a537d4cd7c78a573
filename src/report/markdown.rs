//! `summary.md`: the verdict where Markdown is read, such as a pull request.

use super::compose::View;
use super::words::Line;
use std::fmt::Write as _;

pub(super) fn render(view: &View) -> String {
    let mut out = String::new();
    write(&mut out, view).expect("writing to a string does not fail");
    out
}

fn write(out: &mut String, view: &View) -> std::fmt::Result {
    writeln!(out, "# cacheproof: {}\n\n**{}**\n", view.scenario, view.headline)?;
    writeln!(out, "| | SLO | measured | {} | n |\n|---|---|---|---|---|", view.interval)?;
    for line in &view.lines {
        let Line { slo, measured, interval, n, .. } = line;
        writeln!(
            out,
            "| {} | `{}` | {measured} | {interval} | {n} |",
            line.judgement.as_str(),
            slo.replace('|', "\\|")
        )?;
    }
    let noted: Vec<&Line> = view
        .lines
        .iter()
        .filter(|line| !line.note.is_empty() && line.judgement != crate::verdict::Judgement::Pass)
        .collect();
    if !noted.is_empty() {
        writeln!(out, "\nWhy:\n")?;
        for line in noted {
            writeln!(out, "- `{}`: {}", line.slo, line.note)?;
        }
    }
    if !view.violations.is_empty() {
        writeln!(out, "\nWhat was wrong:\n")?;
        for (what, reproduce) in &view.violations {
            writeln!(out, "- {what}\n\n      {reproduce}\n")?;
        }
    }
    if !view.effect.is_empty() {
        writeln!(out, "\nOver all traffic:\n")?;
        for said in &view.effect {
            writeln!(out, "- {said}")?;
        }
    }
    for breakpoint in &view.breakpoints {
        writeln!(out, "\n{}\n", breakpoint.found)?;
        writeln!(out, "| {} |\n|{}", breakpoint.head.join(" | "), "---|".repeat(breakpoint.head.len()))?;
        for (rate, cells) in &breakpoint.steps {
            writeln!(out, "| {rate} | {} |", cells.join(" | "))?;
        }
    }
    if !view.caveats.is_empty() {
        writeln!(out, "\nWhat weakens this evidence:\n")?;
        for caveat in &view.caveats {
            writeln!(out, "- {caveat}")?;
        }
    }
    if !view.expected.is_empty() {
        writeln!(
            out,
            "\n| expected of a perfect cache | hit rate | one run | measured | {} interval |\n|---|---|---|---|---|",
            view.confidence
        )?;
        for (role, cells) in &view.expected {
            writeln!(out, "| {role} | {} |", cells.join(" | "))?;
        }
        if !view.gaps.is_empty() {
            writeln!(out)?;
            for gap in &view.gaps {
                writeln!(out, "- {gap}")?;
            }
        }
    }
    if !view.ledger.is_empty() {
        writeln!(
            out,
            "\n| {} |\n|{}",
            super::ledger::HEAD.join(" | "),
            "---|".repeat(super::ledger::HEAD.len())
        )?;
        for (counter, cells) in &view.ledger {
            writeln!(out, "| {counter} | {} |", cells.join(" | "))?;
        }
        for note in &view.ledger_notes {
            writeln!(out, "\n- {note}")?;
        }
    }
    writeln!(out, "\n| role | hit rate | served by |\n|---|---|---|")?;
    for row in &view.roles {
        let sources: Vec<String> =
            row.sources.iter().map(|(source, n)| format!("{source} {}", crate::units::count(*n))).collect();
        writeln!(out, "| {} | {} | {} |", row.role, row.hit_rate, sources.join(", "))?;
    }
    writeln!(out)?;
    for (name, value) in &view.facts {
        writeln!(out, "- {name}: {value}")?;
    }
    Ok(())
}
