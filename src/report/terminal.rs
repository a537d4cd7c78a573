//! The verdict in a terminal: a table, reasons below it, the path of the report.

use super::compose::{headline, line};
use crate::units::Unit;
use crate::verdict::{Judgement, Verdict};
use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, LineStyle, Table, presets};
use std::io::IsTerminal as _;
use std::path::Path;

/// Width where there is no terminal to ask.
const WIDTH: u16 = 100;

/// The verdict as text, coloured only where a terminal shows colours and nobody said
/// `NO_COLOR`.
pub fn terminal(verdict: &Verdict, folder: Option<&Path>) -> String {
    let terminal = std::io::stdout().is_terminal();
    let plain = !terminal || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    render(verdict, folder, plain, if terminal { None } else { Some(WIDTH) })
}

fn render(verdict: &Verdict, folder: Option<&Path>, plain: bool, width: Option<u16>) -> String {
    let mut table = Table::new();
    let style = presets::NOTHING.header_separator(LineStyle::none().fill('─').junction('─'));
    table.load_style(style).set_content_arrangement(ContentArrangement::Dynamic);
    if plain {
        table.force_no_tty();
    }
    if let Some(width) = width {
        table.set_width(width);
    }
    let interval = format!("{} interval", Unit::Ratio.show_target(verdict.confidence));
    table.set_header(["", "SLO", "measured", interval.as_str(), "n"].map(|title| Cell::new(title).add_attribute(Attribute::Bold)));
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
            reasons.push_str(&format!("  {word}  {}\n        {}\n", shown.slo, shown.note));
        }
    }
    let mut out = format!("\n{}\n\n{}\n", headline(verdict), table.trim_fmt());
    if !reasons.is_empty() {
        out.push_str(&format!("\nWhy:\n{reasons}"));
    }
    if !verdict.caveats.is_empty() {
        out.push_str("\nWhat weakens this evidence:\n");
        for caveat in &verdict.caveats {
            out.push_str(&format!("  - {caveat}\n"));
        }
    }
    if let Some(folder) = folder {
        out.push_str(&format!("\nreport: {}\n", folder.join(super::HTML_FILE).display()));
    }
    out
}
