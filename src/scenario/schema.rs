//! The language as JSON Schema: for editors, and for errors that say what a key is for.

use super::Scenario;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The schema of whole scenarios, as the types say it.
static STRICT: LazyLock<Value> = LazyLock::new(|| {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Scenario>().to_value()
});

/// The JSON Schema of a scenario file.
///
/// A file with a name and no `include` is a whole scenario. Any other is a part of one, or
/// gets its parts from elsewhere, so nothing is required of it.
pub fn schema() -> Value {
    let mut whole = STRICT.clone();
    let mut defs = take(&mut whole, "$defs");
    let (dialect, about) = (take(&mut whole, "$schema"), whole["description"].clone());
    if let Some(map) = whole.as_object_mut() {
        map.shift_remove("title");
    }
    let mut all = Map::new();
    for (name, def) in defs.as_object_mut().map(std::mem::take).unwrap_or_default() {
        let mut part = def.clone();
        lenient(&mut part);
        // What requires nothing anyway needs no second definition.
        all.insert(format!("{name}Part"), part);
        all.insert(name, def);
    }
    let mut part = whole.clone();
    lenient(&mut part);
    all.insert("Scenario".into(), whole);
    all.insert("Part".into(), part);
    all.sort_keys();
    json!({
        "$schema": dialect,
        "title": "cacheproof scenario",
        "description": about,
        "type": "object",
        "if": {"required": ["scenario"], "not": {"required": ["include"]}},
        "then": {"$ref": "#/$defs/Scenario"},
        "else": {"$ref": "#/$defs/Part"},
        "$defs": all,
    })
}

fn take(value: &mut Value, key: &str) -> Value {
    value.as_object_mut().and_then(|map| map.shift_remove(key)).unwrap_or_default()
}

/// Takes away what is required, here and in what is referred to.
fn lenient(value: &mut Value) {
    match value {
        Value::Object(map) => {
            // A variant of an enumeration is told by its one key, which stays required.
            if map.get("required").is_some_and(Value::is_array)
                && map.get("properties").and_then(Value::as_object).is_none_or(|all| all.len() != 1)
            {
                map.shift_remove("required");
            }
            if let Some(Value::String(target)) = map.get_mut("$ref") {
                target.push_str("Part");
            }
            map.values_mut().for_each(lenient);
        }
        Value::Array(items) => items.iter_mut().for_each(lenient),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What stands behind a `$ref`.
fn resolve(schema: &'static Value) -> &'static Value {
    schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|name| STRICT.pointer(name.strip_prefix('#')?))
        .map_or(schema, resolve)
}

/// The schema, and each alternative of it.
fn alternatives(schema: &'static Value) -> Vec<&'static Value> {
    let schema = resolve(schema);
    let more = ["anyOf", "oneOf"].iter().filter_map(|key| schema.get(key)?.as_array());
    std::iter::once(schema).chain(more.flatten().flat_map(alternatives)).collect()
}

/// The schema below a key or a position.
fn below(schema: &'static Value, part: &str) -> Option<&'static Value> {
    alternatives(schema).into_iter().find_map(|schema| {
        let position = part.parse::<usize>().ok();
        let object = |key: &str| schema.get(key).filter(|found| found.is_object());
        schema
            .get("properties")
            .and_then(|all| all.get(part))
            .or_else(|| position.and_then(|at| schema.get("prefixItems")?.get(at)))
            .or_else(|| position.and_then(|_| object("items")))
            .or_else(|| object("additionalProperties"))
    })
}

fn at(path: &[String]) -> Option<&'static Value> {
    path.iter().try_fold(&*STRICT, |schema, part| below(schema, part))
}

/// What a value is for, in a sentence, as its documentation says.
pub(super) fn purpose(path: &[String]) -> Option<String> {
    let found = at(path)?;
    let text = found.get("description").or_else(|| resolve(found).get("description"))?.as_str()?;
    let sentence = text.split("\n\n").next()?.replace('\n', " ");
    let end = [". ", "; "].iter().filter_map(|end| sentence.find(end)).min().unwrap_or(sentence.len());
    Some(sentence[..end].trim_end_matches('.').to_owned())
}

/// The keys that a map at this path may have; for a choice, one for each alternative.
pub(super) fn keys(path: &[String]) -> Vec<&'static str> {
    let Some(found) = at(path) else { return Vec::new() };
    let mut names = Vec::new();
    for schema in alternatives(found) {
        let all = schema.get("properties").and_then(Value::as_object);
        names.extend(all.into_iter().flat_map(|all| all.keys().map(String::as_str)));
        names.extend(schema.get("const").and_then(Value::as_str));
        names.extend(
            schema.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str),
        );
    }
    names
}

/// The keys of what must be a map with certain keys; none where a list is as good.
pub(super) fn keys_of_map(path: &[String]) -> Vec<&'static str> {
    let all = at(path).map(alternatives).unwrap_or_default();
    let list = |schema: &&Value| schema.get("items").is_some() || schema.get("prefixItems").is_some();
    if all.iter().any(list) || !all.iter().any(|schema| schema.get("properties").is_some()) {
        return Vec::new();
    }
    keys(path)
}

/// Whether the keys of the map at this path are names that people give.
pub(super) fn names_freely(path: &[String]) -> bool {
    let free = |schema: &Value| schema.get("additionalProperties").is_some_and(Value::is_object);
    at(path).is_some_and(|found| alternatives(found).into_iter().any(free))
}

/// Where in a scenario a key of this name may stand, nearest to the top first.
pub(super) fn homes(key: &str) -> Vec<String> {
    let mut homes = Vec::new();
    let mut seen = BTreeSet::new();
    let mut level: Vec<(String, &'static Value)> = vec![(String::new(), &STRICT)];
    while !level.is_empty() {
        let mut next = Vec::new();
        for (path, schema) in level {
            for schema in alternatives(schema) {
                if !seen.insert(std::ptr::from_ref(schema)) {
                    continue;
                }
                for (name, inner) in schema.get("properties").and_then(Value::as_object).into_iter().flatten()
                {
                    let here = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    if name == key {
                        homes.push(here.clone());
                    }
                    next.push((here, inner));
                }
                let many = schema.get("additionalProperties").filter(|found| found.is_object());
                next.extend(many.map(|inner| (format!("{path}.NAME"), inner)));
                next.extend(schema.get("items").map(|inner| (format!("{path}.0"), inner)));
            }
        }
        level = next;
    }
    homes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn the_schema_knows_purposes_keys_and_homes() {
        assert_eq!(purpose(&path("roles.teacher.users")).unwrap(), "How many are at work at any moment");
        assert!(purpose(&path("roles.teacher.think.mean")).is_some());
        assert!(keys(&path("values.score")).contains(&"one_of"), "{:?}", keys(&path("values.score")));
        assert!(keys(&path("phases.0.kind")).contains(&"grade-burst"));
        assert!(keys(&path("cache.source")).contains(&"x-cache"));
        assert_eq!(homes("users")[0], "roles.NAME.users");
        assert_eq!(homes("size")[0], "target.embedded.size");
    }

    #[test]
    fn a_part_may_lack_what_a_scenario_must_have() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let wrong = |value: Value| validator.iter_errors(&value).count();
        assert_eq!(wrong(json!({"actions": {"list": {"cached": false}}})), 0, "a part");
        assert_eq!(wrong(json!({"scenario": "x", "include": ["a.yaml"], "roles": {"t": {"users": 3}}})), 0);
        assert!(wrong(json!({"scenario": "x", "actions": {"list": {"cached": false}}})) > 0, "a whole one");
        assert!(wrong(json!({"actoins": {}})) > 0, "unknown keys are nowhere allowed");
        assert!(wrong(json!({"values": {"v": {"radnom": [1, 2]}}})) > 0);
    }
}
