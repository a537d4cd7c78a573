//! Commands that put no load on anything: `check`, `try`, `init` and `schema`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Stdio;
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

#[test]
fn a_pipe_that_is_closed_early_is_a_normal_end() {
    for arguments in [&["check", "smoke", "--offline"] as &[&str], &["schema"]] {
        let mut command = cacheproof(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Closed before anything can be written: as `head` that has seen enough.
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

/// Answers every request with the request itself, and with a cookie; to `/login/` 403.
fn echo() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                loop {
                    let (mut head, mut length) = (String::new(), 0);
                    while reader.read_line(&mut head).unwrap_or(0) > 0 && !head.ends_with("\r\n\r\n") {
                        let last = head.lines().last().unwrap_or_default().to_lowercase();
                        if let Some(value) = last.strip_prefix("content-length:") {
                            length = value.trim().parse().unwrap();
                        }
                    }
                    if head.is_empty() {
                        return;
                    }
                    let mut body = vec![0; length];
                    reader.read_exact(&mut body).unwrap();
                    let status = if head.contains(" /login/") { "403 Forbidden" } else { "200 OK" };
                    let said = format!("{head}{} set-now-77", String::from_utf8_lossy(&body));
                    let answer = format!(
                        "HTTP/1.1 {status}\r\nset-cookie: sid=set-now-77\r\nx-echo: {}\r\ncontent-length: {}\r\n\r\n{said}",
                        head.lines().next().unwrap_or_default(),
                        said.len()
                    );
                    if stream.write_all(answer.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

/// `login`: how people log in.
fn echoed(login: &str) -> crate::support::program::Ended {
    let dir = temporary();
    let path = dir.path().join("echo.yaml");
    let scenario = format!(
        r#"scenario: echo
target:
  url: http://127.0.0.1:{}
  writes: true
  login: {login}
people: {{list: [{{role: reader, username: ann}}]}}
actions:
  use: {{path: "/use/{{tk}}/"}}
  list: {{path: /items/, query: {{api_key: "${{TRY_KEY}}"}}, headers: {{X-Key: "${{TRY_KEY}}"}}}}
  send: {{method: POST, path: /send/, json: {{key: "${{TRY_KEY}}"}}}}
  get: {{path: /get/, capture: {{tk: {{json: /nothing}}}}}}
  later: {{path: "/later/{{seen}}/"}}
  early: {{path: /early/, capture: {{seen: {{header: x-echo}}}}}}
cache: {{source: auto, ttl: 10m}}
roles:
  reader: {{users: 1, think: {{mean: 20s}}, actions: {{use: 1, list: 1, send: 1, get: 1, later: 1, early: 1}}}}
phases:
  - {{kind: steady, duration: 6s}}
slos:
  - hit_rate > 30%
"#,
        echo()
    );
    std::fs::write(&path, scenario).unwrap();
    let mut command = cacheproof(["try".as_ref(), path.as_os_str()]);
    command
        .env("TRY_KEY", "k3y/of some+one")
        .env("TRY_TOKEN", "t0ken-of-all")
        .env("TRY_PASSWORD", "pass-w0rd");
    run(command, Duration::from_secs(30))
}

#[test]
fn try_shows_no_secret_even_of_a_target_that_repeats_it_and_names_what_nothing_captured() {
    let ended = echoed("{bearer: \"${TRY_TOKEN}\"}");
    ended.expect(&[10]);
    let said = &ended.stdout;
    for secret in ["k3y", "some+one", "t0ken-of-all", "set-now-77"] {
        assert!(!said.contains(secret), "{secret}: {said}");
    }
    assert!(said.contains("api_key=…") && said.contains("x-key: …"), "{said}");
    assert!(
        said.contains("\nuse: needs {tk}, which nothing captured\n") && !said.contains("/use/"),
        "{said}"
    );
    let (early, later) = (said.find("/early/").unwrap(), said.find("/later/GET%20").unwrap());
    assert!(early < later, "what needs an answer is asked after what gives it: {said}");
}

#[test]
fn a_refused_login_does_not_show_what_was_answered() {
    let login = "{request: {method: POST, path: /login/, query: {as: \"{password}\"}, json: {p: \"{password}\"}}, \
                 token: /token, password: \"${TRY_PASSWORD}\"}";
    let ended = echoed(login);
    assert!(ended.stderr.contains("403") && ended.stderr.contains("/login/"), "{ended:?}");
    assert!(!format!("{ended:?}").contains("pass-w0rd") && !ended.stderr.contains("HTTP/1.1"), "{ended:?}");
}
