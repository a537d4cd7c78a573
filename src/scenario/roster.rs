//! People and credentials from other files, and secrets out of the list of people.

use super::credentials::{Credential, Credentials};
use super::error::ScenarioError;
use super::positions::{Mark, Shape, Spot, positions};
use super::source::{File, Origin, Place, Source};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// People, or credentials, in one file.
const ROWS: usize = 100_000;
/// Bytes of such a file.
const SIZE: u64 = 64 << 20;

/// Rows of a file, and where each stands.
struct Table {
    rows: Vec<Map<String, Value>>,
    spots: Spot,
}

/// Reads `people.file` and `target.login.credentials` into the tree, and takes every
/// password and token of a person out of it.
pub(super) fn absorb(source: &mut Source, tree: &mut Value) -> Result<Credentials, ScenarioError> {
    let mut secrets = Credentials::default();
    if let Some(name) = text_at(tree, "/people/file") {
        if ["list", "from"].iter().any(|key| has(tree, "people", key)) {
            let what = "people come from one place: keep one of `from`, `list` and `file`";
            return Err(ScenarioError::at_key(source, &["people", "file"], what));
        }
        let table = open(source, &["people", "file"], &name)?;
        let people = &mut tree["people"];
        people.as_object_mut().expect("it has a file").shift_remove("file");
        people["list"] = Value::Array(table.rows.into_iter().map(Value::Object).collect());
        if let Some(people) = source.spots.below.get_mut("people") {
            people.below.insert("list".into(), table.spots);
        }
    }
    if let Some(Value::Array(list)) = tree.pointer_mut("/people/list") {
        let mut lines = std::collections::HashMap::new();
        for (position, person) in list.iter_mut().enumerate() {
            let Value::Object(person) = person else { continue };
            let path = ["people", "list", &position.to_string()];
            let name = username(person).map_err(|what| ScenarioError::at(source, &path, what))?;
            if let Some(before) = lines.insert(name.clone(), position) {
                let before = source.place(&["people", "list", &before.to_string()]);
                let label = before.map(|place| source.label(place)).unwrap_or_default();
                let what = format!("\"{name}\" stands twice, here and at {label}");
                return Err(ScenarioError::at(source, &path, what));
            }
            plain_values(source, &path, person)?;
            if let Some(credential) = credential(person) {
                secrets.insert(name, credential);
            }
            person.retain(|key, _| key != "password" && key != "token");
        }
    }
    if let Some(name) = text_at(tree, "/target/login/credentials") {
        let path = ["target", "login", "credentials"];
        let full = located(source, &path, &name);
        let table = open(source, &path, &name)?;
        for (position, mut row) in table.rows.into_iter().enumerate() {
            let spot = table.spots.find(&[&position.to_string()]).0;
            let place = Place::new(spot.file, spot.mark());
            let refuse = |what: String| ScenarioError::placed(source, Some(place), what);
            let name = username(&row).map_err(refuse)?;
            let known = ["username", "password", "token"];
            if let Some(other) = row.keys().find(|key| !known.contains(&key.as_str())) {
                return Err(refuse(format!(
                    "unknown column \"{other}\"; there are: username, password, token"
                )));
            }
            let credential = credential(&mut row)
                .ok_or_else(|| refuse(format!("\"{name}\" has neither a password nor a token")))?;
            secrets.insert(name, credential);
        }
        // It stays named: without it nobody could repeat the run.
        tree["target"]["login"]["credentials"] = absolute(&full).into();
    }
    Ok(secrets)
}

fn text_at(tree: &Value, pointer: &str) -> Option<String> {
    tree.pointer(pointer)?.as_str().map(str::to_owned)
}

fn has(tree: &Value, above: &str, key: &str) -> bool {
    match tree.get(above).and_then(|above| above.get(key)) {
        None | Some(Value::Null) => false,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => true,
    }
}

fn username(person: &Map<String, Value>) -> Result<String, String> {
    match person.get("username") {
        Some(Value::String(name)) if !name.is_empty() => Ok(name.clone()),
        Some(Value::Number(name)) => Ok(name.to_string()),
        Some(Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) | None => {
            Err("a person needs a `username`".into())
        }
    }
}

fn credential(person: &mut Map<String, Value>) -> Option<Credential> {
    let mut take = |key: &str| match person.shift_remove(key) {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        Some(Value::Number(number)) => Some(number.to_string()),
        Some(Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) | None => {
            None
        }
    };
    let token = take("token").map(Credential::Token);
    token.or_else(|| take("password").map(Credential::Password))
}

fn plain_values(source: &Source, path: &[&str], person: &Map<String, Value>) -> Result<(), ScenarioError> {
    let single = |value: &Value| !value.is_object() && !value.is_array() && !value.is_null();
    for (key, value) in person {
        let fits = match value {
            Value::Array(items) => items.iter().all(single),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                single(value)
            }
        };
        if !fits {
            let path: Vec<&str> = path.iter().copied().chain([key.as_str()]).collect();
            let what = format!("`{key}` of a person must be a text, a number or a list of these");
            return Err(ScenarioError::at(source, &path, what));
        }
    }
    Ok(())
}

/// Makes the paths of files that are read only later absolute, so that a copy of the scenario
/// elsewhere names the same files.
///
/// # Errors
/// A file that is not there, where `must_exist`.
pub(super) fn locate(source: &Source, tree: &mut Value, must_exist: bool) -> Result<(), ScenarioError> {
    let phases = tree.get("phases").and_then(Value::as_array).map_or(0, Vec::len);
    let mut paths: Vec<Vec<String>> =
        (0..phases).map(|at| vec!["phases".into(), at.to_string(), "file".into()]).collect();
    for key in ["ca", "certificate", "key"] {
        paths.push(vec!["target".into(), "connection".into(), key.into()]);
    }
    for path in paths {
        let pointer = format!("/{}", path.join("/"));
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let Some(Value::String(name)) = tree.pointer_mut(&pointer) else { continue };
        let full = located(source, &path, name);
        if must_exist {
            let refuse = |what: String| {
                ScenarioError::at(source, &path, format!("cannot read {}: {what}", full.display()))
            };
            let found = std::fs::metadata(&full).map_err(|error| refuse(error.to_string()))?;
            if found.is_dir() {
                return Err(refuse("it is a folder".into()));
            }
        }
        *name = absolute(&full);
    }
    Ok(())
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

/// Where a file is that is named at a path of the scenario: relative to the file that names
/// it, or to the current folder where a built-in scenario or the command line does.
fn located(source: &Source, path: &[&str], name: &str) -> PathBuf {
    let by = source.place(path).and_then(|place| source.files.get(place.file));
    match by.map(|file| &file.origin) {
        Some(Origin::Scenario { dir: Some(dir), .. }) => dir.join(name),
        Some(Origin::Scenario { dir: None, .. } | Origin::People | Origin::Setting) | None => name.into(),
    }
}

/// Reads a file that stands at a path of the scenario.
fn open(source: &mut Source, path: &[&str], name: &str) -> Result<Table, ScenarioError> {
    let full = located(source, path, name);
    let refuse = |source: &Source, what: String| ScenarioError::at(source, path, what);
    let length = std::fs::metadata(&full)
        .map_err(|error| refuse(source, format!("cannot read {}: {error}", full.display())))?
        .len();
    if length > SIZE {
        return Err(refuse(source, format!("{} has {length} bytes; {SIZE} are the most", full.display())));
    }
    let text = std::fs::read_to_string(&full)
        .map_err(|error| refuse(source, format!("cannot read {}: {error}", full.display())))?;
    let file = source.files.len();
    source.files.push(File { name: full.display().to_string(), origin: Origin::People });
    let table = match Path::new(name).extension().and_then(|end| end.to_str()) {
        Some("json") => from_json(&text, file),
        Some("csv") => from_csv(&text, file),
        Some(_) | None => {
            return Err(refuse(source, format!("`{name}` must be a .csv or a .json file")));
        }
    }
    .map_err(|(mark, what)| ScenarioError::placed(source, Some(Place::new(file, mark)), what))?;
    if table.rows.len() > ROWS {
        return Err(refuse(source, format!("{name} has {} rows; {ROWS} are the most", table.rows.len())));
    }
    Ok(table)
}

fn from_json(text: &str, file: usize) -> Result<Table, (Mark, String)> {
    let rows: Vec<Map<String, Value>> = serde_json::from_str(text).map_err(|error| {
        let mark = Mark { line: error.line().max(1), column: error.column().max(1) };
        let what = match error.classify() {
            serde_json::error::Category::Data => {
                "a list of people is expected, each in braces: [{\"username\": …}]"
            }
            serde_json::error::Category::Syntax
            | serde_json::error::Category::Eof
            | serde_json::error::Category::Io => "not JSON from here on",
        };
        (mark, what.to_owned())
    })?;
    Ok(Table { rows, spots: positions(text, file).0 })
}

fn from_csv(text: &str, file: usize) -> Result<Table, (Mark, String)> {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let at = |line: u64| Mark { line: usize::try_from(line).unwrap_or(1), column: 1 };
    let names = reader.headers().map_err(|error| (at(1), csv_mistake(&error)))?.clone();
    if !names.iter().any(|name| name == "username") {
        let what = format!(
            "the first line names the columns, and `username` is not among them: {}",
            names.iter().collect::<Vec<_>>().join(", ")
        );
        // A file without a first line of names would show its first person here.
        let what = if names.iter().any(|name| name == "role" || name == "password") {
            what
        } else {
            "the first line must name the columns, as in username,role,password".into()
        };
        return Err((at(1), what));
    }
    let start = Mark { line: 1, column: 1 };
    let mut spots = Spot { file, value: start, shape: Shape::List, ..Spot::default() };
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(1, |position| line_of(text, position));
            (at(line), csv_mistake(&error))
        })?;
        let mark = at(record.position().map_or(1, |position| line_of(text, position)));
        let mut row = Map::new();
        for (name, cell) in names.iter().zip(&record).filter(|(_, cell)| !cell.is_empty()) {
            let whole = matches!(name, "username" | "password" | "token") || !cell.contains(';');
            let value = if whole {
                Value::from(cell)
            } else {
                cell.split(';').map(str::trim).filter(|item| !item.is_empty()).map(Value::from).collect()
            };
            row.insert(name.to_owned(), value);
        }
        spots.below.insert(
            rows.len().to_string(),
            Spot { file, value: mark, shape: Shape::Elsewhere, ..Spot::default() },
        );
        rows.push(row);
    }
    Ok(Table { rows, spots })
}

/// The line of a record, which the reader places before the empty lines above it.
fn line_of(text: &str, position: &csv::Position) -> u64 {
    let from = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let empty = text.bytes().skip(from).take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + empty.filter(|byte| *byte == b'\n').map(|_| 1).sum::<u64>()
}

fn csv_mistake(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!(
                "this line has {len} cells and the first has {expected_len}; a cell with a comma needs quotes"
            )
        }
        _ => "not CSV".into(),
    }
}
