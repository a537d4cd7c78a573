//! The school service as somebody else's deployment: started by the test, not by a run.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Stdio};

use super::http;
use super::program::cacheproof;

/// Everybody's password. Distinct enough that finding it in a file is no accident.
pub(crate) const PASSWORD: &str = "correct-horse-battery-staple";

/// A small school on a free port, on a clock 60 times faster than the wall.
pub(crate) struct Service {
    child: Child,
    /// Closing it ends the service, however the test ended.
    _lifeline: ChildStdin,
    /// `http://127.0.0.1:port`.
    pub(crate) url: String,
}

impl Service {
    pub(crate) fn start() -> Self {
        let mut command = cacheproof([
            "serve",
            "--size",
            "small",
            "--port",
            "0",
            "--time-scale",
            "60",
            "--exit-with-parent",
        ]);
        command.env("CACHEPROOF_PASSWORD", PASSWORD).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lifeline = child.stdin.take().unwrap();
        let url = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("listening on ").map(str::to_owned))
            .expect("the service says where it listens");
        Self { child, _lifeline: lifeline, url }
    }

    /// The token that the service gives this person: the same at each login.
    pub(crate) fn token(&self, username: &str) -> String {
        let body = format!(r#"{{"username": "{username}", "password": "{PASSWORD}"}}"#);
        let answer = http::post(&format!("{}/api/login/", self.url), &body).expect("a login");
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        answer["token"].as_str().unwrap().to_owned()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
