//! The door to the YAML crate: text to [`Scenario`] and back.

use super::{Scenario, ScenarioError, Source, builtin, error::suggest};
use serde_yaml::{Mapping, Value};
use std::path::Path;

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
        write!(f, "--set {}={}", self.key, self.value)
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

/// Reads a scenario from a file or, where there is no such file, by its built-in name.
pub fn load(path: &str, overrides: &[Override]) -> Result<(Scenario, Source), ScenarioError> {
    let source = match std::fs::read_to_string(path) {
        Ok(text) => Source { name: path.into(), text },
        Err(error) => {
            let stem = Path::new(path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let named =
                path == stem || Path::new(path) == Path::new("scenarios").join(format!("{stem}.yaml"));
            match builtin(stem).filter(|_| named && error.kind() == std::io::ErrorKind::NotFound) {
                Some(text) => Source { name: format!("<built-in {stem}>"), text: text.into() },
                None => return Err(ScenarioError::Unreadable { path: path.into(), source: error }),
            }
        }
    };
    let scenario = parse(&source, overrides)?;
    Ok((scenario, source))
}

/// Reads a scenario from text.
pub fn parse(source: &Source, overrides: &[Override]) -> Result<Scenario, ScenarioError> {
    // The file is always read as it stands first: its errors have lines.
    let written: Scenario = serde_yaml::from_str(&source.text).map_err(|error| yaml_error(source, &error))?;
    if overrides.is_empty() {
        return Ok(written);
    }
    let mut tree: Value = serde_yaml::from_str(&source.text).map_err(|error| yaml_error(source, &error))?;
    for setting in overrides {
        apply(&mut tree, setting)
            .map_err(|what| ScenarioError::Setting { setting: setting.to_string(), what })?;
        // One at a time, so that the error names the setting that is wrong.
        let checked: Result<Scenario, _> = serde_yaml::from_value(tree.clone());
        checked.map_err(|error| ScenarioError::Setting {
            setting: setting.to_string(),
            what: error.to_string(),
        })?;
    }
    serde_yaml::from_value(tree).map_err(|error| yaml_error(source, &error))
}

/// Reads a file that holds nothing but a list called `slos`.
pub fn slo_file(path: &Path) -> Result<(Vec<String>, Source), ScenarioError> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Slos {
        slos: Vec<String>,
    }
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|source| ScenarioError::Unreadable { path: name.clone(), source })?;
    let source = Source { name, text };
    let read: Slos = serde_yaml::from_str(&source.text).map_err(|error| yaml_error(&source, &error))?;
    Ok((read.slos, source))
}

/// The scenario as YAML, for the run folder.
pub fn to_yaml(scenario: &Scenario) -> String {
    serde_yaml::to_string(scenario).expect("a scenario has only string keys and finite numbers")
}

fn yaml_error(source: &Source, error: &serde_yaml::Error) -> ScenarioError {
    let place = error.location().map(|location| (location.line(), location.column()));
    let mut what = error.to_string();
    if let Some(cut) = what.find(" at line ") {
        what.truncate(cut);
    }
    let hint = unknown_name(&what).map(|(given, known)| {
        (suggest(given, known.iter().copied()), source.locate(&[&format!("{given}:"), given]))
    });
    let (hint, named) = hint.unwrap_or_default();
    what.push_str(&hint);
    ScenarioError::at(source, named.or(place), what)
}

/// The wrong name and the right ones in serde's "unknown field `x`, expected `y` or `z`".
fn unknown_name(what: &str) -> Option<(&str, Vec<&str>)> {
    let from = what.find("unknown field ").or_else(|| what.find("unknown variant "))?;
    let mut names = what[from..].split('`').skip(1).step_by(2);
    let given = names.next()?;
    Some((given, names.collect()))
}

fn apply(tree: &mut Value, setting: &Override) -> Result<(), String> {
    let value: Value =
        serde_yaml::from_str(&setting.value).map_err(|error| format!("the value is not YAML: {error}"))?;
    let mut node = tree;
    let parts: Vec<&str> = setting.key.split('.').collect();
    for (depth, part) in parts.iter().enumerate() {
        let last = depth + 1 == parts.len();
        node = match node {
            Value::Sequence(items) => {
                let length = items.len();
                part.parse::<usize>().ok().and_then(|index| items.get_mut(index)).ok_or_else(|| {
                    format!("`{part}` is not a position in a list of {length} (the first is 0)")
                })?
            }
            Value::Mapping(map) => {
                if !last && !map.contains_key(*part) {
                    let known: Vec<String> = map.keys().filter_map(Value::as_str).map(String::from).collect();
                    return Err(format!(
                        "there is no `{part}`{}",
                        suggest(part, known.iter().map(String::as_str))
                    ));
                }
                map.entry(Value::from(*part)).or_insert(Value::Null)
            }
            Value::Null => {
                *node = Value::Mapping(Mapping::new());
                let Value::Mapping(map) = node else { unreachable!("just set") };
                map.entry(Value::from(*part)).or_insert(Value::Null)
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Tagged(_) => {
                return Err(format!(
                    "`{}` is a single value, so it has no `{part}`",
                    parts[..depth].join(".")
                ));
            }
        };
    }
    *node = value;
    Ok(())
}
