//! Where each key and each value of a YAML text stands: the door to saphyr's parser.
//!
//! [`super::load`] decides what a text means; this only says where. It is best effort: of
//! a text that is not YAML it knows the part before the mistake, and what an alias stands
//! for is where the alias is.

use indexmap::IndexMap;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

/// Nesting beyond this is not followed; the YAML crate refuses it as well.
const DEPTH: usize = 128;

/// A character of a text, both from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Mark {
    fn of(marker: Marker) -> Self {
        Self { line: marker.line(), column: marker.col() + 1 }
    }
}

/// How a value is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Shape {
    /// Nothing stands there.
    #[default]
    Empty,
    /// A text without quotes, a number, a truth value.
    Plain,
    /// A text in `'`.
    SingleQuoted,
    /// A text in `"`.
    DoubleQuoted,
    /// A text after `|` or `>`: where its first line begins.
    Block,
    /// What an alias stands for, or a row of a table.
    Elsewhere,
    /// `name: value` pairs.
    Map,
    /// A list.
    List,
}

/// Where a value and its key stand, and what is below it.
#[derive(Clone, Debug, Default)]
pub(super) struct Spot {
    /// Which of a source's files.
    pub(super) file: usize,
    /// Where its key begins; list items and the whole have none.
    pub(super) key: Option<Mark>,
    /// Where it begins itself.
    pub(super) value: Mark,
    pub(super) shape: Shape,
    /// By key, or by position in decimal.
    pub(super) below: IndexMap<String, Spot>,
}

impl Spot {
    fn new(file: usize, marker: Marker, shape: Shape) -> Self {
        Self { file, key: None, value: Mark::of(marker), shape, below: IndexMap::new() }
    }

    /// The spot at a path, or the longest known part of the way there and its length.
    pub(super) fn find<'s>(&'s self, path: &[&str]) -> (&'s Self, usize) {
        let mut spot = self;
        for (depth, part) in path.iter().enumerate() {
            match spot.below.get(*part) {
                Some(next) => spot = next,
                None => return (spot, depth),
            }
        }
        (spot, path.len())
    }

    /// Where to point: at the value, but at the key where that stands on a line before it.
    pub(super) fn mark(&self) -> Mark {
        match self.shape {
            Shape::Plain | Shape::SingleQuoted | Shape::DoubleQuoted | Shape::Block | Shape::Elsewhere => {
                self.value
            }
            Shape::Empty => self.key.unwrap_or(self.value),
            Shape::Map | Shape::List => {
                self.key.filter(|key| key.line != self.value.line).unwrap_or(self.value)
            }
        }
    }
}

/// A key that stands twice in one map.
#[derive(Clone, Debug)]
pub(super) struct Duplicate {
    pub(super) key: String,
    pub(super) first: Mark,
    pub(super) second: Mark,
}

struct Open {
    spot: Spot,
    /// In a map, the key whose value comes next.
    key: Option<(String, Mark)>,
}

/// The positions in a text, and keys that stand twice.
pub(super) fn positions(text: &str, file: usize) -> (Spot, Vec<Duplicate>) {
    let mut reader = Reader { open: Vec::new(), duplicates: Vec::new(), whole: None };
    for event in Parser::new_from_str(text) {
        let Ok((event, span)) = event else { break };
        match event {
            Event::MappingStart(..) => reader.begin(Spot::new(file, span.start, Shape::Map)),
            Event::SequenceStart(..) => reader.begin(Spot::new(file, span.start, Shape::List)),
            Event::MappingEnd | Event::SequenceEnd => reader.end(),
            Event::Alias(_) => reader.put(Spot::new(file, span.start, Shape::Elsewhere), None),
            Event::Scalar(value, style, ..) => {
                let shape = match style {
                    ScalarStyle::Plain if value.is_empty() => Shape::Empty,
                    ScalarStyle::Plain => Shape::Plain,
                    ScalarStyle::SingleQuoted => Shape::SingleQuoted,
                    ScalarStyle::DoubleQuoted => Shape::DoubleQuoted,
                    ScalarStyle::Literal | ScalarStyle::Folded => Shape::Block,
                };
                reader.put(Spot::new(file, span.start, shape), Some(value.into_owned()));
            }
            Event::DocumentEnd => break,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => {}
        }
        if reader.open.len() > DEPTH {
            break;
        }
    }
    while !reader.open.is_empty() {
        reader.end();
    }
    (reader.whole.unwrap_or(Spot { file, ..Spot::default() }), reader.duplicates)
}

struct Reader {
    open: Vec<Open>,
    duplicates: Vec<Duplicate>,
    whole: Option<Spot>,
}

impl Reader {
    fn begin(&mut self, spot: Spot) {
        self.open.push(Open { spot, key: None });
    }

    fn end(&mut self) {
        if let Some(done) = self.open.pop() {
            self.put(done.spot, None);
        }
    }

    /// Puts what is complete into what holds it: as a key, a value or an item.
    fn put(&mut self, mut spot: Spot, text: Option<String>) {
        let Some(holder) = self.open.last_mut() else {
            self.whole.get_or_insert(spot);
            return;
        };
        if holder.spot.shape == Shape::List {
            let position = holder.spot.below.len().to_string();
            holder.spot.below.insert(position, spot);
            return;
        }
        match holder.key.take() {
            // A map or a list as a key gets a name that no path has.
            None => holder.key = Some((text.unwrap_or_else(|| "\u{0}".into()), spot.value)),
            Some((key, at)) => {
                spot.key = Some(at);
                if let Some(before) = holder.spot.below.get(&key).filter(|_| key != "<<") {
                    let first = before.key.unwrap_or(before.value);
                    self.duplicates.push(Duplicate { key: key.clone(), first, second: at });
                }
                holder.spot.below.insert(key, spot);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, path: &[&str]) -> (usize, usize) {
        let (whole, _) = positions(text, 0);
        let (spot, depth) = whole.find(path);
        assert_eq!(depth, path.len(), "{path:?} in {text}");
        (spot.value.line, spot.value.column)
    }

    #[test]
    fn keys_values_and_items_have_places() {
        let text = "a: 1\nb:\n  - x\n  - {c: 'ü', d: \"e\"}\n";
        assert_eq!(at(text, &["a"]), (1, 4));
        assert_eq!(at(text, &["b", "0"]), (3, 5));
        assert_eq!(at(text, &["b", "1", "c"]), (4, 9));
        assert_eq!(at(text, &["b", "1", "d"]), (4, 17));
        let (whole, _) = positions(text, 0);
        assert_eq!(whole.find(&["b", "1", "d"]).0.key, Some(Mark { line: 4, column: 14 }));
        assert_eq!(whole.find(&["b"]).0.mark(), Mark { line: 2, column: 1 }, "a list is where its key is");
    }

    #[test]
    fn what_is_not_there_falls_back_to_what_holds_it() {
        let (whole, _) = positions("a:\n  b: {c: 1}\n", 0);
        let (spot, depth) = whole.find(&["a", "b", "x", "y"]);
        assert_eq!((depth, spot.mark()), (2, Mark { line: 2, column: 6 }));
    }

    #[test]
    fn a_key_that_stands_twice_is_found_with_both_places() {
        let (_, twice) = positions("a: 1\nb: 2\na: 3\n", 0);
        assert_eq!(twice.len(), 1);
        assert_eq!((twice[0].first.line, twice[0].second.line), (1, 3));
    }

    #[test]
    fn a_text_that_breaks_off_keeps_the_part_before() {
        assert_eq!(at("a: 1\nb: [1, 2\nc: 'x", &["a"]), (1, 4));
        let deep = "[".repeat(100_000);
        positions(&deep, 0);
    }
}
