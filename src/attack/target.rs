//! The system under test, reachable: started for the run, or there already.

use super::embedded::{Embedded, EmbeddedError};
use super::login::Identity;
use super::redact::Redactor;
use crate::plan::{Place, Plan};
use crate::units::micros;
use crate::wire::{Ask, Connection, Control, Exchange, Wire, WireError};
use crate::workload::Request;
use http::HeaderMap;
use http::header::{HeaderValue, RETRY_AFTER};
use reqwest::Url;
use serde_json::Value;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// Nobody waits longer than this because a target asks to.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// So many characters of what came instead are told.
const SHOWN: usize = 260;

/// The system under test, reachable.
#[derive(Debug)]
pub struct Target {
    /// Base URL.
    pub base: Url,
    /// The process, where we started it.
    pub embedded: Option<Embedded>,
    /// How people connect.
    pub(super) wire: Wire,
    /// A client for all that people do not do themselves.
    pub(super) control: Control,
    /// The same without redirects: at a login the first answer counts.
    pub(super) entrance: Control,
    /// Everybody's password, where a person has none of their own.
    pub(super) password: Option<String>,
    marks: Marks,
}

/// Texts that no request had before: not in this run, and not in one before, whose answers
/// may still be in the cache.
#[derive(Debug)]
struct Marks {
    run: u128,
    given: AtomicU64,
}

/// A target that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The scenario names variables that are not set.
    #[error("{target}: set the environment variable {} first, the scenario takes it from there", variables.join(" and "))]
    Unset {
        /// The target.
        target: String,
        /// The variables.
        variables: Vec<String>,
    },
    /// No password is known.
    #[error(
        "no password for {username}: give `login` a `password: ${{CACHEPROOF_PASSWORD}}`, or the person one of their own"
    )]
    NoPassword {
        /// Whose.
        username: String,
    },
    /// Nothing answers.
    #[error("{url}: the target does not answer ({fault}); is it running, and is the address right?")]
    Unreachable {
        /// What was asked.
        url: String,
        /// How it failed.
        fault: String,
    },
    /// It answers, but not as expected.
    #[error("{method} {url}: {what}")]
    Unexpected {
        /// Method.
        method: String,
        /// URL.
        url: String,
        /// What came instead.
        what: String,
    },
    /// The embedded service did not start.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// The connection cannot be set up as the scenario wants it.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A trace cannot be read or written.
    #[error("{path}: {what}")]
    Trace {
        /// The file.
        path: String,
        /// What is wrong.
        what: String,
    },
}

impl TargetError {
    /// The same, to be shown: without secrets in addresses and in what was answered.
    #[must_use]
    pub(super) fn without(self, redactor: &Redactor) -> Self {
        match self {
            Self::Unreachable { url, fault } => Self::Unreachable { url: redactor.text(&url), fault },
            Self::Unexpected { method, url, what } => Self::Unexpected {
                method,
                url: redactor.text(&url),
                what: redactor.text(&what).chars().take(SHOWN).collect(),
            },
            Self::Unset { .. }
            | Self::NoPassword { .. }
            | Self::Embedded(_)
            | Self::Wire(_)
            | Self::Trace { .. } => self,
        }
    }
}

impl Target {
    /// Starts the embedded service, or takes the one at the URL. The service's own output
    /// goes to `log`.
    ///
    /// # Errors
    /// A variable that is not set, a service that does not start, files that cannot be read.
    pub async fn open(plan: &Plan, log: &Path) -> Result<Self, TargetError> {
        if !plan.missing.is_empty() {
            return Err(TargetError::Unset { target: plan.name.clone(), variables: plan.missing.clone() });
        }
        let (base, embedded, password) = match &plan.target.place {
            Place::Embedded { size, redis } => {
                let embedded =
                    Embedded::start(*size, plan.target.time_scale, plan.seed, redis.as_deref(), log).await?;
                let password = embedded.password.clone();
                (embedded.base.clone(), Some(embedded), Some(password))
            }
            Place::Url(url) => {
                let password = plan.target.login.as_ref().and_then(|login| login.password.clone());
                (url.clone(), None, password)
            }
        };
        let connection = connection(plan);
        let wire = Wire::new(&base, &connection)?;
        let straight = Wire::new(&base, &Connection { redirects: 0, ..connection })?;
        let began = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let marks = Marks { run: began.as_micros(), given: AtomicU64::new(0) };
        Ok(Self {
            control: wire.control()?,
            entrance: straight.control()?,
            base,
            embedded,
            wire,
            password,
            marks,
        })
    }

    /// A text that no request had before, for `{mark}` on the way around a cache.
    pub(super) fn mark(&self) -> String {
        format!("{:x}-{}", self.marks.run, self.marks.given.fetch_add(1, Ordering::Relaxed))
    }

    /// An address that the target told in its answer to a request, as in RFC 3986, section 5.
    /// Always at the host of the base: behind a proxy a service may not know its own name,
    /// and nobody else may be shown who asks.
    pub(super) fn told(&self, asked: &Url, address: &str) -> Option<Url> {
        let told = asked.join(address).ok()?;
        let mut url = self.base.clone();
        url.set_path(told.path());
        url.set_query(told.query());
        Some(url)
    }

    /// A path below the base.
    pub fn url(&self, path: &str) -> Url {
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url.set_query(query);
        url
    }

    /// Sends a request of the harness itself, waiting where the target asks to.
    pub async fn send(&self, plan: &Plan, request: &Request, identity: &Identity) -> Exchange {
        let mut headers = request.headers.clone();
        identity.dress(plan, request, &mut headers);
        let ask = Ask {
            method: &request.method,
            url: &request.url,
            headers: &headers,
            body: identity.body(plan, request),
            keep: true,
        };
        Self::patiently(plan, &self.control, &ask).await
    }

    /// Sends a request, and again after each wait that the target asks for.
    pub(super) async fn patiently(plan: &Plan, control: &Control, ask: &Ask<'_>) -> Exchange {
        let mut exchange = control.send(ask).await;
        for _ in 0..plan.target.connection.waits {
            let Some(wait) = exchange
                .outcome
                .as_ref()
                .ok()
                .and_then(|answer| asked_to_wait(answer.status, &answer.headers))
            else {
                break;
            };
            tokio::time::sleep(wait).await;
            exchange = control.send(ask).await;
        }
        exchange
    }

    /// Sends a request that must succeed and answer JSON.
    ///
    /// # Errors
    /// No answer, another status, a body that is not JSON.
    pub async fn json(
        &self,
        plan: &Plan,
        request: &Request,
        identity: &Identity,
    ) -> Result<Value, TargetError> {
        let answer = self.json_of(plan, request, identity).await;
        answer.map_err(|error| error.without(&Redactor::new(plan, self, [identity])))
    }

    async fn json_of(
        &self,
        plan: &Plan,
        request: &Request,
        identity: &Identity,
    ) -> Result<Value, TargetError> {
        let exchange = self.send(plan, request, identity).await;
        let (method, url) = (request.method.to_string(), request.url.to_string());
        let answer = reached(exchange, &url)?;
        let body = answer.body.unwrap_or_default();
        if !(200..300).contains(&answer.status) {
            return Err(refused(method, url, answer.status, &body));
        }
        serde_json::from_slice(&body).map_err(|error| TargetError::Unexpected {
            method,
            url,
            what: format!("the answer is not JSON: {error}"),
        })
    }
}

/// An answer, or that there was none.
pub(super) fn reached(exchange: Exchange, url: &str) -> Result<crate::wire::Answer, TargetError> {
    let why = exchange.why;
    let took = micros(crate::units::to_micros(exchange.finished - exchange.started) as f64);
    exchange.outcome.map_err(|fault| {
        let fault = match why {
            Some(why) => format!("{}: {why}", fault.as_str()),
            None => format!("{} after {took}", fault.as_str()),
        };
        TargetError::Unreachable { url: url.to_owned(), fault }
    })
}

/// An answer that is not what was expected; of one to a login no body is given, which may
/// repeat the password.
pub(super) fn refused(method: String, url: String, status: u16, body: &[u8]) -> TargetError {
    let text = String::from_utf8_lossy(body);
    let hint = if status == 401 { "; is the password right?" } else { "" };
    let what = format!("expected success, got {status}{hint} {}", text.trim());
    TargetError::Unexpected { method, url, what: what.trim().into() }
}

/// How long a target asks to wait, by `Retry-After` in seconds (RFC 9110, section 10.2.3,
/// with 429 of RFC 6585 or 503).
pub(super) fn asked_to_wait(status: u16, headers: &HeaderMap) -> Option<Duration> {
    if !matches!(status, 429 | 503) {
        return None;
    }
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

/// How the plan wants to connect. What cannot stand in a header was refused before.
fn connection(plan: &Plan) -> Connection {
    let written = &plan.target.connection;
    let mut headers = HeaderMap::new();
    for (name, value) in &written.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<http::HeaderName>(), HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
    let plain = Connection::default();
    Connection {
        ca: written.ca.as_ref().map(Into::into),
        certificate: written.certificate.as_ref().map(Into::into),
        key: written.key.as_ref().map(Into::into),
        insecure: written.insecure,
        proxy: written.proxy.as_ref().and_then(|proxy| proxy.parse().ok()),
        timeout: written.timeout.0,
        connect_timeout: written.connect_timeout.0,
        redirects: written.redirects,
        user_agent: written.user_agent.clone().unwrap_or(plain.user_agent),
        headers,
    }
}
