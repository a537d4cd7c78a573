//! A school on Django REST Framework (`tests/services/django`): somebody else's service
//! with somebody else's cache. Where Django is missing the test fails: it does not skip.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use super::service::PASSWORD;
use super::{http, temporary};

/// The school on a free port, with a database of its own.
pub(crate) struct Django {
    child: Child,
    /// Closing it ends the server, however the test ended.
    _lifeline: ChildStdin,
    dir: tempfile::TempDir,
    /// `http://127.0.0.1:port`.
    pub(crate) url: String,
}

impl Django {
    /// With its own cache.
    pub(crate) fn start() -> Self {
        Self::launch("on")
    }

    /// Without it: the origin of a cache that stands in front.
    pub(crate) fn uncached() -> Self {
        Self::launch("off")
    }

    fn launch(cache: &str) -> Self {
        let dir = temporary();
        // Debian's Python has Debian's Django; the first in the PATH may be another.
        let mut command = Command::new(python());
        command
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/services/django/serve.py"))
            .args(["--port", "0", "--exit-with-parent"])
            .envs([("SCHOOL_PASSWORD", PASSWORD), ("SCHOOL_CACHE", cache), ("PYTHONDONTWRITEBYTECODE", "1")])
            .env("SCHOOL_DB", dir.path().join("school.sqlite3"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("these tests need Python with Django REST Framework");
        let lifeline = child.stdin.take().unwrap();
        let url = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("listening on ").map(str::to_owned))
            .expect(
                "the school says where it listens: are python3-django and python3-djangorestframework there?",
            );
        Self { child, _lifeline: lifeline, dir, url }
    }

    /// Every token and session that it has given out: none may be in a run folder.
    pub(crate) fn secrets(&self) -> Vec<String> {
        const ASK: &str = "import sqlite3, sys\n\
            query = 'SELECT key FROM authtoken_token UNION SELECT session_key FROM django_session'\n\
            for row in sqlite3.connect(sys.argv[1]).execute(query): print(*row)";
        let database = self.dir.path().join("school.sqlite3");
        let out = Command::new(python()).args(["-c", ASK]).arg(database).output().unwrap();
        assert!(out.status.success(), "{out:?}");
        String::from_utf8(out.stdout).unwrap().lines().map(str::to_owned).collect()
    }
}

fn python() -> &'static str {
    let of_the_system = "/usr/bin/python3";
    if Path::new(of_the_system).exists() { of_the_system } else { "python3" }
}

/// The header that a person's token is sent in, asked at this server or through a cache.
#[track_caller]
pub(crate) fn authorization(url: &str, username: &str) -> String {
    let body = format!(r#"{{"username": "{username}", "password": "{PASSWORD}"}}"#);
    let answer = http::post(&format!("{url}/api/token/"), &body).expect("a token");
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    format!("Token {}", answer["token"].as_str().unwrap())
}

impl Drop for Django {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
