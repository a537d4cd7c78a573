//! What newcomers write that is not YAML, and what would be.

use regex::Regex;
use std::sync::LazyLock;

/// A line and a column, from 1.
type At = (usize, usize);

static NO_SPACE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:- +)?(?P<key>[A-Za-z_][\w-]*):(?P<value>[^\s:/].*)$").expect("a constant pattern")
});
static BRACES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?:^|[:,\[{]\s+|-\s+|\{)(?P<text>[^\s"'{}\[\],]*\{[A-Za-z_][\w.]*\}[^\s"',\]}]*)"#)
        .expect("a constant pattern")
});
static MARKED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^\s*|[:,\[{]\s+|-\s+)(?P<text>[%@`][^,}\]]*)").expect("a constant pattern")
});
static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r" at (?:line (\d+) column (\d+)|position \d+)").expect("a constant pattern")
});
static QUOTED_START: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^\s*(?:- +|[\w-]+: +)(?P<text>"[^"]*"|'[^']*')\s*[^\s#,}\]]"#).expect("a constant pattern")
});

/// Where to point, and what to say with a hint where the mistake is a usual one.
pub(super) fn explain(text: &str, at: Option<At>, raw: &str) -> (At, String) {
    let mut at = at.unwrap_or((1, 1));
    if raw.contains("while scanning a quoted scalar")
        && let Some(start) = start_of_context(raw)
    {
        let what = "this quote is never closed; write the same quote at the end of the text";
        return (start, what.into());
    }
    // The parser notices some mistakes only on the next line.
    let lines: Vec<&str> = text.lines().collect();
    let behind = (1..=at.0.min(lines.len())).rev().filter(|line| !lines[line - 1].trim().is_empty()).take(2);
    for line in behind {
        if let Some((column, hint)) = usual(lines[line - 1]) {
            return ((line, column), hint);
        }
    }
    if at.0 > lines.len() {
        at = (lines.len().max(1), lines.last().map_or(1, |line| line.chars().count() + 1));
    }
    if let Some(open) = start_of_context(raw).filter(|_| raw.contains("a flow ")) {
        let (bracket, end) = if raw.contains("flow mapping") { ('{', '}') } else { ('[', ']') };
        return (
            open,
            format!(
                "this `{bracket}` is not closed, or a comma is missing in it; write `, ` between its parts and `{end}` at the end"
            ),
        );
    }
    let what = without_place(raw);
    let what = if what.contains("mapping values are not allowed") {
        "a second `: ` in one value; a text that holds `: ` needs quotes, and a nested key a line of its own"
            .into()
    } else if what.contains("did not find expected key") || what.contains("did not find expected '-'") {
        "this does not line up; the keys of one map, and the dashes of one list, begin in the same column"
            .into()
    } else if what.contains("unknown anchor") {
        "a text that begins with * needs quotes".into()
    } else if what.contains("more than one document") {
        let starts = lines.iter().enumerate().filter(|(_, line)| line.starts_with("---"));
        let blank = |line: &str| line.trim().is_empty() || line.starts_with(['#', '%']);
        let second =
            starts.map(|(index, _)| index).find(|index| !lines[..*index].iter().all(|line| blank(line)));
        at = second.map_or(at, |index| (index + 1, 1));
        "only one scenario fits in a file; leave out what follows `---`".into()
    } else {
        format!("not YAML: {what}")
    };
    (at, what)
}

/// A usual mistake in a line: its column and what would be right.
fn usual(line: &str) -> Option<(usize, String)> {
    let column = |byte: usize| line[..byte].chars().count() + 1;
    let indent = line.len() - line.trim_start().len();
    if let Some(tab) = line[..indent].find('\t') {
        return Some((column(tab), "a tab; YAML is indented with spaces only".into()));
    }
    if line[indent..].starts_with('#') {
        return None;
    }
    // Outside brackets a comma begins nothing, and braces may stand within a text.
    let bracketed = |at: usize| line[..at].contains(['{', '[']);
    let marked = MARKED.captures(line).and_then(|found| found.name("text"));
    if let Some(found) =
        marked.filter(|found| bracketed(found.start()) || !line[..found.start()].trim_end().ends_with(','))
    {
        let text = found.as_str().trim();
        let what = format!(
            "a text cannot begin with {}; put it in quotes: \"{}\"",
            &text[..1],
            text.replace('"', "'")
        );
        return Some((column(found.start()), what));
    }
    let braces = BRACES.captures(line).and_then(|found| found.name("text"));
    if let Some(found) = braces.filter(|found| found.as_str().starts_with('{') || bracketed(found.start())) {
        let what = format!("a text with braces needs quotes here: \"{}\"", found.as_str());
        return Some((column(found.start()), what));
    }
    if let Some(found) = NO_SPACE.captures(line) {
        let (key, value) = (&found["key"], &found["value"]);
        let hidden = super::secret::is_key(key);
        let value = if hidden { super::secret::BLANK } else { value };
        let at = found.name("key").map_or(0, |key| key.end());
        return Some((column(at), format!("a space is missing after the colon; write `{key}: {value}`")));
    }
    if let Some(found) = QUOTED_START.captures(line).and_then(|found| found.name("text")) {
        let what = "a text that begins with a quote ends at the next one; put all of it in quotes";
        return Some((column(found.start()), what.into()));
    }
    None
}

/// The place where what was not finished began: the second one that the message names.
fn start_of_context(raw: &str) -> Option<At> {
    let found = PLACE.captures_iter(raw).nth(1)?;
    Some((found.get(1)?.as_str().parse().ok()?, found.get(2)?.as_str().parse().ok()?))
}

/// The message without its places and what it was doing.
pub(super) fn without_place(raw: &str) -> String {
    let end = PLACE.find(raw).map_or(raw.len(), |found| found.start());
    raw[..end].to_owned()
}

/// `key:value` without a space is one text; what it should have been.
pub(super) fn missing_space(text: &str) -> Option<String> {
    let found = NO_SPACE.captures(text)?;
    Some(format!("{}: {}", &found["key"], &found["value"]))
}
