//! The published schemas are those of the types, and the types' values fit them.

use cacheproof::compare::{Comparison, Trend};
use cacheproof::evidence::Evidence;
use cacheproof::verdict::Verdict;
use schemars::generate::SchemaSettings;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(name)
}

/// The schema as it is checked in.
pub(crate) fn published(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path(name)).unwrap()).unwrap()
}

/// What is wrong with a value, by the published schema.
pub(crate) fn errors(name: &str, value: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(&published(name)).unwrap();
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The schema of what is written: every field that always is, is required.
fn of<T: schemars::JsonSchema>() -> schemars::Schema {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>()
}

/// `CACHEPROOF_BLESS=1 cargo test -p cacheproof --test integration schemas` writes them anew.
fn is_fresh(name: &str, schema: &schemars::Schema) {
    let mut generated = serde_json::to_string_pretty(schema).unwrap();
    generated.push('\n');
    if std::env::var_os("CACHEPROOF_BLESS").is_some_and(|bless| bless == "1") {
        std::fs::write(path(name), &generated).unwrap();
    }
    let kept = std::fs::read_to_string(path(name)).unwrap_or_default();
    assert!(kept == generated, "schemas/{name} is not what the types say; CACHEPROOF_BLESS=1 writes it anew");
}

#[test]
fn the_verdict_schema_is_that_of_the_type() {
    is_fresh("verdict.schema.json", &of::<Verdict>());
}

#[test]
fn the_evidence_schema_is_that_of_the_type() {
    is_fresh("evidence.schema.json", &of::<Evidence>());
}

#[test]
fn the_comparison_schema_is_that_of_the_type() {
    is_fresh("comparison.schema.json", &of::<Comparison>());
}

#[test]
fn the_trend_schema_is_that_of_the_type() {
    is_fresh("trend.schema.json", &of::<Trend>());
}

#[test]
fn a_schema_refuses_what_no_run_writes() {
    for name in ["verdict.schema.json", "evidence.schema.json", "comparison.schema.json", "trend.schema.json"]
    {
        assert!(!errors(name, &serde_json::json!({})).is_empty(), "{name} accepts an empty object");
        assert!(!errors(name, &serde_json::json!([])).is_empty(), "{name} accepts a list");
    }
    let word = serde_json::json!({"verdict": "perhaps"});
    assert!(errors("verdict.schema.json", &word).iter().any(|error| error.contains("perhaps")));
}
