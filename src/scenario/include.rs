//! `include:`: a scenario that builds upon others.
//!
//! Maps are merged at every depth, everything else is replaced, and what is empty takes
//! away what an included file says: JSON Merge Patch (RFC 7396). Of several includes the
//! later wins over the earlier, and the file that includes them over all.

use super::builtin::{PARTS, builtin};
use super::error::{ScenarioError, suggest};
use super::positions::{Shape, Spot, positions};
use super::source::{File, Origin, Source};
use super::yaml;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

const DEPTH: usize = 8;
const FILES: usize = 32;
/// Bytes of one file.
pub(super) const SIZE: u64 = 16 << 20;

/// Merges what the tree includes into it, and the places with it.
pub(super) fn expand(source: &mut Source, tree: Value) -> Result<Value, ScenarioError> {
    let spots = std::mem::take(&mut source.spots);
    let own = Layer { file: 0, tree, spots };
    let identity = plain(Path::new(&source.name)).display().to_string();
    let merged = Expansion { source, chain: vec![identity] }.layer(own)?;
    source.spots = merged.spots;
    Ok(merged.tree)
}

/// One file's tree and places.
struct Layer {
    file: usize,
    tree: Value,
    spots: Spot,
}

struct Expansion<'s> {
    source: &'s mut Source,
    /// The files that are being read, the first of which includes the second.
    chain: Vec<String>,
}

impl Expansion<'_> {
    fn layer(&mut self, layer: Layer) -> Result<Layer, ScenarioError> {
        let names: Vec<String> = match layer.tree.get("include") {
            Some(Value::Array(names)) => match names.iter().map(Value::as_str).collect::<Option<Vec<_>>>() {
                Some(names) => names.into_iter().map(str::to_owned).collect(),
                // Whatever it is, the types will say what is wrong with it.
                None => return Ok(layer),
            },
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_))
            | None => {
                return Ok(layer);
            }
        };
        let mut below: Option<Layer> = None;
        for (position, name) in names.iter().enumerate() {
            let refuse = |source: &Source, what: String| {
                // The places of this layer are not the source's yet.
                let spots = layer.spots.find(&["include", &position.to_string()]).0;
                let place = super::source::Place::new(spots.file, spots.mark());
                ScenarioError::placed(source, Some(place), what)
            };
            if self.chain.len() > DEPTH {
                return Err(refuse(
                    self.source,
                    format!("includes are nested deeper than {DEPTH}: {}", self.path(name)),
                ));
            }
            if self.source.files.len() > FILES {
                return Err(refuse(self.source, format!("more than {FILES} files are included")));
            }
            let found = self.open(layer.file, name).map_err(|what| refuse(self.source, what))?;
            if self.chain.contains(&found.identity) {
                return Err(refuse(
                    self.source,
                    format!("this includes itself: {}", self.path(&found.identity)),
                ));
            }
            let file = self.source.files.len();
            self.source.files.push(File {
                name: found.identity.clone(),
                origin: Origin::Scenario { text: found.text.clone(), dir: found.dir },
            });
            let (spots, duplicates) = positions(&found.text, file);
            let tree = yaml::tree(self.source, file, &found.text, &duplicates)?;
            if !tree.is_object() && !tree.is_null() {
                return Err(refuse(
                    self.source,
                    format!("`{name}` is not a map of keys, so nothing can be included from it"),
                ));
            }
            self.chain.push(found.identity);
            let part = self.layer(Layer { file, tree, spots })?;
            self.chain.pop();
            below = Some(match below {
                None => part,
                Some(below) => over(below, part),
            });
        }
        Ok(match below {
            None => layer,
            Some(below) => over(below, layer),
        })
    }

    /// The chain of includes with a name at its end.
    fn path(&self, last: &str) -> String {
        format!("{} -> {last}", self.chain.join(" -> "))
    }

    fn open(&self, from: usize, name: &str) -> Result<Found, String> {
        let dir = match self.source.files.get(from).map(|file| &file.origin) {
            Some(Origin::Scenario { dir, .. }) => dir.as_deref(),
            Some(Origin::People | Origin::Setting) | None => None,
        };
        let stem = name.strip_suffix(".yaml").unwrap_or(name);
        if let Some(dir) = dir {
            let path = plain(&dir.join(name));
            match read(&path) {
                Ok(text) => {
                    let dir = Some(path.parent().map(PathBuf::from).unwrap_or_default());
                    return Ok(Found { identity: path.display().to_string(), text, dir });
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(format!("cannot read {}: {error}", path.display())),
            }
        }
        if let Some(text) = builtin(stem) {
            return Ok(Found { identity: format!("<built-in {stem}>"), text: text.into(), dir: None });
        }
        let mut known: Vec<String> = dir.map(|dir| neighbours(dir, name)).unwrap_or_default();
        known.extend(PARTS.iter().map(|part| (*part).to_owned()));
        Err(format!(
            "there is no file `{name}` beside this one, and no built-in part of this name{}",
            suggest(name, known.iter().map(String::as_str))
        ))
    }
}

struct Found {
    identity: String,
    text: String,
    dir: Option<PathBuf>,
}

/// The text of a file, unless it is far too long for what people write.
pub(super) fn read(path: &Path) -> std::io::Result<String> {
    let length = std::fs::metadata(path)?.len();
    if length > SIZE {
        let what = format!("it has {length} bytes; {SIZE} are the most that a scenario may have");
        return Err(std::io::Error::other(what));
    }
    let text = std::fs::read_to_string(path)?;
    // The mark that some editors begin a file with is no part of the text.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// YAML files in the folder that a name points into, written as the name is.
fn neighbours(dir: &Path, name: &str) -> Vec<String> {
    let below = Path::new(name).parent().unwrap_or(Path::new(""));
    let Ok(entries) = std::fs::read_dir(dir.join(below)) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| below.join(entry.file_name()))
        .filter(|path| path.extension().is_some_and(|end| end == "yaml" || end == "yml"))
        .map(|path| path.display().to_string())
        .take(100)
        .collect();
    names.sort();
    names
}

/// A path without `.` and `..` where they can be taken away, so that a file has one name.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir
                if matches!(out.components().next_back(), Some(std::path::Component::Normal(_))) =>
            {
                out.pop();
            }
            std::path::Component::ParentDir
            | std::path::Component::Prefix(_)
            | std::path::Component::RootDir
            | std::path::Component::Normal(_) => out.push(part),
        }
    }
    out
}

fn over(below: Layer, above: Layer) -> Layer {
    let (tree, spots) = merge(below.tree, below.spots, above.tree, above.spots);
    Layer { file: above.file, tree, spots }
}

fn merge(below: Value, mut low: Spot, above: Value, mut high: Spot) -> (Value, Spot) {
    let (mut map, entries) = match (below, above) {
        (Value::Object(map), Value::Object(entries)) => (map, entries),
        (below @ Value::Object(_), Value::Null) => return (below, low),
        (_, above) => return (above, high),
    };
    for (key, value) in entries {
        let place = high.below.swap_remove(&key).unwrap_or_default();
        if value.is_null() && map.contains_key(&key) {
            map.shift_remove(&key);
            low.below.swap_remove(&key);
            continue;
        }
        let (value, place) = match map.get_mut(&key) {
            Some(old) => {
                let old_place = low.below.swap_remove(&key).unwrap_or_default();
                merge(std::mem::replace(old, Value::Null), old_place, value, place)
            }
            None => (value, place),
        };
        map.insert(key.clone(), value);
        low.below.insert(key, place);
    }
    let below = std::mem::take(&mut low.below);
    (Value::Object(map), Spot { shape: Shape::Map, below, ..high })
}

/// What is left of a tree when nothing stands in the file.
pub(super) fn or_empty(tree: Value) -> Value {
    if tree.is_null() { Value::Object(Map::new()) } else { tree }
}
