//! `--set KEY=VALUE`: a value of the scenario changed from the command line.

use super::error::{ScenarioError, suggest};
use super::positions::{Mark, Shape, Spot};
use super::source::{File, Origin, Source};
use super::{schema, secret, yaml};
use serde_json::{Map, Value};

/// A value given on the command line: `roles.teacher.users=20`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Path of keys, and of positions in lists, joined by dots.
    pub key: String,
    /// The value, read as YAML.
    pub value: String,
}

impl std::fmt::Display for Override {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let last = self.key.rsplit('.').next().unwrap_or_default();
        let hidden = secret::is_key(last) || !secret::in_line(&self.value).is_empty();
        let value = if hidden { secret::BLANK } else { &self.value };
        write!(f, "--set {}={value}", self.key)
    }
}

impl std::str::FromStr for Override {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| format!("`{text}` has no `=`; write KEY=VALUE, as in seed=7"))?;
        Ok(Self { key: key.trim().into(), value: value.trim().into() })
    }
}

/// An entry that a setting created: where, and its neighbours, for who mistyped one of them.
pub(super) struct Created {
    pub(super) path: Vec<String>,
    pub(super) known: Vec<String>,
}

impl Created {
    /// Whether it is a name that people give, next to others, and no key of the language.
    fn is_name(&self) -> bool {
        !self.known.is_empty() && self.path.split_last().is_some_and(|(_, above)| schema::names_freely(above))
    }
}

/// Applies a setting to the tree, and notes that what it sets stands on the command line.
/// Returns the first entry that it had to create on the way to a deeper one.
pub(super) fn apply(
    source: &mut Source,
    tree: &mut Value,
    setting: &Override,
) -> Result<Option<Created>, ScenarioError> {
    let refuse = |what: String| ScenarioError::Setting { setting: setting.to_string(), what };
    let value = yaml::value(&setting.value).map_err(refuse)?;
    let parts: Vec<&str> = setting.key.split('.').collect();
    if parts.iter().any(|part| part.is_empty()) {
        let what = "write the path of a value with dots between, as in roles.teacher.users=20";
        return Err(refuse(what.into()));
    }
    let mut created: Option<Created> = None;
    let mut node = tree;
    for (depth, part) in parts.iter().enumerate() {
        let last = depth + 1 == parts.len();
        if node.is_null() {
            *node = Value::Object(Map::new());
        }
        node = match node {
            Value::Array(items) => {
                let length = items.len();
                part.parse::<usize>().ok().and_then(|index| items.get_mut(index)).ok_or_else(|| {
                    refuse(format!("`{part}` is not a position in a list of {length} (the first is 0)"))
                })?
            }
            Value::Object(map) => {
                if !last && created.is_none() && !map.contains_key(*part) {
                    created = Some(Created {
                        path: parts[..=depth].iter().map(|part| (*part).to_owned()).collect(),
                        known: map.keys().cloned().collect(),
                    });
                }
                map.entry(*part).or_insert(Value::Null)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                let holder = parts[..depth].join(".");
                return Err(refuse(format!("`{holder}` is a single value, so it has no `{part}`")));
            }
        };
    }
    *node = value;
    let file = source.files.len();
    source.files.push(File { name: setting.to_string(), origin: Origin::Setting });
    mark(&mut source.spots, &parts, file);
    Ok(created)
}

/// Puts a path's place on the command line, with everything below.
fn mark(spots: &mut Spot, parts: &[&str], file: usize) {
    let here = Mark { line: 1, column: 1 };
    let spot = |shape| Spot { file, key: Some(here), value: here, shape, below: Default::default() };
    let mut node = spots;
    for (depth, part) in parts.iter().enumerate() {
        let last = depth + 1 == parts.len();
        let shape = if last { Shape::Elsewhere } else { Shape::Map };
        if last {
            node.below.insert((*part).to_owned(), spot(shape));
            return;
        }
        node = node.below.entry((*part).to_owned()).or_insert_with(|| spot(shape));
    }
}

/// Says of an error at or below what a setting created that perhaps another was meant.
pub(super) fn mistyped(created: &[Created], path: &[String], what: String) -> String {
    let meant = created.iter().find(|new| path.starts_with(&new.path) && new.is_name());
    match meant.and_then(|new| new.path.split_last().map(|(name, above)| (name, above, &new.known))) {
        Some((name, above, known)) => {
            let place = if above.is_empty() { String::new() } else { format!(" in `{}`", above.join(".")) };
            let hint = suggest(name, known.iter().map(String::as_str));
            format!("there is no `{name}`{place}{hint} (as a new one: {what})")
        }
        None => what,
    }
}
