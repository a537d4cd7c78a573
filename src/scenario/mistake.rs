//! A tree to types, and what serde says of a tree that does not fit, in plain words.

use super::error::{ScenarioError, nearest, suggest};
use super::setting::{Created, mistyped};
use super::source::{Place, Source};
use super::{schema, secret, syntax};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

/// Reads a tree as a type.
pub(super) fn read<T: DeserializeOwned>(
    source: &Source,
    tree: &Value,
    created: &[Created],
) -> Result<T, ScenarioError> {
    serde_path_to_error::deserialize(tree).map_err(|error| {
        let path = error.path().iter().filter_map(part).collect();
        let said = Said { path, tree, raw: error.inner().to_string() };
        let (point, what) = said.explain();
        let path: Vec<&str> = said.path.iter().map(String::as_str).collect();
        let place = match point {
            Point::Key => source.place_of_key(&path),
            Point::FirstKey => source.place_of_first_key(&path),
            Point::Value => source.place(&path),
        };
        ScenarioError::placed(source, place.or_else(|| whole(source)), mistyped(created, &said.path, what))
    })
}

/// Refuses lists in place of maps: serde would take them for the map's values in order.
pub(super) fn lists(source: &Source, node: &Value, path: &mut Vec<String>) -> Result<(), ScenarioError> {
    let below: Vec<(String, &Value)> = match node {
        Value::Array(items) => {
            let keys = schema::keys_of_map(path);
            if !keys.is_empty() {
                let subject = path.last().map_or("the scenario".into(), |name| format!("`{name}`"));
                let what =
                    format!("{subject} must be a map with keys such as {}, not a list", listed(&keys, 5));
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                let place = source.place(&path).or_else(|| whole(source));
                return Err(ScenarioError::placed(source, place, what));
            }
            items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect()
        }
        Value::Object(map) => map.iter().map(|(key, item)| (key.clone(), item)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    for (name, item) in below.into_iter().filter(|(_, item)| item.is_array() || item.is_object()) {
        path.push(name);
        lists(source, item, path)?;
        path.pop();
    }
    Ok(())
}

/// Where the whole file begins.
fn whole(source: &Source) -> Option<Place> {
    (source.spots.value.line > 0).then(|| Place::new(source.spots.file, source.spots.value))
}

fn part(segment: &Segment) -> Option<String> {
    match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { variant } => Some(variant.clone()),
        Segment::Unknown => None,
    }
}

/// Which part of a path's entry is wrong.
enum Point {
    Key,
    /// The one key of the map that stands there.
    FirstKey,
    Value,
}

/// What serde said, and of what.
struct Said<'t> {
    path: Vec<String>,
    tree: &'t Value,
    raw: String,
}

/// Names that other tools use for what has another name here.
const SYNONYMS: [(&str, &str); 22] = [
    ("body", "json"),
    ("data", "json"),
    ("verb", "method"),
    ("endpoint", "path"),
    ("uri", "path"),
    ("host", "url"),
    ("base_url", "url"),
    ("params", "query"),
    ("parameters", "query"),
    ("vus", "users"),
    ("threads", "users"),
    ("concurrency", "users"),
    ("virtual_users", "users"),
    ("tasks", "actions"),
    ("requests", "actions"),
    ("stages", "phases"),
    ("thresholds", "slos"),
    ("assertions", "slos"),
    ("description", "about"),
    ("name", "scenario"),
    ("think_time", "think"),
    ("checks", "expect"),
];

impl Said<'_> {
    /// The key that it is about, in words.
    fn subject(&self) -> String {
        match self.path.split_last() {
            None => "the scenario".into(),
            Some((last, above)) => match (last.parse::<usize>(), above.last()) {
                (Ok(position), Some(list)) => format!("item {} of `{list}`", position + 1),
                (Ok(_) | Err(_), _) => format!("`{last}`"),
            },
        }
    }

    fn value(&self) -> Option<&Value> {
        self.path.iter().try_fold(self.tree, |node, part| match node {
            Value::Object(map) => map.get(part),
            Value::Array(items) => items.get(part.parse::<usize>().ok()?),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        })
    }

    fn is_secret(&self) -> bool {
        self.path.iter().any(|part| secret::is_key(part))
    }

    fn explain(&self) -> (Point, String) {
        let raw = self.raw.as_str();
        if let Some(rest) = raw.strip_prefix("unknown field ") {
            return (Point::Key, self.unknown_field(rest));
        }
        if let Some(name) = raw.strip_prefix("missing field ").and_then(quoted) {
            return (Point::Key, self.missing_field(name));
        }
        if let Some(rest) = raw.strip_prefix("unknown variant ") {
            let point =
                if self.value().is_some_and(Value::is_object) { Point::FirstKey } else { Point::Value };
            return (point, self.unknown_variant(rest));
        }
        if let Some((given, expected)) = raw
            .strip_prefix("invalid type: ")
            .or_else(|| raw.strip_prefix("invalid value: "))
            .and_then(|rest| rest.split_once(", expected "))
        {
            return (Point::Value, self.wrong_type(given, expected));
        }
        if let Some(rest) = raw.strip_prefix("invalid length ") {
            let given = rest.split(',').next().unwrap_or_default();
            let items = if given == "1" { "item" } else { "items" };
            let expected = if self.path.last().is_some_and(|last| last == "random") {
                "two numbers: [from, to]"
            } else {
                rest.split(" with ").nth(1).unwrap_or("another number of elements")
            };
            return (Point::Value, format!("{} has {given} {items}; it takes {expected}", self.subject()));
        }
        // Our own words, as of a length of time.
        (Point::Value, format!("{}: {raw}", self.subject()))
    }

    fn unknown_field(&self, rest: &str) -> String {
        let mut names = rest.split('`').skip(1).step_by(2);
        let given = names.next().unwrap_or_default();
        let known: Vec<&str> = names.collect();
        let above = &self.path[..self.path.len().saturating_sub(1)];
        let place = if above.is_empty() { String::new() } else { format!(" in `{}`", above.join(".")) };
        let synonym = SYNONYMS.iter().find(|(other, ours)| *other == given && known.contains(ours));
        let hint = match (synonym, nearest(given, known.iter().copied())) {
            (Some((_, ours)), _) => format!("; did you mean \"{ours}\"?"),
            (None, Some(name)) => format!("; did you mean \"{name}\"?"),
            (None, None) => {
                let homes = schema::homes(given);
                let there = homes.first().map(|home| format!("; it belongs at `{home}`")).unwrap_or_default();
                format!("{there}{}", suggest("", known.iter().copied()))
            }
        };
        format!("unknown field `{given}`{place}{hint}")
    }

    fn missing_field(&self, name: &str) -> String {
        let mut path = self.path.clone();
        path.push(name.into());
        let purpose = schema::purpose(&path).map(|text| format!(": {}", lower(&text))).unwrap_or_default();
        let home =
            if self.path.is_empty() { String::new() } else { format!(" in `{}`", self.path.join(".")) };
        format!("missing field `{name}`{home}{purpose}")
    }

    fn unknown_variant(&self, rest: &str) -> String {
        let mut names = rest.split('`').skip(1).step_by(2);
        let given = names.next().unwrap_or_default();
        let known: Vec<&str> = names.collect();
        // The path ends with the wrong name where it stands as a key.
        let path = self.path.strip_suffix(&[given.to_owned()]).unwrap_or(&self.path);
        let name = path.iter().rev().find(|part| part.parse::<usize>().is_err());
        let name = name.map_or("value", String::as_str);
        format!("unknown `{name}` \"{given}\"{}", suggest(given, known))
    }

    fn wrong_type(&self, given: &str, expected: &str) -> String {
        let subject = self.subject();
        let must = self.expected(expected);
        let value = self.value();
        if given == "null" || given == "unit value" {
            return format!("{subject} is empty; it must be {must}");
        }
        let hint = value
            .and_then(|value| self.think(value).or_else(|| hint(value, expected)))
            .filter(|_| !self.is_secret());
        let not = match (hint, self.is_secret()) {
            (Some(hint), _) => hint,
            (None, true) if expected.contains("string") => ": put it in quotes".into(),
            (None, true) => String::new(),
            (None, false) => format!(", not {}", self.given(given)),
        };
        format!("{subject} must be {must}{not}")
    }

    /// A length of time where the map around it belongs.
    fn think(&self, value: &Value) -> Option<String> {
        self.path.last().filter(|last| *last == "think")?;
        match value {
            Value::Number(seconds) => Some(format!("; write {{mean: {seconds}s}}")),
            Value::String(text) if text.starts_with(|c: char| c.is_ascii_digit()) => {
                Some(format!("; write {{mean: {text}}}"))
            }
            Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    fn expected(&self, expected: &str) -> String {
        match expected {
            "u8" => "a whole number from 0 to 255".into(),
            "u16" => "a whole number from 0 to 65535".into(),
            "u32" | "u64" | "usize" => "a whole number, 0 or more".into(),
            "i64" => "a whole number".into(),
            "f64" => "a number".into(),
            "a string" | "string" => "a text".into(),
            "a boolean" => "true or false".into(),
            "a map" => "a map, with a line `name: …` for each".into(),
            "a sequence" => "a list, as in [a, b]".into(),
            _ if expected.starts_with("struct ") => {
                let keys = schema::keys(&self.path);
                format!("a map with keys such as {}", listed(&keys, 5))
            }
            _ if expected.contains("variant")
                || expected.contains("map with a single key")
                || expected.starts_with("string or map") =>
            {
                format!("one of {}", listed(&schema::keys(&self.path), 20))
            }
            _ if expected.contains("enum ") => format!("one of {}", listed(&schema::keys(&self.path), 20)),
            other => other.to_owned(),
        }
    }

    fn given(&self, given: &str) -> String {
        if let Some(text) = given.strip_prefix("string ") {
            return format!("the text {text}");
        }
        match given {
            "map" => "a map".into(),
            "sequence" => "a list".into(),
            _ => match quoted(given) {
                Some(value) => value.to_owned(),
                None => given.to_owned(),
            },
        }
    }
}

/// What would be right, where what stands there says it.
fn hint(value: &Value, expected: &str) -> Option<String> {
    let number = matches!(expected, "f64" | "u8" | "u16" | "u32" | "u64" | "usize" | "i64");
    match value {
        Value::String(text) if number => {
            if let Some(percent) = text.strip_suffix('%').and_then(|part| part.trim().parse::<f64>().ok()) {
                return (expected == "f64").then(|| format!("; write {} for {text}", percent / 100.0));
            }
            let plain: String = text.chars().filter(|c| !matches!(c, ',' | '_' | '\'' | ' ')).collect();
            plain.parse::<f64>().ok().map(|_| format!("; write {plain}"))
        }
        Value::String(text) if expected == "a boolean" => match text.to_lowercase().as_str() {
            "yes" | "on" | "y" => Some("; write true".into()),
            "no" | "off" | "n" => Some("; write false".into()),
            _ => None,
        },
        Value::String(text) if expected == "a map" || expected.starts_with("struct ") => {
            syntax::missing_space(text).map(|right| format!("; a space is missing: `{right}`"))
        }
        Value::String(text) if expected == "a sequence" => Some(format!("; write [{text}]")),
        Value::Number(number) if expected == "a sequence" => Some(format!("; write [{number}]")),
        Value::Number(number) if expected.starts_with("a length of time") => {
            Some(format!("; write {number}s for seconds"))
        }
        Value::Number(_) | Value::Bool(_) if expected.contains("string") => {
            Some(format!(": put it in quotes, \"{value}\""))
        }
        Value::Object(map) if expected.contains("string") || expected.starts_with("a text") => {
            let (name, inner) = map.iter().next().filter(|_| map.len() == 1)?;
            inner.is_null().then(|| format!("; braces need quotes: \"{{{name}}}\""))
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => None,
    }
}

fn listed(names: &[&str], most: usize) -> String {
    let shown: Vec<String> = names.iter().take(most).map(|name| format!("`{name}`")).collect();
    shown.join(", ")
}

fn quoted(text: &str) -> Option<&str> {
    text.split('`').nth(1)
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
