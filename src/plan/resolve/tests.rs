//! What resolving makes of a scenario, and what it refuses.

mod mistakes;

use super::*;
use crate::plan::Place;
use crate::scenario::{Source, builtin, load, parse};
use std::time::Duration;

const SCENARIO: &str = r#"scenario: table
seed: 1
target:
  embedded: {size: small, time_scale: 60}
  login:
    request: {method: POST, path: /login/, json: {username: "{username}", password: "{password}"}}
    token: /token
people:
  from:
    request: {path: /people/, query: {role: "{role}", page: "{page}"}}
    items: /results
    each: {username: /username, classes: /classes}
  relations:
    report:
      request: {path: /reports/}
      id: /id
      with: {type: /type, student: /student_id}
    answer: {request: {path: /answers/}, id: /id}
values:
  score: {random: [0, 100]}
actions:
  list: {path: /api/reports/}
  report: {path: "/api/reports/{report}/"}
  grade:
    method: PATCH
    path: "/api/answers/{answer}/"
    json: {score: "{score}"}
    changes:
      - {for: {classes: "7"}, actions: [report], where: {report.type: [analytics]}}
cache:
  ttls: [{where: {report.type: [custom]}, ttl: 1h}]
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
    let source = Source::new("table.yaml", text);
    resolve(parse(&source, &[])?, &source, changes)
}

fn meant(changes: &Changes) -> Plan {
    read(SCENARIO, changes).unwrap_or_else(|error| panic!("{error}"))
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
    let tutor = teacher.replace("teacher", "tutor");
    let first = SCENARIO[..SCENARIO.find("phases:").unwrap()].lines().count();
    for (from, to, line) in [
        ("returns: 0.5", "returns: 1.5", 3),
        ("pages: 8,", "pages: 0,", 3),
        ("shape: 0.7", "shape: 0", 4),
        ("grade: 0.3", "grading: 0.3", 5),
        ("every: 15s", "every: 1ms", 6),
        ("users: 2", "users: 0", 2),
    ] {
        assert!(tutor.contains(from), "{from}");
        let text = SCENARIO.replace("phases:", &format!("{}phases:", tutor.replace(from, to)));
        let error = read(&text, &Changes::default()).expect_err(to).to_string();
        assert!(
            error.starts_with(&format!("table.yaml:{}:", first + line)) && error.contains("tutor"),
            "`{to}`: {error}"
        );
    }
}

#[test]
fn an_error_in_what_the_command_line_set_points_there() {
    let source = Source::new("table.yaml", SCENARIO);
    let path = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(path.path(), &source.text).unwrap();
    let settings = ["roles.teacher.session.returns=7".parse().unwrap()];
    let loaded = load(path.path().to_str().unwrap(), &settings).unwrap_or_else(|error| panic!("{error}"));
    let error =
        resolve(loaded.scenario, &loaded.source, &Changes::default()).expect_err("refused").to_string();
    assert!(error.starts_with("--set roles.teacher.session.returns=7: role \"teacher\""), "{error}");
}

#[test]
fn defaults_are_filled_in() {
    let plan = meant(&Changes::default());
    assert_eq!(plan.roles[0].people, 8, "four people for each place");
    assert_eq!(plan.actions[0].filters.len(), 1, "always at least the filter that is none");
    assert!(plan.actions[0].filters[0].is_empty());
    assert_eq!(
        plan.phases.iter().map(|phase| (phase.name.as_str(), phase.measured)).collect::<Vec<_>>(),
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
fn slices_are_fine_enough_for_the_windows_and_few_enough_for_a_day() {
    let slice = |steady: &str, slo: &str| {
        let text = SCENARIO.replace("duration: 6s", &format!("duration: {steady}"));
        let text = text.replace("hit_rate{role=\"teacher\"} > 30%", slo);
        let plan = read(&text, &Changes::default()).unwrap_or_else(|error| panic!("{error}"));
        (plan.slice().as_secs_f64(), plan.longest().div_duration_f64(plan.slice()))
    };
    assert_eq!(slice("295s", "hit_rate > 1%"), (1.0, 300.0));
    assert_eq!(slice("295s", "hit_rate > 1% over 30s").0, 1.0, "thirty in a window are enough");
    assert_eq!(slice("295s", "hit_rate > 1% over 3s").0, 0.5);
    assert_eq!(slice("1h", "'max(concurrency{of=\"people\"}) > 1'").0, 10.0);
    assert_eq!(slice("1h", "hit_rate > 1%").0, 12.25);
    let (day, slices) = slice("24h", "hit_rate > 1% over 1m");
    assert!(day > 60.0 && slices <= 1_200.0, "{day} s: {slices} slices, and the window is refused");
    let (day, slices) = slice("24h", "hit_rate > 1% over 10m");
    assert!((72.0..=100.0).contains(&day) && slices <= 1_200.0, "{day} s: {slices} slices");
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
    for name in crate::scenario::SCENARIOS {
        assert!(builtin(name).is_some());
        let loaded = load(name, &[]).unwrap_or_else(|error| panic!("{error}"));
        let plan = resolve(loaded.scenario, &loaded.source, &Changes::default())
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(plan.name, name);
        assert!(!plan.slos.is_empty());
    }
}
