//! The door to the YAML crate: text to a tree of values, and back.

use super::error::ScenarioError;
use super::positions::{Duplicate, positions};
use super::source::{Place, Source};
use super::syntax;
use serde_json::{Map, Number, Value};
use serde_yaml::Value as Yaml;

/// A path of keys and positions, and what is wrong there.
type Wrong = (Vec<String>, String);

/// The tree of one of a source's texts.
pub(super) fn tree(
    source: &Source,
    file: usize,
    text: &str,
    duplicates: &[Duplicate],
) -> Result<Value, ScenarioError> {
    if let Some(twice) = duplicates.first() {
        let what = format!(
            "`{}` stands here again; it stands in line {} already, and only one of them can count",
            twice.key, twice.first.line
        );
        return Err(ScenarioError::placed(source, Some(Place::new(file, twice.second)), what));
    }
    let mut yaml: Yaml = serde_yaml::from_str(text).map_err(|error| not_yaml(source, file, text, &error))?;
    yaml.apply_merge().map_err(|error| not_yaml(source, file, text, &error))?;
    let mut path = Vec::new();
    json(yaml, &mut path).map_err(|(path, what)| {
        let (spots, _) = positions(text, file);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        ScenarioError::placed(source, Some(Place::new(file, spots.find(&path).0.mark())), what)
    })
}

/// The value of an option, read as YAML.
pub(super) fn value(text: &str) -> Result<Value, String> {
    let yaml: Yaml = serde_yaml::from_str(text).map_err(|error| {
        let what = syntax::without_place(&error.to_string());
        format!("the value is not YAML: {what}")
    })?;
    json(yaml, &mut Vec::new()).map_err(|(_, what)| what)
}

/// A tree as YAML text.
pub(super) fn text(tree: &Value) -> String {
    serde_yaml::to_string(tree).expect("a tree of JSON values has only string keys and finite numbers")
}

fn not_yaml(source: &Source, file: usize, text: &str, error: &serde_yaml::Error) -> ScenarioError {
    let at = error.location().map(|location| (location.line(), location.column()));
    let (at, what) = syntax::explain(text, at, &error.to_string());
    ScenarioError::placed(source, Some(Place { file, line: at.0, column: at.1 }), what)
}

fn json(yaml: Yaml, path: &mut Vec<String>) -> Result<Value, Wrong> {
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => Value::Bool(value),
        Yaml::String(text) => Value::String(text),
        Yaml::Number(number) => Value::Number(
            finite(&number)
                .ok_or_else(|| (path.clone(), format!("{number} is not a number that can be used here")))?,
        ),
        Yaml::Sequence(items) => {
            let mut list = Vec::with_capacity(items.len());
            for (position, item) in items.into_iter().enumerate() {
                path.push(position.to_string());
                list.push(json(item, path)?);
                path.pop();
            }
            Value::Array(list)
        }
        Yaml::Mapping(entries) => {
            let mut map = Map::with_capacity(entries.len());
            for (key, value) in entries {
                path.push(name(&key).ok_or_else(|| (path.clone(), NOT_A_KEY.to_owned()))?);
                let value = json(value, path)?;
                map.insert(path.pop().expect("pushed above"), value);
            }
            Value::Object(map)
        }
        Yaml::Tagged(tagged) => {
            let what =
                format!("the tag {} means nothing here; a text that begins with ! needs quotes", tagged.tag);
            return Err((path.clone(), what));
        }
    })
}

const NOT_A_KEY: &str =
    "a key here is a map or a list itself; a text with braces needs quotes, as in \"{username}\"";

fn name(key: &Yaml) -> Option<String> {
    match key {
        Yaml::String(text) => Some(text.clone()),
        Yaml::Number(number) => Some(number.to_string()),
        Yaml::Bool(value) => Some(value.to_string()),
        Yaml::Null => Some("null".into()),
        Yaml::Sequence(_) | Yaml::Mapping(_) | Yaml::Tagged(_) => None,
    }
}

fn finite(number: &serde_yaml::Number) -> Option<Number> {
    if let Some(whole) = number.as_u64() {
        return Some(whole.into());
    }
    if let Some(whole) = number.as_i64() {
        return Some(whole.into());
    }
    number.as_f64().and_then(Number::from_f64)
}
