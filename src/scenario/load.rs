//! A scenario from its files: read, merge what it includes, apply what the command line
//! sets, read people from where they are listed, and only then look at the types.
//!
//! The YAML crate has its door in [`super::yaml`], the one that knows positions in
//! [`super::positions`]: no other file names them.

use super::builtin::{self, builtin};
use super::credentials::Credentials;
use super::error::suggest;
use super::setting::{Override, apply};
use super::{Scenario, ScenarioError, Source, include, mistake, roster, secret, yaml};
use serde_json::Value;
use std::path::Path;

/// A scenario as it was read.
#[derive(Debug)]
pub struct Loaded {
    /// What it says, with everything that it includes.
    pub scenario: Scenario,
    /// Where it says what.
    pub source: Source,
    /// The passwords and tokens of people, which are not in the scenario.
    pub secrets: Credentials,
}

/// Reads a scenario from a file or, where there is no such file, by its built-in name.
///
/// # Errors
/// Whatever is wrong with it, with file, line and what would be right.
pub fn load(path: &str, overrides: &[Override]) -> Result<Loaded, ScenarioError> {
    let source = match include::read(Path::new(path)) {
        Ok(text) => Source::new(path, text),
        Err(error) => {
            let path_only = Path::new(path);
            let stem = path.strip_suffix(".yaml").unwrap_or(path);
            let stem = stem.strip_prefix("scenarios/").unwrap_or(stem);
            let named = path == stem || path_only == Path::new("scenarios").join(format!("{stem}.yaml"));
            match builtin(stem).filter(|_| named && error.kind() == std::io::ErrorKind::NotFound) {
                Some(text) => Source::built_in(stem, text),
                None => return Err(unreadable(path, error)),
            }
        }
    };
    read(source, overrides, true)
}

/// Reads the scenario of a run folder, to judge what was measured. The files that the run
/// needed may be gone, and are not looked for.
///
/// # Errors
/// Whatever is wrong with it, with file, line and what would be right.
pub fn load_saved(path: &Path) -> Result<Loaded, ScenarioError> {
    let name = path.display().to_string();
    let text =
        include::read(path).map_err(|source| ScenarioError::Unreadable { path: name.clone(), source })?;
    read(Source::new(name, text), &[], false)
}

fn unreadable(path: &str, error: std::io::Error) -> ScenarioError {
    if error.kind() != std::io::ErrorKind::NotFound {
        return ScenarioError::Unreadable { path: path.into(), source: error };
    }
    let hint = suggest(path, builtin::SCENARIOS);
    ScenarioError::Invalid(format!(
        "{path}: cannot read the scenario: there is no such file, and no built-in scenario of this name{hint}"
    ))
}

/// Reads a scenario from text.
///
/// # Errors
/// Whatever is wrong with it, with line and what would be right.
pub fn parse(source: &Source, overrides: &[Override]) -> Result<Scenario, ScenarioError> {
    read(source.clone(), overrides, true).map(|loaded| loaded.scenario)
}

/// `files`: whether the files that it names are read.
fn read(mut source: Source, overrides: &[Override], files: bool) -> Result<Loaded, ScenarioError> {
    let tree = yaml::tree(&source, 0, &source.text, &source.duplicates)?;
    if tree.is_null() {
        let what = "nothing stands in it; `cacheproof init` writes a scenario to start from";
        return Err(ScenarioError::of_file(&source, what));
    }
    let mut tree = if tree.is_object() { include::expand(&mut source, tree)? } else { tree };
    let mut created = Vec::new();
    for setting in overrides {
        created.extend(apply(&mut source, &mut tree, setting)?);
    }
    let secrets = if files { roster::absorb(&mut source, &mut tree)? } else { Credentials::default() };
    roster::locate(&source, &mut tree, files)?;
    if let Some(map) = tree.as_object_mut()
        && map.get("include").is_some_and(is_list_of_texts)
    {
        // What it includes is in it now; a copy elsewhere would not find the files.
        map.shift_remove("include");
    }
    mistake::lists(&source, &tree, &mut Vec::new())?;
    let scenario = mistake::read(&source, &tree, &created)?;
    Ok(Loaded { scenario, source, secrets })
}

fn is_list_of_texts(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(Value::is_string))
}

/// Reads a file that holds nothing but a list called `slos`.
///
/// # Errors
/// Whatever is wrong with it, with file and line.
pub fn slo_file(path: &Path) -> Result<(Vec<String>, Source), ScenarioError> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Slos {
        slos: Vec<String>,
    }
    let name = path.display().to_string();
    let text =
        include::read(path).map_err(|source| ScenarioError::Unreadable { path: name.clone(), source })?;
    let source = Source::new(name, text);
    let tree = include::or_empty(yaml::tree(&source, 0, &source.text, &source.duplicates)?);
    let read: Slos = mistake::read(&source, &tree, &[])?;
    Ok((read.slos, source))
}

/// Any YAML or JSON file as a tree, with the same words for what is not YAML.
///
/// # Errors
/// When it cannot be read, or is neither.
pub fn tree_of_file(path: &Path) -> Result<Value, ScenarioError> {
    let name = path.display().to_string();
    let text =
        include::read(path).map_err(|source| ScenarioError::Unreadable { path: name.clone(), source })?;
    let source = Source::new(name, text);
    yaml::tree(&source, 0, &source.text, &source.duplicates)
}

/// The scenario as YAML, for the run folder. A secret that was written into it is not in
/// there: `${REDACTED}` stands in its place.
pub fn to_yaml(scenario: &Scenario) -> String {
    let mut tree =
        serde_json::to_value(scenario).expect("a scenario has only string keys and finite numbers");
    secret::take_out(&mut tree);
    yaml::text(&tree)
}
