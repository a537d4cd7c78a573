//! Commands that put no load on anything: `check`, `try`, `init` and `schema`.

use std::path::Path;
use std::time::Duration;

use crate::support::program::{cacheproof, run};
use crate::support::{temporary, turn};

#[test]
fn every_scenario_that_comes_with_the_program_is_valid() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut checked = 0;
    for entry in std::fs::read_dir(scenarios).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let ended = run(
                cacheproof(["check".as_ref(), path.as_os_str(), "--offline".as_ref()]),
                Duration::from_secs(10),
            );
            ended.expect(&[0]);
            assert!(ended.stdout.contains("is a valid scenario"), "{ended:?}");
            checked += 1;
        }
    }
    assert!(checked >= 2, "{checked} scenarios");
    for built_in in cacheproof::scenario::SCENARIOS {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(format!("{built_in}.yaml"));
        assert!(from.exists(), "{built_in}");
        run(cacheproof(["check", built_in, "--offline"]), Duration::from_secs(10)).expect(&[0]);
    }
    run(cacheproof(["check", "--offline"]), Duration::from_secs(10)).expect(&[0]);
}

#[test]
fn the_whole_scenario_of_the_guide_is_valid_as_it_stands() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scenario.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let blocks = guide.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let whole: Vec<&str> = blocks.filter(|block| block.starts_with("scenario:")).collect();
    assert_eq!(whole.len(), 1);
    let dir = temporary();
    let path = dir.path().join("guide.yaml");
    std::fs::write(&path, whole[0]).unwrap();
    run(cacheproof(["check".as_ref(), path.as_os_str(), "--offline".as_ref()]), Duration::from_secs(10))
        .expect(&[0]);
}

#[test]
fn check_says_what_the_command_line_makes_of_a_scenario() {
    let arguments = [
        "check",
        "smoke",
        "--offline",
        "--users",
        "50",
        "--seed",
        "99",
        "--duration",
        "3m",
        "--set",
        "slos=[hit_rate > 12%]",
    ];
    let ended = run(cacheproof(arguments), Duration::from_secs(10));
    ended.expect(&[0]);
    for words in ["99", "3 min", "hit_rate > 12%"] {
        assert!(ended.stdout.contains(words), "{words}: {}", ended.stdout);
    }
    assert!(!ended.stdout.contains("speedup"), "the SLOs were replaced");
}

#[test]
fn init_writes_scenarios_that_check_accepts_and_no_file_is_overwritten() {
    let dir = temporary();
    let description = dir.path().join("api.json");
    let api = r#"{"openapi": "3.0.0", "paths": {"/pets": {"get": {}}, "/pets/{petId}": {"get": {}}}}"#;
    std::fs::write(&description, api).unwrap();
    let blank = dir.path().join("blank.yaml");
    let pets = dir.path().join("pets.yaml");
    let init = |out: &Path, from: Option<&Path>| {
        let mut command = cacheproof(["init".as_ref(), "--out".as_ref(), out.as_os_str()]);
        command.args(from.map(|path| ["--from".as_ref(), path.as_os_str()]).into_iter().flatten());
        run(command, Duration::from_secs(10))
    };
    init(&blank, None).expect(&[0]);
    init(&pets, Some(&description)).expect(&[0]);
    for path in [&blank, &pets] {
        run(cacheproof(["check".as_ref(), path.as_os_str(), "--offline".as_ref()]), Duration::from_secs(10))
            .expect(&[0]);
    }
    assert!(std::fs::read_to_string(&pets).unwrap().contains("/pets/{petId}"));
    let again = init(&pets, None);
    again.expect(&[2]);
    assert!(again.stderr.contains("exists already"), "{}", again.stderr);
    let ended = init(&dir.path().join("x.yaml"), Some(&pets));
    ended.expect(&[2]);
    assert!(ended.stderr.contains("not an OpenAPI description"), "{}", ended.stderr);
}

#[test]
fn schema_prints_the_published_schema() {
    let ended = run(cacheproof(["schema"]), Duration::from_secs(10));
    ended.expect(&[0]);
    let printed: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(printed, crate::schemas::published("scenario.schema.json"));
}

#[test]
fn try_prints_each_request_of_a_role_with_its_answer_and_no_token() {
    let _turn = turn();
    let ended = run(cacheproof(["try", "smoke", "--role", "student"]), Duration::from_secs(60));
    ended.expect(&[0]);
    let said = ended.stdout.to_lowercase();
    assert!(said.contains("get http://127.0.0.1:") && said.contains("/api/reports/"), "{said}");
    // The second read shows what the cache makes of the first.
    assert!(said.contains("x-cache: miss") && said.contains("x-cache: hit"), "{said}");
    assert!(!said.contains("## teacher") && said.contains("## student"), "only the role that was asked for");
    assert!(!said.contains("/grade/"), "a student grades nothing");
    for (_, token) in
        ended.stdout.match_indices("Bearer ").map(|(at, word)| ended.stdout.split_at(at + word.len()))
    {
        assert!(token.starts_with("$TOKEN_STUDENT"), "{}", &token[..token.len().min(20)]);
    }
    let secret = ended.stdout.as_bytes().windows(64).any(|window| window.iter().all(u8::is_ascii_hexdigit));
    assert!(!secret, "{}", ended.stdout);
}

#[test]
fn try_names_the_roles_there_are() {
    let ended = run(cacheproof(["try", "smoke", "--role", "studend"]), Duration::from_secs(10));
    ended.expect(&[2]);
    assert!(ended.stderr.contains("did you mean \"student\"?"), "{}", ended.stderr);
}
