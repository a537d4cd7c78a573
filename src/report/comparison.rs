//! A comparison as a table in the terminal and as Markdown.

use super::terminal::indented;
use crate::compare::{Change, Comparison, Counted, Measured, Row, Scale, Word};
use crate::units::{Unit, percent};
use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, LineStyle, Table, presets};
use std::fmt::Write as _;
use std::io::IsTerminal as _;

/// Width where there is no terminal to ask.
const WIDTH: u16 = 100;

/// The comparison as text. Rows that are the same or of which nothing can be told are only
/// counted unless `all` are asked for; SLO lines always stand there.
pub fn comparison_terminal(comparison: &Comparison, all: bool) -> String {
    let terminal = std::io::stdout().is_terminal();
    let plain = !terminal || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    render(comparison, all, plain, if terminal { None } else { Some(WIDTH) })
}

fn render(comparison: &Comparison, all: bool, plain: bool, width: Option<u16>) -> String {
    let Comparison { base, new, slos, rows, .. } = comparison;
    let mut out = format!("\nbase: {}\nnew:  {}\n", base.id, new.id);
    let columns = usize::from(width.unwrap_or(WIDTH));
    out.push_str(&format!("\n{}", indented(&headline(comparison), "", "", columns)));
    if !slos.is_empty() {
        out.push_str(&format!("\n{}\n", table(comparison, slos.iter(), "SLO line", plain, width)));
    }
    let shown: Vec<&Row> = rows.iter().filter(|row| all || is_news(row)).collect();
    if !shown.is_empty() {
        let title = "by role, action and source";
        out.push_str(&format!("\n{}\n", table(comparison, shown.iter().copied(), title, plain, width)));
    }
    let folded = Counted::of(&rows.iter().filter(|row| !all && !is_news(row)).cloned().collect::<Vec<_>>());
    if folded.same + folded.cannot_tell > 0 {
        let said = format!(
            "By role, action and source, not shown here (--all does): {} the same, {} of which nothing can be told.",
            folded.same, folded.cannot_tell
        );
        out.push_str(&format!("\n{}", indented(&said, "", "", columns)));
    }
    let reasons: String = slos
        .iter()
        .chain(shown)
        .filter_map(|row| Some((row, row.why.as_ref()?)))
        .map(|(row, why)| indented(&format!("{}: {why}", row.line), "  - ", "    ", columns))
        .collect();
    // What holds for all of them is said once, below.
    if !reasons.is_empty() && !withheld(comparison) {
        out.push_str(&format!("\nWhy nothing can be told:\n{reasons}"));
    }
    if !comparison.caveats.is_empty() {
        out.push_str("\nWhat else differs:\n");
        for caveat in &comparison.caveats {
            out.push_str(&indented(caveat, "  - ", "    ", columns));
        }
    }
    out.push_str(&format!("\n{}", indented(&explained(comparison), "", "", columns)));
    out
}

/// Whether one reason keeps every row from being told.
fn withheld(comparison: &Comparison) -> bool {
    let first = comparison.caveats.first();
    comparison.slos.iter().chain(&comparison.rows).all(|row| row.why.is_some() && row.why.as_ref() == first)
}

fn is_news(row: &Row) -> bool {
    match row.word {
        Word::Worse | Word::Better => true,
        Word::Same | Word::CannotTell => false,
    }
}

/// The whole in a sentence.
fn headline(comparison: &Comparison) -> String {
    let say = |rows: &[Row], what: &str| {
        let Counted { worse, better, cannot_tell, same } = Counted::of(rows);
        format!(
            "{} {what}: {worse} worse, {better} better, {same} the same, {cannot_tell} cannot be told",
            rows.len()
        )
    };
    format!(
        "{}; {}.",
        say(&comparison.slos, "SLO lines"),
        say(&comparison.rows, "figures of a role, an action and a source")
    )
}

/// What the words mean.
fn explained(comparison: &Comparison) -> String {
    format!(
        "The same: the whole {} interval lies within {} (times, factors, bytes) or {} points (rates, less \
         near 0 and 100 %). Worse and better: the chance that any of them is wrong is {} among the SLO \
         lines, and as much among the rest (Holm). Seen from: the least change that two such runs show \
         with a chance of {}.",
        Unit::Ratio.show_target(comparison.confidence),
        Unit::Ratio.show_target(comparison.within),
        points(comparison.points),
        Unit::Ratio.show_target(comparison.family_error),
        Unit::Ratio.show_target(comparison.power)
    )
}

fn table<'r>(
    comparison: &Comparison,
    rows: impl Iterator<Item = &'r Row>,
    title: &str,
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
    let interval = format!("{} interval", Unit::Ratio.show_target(comparison.confidence));
    table.set_header(
        ["", title, "base", "new", "change", interval.as_str(), "seen from"]
            .map(|title| Cell::new(title).add_attribute(Attribute::Bold)),
    );
    for row in rows {
        let (word, colour) = match row.word {
            Word::Worse => ("WORSE", Color::Red),
            Word::Better => ("better", Color::Green),
            Word::CannotTell => ("open", Color::Yellow),
            Word::Same => ("same", Color::Reset),
        };
        let [base, new, change, interval, least] = cells(row);
        table.add_row([
            Cell::new(word).fg(colour),
            Cell::new(short(&row.line)),
            Cell::new(base).set_alignment(CellAlignment::Right),
            Cell::new(new).set_alignment(CellAlignment::Right),
            Cell::new(change).set_alignment(CellAlignment::Right),
            Cell::new(interval),
            Cell::new(least).set_alignment(CellAlignment::Right),
        ]);
    }
    table.trim_fmt()
}

/// A figure of a role, an action and a source without its quotes, as a table has room for:
/// `p99 student report hit`. An SLO line stays as it was written.
fn short(line: &str) -> String {
    let name = line.split(['(', '{']).next().unwrap_or(line);
    let labels: Option<Vec<(&str, &str)>> = line.split_once('{').and_then(|(_, rest)| {
        let all = rest.trim_end_matches(')').strip_suffix('}')?.split(',');
        all.map(|label| label.trim_end_matches('"').split_once("=\"")).collect()
    });
    match labels.as_deref() {
        Some([("role", role), ("action", action)]) => format!("{name} {role} {action}"),
        Some([("role", role), ("action", action), ("source", source)]) => {
            format!("{name} {role} {action} {source}")
        }
        Some(_) | None => line.to_owned(),
    }
}

/// Base, new, change, its interval and what would be seen, as text.
fn cells(row: &Row) -> [String; 5] {
    let dash = || "–".to_owned();
    let value = |side: Option<Measured>| side.map_or_else(dash, |side| row.unit.show(side.value));
    let Some(change) = row.change else {
        return [value(row.base), value(row.new), dash(), String::new(), String::new()];
    };
    let Change { scale, value: by, interval: [lo, hi], detectable, .. } = change;
    let least = match scale {
        Scale::Difference if row.unit == Unit::Ratio => format!("±{}", points(detectable)),
        Scale::Difference => format!("±{}", row.unit.show(detectable)),
        // Beyond twice, a factor reads better than per cent.
        Scale::Ratio if detectable > 1.0 => format!("{:.1}x", 1.0 + detectable),
        Scale::Ratio => format!("±{}", percent(detectable)),
    };
    // One row has one notation.
    let as_factor = [by, lo, hi].into_iter().any(far);
    let moved = |by| moved(scale, row.unit, by, as_factor);
    let interval = match (scale, row.unit) {
        (Scale::Difference, Unit::Ratio) => {
            format!("[{}, {}]", moved(lo).trim_end_matches(" pt"), moved(hi).trim_end_matches(" pt"))
        }
        (Scale::Difference | Scale::Ratio, _) => format!("[{}, {}]", moved(lo), moved(hi)),
    };
    [value(row.base), value(row.new), moved(by), interval, least]
}

/// A change with its sign: `+1.2 pt`, `−12 %`, `3.10x`.
fn moved(scale: Scale, unit: Unit, by: f64, as_factor: bool) -> String {
    let sign = |value: f64| if value < 0.0 { "−" } else { "+" };
    match scale {
        Scale::Difference if unit == Unit::Ratio => format!("{}{} pt", sign(by), points(by.abs())),
        Scale::Difference => format!("{}{}", sign(by), unit.show(by.abs())),
        Scale::Ratio if as_factor => format!("{by:.2}x"),
        Scale::Ratio => format!("{}{}", sign(by - 1.0), percent((by - 1.0).abs())),
    }
}

/// Beyond twice or half, a factor reads better than per cent.
fn far(ratio: f64) -> bool {
    !(0.5..=2.0).contains(&ratio)
}

/// A share as points: per cent without the sign.
fn points(share: f64) -> String {
    let value = share * 100.0;
    if value < 0.1 && value > 0.0 { format!("{value:.3}") } else { format!("{value:.1}") }
}

/// `comparison.md`.
pub(super) fn markdown(comparison: &Comparison) -> String {
    let mut out = format!("# cacheproof: {} against {}\n\n", comparison.new.id, comparison.base.id);
    let _ = writeln!(out, "**{}**\n", headline(comparison));
    let interval = Unit::Ratio.show_target(comparison.confidence);
    for (title, rows) in [("SLO line", &comparison.slos), ("by role, action and source", &comparison.rows)] {
        if rows.is_empty() {
            continue;
        }
        let _ = writeln!(
            out,
            "| | {title} | base | new | change | {interval} interval | seen from |\n|---|---|---|---|---|---|---|"
        );
        for row in rows {
            let line = row.line.replace('|', "\\|");
            let _ = writeln!(out, "| {} | `{line}` | {} |", row.word.as_str(), cells(row).join(" | "));
        }
        let reasons: Vec<(&Row, &String)> =
            rows.iter().filter_map(|row| Some((row, row.why.as_ref()?))).collect();
        if !reasons.is_empty() && !withheld(comparison) {
            let _ = writeln!(out, "\nWhy nothing can be told:\n");
            for (row, why) in reasons {
                let _ = writeln!(out, "- `{}`: {why}", row.line);
            }
        }
        out.push('\n');
    }
    if !comparison.caveats.is_empty() {
        let _ = writeln!(out, "What else differs:\n");
        for caveat in &comparison.caveats {
            let _ = writeln!(out, "- {caveat}");
        }
        out.push('\n');
    }
    let _ = writeln!(out, "{}", explained(comparison));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{Better, RunRef, SCHEMA_VERSION};

    fn row(line: &str, word: Word, unit: Unit, base: f64, new: f64, change: Option<Change>) -> Row {
        let side = |value| Some(Measured { value, interval: Some([value * 0.9, value * 1.1]), n: 1_000 });
        let better = if unit == Unit::Ratio { Better::Higher } else { Better::Lower };
        let why = change.is_none().then(|| "in the new run: 12 samples are too few".to_owned());
        Row { line: line.into(), word, better, unit, base: side(base), new: side(new), change, why }
    }

    pub(crate) fn comparison() -> Comparison {
        let rate = |value: f64| Change {
            scale: Scale::Difference,
            value,
            interval: [value - 0.011, value + 0.012],
            same: [-0.02, 0.02],
            detectable: 0.024,
        };
        let time = |value: f64| Change {
            scale: Scale::Ratio,
            value,
            interval: [value * 0.93, value * 1.07],
            same: [1.0 / 1.05, 1.05],
            detectable: 0.13,
        };
        let run = |id: &str| RunRef {
            id: id.into(),
            scenario: "made-up".into(),
            started_at: "2026-01-02T03:04:05Z".into(),
            target: "embedded".into(),
            invalid: false,
        };
        let slow = r#"p99(latency{role="student",action="report",source="hit"})"#;
        Comparison {
            schema_version: SCHEMA_VERSION,
            confidence: 0.95,
            family_error: 0.01,
            power: 0.8,
            within: 0.05,
            points: 0.02,
            base: run("made-up-20260102T030405Z"),
            new: run("made-up-20260103T030405Z"),
            slos: vec![
                row(
                    r#"hit_rate{role="teacher"} > 90%"#,
                    Word::Worse,
                    Unit::Ratio,
                    0.934,
                    0.71,
                    Some(rate(-0.224)),
                ),
                row("error_rate < 0.1%", Word::CannotTell, Unit::Ratio, 0.001, 0.001, None),
                row("hit_rate > 70%", Word::Same, Unit::Ratio, 0.8, 0.803, Some(rate(0.003))),
            ],
            rows: vec![
                row(slow, Word::Worse, Unit::Microseconds, 12_000.0, 31_000.0, Some(time(2.583))),
                row(
                    r#"mean(latency{role="student",action="list",source="hit"})"#,
                    Word::Better,
                    Unit::Microseconds,
                    900.0,
                    720.0,
                    Some(time(0.8)),
                ),
                row(
                    r#"mean(latency{role="student",action="list",source="miss"})"#,
                    Word::Same,
                    Unit::Microseconds,
                    900.0,
                    900.0,
                    Some(time(1.0)),
                ),
            ],
            caveats: vec!["the seed differs: 7 in the base, 8 in the new run".into()],
        }
    }

    #[test]
    fn the_table_fits_a_hundred_columns_and_folds_what_is_no_news() {
        let text = render(&comparison(), false, true, Some(100));
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        assert!(!text.contains("list miss") && text.contains("1 the same"), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn all_rows_are_shown_where_they_are_asked_for() {
        let text = render(&comparison(), true, true, Some(100));
        assert!(!text.contains("not shown") && text.contains("mean student list miss"), "{text}");
    }

    #[test]
    fn a_row_is_told_in_one_notation() {
        let change = |interval| Change {
            scale: Scale::Ratio,
            value: 0.6,
            interval,
            same: [0.95, 1.05],
            detectable: 0.3,
        };
        let told = |interval| {
            let row =
                row("mean(latency)", Word::Better, Unit::Microseconds, 1e3, 6e2, Some(change(interval)));
            cells(&row)[2..4].join(" ")
        };
        assert_eq!(told([0.55, 0.7]), "−40.0 % [−45.0 %, −30.0 %]");
        assert_eq!(told([0.13, 0.56]), "0.60x [0.13x, 0.56x]", "per cent beside factors mislead");
    }

    #[test]
    fn markdown_holds_every_row() {
        insta::assert_snapshot!(markdown(&comparison()));
    }
}
