//! What cannot be run is refused before any load: with the right code, with words that
//! help, and leaving nothing behind.

use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::program::{Ended, cacheproof, run};
use crate::support::temporary;

const AT_ONCE: Duration = Duration::from_secs(20);

const SCENARIO: &str = r#"scenario: refused
target:
  embedded: {size: small}
actions:
  list: {path: /api/reports/}
  report: {path: "/api/reports/{report}/"}
roles:
  teacher:
    users: 2
    think: {mean: 20s}
    actions: {list: 1, report: 1}
phases:
  - {kind: steady, duration: 6s}
slos:
  - hit_rate{role="teacher"} > 30%
include: [parts/school]
"#;

/// Runs it with an output folder, which must not be there afterwards.
#[track_caller]
fn refused(mut command: Command, out: &Path, code: i32, words: &[&str]) -> Ended {
    command.arg("--out").arg(out);
    let ended = run(command, AT_ONCE);
    ended.expect(&[code]);
    for word in words {
        assert!(ended.stderr.contains(word), "expected `{word}`: {}", ended.stderr);
    }
    assert!(!out.exists(), "{} was left behind", out.display());
    ended
}

#[test]
fn a_scenario_with_a_mistake_is_refused_with_its_line_and_what_would_be_right() {
    let dir = temporary();
    let (path, out) = (dir.path().join("s.yaml"), dir.path().join("run"));
    let cases: &[(&str, &str, &[&str])] = &[
        ("users: 2", "user: 2", &["s.yaml:9:5:", "unknown field `user`", "did you mean \"users\"?"]),
        ("users: 2", "users: two", &["s.yaml:9:12:", "`users` must be a whole number", "\"two\""]),
        ("duration: 6s", "duration: 6 parsecs", &["s.yaml:13:", "not a length of time", "500ms, 20s"]),
        (
            "report: 1}",
            "reports: 1}",
            &["s.yaml:11:", "unknown action \"reports\"", "did you mean \"report\"?"],
        ),
        (
            "role=\"teacher\"",
            "role=\"teachers\"",
            &["s.yaml:15:", "unknown role \"teachers\"", "did you mean \"teacher\"?"],
        ),
        ("hit_rate{role=\"teacher\"} >", "hit_rate{role=\"teacher\"} at", &["s.yaml:15:30:", "a comparison"]),
        (
            "{report}",
            "{reprot}",
            &["s.yaml:6:33:", "unknown placeholder {reprot}", "did you mean \"report\"?"],
        ),
        (
            "size: small}",
            "size: small}\n  url: http://127.0.0.1:1",
            &["s.yaml:4:", "both `embedded` and `url`"],
        ),
        ("scenario: refused", "scenario: [", &["s.yaml:1:11:", "`[` is not closed"]),
        ("[parts/school]", "[parts/schol]", &["s.yaml:16:11:", "did you mean \"parts/school\"?"]),
    ];
    for (from, to, words) in cases {
        assert!(SCENARIO.contains(from), "{from}");
        std::fs::write(&path, SCENARIO.replacen(from, to, 1)).unwrap();
        refused(cacheproof(["run".as_ref(), path.as_os_str()]), &out, 2, words);
        // The same mistake is found without a run.
        run(cacheproof(["check".as_ref(), path.as_os_str()]), AT_ONCE).expect(&[2]);
    }
}

#[test]
fn a_command_line_with_a_mistake_is_refused() {
    let dir = temporary();
    let out = dir.path().join("run");
    let cases: &[(&[&str], &[&str])] = &[
        (&["run", "no-such.yaml"], &["no-such.yaml", "cannot read"]),
        (
            &["run", "smoke", "--set", "roles.teecher.users=3"],
            &["roles.teecher.users=3", "did you mean \"teacher\"?"],
        ),
        (
            &["run", "smoke", "--set", "roles.teacher.user=3"],
            &["roles.teacher.user=3", "unknown field `user`"],
        ),
        (&["run", "smoke", "--set", "phases.9.duration=3s"], &["phases.9.duration=3s", "list of 3"]),
        (&["run", "smoke", "--set", "nothing"], &["KEY=VALUE"]),
        (&["run", "smoke", "--duration", "soon"], &["not a length of time"]),
        (&["run", "smoke", "--users", "1"], &["users", "4 roles"]),
        (&["run", "smoke", "--target", "school"], &["not a URL"]),
        (&["run", "smoke", "--metrics", "nine"], &["127.0.0.1:9464"]),
    ];
    for (arguments, words) in cases {
        refused(cacheproof(*arguments), &out, 2, words);
    }
}

#[test]
fn a_target_that_does_not_answer_is_not_a_verdict() {
    let dir = temporary();
    let out = dir.path().join("run");
    let mut command = cacheproof(["run", "smoke", "--target", "http://127.0.0.1:1"]);
    command.env("CACHEPROOF_PASSWORD", "unused");
    refused(command, &out, 3, &["http://127.0.0.1:1", "does not answer"]);
}

#[test]
fn a_target_that_is_no_such_service_is_not_a_verdict_either() {
    let dir = temporary();
    let out = dir.path().join("run");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        use std::io::Write as _;
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 2_048];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
        }
    });
    let mut command = cacheproof(["run", "smoke", "--target", &format!("http://{address}")]);
    command.env("CACHEPROOF_PASSWORD", "a-secret-of-mine");
    let ended = refused(command, &out, 3, &["/api/login/", "/token"]);
    assert!(!ended.stderr.contains("a-secret-of-mine"));
}

#[test]
fn a_target_without_a_password_is_wrong_usage() {
    let dir = temporary();
    let out = dir.path().join("run");
    refused(
        cacheproof(["run", "smoke", "--target", "http://127.0.0.1:1"]),
        &out,
        2,
        &["CACHEPROOF_PASSWORD"],
    );
}

#[test]
fn ports_that_are_taken_are_named() {
    let dir = temporary();
    let out = dir.path().join("run");
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    refused(cacheproof(["run", "smoke", "--metrics", &port]), &out, 2, &["--metrics", &port]);
    let ended = run(cacheproof(["serve", "--size", "small", "--port", &port]), AT_ONCE);
    ended.expect(&[2]);
    assert!(ended.stderr.contains(&port) && ended.stderr.contains("--port"), "{}", ended.stderr);
}

#[test]
fn a_folder_that_cannot_be_written_to_is_found_before_any_load() {
    let dir = temporary();
    let file = dir.path().join("file");
    std::fs::write(&file, "mine").unwrap();
    // Below a regular file nobody can make a folder, not even root.
    refused(cacheproof(["run", "smoke"]), &file.join("run"), 2, &["cannot write", "--out"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn a_folder_that_holds_something_is_left_as_it_is() {
    let dir = temporary();
    let mine = dir.path().join("mine.txt");
    std::fs::write(&mine, "mine").unwrap();
    let ended = run(
        cacheproof(["run".as_ref(), "smoke".as_ref(), "--out".as_ref(), dir.path().as_os_str()]),
        AT_ONCE,
    );
    ended.expect(&[2]);
    assert!(ended.stderr.contains("not empty"), "{}", ended.stderr);
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, std::slice::from_ref(&mine));
    assert_eq!(std::fs::read_to_string(&mine).unwrap(), "mine");
}

#[test]
fn a_redis_that_does_not_answer_ends_the_run_and_its_password_is_not_told() {
    let dir = temporary();
    let out = dir.path().join("run");
    // One that takes connections and says nothing, and a port where nobody listens.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    for port in [silent.local_addr().unwrap().port(), closed] {
        let url = format!("redis://:hunter2@127.0.0.1:{port}/");
        let ended = refused(cacheproof(["run", "smoke", "--redis", &url]), &out, 3, &[]);
        assert!(ended.took < Duration::from_secs(20), "{:?}", ended.took);
        assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
        assert!(ended.stderr.contains(&format!("127.0.0.1:{port}")), "{}", ended.stderr);
    }
}
