//! The texts of a scenario, kept to point at lines of them.

use super::positions::{Duplicate, Mark, Shape, Spot, positions};
use super::secret;
use std::path::PathBuf;

/// Characters of a line that an error shows.
const WIDEST: usize = 160;

/// A scenario's files and where everything stands in them.
#[derive(Clone, Debug)]
pub struct Source {
    /// Path as the user gave it, or `<built-in school-day>`.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// The file itself, then what it includes and names, then what the command line sets.
    pub(super) files: Vec<File>,
    /// Where everything is, over all files.
    pub(super) spots: Spot,
    /// Keys that stand twice in the file itself.
    pub(super) duplicates: Vec<Duplicate>,
}

/// One of the texts a scenario is made of.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) origin: Origin,
}

/// Where a text comes from, which decides what an error may show of it.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// A scenario or a part, with the folder that its paths are relative to; none where it
    /// is compiled in.
    Scenario { text: String, dir: Option<PathBuf> },
    /// People or credentials: lines are named, not shown.
    People,
    /// An option of the command line.
    Setting,
}

/// A place in one of a source's files. Line and column count characters from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub(super) file: usize,
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Place {
    pub(super) fn new(file: usize, mark: Mark) -> Self {
        Self { file, line: mark.line, column: mark.column }
    }
}

impl Source {
    /// A text and, as far as it is YAML, where everything in it stands. A path as name is
    /// what relative paths in the text start from.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let name = name.into();
        let dir = PathBuf::from(&name).parent().map(PathBuf::from).unwrap_or_default();
        Self::with_dir(name, text.into(), Some(dir))
    }

    /// A text that is compiled in: it may name only what is compiled in as well.
    pub(super) fn built_in(name: &str, text: &str) -> Self {
        Self::with_dir(format!("<built-in {name}>"), text.into(), None)
    }

    fn with_dir(name: String, text: String, dir: Option<PathBuf>) -> Self {
        // The mark that some editors begin a file with is no part of the text.
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let (spots, duplicates) = positions(&text, 0);
        let file = File { name: name.clone(), origin: Origin::Scenario { text: text.clone(), dir } };
        Self { name, text, files: vec![file], spots, duplicates }
    }

    /// Where the value at a path stands, list positions in decimal; a map or a list that
    /// begins on a line below its key stands where the key does. Of a path that is not there, the key of the longest part that is.
    pub fn place(&self, path: &[&str]) -> Option<Place> {
        let (spot, depth) = self.spots.find(path);
        if depth == path.len() {
            return (spot.value.line > 0).then(|| Place::new(spot.file, spot.mark()));
        }
        (depth > 0).then(|| Place::new(spot.file, spot.key.unwrap_or(spot.value)))
    }

    /// Where the key at a path stands; an item of a list stands where it begins.
    pub fn place_of_key(&self, path: &[&str]) -> Option<Place> {
        let (spot, depth) = self.spots.find(path);
        (depth > 0).then(|| Place::new(spot.file, spot.key.unwrap_or(spot.value)))
    }

    /// Where the first key of the map at a path stands.
    pub(super) fn place_of_first_key(&self, path: &[&str]) -> Option<Place> {
        let first = self.spots.find(path).0.below.values().next();
        first.and_then(|spot| Some(Place::new(spot.file, spot.key?))).or_else(|| self.place(path))
    }

    /// Where a character of the text at a path stands, counted from 0, or the text itself
    /// where that cannot be told.
    pub(super) fn place_within(&self, path: &[&str], offset: usize) -> Option<Place> {
        let place = self.place(path)?;
        let (spot, depth) = self.spots.find(path);
        let line = self.line(place).filter(|_| depth == path.len());
        let shift = match (spot.shape, line) {
            (Shape::Plain | Shape::Block, Some(_)) => Some(offset),
            (Shape::SingleQuoted | Shape::DoubleQuoted, Some(line)) => {
                quoted(line, place.column, spot.shape == Shape::DoubleQuoted, offset)
            }
            (Shape::Empty | Shape::Elsewhere | Shape::Map | Shape::List, _) | (_, None) => None,
        };
        let long = line.map_or(0, |line| line.chars().count());
        let column = place.column + shift.filter(|shift| place.column + shift <= long + 1).unwrap_or(0);
        Some(Place { column, ..place })
    }

    /// The line of a place, where it may be shown.
    fn line(&self, place: Place) -> Option<&str> {
        match &self.files.get(place.file)?.origin {
            Origin::Scenario { text, .. } => text.lines().nth(place.line.checked_sub(1)?),
            Origin::People | Origin::Setting => None,
        }
    }

    /// `file:line:column`, or the option that set what is there.
    pub(super) fn label(&self, place: Place) -> String {
        match self.files.get(place.file) {
            Some(File { name, origin: Origin::Setting }) => name.clone(),
            Some(File { name, origin: Origin::Scenario { .. } | Origin::People }) => {
                format!("{name}:{}:{}", place.line, place.column)
            }
            None => self.name.clone(),
        }
    }

    /// The line and a caret below the column, as compilers show it; what may be a secret is
    /// left out.
    pub fn excerpt(&self, place: Place) -> Option<String> {
        let text = self.line(place)?;
        let number = place.line.to_string();
        let margin = " ".repeat(number.len());
        let (mut shown, mut caret) = (String::new(), place.column.saturating_sub(1));
        let mut from = 0;
        for hidden in secret::in_line(text) {
            shown.push_str(&text[from..hidden.start]);
            let (start, length) =
                (text[..hidden.start].chars().count(), text[hidden.clone()].chars().count());
            if caret >= start + length {
                caret = caret + 1 - length;
            } else if caret > start {
                caret = start;
            }
            shown.push_str(secret::BLANK);
            from = hidden.end;
        }
        shown.push_str(&text[from..]);
        if shown.chars().count() > WIDEST {
            // A window around the caret, as of a file that is all on one line.
            let begin = caret.saturating_sub(WIDEST / 2);
            let window: String = shown.chars().skip(begin).take(WIDEST).collect();
            shown = if begin > 0 { format!("… {window}") } else { window };
            caret = if begin > 0 { caret - begin + 2 } else { caret };
        }
        let pad: String = shown
            .chars()
            .chain(std::iter::repeat(' '))
            .take(caret)
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        Some(format!("{margin} |\n{number} | {shown}\n{margin} | {pad}^"))
    }
}

/// How far behind the opening quote's column a character of a quoted text stands.
fn quoted(line: &str, column: usize, escapes: bool, offset: usize) -> Option<usize> {
    let inside: Vec<char> = line.chars().skip(column).collect();
    let mut at = 0;
    for _ in 0..offset {
        at += match (inside.get(at)?, inside.get(at + 1)) {
            ('\'', Some('\'')) if !escapes => 2,
            ('\\', Some('x')) if escapes => 4,
            ('\\', Some('u')) if escapes => 6,
            ('\\', Some('U')) if escapes => 10,
            ('\\', Some(_)) if escapes => 2,
            _ => 1,
        };
    }
    Some(at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(text: &str, path: &[&str], offset: usize) -> (usize, usize) {
        let place = Source::new("x.yaml", text).place_within(path, offset).unwrap();
        (place.line, place.column)
    }

    #[test]
    fn a_place_within_a_text_minds_its_quotes() {
        assert_eq!(within("a: abc", &["a"], 2), (1, 6));
        assert_eq!(within("a: 'a''bc'", &["a"], 2), (1, 8));
        assert_eq!(within("a: \"a\\u00e9\\\"c\"", &["a"], 3), (1, 14));
        assert_eq!(within("a:\n  - hit > 1", &["a", "0"], 4), (2, 9));
        assert_eq!(within("a: |\n  text", &["a"], 2), (2, 5), "a block begins on its first line");
        assert_eq!(within("a: abc", &["a"], 40), (1, 4), "beyond the text is no place");
        assert_eq!(within("a: {b: 1}", &["a", "c"], 3), (1, 1), "what is not there has no inside");
    }

    #[test]
    fn the_caret_stands_below_the_column() {
        let source = Source::new("x", "a:\n  bcd: 1\n");
        let place = source.place_of_key(&["a", "bcd"]).unwrap();
        assert_eq!(source.excerpt(place).unwrap(), "  |\n2 |   bcd: 1\n  |   ^");
    }

    #[test]
    fn an_excerpt_shows_no_secret_and_keeps_the_caret_in_place() {
        let source =
            Source::new("x", "url: http://me:hunter2@host/ # {a: 1}\nlogin: {password: hunter2, x: 1}\n");
        let place = |line, column| Place { file: 0, line, column };
        assert_eq!(
            source.excerpt(place(1, 24)).unwrap(),
            "  |\n1 | url: http://…@host/ # {a: 1}\n  |               ^"
        );
        assert_eq!(
            source.excerpt(place(2, 29)).unwrap(),
            "  |\n2 | login: {password: …\n  |                   ^"
        );
    }
}
