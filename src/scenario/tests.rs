//! Scenarios as newcomers write them.

mod files;
mod mistakes;
mod shipped;

use super::*;

/// A small scenario that is right.
const SCENARIO: &str = r#"scenario: table
about: a small one
target:
  url: http://127.0.0.1:8080
  login: {bearer: "${API_TOKEN}"}
people:
  list:
    - {role: reader, username: ann, classes: [1, 2]}
    - {role: reader, username: ben}
values:
  score: {random: [0, 100]}
actions:
  list: {path: /items/, query: {page: 2}}
  grade:
    method: PATCH
    path: "/items/{classes}/"
    json: {score: "{score}"}
cache:
  source: auto
  ttl: 10m
roles:
  reader:
    users: 2
    session: {pages: 8, gap: 1m, returns: 0.5}
    think: {mean: 20s, shape: 0.7}
    actions: {list: 4, grade: 1}
    dashboard: {action: list, every: 15s}
phases:
  - {kind: warm-up, duration: 1s}
  - {kind: steady, duration: 6s}
slos:
  - hit_rate > 30%
confidence: 0.95
"#;

fn set(text: &str) -> Override {
    text.parse().unwrap()
}

#[test]
fn what_is_written_is_what_is_read() {
    let scenario = parse(&Source::new("table.yaml", SCENARIO), &[]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(scenario.roles["reader"].users, 2);
    assert_eq!(scenario.actions["list"].query["page"], Text("2".into()));
    assert!(matches!(scenario.values["score"], Value::Random(0, 100)));
    let again =
        parse(&Source::new("again.yaml", to_yaml(&scenario)), &[]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(to_yaml(&again), to_yaml(&scenario), "what is written back reads the same");
}

#[test]
fn anchors_and_merge_keys_save_repetition() {
    let text =
        SCENARIO.replace("think: {mean: 20s, shape: 0.7}", "think: &calm {mean: 20s, shape: 0.7}") + "\n";
    let text = text.replace(
        "phases:\n",
        "  writer:\n    users: 1\n    actions: {grade: 1}\n    think:\n      <<: *calm\n      mean: 5s\nphases:\n",
    );
    let scenario = parse(&Source::new("x.yaml", text), &[]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(scenario.roles["writer"].think.shape, 0.7);
    assert_eq!(scenario.roles["writer"].think.mean.to_string(), "5s");
}

#[test]
fn a_path_leads_to_the_value_or_to_what_should_hold_it() {
    let source = Source::new("table.yaml", SCENARIO);
    let place = |path: &[&str]| source.place(path).map(|place| (place.line, place.column));
    assert_eq!(place(&["roles", "reader", "session", "gap"]), Some((24, 30)));
    assert_eq!(place(&["phases", "1", "duration"]), Some((30, 30)));
    assert_eq!(place(&["phases", "1"]), Some((30, 5)));
    assert_eq!(place(&["roles", "reader"]), Some((22, 3)), "a map is where its key is");
    assert_eq!(
        place(&["roles", "reader", "browser"]),
        Some((22, 3)),
        "what is not there is missed in its holder"
    );
    assert_eq!(place(&["nothing"]), None);
    let error = ScenarioError::within(&source, &["slos", "0"], 11, "what").to_string();
    assert_eq!(error, "table.yaml:32:16: what\n   |\n32 |   - hit_rate > 30%\n   |                ^");
    assert_eq!(ScenarioError::of_file(&source, "what").to_string(), "table.yaml: what");
}

#[test]
fn settings_change_create_and_point_at_themselves() {
    let source = Source::new("table.yaml", SCENARIO);
    let read = |settings: &[&str]| {
        let settings: Vec<Override> = settings.iter().map(|text| set(text)).collect();
        parse(&source, &settings)
    };
    let changed = read(&[
        "roles.reader.users=20",
        "phases.0.duration=5s",
        "target.connection.timeout=3s",
        "roles.guest.users=1",
        "roles.guest.actions.list=1",
        "slos=[hit_rate > 1%]",
    ])
    .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(changed.roles["reader"].users, 20);
    assert_eq!(changed.phases[0].duration.to_string(), "5s");
    assert_eq!(changed.target.connection.timeout.to_string(), "3s");
    assert_eq!(changed.roles["guest"].actions["list"], 1.0);
    assert_eq!(changed.slos, ["hit_rate > 1%"]);
    for (setting, words) in [
        ("roles.reader.users=many", &["--set roles.reader.users=many:", "whole number"] as &[&str]),
        (
            "roles.reder.users=3",
            &["--set roles.reder.users=3:", "no `reder` in `roles`", "did you mean \"reader\"?"],
        ),
        ("rolls.reader.users=3", &["--set rolls.reader.users=3:", "did you mean \"roles\"?"]),
        ("roles.reader.user=3", &["--set roles.reader.user=3:", "unknown field `user`", "\"users\""]),
        ("phases.9.duration=1s", &["`9` is not a position in a list of 2"]),
        ("seed.x=1", &["--set seed.x=1: `seed` must be a whole number", "not a map"]),
        ("scenario.x=1", &["`scenario` is a single value"]),
        ("a..b=1", &["write the path"]),
        ("seed=[1", &["the value is not YAML"]),
        ("target.login.password=[hunter2]", &["--set target.login.password=…: `password` must be a text"]),
    ] {
        let error = read(&[setting]).expect_err(setting).to_string();
        assert!(words.iter().all(|word| error.contains(word)), "{setting} should say {words:?}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn every_built_in_scenario_and_part_can_be_read() {
    for name in SCENARIOS {
        let loaded = load(name, &[]).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(loaded.scenario.scenario, name);
    }
    for name in PARTS {
        let text = format!(
            "include: [{name}.yaml]\n{}",
            SCENARIO.replace("login: {bearer: \"${API_TOKEN}\"}", "writes: false")
        );
        let text = text.replace("people:\n  list:\n", "people:\n  from:\n  list:\n");
        let source = Source::new("x.yaml", text);
        let scenario = parse(&source, &[]).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(scenario.target.login.unwrap().staff.as_deref(), Some("admin"));
        assert!(scenario.people.from.is_none() && scenario.people.list.len() == 2, "an empty key takes away");
        assert!(scenario.include.is_empty());
    }
}
