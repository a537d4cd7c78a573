//! The published schema, and the scenarios that come with it.

use super::*;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn shipped(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap().flatten().map(|entry| entry.path());
    entries.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect()
}

/// `CACHEPROOF_BLESS=1 cargo test -p cacheproof --lib shipped` writes it anew.
#[test]
fn the_published_schema_is_that_of_the_types() {
    let path = root().join("schemas/scenario.schema.json");
    let mut generated = serde_json::to_string_pretty(&schema()).unwrap();
    generated.push('\n');
    if std::env::var_os("CACHEPROOF_BLESS").is_some_and(|bless| bless == "1") {
        std::fs::write(&path, &generated).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == generated,
        "schemas/scenario.schema.json is not what the types say; CACHEPROOF_BLESS=1 writes it anew"
    );
}

#[test]
fn every_shipped_scenario_fits_the_schema_and_names_it_in_its_first_line() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let mut seen = 0;
    for (folder, back) in [("scenarios", ".."), ("scenarios/parts", "../..")] {
        for path in shipped(folder) {
            let text = std::fs::read_to_string(&path).unwrap();
            let first = format!("# yaml-language-server: $schema={back}/schemas/scenario.schema.json\n");
            assert!(text.starts_with(&first), "{} should begin with {first}", path.display());
            let tree = tree_of_file(&path).unwrap_or_else(|error| panic!("{error}"));
            let wrong: Vec<String> = validator
                .iter_errors(&tree)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(wrong.is_empty(), "{}: {wrong:#?}", path.display());
            seen += 1;
        }
    }
    assert!(seen >= SCENARIOS.len() + PARTS.len());
}

#[test]
fn every_shipped_scenario_is_compiled_in_under_its_own_name() {
    for path in shipped("scenarios") {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let text = builtin(name).unwrap_or_else(|| panic!("{name} is not compiled in"));
        assert_eq!(text, std::fs::read_to_string(&path).unwrap());
    }
}

/// What the types refuse, an editor marks as well.
#[test]
fn the_schema_refuses_the_usual_mistakes() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (from, to) in [
        ("    users: 2", "    usrs: 2"),
        ("users: 2", "users: many"),
        ("    users: 2\n", ""),
        ("users: 2", "users: -3"),
        ("kind: warm-up", "kind: warmup"),
        ("source: auto", "source: cloudflare"),
        ("gap: 1m", "gap: 90"),
        ("random: [0, 100]", "random: [0]"),
        ("path: /items/, ", ""),
        ("slos:\n  - hit_rate > 30%", "slos: hit_rate > 30%"),
    ] {
        let tree = super::super::yaml::value(&SCENARIO.replacen(from, to, 1)).unwrap();
        assert!(!validator.is_valid(&tree), "the schema accepts `{to}`");
    }
    let tree = super::super::yaml::value(SCENARIO).unwrap();
    assert!(
        validator.is_valid(&tree),
        "{:#?}",
        validator.iter_errors(&tree).map(|e| e.to_string()).collect::<Vec<_>>()
    );
}
