//! The verdict in a terminal: a table, reasons below it, the path of the report.

use super::breakpoint::found;
use super::ledger;
use super::words::{decided_at, expectation, gaps, headline, line};
use crate::evidence::Evidence;
use crate::units::Unit;
use crate::verdict::{Judgement, Verdict};
use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, LineStyle, Table, presets};
use std::io::IsTerminal as _;
use std::path::Path;

/// Width where there is no terminal to ask.
const WIDTH: u16 = 100;

/// The verdict as text, coloured only where a terminal shows colours and nobody said
/// `NO_COLOR`.
pub fn terminal(evidence: &Evidence, verdict: &Verdict, folder: Option<&Path>) -> String {
    let terminal = std::io::stdout().is_terminal();
    let plain = !terminal || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    render(evidence, verdict, folder, plain, if terminal { None } else { Some(WIDTH) })
}

fn render(
    evidence: &Evidence,
    verdict: &Verdict,
    folder: Option<&Path>,
    plain: bool,
    width: Option<u16>,
) -> String {
    let mut table = Table::new();
    let style = presets::NOTHING.header_separator(LineStyle::none().fill('─').junction('─'));
    table.load_style(style).set_content_arrangement(ContentArrangement::Dynamic);
    if plain {
        table.force_no_tty();
    }
    if let Some(width) = width {
        table.set_width(width);
    }
    let columns = usize::from(table.width().unwrap_or(WIDTH));
    let interval = format!("{} interval", Unit::Ratio.show_target(verdict.confidence));
    table.set_header(
        ["", "SLO", "measured", interval.as_str(), "n"]
            .map(|title| Cell::new(title).add_attribute(Attribute::Bold)),
    );
    let mut reasons = String::new();
    for finding in &verdict.findings {
        let shown = line(finding);
        let (word, colour) = match finding.judgement {
            Judgement::Pass => ("pass", Color::Green),
            Judgement::Fail => ("FAIL", Color::Red),
            Judgement::Inconclusive => ("open", Color::Yellow),
        };
        table.add_row([
            Cell::new(word).fg(colour),
            Cell::new(&shown.slo),
            Cell::new(&shown.measured).set_alignment(CellAlignment::Right),
            Cell::new(&shown.interval),
            Cell::new(&shown.n).set_alignment(CellAlignment::Right),
        ]);
        if finding.judgement != Judgement::Pass && !shown.note.is_empty() {
            reasons.push_str(&format!("  {word}  {}\n", shown.slo));
            reasons.push_str(&indented(&shown.note, "        ", "        ", columns));
        }
    }
    // A headline that gives its reasons may be long; what fits on a line stays one.
    let mut out = format!("\n{}\n{}\n", indented(&headline(verdict), "", "", columns), table.trim_fmt());
    if let Some(said) = decided_at(verdict) {
        out.push_str(&format!("\n{}", indented(&said, "", "", columns)));
    }
    for found in found(evidence) {
        out.push_str(&format!("\n{}", indented(&found, "", "  ", columns)));
    }
    if !verdict.violations.is_empty() {
        out.push_str("\nWhat was wrong:\n");
        for violation in &verdict.violations {
            out.push_str(&indented(&ledger::violation(violation), "  - ", "    ", columns));
            out.push_str(&format!("    {}\n", violation.reproduce));
        }
    }
    if !reasons.is_empty() {
        out.push_str(&format!("\nWhy:\n{reasons}"));
    }
    if !verdict.expectations.is_empty() {
        out.push_str("\nExpected of a perfect cache:\n");
        for (role, cells) in verdict.expectations.iter().map(expectation) {
            let [value, span, measured, interval] = cells.as_slice() else { continue };
            out.push_str(&format!("  {role:<10} {value:>7} {span:<18} measured {measured:>7} {interval}\n"));
        }
        for gap in gaps(verdict) {
            out.push_str(&indented(&gap, "  - ", "    ", columns));
        }
    }
    if let Some(effect) = &verdict.effect {
        out.push_str("\nOver all traffic:\n");
        for said in effect.sentences() {
            out.push_str(&indented(&said, "  - ", "    ", columns));
        }
    }
    if let Some(brief) = ledger::brief(verdict) {
        out.push_str("\nWho counted the same:\n");
        out.push_str(&indented(&brief, "  ", "  ", columns));
    }
    if !verdict.caveats.is_empty() {
        out.push_str("\nWhat weakens this evidence:\n");
        for caveat in &verdict.caveats {
            out.push_str(&indented(&caveat.to_string(), "  - ", "    ", columns));
        }
    }
    if let Some(folder) = folder {
        out.push_str(&format!("\nreport: {}\n", folder.join(super::HTML_FILE).display()));
    }
    out
}

/// A paragraph within the terminal's width, its later lines indented as told.
pub(super) fn indented(text: &str, first: &str, rest: &str, columns: usize) -> String {
    let options = textwrap::Options::new(columns.max(40)).initial_indent(first).subsequent_indent(rest);
    textwrap::fill(text, options) + "\n"
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::fixture::{self, Made};
    use std::path::Path;

    #[test]
    fn the_table_fits_a_hundred_columns() {
        let text = render(
            &Made::new().evidence(),
            &fixture::verdict(),
            Some(Path::new("reports/made-up")),
            true,
            Some(100),
        );
        assert!(!text.contains('\u{1b}'), "no colours where nobody asked for them");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_narrow_terminal_loses_no_words() {
        let narrow = render(&Made::new().evidence(), &fixture::verdict(), None, true, Some(60));
        let table = narrow.split("\nWhat was wrong:").next().unwrap();
        assert!(table.lines().skip(2).all(|line| line.chars().count() <= 60), "{table}");
        for word in ["pass", "FAIL", "open", "12,345", "61.5"] {
            assert!(table.contains(word), "{word} is missing:\n{table}");
        }
    }
}
