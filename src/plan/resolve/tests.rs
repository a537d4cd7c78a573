//! What a scenario may not say: a table of edits, and the line each error points at.

use super::*;
use crate::plan::Placeholder;
use crate::scenario::{builtin, load, parse};
use std::time::Duration;

const SCENARIO: &str = r#"scenario: table
seed: 1
target:
  embedded: {size: small, time_scale: 60}
actions:
  list: {path: /api/reports/}
  report: {path: "/api/reports/{report}/"}
  grade: {method: PATCH, path: "/api/answers/{answer}/", body: {score: "{score}"}}
roles:
  teacher:
    users: 2
    session: {pages: 8, gap: 1m, returns: 0.5}
    think: {mean: 20s, shape: 0.7}
    actions: {list: 4, report: 6, grade: 0.3}
    dashboard: {action: list, every: 15s}
phases:
  - {kind: pairs, duration: 4s, samples: 8}
  - {kind: warm-up, duration: 1s}
  - {kind: steady, duration: 6s}
slos:
  - hit_rate{role="teacher"} > 30%
confidence: 0.95
"#;

fn read(text: &str, changes: &Changes) -> Result<Plan, ScenarioError> {
    let source = Source { name: "table.yaml".into(), text: text.into() };
    resolve(parse(&source, &[])?, &source, changes)
}

fn meant(changes: &Changes) -> Plan {
    read(SCENARIO, changes).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn each_mistake_is_named_with_its_line_and_what_would_be_right() {
    // (what stands there, what is written instead, line of the error, words in it)
    let cases: &[(&str, &str, usize, &[&str])] = &[
        ("scenario: table", "scenario: a table", 1, &["letters, digits"]),
        ("scenario: table", "scenario: ''", 1, &["letters, digits"]),
        ("seed: 1", "seeds: 1", 2, &["unknown field `seeds`", "did you mean \"seed\"?"]),
        ("seed: 1", "seed: one", 2, &["invalid type", "u64"]),
        (
            "embedded: {size: small, time_scale: 60}",
            "embedded: {size: tiny}",
            4,
            &["unknown variant `tiny`", "full"],
        ),
        ("time_scale: 60}", "time_scale: 0}", 4, &["not between 0.001 and 3600"]),
        ("time_scale: 60}", "time_scale: 7200}", 4, &["not between 0.001 and 3600"]),
        ("size: small, time_scale: 60}", "size: small}\n  url: http://127.0.0.1:1", 5, &["both", "keep one"]),
        ("  embedded: {size: small, time_scale: 60}", "  writes: true", 3, &["embedded", "url"]),
        ("embedded: {size: small, time_scale: 60}", "url: ftp://host/", 4, &["http://"]),
        (
            "embedded: {size: small, time_scale: 60}",
            "url: 'somewhere'",
            4,
            &["not a URL", "http://127.0.0.1:8080"],
        ),
        ("path: /api/reports/}", "path: api/reports/}", 6, &["must begin with /"]),
        ("path: /api/reports/}", "path: /api/reports/?page=2}", 6, &["holds a query", "`query:`"]),
        ("  teacher:", "  head teacher:", 10, &["\"head teacher\"", "letters, digits"]),
        ("kind: warm-up", "kind: warm-up, name: a.b", 18, &["\"a.b\"", "letters, digits"]),
        (
            "embedded: {size: small, time_scale: 60}",
            "url: 'http://127.0.0.1:1/?a=b'",
            4,
            &["base URL", "leave out"],
        ),
        ("{report}/\"", "{child}/\"", 7, &["{child}", "{report}, {answer}, {score}, {mark}"]),
        ("method: PATCH", "method: FETCH", 8, &["unknown variant `FETCH`", "GET"]),
        ("\"{score}\"", "\"{scores}\"", 8, &["unknown placeholder {scores}"]),
        ("users: 2", "users: 0", 11, &["role \"teacher\"", "at least 1"]),
        ("users: 2", "users: 20000", 11, &["10000"]),
        ("users: 2", "users: 4294967295", 11, &["10000"]),
        ("users: 2", "users: -3", 11, &["invalid type: integer `-3`", "u32"]),
        ("returns: 0.5", "returns: 1.5", 12, &["probability"]),
        ("pages: 8,", "pages: 0.5,", 12, &["at least 1"]),
        ("gap: 1m", "gap: soon", 12, &["not a length of time", "1h 30m"]),
        ("gap: 1m", "gap: 90", 12, &["a length of time like"]),
        ("gap: 1m", "gap: 25h", 12, &["session.gap 25h", "at most 24h"]),
        ("shape: 0.7", "shape: 0", 10, &["think.shape", "above 0"]),
        ("grade: 0.3}", "grading: 0.3}", 14, &["unknown action \"grading\"", "did you mean \"grade\"?"]),
        ("report: 6", "report: -6", 14, &["must not be negative"]),
        ("{list: 4, report: 6, grade: 0.3}", "{list: 0}", 10, &["nothing to do"]),
        (
            "action: list, every: 15s",
            "action: lists, every: 15s",
            15,
            &["unknown action \"lists\"", "did you mean \"list\"?"],
        ),
        ("action: list, every: 15s", "action: grade, every: 15s", 15, &["which is a write"]),
        ("every: 15s", "every: 100ms", 15, &["at least 1s"]),
        ("kind: warm-up", "kind: warmup", 18, &["unknown variant `warmup`", "did you mean \"warm-up\"?"]),
        ("duration: 6s", "duration: 0s", 19, &["phase \"steady\"", "at least 1s"]),
        ("duration: 6s", "duration: 169h", 19, &["phase \"steady\"", "at most 168h"]),
        ("duration: 6s}", "duration: 6s, samples: 3}", 17, &["only a pairs phase"]),
        ("{kind: warm-up, duration: 1s}", "{kind: steady, duration: 1s}", 18, &["two phases", "name:"]),
        (
            "{kind: pairs, duration: 4s, samples: 8}",
            "{kind: warm-up, name: w, duration: 4s}\n  - {kind: pairs, duration: 4s}",
            18,
            &["quiet target", "last"],
        ),
        (
            "role=\"teacher\"",
            "role=\"techer\"",
            21,
            &["unknown role \"techer\"", "did you mean \"teacher\"?"],
        ),
        ("hit_rate{role=\"teacher\"} > 30%", "hitrate > 30%", 21, &["21:5", "unknown metric"]),
        ("hit_rate{role=\"teacher\"} > 30%", "hit_rate > 30ms", 21, &["21:18", "percentage"]),
        (
            "hit_rate{role=\"teacher\"} > 30%",
            "speedup{action=\"lst\"} >= 2x",
            21,
            &["unknown action \"lst\"", "\"list\""],
        ),
        (
            "hit_rate{role=\"teacher\"} > 30%",
            "hit_rate{phase=\"stedy\"} > 1%",
            21,
            &["unknown phase \"stedy\"", "\"steady\""],
        ),
        ("confidence: 0.95", "confidence: 95", 22, &["between 0.5 and 1"]),
    ];
    let mut wrong = Vec::new();
    for (from, to, line, words) in cases {
        assert!(SCENARIO.contains(from), "{from} does not stand there");
        let text = SCENARIO.replacen(from, to, 1);
        let error = match read(&text, &Changes::default()) {
            Ok(_) => "no error at all".into(),
            Err(error) => error.to_string(),
        };
        if !error.starts_with(&format!("table.yaml:{line}:"))
            || !words.iter().all(|word| error.contains(word))
        {
            wrong.push(format!("`{to}` should point at line {line} and say {words:?}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_password_in_the_targets_url_is_refused_without_being_told() {
    let text =
        SCENARIO.replace("embedded: {size: small, time_scale: 60}", "url: http://me:secret@127.0.0.1:1");
    let error = read(&text, &Changes::default()).unwrap_err().to_string();
    assert!(error.contains("password") && !error.contains("secret"), "{error}");
}

#[test]
fn an_error_points_at_the_role_that_is_wrong_and_not_at_the_first_one() {
    let teacher = &SCENARIO[SCENARIO.find("  teacher:").unwrap()..SCENARIO.find("phases:").unwrap()];
    let tutor = teacher
        .replace("teacher", "tutor")
        .replace("actions: {list: 4,", "actions: {list: 4, report: 1,")
        .replace(", report: 6", "");
    for (from, to, line) in [
        ("returns: 0.5", "returns: 1.5", 18),
        ("pages: 8,", "pages: 0,", 18),
        ("shape: 0.7", "shape: 0", 16),
        ("grade: 0.3", "grading: 0.3", 20),
        ("every: 15s", "every: 1ms", 21),
        ("users: 2", "users: 0", 17),
    ] {
        assert!(tutor.contains(from), "{from}");
        let text = SCENARIO.replace("phases:", &format!("{}phases:", tutor.replace(from, to)));
        let error = read(&text, &Changes::default()).expect_err(to).to_string();
        assert!(
            error.starts_with(&format!("table.yaml:{line}:")) && error.contains("tutor"),
            "`{to}`: {error}"
        );
    }
}

#[test]
fn what_is_missing_is_named() {
    for (needle, words) in [
        ("roles:", "missing field `roles`"),
        ("phases:", "missing field `phases`"),
        ("actions:", "missing field `actions`"),
        ("target:", "missing field `target`"),
    ] {
        let from = SCENARIO.find(needle).unwrap();
        let to = SCENARIO[from..].find("\n").map(|line| from + line + 1).unwrap();
        let rest: String = SCENARIO[to..]
            .lines()
            .skip_while(|line| line.starts_with(' '))
            .map(|line| format!("{line}\n"))
            .collect();
        let error =
            read(&format!("{}{rest}", &SCENARIO[..from]), &Changes::default()).expect_err(needle).to_string();
        assert!(error.starts_with("table.yaml") && error.contains(words), "{error}");
    }
}

#[test]
fn defaults_are_filled_in() {
    let plan = meant(&Changes::default());
    assert_eq!(plan.roles[0].people, 8, "four people for each place");
    assert_eq!(plan.actions[0].filters, [Vec::new()], "always at least the filter that is none");
    assert_eq!(plan.actions[2].uses, [Placeholder::Answer, Placeholder::Score]);
    assert_eq!(
        plan.phases.iter().map(|phase| (phase.name.as_str(), phase.measured())).collect::<Vec<_>>(),
        [("pairs", false), ("warm-up", false), ("steady", true)]
    );
    assert_eq!(plan.wall(Duration::from_secs(60)), Duration::from_secs(1));
    assert_eq!(plan.longest(), Duration::from_secs(11));
    assert!(plan.left_out.is_empty());
}

#[test]
fn the_command_line_changes_what_the_scenario_says() {
    let plan = meant(&Changes {
        seed: Some(99),
        duration: Some(Duration::from_secs(3)),
        users: Some(10),
        redis: Some("redis://127.0.0.1/".into()),
        ..Changes::default()
    });
    assert_eq!((plan.seed, plan.users(), plan.roles[0].people), (99, 10, 40));
    assert_eq!(plan.phases[2].duration, Duration::from_secs(3));
    assert_eq!(plan.phases[1].duration, Duration::from_secs(1), "only the steady phase is meant");
    assert!(
        matches!(&plan.target.place, Place::Embedded { redis: Some(url), .. } if url == "redis://127.0.0.1/")
    );
    for users in [0, 10_001] {
        let error =
            read(SCENARIO, &Changes { users: Some(users), ..Changes::default() }).expect_err("refused");
        let error = error.to_string();
        assert!(
            error.contains("users") && error.contains(&users.to_string()) && error.contains("10000"),
            "{error}"
        );
    }
}

#[test]
fn a_target_that_we_did_not_start_is_only_read_unless_the_scenario_says_otherwise() {
    let changes = Changes { target: Some("http://127.0.0.1:1/school".into()), ..Changes::default() };
    let plan = meant(&changes);
    assert_eq!(plan.left_out.len(), 1);
    assert!(plan.left_out[0].contains("`grade`"));
    assert_eq!(plan.roles[0].actions.iter().map(|(action, _)| *action).collect::<Vec<_>>(), [0, 1]);
    assert!((plan.target.time_scale - 1.0).abs() < f64::EPSILON, "its clock is not ours to speed up");
    let allowed = SCENARIO.replace("target:", "target:\n  writes: true");
    let plan = read(&allowed, &changes).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((plan.left_out.len(), plan.roles[0].actions.len()), (0, 3));
    let both = Changes { redis: Some("redis://127.0.0.1/".into()), ..changes };
    assert!(read(SCENARIO, &both).expect_err("refused").to_string().contains("a deployed one has its own"));
}

#[test]
fn every_built_in_scenario_can_be_planned() {
    for name in ["school-day", "smoke"] {
        assert!(builtin(name).is_some());
        let (scenario, source) = load(name, &[]).unwrap_or_else(|error| panic!("{error}"));
        let plan = resolve(scenario, &source, &Changes::default()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(plan.name, name);
        assert!(!plan.slos.is_empty());
    }
}
