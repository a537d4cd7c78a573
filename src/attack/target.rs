//! A target that answers: where it is, and the staff token that reads its counters.

use super::embedded::{Embedded, EmbeddedError};
use super::http::{Ask, Http};
use crate::plan::{Place, Plan};
use crate::scenario::Method;
use reqwest::Url;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// Longest that a request may take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

/// The system under test, reachable.
#[derive(Debug)]
pub struct Target {
    /// Base URL.
    pub base: Url,
    /// The process, where we started it.
    pub embedded: Option<Embedded>,
    /// Everybody's password.
    password: String,
    /// Path of the login.
    login: String,
    /// JSON pointer to the token.
    token: String,
    /// A client for all that people do not do themselves.
    pub(super) http: Http,
}

/// A target that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// No password is known.
    #[error("no password for {target}: set the environment variable {variable}")]
    NoPassword {
        /// The target.
        target: String,
        /// The variable.
        variable: String,
    },
    /// Nothing answers.
    #[error("{url}: the target does not answer ({fault}); is it running, and is the address right?")]
    Unreachable {
        /// What was asked.
        url: String,
        /// How it failed.
        fault: &'static str,
    },
    /// It answers, but not as expected.
    #[error("{method} {url}: {what}")]
    Unexpected {
        /// Method.
        method: &'static str,
        /// URL.
        url: String,
        /// What came instead.
        what: String,
    },
    /// The embedded service did not start.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// The HTTP client could not be built.
    #[error("the HTTP client cannot be built: {0}")]
    Client(#[from] reqwest::Error),
}

impl Target {
    /// Starts the embedded service, or takes the one at the URL, and makes sure that it
    /// answers. The service's own output goes to `log`.
    pub async fn open(plan: &Plan, log: &Path) -> Result<Self, TargetError> {
        let login = &plan.target.login;
        let (base, embedded, password) = match &plan.target.place {
            Place::Embedded { size, redis } => {
                let embedded =
                    Embedded::start(*size, plan.target.time_scale, plan.seed, redis.as_deref(), log).await?;
                (embedded.base.clone(), Some(embedded), None)
            }
            Place::Url(url) => (url.clone(), None, std::env::var(&login.password_env).ok()),
        };
        let password = match (&embedded, password) {
            (Some(embedded), _) => embedded.password.clone(),
            (None, Some(password)) => password,
            (None, None) => {
                return Err(TargetError::NoPassword {
                    target: base.to_string(),
                    variable: login.password_env.clone(),
                });
            }
        };
        let http = Http::new(&base, TIMEOUT)?;
        Ok(Self { base, embedded, password, login: login.path.clone(), token: login.token.clone(), http })
    }

    /// A path below the base.
    pub fn url(&self, path: &str) -> Url {
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url.set_query(query);
        url
    }

    /// Logs a person in: the `Authorization` header, marked sensitive so that no log
    /// shows it.
    pub async fn log_in(&self, username: &str) -> Result<HeaderValue, TargetError> {
        let url = self.url(&self.login);
        let body = json!({"username": username, "password": self.password});
        let ask = Ask {
            method: Method::Post,
            url: &url,
            token: None,
            bypass: false,
            validator: None,
            body: Some(&body),
            keep: true,
        };
        let answer = self.json(&ask).await?;
        let unexpected =
            |what: String| TargetError::Unexpected { method: "POST", url: url.to_string(), what };
        let token = answer.pointer(&self.token).and_then(Value::as_str).ok_or_else(|| {
            unexpected(format!("the answer to the login of {username} has no text at {}", self.token))
        })?;
        let mut header = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_| unexpected(format!("the token of {username} cannot stand in a header")))?;
        header.set_sensitive(true);
        Ok(header)
    }

    /// Sends a request, whatever comes of it.
    pub async fn send(&self, ask: &Ask<'_>) -> super::http::Exchange {
        self.http.send(ask).await
    }

    /// Sends a request that must succeed and answer JSON.
    pub async fn json(&self, ask: &Ask<'_>) -> Result<Value, TargetError> {
        let (method, url) = (ask.method.as_str(), ask.url.to_string());
        let answer = self
            .http
            .send(ask)
            .await
            .outcome
            .map_err(|fault| TargetError::Unreachable { url: url.clone(), fault: fault.as_str() })?;
        let body = answer.body.unwrap_or_default();
        if !(200..300).contains(&answer.status) {
            let text = String::from_utf8_lossy(&body);
            let hint = if answer.status == 401 { "; is the password right?" } else { "" };
            let what = format!(
                "expected success, got {}{hint} {}",
                answer.status,
                text.chars().take(200).collect::<String>()
            );
            return Err(TargetError::Unexpected { method, url, what: what.trim().into() });
        }
        serde_json::from_slice(&body).map_err(|error| TargetError::Unexpected {
            method,
            url,
            what: format!("the answer is not JSON: {error}"),
        })
    }
}
